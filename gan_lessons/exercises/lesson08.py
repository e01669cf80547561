"""Exercises of lesson 08: two distances and a share to compute, and two ways to accept a fake."""

import math

import torch
from torch import Tensor

from gan_lessons import metrics
from gan_lessons.exercises.cases import Arguments, integers
from gan_lessons.exercises.engine import Exercise, Mistake


def by_symmetric_root(
    mean_real: Tensor, cov_real: Tensor, mean_fake: Tensor, cov_fake: Tensor
) -> float:
    """The same trace from a symmetric matrix: the root of √A B √A, by eigenvectors."""
    values, vectors = torch.linalg.eigh(cov_real)
    half = vectors * values.clamp(min=0).sqrt() @ vectors.T
    inner = torch.linalg.eigvalsh(half @ cov_fake @ half).clamp(min=0)
    shift = float((mean_real - mean_fake).square().sum())
    return shift + float(cov_real.trace() + cov_fake.trace() - 2 * inner.sqrt().sum())


def gaussians(generator: torch.Generator) -> list[Arguments]:
    """(mean, covariance) twice, float64: diagonal ones to check by hand, then drawn ones.

    Of the drawn ones the last are singular: samples of fewer rows than columns.
    """
    zero, one = torch.zeros(2).double(), torch.eye(2).double()
    cases: list[Arguments] = [(zero, one, zero + 3, one), (zero, one, zero, 4 * one)]
    for rows in (50, 50, 3):
        sets = [torch.randn(rows, 5, generator=generator).double() for _ in range(2)]
        sets[1] = 1.5 * sets[1] + 0.5
        cases.append(tuple(each for x in sets for each in (x.mean(0), torch.cov(x.T))))
    return cases


def frechet_of_gaussians(
    mean_real: torch.Tensor,
    cov_real: torch.Tensor,
    mean_fake: torch.Tensor,
    cov_fake: torch.Tensor,
) -> float:
    """The Fréchet distance of two Gaussians from their means (D,) and covariances (D, D), float64.

    A covariance may be singular.
    """
    shift = (mean_real - mean_fake).square().sum()
    eigenvalues = torch.linalg.eigvals(cov_real @ cov_fake).real.clamp(min=0)
    root = eigenvalues.sqrt().sum()
    return (shift + cov_real.trace() + cov_fake.trace() - 2 * root).item()


FRECHET = Exercise(
    name="08.1",
    solve=frechet_of_gaussians,
    minutes=6,
    hints=(
        "four terms: the squared length between the means, two traces, and minus twice the trace "
        "of the root of the product. Which numbers does a matrix share with its root, but for the "
        "root?",
        "the trace of the root is the sum of the roots of the product's eigenvalues: "
        "`torch.linalg.eigvals(a @ b).real`. Rounding can leave them a little below 0: clamp.",
    ),
    cases=gaussians,
    expected=by_symmetric_root,
    absolute=1e-4,  # the roots of a singular product's eigenvalues are known to half of the digits
    mistakes=(
        Mistake(
            {"(cov_real @ cov_fake)": "(cov_real * cov_fake)"},
            "`*` multiplies cell by cell. The product of matrices is `@`.",
        ),
        Mistake(
            {"eigenvalues.sqrt().sum()": "(cov_real @ cov_fake).clamp(min=0).sqrt().trace()"},
            "the root of a matrix is not the matrix of roots. They agree for diagonal matrices "
            "and hardly ever else.",
        ),
        Mistake(
            {"- 2 * root": "- root"},
            "the root counts twice, as 2ab in (a - b)². Two equal Gaussians must give 0.",
        ),
        Mistake(
            {"eigenvalues.sqrt().sum()": "eigenvalues.sum()"},
            "this is the trace of the product. Take the root of each eigenvalue first.",
        ),
        Mistake(
            {"(mean_real - mean_fake).square().sum()": "(mean_real - mean_fake).norm()"},
            "the distance of the means enters squared.",
        ),
        Mistake(
            {"shift + cov_real": "cov_real"},
            "the covariances are right. The means are missing.",
        ),
    ),
)


def by_closed_form(ns: list[int], distances: list[float]) -> float:
    """The intercept of the least-squares line, by sums."""
    xs = [1 / n for n in ns]
    x, y = sum(xs) / len(xs), sum(distances) / len(distances)
    slope = sum((a - x) * (b - y) for a, b in zip(xs, distances, strict=True))
    slope /= sum((a - x) ** 2 for a in xs)
    return y - slope * x


def measured(generator: torch.Generator) -> list[Arguments]:
    """Points on a line in 1/n, then scattered ones."""
    cases: list[Arguments] = [([100, 200], [3.0, 2.0]), ([500, 1000, 2000], [5.0, 3.0, 2.0])]
    for _ in range(4):
        start, count = integers(generator, (50, 400), (3, 6))
        ns = [start * 2**i for i in range(count)]
        noise = torch.randn(count, generator=generator).tolist()
        cases.append((ns, [2.0 + 800 / n + 0.1 * e for n, e in zip(ns, noise, strict=True)]))
    return cases


def distance_at_infinity(ns: list[int], distances: list[float]) -> float:
    """The limit of a distance for infinite n, by the least-squares line through it in 1/n."""
    x = 1 / torch.tensor(ns, dtype=torch.float64)
    y = torch.tensor(distances, dtype=torch.float64)
    slope = ((x - x.mean()) * (y - y.mean())).sum() / (x - x.mean()).square().sum()
    return (y.mean() - slope * x.mean()).item()


LIMIT = Exercise(
    name="08.2",
    solve=distance_at_infinity,
    minutes=6,
    hints=(
        "infinite n is 1/n = 0. So plot the distance against 1/n: where does the line meet the "
        "axis?",
        "slope = sum((x - mean x)(y - mean y)) / sum((x - mean x)²) with x = 1/n, and the line at "
        "x = 0 is mean y - slope * mean x. `torch.linalg.lstsq` finds both as well.",
    ),
    cases=measured,
    expected=by_closed_form,
    mistakes=(
        Mistake(
            {"1 / torch.tensor(ns, dtype=torch.float64)": "torch.tensor(ns, dtype=torch.float64)"},
            "you fit a line in n, and read it at n = 0. The bias goes as 1/n.",
        ),
        Mistake(
            lambda ns, distances: distances[-1],
            "the value at the largest n still has its bias. Go on to 1/n = 0.",
        ),
        Mistake(
            lambda ns, distances: sum(distances) / len(distances),
            "this is the mean over all n, and each of them is biased.",
        ),
        Mistake(
            {"(y.mean() - slope * x.mean()).item()": "slope.item()"},
            "this is the slope, which says how fast the bias falls. The limit is the line's value "
            "at 1/n = 0.",
        ),
        Mistake(
            {"torch.tensor(ns, dtype=torch.float64)": "torch.tensor(ns, dtype=torch.float64) ** 2"},
            "you fit a line in 1/n². The bias of the Fréchet distance goes as 1/n.",
        ),
    ),
)


def package_precision(real: Tensor, fake: Tensor, k: int) -> float:
    """The package's."""
    return metrics.precision_recall(real, fake, k=k).precision


def clouds(generator: torch.Generator) -> list[Arguments]:
    """(real, fake, k), float64: points on a line, a lattice full of ties, then drawn sets."""
    line = torch.tensor([[0.0], [1.0], [3.0], [6.0]]).double()
    asked = torch.tensor([[2.0], [4.5], [9.0], [-1.0], [20.0]]).double()
    lattice = torch.cartesian_prod(torch.arange(4.0), torch.arange(4.0)).double()
    across = torch.tensor([1.0, 0.0])
    cases: list[Arguments] = [(line, asked, 1), (line, asked, 2), (lattice, lattice + across, 2)]
    for _ in range(3):
        k, n = integers(generator, (1, 5), (20, 40))
        real = torch.randn(n, 3, generator=generator).double()
        cases.append((real, 1.5 * torch.randn(30, 3, generator=generator).double(), k))
    return cases


def precision(real: torch.Tensor, fake: torch.Tensor, k: int) -> float:
    """The share of fakes in at least one real ball: (N, D), (M, D), float64 → 0 to 1.

    A ball reaches to its row's k-th nearest other row, and its surface belongs to it.
    """
    exact = "donot_use_mm_for_euclid_dist"
    radii = torch.cdist(real, real, compute_mode=exact).kthvalue(k + 1).values  # (N,)
    inside = torch.cdist(real, fake, compute_mode=exact) <= radii[:, None]  # (N, M)
    return inside.any(0).double().mean().item()


PRECISION = Exercise(
    name="08.3",
    solve=precision,
    minutes=10,
    hints=(
        "two matrices of distances: real to real for the radii, real to fake for the question. "
        "`torch.cdist(..., compute_mode='donot_use_mm_for_euclid_dist')` is exact. Which row is "
        "nearest to a row of its own set?",
        "the nearest is the row itself, at 0: take `kthvalue(k + 1)`. A fake counts if its "
        "distance is at most the radius (`<=`) for any real row.",
    ),
    cases=clouds,
    expected=package_precision,
    mistakes=(
        Mistake(
            {"kthvalue(k + 1)": "kthvalue(k)"},
            "each row is its own nearest neighbour, at distance 0. The k-th other row is the "
            "(k + 1)-th smallest distance.",
        ),
        Mistake(
            {"<= radii": "< radii"},
            "right, but for ties: a fake exactly on the surface of a ball counts as inside.",
        ),
        Mistake(
            {"inside.any(0)": "inside.any(1)"},
            "this is the share of real balls that hold a fake: coverage, with the surface "
            "included. Ask each fake instead.",
        ),
        Mistake(
            {
                "cdist(real, real,": "cdist(fake, fake,",
                "cdist(real, fake,": "cdist(fake, real,",
            },
            "this is recall: the balls are those of fakes. Precision asks whether fakes lie in "
            "the balls of real rows.",
        ),
        Mistake(
            {"inside.any(0)": "inside.all(0)"},
            "one ball is enough; you ask for all of them.",
        ),
        Mistake(
            {"inside.any(0).double().mean().item()": "inside.double().sum(0).mean().item() / k"},
            "this is density: it counts the balls of each fake. Precision asks only whether there "
            "is one.",
        ),
    ),
)


def by_odds(logits: Tensor, gamma: float) -> Tensor:
    """From the ratio r = exp(D - max D): its odds r / (1 - r), times exp(-gamma), as a share."""
    ratio = (logits.double() - logits.double().max()).exp()
    odds = ratio * math.exp(-gamma)
    return (odds / (1 - ratio + odds)).to(logits.dtype)


def logits_and_gammas(generator: torch.Generator) -> list[Arguments]:
    """Two easy ones, drawn ones, and logits that no exponential function can hold."""
    drawn = [2 * torch.randn(6, generator=generator) for _ in range(3)]
    easy = torch.tensor([0.0, -1.0, -2.0])
    return [
        (easy, 0.0),
        (easy + 1, -1.0),
        *((each, gamma) for each, gamma in zip(drawn, (0.0, -2.0, 1.0), strict=True)),
        (torch.tensor([1000.0, 999.0, 990.0]), -0.5),
    ]


def acceptance(logits: torch.Tensor, gamma: float) -> torch.Tensor:
    """How likely each fake is accepted, by discriminator rejection sampling: (N,) → (N,), 0 to 1.

    σ(F - gamma) with F = Δ - log(1 - e^Δ) and Δ = D - max D. Logits can be as large as 1000.
    """
    delta = logits - logits.max()
    f = delta - torch.log(1 - torch.exp(delta - 1e-6))
    return torch.sigmoid(f - gamma)


ACCEPT = Exercise(
    name="08.4",
    solve=acceptance,
    minutes=6,
    hints=(
        "take the maximum away before any exponential function, or it overflows. At the maximum "
        "itself Δ is 0, and log(1 - 1) is -∞: take a tiny number off Δ there.",
        "`delta = logits - logits.max()`, `f = delta - torch.log(1 - torch.exp(delta - 1e-6))`, "
        "and `torch.sigmoid(f - gamma)`. With gamma = 0 this is exp(delta).",
    ),
    cases=logits_and_gammas,
    expected=by_odds,
    absolute=1e-4,
    mistakes=(
        Mistake(
            lambda logits, gamma: torch.sigmoid(logits - gamma),
            "this takes D itself for F. Acceptance is relative to the greatest ratio: it needs "
            "the maximum.",
        ),
        Mistake(
            lambda logits, gamma: torch.exp(logits - logits.max()),
            "right for gamma = 0. The shift by gamma changes how many are accepted.",
        ),
        Mistake(
            {"f - gamma": "f + gamma"},
            "the sign of gamma: a larger one accepts fewer.",
        ),
        Mistake(
            lambda logits, gamma: torch.sigmoid(logits - logits.max() - gamma),
            "F has a second term, -log(1 - e^Δ). Without it the fake with the greatest ratio is "
            "accepted half of the time at gamma = 0.",
        ),
        Mistake(
            {"logits - logits.max()": "logits - logits.mean()"},
            "Δ is measured from the maximum. From the mean, 1 - e^Δ falls below 0.",
        ),
    ),
)


def by_logits(old: float, new: float) -> float:
    """From the logits: exp(new - old), at most 1."""
    difference = math.log(new / (1 - new)) - math.log(old / (1 - old))
    return min(1.0, math.exp(difference))


def probabilities(generator: torch.Generator) -> list[Arguments]:
    """Pairs (old, new): up, down, equal, far apart, drawn."""
    drawn = (0.02 + 0.96 * torch.rand(8, 2, generator=generator)).tolist()
    fixed = [(0.5, 0.8), (0.8, 0.5), (0.3, 0.3), (0.99, 0.01), (0.01, 0.99), (0.2, 0.1)]
    return [*fixed, *(tuple(pair) for pair in drawn)]


def move_probability(old: float, new: float) -> float:
    """How likely a Metropolis-Hastings chain moves from one fake to a new one.

    old, new: the probabilities, above 0 and below 1, that the best D gives the two of being real.
    The ratio of the densities, p_data / p_G, is then d / (1 - d).
    """
    return min(1.0, (1 / old - 1) / (1 / new - 1))


MOVE = Exercise(
    name="08.5",
    solve=move_probability,
    minutes=5,
    hints=(
        "the chain should stay at x in proportion to p_data(x). New states come from p_G, so what "
        "counts is the ratio p_data / p_G of the new state over that of the old one.",
        "the ratio of x is d / (1 - d). Divide the new one by the old one, and let the result be "
        "at most 1.",
    ),
    cases=probabilities,
    expected=by_logits,
    mistakes=(
        Mistake(
            lambda old, new: min(1.0, new / old),
            "d is not the ratio of the densities: that is d / (1 - d).",
        ),
        Mistake(
            lambda old, new: (1 / old - 1) / (1 / new - 1),
            "a probability is at most 1.",
        ),
        Mistake(
            lambda old, new: min(1.0, (1 / new - 1) / (1 / old - 1)),
            "the other way round: this moves to the fakes with the lower ratio.",
        ),
        Mistake(
            lambda old, new: new / (1 - new) / (new / (1 - new) + old / (1 - old)),
            "this is Barker's rule: new over new plus old. It has the same limit, and moves less "
            "often.",
        ),
        Mistake(
            lambda old, new: 1.0 if new > old else 0.0,
            "this only ever climbs, and ends at the fake with the greatest ratio. The chain has to "
            "go down as well, at times.",
        ),
    ),
)

EXERCISES = (FRECHET, LIMIT, PRECISION, ACCEPT, MOVE)
