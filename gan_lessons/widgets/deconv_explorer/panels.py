"""The views of a deconvolution as panels of cells: one function for each, all from one case."""

import io

import numpy as np
from PIL import Image
from torch import Tensor

from gan_lessons.widgets.cells import PALETTE, Band, Cell, Label, Lights, Panel, number, shade
from gan_lessons.widgets.deconv_explorer.case import Case
from gan_lessons.widgets.deconv_explorer.grids import (
    entries,
    readable_at,
    shaded,
    size_text,
    tint,
    words_of,
)
from gan_lessons.widgets.deconv_explorer.links import of_entry, of_product
from gan_lessons.widgets.deconv_explorer.stamps import LABEL_ROOM, stamps

MOST_SQUARES = 1000  # a larger matrix is drawn as an image
MOST_BANDS = 400


def panels(case: Case) -> list[Panel]:
    """Input, kernel and output, then the chosen view of how one becomes the other."""
    views = {"stamps": stamps, "zeros": zeros, "matrix": matrix, "overlap": overlap}
    chosen = views.values() if case.setting.view == "all" else [views[case.setting.view]]
    return [*ends(case), *(panel for view in chosen for panel in view(case))]


def ends(case: Case) -> list[Panel]:
    """What goes in, what it is multiplied by, what comes out."""
    assert case.y is not None
    inputs = [
        Cell(j, i, number(value), tint(i, j), classes=f"in y{i} x{j}")
        for i, j, value in entries(case.x)
    ]
    return [
        Panel(
            f"input x ({size_text(case.x.shape)})",
            case.x.shape[1],
            case.x.shape[0],
            inputs,
            words_of("input", case.x),
        ),
        shaded("kernel w", case.w, "ker", "w"),
        shaded("output y", case.y, "out", "y"),
    ]


def zeros(case: Case) -> list[Panel]:
    """The input with zeros between and around, and the turned kernel that slides over it."""
    chosen = case.chosen if case.setting.walk == "outputs" else None
    row, column = chosen or (0, 0)
    spread = case.spread
    (down, right), (height, width) = case.stride, case.w.shape
    first_y, first_x = (
        d * (k - 1) - p for d, k, p in zip(case.dilation, case.w.shape, case.padding, strict=True)
    )
    extra = 2.6 if case.dims == 1 else 0.0
    readable = readable_at(*spread.shape)
    cells = []
    for r, c, value in entries(spread):
        i, off_y = divmod(r - first_y, down)
        j, off_x = divmod(c - first_x, right)
        is_input = not off_y and not off_x and (0 <= i < len(case.x)) and 0 <= j < case.x.shape[1]
        text = number(value) if readable else ""
        if is_input:
            cells.append(Cell(c + extra, r, text, tint(i, j), classes=f"in y{i} x{j}"))
        else:
            cells.append(Cell(c + extra, r, text, "zero", classes=f"zer y{r} x{c}", faint=True))
    name = f"y[{column}]" if case.dims == 1 else f"y[{row},{column}]"
    turned = case.w.flip(0, 1)
    largest = float(turned.abs().max())
    words = f"the input spread over {size_text(spread.shape)} places, the rest zeros"
    if case.dims == 2:
        kernel = [
            Cell(v, u, number(value), *shade(value, largest, True), _turned(case, u, v))
            for u, v, value in entries(turned)
        ]
        slid = Panel("w turned by 180°", width, height, kernel, words_of("turned kernel", turned))
        title = "zeros put in between and around the input"
        title += f"; the outlined cells times the turned w give {name}" if chosen else ""
        return [slid, Panel(title, spread.shape[1], spread.shape[0], cells, words)]
    labels = [Label(extra - 0.25, 0, "x, zeros"), Label(extra - 0.25, 1.2, "turned w")]
    labels.append(Label(extra - 0.25, 2.4, "product"))
    for _, v, value in entries(turned):
        at = column + v * case.dilation[1]
        paint, strength = shade(value, largest, True)
        link = _turned(case, 0, v)
        cells.append(Cell(at + extra, 1.2, number(value), paint, strength, link))
        product = value * float(spread[0, at])
        cells.append(Cell(at + extra, 2.4, number(product), "blank", faint=not product))
    bias = f" + bias {number(case.b)}" if case.b else ""
    assert case.y is not None
    title = (
        f"insert zeros, slide the turned kernel: the products add up to "
        f"{name} = {number(float(case.y[row, column]) - case.b)}{bias}"
    )
    return [Panel(title, spread.shape[1] + extra, 3.4, cells, words, labels, whole_row=True)]


def matrix(case: Case) -> list[Panel]:
    """C transposed, a row for each output and a column for each input."""
    assert case.y is not None
    outputs, inputs = case.matrix.shape
    largest = float(case.w.abs().max())
    size = f"{outputs} × {inputs}"
    words = f"the matrix C transposed, {outputs} rows and {inputs} columns, {size} numbers"
    bands = []
    if outputs + inputs <= MOST_BANDS:
        wide, across = case.out[1], case.x.shape[1]
        bands = [
            Band(0, o, inputs, 1, ((f"Oy{o // wide}", f"Ox{o % wide}"),)) for o in range(outputs)
        ] + [
            Band(i, 0, 1, outputs, ((f"Iy{i // across}", f"Ix{i % across}"),))
            for i in range(inputs)
        ]
    elif case.chosen is not None:
        at = case.setting.step - 1
        along = case.setting.walk == "inputs"
        always: Lights = ((),)
        bands = [Band(at, 0, 1, outputs, always) if along else Band(0, at, inputs, 1, always)]
    title = f"the matrix Cᵀ ({size}): row o is the recipe of y[o], column i is x[i]'s stamp"
    if case.dims == 2 and case.x.numel() * case.w.numel() > MOST_SQUARES:
        picture = _heat(case.matrix)
        return [Panel(title, inputs, outputs, [], words, [], bands, picture, whole_row=True)]
    cells = []
    if case.dims == 1:
        for o, i, value in entries(case.matrix):
            j, rest = divmod(o + case.padding[1] - i * case.stride[1], case.dilation[1])
            if not rest and 0 <= j < case.w.shape[1]:
                paint, strength = shade(value, largest, True)
                cells.append(
                    Cell(i, o, number(value), paint, strength, f"s{i}-{j}", of_product(i, j, o))
                )
            else:
                cells.append(Cell(i, o, "0", "zero", faint=True, lights=of_entry(i, o)))
        where = inputs + 0.9
        cells += [
            Cell(where, i, number(value), tint(0, i), classes=f"in y0 x{i}")
            for _, i, value in entries(case.x)
        ]
        reach = float(case.y.abs().max())
        cells += [
            Cell(where + 1.9, o, number(value), *shade(value, reach, True), f"out y0 x{o}")
            for _, o, value in entries(case.y)
        ]
        bias = f" + {number(case.b)}" if case.b else ""
        labels = [Label(where - 0.25, 0, "·"), Label(where + 1.7, 0, "=")]
        return [Panel(title + bias, where + 2.9, outputs, cells, words, labels, whole_row=True)]
    cells = [
        Cell(i, o, number(value, 2), *shade(value, largest, True))
        for o, i, value in entries(case.matrix)
        if value
    ]
    return [Panel(title, inputs, outputs, cells, words, [], bands, whole_row=True)]


def overlap(case: Case) -> list[Panel]:
    """How many inputs reach each output."""
    counts = case.overlap
    least, most = int(counts.min()), int(counts.max())
    title = f"overlap: how many inputs reach each output ({least} to {most})"
    words = words_of("overlap count", counts)
    if case.dims == 2:
        readable = readable_at(*counts.shape)
        cells = (
            Cell(
                column,
                row,
                str(value) if readable else "",
                *shade(value, most, readable),
                f"out y{row} x{column}",
            )
            for row, column, value in entries(counts)
        )
        return [Panel(title, counts.shape[1], counts.shape[0], cells, words)]
    extra = LABEL_ROOM
    blocks = []
    for column, pairs in enumerate(case.meets[1]):
        for level, (i, j) in enumerate(pairs):
            blocks.append(
                Cell(
                    column + extra,
                    most - 1 - level,
                    f"x{i}",
                    tint(0, i),
                    classes=f"s{i}-{j}",
                    lights=of_product(i, j, column),
                )
            )
        text = str(len(pairs))
        blocks.append(Cell(column + extra, most + 0.3, text, classes=f"out y0 x{column}"))
    labels = [Label(extra - 0.25, most + 0.3, "count")]
    return [
        Panel(title, counts.shape[1] + extra, most + 1.3, blocks, words, labels, whole_row=True)
    ]


def _turned(case: Case, row: int, column: int) -> str:
    """The kernel's own cell that the turned kernel has in this place."""
    height, width = case.w.shape
    return f"ker y{height - 1 - row} x{width - 1 - column}"


def _heat(values: Tensor) -> bytes:
    """A matrix as a picture with one pixel for each number, clear where it is zero."""
    array = values.numpy()
    pixels = np.zeros((*array.shape, 4), np.uint8)
    for name, part in (("plus", array > 0), ("minus", array < 0)):
        pair = [[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in PALETTE[name]]
        pixels[part, :3] = np.mean(pair, 0)  # between the two themes', as it is drawn for both
    largest = float(np.abs(array).max()) or 1.0
    pixels[..., 3] = np.where(array != 0, 40 + 215 * np.abs(array) / largest, 0)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "png", compress_level=1)
    return file.getvalue()
