"""Residual networks without normalisation, after R3GAN (Huang et al. 2024, arXiv 2501.05441).

Taken from the paper (sections 3.4 and 3.5) and its code: both networks use one kind of residual
block, of a 1×1, a 3×3 and a 1×1 convolution with leaky rectifiers between them. There is no
normalisation: the scale of the initial weights takes its role. Maps change their size only by a
1×1 convolution and a resampling with fixed weights.

Different from the paper, so that a laptop's CPU trains it in minutes:

- Blocks are half as wide inside, with a dense 3×3 convolution (paper: twice as wide, in groups of
  16 channels). Grouped convolutions are slow on a CPU, above all in second derivatives.
- There is one block per map size (paper: two), and none at the size of the picture: the layer next
  to the picture has DCGAN's kernel of 4 with stride 2.
- Linear layers connect z with the first map, and the last map with the logit. In the paper, each
  channel has a learned pattern scaled by one number: fewer weights, but slower learning in the
  first minutes.
- The branches start small, not at zero: from zero, both networks start linear and stay nearly
  linear for a long time.
- The generator ends with tanh. The paper's pictures are unbounded; ours are in [-1, 1] by contract.
  If we clamped them, a pixel outside the range would get no gradient; tanh leaves a small one.
- Maps shrink by means over 2×2 pixels; the paper's kernel of 4 overlaps.
"""

import math
from itertools import pairwise
from typing import TypeVar

import torch
from torch import Tensor, nn

from gan_lessons.checks import number, shown, whole
from gan_lessons.models.dcgan import DOUBLE, map_sizes, widths
from gan_lessons.models.parts import JoinLabel, Projection, add_spectral_norm, network, ranged

SLOPE = 0.2
# A leaky rectifier of this slope keeps (1 + slope²) / 2 of its input's mean square.
GAIN = math.sqrt(2 / (1 + SLOPE**2))

Layer = TypeVar("Layer", nn.Linear, nn.Conv2d, nn.ConvTranspose2d)


def scaled(layer: Layer, gain: float = 1.0) -> Layer:
    """The layer with weights from N(0, gain² / n) and a bias of 0; n: the inputs of one output.

    The mean square of its output is then gain² times that of its input, for any input and on
    average over weights. Without this rule (He et al. 2015), signals would grow or fade from layer
    to layer.
    """
    if not isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
        raise ValueError(
            f"layer must be a Linear, Conv2d or ConvTranspose2d layer, got {shown(layer)}"
        )
    inputs = layer.weight[0].numel()
    if isinstance(layer, nn.ConvTranspose2d):
        # weight: (in, out, k, k); stride s spreads the k² positions of a kernel over s² phases.
        inputs = layer.weight[:, 0].numel() // math.prod(layer.stride)
    nn.init.normal_(layer.weight, 0.0, number("gain", gain, 0) * inputs**-0.5)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


class Residual(nn.Module):
    """x: (N, C, H, W) → x + branch(x), the same shape.

    Initially, the mean square of the branch is 1 / `blocks` of its input's: the mean square of the
    sum grows by a factor of at most e over all blocks.
    """

    def __init__(self, channels: int, blocks: int):
        super().__init__()
        channels, blocks = whole("channels", channels, 1, 2**20), ranged("blocks", blocks)
        inside = max(channels // 2, 1)
        self.branch = nn.Sequential(
            scaled(nn.Conv2d(channels, inside, 1)),
            nn.LeakyReLU(SLOPE),
            scaled(nn.Conv2d(inside, inside, 3, padding=1), GAIN),
            nn.LeakyReLU(SLOPE),
            scaled(nn.Conv2d(inside, channels, 1, bias=False), GAIN * blocks**-0.5),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.branch(x)


@network
class Generator(nn.Module):
    """z: (N, latent) → pictures (N, channels, size, size) in [-1, 1].

    `width` is the number of channels of the last feature map before the picture. With `classes`
    > 0, it takes labels too: (N,) int64, the class to generate for each z.
    """

    def __init__(
        self,
        *,
        size: int = 28,
        channels: int = 1,
        latent: int = 100,
        width: int = 32,
        classes: int = 0,
    ):
        super().__init__()
        self.latent = latent
        self.join = JoinLabel(latent, classes)
        wide, side = widths(size, width), map_sizes(size)[0]
        layers: list[nn.Module] = [
            scaled(nn.Linear(self.join.width, wide[0] * side**2)),
            nn.Unflatten(1, (wide[0], side, side)),
            Residual(wide[0], len(wide)),
        ]
        for before, after in pairwise(wide):
            layers += [
                scaled(nn.Conv2d(before, after, 1, bias=False)),
                nn.Upsample(scale_factor=2, mode="bilinear"),
                Residual(after, len(wide)),
            ]
        layers.append(scaled(nn.ConvTranspose2d(wide[-1], channels, **DOUBLE)))
        self.layers = nn.Sequential(*layers)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return torch.tanh(self.layers(self.join(z, labels)))


@network
class Discriminator(nn.Module):
    """Pictures (N, channels, size, size) → logits (N,): the generator's architecture in reverse.

    Each logit depends on its own picture only. With `spectral`, every layer has spectral norm, so
    its initial scale has no effect. With `classes` > 0, it takes labels too: (N,) int64, the class
    that each picture is judged as.
    """

    def __init__(
        self,
        *,
        size: int = 28,
        channels: int = 1,
        width: int = 32,
        classes: int = 0,
        spectral: bool = False,
    ):
        super().__init__()
        narrow, side = widths(size, width)[::-1], map_sizes(size)[0]
        layers: list[nn.Module] = [
            scaled(nn.Conv2d(channels, narrow[0], **DOUBLE, bias=False)),
            Residual(narrow[0], len(narrow)),
        ]
        for before, after in pairwise(narrow):
            layers += [
                nn.AvgPool2d(2),
                scaled(nn.Conv2d(before, after, 1, bias=False)),
                Residual(after, len(narrow)),
            ]
        features = narrow[-1] * side**2
        layers += [nn.Flatten(), scaled(nn.Linear(features, 1))]
        self.layers = nn.Sequential(*layers)
        self.projection = Projection(features, classes)
        if spectral:
            add_spectral_norm(self)

    def features(self, x: Tensor) -> Tensor:
        """φ(x): (N, numbers of the last map), the input of the last layer."""
        return self.layers[:-1](x)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        features = self.features(x)
        return self.projection(self.layers[-1](features).squeeze(1), features, labels)
