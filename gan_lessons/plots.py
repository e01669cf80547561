"""One style for all figures, and pictures with alt text.

    figure, axis = plots.figure(height=2.5)
    axis.plot(...)
    plots.picture(figure, "Two curves: ...")

`picture` returns what a notebook displays: the figure with alt text. Figures are created without
pyplot, whose global state breaks when a widget's callback uses it.
"""

import io
import math
from collections.abc import Sequence
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
    "font.size": 10,
}
_CSS_DPI = 80
_DPI = 2 * _CSS_DPI  # for sharp screens


Bundle = tuple[dict[str, Any], dict[str, Any]]  # data and metadata, by MIME type


class Picture:
    """A PNG and its alt text, as a notebook displays and stores them.

    Raises ValueError if the alt text is empty.
    """

    def __init__(self, png: bytes, alt: str, width: int):
        if not alt.strip():
            raise ValueError("a picture needs alt text that says what it shows")
        self.png = png
        self.alt = alt
        self.width = width  # in CSS pixels

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> Bundle:
        metadata = {"alt": self.alt, "width": self.width}
        return {"image/png": self.png, "text/plain": self.alt}, {"image/png": metadata}

    def __repr__(self) -> str:
        return self.alt


def figure(
    width: float = 8.0, height: float = 3.0, *, rows: int = 1, columns: int = 1, **subplots: Any
) -> tuple[Figure, Any]:
    """A figure in the course's style and its axes. Sizes are in inches of 80 CSS pixels."""
    with matplotlib.rc_context(STYLE):
        new = Figure(figsize=(width, height), dpi=_DPI)
        FigureCanvasAgg(new)
        return new, new.subplots(rows, columns, **subplots)


def title(axis: Axes, text: str) -> None:
    """Sets the axis's title, which says what the figure shows."""
    axis.set_title(text, loc="left", fontsize=11, fontweight="bold", color=INK)


def picture(drawn: Figure | Image.Image, alt: str, *, width: int | None = None) -> Picture:
    """The figure or image as a picture with alt text, for the last line of a notebook's cell.

    width: in CSS pixels; by default the figure's or image's own. Raises ValueError if the alt text
    is empty.
    """
    file = io.BytesIO()
    if isinstance(drawn, Image.Image):
        drawn.save(file, "png")
        natural = drawn.width
    else:
        with matplotlib.rc_context(STYLE):
            drawn.savefig(file, format="png", metadata={"Software": None})
        natural = round(drawn.get_figwidth() * _CSS_DPI)
    return Picture(file.getvalue(), alt, width or natural)


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
    if pictures.dim() != 4 or pictures.shape[1] not in (1, 3) or not len(pictures):
        raise ValueError(f"pictures must be (N, 1 or 3, H, W), got {tuple(pictures.shape)}")
    pixels = pictures if pictures.dtype == torch.uint8 else to_uint8(pictures, clip=clip)
    pixels = pixels.detach().cpu().expand(-1, 3, -1, -1).permute(0, 2, 3, 1)
    pixels = pixels.repeat_interleave(scale, 1).repeat_interleave(scale, 2)
    n, height, width, _ = pixels.shape
    columns = columns or math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    step_y, step_x = height + gap, width + gap
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


def moving_mean(values: Sequence[float], window: int) -> np.ndarray:
    """The mean of every `window` consecutive values: len(values) - window + 1 numbers."""
    return np.convolve(np.asarray(values, dtype=float), np.full(window, 1 / window), mode="valid")
