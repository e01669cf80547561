"""Unpaired translation: two generators that carry items of one set over to the look of another.

Zhu et al. 2017, "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks"
(CycleGAN), without its pool of earlier fakes: each discriminator sees the newest ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import l1_loss

from gan_lessons import checks
from gan_lessons.losses import LOSSES, PENALTIES
from gan_lessons.train.config import RunConfig
from gan_lessons.train.game import Batch, Data, Game, Networks, Turn, Values
from gan_lessons.train.passes import has_batch_norm
from gan_lessons.train.samples import evaluating
from gan_lessons.train.shared_random import SharedRandom


@dataclass(frozen=True, kw_only=True)
class TranslationConfig(RunConfig):
    """The settings of an unpaired translation. A value out of range raises a ValueError."""

    loss: str = "lsgan"  # see gan_lessons.losses.LOSSES
    cycle: float = 10.0  # weight of the way there and back, an absolute difference
    identity: float = 0.0  # weight of leaving the other set's items as they are, times `cycle`
    penalty: str | None = None  # on both discriminators; see gan_lessons.losses.PENALTIES
    gamma: float = 0.0  # weight of the penalty
    learning_rate_g: float = 2e-4  # Adam's, for both generators
    learning_rate_d: float = 2e-4  # Adam's, for both discriminators

    def _check_each(self) -> None:
        super()._check_each()
        self._check(checks.one_of, "loss", LOSSES)
        if self.penalty is not None:
            self._check(checks.one_of, "penalty", PENALTIES)
            self._check(checks.number, "gamma", above=0)
        for name in ("gamma", "cycle", "identity"):
            self._check(checks.number, name, 0)
        for name in ("learning_rate_g", "learning_rate_d"):
            self._check(checks.number, name, above=0)


class TranslationGame(Game):
    """Both generators learn in one turn, then both discriminators, on the fakes of that turn."""

    name = "translation"
    network_names = ("generator_ab", "generator_ba", "discriminator_a", "discriminator_b")
    data_names = ("a", "b")
    averaged = ("generator_ab", "generator_ba")

    def __init__(self, config: TranslationConfig):
        self.config: TranslationConfig = config
        self.loss = LOSSES[config.loss]
        self.penalty = PENALTIES[config.penalty] if config.penalty else None
        generators, discriminators = self.network_names[:2], self.network_names[2:]
        self._turns = (
            Turn("generators", generators, self.generators_loss, frozen=discriminators),
            Turn("discriminators", discriminators, self.discriminators_loss, new_batch=False),
        )

    def turns(self, step: int) -> tuple[Turn, ...]:
        return self._turns

    def learning_rates(self) -> dict[str, float]:
        rates = {"g": self.config.learning_rate_g, "d": self.config.learning_rate_d}
        return {name: rates[name[0]] for name in self.network_names}

    def generators_loss(
        self,
        networks: Networks,
        batch: Mapping[str, Batch],
        random: SharedRandom,
        values: Values,
        carried: None,
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Fool both discriminators, and come back unchanged. Returns the fakes (of a, of b)."""
        to_b, to_a = networks["generator_ab"], networks["generator_ba"]
        a, b = batch["a"].x, batch["b"].x
        fake_b, fake_a = to_b(a), to_a(b)
        loss = self._fool(networks["discriminator_b"], b, fake_b)
        loss = loss + self._fool(networks["discriminator_a"], a, fake_a)
        cycle = l1_loss(to_a(fake_b), a) + l1_loss(to_b(fake_a), b)
        loss = loss + self.config.cycle * cycle
        if self.config.identity:
            identity = l1_loss(to_b(b), b) + l1_loss(to_a(a), a)
            loss = loss + self.config.cycle * self.config.identity * identity
        return loss, (fake_a.detach(), fake_b.detach())

    def discriminators_loss(
        self,
        networks: Networks,
        batch: Mapping[str, Batch],
        random: SharedRandom,
        values: Values,
        fakes: tuple[Tensor, Tensor],
    ) -> tuple[Tensor, None]:
        """Tell both kinds of fakes from the real items; halved, as in the paper's section 7.1."""
        a, b = batch["a"].x, batch["b"].x
        of_a = self._tell(networks["discriminator_a"], a, fakes[0], random)
        of_b = self._tell(networks["discriminator_b"], b, fakes[1], random)
        return (of_a + of_b) / 2, None

    def _fool(self, discriminator: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
        if not self.loss.paired:
            return self.loss.generator(discriminator(fake))
        with torch.no_grad():
            logits_real = discriminator(real)
        return self.loss.generator(discriminator(fake), logits_real)

    def _tell(
        self, discriminator: nn.Module, real: Tensor, fake: Tensor, random: SharedRandom
    ) -> Tensor:
        loss = self.loss.discriminator(discriminator(real), discriminator(fake))
        if self.penalty is not None:
            own = random.stream(len(real)) if self.penalty.draws else None
            loss = loss + self.config.gamma * self.penalty(discriminator, real, fake, own)
        return loss

    @torch.no_grad()
    def check(self, networks: Networks, data: Mapping[str, Data], device: torch.device) -> None:
        for start, end in (("a", "b"), ("b", "a")):
            translated = _asked(networks[f"generator_{start}{end}"], data[start], device)
            if tuple(translated.shape[1:]) != data[end].shape:
                raise ValueError(
                    f"generator_{start}{end} makes {tuple(translated.shape[1:])}, "
                    f"the data {end!r} has {data[end].shape}"
                )
        for name, each in data.items():
            discriminator = networks[f"discriminator_{name}"]
            judged = _asked(discriminator, each, device)
            if self.penalty is not None and has_batch_norm(discriminator):
                raise ValueError(
                    f"the penalty {self.penalty.name!r} needs discriminators without batch norm"
                )
            if self.penalty is not None and judged.numel() != 2:
                raise ValueError(
                    f"the penalty {self.penalty.name!r} needs one logit for each item, "
                    f"discriminator_{name} returns {tuple(judged.shape)} for 2"
                )

    def samples(self, networks: Networks, data: Mapping[str, Data], n: int) -> Tensor | None:
        generator, a = networks["generator_ab"], data["a"]
        if len(a.shape) != 3:
            return None
        some = torch.arange(n) % len(a)
        return _asked(generator, a, next(generator.parameters()).device, some)


@torch.no_grad()
def _asked(
    network: nn.Module, data: Data, device: torch.device, indices: Tensor | None = None
) -> Tensor:
    """What a network makes of some items, in evaluation mode, which it does not stay in."""
    indices = torch.zeros(2, dtype=torch.int64) if indices is None else indices
    with evaluating(network):
        return network(data.floats(indices.to(data.device)).to(device))
