"""One process of several: its part of a batch, and what all of them have to agree on.

PyTorch's launcher starts them, `torchrun --nproc_per_node=4 -m gan_lessons.train ...`. Without it
there is one process, and nothing here does anything.

The collectives of torch.distributed are called directly. DistributedDataParallel would reduce in
every backward pass, for all networks, and does not see what `autograd.grad` does in a penalty. Here
the gradients of the networks whose turn it is are averaged once, after their backward pass.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

Item = TypeVar("Item")


class ProcessLost(RuntimeError):
    """Another process of this training ended, so the step in hand cannot be finished."""


@contextmanager
def _together() -> Iterator[None]:
    """Around what all processes do together."""
    try:
        yield
    except RuntimeError as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ProcessLost(f"another process of this training ended ({reason})") from None


class Ranks:
    """This process among all: `rank` from 0 to `size` - 1; only rank 0, `first`, writes files."""

    def __init__(self) -> None:
        started = dist.is_available() and dist.is_initialized()
        self.rank = dist.get_rank() if started else 0
        self.size = dist.get_world_size() if started else 1
        self.first = self.rank == 0

    def share(self, whole: Tensor) -> Tensor:
        """This process's part of a batch: (N, ...) → (N / size, ...)."""
        if self.size == 1:
            return whole
        if len(whole) % self.size:
            raise ValueError(
                f"a batch of {len(whole)} cannot be shared by {self.size} processes: "
                f"choose a multiple of {self.size}"
            )
        return whole.chunk(self.size)[self.rank]

    def reduce_mean(self, tensors: Sequence[Tensor]) -> None:
        """Replaces each tensor by its mean over all processes, with one message for each dtype."""
        if self.size == 1:
            return
        for kind in sorted({tensor.dtype for tensor in tensors}, key=str):
            group = [tensor for tensor in tensors if tensor.dtype == kind]
            message = torch.cat([tensor.flatten() for tensor in group])
            with _together():
                dist.all_reduce(message)
            message /= self.size
            for tensor, mean in zip(group, message.split([t.numel() for t in group]), strict=True):
                tensor.copy_(mean.view_as(tensor))

    def reduce_buffers(self, network: nn.Module) -> None:
        """Replaces a network's buffers by their means over all processes."""
        self.reduce_mean([b for b in network.buffers() if b.is_floating_point()])

    def same_start(self, networks: Iterable[nn.Module]) -> None:
        """Gives all processes the first one's weights and buffers."""
        if self.size == 1:
            return
        for network in networks:
            for tensor in (*network.parameters(), *network.buffers()):
                with _together():
                    dist.broadcast(tensor.detach(), src=0)

    def agree(self, item: Item) -> Item:
        """The first process's item, for all."""
        items = [item]
        if self.size > 1:
            with _together():
                dist.broadcast_object_list(items, src=0)
        return items[0]

    def any(self, asked: bool) -> bool:
        """Whether any of the processes was asked."""
        if self.size == 1:
            return asked
        answers: list[bool] = [False] * self.size
        with _together():
            dist.all_gather_object(answers, asked)
        return any(answers)


def start(device: str) -> str:
    """Joins the processes that a launcher started, if one did; returns this process's device.

    Messages go by NCCL between GPUs, one for each process, and by gloo between CPUs.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return device
    gpus = torch.cuda.device_count() if device in ("auto", "cuda") else 0
    local = int(os.environ.get("LOCAL_RANK", "0"))
    if gpus:
        if local >= gpus:
            raise ValueError(
                f"process {local} of this machine has no GPU of its own: there are {gpus}; "
                f"start {gpus} processes, or add --device cpu"
            )
        torch.cuda.set_device(local)
    dist.init_process_group("nccl" if gpus else "gloo")
    return f"cuda:{local}" if gpus else device


def stop() -> None:
    """Leaves the processes that `start` joined."""
    if dist.is_available() and dist.is_initialized():
        dist.destroy_process_group()
