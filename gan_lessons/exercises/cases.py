"""The arguments that an answer is tried on, and the random numbers in them."""

from typing import Any

import torch

Arguments = tuple[Any, ...]  # of one call


def integers(generator: torch.Generator, *limits: tuple[int, int]) -> tuple[int, ...]:
    """A random whole number for each (lowest, highest), both included."""
    return tuple(int(torch.randint(low, high + 1, (), generator=generator)) for low, high in limits)
