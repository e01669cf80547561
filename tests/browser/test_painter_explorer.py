"""PainterExplorer in a real JupyterLab: slider, Play, and that it fits."""

import pytest

CELL = """
import torch
from gan_lessons.widgets import PainterExplorer
rng = torch.Generator().manual_seed(0)
PainterExplorer(torch.randn(8, 4, 1, 28, 28, generator=rng).cumsum(1))
"""
WAIT = 20_000


def shows(page, stroke: int) -> None:
    page.wait_for_function(
        "text => document.querySelector('.gl-painter').innerText.includes(text)",
        arg=f"canvas after {stroke} of 4 strokes",
        timeout=WAIT,
    )


@pytest.fixture(scope="module")
def page(lab):
    page = lab.open([CELL], height=900)
    page.wait_for_selector(".gl-painter img", timeout=90_000)
    yield page
    page.close()


def test_keys_move_the_stroke_and_nothing_jumps(page):
    shows(page, 1)
    before = page.locator(".gl-painter img").nth(1).bounding_box()
    page.locator(".gl-painter-stroke .noUi-handle").focus()
    page.keyboard.press("ArrowRight")
    shows(page, 2)
    assert page.locator(".gl-painter img").nth(1).bounding_box() == before


def test_play_paints_to_the_end(page):
    page.locator(".gl-painter-play button").first.click()
    shows(page, 4)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 420])
def test_it_fits(lab, width, dark):
    page = lab.photographed("painter", CELL, width, 900, dark)
    for image in page.locator(".gl-painter img").all():
        assert image.bounding_box()["width"] > 250
    page.close()
