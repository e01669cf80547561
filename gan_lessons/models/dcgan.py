"""DCGAN (Radford, Metz and Chintala 2015): convolutions, batch norm, deconvolutions to upsample.

The paper shows it for 64 pixels. Here the same architecture works for every size that doubling can
reach: `map_sizes` computes the sizes of its maps with the formula of lesson 02.
"""

from itertools import pairwise
from typing import Any

from torch import Tensor, nn

from gan_lessons.checks import instance
from gan_lessons.deconv import conv_output_size, output_size
from gan_lessons.models.parts import JoinLabel, Projection, add_spectral_norm, network, ranged

# Kernel 4 with stride 2 and padding 1 doubles a size exactly. As 4 is divisible by 2, the same
# number of inputs reaches every output pixel except those at the border (lesson 03).
DOUBLE: dict[str, Any] = {"kernel_size": 4, "stride": 2, "padding": 1}
LARGEST_START = 8


def map_sizes(size: int) -> tuple[int, ...]:
    """The sides of the feature maps from the first one to the picture: 28 → (7, 14, 28).

    Halves a size above 4 with the discriminator's convolution, as long as the generator's
    deconvolution leads back to the same size.

    Raises:
        ValueError: the size cannot be reached by doubling a map of 3 to 8 pixels.
    """
    size = ranged("size", size)
    sizes = [size]
    while sizes[0] > 4:
        half = conv_output_size(sizes[0], 4, stride=2, padding=1)
        if output_size(half, 4, stride=2, padding=1) != sizes[0]:
            break
        sizes.insert(0, half)
    if len(sizes) == 1 or not 3 <= sizes[0] <= LARGEST_START:
        reachable = {start << doublings for start in range(3, 9) for doublings in range(1, 12)}
        near = sorted(sorted(reachable, key=lambda other: abs(other - size))[:2])
        raise ValueError(
            f"size must be 3 to {LARGEST_START} doubled at least once, got {size}; "
            f"the nearest are {near[0]} and {near[1]}"
        )
    return tuple(sizes)


def widths(size: int, width: int) -> list[int]:
    """The channels of each feature map except the picture: twice as many where the side halves."""
    maps, width = len(map_sizes(size)) - 1, ranged("width", width)
    return [width << power for power in reversed(range(maps))]


def initialise(network: nn.Module) -> None:
    """Draws weights from N(0, 0.02²) and batch norm's scales from N(1, 0.02²).

    Biases and batch norm's shifts become 0. Source: the paper, section 4, for the weights; its
    authors' code for the scales.
    """
    for layer in instance("network", network, nn.Module).modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(layer.weight, 0.0, 0.02)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        elif isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.weight, 1.0, 0.02)
            nn.init.zeros_(layer.bias)


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
        width: int = 64,
        classes: int = 0,
    ):
        super().__init__()
        self.latent = latent
        self.join = JoinLabel(latent, classes)
        wide = widths(size, width)
        # From 1×1 to the first map: the output of this deconvolution is as large as its kernel.
        layers: list[nn.Module] = [
            nn.ConvTranspose2d(self.join.width, wide[0], map_sizes(size)[0], bias=False),
            nn.BatchNorm2d(wide[0]),
            nn.ReLU(),
        ]
        for before, after in pairwise(wide):
            layers += [
                nn.ConvTranspose2d(before, after, **DOUBLE, bias=False),
                nn.BatchNorm2d(after),
                nn.ReLU(),
            ]
        layers += [nn.ConvTranspose2d(wide[-1], channels, **DOUBLE), nn.Tanh()]
        self.layers = nn.Sequential(*layers)
        initialise(self)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.layers(self.join(z, labels)[:, :, None, None])


@network
class Discriminator(nn.Module):
    """Pictures (N, channels, size, size) → logits (N,): the generator's architecture in reverse.

    The first layer has no batch norm (the paper, section 3); leaky rectifiers have slope 0.2. With
    `norm=False`, no layer has batch norm and all have biases: each logit then depends on its own
    picture only, as gradient penalties require. With `spectral`, every layer has spectral norm.
    Batch norm rescales the maps, so `spectral` bounds the network only with `norm=False`. With
    `classes` > 0, it takes labels too: (N,) int64, the class that each picture is judged as.
    """

    def __init__(
        self,
        *,
        size: int = 28,
        channels: int = 1,
        width: int = 64,
        classes: int = 0,
        norm: bool = True,
        spectral: bool = False,
    ):
        super().__init__()
        narrow = widths(size, width)[::-1]
        layers: list[nn.Module] = [nn.Conv2d(channels, narrow[0], **DOUBLE), nn.LeakyReLU(0.2)]
        for before, after in pairwise(narrow):
            # Batch norm's shift acts as the bias.
            layers.append(nn.Conv2d(before, after, **DOUBLE, bias=not norm))
            if norm:
                layers.append(nn.BatchNorm2d(after))
            layers.append(nn.LeakyReLU(0.2))
        # From the last map to 1×1: a kernel as large as the map.
        side = map_sizes(size)[0]
        layers += [nn.Conv2d(narrow[-1], 1, side), nn.Flatten()]
        self.layers = nn.Sequential(*layers)
        self.projection = Projection(narrow[-1] * side**2, classes)
        initialise(self)
        if spectral:
            add_spectral_norm(self)

    def features(self, x: Tensor) -> Tensor:
        """φ(x): (N, channels, side, side), the last feature map.

        The kernel of the convolution after it is as large as the map, so that layer is linear in
        all of its numbers, as `Projection` needs.
        """
        return self.layers[:-2](x)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        features = self.features(x)
        return self.projection(self.layers[-2:](features).squeeze(1), features, labels)
