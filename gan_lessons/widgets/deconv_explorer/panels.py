"""The views of a deconvolution as panels of cells: one function for each, all from one view."""

import io
from dataclasses import replace

import numpy as np
from PIL import Image
from torch import Tensor

from gan_lessons.widgets.cells import (
    SMALLEST,
    Band,
    Cell,
    Grid,
    Label,
    Lights,
    Panel,
    number,
    shade,
)
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
from gan_lessons.widgets.deconv_explorer.links import marks, of_entry, of_product
from gan_lessons.widgets.deconv_explorer.stamps import LABEL_ROOM, stamps
from gan_lessons.widgets.deconv_explorer.view import DeconvView
from gan_lessons.widgets.kit import PALETTE

MOST_SQUARES = 1000  # a larger matrix is drawn as an image
MOST_BANDS = 400


def panels(view: DeconvView) -> list[Panel]:
    """Input, kernel and output, then the chosen way of how one becomes the other.

    In two dimensions stamps are added to the output itself, which then has no panel of its own; nor
    has an output that is the overlap.
    """
    ways = {"stamps": stamps, "zeros": zeros, "matrix": matrix, "overlap": overlap}
    chosen = list(ways) if view.settings.view == "all" else [view.settings.view]
    one_grid = view.one_large or (view.dims == 2 and "stamps" in chosen)
    first = ends(view)[: 2 if one_grid else 3]
    return [*first, *(panel for way in chosen for panel in ways[way](view))]


def ends(view: DeconvView) -> list[Panel]:
    """What goes in, what it is multiplied by, what comes out."""
    assert view.y is not None
    tip = "What goes in: each number stamps the kernel, times itself, into the output."
    inputs = shaded(view, "input x", view.x, "in", "x", tip=tip)
    if view.numbers:  # each in a colour of its own, to be found again in what it makes
        inputs.cells = [
            Cell(j, i, number(value), tint(i, j), classes=f"in y{i} x{j}")
            for i, j, value in entries(view.x)
        ]
    tip = "What each stamp is made of: the weights."
    kernel = shaded(view, "kernel w", view.w, "ker", "w", tip=tip)
    stamping = view.dims == 1 and view.settings.view in ("stamps", "all")
    if stamping and view.done < view.x.numel():
        tip = "The stamps so far, added up: point at a cell to see what it is made of in the end."
        output = shaded(view, "so far y", view.so_far(view.done), "out", tip=tip)
        stamps_of = f"{view.done} of {view.x.numel()} stamps"
        output.title = f"output y so far ({size_text(view.out)}): {stamps_of}"
    else:
        tip = "What comes out: point at a cell to see the inputs and weights it is made of."
        output = shaded(view, "output y", view.y, "out", "y", marks(view, "out"), tip=tip)
    if view.dims == 1:  # a row of its own, so that it keeps its place while its length changes
        output = replace(output, whole_row=True, room=view.canvas[1])
    if stamping:  # each cell over its own column of stamps
        shift = LABEL_ROOM + view.padding[1]
        cells = [cell._replace(x=cell.x + shift) for cell in output.cells]
        room = view.canvas[1] + LABEL_ROOM
        output = replace(output, cells=cells, columns=output.columns + shift, room=room)
    return [inputs, kernel, output]


def zeros(view: DeconvView) -> list[Panel]:
    """The input with zeros between and around, and the turned kernel that slides over it."""
    chosen = view.chosen if view.settings.walk == "outputs" else None
    row, column = chosen or (0, 0)
    spread = view.spread
    cells = _spread_cells(view)
    name = f"y[{column}]" if view.dims == 1 else f"y[{row},{column}]"
    turned = view.w.flip(0, 1)
    words = f"the input spread over {size_text(spread.shape)} places, the rest zeros"
    if view.dims == 2:
        tip = "The kernel in reverse order: slid over the zeros, it makes the output."
        slid = shaded(view, "turned kernel", turned, "ker", "turned w", tip=tip)
        slid.title = f"turned w ({size_text(turned.shape)})"
        slid.cells = [  # each is the kernel's own cell
            cell._replace(classes=_turned(view, int(cell.y), int(cell.x))) for cell in slid.cells
        ]
        title = "zeros put in between and around the input"
        title += f"; the outlined cells times the turned w give {name}" if chosen else ""
        tip = "The input with s − 1 zeros between its cells: look which of them a window meets."
        height, width = spread.shape
        limit = limit_of(view, "zer", spread.shape)
        scale = None if view.numbers else scale_of(view.x)
        return [
            slid,
            Panel(title, width, height, cells, words, tip=tip, limit=limit, scale=scale),
        ]
    extra = 2.6  # columns at the left, for the labels
    strip = [cell._replace(x=cell.x + extra) for cell in cells]
    labels = [Label(extra - 0.25, 0, "x, zeros"), Label(extra - 0.25, 1.2, "turned w")]
    labels.append(Label(extra - 0.25, 2.4, "product"))
    largest = float(turned.abs().max())
    for _, v, value in entries(turned):
        at = column + v * view.dilation[1]
        paint, strength = shade(value, largest, True)
        link = _turned(view, 0, v)
        strip.append(Cell(at + extra, 1.2, number(value), paint, strength, link))
        product = value * float(spread[0, at])
        strip.append(Cell(at + extra, 2.4, number(product), "blank", faint=not product))
    bias = f" + bias {number(view.b)}" if view.b else ""
    assert view.y is not None
    title = (
        f"insert zeros, slide the turned kernel: the products add up to "
        f"{name} = {number(float(view.y[row, column]) - view.b)}{bias}"
    )
    tip = "A convolution of stride 1 over the zeros: each window's products add up to one output."
    return [
        Panel(title, spread.shape[1] + extra, 3.4, strip, words, labels, whole_row=True, tip=tip)
    ]


def _spread_cells(view: DeconvView) -> Grid:
    """Zeros, and the input's cells among them."""
    spread = view.spread.double().numpy()
    readable = has_numbers(view, "zer", spread.shape)
    largest = float(view.x.abs().max())
    rows, columns = ([d * (k - 1) - p + i * s for i in range(n)] for n, k, s, p, _, d in view.axes)
    above = {
        (rows[i], columns[j]): Cell(
            columns[j],
            rows[i],
            number(value) if readable else "",
            *((tint(i, j), 1.0) if view.numbers else shade(value, largest, False)),
            f"in y{i} x{j}",
            tip="" if readable else f"x[{i},{j}] = {number(value)}",
        )
        for i, j, value in entries(view.x)
        if 0 <= rows[i] < len(spread) and 0 <= columns[j] < spread.shape[1]
    }
    return Grid(
        spread,
        np.zeros(spread.shape, int),
        np.ones(spread.shape),
        names=("zero",),
        faint=("zero",),
        kind="zer",
        readable=readable,
        above=above,
        marks=marks(view, "zer"),
    )


def matrix(view: DeconvView) -> list[Panel]:
    """C transposed, a row for each output and a column for each input."""
    assert view.y is not None
    outputs, inputs = view.matrix.shape
    largest = float(view.w.abs().max())
    size = f"{outputs} × {inputs}"
    words = f"the matrix C transposed, {outputs} rows and {inputs} columns, {size} numbers"
    bands = []
    if outputs + inputs <= MOST_BANDS:
        wide, across = view.out[1], view.x.shape[1]
        bands = [
            Band(0, o, inputs, 1, ((f"Oy{o // wide}", f"Ox{o % wide}"),)) for o in range(outputs)
        ] + [
            Band(i, 0, 1, outputs, ((f"Iy{i // across}", f"Ix{i % across}"),))
            for i in range(inputs)
        ]
    elif view.chosen is not None:
        at = view.settings.step - 1
        along = view.settings.walk == "inputs"
        always: Lights = ((),)
        bands = [Band(at, 0, 1, outputs, always) if along else Band(0, at, inputs, 1, always)]
    tip = "The whole layer as one matrix: each column has the same numbers, s rows further down."
    title = f"the matrix Cᵀ ({size}): row o is the recipe of y[o], column i is x[i]'s stamp"
    limit, scale = limit_of(view, "matrix", view.matrix.shape), scale_of(view.w)
    too_many = view.x.numel() * view.w.numel() > MOST_SQUARES or SMALLEST * outputs > limit[1]
    if view.dims == 2 and too_many:
        picture = _heat(view.matrix)
        return [
            Panel(
                title,
                inputs,
                outputs,
                [],
                words,
                [],
                bands,
                picture,
                tip=tip,
                limit=limit,
                scale=scale,
            )
        ]
    cells = []
    if view.dims == 1:
        for o, i, value in entries(view.matrix):
            j, rest = divmod(o + view.padding[1] - i * view.stride[1], view.dilation[1])
            if not rest and 0 <= j < view.w.shape[1]:
                paint, strength = shade(value, largest, True)
                cells.append(
                    Cell(i, o, number(value), paint, strength, f"s{i}-{j}", of_product(i, j, o))
                )
            else:
                cells.append(Cell(i, o, "0", "zero", faint=True, lights=of_entry(i, o)))
        where = inputs + 0.9
        cells += [
            Cell(where, i, number(value), tint(0, i), classes=f"in y0 x{i}")
            for _, i, value in entries(view.x)
        ]
        reach = float(view.y.abs().max())
        cells += [
            Cell(where + 1.9, o, number(value), *shade(value, reach, True), f"out y0 x{o}")
            for _, o, value in entries(view.y)
        ]
        bias = f" + {number(view.b)}" if view.b else ""
        labels = [Label(where - 0.25, 0, "·"), Label(where + 1.7, 0, "=")]
        return [
            Panel(title + bias, where + 2.9, outputs, cells, words, labels, whole_row=True, tip=tip)
        ]
    readable = has_numbers(view, "matrix", (outputs, inputs))
    cells = []
    for o, i, value in entries(view.matrix):
        if value:
            text = number(value, 2)
            written, said = (text, "") if readable else ("", text)
            cells.append(Cell(i, o, written, *shade(value, largest, readable), tip=said))
    scale = None if readable else scale
    return [
        Panel(title, inputs, outputs, cells, words, [], bands, tip=tip, limit=limit, scale=scale)
    ]


def overlap(view: DeconvView) -> list[Panel]:
    """How many inputs reach each output."""
    counts = view.overlap
    least, most = int(counts.min()), int(counts.max())
    tip = "How many inputs add up in each output: uneven counts show as a checkerboard."
    if view.dims == 2:
        name, symbol, title = "overlap count", "count", "overlap: inputs each"
        if view.one_large:
            name, symbol, title = "output y", "y", "output y = overlap"
        panel = shaded(view, name, counts, "out", symbol, marks(view, "out"), tip=tip)
        return [replace(panel, title=f"{title} ({least} to {most})")]
    title = f"overlap: how many inputs reach each output ({least} to {most})"
    words = words_of("overlap count", counts)
    extra = LABEL_ROOM
    blocks = []
    for column, pairs in enumerate(view.meets[1]):
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
        Panel(
            title,
            counts.shape[1] + extra,
            most + 1.3,
            blocks,
            words,
            labels,
            whole_row=True,
            tip=tip,
        )
    ]


def _turned(view: DeconvView, row: int, column: int) -> str:
    """The kernel's own cell that the turned kernel has in this place."""
    height, width = view.w.shape
    return f"ker y{height - 1 - row} x{width - 1 - column}"


def _heat(values: Tensor) -> bytes:
    """A matrix as a picture with one pixel for each number, clear where it is zero.

    Colour 0 is clear, 1 to 127 show positive numbers by opacity, 255 down to 129 negative ones.
    """
    array = values.numpy()
    largest = np.abs(array[np.isfinite(array)]).max(initial=0) or 1
    share = np.nan_to_num(array / largest).clip(-1, 1)
    levels = np.where(share > 0, np.ceil(127 * share), np.floor(127 * share)).astype(np.int8)
    image = Image.fromarray(levels.view(np.uint8), "P")
    colours = np.zeros((256, 3), np.uint8)
    for name, part in (("plus", slice(1, 128)), ("minus", slice(128, 256))):
        pair = [[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in PALETTE[name]]
        colours[part] = np.mean(pair, 0)  # between the two themes', as it is drawn for both
    image.putpalette(colours.tobytes())
    opacity = 40 + 215 * np.abs(np.arange(256, dtype=np.uint8).view(np.int8).astype(int)) / 127
    opacity[0] = 0
    file = io.BytesIO()
    clear = opacity.clip(0, 255).astype(np.uint8).tobytes()
    image.save(file, "png", compress_level=1, transparency=clear)
    return file.getvalue()
