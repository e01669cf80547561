"""What happened in a run: the loss of each turn at every step, and the distances measured."""

import csv
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from gan_lessons.checks import path_of
from gan_lessons.data.cache import written_aside


@dataclass
class History:
    """`losses[turn][i]` belongs to step i + 1: the loss of the last turn of that name in it."""

    losses: dict[str, list[float]]
    distances: list[tuple[int, float]] = field(default_factory=list)  # (after this step, distance)

    @property
    def discriminator_loss(self) -> list[float]:
        return self.losses["discriminator"]

    @property
    def generator_loss(self) -> list[float]:
        return self.losses["generator"]

    def __len__(self) -> int:
        return min(map(len, self.losses.values()), default=0)

    def to_csv(self, path: str | Path) -> None:
        """One row for each step: its number, each loss, and the distance if one was measured."""
        measured = dict(self.distances)
        with written_aside(path_of("path", path)) as aside, open(aside, "w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["step", *(f"{turn}_loss" for turn in self.losses), "distance"])
            for step, losses in enumerate(zip(*self.losses.values(), strict=True), start=1):
                distance = f"{measured[step]:.4f}" if step in measured else ""
                rows.writerow([step, *(f"{loss:.6g}" for loss in losses), distance])

    def tensors(self) -> dict[str, Tensor]:
        """What `from_tensors` needs: losses (turns, steps), distances (measured, 2)."""
        losses = torch.tensor(list(self.losses.values()), dtype=torch.float32)
        return {
            "losses": losses.reshape(len(self.losses), -1),
            "distances": torch.tensor(self.distances, dtype=torch.float64).reshape(-1, 2),
        }

    @classmethod
    def from_tensors(cls, turns: list[str], tensors: dict[str, Tensor]) -> "History":
        """Raises ValueError if there is not one row of losses for each turn."""
        losses = dict(zip(turns, tensors["losses"].tolist(), strict=True))
        distances = [(int(step), distance) for step, distance in tensors["distances"].tolist()]
        return cls(losses, distances)
