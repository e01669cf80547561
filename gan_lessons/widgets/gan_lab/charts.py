"""The curves of a lab as SVG text."""

import math
from collections.abc import Callable, Sequence

import numpy as np

from gan_lessons.widgets.gan_lab.look import Curve, Look
from gan_lessons.widgets.gan_lab.words import fixed

WIDTH, HEIGHT = 360, 96
LEFT, TOP, BOTTOM = 36, 20, 4
SHORTEST = 100  # turns that the axis has at least
LOWEST, HIGHEST = 0.002, 10.0  # nats, of the divergences' axis
Line = tuple[str, str, Curve]  # name, colour's class, points


def charts(look: Look) -> str:
    """Those of the chosen views, one under the other."""
    last = max(SHORTEST, int(look.numbers["step"]))
    made = []
    if look.losses:
        lines: list[Line] = [
            ("discriminator", "discriminator", look.losses["D"]),
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
        made.append(chart("", lines, ticks, last, floor=look.floors["good"]))
    if "js" in look.records:
        lines = [
            ("KL(real‖fake)", "generator", look.records["kl"]),
            ("JS", "fake", look.records["js"]),
        ]
        ticks = [(0.01, ".01"), (0.1, ".1"), (1.0, "1"), (LOWEST, ""), (HIGHEST, "")]
        made.append(chart("", lines, ticks, last, math.log10, look.floors["js"], " nats"))
    return "".join(made)


def loss_range(curves: Sequence[Curve]) -> tuple[float, float]:
    """An axis that shows all but the wildest hundredths, and 0."""
    values = [v for curve in curves for _, v in curve if math.isfinite(v)]
    if not values:
        return 0.0, 1.0
    low, high = np.percentile(values, [1, 99])
    low, high = min(0.0, float(low)), max(0.1, float(high))
    return low - 0.05 * (high - low) * (low < 0), high + 0.05 * (high - low)


def chart(
    title: str,
    lines: Sequence[Line],
    ticks: Sequence[tuple[float, str]],
    last: int,
    scale: Callable[[float], float] = float,
    floor: float | None = None,
    unit: str = "",
) -> str:
    """Curves over the turns 0 to `last`; the ticks span the axis. floor: what real points have."""
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
    if floor is not None:
        y = f"{down(floor):.1f}"
        parts.append(f"<line class='floor' x1='{LEFT}' x2='{WIDTH}' y1='{y}' y2='{y}'/>")
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
    real = "<tspan dx='12'>- - real</tspan>" if floor is not None else ""
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
