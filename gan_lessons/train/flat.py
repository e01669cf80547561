"""States of networks and optimisers as one flat dictionary of tensors, and back."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

REMEMBERED = {"step", "exp_avg", "exp_avg_sq"}  # what Adam keeps of each parameter


def prefixed(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors, with `prefix.` before each name."""
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def unprefixed(prefix: str, state: Mapping[str, Any]) -> dict[str, Tensor]:
    """The opposite of `prefixed`: the tensors whose names start with `prefix.`."""
    start = f"{prefix}."
    return {name[len(start) :]: state[name] for name in state if name.startswith(start)}


def check_shapes(prefix: str, own: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> None:
    """Raises ValueError unless both have the same names, shapes and dtypes."""
    here = {name: (tuple(tensor.shape), tensor.dtype) for name, tensor in own.items()}
    there = {name: (tuple(tensor.shape), tensor.dtype) for name, tensor in given.items()}
    for name in here | there:
        if here.get(name) != there.get(name):
            stored, needed = (_told(each.get(name)) for each in (there, here))
            raise ValueError(f"{prefix}.{name} is {stored} there and {needed} here")


def _told(kind: tuple[tuple[int, ...], torch.dtype] | None) -> str:
    return "missing" if kind is None else f"{kind[0]} {kind[1]}".replace("torch.", "")


def optimiser_tensors(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """What the optimiser remembers of each parameter, as `index.name`."""
    remembered = optimiser.state_dict()["state"]
    return {
        f"{index}.{name}": tensor
        for index, own in remembered.items()
        for name, tensor in own.items()
    }


def optimiser_state(
    optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]
) -> dict[str, Any]:
    """What `optimiser.load_state_dict` takes, from `optimiser_tensors`; its settings stay.

    Raises LookupError or ValueError if a tensor does not fit the optimiser's parameters.
    """
    parameters = [p for group in optimiser.param_groups for p in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        index, _, key = name.partition(".")
        if not index.isdecimal():
            raise ValueError(f"the optimiser has no parameter {index!r}")
        parameter = parameters[int(index)]
        shape = () if key == "step" else parameter.shape
        if (tensor.shape, tensor.dtype) != (shape, parameter.dtype):
            raise ValueError(f"the optimiser's {name} is {tuple(tensor.shape)} {tensor.dtype}")
        if shape:
            # In the parameter's own memory layout, which a fused update needs.
            tensor = torch.empty_like(parameter).copy_(tensor)
        state.setdefault(int(index), {})[key] = tensor
    for number, own in state.items():
        if own.keys() != REMEMBERED:
            raise ValueError(f"the optimiser's parameter {number} has {', '.join(sorted(own))}")
    return {"state": state, "param_groups": optimiser.state_dict()["param_groups"]}
