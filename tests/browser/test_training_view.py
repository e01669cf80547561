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
    shown = np.array(Image.open(io.BytesIO(base64.b64decode(source)))).astype(int)
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
