"""Distances between two sets of features: one number each, blind to some defects (lesson 08).

torchmetrics computes both; it gets features in place of pictures.
"""

import math
import warnings
from typing import NamedTuple

import torch
from torch import Tensor, nn

from gan_lessons.checks import whole
from gan_lessons.metrics.inputs import check_pair, check_rows

MOST_SUBSETS = 100_000


class KernelDistance(NamedTuple):
    """mean: over the subsets. std: of a subset's value, from the random choice of subsets only."""

    mean: float
    std: float


def frechet_distance(real: Tensor, fake: Tensor) -> float:
    """The Fréchet distance between Gaussians fitted to two sets of features (Heusel et al. 2017).

    real: (N, D), fake: (M, D), features, not pictures. With means m and covariances C it is
    |m_real - m_fake|² + tr(C_real + C_fake - 2 (C_real C_fake)^½), in squared units of a feature.
    0 is best. It grows with every difference in mean or covariance and ignores all other
    differences. For small sets it is biased upwards: compare values at equal N and M only.

    Raises:
        ValueError: a set has fewer than two rows, the widths differ, a feature is not finite, or
            the distance is too large for a float64.
    """
    # Imported here: the import takes seconds, and training does not need it.
    from torchmetrics.image.fid import FrechetInceptionDistance

    check_pair(real, fake)
    check_rows(real, fake, 2)
    real, fake = _in_double(real, fake)
    # Both are scaled to about 1, where no fourth power overflows, and shifted by the same vector,
    # to near 0, where sums of squares keep their digits.
    power = math.frexp(max(float(real.abs().max()), float(fake.abs().max())))[1]
    real, fake = _times_power(real, -power), _times_power(fake, -power)
    centre = real.mean(0)
    spread = math.frexp(max(float((each - centre).abs().max()) for each in (real, fake)))[1]
    metric = FrechetInceptionDistance(feature=_Identity(real.shape[1]))
    metric.update(_times_power(real - centre, -spread), real=True)
    metric.update(_times_power(fake - centre, -spread), real=False)
    # For equal sets, rounding can leave a tiny negative number; NaN must not become 0.
    scaled = metric.compute().item()
    found = _scaled_back(0.0 if scaled < 0 else scaled, 2 * (power + spread))
    _check_finite("the Fréchet distance", found)
    return found


def kernel_distance(
    real: Tensor, fake: Tensor, *, subsets: int = 20, subset_size: int = 1000, seed: int = 0
) -> KernelDistance:
    """The kernel distance (KID) between two sets of features (Bińkowski et al. 2018).

    real: (N, D), fake: (M, D), features, not pictures. The squared maximum mean discrepancy with
    the kernel k(x, y) = (x·y / D + 1)³: the mean of k over pairs of two different real rows, plus
    the mean over pairs of two different fake rows, minus twice the mean over pairs of a real and a
    fake row.

    A row is never paired with itself, so the estimate is unbiased: equal distributions give 0 on
    average at any N and M, and negative values occur by chance. Time and memory grow with the
    square of the number of rows, so the result is an average over random subsets: each takes
    `subset_size` rows of either set without replacement, or as many as the smaller set has. The
    seed determines the subsets. If every subset contains all rows of both sets, the subsets are
    equal, and std says nothing about the noise.

    Raises:
        ValueError: a set has fewer than two rows, the widths differ, a feature is not finite,
            there is no subset, a subset has fewer than two rows, or the distance is too large for a
            float64.
    """
    from torchmetrics.image.kid import KernelInceptionDistance

    check_pair(real, fake)
    check_rows(real, fake, 2)
    subsets = whole("subsets", subsets, least=1, most=MOST_SUBSETS)
    subset_size = whole("subset_size", subset_size, least=2)
    seed = whole("seed", seed, least=0, most=2**63 - 1)
    real, fake = _in_double(real, fake)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that it stores all features in memory
        metric = KernelInceptionDistance(
            feature=_Identity(real.shape[1]),
            subsets=subsets,
            subset_size=min(subset_size, len(real), len(fake)),
        )
    metric.update(real, real=True)
    metric.update(fake, real=False)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        mean, std = metric.compute()
    _check_finite("the kernel distance", mean.item(), std.item())
    return KernelDistance(mean.item(), std.item())


def _in_double(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    """Both in float64, on the CPU, because not every device has float64."""
    return real.detach().cpu().double(), fake.detach().cpu().double()


def _check_finite(what: str, *values: float) -> None:
    if not all(map(math.isfinite, values)):
        raise ValueError(
            f"{what} is too large for a float64: divide both sets of features by the same number"
        )


def _times_power(x: Tensor, power: int) -> Tensor:
    """x times 2 to the power, which changes no digit. In two steps: the factor may be infinite."""
    return x * 2.0 ** (power // 2) * 2.0 ** (power - power // 2)


def _scaled_back(value: float, power: int) -> float:
    try:
        return math.ldexp(value, power)
    except OverflowError:
        return math.inf


class _Identity(nn.Module):
    """What torchmetrics takes as its feature network, if the features are already extracted."""

    def __init__(self, width: int):
        super().__init__()
        self.num_features = width

    def forward(self, x: Tensor) -> Tensor:
        return x
