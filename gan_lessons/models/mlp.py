"""The dense networks of the source article: 100 → 128 → 128 → 784, and 784 → 128 → 128 → 1."""

import math

import torch
from torch import Tensor, nn

from gan_lessons.models.parts import JoinLabel, Projection, add_spectral_norm, network


@network
class Generator(nn.Module):
    """z: (N, latent) → pictures (N, channels, size, size) in [-1, 1], through two hidden layers.

    With `classes` > 0, it takes labels too: (N,) int64, the class to generate for each z.
    """

    def __init__(
        self,
        *,
        size: int = 28,
        channels: int = 1,
        latent: int = 100,
        width: int = 128,
        classes: int = 0,
    ):
        super().__init__()
        self.latent = latent
        self.shape = (channels, size, size)
        self.join = JoinLabel(latent, classes)
        self.layers = nn.Sequential(
            nn.Linear(self.join.width, width),
            nn.LeakyReLU(0.2),
            nn.Linear(width, width),
            nn.LeakyReLU(0.2),
            nn.Linear(width, math.prod(self.shape)),
        )

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return torch.tanh(self.layers(self.join(z, labels))).unflatten(1, self.shape)


@network
class Discriminator(nn.Module):
    """Pictures (N, channels, size, size) → logits (N,), through two hidden layers.

    With `classes` > 0, it takes labels too: (N,) int64, the class that each picture is judged as.
    With `spectral`, every layer has spectral norm.
    """

    def __init__(
        self,
        *,
        size: int = 28,
        channels: int = 1,
        width: int = 128,
        classes: int = 0,
        spectral: bool = False,
    ):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(),
            nn.Linear(channels * size * size, width),
            nn.LeakyReLU(0.2),
            nn.Linear(width, width),
            nn.LeakyReLU(0.2),
            nn.Linear(width, 1),
        )
        self.projection = Projection(width, classes)
        if spectral:
            add_spectral_norm(self)

    def features(self, x: Tensor) -> Tensor:
        """φ(x): (N, width), the input of the last layer."""
        return self.layers[:-1](x)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        features = self.features(x)
        return self.projection(self.layers[-1](features).squeeze(1), features, labels)
