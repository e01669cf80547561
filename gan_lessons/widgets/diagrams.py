"""Curves, arrows and dots in a frame with axes: plain data, drawn as SVG and as a still picture.

curve = Line("fake", points)                    # in a colour of kit.PALETTE
level = Line("muted dashed", [(0, 1), (500, 1)])
diagram = Diagram("Radius 3.10", (340, 130), (0, 500), (-1, 1), [curve, level])
to_svg(diagram)                                 # for the page, by the rules of explorers.css
side_by_side(diagram, other)                    # several, wrapped where a page is narrow
draw(axis, diagram)                             # on an axis of matplotlib
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from textwrap import fill
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes

from gan_lessons import plots
from gan_lessons.widgets import kit

LEFT, BOTTOM, AROUND = 30, 18, 5  # pixels beside the inside
TITLE = 36  # characters in a line of a still picture's title
OUTSIDE = 1e5  # pixels; what lies farther out is drawn there, where nobody sees it
Points = Sequence[tuple[float, float]] | np.ndarray  # (N, 2)
Ticks = Sequence[tuple[float, str]]  # where, and what is written there


class Line(NamedTuple):
    """look: a colour of kit.PALETTE; with "dashed", "thin" or "filled" after it, drawn so."""

    look: str
    points: Points


def arrow(x: float, y: float, along: float, up: float, look: str = "muted thin") -> Line:
    """From (x, y) to (x + along, y + up), with a head of a third of its length."""
    heads = [(0.7 * along + side * up, 0.7 * up - side * along) for side in (0.16, -0.16)]
    steps = [(0.0, 0.0), (along, up), heads[0], (along, up), heads[1]]
    return Line(look, [(x + right, y + above) for right, above in steps])


class Dot(NamedTuple):
    """look: a colour of kit.PALETTE; "hollow" after it: a ring."""

    look: str
    x: float
    y: float


@dataclass(frozen=True)
class Diagram:
    """size: of its inside, in pixels; a square keeps both scales equal. x, y: what it spans.

    At each tick a line of the grid crosses the inside; its left and lower edges are drawn, too.
    """

    title: str
    size: tuple[int, int]
    x: tuple[float, float]
    y: tuple[float, float]
    lines: Sequence[Line] = ()
    dots: Sequence[Dot] = ()
    x_ticks: Ticks = ()
    y_ticks: Ticks = ()

    @property
    def all_lines(self) -> list[Line]:
        """The grid and the lines, in the order they are drawn: first what is filled."""
        across = [Line("line", [(self.x[0], y), (self.x[1], y)]) for y, _ in self.y_ticks]
        down = [Line("line", [(x, self.y[0]), (x, self.y[1])]) for x, _ in self.x_ticks]
        corner = (self.x[0], self.y[0])
        edges = [Line("line", [(self.x[0], self.y[1]), corner, (self.x[1], self.y[0])])]
        filled = [line for line in self.lines if "filled" in line.look]
        others = [line for line in self.lines if "filled" not in line.look]
        return [*filled, *edges, *across, *down, *others]

    def to_pixels(self, points: Points) -> list[tuple[float, float]]:
        """From the top left corner of the inside."""
        (left, right), (bottom, top) = self.x, self.y
        shares = (np.asarray(points).reshape(-1, 2) - (left, top)) / (right - left, bottom - top)
        return ((shares * self.size).clip(-OUTSIDE, OUTSIDE) + 0.0).tolist()  # no −0


def to_svg(diagram: Diagram) -> str:
    """The diagram with its title over it, as wide as there is room for."""
    (width, height), at = diagram.size, diagram.to_pixels
    parts = []
    for look, lines in groupby(diagram.all_lines, key=lambda line: line.look):
        drawn = ("L".join(f"{x:.1f} {y:.1f}" for x, y in at(line.points)) for line in lines)
        parts.append(f"<path class='{look}' d='{''.join(f'M{each}' for each in drawn if each)}'/>")
    for look, x, y in diagram.dots:
        ((across, down),) = at([(x, y)])
        parts.append(f"<circle class='{look}' cx='{across:.1f}' cy='{down:.1f}' r='4'/>")
    texts = ""
    for value, name in diagram.x_ticks:
        texts += f"<text x='{at([(value, 0)])[0][0]:.1f}' y='{height + 11}'>{name}</text>"
    for value, name in diagram.y_ticks:
        texts += f"<text class='e' x='-6' y='{at([(0, value)])[0][1]:.1f}'>{name}</text>"
    box = f"{-LEFT} {-AROUND} {width + LEFT + AROUND} {height + BOTTOM + AROUND}"
    title = escape(diagram.title)
    style = f"style='width:{width}px;height:{height}px'"  # for browsers that prefer it
    return (
        f"<figure class='gl-diagram'><figcaption>{title}</figcaption><svg viewBox='{box}' "
        f"role='img' aria-label='{title}'>{texts}<svg class='inside' width='{width}' "
        f"height='{height}' {style}>{''.join(parts)}</svg></svg></figure>"
    )


def side_by_side(*diagrams: Diagram) -> str:
    """Diagrams in a row, each up to 1.35 times its size; one below the other on a narrow page."""
    drawn = "".join(
        to_svg(each).replace(
            "<figure",
            f"<figure style='flex: 1 1 {each.size[0]}px; max-width: {1.35 * each.size[0]:.0f}px; "
            "margin: 0'",
            1,
        )
        for each in diagrams
    )
    return f"<div style='display: flex; flex-flow: row wrap; gap: 4px 22px'>{drawn}</div>"


def draw(axis: Axes, diagram: Diagram) -> None:
    """The same on an axis, in the colours of a light page."""
    for look, points in diagram.all_lines:
        colour, *more = look.split()
        width = 0.7 if "thin" in more or colour == "line" else 1.3
        paint = {"color": kit.PALETTE[colour][0], "linewidth": width}
        x, y = np.asarray(points).reshape(-1, 2).T
        if "filled" in more:
            axis.fill(x, y, **paint)
        else:
            axis.plot(x, y, "--" if "dashed" in more else "-", **paint)
    for look, across, down in diagram.dots:
        colour, *more = look.split()
        face = "none" if more else kit.PALETTE[colour][0]
        axis.plot(across, down, "o", color=kit.PALETTE[colour][0], markerfacecolor=face, ms=6)
    for ticks, put in ((diagram.x_ticks, axis.set_xticks), (diagram.y_ticks, axis.set_yticks)):
        put([value for value, _ in ticks], [name for _, name in ticks], fontsize=8)
    axis.set(xlim=diagram.x, ylim=diagram.y)
    axis.set_aspect("equal" if diagram.size[0] == diagram.size[1] else "auto")
    axis.grid(False)
    plots.title(axis, fill(diagram.title, TITLE))
