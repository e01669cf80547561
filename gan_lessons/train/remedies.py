"""What the discriminator is shown instead of plain pictures, so that the game stays balanced.

Each function takes pictures x: (N, C, H, W) in about [-1, 1]. Real and generated pictures are
treated alike, and gradients pass through to the generator.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from gan_lessons import checks
from gan_lessons.train.shared_random import SharedRandom


def shown(
    x: Tensor, noise: float | Tensor | None, augment: str, pack: int, random: SharedRandom
) -> Tensor:
    """Pictures as D is shown them: with noise (None: none), then augmented, then packed."""
    if noise is not None:
        x = noisy(x, noise, random)
    return packed(augmented(x, augment, random), pack)


def noisy(x: Tensor, deviation: float | Tensor, random: SharedRandom) -> Tensor:
    """Instance noise: N(0, deviation²) on every pixel (Sønderby et al. 2017)."""
    return x + deviation * random.normal(len(x), *x.shape[1:]).to(x.dtype)


def packed(x: Tensor, count: int) -> Tensor:
    """Stacks `count` pictures for D to judge as one (Lin et al. 2018): (N/count, count·C, H, W)."""
    if len(x) % count:
        raise ValueError(f"a process's share of the batch, {len(x)}, cannot be packed by {count}")
    return x.reshape(len(x) // count, -1, *x.shape[2:]) if count > 1 else x


def augmented(x: Tensor, policy: str, random: SharedRandom) -> Tensor:
    """Differentiable augmentation (Zhao et al. 2020). policy: names separated by commas."""
    for name in names(policy):
        x = AUGMENTATIONS[name](x, random)
    return x


def names(policy: str) -> list[str]:
    """The augmentations of a policy. Raises ValueError for an unknown one."""
    found = [name.strip() for name in policy.split(",") if name.strip()]
    for name in found:
        checks.one_of("augmentation", name, AUGMENTATIONS)
    return found


def colour(x: Tensor, random: SharedRandom) -> Tensor:
    """Brightness by up to ±.5, saturation times 0 to 2, contrast times .5 to 1.5.

    Only for pictures with colour: one channel is returned as it is.
    """
    if x.shape[1] != 3:
        return x
    brightness, saturation, contrast = random.uniform(len(x), 3, 1, 1, 1).to(x.dtype).unbind(1)
    x = x + (brightness - 0.5)
    grey = x.mean(1, keepdim=True)
    x = grey + 2 * saturation * (x - grey)
    level = x.mean((1, 2, 3), keepdim=True)
    return level + (contrast + 0.5) * (x - level)


def translation(x: Tensor, random: SharedRandom) -> Tensor:
    """Shifts each picture by up to an eighth of its sides, rounded; zeros fill the gap.

    Halves are rounded up, as in the paper's code; at fewer than 4 pixels, nothing moves.
    """
    height, width = x.shape[2:]
    reach = (height + 4) // 8, (width + 4) // 8
    down, right = (random.integers(-most, most, len(x), 1) for most in reach)  # (N, 1) each
    padded = F.pad(x, (reach[1], reach[1], reach[0], reach[0]))
    rows = torch.arange(height, device=x.device) + reach[0] - down  # (N, H)
    columns = torch.arange(width, device=x.device) + reach[1] - right  # (N, W)
    which = torch.arange(len(x), device=x.device)
    return padded[which[:, None, None], :, rows[:, :, None], columns[:, None, :]].movedim(3, 1)


def cutout(x: Tensor, random: SharedRandom) -> Tensor:
    """Sets a rectangle, half as high and wide as the picture, to zero at a random position.

    Half an odd side is rounded up.
    """
    height, width = x.shape[2:]
    tall, wide = (height + 1) // 2, (width + 1) // 2
    top, left = (  # it may reach over both edges equally far
        random.integers(-(cut // 2), side - cut // 2 - cut % 2, len(x), 1)
        for cut, side in ((tall, height), (wide, width))
    )
    rows, columns = (torch.arange(side, device=x.device) for side in (height, width))
    in_rows = (rows >= top) & (rows < top + tall)  # (N, H)
    in_columns = (columns >= left) & (columns < left + wide)  # (N, W)
    kept = ~(in_rows[:, :, None] & in_columns[:, None, :])
    return x * kept[:, None].to(x.dtype)


AUGMENTATIONS: dict[str, Callable[[Tensor, SharedRandom], Tensor]] = {
    "colour": colour,
    "translation": translation,
    "cutout": cutout,
}
