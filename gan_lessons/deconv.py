"""The deconvolution (transposed convolution), computed in four ways that equal torch's result.

For its output i, a convolution with stride s, padding p and dilation d multiplies kernel position
j with input[i * s + j * d - p]. A deconvolution uses the same connections backwards: input i,
times kernel position j, is added to output[i * s + j * d - p].

The `by_...` functions take the tensors and settings of torch's `conv_transpose1d` and
`conv_transpose2d`. The arithmetic of one axis (sizes, legal settings, which input goes where) is
in `sizes` and can be imported from here too. For drawings of both operations see Dumoulin and
Visin 2016, "A guide to convolution arithmetic for deep learning".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from gan_lessons.checks import fits, instance
from gan_lessons.matrix import Ints, Pair, as_pair, checked_groups, conv_matrix
from gan_lessons.sizes import (
    contributions,
    conv_output_size,
    illegal,
    input_sizes,
    output_size,
    overlap,
    targets,
)

__all__ = [
    "by_gradient",
    "by_matrix",
    "by_scatter",
    "by_zero_insertion",
    "contributions",
    "conv_matrix",
    "conv_output_size",
    "illegal",
    "input_sizes",
    "insert_zeros",
    "output_size",
    "overlap",
]

LARGEST_OUTPUT = 2**31  # numbers: 8 GiB in float32


def by_scatter(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    stride: Ints = 1,
    padding: Ints = 0,
    output_padding: Ints = 0,
    groups: int = 1,
    dilation: Ints = 1,
) -> Tensor:
    """Deconvolution by stamping and adding: every input cell adds its scaled kernel to a canvas.

    x: (N, C, L) or (N, C, H, W), or a single sample without N.
    weight: (C, O / groups, K) or (C, O / groups, KH, KW). bias: (O,).
    Returns (N, O, *sizes), each size as `output_size` gives it. A setting is one number, or one
    number per axis. Raises ValueError with the reasons for shapes and settings that torch refuses.
    """
    call = _Call.read(x, weight, bias, stride, padding, output_padding, groups, dilation)
    per_axis = zip(call.x.shape[2:], call.weight.shape[2:], call.stride, call.dilation, strict=True)
    rows, cols = (targets(*numbers).to(x.device) for numbers in per_axis)  # (H, KH), (W, KW)
    height, width = (
        size + 2 * cut for size, cut in zip(call.output_shape[1:], call.padding, strict=True)
    )
    indices = rows[:, None, :, None] * width + cols[None, :, None, :]  # (H, W, KH, KW)

    cells = call.x.unflatten(1, (call.groups, -1))  # (N, G, C/G, H, W)
    kernels = call.weight.unflatten(0, (call.groups, -1))  # (G, C/G, O/G, KH, KW)
    stamps = torch.einsum("ngchw,gcokl->ngohwkl", cells, kernels).flatten(3).flatten(1, 2)

    canvas = stamps.new_zeros(*stamps.shape[:2], height * width)
    canvas = canvas.index_add(2, indices.flatten(), stamps)
    return call.finish(_crop(canvas.unflatten(2, (height, width)), call.padding))


def by_zero_insertion(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    stride: Ints = 1,
    padding: Ints = 0,
    output_padding: Ints = 0,
    groups: int = 1,
    dilation: Ints = 1,
) -> Tensor:
    """Deconvolution by zero insertion: insert zeros, then convolve with the kernel turned by 180°.

    The convolution has stride 1. stride - 1 zeros go between neighbouring inputs,
    dilation * (kernel - 1) - padding at every border, and output_padding more at the end. If the
    number at the border is negative, cells are cut off instead. The zeros are multiplied too: where
    a weight is infinite, they give NaN; `by_scatter` has none to multiply.
    Shapes, settings and errors are those of `by_scatter`.
    """
    call = _Call.read(x, weight, bias, stride, padding, output_padding, groups, dilation)
    spread = insert_zeros(
        call.x,
        call.weight.shape[2:],
        stride=call.stride,
        padding=call.padding,
        output_padding=call.output_padding,
        dilation=call.dilation,
    )
    kernels = call.weight.unflatten(0, (call.groups, -1)).transpose(1, 2)  # (G, O/G, C/G, KH, KW)
    turned = kernels.flatten(0, 1).flip(2, 3)
    return call.finish(F.conv2d(spread, turned, dilation=call.dilation, groups=call.groups))


def insert_zeros(
    x: Tensor,
    kernel: Ints,
    *,
    stride: Ints = 1,
    padding: Ints = 0,
    output_padding: Ints = 0,
    dilation: Ints = 1,
) -> Tensor:
    """x with zeros between and around its cells: what `by_zero_insertion` convolves.

    x: (N, C, H, W). kernel: its size; like each setting, one number or one number per axis.
    Returns (N, C, *sizes), each the deconvolution's output size plus dilation * (kernel - 1).
    Raises ValueError with the reasons if the settings are `illegal`.
    """
    if instance("x", x, Tensor).dim() != 4:
        raise ValueError(f"x must be (N, C, H, W), got {tuple(x.shape)}")
    settings = [
        as_pair(name, value, 2)
        for name, value in (
            ("kernel", kernel),
            ("stride", stride),
            ("padding", padding),
            ("output_padding", output_padding),
            ("dilation", dilation),
        )
    ]
    height, width = x.shape[2:]
    _check_legal([(height, width), *settings])
    (kernel_h, kernel_w), (down, right), (top, left), (extra_h, extra_w), (gap_h, gap_w) = settings
    reach_h, reach_w = gap_h * (kernel_h - 1), gap_w * (kernel_w - 1)
    fits(
        "x with its zeros",
        len(x)
        * x.shape[1]
        * ((height - 1) * down + 1 + 2 * reach_h + extra_h)
        * ((width - 1) * right + 1 + 2 * reach_w + extra_w),
        LARGEST_OUTPUT,
        "use smaller settings",
    )
    spread = x.new_zeros(*x.shape[:2], (height - 1) * down + 1, (width - 1) * right + 1)
    spread[:, :, ::down, ::right] = x

    # The number of zeros at the border may be negative: pad by the kernel's reach, then crop.
    spread = F.pad(spread, (reach_w, reach_w + extra_w, reach_h, reach_h + extra_h))
    return _crop(spread, (top, left))


def by_matrix(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    stride: Ints = 1,
    padding: Ints = 0,
    output_padding: Ints = 0,
    groups: int = 1,
    dilation: Ints = 1,
) -> Tensor:
    """Deconvolution by matrix: C transposed times x, where C is the matrix of the convolution.

    For small tensors only: C has one row for each number of an input sample (and more, which meet
    zeros, if output padding reaches the stride) and one column for each number of its output.
    Shapes, settings and errors are those of `by_scatter`.
    """
    call = _Call.read(x, weight, bias, stride, padding, output_padding, groups, dilation)
    settings: dict[str, Any] = {
        "stride": call.stride,
        "padding": call.padding,
        "groups": call.groups,
        "dilation": call.dilation,
    }
    matrix = conv_matrix(call.weight, call.output_shape, **settings)
    samples = call.conv_output().flatten(1)
    # Each sample is a row here, so we multiply by C from the right.
    y = samples @ matrix
    if not y.isfinite().all():
        # 0 times infinity is NaN: where C has no connection, do not multiply.
        connected = conv_matrix(torch.ones_like(call.weight), call.output_shape, **settings) > 0
        products = (sample[:, None] * matrix for sample in samples)
        y = torch.stack([torch.where(connected, each, 0.0).sum(0) for each in products])
    return call.finish(y.unflatten(1, call.output_shape))


def by_gradient(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    stride: Ints = 1,
    padding: Ints = 0,
    output_padding: Ints = 0,
    groups: int = 1,
    dilation: Ints = 1,
) -> Tensor:
    """Deconvolution by gradient: the derivative of a convolution with respect to its input.

    x stands in for the gradient with respect to the convolution's output.
    Shapes, settings and errors are those of `by_scatter`.
    """
    call = _Call.read(x, weight, bias, stride, padding, output_padding, groups, dilation)
    differentiable = torch.is_grad_enabled() and (x.requires_grad or weight.requires_grad)
    with torch.inference_mode(False), torch.enable_grad():
        # A convolution is linear, so its derivative is the same at every input: take it at zero.
        start = x.new_zeros(len(call.x), *call.output_shape, requires_grad=True)
        convolved = F.conv2d(
            start, call.weight, None, call.stride, call.padding, call.dilation, call.groups
        )
        (y,) = torch.autograd.grad(
            convolved, start, call.conv_output(), create_graph=differentiable
        )
    return call.finish(y)


@dataclass(frozen=True, eq=False)
class _Call:
    """The checked arguments of a deconvolution, in two dimensions: a 1-D input gets height 1."""

    x: Tensor  # (N, C, H, W)
    weight: Tensor  # (C, O / groups, KH, KW)
    bias: Tensor | None  # (O,)
    stride: Pair
    padding: Pair
    output_padding: Pair
    dilation: Pair
    groups: int
    output_shape: tuple[int, int, int]  # (O, output height, output width)
    axes: int
    batched: bool

    @classmethod
    def read(
        cls,
        x: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        stride: Ints,
        padding: Ints,
        output_padding: Ints,
        groups: int,
        dilation: Ints,
    ) -> "_Call":
        axes = instance("weight", weight, Tensor).dim() - 2
        if axes not in (1, 2) or instance("x", x, Tensor).dim() - axes not in (1, 2):
            raise ValueError(
                "weight needs 3 dimensions with x (N, C, L), or 4 with x (N, C, H, W), x with or "
                f"without N, got weight {tuple(weight.shape)} and x {tuple(x.shape)}"
            )
        if not x.is_floating_point() or x.dtype != weight.dtype:
            raise ValueError(
                f"x and weight must have one floating-point dtype, got {x.dtype} and {weight.dtype}"
            )
        groups = checked_groups(groups, weight)
        channels = x.shape[-axes - 1]
        if channels != len(weight):
            raise ValueError(
                f"weight's first dimension must be x's {channels} channels, got {len(weight)}"
            )
        filters = weight.shape[1] * groups
        if bias is not None and (
            instance("bias", bias, Tensor).shape != (filters,) or bias.dtype != x.dtype
        ):
            raise ValueError(
                f"bias must have shape ({filters},) and x's dtype {x.dtype}, "
                f"got {tuple(bias.shape)} and {bias.dtype}"
            )

        settings = (
            as_pair("stride", stride, axes),
            as_pair("padding", padding, axes, neutral=0),
            as_pair("output_padding", output_padding, axes, neutral=0),
            as_pair("dilation", dilation, axes),
        )
        batched = x.dim() == axes + 2
        x = x if batched else x.unsqueeze(0)
        if axes == 1:
            x, weight = x.unsqueeze(2), weight.unsqueeze(2)
        numbers = [x.shape[2:], weight.shape[2:], *settings]
        _check_legal([each[-axes:] for each in numbers])
        height, width = (output_size(*each) for each in zip(*numbers, strict=True))
        fits(
            "the output", len(x) * filters * height * width, LARGEST_OUTPUT, "use smaller settings"
        )
        return cls(x, weight, bias, *settings, groups, (filters, height, width), axes, batched)

    def conv_output(self) -> Tensor:
        """x, padded to the output of the convolution: (N, C, convolution's height and width).

        With a dilation, output_padding may be as large as the stride or larger. The convolution
        then has more outputs than x has cells; the additional ones at the end are zero.
        """
        (extra_h, extra_w), (down, right) = self.output_padding, self.stride
        return F.pad(self.x, (0, extra_w // right, 0, extra_h // down))

    def finish(self, y: Tensor) -> Tensor:
        """y: (N, O, height, width). Adds the bias and removes the dimensions that `read` added."""
        if self.bias is not None:
            y = y + self.bias[:, None, None]
        if self.axes == 1:
            y = y.squeeze(2)
        return y if self.batched else y.squeeze(0)


def _crop(canvas: Tensor, padding: Pair) -> Tensor:
    """canvas: (N, channels, height, width). Cuts `padding` cells off every side."""
    (height, width), (top, left) = canvas.shape[2:], padding
    return canvas[:, :, top : height - top, left : width - left]


def _check_legal(numbers: Sequence[Sequence[int]]) -> None:
    """numbers: input size, kernel and the settings, each for all axes."""
    axes = list(zip(*numbers, strict=True))
    reasons = [
        f"{name}: {reason}" if len(axes) == 2 else reason
        for name, axis in zip(("height", "width"), axes, strict=False)
        for reason in illegal(*axis)
    ]
    if reasons:
        raise ValueError("; ".join(reasons))
