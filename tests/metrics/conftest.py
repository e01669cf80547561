from collections.abc import Callable

import pytest
import torch

from gan_lessons.data import Images


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """Feature networks train for a few steps and are cached in a temporary folder only."""
    monkeypatch.setenv("GAN_LESSONS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("gan_lessons.metrics.feature_net.STEPS", 60)


@pytest.fixture
def stripes() -> Callable[..., Images]:
    """Two classes that a network learns quickly: horizontal and vertical stripes."""

    def made(n: int, seed: int, labelled: bool = True) -> Images:
        rng = torch.Generator().manual_seed(seed)
        labels = torch.randint(2, (n,), generator=rng)
        wave = (torch.arange(16) // 2 % 2 * 200).to(torch.uint8)
        lying = wave[:, None].expand(16, 16)
        pixels = torch.where(labels[:, None, None].bool(), lying, lying.T)[:, None]
        noise = torch.randint(50, pixels.shape, generator=rng, dtype=torch.uint8)
        # One bright quarter makes the rotation of a picture visible.
        noise[:, :, :8, :8] += 5
        names = ("standing", "lying") if labelled else ()
        return Images(pixels + noise, labels if labelled else None, names, "stripes")

    return made
