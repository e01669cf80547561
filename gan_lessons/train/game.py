"""The game itself: both players' losses on one batch, as the papers write them.

Goodfellow et al. 2014, algorithm 1, with every objective and remedy of the configuration. What
moves the weights, and everything around it, is the trainer's.
"""

from contextlib import nullcontext

import torch
from torch import Tensor, nn

from gan_lessons.losses import LOSSES, PENALTIES
from gan_lessons.train.chance import Chance
from gan_lessons.train.config import TrainConfig
from gan_lessons.train.remedies import augmented, noisy, packed
from gan_lessons.train.schedule import cosine


class Game:
    """Losses of both players. real: floats (N, C, H, W) in [-1, 1]; labels: (N,) or None."""

    def __init__(
        self, generator: nn.Module, discriminator: nn.Module, config: TrainConfig, chance: Chance
    ):
        self.generator = generator
        self.discriminator = discriminator
        self.config = config
        self.chance = chance
        self.loss = LOSSES[config.loss]
        self.penalty = PENALTIES[config.penalty] if config.penalty else None
        self.bfloat16 = False
        # Batch norm sees a batch as one: real and fake pictures must not share it.
        self.one_pass = not any(
            isinstance(layer, nn.modules.batchnorm._BatchNorm) for layer in discriminator.modules()
        )

    def discriminator_loss(
        self, real: Tensor, labels: Tensor | None, step: int, update: int
    ) -> Tensor:
        """What D minimises: to tell real from fake, and to stay smooth. update: counts D's own."""
        with torch.no_grad():
            fake = self.generate(len(real), labels)
        real, fake = self.seen(real, step), self.seen(fake, step)
        logits_real, logits_fake = self.judge(real, fake, labels)
        loss = self.loss.discriminator(logits_real, logits_fake)
        if self.config.label_smoothing:
            # With the target 1 - s for real pictures, cross entropy grows by s times the logit.
            loss = loss + self.config.label_smoothing * _full(logits_real).mean()
        if self.penalty is not None and update % self.config.penalty_every == 0:
            loss = loss + self.gamma(step) * self.penalised(real, fake, labels)
        return loss

    def generator_loss(self, real: Tensor | None, labels: Tensor | None, step: int) -> Tensor:
        """What the generator minimises. real: only where the loss compares with it."""
        n = self.config.batch // self.chance.ranks.size
        fake = self.seen(self.generate(n, labels), step)
        if real is None:
            return self.loss.generator(self.logits(fake, labels))
        logits_real, logits_fake = self.judge(self.seen(real, step), fake, labels)
        return self.loss.generator(logits_fake, logits_real)

    def generate(self, n: int, labels: Tensor | None) -> Tensor:
        """n pictures of new latents."""
        z = self.chance.normal(n, self.config.latent)
        with self.precision(z):
            fake = self.generator(z) if labels is None else self.generator(z, labels)
        return _full(fake)

    def seen(self, x: Tensor, step: int) -> Tensor:
        """Pictures as the discriminator is shown them."""
        deviation = cosine(step, self.config.schedule_steps, self.config.instance_noise, 0.0)
        x = noisy(x, deviation, self.chance)
        return packed(augmented(x, self.config.augment, self.chance), self.config.pack)

    def judge(self, real: Tensor, fake: Tensor, labels: Tensor | None) -> tuple[Tensor, Tensor]:
        """Logits of both, in one pass where nothing in the network forbids it."""
        if not self.one_pass:
            return self.logits(real, labels), self.logits(fake, labels)
        both = None if labels is None else torch.cat([labels, labels])
        logits = self.logits(torch.cat([real, fake]), both)
        return logits[: len(real)], logits[len(real) :]

    def logits(self, x: Tensor, labels: Tensor | None) -> Tensor:
        with self.precision(x):
            return self.discriminator(x) if labels is None else self.discriminator(x, labels)

    def penalised(self, real: Tensor, fake: Tensor, labels: Tensor | None) -> Tensor:
        """The penalty; one that is lazy counts for the steps that it leaves out."""
        assert self.penalty is not None

        def discriminator(x: Tensor) -> Tensor:
            return self.discriminator(x) if labels is None else self.discriminator(x, labels)

        own = self.chance.stream(len(real)) if self.config.penalty == "wgan-gp" else None
        return self.config.penalty_every * self.penalty(discriminator, real, fake, own)

    def gamma(self, step: int) -> float:
        """Weight of the penalty at a step."""
        last = self.config.gamma * self.config.gamma_final
        return cosine(step, self.config.schedule_steps, self.config.gamma, last)

    def precision(self, like: Tensor) -> torch.autocast | nullcontext:
        """bfloat16 for what is worth it, where that was chosen."""
        return torch.autocast(like.device.type, torch.bfloat16) if self.bfloat16 else nullcontext()


def _full(x: Tensor) -> Tensor:
    """What left autocast as bfloat16, in float32 again."""
    return x.float() if x.dtype == torch.bfloat16 else x
