"""What inputs and kernels are filled with, and that "learned" is what least squares finds."""

from functools import cache

import pytest
import torch
import torch.nn.functional as F

pytest.importorskip("ipywidgets")

from gan_lessons import deconv
from gan_lessons.upsample import bilinear_kernel
from gan_lessons.widgets import DeconvExplorer
from gan_lessons.widgets.deconv_explorer import patterns


def test_a_ramp_counts_row_by_row():
    assert patterns.ramp(4, 1).tolist() == [[1, 2, 3, 4]]
    assert patterns.ramp(2, 2).tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize("dims", [1, 2])
@pytest.mark.parametrize("side", range(1, 11))
def test_ones_and_an_impulse(dims, side):
    shape = (1, side) if dims == 1 else (side, side)
    assert torch.equal(patterns.ones(side, dims), torch.ones(shape))
    impulse = patterns.impulse(side, dims)
    assert impulse.shape == shape
    assert impulse.sum() == impulse.max() == 1
    assert impulse[shape[0] // 2, side // 2] == 1


@pytest.mark.parametrize("kernel_pattern", ["ramp", "random", "bilinear"])
@pytest.mark.parametrize("dims", [1, 2])
def test_the_deconvolution_of_an_impulse_is_the_kernel(dims, kernel_pattern):
    explorer = DeconvExplorer(
        dims=dims,
        size=3,
        kernel=4,
        stride=3,
        input_pattern="impulse",
        kernel_pattern=kernel_pattern,
    )
    y = explorer.output.squeeze()
    part = y[3:7] if dims == 1 else y[3:7, 3:7]
    assert torch.equal(part, explorer.weight.squeeze())
    assert (y != 0).sum() == (part != 0).sum()


@pytest.mark.parametrize("dims", [1, 2])
def test_random_numbers_stay_when_more_come(dims):
    before = torch.get_rng_state()
    largest = patterns.random(10, dims)
    assert torch.equal(torch.get_rng_state(), before)  # nobody's own draws are moved
    for side in range(1, 11):
        values = patterns.random(side, dims)
        assert torch.equal(values, largest[: len(values), :side])
        assert torch.allclose(10 * values, (10 * values).round())
    assert largest.unique().numel() > largest.numel() / 3
    assert (largest < 0).any()


@pytest.mark.parametrize("side", range(1, 8))
def test_bilinear_is_the_packages_tent(side):
    tent = bilinear_kernel(side)
    assert torch.equal(patterns.bilinear(side, 1), tent[None])
    assert torch.allclose(patterns.bilinear(side, 2), torch.outer(tent, tent))


def test_bilinear_at_twice_the_stride_interpolates_a_line():
    explorer = DeconvExplorer(size=6, kernel=4, stride=2, padding=1, kernel_pattern="bilinear")
    steps = explorer.output[0, 0, 1:-1].diff()
    assert torch.allclose(steps, torch.full_like(steps, 0.5))


# The learned kernel


@cache
def signals(seed, count=2000, length=61):
    """Smooth signals: neighbours correlated by SMOOTHNESS, at half steps too. (count, length)."""
    draw = torch.Generator().manual_seed(seed)
    rho = patterns.SMOOTHNESS**0.5
    noise = torch.randn(count, length, generator=draw, dtype=torch.float64)
    values = [noise[:, 0]]
    for t in range(1, length):
        values.append(rho * values[-1] + (1 - rho**2) ** 0.5 * noise[:, t])
    return torch.stack(values, 1)


def error(kernel, stride, dilation, fine):
    """Mean squared error of the outputs whose every input is there, and their numbers."""
    side = kernel.numel()
    n = 6
    known = fine[:, 10 : 10 + 2 * stride * n : 2 * stride]  # at 10 half steps, then every stride
    y = F.conv_transpose1d(known[:, None], kernel.view(1, 1, -1), stride=stride, dilation=dilation)[
        :, 0
    ]
    reach = dilation * (side - 1)
    inner = torch.arange(reach, (n - 1) * stride + 1)  # all the kernel's taps meet an input
    truth = fine[:, 10 + 2 * inner - reach]  # the kernel's middle stands on the output
    return ((y[:, inner] - truth) ** 2).mean().item(), inner.numel()


CASES = [
    (3, 2, 1),
    (4, 2, 1),
    (5, 2, 1),
    (3, 1, 1),
    (5, 3, 1),
    (6, 4, 1),
    (3, 2, 2),
    (3, 3, 2),
    (2, 2, 3),
]


@pytest.mark.parametrize(("side", "stride", "dilation"), CASES)
def test_no_other_kernel_fills_in_a_smooth_signal_better(side, stride, dilation):
    kernel = patterns.learned(side, stride, dilation, 1)[0].double()
    for seed in range(3):
        fine = signals(seed)
        best, count = error(kernel, stride, dilation, fine)
        assert count >= stride  # all phases are seen
        for tap in range(side):
            for move in (-0.2, 0.2):
                other = kernel.clone()
                other[tap] += move
                worse, _ = error(other, stride, dilation, fine)
                assert worse > best, (seed, tap, move)


@pytest.mark.parametrize("stride", [1, 2, 3, 4])
def test_a_larger_learned_kernel_is_no_worse(stride):
    fine = signals(7)
    for side in range(1, 6):
        small, large = (
            F.pad(patterns.learned(k, stride, 1, 1)[0].double(), (add, add))
            for k, add in ((side, 1), (side + 2, 0))
        )
        # The larger one also sees more inputs; the small one is padded to the same outputs.
        if 5 * stride + 1 - (side + 1) >= stride:
            assert error(large, stride, 1, fine)[0] <= error(small, stride, 1, fine)[0] + 0.01


@pytest.mark.parametrize(("side", "stride", "dilation"), CASES)
def test_the_learned_kernel_is_even_and_square_in_two_dimensions(side, stride, dilation):
    kernel = patterns.learned(side, stride, dilation, 1)[0]
    assert torch.allclose(kernel, kernel.flip(0), atol=1e-6)
    assert torch.allclose(patterns.learned(side, stride, dilation, 2), torch.outer(kernel, kernel))


def test_in_two_dimensions_it_is_the_least_squares_solution_too():
    side, stride = 4, 2
    kernel = patterns.learned(side, stride, 1, 2).double()
    at = torch.arange(side, dtype=torch.float64) - (side - 1) / 2
    rho = patterns.SMOOTHNESS
    for row in range(stride):
        for column in range(stride):
            ys, xs = torch.meshgrid(at[row::stride], at[column::stride], indexing="ij")
            ys, xs = ys.flatten(), xs.flatten()
            apart = (ys[:, None] - ys).abs() + (xs[:, None] - xs).abs()
            best = torch.linalg.solve(rho**apart, rho ** (ys.abs() + xs.abs()))
            assert torch.allclose(kernel[row::stride, column::stride].flatten(), best, atol=1e-6)


def test_the_learned_kernel_follows_its_controls():
    explorer = DeconvExplorer(kernel_pattern="learned", kernel=3, stride=1)
    for name, value in (("stride", 2), ("kernel", 5), ("dilation", 2), ("dims", 2)):
        before = explorer.weight.clone()
        explorer.controls[name].value = value
        now = explorer.weight
        assert now.shape != before.shape or not torch.allclose(now, before)
        s = explorer.state
        expected = patterns.learned(s["kernel"], s["stride"], s["dilation"], s["dims"])
        assert torch.equal(now.view_as(expected), expected)
    assert deconv.illegal(s["size"], s["kernel"], s["stride"], 0, 0, s["dilation"]) == []
