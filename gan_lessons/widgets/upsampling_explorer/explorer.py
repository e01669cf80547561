"""The explorer: controls in, training in slices, pictures out."""

import time
from collections.abc import Sequence
from functools import cache
from typing import Any

import ipywidgets as w

from gan_lessons import checks, data, plots
from gan_lessons.upsample import STRATEGIES
from gan_lessons.widgets import kit
from gan_lessons.widgets.explorer import Explorer
from gan_lessons.widgets.upsampling_explorer.page import (
    alt_text,
    note,
    progress,
    to_html,
    to_picture,
)
from gan_lessons.widgets.upsampling_explorer.settings import UpsamplingSettings
from gan_lessons.widgets.upsampling_explorer.training import (
    MOST_STEPS,
    STRETCH,
    Course,
    Pictures,
)
from gan_lessons.widgets.upsampling_explorer.view import view_of

SLICE = 0.025  # seconds of training in a tick of Play; drawing comes on top
PATIENCE = 0.15  # seconds of training after which the page says how far it is
TICK_MS = 60


class UpsamplingExplorer(Explorer[UpsamplingSettings]):
    """Ways to double a map side by side: what they make of an input, and how training changes it.

    End a cell with it. Where no kernel runs, a still picture stands in its place.

    strategies: 1 to 6 names of `upsample.STRATEGIES`. seed (0 to 999,999): of the first weights and
    of the order of the pictures, the same for all. input: "picture", "smooth", "flat" or "wave".
    picture (0 to 63): which one. frequency (0 to 0.5): of the wave, in cycles per input pixel.
    steps (0 to 400, by 5): so many are trained before it is shown. more: whether all scores are
    shown, and not only those to compare first. images: grey ones to train on,
    64 of which are kept out to judge by; by default MNIST, or the built-in glyphs if MNIST cannot
    be loaded.

    All strategies learn the same: to bring back pictures that were made 4 times smaller, with two
    layers and at most the multiply-adds of the plain deconvolution with kernel 4. A wave is doubled
    by the last layer alone, which splits it into its signal and an image.

    Raises:
        ValueError: a value is outside its range. TypeError: the name of a setting is unknown.
    """

    name = "upsampling"
    label_width = "72px"

    def __init__(
        self,
        strategies: Sequence[str] = UpsamplingSettings.strategies,
        seed: int = 0,
        *,
        images: data.Images | None = None,
        **settings: Any,
    ):
        first = UpsamplingSettings(checks.items("strategies", strategies), seed, **settings)
        self.pictures = _usual_pictures() if images is None else Pictures(images)
        self._aside: dict[tuple[str, int], Course] = {}  # the courses of frames
        self._progress, self._note = kit.html(css_class="busy"), kit.html()
        self._begin(first)
        self._train_to(first.steps)
        super().__init__(first)

    def build(self) -> w.Widget:
        controls = self.controls
        self.add_play("train", TICK_MS, "Trains all chosen strategies until it is paused.")
        step = "Trains all chosen strategies a little further: look at the outputs and the scores."
        self.add_button("step", f"{STRETCH} steps", "step-forward", step, self._step)
        self.add_button("reset", "reset", "undo", "Forgets all training.", self._reset)
        self._picture = kit.html()
        rows = (
            list(STRATEGIES),
            ["input", "picture", "frequency", "seed", "more"],
            ["train", "step", "reset", "steps"],
        )
        choose, given, train = (kit.row([controls[name] for name in names]) for names in rows)
        given.children = (w.Label("Input:"), *given.children)
        train.children = (w.Label("Train:"), *train.children, self._progress)
        return kit.column([choose, self._note, given, train, self._picture])

    # What is shown

    @property
    def metrics(self) -> dict[str, dict[str, float]]:
        """The numbers shown of each strategy."""
        return {column.name: column.metrics for column in self.view.columns}

    @property
    def trained(self) -> int:
        """How many steps all the chosen strategies have come."""
        return self._hindmost.steps

    @property
    def still(self) -> plots.Picture:
        return to_picture(self.view)

    @property
    def alt_text(self) -> str:
        return alt_text(self.view)

    def page(self, settings: UpsamplingSettings) -> str:
        return to_html(view_of(settings, self.pictures, self._courses_aside(settings)))

    def adapt(self) -> None:
        """A wave has its frequency; why strategies are disabled stands under them."""
        settings, controls = self.settings, self.controls
        shown = "visible" if settings.input == "picture" else "hidden"
        controls["picture"].layout.visibility = shown
        waves = settings.input == "wave"  # whose slider takes the place of the picture's
        for name, there in (("picture", not waves), ("frequency", waves)):
            controls[name].layout.display = None if there else "none"
        self._note.value = note(len(settings.strategies))
        controls["step"].disabled = self.trained == MOST_STEPS

    def draw(self) -> None:
        self.view = view_of(self.settings, self.pictures, self._courses)
        self._picture.value = to_html(self.view)

    # What happens

    def changed(self, name: str, value: Any) -> None:
        before = self.settings
        if name == "strategies":
            reached, newest = self.trained, before.steps == self.trained
            self.settings = before.changed(strategies=value)
            self._enrol()
            self._train_to(reached)  # a strategy that is new
            self.show(self.settings.changed(steps=self.trained if newest else before.steps))
        elif name == "seed":
            self._begin(before.changed(seed=value, steps=0))
            self.show()
        elif name == "steps":
            steps = value // STRETCH * STRETCH  # it may be typed
            self._train_to(steps)
            self.show(before.changed(steps=steps))
        else:
            super().changed(name, value)

    def tick(self) -> None:
        start, stretches = time.perf_counter(), 0
        before = self.trained
        while self.trained == before < MOST_STEPS:  # once all have come further, it is time to draw
            self._hindmost.advance()
            stretches += 1
            if (time.perf_counter() - start) * (stretches + 1) / stretches > SLICE:
                break
        if self.trained == MOST_STEPS:
            self.stop()
        if self.trained != before or self.settings.steps != before:
            self._show_newest()

    def _step(self) -> None:
        self._train_to(min(MOST_STEPS, self.trained + STRETCH))
        self._show_newest()

    def _train_to(self, goal: int) -> None:
        """Brings all chosen strategies to a step. What takes a while says how far it is."""
        said = time.perf_counter()
        while (course := self._hindmost).steps < goal:
            course.advance()
            if time.perf_counter() - said > PATIENCE:
                said = time.perf_counter()
                steps = [self._courses[name].steps for name in self.settings.strategies]
                self._progress.value = progress(steps, goal)
        self._progress.value = ""

    def _reset(self) -> None:
        self.stop()
        self._begin(self.settings.changed(steps=0))
        self.show()

    def _begin(self, settings: UpsamplingSettings) -> None:
        """Forgets all training."""
        self.settings = settings
        self._courses: dict[str, Course] = {}
        self._enrol()

    def _enrol(self) -> None:
        """A course for each strategy that has none; one that is not chosen is kept, and waits."""
        for name in self.settings.strategies:
            if name not in self._courses:
                self._courses[name] = Course(name, self.settings.seed, self.pictures)

    @property
    def _hindmost(self) -> Course:
        """The first of the chosen strategies' courses that have come least far."""
        return min((self._courses[n] for n in self.settings.strategies), key=lambda c: c.steps)

    def _courses_aside(self, settings: UpsamplingSettings) -> dict[str, Course]:
        """Courses that have come as far as the settings ask; the explorer's own go no further."""
        found = {}
        for name in settings.strategies:
            own = self._courses.get(name) if settings.seed == self.settings.seed else None
            if own is None or own.steps < settings.steps:
                key = (name, settings.seed)
                if key not in self._aside:
                    self._aside[key] = Course(name, settings.seed, self.pictures)
                own = self._aside[key]
                while own.steps < settings.steps:
                    own.advance()
            found[name] = own
        return found

    def _values(self, name: str) -> list[Any]:
        """Of the steps, those that are trained: a flip-book trains no further by itself."""
        values = super()._values(name)
        return [v for v in values if v <= self.trained] if name == "steps" else values

    def _show_newest(self) -> None:
        self.show(self.settings.changed(steps=self.trained))


@cache
def _usual_pictures() -> Pictures:
    return Pictures(data.load("mnist", fallback="glyphs"))
