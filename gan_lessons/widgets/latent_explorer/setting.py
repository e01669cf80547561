"""What a latent explorer is set to: plain data that rebuilds it."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from gan_lessons.widgets.latent_explorer.space import PATHS, SPHERICAL

VIEWS = ("directions", "walk", "grid")
ORIGINS = ("seed", "walk", "grid")
MOST_SEED = 999_999
FARTHEST = 3.0  # standard deviations, either way
STEP = 0.1
STRIP = 7  # pictures of a direction: −3, −2, …, 3
FRAMES = 9  # pictures of a walk
STEPS = 48  # of the walk's slider: 6 from a picture to the next
SIDE = 7  # pictures of the grid, each way


@dataclass(frozen=True)
class Setting:
    """Where the controls stand.

    view: "directions", "walk" or "grid". seed: of the latent where all begins. shifts: how far it
    is moved along each direction, in standard deviations, -3 to 3 by tenths. origin: what the
    directions are added to, the seed's latent, or where the walk or the grid stands. towards: seed
    of the walk's other end; None is the seed after. path: "spherical" or "linear". position: 0 to
    STEPS. row, column: of the grid, from 1. label: for generators that are told one.
    """

    seed: int = 0
    view: str = "directions"
    shifts: tuple[float, ...] = ()
    origin: str = "seed"
    towards: int | None = None
    path: str = SPHERICAL
    position: int = 0
    row: int = 1
    column: int = 1
    label: int = 0

    def __post_init__(self) -> None:
        for name, known in (("view", VIEWS), ("origin", ORIGINS), ("path", PATHS)):
            if getattr(self, name) not in known:
                raise ValueError(
                    f"{name} must be one of {', '.join(known)}, got {getattr(self, name)!r}"
                )
        for name, low, high in (
            ("seed", 0, MOST_SEED),
            ("position", 0, STEPS),
            ("row", 1, SIDE),
            ("column", 1, SIDE),
        ):
            _check(name, getattr(self, name), low, high)
        if self.towards is None:
            object.__setattr__(self, "towards", (self.seed + 1) % (MOST_SEED + 1))
        _check("towards", self.towards, 0, MOST_SEED)
        object.__setattr__(self, "shifts", tuple(_tenths(shift) for shift in self.shifts))

    def fitted(self, directions: int, labels: int) -> "Setting":
        """The same for a generator with so many directions and labels. Raises ValueError."""
        if len(self.shifts) > directions:
            raise ValueError(
                f"shifts must be at most {directions}, one a direction, got {len(self.shifts)}"
            )
        _check("label", self.label, 0, max(0, labels - 1))
        missing = directions - len(self.shifts)
        return self.changed(shifts=self.shifts + (0.0,) * missing)

    def changed(self, **changes: Any) -> "Setting":
        return dataclasses.replace(self, **changes)

    @property
    def state(self) -> dict[str, Any]:
        return {**dataclasses.asdict(self), "shifts": list(self.shifts)}

    @property
    def drawn_from(self) -> tuple:
        """All that the pictures beside the large one depend on."""
        ends = (self.seed, self.towards, self.path)
        if self.view != "directions":
            return (self.view, self.label, *ends)
        places = {"seed": (self.seed,), "walk": (*ends, self.position)}
        place = places.get(self.origin, (*ends, self.row, self.column))
        return (self.view, self.label, self.origin, *place)


def _check(name: str, value: object, low: int, high: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError(f"{name} must be a whole number {low} to {high}, got {value!r}")


def _tenths(shift: float) -> float:
    """The number that a slider by tenths stands at."""
    near = round(shift, 1) if abs(shift) <= FARTHEST else shift  # NaN is in no range
    if not abs(near) <= FARTHEST or abs(near - shift) > 1e-6:
        raise ValueError(f"shifts must be {-FARTHEST:g} to {FARTHEST:g} by {STEP:g}, got {shift!r}")
    return near + 0.0  # no −0
