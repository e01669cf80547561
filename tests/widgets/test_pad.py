"""The pad without a page: texts in, strokes out, and strokes on cells."""

import numpy as np
import pytest

pytest.importorskip("ipywidgets")

from gan_lessons.widgets.pad import MOST_TEXT, Pad, Stroke, painted


@pytest.fixture
def pad():
    made = Pad(lambda strokes: made.heard.append(strokes), "a plane")
    made.heard = []
    return made


def send(pad, text: str) -> list[tuple[str, list]]:
    """What is heard of a text of the page."""
    before = len(pad.heard)
    pad._wire.value = text
    return [(s.tool, s.points.tolist()) for strokes in pad.heard[before:] for s in strokes]


def test_a_stroke_is_heard_as_it_grows(pad):
    assert send(pad, "5 pencil 100,200") == [("pencil", [[0.1, 0.2]])]
    # From the last known point on: the line has no gap.
    assert send(pad, "5 pencil 100,200 300,400 500,0") == [
        ("pencil", [[0.1, 0.2], [0.3, 0.4], [0.5, 0.0]])
    ]
    assert send(pad, "5 pencil 100,200 300,400 500,0 500,1000") == [
        ("pencil", [[0.5, 0.0], [0.5, 1.0]])
    ]


def test_texts_that_were_dropped_are_made_up_for(pad):
    """ipywidgets drops texts while the kernel is busy; the next one has all strokes."""
    send(pad, "5 pencil 0,0 100,100")
    assert send(pad, "5 pencil 0,0 100,100 200,200;7 eraser 1,1;9 pencil 2,2 3,3") == [
        ("pencil", [[0.1, 0.1], [0.2, 0.2]]),
        ("eraser", [[0.001, 0.001]]),
        ("pencil", [[0.002, 0.002], [0.003, 0.003]]),
    ]


def test_what_is_known_is_not_heard_again(pad):
    text = "5 pencil 0,0 100,100;7 pencil 1,1"
    send(pad, text)
    assert send(pad, text + " 2,2") == [("pencil", [[0.001, 0.001], [0.002, 0.002]])]
    assert send(pad, "7 pencil 1,1 2,2") == []  # the older stroke was left out
    assert send(pad, "3 pencil 9,9") == []
    assert send(pad, "nothing of the page") == []
    assert send(pad, "8 brush 1,1") == []


def test_a_text_says_whether_the_hand_is_down(pad):
    for text, down, heard in (
        ("5 pencil 0,0;", True, 1),
        ("5 pencil 0,0 9,9;", True, 2),
        ("5 pencil 0,0 9,9", False, 3),  # lifted, and nothing is new
        ("5 pencil 0,0 9,9;6 pencil 1,1", False, 4),
        ("6 pencil 1,1", False, 4),
    ):
        pad._wire.value = text
        assert (pad.down, len(pad.heard)) == (down, heard)
    assert pad.heard[2] == []


def test_the_tool_is_a_class_of_the_pad(pad):
    for tool in ("pencil", "eraser", "pencil", ""):
        pad.tool = tool
        assert [c for c in pad.widget._dom_classes if c != "gl-pad"] == ([tool] if tool else [])
    with pytest.raises(ValueError, match="unknown tool 'brush': choose from , pencil, eraser"):
        pad.tool = "brush"


def test_its_element_needs_no_script_and_says_what_it_is(pad):
    text = pad.widget.children[0].value
    assert "<script" not in text
    assert "http" not in text
    assert "aria-label='a plane'" in text
    for name in ("UNITS", "STEP", "LEAST", "BEGIN", "EVERY_MS", "MOST_TEXT"):
        assert name not in text
    assert str(MOST_TEXT) in text


@pytest.mark.parametrize(("cells", "middle"), [(7, 500), (4, 625), (0, 500)])
def test_on_cells_the_cross_begins_in_the_middle_of_one(cells, middle):
    made = Pad(lambda strokes: None, "cells", cells)
    assert f"class='cross' x='{middle}" in made.widget.children[0].value
    with pytest.raises(ValueError, match="cells must be a whole number of at least 0, got -1"):
        Pad(lambda strokes: None, "cells", -1)


def stroke(*points, tool="pencil") -> Stroke:
    return Stroke(tool, np.array(points, float))


@pytest.mark.parametrize("side", [8, 28, 30])
@pytest.mark.parametrize("radius", [0.75, 1.5])
def test_a_line_fills_the_cells_around_it(side, radius):
    y = 3.5 / side
    cells = painted(np.zeros((side, side)), stroke((0, y), (0.5, y), (1, y)), radius)
    for row in range(side):
        expected = min(1.0, max(0.0, radius + 0.5 - abs(row - 3)))
        np.testing.assert_allclose(cells[row], expected, atol=1e-9)


def test_a_dot_fills_one_cell_at_least_wherever_it_is():
    draw = np.random.default_rng(0)
    for x, y in draw.uniform(0, 1, (200, 2)):
        cells = painted(np.zeros((30, 30)), stroke((x, y)), 0.75) >= 0.5
        assert cells[int(30 * y), int(30 * x)]
        assert 1 <= cells.sum() <= 4


def test_a_slanted_line_has_no_gap_and_keeps_its_width():
    cells = painted(np.zeros((30, 30)), stroke((0.1, 0.1), (0.9, 0.5)), 0.75) >= 0.5
    rows, columns = np.nonzero(cells)
    assert set(columns) >= set(range(3, 27))
    direction = np.array([0.8, 0.4]) / np.hypot(0.8, 0.4)
    away = np.stack([columns + 0.5, rows + 0.5], 1) - [3, 3]
    assert np.abs(away[:, 0] * direction[1] - away[:, 1] * direction[0]).max() <= 0.75


def test_the_eraser_takes_away_what_the_pencil_would_fill():
    full, empty = np.ones((16, 16)), np.zeros((16, 16))
    line = ((0.2, 0.2), (0.8, 0.3))
    filled = painted(empty, stroke(*line), 1.5)
    np.testing.assert_allclose(painted(full, stroke(*line, tool="eraser"), 1.5), 1 - filled)
    np.testing.assert_allclose(painted(filled, stroke(*line), 1.5), filled)
    assert (painted(empty, stroke(*line, tool="eraser"), 1.5) == 0).all()


def test_a_radius_is_above_0():
    with pytest.raises(ValueError, match="radius must be"):
        painted(np.zeros((4, 4)), stroke((0, 0)), 0.0)
