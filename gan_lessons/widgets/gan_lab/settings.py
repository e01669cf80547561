"""What a lab is set to: plain data, checked, that rebuilds it."""

import re
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from gan_lessons.checks import shown
from gan_lessons.losses import LOSSES, PENALTIES
from gan_lessons.models.points import PRIORS, SLOPES
from gan_lessons.train.config import TrainConfig
from gan_lessons.widgets.gan_lab.presets import PRESETS, WHY
from gan_lessons.widgets.gan_lab.truth import DIGITS, DRAWN, HEART, NAMES, SIDE
from gan_lessons.widgets.presets import WithPresets, preset_menu
from gan_lessons.widgets.settings import (
    menu,
    number_menu,
    plain,
    seed_box,
    toggles,
    whole_slider,
)

NO_PENALTY = "none"
RATES = (1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 3e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1, 0.2, 0.5, 1.0)
GAMMAS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
HALF_LIVES = (0.0, 1_000.0, 5_000.0, 25_000.0)
# These may change while a game goes on; any other starts it anew.
LIVE = (
    *("loss", "penalty", "gamma", "optimiser", "batch", "ema_half_life"),
    *("learning_rate_g", "learning_rate_d", "updates_g", "updates_d"),
)
VIEWS = {  # name: what its button says when it is pointed at
    "real": "Real points, drawn from the data.",
    "fake": "Points that the generator makes: do they cover the real ones?",
    "heat": "What the discriminator thinks of each point of the plane: blue real, orange fake.",
    "grid": "Where the generator maps a grid of z; the darker, the denser the fakes.",
    "arrows": "The way the discriminator sends each fake: where its own loss ℓ falls, −∂ℓ/∂x.",
    "losses": "Both losses, turn by turn.",
    "modes": "The share of the modes found, and the share of good fakes.",
    "divergence": "JS of fakes and data, counted in cells: rather too low than too high; KL of the "
    "modes' shares of good fakes to equal shares.",
}

FIRST_VIEWS = ("real", "fake", "heat")  # enough to see a game; the others are a click away


def _names(options: Any) -> dict[str, str]:
    return {each: each.replace("_", " ") for each in options}


def _rate(player: str) -> Any:
    tip = f"Of the {player}'s optimiser: who learns faster, and who runs away?"
    words = partial(np.format_float_positional, trim="-")  # 0.00005, not 5e-05
    return number_menu(3e-3, RATES, above=0, most=10, label="learning rate", tip=tip, words=words)


def _layers(player: str) -> Any:
    tip = f"Hidden layers of the {player}; with none it is linear."
    return whole_slider(2, 0, 4, label="layers", tip=tip)


def _units(player: str) -> Any:
    return whole_slider(32, 2, 128, label="units", tip=f"Units in each layer of the {player}.")


def _updates(player: str) -> Any:
    tip = f"How many updates the {player} makes in its part of a turn."
    return whole_slider(1, 1, 5, label="updates a turn", tip=tip)


def _points(half_life: float) -> str:
    if not half_life:
        return "none"
    return f"{half_life:,.0f} points" if half_life >= 1_000 else f"{half_life:g}"


def _drawing(name: str, value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(f"[0-9a-f]{{{DIGITS}}}", value):
        raise ValueError(
            f"{name} must be {DIGITS} hexadecimal digits, a bit for each of the {SIDE} by {SIDE} "
            f"cells, got {shown(value)}"
        )
    return value


@dataclass(frozen=True)
class GanLabSettings(WithPresets):
    """Where the controls stand. A value out of range raises a ValueError that says the range.

    drawing: of the data "drawn", 30 by 30 cells as 226 hexadecimal digits; all 0: nothing is drawn
    yet. prior: what the generator takes, N(0, 1) or uniform on [-1, 1]. gamma: the weight of the
    penalty. batch: real points, and as many fakes, in one update. ema_half_life: of the generator's
    averaged weights, in points that it was trained on; 0: no average.
    """

    presets = PRESETS
    free = (*LIVE, "views")

    preset: str = preset_menu(PRESETS)
    data: str = menu(
        "ring",
        _names(NAMES),
        label="data",
        tip="What the real points are drawn from; with “drawn” you draw it yourself.",
    )
    drawing: str = plain(HEART, _drawing)
    seed: int = seed_box(tip="The random seed of the first weights, the real points and all z.")
    latent: int = whole_slider(
        2, 1, 2, label="numbers in z", tip="With one number the fakes lie on a curve."
    )
    prior: str = menu(
        "normal", PRIORS, label="z is", tip="The distribution that the generator takes z from."
    )
    layers_g: int = _layers("generator")
    units_g: int = _units("generator")
    layers_d: int = _layers("discriminator")
    units_d: int = _units("discriminator")
    activation: str = menu(
        "leaky",
        tuple(SLOPES),
        label="rectifiers",
        tip="The activation of both players: relu tears the z grid apart more sharply.",
    )
    loss: str = menu(
        "nonsaturating",
        tuple(LOSSES),
        label="loss",
        tip="What both players minimise: see the arrows.",
    )
    penalty: str = menu(
        "r1",
        (NO_PENALTY, *PENALTIES),
        label="penalty",
        tip="On the discriminator's gradient: without one, does the game come to rest?",
    )
    gamma: float = number_menu(
        0.1, GAMMAS, above=0, most=100, label="its weight γ", tip="How much the penalty counts."
    )
    # Adam with beta1 .5, because training oscillated with .9 (Radford et al. 2015, section 4).
    optimiser: str = menu(
        "adam",
        ("adam", "sgd"),
        label="optimiser",
        tip="Of both players: Adam, or gradient descent with one rate for all weights.",
    )
    learning_rate_g: float = _rate("generator")
    learning_rate_d: float = _rate("discriminator")
    updates_g: int = _updates("generator")
    updates_d: int = _updates("discriminator")
    batch: int = whole_slider(
        64, 8, 512, label="batch", tip="Real points, and as many fakes, in one update."
    )
    ema_half_life: float = number_menu(
        0.0,
        HALF_LIVES,
        least=0,
        label="EMA half-life",
        tip="Shows the fakes of a generator with averaged weights: they move less.",
        words=_points,
    )
    views: tuple[str, ...] = toggles(
        FIRST_VIEWS,
        VIEWS,
        least=0,
        most=len(VIEWS),
        one="view",
        words={"heat": "heat map", "grid": "z grid"},
        stem="show_",
        ordered=True,
    )

    @property
    def why(self) -> str:
        """What happens in the preset, and why; empty without one."""
        return WHY.get(self.preset, "")

    @property
    def config(self) -> TrainConfig:
        """The same for the game of `gan_lessons.train`."""
        return TrainConfig(
            network="mlp",  # not used: the lab builds its networks itself
            latent=self.latent,
            loss=self.loss,
            penalty=None if self.penalty == NO_PENALTY else self.penalty,
            gamma=self.gamma,
            batch=self.batch,
            learning_rate_g=self.learning_rate_g,
            learning_rate_d=self.learning_rate_d,
            discriminator_updates=self.updates_d,
            ema_half_life=self.ema_half_life,
            seed=self.seed,
        )

    @property
    def played(self) -> dict[str, Any]:
        """What the game depends on, where it differs from a lab without settings."""
        usual = GanLabSettings().state
        return {
            name: value
            for name, value in self.state.items()
            if value != usual[name]
            and name not in ("preset", "views")
            and (name != "drawing" or self.data == DRAWN)
        }
