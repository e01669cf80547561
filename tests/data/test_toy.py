"""Points in the plane: where they lie, that seeds repeat them, and which arguments are refused."""

import pytest
import torch

from gan_lessons.data import toy


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("name", toy.SETS)
def test_shape_and_seed(name):
    sample = toy.SETS[name].sample
    points = sample(500, rng(3))
    assert points.shape == (500, 2)
    assert points.dtype == torch.float32
    assert points.isfinite().all()
    assert torch.equal(points, sample(500, rng(3)))
    assert not torch.equal(points, sample(500, rng(4)))
    assert sample(0, rng()).shape == (0, 2)


@pytest.mark.parametrize("name", toy.SETS)
def test_the_global_generator_is_left_alone(name):
    before = torch.get_rng_state()
    toy.SETS[name].sample(10, rng())
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("name", ["ring", "grid", "two_gaussians", "disjoint"])
def test_each_mode_has_its_share_centre_and_deviation(name):
    which = toy.SETS[name]
    centres = which.centres()
    n = 1000 * len(centres)
    points = which.sample(n, rng())
    nearest = torch.cdist(points, centres).argmin(1)
    for mode, centre in enumerate(centres):
        own = points[nearest == mode]
        # Five standard errors: of a count of about 1000, of a mean, of a standard deviation.
        assert len(own) == pytest.approx(1000, abs=160)
        assert torch.allclose(own.mean(0), centre, atol=5 * which.std / 900**0.5)
        assert torch.allclose(own.std(0), torch.tensor(which.std), rtol=0.12)


@pytest.mark.parametrize("name", ["line", "spiral"])
def test_the_centres_of_a_curve_lie_along_it_evenly(name):
    which = toy.SETS[name]
    centres = which.centres()
    dense = which.sample(20_000, rng())
    assert torch.cdist(centres, dense).amin(1).max() < 2 * which.std, "no centre is off the curve"
    share = torch.cdist(dense, centres).argmin(1).bincount(minlength=len(centres)) / len(dense)
    assert share.min() > 0.4 / len(centres)
    assert share.max() < 1.8 / len(centres)


def test_the_outer_turns_of_the_spiral_are_not_thinner():
    """On a uniform Archimedean spiral, half of the points lie within 1/√2 of its radius."""
    radius = toy.spiral(4000, rng(), std=0.0).norm(dim=1)
    assert radius.max() <= 1 + 1e-6
    assert radius.median() == pytest.approx(0.5**0.5, abs=0.03)


def test_the_settings_of_the_literature():
    """PacGAN (Lin et al. 2018), section 4.1: 8 on the unit circle; -4 to 4 in steps of 2."""
    ring = toy.ring_centres()
    assert ring.shape == (8, 2)
    assert torch.allclose(ring.norm(dim=1), torch.ones(8))
    assert torch.allclose(ring.mean(0), torch.zeros(2), atol=1e-6), "the whole circle is used"
    assert toy.SETS["ring"].std == 0.01
    grid = toy.grid_centres()
    assert sorted({x for x, _ in grid.tolist()}) == [-4, -2, 0, 2, 4]
    assert len({tuple(point) for point in grid.tolist()}) == 25
    assert toy.SETS["grid"].std == 0.05


def test_there_are_gaps_between_the_discs():
    points = toy.disjoint(5000, rng())
    to_centre = torch.cdist(points, toy.disjoint_centres()).amin(1)
    assert to_centre.max() <= 0.3 + 1e-6
    half = (to_centre < 0.3 / 2**0.5).float().mean()
    assert half == pytest.approx(0.5, abs=0.04), "half of the points lie in half of the area"


def test_one_dimension():
    points = toy.two_gaussians(4000, rng(), distance=2.0, std=0.1, dims=1)
    assert points.shape == (4000, 1)
    assert toy.two_gaussians_centres(2.0, 1).flatten().tolist() == [-1, 1]
    assert torch.allclose(points[points > 0].mean(), torch.tensor(1.0), atol=0.02)
    assert torch.pdist(toy.two_gaussians_centres(2.0, 2)).item() == pytest.approx(2)


def test_settings_are_followed():
    assert torch.allclose(toy.ring(50, rng(), radius=3.0, std=0.0).norm(dim=1), torch.tensor(3.0))
    assert len(toy.ring(300, rng(), modes=3, std=0.0).round(decimals=4).unique(dim=0)) == 3
    assert toy.grid(2000, rng(), side=2, spacing=6.0, std=0.0).abs().unique().tolist() == [3]
    x, y = toy.line(100, rng(), slope=2.0, std=0.0).T
    assert torch.allclose(y, 2 * x)
    assert toy.disjoint(100, rng(), modes=1).norm(dim=1).max() <= 0.3


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: toy.ring(-1, rng()), "n must be a whole number from 0 to 134217728, got -1"),
        (lambda: toy.line(-1, rng()), "n must be a whole number from 0 to 134217728, got -1"),
        (
            lambda: toy.ring(1, rng(), modes=0),
            "modes must be a whole number from 1 to 1048576, got 0",
        ),
        (lambda: toy.grid(1, rng(), side=0), "side must be a whole number from 1 to 1024, got 0"),
        (lambda: toy.ring(1, rng(), std=-0.1), "std must be .* from 0 to 1e.30, got -0.1"),
        (lambda: toy.line(1, rng(), std=-0.1), "std must be .* from 0 to 1e.30, got -0.1"),
        (lambda: toy.two_gaussians(1, rng(), dims=3), "dims must be a whole number from 1 to 2"),
        (
            lambda: toy.disjoint(1, rng(), distance=0.6),
            "greater than twice the radius 0.3, got 0.6",
        ),
        (
            lambda: toy.disjoint(1, rng(), radius=-0.1),
            "radius must be .* from 0 to 1e.30, got -0.1",
        ),
        (lambda: toy.spiral_centres(0), "points must be a whole number from 1 to 1048576, got 0"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
