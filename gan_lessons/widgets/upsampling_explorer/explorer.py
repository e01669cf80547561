"""The widget: controls in, training in slices, pictures out."""

import time
from collections.abc import Sequence
from dataclasses import asdict
from functools import cache
from typing import Any

import ipywidgets

from gan_lessons import data, plots
from gan_lessons.upsample import STRATEGIES
from gan_lessons.widgets.live import Live
from gan_lessons.widgets.moving import Plays
from gan_lessons.widgets.upsampling_explorer import controls
from gan_lessons.widgets.upsampling_explorer.cards import STYLE, to_html
from gan_lessons.widgets.upsampling_explorer.case import MOST_STRATEGIES, Setting, case_of
from gan_lessons.widgets.upsampling_explorer.still import alt_text, to_picture
from gan_lessons.widgets.upsampling_explorer.training import (
    MOST_STEPS,
    STRETCH,
    Course,
    Pictures,
)

SLICE = 0.025  # seconds of training in a tick of Play; drawing comes on top


class UpsamplingExplorer(Plays):
    """Ways to double a map side by side: what they make of an input, and how training changes it.

    End a cell with it. Where no kernel runs, a still picture stands in its place.

    strategies: 1 to 6 names of `upsample.STRATEGIES`. seed (0 to 999,999): of the first weights and
    of the order of the pictures, the same for all. input: "picture", "smooth" or "flat". picture
    (0 to 63): which one. steps (0 to 400, by 5): so many are trained before it is shown. images:
    grey ones to train on, 64 of which are kept out to judge by; by default MNIST, or the built-in
    glyphs where MNIST is not to be had.

    All strategies learn the same: to bring back pictures that were made 4 times smaller, with two
    layers and at most the multiply-adds of the plain deconvolution with kernel 4.

    Raises:
        ValueError: a value is outside its range. TypeError: the name of a setting is unknown.
    """

    def __init__(
        self,
        strategies: Sequence[str] = Setting.strategies,
        seed: int = 0,
        *,
        images: data.Images | None = None,
        **setting: Any,
    ):
        self.setting = Setting(tuple(strategies), seed, **setting)
        self.pictures = _usual_pictures() if images is None else Pictures(images)
        self.controls = controls.make(self.setting)
        self._player = self.controls["train"]
        self._style = ipywidgets.HTML(STYLE, layout=ipywidgets.Layout(height="0", margin="0"))
        self._picture = ipywidgets.HTML(layout=ipywidgets.Layout(min_width="0"))
        body = controls.arranged(self.controls, self._picture)
        self.widget = ipywidgets.VBox([self._style, body])
        self.widget.add_class("gl-upsampling-explorer")

        for name, control in self.controls.items():
            control.add_class(f"gl-{name}")
        for name in (*STRATEGIES, "input", "picture", "seed", "steps"):
            self.controls[name].observe(self._on_control, names="value")
        self.controls["train"].observe(self._on_tick, names="value")
        self.controls["step"].on_click(self._on_step)
        self.controls["reset"].on_click(self._on_reset)
        self._begin(self.setting)
        while self.trained < self.setting.steps:
            self._hindmost.advance()
        self._show()

    # What is shown

    @property
    def state(self) -> dict[str, Any]:
        """All settings as plain data: `UpsamplingExplorer(**state)`, with the same images."""
        return {**asdict(self.setting), "strategies": list(self.setting.strategies)}

    @property
    def metrics(self) -> dict[str, dict[str, float]]:
        """The numbers shown of each strategy."""
        return {column.name: column.metrics for column in self.case.columns}

    @property
    def trained(self) -> int:
        """How many steps all the chosen strategies have come."""
        return self._hindmost.steps

    @property
    def still(self) -> plots.Picture:
        """What is shown as a still picture."""
        return to_picture(self.case)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> plots.Bundle:
        return Live(self.widget, self.still)._repr_mimebundle_()

    def __repr__(self) -> str:
        return alt_text(self.case)

    # What happens

    def _on_control(self, change: Any) -> None:
        if self._quiet:
            return
        name = next(n for n, control in self.controls.items() if control is change["owner"])
        value, before = change["new"], self.setting
        if name in STRATEGIES:
            others = tuple(n for n in before.strategies if n != name)
            chosen = (*others, name) if value else others
            if 1 <= len(chosen) <= MOST_STRATEGIES:
                newest = before.steps == self.trained
                self.setting = before.changed(strategies=chosen)
                self._enrol()
                # Who looks at the newest goes on to; a strategy that is new has no steps yet.
                steps = self.trained if newest else min(before.steps, self.trained)
                self.setting = self.setting.changed(steps=steps)
        elif name == "seed":
            self._begin(before.changed(seed=value, steps=0))
        elif name == "steps":
            steps = min(value, self.trained) // STRETCH * STRETCH
            self.setting = before.changed(steps=steps)
        else:
            self.setting = before.changed(**{name: value})
        self._show()

    def _on_tick(self, change: Any) -> None:
        """Play counts as it likes, and a slow kernel misses some: what counts is the steps."""
        # Zero is what Stop sends. When Play is stopped from here, a tick may still be on its way.
        if change["new"] == 0 or (self._stopped and not self._playing):
            return
        self._stopped = False
        start, stretches = time.perf_counter(), 0
        before = self.trained
        while self.trained == before < MOST_STEPS:  # once all have come further, it is time to draw
            self._hindmost.advance()
            stretches += 1
            if (time.perf_counter() - start) * (stretches + 1) / stretches > SLICE:
                break
        if self.trained == MOST_STEPS:
            self._stop()
        if self.trained != before or self.setting.steps != before:
            self._show_newest()

    def _on_step(self, _: object) -> None:
        goal = min(MOST_STEPS, self.trained + STRETCH)
        while self.trained < goal:
            self._hindmost.advance()
        self._show_newest()

    def _on_reset(self, _: object) -> None:
        self._stop()
        self._begin(self.setting.changed(steps=0))
        self._show()

    def _begin(self, setting: Setting) -> None:
        """Forgets all training."""
        self.setting = setting
        self._courses: dict[str, Course] = {}
        self._enrol()

    def _enrol(self) -> None:
        """A course for each strategy that has none; one that is not chosen is kept, and waits."""
        for name in self.setting.strategies:
            if name not in self._courses:
                self._courses[name] = Course(name, self.setting.seed, self.pictures)

    @property
    def _hindmost(self) -> Course:
        """The first of the chosen strategies' courses that have come least far."""
        return min((self._courses[n] for n in self.setting.strategies), key=lambda c: c.steps)

    def _show_newest(self) -> None:
        self.setting = self.setting.changed(steps=self.trained)
        self._show()

    def _show(self) -> None:
        self.case = case_of(self.setting, self.pictures, self._courses)
        self._picture.value = to_html(self.case)
        with self._quietly():
            controls.put(self.controls, self.setting, self.trained)


@cache
def _usual_pictures() -> Pictures:
    return Pictures(data.load("mnist", fallback="glyphs"))
