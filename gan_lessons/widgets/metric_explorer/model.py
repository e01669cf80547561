"""Two samples, the metrics between them, and what the metrics would be at infinite sample size.

Both distributions are mixtures of round Gaussians in the plane, so their moments are known exactly.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from gan_lessons import metrics
from gan_lessons.data import toy
from gan_lessons.widgets.metric_explorer.settings import MODES, MetricSettings

SPREAD = {"heap": 1.0, "ring": 0.25}  # the standard deviation of a mode
FAR = 3.0  # the standard deviation of noise and of outliers


class Mixture(NamedTuple):
    """Round Gaussians in the plane. weights: (M,), means: (M, 2), stds: (M,), all float64."""

    weights: Tensor
    means: Tensor
    stds: Tensor

    def moments(self) -> tuple[Tensor, Tensor, Tensor]:
        """E x, E x xᵀ and E x ⊗ x ⊗ x: (2,), (2, 2), (2, 2, 2)."""
        w, m, v = self.weights, self.means, self.stds.square()
        one = torch.eye(2, dtype=w.dtype)
        second = torch.einsum("m,mi,mj->ij", w, m, m) + (w * v).sum() * one
        third = torch.einsum("m,mi,mj,mk->ijk", w, m, m, m)
        along = torch.einsum("m,m,mi->i", w, v, m)
        for spec in ("i,jk->ijk", "j,ik->ijk", "k,ij->ijk"):
            third = third + torch.einsum(spec, along, one)
        return w @ m, second, third


class Readings(NamedTuple):
    """What the metrics say. None: not known, or not a number that this case has."""

    frechet: float | None
    kernel: float | None
    precision: float | None = None
    recall: float | None = None
    density: float | None = None
    coverage: float | None = None
    good: float | None = None
    modes: float | None = None
    copied: float | None = None


def centres(s: MetricSettings) -> Tensor:
    """(modes, 2): of the real modes."""
    return toy.ring_centres(8, 2.0) if s.data == "ring" else torch.zeros(1, 2)


def _joined(*parts: tuple[float, Tensor, float]) -> Mixture:
    """A mixture of parts (share, centres (M, 2), std); the centres of a part have equal shares."""
    weights = [torch.full((len(at),), share / len(at)).double() for share, at, _ in parts]
    stds = [torch.full((len(at),), std).double() for _, at, std in parts]
    means = torch.cat([at for _, at, _ in parts]).double()
    return Mixture(torch.cat(weights), means, torch.cat(stds))


def mixtures(s: MetricSettings) -> tuple[Mixture, Mixture]:
    """The distributions of real points and of fakes. A copy is distributed as a real point."""
    at, far, spread = centres(s), torch.zeros(1, 2), SPREAD[s.data]
    real = ((1 - s.outliers, at, spread), (s.outliers, far, FAR))
    own = (1 - s.copies) * (1 - s.noise)
    moved = at[s.drop :] + torch.tensor([s.shift, 0.0])
    copied = tuple((s.copies * share, means, std) for share, means, std in real)
    noise = ((1 - s.copies) * s.noise, far, FAR)
    return _joined(*real), _joined(*copied, noise, (own, moved, s.width * spread))


def samples(s: MetricSettings) -> tuple[Tensor, Tensor, Tensor]:
    """Real points, fakes, and fresh real points: three of (n, 2) float32.

    The random numbers depend on seed and n alone, so that a slider draws no other points.
    """
    rng = torch.Generator().manual_seed(s.seed)
    sets = []
    for _ in range(3):
        chance, normal = torch.rand(3, s.n, generator=rng), torch.randn(s.n, 2, generator=rng)
        sets.append((chance, normal))
    real, fresh = (_real(s, *sets[i]) for i in (0, 2))
    (kind, copied, mode), normal = sets[1]
    at = centres(s)[s.drop :]
    fake = at[(mode * len(at)).long()] + s.width * SPREAD[s.data] * normal
    fake = fake + torch.tensor([s.shift, 0.0])
    fake = torch.where((kind < s.noise)[:, None], FAR * normal, fake)
    return real, torch.where((copied < s.copies)[:, None], real, fake), fresh


def _real(s: MetricSettings, chance: Tensor, normal: Tensor) -> Tensor:
    at = centres(s)
    real = at[(chance[2] * len(at)).long()] + SPREAD[s.data] * normal
    return torch.where((chance[0] < s.outliers)[:, None], FAR * normal, real)


def read(s: MetricSettings, real: Tensor, fake: Tensor) -> Readings:
    """All metrics between two samples."""
    report = metrics.mode_report(fake, centres(s), SPREAD[s.data])
    nearest = torch.cdist(fake, real, compute_mode="donot_use_mm_for_euclid_dist").min(1).values
    return Readings(
        metrics.frechet_distance(real, fake),
        metrics.kernel_distance(real, fake, subsets=1, subset_size=s.n).mean,
        *metrics.precision_recall(real, fake, k=s.k),
        *metrics.density_coverage(real, fake, k=s.k),
        report.good,
        report.found,
        (nearest == 0).float().mean().item(),
    )


@lru_cache(maxsize=64)
def again(data: str, outliers: float, n: int, k: int, seed: int) -> Readings:
    """What fresh real points get, to compare the fakes' numbers with."""
    s = MetricSettings(data=data, outliers=outliers, n=n, k=k, seed=seed)
    real, _, fresh = samples(s)
    return read(s, real, fresh)


def truth(s: MetricSettings) -> Readings:
    """What is known: both distances at infinite n; the modes that fakes are drawn from, if no noise
    and no copy can find more of them and all fakes are at their place; density and coverage, in
    expectation, if both distributions are equal and nothing is copied.
    """
    real, fake = mixtures(s)
    (m1, m2, m3), (f1, f2, f3) = real.moments(), fake.moments()
    weights, differences = (3 / 2, 3 / 4, 1 / 8), (m1 - f1, m2 - f2, m3 - f3)
    kernel = sum(w * d.square().sum().item() for w, d in zip(weights, differences, strict=True))
    a, b = m2 - torch.outer(m1, m1), f2 - torch.outer(f1, f1)
    # The eigenvalues of a 2 × 2 product: (√λ₁ + √λ₂)² = tr + 2 √det.
    root = ((a @ b).trace() + 2 * (a.det() * b.det()).sqrt()).sqrt()
    frechet = ((m1 - f1).square().sum() + a.trace() + b.trace() - 2 * root).item()
    known = not (s.noise or s.copies or s.shift) and s.width <= 1
    modes = float(MODES[s.data] - s.drop) if known else None
    found = Readings(max(0.0, frechet), kernel, modes=modes)
    if not s.copies and all(map(torch.equal, *(each.moments() for each in (real, fake)))):
        missed = math.prod((s.n - i) / (2 * s.n - i) for i in range(1, s.k + 1))
        found = found._replace(density=1.0, coverage=1 - missed)
    return found
