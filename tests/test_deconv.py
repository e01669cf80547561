"""gan_lessons.deconv against torch's own convolutions and against counting by hand."""

import itertools
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from gan_lessons import deconv

Way = Callable[..., Tensor]
WAYS: list[Way] = [
    deconv.by_scatter,
    deconv.by_zero_insertion,
    deconv.by_matrix,
    deconv.by_gradient,
]
TORCH: dict[int, Way] = {1: F.conv_transpose1d, 2: F.conv_transpose2d}
CONV: dict[int, Way] = {1: F.conv1d, 2: F.conv2d}
EXACT = {torch.float64: 1e-12, torch.float32: 2e-5}

each_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    """For tiny tensors, threads only wait for each other: for minutes on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def examples(count: int) -> settings:
    """The same examples in every run and on every machine."""
    return settings(max_examples=count, derandomize=True, deadline=None)


def torch_refuses(*numbers: int) -> bool:
    """Whether torch raises for one axis: (n, kernel, stride, padding, output_padding, dilation)."""
    n, kernel, stride, padding, output_padding, dilation = numbers
    x, weight = torch.ones(1, 1, n).double(), torch.ones(1, 1, kernel).double()
    try:
        F.conv_transpose1d(x, weight, None, stride, padding, output_padding, 1, dilation)
    except RuntimeError:
        return True
    return False


@dataclass
class Case:
    """A legal deconvolution: its shapes, its settings and a seed for its tensors."""

    x_shape: tuple[int, ...]
    weight_shape: tuple[int, ...]
    with_bias: bool
    seed: int
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def axes(self) -> int:
        return len(self.weight_shape) - 2

    def tensors(self, dtype: torch.dtype = torch.float64) -> list[Tensor]:
        generator = torch.Generator().manual_seed(self.seed)
        filters = self.weight_shape[1] * self.settings["groups"]
        shapes = [self.x_shape, self.weight_shape, *([(filters,)] if self.with_bias else [])]
        return [
            torch.randn(shape, generator=generator, dtype=dtype).requires_grad_()
            for shape in shapes
        ]


@st.composite
def legal_axis(draw: st.DrawFn) -> tuple[int, ...]:
    """n, kernel, stride, padding, output padding, dilation: up to the largest legal padding."""
    n, kernel, stride, dilation = (draw(st.integers(1, most)) for most in (5, 4, 4, 3))
    output_padding = draw(st.integers(0, max(stride, dilation) - 1))
    canvas = (n - 1) * stride + dilation * (kernel - 1) + 1 + output_padding
    padding = draw(st.integers(0, (canvas - 1) // 2))
    return n, kernel, stride, padding, output_padding, dilation


@st.composite
def cases(draw: st.DrawFn) -> Case:
    axes = draw(st.sampled_from([1, 2]))
    n, kernel, stride, padding, output_padding, dilation = zip(
        *(draw(legal_axis()) for _ in range(axes)), strict=True
    )
    groups = draw(st.integers(1, 3))
    per_group_in, per_group_out = draw(st.integers(1, 2)), draw(st.integers(1, 2))
    channels = groups * per_group_in
    batch = draw(st.sampled_from([(), (1,), (2,)]))
    return Case(
        x_shape=(*batch, channels, *n),
        weight_shape=(channels, per_group_out, *kernel),
        with_bias=draw(st.booleans()),
        seed=draw(st.integers(0, 2**20)),
        settings={
            "stride": stride,
            "padding": padding,
            "output_padding": output_padding,
            "groups": groups,
            "dilation": dilation,
        },
    )


def assert_close(ours: Tensor, torchs: Tensor) -> None:
    tolerance = EXACT[torchs.dtype]
    torch.testing.assert_close(ours, torchs, rtol=tolerance, atol=tolerance)


@each_way
@given(cases())
@examples(300)
def test_output_and_gradients_equal_torchs(way: Way, case: Case) -> None:
    tensors = case.tensors()
    expected = TORCH[case.axes](*tensors, **case.settings)
    actual = way(*tensors, **case.settings)
    assert_close(actual, expected)

    above = torch.randn(
        expected.shape, generator=torch.Generator().manual_seed(1), dtype=expected.dtype
    )
    theirs = torch.autograd.grad(expected, tensors, above)
    ours = torch.autograd.grad(actual, tensors, above)
    for our, their in zip(ours, theirs, strict=True):
        assert_close(our, their)


@each_way
@given(cases())
@examples(100)
def test_float32_equals_torchs(way: Way, case: Case) -> None:
    tensors = case.tensors(torch.float32)
    assert_close(way(*tensors, **case.settings), TORCH[case.axes](*tensors, **case.settings))


CORNERS: dict[str, tuple[tuple[int, int], dict[str, int]]] = {
    # name: ((input size, kernel), settings)
    "padding equal to the reach": ((4, 3), {"padding": 2}),
    "padding above the reach": ((5, 3), {"stride": 2, "padding": 4}),
    "padding and a kernel of 1": ((7, 1), {"padding": 3}),
    "one input, all but its output padding cut": (
        (1, 1),
        {"stride": 20, "padding": 9, "output_padding": 19},
    ),
    "output padding": ((4, 3), {"stride": 2, "padding": 1, "output_padding": 1}),
    "output padding at the stride, allowed by the dilation": (
        (3, 2),
        {"dilation": 3, "output_padding": 2},
    ),
    "gaps between stamps": ((3, 2), {"stride": 4}),
    "dilation": ((4, 3), {"dilation": 2, "padding": 3}),
}


@each_way
@pytest.mark.parametrize("axes", [1, 2])
@pytest.mark.parametrize("corner", CORNERS)
def test_corners(way: Way, axes: int, corner: str) -> None:
    (n, kernel), setting = CORNERS[corner]
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2, 3, *[n] * axes, generator=generator, dtype=torch.float64)
    weight = torch.randn(3, 2, *[kernel] * axes, generator=generator, dtype=torch.float64)
    assert_close(way(x, weight, **setting), TORCH[axes](x, weight, **setting))


@each_way
def test_numbers_lists_and_pairs_are_all_settings(way: Way) -> None:
    x, weight = torch.ones(1, 1, 3, 3).double(), torch.ones(1, 1, 2, 2).double()
    expected = F.conv_transpose2d(x, weight, stride=2, padding=1)
    for stride, padding in [(2, 1), ((2, 2), [1, 1]), ([2], (1,))]:
        assert_close(way(x, weight, stride=stride, padding=padding), expected)


@each_way
def test_no_gradient_is_tracked_unless_needed(way: Way) -> None:
    x, weight = torch.ones(1, 1, 3), torch.ones(1, 1, 2)
    assert not way(x, weight).requires_grad
    with torch.no_grad():
        assert not way(x, weight.clone().requires_grad_()).requires_grad
    with torch.inference_mode():
        assert way(x, weight).tolist() == [[[1, 2, 2, 1]]]


@each_way
def test_twice_differentiable(way: Way) -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(1, 2, 3, generator=generator, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(2, 1, 3, generator=generator, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(lambda *it: way(*it, stride=2, padding=1), (x, weight))


def test_stamps_by_hand() -> None:
    x, weight = torch.tensor([[[1.0, 2.0]]]), torch.tensor([[[3.0, 4.0, 5.0]]])
    for way in WAYS:
        # 3 4 5 . . plus 2 × (3 4 5), two positions later: . . 6 8 10
        assert way(x, weight, stride=2).tolist() == [[[3, 4, 11, 8, 10]]]


@given(cases())
@examples(200)
def test_conv_matrix_is_the_convolution_and_its_transpose_the_adjoint(case: Case) -> None:
    y, weight, *_ = case.tensors()
    shared = {key: it for key, it in case.settings.items() if key != "output_padding"}
    image = TORCH[case.axes](y, weight, **case.settings)
    sample_shape = image.shape[-case.axes - 1 :]
    generator = torch.Generator().manual_seed(case.seed + 1)
    x = torch.randn(sample_shape, generator=generator, dtype=torch.float64)

    convolved = CONV[case.axes](x, weight, **shared)
    matrix = deconv.conv_matrix(weight, sample_shape, **shared)
    assert matrix.shape == (convolved.numel(), x.numel())
    assert_close(matrix @ x.flatten(), convolved.flatten())

    # <C x, y> = <x, C^T y>. If output_padding is at least the stride, y is longer by whole steps.
    back = dict(case.settings)
    back["output_padding"] = tuple(
        extra % stride for extra, stride in zip(back["output_padding"], back["stride"], strict=True)
    )
    y = torch.randn(convolved.shape, generator=generator, dtype=torch.float64)
    for way in WAYS:
        deconvolved = way(y, weight, **back)
        assert deconvolved.shape == x.shape
        assert_close((x * deconvolved).sum(), (convolved * y).sum())
    assert_close(matrix.T @ y.flatten(), deconvolved.flatten())


GRID = list(
    itertools.product([0, 1, 3], [0, 1, 3], [-1, 0, 1, 2], [-1, 0, 1, 3], [-1, 0, 1, 2], [0, 1, 3])
)


def test_illegal_agrees_with_torch_on_a_grid() -> None:
    verdicts = {numbers: torch_refuses(*numbers) for numbers in GRID}
    assert len(set(verdicts.values())) == 2
    disagreements = [it for it in GRID if bool(deconv.illegal(*it)) != verdicts[it]]
    assert disagreements == []


@given(st.tuples(*[st.integers(0, 9)] * 2, *[st.integers(-1, 9)] * 4))
@examples(400)
def test_illegal_agrees_with_torch(numbers: tuple[int, ...]) -> None:
    assert bool(deconv.illegal(*numbers)) == torch_refuses(*numbers)


@given(legal_axis())
@examples(100)
def test_output_size_is_torchs(numbers: tuple[int, ...]) -> None:
    n, kernel, *rest = numbers
    x, weight = torch.ones(1, 1, n).double(), torch.ones(1, 1, kernel).double()
    stride, padding, output_padding, dilation = rest
    y = F.conv_transpose1d(x, weight, None, stride, padding, output_padding, 1, dilation)
    assert deconv.illegal(*numbers) == []
    assert deconv.output_size(*numbers) == y.shape[2]


@given(legal_axis())
@examples(100)
def test_output_size_of_an_illegal_setting_raises_the_reasons(numbers: tuple[int, ...]) -> None:
    n, kernel, stride, padding, _, dilation = numbers
    too_much = max(stride, dilation)
    reasons = deconv.illegal(n, kernel, stride, padding, too_much, dilation)
    assert len(reasons) == 1
    with pytest.raises(ValueError, match=re.escape(reasons[0])):
        deconv.output_size(n, kernel, stride, padding, too_much, dilation)


@given(st.tuples(*[st.integers(1, 9)] * 3, st.integers(0, 5), st.integers(1, 3)))
@examples(200)
def test_conv_output_size_is_torchs(numbers: tuple[int, ...]) -> None:
    n, kernel, stride, padding, dilation = numbers
    x, weight = torch.ones(1, 1, n).double(), torch.ones(1, 1, kernel).double()
    try:
        expected = F.conv1d(x, weight, None, stride, padding, dilation).shape[2]
    except RuntimeError:
        with pytest.raises(ValueError, match=r"the kernel spans \d+ positions"):
            deconv.conv_output_size(*numbers)
    else:
        assert deconv.conv_output_size(*numbers) == expected


@given(st.tuples(*[st.integers(1, 5)] * 3, st.integers(0, 5), st.integers(1, 3)))
@examples(200)
def test_input_sizes_are_all_that_a_convolution_maps_there(numbers: tuple[int, ...]) -> None:
    m, *rest = numbers

    def maps_to_m(n: int) -> bool:
        try:
            return deconv.conv_output_size(n, *rest) == m
        except ValueError:
            return False

    by_trying = [n for n in range(1, 60) if maps_to_m(n)]
    sizes = deconv.input_sizes(m, *rest)
    assert list(sizes) == by_trying
    kernel, stride, padding, dilation = rest
    for extra, size in enumerate(sizes, start=stride - len(sizes)):
        # output_padding chooses among them
        assert deconv.output_size(m, kernel, stride, padding, extra, dilation) == size


@given(legal_axis())
@examples(200)
def test_overlap_and_contributions_by_counting(numbers: tuple[int, ...]) -> None:
    n, kernel, stride, padding, output_padding, dilation = numbers
    size = deconv.output_size(*numbers)
    pairs: list[list[tuple[int, int]]] = [[] for _ in range(size)]
    for i, j in itertools.product(range(n), range(kernel)):
        index = i * stride + j * dilation - padding
        if 0 <= index < size:
            pairs[index].append((i, j))
    assert [deconv.contributions(at, *numbers) for at in range(size)] == pairs

    counts = deconv.overlap(*numbers)
    assert counts.dtype == torch.int64
    assert counts.tolist() == [len(reaching) for reaching in pairs]
    x, weight = torch.ones(1, 1, n).double(), torch.ones(1, 1, kernel).double()
    ones = F.conv_transpose1d(x, weight, None, stride, padding, output_padding, 1, dilation)
    assert counts.tolist() == ones[0, 0].tolist()


def test_known_sizes_and_counts() -> None:
    assert deconv.output_size(7, 4, stride=2, padding=1) == 14
    assert deconv.output_size(1, 7) == 7
    assert deconv.conv_output_size(28, 4, stride=2, padding=1) == 14
    assert list(deconv.input_sizes(4, 3, stride=2, padding=1)) == [7, 8]
    assert deconv.overlap(3, 3, stride=2).tolist() == [1, 1, 2, 1, 2, 1, 1]
    assert deconv.contributions(2, 3, 3, stride=2) == [(0, 2), (1, 0)]


@pytest.mark.parametrize(
    ("numbers", "reasons"),
    [
        ((4, 3, 0), ["stride must be a whole number of at least 1, got 0"]),
        (
            (0, 3, 1, -1),
            [
                "input size n must be a whole number of at least 1, got 0",
                "padding must be a whole number of at least 0, got -1",
            ],
        ),
        (
            (4, 1.5, True),
            [
                "kernel must be a whole number of at least 1, got 1.5",
                "stride must be a whole number of at least 1, got True",
            ],
        ),
        (
            (4, 3, 2, 0, 2),
            [
                "output_padding must be smaller than the stride (2) or the dilation (1), got 2: "
                "use at most 1, or a larger stride"
            ],
        ),
        (
            (2, 3, 1, 2),
            [
                "the output would have 0 positions: padding 2 cuts 4 of 4; "
                "use a padding of at most 1"
            ],
        ),
    ],
)
def test_reasons(numbers: tuple[int, ...], reasons: list[str]) -> None:
    assert deconv.illegal(*numbers) == reasons


@given(legal_axis(), st.integers(1, 5))
@examples(100)
def test_the_padding_that_a_reason_names_is_the_largest_legal_one(
    numbers: tuple[int, ...], more: int
) -> None:
    n, kernel, stride, _, output_padding, dilation = numbers
    canvas = deconv.output_size(n, kernel, stride, 0, output_padding, dilation)
    (reason,) = deconv.illegal(n, kernel, stride, canvas + more, output_padding, dilation)
    named = int(reason.rsplit(" ", 1)[1])
    assert not deconv.illegal(n, kernel, stride, named, output_padding, dilation)
    assert deconv.illegal(n, kernel, stride, named + 1, output_padding, dilation)


X, WEIGHT = torch.ones(1, 4, 5), torch.ones(4, 2, 3)


@each_way
@pytest.mark.parametrize(
    ("arguments", "setting", "message"),
    [
        ((X, WEIGHT), {"stride": 0}, "stride must be a whole number of at least 1, got 0"),
        ((X, WEIGHT), {"stride": (1, 2)}, r"stride must be a whole number, .* got \(1, 2\)"),
        ((X, WEIGHT), {"padding": 1.5}, "padding must be a whole number, .* got 1.5"),
        (
            (X, WEIGHT),
            {"output_padding": 1},
            r"output_padding must be smaller than the stride \(1\)",
        ),
        ((X, WEIGHT), {"padding": 9}, "the output would have -11 positions"),
        ((X, WEIGHT), {"groups": 3}, r"groups must divide .* \(4\), got 3"),
        ((X, WEIGHT), {"groups": 0}, "groups must be a whole number of at least 1, got 0"),
        ((X, WEIGHT), {"groups": 1.0}, "groups must be a whole number of at least 1, got 1.0"),
        ((X, WEIGHT), {"groups": True}, "groups must be a whole number of at least 1, got True"),
        ((X, WEIGHT), {"stride": True}, "stride must be a whole number, .* got True"),
        ((X, WEIGHT), {"padding": np.False_}, "padding must be a whole number, .* got np.False_"),
        (
            (X, WEIGHT),
            {"stride": np.array([2])},
            r"stride must be .* got ndarray of shape \(1,\), int64",
        ),
        ((X, WEIGHT), {"dilation": 2**31}, "dilation must be a whole number of at most 2147483647"),
        ((X.numpy(), WEIGHT), {}, r"x must be a Tensor, got ndarray of shape \(1, 4, 5\), float32"),
        ((X, WEIGHT.numpy()), {}, "weight must be a Tensor, got ndarray"),
        ((X, WEIGHT, np.ones(2)), {}, "bias must be a Tensor, got ndarray"),
        ((X, WEIGHT, torch.ones(2).double()), {}, "bias must have .* x's dtype torch.float32"),
        ((X[:, :0], WEIGHT[:0]), {}, r"at least one channel, got \(0, 2, 3\)"),
        ((X, WEIGHT[:, :0]), {}, r"at least one channel, got \(4, 0, 3\)"),
        ((X, WEIGHT), {"stride": 2**30}, r"the output would hold .* numbers, at most 2147483648"),
        ((X[:, :3], WEIGHT), {}, "weight's first dimension must be x's 3 channels, got 4"),
        (
            (X, WEIGHT, torch.ones(3)),
            {},
            r"bias must have shape \(2,\) and x.s dtype torch.float32, got \(3,\)",
        ),
        ((X, WEIGHT.double()), {}, "one floating-point dtype, got torch.float32 and torch.float64"),
        ((X.long(), WEIGHT.long()), {}, "one floating-point dtype, got torch.int64"),
        ((X[0, 0], WEIGHT), {}, "weight needs 3 dimensions with x"),
        ((X, WEIGHT[0]), {}, "weight needs 3 dimensions with x"),
        ((X[..., None], WEIGHT[..., None]), {"stride": (2, 0)}, "width: stride must be a whole"),
    ],
)
def test_bad_arguments_are_named(
    way: Way, arguments: tuple[Tensor, ...], setting: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        way(*arguments, **setting)


def test_bad_arguments_of_the_other_functions_are_named() -> None:
    with pytest.raises(
        ValueError, match="output size m must be a whole number of at least 1, got 0"
    ):
        deconv.input_sizes(0, 3)
    with pytest.raises(ValueError, match="the kernel spans 5 positions, the padded input has 4"):
        deconv.conv_output_size(2, 3, padding=1, dilation=2)
    with pytest.raises(IndexError, match="index must be from 0 to 5, got 6"):
        deconv.contributions(6, 4, 3)
    with pytest.raises(IndexError, match="index must be from 0 to 5, got -1"):
        deconv.contributions(-1, 4, 3)
    with pytest.raises(ValueError, match="needs 2 input channels, got 3"):
        deconv.conv_matrix(WEIGHT, (3, 5))
    with pytest.raises(ValueError, match=r"or 4 with \(C, H, W\), got 3 with \(2, 5, 5\)"):
        deconv.conv_matrix(WEIGHT, (2, 5, 5))
    with pytest.raises(ValueError, match=r"the matrix would hold .* numbers, at most 268435456"):
        deconv.conv_matrix(WEIGHT, (2, 10_000))
    with pytest.raises(ValueError, match=r"x must be \(N, C, H, W\), got \(5,\)"):
        deconv.insert_zeros(X[0, 0], 3)
    with pytest.raises(ValueError, match="height: the output would have -1 positions"):
        deconv.insert_zeros(X[..., None], 1, padding=(3, 0))
    with pytest.raises(ValueError, match=r"overlap would hold .* numbers, at most 67108864"):
        deconv.overlap(2**31, 3)


def test_numbers_of_numpy_are_numbers() -> None:
    """As in torch. Their own arithmetic would overflow."""
    big = np.int32(2**30)
    assert deconv.output_size(big, np.int64(4), np.uint8(4)) == 4 * 2**30
    assert type(deconv.output_size(big, np.int64(4))) is int
    assert deconv.contributions(np.int64(2), 3, 3, np.int16(2)) == [(0, 2), (1, 0)]
    expected = F.conv_transpose1d(X, WEIGHT, stride=2, padding=1, groups=2)
    for way in WAYS:
        found = way(X, WEIGHT, stride=np.int64(2), padding=[np.int8(1)], groups=np.int64(2))
        assert_close(found, expected)


def test_long_kernels_and_strides_take_no_time() -> None:
    start = time.process_time()
    assert deconv.contributions(5, 4, 2**62, stride=2) == [(0, 5), (1, 3), (2, 1)]
    assert deconv.contributions(2**62, 2, 3, stride=2**62) == [(1, 0)]
    assert deconv.contributions(2**63, 3, 3, dilation=2**62) == [(0, 2)]
    assert time.process_time() - start < 0.1


@pytest.mark.parametrize("way", [deconv.by_scatter, deconv.by_matrix, deconv.by_gradient])
@pytest.mark.parametrize("axes", [1, 2])
@pytest.mark.parametrize("where", ["x", "weight"])
@pytest.mark.parametrize("value", [torch.inf, -torch.inf, torch.nan])
def test_infinity_stays_where_it_belongs(way: Way, axes: int, where: str, value: float) -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(2, 4, *[6] * axes, generator=generator, dtype=torch.float64)
    weight = torch.rand(4, 1, *[3] * axes, generator=generator, dtype=torch.float64)
    (x if where == "x" else weight)[1, 0, -1] = value
    setting = {"stride": 3, "padding": 1, "output_padding": 1, "groups": 2}
    expected = TORCH[axes](x, weight, **setting)
    share = expected.isfinite().double().mean()
    assert 0.5 < share < 1
    torch.testing.assert_close(way(x, weight, **setting), expected, equal_nan=True)


def test_the_arithmetic_keeps_up_with_a_slider() -> None:
    """One update of the explorer at its largest, within the 20 ms that 50 per second allow."""

    def picture() -> float:
        start = time.perf_counter()
        setting = (12, 7, 3, 2, 1, 2)
        assert not deconv.illegal(*setting)
        for index, count in enumerate(deconv.overlap(*setting).tolist()):
            assert len(deconv.contributions(index, *setting)) == count
        return time.perf_counter() - start

    assert min(picture() for _ in range(10)) < 0.02
