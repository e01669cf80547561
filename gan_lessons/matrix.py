"""The matrix of a convolution, whose transpose is a deconvolution's, and its settings per axis."""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from gan_lessons.checks import fits, instance, per_axis, whole
from gan_lessons.sizes import conv_output_size

Ints = int | Sequence[int]
Pair = tuple[int, int]

MOST = 2**31 - 1  # of every setting, as in torch
LARGEST_MATRIX = 2**28  # numbers: 1 GB in float32


def conv_matrix(
    weight: Tensor,
    input_shape: Sequence[int],
    *,
    stride: Ints = 1,
    padding: Ints = 0,
    groups: int = 1,
    dilation: Ints = 1,
) -> Tensor:
    """The matrix C of a convolution: C @ x.flatten() equals conv(x).flatten() for one sample x.

    weight: (O, C / groups, K) or (O, C / groups, KH, KW), as torch's convolutions store it.
    input_shape: (C, L) or (C, H, W).
    Returns (O * output positions, C * input positions), differentiable. Rows and columns are
    ordered by channel, then height, then width. Raises ValueError for what torch refuses, and for
    a matrix that would take too much memory.

    C transposed is the deconvolution from O channels to C. torch stores a deconvolution's weight
    as (its input channels, its output channels / groups, ...). Its input channels are this
    convolution's output channels, so the shape is (O, C / groups, ...) again: the same tensor
    serves both, unchanged.
    """
    axes = instance("weight", weight, Tensor).dim() - 2
    input_shape = [
        whole("input_shape", n, least=1) for n in instance("input_shape", input_shape, Sequence)
    ]
    if axes not in (1, 2) or len(input_shape) != axes + 1:
        raise ValueError(
            "weight needs 3 dimensions with input_shape (C, L), or 4 with (C, H, W), "
            f"got {weight.dim()} with {tuple(input_shape)}"
        )
    groups = checked_groups(groups, weight)
    if input_shape[0] != weight.shape[1] * groups:
        raise ValueError(
            f"weight of shape {tuple(weight.shape)} with groups={groups} needs "
            f"{weight.shape[1] * groups} input channels, got {input_shape[0]}"
        )
    axes_of = list(
        zip(
            (1, *input_shape[1:])[-2:],
            (1, *weight.shape[2:])[-2:],
            as_pair("stride", stride, axes),
            as_pair("padding", padding, axes, neutral=0),
            as_pair("dilation", dilation, axes),
            strict=True,
        )
    )
    outputs = math.prod(conv_output_size(*numbers) for numbers in axes_of)
    numbers = len(weight) * outputs * math.prod(input_shape)
    fits("the matrix", numbers, LARGEST_MATRIX, "use smaller shapes, or another way than a matrix")
    kernels = weight.unsqueeze(2) if axes == 1 else weight  # (O, C/G, KH, KW)
    kernels = F.pad(kernels, (0, 1, 0, 1))  # what an output reads of a cell that it does not reach
    rows, cols = (_positions(*each).to(weight.device) for each in axes_of)  # (OH, H), (OW, W)
    blocks = [
        group[:, :, rows[:, None, :, None], cols[None, :, None, :]]  # (O/G, C/G, OH, OW, H, W)
        .permute(0, 2, 3, 1, 4, 5)
        .flatten(0, 2)
        .flatten(1)
        for group in kernels.chunk(groups)
    ]
    return torch.block_diag(*blocks)


def as_pair(name: str, value: Ints, axes: int, neutral: int = 1) -> Pair:
    """A setting as (height, width). In 1-D the value is the width's; the height's is `neutral`."""
    height, width = [neutral, *per_axis(name, value, axes, most=MOST)][-2:]
    return height, width


def checked_groups(groups: int, weight: Tensor) -> int:
    """torch has no layers without channels, and no groups of unequal size."""
    if not all(weight.shape[:2]):
        raise ValueError(f"weight must have at least one channel, got {tuple(weight.shape)}")
    groups = whole("groups", groups, least=1)
    if len(weight) % groups:
        raise ValueError(
            f"groups must divide weight's first dimension ({len(weight)}), got {groups}"
        )
    return groups


def _positions(n: int, kernel: int, stride: int, padding: int, dilation: int) -> Tensor:
    """(outputs, n) int64: the kernel position at which output i reads input cell m.

    `kernel`, one past the last position, if it does not read that cell.
    """
    outputs = conv_output_size(n, kernel, stride, padding, dilation)
    distance = torch.arange(n) - torch.arange(outputs)[:, None] * stride + padding
    position = torch.div(distance, dilation, rounding_mode="floor")
    reads = (distance % dilation == 0) & (position >= 0) & (position < kernel)
    return torch.where(reads, position, kernel)
