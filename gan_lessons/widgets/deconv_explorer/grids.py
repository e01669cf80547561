"""What the views share: tensors as cells, sizes and numbers in words."""

from collections.abc import Iterator

import numpy as np
from torch import Tensor

from gan_lessons.widgets.cells import SMALLEST_WITH_TEXT, TINTS, Grid, Marks, Panel, number, shades


def tint(row: int, column: int) -> str:
    """The colour of an input cell and of all that comes from it; neighbours differ."""
    return TINTS[(column + 3 * row) % len(TINTS)]


def entries(values: Tensor) -> Iterator[tuple[int, int, float]]:
    """(row, column, number) of a matrix, row by row."""
    for row, line in enumerate(values.tolist()):
        for column, value in enumerate(line):
            yield row, column, value


def shaded(
    title: str,
    values: Tensor,
    kind: str,
    symbol: str,
    marks: Marks | None = None,
    *,
    tip: str,
) -> Panel:
    """A matrix as cells shaded by their numbers, linked as `kind`: in, out or ker."""
    words = words_of(title, values)
    cells = shaded_grid(values, kind, symbol, marks)
    height, width = values.shape
    return Panel(f"{title} ({size_text(values.shape)})", width, height, cells, words, tip=tip)


def shaded_grid(values: Tensor, kind: str, symbol: str = "", marks: Marks | None = None) -> Grid:
    """The cells of `shaded`; the largest number has the full shade."""
    numbers = values.double().numpy()
    readable = readable_at(*numbers.shape)
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


def readable_at(height: int, width: int) -> bool:
    """Whether so many cells are large enough for numbers in them."""
    return Panel("", width, height, [], "").unit >= SMALLEST_WITH_TEXT


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
