"""Which hole in which picture, and which of its completions."""

from dataclasses import dataclass
from typing import Any

from gan_lessons import checks
from gan_lessons.widgets.settings import Settings, buttons, plain, seed_box, whole_slider

MODES = {"rectangle": "rectangle", "free": "free mask"}
WAYS = 8  # completions of one hole
CELL = 4  # pixels along a side of a cell of the free mask


def span(name: str, value: Any) -> tuple[int, int]:
    """Two whole numbers, the second not below the first."""
    ends = [checks.whole(name, each, 0) for each in checks.items(name, value)]
    if len(ends) != 2 or ends[0] > ends[1]:
        raise ValueError(f"{name} must be two numbers, first and end, got {checks.shown(value)}")
    return ends[0], ends[1]


def places(name: str, value: Any) -> tuple[int, ...]:
    """Numbers of cells, in order, each once."""
    return tuple(sorted({checks.whole(name, each, 0) for each in checks.items(name, value)}))


@dataclass(frozen=True)
class CompletionSettings(Settings):
    """Where the controls stand. A value out of range raises a ValueError that says the range.

    rows, columns: (first, end) of the rectangle, end not included. cells: numbers of the free
    mask's cells of 4 x 4 pixels, row by row.
    """

    mode: str = buttons("rectangle", MODES, tip="A rectangle, or a mask that you paint.")
    picture: int = whole_slider(1, 1, None, label="picture", tip="Which picture gets the hole.")
    rows: tuple[int, int] = plain((0, 0), span)
    columns: tuple[int, int] = plain((0, 0), span)
    cells: tuple[int, ...] = plain((), places)
    way: int = whole_slider(
        1, 1, WAYS, label="completion", tip="Which one is large: each has a latent z of its own."
    )
    seed: int = seed_box(tip="Of all latents.")
