"""Residual networks without normalisation, after R3GAN (Huang et al. 2024, arXiv 2501.05441).

Taken from the paper (sections 3.4 and 3.5) and its code: one kind of residual block for both
players, of a 1×1, a 3×3 and a 1×1 convolution with leaky rectifiers between them; nothing is
normalised, the weights' scale at the start does that work; sizes change by a 1×1 convolution and a
resampling with fixed weights, and by nothing else.

Different from the paper, so that a laptop's CPU trains it in minutes:

- Blocks are half as wide inside, with a dense 3×3 convolution (there: twice as wide, in groups of
  16 channels). Grouped convolutions are slow on a CPU, above all when differentiated twice.
- One block for each size of map (there: two), and none at the picture's own size: the first and
  last layer are DCGAN's kernel of 4 at stride 2.
- Linear layers between z and the first map, and between the last map and the logit. There, each
  channel has a pattern, times a number: fewer weights, and slower to learn in the first minutes.
- The branches start small, not at zero: from zero, both networks are linear at first, and it takes
  long until they are not.
- tanh at the end. The paper's pictures are unbounded, ours are in [-1, 1] by contract. Clamped, a
  pixel beyond the range would get no gradient that brings it back; tanh leaves some, though little
  far out.
- 2×2 means to shrink a map, where the paper's kernel of 4 overlaps.
"""

import math
from itertools import pairwise
from typing import TypeVar

import torch
from torch import Tensor, nn

from gan_lessons.models.dcgan import DOUBLE, map_sizes, widths
from gan_lessons.models.parts import JoinLabel, Projection, add_spectral_norm

SLOPE = 0.2
# A leaky rectifier of this slope keeps (1 + slope²) / 2 of the mean square of what it gets.
GAIN = math.sqrt(2 / (1 + SLOPE**2))

Layer = TypeVar("Layer", nn.Linear, nn.Conv2d, nn.ConvTranspose2d)


def scaled(layer: Layer, gain: float = 1.0) -> Layer:
    """The layer, with weights N(0, gain² / inputs of one output) and a bias of 0.

    The mean square of its output is then gain² times that of its input, for any input and in the
    mean over weights; without this rule (He et al. 2015), signals would grow or fade from layer to
    layer.
    """
    inputs = layer.weight[0].numel()
    if isinstance(layer, nn.ConvTranspose2d):
        # weight: (in, out, k, k); stride s spreads the k² positions of a kernel over s² phases.
        inputs = layer.weight[:, 0].numel() // math.prod(layer.stride)
    nn.init.normal_(layer.weight, 0.0, gain * inputs**-0.5)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


class Residual(nn.Module):
    """x: (N, C, H, W) → x + branch(x), of the same shape.

    The last convolution of the branch starts with the gain that gives the branch 1 / `blocks` of
    its input's mean square: after that many blocks, the sum has grown at most e times.
    """

    def __init__(self, channels: int, blocks: int):
        super().__init__()
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


class Generator(nn.Module):
    """z: (N, latent) → pictures (N, channels, size, size) in [-1, 1].

    `width` is the number of channels of the last feature map before the picture. With `classes`,
    it is also told labels: (N,) int64, the class that each picture shall be of.
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
        self.options = {
            "size": size,
            "channels": channels,
            "latent": latent,
            "width": width,
            "classes": classes,
        }
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


class Discriminator(nn.Module):
    """Pictures (N, channels, size, size) → logits (N,): the generator's shape run backwards.

    Each logit depends on its own picture alone. With `spectral`, every layer has spectral norm,
    whatever its scale at the start. With `classes`, it is also told labels: (N,) int64, and judges
    the picture as one of that class.
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
        self.options = {
            "size": size,
            "channels": channels,
            "width": width,
            "classes": classes,
            "spectral": spectral,
        }
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
        """φ(x): (N, numbers of the last map), what the last layer sees of the pictures."""
        return self.layers[:-1](x)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        features = self.features(x)
        return self.projection(self.layers[-1](features).squeeze(1), features, labels)
