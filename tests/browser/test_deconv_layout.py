"""Where the parts of the deconvolution explorer stand in JupyterLab, and how fast it plays."""

import time
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from gan_lessons.widgets.cells import number

SHOTS = Path(__file__).resolve().parents[2] / "runs" / "browser"
IMPORT = "from gan_lessons.widgets import DeconvExplorer\n"
WAIT = 20_000
TALLEST = 910  # pixels that an explorer of two dimensions may take in a window of 1,280
FITTING = 760  # where cells are few enough to be drawn small, with all controls in sight
# A trained layer, as lesson 06 opens one: another seed, the same call.
LAYER = (
    "import torch\nfrom torch import nn\nfrom gan_lessons.widgets import DeconvExplorer\n"
    "torch.manual_seed(0)\n"
    "layer = nn.ConvTranspose2d(32, 1, 4, stride=2, padding=1, bias=False)\n"
    "DeconvExplorer(layer, size=4, in_channel=3, view='stamps', step=11)"
)


def opened(lab, *cells: str, height: int = 1000):
    page = lab.open(list(cells), width=1280, height=height)
    page.wait_for_function(
        f"document.querySelectorAll('.gl-deconv .panels').length === {len(cells)}", timeout=90_000
    )
    page.wait_for_timeout(500)
    return page


def test_two_dimensions_fit_a_window_and_show_each_grid_once(lab):
    views = ("stamps", "zeros", "matrix", "overlap")
    cells = [f"{IMPORT}DeconvExplorer(dims=2, size=10, view={view!r})" for view in views]
    page = opened(lab, *cells, height=1400)
    heights = {}
    for i, view in enumerate(views):
        explorer = page.locator(".gl-deconv").nth(i)
        heights[view] = round(explorer.bounding_box()["height"])
        titles = explorer.locator("figcaption").all_text_contents()
        assert sum(title.startswith("output y") for title in titles) == 1
        figures = explorer.locator("figure")
        written = [tuple(each.locator("text").all_text_contents()) for each in figures.all()]
        grids = [numbers for numbers in written if len(numbers) > 100]
        assert len(set(grids)) == len(grids) >= 1
        # Controls stand beside the pictures, not over them.
        slider = explorer.locator(".gl-deconv-padding").bounding_box()
        panels = explorer.locator(".panels").bounding_box()
        assert slider["x"] + slider["width"] <= panels["x"]
    print("heights:", heights)
    assert max(heights.values()) <= TALLEST
    assert lab.errors(page) == []
    page.close()


# Input and kernel of ones with more and more to draw, and two grids whose captions differ.
COUNTED = "dims=2, kernel=6, view='overlap', input_pattern='ones', kernel_pattern='ones'"


def test_large_kernels_fit_a_window_of_900_pixels(lab):
    settings = (COUNTED, *(f"dims=2, kernel=6, view={view!r}" for view in ("overlap", "stamps")))
    page = opened(lab, *(f"{IMPORT}DeconvExplorer({each})" for each in settings), height=900)
    explorers = page.locator(".gl-deconv")
    heights = [explorers.nth(i).bounding_box()["height"] for i in range(len(settings))]
    print("heights:", heights)
    assert max(heights) <= FITTING
    page.close()


def test_grids_to_be_compared_stand_level_whatever_their_captions_say(lab):
    page = opened(lab, f"{IMPORT}DeconvExplorer(dims=2, size=1, kernel=4, view='overlap')")
    large = page.locator(".gl-deconv .large figure")
    captions = {round(each.bounding_box()["height"]) for each in large.locator("figcaption").all()}
    tops = [each.bounding_box()["y"] for each in large.locator("svg[role=img]").all()]
    assert len(tops) == len(captions) == 2  # one caption wraps
    assert tops[0] == pytest.approx(tops[1], abs=1)
    page.close()


def test_on_a_narrow_page_small_grids_stand_beside_each_other(lab):
    page = opened(lab, f"{IMPORT}DeconvExplorer({COUNTED})")
    page.set_viewport_size({"width": 420, "height": 900})
    page.wait_for_timeout(500)
    small = [each.bounding_box() for each in page.locator(".gl-deconv .small figure").all()]
    assert len(small) == 2
    assert small[0]["y"] == pytest.approx(small[1]["y"], abs=1)
    page.close()


def typed(page, name: str, value: int) -> None:
    """Types a number, and gives the picture time to follow."""
    readout = page.locator(f".gl-deconv-{name} .widget-readout")
    readout.click()
    page.keyboard.press("Control+A")
    page.keyboard.type(str(value))
    page.keyboard.press("Enter")
    page.wait_for_timeout(400)
    assert readout.text_content() == str(value)


def place_of_y(page) -> tuple[int, int, int]:
    """Left, top, and the side of a cell."""
    figure = page.locator(".gl-deconv figure", has_text="output y").first
    box, cell = figure.bounding_box(), figure.locator("rect.out").first.bounding_box()
    return round(box["x"]), round(box["y"]), round(cell["width"])


@pytest.mark.parametrize("settings", ["", "size=6, kernel=4", "size=10, kernel=7"])
def test_y_keeps_its_place_while_padding_changes(lab, settings):
    page = opened(lab, f"{IMPORT}DeconvExplorer({settings})")
    found = {0: place_of_y(page)}
    for padding in range(1, 7):  # without settings, 5 and 6 are illegal
        typed(page, "padding", padding)
        found[padding] = place_of_y(page)
    assert len(set(found.values())) == 1, found
    page.close()


def test_a_trained_layer_opens_in_colours_and_has_numbers_on_demand(lab):
    page = opened(lab, LAYER)
    panels = page.locator(".gl-deconv .panels")
    assert panels.locator("figure").count() == 4
    assert panels.locator("svg text").count() == 0
    torch.manual_seed(0)
    w = torch.nn.ConvTranspose2d(32, 1, 4, stride=2, padding=1, bias=False).weight.detach()
    w = w[3:4]
    kernel = page.locator(".gl-deconv figure", has_text="kernel w")
    largest = number(float(w.abs().max()))
    assert kernel.locator(".scale").text_content() == f"−{largest}{largest}"
    signs = [cell.get_attribute("class").split()[0] for cell in kernel.locator("rect.ker").all()]
    assert signs == ["plus" if value > 0 else "minus" for value in w.flatten().tolist()]
    tips = kernel.locator("rect title").all_text_contents()
    expected = [number(value) for value in w.flatten().tolist()]
    assert [tip.split(" = ")[1] for tip in tips] == expected
    page.locator(".gl-deconv-numbers").click()
    page.wait_for_function(
        "document.querySelectorAll('.gl-deconv .panels svg text').length > 100", timeout=WAIT
    )
    assert kernel.locator("text").all_text_contents() == expected
    x = torch.zeros(1, 1, 4, 4)
    x[0, 0, 2, 2] = 1
    y = F.conv_transpose2d(x, w, stride=2).flatten().tolist()  # with what padding cuts
    output = page.locator(".gl-deconv figure", has_text="output y")
    assert output.locator("text").all_text_contents() == [number(value) for value in y]
    assert page.locator(".gl-deconv .scale").count() == 0
    page.locator(".gl-deconv-numbers").click()
    page.wait_for_function(
        "document.querySelectorAll('.gl-deconv .panels svg text').length === 0", timeout=WAIT
    )
    page.close()


# How far a button's icon is from the middle of its words, and whether these stay in the button.
BESIDE = """button => {
    const icon = button.querySelector('i').getBoundingClientRect();
    const range = document.createRange();
    range.selectNodeContents([...button.childNodes].find(node => node.nodeType === 3));
    const words = range.getBoundingClientRect();
    const box = button.getBoundingClientRect();
    return {off: Math.abs(icon.y + icon.height / 2 - words.y - words.height / 2),
            left: icon.right <= words.left + 1, inside: words.right <= box.right + 1};
}"""


@pytest.mark.parametrize("width", [1280, 420, 340])
def test_the_icon_of_the_mending_button_stands_beside_its_words(lab, width):
    page = opened(lab, f"{IMPORT}DeconvExplorer()")
    typed(page, "output-padding", 3)
    typed(page, "padding", 6)
    page.set_viewport_size({"width": width, "height": 1000})
    button = page.locator(".gl-deconv-fix")
    button.wait_for(state="visible", timeout=WAIT)
    page.wait_for_timeout(400)
    found = button.evaluate(BESIDE)
    assert found["off"] <= 2
    assert found["left"]
    assert found["inside"]
    page.close()


@pytest.mark.alone
def test_play_is_slow_normal_or_fast(lab):
    page = opened(lab, f"{IMPORT}DeconvExplorer(size=10)")
    at = "+document.querySelector('.gl-deconv-step .widget-readout').textContent"
    times = {}
    for speed in ("fast", "normal", "slow"):
        page.locator(".gl-deconv-speed select").select_option(speed)
        page.wait_for_timeout(300)
        page.locator(".gl-deconv-play button").first.click()
        page.wait_for_function(f"{at} >= 1", timeout=WAIT)
        cells = []
        for cell in (2, 3, 4):
            start = time.perf_counter()
            page.wait_for_function(f"{at} >= {cell}", timeout=WAIT)
            cells.append(time.perf_counter() - start)
        times[speed] = sorted(cells)[1]
        page.locator(".gl-deconv-play button").nth(1).click()  # stop
        page.wait_for_function(f"{at} === 0", timeout=WAIT)
    print("seconds a cell:", {speed: round(each, 2) for speed, each in times.items()})
    assert times["fast"] < 0.5 < times["normal"] < 1.1 < times["slow"] < 2.5
    page.close()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 420])
def test_a_trained_layer_fits_in_both_themes(lab, dark, width):
    page = lab.keep([LAYER], width=width, height=1000 if width > 800 else 1900, dark=dark)
    page.wait_for_selector(".gl-deconv .scale", timeout=90_000)
    page.wait_for_timeout(800)
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"deconv_layer_{'dark' if dark else 'light'}_{width}.png")
    card = page.locator(".gl-deconv .gl-card:has(.panels)").bounding_box()
    for figure in page.locator(".gl-deconv figure").all():
        box = figure.bounding_box()
        assert card["x"] <= box["x"]
        assert box["x"] + box["width"] <= card["x"] + card["width"] + 1
