"""Checks of arguments, in one wording: what was given, what is allowed.

Each returns the value that it was given, or raises a ValueError in one line:

    whole("stride", 0, least=1)        stride must be a whole number of at least 1, got 0
    number("gamma", -1.0, least=0)     gamma must be a finite number of at least 0, got -1.0
    flag("norm", 1)                    norm must be True or False, got 1
    one_of("loss", "gan", LOSSES)      unknown loss 'gan': choose from minimax, nonsaturating, ...
"""

import math
from collections.abc import Iterable
from typing import Any


def whole(name: str, value: Any, least: int | None = None, most: int | None = None) -> int:
    """An int within the limits, both included. A bool is not one."""
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if not is_whole or not _within(value, least, most):
        raise ValueError(f"{name} must be a whole number{_range(least, most)}, got {value!r}")
    return value


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
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    holds = (
        is_number
        and math.isfinite(value)
        and _within(value, least, most)
        and (above is None or value > above)
        and (below is None or value < below)
    )
    if not holds:
        allowed = _range(least, most, above, below)
        raise ValueError(f"{name} must be a finite number{allowed}, got {value!r}")
    return value


def flag(name: str, value: Any) -> bool:
    """True or False, and nothing that only counts as one of them."""
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be True or False, got {value!r}")
    return value


def one_of(kind: str, value: Any, known: Iterable[Any], hint: str = "") -> Any:
    """One of the known names. `hint` stands before the list of them: "did you mean 'mnist'? "."""
    names = list(known)
    if value not in names:
        listed = ", ".join(map(str, names))
        raise ValueError(f"unknown {kind} {value!r}: {hint}choose from {listed}")
    return value


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
