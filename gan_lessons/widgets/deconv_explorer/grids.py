"""What the views share: tensors as cells, sizes and numbers in words."""

from collections.abc import Iterator

from torch import Tensor

from gan_lessons.widgets.cells import SMALLEST_WITH_TEXT, TINTS, Cell, Panel, number, shade


def tint(row: int, column: int) -> str:
    """The colour of an input cell and of all that comes from it; neighbours differ."""
    return TINTS[(column + 3 * row) % len(TINTS)]


def entries(values: Tensor) -> Iterator[tuple[int, int, float]]:
    """(row, column, number) of a matrix, row by row."""
    for row, line in enumerate(values.tolist()):
        for column, value in enumerate(line):
            yield row, column, value


def shaded(title: str, values: Tensor, kind: str, symbol: str) -> Panel:
    """A matrix as cells shaded by their numbers, linked as `kind`: in, out or ker."""
    height, width = values.shape
    largest = float(values.abs().max())
    readable = readable_at(height, width)
    cells = (
        Cell(
            column,
            row,
            number(value) if readable else "",
            *shade(value, largest, readable),
            f"{kind} y{row} x{column}",
            tip="" if readable else f"{symbol}[{row},{column}] = {number(value)}",
        )
        for row, column, value in entries(values)
    )
    words = words_of(title, values)
    return Panel(f"{title} ({size_text(values.shape)})", width, height, cells, words)


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
