"""What an explorer's input and kernel can be filled with.

Each pattern is a function of the side and the number of axes. A larger side keeps the numbers of a
smaller one where the pattern allows it, so that a slider adds cells and leaves the rest alone.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from gan_lessons.upsample import bilinear_kernel

LARGEST = 16  # sides up to this are cut from one square of random numbers
SMOOTHNESS = 0.9  # correlation of neighbours in the signal that the learned kernel interpolates


def ones(side: int, dims: int) -> Tensor:
    """All 1."""
    return torch.ones(_shape(side, dims))


def ramp(side: int, dims: int) -> Tensor:
    """1, 2, 3 and so on, row by row: no two numbers are equal, so each can be told apart."""
    shape = _shape(side, dims)
    return torch.arange(1.0, shape[0] * shape[1] + 1).view(shape)


def impulse(side: int, dims: int) -> Tensor:
    """A single 1 in the middle: its deconvolution shows the kernel itself."""
    x = torch.zeros(_shape(side, dims))
    x[x.shape[0] // 2, side // 2] = 1
    return x


def random(side: int, dims: int) -> Tensor:
    """Normal numbers with one decimal, the same ones each time."""
    draw = torch.randn(LARGEST, LARGEST, generator=torch.Generator().manual_seed(0))
    height, width = _shape(side, dims)
    return (10 * draw).round()[:height, :width] / 10


def bilinear(side: int, dims: int) -> Tensor:
    """A tent, as `upsample.bilinear_kernel` has it."""
    return _separable(bilinear_kernel(side), dims)


def learned(side: int, stride: int, dilation: int, dims: int) -> Tensor:
    """The kernel that least squares finds for filling in a smooth signal.

    The signal's numbers at distance t are correlated by SMOOTHNESS ** t, and every stride-th of
    them is known. A kernel cell meets, in one output, only the cells that are a multiple of the
    stride away; each such group has its own normal equations. In two dimensions the equations are
    Kronecker products of those of the axes, so the best kernel is the product of the best kernels.
    """
    at = dilation * (torch.arange(side, dtype=torch.float64) - (side - 1) / 2)  # from the output
    best = torch.zeros(side, dtype=torch.float64)
    phase = dilation * torch.arange(side) % stride
    for residue in phase.unique():
        met = (phase == residue).nonzero().squeeze(1)
        between = SMOOTHNESS ** (at[met, None] - at[met]).abs()
        best[met] = torch.linalg.solve(between, SMOOTHNESS ** at[met].abs())
    return _separable(best.float(), dims)


INPUTS: dict[str, Callable[[int, int], Tensor]] = {
    "ramp": ramp,
    "ones": ones,
    "impulse": impulse,
    "random": random,
}
KERNELS: dict[str, Callable[[int, int], Tensor]] = {
    "ramp": ramp,
    "ones": ones,
    "bilinear": bilinear,
    "random": random,
}
LEARNED = "learned"  # a kernel pattern too, which asks for stride and dilation, or for a layer


def _shape(side: int, dims: int) -> tuple[int, int]:
    return (1 if dims == 1 else side, side)


def _separable(kernel: Tensor, dims: int) -> Tensor:
    return kernel[None] if dims == 1 else torch.outer(kernel, kernel)
