"""The dense networks of the source article, at its sizes: 100 → 128 → 128 → 784 and back to 1."""

import math

import torch
from torch import Tensor, nn

from gan_lessons.models.parts import JoinLabel, Projection, add_spectral_norm


class Generator(nn.Module):
    """z: (N, latent) → pictures (N, channels, size, size) in [-1, 1], through two hidden layers.

    With `classes`, it is also told labels: (N,) int64, the class that each picture shall be of.
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
        self.options = {
            "size": size,
            "channels": channels,
            "latent": latent,
            "width": width,
            "classes": classes,
        }
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


class Discriminator(nn.Module):
    """Pictures (N, channels, size, size) → logits (N,). It sees the whole picture at once.

    With `classes`, it is also told labels: (N,) int64, and judges the picture as one of that class.
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
        self.options = {
            "size": size,
            "channels": channels,
            "width": width,
            "classes": classes,
            "spectral": spectral,
        }
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
        """φ(x): (N, width), what the last layer sees of the pictures."""
        return self.layers[:-1](x)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        features = self.features(x)
        return self.projection(self.layers[-1](features).squeeze(1), features, labels)
