"""One number for the quality of a generator, cheap enough to measure often during training."""

import torch
from torch import Tensor

from gan_lessons.checks import instance, whole
from gan_lessons.data import Images
from gan_lessons.metrics.distances import frechet_distance
from gan_lessons.metrics.feature_net import features


class Judge:
    """Measures the Fréchet distance between generated and real pictures.

    Create it once for a data set: `judge = Judge(train, test)`. Then `judge(pictures)` is the
    distance of `pictures` from `judge.count` pictures of `reference`, preferably pictures that no
    model has seen. `judge.floor` is the distance of as many real training pictures. It is
    one draw: a perfect generator would often be a little below it. Without `reference`, half of
    `images` is the reference, and the other half gives the floor.

    For other metrics, `judge.real` holds the features of the reference, and
    `judge.net.extract(pictures)` gives those of any pictures. Raises ValueError for a count below
    2.
    """

    def __init__(
        self,
        images: Images,
        reference: Images | None = None,
        *,
        count: int = 10_000,
        device: str | torch.device = "cpu",
    ):
        count = whole("count", count, least=2)
        if reference is not None:
            instance("reference", reference, Images)
        self.net = features(images, device=device)
        # Shuffled, because the first half of MNIST's test digits is cleaner than the second.
        learned = _shuffled(images.pixels)
        if reference is None:
            half = len(learned) // 2
            learned, unseen = learned[:half], learned[half:]
        else:
            unseen = _shuffled(reference.pixels)
        self.count = min(count, len(learned), len(unseen))
        self.real = self.net.extract(unseen[: self.count])
        self.floor = frechet_distance(self.real, self.net.extract(learned[: self.count]))

    def __call__(self, pictures: Tensor) -> float:
        """The distance of pictures: (N, C, H, W), uint8 or floats in [-1, 1]; pass `count`.

        Raises ValueError if they have another shape or range, or hold NaN.
        """
        return frechet_distance(self.real, self.net.extract(pictures))


def _shuffled(pixels: Tensor) -> Tensor:
    rng = torch.Generator().manual_seed(0)
    return pixels[torch.randperm(len(pixels), generator=rng).to(pixels.device)]
