import base64
import io
import json
import random
import re

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

pytest.importorskip("ipywidgets")

from gan_lessons import data, models
from gan_lessons.data import to_uint8
from gan_lessons.models import dcgan, mlp
from gan_lessons.models.latents import PATHS
from gan_lessons.train import TrainConfig, Trainer
from gan_lessons.widgets import LatentExplorer
from gan_lessons.widgets.latent_explorer import page, space
from gan_lessons.widgets.latent_explorer.settings import SIDE, STEPS, STRIP, LatentSettings
from gan_lessons.widgets.latent_explorer.source import Source
from gan_lessons.widgets.latent_explorer.view import latents_beside, neighbours_of, view_of


def made(seed: int = 0, **options) -> nn.Module:
    torch.manual_seed(seed)
    options = {"size": 8, "latent": 10, "width": 4, **options}
    generator = dcgan.Generator(**options)
    for _ in range(40):  # or batch norm's averages make all pictures the same grey
        generator(torch.randn(64, options["latent"]), *_labels(generator))
    with torch.no_grad():
        generator.layers[-2].weight.mul_(10)
    return generator


def _labels(generator: nn.Module) -> list[torch.Tensor]:
    classes = generator.options["classes"]
    return [torch.arange(64) % classes] if classes else []


def by_torch(generator: nn.Module, z: torch.Tensor, label: int | None = None) -> torch.Tensor:
    generator.eval()
    with torch.no_grad():
        told = [] if label is None else [torch.tensor([label])]
        picture = generator(z[None], *told)
    generator.train()
    return picture


def drawn(html: str) -> np.ndarray:
    source = re.search(r"src='data:image/png;base64,([^']*)'", html)[1]
    return np.array(Image.open(io.BytesIO(base64.b64decode(source))))


def slerp(a: torch.Tensor, b: torch.Tensor, t: float) -> torch.Tensor:
    """Written out once more, in double precision."""
    a, b = a.double(), b.double()
    angle = torch.acos((a @ b / (a.norm() * b.norm())).clamp(-1, 1))
    if angle.sin() < 1e-6:
        return (1 - t) * a + t * b
    return (((1 - t) * angle).sin() * a + (t * angle).sin() * b) / angle.sin()


# The space


def test_a_walk_begins_and_ends_where_it_should():
    a, b = torch.randn(2, 10, generator=torch.Generator().manual_seed(1))
    for path in PATHS:
        z = space.walk(a, b, 8, path)
        assert torch.allclose(z[0], a, atol=1e-6)
        assert torch.allclose(z[-1], b, atol=1e-6)
    z = space.walk(a, b, 8, "spherical")
    for i in range(9):
        assert torch.allclose(z[i].double(), slerp(a, b, i / 8), atol=1e-5)
    assert torch.allclose(space.walk(a, b, 8, "linear")[2], 0.75 * a + 0.25 * b)


def test_a_spherical_walk_stays_on_its_shell_in_equal_steps():
    a, b = torch.nn.functional.normalize(torch.randn(2, 30), dim=1)
    z = space.walk(a, b, 8, "spherical")
    assert torch.allclose(z.norm(dim=1), torch.ones(9), atol=1e-5)
    steps = (z[1:] - z[:-1]).norm(dim=1)
    assert torch.allclose(steps, steps[:1].expand(8), atol=1e-5)
    assert space.walk(a, b, 8, "linear")[4].norm() < 0.95


@pytest.mark.parametrize("path", PATHS)
def test_where_there_is_no_one_arc_it_goes_straight(path):
    a = torch.randn(10)
    assert torch.allclose(space.walk(a, a, 4, path), a.expand(5, 10), atol=1e-6)
    assert torch.allclose(space.walk(a, -a, 4, path)[1], a / 2, atol=1e-5)
    assert torch.allclose(space.walk(a, 2 * a, 4, path)[2], 1.5 * a, atol=1e-5)


def test_a_grid_has_its_corners_and_its_middle():
    corners = torch.randn(4, 10)
    for path in PATHS:
        z = space.grid(corners, 7, path)
        for at, corner in zip(((0, 0), (0, 6), (6, 0), (6, 6)), corners, strict=True):
            assert torch.allclose(z[at], corner, atol=1e-6)
    assert torch.allclose(space.grid(corners, 7, "linear")[3, 3], corners.mean(0), atol=1e-6)
    above, below = (slerp(*corners[i : i + 2], 1 / 6) for i in (0, 2))
    z = space.grid(corners, 7, "spherical")
    assert torch.allclose(z[3, 1].double(), slerp(above, below, 0.5), atol=1e-5)


@pytest.mark.parametrize("classes", [0, 3])
@pytest.mark.parametrize("family", ["mlp", "dcgan", "modern"])
def test_the_directions_are_the_first_layers_singular_vectors(family, classes):
    torch.manual_seed(0)
    generator, _ = models.build(family, size=8, channels=1, latent=10, width=12, classes=classes)
    first = next(
        layer for layer in generator.modules() if isinstance(layer, nn.Linear | nn.ConvTranspose2d)
    )
    weight = first.weight if isinstance(first, nn.Linear) else first.weight.flatten(1).T
    _, values, vectors = torch.linalg.svd(weight[:, :10].detach().double())
    source = Source(generator)
    assert source.directions.shape == (6, 10)
    cosines = (source.directions.double() @ vectors.T).abs()
    assert torch.allclose(cosines, torch.eye(10, dtype=torch.float64)[:6], atol=1e-3)
    assert torch.allclose(source.shares.double(), (values**2 / (values**2).sum())[:6], atol=1e-5)


def test_the_directions_are_orthonormal_and_ordered():
    source = Source(made(latent=20))
    gram = source.directions @ source.directions.T
    assert torch.allclose(gram, torch.eye(6), atol=1e-5)
    assert (source.shares[:-1] >= source.shares[1:]).all()
    assert 0 < source.shares.sum() < 1
    again = Source(made(latent=20))
    assert torch.equal(source.directions, again.directions)
    assert len(Source(made(latent=3)).directions) == 3


def test_the_pictures_of_these_tests_differ():
    generator = made()
    sheet = neighbours_of(Source(generator), LatentSettings(0).fitted(6, 0))
    assert sheet.pictures.std() > 0.2
    assert (sheet.pictures[:, 0] - sheet.pictures[:, -1]).abs().mean() > 0.1


# The explorer

OPTIONS = [{}, {"channels": 3}, {"classes": 3}, {"size": 28}, {"latent": 2}]


@pytest.mark.parametrize("options", OPTIONS)
def test_random_events_show_what_torch_says(options):
    """2,000 in all, over five generators."""
    generator = made(**options)
    explorer = LatentExplorer(generator, seed=3)
    draw = random.Random(1)
    for _ in range(400):
        happens(explorer, draw)
        agrees(explorer, generator)


def happens(explorer: LatentExplorer, draw: random.Random) -> None:
    sliders = [f"direction{i + 1}" for i in range(len(explorer.directions))]
    name = draw.choice(["cell", "play", *explorer.controls, *sliders])
    if name == "cell":
        draw.choice(explorer.board.children).click()
        return
    control = explorer.controls[name]
    if name in ("new", "reset", "go"):
        control.click()
    elif name == "play":
        control.value = draw.choice([0, control.value + 1, control.value + 3])
    elif hasattr(control, "options"):
        control.value = draw.choice([option[1] for option in control.options])
    elif name in sliders:
        control.value = draw.randint(-30, 30) / 10
    else:
        control.value = draw.randint(control.min, min(control.max, 60))


def expected_z(explorer: LatentExplorer) -> torch.Tensor:
    """From the state alone."""
    s, size = explorer.state, explorer.source.size
    left, right = (
        [torch.randn(1, size, generator=rng)[0] for _ in range(2)]
        for rng in (torch.Generator().manual_seed(s[name]) for name in ("seed", "towards"))
    )

    def way(a, b, t):
        return slerp(a, b, t) if s["path"] == "spherical" else (1 - t) * a + t * b

    def at(where):
        if where == "walk":
            return way(left[0], right[0], s["position"] / STEPS)
        if where == "grid":
            across, down = (s["column"] - 1) / (SIDE - 1), (s["row"] - 1) / (SIDE - 1)
            return way(way(left[0], right[0], across), way(left[1], right[1], across), down)
        return left[0]

    if s["view"] != "directions":
        return at(s["view"]).float()
    moved = torch.tensor(s["shifts"]).double() @ explorer.directions.double()
    return (at(s["origin"]) + moved).float()


def agrees(explorer: LatentExplorer, generator: nn.Module) -> None:
    state = explorer.state
    for name, value in state.items():
        if name != "shifts":
            assert explorer.controls[name].value == value, name
    for i, shift in enumerate(state["shifts"]):
        assert explorer.controls[f"direction{i + 1}"].value == pytest.approx(shift, abs=1e-9)
    z = expected_z(explorer)
    assert torch.allclose(explorer.z, z, atol=2e-4)
    label = state["label"] if explorer.source.classes else None
    picture = by_torch(generator, explorer.z, label)
    assert torch.allclose(explorer.picture, picture, atol=1e-5)
    html = explorer._large.value
    assert float(re.search(r"class='norm'>([\d.]+)<", html)[1]) == pytest.approx(
        float(z.norm()), abs=0.006
    )
    wanted = to_uint8(picture)[0].permute(1, 2, 0).expand(-1, -1, 3).numpy()
    assert np.abs(drawn(html).astype(int) - wanted).max() <= 1


def test_the_pictures_beside_it_are_torchs():
    generator = made(channels=3)
    explorer = LatentExplorer(generator, seed=2, shifts=[1.0])
    for view in ("directions", "walk", "grid"):
        explorer.controls["view"].value = view
        z = latents_beside(explorer.source, explorer.settings)
        sheet = explorer.neighbours
        for row in range(z.shape[0]):
            for column in range(z.shape[1]):
                wanted = by_torch(generator, z[row, column])[0]
                assert torch.allclose(sheet.pictures[row, column], wanted, atol=1e-5)
        if view == "walk":
            frames = sheet.pictures[0]
            for i, told in enumerate(sheet.distances):
                difference = (frames[i + 1] - frames[i]).numpy()
                assert told == pytest.approx(np.sqrt((difference**2).mean()), rel=1e-4)
            gaps = explorer._walk.value.split("<div class='row gaps'>")[1].split("</div>")[0]
            shown = re.findall(r"<span>([\d.]+)</span>", gaps)
            assert shown == [f"{distance:.2f}" for distance in sheet.distances]
            assert len(sheet.norms) == STEPS + 1
    assert drawn(explorer._grid.value).shape == (SIDE * 8, SIDE * 8, 3)
    assert len(explorer._strips) == 6
    assert drawn(explorer._strips[0].value).shape == (8, STRIP * 8, 3)


def test_a_place_on_the_walk_is_told_by_the_pictures_beside_it():
    generator = made()
    explorer = LatentExplorer(generator, view="walk")
    z = latents_beside(explorer.source, explorer.settings)[0]
    for position in range(STEPS + 1):
        explorer.controls["position"].value = position
        words = page.place(position)
        assert explorer._place.value == words
        assert words in explorer._large.value
        if exact := re.fullmatch(r"picture (\d+) of 9", words):
            assert torch.allclose(explorer.z, z[int(exact[1]) - 1], atol=1e-5)
            continue
        part, before, after = map(
            int, re.fullmatch(r"(\d)/6 from picture (\d) to (\d)", words).groups()
        )
        assert after == before + 1
        assert (before - 1 + part / 6) * 6 == pytest.approx(position)


def test_the_corners_of_the_grid_name_their_seeds():
    explorer = LatentExplorer(made(), seed=3, towards=12, view="grid")
    above, below = explorer._above.value, explorer._below.value
    assert re.findall(r"<span>(.*?)</span>", above) == ["seed 3", "seed 12"]
    assert re.findall(r"<span>(.*?)</span>", below) == [
        "seed 3, second latent",
        "seed 12, second latent",
    ]
    (frame,) = explorer.frames("row", [1])
    assert above in frame.html
    assert below in frame.html


def test_a_strip_shows_its_direction_alone():
    explorer = LatentExplorer(made(), seed=2)
    z = latents_beside(explorer.source, explorer.settings)
    assert torch.allclose(z[:, 3], explorer.z.expand(6, 10))
    assert torch.allclose(z[4, 6] - explorer.z, 3 * explorer.directions[4], atol=1e-5)


def test_the_state_rebuilds_it():
    generator = made(classes=4)
    explorer = LatentExplorer(generator, seed=5)
    draw = random.Random(7)
    for _ in range(60):
        happens(explorer, draw)
        again = LatentExplorer(generator, **json.loads(json.dumps(explorer.state)))
        assert again.state == explorer.state
        assert torch.equal(again.picture, explorer.picture)
        assert repr(again) == repr(explorer)
        assert {n: c.value for n, c in again.controls.items() if n in again.state} == {
            n: c.value for n, c in explorer.controls.items() if n in explorer.state
        }


def test_a_setting_has_one_picture():
    source = Source(made())
    setting = LatentSettings(4, shifts=(1.0,)).fitted(6, 0)
    first, second = view_of(source, setting), view_of(source, setting)
    assert torch.equal(first.picture, second.picture)
    assert torch.equal(
        neighbours_of(source, setting).pictures, neighbours_of(source, setting).pictures
    )


def test_what_did_not_change_is_not_sent_again():
    explorer = LatentExplorer(made())
    before = [strip.value for strip in explorer._strips]
    sent: list[str] = []
    for strip in explorer._strips:
        strip.observe(lambda change: sent.append(change["new"]), names="value")
    explorer.controls["direction2"].value = 1.5
    assert not sent
    assert "--d1:0.6429" in explorer._large.value
    explorer.controls["seed"].value = 9
    assert len(sent) == 6
    assert [strip.value for strip in explorer._strips] != before


def test_a_slider_that_is_off_by_rounding_is_not_pushed_back():
    explorer = LatentExplorer(made())
    slider = explorer.controls["direction1"]
    slider.value = 0.1 + 0.2
    assert explorer.state["shifts"][0] == 0.3
    assert slider.value == 0.1 + 0.2 != 0.3
    explorer.controls["reset"].click()
    assert slider.value == 0


def test_a_cell_is_chosen_and_steered_from():
    explorer = LatentExplorer(made(), view="grid")
    explorer.board.children[2 * SIDE + 4].click()
    assert (explorer.state["row"], explorer.state["column"]) == (3, 5)
    z = explorer.z
    explorer.controls["go"].click()
    assert explorer.state["view"] == "directions"
    assert explorer.state["origin"] == "grid"
    assert torch.equal(explorer.z, z)
    explorer.controls["direction1"].value = 2.0
    assert torch.allclose(explorer.z, z + 2 * explorer.directions[0], atol=1e-5)
    explorer.controls["reset"].click()
    assert torch.allclose(explorer.z, space.latents(0, 10)[0])


def test_play_walks_to_the_end_and_stops():
    explorer = LatentExplorer(made(), view="walk")
    for i in range(1, STEPS + 1):
        explorer.controls["play"].value = i
        assert explorer.state["position"] == i
    assert torch.allclose(explorer.z, space.latents(1, 10)[0], atol=1e-5)
    explorer.controls["play"].value = 0
    assert explorer.state["position"] == STEPS
    explorer.controls["play"].value = 1
    assert explorer.state["position"] == 0


def test_play_sends_itself_no_more_ticks_at_the_end():
    explorer = LatentExplorer(made(), view="walk", position=STEPS - 1)
    player = explorer.controls["play"]
    (playing,) = [name for name in ("playing", "_playing") if player.has_trait(name)]
    setattr(player, playing, True)
    player.value = 1
    assert explorer.state["position"] == STEPS
    assert not getattr(player, playing)
    player.value = 2  # was on its way
    assert explorer.state["position"] == STEPS


# The generator


def test_it_leaves_the_generator_and_the_random_numbers_alone():
    generator = made().train()
    before = {name: tensor.clone() for name, tensor in generator.state_dict().items()}
    torch.manual_seed(4)
    expected = torch.rand(2)
    torch.manual_seed(4)
    explorer = LatentExplorer(generator)
    explorer.controls["view"].value = "grid"
    assert torch.equal(torch.rand(2), expected)
    assert generator.training
    assert all(p.requires_grad for p in generator.parameters())
    assert all(torch.equal(t, before[n]) for n, t in generator.state_dict().items())
    assert not any(module._forward_hooks for module in generator.modules())
    shown = explorer.picture
    nn.init.zeros_(generator.layers[0].weight)
    explorer.controls["view"].value = "directions"
    assert torch.equal(explorer.picture, shown)


class Noisy(nn.Module):
    """No layer with weights, and noise of its own."""

    latent = 16

    def forward(self, z):
        return torch.tanh(z.view(-1, 1, 4, 4) + 0.1 * torch.randn(len(z), 1, 4, 4))


def test_a_generator_with_noise_of_its_own_has_one_picture_a_latent():
    explorer = LatentExplorer(Noisy())
    assert torch.equal(explorer.picture, view_of(explorer.source, explorer.settings).picture)
    assert explorer.directions.shape == (6, 16)


def test_a_trainer_gives_its_average_and_its_labels():
    images = data.load("glyphs").take(torch.arange(64))
    config = TrainConfig(
        network="mlp", width=8, latent=10, batch=16, conditional=True, ema_half_life=100
    )
    classes = len(images.classes)
    players = models.build("mlp", size=images.size, channels=1, latent=10, width=8, classes=classes)
    trainer = Trainer(*players, images, config, device="cpu")
    trainer.step()
    explorer = LatentExplorer(trainer, seed=3, label=2)
    options = explorer.controls["label"].options
    assert [name for name, _ in options] == [str(name) for name in images.classes]
    expected = trainer.generate(1, seed=3, labels=torch.tensor([2]))
    assert torch.allclose(explorer.picture, expected, atol=1e-6)
    explorer.controls["label"].value = 5
    expected = trainer.generate(1, seed=3, labels=torch.tensor([5]))
    assert torch.allclose(explorer.picture, expected, atol=1e-6)
    assert str(images.classes[5]) in repr(explorer)


class Told(nn.Module):
    latent = 4

    def forward(self, z, labels):
        return z[:, :, None, None]


class Points(nn.Module):
    latent = 4

    def forward(self, z):
        return z[:, :2]


class Broken(nn.Module):
    latent = 4

    def forward(self, z):
        return (z / 0 * 0).view(-1, 1, 2, 2)


@pytest.mark.parametrize(
    ("thing", "error", "words"),
    [
        (nn.Linear(3, 3), TypeError, "must have `.latent`"),
        ("generator", TypeError, "pass a generator"),
        (Told(), ValueError, "that takes labels needs `.classes`"),
        (Points(), ValueError, "must make pictures"),
        (Broken(), ValueError, "not finite"),
    ],
)
def test_what_is_no_generator_is_refused(thing, error, words):
    with pytest.raises(error, match=words):
        LatentExplorer(thing)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"seed": -1}, "seed must be a whole number from 0 to 999999, got -1"),
        ({"view": "cube"}, "unknown view 'cube': choose from directions, walk, grid"),
        ({"shifts": [3.1]}, "shifts must be a finite number from -3.0 to 3.0, got 3.1"),
        ({"shifts": [0.25]}, "shifts must be a multiple of 0.1, got 0.25"),
        ({"shifts": [float("nan")]}, "shifts must be a finite number from -3.0 to 3.0, got nan"),
        ({"shifts": [0.0] * 7}, "at most 6"),
        ({"position": STEPS + 1}, "position"),
        ({"row": 0}, "row"),
        ({"column": 1.5}, "column"),
        ({"label": 1}, "label must be a whole number from 0 to 0, got 1"),
        ({"path": "round"}, "unknown path 'round': choose from spherical, linear"),
        ({"towards": -1}, "towards"),
    ],
)
def test_a_setting_out_of_range_is_refused(state, words):
    with pytest.raises(ValueError, match=words):
        LatentExplorer(made(), **state)


def test_the_still_picture():
    for view in ("directions", "walk", "grid"):
        explorer = LatentExplorer(mlp.Generator(size=12, channels=3, latent=10), view=view)
        bundle, about = explorer._repr_mimebundle_()
        assert set(bundle) == {"image/png", "text/plain"}  # test_live.py has the view beside it
        assert bundle["image/png"].startswith(b"\x89PNG")
        assert bundle["text/plain"] == about["image/png"]["alt"] == repr(explorer)
        assert repr(explorer).startswith("Latent explorer")


def test_frames_are_the_pages_of_other_settings():
    generator = made(classes=3)
    explorer = LatentExplorer(generator, view="walk")
    before, shown = explorer.state, explorer._large.value
    frames = explorer.frames("position", [0, 6])
    for frame in frames:
        again = LatentExplorer(generator, view="walk", **frame.values)
        assert drawn(frame.html).tolist() == drawn(again._large.value).tolist()
        assert again._walk.value in frame.html
        assert page.marks(again.settings) in frame.html
    assert len(explorer.frames("position")) == STEPS + 1
    grid = explorer.frames(("row", "column"), ([1, 7], [1, 4]))
    assert [list(frame.values.values()) for frame in grid] == [[1, 1], [1, 4], [7, 1], [7, 4]]
    shifted = explorer.frames("shifts", [(0.5,) + (0.0,) * 5])
    assert "--d0:0.5000" in shifted[0].html
    with pytest.raises(ValueError, match="pass values"):
        explorer.frames("seed")
    assert (explorer.state, explorer._large.value) == (before, shown)
