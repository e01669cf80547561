"""Settings that show a phenomenon each, what to watch, and the claim they are held to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Record = dict[str, float]


@dataclass(frozen=True)
class Preset:
    """A phenomenon.

    settings: fields of GanLabSettings. turns: until it can be seen. watch: what to look for.
    expected: whether a lab shows it after the turns, by its metrics and its history.
    """

    settings: dict[str, Any]
    turns: int
    watch: str
    expected: Callable[[Record, Sequence[Record]], bool]


def late(history: Sequence[Record], name: str) -> float:
    """The median of a metric over the second half of the history."""
    return float(np.median([record[name] for record in history[len(history) // 2 :]]))


def swings(history: Sequence[Record]) -> int:
    """How often the fakes' mean goes from one side of the data's middle to the other, and back.

    Counted along the direction in which the mean moves most.
    """
    means = np.array([(record["mean_x"], record["mean_y"]) for record in history])
    _, _, directions = np.linalg.svd(means - means.mean(0), full_matrices=False)
    along = means @ directions[0]
    return int((np.diff(np.sign(along)) != 0).sum())


def far(records: Sequence[Record]) -> float:
    """The root mean square distance of the fakes' mean from 0, the data's middle."""
    return float(np.sqrt(np.mean([r["mean_x"] ** 2 + r["mean_y"] ** 2 for r in records])))


_OUT_OF_BALANCE = {"data": "ring", "learning_rate_g": 1e-2, "learning_rate_d": 2e-3}

PRESETS = {
    "works": Preset(
        {
            "data": "drawn",
            "learning_rate_g": 1e-3,
            "learning_rate_d": 2e-3,
            "gamma": 0.05,
            "batch": 128,
            "ema_half_life": 5_000.0,
        },
        1_000,
        "The fakes fill the heart, the heat map fades to nothing, and a real point outscores a "
        "fake in about half of all pairs: the discriminator can only guess.",
        lambda now, history: (
            now["modes"] == now["modes_in_all"]
            and now["good"] > 0.9
            and now["js"] < 0.15
            and abs(now["outscored"] - 0.5) < 0.1
        ),
    ),
    "collapses": Preset(
        {**_OUT_OF_BALANCE, "penalty": "none"},
        600,
        "A generator that learns faster than its judge puts nearly all fakes in one place. The "
        "discriminator learns to call that place fake, and the whole crowd moves on together.",
        lambda now, history: (
            late(history, "spread") < 0.25 and late(history, "modes") <= 2 and swings(history) >= 6
        ),
    ),
    "rotates": Preset(
        {
            "data": "ring",
            "loss": "wgan",
            "penalty": "none",
            "optimiser": "sgd",
            "layers_g": 0,
            "layers_d": 0,
            "learning_rate_g": 0.05,
            "learning_rate_d": 0.05,
            "gamma": 1.0,  # of the penalty that the reader is to choose
        },
        600,
        "Both players are linear. The critic points to where real points are missing, the fakes "
        "run there, past the middle, and back: the game goes round and never comes to rest. Give "
        "it the penalty r1, and it does.",
        lambda now, history: (
            swings(history) >= 6
            and far(history[len(history) // 2 :]) > 0.5 * far(history[: len(history) // 2])
        ),
    ),
    "discriminator wins": Preset(
        {
            "data": "ring",
            "loss": "minimax",
            "penalty": "none",
            "updates_d": 5,
            "learning_rate_g": 5e-5,
            "learning_rate_d": 1e-2,
        },
        150,
        "The discriminator is soon sure of nearly every pair. Where it is sure, the minimax loss "
        "is flat: the arrows shrink to nothing. Choose the loss nonsaturating, and they are back. "
        "G's rate is small on purpose: Adam would make large steps of tiny gradients.",
        lambda now, history: now["outscored"] > 0.95 and now["push"] < 0.05 and now["good"] < 0.05,
    ),
    "WGAN-GP rescues": Preset(
        {
            **_OUT_OF_BALANCE,
            "loss": "wgan",
            "penalty": "wgan-gp",
            "gamma": 1.0,
            "updates_d": 5,
        },
        600,
        "The learning rates of the collapse, with a critic under a gradient penalty that takes "
        "five updates a turn: the fakes spread over the whole ring and stay there.",
        lambda now, history: late(history, "spread") > 0.7 and late(history, "modes") >= 3,
    ),
    "relativistic with R1 and R2 finds all 25": Preset(
        {
            "data": "grid",
            "loss": "rpgan",
            "penalty": "r1r2",
            "gamma": 0.1,
            "layers_g": 3,
            "layers_d": 3,
            "units_g": 128,
            "units_d": 128,
            "activation": "relu",
            "batch": 128,
            "ema_half_life": 5_000.0,
        },
        4_000,
        "Each fake is compared with a real point, and the gradient is held down at both: the "
        "generator's grid tears apart between the modes until it has reached all 25.",
        lambda now, history: now["modes"] == 25 and now["good"] > 0.5,
    ),
}
