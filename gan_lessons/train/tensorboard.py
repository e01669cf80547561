"""Writes what happens in a training for TensorBoard (optional: `gan-lessons[tensorboard]`).

    trainer.fit(20_000, view=TensorBoardView("runs/a"))     # then: tensorboard --logdir runs

It writes the losses of every step, the learning rates, the distances that were measured and, now
and then, a sheet of samples from the same latents.
"""

import time
from pathlib import Path

import numpy as np

from gan_lessons import checks, plots
from gan_lessons.train.view import Progress

SAMPLES = 64


class TensorBoardView:
    """Writes event files to a folder while `fit` runs, and leaves the progress bar on.

    folder: where TensorBoard looks; created if needed
    sheet_every: seconds between two sheets of samples

    Raises ImportError, saying what to install, if TensorBoard is missing.
    """

    shows_progress = False

    def __init__(self, folder: str | Path, sheet_every: float = 30.0):
        folder = checks.path_of("folder", folder)
        self._sheet_every = checks.number("sheet_every", sheet_every, 0)
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise ImportError(
                "TensorBoard is not installed: pip install tensorboard, "
                "or the package with its extra, gan-lessons[tensorboard]"
            ) from error
        self._writer = SummaryWriter(str(folder))
        self._sheet_due = 0.0
        self._written: int | None = None  # steps whose losses are written

    def update(self, progress: Progress) -> None:
        """Called by `fit` between steps."""
        if self._written is None:
            self._written = progress.first_step
        for turn, losses in progress.history.losses.items():
            for step in range(self._written, progress.step):
                self._writer.add_scalar(f"loss/{turn}", losses[step], step + 1)
        self._written = progress.step
        for network, rate in progress.learning_rates.items():
            self._writer.add_scalar(f"learning rate/{network}", rate, progress.step)
        if time.perf_counter() >= self._sheet_due:
            self._write_sheet(progress)

    def close(self, progress: Progress) -> None:
        """Called by `fit` when it ends; another `fit` goes on in the same files."""
        for step, distance in progress.history.distances:
            self._writer.add_scalar("Fréchet distance", distance, step)
        if self._written:
            self._write_sheet(progress)
        self._writer.flush()

    def _write_sheet(self, progress: Progress) -> None:
        pictures = progress.samples(SAMPLES)
        if pictures is not None and pictures.dim() == 4 and pictures.isfinite().all():
            sheet = np.asarray(plots.sheet(pictures, clip=True).convert("RGB"))
            self._writer.add_image("samples", sheet, progress.step, dataformats="HWC")
        self._sheet_due = time.perf_counter() + self._sheet_every
