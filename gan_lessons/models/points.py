"""Networks for points in the plane or on a line: small enough to watch a whole GAN at work."""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from gan_lessons.checks import one_of
from gan_lessons.models.parts import check_labels, network

PRIORS = ("normal", "uniform")
SLOPES = {"leaky": 0.2, "relu": 0.0}  # for negative inputs, by the name of the activation


def _dense(inputs: int, layers: int, width: int, outputs: int, activation: str) -> nn.Sequential:
    """`layers` hidden layers with `width` units each, then a linear layer."""
    one_of("activation", activation, SLOPES)
    sizes = [inputs, *[width] * layers]
    hidden = [
        module
        for before, after in pairwise(sizes)
        for module in (nn.Linear(before, after), nn.LeakyReLU(SLOPES[activation]))
    ]
    return nn.Sequential(*hidden, nn.Linear(sizes[-1], outputs))


@network
class Generator(nn.Module):
    """z: (N, latent), drawn from N(0, 1) → points (N, dims), unbounded.

    `prior` is the distribution that the layers see. For "uniform", each number of z is first mapped
    to the uniform distribution on [-1, 1]: u = 2 Φ(z) - 1 = erf(z / √2), where Φ is the
    distribution function of N(0, 1).

    `activation` is "leaky" (slope 0.2 for negative inputs) or "relu" (slope 0). With "relu", an
    inactive unit ignores small changes of z, which makes it easier to keep points in one mode while
    z changes, as the grid of 25 modes needs (benchmarks/modes.py).

    Raises ValueError for an unknown prior or activation.
    """

    def __init__(
        self,
        *,
        latent: int = 2,
        layers: int = 2,
        width: int = 32,
        dims: int = 2,
        prior: str = "normal",
        activation: str = "leaky",
    ):
        super().__init__()
        one_of("prior", prior, PRIORS)
        self.latent = latent
        self.uniform = prior == "uniform"
        self.layers = _dense(latent, layers, width, dims, activation)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        check_labels(labels, 0, len(z))
        return self.layers(torch.erf(z / math.sqrt(2)) if self.uniform else z)


@network
class Discriminator(nn.Module):
    """Points (N, dims) → logits (N,). Raises ValueError for an unknown activation."""

    def __init__(
        self, *, layers: int = 2, width: int = 32, dims: int = 2, activation: str = "leaky"
    ):
        super().__init__()
        self.layers = _dense(dims, layers, width, 1, activation)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        check_labels(labels, 0, len(x))
        return self.layers(x).squeeze(1)
