"""Settings that change while a training runs."""

import math


def cosine(step: int, steps: int, first: float, last: float) -> float:
    """From `first` at step 0 to `last` at `steps` and after, along half a cosine wave."""
    done = min(step / steps, 1.0) if steps else 0.0
    return last + (first - last) * (1 + math.cos(math.pi * done)) / 2
