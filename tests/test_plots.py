import io
import re
import xml.etree.ElementTree as ET

import matplotlib
import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb
from PIL import Image

from gan_lessons import plots
from gan_lessons.train import History

COLOURS = ["REAL", "FAKE", "GENERATOR", "DISCRIMINATOR", "INK", "MUTED"]


def luminance(colour: str) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


def test_logarithmic_axes_have_plain_numbers():
    figure, axis = plots.figure(4, 3)
    axis.plot([0.02, 5], [20, 900], "o")
    axis.set(xscale="log", yscale="log")
    with matplotlib.rc_context(plots.STYLE):
        figure.draw_without_rendering()
        told = [label.get_text() for label in (*axis.get_xticklabels(), *axis.get_yticklabels())]
    assert any("{0.1}" in text for text in told)
    assert any("{100}" in text for text in told)


@pytest.mark.parametrize("name", COLOURS)
def test_every_colour_can_be_read_on_the_paper(name):
    contrast = (luminance(plots.PAPER) + 0.05) / (luminance(getattr(plots, name)) + 0.05)
    assert contrast >= 4.5


def test_a_sheet_has_every_picture_in_order():
    pictures = torch.arange(6, dtype=torch.uint8).mul(40)[:, None, None, None].expand(6, 1, 4, 4)
    image = np.asarray(plots.sheet(pictures, columns=3, scale=2, gap=1))
    assert image.shape == (2 * 8 + 1, 3 * 8 + 2, 3)
    corners = image[::9, ::9, 0]
    assert corners.tolist() == [[0, 40, 80], [120, 160, 200]]
    assert image[8, 0].tolist() == [int(plots.PAPER[i : i + 2], 16) for i in (1, 3, 5)]


def test_a_sheet_of_floats_and_of_colours():
    floats = torch.tensor([-1.0, 0.0, 1.0])[None, :, None, None].expand(1, 3, 2, 2)
    assert np.asarray(plots.sheet(floats, scale=1))[0, 0].tolist() == [0, 128, 255]


def test_a_sheet_of_another_range_is_refused_or_clipped():
    unit = torch.linspace(0, 1, 16)[:, None, None, None].expand(16, 1, 2, 2)
    for wrong in (255 * unit, 3 * unit - 2, unit):
        with pytest.raises(ValueError, match=r"pictures must lie in \[-1, 1\], got"):
            plots.sheet(wrong)
        assert np.asarray(plots.sheet(wrong, columns=16, scale=1, clip=True))[0, -1, 0] == 255


@pytest.mark.parametrize("shape", [(0, 1, 2, 2), (3, 2, 4, 4), (4, 4)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match=re.escape(f"got {shape}")):
        plots.sheet(torch.zeros(shape))


def test_a_picture_has_alt_text_and_a_width():
    figure, axis = plots.figure(4, 2)
    axis.plot([1, 2])
    data, about = plots.picture(figure, "A rising line")._repr_mimebundle_()
    assert data["image/png"].startswith(b"\x89PNG")
    assert data["text/plain"] == "A rising line"
    assert about["image/png"] == {"alt": "A rising line", "width": 320}
    assert about["needs_background"] == "light"  # a chart; pictures stay as they are on any page
    for pictures in (plots.sheet(torch.zeros(2, 1, 4, 4)), plots.gallery([torch.eye(3)], ["I"])):
        assert "needs_background" not in plots.picture(pictures, "I")._repr_mimebundle_()[1]


def test_same_figure_same_bytes():
    def drawn():
        figure, axis = plots.figure(3, 2)
        axis.plot([1, 3, 2])
        return plots.picture(figure, "zigzag").png

    assert drawn() == drawn()


def test_a_picture_without_alt_text_is_refused():
    figure, _ = plots.figure()
    with pytest.raises(ValueError, match="alt text"):
        plots.picture(figure, " ")


def test_a_gallery_has_every_map_under_its_title():
    maps = [torch.full((2, 3), float(i)) for i in range(5)]
    drawn = plots.gallery(maps, [f"map {i}" for i in range(5)], columns=3, most=9)
    axes = [axis for axis in drawn.axes if axis.images]
    assert len(drawn.axes) == 6
    assert [axis.get_title() for axis in axes] == [f"map {i}" for i in range(5)]
    assert [float(axis.images[0].get_array().max()) for axis in axes] == [0, 1, 2, 3, 4]
    assert {axis.images[0].get_clim() for axis in axes} == {(-9, 9)}
    (alone,) = plots.gallery(maps[:1], ["alone"]).axes
    assert alone.images[0].get_clim() == (0, 0)


@pytest.mark.parametrize(
    ("maps", "titles", "message"),
    [
        ([], [], r"pictures must be \(H, W\), at least one"),
        ([torch.zeros(1, 2, 2)], ["a"], r"pictures must be \(H, W\)"),
        ([torch.zeros(2, 2)], ["a", "b"], "titles must be 1, one for each, got 2"),
    ],
)
def test_a_gallery_of_other_shapes_is_refused(maps, titles, message):
    with pytest.raises(ValueError, match=message):
        plots.gallery(maps, titles)


def test_a_row_of_pictures_stands_right_of_its_name():
    named = {"a name": torch.full((5, 1, 8, 8), -1.0), "another": torch.ones(5, 1, 8, 8)}
    drawn = plots.rows(named, scale=3, gap=4)
    (axis,) = drawn.axes
    assert [label.get_text() for label in axis.get_yticklabels()] == list(named)
    shown = axis.images[0].get_array()
    assert shown.shape[:2] == (2 * 24 + 4, 5 * 24 + 4 * 4)
    for at, value in zip(axis.get_yticks(), (0, 255), strict=True):
        assert (shown[int(at), :24] == value).all()
    # Each pixel of the sheet is one of the file, so that edges are sharp; no name is cut off.
    file = Image.open(io.BytesIO(plots.picture(drawn, "rows").png))
    assert file.height == shown.shape[0]
    assert (np.asarray(file.convert("RGB"))[:, -shown.shape[1] :] == shown).all()
    assert min(label.get_window_extent().x0 for label in axis.get_yticklabels()) > 0


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ({}, r"rows of one shape \(N, C, H, W\), got \[\]"),
        (
            {"a": torch.zeros(2, 1, 4, 4), "b": torch.zeros(3, 1, 4, 4)},
            r"got \[\(2, 1, 4, 4\), \(3",
        ),
        ({"a": torch.zeros(4, 4)}, r"got \[\(4, 4\)\]"),
    ],
)
def test_rows_of_other_shapes_are_refused(named, message):
    with pytest.raises(ValueError, match=message):
        plots.rows(named)


def test_a_table_says_its_numbers_in_words_and_in_html():
    table = plots.Table({"one <b>": {"x": 1.234, "y": -20}, "two": {"y": 3}})
    assert str(table).splitlines() == [
        "            x       y",
        "one <b>  1.23  -20.00",
        "two              3.00",
    ]
    bundle = table._repr_mimebundle_()
    assert bundle["text/plain"] == str(table)
    page = ET.fromstring(bundle["text/html"])
    cells = [[each.text or "" for each in row] for row in page.iter("tr")]
    assert cells == [["", "x", "y"], ["one <b>", "1.23", "-20.00"], ["two", "", "3.00"]]
    assert "1.2340" in str(plots.Table({"one": {"x": 1.234}}, 4))
    with pytest.raises(ValueError, match=r"a table needs rows with numbers, got \{\}"):
        plots.Table({})
    with pytest.raises(ValueError, match=r"rows\['one'\]\['x'\] must be a finite number"):
        plots.Table({"one": {"x": "many"}})


def test_losses_of_short_and_long_histories():
    for n in (1, 5, 300):
        history = History({"discriminator": [0.1] * n, "generator": [0.2] * n})
        assert plots.picture(plots.losses(history), "losses").png


def test_an_empty_history_is_refused():
    with pytest.raises(ValueError, match="no steps in this history yet"):
        plots.losses(History({"discriminator": [], "generator": []}))


def test_figures_do_not_use_pyplot():
    import subprocess
    import sys

    code = "import gan_lessons.plots, sys; assert 'matplotlib.pyplot' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_strip_shows_every_seed_and_this_run_on_top():
    _, axis = plots.figure(4, 2)
    stored = {"one": [3.0, 1.0, 2.0], "two": torch.tensor([5.0, 5.0])}
    plots.strips(axis, stored, {"two": 4.0}, {"one": plots.FAKE})
    dots, median, other, _, diamond = axis.lines
    assert dots.get_xdata().tolist() == [3, 1, 2]
    assert dots.get_color() == plots.FAKE
    assert list(median.get_xdata()) == [2, 2]
    assert len(set(other.get_ydata())) == 2
    assert [*diamond.get_xdata(), *diamond.get_ydata()] == [4, 1]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["one", "two"]
    top, bottom = axis.get_ylim()[::-1]
    assert top < 0 < 1 < bottom


def test_strips_of_nothing_or_of_unknown_names_are_refused():
    _, axis = plots.figure()
    with pytest.raises(ValueError, match="no strip to draw"):
        plots.strips(axis, {})
    with pytest.raises(ValueError, match="'two': choose from one"):
        plots.strips(axis, {"one": [1.0]}, {"two": 1.0})
