import pytest
import torch

from gan_lessons.data import Images
from gan_lessons.train import Levers, TrainConfig, Trainer, networks

SMALL = {"width": 4, "latent": 6, "batch": 8}


@pytest.fixture
def images() -> Images:
    rng = torch.Generator().manual_seed(0)
    return Images(
        torch.randint(256, (50, 1, 16, 16), generator=rng, dtype=torch.uint8), name="noise"
    )


@pytest.fixture
def make(images):
    """A small trainer on 16-pixel noise; settings by keyword."""

    def made(levers: Levers | None = None, **settings) -> Trainer:
        config = TrainConfig(**{**SMALL, **settings})
        return Trainer(*networks(config, images), images, config, "cpu", levers)

    return made
