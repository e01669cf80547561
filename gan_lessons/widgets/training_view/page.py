"""The parts of the live view as HTML."""

import html

from gan_lessons.train.film import Scene
from gan_lessons.widgets import charts, kit
from gan_lessons.widgets.training_view.snapshot import (
    Snapshot,
    distances_of,
    headline,
    losses_of,
)

TIPS = {
    "step": "How many steps were taken, of how many.",
    "speed": "Since this training began, without the time for this view.",
    "time left": "At this speed.",
    "time": "What this training took, without the time for this view.",
    "Fréchet distance": "From generated to real pictures; in brackets what other real pictures "
    "have, which no generator comes below but by chance.",
}
LOGITS = 8.0  # a strip of logits goes from minus this to this
STRIP_WIDTH, ROW = 360, 18
LEFT, RIGHT = 36, 6


def bar_html(s: Snapshot) -> str:
    """How much is done."""
    done = 100 * (s.step - s.first_step) / (s.goal - s.first_step)
    return f"<div class='bar'><div style='width:{done:.1f}%'></div></div>"


def sheet_html(s: Snapshot) -> str:
    """The generated pictures, nothing if there are none."""
    if s.pictures is None:
        return ""
    words = f"{len(s.pictures)} generated pictures after step {s.step}"
    return (
        f"<div class='sheet' style='width:{sheet_width(s.pictures.shape[-1], s.columns)}px'>"
        f"{kit.to_img(s.pictures, words, s.columns, gap=1)}</div>"
        f"<p class='muted'>step {s.step:,}</p>"
    )


def sheet_width(side: int, columns: int) -> int:
    """Pixels of the page for rows of pictures with so many pixels."""
    return min(max(1, round(84 / side)) * side * columns // 2, 400)


def numbers_html(s: Snapshot) -> str:
    """The table and the charts."""
    rows = "".join(
        f"<tr><td>{kit.tip(name, TIPS[name])}</td><td>{value}</td></tr>"
        for name, value in headline(s)
    )
    drawn = [chart for chart in (losses_of(s), distances_of(s)) if chart is not None]
    curves = "".join(charts.to_svg(chart, "step", cursor=True) for chart in drawn)
    return (
        f"<div class='numbers gl-tips'><table>{rows}</table>{curves}"
        f"{charts.axis_svg('step', s.last)}</div>"
    )


def findings_html(s: Snapshot) -> str:
    """What is wrong. It stands under the charts, where there is room."""
    if s.findings:
        return "".join(f"<p class='finding'>{html.escape(line)}</p>" for line in s.findings)
    words = "Check-up: known failures are looked for now and then."
    if s.findings is not None:
        words = f"Check-up: no known failure {'found' if s.ended else 'so far'}."
    return f"<p class='muted'>{words}</p>"


def scene_html(scene: Scene, columns: int, losses: list[float]) -> str:
    """A scene of the film: its pictures, and the losses of that step, a number for each turn."""
    words = f"{len(scene.pictures)} generated pictures after step {scene.step}"
    width = sheet_width(scene.pictures.shape[-1], columns)
    values = ", ".join(kit.fixed(value, 2) for value in losses)
    return (
        f"<div class='sheet' style='width:{width}px'>"
        f"{kit.to_img(scene.pictures, words, columns, gap=1)}</div>"
        f"<p class='muted'>step {scene.step:,}{f' · losses {values}' if values else ''}</p>"
    )


def strip_svg(scene: Scene) -> str:
    """The logits that D gives, a dot for each picture: real ones above, generated ones below."""
    if not scene.logits:
        return ""
    room = STRIP_WIDTH - LEFT - RIGHT

    def along(logit: float) -> float:
        return LEFT + room * (min(max(logit, -LOGITS), LOGITS) + LOGITS) / (2 * LOGITS)

    parts = []
    for row, (name, logits) in enumerate(scene.logits.items()):
        y = ROW * (row + 1)
        parts.append(f"<line x1='{LEFT}' x2='{STRIP_WIDTH - RIGHT}' y1='{y}' y2='{y}'/>")
        parts.append(f"<text class='e' x='{LEFT - 8}' y='{y}'>{name}</text>")
        parts += [
            f"<circle class='{name}' cx='{along(value):.1f}' cy='{y}' r='3'/>"
            for value in logits.flatten().tolist()
        ]
    bottom = ROW * (len(scene.logits) + 1)
    parts.append(f"<line class='zero' x1='{along(0)}' x2='{along(0)}' y1='6' y2='{bottom - 8}'/>")
    for value in (-LOGITS, 0.0, LOGITS):
        text = f"{'≤ ' if value < 0 else '≥ ' if value > 0 else ''}{value:.0f}".replace("-", "−")
        parts.append(f"<text class='m' x='{along(value)}' y='{bottom}'>{text}</text>")
    said = ", ".join(f"{name} {logits.mean():.1f}" for name, logits in scene.logits.items())
    return (
        f"<svg class='gl-chart strip' viewBox='0 0 {STRIP_WIDTH} {bottom + 8}' role='img' "
        f"aria-label='logits of D at step {scene.step}, on average: {said}'>{''.join(parts)}</svg>"
        "<p class='muted'>what D says of these and of as many real pictures "
        "(logits: further right, more real)</p>"
    )
