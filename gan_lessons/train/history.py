"""What happened in a run: a loss of each player for every step, and the distances measured."""

import csv
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from gan_lessons.data.cache import written_aside


@dataclass
class History:
    """`discriminator_loss[i]` and `generator_loss[i]` belong to step i + 1."""

    discriminator_loss: list[float] = field(default_factory=list)
    generator_loss: list[float] = field(default_factory=list)
    distances: list[tuple[int, float]] = field(default_factory=list)  # (after this step, distance)

    def __len__(self) -> int:
        return len(self.generator_loss)

    def to_csv(self, path: str | Path) -> None:
        """A row a step: step, both losses, and the distance where one was measured."""
        measured = dict(self.distances)
        with written_aside(Path(path)) as aside, open(aside, "w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["step", "discriminator_loss", "generator_loss", "distance"])
            losses = zip(self.discriminator_loss, self.generator_loss, strict=True)
            for step, (loss_d, loss_g) in enumerate(losses, start=1):
                distance = f"{measured[step]:.4f}" if step in measured else ""
                rows.writerow([step, f"{loss_d:.6g}", f"{loss_g:.6g}", distance])

    def tensors(self) -> dict[str, Tensor]:
        losses = [self.discriminator_loss, self.generator_loss]
        return {
            "losses": torch.tensor(losses, dtype=torch.float32).reshape(2, -1),
            "distances": torch.tensor(self.distances, dtype=torch.float64).reshape(-1, 2),
        }

    @classmethod
    def from_tensors(cls, tensors: dict[str, Tensor]) -> "History":
        loss_d, loss_g = tensors["losses"].tolist()
        distances = [(int(step), distance) for step, distance in tensors["distances"].tolist()]
        return cls(loss_d, loss_g, distances)
