"""AttentionExplorer in a real JupyterLab: by mouse and keyboard, against the model."""

import pytest
import torch

from gan_lessons.widgets.attention_explorer import model
from gan_lessons.widgets.attention_explorer.settings import AttentionSettings

CELL = """
import torch
from gan_lessons.widgets import AttentionExplorer
steps = (0, 50, 100)
rng = torch.Generator().manual_seed(0)
scores = torch.randn(2, 36, 36, generator=rng)
weights = torch.stack([(step / 30 * scores).softmax(-1) for step in steps])
pictures = 2 * torch.rand(3, 2, 1, 24, 24, generator=rng) - 1
AttentionExplorer(steps, pictures, weights, (0.0, -0.1, 0.3))
"""
WAIT = 20_000
HEAT = (
    "[...document.querySelectorAll('.gl-attention .heat rect:not(.here)')]"
    ".map(each => Number(each.getAttribute('fill-opacity')))"
)


def expected(**state) -> list[float]:
    names: dict = {}
    exec(CELL.replace("AttentionExplorer(steps,", "recording = (steps,"), names)
    recording = model.recording_of(*names["recording"])
    found = model.look(recording, AttentionSettings("generator", **state)).heat
    return (found / found.max()).flatten().tolist()


def shows(page, **state) -> None:
    """Waits until the heat in the page is that of these settings."""
    page.wait_for_function(
        f"want => {{ const got = {HEAT}; return got.length === want.length && "
        "got.every((value, i) => Math.abs(value - want[i]) < 1e-3); }",
        arg=expected(**state),
        timeout=WAIT,
    )


@pytest.fixture(scope="module")
def page(lab):
    page = lab.open([CELL], height=1000)
    page.wait_for_selector(".gl-attention .heat img", timeout=90_000)
    yield page
    page.close()


def test_a_click_and_keys_choose_a_place(page):
    shows(page, step=2)
    page.locator(".gl-attention .gl-board button").nth(6 * 4 + 3).click()
    shows(page, step=2, row=5, column=4)
    page.locator(".gl-attention .gl-board button").nth(6 * 4 + 4).focus()
    page.keyboard.press("Space")
    shows(page, step=2, row=5, column=5)
    page.locator(".gl-attention-row .noUi-handle").focus()
    for _ in range(2):
        page.keyboard.press("ArrowLeft")
    shows(page, step=2, row=3, column=5)


def test_the_step_slider_and_the_other_way(page):
    page.locator(".gl-attention .gl-board button").nth(0).click()
    page.locator(".gl-attention-step .noUi-handle").focus()
    page.keyboard.press("ArrowLeft")
    shows(page, step=1)
    assert "−0.100" in page.locator(".gl-attention table").inner_text()
    page.get_by_role("button", name="who looks at it").click()
    shows(page, step=1, way="to")


def test_the_board_lies_on_the_picture(page):
    """Each button over its own square of heat."""
    boxes = page.evaluate(
        "() => ['.heat', '.gl-board'].map(each => { const box = document.querySelector("
        "'.gl-attention ' + each).getBoundingClientRect();"
        "return [box.left, box.top, box.width, box.height]; })"
    )
    assert torch.allclose(*(torch.tensor(box) for box in boxes), atol=3.0), boxes


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 420])
def test_it_fits_and_can_be_read(lab, width, dark):
    page = lab.photographed(
        "attention", CELL, width, 1300 if width < 500 else 900, dark, ready=".heat img"
    )
    for part in page.locator(".gl-attention :is(.heat, .gl-card, .gl-diagram)").all():
        assert part.bounding_box()["width"] > 250
    card = page.locator(".gl-attention .gl-card").first
    paper = card.evaluate("shown => getComputedStyle(shown).backgroundColor")
    assert paper == ("rgb(27, 30, 35)" if dark else "rgb(252, 252, 250)")
    page.close()
