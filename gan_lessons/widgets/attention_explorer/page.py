"""The picture with its heat, and the numbers: as HTML and as a still picture."""

from html import escape

import numpy as np

from gan_lessons import plots
from gan_lessons.widgets import kit
from gan_lessons.widgets.attention_explorer.model import Look, Recording, look
from gan_lessons.widgets.attention_explorer.settings import WAYS, AttentionSettings
from gan_lessons.widgets.diagrams import Diagram, Dot, Line, draw, to_svg

SIZE = (300, 110)  # of the chart


def heat_html(recording: Recording, s: AttentionSettings) -> str:
    """The picture, the heat over it as squares, and a ring around the chosen place."""
    found = look(recording, s)
    side, warmest = len(found.heat), max(found.top[2], 1e-12)
    rects = "".join(
        f"<rect x='{column}' y='{row}' width='1' height='1' fill-opacity='{value / warmest:.3f}'/>"
        for row, values in enumerate(found.heat.tolist())
        for column, value in enumerate(values)
    )
    row, column = found.place
    ring = f"<rect class='here' x='{column}' y='{row}' width='1' height='1'/>"
    return (
        f"<div class='heat'>{kit.to_img(found.picture[None], alt_text(recording, s))}"
        f"<svg viewBox='0 0 {side} {side}' aria-hidden='true'>{rects}{ring}</svg></div>"
    )


def numbers_html(recording: Recording, s: AttentionSettings) -> str:
    """What the heat comes to, and γ over the steps."""
    found = look(recording, s)
    rows = "".join(
        f"<tr><td>{kit.tip(name, tip)}</td><td><b>{escape(value)}</b></td></tr>"
        for name, value, tip in table(recording, s, found)
    )
    chart = chart_of(recording, s)
    drawn = to_svg(chart) if chart else ""
    return f"<div class='gl-card'><table class='gl-tips'>{rows}</table>{drawn}</div>"


def table(recording: Recording, s: AttentionSettings, found: Look) -> list[tuple[str, str, str]]:
    """Name, value, and what it is."""
    row, column, weight = found.top
    step = f"{recording.steps[s.step]:,}"
    rows = [
        ("step", step, "Of the training, when this was recorded."),
        (
            WAYS[s.way] + " most",
            f"row {row + 1}, column {column + 1}: {weight:.0%}",
            "The warmest place, and its weight; the colour of the others is relative to it.",
        ),
        (
            "spread over",
            f"{found.spread:.1f} of {found.heat.numel()} places",
            "The exponential of the entropy: 1 for a single place, all of them for a plain mean.",
        ),
    ]
    if found.gamma is not None:
        tip = "What the block multiplies all it has seen by: at 0 it does nothing."
        rows.append(("γ", kit.fixed(found.gamma, 3), tip))
    return rows


def chart_of(recording: Recording, s: AttentionSettings) -> Diagram | None:
    """|γ| over the steps, if it was recorded at several."""
    gammas = recording.gammas.get(s.network)
    if not gammas or len(gammas) < 2:
        return None
    sizes = [abs(each) for each in gammas]
    top = 1.1 * max(*sizes, 1e-3)
    first, last = recording.steps[0], recording.steps[-1]
    return Diagram(
        "|γ| over the steps",
        SIZE,
        (first, last),
        (0, top),
        [Line("generator", list(zip(recording.steps, sizes, strict=True)))],
        [Dot("generator", recording.steps[s.step], sizes[s.step])],
        [(first, str(first)), (last, str(last))],
        [(0, "0"), (max(sizes), f"{max(sizes):.2f}")] if max(sizes) > 1e-3 else [(0, "0")],
    )


def to_html(recording: Recording, s: AttentionSettings) -> str:
    """Both, as one page."""
    return (
        f"<div class='both'><div class='gl-card large'>{heat_html(recording, s)}</div>"
        f"<div class='beside'>{numbers_html(recording, s)}</div></div>"
    )


def to_picture(recording: Recording, s: AttentionSettings) -> plots.Picture:
    """The picture, the heat over it, and |γ| over the steps."""
    found, chart = look(recording, s), chart_of(recording, s)
    drawn, axes = plots.figure(7.6, 3.4, columns=2)
    side = len(found.heat)
    shown = ((found.picture.clamp(-1, 1) + 1) / 2).permute(1, 2, 0).numpy()
    frame = (0.0, float(side), float(side), 0.0)
    axes[0].imshow(np.broadcast_to(shown, (*shown.shape[:2], 3)), extent=frame)
    heat = np.zeros((side, side, 4))
    heat[..., :3] = [int(kit.PALETTE["fake"][0][i : i + 2], 16) / 255 for i in (1, 3, 5)]
    heat[..., 3] = 0.85 * found.heat.numpy() / max(found.top[2], 1e-12)
    axes[0].imshow(heat, extent=frame)
    row, column = found.place
    axes[0].plot(
        [column, column + 1, column + 1, column, column], [row, row, row + 1, row + 1, row],
        color=kit.PALETTE["lit"][1], linewidth=2,
    )  # fmt: skip
    axes[0].axis("off")
    plots.title(axes[0], f"row {row + 1}, column {column + 1}: {WAYS[s.way]}")
    if chart:
        draw(axes[1], chart)
    else:
        axes[1].axis("off")
    return plots.picture(drawn, alt_text(recording, s))


def alt_text(recording: Recording, s: AttentionSettings) -> str:
    """What is shown, for those who cannot see it."""
    found = look(recording, s)
    row, column, weight = found.top
    gamma = "" if found.gamma is None else f", γ {kit.fixed(found.gamma, 3)}"
    return (
        f"Attention of the {s.network} at step {recording.steps[s.step]}, picture {s.picture}, row "
        f"{s.row}, column {s.column}: {WAYS[s.way]} most is row {row + 1}, column {column + 1} "
        f"({weight:.0%}), spread over {found.spread:.1f} of {found.heat.numel()} places{gamma}"
    )
