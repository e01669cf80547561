import math

import pytest
import torch

from gan_lessons.models.latents import between, loop, truncated


def latents(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_a_loop_passes_its_points_and_closes():
    points = latents(4, 3, 10)
    way = loop(points, 20)
    assert way.shape == (20, 3, 10)
    assert torch.allclose(way[::5], points, atol=1e-6)
    steps = (way - way.roll(-1, 0)).flatten(1).norm(dim=1)
    assert steps.max() < 3 * steps.min()


def test_a_loop_keeps_to_the_sphere():
    points = torch.nn.functional.normalize(latents(3, 50), dim=1)
    assert torch.allclose(loop(points, 31).norm(dim=1), torch.ones(31), atol=1e-5)
    assert loop(points, 31, "linear").norm(dim=1).min() < 0.9


def test_each_step_of_a_loop_has_its_share():
    points = latents(2, 6)
    way = loop(points, 7)  # waypoint 1 is halfway between frames 3 and 4
    share = torch.tensor([6 / 7])
    assert torch.allclose(way[3], between(points[0], points[1], share, "spherical"), atol=1e-6)
    share = torch.tensor([1 / 7])
    assert torch.allclose(way[4], between(points[1], points[0], share, "spherical"), atol=1e-6)


@pytest.mark.parametrize(
    ("points", "frames", "path"),
    [
        (torch.zeros(1, 5), 3, "linear"),
        (torch.zeros(5), 3, "linear"),
        (torch.zeros(2, 5), 0, "linear"),
        (torch.zeros(2, 5), 3, "straight"),
        ([1.0], 3, "linear"),
    ],
)
def test_wrong_loops(points, frames, path):
    with pytest.raises(ValueError, match=r"points must be|frames must be|unknown path"):
        loop(points, frames, path)


@pytest.mark.parametrize("limit", [0.1, 0.7, 2.0])
def test_truncation_is_drawing_again(limit):
    """Quantiles are those of normal numbers with all beyond the limit thrown away."""
    z = truncated(latents(200_000), limit)
    drawn = latents(4_000_000, seed=1)
    drawn = drawn[drawn.abs() <= limit]
    at = torch.linspace(0.01, 0.99, 50).double()
    own = z.double()[:200_000].quantile(at)
    wanted = drawn[:200_000].double().quantile(at)
    assert (own - wanted).abs().max() < 0.02 * limit
    assert z.abs().max() <= limit


def test_far_away_limits_change_nothing():
    z = latents(1000)
    for limit in (6.0, 20.0, 1e6):
        assert torch.allclose(truncated(z, limit), z, atol=1e-5)


def test_latents_move_little_by_little_and_keep_their_order():
    z = latents(1000)
    near, nearer = truncated(z, 1.0), truncated(z, 1.001)
    assert (near - nearer).abs().max() < 2e-3
    assert torch.equal(near.argsort(), z.argsort())
    assert truncated(torch.tensor([0.0, 50.0, -50.0]), 2.0).tolist() == [0.0, 2.0, -2.0]


@pytest.mark.parametrize("limit", [0, -1.0, math.nan, math.inf, "1", None, True])
def test_wrong_limits(limit):
    with pytest.raises(ValueError, match="truncation must be a finite number above 0"):
        truncated(torch.zeros(3), limit)
