"""Pictures from a generator that is being trained, without disturbing the training."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from gan_lessons.data import Images
from gan_lessons.data.toy import Points
from gan_lessons.train.config import TrainConfig

CHUNK = 250  # pictures at a time: more fill the memory, and are no faster


def draw(
    generator: nn.Module,
    images: Images | Points,
    n: int,
    config: TrainConfig,
    seed: int | None,
    labels: Tensor | None = None,
) -> Tensor:
    """(n, C, H, W) of random latents; a conditional generator gets random labels if none are given.

    seed: the same one gives the same latents; None draws new ones.
    """
    device = next(generator.parameters()).device
    z, drawn = latents(images, n, config, seed, device)
    return decode(generator, z, drawn if labels is None else labels)


def latents(
    images: Images | Points, n: int, config: TrainConfig, seed: int | None, device: torch.device
) -> tuple[Tensor, Tensor | None]:
    """(n, latent) random latents, and with config.conditional random labels (n,)."""
    rng = torch.Generator(device)
    rng.seed() if seed is None else rng.manual_seed(seed)
    z = torch.randn(n, config.latent, generator=rng, device=device)
    if not config.conditional:
        return z, None
    return z, torch.randint(len(images.classes), (n,), generator=rng, device=device)


@torch.no_grad()
def decode(generator: nn.Module, z: Tensor, labels: Tensor | None) -> Tensor:
    """z: (n, latent), labels: (n,) or None → pictures (n, C, H, W) in [-1, 1], or points (n, dims).

    The network runs in evaluation mode and is left in the mode it was in. Equal z give equal
    pictures, bit for bit, on a GPU too.
    """
    with evaluating(generator), deterministic():
        if labels is None:
            return torch.cat([generator(part) for part in z.split(CHUNK)])
        parts = zip(z.split(CHUNK), labels.split(CHUNK), strict=True)
        return torch.cat([generator(part, own) for part, own in parts])


@contextmanager
def evaluating(*networks: nn.Module) -> Iterator[None]:
    """Networks run in evaluation mode inside, and are left in the modes that they were in."""
    modes = [network.training for network in networks]
    try:
        for network in networks:
            network.eval()
        yield
    finally:
        for network, training in zip(networks, modes, strict=True):
            network.train(training)


@contextmanager
def deterministic() -> Iterator[None]:
    """Equal inputs give equal outputs: cuDNN's quickest deconvolutions vary the order of sums."""
    before = torch.backends.cudnn.deterministic
    torch.backends.cudnn.deterministic = True
    try:
        yield
    finally:
        torch.backends.cudnn.deterministic = before
