"""What a layer brings along when an explorer looks into it."""

from typing import Any

from torch import nn

from gan_lessons import checks
from gan_lessons.widgets.deconv_explorer.patterns import LEARNED
from gan_lessons.widgets.deconv_explorer.settings import DeconvSettings
from gan_lessons.widgets.deconv_explorer.view import DeconvView, Layer, nearest_legal

SIDES = ("size", "kernel", "stride", "padding", "output_padding", "dilation")
CHANNELS = ("in_channel", "out_channel")
OF_A_LAYER = ("dims", *SIDES[1:], "kernel_pattern", "bias")  # what a layer brings along


def known(layer: nn.Module) -> Layer:
    """The layer. Raises TypeError if it is of another kind."""
    if isinstance(layer, nn.ConvTranspose1d | nn.ConvTranspose2d):
        return layer
    raise TypeError(
        f"layer must be an nn.ConvTranspose1d or nn.ConvTranspose2d, got {type(layer).__name__}"
    )


def with_layer(layer: Layer, settings: dict[str, Any]) -> dict[str, Any]:
    """The settings with what a layer brings along. Raises TypeError if both set the same."""
    brought = sorted(set(settings) & set(OF_A_LAYER))
    if brought:
        raise TypeError(f"a layer brings its own {', '.join(brought)}: leave them out")
    dims = layer.weight.dim() - 2
    weights = layer.weight.detach()
    first = {"input_pattern": "impulse", "numbers": bool((weights == weights.round()).all())}
    return {**first, **settings, "kernel_pattern": LEARNED, "dims": dims}


def check_fit(layer: Layer, settings: DeconvSettings) -> None:
    """Raises ValueError if the layer has not such channels, or accepts no input."""
    for name, count in zip(CHANNELS, channels(layer), strict=True):
        checks.whole(name, getattr(settings, name), 0, count - 1)
    if nearest_legal(settings, layer) is None:
        reasons = "; ".join(DeconvView(settings, layer).illegal)
        raise ValueError(f"torch refuses this layer for all inputs of 1 to 10 cells: {reasons}")


def channels(layer: Layer) -> tuple[int, int]:
    """How many input channels there are, and how many output channels for each of them."""
    return layer.in_channels, layer.weight.shape[1]
