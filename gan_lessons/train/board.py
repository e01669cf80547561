"""What happens in a training, for TensorBoard: an optional extra, `gan-lessons[tensorboard]`.

    trainer.fit(20_000, view=Board("runs/a"))     # then: tensorboard --logdir runs

Every step's losses, the learning rates, the distances that were measured and, now and then, a sheet
of samples from the same latents.
"""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gan_lessons import plots

if TYPE_CHECKING:
    from gan_lessons.train.trainer import Trainer

SAMPLES = 64


class Board:
    """Writes event files to a folder while `Trainer.fit` runs, and leaves the progress bar on.

    folder: where TensorBoard looks; made as needed
    sheet_every: seconds between two sheets of samples

    Raises ImportError, saying what to install, where TensorBoard is missing.
    """

    shows_progress = False

    def __init__(self, folder: str | Path, sheet_every: float = 30.0):
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise ImportError(
                "TensorBoard is not installed: pip install tensorboard, "
                "or the package with its extra, gan-lessons[tensorboard]"
            ) from error
        self._writer = SummaryWriter(str(folder))
        self._sheet_every = sheet_every
        self._sheet_due = 0.0
        self._told: int | None = None  # steps that are written

    def update(self, trainer: "Trainer") -> None:
        """Called by `fit` between steps."""
        history = trainer.history
        if self._told is None:
            self._told = trainer.started_at
        for step in range(self._told, trainer.steps):
            for player, losses in (
                ("discriminator", history.discriminator_loss),
                ("generator", history.generator_loss),
            ):
                self._writer.add_scalar(f"loss/{player}", losses[step], step + 1)
        self._told = trainer.steps
        for player, optimiser in (
            ("discriminator", trainer.optimiser_d),
            ("generator", trainer.optimiser_g),
        ):
            rate = float(optimiser.param_groups[0]["lr"])
            self._writer.add_scalar(f"learning rate/{player}", rate, trainer.steps)
        if time.perf_counter() >= self._sheet_due and len(trainer.images.shape) == 3:
            self._sheet(trainer)

    def close(self, trainer: "Trainer") -> None:
        """Called by `fit` at its end, however it ended; another `fit` goes on in the same files."""
        for step, distance in trainer.history.distances:
            self._writer.add_scalar("Fréchet distance", distance, step)
        if self._told and len(trainer.images.shape) == 3:
            self._sheet(trainer)
        self._writer.flush()

    def _sheet(self, trainer: "Trainer") -> None:
        pictures = trainer.generate(SAMPLES, seed=trainer.config.seed)
        if pictures.isfinite().all():
            sheet = np.asarray(plots.sheet(pictures).convert("RGB"))
            self._writer.add_image("samples", sheet, trainer.steps, dataformats="HWC")
        self._sheet_due = time.perf_counter() + self._sheet_every
