"""The explorer: controls in, clouds and numbers out."""

from typing import Any

from gan_lessons.widgets.metric_explorer import page
from gan_lessons.widgets.metric_explorer.settings import MODES, MetricSettings
from gan_lessons.widgets.one_page import OnePageExplorer
from gan_lessons.widgets.presets import OWN


class MetricExplorer(OnePageExplorer[MetricSettings]):
    """Real and fake points in the plane, a defect of the fakes to choose, and all metrics beside.

    End a cell with it. Where no kernel runs, a still picture stands in its place.

    preset: a name of PRESETS, whose settings it takes. All others are fields of `MetricSettings`:
    data, shift, width, drop, noise, copies, outliers, n, k, seed, balls.

    Raises:
        ValueError: a value is outside its range. TypeError: the name of a setting is unknown.
    """

    name = "metric"
    label_width = "52px"
    pages = page
    rows = (
        ("preset", "data", "balls", "seed"),
        ("shift", "width", "drop"),
        ("noise", "copies", "outliers"),
        ("n", "k"),
    )

    def __init__(self, preset: str = OWN, **settings: Any):
        super().__init__(MetricSettings.of(preset, **settings))

    def adapt(self) -> None:
        self.controls["drop"].disabled = MODES[self.settings.data] == 1

    def changed(self, name: str, value: Any) -> None:
        if name == "data" and MODES[value] == 1:
            self.show(self.settings.changed(data=value, drop=0))
        else:
            super().changed(name, value)
