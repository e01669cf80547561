"""One style for all figures, and pictures with alt text.

    figure, axis = plots.figure(height=2.5)
    axis.plot(...)
    plots.picture(figure, "Two curves: ...")

`picture` returns what a notebook displays: the figure with alt text. Figures are created without
pyplot, whose global state breaks when a widget's callback uses it.
"""

import html
import io
import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import matplotlib
import numpy as np
import torch
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

from gan_lessons.checks import fits, flag, instance, items, number, one_of, shown, whole
from gan_lessons.data import to_uint8

# Okabe and Ito's colour-blind safe colours, darkened to a contrast of at least 4.5 on PAPER.
REAL = "#0068A8"
FAKE = "#B84A00"
GENERATOR = "#99407A"
DISCRIMINATOR = "#007055"
INK = "#23272E"
MUTED = "#5E6570"
PAPER = "#FCFCFA"

STYLE: dict[Any, Any] = {
    "figure.facecolor": PAPER,
    "figure.constrained_layout.use": True,
    "axes.facecolor": PAPER,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.prop_cycle": cycler(color=[REAL, FAKE, DISCRIMINATOR, GENERATOR, MUTED]),
    "grid.color": "#E3E5E8",
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "axes.formatter.min_exponent": 4,  # 0.1 and 100 on logarithmic axes, not powers of ten
    "font.size": 10,
}
MOST_INCHES, MOST_AXES = 100, 100  # of a figure's sides, and of axes along each
LARGEST = 2**28  # pixels of a sheet
MOST_DIGITS = 12  # of a table
_CSS_DPI = 80
_DPI = 2 * _CSS_DPI  # for sharp screens


Bundle = tuple[dict[str, Any], dict[str, Any]]  # data and metadata, by MIME type


class Picture:
    """A PNG and its alt text, as a notebook displays and stores them.

    chart: it is lines and words on paper, without pictures. On a dark page its lightness is turned
    round (the rule is in explorers.css, and JupyterLab gives such an image a class).

    Raises ValueError if the alt text is empty.
    """

    def __init__(self, png: bytes, alt: str, width: int, *, chart: bool = False):
        if not instance("alt", alt, str).strip():
            raise ValueError("a picture needs alt text that says what it shows: alt is empty")
        self.png = instance("png", png, bytes)
        self.alt = alt
        self.width = whole("width", width, 1)  # in CSS pixels
        self.chart = flag("chart", chart)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> Bundle:
        about: dict[str, Any] = {"image/png": {"alt": self.alt, "width": self.width}}
        if self.chart:
            about["needs_background"] = "light"
        return {"image/png": self.png, "text/plain": self.alt}, about

    def __repr__(self) -> str:
        return self.alt


class Table:
    """Rows of numbers under names, as a notebook displays them: also in a narrow window.

    Printed lines break in the middle of a number where the window ends; these rows do not.

    rows: for each row's name, its numbers by the columns' names; a column that a row lacks is empty
    digits: behind the point

    Raises ValueError if there are no rows or no columns.
    """

    def __init__(self, rows: Mapping[str, Mapping[str, float]], digits: int = 2):
        self._digits = whole("digits", digits, 0, MOST_DIGITS)
        instance("rows", rows, Mapping, "pass names with their numbers")
        self._rows = {
            str(name): {
                str(key): number(f"rows[{name!r}][{key!r}]", value)
                for key, value in instance(f"rows[{name!r}]", row, Mapping).items()
            }
            for name, row in rows.items()
        }
        self._columns = list(dict.fromkeys(key for row in self._rows.values() for key in row))
        if not self._columns:
            raise ValueError(f"a table needs rows with numbers, got {shown(rows)}")

    def _lines(self) -> list[list[str]]:
        """All as words, the names of the columns first."""
        lines = [["", *self._columns]]
        for name, row in self._rows.items():
            cells = (f"{row[key]:.{self._digits}f}" if key in row else "" for key in self._columns)
            lines.append([name, *cells])
        return lines

    def __repr__(self) -> str:
        lines = self._lines()
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(
            "  ".join(
                [line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])],
            ).rstrip()
            for line in lines
        )

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        (_, *columns), *lines = self._lines()
        head = "".join(f'<th scope="col">{html.escape(each)}</th>' for each in columns)
        body = "".join(
            f'<tr><th scope="row">{html.escape(name)}</th>'
            f"{''.join(f'<td>{each}</td>' for each in cells)}</tr>"
            for name, *cells in lines
        )
        return {
            "text/plain": repr(self),
            "text/html": f"<table><thead><tr><th></th>{head}</tr></thead>"
            f"<tbody>{body}</tbody></table>",
        }


def figure(
    width: float = 8.0, height: float = 3.0, *, rows: int = 1, columns: int = 1, **subplots: Any
) -> tuple[Figure, Any]:
    """A figure in the course's style and its axes. Sizes are in inches of 80 CSS pixels."""
    width = number("width", width, above=0, most=MOST_INCHES)
    height = number("height", height, above=0, most=MOST_INCHES)
    rows, columns = whole("rows", rows, 1, MOST_AXES), whole("columns", columns, 1, MOST_AXES)
    with matplotlib.rc_context(STYLE):
        new = Figure(figsize=(width, height), dpi=_DPI)
        FigureCanvasAgg(new)
        return new, new.subplots(rows, columns, **subplots)


def title(axis: Axes, text: str) -> None:
    """Sets the axis's title, which says what the figure shows."""
    instance("axis", axis, Axes).set_title(
        instance("text", text, str), loc="left", fontsize=11, fontweight="bold", color=INK
    )


def picture(drawn: Figure | Image.Image, alt: str, *, width: int | None = None) -> Picture:
    """The figure or image as a picture with alt text, for the last line of a notebook's cell.

    width: in CSS pixels; by default the figure's or image's own. Raises ValueError if the alt text
    is empty.
    """
    width = None if width is None else whole("width", width, 1)
    file = io.BytesIO()
    chart = False
    if isinstance(drawn, Image.Image):
        drawn.save(file, "png")
        natural = drawn.width
    else:
        with matplotlib.rc_context(STYLE):
            instance("drawn", drawn, Figure).savefig(
                file, format="png", metadata={"Software": None}
            )
        natural = round(drawn.get_figwidth() * _CSS_DPI)
        chart = not any(axis.images for axis in drawn.axes)
    return Picture(file.getvalue(), alt, natural if width is None else width, chart=chart)


def gallery(
    pictures: Sequence[Tensor],
    titles: Sequence[str],
    columns: int = 5,
    *,
    size: float = 1.4,
    colours: str = "gray",
    most: float | None = None,
) -> Figure:
    """Maps side by side, each under a few words.

    pictures: maps (H, W); titles: the words above each; columns: maps in a row
    size: of a map, in inches; colours: a colour map's name
    most: the value of the last colour, whose negative has the first; by default each map's own
        smallest and largest values have them

    Raises ValueError for no maps, other shapes, and another number of titles.
    """
    pictures, titles = items("pictures", pictures), items("titles", titles)
    if not pictures or any(not isinstance(each, Tensor) or each.dim() != 2 for each in pictures):
        raise ValueError(f"pictures must be (H, W), at least one, got {shown(pictures)}")
    size = number("size", size, above=0, most=20)
    colours = one_of("colours", colours, matplotlib.colormaps)
    if most is not None:
        most = number("most", most, above=0)
    if len(titles) != len(pictures):
        raise ValueError(f"titles must be {len(pictures)}, one for each, got {len(titles)}")
    columns = min(whole("columns", columns, 1, MOST_AXES), len(pictures))
    rows = -(-len(pictures) // columns)
    drawn, axes = figure(columns * size, rows * (size + 0.3), rows=rows, columns=columns)
    least = None if most is None else -most
    for axis in np.ravel(axes):
        axis.set_axis_off()
    for axis, each, words in zip(np.ravel(axes), pictures, titles, strict=False):
        axis.imshow(each.detach().cpu().numpy(), cmap=colours, vmin=least, vmax=most)
        axis.set_title(words, fontsize=9)
    return drawn


def rows(named: Mapping[str, Tensor], *, scale: int = 5, gap: int = 6) -> Figure:
    """A row of pictures for each name, which stands left of it. On a screen they are sharp.

    named: pictures (N, C, H, W) as in `sheet`, the same number and shape in each row
    scale, gap: as in `sheet`, of a sharp screen's pixels, two to a CSS pixel

    Raises ValueError for no rows, for rows of different shapes, and for what `sheet` refuses.
    """
    instance("named", named, Mapping, "pass names with their pictures")
    parts = [instance(f"named[{name!r}]", each, Tensor) for name, each in named.items()]
    shapes = {tuple(each.shape) for each in parts}
    if len(shapes) != 1 or len(min(shapes)) != 4:
        raise ValueError(f"named must hold rows of one shape (N, C, H, W), got {sorted(shapes)}")
    pixels = sheet(torch.cat(parts), len(parts[0]), scale=scale, gap=gap)
    drawn, axis = figure()
    drawn.set_layout_engine("none")
    axis.imshow(pixels, interpolation="nearest")
    step = (pixels.height + gap) / len(parts)
    axis.set_yticks([step * i + (step - gap) / 2 for i in range(len(parts))], list(named))
    axis.set_xticks([])
    axis.tick_params(length=0, labelcolor=INK)
    axis.grid(visible=False)
    axis.spines[:].set_visible(False)
    left = max(each.get_window_extent().width for each in axis.get_yticklabels()) + _DPI / 8
    drawn.set_size_inches((left + pixels.width) / _DPI, pixels.height / _DPI)
    axis.set_position((left / (left + pixels.width), 0, pixels.width / (left + pixels.width), 1))
    return drawn


def sheet(
    pictures: Tensor,
    columns: int | None = None,
    *,
    scale: int = 2,
    gap: int = 2,
    clip: bool = False,
) -> Image.Image:
    """Pictures in rows as one Pillow image, on the colour PAPER.

    pictures: (N, C, H, W), uint8 or floats in [-1, 1]; C is 1 or 3
    columns: pictures per row; by default about as many as rows
    scale: each pixel becomes scale × scale pixels; gap: pixels between pictures
    clip: show floats of another range too, clipped to [-1, 1]

    Raises ValueError for other shapes, for no pictures, and for floats of another range
    (see `data.images.check_range`).
    """
    instance("pictures", pictures, Tensor)
    if pictures.dim() != 4 or pictures.shape[1] not in (1, 3) or not len(pictures):
        raise ValueError(f"pictures must be (N, 1 or 3, H, W), got {tuple(pictures.shape)}")
    scale, gap = whole("scale", scale, 1), whole("gap", gap, 0)
    flag("clip", clip)
    if columns is None:
        columns = math.ceil(math.sqrt(len(pictures)))
    columns = whole("columns", columns, 1)
    n, height, width = len(pictures), *(scale * side for side in pictures.shape[2:])
    rows = -(-n // columns)
    step_y, step_x = height + gap, width + gap
    fits("the sheet", rows * step_y * columns * step_x, LARGEST, "use a smaller scale or gap")
    pixels = pictures if pictures.dtype == torch.uint8 else to_uint8(pictures, clip=clip)
    pixels = pixels.detach().cpu().expand(-1, 3, -1, -1).permute(0, 2, 3, 1)
    pixels = pixels.repeat_interleave(scale, 1).repeat_interleave(scale, 2)
    canvas = np.empty((rows * step_y - gap, columns * step_x - gap, 3), dtype=np.uint8)
    canvas[:] = [int(PAPER[i : i + 2], 16) for i in (1, 3, 5)]
    for i, picture in enumerate(pixels.numpy()):
        top, left = i // columns * step_y, i % columns * step_x
        canvas[top : top + height, left : left + width] = picture
    return Image.fromarray(canvas)


class Losses(Protocol):
    """The part of a training's history that `losses` reads: both losses of every step."""

    discriminator_loss: list[float]
    generator_loss: list[float]


def losses(history: Losses, *, smooth: int = 25) -> Figure:
    """Both losses against the step: thin as measured, bold as a mean over `smooth` steps.

    The axis fits the means; the loss of a single step may lie outside it. Raises ValueError for an
    empty history.
    """
    smooth = whole("smooth", smooth, 1)
    if not hasattr(history, "discriminator_loss") or not hasattr(history, "generator_loss"):
        raise ValueError(f"history must hold the losses of a training, got {shown(history)}")
    if not history.generator_loss:
        raise ValueError("there are no steps in this history yet: train first")
    drawn, axis = figure(height=2.6)
    highest, lowest = 0.0, 0.0
    for name, values, colour in (
        ("discriminator", history.discriminator_loss, DISCRIMINATOR),
        ("generator", history.generator_loss, GENERATOR),
    ):
        steps = np.arange(1, len(values) + 1)
        window = min(smooth, len(values))
        mean = moving_mean(values, window)
        axis.plot(steps, values, color=colour, linewidth=0.6, alpha=0.35)
        axis.plot(steps[window - 1 :], mean, color=colour, label=name)
        highest, lowest = max(highest, mean.max()), min(lowest, mean.min())
    room = 0.15 * (highest - lowest)
    axis.set(
        xlabel="step", ylabel="loss", xlim=(0, len(steps)), ylim=(lowest - room, highest + room)
    )
    axis.legend(loc="upper right", ncols=2, frameon=False)
    return drawn


def strips(
    axis: Axes,
    stored: Mapping[str, Sequence[float] | Tensor],
    here: Mapping[str, float] | None = None,
    colours: Mapping[str, str] | None = None,
) -> None:
    """What other seeds gave, and on top of it what this run gave: a strip for each name.

    stored: the values of the seeds, drawn as dots, with a line at their median, first name on top
    here: this run's value for some of the names, drawn as a diamond
    colours: of some of the names

    Raises ValueError if there is nothing to draw, `here` has a name that `stored` lacks, or a value
    is no number.
    """
    instance("axis", axis, Axes)
    here = {} if here is None else here
    colours = {} if colours is None else colours
    for name, given in (("stored", stored), ("here", here), ("colours", colours)):
        instance(name, given, Mapping, "pass names with their values")
    if not stored:
        raise ValueError("there is no strip to draw: stored is empty")
    for name, colour in colours.items():
        instance(f"colours[{name!r}]", colour, str, "pass a colour such as 'red' or '#d62728'")
    for name, value in here.items():
        one_of("name of this run's value", name, stored)
        number(f"here[{name!r}]", value)
    for row, (name, values) in enumerate(stored.items()):
        known = _row(f"stored[{name!r}]", values)
        colour = colours.get(name, REAL)
        spread = 0.22 * np.sin(2.4 * np.arange(len(known)))  # so that equal values are all seen
        axis.plot(known, row + spread, "o", color=colour, markersize=4, alpha=0.45, linewidth=0)
        axis.plot([np.median(known)] * 2, [row - 0.36, row + 0.36], color=colour)
        if name in here:
            axis.plot(
                [here[name]], [row], "D",
                color=PAPER, markersize=8, markeredgecolor=INK, markeredgewidth=1.2, zorder=5,
            )  # fmt: skip
    axis.set(yticks=range(len(stored)), yticklabels=list(stored), ylim=(len(stored) - 0.45, -0.55))
    axis.grid(visible=False, axis="y")


def moving_mean(values: Sequence[float], window: int) -> np.ndarray:
    """The mean of every `window` consecutive values: len(values) - window + 1 numbers."""
    numbers = _row("values", values)
    window = whole("window", window, 1, len(numbers))
    return np.convolve(numbers, np.full(window, 1 / window), mode="valid")


def _row(name: str, values: Sequence[float] | Tensor) -> np.ndarray:
    """(n,) numbers, n at least 1."""
    try:
        numbers = np.asarray(values, dtype=float)
    except (TypeError, ValueError, OverflowError, RuntimeError):
        numbers = np.empty(0)
    if numbers.ndim != 1 or not len(numbers):
        raise ValueError(f"{name} must be numbers in a row, at least one, got {shown(values)}")
    return numbers
