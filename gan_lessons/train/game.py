"""The game itself: both players' losses on one batch, as the papers write them.

Goodfellow et al. 2014, algorithm 1, with every objective and remedy of the configuration. What
moves the weights, and everything around it, is the trainer's.
"""

from contextlib import nullcontext

import torch
from torch import Tensor, nn

from gan_lessons.losses import LOSSES, PENALTIES, squared_gradient
from gan_lessons.train.chance import Chance
from gan_lessons.train.config import TrainConfig
from gan_lessons.train.levers import Levers
from gan_lessons.train.remedies import augmented, noisy, packed
from gan_lessons.train.schedule import cosine

SMOOTHING = ("r1", "r2", "r1r2")  # penalties that ask for a gradient where D judges anyway


class Game:
    """Losses of both players. real: floats (N, C, H, W) in [-1, 1]; labels: (N,) or None."""

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        config: TrainConfig,
        chance: Chance,
        levers: Levers | None = None,
    ):
        self.generator = generator
        self.discriminator = discriminator
        self.config = config
        self.chance = chance
        self.loss = LOSSES[config.loss]
        self.penalty = PENALTIES[config.penalty] if config.penalty else None
        self.levers = levers or Levers()
        self.shown = torch.empty(0)  # the fakes of the last turn
        self.dials: dict[str, Tensor] = {}  # where a recorded step reads what a schedule changes
        self.batch_norm = any(
            isinstance(layer, nn.modules.batchnorm._BatchNorm) for layer in discriminator.modules()
        )

    def discriminator_loss(
        self, real: Tensor, labels: Tensor | None, step: int, update: int
    ) -> Tensor:
        """What D minimises: to tell real from fake, and to stay smooth. update: counts D's own."""
        with torch.set_grad_enabled(not self.config.fresh):
            self.shown = self.generate(len(real), labels)
        real, fake = self.seen(real, step), self.seen(self.shown.detach(), step)
        penalty: Tensor | None = None
        due = self.penalty is not None and self.is_due(update)
        if due and self.shares_pass:
            logits_real, logits_fake, penalty = self.judge_and_penalise(real, fake, labels)
        else:
            logits_real, logits_fake = self.judge(real, fake, labels)
            if due:
                penalty = self.penalised(real, fake, labels)
        loss = self.loss.discriminator(logits_real, logits_fake)
        if self.config.label_smoothing:
            # With the target 1 - s for real pictures, cross entropy grows by s times the logit.
            loss = loss + self.config.label_smoothing * _full(logits_real).mean()
        if penalty is not None:
            # One that is lazy counts for the updates that it leaves out.
            loss = loss + self.gamma(step) * self.config.penalty_every * penalty
        return loss

    def generator_loss(self, real: Tensor | None, labels: Tensor | None, step: int) -> Tensor:
        """What the generator minimises. real: only where the loss compares with it."""
        if self.config.fresh:
            self.shown = self.generate(self.config.batch // self.chance.ranks.size, labels)
        logits_fake = self.logits(self.seen(self.shown, step), labels)
        if real is None:
            return self.loss.generator(logits_fake)
        with torch.no_grad():
            logits_real = self.logits(self.seen(real, step), labels)
        return self.loss.generator(logits_fake, logits_real)

    def generate(self, n: int, labels: Tensor | None) -> Tensor:
        """n pictures of new latents."""
        z = self.chance.normal(n, self.config.latent)
        with self.precision(z):
            fake = self.generator(z) if labels is None else self.generator(z, labels)
        return _full(fake)

    def seen(self, x: Tensor, step: int) -> Tensor:
        """Pictures as the discriminator is shown them."""
        if self.config.instance_noise:
            x = noisy(x, self.noise(step), self.chance)
        return packed(augmented(x, self.config.augment, self.chance), self.config.pack)

    def judge(self, real: Tensor, fake: Tensor, labels: Tensor | None) -> tuple[Tensor, Tensor]:
        """Logits of both, in one pass where nothing in the network forbids it."""
        if not self.one_pass:
            return self.logits(real, labels), self.logits(fake, labels)
        logits = self.logits(torch.cat([real, fake]), _twice(labels))
        return logits[: len(real)], logits[len(real) :]

    def logits(self, x: Tensor, labels: Tensor | None) -> Tensor:
        with self.precision(x):
            return self.discriminator(x) if labels is None else self.discriminator(x, labels)

    def penalised(self, real: Tensor, fake: Tensor, labels: Tensor | None) -> Tensor:
        """The penalty, by passes of its own."""
        assert self.penalty is not None

        def discriminator(x: Tensor) -> Tensor:
            return self.discriminator(x) if labels is None else self.discriminator(x, labels)

        own = self.chance.stream(len(real)) if self.config.penalty == "wgan-gp" else None
        return self.penalty(discriminator, real, fake, own)

    def judge_and_penalise(
        self, real: Tensor, fake: Tensor, labels: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Logits of both, and R1, R2 or their sum from the same pass.

        The gradient of the logits is asked for where they are, and not of a second pass.
        """
        if self.config.penalty == "r1r2" and self.one_pass:
            both = torch.cat([real, fake]).requires_grad_()
            logits = self.logits(both, _twice(labels))
            # Half a mean over real plus half a mean over as many fakes: the mean over all.
            penalty = squared_gradient(logits, both).mean()
            return logits[: len(real)], logits[len(real) :], penalty
        smooth = {"r1": [real], "r2": [fake], "r1r2": [real, fake]}[self.config.penalty or ""]
        for x in smooth:
            x.requires_grad_()
        logits_real, logits_fake = self.logits(real, labels), self.logits(fake, labels)
        terms = [
            0.5 * squared_gradient(there, x).mean()
            for x, there in ((real, logits_real), (fake, logits_fake))
            if x.requires_grad
        ]
        return logits_real, logits_fake, torch.stack(terms).sum()

    @property
    def one_pass(self) -> bool:
        """Batch norm sees a batch as one: real and fake pictures must not share it then."""
        return self.levers.one_pass and not self.batch_norm

    @property
    def shares_pass(self) -> bool:
        """Not in bfloat16, in which only the loss's own pass may be."""
        levers = self.levers
        return levers.shared_pass and not levers.bfloat16 and self.config.penalty in SMOOTHING

    def is_due(self, update: int) -> bool:
        """Whether D's update of that number has the penalty in it."""
        return update % self.config.penalty_every == 0

    def gamma(self, step: int) -> float | Tensor:
        """Weight of the penalty at a step."""
        last = self.config.gamma * self.config.gamma_final
        return self._dial("gamma", step, self.config.gamma, last)

    def noise(self, step: int) -> float | Tensor:
        """Deviation of the instance noise at a step."""
        return self._dial("noise", step, self.config.instance_noise, 0.0)

    def _dial(self, name: str, step: int, first: float, last: float) -> float | Tensor:
        value = cosine(step, self.config.schedule_steps, first, last)
        return self.dials.get(name, value)

    def precision(self, like: Tensor) -> torch.autocast | nullcontext:
        """bfloat16 for what is worth it, where that was chosen."""
        on = self.levers.bfloat16
        return torch.autocast(like.device.type, torch.bfloat16) if on else nullcontext()


def _twice(labels: Tensor | None) -> Tensor | None:
    return None if labels is None else torch.cat([labels, labels])


def _full(x: Tensor) -> Tensor:
    """What left autocast as bfloat16, in float32 again."""
    return x.float() if x.dtype == torch.bfloat16 else x
