import math

import pytest
import torch
from torch import Tensor

from gan_lessons.metrics import density_coverage, neighbours, precision_recall


def line(*positions: float) -> Tensor:
    """Points on a line: (N, 1)."""
    return torch.tensor(positions, dtype=torch.float32)[:, None]


def normal(n: int, dims: int, seed: int) -> Tensor:
    return torch.randn(n, dims, generator=torch.Generator().manual_seed(seed))


def cluster(n: int, x: float, seed: int) -> Tensor:
    """(n, 2): a narrow cloud around (x, 0)."""
    return torch.tensor([x, 0.0]) + 0.1 * normal(n, 2, seed)


# Gaps of 1, 2, 4 and 8, so that all relevant distances differ.
REAL = line(0, 1, 3, 7, 15)
FAKE = line(0.5, 3.5, 20, 30)


def test_counted_by_hand_with_the_nearest_neighbour():
    """Real balls reach 1, 1, 2, 4, 8; the fake rows lie in 2, 2, 1 and 0 of them.

    Fake balls reach 3, 3, 10, 10; all real rows but 7 lie in one.
    """
    assert precision_recall(REAL, FAKE, k=1) == pytest.approx((3 / 4, 4 / 5))
    assert density_coverage(REAL, FAKE, k=1) == pytest.approx((5 / 4, 5 / 5))


def test_counted_by_hand_with_the_second_neighbour():
    """Real balls reach 3, 2, 3, 6, 12; the fake rows lie in 3, 3, 1 and 0 of them.

    Fake balls reach 19.5, 16.5, 16.5, 26.5: all real rows lie in one.
    """
    assert precision_recall(REAL, FAKE, k=2) == pytest.approx((3 / 4, 1))
    assert density_coverage(REAL, FAKE, k=2) == pytest.approx((7 / (2 * 4), 5 / 5))


def test_coverage_counts_balls_and_not_fakes():
    """0.5, repeated many times, lies in the balls of 0 and 1; 30 lies in none."""
    fake = line(0.5, 0.5, 0.5, 30)
    assert density_coverage(REAL, fake, k=1) == pytest.approx((6 / 4, 2 / 5))


def test_one_fake_row_is_enough_for_density_and_coverage():
    assert density_coverage(REAL, line(7.5), k=1) == pytest.approx((2, 2 / 5))


def test_a_set_and_itself():
    """On an even grid, neighbours lie on the surface of a ball.

    The surface counts for precision and recall, and not for density and coverage.
    """
    x = line(0, 1, 2, 3, 4)
    assert precision_recall(x, x, k=1) == (1, 1)
    assert density_coverage(x, x, k=1) == (1, 1)
    assert density_coverage(x, x, k=2) == pytest.approx((7 / (2 * 5), 1))


def test_rows_on_the_surface():
    """Each of the two fake rows is exactly 2 from one real row, whose ball reaches 2."""
    real, fake = line(0, 2, 4, 6), line(-2, 8)
    assert precision_recall(real, fake, k=1) == (1, 1)
    assert density_coverage(real, fake, k=1) == (0, 0)


def test_a_shifted_lattice_has_no_density():
    """Moved by a whole step, all but the rows at one side meet a real row."""
    cells = torch.cartesian_prod(*[torch.arange(6.0)] * 3)
    beside = cells[cells[:, 0] == 5] + torch.tensor([1.0, 0, 0])  # one step from the lattice
    assert precision_recall(cells, beside).precision == 1
    assert density_coverage(cells, beside, k=3) == (0, 0)
    # Every row has at least 3 neighbours at distance 1: only the row itself is nearer.
    assert density_coverage(cells, torch.tensor([[2.0, 1, 1]]), k=3).density == 1 / 3


def test_sets_far_apart():
    real, fake = cluster(30, 0, seed=0), cluster(40, 9, seed=1)
    assert precision_recall(real, fake) == (0, 0)
    assert density_coverage(real, fake) == (0, 0)


def test_half_of_the_real_modes():
    real = torch.cat([cluster(40, 0, seed=0), cluster(40, 9, seed=1)])
    fake = cluster(80, 0, seed=0)[torch.arange(80) % 40]  # the rows of the first mode, each twice
    assert precision_recall(real, fake, k=2) == (1, 0.5)
    assert density_coverage(real, fake, k=2).coverage == 0.5


def test_half_of_the_fakes_are_nowhere():
    real = cluster(40, 0, seed=0)
    fake = torch.cat([real, cluster(40, 9, seed=1)])
    assert precision_recall(real, fake) == (0.5, 1)
    assert density_coverage(real, fake).density < density_coverage(real, real).density
    assert density_coverage(real, fake).coverage == 1


def test_a_real_outlier_fools_precision_and_not_density():
    """Its ball reaches to the other rows; fakes in it are close to no other real row."""
    real = torch.cat([cluster(50, 0, seed=0), line(50) @ torch.tensor([[1.0, 0.0]])])
    fake = cluster(60, 40, seed=1)
    assert precision_recall(real, fake, k=5).precision == 1
    assert density_coverage(real, fake, k=5).density == pytest.approx(1 / 5)
    assert density_coverage(real, fake, k=5).coverage == pytest.approx(1 / 51)


def test_fake_outliers_fool_recall_and_not_coverage():
    """Three, far from the real rows and from each other: their balls contain all rows."""
    real = cluster(50, 0, seed=0)
    fake = torch.tensor([[9.0, 9.0], [-9.0, 9.0], [0.0, -9.0]])
    assert precision_recall(real, fake, k=2).recall == 1
    assert density_coverage(real, fake, k=2).coverage == 0


@pytest.mark.parametrize("draw", ["normal in 2-D", "heavy tails in 5-D"])
def test_equal_distributions_get_on_average_what_counting_ranks_says(draw):
    """Density 1; coverage 1 - (N - 1)…(N - k) / ((N + M - 1)…(N + M - k)), for any of them.

    The ball of a real row is empty where its k nearest of all N + M - 1 others are real.
    """
    n, m, k, draws = 25, 15, 3, 400
    results = []
    for seed in range(draws):
        x = normal(n + m, 5, seed)
        x = x[:, :2] if draw.endswith("2-D") else x / x[:, :1]
        results.append(density_coverage(x[:n], x[n:], k))
    got = torch.tensor(results).double()
    empty = math.prod((n - i) / (n + m - i) for i in range(1, k + 1))
    expected = torch.tensor([1.0, 1 - empty]).double()
    assert ((got.mean(0) - expected).abs() < 4 * got.std(0) / math.sqrt(draws)).all()


def test_coverage_of_equal_distributions_nears_its_limit():
    real, fake = normal(3000, 4, seed=0), normal(3000, 4, seed=1)
    for k in (1, 3, 5):
        assert density_coverage(real, fake, k).coverage == pytest.approx(1 - 0.5**k, abs=0.04)


def all_distances(real: Tensor, fake: Tensor, k: int) -> tuple[float, float, float, float]:
    """From whole matrices of distances, with the comparisons of the metrics' authors."""
    real, fake = real.double(), fake.double()
    own_real, own_fake = neighbours.distances(real, real), neighbours.distances(fake, fake)
    between = neighbours.distances(real, fake)
    of_real = own_real.sort(1).values[:, k, None]
    of_fake = own_fake.sort(1).values[:, k]
    within = between < of_real
    return (
        int((between <= of_real).any(0).sum()) / len(fake),
        int((between <= of_fake).any(1).sum()) / len(real),
        int(within.sum()) / (k * len(fake)),
        int(within.any(1).sum()) / len(real),
    )


def far_clusters(n: int, seed: int) -> Tensor:
    """Two, a million times as far apart as they are wide."""
    return normal(n, 4, seed) + 1e6 * (torch.arange(n) % 2)[:, None]


def with_outlier(n: int, seed: int) -> Tensor:
    x = normal(n, 4, seed)
    x[0] = 1e30
    return x


CLOUDS = {
    "normal": lambda n, seed: normal(n, 20, seed),
    "a lattice with rounding": lambda n, seed: normal(n, 2, seed).mul(2).round() / 10 + 0.7,
    "a lattice, many rows twice": lambda n, seed: normal(n, 3, seed).round(),
    "far from zero": lambda n, seed: normal(n, 5, seed) + 4096,
    "far clusters": far_clusters,
    "an outlier": with_outlier,
    "zeros": lambda n, seed: torch.zeros(n, 3),
}


@pytest.mark.parametrize("rows", [64, 512])
@pytest.mark.parametrize("cloud", CLOUDS)
def test_estimates_decide_as_the_distances_do(cloud, rows, monkeypatch):
    monkeypatch.setattr(neighbours, "ROWS", rows)
    real, fake = CLOUDS[cloud](300, 0), CLOUDS[cloud](250, 1)
    for k in (1, 3, 5, 20):
        got = (*precision_recall(real, fake, k), *density_coverage(real, fake, k))
        assert got == all_distances(real, fake, k)
        itself = (*precision_recall(real, real, k), *density_coverage(real, real, k))
        assert itself == all_distances(real, real, k)


def test_few_distances_are_computed_from_differences(monkeypatch):
    """Those take most of the time: by estimates, it is a few seconds less for 5,000 rows."""
    counted = []

    def counting(x: Tensor, y: Tensor) -> Tensor:
        found = torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist")
        counted.append(found.numel())
        return found

    monkeypatch.setattr(neighbours, "distances", counting)
    real, fake = normal(1500, 128, seed=0), normal(1500, 128, seed=1) * 1.05
    precision_recall(real, fake)
    density_coverage(real, fake)
    assert sum(counted) < 0.02 * 5 * 1500**2


@pytest.mark.parametrize("scale", [1e-38, 1e-30, 1e10, 1e30, 1e37])
def test_any_scale_of_float32(scale):
    """Squares of such numbers are infinite or 0 in float32."""
    real, fake = normal(60, 3, seed=0), normal(50, 3, seed=1) * 1.3 + 0.4
    apart = fake + 9
    for measure in (precision_recall, density_coverage):
        value = measure(real * scale, fake * scale)
        assert value == pytest.approx(measure(real, fake), abs=0.05)
        assert min(value) > 0
        assert measure(real * scale, apart * scale) == (0, 0)


@pytest.mark.parametrize("scale", [5e-324 * 2**60, 2.0**-600, 2.0**600, 2.0**1015])
def test_any_scale_of_float64(scale):
    real, fake = normal(60, 3, seed=0).double(), normal(50, 3, seed=1).double() * 1.3
    for measure in (precision_recall, density_coverage):
        if scale < 2.0**-1000:  # subnormal: few digits
            assert measure(real * scale, fake * scale) == pytest.approx(measure(real, fake))
        else:
            assert measure(real * scale, fake * scale) == measure(real, fake)


def pair_by_pair(real: Tensor, fake: Tensor, k: int) -> tuple[float, float, float, float]:
    def radius(i: int, rows: Tensor) -> float:
        return sorted(math.dist(rows[i], row) for j, row in enumerate(rows) if j != i)[k - 1]

    def inside(centres: Tensor, points: Tensor) -> list[list[bool]]:
        radii = [radius(i, centres) for i in range(len(centres))]
        return [[math.dist(c, p) < r for p in points] for c, r in zip(centres, radii, strict=True)]

    of_real, of_fake = inside(real, fake), inside(fake, real)
    return (
        sum(any(ball[j] for ball in of_real) for j in range(len(fake))) / len(fake),
        sum(any(ball[i] for ball in of_fake) for i in range(len(real))) / len(real),
        sum(map(sum, of_real)) / (k * len(fake)),
        sum(map(any, of_real)) / len(real),
    )


@pytest.mark.parametrize("k", [1, 2, 3, 5, 10])
@pytest.mark.parametrize("rows", [1, 7, 1000])
def test_pair_by_pair_in_parts_of_any_size(k, rows, monkeypatch):
    monkeypatch.setattr(neighbours, "ROWS", rows)
    real, fake = normal(31, 3, seed=0).double(), normal(24, 3, seed=1).double() * 1.4 + 0.3
    got = (*precision_recall(real, fake, k), *density_coverage(real, fake, k))
    assert got == pytest.approx(pair_by_pair(real, fake, k), abs=1e-12)


def test_order_shift_and_scale_do_not_matter():
    real, fake = normal(60, 3, seed=0).double(), normal(50, 3, seed=1).double() * 1.3 + 0.4
    turn = torch.linalg.qr(normal(3, 3, seed=2).double()).Q
    for measure in (precision_recall, density_coverage):
        value = measure(real, fake)
        assert measure(real.flip(0), fake[torch.randperm(50)]) == value
        assert measure(1e-6 * real @ turn + 7, 1e-6 * fake @ turn + 7) == value


def test_near_rows_keep_their_digits_far_from_zero():
    """Distances computed from inner products would be noise here."""
    grid = torch.cartesian_prod(torch.arange(10.0), torch.arange(10.0)) / 64
    value = density_coverage(grid, grid + 1 / 128, k=3)
    assert density_coverage(grid + 1024, grid + 1024 + 1 / 128, k=3) == value
    assert value.coverage == 1


def test_dropped_modes_lower_recall_and_coverage_alone():
    centres = torch.tensor([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0], [9.0, 9.0]])
    real = centres[torch.arange(400) % 4] + normal(400, 2, seed=0)
    measured = []
    for kept in (4, 3, 2, 1):
        fake = centres[torch.arange(400) % kept] + normal(400, 2, seed=1)
        measured.append((*precision_recall(real, fake), *density_coverage(real, fake)))
    precision, recall, density, coverage = zip(*measured, strict=True)
    for diversity in (recall, coverage):
        lost = torch.tensor(diversity).diff()
        assert ((lost > -0.35) & (lost < -0.15)).all()
    assert min(precision) > 0.9
    assert min(density) > 0.9


def test_equal_points_have_balls_of_radius_0():
    """Their surface is all that they have."""
    x = torch.ones(20, 3)
    assert precision_recall(x, x) == (1, 1)
    assert density_coverage(x, x) == (0, 0)
    assert precision_recall(x, x + 1e-3) == (0, 0)


def test_half_precision_is_raised_and_the_kind_of_real_decides():
    real, fake = normal(60, 3, seed=0), normal(50, 3, seed=1)
    for dtype in (torch.float16, torch.bfloat16):
        few = real.to(dtype), fake.to(dtype)
        assert precision_recall(*few) == precision_recall(few[0].float(), few[1].float())
        assert density_coverage(*few) == density_coverage(few[0].float(), few[1].float())
    assert density_coverage(real.double(), fake) == density_coverage(real.double(), fake.double())


def test_results_have_no_gradient():
    x = normal(20, 3, seed=0).requires_grad_()
    assert precision_recall(x, x) == (1, 1)
    assert density_coverage(x, x).coverage == 1


@pytest.mark.parametrize("measure", [precision_recall, density_coverage])
def test_bad_features_are_refused(measure):
    x = normal(6, 3, seed=0)
    with pytest.raises(ValueError, match=r"got \(6, 3\) and \(6, 2\): extract them first"):
        measure(x, x[:, :2])
    with pytest.raises(ValueError, match=r"k for the 6 rows of real .* 1 to 5, got 6"):
        measure(x, normal(20, 3, seed=1), k=6)
    with pytest.raises(ValueError, match=r"k for the 6 rows of real .* 1 to 5, got 0"):
        measure(x, x, k=0)
    with pytest.raises(ValueError, match="fake is empty"):
        measure(x, x[:0])
    broken = x.clone()
    broken[[1, 4], 1:] = math.nan  # two values in each of two rows
    with pytest.raises(ValueError, match="2 of 6 rows of fake hold NaN or infinity"):
        measure(x, broken)
    with pytest.raises(ValueError, match="2 of 6 rows of real hold NaN or infinity"):
        measure(broken, x)
    assert measure(x, x, k=5)[1] == 1


def test_too_few_fakes_for_their_own_balls():
    x = normal(6, 3, seed=0)
    with pytest.raises(ValueError, match=r"k for the 3 rows of fake .* 1 to 2, got 3"):
        precision_recall(x, x[:3])
    assert density_coverage(x, x[:3]).coverage == 1


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_counts_the_same():
    real, fake = normal(500, 16, seed=0), normal(400, 16, seed=1) * 1.1
    for measure in (precision_recall, density_coverage):
        on_gpu = measure(real.cuda(), fake)
        assert on_gpu == pytest.approx(measure(real, fake), abs=0.01)
