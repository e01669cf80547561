"""The trainer: takes the steps of any game, and does everything around them."""

import json
import math
import signal
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from gan_lessons import checks, models
from gan_lessons.data.fingerprint import fingerprint
from gan_lessons.data.images import LARGEST
from gan_lessons.train import checkpoint
from gan_lessons.train.checkpoint import CheckpointError
from gan_lessons.train.compute import ComputeOptions
from gan_lessons.train.diagnose import diagnose
from gan_lessons.train.fits import is_finite
from gan_lessons.train.flat import prefixed, unprefixed
from gan_lessons.train.game import Data, Game
from gan_lessons.train.history import History
from gan_lessons.train.interrupt import Interrupt
from gan_lessons.train.ranks import ProcessLost
from gan_lessons.train.stepper import Stepper
from gan_lessons.train.streams import SafeStream, say
from gan_lessons.train.threads import Threads
from gan_lessons.train.view import Progress, View

LOOK_EVERY = 0.2  # seconds between two looks at the losses: each look waits for the device
COPY_REST = 50  # a copy of the state is due again after this many times what it cost: under 2 %
FEWER = "other programs are busy: the training goes on with {} of {} threads while they are"
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
        self._history = History({name: [] for name in self.turn_names})
        self._unread: list[Tensor] = []  # losses still on the device
        self._interrupt = Interrupt()
        self._whole: tuple[dict[str, Any], dict[str, Any]] | None = None
        self._copy_due = 0.0
        self._fingerprints: dict[str, str] = {}
        self.run = uuid.uuid4().hex  # tells this run's checkpoints from those of others

    def step(self) -> None:
        """Plays the game's turns once, in order."""
        self._unread.append(self.play_step())

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

        An interrupt (Ctrl-C, a notebook's stop button, SIGTERM, a closed terminal) ends it after
        the current step and says so. The trainer stays whole, and `fit` can be called again. A
        second Ctrl-C ends it at once, within a step. With `save_to`, a checkpoint is written there
        every `save_every` seconds and at the end. While other programs keep the processor busy, it
        goes on with fewer threads (`ComputeOptions.spare_threads`), and says so.

        Raises:
            ValueError: steps is not a whole number of at least 1.
            TrainingDiverged: a loss or a weight is no longer finite; says what to try.
            DeviceMemoryFull: says what to lower.
            CheckpointError: a checkpoint cannot be written, or the folder is in use or holds
                another run; earlier checkpoints are intact.
            ProcessLost: another process of this training ended; the last whole step that is known
                was saved, if `save_to` says where.
        """
        steps = checks.whole("steps", steps, 1)
        save_every = checks.number("save_every", save_every, 0)
        if view is not None and not (hasattr(view, "update") and hasattr(view, "close")):
            raise ValueError(f"view must have update and close, got {checks.shown(view)}")
        self._first_step, self._goal = self.steps, self.steps + steps
        self._seconds_before = self.seconds
        folder = None if save_to is None else checks.path_of("save_to", save_to)
        with self._interrupt.listening(), self._claimed(folder):
            self._fit(view if self.ranks.first else None, folder, save_every)
        if self.steps < self._goal and self.ranks.first:
            say(f"stopped after step {self.steps} of {self._goal}")
        return self

    def _fit(self, view: View | None, folder: Path | None, save_every: float) -> None:
        shown = view is not None and getattr(view, "shows_progress", True)
        hidden = True if shown or not self.ranks.first else None  # None: hidden off a terminal
        bar = tqdm(
            total=self._goal - self.steps,
            desc="training",
            unit="step",
            disable=hidden,
            file=SafeStream(sys.stderr),
        )
        try:
            if view is not None and hasattr(view, "open"):
                view.open(self.progress)
            with bar, self._threads() as threads:
                self._run(view, bar, folder, save_every, threads)
            if folder is not None:
                self.save(folder)
        except torch.OutOfMemoryError:
            raise DeviceMemoryFull(self._no_room()) from None
        except ProcessLost as error:
            raise self._alone(error, folder) from None
        finally:
            measured = len(self._history.distances)
            if view is not None:
                view.close(self.progress)
        if folder is not None and len(self._history.distances) > measured:
            self.save(folder)  # with what the view measured at the end

    @contextmanager
    def _claimed(self, folder: Path | None) -> Iterator[None]:
        """The folder is this training's while it runs; what forbids that, all processes raise."""
        with ExitStack() as stack:
            problem = None
            if folder is not None and self.ranks.first:
                try:
                    stack.enter_context(checkpoint.claimed(folder, self.run, self.steps))
                except CheckpointError as error:
                    problem = str(error)
            problem = self.ranks.agree(problem)
            if problem is not None:
                raise CheckpointError(problem)
            yield

    def _alone(self, error: ProcessLost, folder: Path | None) -> ProcessLost:
        """Saves the last whole step that is known, when another process has gone."""
        if folder is None or self._whole is None or not self.ranks.first:
            return error
        facts, state = self._whole
        file = checkpoint.file_of(folder, state["step"])
        saved = checkpoint.find(folder)
        if saved and saved[-1].name >= file.name:  # a checkpoint is newer than the copy
            file = saved[-1]
        else:
            with self._interrupt.holding():
                checkpoint.write(file, facts, state)
        return ProcessLost(f"{error}; {file.name} is saved: resume to go on")

    def _run(
        self,
        view: View | None,
        bar: tqdm,
        folder: Path | None,
        save_every: float,
        threads: Threads | None,
    ) -> None:
        self._keep_whole(folder)
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
            if threads is not None and threads.look(len(self._history) - before):
                bar.write(FEWER.format(threads.now, threads.most), file=SafeStream(sys.stdout))
            now = time.perf_counter()
            pace = (len(self._history) - before) / (now - started)  # steps a second
            self.seconds += now - started
            bar.update(self.steps - self._first_step - bar.n)
            bar.set_postfix({turn: losses[-1] for turn, losses in self._history.losses.items()})
            if view is not None:
                view.update(self.progress)
            self._keep_whole(folder)
            if folder is not None and now >= next_save:
                self.save(folder)
                next_save = time.perf_counter() + save_every
            started = time.perf_counter()
            if threads is not None:
                threads.start()
            next_look = started + LOOK_EVERY
            look_after = self.steps + self.ranks.agree(max(1, round(LOOK_EVERY * pace)))

    @contextmanager
    def _threads(self) -> Iterator[Threads | None]:
        """Who chooses the number of CPU threads, if anyone does; all of them afterwards."""
        alone = self.device.type == "cpu" and self.ranks.size == 1
        threads = Threads() if alone and self.compute.spare_threads else None
        try:
            yield threads
        finally:
            if threads is not None:
                threads.stop()

    def _keep_whole(self, folder: Path | None) -> None:
        """A copy of the state between two steps, for `_alone`: a lost process breaks off a step."""
        started = time.perf_counter()
        alone = self.ranks.size == 1 or not self.ranks.first
        if folder is None or alone or started < self._copy_due:
            return
        state = self.state_dict()
        self._whole = (
            self.facts(),
            {
                name: value.clone() if isinstance(value, Tensor) else value
                for name, value in state.items()
            },
        )
        now = time.perf_counter()
        self._copy_due = now + COPY_REST * (now - started)

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
        """What views receive."""
        return Progress(
            step=self.steps,
            first_step=self._first_step,
            goal=self._goal,
            seconds=self.seconds - self._seconds_before,
            history=self._history,
            learning_rates=self._learning_rates(max(0, self.steps - 1)),
            samples=self.samples,
            logits=partial(self.game.logits, self.networks, self.data),
            undecided=self.game.undecided(),
            findings=partial(diagnose, self),
        )

    def samples(self, n: int) -> Tensor | None:
        """What a view shows: n pictures, the same items at each call; None if there are none."""
        n = checks.whole("n", n, 1)
        numbers = n * max(math.prod(each.shape) for each in self.data.values())
        checks.fits("pictures", numbers, LARGEST, "show fewer")
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
        for losses in rows:
            for own, loss in zip(self._history.losses.values(), losses, strict=True):
                own.append(loss)
        for step, losses in enumerate(rows, start=first):
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
        history = prefixed("history", self.history.tensors())
        return super().state_dict() | history | {"seconds": self.seconds}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """See `Stepper`: the same, with the history and the seconds spent."""
        for name in ("step", "seconds", "history.losses", "history.distances"):
            if name not in checks.instance("state", state, Mapping):
                raise ValueError(f"the state lacks {name!r}: pass what state_dict() returned")
        history = History.from_tensors(list(self._history.losses), unprefixed("history", state))
        seconds = float(state["seconds"])
        if len(history) != state["step"]:
            raise ValueError(f"the history has {len(history)} steps, the state {state['step']!r}")
        super().load_state_dict(state)
        self._history, self.seconds = history, seconds
        self._unread.clear()

    def save(self, folder: str | Path) -> Path:
        """Writes a complete checkpoint to the folder and returns its file; keeps the last two.

        A folder is for one run. Of several processes only the first writes.

        Raises:
            CheckpointError: it cannot be written, or the folder is in use or holds another run;
                earlier checkpoints stay as they are.
            TrainingDiverged: a weight is no longer finite.
        """
        for name, network in self.networks.items():
            if not is_finite(network):
                raise self._diverged(f"step {self.steps}: the {name} is not worth saving")
        file = checkpoint.file_of(checks.path_of("folder", folder), self.steps)
        if self.ranks.first:
            with self._interrupt.holding():
                checkpoint.write(file, self.facts(), self.state_dict())
        return file

    def facts(self) -> dict[str, Any]:
        """What a checkpoint says besides the state: game, settings, networks and data."""
        if not self._fingerprints:
            self._fingerprints = {name: fingerprint(each) for name, each in self.data.items()}
        return {
            "run": self.run,
            "game": self.game.name,
            "config": self.config.to_dict(),
            "compute": asdict(self.compute),
            "networks": {name: models.describe(n) for name, n in self.networks.items()},
            "data": {
                name: {
                    "name": each.name,
                    "shape": [len(each), *each.shape],
                    "classes": list(each.classes),
                    "fingerprint": self._fingerprints[name],
                }
                for name, each in self.data.items()
            },
        }

    def restore(self: Self, folder: str | Path) -> Self:
        """Goes on from the newest checkpoint of the folder, or from that one file.

        Raises CheckpointError if there is none, it is damaged, or it belongs to another game, other
        settings, networks or data. Nothing is changed then.
        """
        file = checkpoint.newest(checks.path_of("folder", folder))
        facts, state = checkpoint.read(file)
        own = self.facts()
        checkpoint.check_game(file, facts, own["game"])
        checkpoint.check_data(file, facts["data"], own["data"])
        with checkpoint.misfits_named(file):
            for name, value in json.loads(json.dumps(own["config"])).items():
                if facts["config"].get(name) != value:
                    was = facts["config"].get(name)
                    raise ValueError(f"the setting {name} was {was!r:.50}, here it is {value!r}")
            self.load_state_dict(state)
        self.run = facts["run"]
        return self


def _of(turn: str) -> str:
    """In words, to stand before what belongs to a turn."""
    return f"the {turn}'" if turn.endswith("s") else f"the {turn}'s"
