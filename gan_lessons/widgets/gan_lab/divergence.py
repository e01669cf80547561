"""The Jensen–Shannon divergence of fakes from the data, by counting in cells that fit the data.

Counting in cells can only lower the divergence (the data processing inequality), and the noise of
a sample raises it. `Cells.js` takes most of the noise off. What is left is close to the divergence
where the cells are small beside what differs, and too low where fakes differ from the data within a
cell. Where many cells hold only a few fakes, noise is left: with 2,000 fakes up to about 0.02.
"""

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from gan_lessons.metrics.neighbours import distances
from gan_lessons.widgets.gan_lab.truth import Truth

HALVINGS = 8  # the good real points lie in 2^HALVINGS cells of about equal shares
PER_CELL = 16  # real points that decide where a cell ends
REALS = 20_000  # that the data's shares are counted on
SHELLS = (3.0, 4.0, 5.0)  # standard deviations from the nearest centre; a good point is within 3


def kl(p: Tensor, q: Tensor) -> float:
    """Σ p log(p / q) in nats for shares p, q: (K,); infinite where q lacks what p has."""
    return float((torch.xlogy(p, p) - torch.xlogy(p, q)).sum().clamp(min=0))


def js(p: Tensor, q: Tensor) -> float:
    """The Jensen–Shannon divergence in nats, 0 to log 2: the mean KL of both to their middle."""
    middle = (p + q) / 2
    return (kl(p, middle) + kl(q, middle)) / 2


def excess(p: Tensor, q: Tensor, samples: int) -> float:
    """How far the noise in q raises `js` on average, if q was counted on so many samples.

    Half the second derivative by each share times its variance q (1 - q) / samples: 1 / 8 samples
    for each cell beyond the first where p = q. A cell without a sample counts as one without noise,
    so too little is taken off where many cells are rare.
    """
    there = q > 0
    p, q = p[there], q[there]
    return float((p * (1 - q) / (p + q)).sum()) / (4 * samples)


class Cells:
    """A partition of the plane for one truth.

    The region of good points, within 3 standard deviations of a centre, is halved again and again
    at the median of real points, across the longer side. Around it lie the shells to 4, to 5, and
    beyond 5 standard deviations.
    """

    def __init__(self, truth: Truth):
        # A seed of its own: how fakes are measured does not depend on how they are trained.
        rng = torch.Generator().manual_seed(1)
        self.truth = truth
        self.centres = truth.centres.double()
        self.edges = torch.tensor(SHELLS, dtype=torch.float64)
        real = truth.sample(REALS, rng)
        distance = self.nearest(real).values
        good = distance < SHELLS[0] * truth.std
        self._halve(real[good][: PER_CELL * 2**HALVINGS].numpy())
        self.real = self.shares(real, distance)  # (cells,)

    def _halve(self, points: np.ndarray) -> None:
        """points: (PER_CELL · 2^HALVINGS, 2). Node i of the tree has children 2 i + 1, 2 i + 2."""
        axes, cuts, groups = [], [], points[None]  # (nodes, points of each, 2)
        for _ in range(HALVINGS):
            axis = groups.std(1).argmax(1)  # (nodes,)
            along = np.take_along_axis(groups, axis[:, None, None], 2)
            groups = np.take_along_axis(groups, along.argsort(1), 1)
            along = np.take_along_axis(groups, axis[:, None, None], 2)[..., 0]
            half = groups.shape[1] // 2
            axes.append(axis)
            cuts.append((along[:, half - 1] + along[:, half]) / 2)
            groups = groups.reshape(-1, half, 2)
        self._axes, self._cuts = np.concatenate(axes), np.concatenate(cuts)

    def nearest(self, points: Tensor) -> torch.return_types.min:
        """The distance of the nearest centre, and which it is: (N,) float64, (N,) int64."""
        return distances(points.double(), self.centres).min(1)

    def of(self, points: Tensor, distance: Tensor | None = None) -> Tensor:
        """(N,) int64: the cell of each point: (N, 2). distance: of `nearest`, if it is known."""
        if distance is None:
            distance = self.nearest(points).values
        shell = torch.bucketize(distance / self.truth.std, self.edges, right=True)
        flat, node = points.numpy().ravel(), np.zeros(len(points), np.int64)
        first = np.arange(0, len(flat), 2)  # where each point's x is; its y comes next
        for _ in range(HALVINGS):
            along = flat.take(first + self._axes.take(node))
            node = 2 * node + 1 + (along > self._cuts.take(node))
        inside = torch.from_numpy(node) + (len(SHELLS) - len(self._cuts))
        return torch.where(shell == 0, inside, shell - 1)

    def shares(self, points: Tensor, distance: Tensor | None = None) -> Tensor:
        """(cells,) float64, summing to 1: the share of points: (N, 2) in each cell."""
        cells = 2**HALVINGS + len(SHELLS)
        return self.of(points, distance).bincount(minlength=cells).double() / len(points)

    def js(self, points: Tensor, distance: Tensor | None = None) -> float:
        """JS of points: (N, 2) from the data in nats, by counts in cells: 0 to log 2.

        It is the divergence of the cells' shares less its `excess` through the noise of both. What
        noise is left has a standard deviation of at most about 0.01 for 2,000 points, and a mean of
        up to about 0.01 where a part of the data is drawn rarely.
        """
        fake = self.shares(points, distance)
        noise = excess(self.real, fake, len(points)) + excess(fake, self.real, REALS)
        return max(0.0, js(self.real, fake) - noise)


@lru_cache(maxsize=16)
def cells_of(truth: Truth) -> Cells:
    """The cells of a truth; the same ones for the same truth."""
    return Cells(truth)
