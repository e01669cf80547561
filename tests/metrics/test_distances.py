import math
import warnings

import pytest
import torch
from torch import Tensor
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.kid import KernelInceptionDistance

from gan_lessons.metrics import features, frechet_distance, kernel_distance


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def whitened(x: Tensor) -> Tensor:
    """x: (n, dims), shifted and mixed so that its mean is 0 and its covariance the identity."""
    x = x - x.mean(0)
    return torch.linalg.solve_triangular(
        torch.linalg.cholesky(x.T @ x / (len(x) - 1)), x.T, upper=False
    ).T


def four_modes(modes: int, n: int = 600, seed: int = 0) -> Tensor:
    """(n, 4): equal clusters at the first of four corners, which are equally far apart."""
    corners = 4 * torch.eye(4, dtype=torch.float64)
    return corners[torch.arange(n) % modes] + 0.5 * normal(n, 4, seed=seed)


def white(n: int, dims: int, seed: int = 0) -> Tensor:
    return whitened(normal(n, dims, seed=seed))


BAD = [
    (
        (5, 3),
        (5, 4),
        r"features real and fake must be \(N, D\) and \(M, D\), got \(5, 3\) and \(5, 4\)",
    ),
    ((5, 1, 8, 8), (5, 1, 8, 8), "extract them first"),
    ((1, 3), (5, 3), "at least 2 rows in each set, got 1 and 5"),
    ((5, 3), (1, 3), "at least 2 rows in each set, got 5 and 1"),
    ((5, 3), (0, 3), "fake is empty"),
]


@pytest.mark.parametrize("measure", [frechet_distance, kernel_distance])
class TestBoth:
    @pytest.mark.parametrize(("real", "fake", "message"), BAD)
    def test_bad_features_are_refused(self, measure, real, fake, message):
        with pytest.raises(ValueError, match=message):
            measure(torch.zeros(real), torch.zeros(fake))

    @pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
    @pytest.mark.parametrize("which", ["real", "fake"])
    def test_infinite_and_nan_features_are_refused(self, measure, which, value):
        sets = {"real": normal(9, 3), "fake": normal(8, 3)}
        sets[which][2, 1] = value
        with pytest.raises(ValueError, match=f"1 of . rows of {which} hold NaN or infinity"):
            measure(**sets)

    def test_integer_features_are_refused(self, measure):
        with pytest.raises(ValueError, match=r"real must be floating point, got torch\.int64"):
            measure(torch.ones(5, 3, dtype=torch.int64), torch.ones(5, 3))

    def test_results_have_no_gradient_and_inputs_stay_unchanged(self, measure):
        x, y = normal(30, 4, seed=0).requires_grad_(), normal(30, 4, seed=1)
        before = y.clone()
        measure(x, y)
        assert x.grad is None
        assert torch.equal(y, before)


def test_frechet_distance_to_itself_is_zero():
    x = normal(500, 8)
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-6)
    assert frechet_distance(x, x.flip(0)) == pytest.approx(0, abs=1e-6)


def test_independent_gaussians_in_closed_form():
    """|m1 - m2|² + Σ (s1 - s2)², exact for whitened samples."""
    x = white(400, 3)
    s1, s2 = torch.tensor([1.0, 2.0, 0.5]).double(), torch.tensor([3.0, 1.0, 0.5]).double()
    m1, m2 = torch.tensor([0.0, 1.0, 2.0]).double(), torch.tensor([1.0, -1.0, 2.0]).double()
    expected = (1 + 4 + 0) + (4 + 1 + 0)
    assert frechet_distance(x * s1 + m1, x * s2 + m2) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("first", "second"),
    [(40, 40), (40, 7), (7, 40), (7, 3), (40, 0), (0, 0)],
    ids=lambda rank: f"rank {rank}",
)
def test_any_gaussians_in_closed_form(first, second):
    """40 dimensions, dependent, covariances of any rank.

    Samples A w of white w have the covariance A Aᵀ, and the trace of (A Aᵀ B Bᵀ)^½ is the sum of
    the singular values of Aᵀ B: both products have the same eigenvalues but for zeros.
    """
    a = normal(40, 40, seed=1)[:, :first] / 4
    b = normal(40, 40, seed=2)[:, :second] / 4
    shift = normal(40, seed=3)
    real = white(300, 40, seed=4)[:, :first] @ a.T
    fake = white(200, 40, seed=5)[:, :second] @ b.T + shift
    traces = a.square().sum() + b.square().sum() - 2 * torch.linalg.svdvals(a.T @ b).sum()
    expected = shift.square().sum() + traces
    assert frechet_distance(real, fake) == pytest.approx(expected.item(), rel=1e-6)
    assert frechet_distance(fake, real) == pytest.approx(expected.item(), rel=1e-6)


def test_covariances_that_share_no_direction():
    x = white(100, 6)
    real, fake = x.clone(), x.clone()
    real[:, 3:] = 0
    fake[:, :3] = 0
    assert frechet_distance(real, fake) == pytest.approx(6, rel=1e-6)


def test_frechet_distance_is_symmetric_and_grows():
    x, y = normal(300, 5, seed=0), normal(300, 5, seed=1)
    near, far = frechet_distance(x, y + 0.5), frechet_distance(x, y + 1.0)
    assert 0 < near < far
    assert frechet_distance(y + 1.0, x) == pytest.approx(far, rel=1e-6)


def test_frechet_distance_stays_when_both_sets_move():
    """Far from 0, plain sums of squares would lose all digits."""
    x, y = normal(300, 5, seed=0), normal(300, 5, seed=1)
    assert frechet_distance(x + 1e8, y + 1e8) == pytest.approx(frechet_distance(x, y), rel=1e-5)


def test_frechet_distance_grows_with_the_square_of_the_scale():
    x, y = normal(300, 5, seed=0), normal(300, 5, seed=1)
    assert frechet_distance(3 * x, 3 * y) == pytest.approx(9 * frechet_distance(x, y), rel=1e-6)


def test_small_sets_have_larger_distances():
    """Because of this bias, compare distances at equal counts only."""
    x, y = normal(4000, 20, seed=0), normal(4000, 20, seed=1)
    assert frechet_distance(x[:100], y[:100]) > 5 * frechet_distance(x, y)


def test_torchmetrics_gives_the_same_frechet_distance_from_pictures(stripes):
    """The distance of features equals torchmetrics' result from pictures and our network."""
    images, other = stripes(300, seed=0), stripes(200, seed=1)
    net = features(images)
    metric = FrechetInceptionDistance(feature=net)
    metric.update(images.pixels, real=True)
    metric.update(other.pixels, real=False)
    ours = frechet_distance(net.extract(images.pixels), net.extract(other.pixels))
    assert ours == pytest.approx(metric.compute().item(), rel=1e-3, abs=1e-3)


def slowly(real: Tensor, fake: Tensor) -> float:
    """The unbiased estimate, pair by pair."""

    def mean(pairs: list[tuple[Tensor, Tensor]]) -> float:
        return sum((float(x @ y) / len(x) + 1) ** 3 for x, y in pairs) / len(pairs)

    within = [
        mean([(x, y) for i, x in enumerate(rows) for j, y in enumerate(rows) if i != j])
        for rows in (real, fake)
    ]
    return sum(within) - 2 * mean([(x, y) for x in real for y in fake])


def test_kernel_distance_pair_by_pair():
    real, fake = normal(23, 4, seed=0), 1.3 * normal(23, 4, seed=1) + 0.2
    distance = kernel_distance(real, fake, subsets=1)
    assert distance.mean == pytest.approx(slowly(real, fake), rel=1e-12)
    assert distance.std == 0


def test_kernel_distance_of_sets_of_two_sizes():
    """A subset of 12 has all fake rows and some of the real ones, which are all equal."""
    real, fake = normal(1, 4).expand(30, 4), normal(12, 4, seed=1)
    distance = kernel_distance(real, fake, subsets=3)
    assert distance.mean == pytest.approx(slowly(real[:12], fake), rel=1e-12)
    assert distance.std == pytest.approx(0, abs=1e-12)


def test_kernel_distance_to_itself():
    """Below 0 by a known amount: a row is paired with its copy, but never with itself."""
    x = normal(200, 8)
    kernel = (x @ x.T / 8 + 1) ** 3
    pairs = 200 * 199
    expected = 2 * ((kernel.sum() - kernel.trace()) / pairs - kernel.mean())
    distance = kernel_distance(x, x.flip(0), subsets=1).mean
    assert distance == pytest.approx(expected.item(), rel=1e-9)
    assert distance < 0


def test_kernel_distance_is_unbiased_with_the_variance_that_theory_gives():
    """For random signs, n in each set, k is 4 + 4xy: variance 16 (4 / (n (n - 1)) + 4 / n²)."""
    n, draws = 12, 1000
    signs = normal(draws, 2, n, 1).sign()
    values = torch.tensor([kernel_distance(x, y, subsets=1).mean for x, y in signs])
    variance = 16 * (4 / (n * (n - 1)) + 4 / n**2)
    assert abs(values.mean()) < 4 * math.sqrt(variance / draws)
    assert values.var().item() == pytest.approx(variance, rel=0.3)


def test_kernel_distance_grows_as_modes_are_dropped():
    real = four_modes(4)
    values = [kernel_distance(real, four_modes(kept, seed=1)).mean for kept in (4, 3, 2, 1)]
    assert values == sorted(values)
    assert values[1] > 10 * abs(values[0])


def test_kernel_distance_sees_what_frechet_distance_does_not():
    """For one feature it is 3 a² + 3 b² + c², with a, b, c the differences of the first 3 moments.

    Here the first two are equal, and the third is (1 - 2p) / (p (1 - p))^½ = 1.5 against 0.
    """
    lopsided = whitened((torch.arange(4000) % 5 == 0).double()[:, None])
    even = white(4000, 1, seed=1)
    assert frechet_distance(lopsided, even) == pytest.approx(0, abs=1e-9)
    assert kernel_distance(lopsided, even).mean == pytest.approx(1.5**2, rel=0.2)


def test_the_seed_determines_the_subsets_and_the_global_generator_is_untouched():
    real, fake = normal(200, 4, seed=0), normal(150, 4, seed=1)
    before = torch.get_rng_state()
    first = kernel_distance(real, fake, subset_size=50)
    assert torch.equal(torch.get_rng_state(), before)
    torch.rand(3)
    assert kernel_distance(real, fake, subset_size=50) == first
    assert kernel_distance(real, fake, subset_size=50, seed=1) != first
    assert first.std > 0


def test_more_subsets_come_closer_to_all_pairs():
    real, fake = normal(60, 3, seed=0), normal(60, 3, seed=1) + 0.3
    distance = kernel_distance(real, fake, subsets=400, subset_size=20)
    assert abs(distance.mean - slowly(real, fake)) < 4 * distance.std / math.sqrt(400)
    assert kernel_distance(real, fake, subsets=400, subset_size=40).std < distance.std


def test_torchmetrics_gives_the_same_kernel_distance_from_pictures(stripes):
    images, other = stripes(300, seed=0), stripes(200, seed=1)
    net = features(images)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        metric = KernelInceptionDistance(feature=net, subsets=7, subset_size=50)
    metric.update(images.pixels, real=True)
    metric.update(other.pixels, real=False)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        mean, std = metric.compute()
    sets = net.extract(images.pixels), net.extract(other.pixels)
    ours = kernel_distance(*sets, subsets=7, subset_size=50, seed=3)
    scale = sets[0].square().mean().item() ** 3
    assert ours.mean == pytest.approx(mean.item(), abs=1e-5 * scale)
    assert ours.std == pytest.approx(std.item(), abs=1e-5 * scale)


def test_there_are_no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        kernel_distance(normal(5, 2), normal(5, 2, seed=1))


@pytest.mark.parametrize(
    ("subsets", "size", "message"),
    [
        (0, 10, "subsets must be a whole number from 1 to 100000, got 0"),
        (-1, 10, "subsets must be a whole number from 1 to 100000, got -1"),
        (3, 1, "subset_size must be a whole number of at least 2, got 1"),
        (3, 0, "subset_size must be a whole number of at least 2, got 0"),
    ],
)
def test_subsets_out_of_range_are_refused(subsets, size, message):
    with pytest.raises(ValueError, match=message):
        kernel_distance(normal(9, 2), normal(9, 2), subsets=subsets, subset_size=size)


@pytest.mark.parametrize("power", [-500, -300, 100, 260, 400, 507])
def test_frechet_distance_of_any_scale(power):
    """Covariances are multiplied: beyond about 1e77, their product is infinite."""
    real, fake = normal(40, 4), normal(50, 4, seed=1) + 1
    expected = frechet_distance(real, fake)
    scale = 2.0**power
    found = frechet_distance(real * scale, fake * scale)
    assert found / scale / scale == pytest.approx(expected, rel=1e-9)
    far = real + 2.0**20  # the scale of the spread counts too
    assert frechet_distance(far * scale, (fake + 2.0**20) * scale) / scale / scale == pytest.approx(
        expected, rel=1e-6
    )


@pytest.mark.parametrize("scale", [1e78, 1e100, 1e154, 1e160, 1e300])
def test_no_distance_is_perfect_because_it_overflowed(scale):
    real, fake = normal(40, 4) * scale, (normal(50, 4, seed=1) + 1) * scale
    if scale < 1e154:
        assert frechet_distance(real, fake) > scale**2
    else:
        with pytest.raises(ValueError, match="the Fréchet distance is too large for a float64"):
            frechet_distance(real, fake)
    with pytest.raises(ValueError, match="the kernel distance is too large for a float64"):
        kernel_distance(real, fake)
