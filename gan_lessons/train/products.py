"""Convolutions and deconvolutions that are plain matrix products, computed as such on a CPU.

At both ends of a network stand layers that a convolution routine computes slowly: from or to a map
of one pixel, from or to few channels. Written as one product of two matrices (lesson 01), they take
less time, with the same result up to rounding, the same gradients and the same state dict:

- a deconvolution of one pixel is a product with its kernel, and a convolution whose kernel is as
  large as the map is the opposite of that;
- a 1×1 convolution applies one matrix to the channels of each pixel;
- a deconvolution to few channels is a product, whose results `fold` adds where they overlap;
- a convolution from few channels is a product with the patches that `unfold` cuts out.

Measured on CPUs only: on other devices, the layers stay as they are.
"""

import contextlib
from collections.abc import Iterable, Iterator
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gan_lessons.precision import at_least_float32


class AsProducts:
    """Lets the layers of some networks that are matrix products compute as such, while it is used.

    Layers that it does not know, and those of subclasses with a forward of their own, are left
    alone. Afterwards, all layers are what they were: they can be copied, compiled and exported.
    """

    def __init__(self, networks: Iterable[nn.Module]):
        self._forwards: list[tuple[nn.Module, partial[Tensor]]] = []
        for layer in {layer for network in networks for layer in network.modules()}:
            if isinstance(layer, nn.Conv2d) and _is_plain(layer):
                self._forwards.append((layer, partial(_convolution, layer)))
            elif isinstance(layer, nn.ConvTranspose2d) and _is_plain(layer):
                self._forwards.append((layer, partial(_deconvolution, layer)))

    @contextlib.contextmanager
    def used(self) -> Iterator[None]:
        """While this context lasts, the layers compute as products."""
        for layer, forward in self._forwards:
            layer.forward = forward  # type: ignore[method-assign]
        try:
            yield
        finally:
            for layer, _ in self._forwards:
                del layer.forward


def _is_plain(layer: nn.Conv2d | nn.ConvTranspose2d) -> bool:
    own = "forward" not in vars(layer)  # nobody has replaced it
    own = own and type(layer).forward in (nn.Conv2d.forward, nn.ConvTranspose2d.forward)
    dense = layer.groups == 1 and layer.dilation == (1, 1)
    return own and dense and layer.padding_mode == "zeros" and layer.padding != "same"


def _convolution(layer: nn.Conv2d, x: Tensor) -> Tensor:
    """x: (N, C, H, W) → (N, out, H', W')."""
    if x.dim() != 4 or x.device.type != "cpu" or x.shape[1] != layer.in_channels:
        return type(layer).forward(layer, x)  # which raises the error, if it is one
    weight, bias, kernel = layer.weight, layer.bias, layer.kernel_size
    unpadded = layer.padding in ((0, 0), "valid")
    if unpadded and x.shape[2:] == kernel:
        last = _channels_last(weight)
        return F.linear(_rows(x, last), _rows(weight, last), bias)[:, :, None, None]
    if unpadded and kernel == layer.stride == (1, 1):
        return F.linear(x.permute(0, 2, 3, 1), weight.flatten(1), bias).permute(0, 3, 1, 2)
    # Cutting out patches pays only where a convolution would have to compute x's gradient.
    patch = weight[0].numel()
    if x.requires_grad and patch <= layer.out_channels and not isinstance(layer.padding, str):
        height, width = (
            (n + 2 * p - k) // s + 1
            for n, p, k, s in zip(x.shape[2:], layer.padding, kernel, layer.stride, strict=True)
        )
        if min(height, width) > 0:
            patches = F.unfold(x, kernel, padding=layer.padding, stride=layer.stride)
            y = F.linear(patches.transpose(1, 2), weight.flatten(1), bias)
            return y.unflatten(1, (height, width)).permute(0, 3, 1, 2)
    return type(layer).forward(layer, x)


def _deconvolution(layer: nn.ConvTranspose2d, x: Tensor, output_size: None = None) -> Tensor:
    """x: (N, C, H, W) → (N, out, H', W')."""
    usual = x.dim() == 4 and x.device.type == "cpu" and x.shape[1] == layer.in_channels
    if not usual or output_size is not None or any(layer.output_padding):
        return type(layer).forward(layer, x, output_size)
    weight, bias, kernel = layer.weight, layer.bias, layer.kernel_size
    if x.shape[2:] == (1, 1) and layer.padding == (0, 0):
        last = _channels_last(weight)
        y = x.flatten(1) @ _rows(weight, last)
        if last:
            y = y.unflatten(1, (*kernel, layer.out_channels)).permute(0, 3, 1, 2)
        else:
            y = y.unflatten(1, (layer.out_channels, *kernel))
        return y if bias is None else y + bias[:, None, None]
    if weight[0].numel() <= layer.in_channels:
        padding = int(layer.padding[0]), int(layer.padding[1])
        height, width = (
            (n - 1) * s - 2 * p + k
            for n, s, p, k in zip(x.shape[2:], layer.stride, padding, kernel, strict=True)
        )
        if min(height, width) > 0:
            spread = weight.flatten(1).t() @ x.flatten(2)  # (N, out · kernel, H · W)
            y = F.fold(at_least_float32(spread), (height, width), kernel, 1, padding, layer.stride)
            return (y if bias is None else y + bias[:, None, None]).to(spread.dtype)
    return type(layer).forward(layer, x)


def _channels_last(x: Tensor) -> bool:
    return x.is_contiguous(memory_format=torch.channels_last)


def _rows(x: Tensor, channels_last: bool) -> Tensor:
    """x: (N, C, H, W) → (N, C · H · W), in the order in which the numbers lie in memory."""
    return (x.permute(0, 2, 3, 1) if channels_last else x).flatten(1)
