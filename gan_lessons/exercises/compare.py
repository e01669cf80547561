"""Whether a result equals the expected one, and how both are described to a learner."""

import math
import operator
import reprlib
from collections.abc import Mapping

import torch
from torch import Tensor

# Wide enough for another order of float32 arithmetic, far too narrow for another formula.
RELATIVE, ABSOLUTE = 1e-4, 1e-5
SHOWN = 6  # numbers of a tensor


def difference(got: object, want: object, absolute: float = ABSOLUTE) -> str | None:
    """What `got` is instead of `want`, or None where they are equal to rounding, NaN to NaN.

    Whole numbers must be whole: 1.0 is not 1, because no layer takes it for a padding.
    absolute: how far numbers near 0 may differ.
    """
    if isinstance(want, Tensor):
        return _tensor_difference(got, want, absolute)
    if isinstance(want, Mapping):
        if not isinstance(got, Mapping) or got.keys() != want.keys():
            return _kind(got, f"a dict of {', '.join(map(str, want))}")
        reasons = [(key, difference(got[key], want[key], absolute)) for key in want]
        return ", ".join(f"{reason} ({key})" for key, reason in reasons if reason) or None
    if isinstance(want, tuple | list):
        if not isinstance(got, tuple | list) or len(got) != len(want):
            return _kind(got, f"{len(want)} values in a tuple")
        each = (difference(*pair, absolute) for pair in zip(got, want, strict=True))
        return (
            ", ".join(f"{reason} (value {at})" for at, reason in enumerate(each) if reason) or None
        )
    if want is None or isinstance(want, bool | str):
        return None if type(got) is type(want) and got == want else f"not {want!r}"
    kind = "a whole number" if isinstance(want, int) else "a number"
    if isinstance(got, str | bool):
        return _kind(got, kind)  # float() would read it
    try:
        number = operator.index(got) if isinstance(want, int) else float(got)  # type: ignore[arg-type,call-overload]
    except (TypeError, ValueError, RuntimeError):  # the last one from tensors of several numbers
        return _kind(got, kind)
    if isinstance(want, int):
        return None if number == want else f"{abs(number - want)} too {_side(number, want)}"
    both_nan = math.isnan(number) and math.isnan(want)  # type: ignore[arg-type]
    close = math.isclose(number, want, rel_tol=RELATIVE, abs_tol=absolute)  # type: ignore[arg-type]
    if both_nan or close:
        return None
    return f"too {_side(number, want)}" if math.isfinite(number) else "not finite"


def describe(value: object) -> str:
    """A value in at most one short line."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {describe(each)}" for key, each in value.items())
    if isinstance(value, Tensor):
        numbers = value.detach().flatten()[:SHOWN].tolist()
        inside = ", ".join(f"{number:.4g}" for number in numbers)
        if value.dim() == 0:
            return inside
        if value.dim() == 1 and len(value) <= SHOWN:
            return f"[{inside}]"
        return f"[{inside}, …] of shape {tuple(value.shape)}"
    if isinstance(value, float):
        return repr(float(f"{value:.6g}"))  # 1.0, not 1: the point says what kind of number it is
    return reprlib.repr(value)


def _tensor_difference(got: object, want: Tensor, absolute: float) -> str | None:
    if not isinstance(got, Tensor):
        return _kind(got, "a tensor")
    if got.shape != want.shape:
        return f"of shape {tuple(got.shape)} where {tuple(want.shape)} is expected"
    if got.is_floating_point() != want.is_floating_point():
        return f"of {got.dtype} where {want.dtype} is expected"
    got = got.detach().to_dense().to(want)
    if torch.allclose(got, want, rtol=RELATIVE, atol=absolute, equal_nan=True):
        return None
    if not got.isfinite().all():
        return "not finite"
    return f"off by up to {(got - want).abs().max().item():.4g}"


def _kind(got: object, wanted: str) -> str:
    return f"of type {type(got).__name__} where {wanted} is expected"


def _side(number: float, want: object) -> str:
    return "small" if number < want else "large"  # type: ignore[operator]
