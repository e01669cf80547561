"""Grids of cells with numbers in them: as SVG text for a live picture, and as a still one.

A panel is plain data. Its cells may be linked: a cell that is pointed at lights others, in all
panels under one root, by style rules alone, with no kernel asked. For that a cell has classes (what
it is) and names of lights: it is lit where, in one of its tuples, all lights are on.
"""

import base64
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.patches import Rectangle
from PIL import Image

from gan_lessons import plots

Lights = tuple[tuple[str, ...], ...]


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
class Panel:
    """A titled grid of cells, `columns` by `rows` of them.

    cells: drawn once, so an iterator will do; thousands of cells that live at the same time would
    wake the garbage collector, for a tenth of a second. words: what it shows, for those who cannot
    see it. image: fills the grid, under the cells.
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

    @property
    def unit(self) -> int:
        """Side of a cell in pixels."""
        return max(6, min(34, int(WIDEST / self.columns), int(TALLEST / self.rows)))

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in pixels. An image is made to fit, however many rows it has."""
        if self.image:
            return min(WIDEST, 34 * self.columns), min(TALLEST, 34 * self.rows)
        return self.columns * self.unit, self.rows * self.unit

    def written(self) -> tuple[Iterable[Cell], float]:
        """The cells, and the size in pixels at which all their numbers fit; 0 where too small."""
        if self.unit < SMALLEST_WITH_TEXT:
            return self.cells, 0.0
        cells = list(self.cells)
        longest = max((len(cell.text) for cell in cells), default=1)
        size = round(min(13, 0.94 * self.unit / (0.62 * max(3, longest))), 1)
        return cells, size if size >= SMALLEST_FONT else 0.0


WIDEST, TALLEST = 620, 430
SMALLEST_WITH_TEXT = 19
SMALLEST_FONT = 7
# Input, output, kernel, a zero that was put in, and what is for one output alone.
KINDS = ("in", "out", "ker", "zer", "Own")

# Name: in a light page, in a dark page.
PALETTE = {
    "paper": (plots.PAPER, "#1B1E23"),
    "ink": (plots.INK, "#ECEEF1"),
    "muted": (plots.MUTED, "#A4ABB6"),
    "line": ("#C3C8CF", "#4A515C"),
    "lit": ("#B3124A", "#FF86AE"),
    "blank": ("#F0F1F3", "#272B32"),
    "zero": (plots.PAPER, "#1B1E23"),
    "cut": ("#E3E5E8", "#33383F"),
    "plus": ("#5B4FA3", "#A99CF2"),
    "minus": ("#8F6400", "#E0B04A"),
    "t0": ("#BFD9F2", "#1F4467"),
    "t1": ("#FBD3B0", "#6B3A12"),
    "t2": ("#BDE6D3", "#12503C"),
    "t3": ("#EFC6E0", "#5E2A4F"),
    "t4": ("#F3E7A2", "#574A0B"),
    "t5": ("#CBEAF3", "#164C5C"),
    "t6": ("#DCD0F5", "#453470"),
    "t7": ("#E0DCD3", "#47433B"),
}
TINTS = [name for name in PALETTE if name[0] == "t" and name[1:].isdigit()]


def number(value: float, digits: int = 3) -> str:
    """At most so many digits, no needless zeros, a true minus sign: 0.5, −12, 1200.

    Below a tenth the zero in front goes, for a digit more: −.021. What is not zero but too small to
    be seen is .000; from a million on, powers of ten: 1.3e6.
    """
    if not math.isfinite(value):
        return "nan" if math.isnan(value) else "∞" if value > 0 else "−∞"
    if abs(value) >= 1e6:
        return f"{value:.2g}".replace("+0", "").replace("+", "").replace("-", "−")
    if not value:
        return "0"
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


def style_sheet(root: str, most: int) -> str:
    """What all pictures under the class `root` share: colours of both themes, how lit cells look.

    most: how many rows or columns of one kind there can be.

    Cells of the KINDS, with classes y0, y1, … and x0, x1, … for their row and column, are lit where
    the lights of both are on: for "in" these are iy0 and ix0, for "out" oy0 and ox0.
    """
    light, dark = (
        ";".join(f"--{name}:{colours[i]}" for name, colours in PALETTE.items()) for i in (0, 1)
    )
    paints = "".join(f".{root} .{name}{{fill:var(--{name})}}" for name in PALETTE)
    links = "".join(
        f".{root} .{kind}.{axis}{i}{{--{axis}:var(--{kind[0]}{axis}{i},0)}}"
        for kind in KINDS
        for axis in "yx"
        for i in range(most)
    )
    dark_pages = ",".join(
        f"{page} .{root}" for page in ('body[data-jp-theme-light="false"]', 'html[theme="dark"]')
    )
    return (
        f"<style>.{root}{{{light}}}{dark_pages}{{{dark}}}"
        f".{root}{{background:var(--paper);color:var(--ink);font:13px/1.45 system-ui,sans-serif;"
        "border-radius:8px;padding:12px;box-sizing:border-box;max-width:100%}"
        f".{root} .panels{{display:flex;flex-wrap:wrap;gap:12px 22px;align-items:flex-start}}"
        f".{root} figure{{margin:0;min-width:126px;max-width:100%}}.{root} .row{{flex:1 1 100%}}"
        # A caption is as wide as its panel, whatever it says.
        f".{root} figcaption{{width:0;min-width:100%;font-weight:600;margin:0 0 4px;"
        "color:var(--ink);font-size:13px;text-align:left;padding:0}"
        f".{root} .scroll{{overflow-x:auto;max-width:100%;padding:2px}}"
        f".{root} svg{{display:block;overflow:visible;max-width:100%;height:auto}}"
        f".{root} rect{{stroke-width:calc(1px + 1.5px*var(--l,0));"
        "stroke:color-mix(in srgb,var(--lit) calc(100%*var(--l,0)),var(--line))}"
        f".{root} :is(.{',.'.join(KINDS)}){{--l:calc(var(--y,0)*var(--x,0))}}"
        f".{root} .band{{fill:none;stroke:var(--lit);stroke-width:2px;stroke-opacity:var(--l,0);"
        "pointer-events:none}"
        f".{root} text{{fill:var(--ink);text-anchor:middle;dominant-baseline:central;"
        "pointer-events:none;font-variant-numeric:tabular-nums}"
        f".{root} text.f{{fill:var(--muted)}}.{root} text.e{{text-anchor:end;fill:var(--muted)}}"
        f"{paints}{links}</style>"
    )


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
    side = u - 2 if u > 12 else u - 1
    cells, font = panel.written()
    for x, y, text, paint, strength, classes, lights, faint, tip in cells:
        tip = tip if font else tip or text
        left, top = x * u + 1, y * u + 1
        style = f" style='--l:{_expression(lights)}'" if lights else ""
        opacity = "" if strength == 1 else f" fill-opacity='{strength:.2f}'"
        end = f"><title>{escape(tip)}</title></rect>" if tip else "/>"
        parts.append(
            f"<rect class='{paint} {classes}' x='{left:g}' y='{top:g}' width='{side}' "
            f"height='{side}'{opacity}{style}{end}"
        )
        if text and font:
            kind = " class='f'" if faint else ""
            x, y = left + side / 2, top + side / 2
            parts.append(f"<text{kind} x='{x:g}' y='{y:g}'>{escape(text)}</text>")
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
    row = " class='row'" if panel.whole_row else ""
    return (
        f"<figure{row}><figcaption>{escape(panel.title)}</figcaption><div class='scroll'>"
        f"<svg width='{width}' viewBox='0 0 {width} {height}' "
        f"font-size='{font or SMALLEST_FONT}' style='min-width:{0.72 * width:.0f}px' "
        f"role='img' aria-label='{escape(panel.words)}'>"
        f"{''.join(parts)}</svg></div></figure>"
    )


def to_picture(panels: Sequence[Panel], lights: set[str], heading: str, alt: str) -> plots.Picture:
    """The panels as a still picture, in the colours of a light page."""
    gap, caption, margin = 24, 26, 4
    places, x, y, tallest = [], 0.0, 30.0, 0.0
    for panel in panels:  # from left to right, as a page would wrap them
        width, height = panel.size[0], panel.size[1] + caption
        width = max(width, 7 * len(panel.title))
        if x and (x + width > WIDEST + 40 or panel.whole_row):
            x, y, tallest = 0.0, y + tallest + gap / 2, 0.0
        places.append((x, y))
        x, tallest = x + width + gap, max(tallest, height)
    wide = max(px + max(p.size[0], 7 * len(p.title)) for p, (px, _) in _both(panels, places))
    wide, tall = max(wide, 6.4 * len(heading)) + 2 * margin, y + tallest + margin
    drawn, axis = plots.figure(wide / 80, tall / 80)
    drawn.set_layout_engine("none")
    axis.set_position((0, 0, 1, 1))
    axis.set(xlim=(-margin, wide - margin), ylim=(tall, 0))
    axis.set_axis_off()
    axis.text(0, 14, heading, color=plots.INK, fontsize=9, fontweight="bold", va="center")
    for panel, (left, top) in _both(panels, places):
        axis.text(left, top + 10, panel.title, color=plots.INK, fontsize=8.5, va="center")
        _draw(axis, panel, left, top + caption, lights)
    return plots.picture(drawn, alt)


def _draw(axis: Axes, panel: Panel, left: float, top: float, lights: set[str]) -> None:
    u = panel.unit
    across, down = panel.size[0] / panel.columns, panel.size[1] / panel.rows
    if panel.image:
        box = (left, left + panel.size[0], top + panel.size[1], top)
        axis.imshow(_opened(panel.image), extent=box, interpolation="nearest", aspect="auto")
    drawn, font = panel.written()
    cells = list(drawn)
    for lit in (False, True):  # the lit ones last, over their neighbours' edges
        group = [cell for cell in cells if _is_lit(cell, lights) == lit]
        axis.add_collection(
            PolyCollection(
                [_square(left + cell.x * u + 1, top + cell.y * u + 1, u - 2) for cell in group],
                facecolors=[(PALETTE[cell.paint][0], cell.strength) for cell in group],
                edgecolors=PALETTE["lit" if lit else "line"][0],
                linewidths=1.6 if lit else 0.6,
            ),
            autolim=False,
        )
    for x, y, width, height, when in panel.bands:
        if _on(when, lights):
            corner, size = (left + x * across, top + y * down), (width * across, height * down)
            edge = PALETTE["lit"][0]
            axis.add_patch(Rectangle(corner, *size, fill=False, edgecolor=edge, linewidth=1.6))
    written = [cell for cell in cells if cell.text] if font else []
    for cell in written:
        colour = plots.MUTED if cell.faint else plots.INK
        where = (left + (cell.x + 0.5) * u, top + (cell.y + 0.5) * u)
        axis.text(*where, cell.text, color=colour, fontsize=0.85 * font, ha="center", va="center")
    for x, y, text in panel.labels:
        where, points = (left + x * u, top + (y + 0.5) * u), min(8, 0.5 * u)
        axis.text(*where, text, color=plots.MUTED, fontsize=points, ha="right", va="center")


def _both(
    panels: Sequence[Panel], places: Sequence[tuple[float, float]]
) -> Iterable[tuple[Panel, tuple[float, float]]]:
    return zip(panels, places, strict=True)


def _square(x: float, y: float, side: float) -> list[tuple[float, float]]:
    return [(x, y), (x + side, y), (x + side, y + side), (x, y + side)]


def _opened(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png))


def _expression(lights: Lights) -> str:
    """Lights as a style's number: a product is "and", the largest is "or"."""
    products = ["*".join(f"var(--{name},0)" for name in names) or "1" for names in lights]
    return f"calc({products[0]})" if len(products) == 1 else f"max({','.join(products)})"


def _on(lights: Lights, on: set[str]) -> bool:
    return any(all(name in on for name in names) for names in lights)


def _is_lit(cell: Cell, on: set[str]) -> bool:
    kind, *places = [*cell.classes.split(), ""]
    if kind in KINDS:
        return all(f"{kind[0]}{place}" in on for place in places if place)
    return _on(cell.lights, on)
