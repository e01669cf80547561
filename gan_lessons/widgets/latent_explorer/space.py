"""Geometry of the latent space: ways between latents, and the directions that matter most."""

import torch
import torch.nn.functional as F
from torch import Tensor

SPHERICAL, LINEAR = "spherical", "linear"
PATHS = (SPHERICAL, LINEAR)
PARALLEL = 1e-6  # sines below this: there is no arc to follow


def latents(seed: int, size: int) -> Tensor:
    """Two latents of a seed, (2, size), drawn on the CPU: the same on every device.

    The first is the one that `Trainer.generate(1, seed)` decodes on a CPU.
    """
    rng = torch.Generator().manual_seed(seed)
    return torch.cat([torch.randn(1, size, generator=rng) for _ in range(2)])


def between(a: Tensor, b: Tensor, t: Tensor, path: str) -> Tensor:
    """The latents a share t of the way from a to b. a, b: (..., D), t: (..., 1) in [0, 1].

    "linear" goes straight; "spherical" along the arc (White 2016), with lengths changing from |a|
    to |b| as the formula has them. Where a and b point the same or the opposite way there is no
    one arc, and it goes straight as well.
    """
    if path == LINEAR:
        return (1 - t) * a + t * b
    kind, a, b, t = a.dtype, a.double(), b.double(), t.double()  # acos is blunt near 0 and π
    angle = F.cosine_similarity(a, b, dim=-1).clamp(-1, 1).acos()[..., None]
    sine = angle.sin()
    arc = (((1 - t) * angle).sin() * a + (t * angle).sin() * b) / sine
    return torch.where(sine > PARALLEL, arc, (1 - t) * a + t * b).to(kind)


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
