"""The trainer: takes the steps of any game, and does everything around them."""

import math
import signal
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from gan_lessons import checks, models
from gan_lessons.train import checkpoint
from gan_lessons.train.compute import ComputeOptions
from gan_lessons.train.fits import is_finite
from gan_lessons.train.flat import packed, unpacked
from gan_lessons.train.game import Data, Game
from gan_lessons.train.history import History
from gan_lessons.train.interrupt import Interrupt
from gan_lessons.train.stepper import Stepper
from gan_lessons.train.view import Progress, View

LOOK_EVERY = 0.2  # seconds between two looks at the losses: each look waits for the device
Self = TypeVar("Self", bound="GameTrainer")


class TrainingDiverged(FloatingPointError):
    """A loss or a weight is no longer a finite number."""


class DeviceMemoryFull(RuntimeError):
    """The device has no room for a step of this size."""


class GameTrainer(Stepper):
    """Trains the networks of a game on its data, step by step or in long runs; see `Stepper`."""

    def __init__(
        self,
        game: Game,
        networks: Mapping[str, nn.Module],
        data: Mapping[str, Data],
        device: str | torch.device = "auto",
        compute: ComputeOptions | None = None,
    ):
        super().__init__(game, networks, data, device, compute)
        self.seconds = 0.0  # spent in `fit` on training, in all
        self._goal = self._first_step = 0  # steps at which the running or last `fit` ends and began
        self._seconds_before = 0.0
        self._history = History({turn.name: [] for turn in game.turns(0)})
        self._unread: list[Tensor] = []  # losses still on the device
        self._interrupt = Interrupt()

    def step(self) -> None:
        """Plays the game's turns once, in order."""
        self._unread.append(self.take())

    # Many steps

    def fit(
        self: Self,
        steps: int,
        view: View | None = None,
        *,
        save_to: str | Path | None = None,
        save_every: float = 60.0,
    ) -> Self:
        """Takes that many more steps, showing progress on a bar or on the view.

        An interrupt (Ctrl-C, a notebook's stop button, SIGTERM) ends it after the current step and
        says so. The trainer stays whole, and `fit` can be called again. With `save_to`, a
        checkpoint is written there every `save_every` seconds and at the end.

        Raises:
            ValueError: steps is not a whole number of at least 1.
            TrainingDiverged: a loss or a weight is no longer finite; says what to try.
            DeviceMemoryFull: says what to lower.
            CheckpointError: a checkpoint cannot be written; earlier ones are intact.
        """
        checks.whole("steps", steps, 1)
        self._first_step, self._goal = self.steps, self.steps + steps
        self._seconds_before = self.seconds
        view = view if self.ranks.first else None
        shown = view is not None and getattr(view, "shows_progress", True)
        hidden = True if shown or not self.ranks.first else None  # None: hidden off a terminal
        bar = tqdm(total=steps, desc="training", unit="step", disable=hidden)
        try:
            with bar, self._interrupt.listening():
                self._run(view, bar, save_to, save_every)
        except torch.OutOfMemoryError:
            raise DeviceMemoryFull(self._no_room()) from None
        finally:
            if view is not None:
                view.close(self.progress)
        if save_to is not None:
            self.save(save_to)
        if self.steps < self._goal and self.ranks.first:
            tqdm.write(f"stopped after step {self.steps} of {self._goal}")
        return self

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
            going_on = self.steps < self._goal and not self.ranks.any(self._interrupt.asked)
            before = len(self._history)
            self._read_losses()
            now = time.perf_counter()
            pace = (len(self._history) - before) / (now - started)  # steps a second
            self.seconds += now - started
            bar.update(self.steps - self._first_step - bar.n)
            bar.set_postfix({turn: losses[-1] for turn, losses in self._history.losses.items()})
            if view is not None:
                view.update(self.progress)
            if save_to is not None and now >= next_save:
                self.save(save_to)
                next_save = time.perf_counter() + save_every
            started = time.perf_counter()
            next_look = started + LOOK_EVERY
            look_after = self.steps + self.ranks.agree(max(1, round(LOOK_EVERY * pace)))

    def _no_room(self) -> str:
        shapes = ", ".join(" × ".join(map(str, each.shape)) for each in self.data.values())
        width = getattr(self.config, "width", None)
        return (
            f"{self.device} has no room for a step of {self.config.batch} pictures of {shapes}"
            f"{f', width {width}' if width else ''}: lower batch or width, use smaller pictures, "
            "or share the batch among more processes"
        )

    def _look_is_due(self, at: float, after: int) -> bool:
        """Whether to read the losses now: by the clock, or by the step if processes must agree."""
        if self.steps >= self._goal:
            return True
        if self.ranks.size > 1:
            return self.steps >= after
        return self._interrupt.asked or time.perf_counter() >= at

    @property
    def stopped_by(self) -> signal.Signals | None:
        """The signal that ended the last `fit` before its goal, if one did."""
        return self._interrupt.signal if self.steps < self._goal else None

    @property
    def progress(self) -> Progress:
        """What views are told."""
        return Progress(
            step=self.steps,
            first_step=self._first_step,
            goal=self._goal,
            seconds=self.seconds - self._seconds_before,
            history=self._history,
            learning_rates=self._learning_rates(max(0, self.steps - 1)),
            samples=self.samples,
        )

    def samples(self, n: int) -> Tensor | None:
        """What a view shows: n pictures, the same items at each call; None if there are none."""
        return self.game.samples(self.networks | self.averages, self.data, n)

    @property
    def history(self) -> History:
        """The loss of each turn at every step so far, and the distances that were measured."""
        self._read_losses()
        return self._history

    def _read_losses(self) -> None:
        if not self._unread:
            return
        rows = torch.stack(self._unread).tolist()
        first = self.steps - len(rows) + 1
        self._unread.clear()
        for step, losses in enumerate(rows, start=first):
            for own, loss in zip(self._history.losses.values(), losses, strict=True):
                own.append(loss)
            for turn, loss in zip(self._history.losses, losses, strict=True):
                if not math.isfinite(loss):
                    raise self._diverged(f"step {step}: {_of(turn)} loss is {loss}")

    def _diverged(self, what: str) -> TrainingDiverged:
        broken = [name for name, network in self.networks.items() if not is_finite(network)]
        where = f" (weights that are not finite: {', '.join(broken)})" if broken else ""
        rates = " and ".join(f"{rate:g}" for rate in self.game.learning_rates().values())
        return TrainingDiverged(
            f"{what}{where}. Try a lower learning rate (now {rates}) or a penalty; start again, or "
            "from the last checkpoint: these weights are lost"
        )

    # Saving

    def state_dict(self) -> dict[str, Any]:
        """The `Stepper`'s state, with the history and the seconds spent."""
        history = packed("history", self.history.tensors())
        return super().state_dict() | history | {"seconds": self.seconds}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """See `Stepper`: the same, with the history and the seconds spent."""
        history = History.from_tensors(list(self._history.losses), unpacked("history", state))
        seconds = float(state["seconds"])
        super().load_state_dict(state)
        self._history, self.seconds = history, seconds
        self._unread.clear()

    def save(self, folder: str | Path) -> Path:
        """Writes a complete checkpoint to the folder and returns its file; keeps the last two.

        Of several processes only the first writes. Raises CheckpointError if it cannot be written,
        and TrainingDiverged if a weight is no longer finite; earlier checkpoints stay as they are.
        """
        for name, network in self.networks.items():
            if not is_finite(network):
                raise self._diverged(f"step {self.steps}: the {name} is not worth saving")
        file = checkpoint.file_of(Path(folder), self.steps)
        if self.ranks.first:
            checkpoint.write(file, self.facts(), self.state_dict())
        return file

    def facts(self) -> dict[str, Any]:
        """What a checkpoint says besides the state: game, settings, networks and data."""
        return {
            "game": self.game.name,
            "config": self.config.to_dict(),
            "compute": asdict(self.compute),
            "networks": {name: models.describe(n) for name, n in self.networks.items()},
            "data": {
                name: {"name": each.name, "shape": [len(each), *each.shape]}
                for name, each in self.data.items()
            },
        }

    def restore(self: Self, folder: str | Path) -> Self:
        """Goes on from the newest checkpoint of the folder, or from that one file.

        Raises CheckpointError if there is none, it is damaged, or it belongs to another game, other
        settings, networks or data. Nothing is changed then.
        """
        file = checkpoint.newest(Path(folder))
        facts, state = checkpoint.read(file)
        own = self.facts()
        checkpoint.check_data(file, facts["data"], own["data"])
        with checkpoint.misfits_named(file):
            if facts["game"] != own["game"]:
                raise ValueError(f"the game was {facts['game']!r:.50}, this is {own['game']!r}")
            for name, value in own["config"].items():
                if facts["config"].get(name) != value:
                    was = facts["config"].get(name)
                    raise ValueError(f"the setting {name} was {was!r:.50}, here it is {value!r}")
            self.load_state_dict(state)
        return self


def _of(turn: str) -> str:
    """In words, to stand before what belongs to a turn."""
    return f"the {turn}'" if turn.endswith("s") else f"the {turn}'s"
