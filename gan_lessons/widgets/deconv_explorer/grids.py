"""What the views share: tensors as cells, how large they are drawn, numbers in words."""

from collections.abc import Iterator

import numpy as np
from torch import Tensor

from gan_lessons.widgets.cells import (
    SMALLEST_WITH_TEXT,
    TALLEST,
    TINTS,
    WIDEST,
    Grid,
    Marks,
    Panel,
    number,
    shades,
)
from gan_lessons.widgets.deconv_explorer.view import DeconvView

# The most pixels along a side of a panel of two dimensions, and the most for the sake of its
# numbers: an input, a kernel, one of two large panels, one that is alone.
# Input and kernel stand beside each other in a window of 420 pixels; in one of 1,280 they stand
# beside a large panel, or over two of them, and all is at most some 760 pixels high, or 900 for
# numbers in many cells.
LIMITS = {"in": (136, 190), "ker": (136, 162)}
PAIR, ALONE = (246, 400), (400, 400)
MATRIX_HEIGHT = 370  # at most, for its title has two lines


def limit_of(view: DeconvView, kind: str, shape: tuple[int, ...]) -> tuple[int, int]:
    """How wide and how high a panel of so many rows and columns may be, in pixels.

    kind: in, ker, matrix, or any other.
    """
    if view.dims == 1:
        return WIDEST, TALLEST
    if kind == "matrix":
        return ALONE[1], min(MATRIX_HEIGHT, max(PAIR[0], shape[0]))
    usual, most = LIMITS.get(kind, ALONE if view.one_large else PAIR)
    side = min(most, max(usual, SMALLEST_WITH_TEXT * max(shape))) if view.numbers else usual
    return side, side


def has_numbers(view: DeconvView, kind: str, shape: tuple[int, ...]) -> bool:
    """Whether cells have numbers in them: they are asked for, and there is room."""
    height, width = shape
    unit = Panel("", width, height, [], "", limit=limit_of(view, kind, shape)).unit
    return view.numbers and unit >= SMALLEST_WITH_TEXT


def tint(row: int, column: int) -> str:
    """The colour of an input cell and of all that comes from it; neighbours differ."""
    return TINTS[(column + 3 * row) % len(TINTS)]


def entries(values: Tensor) -> Iterator[tuple[int, int, float]]:
    """(row, column, number) of a matrix, row by row."""
    for row, line in enumerate(values.tolist()):
        for column, value in enumerate(line):
            yield row, column, value


def shaded(
    view: DeconvView,
    title: str,
    values: Tensor,
    kind: str,
    symbol: str = "",
    marks: Marks | None = None,
    *,
    tip: str,
) -> Panel:
    """A matrix as cells shaded by their numbers, linked as `kind`: in, out or ker.

    symbol: names the numbers in tips, where they are not written.
    """
    cells = shaded_grid(view, values, kind, symbol, marks)
    height, width = values.shape
    return Panel(
        f"{title} ({size_text(values.shape)})",
        width,
        height,
        cells,
        words_of(title, values),
        tip=tip,
        limit=limit_of(view, kind, values.shape),
        small=view.dims == 2 and kind in LIMITS,
        scale=None if cells.readable else scale_of(values),
    )


def shaded_grid(
    view: DeconvView, values: Tensor, kind: str, symbol: str = "", marks: Marks | None = None
) -> Grid:
    """The cells of `shaded`; the largest number has the full shade."""
    numbers = values.double().numpy()
    readable = has_numbers(view, kind, numbers.shape)
    paints, strengths = shades(numbers, float(np.abs(numbers).max()), readable)
    return Grid(
        numbers,
        paints,
        strengths,
        kind=kind,
        readable=readable,
        symbol=symbol,
        marks=marks or {},
    )


def scale_of(values: Tensor) -> tuple[str, str] | None:
    """What both ends of the colours stand for: from no colour or the negative end to the full."""
    largest = float(values.abs().max())
    if not 0 < largest < float("inf"):
        return None
    return number(-largest) if bool((values < 0).any()) else "0", number(largest)


def size_text(shape: tuple[int, ...]) -> str:
    """A height and a width in words; in one dimension the width."""
    height, width = shape
    return str(width) if height == 1 else f"{height} × {width}"


def words_of(name: str, values: Tensor) -> str:
    """What is read aloud: the numbers, where they are not too many."""
    if values.numel() > 60:
        least, most = (number(float(edge)) for edge in (values.min(), values.max()))
        return f"{name}, {size_text(values.shape)} numbers from {least} to {most}"
    return f"{name}: " + "; ".join(listed(row) for row in values.tolist())


def listed(values: list[float]) -> str:
    """Numbers with commas between them."""
    return ", ".join(number(value) for value in values)
