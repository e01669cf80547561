"""How an answer to an exercise is examined: run on fixed and random cases, compared, explained.

An exercise brings its typical wrong answers as code. The answer at hand is recognised as one of
them when it gives the same results in every case, so what a mistake does is written down once.
"""

import copy
import inspect
import linecache
import signal
import sys
import textwrap
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import torch

from gan_lessons.exercises.compare import difference, show

LIMIT_S = 5.0

Case = tuple[Any, ...]


@dataclass(frozen=True)
class Mistake:
    """A typical wrong answer, as code in place of the stub, and the hint that it gets."""

    source: str
    hint: str


def filled(stub: str, body: str) -> str:
    """The stub's code with the body in place of the dots that it ends in."""
    head, dots, rest = stub.rpartition("    ...")
    if not dots or rest:
        raise ValueError(f"a stub must end in four spaces and three dots, got {stub!r}")
    return head + textwrap.indent(body, "    ")


def changed(source: str, *changes: tuple[str, str]) -> str:
    """The source with the first text of each pair replaced by the second: a slip in a solution."""
    for old, new in changes:
        if old not in source:
            raise ValueError(f"there is no {old!r} in the source")
        source = source.replace(old, new)
    return source


def call(answer: Callable, *case: Any) -> object:
    """The result of an answer that is a function: the usual `Exercise.measure`."""
    return answer(*case)


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """One exercise. All code in it may use `torch`, and imports what else it needs."""

    name: str  # "06.1": the lesson and the number in it
    answer: str  # what the stub's code defines: a function, or a value
    minutes: int
    stub: str
    solution: str
    hints: tuple[str, ...]  # of growing strength
    cases: Callable[[torch.Generator], list[Case]]  # arguments; easy to read ones first
    expected: Callable[..., object]  # (*case); found in another way than the solution's
    mistakes: tuple[Mistake, ...]
    measure: Callable[..., object] = field(default=call)  # (answer, *case): what is compared
    also_right: Callable[..., object] | None = None  # (*case): another result to accept

    def run(self, source: str) -> Any:
        """The answer that a stub, a solution or a mistake defines."""
        namespace: dict[str, Any] = {"torch": torch}
        exec(compile(source, f"<exercise {self.name}>", "exec"), namespace)
        return namespace[self.answer]


@dataclass(frozen=True, repr=False)
class Message:
    """Text that shows itself in a notebook and in a terminal."""

    plain: str
    markdown: str

    def __repr__(self) -> str:
        return self.plain

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/plain": self.plain, "text/markdown": self.markdown}


@dataclass(frozen=True, repr=False)
class Result(Message):
    """What `check` returns. passed: True, False, or None where nothing was tried yet."""

    passed: bool | None


class TimeUp(BaseException):
    """Raised inside an answer that takes too long; `except Exception` in it must not stop this."""


def examine(exercise: Exercise, answer: object, *, seed: int = 0, limit: float = LIMIT_S) -> Result:
    """Run an answer on the exercise's cases and say how it did. limit: seconds, for all cases.

    Raises:
        ValueError: the limit is not positive. What the answer raises is part of the result.
    """
    if not limit > 0:
        raise ValueError(f"limit must be more than 0 seconds, got {limit}")
    # The notebook's own random numbers must not depend on which exercises were solved.
    with torch.random.fork_rng(devices=[]):
        return _examine(exercise, answer, seed, limit)


def _examine(exercise: Exercise, answer: Any, seed: int, limit: float) -> Result:
    name, wanted = exercise.name, exercise.answer
    if answer is None or answer is ...:
        return _not_yet(exercise)
    if callable(exercise.run(exercise.solution)) and not callable(answer):
        return _wrong(f'{name} takes the function itself: `check("{name}", {wanted})`.')

    cases = exercise.cases(torch.Generator().manual_seed(seed))
    case: Case = ()
    got: list[object] = []
    try:
        with time_limit(limit):
            for case in cases:
                # A copy, because an answer may write into its arguments.
                got.append(exercise.measure(answer, *copy.deepcopy(case)))
    except NotImplementedError:
        return _not_yet(exercise)
    except TimeUp:
        facts = {"input": _show_input(exercise, case)}
        advice = "Is there a loop that never ends?"
        return _wrong(f"{name} is not right yet: no result within {limit:g} s.", facts, advice)
    except (Exception, SystemExit) as error:
        facts = {
            "input": _show_input(exercise, case),
            "error": f"{type(error).__name__}: {error}".splitlines()[0],
            "where": _where(error, answer),
        }
        return _wrong(f"{name} is not right yet: `{wanted}` raises an error.", facts)
    if all(result is None or result is ... for result in got):
        return _not_yet(exercise)

    for case, result in zip(cases, got, strict=True):
        want = exercise.expected(*case)
        reason = difference(result, want)
        if reason is None:
            continue
        if exercise.also_right and difference(result, exercise.also_right(*case)) is None:
            continue
        facts = {
            "input": _show_input(exercise, case),
            "expected": show(want),
            "got": show(result),
            "which is": reason,
        }
        hint = _recognise(exercise, cases, got)
        advice = f"Hint: {hint}" if hint else f'`hint("{name}")` gives a hint.'
        return _wrong(f"{name} is not right yet.", facts, advice)
    text = f"{name} passed: `{wanted}` is right in all {len(cases)} cases."
    return Result(text, text, True)


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeUp in the body after so many seconds.

    It takes a Unix system and the main thread, where a notebook runs its cells: on Windows, and in
    other threads, there is no limit and the kernel has to be interrupted. A single long call into
    compiled code is stopped only when it returns.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        raise TimeUp

    if sys.platform != "win32" and threading.current_thread() is threading.main_thread():
        handler = signal.signal(signal.SIGALRM, stop)
        timer = signal.setitimer(signal.ITIMER_REAL, seconds)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, handler)
            signal.setitimer(signal.ITIMER_REAL, *timer)
    else:
        yield


def _recognise(exercise: Exercise, cases: list[Case], got: list[object]) -> str | None:
    """The hint of the mistake that gives the same results in every case."""
    for mistake in exercise.mistakes:
        answer = exercise.run(mistake.source)
        theirs = (exercise.measure(answer, *copy.deepcopy(case)) for case in cases)
        if all(difference(mine, other) is None for mine, other in zip(got, theirs, strict=True)):
            return mistake.hint
    return None


def _not_yet(exercise: Exercise) -> Result:
    text = (
        f"{exercise.name} not yet: `{exercise.answer}` has no result so far (about "
        f'{exercise.minutes} minutes; `hint("{exercise.name}")` helps).'
    )
    return Result(text, text, None)


def _wrong(headline: str, facts: dict[str, str] | None = None, advice: str = "") -> Result:
    rows = [f"{label:<9} {text}" for label, text in (facts or {}).items() if text]
    table = "\n".join(rows).replace("`", "'")  # a backtick could end the block in Markdown
    plain = "\n".join(part for part in (headline, table, advice) if part)
    block = f"```text\n{table}\n```" if table else ""
    markdown = "\n\n".join(part for part in (headline, block, advice) if part)
    return Result(plain, markdown, False)


def _show_input(exercise: Exercise, case: Case) -> str:
    names = inspect.signature(exercise.expected).parameters
    return ", ".join(f"{name} = {show(value)}" for name, value in zip(names, case, strict=False))


def _where(error: BaseException, answer: object) -> str:
    """The line of the answer's own cell that raised, where there is one."""
    file = getattr(getattr(answer, "__code__", None), "co_filename", None)
    lines = [at.lineno for at in traceback.extract_tb(error.__traceback__) if at.filename == file]
    if file is None or not lines or lines[-1] is None:
        return ""
    code = linecache.getline(file, lines[-1]).strip()
    return f"line {lines[-1]} of its cell" + (f": {code}" if code else "")
