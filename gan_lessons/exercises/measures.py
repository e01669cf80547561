"""Ways to run an answer: for its result alone, for gradients too, or with some of torch ruled out.

Each takes the answer and its arguments, and returns what is compared with the expected result.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode


class NotAllowed(Exception):
    """An answer uses what its task rules out. The text follows the answer's name."""


def result(answer: Callable, *arguments: Any) -> object:
    """The result, however it was found: the usual way."""
    return answer(*arguments)


def loss_and_gradient(answer: Callable, *logits: Tensor) -> object:
    """What training uses of a loss: its value and its gradient, None if it has none."""
    leaves = [each.clone().requires_grad_() for each in logits]
    loss = answer(*leaves)
    if loss is None or loss is ...:
        return loss
    gradient = None
    if isinstance(loss, Tensor) and loss.dim() == 0 and loss.requires_grad:
        gradients = torch.autograd.grad(loss, leaves, allow_unused=True, materialize_grads=True)
        gradient = torch.cat(gradients)
    return {"loss": loss, "gradient": gradient}


def without_autograd(answer: Callable, *arguments: Any) -> object:
    """The result of an answer that may not ask autograd."""
    try:
        with torch.inference_mode():
            return answer(*arguments)
    except RuntimeError as error:
        if "does not require grad" not in str(error):
            raise
        raise NotAllowed("asks autograd, and the task is a formula.") from error


def without_convolution(answer: Callable, *arguments: Any) -> object:
    """The result of an answer that may not call torch's convolutions and deconvolutions."""
    with _Convolutions() as called:
        value = answer(*arguments)
    if called.names:
        raise NotAllowed(f"calls torch's {called.names[0]}, and the task is to do its arithmetic.")
    return value


def by_convolution(answer: Callable, *arguments: Any) -> object:
    """The result of an answer that has to call a convolution of torch, and no deconvolution."""
    with _Convolutions() as called:
        value = answer(*arguments)
    if value is None or value is ...:
        return value
    others = [name for name in called.names if name not in ("conv1d", "conv2d", "conv3d")]
    if others:
        raise NotAllowed(f"calls torch's {others[0]}, and the task is a convolution.")
    if not called.names:
        raise NotAllowed("calls no convolution of torch, and the task is to use one.")
    return value


class _Convolutions(TorchFunctionMode):
    """Notes the names of the convolutions and deconvolutions that are called inside."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        name = getattr(func, "__name__", "")
        if "conv" in name:
            self.names.append(name)
        return func(*args, **(kwargs or {}))
