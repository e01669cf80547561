"""What a latent explorer is set to."""

from dataclasses import dataclass
from typing import Any

from gan_lessons import checks
from gan_lessons.models.latents import PATHS, SPHERICAL
from gan_lessons.widgets.settings import (
    MOST_SEED,
    Settings,
    buttons,
    number_sliders,
    plain,
    seed_box,
    whole_slider,
)

FARTHEST = 3.0  # standard deviations, either way
STRIP = 7  # pictures of a direction: −3, −2, …, 3
FRAMES = 9  # pictures of a walk
STEPS = 48  # of the walk's slider: 6 from a picture to the next
SIDE = 7  # pictures of the grid, each way
VIEWS = ("directions", "walk", "grid")
ORIGINS = {"seed": "the seed", "walk": "the walk", "grid": "the grid"}


@dataclass(frozen=True)
class LatentSettings(Settings):
    """Where the controls stand. towards: without it, the seed after."""

    seed: int = seed_box(
        tip="The random seed of the latent where all begins: another seed is another picture."
    )
    view: str = buttons(
        "directions",
        VIEWS,
        tip="What stands beside the picture: what each direction changes, the way to another "
        "latent, or a grid between four latents.",
    )
    shifts: tuple[float, ...] = number_sliders(
        "direction",
        -FARTHEST,
        FARTHEST,
        0.1,
        tip="How far the latent is moved along direction {}, in standard deviations: see what "
        "changes in the picture, and what stays.",
    )
    origin: str = buttons(
        "seed",
        ORIGINS,
        label="start from",
        tip="What the directions are added to: the seed's latent, or where the walk or the grid "
        "stands.",
    )
    towards: int | None = seed_box(
        None, label="to seed", tip="The random seed of the latent at the other end."
    )
    path: str = buttons(
        SPHERICAL,
        PATHS,
        tip="Along the arc, where |z| stays typical, or straight, where |z| sinks in the middle: "
        "look at the pictures there.",
    )
    position: int = whole_slider(
        0,
        0,
        STEPS,
        label="place",
        tip="How far the walk has come: look for places where the picture changes at once.",
    )
    row: int = whole_slider(1, 1, SIDE, label="row", tip="The chosen picture's row in the grid.")
    column: int = whole_slider(
        1, 1, SIDE, label="column", tip="The chosen picture's column in the grid."
    )
    label: int = plain(0, checks.whole)

    def check(self) -> None:
        if self.towards is None:
            object.__setattr__(self, "towards", (self.seed + 1) % (MOST_SEED + 1))

    def fitted(self, directions: int, labels: int) -> "LatentSettings":
        """The same for a generator with so many directions and labels. Raises ValueError."""
        if len(self.shifts) > directions:
            raise ValueError(
                f"shifts must be at most {directions}, one a direction, got {len(self.shifts)}"
            )
        checks.whole("label", self.label, 0, max(0, labels - 1))
        missing = directions - len(self.shifts)
        return self.changed(shifts=self.shifts + (0.0,) * missing)

    @property
    def drawn_from(self) -> tuple[Any, ...]:
        """All that the pictures beside the large one depend on."""
        ends = (self.seed, self.towards, self.path)
        if self.view != "directions":
            return (self.view, self.label, *ends)
        starts = {"seed": (self.seed,), "walk": (*ends, self.position)}
        start = starts.get(self.origin, (*ends, self.row, self.column))
        return (self.view, self.label, self.origin, *start)
