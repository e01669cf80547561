"""What a game is to the trainer: networks that learn in turns, and the loss of each turn.

A game says what is played and nothing else. Its losses are functions that take all they use and
return the loss; what moves the weights, and everything around it, is `GameTrainer`'s:

    GameTrainer(MyGame(config), {"generator": g, "critic": c}, {"real": images}).fit(1000)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor, nn

from gan_lessons.data import Images
from gan_lessons.data.toy import Points
from gan_lessons.train.config import RunConfig
from gan_lessons.train.shared_random import SharedRandom

Data = Images | Points
Networks = Mapping[str, nn.Module]
Values = Mapping[str, float | Tensor]  # scheduled values by name


class Batch(NamedTuple):
    """Items of one data set, on the training's device."""

    x: Tensor  # (N, C, H, W) floats in [-1, 1], or (N, dims) for points
    labels: Tensor | None  # (N,) int64, or None if the set has none


class TurnLoss(Protocol):
    """The loss of one turn: a scalar () to minimise, and what the next turn of the step is given.

    networks: all networks of the game, by name. batch: a `Batch` of each data set, by name.
    random: draw all random numbers from it. values: the game's scheduled values at this step.
    carried: what the turn before returned, None in the first one; it may hold a graph through
    networks that no turn in between updates.

    With compute.graph, values are tensors () and the step is recorded once: do not branch on them,
    call .item(), or use Python numbers that change from step to step.
    """

    def __call__(
        self,
        networks: Networks,
        batch: Mapping[str, Batch],
        random: SharedRandom,
        values: Values,
        carried: Any,
        /,
    ) -> tuple[Tensor, Any]: ...


@dataclass(frozen=True)
class Turn:
    """One update within a step: the networks in `learns` go down the gradient of `loss`."""

    name: str  # the history has one loss for each name: that of its last turn in the step
    learns: tuple[str, ...]
    loss: TurnLoss
    frozen: tuple[str, ...] = ()  # networks that gradients pass through and do not stop at
    new_batch: bool = True  # False: it sees the batch of the turn before it in this step again


class Game:
    """The base of all games: what is fixed, and what a game may leave as it is.

    A game keeps nothing between steps: all state is in its networks, which may have buffers.
    """

    name = ""  # stands in checkpoints
    network_names: tuple[str, ...] = ()
    data_names: tuple[str, ...] = ()  # of the data sets, each drawn in an order of its own
    averaged: tuple[str, ...] = ()  # networks whose weights are averaged (config.ema_half_life)
    config: RunConfig

    def turns(self, step: int) -> tuple[Turn, ...]:
        """The turns of a step, in order.

        Every step plays turns of the same names in the same order; one may repeat. For the same
        work, return the same `Turn` object: a CUDA graph is recorded for each sequence of them.
        """
        raise NotImplementedError

    def learning_rates(self) -> dict[str, float]:
        """Adam's learning rate for each network, before any schedule."""
        raise NotImplementedError

    def values(self, step: int) -> dict[str, float]:
        """What changes along a schedule: a number for each name, the same names at each step."""
        return {}

    def check(self, networks: Networks, data: Mapping[str, Data], device: torch.device) -> None:
        """Raises ValueError if networks, data and settings do not fit together."""

    def inputs(
        self, name: str, data: Mapping[str, Data], n: int, rng: torch.Generator
    ) -> tuple[Tensor, ...] | None:
        """What the network of that name is called with for n items in training, on rng's device.

        The batch norms of its average are measured on it (see `EMA`). None: they are copied.
        """
        return None

    def samples(self, networks: Networks, data: Mapping[str, Data], n: int) -> Tensor | None:
        """What a view shows: n pictures (n, C, H, W) in [-1, 1], the same items each time.

        networks: the averaged ones where there are any. None: there is nothing to show.
        """
        return None

    def logits(
        self, networks: Networks, data: Mapping[str, Data], pictures: Tensor
    ) -> dict[str, Tensor]:
        """What a film keeps of the critic: its logits of "real" and of "fake" pictures.

        pictures: those of `samples`; as many real ones are judged. Empty without such a critic.
        """
        return {}

    def undecided(self) -> dict[str, float]:
        """The loss of each turn, without penalties, while a critic calls all as likely real as
        not; only of turns that have such a loss.
        """
        return {}
