"""The curves of a lab as SVG text."""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from gan_lessons.widgets.gan_lab.look import Curve, Look
from gan_lessons.widgets.gan_lab.words import fixed, included

WIDTH, HEIGHT = 360, 96
LEFT, TOP, BOTTOM = 36, 20, 4
BELOW = 16  # under the last chart, for the axis of all
SHORTEST = 100  # turns that the axis has at least
LOWEST, HIGHEST = 0.002, 10.0  # nats, of the divergences' axis
ENDS = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0)  # where an axis may end, times a power of ten
Line = tuple[str, str, Curve]  # name, colour's class, points


def charts(look: Look) -> str:
    """Those of the chosen views, one under the other, over one axis of turns."""
    last = max(SHORTEST, int(look.numbers["step"]))
    made = []
    if look.losses:
        name = f"discriminator{included(look.settings)}"
        lines: list[Line] = [
            (name, "discriminator", look.losses["D"]),
            ("generator", "generator", look.losses["G"]),
        ]
        low, high = loss_range([values for _, _, values in lines])
        ticks = [(low, fixed(low, 2)), (high, fixed(high, 2))]
        made.append(chart("losses: ", lines, ticks, last))
    if "modes" in look.records:
        in_all = look.numbers["modes_in_all"]
        found = [(step, value / in_all) for step, value in look.records["modes"]]
        lines = [
            (f"{look.truth.modes} found", "generator", found),
            ("good fakes", "fake", look.records["good"]),
        ]
        ticks = [(0.0, "0"), (1.0, "100 %")]
        made.append(chart("", lines, ticks, last, floors={"fake": look.floors["good"]}))
    if "js" in look.records:
        lines = [
            ("KL(real‖fake)", "generator", look.records["kl"]),
            ("JS", "fake", look.records["js"]),
        ]
        ticks = [(0.01, ".01"), (0.1, ".1"), (1.0, "1"), (LOWEST, ""), (HIGHEST, "")]
        floors = {"generator": look.floors["kl"], "fake": look.floors["js"]}
        made.append(chart("", lines, ticks, last, math.log10, floors, " nats"))
    return "".join(made) + (turns(last) if made else "")


def turns(last: int) -> str:
    """The axis under all charts."""
    middle = (LEFT + WIDTH) / 2
    return (
        f"<svg class='chart axis' viewBox='0 0 {WIDTH} {BELOW}' width='100%' aria-hidden='true'>"
        f"<text x='{LEFT}' y='3'>0</text>"
        f"<text style='text-anchor:middle' x='{middle}' y='3'>turn</text>"
        f"<text class='e' x='{WIDTH}' y='3'>{last:,}</text></svg>"
    )


def loss_range(curves: Sequence[Curve]) -> tuple[float, float]:
    """An axis that shows all but the wildest hundredths, and 0; its ends are round and rest."""
    values = [v for curve in curves for _, v in curve if math.isfinite(v)]
    if not values:
        return 0.0, 1.0
    low, high = np.percentile(values, [1, 99])
    return -_outward(max(0.0, -float(low))), _outward(max(0.1, float(high)))


def _outward(value: float) -> float:
    """The next round number, with a little room."""
    value *= 1.05
    if not value:
        return 0.0
    power = 10.0 ** math.floor(math.log10(value))
    return power * next(end for end in ENDS if end * power >= value)


def chart(
    title: str,
    lines: Sequence[Line],
    ticks: Sequence[tuple[float, str]],
    last: int,
    scale: Callable[[float], float] = float,
    floors: Mapping[str, float] | None = None,
    unit: str = "",
) -> str:
    """Curves over the turns 0 to `last`; the ticks span the axis.

    floors: what real points have, by the colour's class of the curve that it belongs to.
    """
    low, high = (scale(end(value for value, _ in ticks)) for end in (min, max))
    smallest = min(value for value, _ in ticks)

    def down(value: float) -> float:
        inside = (scale(max(value, smallest)) - low) / (high - low)
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - min(1.0, inside))

    def along(step: float) -> float:
        return LEFT + (WIDTH - LEFT) * step / last

    parts = [
        f"<line x1='{LEFT}' x2='{WIDTH}' y1='{down(value):.1f}' y2='{down(value):.1f}'/>"
        f"<text class='e' x='{LEFT - 5}' y='{down(value):.1f}'>{text}</text>"
        for value, text in ticks
        if text
    ]
    for kind, value in (floors or {}).items():
        y = f"{down(value):.1f}"
        parts.append(f"<line class='floor {kind}' x1='{LEFT}' x2='{WIDTH}' y1='{y}' y2='{y}'/>")
    parts += [
        f"<polyline class='{kind}' points='"
        + " ".join(f"{along(s):.1f},{down(v):.1f}" for s, v in few(points))
        + "'/>"
        for _, kind, points in lines
    ]
    names = "".join(
        f"<tspan class='{kind}' dx='{12 if i else 0}'>{name}</tspan>"
        for i, (name, kind, _) in enumerate(lines)
    )
    real = "<tspan dx='12'>dashed: real points</tspan>" if floors else ""
    words = f"{' and '.join(name for name, _, _ in lines)} against the turn"
    return (
        f"<svg class='chart' viewBox='0 0 {WIDTH} {HEIGHT}' width='100%' role='img' "
        f"aria-label='{words}'><text x='{LEFT}' y='8'>{title}{names}{unit}{real}</text>"
        f"{''.join(parts)}</svg>"
    )


def few(points: Curve, most: int = 160) -> Curve:
    """At most so many finite points, the last one among them."""
    finite = [point for point in points if math.isfinite(point[1])]
    stride = -(-len(finite) // most)
    return finite[::-1][:: max(1, stride)][::-1]
