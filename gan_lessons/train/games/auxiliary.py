"""A conditional GAN by an auxiliary classifier: the discriminator also says which class it sees.

Odena et al. 2017, "Conditional Image Synthesis with Auxiliary Classifier GANs" (AC-GAN):
both players want pictures to be recognised as their class, and they disagree on what is real.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from gan_lessons import checks
from gan_lessons.losses import LOSSES
from gan_lessons.train.config import RunConfig
from gan_lessons.train.game import Batch, Data, Game, Networks, Turn, Values
from gan_lessons.train.samples import decode, evaluating
from gan_lessons.train.shared_random import SharedRandom

UNPAIRED = [name for name, loss in LOSSES.items() if not loss.paired]


@dataclass(frozen=True, kw_only=True)
class AuxiliaryConfig(RunConfig):
    """The settings of a GAN with an auxiliary classifier. A value out of range raises an error."""

    latent: int = 100  # numbers in one latent z, each drawn from N(0, 1)
    loss: str = "nonsaturating"  # any loss that is not relativistic
    weight: float = 1.0  # of the classification, in both players' losses
    learning_rate_g: float = 2e-4  # Adam's, for the generator
    learning_rate_d: float = 2e-4  # Adam's, for the discriminator and its head

    def _check_each(self) -> None:
        super()._check_each()
        self._check(checks.whole, "latent", 1)
        self._check(checks.one_of, "loss", UNPAIRED)
        self._check(checks.number, "weight", 0)
        for name in ("learning_rate_g", "learning_rate_d"):
            self._check(checks.number, name, above=0)


class AuxiliaryGame(Game):
    """The generator takes labels; the discriminator takes none, and the head names the class.

    The head takes `discriminator.features(x)`, (N, ...) flattened, and returns logits
    (N, classes), without a softmax: cross entropy applies it.
    """

    name = "auxiliary"
    network_names = ("generator", "discriminator", "head")
    data_names = ("real",)
    averaged = ("generator",)

    def __init__(self, config: AuxiliaryConfig):
        self.config: AuxiliaryConfig = config
        self.loss = LOSSES[config.loss]
        judges = ("discriminator", "head")
        self._turns = (
            Turn("discriminator", judges, self.discriminator_loss),
            Turn("generator", ("generator",), self.generator_loss, frozen=judges),
        )

    def turns(self, step: int) -> tuple[Turn, ...]:
        return self._turns

    def learning_rates(self) -> dict[str, float]:
        rate_d = self.config.learning_rate_d
        rates = {"discriminator": rate_d, "head": rate_d}
        return {"generator": self.config.learning_rate_g, **rates}

    def discriminator_loss(
        self,
        networks: Networks,
        batch: Mapping[str, Batch],
        random: SharedRandom,
        values: Values,
        carried: None,
    ) -> tuple[Tensor, None]:
        """Tell real from fake, and name the class of both."""
        real, labels = batch["real"]
        with torch.no_grad():
            fake = self._fakes(networks, labels, random)
        logits = (networks["discriminator"](x) for x in (real, fake))
        named = sum(self._naming(networks, x, labels) for x in (real, fake))
        return self.loss.discriminator(*logits) + self.config.weight * named, None

    def generator_loss(
        self,
        networks: Networks,
        batch: Mapping[str, Batch],
        random: SharedRandom,
        values: Values,
        carried: None,
    ) -> tuple[Tensor, None]:
        """Look real, and be recognised as the class that was asked for."""
        labels = batch["real"].labels
        fake = self._fakes(networks, labels, random)
        fooled = self.loss.generator(networks["discriminator"](fake))
        return fooled + self.config.weight * self._naming(networks, fake, labels), None

    def _fakes(self, networks: Networks, labels: Tensor | None, random: SharedRandom) -> Tensor:
        assert labels is not None  # see `check`
        return networks["generator"](random.normal(len(labels), self.config.latent), labels)

    def _naming(self, networks: Networks, x: Tensor, labels: Tensor | None) -> Tensor:
        """The cross entropy of the head's classes."""
        assert labels is not None
        return cross_entropy(_named(networks, x), labels)

    @torch.no_grad()
    def check(self, networks: Networks, data: Mapping[str, Data], device: torch.device) -> None:
        real = data["real"]
        if real.labels is None:
            raise ValueError(f"the classifier needs labels to learn from, {real.name!r} has none")
        if not hasattr(networks["discriminator"], "features"):
            raise ValueError("the discriminator must have `features`, for the head to classify")
        labels = torch.zeros(2, dtype=torch.int64, device=device)
        z = torch.zeros(2, self.config.latent, device=device)
        fake = decode(networks["generator"], z, labels)
        if tuple(fake.shape[1:]) != real.shape:
            raise ValueError(f"the generator makes {tuple(fake.shape[1:])}, the data {real.shape}")
        with evaluating(networks["discriminator"], networks["head"]):
            named = _named(networks, fake)
        if tuple(named.shape) != (2, len(real.classes)):
            raise ValueError(
                f"the head must return {len(real.classes)} logits for each picture, "
                f"got {tuple(named.shape)} for 2"
            )

    def inputs(
        self, name: str, data: Mapping[str, Data], n: int, rng: torch.Generator
    ) -> tuple[Tensor, ...]:
        """Latents and the labels of real pictures, as G gets them in training."""
        labels = data["real"].labels
        assert labels is not None
        chosen = torch.randint(len(labels), (n,), generator=rng, device=rng.device)
        z = torch.randn(n, self.config.latent, generator=rng, device=rng.device)
        return z, labels[chosen.to(labels.device)].to(rng.device)

    def samples(self, networks: Networks, data: Mapping[str, Data], n: int) -> Tensor:
        """One picture of each class in turn."""
        generator = networks["generator"]
        device = next(generator.parameters()).device
        rng = torch.Generator(device).manual_seed(self.config.seed)
        z = torch.randn(n, self.config.latent, generator=rng, device=device)
        return decode(generator, z, torch.arange(n, device=device) % len(data["real"].classes))


def _named(networks: Mapping[str, nn.Module], x: Tensor) -> Tensor:
    """The head's logits, (N, classes)."""
    features: Tensor = networks["discriminator"].features(x)  # type: ignore[operator]
    return networks["head"](features.flatten(1))
