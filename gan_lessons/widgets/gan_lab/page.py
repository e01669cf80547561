"""A moment as HTML: the plane with its points, the numbers, the curves. Pure functions to text."""

import base64
import io
import math
from collections.abc import Iterable
from html import escape
from itertools import groupby, pairwise
from operator import itemgetter

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from gan_lessons.losses import LOSSES
from gan_lessons.widgets import charts, kit
from gan_lessons.widgets.gan_lab import machine, words
from gan_lessons.widgets.gan_lab.curves import charts_of
from gan_lessons.widgets.gan_lab.measures import LatentGrid
from gan_lessons.widgets.gan_lab.settings import GanLabSettings
from gan_lessons.widgets.gan_lab.truth import cells
from gan_lessons.widgets.gan_lab.view import GanLabView, PlaneView
from gan_lessons.widgets.gan_lab.words import percent, rounded

SIDE = 800  # of the plane in units of the drawing: whole numbers are fine enough
LEVELS = 7  # of opacity in the generator's grid: one path for each
DENSE = 12  # times as dense as the even window: the grid is as dark as it gets
LONGER = 10  # times as long as it is: the way of a fake in one update
LONGEST = 0.17  # of half the window: the arrows' length where the push is strong
# The heat map lies under points, on a light and on a dark page: colours between, and transparent.
HEAT_REAL, HEAT_FAKE, HEAT_ALPHA = (74, 144, 205), (222, 130, 58), 185
TIPS = {
    "turn": "How many turns were played, of one player or of both.",
    "discriminator's loss": "Of its last update, with the penalty if there is one: near the end of "
    "a good game it hardly moves.",
    "generator's loss": "Of its last update: it depends on the discriminator, too.",
    "real outscores fake": "In how many pairs the real point gets the higher score: near 50 % "
    "the order says nothing. A judge with more time may still tell them apart.",
    "found": "How many have a fake nearby. One is enough: look at the KL of the shares, too.",
    "good fakes": "The share of fakes close to a mode or to the curve; real points' beside it. "
    "Fakes in a single place can all be good: look at how many are found, too.",
    "JS divergence": "Of fakes and data, in nats: 0 where they are equal, 0.693 (log 2) where they "
    "share nothing. Counted in cells that fit the data, which can only lower it. Noise: 0.01, at "
    "times 0.02.",
}


def to_html(view: GanLabView, line: str) -> str:
    """The picture of a moment. line: what rebuilds the lab, to be copied."""
    return (
        f"<div class='gl-card paper'><div class='both'><div>{machine_html(view)}</div>"
        f"<div>{plane(view)}{key(view)}</div><div>{beside(view)}{why(view.settings)}</div></div>"
        f"{code(line)}</div>"
    )


def machine_html(
    view: GanLabView, *, playing: bool = False, drawing: bool = False, asked: bool = False
) -> str:
    """The machine with the parts that are at work, and what happens there in words.

    drawing: whether the pad lies over the plane. asked: whether the reader wants to play, but has
    drawn nothing yet.
    """
    act = view.act
    parts = () if act is None else machine.lit(act, LOSSES[view.settings.loss].paired)
    heading, text = words.stage(view, playing=playing, drawing=drawing)
    return (
        f"<div class='machine{' asked' if asked else ''}'>"
        f"{machine.to_svg(parts, playing=playing and act is None and not view.truth.empty)}"
        f"<div class='words' role='{'alert' if asked else 'status'}'>"
        f"<b>{escape(heading)}</b> {escape(text)}</div></div>"
    )


def beside(view: GanLabView) -> str:
    """The numbers, and the charts over one axis of turns."""
    drawn = charts_of(view)
    curves = "".join(charts.to_svg(chart, "turn") for chart in drawn.values())
    if drawn:
        curves += charts.axis_svg("turn", int(next(iter(drawn.values())).last))
    return _numbers(view) + curves


def why(settings: GanLabSettings) -> str:
    """What the preset shows, folded away: the reader looks first."""
    if not settings.why:
        return ""
    return f"<details><summary>{words.LOOK}</summary><p>{escape(settings.why)}</p></details>"


def code(line: str) -> str:
    """The line, to be copied."""
    return f"<code title='One click selects the line'>{escape(line)}</code>"


def plane(view: PlaneView, drawing: bool = False) -> str:
    """The window with all that lies in it. drawing: whether the pad lies over it."""
    half, parts = view.truth.view, []
    if drawing:
        parts.append(f"<path class='drawn' d='{_cells(view.settings.drawing)}'/>")
    if view.heat is None:
        middle = SIDE // 2
        parts.append(f"<path class='zero' d='M0 {middle}H{SIDE}M{middle} 0V{SIDE}'/>")
    if view.grid is not None:
        parts.append(_grid(view.grid, half))
    if view.real is not None:
        real = dots(view.real, half)
        if view.heat is not None:  # whose colours are like theirs
            parts.append(f"<path class='rim' d='{real}'/>")
        parts.append(f"<path class='real' d='{real}'/>")
    if view.act is not None and "before" in view.act.points and view.fake is not None:
        before = view.act.points["before"]
        starts = to_pixels(before, half).tolist()
        ends = to_pixels(before + LONGER * (view.fake - before), half).tolist()
        ways = "".join(f"M{x} {y}L{u} {v}" for (x, y), (u, v) in zip(starts, ends, strict=True))
        parts.append(f"<path class='was' d='{ways}'/>")
    if view.fake is not None:
        parts.append(f"<path class='fake' d='{dots(view.fake, half)}'/>")
        if view.arrows is not None and len(view.fake):
            parts.append(f"<path class='arrows' d='{_arrows(view.fake, view.arrows, half)}'/>")
    image = ""
    if view.heat is not None:
        source = base64.b64encode(heat_png(view.heat)).decode()
        # Decoded at once, or the old picture would blink away before the new one is there.
        image = f"<img decoding='sync' alt='' src='data:image/png;base64,{source}'/>"
    low, high = f"−{half:g}", f"{half:g}"
    if view.truth.empty:
        parts.append(
            f"<text class='hint' x='{SIDE // 2}' y='{SIDE // 4}'>{words.hint(drawing)}</text>"
        )
    ends_ = (
        f"<text x='8' y='{SIDE - 16}' style='text-anchor:start'>{low}</text>"
        f"<text x='{SIDE - 8}' y='{SIDE - 16}' style='text-anchor:end'>{high}</text>"
    )
    label = f"the plane from {low} to {high} after {view.turn} turns"
    return (
        f"<div class='plane' role='img' aria-label='{label}'>{image}"
        f"<svg viewBox='0 0 {SIDE} {SIDE}'>{''.join(parts)}{ends_}</svg></div>"
    )


def _cells(drawing: str) -> str:
    """A path of the drawing's cells: a run of a row is one rectangle."""
    drawn, parts = cells(drawing), []
    side = SIDE / len(drawn)
    for y, row in enumerate(drawn.tolist()):
        for filled, run in groupby(enumerate(row), itemgetter(1)):
            if filled:
                columns = [x for x, _ in run]
                x, wide = columns[0] * side, len(columns) * side
                parts.append(f"M{x:.1f} {y * side:.1f}h{wide:.1f}v{side:.1f}h-{wide:.1f}z")
    return "".join(parts)


def to_pixels(points: Tensor, half: float) -> np.ndarray:
    """(N, 2) points → whole numbers of the drawing, y downwards; far outside, just outside."""
    flipped = points.detach() * torch.tensor([1.0, -1.0])
    scaled = (flipped / half + 1) * (SIDE / 2)
    return scaled.clamp(-SIDE, 2 * SIDE).round().int().numpy()


def dots(points: Tensor, half: float) -> str:
    """A path that is a dot at each point: one element, however many there are."""
    return "".join(f"M{x} {y}h0" for x, y in to_pixels(points, half).tolist())


def heat_png(heat: Tensor) -> bytes:
    """(S, S), 0 to 1, as a transparent picture: fake's colour, nothing at .5, real's colour."""
    values = heat.numpy()
    pixels = np.empty((*values.shape, 4), dtype=np.uint8)
    pixels[..., :3] = np.where(values[..., None] > 0.5, HEAT_REAL, HEAT_FAKE)
    pixels[..., 3] = np.abs(values - 0.5) * 2 * HEAT_ALPHA
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "png", compress_level=1)
    return file.getvalue()


def opacity(grid: LatentGrid, half: float) -> Tensor:
    """0 to 1: the density of each cell of the generator's grid, in DENSE times an even spread.

    On a line, which has no area, the density is taken along it, against the window's side.
    """
    even = 1 / (2 * half) ** (2 if grid.mass.dim() == 2 else 1)
    return (grid.density / (DENSE * even)).clamp(max=1)


def _grid(grid: LatentGrid, half: float) -> str:
    """One path for each level of opacity."""
    level = (opacity(grid, half) * (LEVELS - 1)).round().int().flatten().tolist()
    if grid.mass.dim() == 1:
        ends = to_pixels(grid.corners, half).tolist()
        shapes: Iterable[str] = (f"M{a} {b}L{c} {d}" for (a, b), (c, d) in pairwise(ends))
        kind, attribute, low, high = "thread", "stroke-opacity", 0.12, 0.9
    else:
        rows, columns = grid.mass.shape
        c = to_pixels(grid.corners.flatten(0, 1), half).reshape(rows + 1, columns + 1, 2)
        quads = np.concatenate([c[:-1, :-1], c[:-1, 1:], c[1:, 1:], c[1:, :-1]], 2)
        shapes = (
            f"M{a} {b}L{c} {d} {e} {f} {g} {h}z"
            for a, b, c, d, e, f, g, h in quads.reshape(-1, 8).tolist()
        )
        kind, attribute, low, high = "cell", "fill-opacity", 0.02, 0.6
    paths: dict[int, list[str]] = {}
    for at, shape in zip(level, shapes, strict=True):
        paths.setdefault(at, []).append(shape)
    return "".join(
        f"<path class='{kind}' style='{attribute}:{low + (high - low) * at / (LEVELS - 1):.2f}' "
        f"d='{''.join(paths[at])}'/>"
        for at in sorted(paths)
    )


def arrow_tips(start: Tensor, arrows: Tensor, half: float) -> Tensor:
    """Where arrows end, (M, 2): as long as the push where it is weak, never over LONGEST."""
    size = arrows.norm(dim=1, keepdim=True).clamp(min=1e-12)
    longest = LONGEST * half
    return start + arrows / size * longest * torch.tanh(size / longest * 0.35)


def _arrows(fake: Tensor, arrows: Tensor, half: float) -> str:
    start = fake[: len(arrows)]
    ends = to_pixels(arrow_tips(start, arrows[: len(start)], half), half)
    parts = []
    for (x, y), (u, v) in zip(to_pixels(start, half).tolist(), ends.tolist(), strict=True):
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


def key(view: GanLabView) -> str:
    """What each mark in the plane is."""

    def mark(kind: str, path: str) -> str:
        return (
            f"<svg width='16' height='11' viewBox='0 0 32 22' aria-hidden='true'>"
            f"<path class='{kind}' d='{path}'/></svg>"
        )

    parts = []
    if view.real is not None:
        parts.append(mark("real", "M16 11h0") + "real")
    if view.fake is not None and len(view.fake):
        out = f" ({percent(view.outside)} outside)" if view.outside else ""
        parts.append(mark("fake", "M16 11h0") + f"fake{out}")
        if view.act is not None and "before" in view.act.points:
            parts.append(mark("was", "M2 11H30") + f"its way in this step, {LONGER} times as long")
    if view.arrows is not None:
        parts.append(mark("arrows", "M2 11H28M20 5L28 11 20 17") + "where its loss falls fastest")
    if view.grid is not None:
        parts.append(mark("cell' fill-opacity='.4", "M4 4L28 2 28 20 6 18z") + "z grid")
    if view.heat is not None:
        name, low, high = words.HEAT[view.settings.loss]
        fake, real = (f"rgba{(*colour, HEAT_ALPHA / 255)}" for colour in (HEAT_FAKE, HEAT_REAL))
        scale = f"background:linear-gradient(90deg,{fake},transparent,{real})"
        parts.append(f"{escape(name)}: {low}<i class='scale' style='{scale}'></i>{high}")
    return f"<div class='key'>{''.join(f'<span>{part}</span>' for part in parts)}</div>"


def _numbers(view: GanLabView) -> str:
    n, real = view.numbers, view.floors
    loss_d = rounded(n["discriminator_loss"], 3)
    if math.isfinite(n["discriminator_loss"]):  # there is one
        # Of use to those who know what it is: whose more settings are open.
        loss_d += f"<span class='gl-extra'>{words.included(view.settings)}</span>"
    rows = [
        ("turn", f"<b>{int(n['turn']):,}</b>"),
        ("discriminator's loss", loss_d),
        ("generator's loss", rounded(n["generator_loss"], 3)),
        ("real outscores fake", f"{percent(n['outscored'])} of pairs"),
        (f"{view.truth.modes} found", f"<b>{n['modes']} of {n['modes_in_all']}</b>"),
        ("good fakes", f"{percent(n['good'])} (real: {percent(real['good'])})"),
    ]
    if "divergence" in view.views:
        js = f"about {rounded(n['js'], 3)} (real: {rounded(real['js'], 3)})"
        rows.append(("JS divergence", js))
    table = "".join(
        f"<tr><td>{kit.tip(name, TIPS.get(name, TIPS['found']))}</td><td>{value}</td></tr>"
        for name, value in rows
    )
    note = words.few_places(n, view.truth.modes)
    return f"<div class='gl-tips'><table>{table}</table><p class='note'>{note}</p></div>"
