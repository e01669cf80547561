"""The two networks of a lab and what a turn does to them, act by act.

The losses are those of `gan_lessons.train.games.pictures`. Around them is what a training loop
does: draw, judge, go down the gradient, the discriminator first.
"""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from gan_lessons.losses import LOSSES
from gan_lessons.models.points import Discriminator, Generator
from gan_lessons.train import TrainingDiverged
from gan_lessons.train.ema import EMA
from gan_lessons.train.game import Batch
from gan_lessons.train.games.pictures import PictureGame
from gan_lessons.train.ranks import Ranks
from gan_lessons.train.shared_random import SharedRandom
from gan_lessons.widgets.gan_lab.measures import Ruler, outscored, push
from gan_lessons.widgets.gan_lab.settings import LIVE, GanLabSettings
from gan_lessons.widgets.gan_lab.truth import truth

LARGEST_WEIGHTS = 1e6  # a larger norm counts as diverged


@contextmanager
def one_thread() -> Iterator[None]:
    """Runs what is inside, or the function that this decorates, on one thread.

    Networks this small gain nothing from a second thread, and lose a lot if another program has one
    of the cores, because the threads wait for each other. Sums do not depend on the cores, either.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@dataclass(frozen=True, eq=False)
class Act:
    """One act of a turn, for slow motion. kind: draw, generate, judge, step, or push.

    player: "D" or "G"; update: which of its `updates`. points: those that the act is about, by
    name. arrows: -N ∂L_G/∂x at points["fake"]. numbers: what was measured of it, by name.
    """

    kind: str
    player: str
    update: int
    updates: int
    numbers: dict[str, float]
    points: dict[str, Tensor] = field(default_factory=dict)
    arrows: Tensor | None = None


class Match:
    """Both players as they stand now. `turns` counts the turns taken, of one player or both."""

    def __init__(self, settings: GanLabSettings):
        self.settings = settings
        self.truth = truth(settings.data, settings.drawing)
        with torch.random.fork_rng(devices=[]):  # the reader's random numbers stay as they are
            torch.default_generator.manual_seed(settings.seed)
            self.generator = Generator(
                latent=settings.latent,
                layers=settings.layers_g,
                width=settings.units_g,
                prior=settings.prior,
                activation=settings.activation,
            )
            self.discriminator = Discriminator(
                layers=settings.layers_d, width=settings.units_d, activation=settings.activation
            )
        self.networks = {"generator": self.generator, "discriminator": self.discriminator}
        self.rng = torch.Generator().manual_seed(settings.seed)
        self.random = SharedRandom(self.rng, Ranks())
        self.ruler = Ruler(self.truth, settings.latent)
        self.turns = 0
        self._seen = 0  # points that G's updates were made on
        self._loss = {"D": float("nan"), "G": float("nan")}
        self._weights = {
            "D": list(self.discriminator.parameters()),
            "G": list(self.generator.parameters()),
        }
        self._prepare(LIVE)

    @property
    def ema_generator(self) -> nn.Module | None:
        """The generator with averaged weights, if the settings ask for one."""
        return None if self._ema is None else self._ema.network

    @property
    def shown_generator(self) -> nn.Module:
        """The generator whose fakes are shown: the averaged one if there is one."""
        return self.generator if self._ema is None else self._ema.network

    @one_thread()
    def measured(self) -> dict[str, float]:
        """The numbers of this moment."""
        numbers = self.ruler.measure(
            self.shown_generator, self.discriminator, LOSSES[self.settings.loss]
        )
        own = {"discriminator_loss": self._loss["D"], "generator_loss": self._loss["G"]}
        return {"turn": self.turns, **own, **numbers}

    def _prepare(self, changed: tuple[str, ...]) -> None:
        """What follows from settings: the game, the optimisers, the averaged weights."""
        settings, config = self.settings, self.settings.config
        self.game = PictureGame(config)
        rates = {"D": settings.learning_rate_d, "G": settings.learning_rate_g}
        if "optimiser" in changed:
            adam, betas = settings.optimiser == "adam", (config.beta1, config.beta2)
            self.optimisers: dict[str, torch.optim.Optimizer] = {
                name: torch.optim.Adam(weights, rates[name], betas, fused=True)
                if adam
                else torch.optim.SGD(weights, rates[name])
                for name, weights in self._weights.items()
            }
        for name, optimiser in self.optimisers.items():
            optimiser.param_groups[0]["lr"] = rates[name]
        if "ema_half_life" in changed:
            half_life = settings.ema_half_life
            self._ema = EMA(self.generator, half_life, 0.1) if half_life else None

    def _updates_of(self, which: str, *, watched: bool) -> Iterator[Act]:
        """The updates of a turn. watched: yields after each act."""
        if which != "G":
            for update in range(self.settings.updates_d):
                yield from self._update_d(update, watched)
        if which != "D":
            for update in range(self.settings.updates_g):
                yield from self._update_g(update, watched)

    def _update_d(self, update: int, watched: bool) -> Iterator[Act]:
        batch = self.settings.batch
        about = ("D", update + 1, self.settings.updates_d)
        real = self.truth.sample(batch, self.rng)
        if watched:
            fake = self._at(self.rng.get_state(), lambda: self._generate(batch))
            yield Act("draw", *about, {"count": batch}, {"real": real})
            yield Act("generate", *about, {"count": batch}, {"real": real, "fake": fake})
            yield Act("judge", *about, self._judged(real, fake), {"real": real, "fake": fake})
        before = self.rng.get_state()
        loss = self._loss_d(real)
        length = self._descend("D", loss, watched)
        if watched:
            again = self._at(before, lambda: self._loss_d(real))
            numbers = {"before": loss.item(), "after": float(again), "length": length}
            yield Act("step", *about, numbers, {"real": real, "fake": fake})

    def _update_g(self, update: int, watched: bool) -> Iterator[Act]:
        batch = self.settings.batch
        about = ("G", update + 1, self.settings.updates_g)
        real = self.truth.sample(batch, self.rng) if self.game.loss.paired else None
        if watched:
            fake = self._at(self.rng.get_state(), lambda: self._generate(batch))
            fakes = {"fake": fake}
            against = self.ruler.real[:batch] if real is None else real
            arrows = push(self.discriminator, self.game.loss, fake, against)
            lengths = {"mean": float(arrows.norm(dim=1).mean())}
            yield Act("generate", *about, {"count": batch}, fakes)
            yield Act("judge", *about, self._judged(real, fake), fakes)
            yield Act("push", *about, lengths, fakes, arrows)
        before = self.rng.get_state()
        # D's weights stay as they are, and gather no gradients.
        self._freeze_d(True)
        try:
            loss = self._loss_g(real)
            length = self._descend("G", loss, watched)
        finally:
            self._freeze_d(False)
        self._seen += batch
        if self._ema is not None:
            self._ema.update(self.generator, self._seen, batch)
        if watched:
            again = self._at(before, lambda: self._loss_g(real))
            moved = self._at(before, lambda: self._generate(batch))
            numbers = {"before": loss.item(), "after": float(again), "length": length}
            yield Act("step", *about, numbers, {"fake": moved, "before": fake})

    def _loss_d(self, real: Tensor) -> Tensor:
        penalise = self.game.penalty is not None
        return self.game.discriminator_loss(*self._given(real), penalise=penalise)[0]

    def _loss_g(self, real: Tensor | None) -> Tensor:
        """real: of a loss that compares with real points; of others the game counts them alone."""
        given = torch.empty(self.settings.batch, 0) if real is None else real
        return self.game.generator_loss(*self._given(given))[0]

    def _given(self, real: Tensor) -> tuple[Any, ...]:
        """What the game's losses take."""
        values = self.game.values(self.turns)
        return self.networks, {"real": Batch(real, None)}, self.random, values, None

    def _generate(self, n: int) -> Tensor:
        return self.game.generate(self.generator, n, None, self.random)

    def _freeze_d(self, frozen: bool) -> None:
        for weight in self._weights["D"]:
            weight.requires_grad_(not frozen)

    def _descend(self, player: str, loss: Tensor, watched: bool) -> float:
        """A step down the gradient. Returns the gradient's length if it is watched, else 0."""
        self._loss[player] = loss.item()
        optimiser = self.optimisers[player]
        optimiser.zero_grad()
        loss.backward()
        weights = self._weights[player]
        length = 0.0
        if watched:
            length = float(
                torch.stack([w.grad.norm() for w in weights if w.grad is not None]).norm()
            )
        optimiser.step()
        largest = torch.stack(torch._foreach_norm([w.detach() for w in weights])).max().item()
        if not (abs(self._loss[player]) < float("inf") and largest < LARGEST_WEIGHTS):
            name = {"D": "discriminator", "G": "generator"}[player]
            raise TrainingDiverged(
                f"turn {self.turns + 1}: the {name}'s loss is {self._loss[player]:.3g} and its "
                f"largest layer's weights have norm {largest:.3g}: the game diverged. Go back "
                f"and lower learning_rate_{player.lower()}, or add a penalty."
            )
        return length

    def _at(self, state: Tensor, drawn: Callable[[], Tensor]) -> Tensor:
        """What is drawn from that state of the random numbers; the state of now is put back."""
        now = self.rng.get_state()
        self.rng.set_state(state)
        try:
            return drawn().detach()
        finally:
            self.rng.set_state(now)

    @torch.no_grad()
    def _judged(self, real: Tensor | None, fake: Tensor) -> dict[str, float]:
        """Mean logits, and the share of pairs that real points win, if there are any."""
        b = self.discriminator(fake)
        if real is None:
            return {"fake": float(b.mean())}
        a = self.discriminator(real)
        return {"real": float(a.mean()), "fake": float(b.mean()), "won": outscored(a, b)}

    def _state_dict(self) -> dict[str, Any]:
        """A copy of all that makes the future of the match, besides its settings."""
        ema = None if self._ema is None else self._ema.network.state_dict()
        return copy.deepcopy(
            {
                "generator": self.generator.state_dict(),
                "discriminator": self.discriminator.state_dict(),
                "optimisers": {name: o.state_dict() for name, o in self.optimisers.items()},
                "ema": ema,
                "rng": self.rng.get_state(),
                "seen": self._seen,
                "loss": self._loss,
            }
        )

    def _load_state_dict(self, state: dict[str, Any], settings: GanLabSettings) -> None:
        """Puts back what `_state_dict` returned under these settings; the modules stay the same."""
        changed = tuple(n for n in LIVE if getattr(settings, n) != getattr(self.settings, n))
        self.settings = settings
        state = copy.deepcopy(state)
        self.generator.load_state_dict(state["generator"])
        self.discriminator.load_state_dict(state["discriminator"])
        self._prepare(changed)
        for name, optimiser in self.optimisers.items():
            optimiser.load_state_dict(state["optimisers"][name])
        if self._ema is not None:
            self._ema.network.load_state_dict(state["ema"])
        self.rng.set_state(state["rng"])
        self._seen, self._loss = state["seen"], state["loss"]
