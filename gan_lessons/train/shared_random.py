"""Random numbers of a training: all from one generator, split among the processes.

Every process draws the numbers of the whole batch and takes its own part. So no two processes see
the same noise, all generators stay in the same state, and many processes compute what one would.
"""

import torch
from torch import Tensor

from gan_lessons.train.ranks import Ranks


class SharedRandom:
    """Draws for n items of this process; the first axis is the batch."""

    def __init__(self, rng: torch.Generator, ranks: Ranks):
        self.rng = rng
        self.ranks = ranks

    def normal(self, n: int, *shape: int) -> Tensor:
        """(n, *shape), each number from N(0, 1)."""
        size = (n * self.ranks.size, *shape)
        return self.ranks.share(torch.randn(size, generator=self.rng, device=self.rng.device))

    def uniform(self, n: int, *shape: int) -> Tensor:
        """(n, *shape), each number from [0, 1)."""
        size = (n * self.ranks.size, *shape)
        return self.ranks.share(torch.rand(size, generator=self.rng, device=self.rng.device))

    def integers(self, low: int, high: int, n: int, *shape: int) -> Tensor:
        """(n, *shape), integers from low to high, both included."""
        size = (n * self.ranks.size, *shape)
        drawn = torch.randint(low, high + 1, size, generator=self.rng, device=self.rng.device)
        return self.ranks.share(drawn)

    def stream(self, n: int) -> torch.Generator:
        """A generator for code that draws for itself: its next n numbers are this process's own.

        On a CPU they are those that `uniform(n)` would return.
        """
        if self.ranks.size == 1:
            return self.rng
        own = torch.Generator(self.rng.device)
        own.set_state(self.rng.get_state())
        torch.rand(n * self.ranks.rank, generator=own, device=own.device)
        torch.rand(n * self.ranks.size, generator=self.rng, device=self.rng.device)
        return own
