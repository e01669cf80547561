"""Diagrams: the same data as SVG text and on an axis of matplotlib."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

pytest.importorskip("ipywidgets")
from matplotlib.colors import to_hex

from gan_lessons import plots
from gan_lessons.widgets import kit
from gan_lessons.widgets.diagrams import (
    OUTSIDE,
    Diagram,
    Dot,
    Line,
    arrow,
    draw,
    side_by_side,
    to_svg,
)

WAVE = Diagram(
    "A wave <1 & a level",
    (200, 100),
    (0, 10),
    (-1, 1),
    [
        Line("ink dashed", [(0, 0.5), (10, 0.5)]),
        Line("fake", np.array([[0, 0], [5, 1], [10, -1]])),
        Line("cut filled", [(0, 0), (10, 0), (10, -1)]),
        Line("real", np.empty((0, 2))),
    ],
    [Dot("real", 5, 1), Dot("ink hollow", 0, 0)],
    x_ticks=[(0, "0"), (10, "10")],
    y_ticks=[(0, "zero")],
)


def paths(svg: str) -> dict[str, str]:
    root = ElementTree.fromstring(svg)
    return {each.get("class"): each.get("d") for each in root.iter("path")}


def test_points_stand_where_the_scales_put_them():
    assert WAVE.to_pixels([(0, 1), (10, -1), (5, 0)]) == [[0, 0], [200, 100], [100, 50]]
    drawn = paths(to_svg(WAVE))
    assert drawn["fake"] == "M0.0 50.0L100.0 0.0L200.0 100.0"
    assert drawn["ink dashed"] == "M0.0 25.0L200.0 25.0"
    edges = "M0.0 0.0L0.0 100.0L200.0 100.0"
    assert drawn["line"] == f"{edges}M0.0 50.0L200.0 50.0M0.0 100.0L0.0 0.0M200.0 100.0L200.0 0.0"
    circles = re.findall(r"<circle class='(.*?)' cx='(.*?)' cy='(.*?)'", to_svg(WAVE))
    assert circles == [("real", "100.0", "0.0"), ("ink hollow", "0.0", "50.0")]


def test_what_is_filled_lies_under_the_grid_and_the_grid_under_the_lines():
    looks = [line.look for line in WAVE.all_lines]
    assert looks == ["cut filled", *["line"] * 4, "ink dashed", "fake", "real"]


def test_its_title_and_ticks_are_words_in_the_page():
    svg = to_svg(WAVE)
    root = ElementTree.fromstring(svg)
    assert root.find("figcaption").text == WAVE.title
    assert root.find("svg").get("aria-label") == WAVE.title
    assert [each.text for each in root.iter("text")] == ["0", "10", "zero"]


def test_several_stand_in_a_row_no_wider_than_a_third_more_than_their_size():
    root = ElementTree.fromstring(side_by_side(WAVE, WAVE))
    assert "row wrap" in root.get("style")
    assert [each.tag for each in root] == ["figure", "figure"]
    assert all("max-width: 270px" in each.get("style") for each in root)
    assert [each.get("class") for each in root] == ["gl-diagram"] * 2


def test_what_is_far_outside_stays_drawable():
    far = Diagram("far", (100, 100), (0, 1), (0, 1), [Line("fake", [(0, 0), (1e300, -1e300)])])
    assert far.to_pixels([(1e300, -1e300)]) == [[OUTSIDE, OUTSIDE]]
    assert "e+" not in to_svg(far)


def test_an_arrow_ends_at_its_tip_with_a_head_on_both_sides():
    look, points = arrow(1, 2, 3, 0)
    assert look == "muted thin"
    assert points[:2] == [(1, 2), (4, 2)] == [points[0], points[3]]
    (left, above), (right, below) = points[2], points[4]
    assert left == right == pytest.approx(3.1)
    assert (above, below) == (pytest.approx(2 - 0.48), pytest.approx(2 + 0.48))


def test_the_still_picture_has_the_same_lines_dots_and_ticks():
    _, axis = plots.figure(3, 2)
    draw(axis, WAVE)
    assert axis.get_title(loc="left") == WAVE.title
    assert axis.get_xlim() == WAVE.x
    assert [label.get_text() for label in axis.get_yticklabels()] == ["zero"]
    (wave,) = (line for line in axis.lines if to_hex(line.get_color()).upper() == plots.FAKE)
    assert wave.get_ydata().tolist() == [0, 1, -1]
    assert len(axis.patches) == 1  # what is filled
    assert sum(line.get_marker() == "o" for line in axis.lines) == 2
    assert axis.get_aspect() == "auto"
    square = Diagram("square", (50, 50), (0, 1), (0, 1))
    _, axis = plots.figure(3, 2)
    draw(axis, square)
    assert axis.get_aspect() == 1


def test_the_style_sheet_knows_every_look():
    rules = kit.CSS[kit.CSS.index("/* Diagrams") :]
    for colour in ("ink", "muted", "line", "cut", "real", "fake", "generator", "discriminator"):
        assert f".gl-diagram .{colour} {{ color: var(--{colour});" in rules
        assert colour in kit.PALETTE
    for look in ("thin", "dashed", "filled", "hollow"):
        assert f".gl-diagram .{look} {{" in rules
