"""Values on their way out of a process that nobody trusts: JSON, read without running code."""

import base64
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

MOST_NUMBERS = 2**20  # of a tensor
MOST_TEXT = 1000
DEEPEST = 6


def packed(value: object, depth: int = 0) -> Any:
    """What JSON can hold of a value; of what it cannot, the name of its type."""
    if isinstance(value, Tensor):
        return _packed_tensor(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return value[:MOST_TEXT]
    if type(value) is int and abs(value) < 2**62:
        return value
    if type(value) is float:
        return value if math.isfinite(value) else {"float": repr(value)}
    if value is ...:
        return {"dots": True}
    if isinstance(value, np.generic) and np.ndim(value) == 0:
        return packed(value.item(), depth)
    if isinstance(value, Mapping) and depth < DEEPEST and len(value) < 1000:
        return {"map": [[str(key), packed(each, depth + 1)] for key, each in value.items()]}
    if isinstance(value, tuple | list) and depth < DEEPEST and len(value) < 10_000:
        return {"row": [packed(each, depth + 1) for each in value],
                "tuple": isinstance(value, tuple)}  # fmt: skip
    return {"other": type(value).__name__[:100]}


def _packed_tensor(value: Tensor) -> Any:
    value = value.detach().to_dense().cpu().contiguous()
    if value.numel() > MOST_NUMBERS or value.is_complex() or value.dtype == torch.bfloat16:
        return {"other": f"Tensor of {value.dtype} and shape {tuple(value.shape)}"}
    data = base64.b64encode(value.numpy().tobytes()).decode()
    return {"tensor": str(value.dtype).removeprefix("torch."), "shape": list(value.shape),
            "data": data}  # fmt: skip


def unpacked(stored: Any) -> object:
    """The value again. Raises ValueError for what `packed` does not write."""
    if stored is None or isinstance(stored, bool | int | float | str):
        return stored
    if not isinstance(stored, dict):
        raise ValueError("not a packed value")
    try:
        if "tensor" in stored:
            return _unpacked_tensor(stored)
        if "float" in stored:
            return float(stored["float"])
        if "dots" in stored:
            return ...
        if "map" in stored:
            return {str(key): unpacked(each) for key, each in stored["map"]}
        if "row" in stored:
            row = [unpacked(each) for each in stored["row"]]
            return tuple(row) if stored.get("tuple") else row
        # Not the bare name: what prints a value would take it for one of that type.
        return type(f"{stored['other']} object", (), {})()
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError("not a packed value") from error


def _unpacked_tensor(stored: dict) -> Tensor:
    dtype = getattr(torch, str(stored["tensor"]), None)
    if not isinstance(dtype, torch.dtype):
        raise ValueError("no such dtype")
    shape = [int(side) for side in stored["shape"]]
    data = bytearray(base64.b64decode(stored["data"]))
    if any(side < 0 for side in shape) or math.prod(shape) * dtype.itemsize != len(data):
        raise ValueError("the shape does not fit the data")
    return (
        torch.frombuffer(data, dtype=dtype).reshape(shape)
        if data
        else torch.zeros(shape, dtype=dtype)
    )
