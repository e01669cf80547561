"""What a discriminator says of pictures, or of clouds of points, where the reader plays along."""

from typing import Any

import torch
from torch import Tensor, nn

from gan_lessons import checks
from gan_lessons.train.samples import evaluating

MEDIAN_OF = 200  # items of each kind


def pictures_of(name: str, given: Any) -> Tensor:
    """Pictures (N, 1 or 3, H, W) in [-1, 1], or clouds (N, points, 2), on the CPU.

    Raises ValueError if they are neither, or hold NaN or infinity.
    """
    x = checks.instance(name, given, Tensor).detach().float().cpu()
    picture = x.dim() == 4 and x.shape[1] in (1, 3)
    cloud = x.dim() == 3 and x.shape[2] == 2
    if not (picture or cloud) or not x.numel():
        raise ValueError(
            f"{name} must be pictures (N, 1 or 3, H, W) or clouds (N, points, 2), "
            f"got {tuple(x.shape)}"
        )
    if not x.isfinite().all():
        raise ValueError(f"{name} must be finite")
    return x


@torch.no_grad()
def logits(discriminator: nn.Module, x: Tensor) -> Tensor:
    """(N,) logits of pictures; of a cloud, the mean over its points. In evaluation mode.

    Raises ValueError if the discriminator gives something else than a logit for each.
    """
    weights = next(discriminator.parameters(), torch.zeros(()))
    batch = x if x.dim() == 4 else x.flatten(0, 1)
    with evaluating(discriminator):
        found = discriminator(batch.to(weights.device, weights.dtype)).float().cpu()
    if found.numel() != len(batch):
        raise ValueError(
            f"discriminator must give a logit for each of {len(batch)}, got {tuple(found.shape)}"
        )
    return found.reshape(len(x), -1).mean(1)


def medians(discriminator: nn.Module, real: Tensor, fake: Tensor) -> tuple[float, float]:
    """The median logits of real and of generated items.

    The middle between them is where D's verdicts change here: in a game it is seldom 0, and with
    batch norm, items by themselves have other logits than in a batch.
    """
    first, second = (logits(discriminator, x[:MEDIAN_OF]).median().item() for x in (real, fake))
    return first, second
