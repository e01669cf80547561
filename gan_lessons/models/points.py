"""Networks for points in the plane or on a line: small enough that a GAN can be watched whole."""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from gan_lessons.models.parts import check_labels

LATENTS = ("normal", "uniform")
SLOPES = {"leaky": 0.2, "relu": 0.0}  # of a unit that is off, by the name of the activation


def _dense(inputs: int, layers: int, width: int, outputs: int, activation: str) -> nn.Sequential:
    """`layers` hidden layers of `width` units each; with 0 of them, one linear map."""
    if activation not in SLOPES:
        raise ValueError(f"unknown activation {activation!r}; known: {', '.join(SLOPES)}")
    sizes = [inputs, *[width] * layers]
    hidden = [
        module
        for before, after in pairwise(sizes)
        for module in (nn.Linear(before, after), nn.LeakyReLU(SLOPES[activation]))
    ]
    return nn.Sequential(*hidden, nn.Linear(sizes[-1], outputs))


class Generator(nn.Module):
    """z: (N, latent), numbers from N(0, 1) → points (N, dims), anywhere.

    With `shape` "uniform", each number of z is first sent to [-1, 1] so that it is spread evenly
    there: u = 2 Φ(z) - 1 = erf(z / √2), Φ being the normal distribution's own function.

    With the activation "relu" in the place of "leaky" (of slope 0.2), a unit that is off does not
    move at all: points that stay in a mode while z changes are easier to learn, as those of the
    grid of 25 are (benchmarks/modes.py).
    """

    def __init__(
        self,
        *,
        latent: int = 2,
        layers: int = 2,
        width: int = 32,
        dims: int = 2,
        shape: str = "normal",
        activation: str = "leaky",
    ):
        super().__init__()
        if shape not in LATENTS:
            raise ValueError(f"unknown shape of the latent {shape!r}; known: {', '.join(LATENTS)}")
        self.options = {
            "latent": latent,
            "layers": layers,
            "width": width,
            "dims": dims,
            "shape": shape,
            "activation": activation,
        }
        self.latent = latent
        self.uniform = shape == "uniform"
        self.layers = _dense(latent, layers, width, dims, activation)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        check_labels(labels, 0, len(z))
        return self.layers(torch.erf(z / math.sqrt(2)) if self.uniform else z)


class Discriminator(nn.Module):
    """Points (N, dims) → logits (N,)."""

    def __init__(
        self, *, layers: int = 2, width: int = 32, dims: int = 2, activation: str = "leaky"
    ):
        super().__init__()
        self.options = {
            "layers": layers,
            "width": width,
            "dims": dims,
            "activation": activation,
        }
        self.layers = _dense(dims, layers, width, 1, activation)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        check_labels(labels, 0, len(x))
        return self.layers(x).squeeze(1)
