"""Distances between two sets of features: one number that every fault of a generator raises.

Both come from torchmetrics, which is handed the features as they are.
"""

import warnings
from typing import NamedTuple

import torch
from torch import Tensor, nn

from gan_lessons.metrics.inputs import check_pair, check_rows


class KernelDistance(NamedTuple):
    """mean: over the subsets. std: of one subset's value, by the draw of the subsets alone."""

    mean: float
    std: float


def frechet_distance(real: Tensor, fake: Tensor) -> float:
    """The Fréchet distance between Gaussians fitted to two sets of features (Heusel et al. 2017).

    real: (N, D), fake: (M, D): features, not pictures. With means m and covariances C it is
    |m_real - m_fake|² + tr(C_real + C_fake - 2 (C_real C_fake)^½), in squared units of a feature.
    0 is best; it grows with every difference in mean or covariance, sees no other, and is too
    large for small sets: compare at equal N and M only.

    Raises:
        ValueError: a set has fewer than two rows, the widths differ, or a feature is not finite.
    """
    # Imported here: with its optional dependencies it takes seconds, and training needs none of it.
    from torchmetrics.image.fid import FrechetInceptionDistance

    check_pair(real, fake)
    check_rows(real, fake, 2)
    real, fake = _in_double(real, fake)
    # Moved together to around 0, where sums of squares lose no digits.
    centre = real.mean(0)
    metric = FrechetInceptionDistance(feature=_AsTheyAre(real.shape[1]))
    metric.update(real - centre, real=True)
    metric.update(fake - centre, real=False)
    # Rounding can leave a tiny negative number where the two sets are the same.
    return max(0.0, metric.compute().item())


def kernel_distance(
    real: Tensor, fake: Tensor, *, subsets: int = 20, subset_size: int = 1000, seed: int = 0
) -> KernelDistance:
    """The kernel distance between two sets of features (Bińkowski et al. 2018), called KID.

    real: (N, D), fake: (M, D): features, not pictures. The squared maximum mean discrepancy with
    the kernel k(x, y) = (x·y / D + 1)³: the mean of k over pairs of two different real rows, plus
    that over pairs of two different fake rows, minus twice that over pairs of one of each.

    A row is never paired with itself, so the estimate has no bias: equal distributions give 0 on
    average at any N and M, and a value below 0 is chance. Its time and memory grow with the square
    of the rows, so it is averaged over random subsets: each draws `subset_size` rows of either set
    without repetition, or as many as the smaller set has. The seed gives the subsets. Where they
    take in all of both sets they are all alike, and std says nothing of the noise.

    Raises:
        ValueError: a set has fewer than two rows, the widths differ, a feature is not finite,
            there is no subset, or a subset has fewer than two rows.
    """
    from torchmetrics.image.kid import KernelInceptionDistance

    check_pair(real, fake)
    check_rows(real, fake, 2)
    if subsets < 1 or subset_size < 2:
        raise ValueError(
            f"need at least 1 subset of at least 2 rows, got {subsets} of {subset_size}"
        )
    real, fake = _in_double(real, fake)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that it stores the features: so do we
        metric = KernelInceptionDistance(
            feature=_AsTheyAre(real.shape[1]),
            subsets=subsets,
            subset_size=min(subset_size, len(real), len(fake)),
        )
    metric.update(real, real=True)
    metric.update(fake, real=False)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        mean, std = metric.compute()
    return KernelDistance(mean.item(), std.item())


def _in_double(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    """On the CPU, because not every device has double precision."""
    return real.detach().cpu().double(), fake.detach().cpu().double()


class _AsTheyAre(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.num_features = width

    def forward(self, x: Tensor) -> Tensor:
        return x
