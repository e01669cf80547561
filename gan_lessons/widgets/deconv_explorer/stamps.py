"""The first view: every input's scaled kernel where it lands, and what they add up to."""

from typing import Any

import numpy as np
from torch import Tensor

from gan_lessons.widgets.cells import Cell, Grid, Label, Panel, number, shades
from gan_lessons.widgets.deconv_explorer.grids import (
    entries,
    has_numbers,
    limit_of,
    scale_of,
    shaded,
    size_text,
    tint,
    words_of,
)
from gan_lessons.widgets.deconv_explorer.links import marks, of_product
from gan_lessons.widgets.deconv_explorer.view import DeconvView

LABEL_ROOM = 1.6  # columns to the left of a strip of cells


def stamps(view: DeconvView) -> list[Panel]:
    """In one dimension a row for each stamp, in two the output that they are added to."""
    done = view.done
    canvas = view.stamped(done)
    cut = "; padding cuts the grey cells" if any(view.padding) else ""
    bias = f"; y is the sum plus the bias {number(view.b)}" if view.b else ""
    title = f"stamp and add: {done} of {view.x.numel()} stamps{cut}{bias}"
    if view.dims == 1:
        return [_rows(view, done, canvas, title)]
    chosen = view.chosen if view.settings.walk == "inputs" else None
    symbol = "y" if done == view.x.numel() else "so far y"
    (top, left), (height, width) = view.padding, view.out
    canvas[top : top + height, left : left + width] += view.b
    cells = _canvas_cells(view, canvas, chosen, symbol)
    tip = "The stamps so far, added up: point at a cell to see what it is made of in the end."
    output = Panel(
        f"output y ({size_text(view.out)}), {title}",
        canvas.shape[1],
        canvas.shape[0],
        cells,
        words_of("output", canvas),
        tip=tip,
        limit=limit_of(view, "out", canvas.shape),
        scale=None if cells.readable else scale_of(canvas),
    )
    return [output, _stamp(view, chosen)]


def _rows(view: DeconvView, done: int, canvas: Tensor, title: str) -> Panel:
    stride, padding, dilation = view.stride[1], view.padding[1], view.dilation[1]
    xs, ws = view.x[0].tolist(), view.w[0].tolist()
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
        cell._replace(x=cell.x + LABEL_ROOM, y=row) for cell in _canvas_cells(view, canvas, None)
    ]
    words = f"{len(xs)} stamps; {words_of('their sum', canvas)}"
    width = canvas.shape[1] + LABEL_ROOM
    tip = "Each row is one input's stamp; the stamps in a column add up to the sum."
    return Panel(title, width, row + 1, cells, words, labels, whole_row=True, tip=tip)


def _stamp(view: DeconvView, chosen: tuple[int, int] | None) -> Panel:
    """The chosen input's scaled kernel; empty cells if none is chosen, so that nothing jumps."""
    height, width = view.w.shape
    tip = "The chosen input times the kernel: what it adds to the sum."
    if chosen is None:
        cells = [Cell(v, u, classes=f"ker y{u} x{v}") for u, v, _ in entries(view.w)]
        limit = limit_of(view, "ker", view.w.shape)
        said = "no stamp is chosen"
        return Panel("one stamp", width, height, cells, said, tip=tip, limit=limit, small=True)
    name = f"x[{chosen[0]},{chosen[1]}]·w"
    made = shaded(view, name, view.x[chosen] * view.w, "ker", name, tip=tip)
    made.title = name
    if view.numbers:  # in the input's colour
        made.cells = [cell._replace(paint=tint(*chosen), strength=1.0) for cell in made.cells]
    return made


def _canvas_cells(
    view: DeconvView, canvas: Tensor, chosen: tuple[int, int] | None, symbol: str = ""
) -> Grid:
    """The canvas: what padding cuts is grey, the chosen input's stamp has its colour."""
    numbers = canvas.double().numpy()
    readable = view.dims == 1 or has_numbers(view, "out", canvas.shape)
    paints, strengths = shades(numbers, float(np.abs(numbers).max()), readable)
    names = ["blank", "plus", "minus", "cut"]
    (top, left), (height, width) = view.padding, view.out
    linked = slice(top, top + height), slice(left, left + width)
    cut = np.ones(canvas.shape, bool)
    cut[linked] = False
    painted: list[tuple[Any, int]] = [(cut, 3)]
    if chosen is not None and view.numbers:
        names.append(tint(*chosen))
        stamp = np.ix_(
            *(
                [i * s + j * d for j in range(k)]
                for i, (_, k, s, _, _, d) in zip(chosen, view.axes, strict=True)
            )
        )
        painted.append((stamp, 4))
    for where, paint in painted:
        paints[where], strengths[where] = paint, 1.0
    return Grid(
        numbers,
        paints,
        strengths,
        names=tuple(names),
        faint=("cut",),
        kind="out",
        linked=linked,
        readable=readable,
        symbol=symbol,
        marks=marks(view, "out"),
    )
