"""What a lab is set to: plain data, checked, that rebuilds it."""

import dataclasses
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gan_lessons.losses import LOSSES, PENALTIES
from gan_lessons.models.points import PRIORS, SLOPES
from gan_lessons.train.config import TrainConfig
from gan_lessons.widgets.gan_lab.truth import DRAWN, HEART, NAMES, SIDE

OPTIMISERS = ("adam", "sgd")
NO_PENALTY = "none"
WHOLE = {  # name: lowest and highest
    "seed": (0, 999_999),
    "latent": (1, 2),
    "layers_g": (0, 4),
    "layers_d": (0, 4),
    "units_g": (2, 128),
    "units_d": (2, 128),
    "updates_g": (1, 5),
    "updates_d": (1, 5),
    "batch": (8, 512),
}
NUMBERS = {"gamma": 100.0, "learning_rate_g": 10.0, "learning_rate_d": 10.0}  # above 0, up to
CHOICES = {
    "data": NAMES,
    "noise": PRIORS,
    "activation": tuple(SLOPES),
    "loss": tuple(LOSSES),
    "penalty": (NO_PENALTY, *PENALTIES),
    "optimiser": OPTIMISERS,
}
# These may change while a game goes on; any other starts it anew.
LIVE = (
    *("loss", "penalty", "gamma", "optimiser", "batch", "average"),
    *("learning_rate_g", "learning_rate_d", "updates_g", "updates_d"),
)


@dataclass(frozen=True)
class LabSettings:
    """Where the controls stand. A value out of range raises a ValueError that says the range."""

    data: str = "ring"  # one of truth.NAMES
    drawing: str = HEART  # of the data "drawn": 8 by 8 cells as 16 hexadecimal digits
    seed: int = 0  # of the first weights, the real points and the latents
    latent: int = 2  # numbers in one z, 1 or 2
    noise: str = "normal"  # what z comes from: N(0, 1), or "uniform" on [-1, 1]
    layers_g: int = 2  # hidden layers of the generator
    units_g: int = 32  # in each
    layers_d: int = 2
    units_d: int = 32
    activation: str = "leaky"  # of both players' hidden layers: leaky or plain (relu) rectifiers
    loss: str = "nonsaturating"  # see gan_lessons.losses
    penalty: str = "r1"  # on the discriminator's gradient; "none" for none
    gamma: float = 0.1  # the penalty's weight
    # Of both players: sgd, or adam with beta1 .5, because training oscillated with .9 (Radford et
    # al. 2015, section 4), and beta2 .999.
    optimiser: str = "adam"
    learning_rate_g: float = 3e-3
    learning_rate_d: float = 3e-3
    updates_g: int = 1  # of the generator in its turn
    updates_d: int = 1
    batch: int = 64  # real points, and as many fakes, in one update
    average: float = 0.0  # half-life in points of the generator's averaged weights; 0: no average

    def __post_init__(self) -> None:
        for name, allowed in CHOICES.items():
            if getattr(self, name) not in allowed:
                raise ValueError(
                    f"{name} must be one of {', '.join(allowed)}, got {getattr(self, name)!r}"
                )
        for name, (low, high) in WHOLE.items():
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
                raise ValueError(f"{name} must be a whole number {low} to {high}, got {value!r}")
        for name, most in NUMBERS.items():
            if not _is_number(getattr(self, name)) or not 0 < getattr(self, name) <= most:
                raise ValueError(
                    f"{name} must be a number above 0 and at most {most:g}, "
                    f"got {getattr(self, name)!r}"
                )
        if not _is_number(self.average) or self.average < 0:
            raise ValueError(f"average must be a number of 0 or more, got {self.average!r}")
        digits = SIDE * SIDE // 4
        if not isinstance(self.drawing, str) or not re.fullmatch(
            f"[0-9a-f]{{{digits}}}", self.drawing
        ):
            raise ValueError(
                f"drawing must be {digits} hexadecimal digits, a bit for each of the {SIDE} by "
                f"{SIDE} cells, got {self.drawing!r}"
            )
        if self.data == DRAWN and not int(self.drawing, 16):
            raise ValueError("the drawing has no cells: draw at least one")

    def changed(self, **changes: Any) -> "LabSettings":
        return dataclasses.replace(self, **changes)

    @property
    def config(self) -> TrainConfig:
        """The same for the game of `gan_lessons.train`."""
        return TrainConfig(
            network="mlp",  # not asked: the lab makes its networks itself
            latent=self.latent,
            loss=self.loss,
            penalty=None if self.penalty == NO_PENALTY else self.penalty,
            gamma=self.gamma,
            batch=self.batch,
            learning_rate_g=self.learning_rate_g,
            learning_rate_d=self.learning_rate_d,
            discriminator_updates=self.updates_d,
            ema_half_life=self.average,
            seed=self.seed,
        )

    @property
    def told(self) -> dict[str, Any]:
        """What differs from a lab without settings: enough to rebuild it."""
        return {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if getattr(self, field.name) != field.default
            and (field.name != "drawing" or self.data == DRAWN)
        }


PLAYERS = ("D", "G", "both")
Move = tuple[str, int] | dict[str, Any]  # so many turns of whom, or settings that changed


def moves_of(steps: int | Sequence[Any]) -> list[Move]:
    """A game in short form: 500, or [500, {"loss": "wgan"}, "20 D", 100], as moves.

    A number stands for so many turns of both players, "20 D" for 20 of one, a dict for settings
    that were changed there. Raises ValueError for anything else.
    """
    items = [steps] if isinstance(steps, int | str | dict) else list(steps)
    moves: list[Move] = []
    for item in items:
        words = re.fullmatch(r"(\d+) ([DG])", item) if isinstance(item, str) else None
        if isinstance(item, int) and not isinstance(item, bool) and item >= 0:
            moves.append(("both", item))
        elif words:
            moves.append((words[2], int(words[1])))
        elif isinstance(item, dict) and set(item) <= set(LIVE):
            moves.append(dict(item))
        else:
            raise ValueError(
                "steps must be a number of 0 or more, or a list of such numbers, of words like "
                f"'20 D', and of changed settings ({', '.join(LIVE)}), got {item!r}"
            )
    return moves


def steps_of(moves: Sequence[Move]) -> int | list[Any]:
    """The opposite of `moves_of`."""
    if not moves:
        return 0
    items = [
        dict(move)
        if isinstance(move, dict)
        else (move[1] if move[0] == "both" else f"{move[1]} {move[0]}")
        for move in moves
    ]
    return items[0] if len(items) == 1 and isinstance(items[0], int) else items


def _is_number(value: object) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and math.isfinite(value)  # type: ignore[arg-type]
