"""Batches of a data set, drawn on the device that trains."""

import torch
from torch import Tensor

from gan_lessons.train.game import Batch, Data
from gan_lessons.train.ranks import Ranks


class BatchSampler:
    """Batches in a random order: every item comes once before any comes again.

    data: on any device. Each process draws the indices of the whole batch and reads its own part.
    """

    def __init__(self, data: Data, device: torch.device, rng: torch.Generator, ranks: Ranks):
        self.data = data
        self.device = device
        self.rng = rng
        self.ranks = ranks
        self.order = torch.empty(0, dtype=torch.int64, device=device)
        self.position = 0

    def draw(self, n: int) -> Tensor:
        """Indices (n,) of the next items; a new order is drawn when the old one is used up."""
        parts = [self.order[self.position : self.position + n]]
        self.position += len(parts[0])
        missing = n - len(parts[0])
        while missing:
            self.order = torch.randperm(len(self.data), generator=self.rng, device=self.device)
            self.position = min(missing, len(self.order))
            parts.append(self.order[: self.position])
            missing -= self.position
        return torch.cat(parts)

    def read(self, indices: Tensor) -> Batch:
        """This process's items among those of a whole batch."""
        if self.ranks.size > 1:
            indices = self.ranks.share(indices)
        indices = indices.to(self.data.device)
        labels = self.data.labels
        own = None if labels is None else labels[indices].to(self.device)
        return Batch(self.data.floats(indices).to(self.device), own)

    def restore(self, order: Tensor, position: int) -> None:
        """Goes back to a saved order and position. Raises ValueError if they do not fit."""
        self.check(order, position)
        self.order, self.position = order.to(self.device), position

    def check(self, order: Tensor, position: int) -> None:
        """Raises ValueError if that is not an order of this data and a position in it."""
        whole = order.dtype == torch.int64 and order.dim() == 1 and isinstance(position, int)
        whole = whole and len(order) in (0, len(self.data)) and 0 <= position <= len(order)
        if not whole or not torch.equal(order.sort().values.cpu(), torch.arange(len(order))):
            raise ValueError(
                f"an order of {len(self.data)} items cannot be {tuple(order.shape)} "
                f"{order.dtype} at position {position}"
            )
