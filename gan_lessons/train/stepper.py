"""One step of any game: its turns, each a loss and an update, and the state they leave."""

import contextlib
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from gan_lessons import checks
from gan_lessons.data.images import LARGEST, Images
from gan_lessons.data.toy import Points
from gan_lessons.train.compute import ComputeOptions
from gan_lessons.train.device import KINDS, pick_device
from gan_lessons.train.ema import EMA
from gan_lessons.train.flat import (
    check_shapes,
    optimiser_state,
    optimiser_tensors,
    prefixed,
    unprefixed,
)
from gan_lessons.train.game import Batch, Data, Game, Turn, Values
from gan_lessons.train.memory import keep_memory
from gan_lessons.train.products import AsProducts
from gan_lessons.train.ranks import Ranks
from gan_lessons.train.recorded import Indices, RecordedStep
from gan_lessons.train.sampler import BatchSampler
from gan_lessons.train.shared_norm import share_statistics
from gan_lessons.train.shared_random import SharedRandom


class Stepper:
    """Takes the steps of a game, and nothing more; `GameTrainer` trains with it.

    networks and data: by the names that the game gives them. The networks are moved to the device
    and trained in place. The order of the data and all random numbers come from one generator,
    seeded by the configuration: two steppers with equal arguments take the same steps, unless the
    networks draw random numbers of their own (dropout). Started by a launcher as one of several
    processes (see `ranks`), each takes its part of every batch, and all stay alike.

    Raises:
        ValueError: networks, data and settings do not fit together, the batch cannot be shared
            by the processes, or the device is missing.
    """

    def __init__(
        self,
        game: Game,
        networks: Mapping[str, nn.Module],
        data: Mapping[str, Data],
        device: str | torch.device = "auto",
        compute: ComputeOptions | None = None,
    ):
        checks.instance("game", game, Game)
        _check_names("networks", networks, game.network_names)
        _check_names("data", data, game.data_names)
        for name in game.network_names:
            checks.instance(name, networks[name], nn.Module)
        if compute is not None:
            checks.instance("compute", compute, ComputeOptions)
        for name, each in data.items():
            checks.instance(f"the data {name!r}", each, (Images, Points))
            numbers = game.config.batch * math.prod(each.shape)
            checks.fits("a batch", numbers, LARGEST, "lower batch")
            if not len(each):
                raise ValueError(f"{each.name!r} has no pictures to train on")
        self.game, self.config, self.data = game, game.config, dict(data)
        self.compute = compute = compute or ComputeOptions()
        self.device = pick_device(device)
        self.ranks = Ranks()
        self.ranks.share(torch.empty(self.config.batch, 0))  # refuses a batch that does not divide
        self._check_graph()
        if compute.keep_memory and self.device.type == "cpu":
            keep_memory()
        layout = torch.channels_last if compute.channels_last else torch.contiguous_format
        self.networks = {
            name: networks[name].to(self.device).to(memory_format=layout).train()
            for name in game.network_names
        }
        self._products = AsProducts(self.networks.values() if compute.products else ())
        self.ranks.same_start(self.networks.values())
        if self.ranks.size > 1:
            for network in self.networks.values():
                share_statistics(network)
        ema = (self.config.ema_half_life, self.config.ema_ramp)
        self._emas = {
            name: EMA(self.networks[name], *ema, partial(game.inputs, name, self.data))
            for name in game.averaged
            if ema[0]
        }
        # What somebody froze before, to tune the rest, stays frozen.
        self._learning = {
            name: [parameter for parameter in network.parameters() if parameter.requires_grad]
            for name, network in self.networks.items()
        }
        self.turn_names = _check_turns(game, self._learning)
        self.rng = torch.Generator(self.device).manual_seed(self.config.seed)
        self.random = SharedRandom(self.rng, self.ranks)
        self.samplers = {
            name: BatchSampler(
                each.to(self.device) if compute.data_on_device else each,
                self.device, self.rng, self.ranks,
            )
            for name, each in data.items()
        }  # fmt: skip
        self._recorded = RecordedStep(self._play_all, self.rng) if compute.graph else None
        self.optimisers = {
            name: self._adam(name, rate)
            for name, rate in game.learning_rates().items()
            if self._learning[name]
        }
        self.steps = 0  # taken so far
        game.check(self.networks, self.data, self.device)

    def play_step(self) -> Tensor:
        """Plays the game's turns once, in order; returns their losses, (turn_names,)."""
        turns = self.game.turns(self.steps)
        values = self.game.values(self.steps)
        self._set_learning_rates()
        indices = [self._draw() if turn.new_batch else None for turn in turns]
        if self._recorded is not None:
            losses = self._recorded(turns, indices, values)
        else:
            losses = self._play_all(turns, indices, values)
        self.steps += 1
        for name, ema in self._emas.items():
            seen = self.steps * self.config.batch
            ema.update(self.networks[name], seen, self.config.batch)
        return losses

    def _play_all(
        self, turns: Sequence[Turn], indices: Sequence[Indices], values: Values
    ) -> Tensor:
        """`_play`, with the losses in the order of `turn_names`, (turn_names,)."""
        losses = self._play(turns, indices, values)
        if losses.keys() != set(self.turn_names):
            raise ValueError(
                f"every step must play the turns {', '.join(self.turn_names)}, "
                f"step {self.steps + 1} plays {', '.join(losses)}"
            )
        return torch.stack([losses[name] for name in self.turn_names])

    def _play(
        self, turns: Sequence[Turn], indices: Sequence[Indices], values: Values
    ) -> dict[str, Tensor]:
        """The updates of some turns; returns the last loss of each name."""
        losses: dict[str, Tensor] = {}
        batch: dict[str, Batch] = {}
        carried: Any = None
        for turn, chosen in zip(turns, indices, strict=True):
            if chosen is not None:
                batch = {name: self.samplers[name].read(chosen[name]) for name in chosen}
            with self._frozen(turn), self._products.used():
                with self._precision():
                    loss, carried = turn.loss(self.networks, batch, self.random, values, carried)
                losses[turn.name] = self._descend(loss, turn)
        if self.ranks.size > 1:
            for network in self.networks.values():
                self.ranks.reduce_buffers(network)
        return losses

    def _draw(self) -> dict[str, Tensor]:
        return {name: sampler.draw(self.config.batch) for name, sampler in self.samplers.items()}

    def _descend(self, loss: Tensor, turn: Turn) -> Tensor:
        """A step down the gradient's mean over all processes; returns the mean of their losses."""
        if loss.dim():
            raise ValueError(f"the loss of {turn.name} must be a scalar, got {tuple(loss.shape)}")
        optimisers = [self.optimisers[name] for name in turn.learns]
        for optimiser in optimisers:
            optimiser.zero_grad()
        loss.backward()
        loss = loss.detach()
        if self.ranks.size > 1:
            learning = [p for name in turn.learns for p in self._learning[name]]
            self.ranks.reduce_mean([*(p.grad for p in learning if p.grad is not None), loss])
        for optimiser in optimisers:
            optimiser.step()
        return loss

    @contextmanager
    def _frozen(self, turn: Turn) -> Iterator[None]:
        """Without this, networks that do not learn would collect gradients that nobody uses."""
        frozen = [p for name in turn.frozen for p in self._learning[name] if self.compute.freeze]
        for parameter in frozen:
            parameter.requires_grad_(False)
        try:
            yield
        finally:
            for parameter in frozen:
                parameter.requires_grad_(True)

    def _precision(self) -> contextlib.AbstractContextManager:
        if not self.compute.bfloat16:
            return contextlib.nullcontext()
        # Without the cache, each pass casts the weights anew, so that their gradients add up in
        # float32, and a pass without gradients leaves no cast weights behind that have none.
        return torch.autocast(self.device.type, torch.bfloat16, cache_enabled=False)

    def _set_learning_rates(self) -> None:
        if self.config.learning_rate_final == 1:
            return
        for name, rate in self._learning_rates(self.steps).items():
            for group in self.optimisers[name].param_groups:
                if isinstance(group["lr"], Tensor):  # a recorded step reads it there
                    group["lr"].fill_(rate)
                else:
                    group["lr"] = rate

    def _learning_rates(self, step: int) -> dict[str, float]:
        share = self.config.learning_rate_share(step)
        return {name: share * rate for name, rate in self.game.learning_rates().items()}

    def _adam(self, name: str, learning_rate: float) -> torch.optim.Adam:
        # A CUDA graph bakes in a CPU value: the rate is kept on the device.
        graph = self.compute.graph
        rate = torch.tensor(learning_rate, device=self.device) if graph else learning_rate
        betas = (self.config.beta1, self.config.beta2)
        fused = self.compute.fused
        return torch.optim.Adam(self._learning[name], rate, betas, fused=fused, capturable=graph)

    def _check_graph(self) -> None:
        if not self.compute.graph:
            return
        if self.device.type != "cuda":
            raise ValueError(f"compute.graph needs a CUDA device, this is {self.device}")
        if not self.compute.data_on_device:
            raise ValueError("compute.graph reads the pictures itself: it needs data_on_device")
        if self.ranks.size > 1:
            raise ValueError("compute.graph is for one process: turn it off for several")

    @property
    def averages(self) -> dict[str, nn.Module]:
        """The averaged networks (config.ema_half_life), by the names of those they follow."""
        return {name: ema.network for name, ema in self._emas.items()}

    # Its state

    def state_dict(self) -> dict[str, Any]:
        """All that the next step depends on, flat: tensors by name, and a few plain values.

        The tensors are the training's own: clone them to come back to this step later.
        """
        state: dict[str, Any] = {
            "step": self.steps,
            "device": self.device.type,
            "positions": {name: sampler.position for name, sampler in self.samplers.items()},
            "random": self.rng.get_state(),
        }
        state |= prefixed("order", {name: sampler.order for name, sampler in self.samplers.items()})
        for prefix, network in self._stored_networks():
            state |= prefixed(prefix, network.state_dict())
        for name, optimiser in self.optimisers.items():
            state |= prefixed(f"optimiser.{name}", optimiser_tensors(optimiser))
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on from a `state_dict` of the same game, networks and data.

        On the same kind of device the steps that follow are those that would have followed there,
        on a CPU with as many threads bit for bit. On another kind, which draws other random
        numbers, they are not.

        Raises LookupError, RuntimeError, TypeError or ValueError if the state does not fit; nothing
        is changed then.
        """
        step = checks.whole("step", state["step"], 0)
        device = checks.one_of("device", state["device"], KINDS)
        networks = [(p, network, unprefixed(p, state)) for p, network in self._stored_networks()]
        for prefix, network, tensors in networks:
            check_shapes(prefix, network.state_dict(), tensors)
        for name, sampler in self.samplers.items():
            sampler.check(state[f"order.{name}"], state["positions"][name])
        if device in ("cpu", self.device.type):
            torch.Generator(device).set_state(state["random"])  # raises if this is no random state
        remembered = {
            name: optimiser_state(optimiser, unprefixed(f"optimiser.{name}", state))
            for name, optimiser in self.optimisers.items()
        }
        for name in {name for turn in self.game.turns(step) for name in turn.learns}:
            if step and not remembered[name]["state"]:
                raise ValueError(f"the state has nothing of the optimiser of {name}")
        for name, optimiser in self.optimisers.items():
            optimiser.load_state_dict(remembered[name])
        for _, network, tensors in networks:
            network.load_state_dict(tensors)
        if device == self.device.type:
            self.rng.set_state(state["random"])
        else:
            self.rng.manual_seed(self.config.seed + step)
        for name, sampler in self.samplers.items():
            sampler.restore(state[f"order.{name}"], state["positions"][name])
        self.steps = step
        if self._recorded is not None:  # its graphs use the optimisers' former memory
            self._recorded = RecordedStep(self._play_all, self.rng)

    def _stored_networks(self) -> list[tuple[str, nn.Module]]:
        plain = [(f"network.{name}", network) for name, network in self.networks.items()]
        return plain + [(f"average.{name}", ema.network) for name, ema in self._emas.items()]


def _check_names(what: str, given: Mapping[str, object], wanted: Sequence[str]) -> None:
    if set(checks.instance(what, given, Mapping)) != set(wanted):
        names = ", ".join(map(str, given)) or "none"
        raise ValueError(f"{what} must have the names {', '.join(wanted)}, got {names}")


def _check_turns(game: Game, learning: Mapping[str, Sequence[Tensor]]) -> list[str]:
    """The names of the turns, in order. Raises ValueError for turns that cannot be played."""
    turns = game.turns(0)
    if not turns or not turns[0].new_batch:
        raise ValueError("the first turn of a step must have new_batch=True")
    for turn in turns:
        for name in (*turn.learns, *turn.frozen):
            checks.one_of(f"network of {turn.name}", name, game.network_names)
        if set(turn.learns) & set(turn.frozen):
            raise ValueError(f"a network of {turn.name} both learns and is frozen")
        for name in turn.learns:
            if not learning[name]:
                raise ValueError(f"{name} learns in {turn.name}, and all its weights are frozen")
            checks.one_of("learning rate", name, game.learning_rates())
    return list(dict.fromkeys(turn.name for turn in turns))
