"""The charts of a lab: losses, modes and divergences over the turns."""

import math
from collections.abc import Sequence

import numpy as np

from gan_lessons.train.history import Points
from gan_lessons.widgets.charts import Chart, Curve
from gan_lessons.widgets.gan_lab.view import GanLabView
from gan_lessons.widgets.gan_lab.words import included, rounded

FEWEST_TURNS = 100  # that the axis has at least
LOWEST, HIGHEST = 0.001, 10.0  # nats, of the divergences' axis
REAL = "real points"
ENDS = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0)  # where an axis may end, times a power of ten


def charts_of(view: GanLabView) -> dict[str, Chart]:
    """Those of the chosen views, over one axis of turns."""
    last = max(FEWEST_TURNS, int(view.numbers["turn"]))
    made = {}
    if view.losses:
        low, high = loss_range(list(view.losses.values()))
        curves = [
            Curve(f"discriminator{included(view.settings)}", "discriminator", view.losses["D"]),
            Curve("generator", "generator", view.losses["G"]),
        ]
        ticks = [(low, rounded(low, 2)), (high, rounded(high, 2))]
        made["losses"] = Chart(curves, ticks, last, before="losses: ")
    if "modes" in view.records:
        found = [
            (turn, value / max(1, view.numbers["modes_in_all"]))
            for turn, value in view.records["modes"]
        ]
        curves = [
            Curve(f"{view.truth.modes} found", "generator", found),
            Curve("good fakes", "fake", view.records["good"]),
        ]
        levels, ticks = _levels(view, {"fake": "good"}), [(0.0, "0"), (1.0, "100 %")]
        made["modes"] = Chart(curves, ticks, last, levels=levels, dashed=REAL)
    if "js" in view.records:
        curves = [
            Curve(f"KL({view.truth.modes})", "generator", view.records["mode_kl"]),
            Curve("JS (in cells)", "fake", view.records["js"]),
        ]
        ticks = [(0.01, "0.01"), (0.1, "0.1"), (1.0, "1"), (LOWEST, ""), (HIGHEST, "")]
        levels = _levels(view, {"generator": "mode_kl", "fake": "js"}, LOWEST)  # it has no 0
        made["divergence"] = Chart(curves, ticks, last, "", ", in nats", levels, REAL, log=True)
    return made


def _levels(
    view: GanLabView, names: dict[str, str], lowest: float = 0.0
) -> list[tuple[str, float]]:
    """Colours, and what real points have; nothing where there are none."""
    floors = [(colour, view.floors[name]) for colour, name in names.items()]
    return [(colour, max(lowest, value)) for colour, value in floors if math.isfinite(value)]


def loss_range(curves: Sequence[Points]) -> tuple[float, float]:
    """An axis that shows all but the wildest hundredths, and 0; its ends are round numbers."""
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
