"""The precision of sums, logarithms and squares: half precision is too coarse for them."""

import torch
from torch import Tensor


def at_least_float32(x: Tensor) -> Tensor:
    """x in float32 if it is float16 or bfloat16, as networks under autocast return it; else x."""
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
