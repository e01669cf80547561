"""Checks of the points and features that metrics measure."""

from torch import Tensor

from gan_lessons.checks import instance


def check_pair(real: Tensor, fake: Tensor) -> None:
    """Raises ValueError unless real: (N, D) and fake: (M, D) are finite floats and not empty."""
    instance("real", real, Tensor)
    instance("fake", fake, Tensor)
    if real.dim() != 2 or fake.dim() != 2 or real.shape[1] != fake.shape[1]:
        raise ValueError(
            "the features real and fake must be (N, D) and (M, D), "
            f"got {tuple(real.shape)} and {tuple(fake.shape)}: extract them first"
        )
    check_points("real", real)
    check_points("fake", fake)


def check_points(name: str, points: Tensor) -> None:
    """points: (N, D). Raises ValueError unless they are floating point, finite and not empty."""
    if not instance(name, points, Tensor).is_floating_point():
        raise ValueError(f"{name} must be floating point, got {points.dtype}")
    if not points.numel():
        raise ValueError(f"{name} is empty: {tuple(points.shape)}")
    bad = int((~points.isfinite()).any(1).sum())
    if bad:
        raise ValueError(
            f"{bad} of {len(points)} rows of {name} hold NaN or infinity: "
            "find the step that produced them"
        )


def check_rows(real: Tensor, fake: Tensor, least: int) -> None:
    """Raises ValueError if a set has fewer than `least` rows."""
    if min(len(real), len(fake)) < least:
        raise ValueError(f"need at least {least} rows in each set, got {len(real)} and {len(fake)}")
