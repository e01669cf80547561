import base64
import json
import sys
from types import ModuleType
from xml.etree import ElementTree

import pytest

pytest.importorskip("ipywidgets")
import ipywidgets

from gan_lessons import plots
from gan_lessons.widgets import Live, follow, kit, live


@pytest.fixture
def shown(monkeypatch):
    """What a cell shows: (data, facts about it) of each output."""
    outputs = []

    def display(data, metadata=None, *, raw):
        outputs.append((data, metadata or {}))

    monkeypatch.setattr(live, "display", display)
    return outputs


def line() -> plots.Picture:
    figure, axis = plots.figure(2, 2)
    axis.plot([0, 1])
    return plots.picture(figure, "A line")


def test_a_view_alone_then_rules_then_the_still_picture(shown):
    slider = ipywidgets.IntSlider()
    made = Live(slider, line())
    made._ipython_display_()
    (view, _), (rules, _), (picture, about) = shown
    assert set(view) == {live.WIDGET_VIEW, "text/plain"}
    assert view["text/plain"] == ""  # what cannot show a live widget shows nothing here
    assert view[live.WIDGET_VIEW]["model_id"] == slider.model_id
    assert live.LIVE in slider._dom_classes
    assert set(rules) == {"text/html"}
    assert set(picture) == {"image/png", "text/plain"}
    assert picture["image/png"].startswith(b"\x89PNG")
    assert picture["text/plain"] == repr(made) == about["image/png"]["alt"] == "A line"
    json.dumps(view)
    assert made._repr_mimebundle_()[0] == picture


def test_the_rules_are_the_same_each_time(shown):
    """nbval compares them."""
    for _ in range(2):
        Live(ipywidgets.IntSlider(), line())._ipython_display_()
    assert shown[1] == shown[4]


def test_one_output_on_colab(shown, monkeypatch):
    monkeypatch.setitem(sys.modules, "google.colab", ModuleType("google.colab"))
    Live(ipywidgets.IntSlider(), line())._ipython_display_()
    ((data, about),) = shown
    assert set(data) == {live.WIDGET_VIEW, "image/png", "text/plain"}
    assert about["image/png"]["alt"] == "A line"


def test_a_page_follows_each_of_its_controls():
    where, what = ipywidgets.IntSlider(1), ipywidgets.Dropdown(options=["a", "b"])
    made = follow(lambda at, what: f"<p>{what}{at}</p>", {"at": where, "what": what}, line())
    _, row, page = made.widget.children
    assert row.children == (where, what)
    assert page.value == "<p>a1</p>"
    where.value = 2
    assert page.value == "<p>a2</p>"
    what.value = "b"
    assert page.value == "<p>b2</p>"


def test_what_cannot_be_followed_is_refused():
    with pytest.raises(ValueError, match="draw"):
        follow("words", {"at": ipywidgets.IntSlider()}, line())
    with pytest.raises(ValueError, match="controls\\['at'\\]"):
        follow(str, {"at": 3}, line())


def test_a_chart_in_a_page_is_the_picture_with_its_words_and_turns_dark():
    drawn = plots.picture(plots.figure(4, 2)[0], 'Bars: "flat" & more')
    image = ElementTree.fromstring(kit.chart(drawn, 400))
    assert image.get("alt") == drawn.alt
    assert base64.b64decode(image.get("src").split(",")[1]) == drawn.png
    assert image.get("class") == "jp-needs-light-background"
    assert "min(100%, 400px)" in image.get("style")
    assert f"min(100%, {drawn.width}px)" in kit.chart(drawn)
