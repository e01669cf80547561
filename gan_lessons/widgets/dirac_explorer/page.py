"""The game as diagrams and numbers, in HTML and as a still picture: pure functions of settings."""

import cmath
import itertools
import math
from collections.abc import Iterable
from html import escape

import numpy as np

from gan_lessons import plots
from gan_lessons.widgets import kit
from gan_lessons.widgets.diagrams import Diagram, Dot, Line, arrow, draw, to_svg
from gan_lessons.widgets.dirac_explorer import model
from gan_lessons.widgets.dirac_explorer.settings import (
    LOSSES,
    MOST_STEPS,
    PENALTIES,
    DiracSettings,
)

# `this` is the plane. Core widgets hear no pointer: the place goes into a hidden core Text, as a
# reader would type it. Where no kernel runs there is none.
_ON_CLICK = """
const wire = this.closest('.gl-explorer').querySelector('.gl-dirac-wire input');
if (!wire) return;
const inside = this.querySelector('.inside');
const to = inside.getScreenCTM().inverse();
const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(to);
wire.value = [at.x / inside.width.baseVal.value, at.y / inside.height.baseVal.value];
for (const kind of ['input', 'change']) wire.dispatchEvent(new Event(kind, {bubbles: true}));
"""
# A redraw would shut the fold again: the kernel hears that it was opened, and draws it open.
_ON_FOLD = """
const wire = this.closest('.gl-explorer').querySelector('.gl-dirac-wire input');
if (!wire) return;
wire.value = 'fold ' + Date.now();
for (const kind of ['input', 'change']) wire.dispatchEvent(new Event(kind, {bubbles: true}));
"""
WINDOWS = (3.7, 7.5)  # half of the plane's side: the first holds the orbits of all presets
ARROWS = 13  # along each side of the plane
FLOOR, BELOW = 1e-6, "below 1e−6"  # the smallest radius that the curve shows
KINK = "none: |ψ| has a kink at 0"
LOOK = "Look first: does the orbit grow, circle or shrink? Then open what happens, and why."
READY = "Predict, then press play"
ORBIT = ("The orbit", "In the end. “Stops short”: it comes to rest, but not at the data.")
NAMES = (
    ("radius", "√(θ² + ψ²), the distance from rest, after the steps shown."),
    ("θ, ψ", "Where both players are after the steps shown: they can rest at 0, 0."),
    (
        "largest |μ|",
        "Near rest a step multiplies the radius by about this number, on average: below 1, it "
        "shrinks.",
    ),
    ("step's μ", "The eigenvalues of a step at rest: look for them inside the unit circle."),
    ("flow's λ", "Those of the continuous game; the rings mark e^(ηλ), what they make of a step."),
)
KEY = (
    ("fake", "the steps"),
    ("ink dashed", "the continuous game, of steps infinitely small"),
    ("muted", "the start"),
    ("real", "where both can rest"),
)
CIRCLE_KEY = (
    ("disc", "here the distance shrinks"),
    ("mu", "μ, of a step (line: for every γ)"),
    ("ring", "e^(ηλ), of the continuous game"),
)


def diagrams_of(s: DiracSettings, eigenvalues: bool = True) -> list[Diagram]:
    """The plane, the radius, and if they are shown, the eigenvalues, the largest magnified."""
    steps, flow = np.array(model.orbit(s, MOST_STEPS)), np.empty((0, 2))
    if _has_flow(s):
        flow = np.array(model.flow(s, s.steps))
    orbit = [_plane(s, steps, flow), _radius(s, steps, flow)]
    if not eigenvalues:
        return orbit
    magnified = [_magnified(s)] if model.is_smooth(s) else []
    return [*orbit, _circle(s), *magnified]


def _has_flow(s: DiracSettings) -> bool:
    return model.is_smooth(s) and not s.clip


def _side(steps: np.ndarray) -> float:
    return WINDOWS[0] if abs(steps).max() <= WINDOWS[0] else WINDOWS[1]


def point_at(s: DiracSettings, across: float, down: float) -> tuple[float, float]:
    """(θ, ψ) at a place of the plane, given as shares of its width and height from the top left."""
    side = _side(np.array(model.orbit(s, MOST_STEPS)))
    return (2 * across - 1) * side, (1 - 2 * down) * side


def _plane(s: DiracSettings, steps: np.ndarray, flow: np.ndarray) -> Diagram:
    side = _side(steps)
    places, lines = np.linspace(-side, side, ARROWS).tolist(), []
    for theta, psi in itertools.product(places, places):
        along, up = model.velocity(s, theta, psi)
        speed = math.hypot(along, up)
        share = 0.8 * (places[1] - places[0]) * math.tanh(speed + 0.3) / max(speed, 1e-9)
        lines.append(arrow(theta, psi, share * along, share * up))
    angles = np.unwrap(np.arctan2(flow[:, 1], flow[:, 0]))
    once = abs(angles - angles[:1]) < 2 * math.pi  # dashes over dashes would make a solid line
    shown = steps[: s.steps + 1]
    lines += [Line("ink dashed", flow[once]), Line("fake", shown)]
    dots = [Dot("real", 0, 0), Dot("muted", *steps[0]), Dot("fake", *shown[-1])]
    at = round(0.8 * side)
    ticks = [(-at, f"−{at}"), (0, "0"), (at, str(at))]
    named = [*ticks, (side, "θ")], [*ticks, (side, "ψ")]
    title = f"{game_words(s)}, {s.updates}"
    return Diagram(title, (340, 340), (-side, side), (-side, side), lines, dots, *named)


def _radius(s: DiracSettings, steps: np.ndarray, flow: np.ndarray) -> Diagram:
    curves = []
    for points in (flow, steps):
        exponents = np.log10(np.maximum(np.hypot(*points.T), FLOOR))
        curves.append(np.stack([np.arange(len(points)), exponents], 1))
    low = min(-1, math.floor(curves[1][:, 1].min()))
    high = max(1, math.ceil(curves[1][:, 1].max()))
    stride = -(-(high - low) // 4)
    powers = [
        (p, f"1e{p}".replace("-", "−") if abs(p) > 2 else f"{10.0**p:g}")
        for p in range(low, high + 1)
        if p % stride == 0
    ]
    times = [(t, f"{t:,}") for t in (0, MOST_STEPS // 2, MOST_STEPS)]
    shown = curves[1][: s.steps + 1]
    lines, dots = [Line("ink dashed", curves[0]), Line("fake", shown)], [Dot("fake", *shown[-1])]
    ends = kit.short(radius(s)) if radius(s) >= FLOOR else BELOW
    title = f"radius {ends} after {model.end(s)[0]} steps"
    return Diagram(title, (340, 130), (0, MOST_STEPS), (low, high), lines, dots, times, powers)


def _magnified(s: DiracSettings) -> Diagram:
    """As near to the unit circle as is needed to tell the largest eigenvalue from it."""
    largest = max(model.eigenvalues(s), key=abs)
    half = min(1.25, max(0.01, 3 * abs(abs(largest) - 1)))
    return _circle(s, half, cmath.phase(largest))


def _circle(s: DiracSettings, half: float = 1.25, angle: float | None = None) -> Diagram:
    """The unit circle in a window around 0, or around its point at an angle."""
    middle = 0j if angle is None else cmath.exp(1j * angle)
    x, y = ((part - half, part + half) for part in (middle.real, middle.imag))
    arc = (angle or 0) + np.linspace(-1, 1, 181) * min(math.pi, 3 * half)
    disc = [(math.cos(a), math.sin(a)) for a in arc] + [(0.0, 0.0)] * (3 * half < math.pi)
    lines, dots, title = [Line("cut filled", disc)], [], "no eigenvalues"
    if model.is_smooth(s):
        lines += [Line("fake thin", way) for way in model.ways(s)]
        flow = [cmath.exp(s.step_size * value) for value in model.flow_eigenvalues(s)]
        dots = [Dot("ink hollow", value.real, value.imag) for value in flow]
        dots += [Dot("fake", value.real, value.imag) for value in model.eigenvalues(s)]
        title = f"largest |μ| {model.spectral_radius(s):.4f}"
    ticks = [(-1, "−1"), (0, "0"), (1, "1")] if angle is None else []
    title = title if angle is None else f"magnified × {1.25 / half:.0f}"
    return Diagram(title, (140, 140), x, y, lines, dots, ticks, ticks)


def to_html(s: DiracSettings, eigenvalues: bool = True, told: bool = False) -> str:
    """The diagrams and the numbers; what happens, and why, is in a fold beside the plane.

    told: whether the fold is open.
    """
    plane, radii, *circles = map(to_svg, diagrams_of(s, eigenvalues))
    drawn = [(look, name) for look, name in KEY if "dashed" not in look or _has_flow(s)]
    rows = "".join(
        f"<tr><td>{name}</td><td>{value}</td></tr>" for name, value in numbers(s, eigenvalues)
    )
    ready = "" if s.steps else f"<p class='ready'>{READY}</p>"
    return (
        f"<div class='gl-card page'><div class='both'><div>"
        f'<div class="plane" onclick="{escape(_ON_CLICK)}">{plane}{ready}</div>'
        f"{_key(drawn)}</div><div><details{' open' if told else ''}>"
        f'<summary onclick="{escape(_ON_FOLD)}">{LOOK}</summary>'
        f"<p class='watch gl-tips'>{kit.tip(*ORBIT)} <b>{model.verdict(s)}</b>. {escape(why(s))}"
        f"</p></details>{_circles(s, circles) if eigenvalues else ''}"
        f"<table class='gl-tips'>{rows}</table>{radii}</div></div></div>"
    )


def _circles(s: DiracSettings, drawn: list[str]) -> str:
    """The eigenvalues' diagrams, and what is drawn how."""
    key = _key(CIRCLE_KEY) if model.is_smooth(s) else ""
    return f"<div class='circles'>{''.join(drawn)}</div>{key}"


def why(s: DiracSettings) -> str:
    """What happens, and why: of a preset its own words, of other settings what the model says."""
    if s.watch or not (s.theta or s.psi):
        return s.watch
    if not model.is_smooth(s):
        return "The penalty wants |ψ| = 1, while rest needs ψ = 0."
    size, verdict = model.spectral_radius(s), model.verdict(s)
    if abs(size - 1) < model.TINY:
        return "Near rest a step keeps the radius, to first order: the rest of the loss decides."
    near = f"Near rest a step multiplies the radius, on average, by about {size:.4f}"
    if size < 1:
        return f"{near}, so it shrinks."
    far = "farther out, something holds it" if verdict == model.CIRCLES else "nothing holds it"
    return f"{near}, so it grows; {far}."


def _key(names: Iterable[tuple[str, str]]) -> str:
    """What is drawn how, in a line below a diagram."""
    spans = "".join(f"<span class='{look}'>{name}</span>" for look, name in names)
    return f"<p class='key'>{spans}</p>"


def to_picture(s: DiracSettings, eigenvalues: bool = True) -> plots.Picture:
    """The diagrams alone: their titles have the numbers."""
    rows = 2 if eigenvalues else 1
    drawn, axes = plots.figure(8.6, 3 * rows, rows=rows, columns=2)
    diagrams = diagrams_of(s, eigenvalues)
    for axis, diagram in zip(axes.flat, diagrams, strict=False):
        draw(axis, diagram)
    axes.flat[-1].set_visible(len(diagrams) == axes.size)
    return plots.picture(drawn, alt_text(s, eigenvalues))


def numbers(s: DiracSettings, eigenvalues: bool = True) -> list[tuple[str, str]]:
    """The numbers beside the diagrams: name and value, as HTML."""
    _, (theta, psi) = model.end(s)
    values = [f"<b>{kit.short(radius(s))}</b>", f"{kit.short(theta)}, {kit.short(psi)}"]
    if eigenvalues and not model.is_smooth(s):
        values += [KINK] * 3
    elif eigenvalues:
        pairs = map(kit.pair, (model.eigenvalues(s), model.flow_eigenvalues(s)))
        values += [f"<b>{model.spectral_radius(s):.6f}</b>", *pairs]
    return [(kit.tip(*name), value) for name, value in zip(NAMES, values, strict=False)]


def radius(s: DiracSettings) -> float:
    """√(θ² + ψ²) after the steps."""
    return math.hypot(*model.end(s)[1])


def game_words(s: DiracSettings) -> str:
    """The loss, and the penalty if there is one."""
    return LOSSES[s.loss] + ("" if s.penalty == "none" else f" + {PENALTIES[s.penalty]}")


def alt_text(s: DiracSettings, eigenvalues: bool = True) -> str:
    """What is shown, for those who cannot see it."""
    largest = f", largest |μ| {model.spectral_radius(s):.4f}" if eigenvalues else ""
    if eigenvalues and not model.is_smooth(s):
        largest = ", no eigenvalues"
    return (
        f"Dirac-GAN, {game_words(s)}, {s.updates} steps of {s.step_size:g}: the orbit "
        f"{model.verdict(s)}, radius {kit.short(radius(s))} after {model.end(s)[0]} steps{largest}"
    )
