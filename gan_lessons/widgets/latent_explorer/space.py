"""Geometry of the latent space: ways between latents, and the directions that matter most."""

import torch
from torch import Tensor

from gan_lessons.models.latents import between


def latents(seed: int, size: int) -> Tensor:
    """Two latents of a seed, (2, size), drawn on the CPU: the same on every device.

    The first is the one that `Trainer.generate(1, seed)` decodes on a CPU.
    """
    rng = torch.Generator().manual_seed(seed)
    return torch.cat([torch.randn(1, size, generator=rng) for _ in range(2)])


def walk(a: Tensor, b: Tensor, steps: int, path: str) -> Tensor:
    """Latents at equal shares of the way from a to b, both of them too: (steps + 1, D)."""
    shares = torch.linspace(0, 1, steps + 1)[:, None]
    return between(a.expand(steps + 1, -1), b.expand(steps + 1, -1), shares, path)


def grid(corners: Tensor, side: int, path: str) -> Tensor:
    """Latents between four corners, (4, D) row by row → (side, side, D): along rows, then down."""
    top = walk(corners[0], corners[1], side - 1, path)
    bottom = walk(corners[2], corners[3], side - 1, path)
    shares = torch.linspace(0, 1, side)[:, None, None]
    return between(top.expand(side, -1, -1), bottom.expand(side, -1, -1), shares, path)


def principal(z: Tensor, features: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The directions of z along which a layer's features spread most, and how much.

    z: (N, D), normal latents; features: (N, F), what the layer makes of them. Returns unit vectors
    (count, D), orthogonal, and all D shares of the spread (the variance), in falling order.

    Latents spread alike in all directions: they have no principal components. What the first layer
    makes of them has. That layer is y = A z + b, found here by least squares, which is exact where
    the layer is linear in z. With z normal, y has covariance A Aᵀ; each of its principal components
    is reached from z along a right singular vector of A, an eigenvector of AᵀA. (Härkönen et al.
    2020, GANSpace: PCA of early activations, brought back to z by regression; Shen and Zhou 2021,
    SeFa: the eigenvectors of AᵀA. For a linear first layer and normal z the two agree.)
    """
    with_one = torch.cat([z, torch.ones(len(z), 1)], dim=1).double()
    a = torch.linalg.lstsq(with_one, features.double()).solution[:-1]  # Aᵀ: (D, F)
    values, vectors = torch.linalg.eigh(a @ a.T)
    values = values.flip(0).clamp(min=0)
    found = vectors.T.flip(0)[:count]
    # A direction and its opposite are one; this makes it the same one each time.
    largest = found.gather(1, found.abs().argmax(1, keepdim=True))
    total = values.sum()
    shares = values / total if total > 0 else values
    return (found * largest.sign()).float(), shares.float()
