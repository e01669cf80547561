"""Every setting of a training run in one frozen object, and the recipes of the course."""

import math
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any

from gan_lessons.losses import LOSSES, PENALTIES
from gan_lessons.models import FAMILIES
from gan_lessons.train.remedies import names


@dataclass(frozen=True)
class TrainConfig:
    """The settings of a run. Values out of range raise a ValueError that says what is allowed."""

    network: str = "dcgan"  # the family that `networks` builds; see gan_lessons.models
    width: int = 32  # channels next to the picture (dcgan, modern), or hidden units (mlp)
    latent: int = 100  # numbers in one latent z, each drawn from N(0, 1)
    conditional: bool = False  # both players are told the picture's label
    norm: bool = True  # batch norm in a dcgan's discriminator; no penalty goes with it
    spectral: bool = False  # spectral norm on the discriminator's layers

    loss: str = "nonsaturating"  # see gan_lessons.losses.LOSSES
    penalty: str | None = None  # see gan_lessons.losses.PENALTIES
    gamma: float = 0.0  # weight of the penalty
    penalty_every: int = 1  # updates of D; one that is left out is made up for by the next
    label_smoothing: float = 0.0  # the target of real pictures is 1 minus this (cross entropy)
    instance_noise: float = 0.0  # deviation of noise on what D sees; gone after schedule_steps
    pack: int = 1  # pictures that D judges together
    augment: str = ""  # colour, translation, cutout: what D sees is changed so, differentiably

    batch: int = 64  # pictures of each kind, real and fake, in one update, of all processes
    learning_rate_g: float = 2e-4  # Adam's, for the generator
    learning_rate_d: float = 2e-4  # Adam's, for the discriminator
    beta1: float = 0.5  # Adam's memory of the gradient's mean
    beta2: float = 0.999  # Adam's memory of its square
    discriminator_updates: int = 1  # of the discriminator for each one of the generator
    fresh: bool = True  # G's turn has a batch of its own; False: D's last one again, saving a pass
    ema_half_life: float = 0.0  # pictures until half of the average is newer weights; 0: no average
    ema_ramp: float = 0.1  # the half-life is at most this share of the pictures seen; 0: no limit
    schedule_steps: int = 0  # steps over which settings go to their final value, by a cosine
    learning_rate_final: float = 1.0  # share of both learning rates that is left then
    gamma_final: float = 1.0  # share of gamma that is left then
    seed: int = 0  # of the weights that `networks` draws, the latents and the order of the data

    def __post_init__(self) -> None:
        _known("network", self.network, FAMILIES)
        _known("loss", self.loss, LOSSES)
        if self.penalty is not None:
            _known("penalty", self.penalty, PENALTIES)
        names(self.augment)
        for name in ("width", "latent", "batch", "discriminator_updates", "penalty_every", "pack"):
            _whole(name, getattr(self, name), 1)
        for name in ("conditional", "norm", "spectral", "fresh"):
            _flag(name, getattr(self, name))
        for name in ("seed", "schedule_steps"):
            _whole(name, getattr(self, name), 0)
        for name in ("learning_rate_g", "learning_rate_d"):
            _number(name, getattr(self, name), "above 0", lambda value: value > 0)
        for name in ("gamma", "ema_half_life", "ema_ramp", "instance_noise"):
            _number(name, getattr(self, name), "0 or more", lambda value: value >= 0)
        for name in ("beta1", "beta2", "label_smoothing"):
            _number(name, getattr(self, name), "at least 0 and below 1", lambda b: 0 <= b < 1)
        for name in ("learning_rate_final", "gamma_final"):
            _number(name, getattr(self, name), "0 to 1", lambda share: 0 <= share <= 1)
        self._check_together()

    def _check_together(self) -> None:
        """Settings that are all right alone and not with each other."""
        if self.penalty is not None and self.gamma == 0:
            raise ValueError(f"gamma must be above 0 with the penalty {self.penalty!r}, got 0")
        if self.label_smoothing and self.loss not in ("minimax", "nonsaturating"):
            raise ValueError(
                "label_smoothing changes the targets of a cross entropy, "
                f"which the loss {self.loss!r} has not: leave it 0"
            )
        if self.batch % self.pack:
            raise ValueError(f"batch must be a multiple of pack ({self.pack}), got {self.batch}")
        if self.pack > 1 and self.conditional:
            raise ValueError("pack joins pictures of different labels: not with conditional=True")
        changing = self.instance_noise or self.learning_rate_final < 1 or self.gamma_final < 1
        if changing and not self.schedule_steps:
            raise ValueError(
                "instance_noise, learning_rate_final and gamma_final change over schedule_steps: "
                "say over how many, got 0"
            )

    def to_dict(self) -> dict:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict) -> "TrainConfig":
        """The opposite of `to_dict`. Raises ValueError for settings that this version lacks."""
        known = [field.name for field in fields(cls)]
        for name in values:
            _known("setting", name, known)
        return cls(**values)


def _known(kind: str, value: Any, known: Iterable[str]) -> None:
    if value not in known:
        raise ValueError(f"unknown {kind} {value!r}; known are {', '.join(known)}")


def _flag(name: str, value: object) -> None:
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be True or False, got {value!r}")


def _whole(name: str, value: object, least: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ValueError(f"{name} must be a whole number of at least {least}, got {value!r}")


def _number(name: str, value: Any, allowed: str, holds: Callable[[float], bool]) -> None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or not holds(value):
        raise ValueError(f"{name} must be a number {allowed}, got {value!r}")


RECIPES = {
    # The article's sizes: dense layers, two of 128, z of 100, batches of 128. It names no learning
    # rate; 1e-3 lets a net this small show digits within a minute. The average as in dcgan.
    "article": TrainConfig(
        network="mlp",
        width=128,
        batch=128,
        learning_rate_g=1e-3,
        learning_rate_d=1e-3,
        ema_half_life=2_500,
    ),
    # Radford et al. 2015, section 4: Adam with beta1 .5, because training oscillated with .9.
    # Different from the paper, for a budget of a minute and 28 pixels: batches of 64 for 128 (twice
    # the steps) and a learning rate of 1e-3 for 2e-4 (in 1,500 steps it comes about twice as near
    # to MNIST); few channels; kernels of 4 for 5 (lesson 03); normal latents, not uniform ones. The
    # average takes out the flicker of that rate, and what a single step spoils: over seeds it is
    # nearer in the median, and far nearer in the worst case (lesson 06 measures one).
    "dcgan": TrainConfig(
        network="dcgan",
        width=32,
        batch=64,
        learning_rate_g=1e-3,
        learning_rate_d=1e-3,
        ema_half_life=2_500,
    ),
    # Huang et al. 2024, R3GAN: relativistic loss, R1 and R2 on every step, residual networks and no
    # batch norm (models/modern.py), Adam without memory of the mean (beta1 0; beta2 .99, where the
    # paper ends), an average, learning rates along a cosine. Chosen here, on MNIST, by the distance
    # reached in 20 s and in 2 min of one core: many small steps, so batches of 32, width 24,
    # latents of 64, G judged on the fakes that D just saw, and a rate of 3e-3 (2e-3 is slower, 4e-3
    # can break the game). Gamma does not carry from one data set to another: here, .3 and 3 were
    # worse than 1. The rates end at a tenth, which takes out their flicker; at 0, a training of
    # more than schedule_steps would stand still.
    "modern": TrainConfig(
        network="modern",
        width=24,
        latent=64,
        loss="rpgan",
        penalty="r1r2",
        gamma=1.0,
        batch=32,
        learning_rate_g=3e-3,
        learning_rate_d=3e-3,
        beta1=0.0,
        beta2=0.99,
        fresh=False,
        ema_half_life=2_500,
        schedule_steps=4_000,
        learning_rate_final=0.1,
    ),
}
