"""An exponential moving average of a network's weights, which often makes better pictures."""

import copy

import torch
from torch import nn


class EMA:
    """The averaged copy of a network, in `.network` (Karras et al. 2018, appendix A.1).

    half_life: pictures until half of the average comes from newer weights; counted in pictures, it
    does not depend on the batch. ramp: the half-life is at most this share of the pictures seen so
    far, so that the average soon forgets the initial weights; 0 turns this off.
    """

    def __init__(self, network: nn.Module, half_life: float, ramp: float):
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.half_life = half_life
        self.ramp = ramp

    @torch.no_grad()
    def update(self, network: nn.Module, seen: int, batch: int) -> None:
        """After a step: `seen` pictures in all, `batch` of them new. Buffers are copied."""
        half_life = min(self.half_life, self.ramp * seen) if self.ramp else self.half_life
        newer = 1 - 0.5 ** (batch / half_life)
        torch._foreach_lerp_(list(self.network.parameters()), list(network.parameters()), newer)
        for averaged, current in zip(self.network.buffers(), network.buffers(), strict=True):
            averaged.copy_(current)
