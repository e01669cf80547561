"""The game of a GAN: a generator against a discriminator, on pictures or on points.

Goodfellow et al. 2014, algorithm 1, with every objective and every remedy of `TrainConfig`.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor, nn

from gan_lessons.losses import LOSSES, PENALTIES
from gan_lessons.precision import at_least_float32
from gan_lessons.train import passes
from gan_lessons.train.compute import ComputeOptions
from gan_lessons.train.config import TrainConfig
from gan_lessons.train.fits import check_gan
from gan_lessons.train.game import Batch, Data, Game, Networks, Turn, Values
from gan_lessons.train.remedies import packed, shown
from gan_lessons.train.samples import draw, evaluating, latents
from gan_lessons.train.schedule import cosine
from gan_lessons.train.shared_random import SharedRandom


class PictureGame(Game):
    """D learns to tell real pictures from generated ones, G to make pictures that D calls real."""

    name = "pictures"
    network_names = ("generator", "discriminator")
    data_names = ("real",)
    averaged = ("generator",)

    def __init__(self, config: TrainConfig, compute: ComputeOptions | None = None):
        self.config: TrainConfig = config
        self.compute = compute or ComputeOptions()
        self.loss = LOSSES[config.loss]
        self.penalty = PENALTIES[config.penalty] if config.penalty else None
        self._plain = Turn("discriminator", ("discriminator",), self.discriminator_loss)
        penalised = partial(self.discriminator_loss, penalise=True)
        self._penalised = replace(self._plain, loss=penalised)
        # G's turn draws real pictures of its own only if its loss or its labels come from them.
        reads = self.loss.paired or config.conditional
        self._generator = Turn(
            "generator",
            ("generator",),
            self.generator_loss,
            frozen=("discriminator",),
            new_batch=reads and config.fresh,
        )

    def turns(self, step: int) -> tuple[Turn, ...]:
        first = step * self.config.discriminator_updates
        updates = range(first, first + self.config.discriminator_updates)
        of_d = [self._penalised if self.is_due(update) else self._plain for update in updates]
        return (*of_d, self._generator)

    def is_due(self, update: int) -> bool:
        """Whether D's update of that number, counted from 0, includes the penalty."""
        return self.penalty is not None and update % self.config.penalty_every == 0

    def learning_rates(self) -> dict[str, float]:
        config = self.config
        return {"generator": config.learning_rate_g, "discriminator": config.learning_rate_d}

    def values(self, step: int) -> dict[str, float]:
        """gamma: the penalty's weight. noise: the standard deviation of the instance noise."""
        config, steps = self.config, self.config.schedule_steps
        return {
            "gamma": cosine(step, steps, config.gamma, config.gamma * config.gamma_final),
            "noise": cosine(step, steps, config.instance_noise, 0.0),
        }

    def discriminator_loss(
        self,
        networks: Networks,
        batch: Mapping[str, Batch],
        random: SharedRandom,
        values: Values,
        carried: None,
        *,
        penalise: bool = False,
    ) -> tuple[Tensor, Tensor]:
        """What D minimises: to tell real from fake, and to stay smooth. Returns the fakes too."""
        discriminator, (real, labels) = networks["discriminator"], self._labelled(batch)
        with torch.set_grad_enabled(not self.config.fresh):  # else G's turn uses them
            fakes = self.generate(networks["generator"], len(real), labels, random)
        show = partial(self.shown_to_d, values=values, random=random)

        if penalise:
            assert self.penalty is not None
            logits_real, logits_fake, penalty = passes.logits_and_penalty(
                discriminator, real, fakes, show, labels, self.penalty, self.compute, random
            )
        else:
            logits_real, logits_fake = passes.logits_of_both(
                discriminator, show(real), show(fakes.detach()), labels, self.compute
            )
        loss = self.loss.discriminator(logits_real, logits_fake)
        if self.config.label_smoothing:
            # With the target 1 - s for real pictures, cross entropy grows by s times the logit.
            loss = loss + self.config.label_smoothing * at_least_float32(logits_real).mean()
        if penalise:
            # A lazy penalty counts for the updates without one.
            loss = loss + values["gamma"] * self.config.penalty_every * penalty
        return loss, fakes

    def generator_loss(
        self,
        networks: Networks,
        batch: Mapping[str, Batch],
        random: SharedRandom,
        values: Values,
        fakes: Tensor | None,
    ) -> tuple[Tensor, None]:
        """What G minimises. fakes: those of D's turn, judged again unless config.fresh."""
        discriminator, (real, labels) = networks["discriminator"], self._labelled(batch)
        if self.config.fresh:
            fakes = self.generate(networks["generator"], len(real), labels, random)
        assert fakes is not None  # D's turn came before
        fake = self.shown_to_d(fakes, values, random)
        logits_fake = passes.logits(discriminator, fake, labels)
        if not self.loss.paired:
            return self.loss.generator(logits_fake), None
        with torch.no_grad():
            logits_real = passes.logits(
                discriminator, self.shown_to_d(real, values, random), labels
            )
        return self.loss.generator(logits_fake, logits_real), None

    def generate(
        self, generator: nn.Module, n: int, labels: Tensor | None, random: SharedRandom
    ) -> Tensor:
        """n pictures of new latents."""
        z = random.normal(n, self.config.latent)
        return at_least_float32(generator(z) if labels is None else generator(z, labels))

    def shown_to_d(self, x: Tensor, values: Values, random: SharedRandom) -> Tensor:
        """Pictures as the discriminator is shown them."""
        noise = values["noise"] if self.config.instance_noise else None
        return shown(x, noise, self.config.augment, self.config.pack, random)

    def _labelled(self, batch: Mapping[str, Batch]) -> Batch:
        real, labels = batch["real"]
        return Batch(real, labels if self.config.conditional else None)

    def check(self, networks: Networks, data: Mapping[str, Data], device: torch.device) -> None:
        players = networks["generator"], networks["discriminator"]
        check_gan(self.config, *players, data["real"], device)

    def inputs(
        self, name: str, data: Mapping[str, Data], n: int, rng: torch.Generator
    ) -> tuple[Tensor, ...]:
        """Latents, and with config.conditional the labels of real pictures, as G gets them."""
        z = torch.randn(n, self.config.latent, generator=rng, device=rng.device)
        if not self.config.conditional:
            return (z,)
        labels = data["real"].labels
        assert labels is not None  # `check_gan` has seen them
        chosen = torch.randint(len(labels), (n,), generator=rng, device=rng.device)
        return z, labels[chosen.to(labels.device)].to(rng.device)

    def samples(self, networks: Networks, data: Mapping[str, Data], n: int) -> Tensor:
        return draw(networks["generator"], data["real"], n, self.config, self.config.seed)

    @torch.no_grad()
    def logits(
        self, networks: Networks, data: Mapping[str, Data], pictures: Tensor
    ) -> dict[str, Tensor]:
        """Of plain pictures, by D in evaluation mode; packed ones are judged together."""
        discriminator, pack = networks["discriminator"], self.config.pack
        device = next(discriminator.parameters()).device
        n = len(pictures) - len(pictures) % pack
        if not n:
            return {}
        _, asked = latents(data["real"], len(pictures), self.config, self.config.seed, device)
        asked = None if asked is None else asked[:n]
        first = torch.arange(n) % len(data["real"])
        real, own = data["real"].floats(first).to(device), None
        if self.config.conditional:
            known = data["real"].labels
            assert known is not None  # `check_gan` has seen them
            own = known[first.to(known.device)].to(device)
        fake = pictures[:n].to(device)
        with evaluating(discriminator):
            return {
                name: at_least_float32(passes.logits(discriminator, packed(x, pack), labels))
                for name, x, labels in (("real", real, own), ("fake", fake, asked))
            }

    def undecided(self) -> dict[str, float]:
        if not (self.loss.cross_entropy or self.loss.paired):
            return {}
        tie = torch.zeros(1)
        both = (tie, tie) if self.loss.paired else (tie,)
        return {
            "discriminator": self.loss.discriminator(tie, tie).item(),
            "generator": self.loss.generator(*both).item(),
        }
