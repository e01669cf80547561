"""The explorer: controls in, diagrams out."""

from typing import Any

import ipywidgets as w

from gan_lessons.widgets import kit
from gan_lessons.widgets.dirac_explorer import page
from gan_lessons.widgets.dirac_explorer.settings import FARTHEST, MOST_STEPS, DiracSettings
from gan_lessons.widgets.one_page import OnePageExplorer
from gan_lessons.widgets.presets import OWN

TICK_MS = 60
STRIDE = 5  # steps of a tick


class DiracExplorer(OnePageExplorer[DiracSettings]):
    """Dirac-GAN, the smallest GAN: two numbers, their orbit, and why it converges or does not.

    End a cell with it. Where no kernel runs, a still picture stands in its place.

    preset: a name of PRESETS, whose settings it takes. All others are fields of `DiracSettings`:
    loss, penalty, gamma, clip, step_size, updates, theta and psi (the start; a click on the plane
    moves it), steps (shown).

    Raises:
        ValueError: a value is outside its range. TypeError: the name of a setting is unknown.
    """

    name = "dirac"
    label_width = "52px"
    pages = page
    rows = (
        ("preset", "loss", "penalty", "updates"),
        ("gamma", "step_size", "clip"),
        ("play", "steps", "theta", "psi"),
    )

    def __init__(self, preset: str = OWN, **settings: Any):
        super().__init__(DiracSettings.of(preset, **settings))

    def add_controls(self) -> None:
        self.add_play("play", TICK_MS, "Takes the steps one by one; at the end it begins again.")

    def build(self) -> w.Widget:
        body = super().build()
        self._wire = w.Text()  # hidden: the page writes where the plane was clicked
        self._wire.add_class("gl-dirac-wire")
        self._wire.observe(self._on_click, names="value")
        return kit.column([body, self._wire])

    def _on_click(self, change: dict) -> None:
        across, down = map(float, change["new"].split(","))
        if max(abs(across - 0.5), abs(down - 0.5)) > 0.5:
            return  # beside it
        point = page.point_at(self.settings, across, down)
        theta, psi = (round(max(-FARTHEST, min(FARTHEST, each)), 1) for each in point)
        self.show(self.settings.changed(theta=theta, psi=psi))

    def adapt(self) -> None:
        self.controls["gamma"].disabled = self.settings.penalty == "none"

    def tick(self) -> None:
        steps = self.settings.steps % MOST_STEPS + STRIDE
        if steps >= MOST_STEPS:
            self.stop()
        self.show(self.settings.changed(steps=min(steps, MOST_STEPS)))

    def rewound(self) -> None:
        self.show(self.settings.changed(steps=0))
