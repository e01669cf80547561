"""Cells as SVG and as a still picture: numbers, paints, contrast, words."""

import io
import math
import re
import xml.etree.ElementTree as ElementTree
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torch import nn

pytest.importorskip("ipywidgets")

from gan_lessons.widgets import DeconvExplorer, cells
from gan_lessons.widgets.cells import Band, Cell, Grid, Label, Panel, number, shade, shades
from gan_lessons.widgets.deconv_explorer import panels
from gan_lessons.widgets.deconv_explorer.still import to_picture
from gan_lessons.widgets.deconv_explorer.svg import to_svg
from gan_lessons.widgets.kit import CSS, PALETTE

# Numbers


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (-12.0, "−12"),
        (0.5, "0.5"),
        (0.125, "0.12"),
        (1.25, "1.25"),
        (12.34, "12.3"),
        (123.4, "123"),
        (1234.0, "1234"),
        (99.96, "100"),
        (9.999, "10"),
        (-0.021, "−.021"),
        (0.0999, ".1"),
        (-0.0004, "−.000"),
        (1e-30, ".000"),
        (1_260_000.0, "1.3e6"),
        (-3.4e38, "−3.4e38"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
        (math.nan, "nan"),
    ],
)
def test_numbers_are_short(value, text):
    assert number(value) == text


@given(st.floats(-999_999, 999_999), st.integers(2, 5))
def test_a_printed_number_is_the_value_rounded(value, digits):
    text = number(value, digits)
    back = float(text.replace("−", "-"))
    whole = len(str(abs(int(value)))) if abs(value) >= 0.1 else 0
    assert abs(back - value) <= 0.5000001 * 10.0 ** -max(0, digits - whole)
    assert (text == "0") == (value == 0 or digits <= 1)
    assert not re.search(r"\.\d*[1-9]0+$|\.$", text)  # no needless zeros
    assert "-" not in text


@pytest.mark.parametrize("value", [1e6, -3.4e38, 1e300, 123456789.0])
def test_large_numbers_stay_in_their_cells(value):
    text = number(value)
    assert len(text) <= 7
    assert float(text.replace("−", "-")) == pytest.approx(value, rel=0.5)


def test_shades_show_sign_and_size():
    for with_text in (True, False):
        strengths = [shade(v, 10, with_text)[1] for v in (0.1, 1, 5, 10)]
        assert strengths == sorted(strengths)
        assert len(set(strengths)) == 4
        assert all(0 < s <= 1 for s in strengths)
        assert shade(3, 10, with_text) == ("plus", shade(-3, 10, with_text)[1])
        assert shade(-3, 10, with_text)[0] == "minus"
        assert shade(0, 10, with_text)[0] == shade(0, 0, with_text)[0] == "blank"
        for odd in (math.nan, math.inf):
            assert 0 < shade(odd, odd, with_text)[1] <= 1
    assert shade(10, 10, True)[1] < shade(10, 10, False)[1]


# Contrast


def luminance(colour):
    parts = np.asarray(colour) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one, other):
    """By the Web Content Accessibility Guidelines, 2.x: from 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def rgb(name, theme):
    colour = PALETTE[name][theme]
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)], float)


def painted(name, strength, theme):
    return strength * rgb(name, theme) + (1 - strength) * rgb("paper", theme)


def test_contrast_is_as_the_guidelines_have_it():
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast((118, 118, 118), (255, 255, 255)) == pytest.approx(4.54, abs=0.01)


def text_on_paint():
    """(paint, faint) → the greatest strength of it that has a number on it, over many explorers."""
    found = {("paper", False): 1.0, ("paper", True): 1.0, ("blank", False): 1.0}  # code is on blank
    options = {"size": 10, "kernel": 4, "padding": 2, "bias": -0.5, "input_pattern": "random"}
    kernels = ("ramp", "random", "learned")
    explorers = [
        DeconvExplorer(dims=dims, view=view, kernel_pattern=kernel, **{**options, "size": size})
        for dims, size in ((1, 10), (2, 4), (2, 3))
        for view in ("stamps", "zeros", "matrix", "overlap")
        for kernel in kernels
    ]
    explorers.append(DeconvExplorer(nn.ConvTranspose2d(1, 1, 3, padding=2), size=7))
    for explorer in explorers:
        most = explorer.controls["step"].max
        for step in {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, most // 2, most}:
            explorer.controls["step"].value = step
            for panel in panels.panels(explorer.view):
                if panel.unit < cells.SMALLEST_WITH_TEXT:
                    continue
                for cell in panel.cells:
                    key = (cell.paint, cell.faint)
                    if cell.text:
                        found[key] = max(found.get(key, 0.0), cell.strength)
    return found


def test_all_text_can_be_read_in_both_themes():
    found = text_on_paint()
    tinted = {paint for paint, faint in found if not faint}
    assert {"plus", "minus", "blank", *cells.TINTS} <= tinted
    assert {("zero", True), ("cut", True)} <= set(found)
    poor = {}
    for (paint, faint), strength in found.items():
        for theme in (0, 1):
            text = rgb("muted" if faint else "ink", theme)
            ratio = contrast(text, painted(paint, strength, theme))
            if ratio < 4.5:
                poor[paint, faint, ("light", "dark")[theme]] = round(ratio, 2)
    assert poor == {}


def test_any_shade_under_a_number_lets_it_be_read():
    for value in (-1.0, 1.0):
        paint, strength = shade(value, 1.0, True)
        for theme in (0, 1):
            assert contrast(rgb("ink", theme), painted(paint, strength, theme)) >= 4.5


def test_lit_outlines_stand_out_in_both_themes():
    for theme in (0, 1):
        assert contrast(rgb("lit", theme), rgb("paper", theme)) >= 3
        assert contrast(rgb("lit", theme), rgb("line", theme)) >= 1.5  # and from those not lit
        for paint in cells.TINTS:
            assert contrast(rgb("lit", theme), rgb(paint, theme)) >= 3, paint


def test_neighbours_have_tints_of_their_own():
    assert len(cells.TINTS) == 8
    for theme in (0, 1):
        assert len({PALETTE[name][theme] for name in cells.TINTS}) == 8


def test_an_old_picture_is_not_faded_until_it_cannot_be_read(page):
    sheet = " ".join(page.htmls(DeconvExplorer()))
    (rule,) = re.findall(r"\.gl-deconv \.stale \.gl-card \{([^}]*)\}", sheet)
    assert "opacity" not in rule


# SVG


def drawn(panel):
    return ElementTree.fromstring(to_svg(panel))


def test_cells_stand_where_they_should():
    made = drawn(
        Panel(
            "title",
            4,
            2,
            [Cell(0, 0, "1"), Cell(3, 1, "2", "plus", 0.5, "out y1 x3"), Cell(1.5, 0, faint=True)],
            "words",
            [Label(2, 1, "label")],
            [Band(1, 0, 2, 1, (("a", "b"),))],
        )
    )
    assert made.find("figcaption").text == "title"
    svg = made.find(".//svg")
    u = 34
    assert svg.get("viewBox") == f"0 0 {4 * u} {2 * u}"
    first, second, third, band = svg.findall("rect")
    for rect, x, y in ((first, 0, 0), (second, 3, 1), (third, 1.5, 0)):
        left, top, side = (float(rect.get(name)) for name in ("x", "y", "width"))
        assert x * u <= left <= left + side <= (x + 1) * u
        assert y * u <= top <= top + float(rect.get("height")) <= (y + 1) * u
    assert second.get("class").split() == ["plus", "out", "y1", "x3"]
    assert float(second.get("fill-opacity")) == 0.5
    assert [float(band.get(n)) for n in ("x", "y", "width", "height")] == [u, 0, 2 * u, u]
    one, two, label = svg.findall("text")
    assert (one.text, two.text, label.text) == ("1", "2", "label")
    assert (float(two.get("x")), float(two.get("y"))) == (3.5 * u, 1.5 * u)
    assert (float(label.get("x")), float(label.get("y"))) == (2 * u, 1.5 * u)


def test_words_with_signs_of_html_are_shown_as_they_are():
    text = "a < b & c > \"d\" 'e'"
    made = drawn(Panel(text, 2, 1, [Cell(0, 0, "<", tip=text)], text, [Label(1, 0, "<&")]))
    assert made.find("figcaption").text == text
    svg = made.find(".//svg")
    assert svg.get("aria-label") == text
    assert svg.findtext("rect/title") == text
    assert [t.text for t in svg.findall("text")] == ["<", "<&"]


@pytest.mark.parametrize("columns", [1, 3, 10, 18, 30, 32, 40])
@pytest.mark.parametrize("longest", [1, 3, 4, 5, 7, 12])
def test_numbers_fit_their_cells_or_are_tips(columns, longest):
    text = longest * "8"
    panel = Panel("", columns, 1, [Cell(0, 0, text), Cell(columns - 1, 0, "1")], "words")
    (svg,) = drawn(panel).iter("svg")
    font = float(svg.get("font-size"))
    # The widest figure of common sans-serif faces takes 0.56 to 0.62 of the font's size.
    if svg.find("text") is not None:
        assert [t.text for t in svg.findall("text")] == [text, "1"]
        assert 0.62 * font * longest <= panel.unit - 1
        assert font >= 7
        assert svg.find("rect/title") is None
    else:
        assert 0.62 * 7 * longest > 0.9 * panel.unit or panel.unit < cells.SMALLEST_WITH_TEXT
        assert [t.text for t in svg.findall("rect/title")] == [text, "1"]
    assert longest > 7 or columns > 18 or svg.find("text") is not None


def test_lights_are_products_in_a_sum():
    lights = (("a", "b"), ("c",))
    (rect,) = drawn(Panel("", 1, 1, [Cell(0, 0, lights=lights)], "w")).findall(".//rect")
    assert rect.get("style") == "--l:max(var(--a,0)*var(--b,0),var(--c,0))"
    (rect,) = drawn(Panel("", 1, 1, [Cell(0, 0, lights=lights[:1])], "w")).findall(".//rect")
    assert rect.get("style") == "--l:calc(var(--a,0)*var(--b,0))"


def test_every_paint_has_its_rules():
    paints = {name for name in PALETTE if name not in ("paper", "ink", "muted", "line", "lit")}
    paints -= {"real", "fake", "generator", "discriminator"}
    assert paints > set(cells.TINTS)
    for name in paints:
        assert f".gl-deconv rect.{name} {{ fill: var(--{name}); }}" in CSS
        assert f".gl-deconv path.{name} {{ stroke: var(--{name}); }}" in CSS


# Grids with no room for numbers


def grid(**more):
    """3 × 5 cells without numbers; those of the middle row are linked, but for the outer ones."""
    values = np.arange(-7.0, 8.0).reshape(3, 5)
    paints, strengths = shades(values, 7, False)
    return Grid(
        values,
        paints,
        strengths,
        kind="out",
        linked=(slice(1, 2), slice(1, 4)),
        readable=False,
        symbol="y",
        marks={"in": [[0], [0, 2]], "out": [[0], [0]]},
        **more,
    )


def test_shades_are_the_shade_of_each():
    values = np.array([[0.0, -3, 4, 5e-9], [math.nan, math.inf, -math.inf, -7]])
    for largest in (7.0, 4.0, 0.0, math.nan, math.inf):
        for with_text in (True, False):
            paints, strengths = shades(values, largest, with_text)
            got = [
                (("blank", "plus", "minus")[paint], strength)
                for paint, strength in zip(paints.flat, strengths.flat, strict=True)
            ]
            assert got == [shade(value, largest, with_text) for value in values.flatten().tolist()]


def test_a_grid_is_its_cells():
    above = {(2, 0): Cell(0, 2, paint="t1", classes="in y0 x0")}
    made = {(cell.y, cell.x): cell for cell in grid(above=above)}
    assert list(made) == list(product(range(3), range(5)))
    assert made[2, 0] == above[2, 0]
    assert made[1, 1] == Cell(1, 1, "", *shade(-1.0, 7, False), "out y0 x0", tip="y[0,0] = −1")
    assert made[1, 3].tip == "y[0,2] = 1"
    assert {at for at, cell in made.items() if cell.classes.startswith("out")} == {
        (1, 1),
        (1, 2),
        (1, 3),
    }
    assert not any(cell.tip for at, cell in made.items() if at not in ((1, 1), (1, 2), (1, 3)))


def test_paths_colour_each_cell_of_a_grid_once():
    given = grid()
    svg = drawn(Panel("title", 5, 3, given, "words")).find(".//svg")
    assert svg.get("viewBox") == f"0 0 {5 * 34} {3 * 34}"
    (group,) = svg.findall("g")
    assert group.get("transform") == "translate(.5 .5)scale(34)"
    coloured = {}
    for path in group.find("g").findall("path"):
        for x, y, length in re.findall(r"M(\d+) (\d+)h(\d+)", path.get("d")):
            for column in range(int(x), int(x) + int(length)):
                assert (int(y), column) not in coloured
                look = (path.get("class"), float(path.get("stroke-opacity", 1)))
                coloured[int(y), column] = look
    assert coloured == {
        (cell.y, cell.x): (cell.paint, pytest.approx(cell.strength, abs=0.0051)) for cell in given
    }


def test_boxes_over_a_grid_are_its_linked_cells_with_their_tips():
    figure = drawn(Panel("title", 5, 3, grid(), "words"))
    (targets,) = figure.findall(".//div[@class='targets']")
    assert targets.get("aria-hidden") == "true"
    assert [row.get("class") for row in targets] == [None, "out y0", None]
    row = targets[1]
    assert [box.tag for box in row] == ["b", "i", "i", "i", "b"]
    assert [box.get("title") for box in row.findall("i")] == [
        "y[0,0] = −1",
        "y[0,1] = 0",
        "y[0,2] = 1",
    ]
    window = figure.find(".//svg/g/svg")
    assert [window.get(name) for name in ("x", "y", "width", "height")] == ["1", "1", "3", "1"]
    assert {path.get("class"): path.get("d") for path in window} == {
        "mark by-in": "M0 0h1v1h-1zM2 0h1v1h-1z",
        "mark by-out": "M0 0h1v1h-1z",
    }


# The still picture


def pixels(picture):
    return np.asarray(Image.open(io.BytesIO(picture.png)).convert("RGB")).astype(int)


def near(image, colour, within=12):
    target = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
    return (np.abs(image - target).max(-1) <= within).sum()


def test_the_still_picture_shows_paints_and_what_is_lit():
    row = [Cell(0, 0, paint="t1"), Cell(1, 0, paint="t2", lights=(("a", "b"),))]
    row += [Cell(2, 0, paint="t3", classes="in y0 x2")]
    panel = Panel("title", 3, 1, row, "words", [], [Band(0, 0, 3, 1, (("c",),))])
    lit = PALETTE["lit"][0]
    plain = to_picture([panel], set(), "heading", "alt")
    assert plain.alt == "alt"
    assert near(pixels(plain), lit) == 0
    for tint in ("t1", "t2", "t3"):
        assert near(pixels(plain), PALETTE[tint][0]) > 500
    assert near(pixels(to_picture([panel], {"a", "iy0"}, "heading", "alt")), lit) == 0
    for on in ({"a", "b"}, {"iy0", "ix2"}, {"c"}):
        assert near(pixels(to_picture([panel], on, "heading", "alt")), lit) > 50


def test_the_still_picture_is_as_large_as_its_panels_need():
    def panel(columns):
        return Panel("panel", columns, 4, [Cell(columns - 1, 3, paint="t4")], "words")

    def shape(*columns):
        made = to_picture([panel(n) for n in columns], set(), "heading", "alt")
        assert near(pixels(made), PALETTE["t4"][0]) > 500 * len(columns)
        return pixels(made).shape[:2]

    (tall, wide), (tall_2, wide_2), (tall_3, wide_3) = shape(4), shape(4, 4), shape(17, 17)
    assert wide < wide_2
    assert tall == tall_2
    assert tall_3 > 1.5 * tall  # wrapped
    assert max(wide_2, wide_3) <= 2 * (cells.WIDEST + 60)
