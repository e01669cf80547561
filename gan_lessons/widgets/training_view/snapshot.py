"""What the view knows at one moment, its numbers and its two charts, as plain data."""

from dataclasses import dataclass, field

from torch import Tensor

from gan_lessons.train.history import Points, zone
from gan_lessons.widgets.charts import Chart, Curve

PLAYERS = ("discriminator", "generator")
OTHERS = ("real", "fake", "muted")  # colours of turns that have other names


@dataclass(frozen=True)
class Snapshot:
    """All that is shown of a training at one moment.

    distances: (step, Fréchet distance). floor: the distance of real pictures, None without a judge.
    pictures: (N, C, H, W), None if the game makes none; so many columns in a row. ended: whether
    the training is over, at its goal or before. findings: what is wrong, a line each; None: nobody
    has looked yet. peaks: (step, value) of the highest loss of each turn. undecided: see
    `Game.undecided`.
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
    findings: tuple[str, ...] | None = None
    peaks: dict[str, tuple[int, float]] = field(default_factory=dict)
    undecided: dict[str, float] = field(default_factory=dict)

    @property
    def last(self) -> int:
        """Where the axis of steps ends."""
        return max(1, self.step if self.ended else self.goal)


def colours_of(turns: list[str]) -> dict[str, str]:
    """The same turn has the same colour always."""
    others = iter(OTHERS * len(turns))
    return {turn: turn if turn in PLAYERS else next(others) for turn in turns}


def losses_of(s: Snapshot) -> Chart:
    """The loss of each turn, on an axis for most of the steps: a spike is cut, its top named."""
    colours = colours_of(list(s.losses))
    curves = [Curve(turn, colours[turn], points) for turn, points in s.losses.items()]
    low, high = zone(list(s.losses.values()), max([1.0, *s.undecided.values()]))
    top, step = max(((top, step) for step, top in s.peaks.values()), default=(0.0, 0))
    note = f"cut off: top {top:.3g} at step {step:,}" if top > 2 * high else ""
    levels = [(colours[turn], value) for turn, value in s.undecided.items() if turn in colours]
    dashed = "undecided " + ", ".join(f"{value:.2f}" for _, value in levels) if levels else ""
    return Chart(curves, named((low, high)), s.last, levels=levels, dashed=dashed, note=note)


def distances_of(s: Snapshot) -> Chart | None:
    """The distances that were measured, if there is a judge; both axes are logarithmic."""
    if s.floor is None:
        return None
    curve = Curve("Fréchet distance", "fake", s.distances, dots=True)
    values = [s.floor, *(value for _, value in s.distances if value > 0)]
    low = max(min(values) / 1.2, 1e-6)
    ticks = named((low, max(max(values), 10 * low)))
    levels = [("real", s.floor)]
    return Chart([curve], ticks, s.last, levels=levels, dashed="real pictures", log=True)


def named(values: tuple[float, ...]) -> list[tuple[float, str]]:
    """Values of an axis, and how they are written."""
    return [(v, f"{v:,.0f}" if abs(v) >= 100 else f"{v:.3g}") for v in values]


def headline(s: Snapshot) -> list[tuple[str, str]]:
    """The numbers beside the pictures, as (name, value)."""
    steps = s.step - s.first_step
    speed = steps / s.seconds if s.seconds else 0.0
    left = 0 if s.ended else s.goal - s.step
    rows = [
        ("step", f"{s.step:,} of {s.goal:,}"),
        ("speed", f"{speed:.1f} steps a second" if speed else "…"),
        ("time left", clock(left / speed if speed else s.seconds)) if left else ("time", taken(s)),
    ]
    if s.floor is not None:
        measured = f"{s.distances[-1][1]:.0f}" if s.distances else "…"
        rows.append(("Fréchet distance", f"{measured} (real pictures: {s.floor:.0f})"))
    return rows


def taken(s: Snapshot) -> str:
    """The time that this training took, and for how many steps if others came before."""
    steps = f" for the last {s.step - s.first_step:,}" if s.first_step else ""
    return clock(s.seconds) + steps


def clock(seconds: float) -> str:
    """59 s, or 2 min 05 s."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def alt_text(s: Snapshot) -> str:
    """What is shown, for those who cannot see it."""
    pictures = "" if s.pictures is None else f"{len(s.pictures)} generated pictures, and "
    losses = "both losses" if len(s.losses) == 2 else "the losses"
    distance = "" if s.floor is None else ", and the Fréchet distance"
    numbers = ", ".join(f"{name} {value}" for name, value in headline(s))
    found = "".join(f"; {line}" for line in s.findings or ())
    return f"{pictures}{losses} against the step{distance}; {numbers}{found}"
