"""The lab's Jensen–Shannon divergence, against divergences of known densities."""

import math

import pytest
import torch
from torch import Tensor

pytest.importorskip("ipywidgets")

from gan_lessons.metrics import mode_report
from gan_lessons.widgets.gan_lab import truth
from gan_lessons.widgets.gan_lab.divergence import (
    HALVINGS,
    PER_CELL,
    SHELLS,
    Cells,
    cells_of,
    excess,
    js,
    kl,
)

FAKES = 2_000
LOG_2 = math.log(2)


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def heaps(name: str, draw: torch.Generator, scale=1.0, shift=0.0, modes=None, n=FAKES) -> Tensor:
    """(n, 2): the heaps of a set, `scale` times as wide, moved by `shift` standard deviations."""
    data = truth.truth(name)
    which = torch.randint(modes or len(data.centres), (n,), generator=draw)
    noise = scale * torch.randn(n, 2, generator=draw) + torch.tensor([shift, 0.0])
    return data.centres[which] + data.std * noise


def known_js(scale: float, shift: float) -> float:
    """JS of N(0, 1) and N((shift, 0), scale²) in the plane, summed over a fine grid."""
    reach = 6 * max(1, scale) + abs(shift)
    line = torch.linspace(-reach, reach, 1201, dtype=torch.float64)
    x, y = torch.meshgrid(line, line, indexing="ij")
    p = torch.exp(-(x**2 + y**2) / 2)
    q = torch.exp(-((x - shift) ** 2 + y**2) / (2 * scale**2))
    return js((p / p.sum()).flatten(), (q / q.sum()).flatten())


def shares(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


# Of shares


def test_kl_and_js_by_hand():
    p, q = shares(0.5, 0.5), shares(0.25, 0.75)
    assert kl(p, q) == pytest.approx(0.5 * math.log(2) + 0.5 * math.log(2 / 3))
    assert js(p, q) == pytest.approx((kl(p, shares(3 / 8, 5 / 8)) + kl(q, (p + q) / 2)) / 2)
    assert kl(p, p) == js(p, p) == 0
    assert kl(shares(1, 0), shares(0, 1)) == kl(p, shares(0, 1)) == math.inf
    assert kl(shares(0, 1), p) == pytest.approx(LOG_2)
    assert js(shares(1, 0), shares(0, 1)) == pytest.approx(LOG_2)


def test_js_is_symmetrical_and_at_most_log_2():
    draw = rng(3)
    for _ in range(50):
        p, q = torch.rand(2, 30, generator=draw, dtype=torch.float64) ** 8
        p, q = p / p.sum(), q / q.sum()
        assert js(p, q) == pytest.approx(js(q, p), abs=1e-12)
        assert 0 < js(p, q) < LOG_2


def test_the_known_divergences_are_known():
    assert known_js(1, 0) == 0
    assert known_js(1, 12) == pytest.approx(LOG_2, abs=1e-6)
    # Twice as wide is to twice as narrow as the units of length say.
    assert known_js(2, 0) == pytest.approx(known_js(0.5, 0), rel=1e-4)
    assert known_js(math.sqrt(10), 0) == pytest.approx(0.3445, abs=2e-4)


@pytest.mark.parametrize("samples", [500, 5_000])
def test_the_excess_is_what_noise_adds_on_average(samples):
    draw = rng(samples)
    p, q = torch.rand(2, 60, generator=draw, dtype=torch.float64) + 0.2
    p, q = p / p.sum(), q / q.sum()
    counted, said = [], []
    for _ in range(200):
        drawn = torch.multinomial(q, samples, replacement=True, generator=draw)
        noisy = drawn.bincount(minlength=60).double() / samples
        counted.append(js(p, noisy) - js(p, q))
        said.append(excess(p, noisy, samples))
    assert sum(said) == pytest.approx(sum(counted), rel=0.15)
    assert excess(p, p, samples) == pytest.approx(59 / (8 * samples))
    assert excess(p, shares(1, *[0] * 59), samples) == 0


# Cells


@pytest.mark.parametrize("name", truth.NAMES)
def test_cells_have_about_equal_shares_of_the_data(name):
    cells = Cells(truth.truth(name))
    assert cells.real.shape == (len(SHELLS) + 2**HALVINGS,)
    assert float(cells.real.sum()) == pytest.approx(1)
    fresh = cells.shares(cells.truth.sample(100_000, rng(4)))[len(SHELLS) :] * 2**HALVINGS
    # A cell ends by PER_CELL points: a share's relative standard deviation is about a quarter.
    assert float(fresh.std()) < 1.2 / math.sqrt(PER_CELL)
    assert fresh.min() > 0.2
    assert fresh.max() < 2.5


def test_cells_are_halves_of_halves():
    """Every good point is in the cell that walking down the tree by hand gives."""
    cells = cells_of(truth.truth("ring"))
    points = heaps("ring", rng(5), n=300)
    found = cells.of(points).tolist()
    far = cells.nearest(points).values / cells.truth.std
    for point, distance, cell in zip(points.tolist(), far.tolist(), found, strict=True):
        node = 0
        while node < 2**HALVINGS - 1:
            node = 2 * node + 1 + (point[cells._axes[node]] > cells._cuts[node])
        outside = sum(distance >= edge for edge in SHELLS)
        assert cell == (outside - 1 if outside else node - (2**HALVINGS - 1) + len(SHELLS))


def test_shells_are_around_good_points():
    cells = cells_of(truth.truth("ring"))
    away = torch.tensor([2.99, 3.01, 3.99, 4.01, 4.99, 5.01, 1e30])
    points = torch.tensor([1.0, 0.0]) + 0.01 * torch.stack([away, 0 * away], 1)
    assert (cells.of(points) >= len(SHELLS)).tolist() == [True] + 6 * [False]
    assert cells.of(points)[1:].tolist() == [0, 0, 1, 1, 2, 2]


def test_the_same_truth_has_the_same_cells():
    assert cells_of(truth.truth("ring")) is cells_of(truth.truth("ring"))
    assert cells_of(truth.truth("ring")) is not cells_of(truth.truth("grid"))
    one, other = (
        truth.truth("drawn", drawing)
        for drawing in (f"{'f' * 20:0<226}", f"{'f' * 20 + '0':0>226}")
    )
    assert cells_of(one).js(other.sample(FAKES, rng())) == pytest.approx(LOG_2, abs=1e-3)


# The divergence


@pytest.mark.parametrize("name", truth.NAMES)
def test_of_real_points_it_is_0_but_for_noise(name):
    cells = cells_of(truth.truth(name))
    draw = rng(6)
    read = [cells.js(cells.truth.sample(FAKES, draw)) for _ in range(10)]
    assert max(read) < 0.012
    assert sum(read) / 10 < 0.004


@pytest.mark.parametrize("name", truth.NAMES)
def test_of_points_elsewhere_it_is_log_2(name):
    cells = cells_of(truth.truth(name))
    elsewhere = cells.truth.sample(FAKES, rng(7)) + 20
    assert cells.js(elsewhere) == pytest.approx(LOG_2, abs=2e-3)
    assert cells.js(torch.zeros(FAKES, 2) + 1e30) == pytest.approx(LOG_2, abs=2e-3)


# scale, shift, and what share of the known divergence the cells must see, by set.
CASES = [
    (math.sqrt(0.1), 0.0, {"ring": 0.87, "grid": 0.68, "two_gaussians": 0.93}),
    (math.sqrt(10), 0.0, {"ring": 0.88, "grid": 0.86}),
    (1.5, 0.0, {"ring": 0.7, "grid": 0.6, "two_gaussians": 0.75}),
    (5.0, 0.0, {"ring": 0.9, "grid": 0.9}),
    (1.0, 0.5, {"ring": 0.65, "grid": 0.4, "two_gaussians": 0.7}),
    (1.0, 1.0, {"ring": 0.75, "grid": 0.45, "two_gaussians": 0.8}),
    (1.0, 2.0, {"ring": 0.8, "grid": 0.6, "two_gaussians": 0.85}),
    (1.0, 8.0, {"ring": 0.99, "grid": 0.99}),
]


@pytest.mark.parametrize(
    ("scale", "shift", "name", "seen"),
    [(scale, shift, name, seen) for scale, shift, all_ in CASES for name, seen in all_.items()],
)
def test_of_heaps_it_is_a_lower_bound_near_the_known_one(scale, shift, name, seen):
    known, cells, draw = known_js(scale, shift), cells_of(truth.truth(name)), rng(8)
    read = torch.tensor([cells.js(heaps(name, draw, scale, shift)) for _ in range(10)])
    assert read.mean() < known + 0.005
    assert read.max() < known + 0.03
    assert read.mean() > seen * known
    assert read.std() < 0.015


@pytest.mark.parametrize("modes", [1, 2, 4, 7])
def test_of_lost_modes_it_is_the_known_one(modes):
    known = js(shares(modes / 8, 1 - modes / 8), shares(1, 0))
    cells, draw = cells_of(truth.truth("ring")), rng(9)
    for _ in range(5):
        assert cells.js(heaps("ring", draw, modes=modes)) == pytest.approx(known, abs=0.015)


def test_it_is_no_less_than_good_shares_force():
    draw = rng(10)
    for name in ("ring", "grid", "spiral", "disjoint"):
        cells = cells_of(truth.truth(name))
        centres, std = cells.truth.centres, cells.truth.std
        real = mode_report(cells.truth.sample(FAKES, draw), centres, std).good
        for wide in (0.05, 0.2, 1.0):
            fake = cells.truth.sample(FAKES, draw) + wide * torch.randn(FAKES, 2, generator=draw)
            good = mode_report(fake, centres, std).good
            forced = js(shares(real, 1 - real), shares(good, 1 - good))
            assert cells.js(fake) > forced - 0.01
