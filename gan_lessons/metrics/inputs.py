"""What every measure asks of the points that it is given."""

import torch
from torch import Tensor


def check_pair(real: Tensor, fake: Tensor) -> None:
    """real: (N, D), fake: (M, D), floating point, finite, at least one row each.

    Raises ValueError where they are not.
    """
    if real.dim() != 2 or fake.dim() != 2 or real.shape[1] != fake.shape[1]:
        raise ValueError(
            "features must be (N, D) and (M, D), "
            f"got {tuple(real.shape)} and {tuple(fake.shape)}: extract them first"
        )
    check_points("real", real)
    check_points("fake", fake)


def check_points(name: str, points: Tensor) -> None:
    """points: (N, D). Raises ValueError unless they are floating point, finite and any at all."""
    if not points.is_floating_point():
        raise ValueError(f"{name} must be floating point, got {points.dtype}")
    if not points.numel():
        raise ValueError(f"{name} is empty: {tuple(points.shape)}")
    bad = int((~points.isfinite()).any(1).sum())
    if bad:
        raise ValueError(
            f"{bad} of {len(points)} rows of {name} hold NaN or infinity: "
            "find the step that made them"
        )


def check_rows(real: Tensor, fake: Tensor, least: int) -> None:
    """Raises ValueError where a set has fewer than `least` rows."""
    if min(len(real), len(fake)) < least:
        raise ValueError(f"need at least {least} rows in each set, got {len(real)} and {len(fake)}")


def at_least_single(points: Tensor) -> Tensor:
    """The same without its gradient; half precision is too coarse to tell near from nearer."""
    points = points.detach()
    return points if points.dtype in (torch.float32, torch.float64) else points.float()
