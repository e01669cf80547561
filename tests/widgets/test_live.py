import json

import pytest

pytest.importorskip("ipywidgets")
import ipywidgets

from gan_lessons import plots
from gan_lessons.widgets import Live


def test_a_widget_where_a_kernel_runs_and_a_picture_elsewhere():
    figure, axis = plots.figure(2, 2)
    axis.plot([0, 1])
    slider = ipywidgets.IntSlider()
    live = Live(slider, plots.picture(figure, "A line"))
    data, about = live._repr_mimebundle_()
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == slider.model_id
    assert data["image/png"].startswith(b"\x89PNG")
    assert data["text/plain"] == repr(live) == "A line"
    assert about["image/png"]["alt"] == "A line"
    json.dumps(data["application/vnd.jupyter.widget-view+json"])
