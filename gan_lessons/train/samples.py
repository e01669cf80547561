"""Pictures out of a generator that is being trained, without disturbing it."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from gan_lessons.train.config import TrainConfig

CHUNK = 250  # pictures at a time: more fill the memory, and are no faster


@torch.no_grad()
def decode(network: nn.Module, z: Tensor, labels: Tensor | None) -> Tensor:
    """z: (n, latent), labels: (n,) or None → what the network makes of them, (n, ...).

    The network is asked in evaluation mode, and left in the mode in which it was. The same z gives
    the same pictures to the last bit, on a GPU too.
    """
    training = network.training
    network.eval()
    try:
        with _same_order():
            if labels is None:
                return torch.cat([network(part) for part in z.split(CHUNK)])
            parts = zip(z.split(CHUNK), labels.split(CHUNK), strict=True)
            return torch.cat([network(part, told) for part, told in parts])
    finally:
        network.train(training)


@contextmanager
def _same_order() -> Iterator[None]:
    """Of cuDNN's deconvolutions, the quickest add up in another order each time."""
    before = torch.backends.cudnn.deterministic
    torch.backends.cudnn.deterministic = True
    try:
        yield
    finally:
        torch.backends.cudnn.deterministic = before


def check_labels(labels: Tensor | None, n: int, classes: int, config: TrainConfig) -> None:
    """Raises ValueError unless they are what a generator of that configuration has to be told."""
    if not config.conditional:
        if labels is not None:
            raise ValueError("this generator was not trained with labels: leave labels out")
        return
    if labels is None:
        raise ValueError("this generator was trained with labels: say which to draw")
    if labels.shape != (n,) or not 0 <= labels.min() <= labels.max() < classes:
        raise ValueError(
            f"labels must be ({n},), each from 0 to {classes - 1}, got {tuple(labels.shape)}"
        )
