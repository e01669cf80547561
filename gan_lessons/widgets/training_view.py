"""The live view of a training: samples, losses, distance, speed and time left in one place."""

import base64
import io
import math
import time
import uuid
from collections.abc import Sequence

import ipywidgets
import numpy as np
from IPython.display import display
from PIL import Image
from torch import Tensor

from gan_lessons import plots
from gan_lessons.metrics import Judge
from gan_lessons.train.view import Progress
from gan_lessons.widgets.live import WIDGET_VIEW, view_of

# A picture, or a distance, is due again only after this many times what it cost has gone by in
# training: 1/33 and 1/60 together stay under 5 % of the time.
PICTURE_REST = 33
DISTANCE_REST = 60
SHORTEST_REST = 0.2  # seconds: five pictures a second are enough for the eye
CURVE_POINTS = 160


class TrainingView:
    """Shows a running `Trainer.fit`: `trainer.fit(1500, view=TrainingView(judge))`.

    One picture is kept in place and redrawn at most 5 times a second, for less than 5 % of the
    training's time. When `fit` ends, a static picture takes its place and stays in the file.

    judge: measures the Fréchet distance now and then, and at the end; None leaves it out.
    samples: how many pictures are shown, from the same latents each time, so that they are seen to
    change. columns: how many of them in a row.
    """

    def __init__(self, judge: Judge | None = None, *, samples: int = 32, columns: int = 8):
        if samples < 1 or columns < 1:
            raise ValueError(f"samples and columns must be at least 1, got {samples} and {columns}")
        self.judge = judge
        self.samples = samples
        self.columns = columns
        self.controls: dict[str, ipywidgets.Widget] = {}
        self.html = ipywidgets.HTML()
        self.state: dict = {}
        self.cost = 0.0  # seconds spent on showing and measuring while training
        self.pictures_drawn = 0
        self._display_id: str | None = None
        self._picture_due = self._distance_due = 0.0

    def update(self, progress: Progress) -> None:
        """Called by `fit` between steps: does something only when it is due."""
        now = time.perf_counter()
        if self._display_id is None:
            self._open()
            self._distance_due = now + 1.0  # the first second has little to measure
        if now < self._picture_due:
            return
        if self.judge is not None and now >= self._distance_due:
            self._measure(progress)
            spent = time.perf_counter() - now
            self._distance_due = now + spent + DISTANCE_REST * spent
            self.cost += spent
        start = time.perf_counter()
        self.state = self.look(progress)
        self.html.value = to_html(self.state)
        self.pictures_drawn += 1
        spent = time.perf_counter() - start
        self.cost += spent
        self._picture_due = start + spent + max(SHORTEST_REST, PICTURE_REST * spent)

    def close(self, progress: Progress) -> None:
        """Called by `fit` at its end: puts a static picture in the place of the live one."""
        history = progress.history
        # Networks full of NaN have nothing to show; the last picture stays.
        if len(history) and all(math.isfinite(own[-1]) for own in history.losses.values()):
            measured = bool(history.distances) and history.distances[-1][0] == progress.step
            if self.judge is not None and not measured:
                self._measure(progress)
            self.state = self.look(progress)
        if self.state:
            data, about = to_picture(self.state)._repr_mimebundle_()
            update = self._display_id is not None
            display_id = self._display_id or uuid.uuid4().hex
            display(data, metadata=about, raw=True, display_id=display_id, update=update)
        self.html.close()
        self.html = ipywidgets.HTML()
        self._display_id = None

    def look(self, progress: Progress) -> dict:
        """All that is shown, as plain data: what `to_html` and `to_picture` draw."""
        history = progress.history
        return {
            "step": progress.step,
            "goal": progress.goal,
            "first_step": progress.first_step,
            "seconds": progress.seconds,
            "losses": {turn: thinned(own) for turn, own in history.losses.items()},
            "distances": list(history.distances),
            "floor": self.judge.floor if self.judge else None,
            "pictures": progress.samples(self.samples),
            "columns": self.columns,
        }

    def _measure(self, progress: Progress) -> None:
        assert self.judge is not None
        pictures = progress.samples(self.judge.count)
        if pictures is None:
            raise ValueError("this game has no samples to judge: leave judge out")
        progress.history.distances.append((progress.step, self.judge(pictures)))

    def _open(self) -> None:
        self._display_id = uuid.uuid4().hex
        self.state = {}
        # By hand, because ipywidgets 7 shows itself without a display id to replace later.
        data = {WIDGET_VIEW: view_of(self.html), "text/plain": "Training …"}
        display(data, raw=True, display_id=self._display_id)


def thinned(values: Sequence[float]) -> list[tuple[float, float]]:
    """At most CURVE_POINTS points (step, loss): means over equal stretches of the steps."""
    if not values:
        return []
    array = np.asarray(values, dtype=float)
    count = min(CURVE_POINTS, len(array))
    edges = np.arange(count + 1) * len(array) // count
    means = np.add.reduceat(array, edges[:-1]) / np.diff(edges)
    middles = (edges[:-1] + 1 + edges[1:]) / 2  # the first step is 1
    return list(zip(middles.tolist(), means.tolist(), strict=True))


def curves(state: dict) -> list[tuple[str, list[tuple[float, float]], str]]:
    """The loss of each turn as (name, points, colour); the same turn has the same colour always."""
    players = {"discriminator": plots.DISCRIMINATOR, "generator": plots.GENERATOR}
    others = iter([plots.REAL, plots.FAKE, plots.MUTED] * len(state["losses"]))
    return [
        (turn, points, players[turn] if turn in players else next(others))
        for turn, points in state["losses"].items()
    ]


def headline(state: dict) -> list[tuple[str, str]]:
    """The numbers beside the pictures, as (name, value)."""
    steps = state["step"] - state["first_step"]
    speed = steps / state["seconds"] if state["seconds"] else 0.0
    left = state["goal"] - state["step"]
    rows = [
        ("step", f"{state['step']:,} of {state['goal']:,}"),
        ("speed", f"{speed:.1f} steps a second" if speed else "…"),
        (
            "time left" if left else "time",
            clock(left / speed if left and speed else state["seconds"]),
        ),
    ]
    if state["floor"] is not None:
        measured = f"{state['distances'][-1][1]:.0f}" if state["distances"] else "…"
        rows.append(("Fréchet distance", f"{measured} (real pictures: {state['floor']:.0f})"))
    return rows


def clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def to_html(state: dict) -> str:
    """The live picture: one card that looks the same in a light and in a dark notebook."""
    rows = "".join(
        f'<tr><td style="color:{plots.MUTED};padding:1px 12px 1px 0">{name}</td>'
        f'<td style="font-variant-numeric:tabular-nums">{value}</td></tr>'
        for name, value in headline(state)
    )
    done = 100 * (state["step"] - state["first_step"]) / (state["goal"] - state["first_step"])
    charts = _chart("loss", curves(state), state["goal"])
    if state["floor"] is not None:
        distances = [("Fréchet distance", state["distances"], plots.FAKE)]
        charts += _chart("Fréchet distance", distances, state["goal"], floor=state["floor"])
    return (
        f'<div class="gl-training" style="background:{plots.PAPER};color:{plots.INK};'
        "max-width:760px;padding:12px;border-radius:6px;box-sizing:border-box;"
        'font:13px/1.45 system-ui,sans-serif">'
        f'<div style="height:4px;background:#E3E5E8;border-radius:2px;margin-bottom:10px">'
        f'<div style="height:4px;width:{done:.1f}%;background:{plots.REAL};border-radius:2px">'
        "</div></div>"
        '<div style="display:flex;flex-wrap:wrap;gap:16px;align-items:flex-start">'
        f"{_samples(state)}"
        f'<div style="flex:1 1 260px;min-width:0"><table style="margin:0 0 6px;font:inherit;'
        f'border-collapse:collapse;background:none;color:inherit">{rows}</table>{charts}</div>'
        "</div></div>"
    )


def _samples(state: dict) -> str:
    """The sheet of pictures, if there are any."""
    pictures: Tensor | None = state["pictures"]
    if pictures is None:
        return ""
    scale = max(1, round(84 / pictures.shape[-1]))
    image = plots.sheet(pictures, state["columns"], scale=1, gap=1)
    source = base64.b64encode(_png(image)).decode()
    return (
        f'<img decoding="sync" src="data:image/png;base64,{source}" '
        f'alt="{len(pictures)} generated pictures after step {state["step"]}" '
        f'style="width:{min(image.width * scale // 2, 400)}px;max-width:100%;'
        'image-rendering:pixelated;margin:0">'
    )


def to_picture(state: dict) -> plots.Picture:
    """The same as a static picture, for the file."""
    judged = state["floor"] is not None
    drawn, axes = plots.figure(
        9.4, 3.7, rows=2 if judged else 1, columns=2, width_ratios=[1.1, 1], squeeze=False
    )
    grid = axes[0, 0].get_gridspec()
    for axis in axes[:, 0]:
        axis.remove()
    sheet = drawn.add_subplot(grid[:, 0])
    pictures = state["pictures"]
    if pictures is not None:
        sheet.imshow(plots.sheet(pictures, state["columns"]), interpolation="nearest")
    sheet.set_axis_off()
    numbers = dict(headline(state))
    plots.title(sheet, f"After {state['step']:,} steps, {clock(state['seconds'])}")
    losses = axes[0, 1]
    for name, points, colour in curves(state):
        losses.plot(*zip(*points, strict=True), color=colour, label=name)
    losses.set_ylabel("loss")
    plots.title(losses, "Losses")
    losses.legend(ncols=2, loc="lower right", bbox_to_anchor=(1.0, 0.96), frameon=False)
    if judged:
        axis = axes[1, 1]
        if state["distances"]:
            axis.plot(*zip(*state["distances"], strict=True), "o-", color=plots.FAKE, markersize=4)
        axis.axhline(state["floor"], color=plots.REAL, linestyle="--", linewidth=1.2)
        axis.set_yscale("log")
        axis.set_ylabel("distance")
        plots.title(axis, f"Fréchet distance {numbers['Fréchet distance']}")
        losses.sharex(axis)
        losses.tick_params(labelbottom=False)
    axes[-1, 1].set_xlabel("step")
    sheet_words = "" if pictures is None else f"{len(pictures)} generated pictures, and "
    losses_words = "both losses" if len(state["losses"]) == 2 else "the losses"
    alt = (
        f"{sheet_words}{losses_words} against the step"
        + (", and the Fréchet distance" if judged else "")
        + "; "
        + ", ".join(f"{name} {value}" for name, value in numbers.items())
    )
    return plots.picture(drawn, alt)


def _png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "png", compress_level=1)
    return file.getvalue()


def _chart(
    title: str,
    curves: list[tuple[str, list[tuple[float, float]], str]],
    last_step: int,
    floor: float | None = None,
) -> str:
    """A small line chart as SVG text: a fraction of what a figure costs."""
    width, height, left, top, bottom = 300, 84, 36, 16, 4
    values = [v for _, points, _ in curves for _, v in points if math.isfinite(v)]
    values += [0.0, 1.0] if floor is None else [0.0, 1.0, floor]
    low, high = min(values), max(values)

    def place(step: float, value: float) -> str:
        x = left + (width - left) * step / max(1, last_step)
        y = top + (height - top - bottom) * (1 - (value - low) / (high - low))
        return f"{x:.1f},{y:.1f}"

    words = "".join(
        f'<tspan fill="{colour}" font-weight="600" dx="{8 if i else 0}">{name}</tspan>'
        for i, (name, _, colour) in enumerate(curves)
    )
    lines = "".join(
        f'<polyline fill="none" stroke="{colour}" stroke-width="1.6" points="'
        + " ".join(place(s, v) for s, v in points if math.isfinite(v))
        + '"/>'
        for _, points, colour in curves
    )
    if floor is not None:  # measured now and then: each time is to be seen
        for _, points, colour in curves:
            spots = (place(s, v).split(",") for s, v in points)
            lines += "".join(
                f'<circle cx="{x}" cy="{y}" r="2.5" fill="{colour}"/>' for x, y in spots
            )
    if floor is not None:
        ends = f"{place(0, floor)} {place(last_step, floor)}"
        lines += f'<polyline stroke="{plots.REAL}" stroke-dasharray="4 3" points="{ends}"/>'
    numbers = "".join(
        f'<text x="{left - 4}" y="{float(place(0, v).split(",")[1]) + 4}" text-anchor="end" '
        f'fill="{plots.MUTED}">{f"{v:,.0f}" if v >= 100 else f"{v:.3g}"}</text>'
        for v in (low, high)
    )
    return (
        f'<svg viewBox="0 0 {width} {height}" width="100%" style="max-width:{width}px;'
        f'display:block;font-size:11px" role="img" aria-label="{title} against the step">'
        f'<text x="{left}" y="10">{words}</text>{numbers}{lines}</svg>'
    )


__all__ = ["TrainingView", "to_html", "to_picture"]
