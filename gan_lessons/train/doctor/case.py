"""What `examine` finds, and what its rules look at."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from gan_lessons.losses import Loss
from gan_lessons.train.passes import logits

WINDOW = 100  # steps that a state must last to be called one, and that G needs to begin

Penalty = Callable[[Callable[[Tensor], Tensor], Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong; printed, it is one line.

    name: D wins, modes lost, mode hopping, batch norm in D, log of a sigmoid, wrong range,
    gradients left in D, rate too high, initialiser never called, penalty on detached tensors, or
    not finite. seen: what was measured, in words. numbers: the same by name. cause, advice: what it
    comes from, and what to try.
    """

    name: str
    seen: str
    cause: str
    advice: str
    numbers: Mapping[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.seen}: {self.cause}; {self.advice}"


@dataclass(frozen=True)
class Case:
    """Copies of the players, and what they make of one batch.

    real: (N, ...), z: (N, latent), labels: (N,) or None. show: what D sees of samples. losses_d:
    D's loss at each step. optimisers: of G and of D.
    """

    generator: nn.Module
    discriminator: nn.Module
    real: Tensor
    z: Tensor
    labels: Tensor | None
    loss: Loss
    losses_d: Sequence[float]
    optimisers: tuple[torch.optim.Optimizer, torch.optim.Optimizer] | None
    penalty: Penalty | None
    show: Callable[[Tensor], Tensor]
    looks: Callable[[], Sequence[Tensor]]
    kernels: float | None
    joint: bool
    cleared: bool

    def make(self, z: Tensor) -> Tensor:
        return logits(self.generator, z, self.labels)  # both players are called alike

    def judge(self, x: Tensor) -> Tensor:
        """The logits of samples, (N,), or one for each pack of them."""
        return self.judge_shown(self.show(x))

    def judge_shown(self, x: Tensor) -> Tensor:
        """The logits of what D is shown."""
        return logits(self.discriminator, x, self.labels).flatten()

    @property
    def chance(self) -> float:
        """See `chance_of`."""
        return chance_of(self.loss)

    @property
    def trained(self) -> bool:
        """Whether G is known to have had the time to learn something."""
        of_g = steps_of(self.optimisers[0]) if self.optimisers else len(self.losses_d)
        return of_g >= WINDOW

    @property
    def pace(self) -> float:
        """How much faster G moves than D: updates times learning rates. 1 if that is unknown."""
        if self.optimisers is None:
            return 1.0
        g, d = (steps_of(each) * each.param_groups[0]["lr"] for each in self.optimisers)
        return float(g / d) if d else (math.inf if g else 1.0)


@contextmanager
def undisturbed(device: torch.device) -> Iterator[None]:
    """Networks that draw random numbers (dropout) do not move torch's own streams inside."""
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices), torch.enable_grad():
        yield


def chance_of(loss: Loss) -> float:
    """The least loss of a D that gives a real and a fake sample the same logit; 0 for wgan.

    A pair in the wrong order costs at least as much. So D's loss divided by it is at least the
    share of pairs that D confuses.
    """
    same = torch.linspace(-3, 3, 61).split(1)
    return max(0.0, min(loss.discriminator(each, each).item() for each in same))


def steps_of(optimiser: torch.optim.Optimizer) -> float:
    """How many steps it has taken; 0 if it does not count them."""
    return max((float(own["step"]) for own in optimiser.state.values() if "step" in own), default=0)


def remembered(optimiser: torch.optim.Optimizer) -> tuple[float, float] | None:
    """The gradients that an Adam was given: the norm of their mean over the last steps, and their
    usual norm so far, as the root of a mean square over a longer time. None for other optimisers.
    """
    kept = [own for own in optimiser.state.values() if "exp_avg" in own and "exp_avg_sq" in own]
    if not kept:
        return None
    forgotten = optimiser.param_groups[0]["betas"][1] ** float(kept[0]["step"])
    squares = sum(own["exp_avg_sq"].sum().item() for own in kept)
    return norm([own["exp_avg"] for own in kept]), math.sqrt(squares / max(1 - forgotten, 1e-30))


def norm(tensors: Sequence[Tensor | None]) -> float:
    """The length of all tensors as one vector; None counts as zeros."""
    known = [each.detach().float() for each in tensors if each is not None]
    return math.sqrt(sum(each.square().sum().item() for each in known))
