from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from gan_lessons import data
from gan_lessons.data import Images
from gan_lessons.train import ComputeOptions, TrainConfig, Trainer, networks

SIDE, CLASSES = 16, ("cat", "dog", "T-shirt/top")
PLAIN, CONDITIONAL = "plain", "conditional"


def make_bars(n: int, seed: int, name: str = "mnist") -> Images:
    """Pictures with one bright bar each, upright, flat or both, with noise: three classes."""
    rng = torch.Generator().manual_seed(seed)
    labels = torch.arange(n) % len(CLASSES)
    pixels = torch.randint(60, (n, 1, SIDE, SIDE), generator=rng, dtype=torch.uint8)
    at = torch.randint(2, SIDE - 4, (n,), generator=rng)
    for i in range(n):
        if labels[i] != 1:
            pixels[i, :, :, at[i] : at[i] + 2] += 180
        if labels[i] != 0:
            pixels[i, :, at[i] : at[i] + 2] = 235
    return Images(pixels, labels, CLASSES, name)


@pytest.fixture(scope="session")
def bars() -> Callable[..., Images]:
    return make_bars


@pytest.fixture(scope="session")
def trained(tmp_path_factory) -> Path:
    """A folder with two runs of a few steps, `plain` and `conditional`: look, do not touch."""
    folder = tmp_path_factory.mktemp("runs")
    images = make_bars(120, seed=0)
    small = {"width": 4, "latent": 6, "batch": 8, "ema_half_life": 20.0}
    for name, more in ((PLAIN, {"network": "modern"}), (CONDITIONAL, {"conditional": True})):
        config = TrainConfig(**small, **more)
        trainer = Trainer(*networks(config, images), images, config, "cpu", ComputeOptions())
        trainer.fit(20, save_to=folder / name)
    return folder


@pytest.fixture
def here(trained, tmp_path, monkeypatch) -> Path:
    """A fresh folder to work in, where `mnist` is small and has only bars."""

    def load(name, *, split="train", size=None, **_):
        if name != "mnist":
            return real_load(name, split=split, size=size)
        return make_bars(120, 0) if split == "train" else make_bars(90, 1)

    real_load = data.load
    monkeypatch.setattr(data, "load", load)
    monkeypatch.setattr("gan_lessons.metrics.feature_net.STEPS", 60)
    monkeypatch.setenv("GAN_LESSONS_CACHE", str(tmp_path / "cache"))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return work


@pytest.fixture
def plain(trained) -> str:
    return str(trained / PLAIN)


@pytest.fixture
def conditional(trained) -> str:
    return str(trained / CONDITIONAL)
