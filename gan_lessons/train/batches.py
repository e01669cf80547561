"""Batches of real pictures, drawn on the device that they train on."""

import torch
from torch import Tensor

from gan_lessons.data import Images
from gan_lessons.data.toy import Points
from gan_lessons.train.ranks import Ranks


class RealPictures:
    """Batches of the images, wherever they lie; every picture comes once before any comes again.

    Each process draws the order of all, and takes its part of each batch.
    """

    def __init__(
        self, images: Images | Points, device: torch.device, rng: torch.Generator, ranks: Ranks
    ):
        self.images = images
        self.device = device
        self.rng = rng
        self.ranks = ranks
        self.order = torch.empty(0, dtype=torch.int64, device=device)
        self.position = 0

    def batch(self, places: Tensor, labelled: bool = False) -> tuple[Tensor, Tensor | None]:
        """Floats (N, C, H, W) in [-1, 1], and their labels (N,) where they are asked for.

        places: of the whole batch in the set; N of them are this process's own.
        """
        places = self.ranks.share(places).to(self.images.device)
        labels = self.images.labels
        told = labels[places].to(self.device) if labelled and labels is not None else None
        return self.images.floats(places).to(self.device), told

    def go_on(self, order: Tensor, position: int) -> None:
        """Takes up an order of before, at a place in it. Raises ValueError where it is none."""
        whole = order.dtype == torch.int64 and order.dim() == 1 and 0 <= position <= len(order)
        if not whole or (len(order) and not 0 <= order.min() <= order.max() < len(self.images)):
            raise ValueError(
                f"an order of {len(self.images)} pictures cannot be {tuple(order.shape)} "
                f"{order.dtype} at {position}"
            )
        self.order = order.to(self.order.device)
        self.position = position

    def draw(self, n: int) -> Tensor:
        """Places of the next n pictures of a random order, drawn anew when it is used up."""
        chosen = self.order[self.position : self.position + n]
        self.position += len(chosen)
        while len(chosen) < n:
            self.order = torch.randperm(
                len(self.images), generator=self.rng, device=self.order.device
            )
            self.position = min(n - len(chosen), len(self.order))
            chosen = torch.cat([chosen, self.order[: self.position]])
        return chosen
