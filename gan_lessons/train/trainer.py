"""The training of a GAN: two updates a step, and everything around them that must not go wrong."""

import copy
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from gan_lessons import models
from gan_lessons.data import Images, to_float
from gan_lessons.losses import LOSSES, PENALTIES
from gan_lessons.train import checkpoint
from gan_lessons.train.batches import RealPictures
from gan_lessons.train.config import TrainConfig
from gan_lessons.train.device import pick_device
from gan_lessons.train.history import History
from gan_lessons.train.interrupt import Interrupt

LOOK_EVERY = 0.2  # seconds between two looks at the losses: each look waits for the device


class View(Protocol):
    """What `fit` can show its progress on; `gan_lessons.widgets.TrainingView` is one."""

    def update(self, trainer: "Trainer") -> None: ...

    def close(self, trainer: "Trainer") -> None: ...


class TrainingDiverged(FloatingPointError):
    """A loss is no longer a finite number."""


def networks(config: TrainConfig, images: Images) -> tuple[nn.Module, nn.Module]:
    """A new generator and discriminator for such pictures, with the weights of `config.seed`."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(config.seed)
        return models.make(
            config.network,
            size=images.size,
            channels=images.channels,
            latent=config.latent,
            width=config.width,
        )


class Trainer:
    """Trains a generator against a discriminator on a set of pictures.

    The networks are moved to the device and trained in place. The order of the pictures and the
    latents come from one generator seeded by the configuration: two trainers made alike take the
    same steps, where the networks draw no random numbers of their own (dropout).

    Raises:
        ValueError: pictures and networks do not fit together, a penalty meets batch norm, or the
            device is not there.
    """

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        images: Images,
        config: TrainConfig,
        device: str | torch.device = "auto",
    ):
        if not len(images):
            raise ValueError(f"{images.name!r} has no pictures to train on")
        self.config = config
        self.device = pick_device(device)
        self.loss = LOSSES[config.loss]
        self.penalty = PENALTIES[config.penalty] if config.penalty else None
        # channels_last: convolutions of few channels are faster with it on a CPU.
        fast = torch.channels_last
        self.generator = generator.to(self.device).to(memory_format=fast).train()
        self.discriminator = discriminator.to(self.device).to(memory_format=fast).train()
        self.average: nn.Module | None = None
        if config.ema_half_life:
            self.average = copy.deepcopy(self.generator).eval().requires_grad_(False)
        # What somebody froze before, to tune the rest, stays frozen.
        self._learning_d = [p for p in self.discriminator.parameters() if p.requires_grad]
        self.optimiser_g = self._adam(self.generator, config.learning_rate_g)
        self.optimiser_d = self._adam(self.discriminator, config.learning_rate_d)
        self.rng = torch.Generator(self.device).manual_seed(config.seed)
        self.images = images
        self.real = RealPictures(images.pixels.to(self.device), self.rng)
        self.steps = 0  # taken so far
        self.started_at = 0  # steps at which the running or last `fit` began
        self.goal = 0  # steps at which it ends
        self.seconds = 0.0  # spent in `fit` on training, in all
        self.started_seconds = 0.0  # of them, those before the running or last `fit`
        self._history = History()
        self._unread: list[Tensor] = []  # losses still on the device
        self._interrupt = Interrupt()
        # Batch norm sees a batch as one: real and fake pictures must not share it.
        self._one_pass = not any(
            isinstance(layer, nn.modules.batchnorm._BatchNorm)
            for layer in self.discriminator.modules()
        )
        self._check_networks()

    def step(self) -> None:
        """One iteration of Goodfellow et al. 2014, algorithm 1: the discriminator, then G."""
        for _ in range(self.config.discriminator_updates):
            loss_d = self._update_discriminator()
        loss_g = self._update_generator()
        self.steps += 1
        self._update_average()
        self._unread.append(torch.stack([loss_d, loss_g]))

    def _update_discriminator(self) -> Tensor:
        real = to_float(self.real.batch(self.config.batch))
        with torch.no_grad():
            fake = self.generator(self._latents())
        loss = self.loss.discriminator(*self._logits(real, fake))
        if self.penalty is not None:
            penalty = self.penalty(self.discriminator, real, fake, self.rng)
            loss = loss + self.config.gamma * penalty
        self.optimiser_d.zero_grad()
        loss.backward()
        self.optimiser_d.step()
        return loss.detach()

    def _update_generator(self) -> Tensor:
        with self._discriminator_frozen():
            fake = self.generator(self._latents())
            if self.loss.paired:
                real = to_float(self.real.batch(self.config.batch))
                logits_real, logits_fake = self._logits(real, fake)
                loss = self.loss.generator(logits_fake, logits_real)
            else:
                loss = self.loss.generator(self.discriminator(fake))
            self.optimiser_g.zero_grad()
            loss.backward()
            self.optimiser_g.step()
        return loss.detach()

    @contextmanager
    def _discriminator_frozen(self) -> Iterator[None]:
        """Without this, the discriminator would collect gradients that are thrown away."""
        for parameter in self._learning_d:
            parameter.requires_grad_(False)
        try:
            yield
        finally:
            for parameter in self._learning_d:
                parameter.requires_grad_(True)

    @torch.no_grad()
    def _update_average(self) -> None:
        """Exponential average of the generator's weights (Karras et al. 2018, appendix A.1).

        A half-life in pictures does not depend on the batch; early on it is shorter, so that the
        average soon forgets the weights that the generator started with.
        """
        if self.average is None:
            return
        seen = self.steps * self.config.batch
        half_life = self.config.ema_half_life
        if self.config.ema_ramp:
            half_life = min(half_life, self.config.ema_ramp * seen)
        newer = 1 - 0.5 ** (self.config.batch / half_life)
        torch._foreach_lerp_(
            list(self.average.parameters()), list(self.generator.parameters()), newer
        )
        for kept, new in zip(self.average.buffers(), self.generator.buffers(), strict=True):
            kept.copy_(new)

    def fit(
        self,
        steps: int,
        view: View | None = None,
        *,
        save_to: str | Path | None = None,
        save_every: float = 60.0,
    ) -> "Trainer":
        """Takes that many steps more, showing progress on a bar or on the view.

        An interrupt (Ctrl-C, or the stop button of a notebook) ends it after the step in hand, and
        says so; the trainer stays whole, and `fit` can be called again. With `save_to`, a
        checkpoint is written there every `save_every` seconds and at the end.

        Raises:
            ValueError: steps is not a whole number of at least 1.
            TrainingDiverged: a loss is no longer finite; the message says what to try.
        """
        if not isinstance(steps, int) or isinstance(steps, bool) or steps < 1:
            raise ValueError(f"steps must be a whole number of at least 1, got {steps!r}")
        self.started_at, self.goal = self.steps, self.steps + steps
        self.started_seconds = self.seconds
        bar = tqdm(
            total=steps, desc="training", unit="step", disable=None if view is None else True
        )
        try:
            with bar, self._interrupt.listening():
                self._run(view, bar, save_to, save_every)
        finally:
            if view is not None:
                view.close(self)
        if save_to is not None:
            self.save(save_to)
        if self.steps < self.goal:
            tqdm.write(f"stopped after step {self.steps} of {self.goal}")
        return self

    def _run(
        self, view: View | None, bar: tqdm, save_to: str | Path | None, save_every: float
    ) -> None:
        started = time.perf_counter()
        next_look = started + LOOK_EVERY
        next_save = started + save_every
        going_on = True
        while going_on:
            self.step()
            going_on = self.steps < self.goal and not self._interrupt.asked
            if going_on and time.perf_counter() < next_look:
                continue
            self._read_losses()
            now = time.perf_counter()
            self.seconds += now - started
            bar.update(self.steps - self.started_at - bar.n)
            bar.set_postfix(
                D=self._history.discriminator_loss[-1], G=self._history.generator_loss[-1]
            )
            if view is not None:
                view.update(self)
            if save_to is not None and now >= next_save:
                self.save(save_to)
                next_save = time.perf_counter() + save_every
            started = time.perf_counter()
            next_look = started + LOOK_EVERY

    @property
    def history(self) -> History:
        """Both losses of every step so far, and the distances that were measured."""
        self._read_losses()
        return self._history

    @history.setter
    def history(self, history: History) -> None:
        self._history = history

    def _read_losses(self) -> None:
        if not self._unread:
            return
        losses = torch.stack(self._unread).tolist()
        first = self.steps - len(losses) + 1
        self._unread.clear()
        for step, (loss_d, loss_g) in enumerate(losses, start=first):
            self._history.discriminator_loss.append(loss_d)
            self._history.generator_loss.append(loss_g)
            for name, loss in (("discriminator", loss_d), ("generator", loss_g)):
                if not math.isfinite(loss):
                    raise TrainingDiverged(
                        f"step {step}: the {name}'s loss is {loss}. Try a lower learning rate "
                        f"(now {self.config.learning_rate_g:g} and "
                        f"{self.config.learning_rate_d:g}) or a penalty; start anew, or from the "
                        "last checkpoint: these weights are lost"
                    )

    def generate(
        self, n: int, seed: int | None = None, labels: Tensor | None = None, ema: bool = True
    ) -> Tensor:
        """n new pictures: floats (n, C, H, W) in [-1, 1], on the trainer's device.

        The same seed gives the same latents; None draws new ones. `ema` takes the averaged
        generator, where there is one. Does not touch the training's random numbers.
        """
        if not isinstance(n, int) or n < 1:
            raise ValueError(f"n must be a whole number of at least 1, got {n!r}")
        if labels is not None:
            raise ValueError("this generator was not trained with labels: leave labels out")
        rng = torch.Generator(self.device)
        rng.seed() if seed is None else rng.manual_seed(seed)
        z = torch.randn(n, self.config.latent, generator=rng, device=self.device)
        return self.decode(z, ema)

    @torch.no_grad()
    def decode(self, z: Tensor, ema: bool = True, chunk: int = 250) -> Tensor:
        """The pictures of given latents z: (n, latent) → floats (n, C, H, W) in [-1, 1]."""
        if z.dim() != 2 or z.shape[1] != self.config.latent:
            raise ValueError(f"z must be (n, {self.config.latent}), got {tuple(z.shape)}")
        network = self.average if ema and self.average is not None else self.generator
        training = network.training
        network.eval()
        try:
            return torch.cat([network(part) for part in z.to(self.device).split(chunk)])
        finally:
            network.train(training)

    def save(self, folder: str | Path) -> Path:
        """Writes a complete checkpoint to the folder and returns its file; keeps the last two.

        Raises CheckpointError where it cannot be written; earlier checkpoints stay as they are.
        """
        return checkpoint.save(self, Path(folder))

    @classmethod
    def resume(
        cls,
        folder: str | Path,
        images: Images,
        *,
        generator: nn.Module | None = None,
        discriminator: nn.Module | None = None,
        device: str | torch.device = "auto",
    ) -> "Trainer":
        """The trainer as it was saved: the newest checkpoint of the folder, or that one file.

        On the CPU, going on from here takes the same steps, bit for bit, as never having stopped.
        Networks of your own must be passed in again; those of this package are rebuilt.

        Raises:
            CheckpointError: there is none, it is damaged or half written, or it belongs to other
                networks or other data. Nothing is changed.
        """
        return checkpoint.resume(cls, Path(folder), images, generator, discriminator, device)

    def _logits(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        if self._one_pass:
            logits = self.discriminator(torch.cat([real, fake]))
            return logits[: len(real)], logits[len(real) :]
        return self.discriminator(real), self.discriminator(fake)

    def _latents(self) -> Tensor:
        shape = (self.config.batch, self.config.latent)
        return torch.randn(shape, generator=self.rng, device=self.device)

    def _adam(self, network: nn.Module, learning_rate: float) -> torch.optim.Adam:
        betas = (self.config.beta1, self.config.beta2)
        learning = [parameter for parameter in network.parameters() if parameter.requires_grad]
        return torch.optim.Adam(learning, learning_rate, betas, fused=True)

    @torch.no_grad()
    def _check_networks(self) -> None:
        if self.penalty is not None and not self._one_pass:
            raise ValueError(
                f"the penalty {self.config.penalty!r} needs each logit to depend on its own "
                "picture: take a discriminator without batch norm"
            )
        wanted = tuple(self.images.pixels.shape[1:])
        latent = getattr(self.generator, "latent", self.config.latent)
        if latent != self.config.latent:
            raise ValueError(
                f"the generator takes z of {latent}, config.latent is {self.config.latent}"
            )
        made = self.decode(torch.zeros(2, self.config.latent))
        if tuple(made.shape[1:]) != wanted:
            raise ValueError(
                f"the generator makes pictures of {tuple(made.shape[1:])}, the data has {wanted}"
            )
        try:
            logits = self.discriminator.eval()(made)
        except RuntimeError as error:
            raise ValueError(
                f"the discriminator does not take {wanted} pictures: {error}"
            ) from None
        finally:
            self.discriminator.train()
        if logits.numel() != 2:
            raise ValueError(
                "the discriminator must give one logit for each picture, "
                f"got {tuple(logits.shape)} for 2 pictures"
            )
