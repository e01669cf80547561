"""Domain adaptation: a classifier carried from a labelled domain to one without labels.

Ganin et al. 2016, "Domain-Adversarial Training of Neural Networks": a critic tells the features of
the two domains apart, and the encoder learns features that it cannot tell apart. With
`conditional`, the critic sees the features with the predicted class: Long et al. 2018, "Conditional
Adversarial Domain Adaptation" (CDAN).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from gan_lessons import checks
from gan_lessons.losses import LOSSES
from gan_lessons.train.config import MOST_UPDATES, RunConfig
from gan_lessons.train.game import Batch, Data, Game, Networks, Turn, Values
from gan_lessons.train.samples import evaluating
from gan_lessons.train.shared_random import SharedRandom

UNPAIRED = [name for name, loss in LOSSES.items() if not loss.paired]


@dataclass(frozen=True, kw_only=True)
class AdaptationConfig(RunConfig):
    """The settings of a domain adaptation. A value out of range raises a ValueError."""

    loss: str = "minimax"  # the paper's, by gradient reversal; any loss that is not relativistic
    strength: float = 1.0  # weight of the domain game in the encoder's loss, called λ
    learning_rate: float = 1e-3  # Adam's, for encoder and classifier
    learning_rate_critic: float = 1e-3  # Adam's, for the critic
    critic_updates: int = 1  # updates of the critic for each one of the encoder
    conditional: bool = False  # the critic judges features × predicted classes (CDAN)

    def _check_each(self) -> None:
        super()._check_each()
        self._check(checks.one_of, "loss", UNPAIRED)
        self._check(checks.number, "strength", 0)
        for name in ("learning_rate", "learning_rate_critic"):
            self._check(checks.number, name, above=0)
        self._check(checks.whole, "critic_updates", 1, MOST_UPDATES)
        self._check(checks.flag, "conditional")


class AdaptationGame(Game):
    """The critic learns to tell source from target features; encoder and classifier answer.

    The target's labels are never read.
    """

    name = "adaptation"
    network_names = ("encoder", "classifier", "critic")
    data_names = ("source", "target")

    def __init__(self, config: AdaptationConfig):
        self.config: AdaptationConfig = config
        self.loss = LOSSES[config.loss]
        critic = Turn("critic", ("critic",), self.critic_loss)
        encoder = Turn("encoder", ("encoder", "classifier"), self.encoder_loss, frozen=("critic",))
        self._turns = (*[critic] * config.critic_updates, encoder)

    def turns(self, step: int) -> tuple[Turn, ...]:
        return self._turns

    def learning_rates(self) -> dict[str, float]:
        rate, critic = self.config.learning_rate, self.config.learning_rate_critic
        return {"encoder": rate, "classifier": rate, "critic": critic}

    def values(self, step: int) -> dict[str, float]:
        """strength: from 0 towards config.strength over schedule_steps (section 5.2.2, γ = 10)."""
        steps = self.config.schedule_steps
        share = 2 / (1 + math.exp(-10 * min(step / steps, 1.0))) - 1 if steps else 1.0
        return {"strength": share * self.config.strength}

    def critic_loss(
        self,
        networks: Networks,
        batch: Mapping[str, Batch],
        random: SharedRandom,
        values: Values,
        carried: None,
    ) -> tuple[Tensor, None]:
        """Tell the domains apart by their features; the source plays the part of the real ones."""
        with torch.no_grad():
            source, target = (networks["encoder"](batch[name].x) for name in self.data_names)
            seen = [self._seen(networks["classifier"], each) for each in (source, target)]
        critic = networks["critic"]
        return self.loss.discriminator(*map(critic, seen)), None

    def encoder_loss(
        self,
        networks: Networks,
        batch: Mapping[str, Batch],
        random: SharedRandom,
        values: Values,
        carried: None,
    ) -> tuple[Tensor, None]:
        """Classify the source, with features that the critic takes for the other domain's."""
        x, labels = batch["source"]
        assert labels is not None  # see `check`
        source, target = networks["encoder"](x), networks["encoder"](batch["target"].x)
        loss = cross_entropy(networks["classifier"](source), labels)
        critic, classifier = networks["critic"], networks["classifier"]
        source, target = (self._seen(classifier, each) for each in (source, target))
        # With minimax, the negative of the critic's loss: gradient reversal. Turned logits make
        # source features play the fakes.
        confusion = self.loss.generator(critic(target)) + self.loss.generator(-critic(source))
        return loss + values["strength"] * confusion, None

    def _seen(self, classifier: nn.Module, features: Tensor) -> Tensor:
        """What the critic judges: features (N, F), or their products with the class probabilities,
        (N, F · classes). No gradient goes through the probabilities, as in the paper's own code.
        """
        if not self.config.conditional:
            return features
        predicted = classifier(features).softmax(1).detach()
        return (features[:, :, None] * predicted[:, None]).flatten(1)

    def _judged(self, networks: Networks, features: Tensor) -> Tensor:
        """The critic's logits. Raises ValueError if it takes other numbers."""
        seen = self._seen(networks["classifier"], features)
        try:
            return networks["critic"](seen)
        except RuntimeError as error:
            products = ", features × classes" if self.config.conditional else ""
            shape = tuple(seen.shape)
            raise ValueError(f"the critic does not take {shape}{products}: {error}") from None

    @torch.no_grad()
    def check(self, networks: Networks, data: Mapping[str, Data], device: torch.device) -> None:
        source, target = data["source"], data["target"]
        if source.labels is None:
            raise ValueError(f"the source needs labels to learn from, {source.name!r} has none")
        if source.shape != target.shape:
            raise ValueError(f"the source has items {source.shape}, the target {target.shape}")
        first = torch.zeros(2, dtype=torch.int64, device=source.device)
        with evaluating(*networks.values()):
            features = networks["encoder"](source.floats(first).to(device))
            guesses = networks["classifier"](features)
            judged = self._judged(networks, features)
        if tuple(guesses.shape) != (2, len(source.classes)):
            raise ValueError(
                f"the classifier must return {len(source.classes)} logits for each item, "
                f"got {tuple(guesses.shape)} for 2 items"
            )
        if judged.numel() != 2:
            raise ValueError(
                f"the critic must return one logit for each item, got {tuple(judged.shape)} for 2"
            )
