"""The live view of a training in a real JupyterLab: its picture and numbers move, then stay."""

import base64
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gan_lessons import data, plots, train

SHOTS = Path(__file__).resolve().parents[2] / "runs" / "browser"
WAIT = 60_000
STEPS = 100_000  # more than anybody waits for
SETTING = "train.TrainConfig(width=8, batch=32, seed=3)"
CELLS = [
    "from gan_lessons import data, train\n"
    "from gan_lessons.widgets import TrainingView\n"
    f'real = data.load("glyphs")\nconfig = {SETTING}\n'
    "trainer = train.Trainer(*train.networks(config, real), real, config, device='cpu')\n"
    f"trainer.fit({STEPS}, view=TrainingView(samples=16, columns=8));",
    "print('at rest after', trainer.steps)",
]
# What is shown at one moment, taken all at once.
MOMENT = """() => {
    const view = document.querySelector('.gl-training');
    return {step: view.querySelector('td + td').textContent, image: view.querySelector('img').src};
}"""
# Both at once: the picture is replaced all the time.
BOXES = """() => ['.jp-OutputArea-output', '.gl-training'].map(
    name => document.querySelector(name).getBoundingClientRect().toJSON())"""
STILL = ".jp-OutputArea-output[data-mime-type='image/png'] img"
STEP = "+document.querySelector('.gl-training td + td').textContent.split(' ')[0].replace(',', '')"


@pytest.fixture(scope="module")
def page(lab):
    page = lab.open(CELLS)
    page.wait_for_selector(".gl-training", timeout=90_000)
    yield page
    page.close()


def test_it_moves_with_the_training(page):
    seen = []
    for _ in range(4):
        seen.append(page.evaluate(STEP))
        page.wait_for_function(f"{STEP} > {seen[-1]}", timeout=WAIT)
    assert page.locator(".gl-training").count() == 1


def test_the_pictures_are_the_generators(page):
    page.wait_for_function(f"{STEP} > 5", timeout=WAIT)
    moment = page.evaluate(MOMENT)
    step = int(re.match(r"([\d,]+) of", moment["step"])[1].replace(",", ""))
    assert moment["step"] == f"{step:,} of {STEPS:,}"
    source = moment["image"].removeprefix("data:image/png;base64,")
    shown = np.array(Image.open(io.BytesIO(base64.b64decode(source))).convert("RGB")).astype(int)
    real, config = data.load("glyphs"), eval(SETTING)
    trainer = train.Trainer(*train.networks(config, real), real, config, device="cpu")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as the server's kernels: others would add in another order
    trainer.fit(step)
    torch.set_num_threads(threads)
    expected = plots.sheet(trainer.generate(16, seed=config.seed), 8, scale=1, gap=1)
    far = np.abs(shown - np.array(expected).astype(int))
    assert shown.shape == far.shape
    assert far.mean() < 2


SLIDER = ".gl-training input[type=range]"
SCENES = "[...document.querySelectorAll('.gl-scene [data-step]')].map(each => +each.dataset.step)"
SEEN = """[...document.querySelectorAll('.gl-training .sheet img')]
    .filter(each => each.checkVisibility()).map(each => each.alt)"""


def test_the_film_goes_back_while_the_training_runs(page):
    page.wait_for_function(f"{SCENES}.length > 3", timeout=WAIT)
    before = page.evaluate(STEP)
    page.evaluate(
        f"""() => {{
            const slider = document.querySelector('{SLIDER}');
            slider.value = 0;
            slider.dispatchEvent(new Event('input'));
        }}"""
    )
    assert page.evaluate(SEEN) == ["16 generated pictures after step 0"]
    assert page.evaluate("document.querySelector('.gl-training .at').checkVisibility()")
    page.wait_for_function(f"{STEP} > {before + 3}", timeout=WAIT)  # and the training goes on
    assert page.evaluate(SEEN) == ["16 generated pictures after step 0"]
    page.locator(SLIDER).focus()
    page.keyboard.press("End")
    assert page.locator(".gl-training.past").count() == 0
    assert not page.evaluate("document.querySelector('.gl-training .at').checkVisibility()")


def test_the_strip_shows_what_the_discriminator_says(page):
    strip = page.locator(".gl-training .now .strip")
    assert strip.locator("circle.real").count() == 16
    assert strip.locator("circle.fake").count() == 16


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1100, 400])
def test_it_fits_in_both_themes(lab, page, dark, width):
    page.set_viewport_size({"width": 1100, "height": 1000})
    lab.turn(page, dark)
    page.set_viewport_size({"width": width, "height": 1000})
    page.wait_for_timeout(1500)
    SHOTS.mkdir(parents=True, exist_ok=True)
    theme = "dark" if dark else "light"
    page.screenshot(path=SHOTS / f"training_view_{theme}_{width}.png")
    room, view = page.evaluate(BOXES)
    assert view["left"] >= room["left"] - 1
    assert view["right"] <= room["right"] + 1


def test_the_stop_button_ends_it_and_leaves_a_picture(lab, page):
    page.set_viewport_size({"width": 1100, "height": 1000})
    page.wait_for_timeout(500)
    at = page.evaluate(STEP)
    page.locator("[data-command='notebook:interrupt-kernel'], [title^='Interrupt']").first.click()
    said = page.locator(".jp-OutputArea-output", has_text="at rest after")
    said.wait_for(timeout=WAIT)
    steps = int(re.search(r"at rest after (\d+)", said.text_content())[1])
    assert at <= steps < at + 2000
    page.wait_for_function(f"{STEP} === {steps}", timeout=WAIT)  # the live view stays, at its end
    assert page.locator(".gl-training").count() == 1
    assert not page.locator(STILL).is_visible()  # it is for the file
    assert page.locator("[data-mime-type$='.error'], [data-mime-type$='.stderr']").count() == 0
    page.screenshot(path=SHOTS / "training_view_stopped.png")
    assert lab.errors(page) == []


def test_after_it_the_film_is_played_from_its_first_scene(lab, page):
    steps = page.evaluate(SCENES)
    assert (steps[0], steps[-1]) == (0, page.evaluate(STEP))
    page.locator(".gl-training .player button").click()
    page.wait_for_selector(".gl-training.past", timeout=WAIT)
    page.screenshot(path=SHOTS / "training_view_film.png")
    page.wait_for_function("!document.querySelector('.gl-training.past')", timeout=WAIT)
    assert page.evaluate(SEEN) == [f"16 generated pictures after step {steps[-1]}"]
    page.locator(SLIDER).focus()
    page.keyboard.press("Home")
    assert page.evaluate(SEEN) == ["16 generated pictures after step 0"]
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert page.evaluate(f"+document.querySelector('{SLIDER}').value") > 0
    page.keyboard.press("End")


def test_a_tab_that_was_closed_shows_the_newest_state_when_it_is_opened_again(lab, page):
    steps = page.evaluate(STEP)
    lab.save(page)
    page.reload()
    page.wait_for_selector(".gl-training", timeout=90_000)
    assert page.evaluate(STEP) == steps
    assert page.evaluate(SCENES)[0] == 0


def test_a_notebook_that_was_saved_shows_the_picture_without_its_kernel(lab, page):
    steps, saved = page.evaluate(STEP), lab.save(page)
    outputs = json.loads(saved.read_text())["cells"][0]["outputs"]
    (picture,) = [out["data"] for out in outputs if "image/png" in out.get("data", {})]
    assert f"step {steps:,} of {STEPS:,}" in "".join(picture["text/plain"])
    name = f"again_{saved.name}"
    (lab.folder / name).write_text(saved.read_text())
    again = lab.open_file(name, run=False)
    still = again.locator(STILL)
    still.wait_for(timeout=WAIT)
    again.wait_for_timeout(2000)
    again.screenshot(path=SHOTS / "training_view_reopened.png")
    assert still.is_visible()
    assert still.get_attribute("src").endswith("".join(picture["image/png"]).strip())
    assert not again.get_by_text("model not found").is_visible()
    again.close()
