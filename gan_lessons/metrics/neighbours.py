"""Fidelity and diversity as separate numbers, from the nearest neighbours of features.

Each row of a set is the centre of a ball that reaches to its k-th nearest neighbour in the same
set. Together, the balls approximate the support of the set's distribution. The four metrics count
which rows of one set lie in which balls of the other.

A row on the surface of a ball, at exactly its radius, counts as their authors' programs count it:
as inside for precision and recall, as outside for density and coverage. This matters where
distances are equal: on lattices, and for rows that occur more than once.
"""

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from gan_lessons.checks import whole
from gan_lessons.metrics.inputs import check_pair

ROWS = 512  # of the matrix of distances at a time: with 50,000 columns, they take 200 MB
NUMBERS = 2**22  # of rows gathered at a time: 32 MB
SPARE = 8  # candidates for the k-th neighbour beyond k, as estimates can be in the wrong order

Compare = Callable[[Tensor, Tensor], Tensor]


class PrecisionRecall(NamedTuple):
    """Shares from 0 to 1: of fake rows close to real ones, and of real rows close to fake ones."""

    precision: float
    recall: float


class DensityCoverage(NamedTuple):
    """density: at least 0, about 1 for equal distributions. coverage: a share from 0 to 1."""

    density: float
    coverage: float


def precision_recall(real: Tensor, fake: Tensor, k: int = 3) -> PrecisionRecall:
    """Improved precision and recall (Kynkäänniemi et al. 2019, with k = 3).

    real: (N, D), fake: (M, D), features, not pictures. Precision is the share of fake rows that lie
    in at least one real row's ball; recall is the share of real rows that lie in at least one fake
    row's ball. Compare values at equal N and M only: with more rows, the balls are smaller. An
    outlier has a large ball, and every row inside counts; `density_coverage` is less sensitive to
    outliers.

    Runs on the device of `real`, in float64. Memory grows with N + M, time with (N + M)²: about 2 s
    on one core for 5,000 rows in each set and 128 features.

    Raises:
        ValueError: k is below 1, a set has k rows or fewer, the widths differ, or a feature is not
            finite.
    """
    real, fake = _prepared(real, fake)
    k = _checked_k(k, real, "real")
    _checked_k(k, fake, "fake")
    of_real, of_fake = _radii(real, k)[:, None], _radii(fake, k)
    covered = torch.zeros(len(fake), dtype=torch.bool, device=fake.device)
    recalled = []
    for rows, pairs in _blocks(real, fake):
        covered |= pairs.compare(torch.le, of_real[rows]).any(0)
        recalled.append(pairs.compare(torch.le, of_fake).any(1))
    return PrecisionRecall(precision=_share(covered), recall=_share(torch.cat(recalled)))


def density_coverage(real: Tensor, fake: Tensor, k: int = 5) -> DensityCoverage:
    """Density and coverage (Naeem et al. 2020, with k = 5).

    real: (N, D), fake: (M, D), features, not pictures. Density is the number of real balls that a
    fake row lies in, averaged over fake rows and divided by k: an outlier's ball counts once for
    each fake row in it. Coverage is the share of real balls that contain at least one fake row.
    Only real rows have balls, so fake outliers increase neither.

    If both sets come from the same continuous distribution, density is 1 on average, and coverage
    is 1 - (N - 1)…(N - k) / ((N + M - 1)…(N + M - k)), close to 1 - ½ᵏ at N = M, in any number of
    dimensions.

    Runs on the device of `real`, at half the cost of `precision_recall`.

    Raises:
        ValueError: k is below 1, real has k rows or fewer, the widths differ, or a feature is not
            finite.
    """
    real, fake = _prepared(real, fake)
    k = _checked_k(k, real, "real")
    radii = _radii(real, k)[:, None]
    inside = torch.cat(
        [pairs.compare(torch.lt, radii[rows]).sum(1) for rows, pairs in _blocks(real, fake)]
    )
    return DensityCoverage(int(inside.sum()) / (k * len(fake)), _share(inside > 0))


def distances(x: Tensor, y: Tensor) -> Tensor:
    """x: (N, D), y: (M, D) → (N, M), the Euclidean distances.

    Computed from differences. The faster way, from inner products, loses the digits of small
    distances: a row's distance to itself would not be 0.
    """
    return torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist")


class _Pairs(NamedTuple):
    """All pairs of a row of x and a row of y, with estimates of their squared distances.

    Estimates come from inner products, which is fast, and their rounding errors are bounded. Where
    a decision lies within the bounds, it is made by the distance itself.
    """

    x: Tensor  # (N, D)
    y: Tensor  # (M, D)
    low: Tensor  # (N, M): no squared distance is below it
    high: Tensor  # (N, M): none is above it

    @classmethod
    def estimate(cls, x: Tensor, y: Tensor, centre: Tensor) -> "_Pairs":
        """centre: (D,), a point near the rows, because small numbers have small errors."""
        near_x, near_y = x - centre, y - centre
        product = near_x @ near_y.T
        squares = near_x.square().sum(1)[:, None] + near_y.square().sum(1)
        # The error of a sum of D products is below D units in the last place; |x - y|² has three
        # such sums, and each is at most twice |x|² + |y|².
        slack = (8 * x.shape[1] + 64) * torch.finfo(x.dtype).eps
        low = torch.add(squares * (1 - slack), product, alpha=-2)
        return cls(x, y, low, low + 2 * slack * squares)

    def compare(self, compare: Compare, radii: Tensor) -> Tensor:
        """(N, M) bool: compare(distance, radius) for every pair. radii: (N, 1) or (M,)."""
        squares = radii.square()
        holds = self.high < squares
        doubtful = (self.low <= squares) & ~holds
        i, j = doubtful.nonzero(as_tuple=True)
        if len(i) * 8 > doubtful.numel():
            return compare(distances(self.x, self.y), radii)
        holds[i, j] = compare(self.distances_of(i, j), radii.expand(doubtful.shape)[i, j])
        return holds

    def distances_of(self, i: Tensor, j: Tensor) -> Tensor:
        """(pairs,), the distances of rows i of x from rows j of y."""
        few = max(1, NUMBERS // self.x.shape[1])
        pairs = zip(i.split(few), j.split(few), strict=True)
        return torch.cat([distances(self.x[a, None], self.y[b, None]).flatten() for a, b in pairs])


def _blocks(x: Tensor, y: Tensor) -> Iterator[tuple[slice, _Pairs]]:
    """All pairs in blocks that fit into memory, each with the rows of x that it has."""
    centre = y.median(0).values  # unlike the mean, no outlier moves it
    for start in range(0, len(x), ROWS):
        rows = slice(start, start + ROWS)
        yield rows, _Pairs.estimate(x[rows], y, centre)


def _radii(centres: Tensor, k: int) -> Tensor:
    """(N,), the distance of each row of centres: (N, D) to the k-th other row."""
    count = min(k + 1 + SPARE, len(centres))
    return torch.cat([_radii_in(pairs, k, count) for _, pairs in _blocks(centres, centres)])


def _radii_in(pairs: _Pairs, k: int, count: int) -> Tensor:
    candidates = pairs.low.topk(count, largest=False, sorted=True)
    row = torch.arange(len(pairs.x), device=pairs.x.device).repeat_interleave(count)
    exact = pairs.distances_of(row, candidates.indices.flatten()).view(-1, count).sort(1).values
    radii = exact[:, k]  # the nearest row is the row itself
    # Rows that are no candidates are further than the last candidate's lower bound.
    open_ = (candidates.values[:, -1] < radii.square()) & (count < len(pairs.y))
    if open_.any():
        radii[open_] = distances(pairs.x[open_], pairs.y).kthvalue(k + 1, dim=1).values
    return radii


def _share(mask: Tensor) -> float:
    return int(mask.sum()) / len(mask)


def _prepared(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    """Both in float64, where squares of float32's numbers cannot overflow, and scaled to about 1.

    A power of two changes no digit. Not every device has float64: the CPU stands in.
    """
    check_pair(real, fake)
    device = real.device if real.device.type in ("cpu", "cuda") else "cpu"
    real, fake = (each.detach().to(device).double() for each in (real, fake))
    power = -math.frexp(max(float(real.abs().max()), float(fake.abs().max())))[1]
    # In two steps, because 2 to the whole power can be infinite.
    first, second = 2.0 ** (power // 2), 2.0 ** (power - power // 2)
    return real * first * second, fake * first * second


def _checked_k(k: int, points: Tensor, name: str) -> int:
    if len(points) < 2:
        raise ValueError(f"{name} needs at least 2 rows, got {len(points)}")
    return whole(f"k for the {len(points)} rows of {name}", k, least=1, most=len(points) - 1)
