"""The dense networks of the source article, at its sizes: 100 → 128 → 128 → 784 and back to 1."""

import math

import torch
from torch import Tensor, nn


class Generator(nn.Module):
    """z: (N, latent) → pictures (N, channels, size, size) in [-1, 1], through two hidden layers."""

    def __init__(self, *, size: int = 28, channels: int = 1, latent: int = 100, width: int = 128):
        super().__init__()
        self.options = {"size": size, "channels": channels, "latent": latent, "width": width}
        self.latent = latent
        self.shape = (channels, size, size)
        self.layers = nn.Sequential(
            nn.Linear(latent, width),
            nn.LeakyReLU(0.2),
            nn.Linear(width, width),
            nn.LeakyReLU(0.2),
            nn.Linear(width, math.prod(self.shape)),
        )

    def forward(self, z: Tensor) -> Tensor:
        return torch.tanh(self.layers(z)).unflatten(1, self.shape)


class Discriminator(nn.Module):
    """Pictures (N, channels, size, size) → logits (N,). It sees the whole picture at once."""

    def __init__(self, *, size: int = 28, channels: int = 1, width: int = 128):
        super().__init__()
        self.options = {"size": size, "channels": channels, "width": width}
        self.layers = nn.Sequential(
            nn.Flatten(),
            nn.Linear(channels * size * size, width),
            nn.LeakyReLU(0.2),
            nn.Linear(width, width),
            nn.LeakyReLU(0.2),
            nn.Linear(width, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x).squeeze(1)
