"""All the numbers that follow from the settings of a deconvolution explorer.

Everything has two axes, height and width. In one dimension the height is 1, with a kernel of 1 and
stride 1, so that no picture has to ask twice.
"""

from collections.abc import Sequence
from functools import cached_property
from itertools import product

import torch
from torch import Tensor, nn

from gan_lessons import deconv
from gan_lessons.widgets.deconv_explorer import patterns
from gan_lessons.widgets.deconv_explorer.settings import LARGEST_SIZE, DeconvSettings, Edit

Pair = tuple[int, int]
Term = tuple[Pair, Pair]  # which input cell meets which kernel cell
Axis = tuple[int, int, int, int, int, int]
Layer = nn.ConvTranspose1d | nn.ConvTranspose2d


class DeconvView:
    """A deconvolution with all that is shown of it, from settings and an optional layer.

    x: (height, width), w: (kernel height, kernel width), y: the same as x for the output, or None
    if the settings are illegal; one channel of each. numbers: whether they are written in the cells
    that have room for them; in one dimension there are few, and they always are.
    """

    def __init__(self, settings: DeconvSettings, layer: Layer | None = None):
        self.settings = settings
        self.dims = settings.dims
        self.numbers = settings.numbers or self.dims == 1
        pattern = patterns.INPUTS[settings.input_pattern](settings.size, self.dims)
        self.x = _edited(pattern, settings.input_edits)
        if layer is None:
            kernel, self.b = _kernel(settings), float(settings.bias)
        else:
            kernel, self.b = channel_of(layer, settings.in_channel, settings.out_channel)
        self.w = _edited(kernel, settings.kernel_edits)
        self.axes = axes_of(settings, layer)
        _, _, self.stride, self.padding, self.output_padding, self.dilation = zip(
            *self.axes, strict=True
        )
        self.illegal = reasons_against(self.axes[2 - self.dims :])
        self.y = None if self.illegal else self.so_far(self.x.numel())

    def stamped(self, count: int) -> Tensor:
        """The sum of the first `count` inputs' stamps, before padding is cut and the bias added."""
        return self._scatter(self._first(count), None, (0, 0))

    def so_far(self, count: int) -> Tensor:
        """The output that the first `count` inputs make: (height, width)."""
        bias = torch.tensor([self.b], dtype=torch.float32)
        return self._scatter(self._first(count), bias, self.padding)

    def _first(self, count: int) -> Tensor:
        """The first `count` inputs, and zeros in place of the others."""
        return self.x * (torch.arange(self.x.numel()) < count).view_as(self.x)

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
    def counts_itself(self) -> bool:
        """Whether the output is the overlap, as with ones for all inputs and weights."""
        return self.y is not None and torch.equal(self.y, self.overlap.to(self.y.dtype))

    @property
    def one_large(self) -> bool:
        """Whether a single large panel shows it: the stamps' output, or an output that counts."""
        way = self.settings.view
        return self.dims == 2 and (way == "stamps" or (way == "overlap" and self.counts_itself))

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
        if self.settings.walk == "inputs":
            return self.x.numel()
        return 0 if self.y is None else self.y.numel()

    @cached_property
    def done(self) -> int:
        """How many inputs have put their stamps: all, except on a walk over the inputs."""
        walking = self.settings.walk == "inputs" and self.chosen is not None
        return self.settings.step if walking else self.x.numel()

    @cached_property
    def chosen(self) -> Pair | None:
        """Row and column of the chosen input or output cell."""
        if not 1 <= self.settings.step <= self.steps:
            return None
        width = self.x.shape[1] if self.settings.walk == "inputs" else self.out[1]
        return divmod(self.settings.step - 1, width)


def axes_of(settings: DeconvSettings, layer: Layer | None = None) -> list[Axis]:
    """Input size, kernel, stride, padding, output padding and dilation, for height and width."""
    names = ("kernel_size", "stride", "padding", "output_padding", "dilation")
    own = (getattr(settings, name.removesuffix("_size")) for name in names)
    values = [settings.size, *(own if layer is None else (getattr(layer, n) for n in names))]
    columns = (
        _pair(value, settings.dims, neutral)
        for value, neutral in zip(values, (1, 1, 1, 0, 0, 1), strict=True)
    )
    height, width = zip(*columns, strict=True)
    return [height, width]


def reasons_against(axes: Sequence[Axis]) -> list[str]:
    """Why torch refuses the settings, said once if the axes have the same reasons."""
    found = [deconv.illegal(*axis) for axis in axes]
    if all(reasons == found[0] for reasons in found):
        return found[0]
    return [
        f"{name}: {reason}"
        for name, reasons in zip(("height", "width"), found, strict=True)
        for reason in reasons
    ]


def nearest_legal(settings: DeconvSettings, layer: Layer | None = None) -> dict[str, int] | None:
    """The smallest changes that make settings legal, {name: new value}.

    It moves what torch complains of, which is enough: output padding, then padding. With a layer
    only the input's size can change; None if that does not help.
    """
    if not reasons_against(axes_of(settings, layer)[2 - settings.dims :]):
        return {}
    if layer is not None:
        for size in range(1, LARGEST_SIZE + 1):
            if not reasons_against(
                axes_of(settings.changed(size=size), layer)[2 - settings.dims :]
            ):
                return {"size": size}
        return None
    change = {}
    extra = min(settings.output_padding, max(settings.stride, settings.dilation) - 1)
    if extra != settings.output_padding:
        change["output_padding"] = extra
    free = settings.changed(output_padding=extra, padding=0)
    most = (deconv.output_size(*axes_of(free)[1]) - 1) // 2
    if settings.padding > most:
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


def _kernel(settings: DeconvSettings) -> Tensor:
    if settings.kernel_pattern == patterns.LEARNED:
        return patterns.learned(settings.kernel, settings.stride, settings.dilation, settings.dims)
    return patterns.KERNELS[settings.kernel_pattern](settings.kernel, settings.dims)


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
