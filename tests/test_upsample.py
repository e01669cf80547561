"""gan_lessons.upsample: exact figures, artefacts at initialisation, and costs counted by torch."""

import copy
import math
import time
from collections.abc import Iterator

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from gan_lessons import upsample
from gan_lessons.upsample import (
    STRATEGIES,
    bilinear_kernel,
    checkerboard_energy,
    polyphase_sums,
    radial_spectrum,
    unevenness,
)

CLEAN = ["deconv4-bilinear", "deconv4-equal", "deconv4-blur"]
CLEAN += ["subpixel-icnr", "resize-nearest", "resize-bilinear"]
DIRTY = ["deconv3", "deconv4", "deconv5", "subpixel"]
SEEDS = range(20)

each_strategy = pytest.mark.parametrize("name", STRATEGIES)


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    """For small tensors, threads only wait for each other on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def double(name: str, ins: int = 3, outs: int = 2, *, bias: bool = True) -> nn.Module:
    return upsample.make(name, ins, outs, bias=bias).double()


def smooth(n: int, channels: int, size: int = 16) -> Tensor:
    """Periodic maps whose period divides their side, so that power elsewhere is exactly 0."""
    phase = 2 * math.pi * torch.rand(n, channels, 4, 1, 1, dtype=torch.float64)
    at = 2 * math.pi * torch.arange(size, dtype=torch.float64) / size
    waves = torch.tensor([[0, 1], [1, 0], [1, 1], [2, 1]]).double()[..., None, None]
    angle = waves[:, 0] * at[:, None] + waves[:, 1] * at + phase
    return angle.cos().sum(2) + torch.randn(n, channels, 1, 1, dtype=torch.float64)


def inside(layer: nn.Module, x: Tensor) -> Tensor:
    """The layer's output for x without the border, which zero padding changes."""
    padded = F.pad(x, (4, 4, 4, 4), mode="circular")
    return layer(padded)[..., 8:-8, 8:-8].detach()


def checkerboard(size: int = 16, period: int = 2) -> Tensor:
    at = torch.arange(size) % period < period / 2
    return torch.where(at[:, None] ^ at, 1.0, -1.0).double()[None, None]


# The layers


def test_clean_and_dirty_are_all():
    assert sorted(CLEAN + DIRTY) == sorted(STRATEGIES)


@each_strategy
@pytest.mark.parametrize("bias", [True, False])
def test_each_doubles_height_and_width(name, bias):
    x = torch.randn(2, 3, 5, 7, dtype=torch.float64, requires_grad=True)
    layer = double(name, 3, 4, bias=bias)
    y = layer(x)
    assert y.shape == (2, 4, 10, 14)
    assert y.dtype == torch.float64
    y.square().sum().backward()
    for learned in (x, *layer.parameters()):
        assert learned.grad is not None
        assert learned.grad.abs().sum() > 0
    assert any("bias" in key for key, _ in layer.named_parameters()) is bias


@each_strategy
def test_each_works_on_one_pixel_and_on_another_device(name):
    assert upsample.make(name, 3, 2)(torch.randn(1, 3, 1, 1)).shape == (1, 2, 2, 2)
    assert upsample.make(name, 3, 2).to("meta")(torch.empty(1, 3, 4, 4, device="meta")).is_meta


@each_strategy
def test_each_can_be_copied_and_stored(name):
    layer, other = double(name), double(name)
    x = torch.randn(1, 3, 4, 4, dtype=torch.float64)
    assert not torch.equal(other(x), layer(x))
    assert torch.equal(copy.deepcopy(layer)(x), layer(x))
    other.load_state_dict(layer.state_dict())
    assert torch.equal(other(x), layer(x))


@each_strategy
def test_each_starts_with_the_mean_square_that_it_gets(name):
    """Over 10,000 output channels, each with its own random weights."""
    x = torch.randn(1, 8, 1, 1).expand(-1, -1, 12, 12)
    y = upsample.make(name, 8, 10_000)(x)[..., 8:-8, 8:-8].detach()
    assert y.square().mean() == pytest.approx(x.square().mean().item(), rel=0.05)
    assert y.mean().abs() < 0.05


def test_unknown_names_list_the_known_ones():
    for call in (
        lambda: upsample.make("deconv7", 3, 2),
        lambda: upsample.cost("deconv7", 3, 2, 7),
        lambda: upsample.channels_for("deconv7", 10**6, lambda c: [(c, c, 7)]),
    ):
        with pytest.raises(ValueError, match=r"strategy 'deconv7': choose from deconv3, deconv4"):
            call()


def test_bilinear_start_interpolates():
    """From one channel to one: a multiple of torch's interpolation, away from the border."""
    layer = double("deconv4-bilinear", 1, 1)
    x = torch.randn(1, 1, 6, 6, dtype=torch.float64)
    scale = layer.weight.sum() / 4  # four phases
    expected = scale * F.interpolate(x, scale_factor=2, mode="bilinear")
    difference = (layer(x) - expected)[..., 1:-1, 1:-1]
    assert difference.abs().max() < 1e-6 * expected.abs().max()


def test_icnr_starts_as_convolution_then_doubled_pixels():
    layer = double("subpixel-icnr")
    x = torch.randn(1, 3, 5, 5, dtype=torch.float64)
    small = F.conv2d(x, layer[0].weight[::4], padding=1)
    torch.testing.assert_close(layer(x), F.interpolate(small, scale_factor=2))


def test_blur_removes_checkerboards_to_the_edge_and_keeps_constants():
    blur = upsample.Blur().double()
    assert blur(checkerboard()).abs().max() < 1e-12
    assert blur(checkerboard()[..., :1, :].expand(-1, -1, 16, -1)).abs().max() < 1e-12
    constant = torch.full((1, 2, 6, 4), 3.0, dtype=torch.float64)
    torch.testing.assert_close(blur(constant), constant)


def test_resizing_is_a_deconvolution_in_disguise():
    """Doubled pixels and a 3×3 convolution equal a deconvolution with kernel 4, weights tied."""
    layer = double("resize-nearest")
    small = layer[1].weight.transpose(0, 1)  # (C, O, 3, 3)
    tied = F.conv_transpose2d(
        small.flip(2, 3).flatten(0, 1)[:, None], torch.ones(1, 1, 2, 2).double()
    )
    weight = tied.unflatten(0, small.shape[:2]).squeeze(2)  # (C, O, 4, 4)
    x = torch.randn(1, 3, 6, 6, dtype=torch.float64)
    torch.testing.assert_close(F.conv_transpose2d(x, weight, stride=2, padding=1), layer(x))


def test_subpixel_is_a_deconvolution_in_disguise():
    """A 3×3 convolution, four channels interleaved, equals a deconvolution with kernel 6."""
    layer = double("subpixel")
    kernels = (
        layer[0].weight.unflatten(0, (2, 2, 2)).permute(3, 0, 4, 1, 5, 2)
    )  # (C, O, a, y, b, x)
    weight = kernels.flip(2, 4).flatten(4, 5).flatten(2, 3)  # (C, O, 6, 6)
    x = torch.randn(1, 3, 6, 6, dtype=torch.float64)
    torch.testing.assert_close(F.conv_transpose2d(x, weight, stride=2, padding=2), layer(x))


# Artefacts at initialisation


@pytest.mark.parametrize("name", CLEAN)
def test_clean_at_initialisation(name):
    constant = torch.randn(4, 3, 1, 1, dtype=torch.float64).expand(-1, -1, 8, 8)
    for seed in SEEDS:
        torch.manual_seed(seed)
        layer = double(name)
        flat = inside(layer, constant)
        torch.testing.assert_close(flat, flat[..., :1, :1].expand_as(flat))
        assert checkerboard_energy(inside(layer, smooth(4, 3))) < 1e-20
        plain = upsample.make(name, 64, 8)  # in float32 too, up to rounding
        assert (
            checkerboard_energy(inside(plain, torch.randn(2, 64, 1, 1).expand(-1, -1, 8, 8))) == 0
        )


@pytest.mark.parametrize("name", DIRTY)
def test_dirty_at_initialisation(name):
    for seed in SEEDS:
        torch.manual_seed(seed)
        x = smooth(16, 8)
        assert checkerboard_energy(x) < 1e-20
        assert checkerboard_energy(inside(double(name, 8, 8), x)) > 0.1


@pytest.mark.parametrize("wrong", [lambda w: w * 0 + 1, torch.rand_like])
def test_a_divisible_kernel_is_necessary_but_not_enough(wrong):
    even = [double("deconv4", 1, 1), double("deconv3", 1, 1)]
    for layer in even:
        layer.weight.data = wrong(layer.weight.data)
    constant = torch.ones(1, 1, 8, 8, dtype=torch.float64)
    spreads = [inside(layer, constant).std() for layer in even]
    assert spreads[1] > 0.1
    assert (spreads[0] < 1e-12) == (wrong is not torch.rand_like)


def test_equal_gain_outlasts_training_and_bilinear_does_not():
    x, wanted = torch.randn(8, 3, 6, 6).double(), torch.randn(8, 2, 12, 12).double()
    after = {}
    for name in ("deconv4-equal", "deconv4-bilinear"):
        layer = double(name)
        start = layer.weight.detach().clone()
        optimiser = torch.optim.Adam(layer.parameters(), lr=0.05)
        losses = []
        for _ in range(50):
            loss = F.mse_loss(layer(x), wanted)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
        assert losses[-1] < losses[0]
        assert (layer.weight - start).abs().max() > 0.05
        after[name] = unevenness(layer.weight, 2).item()
    assert after["deconv4-equal"] < 1e-9
    assert after["deconv4-bilinear"] > 0.1


def test_equal_gain_is_the_nearest_weight_and_keeps_those_that_have_it():
    keep = upsample.EqualGain()
    w = torch.randn(3, 2, 4, 4, dtype=torch.float64)
    projected = keep(w)
    torch.testing.assert_close(keep(projected), projected)
    for _ in range(5):  # orthogonal to every direction with equal sums
        along = keep(torch.randn_like(w))
        assert ((w - projected) * along).sum().abs() < 1e-10
    torch.testing.assert_close(projected.sum((2, 3)), w.sum((2, 3)))


# Kernels


def test_bilinear_kernels():
    exact = {1: [1], 2: [0.5, 0.5], 3: [0.5, 1, 0.5], 4: [0.25, 0.75, 0.75, 0.25]}
    exact[5] = [1 / 3, 2 / 3, 1, 2 / 3, 1 / 3]
    for kernel, values in exact.items():
        torch.testing.assert_close(bilinear_kernel(kernel), torch.tensor(values, dtype=torch.float))
    for stride in range(1, 5):
        kernel = 2 * stride - stride % 2
        assert polyphase_sums(bilinear_kernel(kernel), stride).tolist() == pytest.approx(
            [1] * stride
        )
    with pytest.raises(ValueError, match="kernel must be a whole number from 1 to 65536, got 0"):
        bilinear_kernel(0)


@pytest.mark.parametrize(
    ("kernel", "stride", "expected"),
    [(3, 2, 0.484), (5, 2, 0.286), (4, 3, 0.515), (2, 2, 0), (4, 2, 0), (6, 2, 0), (3, 3, 0)],
)
def test_unevenness_of_uniform_kernels(kernel, stride, expected):
    square = torch.ones(kernel, kernel)
    assert round(unevenness(square, stride).item(), 3) == expected
    assert unevenness(7 * square, stride).item() == pytest.approx(unevenness(square, stride).item())
    many = unevenness(square.expand(3, 2, -1, -1), stride)
    assert many.item() == pytest.approx(unevenness(square, stride).item())


def test_unevenness_along_one_axis():
    # Kernel 3, stride 2: sums 2 and 1, mean 3/2, deviation 1/2.
    assert unevenness(torch.ones(3), 2).item() == pytest.approx(1 / 3)
    assert unevenness(-torch.ones(1, 1, 3), 2).item() == pytest.approx(1 / 3)
    # For independent axes, the factors 1 + u² multiply: mean square over squared mean.
    both = unevenness(torch.ones(3, 5), 2).item()
    alone = [unevenness(torch.ones(k), 2).item() for k in (3, 5)]
    assert 1 + both**2 == pytest.approx(math.prod(1 + u**2 for u in alone))
    assert unevenness(torch.ones(3, 4), (1, 2)) == 0
    # Kernel 1 leaves holes: sums 1 and 0.
    assert unevenness(torch.ones(1), 2).item() == pytest.approx(1)


def test_polyphase_sums_are_what_a_deconvolution_makes_of_ones():
    for kernel, stride in [((3, 4), (2, 3)), ((2, 5), (4, 1)), ((6, 6), (2, 2))]:
        w = torch.randn(3, 2, *kernel, dtype=torch.float64)
        sums = polyphase_sums(w, stride)
        y = F.conv_transpose2d(
            torch.eye(3)[..., None, None].double().expand(-1, -1, 9, 9), w, stride=stride
        )
        period = y[..., 4 * stride[0] : 5 * stride[0], 5 * stride[1] : 6 * stride[1]]
        torch.testing.assert_close(sums, period)
    line = torch.randn(3, 2, 5, dtype=torch.float64)
    torch.testing.assert_close(polyphase_sums(line, 2)[..., 1], line[..., 1] + line[..., 3])


def test_unevenness_is_the_pattern_on_independent_constant_maps():
    w = torch.randn(4, 3, 4, 4, dtype=torch.float64)
    x = torch.randn(20_000, 4, 1, 1, dtype=torch.float64).expand(-1, -1, 3, 3)
    y = F.conv_transpose2d(x, w, stride=2)[..., 2:4, 2:4]  # one period
    pattern = y.var((2, 3), unbiased=False).mean().sqrt()
    level = y.mean((2, 3)).square().mean().sqrt()
    assert (pattern / level).item() == pytest.approx(unevenness(w, 2).item(), rel=0.03)


def test_random_kernels_are_uneven_though_the_stride_divides_them():
    for kernel in (2, 4, 6):
        w = torch.randn(100, 100, kernel, kernel)
        assert unevenness(w, 2).item() == pytest.approx(math.sqrt(3), rel=0.05)
        assert unevenness(w[..., 0], 2).item() == pytest.approx(1, rel=0.05)


def test_unevenness_where_the_mean_vanishes():
    assert unevenness(torch.tensor([1.0, -1.0]), 2) == math.inf
    assert unevenness(torch.tensor([1.0, -0.999]), 2) > 1000
    assert unevenness(torch.zeros(4, 4), 2) == 0
    assert unevenness(torch.tensor([1.0, 1.0, -1.0, -1.0]), 2) == 0  # no output, so no pattern


def test_unevenness_can_be_minimised_and_stays_finite_at_its_least():
    w = torch.randn(2, 2, 4, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda v: unevenness(v, 2), w)
    even = torch.ones(2, 2, 4, 4, requires_grad=True)
    unevenness(even, 2).backward()
    assert even.grad is not None
    assert even.grad.isfinite().all()


def test_bad_kernels_are_refused():
    with pytest.raises(ValueError, match=r"weight must be \(K,\), .* got \(1, 1, 1, 1, 1\)"):
        unevenness(torch.ones(1, 1, 1, 1, 1), 2)
    with pytest.raises(ValueError, match="stride must be a whole number from 1 to 65536, got 0"):
        unevenness(torch.ones(4), 0)
    with pytest.raises(
        ValueError, match=r"stride must be a whole number, or one for each axis, got \(2, 2\)"
    ):
        polyphase_sums(torch.ones(4), (2, 2))


# Spectrum and checkerboards


def test_white_noise_has_a_flat_spectrum_at_its_variance():
    x = 3 * torch.randn(2000, 2, 12, 12, dtype=torch.float64)
    frequency, power = radial_spectrum(x)
    assert frequency.tolist() == pytest.approx([j / 12 for j in range(9)])
    assert power.tolist() == pytest.approx([9] * 9, rel=0.1)


@pytest.mark.parametrize(("across", "down"), [(0, 3), (4, 0), (3, 4), (8, 8), (8, 0)])
def test_a_wave_is_where_it_belongs(across, down):
    at = torch.arange(16).double() / 16
    wave = torch.cos(2 * math.pi * (down * at[:, None] + across * at))[None, None]
    frequency, power = radial_spectrum(wave)
    assert frequency[power.argmax()] == round(math.hypot(across, down)) / 16
    assert power.max() > 0.999 * power.sum()


def test_all_power_is_in_the_rings():
    x = torch.randn(3, 2, 8, 14, dtype=torch.float64)
    radius = torch.hypot(torch.fft.fftfreq(8)[:, None], torch.fft.fftfreq(14)).mul(8).round().long()
    power = radial_spectrum(x).power
    counts = torch.bincount(radius.flatten())
    assert len(counts) == len(power)
    assert (power * counts).sum().item() == pytest.approx(x.square().mean().item() * 8 * 14)


def test_the_spectrum_ignores_order_and_direction_and_sees_scale_level_and_blur():
    x = torch.randn(50, 1, 16, 16, dtype=torch.float64)
    power = radial_spectrum(x).power
    for alike in (x.flip(0), x.flip(-1), x.mT):
        torch.testing.assert_close(radial_spectrum(alike).power, power)
    torch.testing.assert_close(radial_spectrum(10 * x).power, 100 * power)
    torch.testing.assert_close(radial_spectrum(x + 5).power[1:], power[1:])
    assert radial_spectrum(x + 5).power[0] > 1000
    blurred = radial_spectrum(upsample.Blur().double()(x)).power
    assert (blurred[4:] < power[4:]).all()


def test_known_checkerboards_are_measured():
    x = smooth(10, 1)
    variance = x.var((-2, -1), unbiased=False).mean()
    for amplitude in (0.01, 0.1, 1.0):
        for pattern in (checkerboard(), checkerboard()[..., :1, :].expand(-1, -1, 16, -1)):
            expected = amplitude**2 / (amplitude**2 + variance)
            found = checkerboard_energy(x + amplitude * pattern)
            assert found.item() == pytest.approx(expected.item(), rel=1e-6)
    assert checkerboard_energy(checkerboard()).item() == pytest.approx(1)


def test_only_the_strides_own_period_counts():
    slow = checkerboard(16, period=4)
    assert checkerboard_energy(slow, stride=2) < 1e-20
    assert checkerboard_energy(slow, stride=4).item() == pytest.approx(1)
    assert checkerboard_energy(smooth(4, 3), stride=2) < 1e-20
    assert checkerboard_energy(checkerboard(12), stride=3) < 1e-20
    assert checkerboard_energy(smooth(4, 3), stride=1) < 1e-20


def test_checkerboard_energy_is_a_share_of_the_spectrum():
    x = torch.randn(5, 2, 12, 18, dtype=torch.float64)
    power = torch.fft.fft2(x).abs().square().sum((0, 1))
    power[0, 0] = 0
    for stride in (2, 3):
        ours = checkerboard_energy(x, stride)
        lines = power[:: 12 // stride, :: 18 // stride]
        assert ours.item() == pytest.approx((lines.sum() / power.sum()).item())


def test_checkerboard_energy_of_noise_constants_and_odd_sizes():
    noise = torch.randn(4000, 1, 9, 11, dtype=torch.float64)
    assert checkerboard_energy(noise).item() == pytest.approx(3 / 98, rel=0.05)
    for constant in (0.0, 0.3, 1e6):
        assert checkerboard_energy(torch.full((2, 1, 9, 11), constant)) == 0
    noisy = noise + 1e6
    assert checkerboard_energy(noisy).item() == pytest.approx(checkerboard_energy(noise).item())


def test_measures_are_differentiable():
    x = torch.randn(2, 1, 6, 6, dtype=torch.float64, requires_grad=True)
    for measure in (checkerboard_energy, lambda v: radial_spectrum(v).power):
        assert torch.autograd.gradcheck(measure, x)


@pytest.mark.parametrize("measure", [checkerboard_energy, radial_spectrum])
def test_bad_pictures_are_refused(measure):
    with pytest.raises(ValueError, match=r"pictures must be \(N, C, H, W\), got \(8, 8\)"):
        measure(torch.zeros(8, 8))
    with pytest.raises(ValueError, match=r"got \(0, 1, 8, 8\)"):
        measure(torch.zeros(0, 1, 8, 8))
    with pytest.raises(TypeError, match=r"must be floating point, got torch\.uint8"):
        measure(torch.zeros(1, 1, 8, 8, dtype=torch.uint8))


def test_bad_strides_are_refused():
    for stride in (0, 9):
        with pytest.raises(ValueError, match=f"number from 1 to 8, got {stride}"):
            checkerboard_energy(torch.zeros(1, 1, 8, 10), stride)


# Costs


@each_strategy
@pytest.mark.parametrize(("ins", "outs", "size"), [(3, 2, 7), (16, 8, 14), (5, 1, 4)])
@pytest.mark.parametrize("bias", [True, False])
def test_cost_is_what_torch_counts(name, ins, outs, size, bias):
    layer = upsample.make(name, ins, outs, bias=bias)
    with FlopCounterMode(display=False) as counter:
        layer(torch.zeros(1, ins, size, size))
    counted = upsample.cost(name, ins, outs, size, bias=bias)
    assert 2 * counted.multiply_adds == counter.get_total_flops()
    assert counted.parameters == sum(p.numel() for p in layer.parameters())


@each_strategy
def test_channels_fill_the_budget_and_no_more(name):
    def layers(c: int) -> list[tuple[int, int, int]]:
        return [(2 * c, c, 7), (c, 1, 14)]

    def total(c: int) -> int:
        return sum(upsample.cost(name, *layer).multiply_adds for layer in layers(c))

    for budget in (20_000, 1_000_000, total(13), total(13) - 1):
        c = upsample.channels_for(name, budget, layers)
        assert total(c) <= budget < total(c + 1)
    assert upsample.channels_for(name, total(13), layers) == 13
    with pytest.raises(ValueError, match=f"{name} takes more than 100 multiply-adds"):
        upsample.channels_for(name, 100, layers)


def test_a_budget_of_any_size_takes_no_time():
    start = time.process_time()
    channels = upsample.channels_for("deconv4", 2**200, lambda c: [(c, c, 1)])
    assert channels == 2**98
    assert time.process_time() - start < 0.1
    for never in (math.inf, math.nan, 1.5, None):
        with pytest.raises(ValueError, match="budget must be a whole number, got"):
            upsample.channels_for("deconv4", never, lambda c: [(c, c, 1)])
    with pytest.raises(ValueError, match="layers must cost more with more channels"):
        upsample.channels_for("deconv4", 1000, lambda c: [(1, 1, 1)])


def test_costs_of_nothing_are_refused():
    with pytest.raises(
        ValueError, match="in_channels must be a whole number of at least 1, got -1"
    ):
        upsample.cost("deconv4", -1, 3, 7)
    with pytest.raises(ValueError, match="size must be a whole number of at least 1, got 0"):
        upsample.cost("deconv4", 1, 3, 0)
    with pytest.raises(ValueError, match="the layer would hold 68719476736 numbers, at most"):
        upsample.make("deconv4", 2**16, 2**16)
