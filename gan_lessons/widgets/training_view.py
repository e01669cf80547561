"""The live view of a training: samples, losses, distance, speed and time left in one place."""

import contextlib
import html
import math
import textwrap
import time
import uuid
from dataclasses import dataclass, replace

from torch import Tensor

from gan_lessons import checks, plots
from gan_lessons.metrics import Judge
from gan_lessons.train.view import Progress
from gan_lessons.widgets import charts, kit
from gan_lessons.widgets.charts import Chart, Curve, Points, thinned
from gan_lessons.widgets.live import on_colab, replace_still, show_live

# A picture, or a distance, is due again only after this many times what it cost has gone by in
# training, and so is a diagnosis: 1/33, 1/60 and 1/400 together stay under 5 % of the time.
PICTURE_REST = 33
DISTANCE_REST = 60
DIAGNOSIS_REST = 400
FIRST_DIAGNOSIS = 10.0  # seconds: before, there is little to look at
SHORTEST_REST = 0.2  # seconds: five pictures a second are enough for the eye
STILL_REST = 10.0  # seconds between two still pictures for the file, at least
MOST_SAMPLES = 1024
PLAYERS = ("discriminator", "generator")
OTHERS = ("real", "fake", "muted")  # colours of turns that have other names
TIPS = {
    "step": "How many steps were taken, of how many.",
    "speed": "Since this training began, without the time for this view.",
    "time left": "At this speed.",
    "time": "What this training took, without the time for this view.",
    "Fréchet distance": "From generated to real pictures; in brackets what other real pictures "
    "have, which no generator comes below but by chance.",
}


@dataclass(frozen=True)
class Snapshot:
    """All that is shown of a training at one moment.

    distances: (step, Fréchet distance). floor: the distance of real pictures, None without a judge.
    pictures: (N, C, H, W), None if the game makes none; so many columns in a row. ended: whether
    the training is over, at its goal or before. findings: what is wrong, a line each.
    """

    step: int
    goal: int
    first_step: int
    seconds: float
    losses: dict[str, Points]
    distances: Points
    floor: float | None
    pictures: Tensor | None
    columns: int
    ended: bool
    findings: tuple[str, ...] = ()

    @property
    def last(self) -> int:
        """Where the axis of steps ends."""
        return max(1, self.step if self.ended else self.goal)


class TrainingView:
    """Shows a running `Trainer.fit`: `trainer.fit(1500, view=TrainingView(judge))`.

    One picture is kept in place and redrawn at most 5 times a second, for less than 5 % of the
    training's time. Where no kernel runs, a still picture stands in its place. What
    `train.diagnose` finds stands with it: it looks now and then, and at the end.

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
        self.cost = 0.0  # seconds spent on showing and measuring while training
        self.pictures_drawn = 0
        self._display_id: str | None = None
        self._findings: tuple[str, ...] = ()
        self._picture_due = self._distance_due = self._diagnosis_due = self._still_due = 0.0

    def update(self, progress: Progress) -> None:
        """Called by `fit` between steps: does something only when it is due."""
        now = time.perf_counter()
        opened = self._display_id is not None
        if now < self._picture_due and opened:
            return
        if not opened:
            self._findings = ()
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
            self._show(self.latest)
        elif self.latest is not None:
            self.latest = replace(self.latest, findings=self._findings)
            self._show(self.latest)
        if self._display_id is not None and self.latest is not None:
            replace_still(self.widget, to_picture(self.latest), self._display_id)
        self._display_id = None

    def snapshot(self, progress: Progress, *, ended: bool = False) -> Snapshot:
        """What `to_html` and `to_picture` draw."""
        history = progress.history
        return Snapshot(
            progress.step,
            progress.goal,
            progress.first_step,
            progress.seconds,
            {turn: thinned(own) for turn, own in history.losses.items()},
            list(history.distances),
            self.judge.floor if self.judge else None,
            progress.samples(self.samples),
            self.columns,
            ended,
            self._findings,
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
        if self._display_id is None:
            self._display_id = uuid.uuid4().hex
            self.html = kit.html(to_html(latest), "gl-wide")
            self.widget = kit.column([kit.html(kit.style(), "gl-style"), self.html])
            for each in ("gl-explorer", "gl-training"):
                self.widget.add_class(each)
            show_live(self.widget, quick_picture(latest), self._display_id)
            self._still_due = time.perf_counter() + STILL_REST
        else:
            self.html.value = to_html(latest)


def losses_of(s: Snapshot) -> Chart:
    """The loss of each turn; the same turn has the same colour always."""
    others = iter(OTHERS * len(s.losses))
    curves = [
        Curve(turn, turn if turn in PLAYERS else next(others), points)
        for turn, points in s.losses.items()
    ]
    values = [v for curve in curves for _, v in curve.points if math.isfinite(v)]
    return Chart(curves, _ends(values, 1.0), s.last)


def distances_of(s: Snapshot) -> Chart | None:
    """The distances that were measured, if there is a judge."""
    if s.floor is None:
        return None
    curve = Curve("Fréchet distance", "fake", s.distances, dots=True)
    ticks = _ends([value for _, value in s.distances], s.floor)
    levels = [("real", s.floor)]
    return Chart([curve], ticks, s.last, levels=levels, dashed="real pictures")


def _ends(values: list[float], least: float) -> list[tuple[float, str]]:
    """The lowest and the highest value, 0 and `least` among them."""
    low, high = min([0.0, *values]), max([least, 1.0, *values])
    return [(v, f"{v:,.0f}" if abs(v) >= 100 else f"{v:.3g}") for v in (low, high)]


def headline(s: Snapshot) -> list[tuple[str, str]]:
    """The numbers beside the pictures, as (name, value)."""
    steps = s.step - s.first_step
    speed = steps / s.seconds if s.seconds else 0.0
    left = 0 if s.ended else s.goal - s.step
    rows = [
        ("step", f"{s.step:,} of {s.goal:,}"),
        ("speed", f"{speed:.1f} steps a second" if speed else "…"),
        ("time left" if left else "time", clock(left / speed if left and speed else s.seconds)),
    ]
    if s.floor is not None:
        measured = f"{s.distances[-1][1]:.0f}" if s.distances else "…"
        rows.append(("Fréchet distance", f"{measured} (real pictures: {s.floor:.0f})"))
    return rows


def clock(seconds: float) -> str:
    """59 s, or 2 min 05 s."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def to_html(s: Snapshot) -> str:
    """The live picture."""
    rows = "".join(
        f"<tr><td>{kit.tip(name, TIPS[name])}</td><td>{value}</td></tr>"
        for name, value in headline(s)
    )
    done = 100 * (s.step - s.first_step) / (s.goal - s.first_step)
    drawn = [chart for chart in (losses_of(s), distances_of(s)) if chart is not None]
    curves = "".join(charts.to_svg(chart, "step") for chart in drawn)
    sheet = ""
    if s.pictures is not None:
        words = f"{len(s.pictures)} generated pictures after step {s.step}"
        wide = max(1, round(84 / s.pictures.shape[-1])) * s.pictures.shape[-1] * s.columns // 2
        image = kit.to_img(s.pictures, words, s.columns, gap=1)
        sheet = f"<div class='sheet' style='width:{min(wide, 400)}px'>{image}</div>"
    found = "".join(f"<p class='finding'>{html.escape(line)}</p>" for line in s.findings)
    return (
        f"<div class='gl-card'><div class='bar'><div style='width:{done:.1f}%'></div></div>"
        f"<div class='both'>{sheet}<div class='numbers gl-tips'><table>{rows}</table>{curves}"
        f"{charts.axis_svg('step', s.last)}</div></div>{found}</div>"
    )


def alt_text(s: Snapshot) -> str:
    """What is shown, for those who cannot see it."""
    pictures = "" if s.pictures is None else f"{len(s.pictures)} generated pictures, and "
    losses = "both losses" if len(s.losses) == 2 else "the losses"
    distance = "" if s.floor is None else ", and the Fréchet distance"
    numbers = ", ".join(f"{name} {value}" for name, value in headline(s))
    found = "".join(f"; {line}" for line in s.findings)
    return f"{pictures}{losses} against the step{distance}; {numbers}{found}"


def quick_picture(s: Snapshot) -> plots.Picture:
    """The pictures alone, for the file while the training goes on: curves take a figure's time."""
    if s.pictures is None:
        return to_picture(s)
    return plots.picture(plots.sheet(s.pictures, s.columns, clip=True), alt_text(s))


def to_picture(s: Snapshot) -> plots.Picture:
    """The same as a still picture, for the file."""
    losses, distances = losses_of(s), distances_of(s)
    rows = 1 if distances is None else 2
    drawn, axes = plots.figure(9.4, 3.7, rows=rows, columns=2, width_ratios=[1.1, 1], squeeze=False)
    grid = axes[0, 0].get_gridspec()
    for axis in axes[:, 0]:
        axis.remove()
    sheet = drawn.add_subplot(grid[:, 0])
    if s.pictures is not None:
        sheet.imshow(plots.sheet(s.pictures, s.columns, clip=True), interpolation="nearest")
    sheet.set_axis_off()
    plots.title(sheet, f"After {s.step:,} steps, {clock(s.seconds)}")
    upper, lower = axes[0, 1], axes[-1, 1]
    charts.draw(upper, losses)
    upper.set_ylabel("loss")
    plots.title(upper, "Losses")
    upper.legend(ncols=2, loc="lower right", bbox_to_anchor=(1.0, 0.96), frameon=False)
    if distances is not None:
        charts.draw(lower, distances)
        lower.set_yscale("log")
        lower.set_ylabel("distance")
        plots.title(lower, f"Fréchet distance {dict(headline(s))['Fréchet distance']}")
        upper.sharex(lower)
        upper.tick_params(labelbottom=False)
    lower.set_xlabel("step")
    if s.findings:
        lines = (textwrap.fill(line, 120) for line in s.findings)
        drawn.suptitle("\n".join(lines), x=0.02, ha="left", fontsize=9, color=plots.FAKE)
    return plots.picture(drawn, alt_text(s))
