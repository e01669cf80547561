"""One number for a generator, cheap enough to be asked for again and again while it trains."""

import torch
from torch import Tensor

from gan_lessons.data import Images
from gan_lessons.metrics.distances import frechet_distance
from gan_lessons.metrics.feature_net import features


class Judge:
    """Measures a set of generated pictures against real ones, best such as no model has seen.

    Made once for a data set: `Judge(train, test)`, then `judge(pictures)` is their distance.
    `count` pictures are compared, and `floor` is what as many real training pictures get: no
    generator does better but by chance. Without `reference`, one half of the images is compared
    with, and the other gives the floor.

    For other measures, `judge.real` holds the features of the real pictures, and
    `judge.net.extract(pictures)` gives those of any others.
    """

    def __init__(
        self,
        images: Images,
        reference: Images | None = None,
        *,
        count: int = 10_000,
        device: str | torch.device = "cpu",
    ):
        if count < 2:
            raise ValueError(f"count must be at least 2, got {count}")
        self.net = features(images, device=device)
        # Shuffled: the first half of MNIST's test digits is cleaner than the second.
        mixed = _shuffled(images.pixels)
        if reference is None:
            half = len(mixed) // 2
            mixed, pixels = mixed[:half], mixed[half:]
        else:
            pixels = _shuffled(reference.pixels)
        self.count = min(count, len(mixed), len(pixels))
        self.real = self.net.extract(pixels[: self.count])
        self.floor = frechet_distance(self.real, self.net.extract(mixed[: self.count]))

    def __call__(self, pictures: Tensor) -> float:
        """pictures: (N, C, H, W), uint8 or floats in [-1, 1]. Pass `count` of them."""
        return frechet_distance(self.real, self.net.extract(pictures))


def _shuffled(pixels: Tensor) -> Tensor:
    rng = torch.Generator().manual_seed(0)
    return pixels[torch.randperm(len(pixels), generator=rng).to(pixels.device)]
