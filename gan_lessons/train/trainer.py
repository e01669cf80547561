"""The training of a GAN: two updates a step, and everything around them that must not go wrong."""

import math
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from gan_lessons.data import Images
from gan_lessons.data.toy import Points
from gan_lessons.train import checkpoint
from gan_lessons.train.average import Average
from gan_lessons.train.batches import RealPictures
from gan_lessons.train.chance import Chance
from gan_lessons.train.config import TrainConfig
from gan_lessons.train.device import pick_device
from gan_lessons.train.game import Game
from gan_lessons.train.history import History
from gan_lessons.train.interrupt import Interrupt
from gan_lessons.train.levers import Levers
from gan_lessons.train.players import check, is_finite
from gan_lessons.train.ranks import Ranks
from gan_lessons.train.recorded import Recorded
from gan_lessons.train.samples import check_labels, decode
from gan_lessons.train.schedule import cosine

LOOK_EVERY = 0.2  # seconds between two looks at the losses: each look waits for the device


class View(Protocol):
    """What `fit` can show its progress on: `gan_lessons.widgets.TrainingView`, `train.board.Board`.

    One that has `shows_progress` = False leaves the progress bar on.
    """

    def update(self, trainer: "Trainer") -> None: ...

    def close(self, trainer: "Trainer") -> None: ...


class TrainingDiverged(FloatingPointError):
    """A loss or a weight is no longer a finite number."""


class DeviceMemoryFull(RuntimeError):
    """The device has no room for a step of this size."""


class Trainer:
    """Trains a generator against a discriminator on a set of pictures, or of points.

    The networks are moved to the device and trained in place. The order of the pictures and the
    latents come from one generator seeded by the configuration: two trainers made alike take the
    same steps, where the networks draw no random numbers of their own (dropout). Under a launcher
    of several processes (see `ranks`) each takes its part of every batch, and all stay alike.

    Raises:
        ValueError: pictures and networks do not fit together, a penalty meets batch norm, the batch
            cannot be shared by the processes, or the device is not there.
    """

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        images: Images | Points,
        config: TrainConfig,
        device: str | torch.device = "auto",
        levers: Levers | None = None,
    ):
        if not len(images):
            raise ValueError(f"{images.name!r} has no pictures to train on")
        self.config = config
        self.levers = levers = levers or Levers()
        self.device = pick_device(device)
        self.ranks = Ranks()
        layout = torch.channels_last if levers.channels_last else torch.contiguous_format
        self.generator = generator.to(self.device).to(memory_format=layout).train()
        self.discriminator = discriminator.to(self.device).to(memory_format=layout).train()
        self.ranks.same_start([self.generator, self.discriminator])
        self.average: nn.Module | None = None
        if config.ema_half_life:
            self._average = Average(self.generator, config.ema_half_life, config.ema_ramp)
            self.average = self._average.network
        # What somebody froze before, to tune the rest, stays frozen.
        self._learning_d = [p for p in self.discriminator.parameters() if p.requires_grad]
        self.rng = torch.Generator(self.device).manual_seed(config.seed)
        self.images = images
        near = images.to(self.device) if levers.data_on_device else images
        self.real = RealPictures(near, self.device, self.rng, self.ranks)
        chance = Chance(self.rng, self.ranks)
        self.game = Game(self.generator, self.discriminator, config, chance, levers)
        self._recorded = Recorded(self) if levers.graph else None
        self.optimiser_g = self._adam(self.generator, config.learning_rate_g)
        self.optimiser_d = self._adam(self.discriminator, config.learning_rate_d)
        self.steps = 0  # taken so far
        self.started_at = 0  # steps at which the running or last `fit` began
        self.goal = 0  # steps at which it ends
        self.seconds = 0.0  # spent in `fit` on training, in all
        self.started_seconds = 0.0  # of them, those before the running or last `fit`
        self._history = History()
        self._unread: list[Tensor] = []  # losses still on the device
        self._interrupt = Interrupt()
        check(self)

    def step(self) -> None:
        """One iteration of Goodfellow et al. 2014, algorithm 1: the discriminator, then G."""
        self._set_learning_rates()
        batches = [self.real.draw(self.config.batch) for _ in range(self._batches)]
        losses = self._recorded(batches) if self._recorded else self.turns(batches)
        self.steps += 1
        if self.average is not None:
            seen = self.steps * self.config.batch
            self._average.update(self.generator, seen, self.config.batch)
        self._unread.append(losses)

    def turns(self, batches: Sequence[Tensor]) -> Tensor:
        """The updates of one step, with the places of the real pictures: both losses, (2,)."""
        updates = self.config.discriminator_updates
        for update, places in enumerate(batches[:updates], start=self.steps * updates):
            loss_d = self._update_discriminator(places, update)
        loss_g = self._update_generator(batches[-1])
        for network in (self.generator, self.discriminator):
            self.ranks.average_buffers(network)
        return torch.stack([loss_d, loss_g])

    @property
    def _batches(self) -> int:
        """Real batches in a step: G's turn has one of its own where it reads one and is fresh."""
        reads = self.game.loss.paired or self.config.conditional
        return self.config.discriminator_updates + (reads and self.config.fresh)

    def _update_discriminator(self, places: Tensor, update: int) -> Tensor:
        real, labels = self.real.batch(places, self.config.conditional)
        loss = self.game.discriminator_loss(real, labels, self.steps, update)
        return self._descend(loss, self.optimiser_d, self.discriminator)

    def _update_generator(self, places: Tensor) -> Tensor:
        real, labels = None, None
        with self._discriminator_frozen():
            if self.game.loss.paired or self.config.conditional:
                real, labels = self.real.batch(places, self.config.conditional)
            paired = real if self.game.loss.paired else None
            loss = self.game.generator_loss(paired, labels, self.steps)
            return self._descend(loss, self.optimiser_g, self.generator)

    def _descend(
        self, loss: Tensor, optimiser: torch.optim.Optimizer, network: nn.Module
    ) -> Tensor:
        """A step down the gradient, the mean of all processes; returns the mean of the losses."""
        optimiser.zero_grad()
        loss.backward()
        loss = loss.detach()
        gradients = [p.grad for p in network.parameters() if p.grad is not None]
        self.ranks.average([*gradients, loss])
        optimiser.step()
        return loss

    def _set_learning_rates(self) -> None:
        config = self.config
        if config.learning_rate_final == 1:
            return
        share = cosine(self.steps, config.schedule_steps, 1.0, config.learning_rate_final)
        for optimiser, rate in (
            (self.optimiser_g, config.learning_rate_g),
            (self.optimiser_d, config.learning_rate_d),
        ):
            for group in optimiser.param_groups:
                if isinstance(group["lr"], Tensor):  # a recorded step reads it there
                    group["lr"].fill_(share * rate)
                else:
                    group["lr"] = share * rate

    @contextmanager
    def _discriminator_frozen(self) -> Iterator[None]:
        """Without this, the discriminator would collect gradients that are thrown away."""
        frozen = self._learning_d if self.levers.freeze else []
        for parameter in frozen:
            parameter.requires_grad_(False)
        try:
            yield
        finally:
            for parameter in frozen:
                parameter.requires_grad_(True)

    def fit(
        self,
        steps: int,
        view: View | None = None,
        *,
        save_to: str | Path | None = None,
        save_every: float = 60.0,
    ) -> "Trainer":
        """Takes that many steps more, showing progress on a bar or on the view.

        An interrupt (Ctrl-C, the stop button of a notebook, SIGTERM) ends it after the step in
        hand, and says so; the trainer stays whole, and `fit` can be called again. With `save_to`, a
        checkpoint is written there every `save_every` seconds and at the end.

        Raises:
            ValueError: steps is not a whole number of at least 1.
            TrainingDiverged: a loss or a weight is no longer finite; says what to try.
            DeviceMemoryFull: says what to lower.
            CheckpointError: a checkpoint cannot be written; earlier ones are intact.
        """
        if not isinstance(steps, int) or isinstance(steps, bool) or steps < 1:
            raise ValueError(f"steps must be a whole number of at least 1, got {steps!r}")
        self.started_at, self.goal = self.steps, self.steps + steps
        self.started_seconds = self.seconds
        view = view if self.ranks.first else None
        shown = view is not None and getattr(view, "shows_progress", True)
        hidden = True if shown or not self.ranks.first else None  # None: off a terminal
        bar = tqdm(total=steps, desc="training", unit="step", disable=hidden)
        try:
            with bar, self._interrupt.listening():
                self._run(view, bar, save_to, save_every)
        except torch.OutOfMemoryError:
            shape = " × ".join(map(str, self.images.shape))
            raise DeviceMemoryFull(
                f"{self.device} has no room for a step of {self.config.batch} pictures of "
                f"{shape}, width {self.config.width}: lower batch or width, take "
                "smaller pictures, or share the batch among more processes"
            ) from None
        finally:
            if view is not None:
                view.close(self)
        if save_to is not None:
            self.save(save_to)
        if self.steps < self.goal and self.ranks.first:
            tqdm.write(f"stopped after step {self.steps} of {self.goal}")
        return self

    @property
    def stopped_by(self) -> signal.Signals | None:
        """The signal that ended the last `fit` before its goal, if one did."""
        return self._interrupt.signal if self.steps < self.goal else None

    def _run(
        self, view: View | None, bar: tqdm, save_to: str | Path | None, save_every: float
    ) -> None:
        started = time.perf_counter()
        next_save = started + save_every
        next_look, look_after = started + LOOK_EVERY, self.steps + 1
        going_on = True
        while going_on:
            self.step()
            if not self._look_is_due(next_look, look_after):
                continue
            going_on = self.steps < self.goal and not self.ranks.any(self._interrupt.asked)
            before = len(self._history)
            self._read_losses()
            now = time.perf_counter()
            pace = (len(self._history) - before) / (now - started)  # steps a second
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
            look_after = self.steps + self.ranks.agree(max(1, round(LOOK_EVERY * pace)))

    def _look_is_due(self, at: float, after: int) -> bool:
        """Whether to read the losses now: by the clock, or by the step where others must agree."""
        if self.steps >= self.goal:
            return True
        if self.ranks.size > 1:
            return self.steps >= after
        return self._interrupt.asked or time.perf_counter() >= at

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
                    raise self._diverged(f"step {step}: the {name}'s loss is {loss}")

    def _diverged(self, what: str) -> TrainingDiverged:
        broken = [name for name, network in self._players() if not is_finite(network)]
        where = f" (weights that are not finite: {', '.join(broken)})" if broken else ""
        return TrainingDiverged(
            f"{what}{where}. Try a lower learning rate "
            f"(now {self.config.learning_rate_g:g} and {self.config.learning_rate_d:g}) or a "
            "penalty; start anew, or from the last checkpoint: these weights are lost"
        )

    def _players(self) -> list[tuple[str, nn.Module]]:
        return [("generator", self.generator), ("discriminator", self.discriminator)]

    def generate(
        self, n: int, seed: int | None = None, labels: Tensor | None = None, ema: bool = True
    ) -> Tensor:
        """n new pictures: floats (n, C, H, W) in [-1, 1], on the trainer's device.

        The same seed gives the same latents; None draws new ones. labels: (n,), what a conditional
        generator is to draw; without them it is told labels at random. `ema` takes the averaged
        generator, where there is one. Does not touch the training's random numbers.
        """
        if not isinstance(n, int) or n < 1:
            raise ValueError(f"n must be a whole number of at least 1, got {n!r}")
        rng = torch.Generator(self.device)
        rng.seed() if seed is None else rng.manual_seed(seed)
        z = torch.randn(n, self.config.latent, generator=rng, device=self.device)
        if self.config.conditional and labels is None:
            classes = len(self.images.classes)
            labels = torch.randint(classes, (n,), generator=rng, device=self.device)
        return self.decode(z, ema, labels=labels)

    def decode(self, z: Tensor, ema: bool = True, labels: Tensor | None = None) -> Tensor:
        """The pictures of given latents z: (n, latent) → floats (n, C, H, W) in [-1, 1]."""
        if z.dim() != 2 or z.shape[1] != self.config.latent:
            raise ValueError(f"z must be (n, {self.config.latent}), got {tuple(z.shape)}")
        check_labels(labels, len(z), len(self.images.classes), self.config)
        labels = None if labels is None else labels.long().to(self.device)
        network = self.average if ema and self.average is not None else self.generator
        return decode(network, z.to(self.device), labels)

    def save(self, folder: str | Path) -> Path:
        """Writes a complete checkpoint to the folder and returns its file; keeps the last two.

        Of several processes only the first writes. Raises CheckpointError where it cannot be
        written, and TrainingDiverged where a weight is no longer finite; earlier checkpoints stay
        as they are.
        """
        for name, network in self._players():
            if not is_finite(network):
                raise self._diverged(f"step {self.steps}: the {name} is not worth keeping")
        return checkpoint.save(self, Path(folder))

    @classmethod
    def resume(
        cls,
        folder: str | Path,
        images: Images | Points,
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

    def _adam(self, network: nn.Module, learning_rate: float) -> torch.optim.Adam:
        betas = (self.config.beta1, self.config.beta2)
        learning = [parameter for parameter in network.parameters() if parameter.requires_grad]
        # A recorded step reads the rate from the device; from a CPU it would be recorded as it is.
        recorded = self._recorded is not None
        rate = torch.tensor(learning_rate, device=self.device) if recorded else learning_rate
        return torch.optim.Adam(learning, rate, betas, fused=self.levers.fused, capturable=recorded)
