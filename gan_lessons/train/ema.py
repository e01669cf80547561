"""An exponential moving average of a network's weights, with batch-norm statistics of its own."""

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm

from gan_lessons.train.samples import deterministic

ITEMS = 128  # in the pass that measures: 1,000 change the Fréchet distance by about 1 %
STREAM = 1_809_11096  # the seed of these items, which nobody picks for samples by chance

Inputs = Callable[[int, torch.Generator], tuple[Tensor, ...] | None]


class EMA:
    """The averaged copy of a network, in `.network` (Karras et al. 2018, appendix A.1).

    half_life: items until half of the average comes from newer weights; counted in items, it does
    not depend on the batch. ramp: the half-life is at most this share of the items seen so far, so
    that the average soon forgets the initial weights; 0 turns this off.

    The means and variances in a network's batch norms belong to its own weights. Those of the
    averaged weights are measured when they are asked for, in one pass of `inputs(n, rng)`: n items
    as the network is given in training ("standing statistics", Brock et al. 2019). rng always
    begins alike, so that the statistics follow from the weights, and no other stream moves. Without
    `inputs`, or if it returns None, they are copied from the network.
    """

    def __init__(
        self, network: nn.Module, half_life: float, ramp: float, inputs: Inputs | None = None
    ):
        self._network = copy.deepcopy(network).eval().requires_grad_(False)
        self.half_life = half_life
        self.ramp = ramp
        self._inputs = inputs
        self._norms = [
            module
            for module in self._network.modules()
            if isinstance(module, _BatchNorm) and module.running_mean is not None
        ]
        self._stale = False  # whether the statistics are those of other weights

    @property
    def network(self) -> nn.Module:
        """The average as it stands: read it again after an update."""
        if self._stale:
            self._measure_statistics()
            self._stale = False
        return self._network

    @torch.no_grad()
    def update(self, network: nn.Module, seen: int, batch: int) -> None:
        """After a step: `seen` items in all, `batch` of them new. Other buffers are copied."""
        half_life = min(self.half_life, self.ramp * seen) if self.ramp else self.half_life
        newer = 1 - 0.5 ** (batch / half_life)
        torch._foreach_lerp_(list(self._network.parameters()), list(network.parameters()), newer)
        for averaged, current in zip(self._network.buffers(), network.buffers(), strict=True):
            averaged.copy_(current)
        self._stale = bool(self._norms) and self._inputs is not None

    @torch.no_grad()
    def _measure_statistics(self) -> None:
        """Each batch norm takes those of what it is given, before it uses them."""
        assert self._inputs is not None
        device = next(self._network.parameters()).device
        inputs = self._inputs(ITEMS, torch.Generator(device).manual_seed(STREAM))
        if inputs is None:
            return
        hooks = [norm.register_forward_pre_hook(_take_statistics) for norm in self._norms]
        try:
            with deterministic():
                self._network.eval()(*inputs)
        finally:
            for hook in hooks:
                hook.remove()


def _take_statistics(norm: nn.Module, inputs: tuple[Tensor, ...]) -> None:
    assert isinstance(norm, _BatchNorm)
    F.batch_norm(inputs[0], norm.running_mean, norm.running_var, training=True, momentum=1.0)
