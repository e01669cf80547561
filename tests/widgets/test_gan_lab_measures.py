"""What the lab measures, against definitions, closed forms and finite differences."""

import math

import numpy as np
import pytest
import torch

pytest.importorskip("ipywidgets")

from gan_lessons.losses import LOSSES
from gan_lessons.metrics import mode_report
from gan_lessons.models.points import Discriminator, Generator
from gan_lessons.widgets.gan_lab import measures, truth
from gan_lessons.widgets.gan_lab.divergence import cells_of
from gan_lessons.widgets.gan_lab.measures import (
    Ruler,
    heat_points,
    latent_grid,
    outscored,
    push,
    scores,
)


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_real_points_are_near_real_points():
    for name in truth.NAMES:
        ruler = Ruler(truth.truth(name), 2)
        assert ruler.best["js"] < 0.012
        assert ruler.best["modes"] == ruler.best["modes_in_all"] == len(ruler.truth.centres)
        assert ruler.best["good"] > 0.97
        assert 0 <= ruler.best["mode_kl"] < 0.1


# The data


def test_true_points_lie_in_the_window():
    for name in truth.NAMES:
        data = truth.truth(name)
        points = data.sample(2000, rng())
        assert points.shape == (2000, 2)
        assert points.abs().max() < data.view
        assert points.abs().max() > 0.5 * data.view


def test_the_disc_is_what_is_good_of_disjoint():
    data = truth.truth("disjoint")
    assert 3 * data.std == pytest.approx(0.3)


def test_a_drawing_is_what_is_drawn():
    cells = np.zeros((truth.SIDE, truth.SIDE), bool)
    filled = [(0, 0), (1, 1), (29, 29)]
    for at in filled:
        cells[at] = True
    text = truth.drawing_of(cells)
    assert (truth.cells(text) == cells).all()
    assert len(text) == truth.DIGITS == 226
    drawn = truth.truth("drawn", text)
    side = 2 * truth.REACH / truth.SIDE
    points = drawn.sample(900, rng())
    columns = ((points[:, 0] + truth.REACH) / side).floor().int()
    rows = ((truth.REACH - points[:, 1]) / side).floor().int()
    counts = dict.fromkeys(filled, 0)
    for place in zip(rows.tolist(), columns.tolist(), strict=True):
        counts[place] += 1  # a KeyError would be a point outside the cells
    assert min(counts.values()) > 200
    # The first two cells lie in one place of 3 by 3.
    corner = truth.REACH - 1.5 * side
    torch.testing.assert_close(drawn.centres, torch.tensor([[-corner, corner], [corner, -corner]]))


def test_an_empty_drawing_has_no_numbers():
    drawn = truth.truth("drawn", truth.BLANK)
    assert drawn.empty
    assert not truth.truth("drawn").empty
    with pytest.raises(ValueError, match="no real points: draw some"):
        drawn.sample(1, rng())
    full, none = Ruler(truth.truth("drawn"), 2), Ruler(drawn, 2)
    networks = Generator(latent=2), Discriminator()
    some = full.measure(*networks, LOSSES["wgan"])
    numbers = none.measure(*networks, LOSSES["wgan"])
    assert set(numbers) == set(some)
    assert set(none.best) == set(full.best)
    assert (numbers.pop("modes"), numbers.pop("modes_in_all")) == (0, 0)
    assert all(math.isnan(value) for value in numbers.values())


def test_all_points_of_a_drawing_are_good():
    ruler = Ruler(truth.truth("drawn"), 2)
    assert ruler.best["good"] == 1


# Judgement


def test_scores_lie_between_fake_and_real():
    logits = torch.linspace(-8, 8, 33)
    real, fake = torch.tensor([2.0, 4.0]), torch.tensor([-1.0, 1.0])
    for loss in LOSSES:
        score = scores(logits, loss, real, fake)
        assert score.min() >= 0
        assert score.max() <= 1
        assert (score.diff() >= 0).all()
    at = {loss: scores(torch.tensor([1.5]), loss, real, fake).item() for loss in LOSSES}
    assert at["minimax"] == at["nonsaturating"] == pytest.approx(1 / (1 + math.exp(-1.5)))
    assert at["wgan"] == at["rpgan"] == 0.5  # the middle of 3 and 0
    near = scores(torch.tensor([0.1]), "wgan", torch.tensor([0.01]), torch.tensor([-0.01]))
    assert near.item() == pytest.approx(0.6)  # SPREAD: what is nearly flat looks so
    assert scores(torch.tensor([0.25]), "lsgan", real, fake).item() == 0.25
    assert scores(torch.tensor([0.5]), "hinge", real, fake).item() == 0.75


def test_a_draw_counts_half():
    real, fake = torch.tensor([1.0, 2.0, 2.0]), torch.tensor([2.0, 0.0])
    # Pairs: 1 against 2 is lost, against 0 won; each 2 draws with 2 and wins against 0.
    assert outscored(real, fake) == pytest.approx((0 + 1 + 2 * (0.5 + 1)) / 6)
    blind = torch.zeros(50)
    assert outscored(blind, blind) == 0.5
    draw = rng(8)
    for _ in range(20):
        a, b = (torch.randint(0, 5, (n,), generator=draw).float() for n in (17, 30))
        pairs = (a[:, None] > b).double() + 0.5 * (a[:, None] == b)
        assert outscored(a, b) == pytest.approx(float(pairs.mean()))
        assert outscored(a, b) + outscored(b, a) == pytest.approx(1)


def test_heat_points_run_from_the_top_left():
    points = heat_points(2.0, side=4)
    assert points.shape == (16, 2)
    assert points[0].tolist() == [-1.5, 1.5]
    assert points[3].tolist() == [1.5, 1.5]
    assert points[-1].tolist() == [1.5, -1.5]


@pytest.mark.parametrize("name", LOSSES)
def test_arrows_are_the_negative_gradient_by_finite_differences(name):
    torch.manual_seed(2)
    discriminator = Discriminator(layers=2, width=16).double()
    loss = LOSSES[name]
    fake, real = torch.randn(2, 12, 2, generator=rng(4), dtype=torch.float64)
    arrows = push(discriminator, loss, fake, real)
    step = 1e-6

    def value(x: torch.Tensor) -> float:
        against = discriminator(real) if loss.paired else None
        return loss.generator(discriminator(x), against).item()

    for i in range(len(fake)):
        for axis in (0, 1):
            ahead, behind = fake.clone(), fake.clone()
            ahead[i, axis] += step
            behind[i, axis] -= step
            slope = (value(ahead) - value(behind)) / (2 * step)
            assert arrows[i, axis].item() == pytest.approx(-len(fake) * slope, rel=1e-4, abs=1e-7)
    assert all(weight.grad is None for weight in discriminator.parameters())


def test_going_along_the_arrows_lowers_the_generators_loss():
    torch.manual_seed(5)
    discriminator = Discriminator()
    fake, real = torch.randn(2, 64, 2, generator=rng(5))
    for loss in LOSSES.values():
        arrows = push(discriminator, loss, fake, real)
        moved = fake + 0.1 * arrows / arrows.norm(dim=1).max()
        before, after = (
            loss.generator(discriminator(x), discriminator(real)) for x in (fake, moved)
        )
        assert after < before


# The generator's grid


@pytest.mark.parametrize("prior", ["normal", "uniform"])
@pytest.mark.parametrize("latent", [1, 2])
def test_the_cells_hold_the_fakes_they_say(latent, prior):
    """A linear generator keeps the grid straight: how many fakes fall to each cell is counted."""
    torch.manual_seed(1)
    generator = Generator(latent=latent, layers=0, dims=2, prior=prior)
    with torch.no_grad():
        weight = generator.layers[0].weight
        weight.copy_(torch.eye(2)[:, :latent] * 0.7)
        generator.layers[0].bias.zero_()
    drawn = latent_grid(generator, latent)
    assert float(drawn.mass.sum()) == pytest.approx(0.992**latent, abs=1e-3)
    fake = generator(torch.randn(200_000, latent, generator=rng(6))).detach()
    lines = drawn.corners[:, 0, 0] if latent == 2 else drawn.corners[:, 0]
    place = torch.bucketize(fake[:, :latent].contiguous(), lines.contiguous()) - 1
    inside = ((place >= 0) & (place < len(lines) - 1)).all(1)
    shape_of = drawn.mass.shape
    step = torch.tensor([shape_of[1], 1] if latent == 2 else [1])
    flat = (place[inside] * step).sum(1)
    counted = flat.bincount(minlength=drawn.mass.numel()).view(shape_of) / len(fake)
    assert (counted - drawn.mass).abs().max() < 0.15 * drawn.mass.max()
    widths = lines.diff()
    area = torch.outer(widths, widths) if latent == 2 else widths
    assert torch.allclose(drawn.area, area, atol=1e-6)
    assert torch.allclose(drawn.density, drawn.mass / area, rtol=1e-3)


# All numbers of a moment


def test_measure_by_definition():
    torch.manual_seed(3)
    generator, discriminator = Generator(), Discriminator()
    ruler = Ruler(truth.truth("two_gaussians"), 2)
    numbers = ruler.measure(generator, discriminator, LOSSES["nonsaturating"])
    with torch.no_grad():
        fake = generator(ruler.z)
        on_real, on_fake = discriminator(ruler.real), discriminator(fake)
    won = (on_real[:, None] > on_fake[None]).double().mean()
    assert numbers["outscored"] == pytest.approx(float(won), abs=1e-6)
    assert numbers["logit_real"] == pytest.approx(float(on_real.mean()), abs=1e-6)
    assert (numbers["mean_x"], numbers["mean_y"]) == pytest.approx(fake.mean(0).tolist())
    far = torch.cdist(fake, ruler.truth.centres).min(1)
    good = far.values < 3 * ruler.truth.std
    assert numbers["good"] == pytest.approx(float(good.double().mean()))
    assert numbers["modes"] == len(far.indices[good].unique())
    assert numbers["spread"] == pytest.approx(float(fake.var(0).sum() / ruler.real.var(0).sum()))
    report = mode_report(fake, ruler.truth.centres, ruler.truth.std)
    assert (numbers["modes"], numbers["good"]) == (report.found, report.good)
    assert numbers["mode_kl"] == report.reverse_kl
    assert numbers["js"] == cells_of(ruler.truth).js(fake) > 0.1


def test_a_generator_of_real_points_is_perfect():
    class Real(torch.nn.Module):
        def forward(self, z: torch.Tensor) -> torch.Tensor:
            return truth.truth("ring").sample(len(z), rng(9))

    ruler = Ruler(truth.truth("ring"), 2)
    numbers = ruler.measure(Real(), Discriminator(), LOSSES["wgan"])
    assert numbers["modes"] == 8
    assert numbers["good"] > 0.97
    assert numbers["js"] < 0.012
    assert numbers["mode_kl"] < 0.01
    assert numbers["spread"] == pytest.approx(1, abs=0.05)
    assert numbers["outscored"] == pytest.approx(0.5, abs=0.03)
    assert measures.FAKES == 2000


def test_points_that_are_no_numbers_are_an_error():
    class Broken(torch.nn.Module):
        def forward(self, z: torch.Tensor) -> torch.Tensor:
            return z / z.new_zeros(())

    ruler = Ruler(truth.truth("ring"), 2)
    with pytest.raises(ValueError, match="2000 of 2000 rows of the generator's points hold NaN"):
        ruler.measure(Broken(), Discriminator(), LOSSES["nonsaturating"])


def test_the_critics_scale_ends_at_the_means():
    real, fake = torch.tensor([3.0, 5.0]), torch.tensor([-2.0, 0.0])
    at = measures.scores(torch.tensor([-9.0, -1.0, 1.5, 4.0, 9.0]), "wgan", real, fake)
    torch.testing.assert_close(at, torch.tensor([0.0, 0.0, 0.5, 1.0, 1.0]))
