"""A panel as SVG text, for the live picture."""

import base64
from collections.abc import Iterable, Iterator
from functools import lru_cache
from html import escape

import numpy as np

from gan_lessons.widgets import kit
from gan_lessons.widgets.cells import SMALLEST_FONT, SMALLEST_WITH_TEXT, Cell, Grid, Lights, Panel


def to_svg(panel: Panel) -> str:
    """The panel as a figure with a title, to be put in the page as it is."""
    u = panel.unit
    width, height = (round(side) for side in panel.size)
    across, down = panel.size[0] / panel.columns, panel.size[1] / panel.rows
    parts = []
    if panel.image:
        source = base64.b64encode(panel.image).decode()
        parts.append(
            f"<image href='data:image/png;base64,{source}' width='{width}' height='{height}' "
            "preserveAspectRatio='none' style='image-rendering:pixelated'/>"
        )
    style, targets = f"min-width:{0.72 * width:.0f}px", ""
    grid, font = panel.cells, 0.0
    cells: Iterable[Cell]
    if isinstance(grid, Grid) and grid.marks and not grid.readable:
        parts.append(f"<rect class='all' width='{width}' height='{height}'/>{_grid(grid, u)}")
        if grid.kind == "out":
            targets = _targets(grid, f"{style};width:{width}px;aspect-ratio:{width}/{height}")
        cells = grid.above.values()
    else:
        cells, font = panel.written()
    parts += _cells(cells, u, bool(font))
    parts += [
        f"<rect class='band' x='{x * across:g}' y='{y * down:g}' width='{w * across:g}' "
        f"height='{h * down:g}' "
        f"style='--l:{_expression(lights)}'/>"
        for x, y, w, h, lights in panel.bands
    ]
    if u >= SMALLEST_WITH_TEXT / 2:
        size = min(13, max(9, u // 2 + 1))
        parts += [
            f"<text class='e' x='{x * u:g}' y='{(y + 0.5) * u:g}' font-size='{size}'>"
            f"{escape(text)}</text>"
            for x, y, text in panel.labels
        ]
    row = "row " if panel.whole_row else ""
    title = escape(panel.title)
    caption = kit.tip(title, panel.tip) if panel.tip else title
    shape = "" if row or panel.small else f" style='--w:{width}px'"
    return (
        f"<figure class='{row}gl-tips'{shape}><figcaption>{caption}</figcaption>"
        f"<div class='scroll'><svg width='{width}' viewBox='0 0 {width} {height}' "
        f"font-size='{font or SMALLEST_FONT}' style='{style}' "
        f"role='img' aria-label='{escape(panel.words)}'>"
        f"{''.join(parts)}</svg>{targets}</div>{_scale(panel)}</figure>"
    )


def _scale(panel: Panel) -> str:
    """What the colours stand for, where numbers do not say it."""
    if panel.scale is None:
        return ""
    least, most = panel.scale
    kind = "" if least == "0" else " both"
    return f"<div class='scale'>{least}<i class='bar{kind}'></i>{most}</div>"


def _cells(cells: Iterable[Cell], u: int, with_text: bool) -> Iterator[str]:
    """Each cell as a square of its own, u pixels from one to the next."""
    side = u - 2 if u > 12 else u - 1
    for x, y, text, paint, strength, classes, lights, faint, tip in cells:
        tip = tip if with_text else tip or text
        left, top = x * u + 1, y * u + 1
        style = f" style='--l:{_expression(lights)}'" if lights else ""
        opacity = "" if strength == 1 else f" fill-opacity='{strength:.2f}'"
        end = f"><title>{escape(tip)}</title></rect>" if tip else "/>"
        yield (
            f"<rect class='{paint} {classes}' x='{left:g}' y='{top:g}' width='{side}' "
            f"height='{side}'{opacity}{style}{end}"
        )
        if text and with_text:
            kind = " class='f'" if faint else ""
            x, y = left + side / 2, top + side / 2
            yield f"<text{kind} x='{x:g}' y='{y:g}'>{escape(text)}</text>"


def _grid(grid: Grid, u: int) -> str:
    """The cells of a grid with no room for numbers: a path for each colour, then what is lit."""
    rows, columns = grid.values.shape
    edges = [f"M{x} 0v{rows}" for x in range(columns + 1)]
    edges += [f"M0 {y}h{columns}" for y in range(rows + 1)]
    (top, bottom), (left, right) = grid.linked_range
    lit = "".join(
        f"<path class='mark by-{kind}' d='{''.join(f'M{x} {y}h1v1h-1z' for y in ys for x in xs)}'/>"
        for kind, (ys, xs) in grid.marks.items()
    )
    return (
        f"<g style='--u:{u}' transform='translate(.5 .5)scale({u})'>"
        f"<g transform='translate(0 .5)'>{''.join(_runs(grid))}</g>"
        f"<path class='edge' d='{''.join(edges)}'/>"
        f"<svg x='{left}' y='{top}' width='{right - left}' height='{bottom - top}'>{lit}</svg></g>"
    )


def _targets(grid: Grid, style: str) -> str:
    """What can be pointed at in such a grid, to be laid over it."""
    columns = grid.values.shape[1]
    (top, bottom), (left, right) = grid.linked_range
    before, after = "<b></b>" * left, "<b></b>" * (columns - right)
    bare = "<i></i>" * (right - left)
    tips = ["".join(f"<i title='{tip}'></i>" for tip in row) for row in grid.tips]
    rows = [
        f"<div class='{grid.kind} y{r}'>{before}{tips[r] if tips else bare}{after}</div>"
        for r in range(bottom - top)
    ]
    cut = ["<div></div>"] * top, ["<div></div>"] * (len(grid.values) - bottom)
    return (
        f"<div class='targets' style='{style}' aria-hidden='true'>"
        f"{''.join([*cut[0], *rows, *cut[1]])}</div>"
    )


def _runs(grid: Grid) -> Iterator[str]:
    """A path for each paint and strength, of horizontal lines as wide as a row is high."""
    keys = 101 * grid.paints + np.rint(100 * grid.strengths).astype(int)
    starts = np.ones(keys.shape, bool)
    starts[:, 1:] = keys[:, 1:] != keys[:, :-1]
    at = np.flatnonzero(starts)
    lengths = np.diff(at, append=keys.size)
    order = np.argsort(keys.flat[at], kind="stable")
    rows, columns = np.divmod(at[order], keys.shape[1])
    runs = zip(columns.tolist(), rows.tolist(), lengths[order].tolist(), strict=True)
    lines = [f"M{x} {y}h{length}" for x, y, length in runs]
    found, firsts = np.unique(keys.flat[at[order]], return_index=True)
    ends = [*firsts[1:].tolist(), len(lines)]
    for key, first, end in zip(found.tolist(), firsts.tolist(), ends, strict=True):
        paint, level = divmod(key, 101)
        opacity = "" if level == 100 else f" stroke-opacity='{level / 100:g}'"
        yield f"<path class='{grid.names[paint]}' d='{''.join(lines[first:end])}'{opacity}/>"


@lru_cache(maxsize=8192)  # the same cells come again at each redraw
def _expression(lights: Lights) -> str:
    """Lights as a style's number: a product is "and", the largest is "or"."""
    products = ["*".join(f"var(--{name},0)" for name in names) or "1" for names in lights]
    return f"calc({products[0]})" if len(products) == 1 else f"max({','.join(products)})"
