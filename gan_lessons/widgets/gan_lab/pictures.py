"""A look as HTML: the plane with its points, the numbers, the curves. Pure functions to text."""

import base64
import io
import math
from collections.abc import Iterable
from html import escape
from itertools import pairwise

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from gan_lessons.widgets.gan_lab.charts import charts
from gan_lessons.widgets.gan_lab.look import Look
from gan_lessons.widgets.gan_lab.measures import Sheet
from gan_lessons.widgets.gan_lab.style import HEAT_ALPHA, HEAT_FAKE, HEAT_REAL, ROOT
from gan_lessons.widgets.gan_lab.words import (
    HEAT_WORDS,
    fixed,
    heading,
    included,
    percent,
    sentence,
)

SIDE = 800  # of the plane in units of the drawing: whole numbers are fine enough
LEVELS = 7  # of opacity in the generator's grid: one path for each
DENSE = 12  # times as dense as the even window: the grid is as dark as it gets
LONGEST = 0.17  # of half the window: the arrows' length where the push is strong


def to_html(look: Look, line: str) -> str:
    """The picture of a look. line: what rebuilds the lab, to be copied."""
    return (
        f"<div class='{ROOT}'><div class='both'>"
        f"<div>{plane(look)}{_key(look)}{_act(look)}</div>"
        f"<div>{_numbers(look)}{charts(look)}</div></div>"
        f"<code title='One click selects the line'>{escape(line)}</code></div>"
    )


def plane(look: Look) -> str:
    """The window with all that lies in it."""
    view = look.truth.view
    parts = []
    if look.heat is None:
        half = SIDE // 2
        parts.append(f"<path class='zero' d='M0 {half}H{SIDE}M{half} 0V{SIDE}'/>")
    if look.sheet is not None:
        parts.append(_sheet(look.sheet, view))
    if look.real is not None:
        parts.append(f"<path class='real' d='{dots(look.real, view)}'/>")
    if look.phase is not None and "before" in look.phase.points and look.fake is not None:
        ways = torch.cat([look.phase.points["before"], look.fake], 1)
        parts.append(f"<path class='was' d='{_lines(ways, view)}'/>")
    if look.fake is not None:
        parts.append(f"<path class='fake' d='{dots(look.fake, view)}'/>")
    if look.arrows is not None and look.fake is not None and len(look.fake):
        parts.append(f"<path class='arrows' d='{_arrows(look, view)}'/>")
    image = ""
    if look.heat is not None:
        source = base64.b64encode(heat_png(look.heat)).decode()
        # Decoded at once, or the old picture would blink away before the new one is there.
        image = f"<img decoding='sync' alt='' src='data:image/png;base64,{source}'/>"
    ends = (
        f"<text x='8' y='{SIDE - 16}' style='text-anchor:start'>{fixed(-view, 1)}</text>"
        f"<text x='{SIDE - 8}' y='{SIDE - 16}' style='text-anchor:end'>{fixed(view, 1)}</text>"
    )
    words = (
        f"the plane from {fixed(-view, 1)} to {fixed(view, 1)} after "
        f"{int(look.numbers['step'])} turns"
    )
    return (
        f"<div class='plane' role='img' aria-label='{words}'>{image}"
        f"<svg viewBox='0 0 {SIDE} {SIDE}'>{''.join(parts)}{ends}</svg></div>"
    )


def placed(points: Tensor, view: float) -> np.ndarray:
    """(N, 2) points → whole numbers of the drawing, y downwards; far outside, just outside."""
    flipped = points.detach() * torch.tensor([1.0, -1.0])
    scaled = (flipped / view + 1) * (SIDE / 2)
    return scaled.clamp(-SIDE, 2 * SIDE).round().int().numpy()


def dots(points: Tensor, view: float) -> str:
    """A path that is a dot at each point: one element, however many there are."""
    return "".join(f"M{x} {y}h0" for x, y in placed(points, view).tolist())


def heat_png(heat: Tensor) -> bytes:
    """(S, S), 0 to 1, as a transparent picture: fake's colour, nothing at .5, real's colour."""
    values = heat.numpy()
    pixels = np.empty((*values.shape, 4), dtype=np.uint8)
    pixels[..., :3] = np.where(values[..., None] > 0.5, HEAT_REAL, HEAT_FAKE)
    pixels[..., 3] = np.abs(values - 0.5) * 2 * HEAT_ALPHA
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "png", compress_level=1)
    return file.getvalue()


def opacity(look_sheet: Sheet, view: float) -> Tensor:
    """0 to 1: the density of each cell of the generator's grid, in DENSE times an even spread.

    Of a line, which has no area, the density is taken along it, against the window's side.
    """
    even = 1 / (2 * view) ** (2 if look_sheet.mass.dim() == 2 else 1)
    return (look_sheet.density / (DENSE * even)).clamp(max=1)


def _sheet(drawn: Sheet, view: float) -> str:
    """One path for each level of opacity."""
    level = (opacity(drawn, view) * (LEVELS - 1)).round().int().flatten().tolist()
    if drawn.mass.dim() == 1:
        ends = placed(drawn.corners, view).tolist()
        shapes: Iterable[str] = (f"M{a} {b}L{c} {d}" for (a, b), (c, d) in pairwise(ends))
        kind, low, high = "thread", 0.12, 0.9
    else:
        rows, columns = drawn.mass.shape
        c = placed(drawn.corners.flatten(0, 1), view).reshape(rows + 1, columns + 1, 2)
        quads = np.concatenate([c[:-1, :-1], c[:-1, 1:], c[1:, 1:], c[1:, :-1]], 2)
        shapes = (
            f"M{a} {b}L{c} {d} {e} {f} {g} {h}z"
            for a, b, c, d, e, f, g, h in quads.reshape(-1, 8).tolist()
        )
        kind, low, high = "cell", 0.02, 0.6
    paths: dict[int, list[str]] = {}
    for at, shape in zip(level, shapes, strict=True):
        paths.setdefault(at, []).append(shape)
    attribute = "fill-opacity" if kind == "cell" else "stroke-opacity"
    return "".join(
        f"<path class='{kind}' style='{attribute}:{low + (high - low) * at / (LEVELS - 1):.2f}' "
        f"d='{''.join(paths[at])}'/>"
        for at in sorted(paths)
    )


def arrow_tips(start: Tensor, arrows: Tensor, view: float) -> Tensor:
    """Where arrows end, (M, 2): as long as the push where it is weak, never over LONGEST."""
    size = arrows.norm(dim=1, keepdim=True).clamp(min=1e-12)
    longest = LONGEST * view
    return start + arrows / size * longest * torch.tanh(size / longest * 0.35)


def _arrows(look: Look, view: float) -> str:
    assert look.arrows is not None
    assert look.fake is not None
    count = min(len(look.arrows), len(look.fake))
    start = look.fake[:count]
    a = placed(start, view)
    b = placed(arrow_tips(start, look.arrows[:count], view), view)
    parts = []
    for (x, y), (u, v) in zip(a.tolist(), b.tolist(), strict=True):
        length = math.hypot(u - x, v - y)
        if length < 6:  # a push too weak to be seen
            continue
        head = min(9.0, 0.45 * length) / length
        across, down = (u - x) * head, (v - y) * head
        parts.append(
            f"M{x} {y}L{u} {v}M{u - across - down * 0.6:.0f} {v - down + across * 0.6:.0f}"
            f"L{u} {v} {u - across + down * 0.6:.0f} {v - down - across * 0.6:.0f}"
        )
    return "".join(parts)


def _lines(ways: Tensor, view: float) -> str:
    a, b = placed(ways[:, :2], view).tolist(), placed(ways[:, 2:], view).tolist()
    return "".join(f"M{x} {y}L{u} {v}" for (x, y), (u, v) in zip(a, b, strict=True))


def _key(look: Look) -> str:
    def mark(kind: str, path: str) -> str:
        return (
            f"<svg width='16' height='11' viewBox='0 0 32 22' aria-hidden='true'>"
            f"<path class='{kind}' d='{path}'/></svg>"
        )

    parts = []
    if look.real is not None:
        parts.append(mark("real", "M16 11h0") + "real")
    if look.fake is not None and len(look.fake):
        out = f" ({percent(look.outside)} outside)" if look.outside else ""
        averaged = ", averaged weights" if look.settings.average else ""
        parts.append(mark("fake", "M16 11h0") + f"fake{averaged}{out}")
    if look.phase is not None and "before" in look.phase.points and look.fake is not None:
        parts.append(mark("was", "M2 11H30") + "its way in this step")
    if look.arrows is not None:
        parts.append(mark("arrows", "M2 11H28M20 5L28 11 20 17") + "−∂ℓ/∂x of its loss ℓ")
    if look.sheet is not None:
        parts.append(mark("cell' fill-opacity='.4", "M4 4L28 2 28 20 6 18z") + "z grid")
    if look.heat is not None:
        name, low, high = HEAT_WORDS[look.settings.loss]
        parts.append(f"{escape(name)}: {low}<i class='scale'></i>{high}")
    return f"<div class='key'>{''.join(f'<span>{part}</span>' for part in parts)}</div>"


def _numbers(look: Look) -> str:
    n, best = look.numbers, look.floors
    loss_d = fixed(n["discriminator_loss"], 3)
    if math.isfinite(n["discriminator_loss"]):  # there is one
        loss_d += included(look.settings)
    rows = [
        ("turn", f"<b>{int(n['step']):,}</b>"),
        ("discriminator's loss", loss_d),
        ("generator's loss", fixed(n["generator_loss"], 3)),
        ("real outscores fake", f"{percent(n['outscored'])} of pairs"),
        (f"{look.truth.modes} found", f"{n['modes']} of {n['modes_in_all']}"),
        ("good fakes", f"{percent(n['good'])} (real: {percent(best['good'])})"),
        ("JS divergence", f"{fixed(n['js'], 3)} (real: {fixed(best['js'], 3)})"),
    ]
    cells_ = "".join(f"<tr><td>{name}</td><td>{value}</td></tr>" for name, value in rows)
    return f"<table>{cells_}</table>"


def _act(look: Look) -> str:
    """The sentence of slow motion; it has its room for as long as slow motion lasts."""
    if look.phase is None:
        return ""
    return (
        f"<div class='act' role='status'><b>{heading(look.phase)}</b><br/>"
        f"{escape(sentence(look.phase, look.settings.optimiser))}</div>"
    )
