"""Ways to double the size of a feature map, and measures of the artefacts that they cause.

    layer = make("resize-nearest", in_channels=32, out_channels=16)
    checkerboard_energy(layer(x))  # x: (N, 32, H, W), layer(x): (N, 16, 2H, 2W)

The output of a layer with stride 2 consists of 2 × 2 interleaved parts, its *phases*: the pixels in
even rows and even columns, those in even rows and odd columns, and so on. Each phase has its own
kernel weights. If the phases respond differently to a constant input, the output shows a
checkerboard.

All layers are initialised alike, so that they differ only in how they upsample: normal weights and
a bias of 0. An input that is constant over the map gives an output of the same mean square, in
expectation over weights and phases.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrize

from gan_lessons.checks import fits, flag, function, instance, one_of, per_axis, whole

_ROUNDING = 64  # in machine epsilons: smaller relative differences count as rounding errors

WIDEST = 2**16  # channels, kernel positions or phases
LARGEST = 2**30  # weights of a layer: 4 GB

Layers = Iterable[tuple[int, int, int]]  # input channels, output channels, input side of each layer


@dataclass(frozen=True)
class Strategy:
    """A way to double height and width, and its cost.

    multiply_adds, weights: for each pair of an input and an output channel; the multiply-adds are
        for one input pixel
    fixed, biases: multiply-adds for one input pixel, and biases, for each output channel
    """

    description: str
    build: Callable[[int, int, bool], nn.Module]  # of input channels, output channels, bias
    multiply_adds: int
    weights: int
    fixed: int = 0
    biases: int = 1


class Cost(NamedTuple):
    """The cost of a layer: multiply-adds for one picture, and learned parameters."""

    multiply_adds: int
    parameters: int


class Spectrum(NamedTuple):
    """Frequencies in cycles per pixel, and the power at each: two tensors of shape (rings,)."""

    frequency: Tensor
    power: Tensor


def make(name: str, in_channels: int, out_channels: int, *, bias: bool = True) -> nn.Module:
    """A layer (N, in_channels, H, W) → (N, out_channels, 2H, 2W), by one of STRATEGIES.

    Its weights are drawn from torch's global random generator, as in torch's own layers.
    Raises ValueError for an unknown name, and for channels out of range.
    """
    strategy = _strategy(name)
    ins = whole("in_channels", in_channels, 1, WIDEST)
    outs = whole("out_channels", out_channels, 1, WIDEST)
    fits("the layer", strategy.weights * ins * outs, LARGEST, "use fewer channels")
    return strategy.build(ins, outs, flag("bias", bias))


def cost(name: str, in_channels: int, out_channels: int, size: int, *, bias: bool = True) -> Cost:
    """The cost of the layer for one input of size × size pixels.

    Counted in the usual way, for the layer as it is computed: products with zero padding count;
    adding the bias and interpolating do not. `resize-nearest` could be cheaper: it equals a
    deconvolution with kernel 4, at 16 multiply-adds instead of 36.
    Raises ValueError for an unknown name, and for channels or a size below 1.
    """
    strategy = _strategy(name)
    ins, outs = whole("in_channels", in_channels, 1), whole("out_channels", out_channels, 1)
    side = whole("size", size, 1)
    per_pixel = (strategy.multiply_adds * ins + strategy.fixed) * outs
    parameters = (strategy.weights * ins + strategy.biases * flag("bias", bias)) * outs
    return Cost(per_pixel * side**2, parameters)


def channels_for(name: str, budget: int, layers: Callable[[int], Layers]) -> int:
    """The largest c for which all of layers(c) together cost at most `budget` multiply-adds.

    layers: gives (input channels, output channels, input side) of each layer for a number of
    channels c, and grows with c, such as `lambda c: [(2 * c, c, 7), (c, 1, 14)]`.
    Raises ValueError for an unknown name, if even c = 1 costs more, and if the cost does not grow.
    """
    _strategy(name)
    budget = whole("budget", budget)
    function("layers", layers)

    def affordable(c: int) -> bool:
        return sum(cost(name, *layer).multiply_adds for layer in layers(c)) <= budget

    if not affordable(1):
        raise ValueError(
            f"{name} takes more than {budget} multiply-adds with a single channel: "
            "use a larger budget"
        )
    low, high = 1, 2  # low channels are affordable; double high until it is not
    while affordable(high):
        if high > budget:
            raise ValueError(f"layers must cost more with more channels, got {layers(high)}")
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if affordable(middle) else (low, middle)
    return low


def bilinear_kernel(kernel: int) -> Tensor:
    """The tent that interpolates linearly along one axis: (kernel,), its largest value at most 1.

    For stride s it interpolates if the kernel is 2s - s % 2. In 2-D, use its outer product with
    itself. Raises ValueError for a kernel below 1 or above 65,536.
    """
    kernel = whole("kernel", kernel, 1, WIDEST)
    factor = (kernel + 1) // 2
    centre = (kernel - 1) / 2
    return 1 - (torch.arange(kernel) - centre).abs() / factor


def polyphase_sums(weight: Tensor, stride: int | tuple[int, int]) -> Tensor:
    """The sum of each phase's weights: what each phase of a deconvolution makes of a constant 1.

    weight: (K,) or (C, O, K) → (stride,) or (C, O, stride); (KH, KW) or (C, O, KH, KW) → the
    same with (stride, stride) at the end. A phase without weights has the sum 0.
    Raises ValueError for other shapes and for a stride below 1.
    """
    if instance("weight", weight, Tensor).dim() not in (1, 2, 3, 4):
        raise ValueError(
            f"weight must be (K,), (KH, KW), (C, O, K) or (C, O, KH, KW), got {tuple(weight.shape)}"
        )
    axes = 1 if weight.dim() in (1, 3) else 2
    strides = per_axis("stride", stride, axes, 1, WIDEST)
    fits("the sums", weight[..., :1].numel() * math.prod(strides), LARGEST, "use a smaller stride")
    for axis, s in zip(range(-axes, 0), strides, strict=True):
        lines = weight.movedim(axis, -1)
        lines = F.pad(lines, (0, -lines.shape[-1] % s)).unflatten(-1, (-1, s))  # (…, ⌈K / s⌉, s)
        weight = lines.sum(-2).movedim(-1, axis)
    return weight


def unevenness(weight: Tensor, stride: int | tuple[int, int]) -> Tensor:
    """How much the phases of a deconvolution differ: std / |mean| of its polyphase sums, a scalar.

    weight: as for `polyphase_sums`. 0 if all phases have the same gain. The std is the
    population's. With channels, it is the root of the mean variance over the root of the mean
    squared mean, both over all pairs of channels: the strength of the checkerboard relative to its
    level, if the inputs are constant maps with independent values around 0.

    Kernels whose weights almost cancel have large values: the pattern is then all that remains of
    a constant. Infinite if the weights sum to exactly 0 and the phases differ; 0 for a weight of
    zeros. Expect √3 for random weights in 2-D with stride 2, pooled over many kernels.
    """
    if not instance("weight", weight, Tensor).is_floating_point():
        raise TypeError(f"weight must be floating point, got {weight.dtype}")
    sums = polyphase_sums(weight, stride)
    axes = (-1,) if weight.dim() in (1, 3) else (-2, -1)
    mean = sums.mean(axes, keepdim=True)
    # A norm, not std: the gradient of std is NaN at 0.
    spread = torch.linalg.vector_norm(sums - mean)
    if spread == 0:
        return spread
    return spread / torch.linalg.vector_norm(mean.expand_as(sums))


def radial_spectrum(images: Tensor) -> Spectrum:
    """The power of pictures at each frequency, averaged over directions, channels and pictures.

    images: (N, C, H, W). Frequency j / min(H, W) stands for the ring of 2-D frequencies whose
    radius rounds to it: 0 is the mean, 0.5 the finest stripes, √0.5 the finest checkerboard.
    The power is |DFT|² / (H W): white noise of variance v has power v at every frequency.
    Raises ValueError for other shapes, TypeError for pictures that are not floating point.
    """
    _check_pictures(images)
    height, width = images.shape[-2:]
    power = torch.fft.fft2(images).abs().square().mean((0, 1)) / (height * width)  # (H, W)
    down = torch.fft.fftfreq(height, device=images.device, dtype=images.dtype)
    right = torch.fft.fftfreq(width, device=images.device, dtype=images.dtype)
    side = min(height, width)
    ring = (torch.hypot(down[:, None], right) * side).round().long().flatten()
    count = torch.bincount(ring)
    total = power.new_zeros(len(count)).index_add(0, ring, power.flatten())
    return Spectrum(torch.arange(len(count)).to(power) / side, total / count)


def checkerboard_energy(images: Tensor, stride: int = 2, *, window: int | None = None) -> Tensor:
    """The share of the pictures' variance that repeats with the stride: a scalar from 0 to 1.

    images: (N, C, H, W). For each picture and channel: the variance between the means of its
    stride × stride phases, over the variance of its pixels; both summed over pictures and channels.
    In the spectrum, this is the share of the power, without the mean's, at frequencies that are
    multiples of 1 / stride along both axes (exact if the stride divides the size).

    0 for pictures that are constant up to rounding errors. White noise of P pixels has
    (stride² - 1) / (P - 1) on average. Real pictures have a share too: compare with theirs. The
    pattern must have the same phase all over the picture: if its light and dark cells swap halfway,
    the two halves cancel. A smooth picture whose opposite borders differ has some energy from that
    alone.

    window: if given, the phases are compared within each window × window tile, so that patterns
    count that change from tile to tile; so do more of a picture's own details. A rest of the
    picture that fills no tile is left out.

    Raises ValueError for other shapes, for a stride below 1 or above a side, and for a window that
    is not a multiple of the stride or larger than a side; TypeError for pictures that are not
    floating point.
    """
    _check_pictures(images)
    height, width = images.shape[-2:]
    stride = whole("stride", stride, least=1, most=min(height, width))
    if window is None:
        tiles = images[:, :, None, None]  # (N, C, 1, 1, H, W)
    else:
        window = whole("window", window, least=stride, most=min(height, width))
        if window % stride:
            raise ValueError(f"window must be a multiple of the stride {stride}, got {window}")
        tiles = images.unfold(2, window, window).unfold(3, window, window)
    centred = tiles - tiles.mean((2, 3, 4, 5), keepdim=True)
    total = centred.square().sum()
    if total <= (_ROUNDING * torch.finfo(images.dtype).eps) ** 2 * images.square().sum():
        return torch.zeros_like(total)
    if window is not None:
        centred = centred - centred.mean((-2, -1), keepdim=True)  # what lies between tiles
    phases = [centred[..., y::stride, x::stride] for y in range(stride) for x in range(stride)]
    between = [phase.mean((-2, -1)).square().sum() * phase[0, 0, 0, 0].numel() for phase in phases]
    return torch.stack(between).sum() / total


class EqualGain(nn.Module):
    """Keeps the phases' gains equal: a parametrisation of a deconvolution's weight for stride 2.

    weight: (C, O, KH, KW), even sides. For each pair of channels, adds one number to the weights of
    each phase, so that the sum of every phase becomes the mean sum. The result is the nearest
    weight with equal sums.
    """

    def forward(self, weight: Tensor) -> Tensor:
        sums = polyphase_sums(weight, 2)
        return _with_sums(weight, sums.mean((-2, -1), keepdim=True))

    def right_inverse(self, weight: Tensor) -> Tensor:
        return weight


class Blur(nn.Module):
    """Convolves each channel with [1 2 1] / 4 along both axes: (N, C, H, W) → the same shape.

    Its response is 0 at the frequency 1/2, the checkerboard's. Unlike the shorter [1 1] / 2, it
    does not shift the picture. The border is padded by reflection, which continues a checkerboard.
    """

    tent: Tensor

    def __init__(self) -> None:
        super().__init__()
        line = torch.tensor([1.0, 2.0, 1.0]) / 4
        self.register_buffer("tent", torch.outer(line, line), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        channels = x.shape[1]
        kernels = self.tent.expand(channels, 1, 3, 3)
        return F.conv2d(F.pad(x, (1, 1, 1, 1), mode="reflect"), kernels, groups=channels)


def _deconv(kernel: int, ins: int, outs: int, bias: bool, gain: float = 1.0) -> nn.ConvTranspose2d:
    layer = nn.ConvTranspose2d(
        ins, outs, kernel, stride=2, padding=(kernel - 1) // 2, output_padding=kernel % 2, bias=bias
    )
    _normal(layer, gain * 2 / (kernel * ins**0.5))  # an output reads (kernel / 2)² cells
    return layer


def _deconv4_bilinear(ins: int, outs: int, bias: bool) -> nn.Module:
    layer = _deconv(4, ins, outs, bias)
    tent = bilinear_kernel(4)
    mix = torch.randn(ins, outs) / ins**0.5  # the layer enlarges each map and mixes them at random
    with torch.no_grad():
        layer.weight.copy_(mix[..., None, None] * torch.outer(tent, tent))
    return layer


def _deconv4_equal(ins: int, outs: int, bias: bool) -> nn.Module:
    layer = _deconv(4, ins, outs, bias)
    with torch.no_grad():
        # All phases get the first one's sum: the mean of four would have a quarter of its variance.
        sums = polyphase_sums(layer.weight, 2)
        layer.weight.copy_(_with_sums(layer.weight, sums[..., :1, :1]))
    parametrize.register_parametrization(layer, "weight", EqualGain())
    return layer


def _deconv4_blur(ins: int, outs: int, bias: bool) -> nn.Module:
    # The weights are doubled because the blur averages four independent phases.
    return nn.Sequential(_deconv(4, ins, outs, bias, gain=2.0), Blur())


def _subpixel(ins: int, outs: int, bias: bool, icnr: bool = False) -> nn.Module:
    """Shi et al. 2016; with `icnr`, the four phases start alike (Aitken et al. 2017)."""
    layer = nn.Conv2d(ins, 4 * outs, 3, padding=1, bias=bias)
    _normal(layer, 1 / (3 * ins**0.5))
    if icnr:
        with torch.no_grad():
            layer.weight.copy_(layer.weight[::4].repeat_interleave(4, dim=0))
    return nn.Sequential(layer, nn.PixelShuffle(2))


def _resize(mode: str, ins: int, outs: int, bias: bool) -> nn.Module:
    layer = nn.Conv2d(ins, outs, 3, padding=1, bias=bias)
    _normal(layer, 1 / (3 * ins**0.5))
    return nn.Sequential(nn.Upsample(scale_factor=2, mode=mode), layer)


def _normal(layer: nn.Conv2d | nn.ConvTranspose2d, std: float) -> None:
    nn.init.normal_(layer.weight, std=std)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def _with_sums(weight: Tensor, wanted: Tensor) -> Tensor:
    """The nearest weight with the wanted phase sums; weight: (C, O, KH, KW) with even sides."""
    rows, columns = weight.shape[-2] // 2, weight.shape[-1] // 2  # of each phase
    missing = (wanted - polyphase_sums(weight, 2)) / (rows * columns)  # (C, O, 2, 2)
    return weight + missing.repeat(1, 1, rows, columns)


def _strategy(name: str) -> Strategy:
    return STRATEGIES[one_of("strategy", name, STRATEGIES)]


def _check_pictures(images: Tensor) -> None:
    if instance("pictures", images, Tensor).dim() != 4 or not images.numel():
        raise ValueError(f"pictures must be (N, C, H, W), got {tuple(images.shape)}")
    if not images.is_floating_point():
        raise TypeError(f"pictures must be floating point, got {images.dtype}")


STRATEGIES = {
    "deconv3": Strategy("kernel 3: phases of 1, 2, 2 and 4 weights", partial(_deconv, 3), 9, 9),
    "deconv4": Strategy("kernel 4: four phases of 4 weights", partial(_deconv, 4), 16, 16),
    "deconv5": Strategy("kernel 5: phases of 4, 6, 6 and 9 weights", partial(_deconv, 5), 25, 25),
    "deconv4-bilinear": Strategy("starts as linear interpolation", _deconv4_bilinear, 16, 16),
    "deconv4-equal": Strategy("four phases of equal gain, kept so", _deconv4_equal, 16, 16),
    "deconv4-blur": Strategy("then blurred by [1 2 1] / 4", _deconv4_blur, 16, 16, fixed=4 * 9),
    "subpixel": Strategy("convolution, four channels woven to one", _subpixel, 36, 36, biases=4),
    "subpixel-icnr": Strategy(
        "sub-pixel, starts with four equal phases", partial(_subpixel, icnr=True), 36, 36, biases=4
    ),
    "resize-nearest": Strategy("pixels doubled, convolution", partial(_resize, "nearest"), 36, 9),
    "resize-bilinear": Strategy(
        "linear interpolation, convolution", partial(_resize, "bilinear"), 36, 9
    ),
}
