"""DrawAndAsk: each stroke changes the picture and asks the discriminator."""

import time

import numpy as np
import pytest
import torch
from torch import nn

pytest.importorskip("ipywidgets")
from gan_lessons.widgets import DrawAndAsk
from gan_lessons.widgets.draw_and_ask import page
from gan_lessons.widgets.pad import Stroke, painted


class Brightness(nn.Module):
    def forward(self, x):
        return x.flatten(1).sum(1, keepdim=True) / 10


REAL, FAKE = torch.full((5, 1, 16, 16), 0.5), torch.full((5, 1, 16, 16), -0.5)


def stroke(*points, tool="pencil"):
    return Stroke(tool, np.array(points))


def ask(**settings):
    return DrawAndAsk(Brightness(), REAL, FAKE, **settings)


def test_an_empty_pad_is_asked_about_at_first():
    e = ask()
    assert e.asked.empty
    assert e.history == pytest.approx([-25.6])
    assert (e.asked.real, e.asked.fake) == pytest.approx((12.8, -12.8))
    assert "draw here" in e._drawing.value
    assert e.pad.tool == "pencil"


def test_each_stroke_paints_and_asks():
    e = ask(radius=1.5)
    line = stroke((0.5, 0.2), (0.5, 0.8))
    e._heard([line])
    expected = painted(np.zeros((16, 16)), line, 1.5)
    np.testing.assert_allclose((e.picture[0, 0].numpy() + 1) / 2, expected, atol=1e-6)
    assert len(e.history) == 2
    assert e.history[1] == pytest.approx(Brightness()(e.picture).item())
    assert f"+{e.history[1] - e.history[0]:.2f}" in e._said.value
    e._heard([stroke((0.5, 0.2), (0.5, 0.8), tool="eraser")])
    assert e.picture.max() <= 0  # no cell is more than half full
    e.clear()
    assert (e.asked.empty, len(e.history)) == (True, 1)


def test_a_picture_can_be_put_on_the_pad_and_changed():
    e = ask()
    e.controls["fake"].click()
    assert torch.equal(e.picture, FAKE[:1])
    assert e.history == pytest.approx([-12.8])
    e.controls["real"].click()
    assert torch.equal(e.picture, REAL[:1])


def test_the_tool_is_that_of_the_buttons():
    e = ask()
    e.controls["tool"].value = "eraser"
    assert e.pad.tool == "eraser"


def test_colours_are_painted_on_all_channels():
    e = DrawAndAsk(Brightness(), REAL.expand(-1, 3, -1, -1), FAKE.expand(-1, 3, -1, -1))
    e._heard([stroke((0.5, 0.5))])
    assert torch.equal(e.picture[0, 0], e.picture[0, 2])
    assert e.picture.max() > 0.9


def test_the_chart_holds_all_levels():
    chart = page.chart_of(ask().asked)
    low, high = chart.span
    assert low < -25.6
    assert high > 12.8
    assert dict(chart.levels) == pytest.approx({"real": 12.8, "fake": -12.8})


def test_an_answer_within_100_ms():
    e, times = ask(), []
    for i in range(20):
        started = time.perf_counter()
        e._heard([stroke((i / 20, 0.3), (i / 20 + 0.03, 0.6))])
        times.append(time.perf_counter() - started)
    assert sorted(times)[10] < 0.1


@pytest.mark.parametrize(
    ("real", "fake", "message"),
    [
        (REAL, FAKE[:, :, :8], "must be square pictures of one shape"),
        (torch.zeros(3, 5, 2), torch.zeros(3, 5, 2), "must be square pictures of one shape"),
        (REAL[0], FAKE, "real must be pictures"),
    ],
)
def test_what_does_not_fit_is_said(real, fake, message):
    with pytest.raises(ValueError, match=message):
        DrawAndAsk(Brightness(), real, fake)
