"""TrainingView: what `Trainer.fit` shows its progress on in a notebook."""

import contextlib
import math
import time
import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import ipywidgets as w
import numpy as np

from gan_lessons import checks
from gan_lessons.metrics import Judge
from gan_lessons.train.film import Film
from gan_lessons.train.history import History, thinned
from gan_lessons.train.view import Progress
from gan_lessons.widgets import kit
from gan_lessons.widgets.explorer import Frame
from gan_lessons.widgets.live import on_colab, replace_still, show_live
from gan_lessons.widgets.training_view import page
from gan_lessons.widgets.training_view.player import Player
from gan_lessons.widgets.training_view.snapshot import Snapshot, alt_text
from gan_lessons.widgets.training_view.still import quick_picture, to_picture

# A picture, or a distance, is due again only after this many times what it cost has gone by in
# training, and so is a diagnosis: 1/33, 1/60 and 1/400 together stay under 5 % of the time. A
# scene of the film counts among the pictures.
PICTURE_REST = 33
DISTANCE_REST = 60
DIAGNOSIS_REST = 400
FIRST_DIAGNOSIS = 10.0  # seconds: before, there is little to look at
SHORTEST_REST = 0.2  # seconds: five pictures a second are enough for the eye
STILL_REST = 10.0  # seconds between two still pictures for the file, at least
MOST_SAMPLES = 1024
MOST_FRAMES = 12  # of a flip-book


class TrainingView:
    """Shows a running `Trainer.fit`: `trainer.fit(1500, view=TrainingView(judge))`.

    One picture is kept in place and redrawn at most 5 times a second, for less than 5 % of the
    training's time. Where no kernel runs, a still picture stands in its place. What
    `train.diagnose` finds stands with it: it looks now and then, and at the end.

    `film` (a `train.film.Film`) keeps scenes of the training: a slider under the pictures goes
    back to any of them, while the training runs and after it, with D's logits of that moment.

    judge: measures the Fréchet distance now and then, and at the end; None leaves it out.
    samples: how many pictures are shown, from the same latents each time, so that they are seen to
    change. columns: how many of them in a row.

    Raises ValueError if samples or columns are not from 1 to 1024.
    """

    def __init__(self, judge: Judge | None = None, *, samples: int = 32, columns: int = 8):
        if judge is not None and not (callable(judge) and hasattr(judge, "floor")):
            raise ValueError(f"judge must be a Judge, got {checks.shown(judge)}")
        self.judge = judge
        self.samples = checks.whole("samples", samples, 1, MOST_SAMPLES)
        self.columns = checks.whole("columns", columns, 1, MOST_SAMPLES)
        self.latest: Snapshot | None = None
        self.film = Film(self.samples)
        self.cost = 0.0  # seconds spent on showing and measuring while training
        self.pictures_drawn = 0
        self._display_id: str | None = None
        self._findings: tuple[str, ...] | None = None
        self._picture_due = self._distance_due = self._diagnosis_due = self._still_due = 0.0

    def open(self, progress: Progress) -> None:
        """Called by `fit` before its first step: the film begins with it."""
        self.film.begin(progress)
        pictures = progress.samples(self.samples)
        if pictures is not None and pictures.dim() == 4:
            self.film.add(progress, pictures)

    def update(self, progress: Progress) -> None:
        """Called by `fit` between steps: does something only when it is due."""
        now = time.perf_counter()
        opened = self._display_id is not None
        if now < self._picture_due and opened:
            return
        if not opened:
            self._findings = None
            self._distance_due = now + 1.0  # the first second has little to measure
            self._diagnosis_due = now + FIRST_DIAGNOSIS
        if self.judge is not None and now >= self._distance_due:
            self._measure(progress)
            spent = time.perf_counter() - now
            self._distance_due = now + spent + DISTANCE_REST * spent
            self.cost += spent
        start = time.perf_counter()
        if start >= self._diagnosis_due:
            self._diagnose(progress)
            spent = time.perf_counter() - start
            self._diagnosis_due = start + spent + DIAGNOSIS_REST * spent
            self.cost += spent
            start += spent
        self.latest = self.snapshot(progress)
        if self.latest.pictures is not None and self.film.is_due(progress):
            self.film.add(progress, self.latest.pictures)
        self._show(self.latest)
        if opened and start >= self._still_due and not on_colab():
            replace_still(self.widget, quick_picture(self.latest), str(self._display_id))
            self._still_due = start + STILL_REST
        self.pictures_drawn += 1
        spent = time.perf_counter() - start
        self.cost += spent
        # What it took to open the view, and to load what draws, is no measure for the next picture.
        rest = max(SHORTEST_REST, PICTURE_REST * spent) if opened else SHORTEST_REST
        self._picture_due = start + spent + rest

    def close(self, progress: Progress) -> None:
        """Called by `fit` at its end: shows the last moment, and puts its picture into the file."""
        history = progress.history
        self._diagnose(progress)
        # Networks full of NaN have nothing to show; the last picture stays.
        if len(history) and all(math.isfinite(own[-1]) for own in history.losses.values()):
            measured = bool(history.distances) and history.distances[-1][0] == progress.step
            if self.judge is not None and not measured:
                self._measure(progress)
            self.latest = self.snapshot(progress, ended=True)
            if self.latest.pictures is not None:
                self.film.add(progress, self.latest.pictures)
            self._show(self.latest)
        elif self.latest is not None:
            self.latest = replace(self.latest, findings=self._findings)
            self._show(self.latest)
        if self._display_id is not None and self.latest is not None:
            self.player.reach(self.latest.last)
            replace_still(self.widget, to_picture(self.latest), self._display_id)
        self._display_id = None

    @property
    def alt_text(self) -> str:
        """What is shown, in words; of a view that has shown nothing yet, that."""
        return "No training yet" if self.latest is None else alt_text(self.latest)

    def frames(
        self, names: str | tuple[str, ...] = "step", values: Sequence[Any] | None = None
    ) -> list[Frame]:
        """The scenes of the film, as an explorer's frames.

        values: steps of scenes; None for all of them, or 12 evenly chosen ones of more.

        Raises ValueError for another name than "step", and for a step without a scene.
        """
        checks.one_of("names", names, ("step",))
        scenes = {scene.step: scene for scene in self.film.scenes}
        if values is None:
            every = list(scenes)
            most = min(len(every), MOST_FRAMES)
            values = [every[i * (len(every) - 1) // max(1, most - 1)] for i in range(most)]
        made = []
        for step in values:
            html = self.player.scene(scenes[checks.one_of("step", step, scenes)], self.film)
            card = f"<div class='gl-explorer gl-training'><div class='gl-card'>{html}</div></div>"
            made.append(Frame({"step": step}, card))
        return made

    def snapshot(self, progress: Progress, *, ended: bool = False) -> Snapshot:
        """What the page and the still picture draw."""
        history = progress.history
        pictures = progress.samples(self.samples)
        return Snapshot(
            progress.step,
            progress.goal,
            progress.first_step,
            progress.seconds,
            {turn: thinned(own) for turn, own in history.losses.items()},
            list(history.distances),
            self.judge.floor if self.judge else None,
            pictures if pictures is not None and pictures.dim() == 4 else None,
            self.columns,
            ended,
            self._findings,
            peaks_of(history),
            progress.undecided,
        )

    def _measure(self, progress: Progress) -> None:
        assert self.judge is not None
        pictures = progress.samples(self.judge.count)
        if pictures is None:
            raise ValueError("this game has no samples to judge: leave judge out")
        progress.history.distances.append((progress.step, self.judge(pictures)))

    def _diagnose(self, progress: Progress) -> None:
        """Looks for what is wrong. A network of someone's own that fails at it ends nothing."""
        with contextlib.suppress(Exception):
            self._findings = tuple(map(str, progress.findings()))

    def _show(self, latest: Snapshot) -> None:
        """Writes into the page; at first it is opened."""
        opened = self._display_id is not None
        if not opened:
            self._build()
            self.player.reach(latest.goal)
        self.bar.value = page.bar_html(latest)
        self.sheet.value = page.sheet_html(latest)
        self.numbers.value = page.numbers_html(latest)
        self.found.value = page.findings_html(latest)
        if self.film.scenes:
            self.player.show(self.film)
            self.strip.value = page.strip_svg(self.film.scenes[-1])
        if not opened:
            self._display_id = uuid.uuid4().hex
            show_live(self.widget, quick_picture(latest), self._display_id)
            self._still_due = time.perf_counter() + STILL_REST

    def _build(self) -> None:
        self.bar, self.found = kit.html(css_class="gl-wide"), kit.html(css_class="found")
        self.sheet, self.strip = kit.html(css_class="now"), kit.html(css_class="now")
        self.numbers = kit.html()
        self.player = Player(self.columns)
        stage = [self.sheet, self.strip, self.player.widget] if self.film.scenes else [self.sheet]
        beside = kit.column([self.numbers, self.found])
        beside.add_class("beside")
        both = w.Box([kit.column(stage), beside])
        both.add_class("both")
        card = kit.column([self.bar, both])
        card.add_class("gl-card")
        self.widget = kit.column([kit.html(kit.style(), "gl-style"), card])
        for each in ("gl-explorer", "gl-training"):
            self.widget.add_class(each)


def peaks_of(history: History) -> dict[str, tuple[int, float]]:
    """The step and the value of each turn's highest loss."""
    found = {}
    for turn, losses in history.losses.items():
        values = np.asarray(losses)
        finite = np.where(np.isfinite(values), values, -np.inf)
        if len(finite) and np.isfinite(top := finite.max()):
            found[turn] = (int(finite.argmax()) + 1, float(top))
    return found
