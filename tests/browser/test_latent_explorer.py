"""The latent explorer in a real JupyterLab: by mouse and by keyboard, against torch."""

import base64
import io
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from gan_lessons.data import to_uint8
from gan_lessons.models import dcgan
from gan_lessons.widgets import LatentExplorer
from gan_lessons.widgets.latent_explorer.settings import SIDE, STEPS
from gan_lessons.widgets.latent_explorer.view import neighbours_of

SHOTS = Path(__file__).resolve().parents[2] / "runs" / "browser"
CELL = (
    "import torch\nfrom gan_lessons.models import dcgan\n"
    "from gan_lessons.widgets import LatentExplorer\n"
    "torch.manual_seed(0)\n"
    "generator = dcgan.Generator(width=16)\n"
    "for _ in range(40):\n    generator(torch.randn(64, 100))\n"
    "generator.layers[-2].weight.data.mul_(10)\n"
    "explorer = LatentExplorer(generator)\nexplorer"
)
WAIT = 20_000
PAUSE_MS = 250
OWN = {"directions": "direction1", "walk": "position", "grid": "row"}  # a control of each view
PLACE = "+document.querySelector('.gl-latent-position .widget-readout').textContent"


@cache
def generator() -> dcgan.Generator:
    torch.manual_seed(0)
    made = dcgan.Generator(width=16)
    for _ in range(40):  # or batch norm's averages make all pictures the same grey
        made(torch.randn(64, 100))
    made.layers[-2].weight.data.mul_(10)
    return made


@pytest.fixture(scope="module")
def page(lab):
    page = lab.open([CELL])
    page.wait_for_selector(".gl-latent .gl-card.large img", timeout=90_000)
    yield page
    page.close()


@pytest.fixture(autouse=True)
def from_the_start(page):
    for name in ("walk", "grid", "directions"):
        view(page, name)
        page.locator(".gl-latent-reset").click()
    says(page, "seed 0; not moved")


def view(page, name: str) -> None:
    page.locator(".gl-latent-view button", has_text=name).click()
    page.locator(f".gl-latent-{OWN[name]}").wait_for(state="visible", timeout=WAIT)


def told(page) -> dict[str, str]:
    rows = page.locator(".gl-latent .gl-card.large tr").all()
    return {
        row.locator("td").nth(0).text_content(): row.locator("td").nth(1).text_content()
        for row in rows
    }


def says(page, words: str) -> None:
    """Waits until the large picture is of that latent."""
    page.wait_for_function(
        "words => document.querySelector('.gl-latent .large table').textContent.includes(words)",
        arg=words,
        timeout=WAIT,
    )


def pixels(image) -> np.ndarray:
    data = image.get_attribute("src").removeprefix("data:image/png;base64,")
    return np.array(Image.open(io.BytesIO(base64.b64decode(data)))).astype(int)


def agrees(page, **state) -> LatentExplorer:
    """The page's number and pixels are those that torch makes of the latent."""
    expected = LatentExplorer(generator(), **state)
    frozen = generator().training
    generator().eval()
    with torch.no_grad():
        picture: Tensor = generator()(expected.z[None])
    generator().train(frozen)
    assert float(told(page)["|z|"]) == pytest.approx(float(expected.z.norm()), abs=0.006)
    shown = pixels(page.locator(".gl-latent .gl-card.large img"))
    assert np.abs(shown[..., 0] - to_uint8(picture)[0, 0].numpy().astype(int)).max() <= 2
    return expected


def test_untouched_it_is_as_torch_says(page):
    agrees(page)


def test_a_direction_is_moved_by_keyboard_and_by_mouse(page):
    handle = page.locator(".gl-latent-direction2 .noUi-handle")
    handle.focus()
    for _ in range(7):  # without waiting: none is lost
        page.keyboard.press("ArrowRight")
    says(page, "2: 0.7")
    agrees(page, shifts=[0.0, 0.7])
    box = page.locator(".gl-latent-direction1 .noUi-handle").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 45, box["y"] + 5, steps=6)
    page.mouse.up()
    page.wait_for_timeout(800)
    moved = float(page.locator(".gl-latent-direction1 .widget-readout").text_content())
    assert moved > 0.3
    agrees(page, shifts=[moved, 0.7])


def test_a_mark_stands_where_its_slider_stands(page):
    def left() -> float:
        mark = page.locator(".gl-latent .gl-card.strip b").first.bounding_box()
        strip = page.locator(".gl-latent .gl-card.strip .sheet").first.bounding_box()
        return (mark["x"] - strip["x"]) / strip["width"]

    assert left() == pytest.approx(3 / 7, abs=0.01)
    page.locator(".gl-latent-direction1 .noUi-handle").focus()
    page.keyboard.press("End")
    says(page, "1: 3")
    assert left() == pytest.approx(6 / 7, abs=0.01)


@pytest.mark.alone
def test_it_walks_plays_and_pauses(lab, page):
    view(page, "walk")
    assert lab.median_pause(page, PLACE, ".gl-latent-play button", 4, times=3) < PAUSE_MS
    at = page.evaluate(PLACE)
    assert 12 < at < STEPS
    expected = agrees(page, view="walk", position=at)
    shown = page.locator(".gl-latent .gl-card.walk .gaps span").all_text_contents()
    distances = neighbours_of(expected.source, expected.settings).distances
    assert [float(text) for text in shown] == pytest.approx(distances, abs=0.006)
    page.locator(".gl-latent-path button", has_text="linear").click()
    says(page, "linear walk")
    agrees(page, view="walk", position=at, path="linear")
    page.locator(".gl-latent-path button", has_text="spherical").click()
    says(page, "spherical walk")


def test_a_cell_is_chosen_by_mouse_and_by_keyboard_and_steered_from(page):
    view(page, "grid")
    cells = page.locator(".gl-latent .gl-board button")
    assert cells.count() == SIDE * SIDE
    cells.nth(2 * SIDE + 4).click()
    says(page, "row 3, column 5")
    agrees(page, view="grid", row=3, column=5)
    cells.nth(5 * SIDE + 1).focus()
    page.keyboard.press("Space")
    says(page, "row 6, column 2")
    page.locator(".gl-latent-row .noUi-handle").focus()
    page.keyboard.press("ArrowLeft")
    says(page, "row 5, column 2")
    agrees(page, view="grid", row=5, column=2)
    mark = page.locator(".gl-latent .gl-card.cells b").bounding_box()
    cell = cells.nth(4 * SIDE + 1).bounding_box()
    assert abs(mark["x"] - cell["x"]) < 2
    assert abs(mark["y"] - cell["y"]) < 2
    page.locator(".gl-latent-go").click()
    says(page, "not moved")
    agrees(page, origin="grid", row=5, column=2)


def click(page, card: str, share: float) -> None:
    """Clicks into the pictures of a card, at a share of their width."""
    sheet = page.locator(f".gl-latent .gl-card.{card} .sheet:visible").first
    if card == "strip":
        sheet = page.locator(".gl-latent .gl-card.strip .sheet").nth(1)
    box = sheet.bounding_box()
    sheet.click(position={"x": share * box["width"], "y": box["height"] / 2})


def test_a_click_on_a_picture_goes_there(page):
    for i, shift in ((5, "2"), (0, "−3"), (6, "3")):
        click(page, "strip", (i + 0.5) / 7)
        says(page, f"moved along 2: {shift}")
        agrees(page, shifts=[0.0, float(i - 3)])
    click(page, "strip", 3.5 / 7)
    says(page, "not moved")
    view(page, "walk")
    for i in (3, 8, 0):
        click(page, "walk", (i + 0.5) / 9)
        says(page, f"picture {i + 1} of 9")
        agrees(page, view="walk", position=6 * i)
    view(page, "directions")


def test_a_place_on_the_walk_is_told_by_its_pictures(page):
    view(page, "walk")
    page.locator(".gl-latent-position .noUi-handle").focus()
    for _ in range(20):
        page.keyboard.press("ArrowRight")
    says(page, "2/6 from picture 4 to 5")
    assert "%" not in told(page)["view"]
    beside = page.locator(".gl-latent .gl-row:has(.gl-latent-position) > .widget-label")
    assert beside.text_content() == "2/6 from picture 4 to 5"
    numbers = page.locator(".gl-latent .gl-card.walk .row:not(.gaps) span")
    assert numbers.all_text_contents() == [str(i) for i in range(1, 10)]
    mark = page.locator(".gl-latent .gl-card.walk .sheet b").bounding_box()
    fourth, fifth = (numbers.nth(i).bounding_box() for i in (3, 4))
    share = (mark["x"] - fourth["x"]) / (fifth["x"] - fourth["x"])
    assert share == pytest.approx(2 / 6, abs=0.03)
    page.keyboard.press("End")
    says(page, "picture 9 of 9")


def test_the_ends_of_a_walk_and_the_corners_of_a_grid_name_their_seeds(page):
    view(page, "walk")
    page.locator(".gl-latent-towards input").fill("8")
    page.keyboard.press("Enter")
    says(page, "from seed 0 to 8")
    ends = page.locator(".gl-latent .gl-card.walk .ends span")
    page.wait_for_function(
        "document.querySelector('.gl-latent .walk .ends').textContent.includes('seed 8')"
    )
    assert ends.all_text_contents() == ["seed 0", "spherical walk", "seed 8"]
    view(page, "grid")
    page.wait_for_function(
        "document.querySelector('.gl-latent .corners .ends').textContent.includes('seed 8')"
    )
    words = page.locator(".gl-latent .corners .ends span")
    assert words.all_text_contents() == [
        *("seed 0", "seed 8"),
        *("seed 0, second latent", "seed 8, second latent"),
    ]
    grid = page.locator(".gl-latent .gl-card.cells .sheet").bounding_box()
    for i, word in enumerate(words.all()):
        box = word.bounding_box()
        assert (box["y"] < grid["y"]) == (i < 2)
        edge = (box["x"] - grid["x"], grid["x"] + grid["width"] - box["x"] - box["width"])[i % 2]
        assert abs(edge) < 6
    page.locator(".gl-latent-towards input").fill("1")
    page.keyboard.press("Enter")
    says(page, "grid of seeds 0 and 1")
    view(page, "directions")


def test_a_seed_is_typed(page):
    page.locator(".gl-latent-seed input").fill("12")
    page.keyboard.press("Enter")
    says(page, "seed 12")
    agrees(page, seed=12)
    page.locator(".gl-latent-seed input").fill("0")
    page.keyboard.press("Enter")
    says(page, "seed 0")


def test_the_console_has_nothing_of_ours(lab, page):
    assert lab.errors(page) == []


@pytest.mark.parametrize("dark", [True, False], ids=["dark", "light"])
@pytest.mark.parametrize("width", [1100, 400])
def test_it_fits_in_both_themes(lab, dark, width):
    cell = CELL.replace(
        "LatentExplorer(generator)", "LatentExplorer(generator, shifts=[1.5, -2.0])"
    )
    page = lab.keep([cell], width=width, height=1100 if width > 800 else 1900, dark=dark)
    page.wait_for_selector(".gl-latent .gl-card.large img", timeout=90_000)
    SHOTS.mkdir(parents=True, exist_ok=True)
    theme = "dark" if dark else "light"
    room = page.locator(".jp-OutputArea-output").first.bounding_box()
    for name in ("directions", "walk", "grid"):
        view(page, name)
        page.wait_for_timeout(900)
        page.screenshot(path=SHOTS / f"latent_explorer_{name}_{theme}_{width}.png")
        shown = page.locator(".gl-latent .gl-card:visible")
        paper = shown.first.evaluate("shown => getComputedStyle(shown).backgroundColor")
        assert paper == ("rgb(27, 30, 35)" if dark else "rgb(252, 252, 250)")
        for part in shown.all():
            box = part.bounding_box()
            assert box["x"] >= room["x"] - 1
            assert box["x"] + box["width"] <= room["x"] + room["width"] + 1
