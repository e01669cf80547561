"""Panels as a still picture, in the colours of a light page."""

import io
from collections.abc import Iterable, Sequence

from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.patches import Rectangle
from PIL import Image

from gan_lessons import plots
from gan_lessons.widgets.cells import KINDS, WIDEST, Cell, Lights, Panel
from gan_lessons.widgets.kit import PALETTE


def to_picture(panels: Sequence[Panel], lights: set[str], heading: str, alt: str) -> plots.Picture:
    """The panels as a still picture, in the colours of a light page."""
    gap, caption, margin = 24, 26, 4
    places, x, y, tallest = [], 0.0, 30.0, 0.0
    for panel in panels:  # from left to right, as a page would wrap them
        width, height = panel.size[0], panel.size[1] + caption
        width = max(width, 7 * len(_title(panel)))
        if x and (x + width > WIDEST + 40 or panel.whole_row):
            x, y, tallest = 0.0, y + tallest + gap / 2, 0.0
        places.append((x, y))
        x, tallest = x + width + gap, max(tallest, height)
    wide = max(px + max(p.size[0], 7 * len(_title(p))) for p, (px, _) in _both(panels, places))
    wide, tall = max(wide, 6.4 * len(heading)) + 2 * margin, y + tallest + margin
    drawn, axis = plots.figure(wide / 80, tall / 80)
    drawn.set_layout_engine("none")
    axis.set_position((0, 0, 1, 1))
    axis.set(xlim=(-margin, wide - margin), ylim=(tall, 0))
    axis.set_axis_off()
    axis.text(0, 14, heading, color=plots.INK, fontsize=9, fontweight="bold", va="center")
    for panel, (left, top) in _both(panels, places):
        axis.text(left, top + 10, _title(panel), color=plots.INK, fontsize=8.5, va="center")
        _draw(axis, panel, left, top + caption, lights)
    return plots.picture(drawn, alt)


def _title(panel: Panel) -> str:
    """With what the colours stand for, where numbers do not say it."""
    return panel.title + (f", {panel.scale[0]} to {panel.scale[1]}" if panel.scale else "")


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
    return Image.open(io.BytesIO(png)).convert("RGBA")


def _on(lights: Lights, on: set[str]) -> bool:
    return any(all(name in on for name in names) for names in lights)


def _is_lit(cell: Cell, on: set[str]) -> bool:
    kind, *places = [*cell.classes.split(), ""]
    if kind in KINDS:
        return all(f"{kind[0]}{place}" in on for place in places if place)
    return _on(cell.lights, on)
