"""Batches of real pictures, drawn on the device that they train on."""

import torch
from torch import Tensor


class RealPictures:
    """Batches from one tensor on the device; every picture comes once before any comes again."""

    def __init__(self, pixels: Tensor, rng: torch.Generator):
        self.pixels = pixels
        self.rng = rng
        self.order = torch.empty(0, dtype=torch.int64, device=pixels.device)
        self.position = 0

    def batch(self, n: int) -> Tensor:
        """uint8 (n, C, H, W); the next n of a random order, drawn anew when it is used up."""
        chosen = self.order[self.position : self.position + n]
        self.position += len(chosen)
        while len(chosen) < n:
            self.order = torch.randperm(
                len(self.pixels), generator=self.rng, device=self.pixels.device
            )
            self.position = min(n - len(chosen), len(self.order))
            chosen = torch.cat([chosen, self.order[: self.position]])
        return self.pixels[chosen]
