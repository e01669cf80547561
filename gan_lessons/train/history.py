"""What happened in a run: the loss of each turn at every step, and the distances measured."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gan_lessons.checks import path_of
from gan_lessons.data.cache import written_aside

Points = list[tuple[float, float]]  # (step, value)
MOST_POINTS = 160  # of a curve


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


def thinned(values: Sequence[float]) -> Points:
    """At most MOST_POINTS points (step, value): means over equal stretches of the steps."""
    if not len(values):
        return []
    array = np.asarray(values, dtype=float)
    count = min(MOST_POINTS, len(array))
    edges = np.arange(count + 1) * len(array) // count
    means = np.add.reduceat(array, edges[:-1]) / np.diff(edges)
    middles = (edges[:-1] + 1 + edges[1:]) / 2  # the first step is 1
    return list(zip(middles.tolist(), means.tolist(), strict=True))


def zone(curves: Sequence[Points], least: float) -> tuple[float, float]:
    """An axis from 0, or below, that holds 95 of 100 finite values, and `least`."""
    values = np.array([value for points in curves for _, value in points])
    finite = values[np.isfinite(values)]
    if not len(finite):
        return 0.0, least
    low, high = np.quantile(finite, (0.025, 0.95))
    return min(0.0, float(low)), max(least, 1.15 * float(high))
