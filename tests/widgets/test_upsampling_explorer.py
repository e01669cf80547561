import base64
import io
import itertools
import json
import random
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn

pytest.importorskip("ipywidgets")

from gan_lessons import deconv, plots
from gan_lessons.data import Images, to_uint8
from gan_lessons.upsample import (
    STRATEGIES,
    checkerboard_energy,
    cost,
    make,
    polyphase_sums,
    radial_spectrum,
    unevenness,
)
from gan_lessons.widgets import UpsamplingExplorer, kit
from gan_lessons.widgets.upsampling_explorer import explorer, spectra, training
from gan_lessons.widgets.upsampling_explorer.imaging import FLAT, phase_sums
from gan_lessons.widgets.upsampling_explorer.settings import MOST_STRATEGIES, UpsamplingSettings
from gan_lessons.widgets.upsampling_explorer.training import (
    KEPT_OUT,
    MOST_STEPS,
    STRETCH,
    WIDTH,
    Course,
    Pictures,
    layers,
    shrunk,
)
from gan_lessons.widgets.upsampling_explorer.view import Score, overlap


def spots(n: int = 300, size: int = 16) -> Images:
    """Smooth spots at random places: quick to make, and something to learn."""
    rng = torch.Generator().manual_seed(1)
    axis = torch.arange(size).float()
    x, y = size * torch.rand(2, n, 1, 1, generator=rng)
    far = (axis - x).square() + (axis[:, None] - y).square()
    return Images(to_uint8(2 * torch.exp(-far / 9) - 1)[:, None], name="spots")


IMAGES = spots()


def show(*args, **setting) -> UpsamplingExplorer:
    return UpsamplingExplorer(*args, images=IMAGES, **setting)


@pytest.fixture(scope="module")
def pictures() -> Pictures:
    return Pictures(IMAGES)


def root_of(shown: UpsamplingExplorer) -> ET.Element:
    return ET.fromstring(shown._picture.value)


def numbers_of(card: ET.Element) -> list[str]:
    """What stands at the right of a card's rows."""
    return ["".join(row[1].itertext()) for row in card.iter() if is_a(row, "row")]


def is_a(element: ET.Element, name: str) -> bool:
    return name in element.get("class", "").split()


def cards_of(shown: UpsamplingExplorer) -> dict[str, ET.Element]:
    found = [element for element in root_of(shown).iter() if is_a(element, "card")]
    return {card[0].text or "": card for card in found}


def pixels(image: ET.Element) -> np.ndarray:
    data = image.get("src", "").removeprefix("data:image/png;base64,")
    return np.array(Image.open(io.BytesIO(base64.b64decode(data))))[..., 0]


# What is trained


def test_pictures_are_kept_out(pictures):
    assert pictures.kept_out.shape == (KEPT_OUT, 1, 16, 16)
    assert len(pictures.learned) == len(IMAGES) - KEPT_OUT
    both = torch.cat([to_uint8(pictures.kept_out), pictures.learned.pixels]).flatten(1)
    assert sorted(both.tolist()) == sorted(IMAGES.pixels.flatten(1).tolist())


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (Images(torch.zeros(300, 3, 16, 16, dtype=torch.uint8)), "must be grey"),
        (Images(torch.zeros(300, 1, 18, 18, dtype=torch.uint8)), "side of 16, 20, 24"),
        (Images(torch.zeros(300, 1, 12, 12, dtype=torch.uint8)), "side of 16, 20, 24"),
        (Images(torch.zeros(100, 1, 16, 16, dtype=torch.uint8)), "at least 128 pictures, got 100"),
    ],
)
def test_pictures_that_do_not_serve_are_refused(images, words):
    with pytest.raises(ValueError, match=words):
        UpsamplingExplorer(images=images)


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_network_is_as_wide_as_the_multiply_adds_allow(name, pictures):
    course = Course(name, 0, pictures)

    def taken(channels: int) -> int:
        return sum(cost(name, *layer).multiply_adds for layer in layers(channels, 16))

    allowed = sum(cost("deconv4", *layer).multiply_adds for layer in layers(WIDTH, 16))
    assert training.budget(16) == allowed
    assert (
        course.cost.multiply_adds == taken(course.channels) <= allowed < taken(course.channels + 1)
    )
    assert course.cost.parameters == sum(p.numel() for p in course.network.parameters())
    assert course.network(shrunk(pictures.kept_out)).shape == pictures.kept_out.shape


@pytest.mark.parametrize("name", ["deconv4", "deconv4-equal", "subpixel-icnr"])
def test_a_course_is_plain_adam_on_the_squared_error(name, pictures):
    course = Course(name, 3, pictures)
    torch.manual_seed(3)
    first, last = (make(name, i, o) for i, o, _ in layers(course.channels, 16))
    network = nn.Sequential(first, nn.ReLU(), last)
    optimiser = torch.optim.Adam(network.parameters(), training.LEARNING_RATE)
    order = torch.Generator().manual_seed(3)
    for step in range(2 * STRETCH + 1):
        if step % STRETCH == 0:
            expected = network(shrunk(pictures.kept_out))
            assert torch.allclose(course.at(step)(shrunk(pictures.kept_out)), expected, atol=1e-5)
            course.advance()
        chosen = torch.randint(len(pictures.learned), (training.BATCH,), generator=order)
        wanted = pictures.learned.floats(chosen)
        optimiser.zero_grad()
        F.mse_loss(network(shrunk(wanted)), wanted).backward()
        optimiser.step()


def test_a_course_remembers(pictures):
    course = Course("deconv4-equal", 0, pictures)
    seen = []
    for _ in range(3):
        seen.append(course.at(course.steps)(shrunk(pictures.kept_out)))
        course.advance()
    assert course.steps == 3 * STRETCH
    for i, picture in enumerate(seen):
        assert torch.equal(course.at(i * STRETCH)(shrunk(pictures.kept_out)), picture)
    assert not torch.equal(seen[0], seen[1])


def test_the_readers_random_numbers_stay_as_they_are():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    overlap.cache_clear()
    shown = show(steps=5)
    shown.controls["seed"].value = 2
    assert torch.equal(torch.rand(3), expected)


# The numbers of a view


@pytest.mark.parametrize("name", STRATEGIES)
def test_how_many_inputs_reach_each_phase(name):
    """By its definition, as a derivative, and as the deconvolution's own count."""
    layer = make(name, 1, 1)
    nn.init.normal_(next(p for p in layer.parameters() if p.dim() == 4))
    x = torch.randn(1, 1, 8, 8, requires_grad=True)
    for row, column in itertools.product((8, 9), repeat=2):
        (slope,) = torch.autograd.grad(layer(x)[0, 0, row, column], x)
        assert int((slope != 0).sum()) == overlap(name)[row - 8, column - 8]
    if isinstance(layer, nn.ConvTranspose2d):
        k = layer.kernel_size[0]
        line = deconv.overlap(8, k, 2, layer.padding[0], layer.output_padding[0])[8:10]
        assert torch.equal(overlap(name), torch.outer(line, line))


@pytest.mark.parametrize("name", ["deconv3", "deconv4", "deconv5", "deconv4-equal"])
def test_the_sums_are_the_polyphase_sums(name, pictures):
    course = Course(name, 1, pictures)
    course.advance()
    network = course.at(STRETCH)
    first, relu, last = network
    maps = relu(first(torch.full((1, 1, 8, 8), FLAT)))[0, :, 6:10, 6:10].mean((-2, -1))
    kernel = torch.einsum("i,ijk->jk", maps, last.weight[:, 0])
    expected = polyphase_sums(kernel, 2)
    if last.padding[0] % 2:  # the kernel's first cell meets odd pixels
        expected = expected.flip(0, 1)
    assert torch.allclose(phase_sums(network, 32), expected, atol=1e-6)


@pytest.mark.parametrize("name", STRATEGIES)
def test_the_sums_are_what_the_flat_output_shows(name, pictures):
    """The means of the four phases in the middle of what a flat input becomes, less the bias."""
    course = Course(name, 2, pictures)
    network = course.at(0)  # biases are 0 here
    middle = network(torch.full((1, 1, 8, 8), FLAT))[0, 0, 12:20, 12:20]
    phases = [[float(middle[y::2, x::2].mean()) for x in (0, 1)] for y in (0, 1)]
    assert torch.allclose(phase_sums(network, 32), torch.tensor(phases), atol=1e-5)


EVEN = ("deconv4-bilinear", "deconv4-equal", "subpixel-icnr", "resize-nearest", "resize-bilinear")


def test_who_is_even_untrained_and_who_stays_so():
    names = (*EVEN, "deconv3")
    for seed in range(5):
        shown = show(names, seed)
        values = {name: numbers["unevenness"] for name, numbers in shown.metrics.items()}
        assert all(values[name] < 1e-5 for name in EVEN)
        assert values["deconv3"] > 0.1
        shown.controls["step"].click()
        values = {name: numbers["unevenness"] for name, numbers in shown.metrics.items()}
        assert {name for name in EVEN if values[name] < 1e-5} == {
            "deconv4-equal",
            "resize-nearest",
            "resize-bilinear",
        }


def test_the_metrics_are_measured_on_what_is_shown(pictures):
    shown = show(("deconv3", "resize-nearest"), seed=4, input="flat", steps=10)
    for column in shown.view.columns:
        course = Course(column.name, 4, pictures)
        course.advance()
        course.advance()
        made = course.at(10)(shrunk(pictures.kept_out))
        picture = course.at(10)(torch.full((1, 1, 4, 4), FLAT))
        untrained = course.at(0)(shrunk(pictures.kept_out))
        numbers = shown.metrics[column.name]
        assert torch.allclose(column.picture, picture, atol=1e-5)
        assert numbers["checkerboard"] == pytest.approx(float(checkerboard_energy(made)), rel=1e-3)
        assert numbers["checkerboard_at_start"] == pytest.approx(
            float(checkerboard_energy(untrained)), rel=1e-3
        )
        assert numbers["checkerboard_of_picture"] == pytest.approx(
            float(checkerboard_energy(picture)), rel=1e-3
        )
        assert numbers["error"] == pytest.approx(
            float((made - pictures.kept_out).square().mean()), rel=1e-4
        )
        assert numbers["unevenness"] == pytest.approx(float(unevenness(column.sums, 2)))
        power = radial_spectrum(made).power[1:]
        assert torch.allclose(column.now.power, power, rtol=1e-3)
    assert shown.view.real.error == 0
    assert shown.view.real.checkerboard == float(checkerboard_energy(pictures.kept_out))


def test_a_training_lowers_the_error():
    shown = show(steps=60)
    for numbers in shown.metrics.values():
        assert numbers["error"] < 0.5 * numbers["error_at_start"]


@pytest.mark.parametrize("kind", ["picture", "smooth", "flat"])
def test_inputs(kind, pictures):
    view = show(("deconv4",), input=kind, picture=7).view
    assert torch.equal(view.given, shrunk(view.wanted))
    assert view.given.shape == (1, 1, 4, 4)
    assert view.wanted.abs().max() <= 1
    if kind == "picture":
        assert torch.equal(view.wanted[0], pictures.kept_out[7])
    if kind == "flat":
        assert view.given.unique().tolist() == [FLAT]
    if kind == "smooth":
        assert checkerboard_energy(view.wanted) < 1e-6


# State and controls


def test_the_state_rebuilds_it():
    shown = show(("subpixel", "deconv3"), seed=7, input="smooth", picture=5, steps=15)
    state = json.loads(json.dumps(shown.state))
    assert state == {
        "strategies": ["subpixel", "deconv3"],
        "seed": 7,
        "input": "smooth",
        "picture": 5,
        "frequency": 0.15,
        "steps": 15,
        "more": False,
    }
    again = show(**state)
    assert again._picture.value == shown._picture.value
    assert again.metrics == shown.metrics
    assert again.state == shown.state


def test_however_it_was_reached_the_picture_is_the_same():
    shown = show(("deconv4",), seed=1)
    shown.controls["step"].click()
    shown.controls["seed"].value = 3
    shown.controls["deconv5"].value = True
    for tick in range(1, 20):
        shown.controls["train"].value = tick
    shown.controls["input"].value = "flat"
    shown.controls["steps"].value = 10
    assert shown._picture.value == show(**shown.state)._picture.value


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"strategies": ("deconv9",)}, "unknown strategy 'deconv9': choose from deconv3, "),
        ({"strategies": ()}, "strategies must be 1 to 6 different names"),
        ({"strategies": ("deconv3", "deconv3")}, "strategies must be 1 to 6 different names"),
        ({"strategies": tuple(STRATEGIES)[:7]}, "strategies must be 1 to 6 different names"),
        ({"seed": -1}, "seed must be a whole number from 0 to 999999, got -1"),
        ({"seed": 1.5}, "seed must be a whole number"),
        ({"input": "noise"}, "unknown input 'noise': choose from picture, smooth, flat, wave"),
        ({"picture": 64}, "picture must be a whole number from 0 to 63, got 64"),
        ({"steps": 401}, "steps must be a whole number from 0 to 400, got 401"),
        ({"steps": 7}, "steps must be a multiple of 5, got 7"),
    ],
)
def test_wrong_settings_are_refused(setting, words):
    with pytest.raises(ValueError, match=words):
        show(**setting)


def test_a_name_that_is_no_setting_is_refused():
    with pytest.raises(TypeError, match="stride"):
        show(stride=2)


def test_buttons_choose_the_strategies():
    shown = show()
    before = dict(cards_of(shown))
    shown.controls["deconv5"].value = True
    assert list(cards_of(shown)) == [*before, "deconv5"]
    shown.controls["deconv4"].value = False
    assert "deconv4" not in shown.metrics
    assert list(cards_of(shown)) == list(shown.metrics) == shown.state["strategies"]


def test_at_least_one_strategy_and_at_most_six():
    shown = show(("deconv3",))
    assert shown.controls["deconv3"].disabled
    shown.controls["deconv3"].value = False  # as no reader can
    assert shown.controls["deconv3"].value
    for name in list(STRATEGIES)[1:MOST_STRATEGIES]:
        shown.controls[name].value = True
    assert not shown.controls["deconv3"].disabled
    others = list(STRATEGIES)[MOST_STRATEGIES:]
    assert all(shown.controls[name].disabled for name in others)
    shown.controls[others[0]].value = True
    assert len(shown.metrics) == MOST_STRATEGIES
    assert not shown.controls[others[0]].value


def test_a_new_strategy_is_trained_to_the_step_of_the_others(monkeypatch):
    monkeypatch.setattr(explorer, "PATIENCE", 0.0)
    shown = show(("deconv3",), steps=20)
    said = []
    shown._progress.observe(lambda change: said.append(change["new"]), names="value")
    trained = shown._courses["deconv3"]
    shown.controls["deconv4"].value = True
    assert (shown.trained, shown.settings.steps) == (20, 20)
    assert shown._courses["deconv3"] is trained
    assert trained.steps == 20  # and no further
    assert shown._picture.value == show(("deconv3", "deconv4"), steps=20)._picture.value
    assert [re.search(r"step (\d+) of 20", text)[1] for text in said[:-1]] == [
        "5",
        "10",
        "15",
        "20",
    ]
    assert "max='40'" in said[0]  # both networks' steps
    assert said[-1] == shown._progress.value == ""
    shown.controls["steps"].value = 10
    shown.controls["deconv5"].value = True  # who looks back stays there
    assert (shown.trained, shown.settings.steps) == (20, 10)


def test_why_a_strategy_is_disabled_is_said_under_them():
    shown = show(("deconv3",))
    for name in list(STRATEGIES)[1:MOST_STRATEGIES]:
        count = len(shown.metrics)
        locked = [n for n in STRATEGIES if shown.controls[n].disabled]
        assert locked == (["deconv3"] if count == 1 else [])
        assert ("locked" if count == 1 else f"{count} of at most 6") in shown._note.value
        shown.controls[name].value = True
    assert "6 strategies are the most: take one away" in shown._note.value
    assert sum(shown.controls[n].disabled for n in STRATEGIES) == len(STRATEGIES) - 6


def test_who_looks_back_stays_there_when_a_strategy_goes():
    shown = show(("deconv3", "deconv4"), steps=20)
    shown.controls["steps"].value = 10
    shown.controls["deconv4"].value = False
    assert shown.settings.steps == 10


def test_the_slider_goes_back_in_time_without_training():
    shown = show(steps=20)
    assert (shown.controls["steps"].value, shown.controls["steps"].max) == (20, MOST_STEPS)
    shown.controls["steps"].value = 0
    assert shown._picture.value == show()._picture.value
    assert shown.trained == 20
    shown.controls["steps"].value = 13  # typed: between two looks
    assert shown.settings.steps == shown.controls["steps"].value == 10
    shown.controls["step"].click()
    assert shown.settings.steps == 25


def test_the_slider_trains_on_to_a_later_step():
    shown = show(("deconv3", "deconv4"), steps=10)
    shown.controls["steps"].value = 33
    assert shown.settings.steps == shown.trained == shown.controls["steps"].value == 30
    assert shown._picture.value == show(("deconv3", "deconv4"), steps=30)._picture.value


def test_reset_forgets_the_training():
    shown = show(steps=20)
    shown.controls["reset"].click()
    assert shown.trained == shown.settings.steps == 0
    assert shown._picture.value == show()._picture.value


def test_a_seed_starts_over():
    shown = show(steps=10)
    shown.controls["seed"].value = 1
    assert shown.trained == 0
    assert shown._picture.value == show(seed=1)._picture.value


def test_the_end_of_the_training(monkeypatch):
    monkeypatch.setattr(explorer, "MOST_STEPS", 2 * STRETCH)
    shown = show(("deconv3", "deconv4"))
    play = shown.controls["train"]
    running = "playing" if play.has_trait("playing") else "_playing"
    setattr(play, running, True)
    for tick in range(1, 9):
        play.value = tick
    assert shown.trained == 2 * STRETCH
    assert {course.steps for course in shown._courses.values()} == {2 * STRETCH}
    assert not getattr(play, running)
    shown.controls["step"].click()
    assert shown.trained == 2 * STRETCH


def test_the_last_step_is_the_last():
    shown = show(("deconv3",), steps=MOST_STEPS)
    assert shown.controls["step"].disabled
    shown.controls["reset"].click()
    assert not shown.controls["step"].disabled


# Play


def test_play_trains_in_turn_and_in_slices(monkeypatch):
    """With a clock on which a stretch takes 10 ms: as many as fit, at least one."""
    now = [0.0]
    monkeypatch.setattr(explorer.time, "perf_counter", lambda: now[0])
    shown = show(("deconv3", "deconv4", "deconv5"))
    order = []
    for name, course in shown._courses.items():

        def advance(name=name, real=course.advance):
            now[0] += 0.01
            order.append(name)
            real()

        monkeypatch.setattr(course, "advance", advance)
    assert 0.02 <= explorer.SLICE < 0.03
    for tick, done in enumerate((2, 3, 5, 6, 8, 9), 1):  # no more than all of them once
        shown.controls["train"].value = 5 * tick  # the kernel was slow: ticks were missed
        assert len(order) == done
        assert shown.settings.steps == shown.trained == STRETCH * (done // 3)
    assert order == ["deconv3", "deconv4", "deconv5"] * 3


def test_a_stretch_that_is_slow_is_trained_alone(monkeypatch):
    now = itertools.count()
    monkeypatch.setattr(explorer.time, "perf_counter", lambda: float(next(now)))
    shown = show(("deconv3", "deconv4"))
    before = shown._picture.value
    shown.controls["train"].value = 1
    assert [course.steps for course in shown._courses.values()] == [STRETCH, 0]
    assert shown._picture.value == before  # all are shown at the same step
    shown.controls["train"].value = 2
    assert shown.settings.steps == STRETCH
    assert shown._picture.value != before


def test_stop_trains_nothing():
    shown = show(("deconv3",))
    shown.controls["train"].value = 3
    steps = shown.trained
    assert steps
    shown.controls["train"].value = 0
    assert shown.trained == steps


def test_a_tick_that_is_late_does_not_train_after_a_reset():
    shown = show(("deconv3",))
    play = shown.controls["train"]
    running = "playing" if play.has_trait("playing") else "_playing"
    setattr(play, running, True)
    play.value = 1
    shown.controls["reset"].click()
    assert not getattr(play, running)
    play.value = 2
    assert shown.trained == 0
    setattr(play, running, True)
    play.value = 3
    assert shown.trained > 0


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_pressed(seed, monkeypatch):
    """Random events: never an exception, and all that is shown belongs together."""
    monkeypatch.setattr(explorer, "SLICE", 0.004)
    draw = random.Random(seed)
    shown = show()
    ticks = 0
    for _ in range(80):
        name = draw.choice([*shown.controls, "train", "train", "step", "steps", "input"])
        control = shown.controls[name]
        if name == "train":
            ticks += 1
            control.value = draw.choice([ticks, ticks, ticks, 0])
        elif name in ("step", "reset"):
            if name == "step" or draw.random() < 0.3:
                control.click()
        elif name == "input":
            control.value = draw.choice(["picture", "smooth", "flat", "wave"])
        elif name == "frequency":
            control.value = draw.randint(0, 50) / 100
        elif name in (*STRATEGIES, "more"):
            control.value = not control.value
        else:
            most = shown.trained + 8 if name == "steps" else control.max
            control.value = draw.randint(control.min, most)
        setting, columns = shown.settings, shown.view.columns
        assert shown.view.settings == setting
        assert list(cards_of(shown)) == [c.name for c in columns] == list(setting.strategies)
        assert setting.steps <= shown.trained == shown.view.trained
        assert f"<b>Step {setting.steps}</b>" in shown._picture.value
        for key in ("input", "picture", "frequency", "seed", "steps"):
            assert shown.controls[key].value == getattr(setting, key)
        pressed = {n for n in STRATEGIES if shown.controls[n].value}
        assert pressed == set(setting.strategies)
    assert shown._picture.value == show(**shown.state)._picture.value


# The picture


def test_the_page_says_the_metrics():
    shown = show(steps=10)
    few = cards_of(shown)
    shown.controls["more"].value = True
    for name, card in cards_of(shown).items():
        numbers = shown.metrics[name]
        expected = [
            f"{100 * numbers['checkerboard_of_picture']:.2f} %",
            f"{numbers['unevenness']:.2f}" if numbers["unevenness"] < 100 else "over 100",
            f"{100 * numbers['checkerboard']:.2f} %",
            f"{100 * numbers['checkerboard_at_start']:.2f} %",
            f"{numbers['error']:.3f}",
            f"{numbers['error_at_start']:.3f}",
        ]
        assert numbers_of(card) == expected
        assert numbers_of(few[name]) == [expected[i] for i in (1, 2, 4)]
        words = "".join(card.itertext())
        assert f"{numbers['channels']} channels, {numbers['parameters']:,} weights" in words
        assert STRATEGIES[name].description in words


def test_the_page_shows_the_pictures():
    shown = show(steps=10)
    given, wanted, *made = root_of(shown).iter("img")
    view = shown.view
    for image, picture in zip(
        [given, wanted, *made],
        [view.given, view.wanted, *(c.picture for c in view.columns)],
        strict=True,
    ):
        assert np.array_equal(pixels(image), to_uint8(picture, clip=True)[0, 0].numpy())
        assert image.get("alt")
        assert image.get("decoding") == "sync"


def test_the_page_shows_the_sums_and_the_overlap():
    shown = show(("deconv5", "subpixel"))
    for column, card in zip(shown.view.columns, cards_of(shown).values(), strict=True):
        texts = [t.text for t in card.iter("text") if is_a(t, "sum")]
        assert texts == [kit.fixed(v, 2) for v in column.sums.flatten().tolist()]
        counts = [t.text for t in card.iter("text") if "input" in (t.text or "")]
        assert [int((t or "").split()[0]) for t in counts] == column.overlap.flatten().tolist()


def test_the_page_shows_the_spectra():
    shown = show(("deconv3",), steps=5)
    (column,) = shown.view.columns
    scores = {"now": column.now, "start": column.start, "real": shown.view.real}
    card = cards_of(shown)["deconv3"]
    curves = {c.get("class"): c.get("points", "") for c in card.iter("polyline")}
    assert set(curves) == set(scores)
    for kind, score in scores.items():
        points = [tuple(map(float, pair.split(","))) for pair in curves[kind].split()]
        powers = 10 * score.power.log10()
        assert len(points) == len(powers)
        for (x, y), frequency, power in zip(
            points, score.frequency.tolist(), powers.tolist(), strict=True
        ):
            assert x == pytest.approx(100 * frequency / spectra.FINEST, abs=0.06)
            inside = min(max(power, spectra.LOWEST), spectra.HIGHEST)
            share = (spectra.HIGHEST - inside) / (spectra.HIGHEST - spectra.LOWEST)
            assert y == pytest.approx(84 * share, abs=0.06)


def test_a_power_of_nothing_stays_in_the_chart():
    score = Score(0, 0, torch.tensor([0.5]), torch.tensor([0.0]))
    assert spectra.decibels(score) == [(0.5, spectra.LOWEST)]


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        (0.5, 2, "0.50"),
        (-0.5, 2, "−0.50"),
        (-0.001, 2, "0.00"),
        (-20, 0, "−20"),
        (12.345, 1, "12.3"),
    ],
)
def test_fixed(value, places, text):
    assert kit.fixed(value, places) == text


def test_the_page_is_small_whole_and_needs_no_network():
    shown = show(tuple(STRATEGIES)[:6], steps=5)
    text = shown._picture.value
    assert len(text.encode()) < 50 * 1024
    assert "http" not in text
    assert "http" not in kit.style()
    assert "nan" not in text
    drawings = [e for e in root_of(shown).iter() if e.get("role") == "img"]
    assert len(drawings) == 12
    assert all(e.get("aria-label") for e in drawings)


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(a: str, b: str) -> float:
    dark, light = sorted([luminance(a), luminance(b)])
    return (light + 0.05) / (dark + 0.05)


def over(paint: str, strength: float, paper: str) -> str:
    mixed = (
        round(strength * int(paint[i : i + 2], 16) + (1 - strength) * int(paper[i : i + 2], 16))
        for i in (1, 3, 5)
    )
    return "#" + "".join(f"{part:02x}" for part in mixed)


@pytest.mark.parametrize("theme", [0, 1])
def test_contrast(theme):
    colours = {name: pair[theme] for name, pair in kit.PALETTE.items()}
    for name in ("real", "fake", "muted"):
        assert contrast(colours[name], colours["paper"]) >= 4.5
    for card in cards_of(show(("deconv3", "resize-nearest"))).values():
        squares = next(svg for svg in card.iter("svg") if svg.get("role") == "img")
        paints = [
            (r.get("class", ""), float(r.get("fill-opacity", 1))) for r in squares.iter("rect")
        ]
        assert {paint for paint, _ in paints} <= {"plus", "minus", "blank"}
        assert len(paints) == 4
        for paint, strength in paints:
            ground = over(colours[paint], strength, colours["paper"])
            assert contrast(colours["ink"], ground) >= 4.5
        # On painted cells there is no muted text.
        assert {t.get("class") for t in squares.iter("text")} == {"sum", "small"}


def test_what_a_file_stores():
    shown = show()
    data, about = shown._repr_mimebundle_()
    assert set(data) == {"image/png", "text/plain"}  # test_live.py has the view beside it
    assert data["image/png"].startswith(b"\x89PNG")
    assert data["text/plain"] == about["image/png"]["alt"] == repr(shown)
    assert repr(shown) == (
        "Upsampling explorer: what deconv3, deconv4, subpixel-icnr, resize-nearest make of a "
        "picture, untrained; under each output the sums of the four phases, the spectrum and the "
        "score"
    )
    assert "after 5 steps of training" in repr(show(("deconv3",), steps=5))


@pytest.mark.parametrize("count", [1, MOST_STRATEGIES])
def test_the_still_picture(count):
    still = show(tuple(STRATEGIES)[:count], input="flat").still
    assert isinstance(still, plots.Picture)
    assert Image.open(io.BytesIO(still.png)).width == 2 * still.width
    assert still.width == 160 * (count + 1)


def test_controls_can_be_found_in_a_page():
    shown = show()
    settings = ("input", "picture", "frequency", "seed", "steps", "more")
    assert {*STRATEGIES, *settings, "train", "step", "reset"} == set(shown.controls)
    for name, control in shown.controls.items():
        assert f"gl-upsampling-{name}" in control._dom_classes


def test_without_images_it_takes_mnist_or_the_glyphs(monkeypatch):
    asked = []
    monkeypatch.setattr(
        explorer.data, "load", lambda name, fallback: asked.append((name, fallback)) or IMAGES
    )
    explorer._usual_pictures.cache_clear()
    try:
        UpsamplingExplorer(("deconv3",))
        UpsamplingExplorer(("deconv4",))
    finally:
        explorer._usual_pictures.cache_clear()
    assert asked == [("mnist", "glyphs")]
    assert UpsamplingSettings().strategies == (
        "deconv3",
        "deconv4",
        "subpixel-icnr",
        "resize-nearest",
    )


def test_frames_are_the_pages_of_other_settings():
    shown = show(("deconv3", "deconv4"), steps=10)
    before, page_before = shown.state, shown._picture.value
    frames = shown.frames("steps")
    assert [frame.values for frame in frames] == [{"steps": 0}, {"steps": 5}, {"steps": 10}]
    for frame in frames:
        expected = show(("deconv3", "deconv4"), **frame.values)._picture.value
        assert frame.html == f"<div class='gl-explorer gl-upsampling'>{expected}</div>"
    further = shown.frames(("steps", "seed"), ([15], [0, 4]))
    assert [frame.values for frame in further] == [
        {"steps": 15, "seed": 0},
        {"steps": 15, "seed": 4},
    ]
    for frame in further:
        assert show(("deconv3", "deconv4"), **frame.values)._picture.value in frame.html
    assert (shown.state, shown.trained) == (before, 10)
    assert shown._picture.value == page_before


def test_each_number_says_what_it_is_and_tab_stops_once():
    for i, card in enumerate(cards_of(show(more=True)).values()):
        said = [e for e in card.iter() if e.get("data-tip")]
        assert len(said) == 5
        assert all(len(e.get("data-tip", "")) > 30 for e in said)
        assert all((e.get("tabindex") == "0") == (i == 0) for e in said)
