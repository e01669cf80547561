"""Checks of arguments, in one wording: what was given, what is allowed.

Each returns the value that it was given, or raises a ValueError in one line:

    whole("stride", 0, least=1)        stride must be a whole number of at least 1, got 0
    number("gamma", -1.0, least=0)     gamma must be a finite number of at least 0, got -1.0
    flag("norm", 1)                    norm must be True or False, got 1
    one_of("loss", "gan", LOSSES)      unknown loss 'gan': choose from minimax, nonsaturating, ...
    path_of("folder", 3)               folder must be a path, got 3
    instance("x", [1.0], Tensor)       x must be a Tensor, got [1.0]
    function("layers", None)           layers must be a function, got None

NumPy's numbers are allowed and come back as Python's own, so use what a check returns.
"""

import math
import operator
import os
from collections.abc import Iterable, Mapping, Sequence
from numbers import Real
from os import PathLike
from pathlib import Path
from typing import Any

import torch

LONGEST = 100  # characters of a value that a message shows


def whole(name: str, value: Any, least: int | None = None, most: int | None = None) -> int:
    """An int within the limits, both included: a Python or NumPy integer, but no bool."""
    found = _integer(value)
    if found is None or not _within(found, least, most):
        raise ValueError(f"{name} must be a whole number{_range(least, most)}, got {shown(value)}")
    return found


def per_axis(
    name: str, value: Any, axes: int, least: int | None = None, most: int | None = None
) -> tuple[int, ...]:
    """One whole number for each axis, given as such or as one number for all."""
    several = isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray)
    numbers = list(value) if several else [value]
    found = [number for number in map(_integer, numbers) if number is not None]
    if len(found) != len(numbers) or len(found) not in (1, axes):
        raise ValueError(f"{name} must be a whole number, or one for each axis, got {shown(value)}")
    return tuple(whole(name, number, least, most) for number in (found * axes)[:axes])


def number(
    name: str,
    value: Any,
    least: float | None = None,
    most: float | None = None,
    *,
    above: float | None = None,
    below: float | None = None,
) -> float:
    """A finite int or float within the limits: `least` and `most` belong to the range, `above` and
    `below` do not. A bool is not a number.
    """
    found = _real(value)
    holds = (
        found is not None
        and _within(found, least, most)
        and (above is None or found > above)
        and (below is None or found < below)
    )
    if found is None or not holds:
        allowed = _range(least, most, above, below)
        raise ValueError(f"{name} must be a finite number{allowed}, got {shown(value)}")
    return found


def flag(name: str, value: Any) -> bool:
    """True or False, and nothing that only counts as one of them."""
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be True or False, got {shown(value)}")
    return value


def one_of(kind: str, value: Any, known: Iterable[Any], hint: str = "") -> Any:
    """One of the known names. `hint` stands before the list of them: "did you mean 'mnist'? "."""
    names = list(known)
    # An array compares with each name element by element, and True equals 1.
    comparable = getattr(value, "shape", ()) == () and not _is_flag(value)
    for name in names:
        if comparable and value == name and not _is_flag(name):
            return name
    listed = ", ".join(map(str, names))
    raise ValueError(f"unknown {kind} {shown(value)}: {hint}choose from {listed}")


def instance(name: str, value: Any, kind: type | tuple[type, ...], hint: str = "") -> Any:
    """An object of this class, or of one of several.

    `hint` says what to do instead: "pass torch.Generator()".
    """
    if not isinstance(value, kind):
        kinds = [each.__name__ for each in (kind if isinstance(kind, tuple) else (kind,))]
        listed = " or ".join(f"{'an' if k[0] in 'AEIOUaeiou' else 'a'} {k}" for k in kinds)
        hint = f": {hint}" if hint else ""
        raise ValueError(f"{name} must be {listed}, got {shown(value)}{hint}")
    return value


def items(name: str, value: Any) -> tuple[Any, ...]:
    """The items of a list, a tuple or an array."""
    if isinstance(value, Iterable) and not isinstance(value, str | bytes | bytearray | Mapping):
        try:
            return tuple(value)
        except TypeError:  # an array or a tensor without an axis
            pass
    raise ValueError(f"{name} must be a list, got {shown(value)}")


def device_of(name: str, value: Any) -> torch.device:
    """A torch device, or its name."""
    if isinstance(value, torch.device):
        return value
    try:
        return torch.device(instance(name, value, str, "pass 'cpu' or 'cuda'"))
    except RuntimeError:
        raise ValueError(f"{name} must be a device such as 'cpu', got {shown(value)}") from None


def path_of(name: str, value: Any) -> Path:
    """A path, or its text; ~ stands for the user's home."""
    if not isinstance(value, str | PathLike) or not isinstance(os.fspath(value), str):
        raise ValueError(f"{name} must be a path, got {shown(value)}")
    text = os.path.expanduser(value)  # Path's own raises RuntimeError for an unknown user
    if not text.strip():
        raise ValueError(f"{name} is empty: '.' is the current folder")
    if "\0" in text:
        raise ValueError(f"{name} must be a path without null characters, got {shown(value)}")
    return Path(text)


def function(name: str, value: Any) -> Any:
    """Anything that can be called."""
    if not callable(value):
        raise ValueError(f"{name} must be a function, got {shown(value)}")
    return value


def fits(what: str, numbers: int, most: int, hint: str) -> None:
    """Raises ValueError if `what` would hold more than `most` numbers, before it is made."""
    if numbers > most:
        raise ValueError(f"{what} would hold {numbers} numbers, at most {most}: {hint}")


def shown(value: Any) -> str:
    """The value for a message: in one line, and short."""
    shape = getattr(value, "shape", ())
    if isinstance(shape, tuple) and shape:
        return f"{type(value).__name__} of shape {tuple(shape)}, {getattr(value, 'dtype', '')}"
    try:
        text = " ".join(repr(value).split())
    except ValueError:  # an integer of more digits than Python writes
        return f"{type(value).__name__} of very many digits"
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def _is_flag(value: Any) -> bool:
    """Python's True or False, NumPy's or torch's."""
    return isinstance(value, bool) or "bool" in str(getattr(value, "dtype", ""))


def _integer(value: Any) -> int | None:
    """The int that the value stands for; None for bools, arrays and everything that is no int."""
    if _is_flag(value) or getattr(value, "shape", ()) != ():
        return None
    try:
        return operator.index(value)
    except TypeError:
        return None


def _real(value: Any) -> float | None:
    """The finite number, an int unchanged; None for everything else."""
    found: float | None = _integer(value)
    is_flag = isinstance(value, bool)
    if found is None and isinstance(value, Real) and not is_flag:
        found = float(value)
    try:
        return found if found is not None and math.isfinite(found) else None
    except OverflowError:  # an int that no float can hold
        return None


def _within(value: float, least: float | None, most: float | None) -> bool:
    return (least is None or value >= least) and (most is None or value <= most)


def _range(
    least: float | None,
    most: float | None,
    above: float | None = None,
    below: float | None = None,
) -> str:
    """The limits in words, to follow "number"."""
    if least is not None and most is not None:
        return f" from {least} to {most}"
    words = {"at least": least, "above": above, "at most": most, "below": below}
    limits = [f"{word} {limit}" for word, limit in words.items() if limit is not None]
    of = "of " if limits and limits[0].startswith("at") else ""
    return f" {of}{' and '.join(limits)}" if limits else ""
