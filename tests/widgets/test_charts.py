"""Charts of curves, as text and on an axis."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

pytest.importorskip("ipywidgets")

from gan_lessons import plots
from gan_lessons.widgets import charts, kit

CURVE = charts.Curve("loss", "generator", [(0.0, 0.01), (50.0, 1.0), (100.0, 0.1)])


def test_the_curves_pass_through_their_values():
    curve = charts.Curve("a", "generator", [(0.0, 0.0), (50.0, 1.0), (100.0, 0.5)])
    drawn = charts.Chart([curve], [(0.0, "0"), (1.0, "1")], last=100)
    svg = ET.fromstring(charts.to_svg(drawn, "turn"))
    (line,) = svg.iter("polyline")
    points = [tuple(map(float, p.split(","))) for p in line.get("points", "").split()]
    top, bottom = charts.TOP, charts.HEIGHT - charts.BOTTOM
    assert points == [
        (charts.LEFT, bottom),
        ((charts.LEFT + charts.WIDTH) / 2, top),
        (charts.WIDTH, (top + bottom) / 2),
    ]


def test_few_keeps_the_last():
    points = [(float(i), float(i)) for i in range(1001)]
    kept = charts.few(points)
    assert kept[-1] == points[-1]
    assert 80 < len(kept) <= 160
    assert charts.few([(0.0, float("nan")), (1.0, 2.0)]) == [(1.0, 2.0)]


def test_a_logarithmic_axis_and_what_is_beyond_its_ends():
    drawn = charts.Chart([CURVE], [(0.01, "a"), (1.0, "b")], last=100, log=True)
    top, bottom = charts.TOP, charts.HEIGHT - charts.BOTTOM
    assert drawn.down(0.1) == pytest.approx((top + bottom) / 2)
    assert [drawn.down(v) for v in (0.01, 0.0, 1.0, 7.0)] == [bottom, bottom, top, top]


def test_levels_and_dots_stand_at_their_values():
    curve = charts.Curve("distance", "fake", [(20.0, 4.0), (40.0, 2.0)], dots=True)
    drawn = charts.Chart(
        [curve], [(0.0, "0"), (4.0, "4")], last=40, levels=[("real", 1.0)], dashed="real pictures"
    )
    svg = ET.fromstring(charts.to_svg(drawn, "step"))
    spots = [(float(c.get("cx")), float(c.get("cy"))) for c in svg.iter("circle")]
    at = [(drawn.along(step), drawn.down(value)) for step, value in curve.points]
    assert np.allclose(spots, at, atol=0.06)
    (level,) = [line for line in svg.iter("line") if line.get("class") == "level real"]
    assert float(level.get("y1")) == pytest.approx(drawn.down(1.0), abs=0.06)
    assert "dashed: real pictures" in "".join(svg.itertext())
    assert svg.get("aria-label") == "distance against the step"


def test_the_same_on_an_axis():
    _, axis = plots.figure(3, 2)
    drawn = charts.Chart(
        [CURVE], [(0.01, ""), (1.0, "")], 100, "", "", [("real", 0.5)], "real", True
    )
    charts.draw(axis, drawn)
    curve, level = axis.lines
    assert curve.get_xydata().tolist() == [list(point) for point in CURVE.points]
    assert (curve.get_color(), curve.get_label()) == (plots.GENERATOR, "loss")
    assert (level.get_color(), level.get_label()) == (plots.REAL, "real")
    assert set(level.get_ydata()) == {0.5}
    assert axis.get_yscale() == "log"


def test_the_style_sheet_knows_every_colour():
    for colour in ("real", "fake", "muted", "generator", "discriminator"):
        assert colour in kit.PALETTE
        assert re.search(rf"\.gl-chart \.{colour} {{ --paint: var\(--{colour}\)", kit.CSS)
