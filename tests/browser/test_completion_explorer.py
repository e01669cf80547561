"""CompletionExplorer in a real JupyterLab: by mouse and keyboard, against the model."""

import pytest
import torch

from gan_lessons.models.translation import Completer
from gan_lessons.widgets.completion_explorer import page as pages
from gan_lessons.widgets.completion_explorer.model import Filler, view_of
from gan_lessons.widgets.completion_explorer.settings import CompletionSettings

SOURCE = """import torch
from gan_lessons.models.translation import Completer
torch.manual_seed(0)
fill = Completer(width=4, noise=3)
with torch.no_grad():
    fill.middle.weight.mul_(5)
pictures = torch.rand(5, 1, 28, 28, generator=torch.Generator().manual_seed(0)) * 2 - 1
"""
CELL = (
    SOURCE
    + """from gan_lessons.widgets import CompletionExplorer
CompletionExplorer(fill, pictures, rows=(4, 16), columns=(8, 22))"""
)
WAIT = 20_000
ROWS = (
    "[...document.querySelectorAll('.gl-completion table tr')].map(row => "
    "[...row.querySelectorAll('td')].map(each => each.textContent))"
)


@pytest.fixture(scope="module")
def source() -> Filler:
    torch.manual_seed(0)
    fill = Completer(width=4, noise=3)
    with torch.no_grad():
        fill.middle.weight.mul_(5)
    pictures = torch.rand(5, 1, 28, 28, generator=torch.Generator().manual_seed(0)) * 2 - 1
    return Filler(fill, pictures)


@pytest.fixture(scope="module")
def page(lab):
    page = lab.open([CELL], height=1100)
    page.wait_for_selector(".gl-completion .large img", timeout=90_000)
    yield page
    page.close()


def shows(page, source: Filler, **settings) -> None:
    """Waits until the page's numbers are those of the model."""
    base = {"rows": (4, 16), "columns": (8, 22)}
    view = view_of(source, CompletionSettings(**(base | settings)))
    expected = [[name, value] for name, value, _ in pages.table(view)]
    page.wait_for_function(
        f"rows => JSON.stringify({ROWS}) === JSON.stringify(rows)", arg=expected, timeout=WAIT
    )


def test_bars_keys_and_clicks_move_the_hole(page, source):
    shows(page, source)
    page.locator(".gl-completion-way .noUi-handle").focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    shows(page, source, way=4)
    page.locator(".gl-completion-rows .noUi-handle").first.focus()
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    shows(page, source, way=4, rows=(6, 16))
    bar = page.locator(".gl-completion-columns .noUi-connect").bounding_box()
    step = page.locator(".gl-completion-columns .noUi-base").bounding_box()["width"] / 28
    x, y = bar["x"] + bar["width"] / 2, bar["y"] + bar["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 3 * step, y, steps=4)
    page.mouse.up()
    shows(page, source, way=4, rows=(6, 16), columns=(5, 19))
    drag(page, (0.5, 0.5), (0.02, 0.02))
    shows(page, source, way=4, rows=(0, 10), columns=(0, 14))


def drag(page, *cells: tuple[float, float]) -> None:
    """From point to point, as shares of the picture: across and down."""
    box = page.locator(".gl-completion .large").bounding_box()
    for i, (x, y) in enumerate(cells):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=5)
        if i == 0:
            page.mouse.down()
    page.mouse.up()


def test_a_free_mask_is_painted_by_dragging(lab, page, source):
    page.locator(".gl-completion-mode button").nth(1).click()
    shows(page, source, way=4, mode="free")
    large = page.locator(".gl-completion .large").bounding_box()
    hint = page.locator(".gl-completion .large text").bounding_box()
    assert pages.HINT in page.locator(".gl-completion .large").inner_text()
    assert large["x"] < hint["x"]
    assert hint["x"] + hint["width"] < large["x"] + large["width"]
    drag(page, (0.2, 0.2), (0.5, 0.2), (0.5, 0.5))
    shows(page, source, way=4, mode="free", cells=(8, 9, 10, 17, 24))
    assert page.locator(".gl-completion .large text").count() == 0
    lab.shoot(page, "completion_free")
    drag(page, (0.5, 0.5), (0.5, 0.35))  # from inside of the hole: it is taken away
    shows(page, source, way=4, mode="free", cells=(8, 9, 10))
    page.locator(".gl-completion-clear").click()
    shows(page, source, way=4, mode="free")


def test_a_free_mask_is_painted_by_keys_in_one_tab_stop(page, source):
    page.locator(".gl-completion .gl-pad .widget-html-content > svg").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Shift+ArrowRight")
    for _ in range(9):
        page.keyboard.press("ArrowRight")  # the edge stops it in the middle of the last cell
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Space")
    shows(page, source, way=4, mode="free", cells=(19, 20, 24, 25))
    page.keyboard.press("Space")
    shows(page, source, way=4, mode="free", cells=(20, 24, 25))
    page.keyboard.press("Tab")
    assert not page.evaluate("document.activeElement.closest('.gl-pad') !== null")
    page.locator(".gl-completion-clear").click()
    shows(page, source, way=4, mode="free")


def test_a_click_on_a_completion_chooses_it(page, source):
    box = page.locator(".gl-completion .ways").bounding_box()
    page.mouse.click(box["x"] + 0.6 * box["width"], box["y"] + 0.7 * box["height"])
    shows(page, source, way=7, mode="free")
    page.locator(".gl-completion-way .noUi-handle").focus()
    page.keyboard.press("ArrowLeft")
    shows(page, source, way=6, mode="free")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 420])
def test_it_fits_and_can_be_read(lab, width, dark):
    page = lab.photographed(
        "completion", CELL, width, 1500 if width < 500 else 900, dark, ready=".large img"
    )
    large = page.locator(".gl-completion .large").bounding_box()
    board = page.locator(".gl-completion .gl-pad").bounding_box()
    assert abs(large["width"] - large["height"]) < 2
    for side in ("x", "y", "width", "height"):
        assert abs(large[side] - board[side]) < 3
    page.close()
