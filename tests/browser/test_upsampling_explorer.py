"""The upsampling explorer in a real JupyterLab: by mouse and by keyboard, against torch."""

import base64
import io
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from gan_lessons import data
from gan_lessons.upsample import make
from gan_lessons.widgets.upsampling_explorer.training import (
    BATCH,
    LEARNING_RATE,
    MOST_STEPS,
    STRETCH,
    Pictures,
    shrunk,
)

SHOTS = Path(__file__).resolve().parents[2] / "runs" / "browser"
CELL = (
    "from gan_lessons.widgets import UpsamplingExplorer\n"
    "explorer = UpsamplingExplorer(('deconv3', 'resize-nearest'), more=True)\nexplorer"
)
WAIT = 60_000
PAUSE_MS = 250
PICTURE_IS = "getComputedStyle(document.querySelector('.gl-upsampling-picture')).visibility"
STEP = "+document.querySelector('.gl-upsampling .strip b').textContent.replace('Step ', '')"


@pytest.fixture(scope="module")
def page(lab):
    page = lab.open([CELL])
    page.wait_for_selector(".gl-upsampling .card", timeout=90_000)
    yield page
    page.close()


@pytest.fixture(autouse=True)
def from_the_start(page):
    page.locator(".gl-upsampling-reset").click()
    reads(page, 0)


def reads(page, step: int) -> None:
    """Waits until the picture is of that step."""
    page.wait_for_function(f"{STEP} === {step}", timeout=WAIT)


def step_of(page) -> int:
    return page.evaluate(STEP)


def names(page) -> list[str]:
    return page.locator(".gl-upsampling .card .name").all_text_contents()


def card(page, name: str):
    named = page.get_by_text(re.compile(f"^{name}$"))
    return page.locator(".gl-upsampling .card", has=page.locator(".name").and_(named))


def rows(page, name: str) -> list[list[str]]:
    """What stands in a card's rows, at the left and at the right."""
    return (
        card(page, name)
        .locator(".row")
        .evaluate_all("rows => rows.map(row => [...row.children].map(part => part.textContent))")
    )


def errors(page, name: str) -> tuple[str, str]:
    """The squared error that a card shows, now and at step 0."""
    told = rows(page, name)
    at = next(i for i, (label, _) in enumerate(told) if label == "error")
    assert told[at + 1][0] == "at step 0"
    return told[at][1], told[at + 1][1]


def pixels(image) -> np.ndarray:
    source = image.get_attribute("src").removeprefix("data:image/png;base64,")
    return np.array(Image.open(io.BytesIO(base64.b64decode(source))))[..., 0].astype(int)


def wanted(page):
    return page.locator(".gl-upsampling .strip img").nth(1)


@cache
def pictures() -> Pictures:
    return Pictures(data.load("mnist", fallback="glyphs"))


@cache
def by_torch(name: str, channels: int, seed: int, steps: int) -> nn.Sequential:
    """What a strategy's two layers are after so many steps of Adam, written out."""
    torch.manual_seed(seed)
    first, last = make(name, 1, channels), make(name, channels, 1)
    network = nn.Sequential(first, nn.ReLU(), last)
    optimiser = torch.optim.Adam(network.parameters(), LEARNING_RATE)
    order = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        learned = pictures().learned
        real = learned.floats(torch.randint(len(learned), (BATCH,), generator=order))
        optimiser.zero_grad()
        F.mse_loss(network(shrunk(real)), real).backward()
        optimiser.step()
    return network.requires_grad_(False)


def network_of(page, name: str, seed: int, steps: int) -> nn.Sequential:
    last = card(page, name).locator(".muted.part").last.text_content()
    return by_torch(name, int(re.match(r"(\d+) channels", last)[1]), seed, steps)


def error_by_torch(page, name: str, seed: int, steps: int) -> float:
    real = pictures().kept_out
    return float(F.mse_loss(network_of(page, name, seed, steps)(shrunk(real)), real))


def agrees(page, seed: int, steps: int) -> None:
    """All cards' errors are torch's, now and at step 0, and so is the picture that each shows."""
    chosen = page.locator(".gl-upsampling-picture .widget-readout").text_content()
    given: Tensor = shrunk(pictures().kept_out[int(chosen)][None])
    for name in names(page):
        for told, at in zip(errors(page, name), (steps, 0), strict=True):
            assert float(told) == pytest.approx(error_by_torch(page, name, seed, at), abs=6e-4)
        drawn = data.to_uint8(network_of(page, name, seed, steps)(given), clip=True)[0, 0].numpy()
        assert np.abs(pixels(card(page, name).locator("img").first) - drawn).max() <= 2


def test_untrained_and_trained_it_is_as_torch_says(page):
    agrees(page, seed=0, steps=0)
    page.locator(".gl-upsampling-step").click()
    reads(page, STRETCH)
    agrees(page, seed=0, steps=STRETCH)
    page.locator(".gl-upsampling-step").click()
    reads(page, 2 * STRETCH)
    agrees(page, seed=0, steps=2 * STRETCH)


def shows(page, expected: list[str]) -> None:
    """Waits until there are these cards."""
    page.wait_for_function(
        "expected => JSON.stringify([...document.querySelectorAll('.gl-upsampling .name')]"
        ".map(name => name.textContent)) === JSON.stringify(expected)",
        arg=expected,
        timeout=WAIT,
    )


def test_strategies_are_chosen_by_mouse_and_by_keyboard(page):
    page.locator(".gl-upsampling-deconv4-equal").click()
    shows(page, ["deconv3", "resize-nearest", "deconv4-equal"])
    agrees(page, seed=0, steps=0)
    told = dict(rows(page, "deconv4-equal"))
    assert told["unevenness"] == "0.00"
    assert float(dict(rows(page, "deconv3"))["unevenness"]) > 0.1
    page.locator(".gl-upsampling-deconv3").focus()
    page.keyboard.press("Space")
    shows(page, ["resize-nearest", "deconv4-equal"])
    page.keyboard.press("Space")
    shows(page, ["resize-nearest", "deconv4-equal", "deconv3"])
    page.locator(".gl-upsampling-deconv4-equal").click()
    shows(page, ["resize-nearest", "deconv3"])


def type_seed(page, seed: int) -> None:
    """And waits until the pictures are others."""
    image = page.locator(".gl-upsampling .card img").first
    before = image.get_attribute("src")
    page.locator(".gl-upsampling-seed input").fill(str(seed))
    page.keyboard.press("Enter")
    page.wait_for_function(
        "before => document.querySelector('.gl-upsampling .card img').src !== before",
        arg=before,
        timeout=WAIT,
    )


def test_a_seed_is_typed_and_torch_agrees(page):
    type_seed(page, 3)
    agrees(page, seed=3, steps=0)
    type_seed(page, 0)
    agrees(page, seed=0, steps=0)


def test_the_slider_goes_back_in_time_by_keyboard(page):
    for step in (1, 2, 3):
        page.locator(".gl-upsampling-step").click()
        reads(page, step * STRETCH)
    page.locator(".gl-upsampling-steps .noUi-handle").focus()
    page.keyboard.press("ArrowLeft")
    reads(page, 2 * STRETCH)
    agrees(page, seed=0, steps=2 * STRETCH)
    page.keyboard.press("Home")
    reads(page, 0)
    agrees(page, seed=0, steps=0)


# What the explorer says from now on: the steps of its picture, and how far a training is.
LISTEN = """() => {
    window.said = {steps: [], progress: []};
    const read = () => {
        const step = document.querySelector('.gl-upsampling .strip b').textContent;
        const progress = document.querySelector('.gl-upsampling .busy').textContent.trim();
        if (said.steps.at(-1) !== step) said.steps.push(step);
        if (progress && said.progress.at(-1) !== progress) said.progress.push(progress);
    };
    read();
    const watched = {subtree: true, childList: true, characterData: true};
    new MutationObserver(read).observe(document.querySelector('.gl-upsampling'), watched);
}"""


def test_the_end_of_the_slider_is_the_last_step_and_trains_up_to_it(page):
    page.evaluate(LISTEN)
    page.locator(".gl-upsampling-steps .noUi-handle").focus()
    page.keyboard.press("End")
    page.wait_for_function(f"{STEP} === {MOST_STEPS}", timeout=120_000)
    said = page.evaluate("said")
    assert said["steps"] == ["Step 0", f"Step {MOST_STEPS}"]
    on_the_way = [
        int(re.search(rf"step (\d+) of {MOST_STEPS}", text)[1]) for text in said["progress"]
    ]
    assert len(on_the_way) > 3
    assert on_the_way == sorted(on_the_way)
    page.wait_for_function("!document.querySelector('.gl-upsampling .busy').textContent.trim()")
    page.keyboard.press("Home")
    reads(page, 0)
    page.keyboard.press("End")
    reads(page, MOST_STEPS)


def test_a_strategy_is_added_and_the_others_keep_what_they_have_reached(page):
    page.locator(".gl-upsampling-steps .widget-readout").fill("40")
    page.keyboard.press("Enter")
    reads(page, 40)
    before, two = errors(page, "deconv3"), names(page)
    page.evaluate(LISTEN)
    page.locator(".gl-upsampling-deconv4").click()
    shows(page, [*two, "deconv4"])
    said = page.evaluate("said")
    assert said["steps"] == ["Step 40"]
    assert errors(page, "deconv3") == before
    agrees(page, seed=0, steps=40)
    page.locator(".gl-upsampling-deconv4").click()
    shows(page, two)


def test_a_card_has_at_most_four_scores_at_first(page):
    page.locator(".gl-upsampling-more").click()
    few = "document.querySelectorAll('.gl-upsampling .card .row').length <= {}"
    page.wait_for_function(few.format(6), timeout=WAIT)
    for name in names(page):
        assert [label for label, _ in rows(page, name)] == ["unevenness", "checkerboard", "error"]
    page.locator(".gl-upsampling-input button", has_text="wave").click()
    page.wait_for_function(
        "document.querySelector('.gl-upsampling .row').firstChild.textContent === 'image / signal'",
        timeout=WAIT,
    )
    assert all(len(rows(page, name)) == 4 for name in names(page))
    page.locator(".gl-upsampling-input button", has_text="picture").click()
    page.locator(".gl-upsampling-more").click()
    page.wait_for_function("!(" + few.format(10) + ")", timeout=WAIT)


def test_no_two_controls_have_the_same_name(page):
    labels = page.locator(".gl-upsampling :is(button, .widget-label):visible").all_text_contents()
    named = [label.strip() for label in labels if label.strip()]
    assert "picture" in named
    assert "which one" in named
    assert len(set(named)) == len(named)


def test_why_a_strategy_is_grey_stands_under_them(page):
    note, two = page.locator(".gl-upsampling .note"), names(page)
    assert "2 of at most 6" in note.text_content()
    added = ("deconv4", "deconv5", "subpixel", "subpixel-icnr")
    for count, name in enumerate(added, 3):
        page.locator(f".gl-upsampling-{name}").click()
        words = f"{count} of at most 6" if count < 6 else "take one away"
        note.get_by_text(words).wait_for(timeout=WAIT)
    grey = page.locator(".gl-upsampling-resize-bilinear")
    page.wait_for_selector(".gl-upsampling-resize-bilinear:disabled", timeout=WAIT)
    assert "the grey ones can be chosen" in note.text_content()
    under = note.bounding_box()["y"] - grey.bounding_box()["y"] - grey.bounding_box()["height"]
    assert 0 <= under < 12
    for i, name in enumerate(added, 1):
        page.locator(f".gl-upsampling-{name}").click()
        shows(page, [*two, *added[i:]])
    page.locator(".gl-upsampling-resize-nearest").click()
    note.get_by_text("its button is locked").wait_for(timeout=WAIT)
    page.wait_for_selector(".gl-upsampling-deconv3:disabled", timeout=WAIT)
    page.locator(".gl-upsampling-resize-nearest").click()
    shows(page, ["deconv3", "resize-nearest"])


def test_a_dragged_slider_takes_another_picture(page):
    box = page.locator(".gl-upsampling-picture .noUi-handle").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 60, box["y"] + 5, steps=6)
    page.mouse.up()
    for _ in range(30):  # until the picture has followed the hand
        page.wait_for_timeout(300)
        chosen = int(page.locator(".gl-upsampling-picture .widget-readout").text_content())
        real = data.to_uint8(pictures().kept_out[chosen])[0].numpy()
        if (pixels(wanted(page)) == real).all():
            break
    assert chosen > 22  # where it stood
    assert (pixels(wanted(page)) == real).all()
    agrees(page, seed=0, steps=0)


def test_a_flat_input_has_the_sums_that_are_shown(page):
    page.locator(".gl-upsampling-input button", has_text="flat").click()
    page.wait_for_function(
        f"{PICTURE_IS} === 'hidden'",
        timeout=WAIT,
    )
    size = pictures().size
    for name in names(page):
        network = network_of(page, name, 0, 0)
        output = network(torch.full((1, 1, size // 4, size // 4), 0.5))[0, 0]
        middle = output[size // 2 - 2 : size // 2 + 2, size // 2 - 2 : size // 2 + 2]
        told = card(page, name).locator(".sum").all_text_contents()
        phases = [float(middle[y::2, x::2].mean()) for y in (0, 1) for x in (0, 1)]
        assert [float(t.replace("−", "-")) for t in told] == pytest.approx(phases, abs=0.006)
    page.locator(".gl-upsampling-input button", has_text="picture").click()
    page.wait_for_function(
        f"{PICTURE_IS} === 'visible'",
        timeout=WAIT,
    )


def fits(lab, page, dark: bool, width: int, name: str) -> None:
    """No part is wider than the page; a screenshot is kept."""
    page.set_viewport_size({"width": 1100, "height": 1100})  # the menu has room
    lab.turn(page, dark)
    page.set_viewport_size({"width": width, "height": 1100 if width > 800 else 1900})
    page.locator(".gl-upsampling").scroll_into_view_if_needed()
    page.wait_for_timeout(1000)
    SHOTS.mkdir(parents=True, exist_ok=True)
    theme = "dark" if dark else "light"
    page.screenshot(path=SHOTS / f"{name}_{theme}_{width}.png")
    shown = page.locator(".gl-upsampling .paper")
    paper = shown.evaluate("shown => getComputedStyle(shown).backgroundColor")
    assert paper == ("rgb(27, 30, 35)" if dark else "rgb(252, 252, 250)")
    room = page.locator(".jp-OutputArea-output").first.bounding_box()
    for part in [shown, *page.locator(".gl-upsampling .card").all()]:
        box = part.bounding_box()
        assert box["x"] >= room["x"] - 1
        assert box["x"] + box["width"] <= room["x"] + room["width"] + 1


RATIO = (
    "[...document.querySelectorAll('.gl-upsampling .card')].map(card => "
    "card.querySelector('.row > :last-child').textContent)"
)


def takes_input(page, kind: str) -> None:
    """Chooses the input, and waits until its picture is there."""
    page.locator(".gl-upsampling-input button", has_text=kind).click()
    row = "image / signal" if kind == "wave" else "checkerboard here"
    page.wait_for_function(
        "row => document.querySelector('.gl-upsampling .row').firstChild.textContent === row",
        arg=row,
        timeout=WAIT,
    )


def ratio_by_torch(page, name: str, steps: int, f: float) -> float:
    """|H(1/2 - f/2)| / |H(f/2)| of the last layer's answer to one pixel, its rows added up."""
    network = network_of(page, name, 0, steps)
    size = pictures().size
    maps = network[1](network[0](torch.full((1, 1, size // 4, size // 4), 0.5)))
    middle = slice(size // 4 - 2, size // 4 + 2)
    impulse = torch.zeros(2, 1, 16, 16)
    impulse[0, 0, 8, 8] = 1
    made = network[2](impulse * maps[..., middle, middle].mean((-2, -1), keepdim=True))[:, 0]
    kernel = (made[0] - made[1]).double().sum(0)
    place = torch.arange(32)
    image, signal = (
        (kernel * torch.exp(-2j * torch.pi * at * place)).sum().abs() for at in (0.5 - f / 2, f / 2)
    )
    return float(image / signal)


def test_a_wave_is_doubled_and_torch_agrees(page):
    takes_input(page, "wave")
    page.locator(".gl-upsampling-frequency").wait_for(timeout=WAIT)
    page.locator(".gl-upsampling-picture").wait_for(state="hidden", timeout=WAIT)
    page.locator(".gl-upsampling-step").click()
    reads(page, STRETCH)
    for key, f in ((None, 0.15), ("ArrowRight", 0.16), ("Home", 0), ("End", 0.5)):
        if key:
            before = page.evaluate(RATIO)
            page.locator(".gl-upsampling-frequency .noUi-handle").focus()
            page.keyboard.press(key)
            page.wait_for_function(
                f"before => JSON.stringify({RATIO}) !== JSON.stringify(before)",
                arg=before,
                timeout=WAIT,
            )
        readout = page.locator(".gl-upsampling-frequency .widget-readout").text_content()
        assert float(readout) == f
        for name in names(page):
            told = [float(value.removesuffix(" %")) / 100 for _, value in rows(page, name)[:2]]
            wanted_ratios = [ratio_by_torch(page, name, at, f) for at in (STRETCH, 0)]
            assert told == pytest.approx(wanted_ratios, rel=2e-3, abs=1e-4)
    takes_input(page, "picture")
    page.locator(".gl-upsampling-frequency").wait_for(state="hidden", timeout=WAIT)
    page.locator(".gl-upsampling-picture").wait_for(timeout=WAIT)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 420])
def test_a_wave_fits_in_both_themes(lab, page, dark, width):
    takes_input(page, "wave")
    page.locator(".gl-upsampling-step").click()
    reads(page, STRETCH)
    for f in (0.5, 0, 0.15):
        page.locator(".gl-upsampling-frequency .widget-readout").fill(str(f))
        page.keyboard.press("Enter")
        page.get_by_text(f"doubles a wave of {f:g} cycles").wait_for(timeout=WAIT)
        fits(lab, page, dark, width, "upsampling_wave")
        for label in page.locator(".gl-upsampling .chart text.small:not(.axis)").all():
            box, chart = label.bounding_box(), label.locator("xpath=../../..").bounding_box()
            assert box["x"] >= chart["x"]
            assert box["x"] + box["width"] <= chart["x"] + chart["width"] + 1
    words = page.locator(".gl-upsampling-frequency .widget-label")
    assert words.evaluate("words => words.scrollWidth <= words.clientWidth")  # not cut off
    page.set_viewport_size({"width": 1100, "height": 1000})
    takes_input(page, "picture")


@pytest.mark.alone
def test_it_plays_and_pauses_at_once(lab, page):
    assert lab.median_pause(page, STEP, ".gl-upsampling-train button", 10) < PAUSE_MS
    agrees(page, seed=0, steps=step_of(page))


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1100, 400])
def test_it_fits_in_both_themes(lab, page, dark, width):
    page.locator(".gl-upsampling-step").click()
    reads(page, STRETCH)
    fits(lab, page, dark, width, "upsampling_explorer")


def test_the_console_has_nothing_of_ours(lab, page):
    assert lab.errors(page) == []
