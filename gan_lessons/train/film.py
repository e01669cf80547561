"""The film of a training: what the same latents become from its first step on, and what D says.

    film = Film()
    trainer.fit(1500, view=film)
    film.save("runs/a/film.npz")
    Film.load("runs/a/film.npz").scenes[-1].pictures

`gan_lessons.widgets.TrainingView` keeps one and lets it be scrubbed; the command line keeps one
beside the checkpoints, and `gan-lessons film` makes a GIF or an MP4 of it.
"""

import time
import zipfile
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gan_lessons import checks
from gan_lessons.data.cache import written_aside
from gan_lessons.data.images import to_uint8
from gan_lessons.train.history import History
from gan_lessons.train.view import Progress

FILE = "film.npz"  # its name in the folder of a run
MOST_SCENES = 120  # then every second one goes, and half as many come
MOST_BYTES = 2**25  # of all pictures together, 32 MiB
REST = 40  # the next scene is due after this many times what the last one cost: under 3 %
SHORTEST_REST = 0.2  # seconds
WRITE_REST = 60.0  # seconds between two writes of its file


@dataclass(frozen=True)
class Scene:
    """One moment: (n, C, H, W) uint8 pictures after a step, and logits (n,) by what was judged."""

    step: int
    pictures: Tensor
    logits: dict[str, Tensor] = field(default_factory=dict)


class Film:
    """A view that keeps scenes of a running `fit`, and leaves the progress bar on.

    The scenes lie about equally far apart, the first at the step where the training began. All
    show the same latents, and D's logits of these pictures and of as many real ones, always the
    same. At most 120 scenes and 32 MiB are kept; all but the first together take less than 3 % of
    the training's time.

    samples: pictures in a scene. path: the file that is written once a minute and at the end; a
    film that is there is gone on with, from the step where the training is.

    Raises ValueError if samples is not from 1 to 1024; OSError if the file cannot be written.
    """

    shows_progress = False

    def __init__(self, samples: int = 32, path: str | Path | None = None):
        self.samples = checks.whole("samples", samples, 1, 1024)
        self.path = None if path is None else checks.path_of("path", path)
        self.scenes: list[Scene] = []
        self.history = History({})
        self.cost = 0.0  # seconds, without the first scene
        self._apart = 1  # steps between two scenes, at least
        self._due = self._write_due = 0.0

    def open(self, progress: Progress) -> None:
        """Called by `fit` before the first step."""
        self.begin(progress)
        self._keep(progress)
        # What the first scene took, with all that is loaded for it, is no measure for the next.
        self._due = time.perf_counter() + SHORTEST_REST
        self._write_due = self._due + WRITE_REST

    def begin(self, progress: Progress) -> None:
        """Goes on with the scenes of this run, if there are any, and forgets those of another."""
        if progress.history is not self.history:
            self.scenes = []
            if self.path is not None and progress.step and self.path.exists():
                with suppress(ValueError):  # a damaged one is begun anew
                    self.scenes = Film.load(self.path).scenes
        self.history = progress.history
        self.scenes = [each for each in self.scenes if each.step <= progress.step]
        steps = [each.step for each in self.scenes]
        gaps = sorted(after - before for before, after in pairwise(steps))
        self._apart = gaps[len(gaps) // 2] if gaps else 1

    def update(self, progress: Progress) -> None:
        """Called by `fit` between steps: keeps a scene when one is due."""
        now = time.perf_counter()
        if now < self._due or not self.is_due(progress):
            return
        self._keep(progress)
        if self.path is not None and now >= self._write_due:
            with suppress(OSError):  # no reason to end a training: `close` tries again, and says so
                self.save(self.path)
            self._write_due = time.perf_counter() + WRITE_REST
        spent = time.perf_counter() - now
        self._due = now + spent + max(SHORTEST_REST, REST * spent)
        self.cost += spent

    def close(self, progress: Progress) -> None:
        """Called by `fit` at its end."""
        if not self.scenes or progress.step > self.scenes[-1].step:
            self._keep(progress)
        if self.path is not None and self.scenes:
            self.save(self.path)

    def is_due(self, progress: Progress) -> bool:
        """Whether the last scene lies far enough back."""
        return not self.scenes or progress.step >= self.scenes[-1].step + self._apart

    def _keep(self, progress: Progress) -> None:
        pictures = progress.samples(self.samples)
        if pictures is None or pictures.dim() != 4:
            raise ValueError("this game makes no pictures: it cannot be filmed")
        self.add(progress, pictures)

    def add(self, progress: Progress, pictures: Tensor) -> None:
        """Adds a scene of these pictures (n, C, H, W), floats as G makes them, if it is a new one.

        What is not finite is left out: the film ends with the last picture that there was.
        """
        if self.scenes and progress.step <= self.scenes[-1].step:
            return
        if not pictures.isfinite().all():
            return
        logits = {name: x.float().cpu() for name, x in progress.logits(pictures).items()}
        self.scenes.append(Scene(progress.step, to_uint8(pictures, clip=True).cpu(), logits))
        most = min(MOST_SCENES, max(2, MOST_BYTES // self.scenes[0].pictures.numel()))
        if len(self.scenes) > most:
            self.scenes = self.scenes[:-1:2] + self.scenes[-1:]
            self._apart = max(1, 2 * self._apart, progress.step // most)

    # Files

    def save(self, path: str | Path) -> Path:
        """Writes it as NumPy's .npz: `steps`, `pictures` (scenes, n, C, H, W), logits, losses.

        Raises ValueError if nothing was filmed, OSError if it cannot be written.
        """
        if not self.scenes:
            raise ValueError("the film is empty: nothing was trained")
        path = checks.path_of("path", path)
        held: dict[str, Any] = {
            "steps": np.array([each.step for each in self.scenes]),
            "pictures": torch.stack([each.pictures for each in self.scenes]).numpy(),
            "turns": np.array(list(self.history.losses)),
        }
        held |= {name: each.numpy() for name, each in self.history.tensors().items()}
        for name in self.scenes[0].logits:
            held[f"logits.{name}"] = torch.stack([each.logits[name] for each in self.scenes])
        try:
            with written_aside(path) as aside, open(aside, "wb") as file:
                np.savez_compressed(file, **held)
        except OSError as error:
            raise OSError(f"cannot write {path}: {error.strerror or error}") from None
        return path

    @classmethod
    def load(cls, path: str | Path) -> "Film":
        """Raises ValueError if the file is no film, OSError if it cannot be read."""
        path = checks.path_of("path", path)
        try:
            with np.load(path, allow_pickle=False) as file:
                held = {name: file[name] for name in file.files}
            names = [name for name in held if name.startswith("logits.")]
            turns = [str(each) for each in held["turns"]]
            tensors = {name: torch.from_numpy(held[name]) for name in ("losses", "distances")}
            film = cls(held["pictures"].shape[1])
            film.scenes = [
                Scene(
                    int(step),
                    torch.from_numpy(held["pictures"][i]),
                    {
                        name.removeprefix("logits."): torch.from_numpy(held[name][i])
                        for name in names
                    },
                )
                for i, step in enumerate(held["steps"])
            ]
            film.history = History.from_tensors(turns, tensors)
        except (KeyError, IndexError, EOFError, ValueError, zipfile.BadZipFile) as error:
            raise ValueError(f"{path} is no film of a training, or damaged: {error}") from None
        return film
