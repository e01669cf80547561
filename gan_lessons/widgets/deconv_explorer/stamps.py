"""The first view: every input's scaled kernel where it lands, and what they add up to."""

from collections.abc import Iterator

from torch import Tensor

from gan_lessons.widgets.cells import Cell, Label, Panel, number, shade
from gan_lessons.widgets.deconv_explorer.case import Case
from gan_lessons.widgets.deconv_explorer.grids import entries, readable_at, tint, words_of
from gan_lessons.widgets.deconv_explorer.links import of_product

LABEL_ROOM = 1.6  # columns to the left of a strip of cells


def stamps(case: Case) -> list[Panel]:
    """In one dimension a row for each stamp, in two the canvas that they are added to."""
    walking = case.setting.walk == "inputs" and case.chosen is not None
    done = case.setting.step if walking else case.x.numel()
    canvas = case.stamped(done)
    cut = "; padding cuts the grey cells" if any(case.padding) else ""
    bias = f"; the bias {number(case.b)} is added" if case.b else ""
    title = f"stamp and add: {done} of {case.x.numel()} stamps{cut}{bias}"
    if case.dims == 1:
        return [_rows(case, done, canvas, title)]
    chosen = case.chosen if walking else None
    height, width = canvas.shape
    cells = _canvas_cells(case, canvas, chosen)
    return [_stamp(case, chosen), Panel(title, width, height, cells, words_of("canvas", canvas))]


def _rows(case: Case, done: int, canvas: Tensor, title: str) -> Panel:
    stride, padding, dilation = case.stride[1], case.padding[1], case.dilation[1]
    xs, ws = case.x[0].tolist(), case.w[0].tolist()
    cells, labels = [], []
    for i, x in enumerate(xs):
        labels.append(Label(LABEL_ROOM - 0.25, i, f"{number(x)}·w"))
        for j, w in enumerate(ws):
            at = i * stride + j * dilation
            text, paint = (number(x * w), tint(0, i)) if i < done else ("", "zero")
            lights = of_product(i, j, at - padding)
            cells.append(Cell(at + LABEL_ROOM, i, text, paint, classes=f"s{i}-{j}", lights=lights))
    row = len(xs) + 0.35
    labels.append(Label(LABEL_ROOM - 0.25, row, "sum"))
    cells += [
        cell._replace(x=cell.x + LABEL_ROOM, y=row) for cell in _canvas_cells(case, canvas, None)
    ]
    words = f"{len(xs)} stamps; {words_of('their sum', canvas)}"
    width = canvas.shape[1] + LABEL_ROOM
    return Panel(title, width, row + 1, cells, words, labels, whole_row=True)


def _stamp(case: Case, chosen: tuple[int, int] | None) -> Panel:
    """The chosen input's scaled kernel; empty cells where none is chosen, so that nothing jumps."""
    height, width = case.w.shape
    if chosen is None:
        cells = [Cell(v, u, classes=f"ker y{u} x{v}") for u, v, _ in entries(case.w)]
        return Panel("one stamp", width, height, cells, "no stamp is chosen")
    name = f"x[{chosen[0]},{chosen[1]}]·w"
    stamp = case.x[chosen] * case.w
    cells = [
        Cell(v, u, number(value), tint(*chosen), classes=f"ker y{u} x{v}")
        for u, v, value in entries(stamp)
    ]
    return Panel(name, width, height, cells, words_of(name, stamp))


def _canvas_cells(case: Case, canvas: Tensor, chosen: tuple[int, int] | None) -> Iterator[Cell]:
    (top, left), (height, width) = case.padding, case.out
    stamp, colour = set(), ""
    if chosen is not None:
        colour = tint(*chosen)
        rows, columns = (
            [i * s + j * d for j in range(k)]
            for i, (_, k, s, _, _, d) in zip(chosen, case.axes, strict=True)
        )
        stamp = {(row, column) for row in rows for column in columns}
    readable = case.dims == 1 or readable_at(*canvas.shape)
    largest = float(canvas.abs().max())
    for row, column, value in entries(canvas):
        o, q = row - top, column - left
        kept = 0 <= o < height and 0 <= q < width
        if (row, column) in stamp:
            paint, strength = colour, 1.0
        elif kept:
            paint, strength = shade(value, largest, readable)
        else:
            paint, strength = "cut", 1.0
        link = f"out y{o} x{q}" if kept else ""
        text = number(value) if readable else ""
        yield Cell(column, row, text, paint, strength, link, faint=paint == "cut")
