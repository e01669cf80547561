"""Small charts of curves over a training: plain data, drawn as SVG and on an axis of matplotlib."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from matplotlib.axes import Axes

from gan_lessons.train.history import MOST_POINTS, Points
from gan_lessons.widgets import kit

WIDTH, HEIGHT = 360, 96
LEFT, TOP, BOTTOM = 36, 20, 4
BELOW = 16  # under the last chart, for the axis of all
LINE = 14  # of words over a chart, where there are two


@dataclass(frozen=True)
class Curve:
    """colour: of kit.PALETTE. dots: whether each point is marked."""

    name: str
    colour: str
    points: Points
    dots: bool = False


@dataclass(frozen=True)
class Chart:
    """Curves over the steps or turns 0 to `last`, whose names in their colours are the title.

    ticks: values and what is written beside them, if anything; they span the axis. before, after:
    words around the names. levels: colours and values of dashed lines. dashed: what these are. log:
    whether the axis is logarithmic. note: a line of words under the names; "" only keeps its room.
    """

    curves: Sequence[Curve]
    ticks: Sequence[tuple[float, str]]
    last: float
    before: str = ""
    after: str = ""
    levels: Sequence[tuple[str, float]] = ()
    dashed: str = ""
    log: bool = False
    note: str | None = None

    @cached_property
    def span(self) -> tuple[float, float]:
        """The lowest and the highest tick."""
        values = [value for value, _ in self.ticks]
        return min(values), max(values)

    def down(self, value: float) -> float:
        """Where a value stands, from the top; one that is beyond the ticks stands at the end."""
        low, high = self.span
        at = min(max(value, low), high)
        share = math.log(at / low, high / low) if self.log else (at - low) / (high - low)
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - share)

    def along(self, step: float) -> float:
        return LEFT + (WIDTH - LEFT) * step / self.last


def to_svg(chart: Chart, against: str, *, cursor: bool = False) -> str:
    """As wide as there is room for. against: what the curves are drawn against, "turn".

    cursor: with a line at the share --at of the axis, which the page's style sets.
    """
    parts = []
    if cursor:
        parts.append(
            f"<line class='at' x1='{LEFT}' x2='{LEFT}' y1='{TOP}' y2='{HEIGHT - BOTTOM}'/>"
        )
    for value, text in chart.ticks:
        if text:
            y = f"{chart.down(value):.1f}"
            parts.append(f"<line x1='{LEFT}' x2='{WIDTH}' y1='{y}' y2='{y}'/>")
            parts.append(f"<text class='e' x='{LEFT - 5}' y='{y}'>{text}</text>")
    for colour, value in chart.levels:
        y = f"{chart.down(value):.1f}"
        parts.append(f"<line class='level {colour}' x1='{LEFT}' x2='{WIDTH}' y1='{y}' y2='{y}'/>")
    for curve in chart.curves:
        spots = [(f"{chart.along(s):.1f}", f"{chart.down(v):.1f}") for s, v in few(curve.points)]
        drawn = " ".join(f"{x},{y}" for x, y in spots)
        parts.append(f"<polyline class='{curve.colour}' points='{drawn}'/>")
        if curve.dots:
            each = f"<circle class='{curve.colour}' cx='{{}}' cy='{{}}' r='2.5'/>"
            parts += [each.format(x, y) for x, y in spots]
    names = "".join(
        f"<tspan class='{curve.colour}' dx='{12 if i else 0}'>{curve.name}</tspan>"
        for i, curve in enumerate(chart.curves)
    )
    after = chart.after
    if chart.dashed:
        after += f"<tspan dx='12'>dashed: {chart.dashed}</tspan>"
    words = f"{' and '.join(curve.name for curve in chart.curves)} against the {against}"
    above = 0
    if chart.note is not None:
        above = LINE
        parts.append(f"<text x='{LEFT}' y='8'>{chart.note}</text>")
    return (
        f"<svg class='gl-chart' viewBox='0 {-above} {WIDTH} {HEIGHT + above}' role='img' "
        f"aria-label='{words}'><text x='{LEFT}' y='{8 - above}'>{chart.before}{names}{after}</text>"
        f"{''.join(parts)}</svg>"
    )


def axis_svg(against: str, last: int) -> str:
    """The axis under all charts, from 0 to `last`."""
    return (
        f"<svg class='gl-chart axis' viewBox='0 0 {WIDTH} {BELOW}' aria-hidden='true'>"
        f"<text x='{LEFT}' y='3'>0</text>"
        f"<text style='text-anchor:middle' x='{(LEFT + WIDTH) / 2}' y='3'>{against}</text>"
        f"<text class='e' x='{WIDTH}' y='3'>{last:,}</text></svg>"
    )


def draw(axis: Axes, chart: Chart) -> None:
    """The same on an axis, in the colours of a light page; the limits are for the caller."""
    for curve in chart.curves:
        if curve.points:
            colour, look = kit.PALETTE[curve.colour][0], "o-" if curve.dots else "-"
            x, y = zip(*curve.points, strict=True)
            axis.plot(x, y, look, color=colour, label=curve.name, linewidth=1.5, markersize=4)
    for i, (name, value) in enumerate(chart.levels):
        colour, label = kit.PALETTE[name][0], "" if i else chart.dashed
        axis.axhline(value, color=colour, label=label, linestyle="--", linewidth=1)
    if chart.log:
        axis.set_yscale("log")


def few(points: Points, most: int = MOST_POINTS) -> Points:
    """At most so many finite points, the last one among them."""
    finite = [point for point in points if math.isfinite(point[1])]
    stride = -(-len(finite) // most)
    return finite[::-1][:: max(1, stride)][::-1]
