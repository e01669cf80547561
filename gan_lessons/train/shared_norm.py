"""Batch norm over the whole batch, when several processes hold a part of it each.

torch's SyncBatchNorm does this on GPUs only. Here it is differentiable on every device: mean and
variance are those of all processes, forwards and backwards, so that many processes compute what one
would. (Gradients are averaged over the processes afterwards, see `Ranks.reduce_mean`.)
"""

from functools import partial

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


def share_statistics(network: nn.Module) -> None:
    """Makes each batch norm of a network use the statistics of all processes while it trains.

    Parameters, buffers and the state dict stay as they are. Each process must hold as many items.
    """
    for module in network.modules():
        if isinstance(module, _BatchNorm):
            module.forward = partial(_forward, module)  # type: ignore[method-assign]


def _forward(norm: _BatchNorm, x: Tensor) -> Tensor:
    """x: (N, C, ...) → the same shape."""
    if not norm.training and norm.running_mean is not None:
        return type(norm).forward(norm, x)
    axes = [0, *range(2, x.dim())]
    shape = [1, -1, *[1] * (x.dim() - 2)]
    wide = x if x.dtype == torch.float64 else x.float()
    # Means first: the mean of squares less the square of the mean would cancel digits.
    mean = _Mean.apply(wide.mean(axes))
    centred = wide - mean.view(shape)
    variance = _Mean.apply(centred.square().mean(axes))
    if norm.training and norm.track_running_stats:
        _update(norm, mean.detach(), variance.detach(), x.numel() // x.shape[1])
    y = centred * (variance + norm.eps).rsqrt().view(shape)
    if norm.affine:
        y = y * norm.weight.view(shape) + norm.bias.view(shape)
    return y.to(x.dtype)


@torch.no_grad()
def _update(norm: _BatchNorm, mean: Tensor, variance: Tensor, own: int) -> None:
    """The running statistics, as torch updates them. own: numbers of each channel here."""
    count = own * dist.get_world_size()
    assert norm.num_batches_tracked is not None
    norm.num_batches_tracked.add_(1)
    share = norm.momentum
    if share is None:
        share = 1.0 / float(norm.num_batches_tracked)
    unbiased = variance * (count / (count - 1))
    for running, new in ((norm.running_mean, mean), (norm.running_var, unbiased)):
        assert running is not None
        running.lerp_(new.to(running.dtype), share)


class _Mean(torch.autograd.Function):
    """The mean of a tensor over all processes. Its gradient is the mean of all their gradients."""

    @staticmethod
    def forward(ctx: torch.autograd.function.FunctionCtx, own: Tensor) -> Tensor:
        return _reduced(own)

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, gradient: Tensor) -> Tensor:  # type: ignore[override]
        return _reduced(gradient)


def _reduced(own: Tensor) -> Tensor:
    whole = own.detach().clone(memory_format=torch.contiguous_format)
    dist.all_reduce(whole)
    return whole / dist.get_world_size()
