"""The explorer: controls in, diagrams out."""

from typing import Any

from gan_lessons.widgets.dirac_explorer import page
from gan_lessons.widgets.dirac_explorer.settings import MOST_STEPS, DiracSettings
from gan_lessons.widgets.one_page import OnePageExplorer
from gan_lessons.widgets.presets import OWN

TICK_MS = 60
STRIDE = 5  # steps of a tick


class DiracExplorer(OnePageExplorer[DiracSettings]):
    """Dirac-GAN, the smallest GAN: two numbers, their orbit, and why it converges or does not.

    End a cell with it. Where no kernel runs, a still picture stands in its place.

    preset: a name of PRESETS, whose settings it takes. All others are fields of `DiracSettings`:
    loss, penalty, gamma, clip, step_size, updates, theta and psi (the start), steps (shown).

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

    def adapt(self) -> None:
        self.controls["gamma"].disabled = self.settings.penalty == "none"

    def tick(self) -> None:
        steps = self.settings.steps % MOST_STEPS + STRIDE
        if steps >= MOST_STEPS:
            self.stop()
        self.show(self.settings.changed(steps=min(steps, MOST_STEPS)))

    def rewound(self) -> None:
        self.show(self.settings.changed(steps=0))
