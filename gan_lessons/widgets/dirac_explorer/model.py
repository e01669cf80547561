"""Dirac-GAN: each player is one number, so that the whole game can be computed and seen.

The data is the point 0, the generator makes the point theta, and the discriminator is D(x) = psi x,
a logit that is higher for "more real", as in `gan_lessons.losses`. D(0) = 0, so each loss is a
function of one logit, t = D(theta) = psi theta. Both players can rest at (theta, psi) = (0, 0).

Source: Mescheder et al. 2018, "Which Training Methods for GANs do actually Converge?", section 2.
Their discriminator has the opposite sign: their (theta, psi) is (theta, -psi) here.
"""

import cmath
import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from gan_lessons.widgets.dirac_explorer.settings import DiracSettings

Point = tuple[float, float]  # (theta, psi)
# The last is for WGAN-GP alone: its pull on psi is strong enough to hold theta at a wrong place.
VERDICTS = CONVERGES, CIRCLES, DRIFTS, STOPS = "converges", "circles", "drifts away", "stops short"
FAR = 1e6  # an orbit ends when its radius exceeds this
LONG = 4_000  # steps that a verdict may look at
TINY = 1e-9  # how near to the unit circle an eigenvalue counts as on it


def _sigmoid(t: float) -> float:
    """1 / (1 + exp(-t)), without overflow."""
    return 1 / (1 + math.exp(-t)) if t > 0 else math.exp(t) / (1 + math.exp(t))


# Loss → dL_D/dt and -dL_G/dt, the slopes of both objectives in the fake's logit t.
SLOPES: dict[str, tuple[Callable[[float], float], Callable[[float], float]]] = {
    "minimax": (_sigmoid, _sigmoid),
    "nonsaturating": (_sigmoid, lambda t: _sigmoid(-t)),
    "wgan": (lambda t: 1.0, lambda t: 1.0),
    "rpgan": (_sigmoid, lambda t: _sigmoid(-t)),
}
# Penalty → k, where k gamma psi is its gradient. D has the slope psi at every x, so R1 and R2 are
# both psi² / 2. WGAN-GP's (|psi| - 1)² has 2 gamma (psi - sign psi), which jumps at 0.
FACTORS = {"none": 0, "r1": 1, "r2": 1, "r1r2": 2, "wgan-gp": 2}


def weight(s: DiracSettings) -> float:
    """k gamma: how strongly the penalty pulls psi to 0 (under WGAN-GP, to ±1)."""
    return FACTORS[s.penalty] * s.gamma


def velocity(s: DiracSettings, theta: float, psi: float) -> Point:
    """Where each player goes: (-dL_G/dtheta, -dL_D/dpsi), the penalty included."""
    d_slope, g_slope = SLOPES[s.loss]
    t = psi * theta
    target = math.copysign(1, psi) if s.penalty == "wgan-gp" and psi else 0.0
    return psi * g_slope(t), -theta * d_slope(t) - weight(s) * (psi - target)


def step(s: DiracSettings, theta: float, psi: float) -> Point:
    """One step of both players. The generator moves first if they alternate."""
    to_theta, to_psi = velocity(s, theta, psi)
    new = theta + s.step_size * to_theta
    if s.updates == "alternating":
        to_psi = velocity(s, new, psi)[1]
    return new, _clipped(s, psi + s.step_size * to_psi)


def _clipped(s: DiracSettings, psi: float) -> float:
    return max(-s.clip, min(s.clip, psi)) if s.clip else psi


def orbit(s: DiracSettings, steps: int) -> list[Point]:
    """The start and the point after each step, steps + 1 in all; fewer if it goes beyond FAR."""
    points = [(s.theta, _clipped(s, s.psi))]
    while len(points) <= steps and math.hypot(*points[-1]) <= FAR:
        points.append(step(s, *points[-1]))
    return points


@lru_cache(maxsize=64)
def end(s: DiracSettings) -> tuple[int, Point]:
    """How many of the steps shown were taken, and the point after them."""
    points = orbit(s, s.steps)
    return len(points) - 1, points[-1]


def flow(s: DiracSettings, steps: int) -> list[Point]:
    """The continuous game from the same start, at the time of each step, by Runge and Kutta.

    Not for clipping and WGAN-GP, where the velocity jumps.
    """
    points, h = [(s.theta, s.psi)], s.step_size
    for _ in range(steps):
        theta, psi = points[-1]
        a, b = velocity(s, theta, psi)
        c, d = velocity(s, theta + h / 2 * a, psi + h / 2 * b)
        e, f = velocity(s, theta + h / 2 * c, psi + h / 2 * d)
        g, i = velocity(s, theta + h * e, psi + h * f)
        points.append((theta + h / 6 * (a + 2 * (c + e) + g), psi + h / 6 * (b + 2 * (d + f) + i)))
    return points


# Near (0, 0)


def is_smooth(s: DiracSettings) -> bool:
    """Whether a linear step describes the game near (0, 0). WGAN-GP's |psi| has a kink there."""
    return s.penalty != "wgan-gp" or not s.gamma


def slope(s: DiracSettings) -> float:
    """l'(0): how strongly each player answers the other."""
    return SLOPES[s.loss][0](0.0)


def eigenvalues(s: DiracSettings) -> tuple[complex, complex]:
    """Of the linear step: [[1, hl], [-hl, 1 - hk]] for the step size h, l = l'(0), k = `weight`.

    Alternating players multiply [[1, 0], [-hl, 1 - hk]] [[1, hl], [0, 1]].
    """
    push, pull = s.step_size * slope(s), s.step_size * weight(s)
    alternating = s.updates == "alternating"
    middle = 1 - pull / 2 - (push**2 / 2 if alternating else 0)
    product = 1 - pull + (0 if alternating else push**2)
    root = cmath.sqrt(middle**2 - product)
    return middle + root, middle - root


def ways(s: DiracSettings) -> list[list[tuple[float, float]]]:
    """Where the step's two eigenvalues go as γ goes over its slider: one way for each of them."""
    if s.penalty in ("none", "wgan-gp"):
        return []
    return _ways(s.changed(gamma=0.0, theta=1.0, psi=1.0, steps=0, clip=0.0))


@lru_cache(maxsize=64)
def _ways(s: DiracSettings) -> list[list[tuple[float, float]]]:
    pairs = [eigenvalues(s.changed(gamma=0.02 * i)) for i in range(101)]
    return [[(each.real, each.imag) for each in way] for way in zip(*pairs, strict=True)]


def flow_eigenvalues(s: DiracSettings) -> tuple[complex, complex]:
    """Of the continuous game: -k/2 ± √(k²/4 - l'(0)²), k = `weight`."""
    root = cmath.sqrt(weight(s) ** 2 / 4 - slope(s) ** 2)
    return -weight(s) / 2 + root, -weight(s) / 2 - root


def spectral_radius(s: DiracSettings) -> float:
    """The larger modulus of the step's two: below 1, small radii shrink."""
    return max(map(abs, eigenvalues(s)))


@lru_cache(maxsize=64)
def verdict(s: DiracSettings) -> str:
    """What the orbit does in the end: one of VERDICTS. "circles": it moves on, and stays near.

    The spectral radius decides if it can: below 1 the orbit comes to rest at (0, 0), above 1 it
    never does. At exactly 1 the loss decides, and for minimax, as under WGAN-GP, LONG steps.
    """
    growth = spectral_radius(s) - 1
    if (is_smooth(s) and growth < -TINY) or not (s.theta or s.psi):
        return CONVERGES
    if is_smooth(s) and growth > TINY:
        return CIRCLES if _is_bounded(s) else DRIFTS
    if is_smooth(s) and s.loss != "minimax":
        return CIRCLES if s.loss == "wgan" else CONVERGES
    points = orbit(s, LONG)
    if len(points) <= LONG:
        return DRIFTS
    radii = np.hypot(*np.array(points[:LONG]).T).reshape(4, -1).max(1)  # of each quarter
    if not is_smooth(s):
        ends = points[-LONG // 4 :]
        fastest = max(map(math.dist, ends, ends[1:])) / s.step_size
        return STOPS if fastest < 0.01 * radii[3] else CIRCLES if _is_bounded(s) else DRIFTS
    if radii[3] < 0.9 * radii[1]:
        return CONVERGES
    return DRIFTS if radii[3] > 1.05 * radii[0] else CIRCLES


def _is_bounded(s: DiracSettings) -> bool:
    """Whether something pulls inward far out.

    Clipping holds psi. The non-saturating loss pulls inward itself: along its flow
    d(theta² + psi²)/dt = -2 t tanh(t / 2). With minimax any penalty does, because far out the loss
    is flat. Wasserstein is linear: its linear step decides, which WGAN-GP has too, far out.
    """
    if s.loss == "wgan" and not s.clip:
        return spectral_radius(s) <= 1 + TINY
    return s.clip > 0 or s.loss != "minimax" or weight(s) > 0
