"""The deconvolution explorer in a real JupyterLab: by mouse and by keyboard, against torch."""

import re
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from gan_lessons.widgets.cells import number

SHOTS = Path(__file__).resolve().parents[2] / "runs" / "browser"
CELL = (
    "from gan_lessons.widgets import DeconvExplorer\nexplorer = DeconvExplorer(padding=1)\nexplorer"
)
WAIT = 20_000


@pytest.fixture(scope="module")
def page(lab):
    page = lab.open([CELL])
    page.wait_for_selector(".gl-deconv .panels", timeout=90_000)
    yield page
    page.close()


def panel(page, title: str):
    return page.locator(".gl-deconv figure", has_text=title).first


def numbers(page, title: str = "output y") -> list[str]:
    return panel(page, title).locator("text").all_text_contents()


def readout(page, name: str):
    return page.locator(f".gl-deconv-{name} .widget-readout")


def by_torch(size=4, kernel=3, **settings) -> list[str]:
    x, w = torch.arange(1.0, size + 1), torch.arange(1.0, kernel + 1)
    return [number(v) for v in F.conv_transpose1d(x[None], w[None, None], **settings)[0].tolist()]


def shows(page, expected: list[str]) -> None:
    """Waits until the output in the page has these numbers."""
    page.wait_for_function(
        """expected => {
            const titled = [...document.querySelectorAll('.gl-deconv figure')]
                .find(figure => figure.textContent.includes('output y'));
            const shown = [...titled.querySelectorAll('text')].map(text => text.textContent);
            return JSON.stringify(shown) === JSON.stringify(expected);
        }""",
        arg=expected,
        timeout=WAIT,
    )


def type_into(page, name: str, value: int) -> None:
    readout(page, name).click()
    page.keyboard.press("Control+A")
    page.keyboard.type(str(value))
    page.keyboard.press("Enter")


@pytest.fixture(autouse=True)
def from_the_start(page):
    page.locator(".gl-deconv-reset").click()
    for name, value in (("size", 4), ("kernel", 3), ("stride", 2), ("padding", 1), ("step", 0)):
        reads(page, name, value)
    shows(page, by_torch(stride=2, padding=1))


def reads(page, name: str, value: int) -> None:
    """Waits until the slider stands there."""
    page.wait_for_function(
        "([name, value]) => value ==="
        " +document.querySelector(`.gl-deconv-${name} .widget-readout`).textContent",
        arg=[name, value],
        timeout=WAIT,
    )


def test_a_dragged_slider_moves_the_picture(page):
    box = page.locator(".gl-deconv-kernel .noUi-handle").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 5, steps=8)
    page.mouse.up()
    shows(page, by_torch(kernel=7, stride=2, padding=1))
    assert readout(page, "kernel").text_content().strip() == "7"


def test_numbers_are_typed_and_torch_agrees(page):
    for name, value in (("size", 6), ("kernel", 4), ("stride", 3), ("padding", 2)):
        type_into(page, name, value)
    shows(page, by_torch(size=6, kernel=4, stride=3, padding=2))
    assert "= 15" in page.locator(".gl-deconv .status").text_content()
    line = page.locator(".gl-deconv code").text_content()
    assert line == "nn.ConvTranspose1d(1, 1, kernel_size=4, stride=3, padding=2, bias=False)"


def test_arrow_keys_move_a_slider(page):
    page.locator(".gl-deconv-stride .noUi-handle").focus()
    page.keyboard.press("ArrowLeft")
    shows(page, by_torch(stride=1, padding=1))
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    shows(page, by_torch(stride=3, padding=1))


def test_end_and_home_go_to_the_ends_that_the_slider_has_now(page):
    for size in (6, 3):  # more cells than at first, then fewer
        type_into(page, "size", size)
        shows(page, by_torch(size=size, stride=2, padding=1))
        handle = page.locator(".gl-deconv-step .noUi-handle")
        handle.focus()
        page.keyboard.press("End")
        reads(page, "step", size)
        page.wait_for_function(
            "at => document.querySelector('.gl-deconv .eqs').textContent.startsWith(at)",
            arg=f"x[{size - 1}] = {size}",
            timeout=WAIT,
        )
        page.keyboard.press("Home")
        reads(page, "step", 0)
        assert handle.evaluate("handle => handle === document.activeElement")


def stroke_widths(page, title: str, kind: str) -> list[float]:
    cells = panel(page, title).locator(f"rect.{kind}")
    widths = cells.evaluate_all("cells => cells.map(cell => getComputedStyle(cell).strokeWidth)")
    return [float(width.removesuffix("px")) for width in widths]


def lit(page, title: str, kind: str) -> list[int]:
    return [i for i, width in enumerate(stroke_widths(page, title, kind)) if width > 2]


def test_pointing_at_a_cell_lights_what_it_is_made_of(page):
    panel(page, "output y").locator("rect.out.x3").hover()
    # Output 3 of stride 2, kernel 3, padding 1 is made of inputs 1 (times w[2]) and 2 (times w[0]).
    assert lit(page, "output y", "out") == [3]
    assert lit(page, "input x", "in") == [1, 2]
    assert lit(page, "kernel w", "ker") == [0, 2]
    equations = page.locator(".gl-deconv .eqs div")
    seen = equations.evaluate_all(
        "all => all.filter(e => getComputedStyle(e).opacity > .5).map(e => e.textContent)"
    )
    assert any(text.startswith("y[3] = x[1]·w[2] + x[2]·w[0]= 2·3 + 3·1 = 9") for text in seen)
    panel(page, "input x").locator("rect.in.x0").hover()
    assert lit(page, "output y", "out") == [0, 1]
    page.mouse.move(5, 5)
    assert lit(page, "output y", "out") == []


def test_the_keyboard_chooses_a_cell(page):
    page.locator(".gl-deconv-step .noUi-handle").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "document.querySelector('.gl-deconv .eqs').textContent.includes('x[1] ')"
    )
    page.mouse.move(5, 5)
    assert lit(page, "input x", "in") == [1]
    assert lit(page, "output y", "out") == [1, 2, 3]


def test_play_walks_and_stops(page):
    page.locator(".gl-deconv-play button").first.click()
    page.wait_for_function(
        "+document.querySelector('.gl-deconv-step .widget-readout').textContent >= 2", timeout=WAIT
    )
    page.locator(".gl-deconv-play button").first.click()  # pause
    page.wait_for_timeout(300)
    at = readout(page, "step").text_content()
    page.wait_for_timeout(1600)
    assert readout(page, "step").text_content() == at


def test_an_illegal_setting_is_explained_and_mended_with_one_click(page):
    type_into(page, "output-padding", 3)
    status = page.locator(".gl-deconv .status")
    status.get_by_text("This is illegal").wait_for(timeout=WAIT)
    assert "output_padding must be smaller" in status.text_content()
    assert numbers(page) == by_torch(stride=2, padding=1)  # the last legal picture stays
    page.locator(".gl-deconv-fix").click()
    shows(page, by_torch(stride=2, padding=1, output_padding=1))


def test_a_number_is_edited_in_its_cell(page):
    page.locator(".gl-deconv-edit").click()
    field = page.locator(".widget-gridbox input").first
    field.fill("5")
    field.press("Enter")
    x, w = torch.tensor([[[5.0, 2, 3, 4]]]), torch.tensor([[[1.0, 2, 3]]])
    shows(page, [number(v) for v in F.conv_transpose1d(x, w, stride=2, padding=1)[0, 0].tolist()])
    page.locator(".gl-deconv-edit").click()


def test_the_code_can_be_copied(page):
    page.locator(".gl-deconv-code").click()
    area = page.locator(".gl-deconv textarea")
    page.wait_for_function("document.querySelector('.gl-deconv textarea').value")
    names: dict = {}
    exec(area.input_value(), names)
    assert [number(v) for v in names["y"].flatten().tolist()] == numbers(page)
    page.locator(".gl-deconv-code").click()


@pytest.mark.parametrize("view", ["insert zeros", "matrix Cᵀ", "overlap", "all", "stamp and add"])
def test_each_view_is_there(page, view):
    page.locator(".gl-deconv-view button", has_text=re.compile(f"^{view}$")).click()
    title = {"insert zeros": "turned kernel", "matrix Cᵀ": "the matrix", "all": "overlap:"}
    panel(page, title.get(view, view)).wait_for(timeout=WAIT)


def test_the_console_has_nothing_of_ours(lab, page):
    assert lab.errors(page) == []


@pytest.mark.parametrize("dark", [True, False], ids=["dark", "light"])
@pytest.mark.parametrize("width", [1100, 400])
def test_it_fits_in_both_themes(lab, dark, width):
    cell = "from gan_lessons.widgets import DeconvExplorer\nDeconvExplorer(view='all', step=2)"
    page = lab.keep([cell], width=width, height=1900 if width > 800 else 2400, dark=dark)
    page.wait_for_selector(".gl-deconv .panels", timeout=90_000)
    page.wait_for_timeout(1000)
    SHOTS.mkdir(parents=True, exist_ok=True)
    theme = "dark" if dark else "light"
    page.screenshot(path=SHOTS / f"deconv_explorer_{theme}_{width}.png")
    card = page.locator(".gl-deconv .gl-card:has(.panels)")
    paper = card.evaluate("card => getComputedStyle(card).backgroundColor")
    assert paper == ("rgb(27, 30, 35)" if dark else "rgb(252, 252, 250)")
    room = page.locator(".jp-OutputArea-output").first.bounding_box()
    box = card.bounding_box()
    assert box["x"] >= room["x"] - 1
    assert box["x"] + box["width"] <= room["x"] + room["width"] + 1


@pytest.fixture(scope="module")
def large(lab):
    """Two dimensions with no room for numbers, all views, in two explorers."""
    cell = (
        "from gan_lessons.widgets import DeconvExplorer\n"
        "DeconvExplorer(dims=2, view='all', size=10, kernel=4, stride=3, padding=2, step=1)"
    )
    page = lab.open([cell, cell.replace("step=1", "step=0")], height=2600)
    page.wait_for_function(
        "document.querySelectorAll('.gl-deconv .panels').length === 2", timeout=90_000
    )
    yield page
    page.close()


# Of each panel with boxes over it: the cells that its visible marks cover, as rows and columns.
MARKED = """card => Object.fromEntries([...card.querySelectorAll('figure')]
    .filter(figure => figure.querySelector('.mark'))
    .map(figure => [figure.querySelector('figcaption').textContent,
        [...figure.querySelectorAll('.mark')]
            .filter(mark => +getComputedStyle(mark).opacity > .5)
            .flatMap(mark => {
                const moved = new DOMMatrix(getComputedStyle(mark).transform);
                return [...mark.getAttribute('d').matchAll(/M(\\d+) (\\d+)/g)]
                    .map(at => [+at[2] + moved.f, +at[1] + moved.e]);
            })]))"""


def test_pointing_in_a_grid_without_numbers_marks_what_belongs_together(large):
    card = large.locator(".gl-deconv").nth(0)
    other = large.locator(".gl-deconv").nth(1)

    def marked() -> dict[str, list]:
        return {name.split()[0]: cells for name, cells in card.evaluate(MARKED).items()}

    large.mouse.move(2, 2)
    assert marked()["output"] == [[i - 2, j - 2] for i in range(4) for j in range(4)]
    assert not any(other.evaluate(MARKED).values())
    for title, starts in (("output y", 2), ("overlap", 0)):
        boxes = card.locator("figure", has_text=title).locator(".targets")
        row, column = 7, 9
        assert boxes.locator("> div").nth(row + starts).get_attribute("class") == f"out y{row}"
        box = boxes.locator(f".out.y{row} > i").nth(column)
        box.hover()
        found = marked()
        assert found["output"] == found["overlap:"] == [[row, column]]
        assert found["zeros"] == [[row + u, column + v] for u in range(4) for v in range(4)]
        # 7 + 2 = 9 = 3·3 + 0 = 2·3 + 3, and 9 + 2 = 11 = 3·3 + 2.
        assert lit_places(card, "input x", "in") == ["y2 x3", "y3 x3"]
        assert lit_places(card, "kernel w", "ker") == ["y0 x2", "y3 x2"]
        if title == "output y":
            assert re.fullmatch(r"so far y\[7,9\] = \d+", box.get_attribute("title"))
            middle = box.bounding_box()
            drawn = card.locator("figure", has_text=title).locator("svg[role=img]").bounding_box()
            assert middle["x"] + middle["width"] / 2 == pytest.approx(
                drawn["x"] + drawn["width"] * (starts + column + 0.5) / 31, abs=2
            )
    card.locator("figure", has_text="kernel w").locator("rect.ker.y1.x2").hover()
    found = marked()["output"]
    assert found == [[3 * i + 1 - 2, 3 * j + 2 - 2] for i in range(10) for j in range(10)]
    assert not any(other.evaluate(MARKED).values())


def lit_places(card, title: str, kind: str) -> list[str]:
    return card.locator("figure", has_text=title).first.evaluate(
        """(figure, kind) => [...figure.querySelectorAll('rect.' + kind)]
            .filter(cell => parseFloat(getComputedStyle(cell).strokeWidth) > 2)
            .map(cell => cell.getAttribute('class').split(kind + ' ')[1])""",
        kind,
    )


def test_tips_are_read_by_keyboard(page):
    page.mouse.move(2, 2)  # or what the mouse points at would be said
    page.locator(".gl-deconv-stride .noUi-handle").focus()
    said = page.locator(".gl-hint").evaluate("e => getComputedStyle(e, '::after').content")
    assert "stride" in said
    page.locator(".gl-deconv .status .gl-tip").focus()
    for _ in range(3):  # past the input and the kernel
        page.keyboard.press("Tab")
    caption = panel(page, "output y").locator(".gl-tip")
    shown = caption.evaluate("e => getComputedStyle(e, '::after').content")
    assert "What comes out" in shown


@pytest.mark.parametrize("dark", [True, False], ids=["dark", "light"])
@pytest.mark.parametrize("width", [1280, 420])
def test_only_the_chosen_controls_are_in_sight_until_more_is_asked_for(lab, dark, width):
    cell = (
        "from gan_lessons.widgets import DeconvExplorer\n"
        "DeconvExplorer(size=4, controls=('size', 'kernel', 'stride', 'bias'))"
    )
    page = lab.keep([cell], width=width, height=1100, dark=dark)
    page.wait_for_selector(".gl-deconv .panels", timeout=90_000)
    page.wait_for_timeout(1000)
    theme = "dark" if dark else "light"
    lab.shoot(page, f"deconv_explorer_chosen_{theme}_{width}")
    names = ("size", "bias", "step", "play", "reset", "padding", "view", "walk", "speed", "edit")
    seen = [name for name in names if page.locator(f".gl-deconv-{name}").is_visible()]
    assert seen == ["size", "bias", "step", "play", "reset"]
    status = page.locator(".gl-deconv .status")
    assert "output padding" not in status.text_content()
    more = page.locator(".gl-deconv-more")
    more.click()
    page.locator(".gl-deconv-padding").wait_for(timeout=WAIT)
    assert all(page.locator(f".gl-deconv-{name}").is_visible() for name in names)
    status.get_by_text("output padding").wait_for(timeout=WAIT)
    lab.shoot(page, f"deconv_explorer_opened_{theme}_{width}")
    more.click()
    page.locator(".gl-deconv-padding").wait_for(state="hidden", timeout=WAIT)
