"""What an explorer is set to, and all the numbers that follow from it.

Everything is kept in two axes, height and width. In one dimension the height is 1, with a kernel
of 1 and stride 1, so that no picture has to ask twice.
"""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import torch
from torch import Tensor, nn

from gan_lessons import deconv
from gan_lessons.widgets.deconv_explorer import patterns

Pair = tuple[int, int]
Edit = tuple[int, int, float]  # row, column, value
Term = tuple[Pair, Pair]  # which input cell meets which kernel cell
Axis = tuple[int, int, int, int, int, int]
Layer = nn.ConvTranspose1d | nn.ConvTranspose2d

VIEWS = ("stamps", "zeros", "matrix", "overlap", "all")
WALKS = ("inputs", "outputs")
RANGES = {  # lowest and highest that a slider goes to
    "size": (1, 10),
    "kernel": (1, 7),
    "stride": (1, 4),
    "padding": (0, 6),
    "output_padding": (0, 3),
    "dilation": (1, 3),
}
BIAS = (-2, 2)
LARGEST_NUMBER = 1_000_000  # that can be typed into a cell


@dataclass(frozen=True)
class Setting:
    """Where the controls stand: plain data that rebuilds an explorer.

    step: 0 chooses nothing; otherwise the number, counted from 1, of the input or output cell
    (`walk`) that is chosen. input_edits and kernel_edits: cells that differ from their pattern.
    """

    dims: int = 1
    size: int = 4
    kernel: int = 3
    stride: int = 2
    padding: int = 0
    output_padding: int = 0
    dilation: int = 1
    kernel_pattern: str = "ramp"
    input_pattern: str = "ramp"
    bias: float = 0.0
    view: str = "stamps"
    walk: str = "inputs"
    step: int = 0
    in_channel: int = 0
    out_channel: int = 0
    input_edits: tuple[Edit, ...] = ()
    kernel_edits: tuple[Edit, ...] = ()

    def __post_init__(self) -> None:
        choices: dict[str, Sequence[object]] = {
            "dims": (1, 2),
            "view": VIEWS,
            "walk": WALKS,
            "input_pattern": tuple(patterns.INPUTS),
            "kernel_pattern": (*patterns.KERNELS, patterns.LEARNED),
        }
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                known = ", ".join(map(str, allowed))
                raise ValueError(f"{name} must be one of {known}, got {getattr(self, name)!r}")
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            if not isinstance(value, int) or not low <= value <= high:
                raise ValueError(f"{name} must be a whole number {low} to {high}, got {value!r}")
        low, high = BIAS
        bias = self.bias
        if isinstance(bias, bool) or not isinstance(bias, int | float) or not low <= bias <= high:
            raise ValueError(f"bias must be a number {low} to {high}, got {bias!r}")
        for name in ("step", "in_channel", "out_channel"):
            value = getattr(self, name)
            if not isinstance(value, int) or value < 0:
                raise ValueError(f"{name} must be a whole number of at least 0, got {value!r}")
        for name in ("input_edits", "kernel_edits"):  # lists, where they come from JSON
            object.__setattr__(self, name, tuple(map(_edit, getattr(self, name))))

    def changed(self, **changes: Any) -> "Setting":
        return dataclasses.replace(self, **changes)


class Case:
    """A deconvolution with all that is shown of it; made from a setting, and a layer or none.

    x: (height, width), w: (kernel height, kernel width), y: the same as x for the output, or None
    where the setting is illegal; one channel of each.
    """

    def __init__(self, setting: Setting, layer: Layer | None = None):
        self.setting = setting
        self.dims = setting.dims
        pattern = patterns.INPUTS[setting.input_pattern](setting.size, self.dims)
        self.x = _edited(pattern, setting.input_edits)
        if layer is None:
            kernel, self.b = _kernel(setting), float(setting.bias)
        else:
            kernel, self.b = channel_of(layer, setting.in_channel, setting.out_channel)
        self.w = _edited(kernel, setting.kernel_edits)
        self.axes = axes_of(setting, layer)
        _, _, self.stride, self.padding, self.output_padding, self.dilation = zip(
            *self.axes, strict=True
        )
        self.illegal = reasons_against(self.axes[2 - self.dims :])
        bias = torch.tensor([self.b], dtype=torch.float32)
        self.y = None if self.illegal else self._scatter(self.x, bias, self.padding)

    def stamped(self, count: int) -> Tensor:
        """The sum of the first `count` inputs' stamps, before padding is cut and the bias added."""
        done = (torch.arange(self.x.numel()) < count).view_as(self.x)
        return self._scatter(self.x * done, None, (0, 0))

    def _scatter(self, x: Tensor, bias: Tensor | None, padding: Pair) -> Tensor:
        return deconv.by_scatter(
            x[None, None],
            self.w[None, None],
            bias,
            stride=self.stride,
            padding=padding,
            output_padding=self.output_padding,
            dilation=self.dilation,
        )[0, 0]

    @cached_property
    def out(self) -> Pair:
        """Height and width of the output."""
        height, width = (deconv.output_size(*axis) for axis in self.axes)
        return height, width

    @cached_property
    def canvas(self) -> Pair:
        """Height and width of what the kernels are stamped on, before padding is cut off."""
        (height, width), (top, left) = self.out, self.padding
        return height + 2 * top, width + 2 * left

    @cached_property
    def meets(self) -> list[list[list[Pair]]]:
        """meets[axis][output index]: the (input index, kernel index) that are multiplied there."""
        return [
            [deconv.contributions(index, *axis) for index in range(size)]
            for axis, size in zip(self.axes, self.out, strict=True)
        ]

    def terms(self, row: int, column: int) -> list[Term]:
        """The products that add up to y[row, column], in the order of the input."""
        pairs = product(self.meets[0][row], self.meets[1][column])
        return [((i, j), (u, v)) for (i, u), (j, v) in pairs]

    @cached_property
    def overlap(self) -> Tensor:
        """How many inputs reach each output: (height, width), int64."""
        return torch.outer(*(deconv.overlap(*axis) for axis in self.axes))

    @cached_property
    def spread(self) -> Tensor:
        """The input with zeros put between and around its cells, to be convolved at stride 1."""
        return deconv.insert_zeros(
            self.x[None, None],
            (self.w.shape[0], self.w.shape[1]),
            stride=self.stride,
            padding=self.padding,
            output_padding=self.output_padding,
            dilation=self.dilation,
        )[0, 0]

    @cached_property
    def matrix(self) -> Tensor:
        """C transposed: (outputs, inputs), each counted row by row."""
        full = deconv.conv_matrix(
            self.w[None, None],
            (1, *self.out),
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
        ).T
        # Where a dilation lets output_padding reach the stride, the convolution has outputs that
        # the input has no cell for.
        reached = [
            deconv.conv_output_size(m, k, s, p, d)
            for m, (_, k, s, p, _, d) in zip(self.out, self.axes, strict=True)
        ]
        whole = full.view(-1, *reached)[:, : self.x.shape[0], : self.x.shape[1]]
        return whole.reshape(len(full), -1)

    @cached_property
    def steps(self) -> int:
        """How many cells there are to walk through."""
        if self.setting.walk == "inputs":
            return self.x.numel()
        return 0 if self.y is None else self.y.numel()

    @cached_property
    def chosen(self) -> Pair | None:
        """Row and column of the chosen input or output cell."""
        if not 1 <= self.setting.step <= self.steps:
            return None
        width = self.x.shape[1] if self.setting.walk == "inputs" else self.out[1]
        return divmod(self.setting.step - 1, width)


def _edit(edit: Any) -> Edit:
    try:
        row, column, value = int(edit[0]), int(edit[1]), float(edit[2])
    except (IndexError, TypeError, ValueError):
        row, column, value = -1, -1, math.nan
    if row < 0 or column < 0 or not abs(value) <= LARGEST_NUMBER:
        raise ValueError(
            "an edit is (row, column, number), counted from 0, the number at most "
            f"{LARGEST_NUMBER:,} in size; got {edit!r}"
        )
    return row, column, value


def axes_of(setting: Setting, layer: Layer | None = None) -> list[Axis]:
    """Input size, kernel, stride, padding, output padding and dilation, for height and width."""
    names = ("kernel_size", "stride", "padding", "output_padding", "dilation")
    own = (getattr(setting, name.removesuffix("_size")) for name in names)
    values = [setting.size, *(own if layer is None else (getattr(layer, n) for n in names))]
    columns = (
        _pair(value, setting.dims, neutral)
        for value, neutral in zip(values, (1, 1, 1, 0, 0, 1), strict=True)
    )
    height, width = zip(*columns, strict=True)
    return [height, width]


def reasons_against(axes: Sequence[Axis]) -> list[str]:
    """Why torch refuses a setting, told once where the axes have the same reasons."""
    found = [deconv.illegal(*axis) for axis in axes]
    if all(reasons == found[0] for reasons in found):
        return found[0]
    return [
        f"{name}: {reason}"
        for name, reasons in zip(("height", "width"), found, strict=True)
        for reason in reasons
    ]


def most_cells(layer: Layer | None) -> int:
    """How many rows or columns a picture may have, wherever the sliders are."""
    highest = Setting(dims=1 if layer is None else layer.weight.dim() - 2).changed(
        **{name: high for name, (_, high) in RANGES.items()}
    )
    n, k, s, _, extra, d = (max(numbers) for numbers in zip(*axes_of(highest, layer), strict=True))
    return (n - 1) * s + 2 * d * (k - 1) + 1 + extra


def nearest_legal(setting: Setting, layer: Layer | None = None) -> dict[str, int] | None:
    """What to change to make a setting legal, {name: new value}, moved as little as can be.

    It moves what torch complains of, which is enough: output padding, then padding. Of a layer only
    the input's size can change; None where that does not help.
    """
    if not reasons_against(axes_of(setting, layer)[2 - setting.dims :]):
        return {}
    if layer is not None:
        low, high = RANGES["size"]
        for size in range(low, high + 1):
            if not reasons_against(axes_of(setting.changed(size=size), layer)[2 - setting.dims :]):
                return {"size": size}
        return None
    change = {}
    extra = min(setting.output_padding, max(setting.stride, setting.dilation) - 1)
    if extra != setting.output_padding:
        change["output_padding"] = extra
    free = setting.changed(output_padding=extra, padding=0)
    most = (deconv.output_size(*axes_of(free)[1]) - 1) // 2
    if setting.padding > most:
        change["padding"] = most
    return change


def channel_of(layer: Layer, in_channel: int, out_channel: int) -> tuple[Tensor, float]:
    """One kernel of a layer, (height, width), and the bias of its output channel.

    out_channel counts within the group that in_channel belongs to.
    """
    kernel = layer.weight.detach().float().cpu()[in_channel, out_channel]
    group = in_channel // (layer.in_channels // layer.groups)
    channel = group * layer.weight.shape[1] + out_channel
    bias = 0.0 if layer.bias is None else float(layer.bias.detach()[channel])
    return kernel.view(1, -1) if kernel.dim() == 1 else kernel, bias


def _kernel(setting: Setting) -> Tensor:
    if setting.kernel_pattern == patterns.LEARNED:
        return patterns.learned(setting.kernel, setting.stride, setting.dilation, setting.dims)
    return patterns.KERNELS[setting.kernel_pattern](setting.kernel, setting.dims)


def _pair(value: int | tuple[int, ...], dims: int, neutral: int) -> Pair:
    numbers = (value,) * dims if isinstance(value, int) else value
    height, width = (neutral, *numbers)[-2:]
    return height, width


def _edited(values: Tensor, edits: Sequence[Edit]) -> Tensor:
    values = values.float().clone()  # whatever torch's default is
    for row, column, value in edits:
        if row < values.shape[0] and column < values.shape[1]:
            values[row, column] = value
    return values
