"""The canvases and the last stroke of each, as HTML and as a still picture."""

import torch
from torch import Tensor

from gan_lessons import plots
from gan_lessons.widgets import kit
from gan_lessons.widgets.painter_explorer.settings import PainterSettings


def rows_of(canvases: Tensor, s: PainterSettings) -> list[tuple[str, Tensor]]:
    """A heading and pictures (P, C, H, W) in [-1, 1]: the canvases, and what was added last."""
    last = s.stroke - 1
    before = canvases[:, last - 1] if last else torch.zeros_like(canvases[:, 0])
    return [
        (f"canvas after {s.stroke} of {canvases.shape[1]} strokes", canvases[:, last].tanh()),
        (f"stroke {s.stroke} alone", (canvases[:, last] - before).tanh()),
    ]


def to_html(canvases: Tensor, s: PainterSettings) -> str:
    """Both rows, one above the other."""
    return "".join(
        f"<div class='gl-card'><p>{heading}</p>{kit.to_img(row, heading, len(row), gap=1)}</div>"
        for heading, row in rows_of(canvases, s)
    )


def to_picture(canvases: Tensor, s: PainterSettings) -> plots.Picture:
    """Both rows, one above the other."""
    rows = torch.cat([row for _, row in rows_of(canvases, s)])
    return plots.picture(plots.sheet(rows, columns=len(canvases)), alt_text(canvases, s))


def alt_text(canvases: Tensor, s: PainterSettings) -> str:
    """What is shown, for those who cannot see it."""
    first, second = (heading for heading, _ in rows_of(canvases, s))
    return f"{len(canvases)} pictures in two rows: {first}; {second}, grey where it adds nothing"
