from collections.abc import Callable

import pytest
import torch

from gan_lessons import data
from gan_lessons.data import Images
from gan_lessons.train import ComputeOptions, GameTrainer, TrainConfig, Trainer, networks

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

    def made(compute: ComputeOptions | None = None, **settings) -> Trainer:
        config = TrainConfig(**{**SMALL, **settings})
        return Trainer(*networks(config, images), images, config, "cpu", compute)

    return made


@pytest.fixture
def play() -> Callable[[GameTrainer, str], torch.Tensor]:
    """Plays one turn of the next step alone, by its name; returns its loss."""

    def played(trainer: GameTrainer, name: str) -> torch.Tensor:
        turn = next(t for t in trainer.game.turns(trainer.steps) if t.name == name)
        values = trainer.game.values(trainer.steps)
        return trainer._play([turn], [trainer._draw()], values)[name]

    return played


@pytest.fixture
def small_sets(tmp_path, monkeypatch):
    """28-pixel noise in the place of every data set, a short feature training, an own cache."""

    def load(name, *, split="train", size=None, **_):
        if name not in data.NAMES:
            return real_load(name, split=split, size=size)
        rng = torch.Generator().manual_seed(len(split))
        pixels = torch.randint(256, (60, 1, 16, 16), generator=rng, dtype=torch.uint8)
        return Images(pixels, torch.arange(60) % 10, tuple("0123456789"), name)

    real_load = data.load
    monkeypatch.setattr(data, "load", load)
    monkeypatch.setattr("gan_lessons.metrics.feature_net.STEPS", 5)
    monkeypatch.setenv("GAN_LESSONS_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
