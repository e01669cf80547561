"""The settings of a training in one frozen object, and the recipes of the course."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeVar

from gan_lessons import checks
from gan_lessons.losses import LOSSES, PENALTIES
from gan_lessons.models import FAMILIES
from gan_lessons.train.remedies import names
from gan_lessons.train.schedule import cosine

MOST_SEED = 2**63 - 1
MOST_UPDATES = 10_000  # of one network in a step
Config = TypeVar("Config", bound="RunConfig")


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """The settings that every game has. A value out of range raises a ValueError."""

    batch: int = 64  # items of each data set in one update, over all processes
    beta1: float = 0.5  # Adam's memory of the gradient's mean
    beta2: float = 0.999  # Adam's memory of its square
    ema_half_life: float = 0.0  # pictures until half of the average is newer weights; 0: no average
    ema_ramp: float = 0.1  # the half-life is at most this share of the pictures seen; 0: no limit
    schedule_steps: int = 0  # steps over which settings go to their final value, by a cosine
    learning_rate_final: float = 1.0  # share of all learning rates that is left then
    seed: int = 0  # of the weights that `networks` draws, the latents and the order of the data

    def __post_init__(self) -> None:
        self._check_each()
        self._check_together()

    def _check_each(self) -> None:
        """Each setting by itself."""
        self._check(checks.whole, "batch", 1)
        self._check(checks.whole, "schedule_steps", 0)
        self._check(checks.whole, "seed", 0, MOST_SEED)
        for name in ("ema_half_life", "ema_ramp"):
            self._check(checks.number, name, 0)
        for name in ("beta1", "beta2"):
            self._check(checks.number, name, 0, below=1)
        self._check(checks.number, "learning_rate_final", 0, 1)

    def _check_together(self) -> None:
        """Settings that are valid alone and not with each other."""
        if self.changing and not self.schedule_steps:
            raise ValueError(
                f"{' and '.join(self.changing)} change over schedule_steps: "
                "set schedule_steps to at least 1, got 0"
            )

    def _check(self, check: Callable, name: str, *limits: Any, **more: Any) -> None:
        """Checks a setting, and stores what the check returns: a plain number for NumPy's."""
        object.__setattr__(self, name, check(name, getattr(self, name), *limits, **more))

    @property
    def changing(self) -> list[str]:
        """The settings that are set to change along the schedule."""
        return ["learning_rate_final"] if self.learning_rate_final < 1 else []

    def learning_rate_share(self, step: int) -> float:
        """The share of the learning rates that the schedule leaves at a step."""
        return cosine(step, self.schedule_steps, 1.0, self.learning_rate_final)

    def to_dict(self) -> dict:
        return asdict(self)

    @classmethod
    def from_dict(cls: type[Config], values: dict) -> Config:
        """The opposite of `to_dict`. Raises ValueError for settings that this version lacks."""
        known = [field.name for field in fields(cls)]
        for name in checks.instance("values", values, Mapping):
            checks.one_of("setting", name, known)
        return cls(**values)


@dataclass(frozen=True, kw_only=True)
class TrainConfig(RunConfig):
    """The settings of a GAN's training. A value out of range raises a ValueError."""

    network: str = "dcgan"  # the family that `networks` builds; see gan_lessons.models
    width: int = 32  # channels next to the picture (dcgan, modern), or hidden units (mlp)
    latent: int = 100  # numbers in one latent z, each drawn from N(0, 1)
    conditional: bool = False  # generator and discriminator are given the picture's label
    norm: bool = True  # batch norm in a dcgan's discriminator; no penalty goes with it
    spectral: bool = False  # spectral norm on the discriminator's layers

    loss: str = "nonsaturating"  # see gan_lessons.losses.LOSSES
    penalty: str | None = None  # see gan_lessons.losses.PENALTIES
    gamma: float = 0.0  # weight of the penalty
    gamma_final: float = 1.0  # share of gamma that is left after schedule_steps
    penalty_every: int = 1  # apply the penalty at every k-th update of D, weighted k times
    label_smoothing: float = 0.0  # the target of real pictures is 1 minus this (cross entropy)
    instance_noise: float = 0.0  # deviation of noise on what D sees; gone after schedule_steps
    pack: int = 1  # pictures that D judges together
    augment: str = ""  # colour, translation, cutout: random changes of what D sees

    learning_rate_g: float = 2e-4  # Adam's, for the generator
    learning_rate_d: float = 2e-4  # Adam's, for the discriminator
    discriminator_updates: int = 1  # updates of the discriminator for each one of the generator
    fresh: bool = True  # G's turn draws new latents; False: it uses D's last fakes, saving a pass

    def _check_each(self) -> None:
        super()._check_each()
        self._check(checks.one_of, "network", FAMILIES)
        self._check(checks.one_of, "loss", LOSSES)
        if self.penalty is not None:
            self._check(checks.one_of, "penalty", PENALTIES)
        names(checks.instance("augment", self.augment, str))
        for name in ("width", "latent", "penalty_every", "pack"):
            self._check(checks.whole, name, 1)
        self._check(checks.whole, "discriminator_updates", 1, MOST_UPDATES)
        for name in ("conditional", "norm", "spectral", "fresh"):
            self._check(checks.flag, name)
        for name in ("learning_rate_g", "learning_rate_d"):
            self._check(checks.number, name, above=0)
        for name in ("gamma", "instance_noise"):
            self._check(checks.number, name, 0)
        self._check(checks.number, "label_smoothing", 0, below=1)
        self._check(checks.number, "gamma_final", 0, 1)

    @property
    def changing(self) -> list[str]:
        own = {"instance_noise": self.instance_noise > 0, "gamma_final": self.gamma_final < 1}
        return super().changing + [name for name, changes in own.items() if changes]

    def _check_together(self) -> None:
        super()._check_together()
        if self.penalty is not None and self.gamma == 0:
            raise ValueError(f"gamma must be above 0 with the penalty {self.penalty!r}, got 0")
        if self.label_smoothing and not LOSSES[self.loss].cross_entropy:
            fit = " or ".join(repr(name) for name, loss in LOSSES.items() if loss.cross_entropy)
            raise ValueError(f"label_smoothing needs loss={fit}, got {self.loss!r}")
        if self.batch % self.pack:
            raise ValueError(f"batch must be a multiple of pack ({self.pack}), got {self.batch}")
        if self.pack > 1 and self.conditional:
            raise ValueError("pack joins pictures of different labels: not with conditional=True")


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
    # average of the weights moves less from step to step; that it is nearer to real pictures is
    # undecided at this budget (20 seeds each on MNIST and glyphs, evidence 06.training: nearer in
    # 2 and 6 at 100 steps, 19 and 16 at 200, 16 and 9 at 300, 4 and 9 at 400, 12 and 9 at 500).
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
