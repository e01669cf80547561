"""Wrong values for any argument, and what is wrong with how a function takes one.

Shared by test_arguments.py (the lower modules) and test_arguments_above.py.
"""

import inspect
import math
import re
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gan_lessons import checks

EMPTY = inspect.Parameter.empty
SECONDS = 5  # for one call; nearly all take a millisecond

WRONG = {
    "None": None,
    "True": True,
    "1.5": 1.5,
    "-1": -1,
    "0": 0,
    "nan": math.nan,
    "inf": math.inf,
    "text": "x",
    "empty list": [],
    "2**31": 2**31,
    "2**64": 2**64,
    "10**400": 10**400,
    "bytes": b"\x00",
    "dict": {"a": 1},
    "object": object(),
    "NumPy's 3": np.int64(3),
    "NumPy's True": np.True_,
    "NumPy's nan": np.float32("nan"),
    "complex": 1j,
    "array": np.array([1, 2]),
    "array of text": np.array(["x", "y"]),
    "scalar array": np.array(1.5),
    "tensor": torch.tensor([1.0]),
    "scalar tensor": torch.tensor(1.5),
    "integer tensor": torch.ones(2, 2, dtype=torch.int64),
    "empty tensor": torch.empty(0, 3),
}

# What an argument may be. A value that is not allowed must be refused; one that is may be refused.
Allowed = Callable[[Any], bool]


def is_number(value: Any) -> bool:
    real = isinstance(value, int | float | np.integer) and not isinstance(value, bool)
    return real and abs(value) < 1e308 and math.isfinite(value)


def is_whole(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def is_empty(value: Any) -> bool:
    """A list without items, or a tensor."""
    return value == [] if isinstance(value, list) else getattr(value, "shape", ())[:1] == (0,)


def is_row(value: Any) -> bool:
    """Numbers that could be indices, or settings of a list."""
    return getattr(value, "ndim", 0) == 1


ALLOWED: dict[str, Allowed] = {
    "whole": is_whole,
    "positive": lambda value: is_whole(value) and value > 0,
    "natural": lambda value: is_whole(value) and value >= 0,
    "natural or row": lambda value: ALLOWED["natural"](value) or ALLOWED["row"](value),
    "natural or items": lambda value: ALLOWED["natural"](value) or is_empty(value),
    "items or None": lambda value: value is None or is_empty(value),
    "natural or None": lambda value: value is None or (is_whole(value) and value >= 0),
    "number": is_number,
    "number or None": lambda value: value is None or is_number(value),
    "size": lambda value: is_number(value) and value >= 0,
    "flag": lambda value: isinstance(value, bool),
    "name": lambda value: False,
    "name or None": lambda value: value is None,
    "bytes": lambda value: isinstance(value, bytes),
    "text": lambda value: isinstance(value, str),
    "text or None": lambda value: value is None or isinstance(value, str),
    "tensor": lambda value: isinstance(value, Tensor),
    "tensor or None": lambda value: value is None or isinstance(value, Tensor),
    "object": lambda value: False,
    "dict or None": lambda value: value is None or isinstance(value, dict),
    "object or None": lambda value: value is None,
    "mapping": lambda value: isinstance(value, dict),
    "row": lambda value: is_empty(value) or is_row(value),
    "row or None": lambda value: value is None or is_empty(value) or is_row(value),
    "anything": lambda value: True,
}


class HungError(Exception):
    pass


@contextmanager
def limited(seconds: int) -> Iterator[None]:
    """Raises HungError inside after so many seconds of this process's own time."""

    def ring(*_: Any) -> None:
        raise HungError

    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def complaint(
    call: Callable,
    arguments: Mapping[str, Any],
    argument: str,
    value: Any,
    kind: str,
    also: Sequence[str] = (),
    errors: tuple[type[Exception], ...] = (ValueError, TypeError, IndexError),
) -> str:
    """What is wrong with how a call takes this value; empty if nothing is.

    also: words that an error may name the argument by.
    """
    allowed = ALLOWED[kind](value)
    try:
        with limited(SECONDS):
            result = call(**{**arguments, argument: value})
    except HungError:
        return f"ran for more than {SECONDS} s"
    except errors as error:
        message = str(error)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    else:
        if allowed:
            return ""
        # `illegal` returns its reasons.
        if not (isinstance(result, list) and result and all(isinstance(r, str) for r in result)):
            return f"returned {checks.shown(result)}"
        message = "; ".join(result)
    too_large = "would hold" in message and "at most" in message
    named = any(re.search(rf"\b{name}\b", message) for name in (argument, *also))
    if "\n" in message or not (too_large or named):
        return f"says {message!r}"
    return ""


def public(module: ModuleType) -> list[Callable]:
    """The functions and classes that are defined in a module and not marked as private."""
    return [
        each
        for name, each in vars(module).items()
        if (inspect.isfunction(each) or inspect.isclass(each))
        and not name.startswith("_")
        and each.__module__ == module.__name__
    ]


def title(function: Callable) -> str:
    return f"{function.__module__.removeprefix('gan_lessons.')}.{function.__qualname__}"


def arguments_of(function: Callable) -> list[str]:
    every = inspect.signature(function).parameters.values()
    return [each.name for each in every if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)]
