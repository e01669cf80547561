"""Panels: grids of cells with numbers in them, as plain data.

Cells may be linked: a cell that is pointed at lights others, in all panels under one root, by style
rules alone, without the kernel. For that a cell has classes (what it is) and names of lights: it is
lit if, in one of its tuples, all lights are on.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from gan_lessons.widgets.kit import PALETTE

WIDEST, TALLEST = 620, 430  # of a panel in pixels
SMALLEST, LARGEST = 6, 34  # side of a cell in pixels
SMALLEST_WITH_TEXT = 19
SMALLEST_FONT = 7

Lights = tuple[tuple[str, ...], ...]
Marks = dict[str, list[list[int]]]


class Cell(NamedTuple):
    """One square, in units of cells from the panel's top left corner."""

    x: float
    y: float
    text: str = ""
    paint: str = "blank"  # a name in PALETTE
    strength: float = 1.0  # of the paint, 0 to 1
    classes: str = ""
    lights: Lights = ()
    faint: bool = False
    tip: str = ""


class Label(NamedTuple):
    """Words beside cells, ending at x in the middle of row y."""

    x: float
    y: float
    text: str


class Band(NamedTuple):
    """A rectangle around cells that is seen only while it is lit."""

    x: float
    y: float
    width: float
    height: float
    lights: Lights


@dataclass
class Grid:
    """The cells of a matrix as arrays: thousands of them are drawn as a few paths.

    values, paints, strengths: (rows, columns); paints are indices into `names`, and cells of a
    paint in `faint` have faint numbers. The rows and columns of `linked`, counted from its corner,
    have the class `kind`. readable: whether there is room for numbers; if not, `symbol` names the
    values in tips. above: cells that take the place of others, by row and column. marks: the cells
    that are lit by a cell of another kind, as rows and columns counted from the first of them.
    """

    values: np.ndarray
    paints: np.ndarray
    strengths: np.ndarray
    names: tuple[str, ...] = ("blank", "plus", "minus")
    faint: tuple[str, ...] = ()
    kind: str = ""
    linked: tuple[slice, slice] = (slice(None), slice(None))
    readable: bool = True
    symbol: str = ""
    above: dict[tuple[int, int], Cell] = field(default_factory=dict)
    marks: Marks = field(default_factory=dict)

    @property
    def linked_range(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Where the rows of `linked` begin and end, and where its columns do."""
        (top, bottom, _), (left, right, _) = (
            where.indices(size) for where, size in zip(self.linked, self.values.shape, strict=True)
        )
        return (top, bottom), (left, right)

    @property
    def tips(self) -> list[list[str]]:
        """What the linked cells say when they are pointed at: their numbers, if not written."""
        if self.readable or not self.symbol:
            return []
        return [
            [f"{self.symbol}[{r},{c}] = {number(v)}" for c, v in enumerate(row)]
            for r, row in enumerate(self.values[self.linked].tolist())
        ]

    def __iter__(self) -> Iterator[Cell]:
        """All cells, row by row."""
        rows, columns = (range(*ends) for ends in self.linked_range)
        tips = self.tips
        paints, strengths = self.paints.tolist(), self.strengths.tolist()
        for y, row in enumerate(self.values.tolist()):
            for x, value in enumerate(row):
                if (y, x) in self.above:
                    yield self.above[y, x]
                    continue
                paint = self.names[paints[y][x]]
                r, c = y - rows.start, x - columns.start
                is_linked = y in rows and x in columns
                yield Cell(
                    x,
                    y,
                    number(value) if self.readable else "",
                    paint,
                    strengths[y][x],
                    f"{self.kind} y{r} x{c}" if is_linked else "",
                    faint=paint in self.faint,
                    tip=tips[r][c] if tips and is_linked else "",
                )


@dataclass
class Panel:
    """A titled grid of cells, `columns` by `rows` of them.

    cells: iterated once, so an iterator will do. words: what the panel shows, for those who cannot
    see it. tip: one sentence on what it is and what to look for. image: fills the panel, under the
    cells. limit: the largest width and height in pixels. room: how many columns it may come to
    have, so that its cells keep their size meanwhile. small: whether it stands with the other small
    ones. scale: the numbers at both ends of its colours, if its cells have no numbers in them.
    """

    title: str
    columns: float
    rows: float
    cells: Iterable[Cell]
    words: str
    labels: list[Label] = field(default_factory=list)
    bands: list[Band] = field(default_factory=list)
    image: bytes = b""
    whole_row: bool = False
    tip: str = ""
    limit: tuple[int, int] = (WIDEST, TALLEST)
    room: float = 0
    small: bool = False
    scale: tuple[str, str] | None = None

    @property
    def unit(self) -> int:
        """Side of a cell in pixels."""
        width, height = self.limit
        across = int(width / max(self.columns, self.room))
        return max(SMALLEST, min(LARGEST, across, int(height / self.rows)))

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in pixels. An image is made to fit, however many rows it has."""
        if self.image:
            width, height = self.limit
            return min(width, LARGEST * self.columns), min(height, LARGEST * self.rows)
        return self.columns * self.unit, self.rows * self.unit

    def written(self) -> tuple[Iterable[Cell], float]:
        """The cells, and the size in pixels at which all their numbers fit; 0 where too small."""
        if self.unit < SMALLEST_WITH_TEXT:
            return self.cells, 0.0
        cells = list(self.cells)
        longest = max((len(cell.text) for cell in cells), default=1)
        size = round(min(13, 0.94 * self.unit / (0.62 * max(3, longest))), 1)
        return cells, size if size >= SMALLEST_FONT else 0.0


# Input, output, kernel, a zero that was put in, and what is for one output alone.
KINDS = ("in", "out", "ker", "zer", "Own")

TINTS = [name for name in PALETTE if name[0] == "t" and name[1:].isdigit()]


def number(value: float, digits: int = 3) -> str:
    """At most so many digits, no needless zeros, a true minus sign: 0.5, −12, 1200.

    Below a tenth the zero in front goes, for a digit more: −.021. What is not zero but too small to
    be seen is .000; from a million on, powers of ten: 1.3e6.
    """
    if value % 1 == 0 and abs(value) < 1e6:  # the most frequent, and the quickest
        return str(int(value)).replace("-", "−")
    if not math.isfinite(value):
        return "nan" if math.isnan(value) else "∞" if value > 0 else "−∞"
    if abs(value) >= 1e6:
        return f"{value:.2g}".replace("+0", "").replace("+", "").replace("-", "−")
    small = abs(value) < 0.1
    places = digits if small else max(0, digits - len(str(abs(int(value)))))
    text = f"{value:.{places}f}"
    if places and float(text):
        text = text.rstrip("0").rstrip(".")
    return (text.replace("0.", ".", 1) if small else text).replace("-", "−")


def shade(value: float, largest: float, with_text: bool) -> tuple[str, float]:
    """Paint and strength that show sign and size; pale under numbers, so that these can be read."""
    strength = abs(value) / largest if largest else 0.0
    if not value or not 0 <= strength <= 1:  # the last where there are numbers without end
        return "blank", 1.0
    return ("plus" if value > 0 else "minus"), (0.05 + (0.27 if with_text else 0.9) * strength)


def shades(values: np.ndarray, largest: float, with_text: bool) -> tuple[np.ndarray, np.ndarray]:
    """`shade` of many values: indices into ("blank", "plus", "minus"), and strengths."""
    with np.errstate(invalid="ignore"):
        strength = np.abs(values) / largest if largest else np.zeros(values.shape)
    shaded = (values != 0) & (strength >= 0) & (strength <= 1)
    paints = np.where(shaded, np.where(values > 0, 1, 2), 0)
    return paints, np.where(shaded, 0.05 + (0.27 if with_text else 0.9) * strength, 1.0)
