"""How an answer to an exercise is examined: run on fixed and random cases, compared, explained.

An exercise brings its typical wrong answers as code. The answer at hand is recognised as one of
them when it gives the same results in every case, so what a mistake does is written down once.
"""

import ast
import copy
import inspect
import linecache
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gan_lessons import checks
from gan_lessons.exercises import measures
from gan_lessons.exercises.cases import Arguments
from gan_lessons.exercises.compare import ABSOLUTE, describe, difference
from gan_lessons.exercises.limits import TimeUp, settings_kept, time_limit

LIMIT_S = 5.0
LONGEST_S = 86_400  # a day: the system's timer takes no much larger numbers


@dataclass(frozen=True)
class Mistake:
    """A typical wrong answer and the hint that it gets.

    answer: a function, or the texts in the solution's body to change, each with its new text.
    """

    answer: Callable | Mapping[str, str]
    hint: str


def changed(source: str, changes: Mapping[str, str]) -> str:
    """A function's source with some texts of its body replaced: a slip in a solution."""
    head = _head(source)
    body = source[len(head) :]
    for old, new in changes.items():
        if old not in body:
            raise ValueError(f"there is no {old!r} in the body of the source")
        body = body.replace(old, new)
    return head + body


def _head(source: str) -> str:
    """A function's source up to the end of its docstring."""
    (function,) = ast.parse(source).body
    if not isinstance(function, ast.FunctionDef) or not ast.get_docstring(function):
        raise ValueError("the source must be a function with a docstring")
    return "\n".join(source.splitlines()[: function.body[0].end_lineno])


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """One exercise. Its solution uses `torch`, and imports whatever else it needs in its body."""

    name: str  # "06.1": the lesson and the number in it
    solve: Callable  # the solution, with the signature and the docstring of the stub
    minutes: int
    hints: tuple[str, ...]  # of growing strength
    cases: Callable[[torch.Generator], list[Arguments]]  # easy to read ones first
    expected: Callable[..., object]  # (*arguments); found in another way than the solution's
    mistakes: tuple[Mistake, ...]
    measure: Callable[..., object] = measures.result  # (answer, *arguments): what is compared
    also_right: Callable[..., object] | None = None  # (*arguments): another result to accept
    absolute: float = ABSOLUTE  # how far results near 0 may be off

    @property
    def answer(self) -> str:
        """The name of the function that the stub's code defines."""
        return self.solve.__name__

    @property
    def solution(self) -> str:
        """The solution's code, which can take the place of the stub."""
        return inspect.getsource(self.solve).rstrip()

    @property
    def stub(self) -> str:
        """The solution's signature and docstring, with dots for the body."""
        return _head(self.solution) + "\n    ..."

    def run(self, source: str) -> Any:
        """The function that a stub or a solution defines where only torch is imported."""
        namespace: dict[str, Any] = {"torch": torch}
        exec(compile(source, f"<exercise {self.name}>", "exec"), namespace)
        return namespace[self.answer]

    def wrong(self, mistake: Mistake) -> Callable:
        """The function that makes the mistake."""
        if callable(mistake.answer):
            return mistake.answer
        return self.run(changed(self.solution, mistake.answer))


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


def examine(exercise: Exercise, answer: Any, *, seed: int = 0, limit: float = LIMIT_S) -> Result:
    """Run an answer on the exercise's cases and say how it did. limit: seconds, for all cases.

    Raises:
        ValueError: the seed or the limit is out of range. What the answer raises is part of the
            result.
    """
    limit = checks.number("limit", limit, above=0, most=LONGEST_S)
    seed = checks.whole("seed", seed, 0, 2**63 - 1)
    # The notebook's own random numbers must not depend on which exercises were solved.
    with torch.random.fork_rng(devices=[]):
        return _examine(exercise, answer, seed, limit)


def _examine(exercise: Exercise, answer: Any, seed: int, limit: float) -> Result:
    name, wanted = exercise.name, exercise.answer
    if answer is None or answer is ...:
        return _not_yet(exercise)
    if not callable(answer):
        return _wrong(name, f'it takes the function itself: `check("{name}", {wanted})`.')

    cases = examined_cases(exercise, seed)
    found = gather(exercise, answer, cases, limit)
    return found if isinstance(found, Result) else judge(exercise, cases, found)


def examined_cases(exercise: Exercise, seed: int) -> list[Arguments]:
    """The fixed and the random cases of a seed."""
    return exercise.cases(torch.Generator().manual_seed(seed))


@dataclass(frozen=True)
class Found:
    """What an answer gave: a value for each case, and what else it did, on which input."""

    got: list[object]
    side_effects: list[tuple[str, str]]


def gather(
    exercise: Exercise, answer: Callable, cases: list[Arguments], limit: float
) -> Found | Result:
    """Runs an answer on all cases. A Result, which then is not `passed`, if it cannot be judged."""
    name, wanted = exercise.name, exercise.answer
    given: Arguments = ()
    got: list[object] = []
    side_effects: list[tuple[str, str]] = []
    try:
        with settings_kept() as changed_settings, time_limit(limit) as wrapped:
            for given in cases:
                own = copy.deepcopy(given)  # an answer may write into its arguments
                got.append(exercise.measure(wrapped(answer), *own))
                done = [f"changes its argument `{each}`" for each in _written(exercise, own, given)]
                done += [f"leaves torch's {each} changed" for each in changed_settings()]
                side_effects += [(each, _input(exercise, given)) for each in done]
    except NotImplementedError:
        return _not_yet(exercise)
    except measures.NotAllowed as rule:
        facts = {"input": _input(exercise, given)}
        return _wrong(name, f"`{wanted}` {rule}", facts, _ask_for_hint(name))
    except TimeUp:
        facts = {"input": _input(exercise, given)}
        advice = "Is there a loop that never ends?"
        return _wrong(name, f"no result within {limit:g} s.", facts, advice)
    except (Exception, SystemExit) as error:
        facts = {
            "input": _input(exercise, given),
            "error": f"{type(error).__name__}: {error}".splitlines()[0],
            "where": _where(error, answer),
        }
        return _wrong(name, f"`{wanted}` raises an error.", facts)
    return Found(got, side_effects)


def judge(exercise: Exercise, cases: list[Arguments], found: Found) -> Result:
    """Compares what an answer gave with what is expected."""
    name, wanted, got = exercise.name, exercise.answer, found.got
    if all(value is None or value is ... for value in got):
        return _not_yet(exercise)

    for given, value in zip(cases, got, strict=True):
        want = exercise.expected(*given)
        reason = difference(value, want, exercise.absolute)
        if reason is None:
            continue
        if exercise.also_right and difference(value, exercise.also_right(*given)) is None:
            continue
        facts = {
            "input": _input(exercise, given),
            "expected": describe(want),
            "got": describe(value),
            "which is": reason,
        }
        hint = _recognise(exercise, cases, got)
        return _wrong(name, "", facts, f"Hint: {hint}" if hint else _ask_for_hint(name))
    if found.side_effects:
        effect, on = found.side_effects[0]
        advice = "The result is right, but other code still needs what it changes."
        return _wrong(name, f"`{wanted}` {effect}.", {"input": on}, advice)
    head = _headline("✓", name, "solved", f"`{wanted}` is right in all {len(cases)} cases.")
    return Result(head.plain, head.markdown, True)


def _recognise(exercise: Exercise, cases: list[Arguments], got: list[object]) -> str | None:
    """The hint of the mistake that gives the same results in every case."""
    for mistake in exercise.mistakes:
        answer = exercise.wrong(mistake)
        try:
            theirs = [exercise.measure(answer, *copy.deepcopy(given)) for given in cases]
        except measures.NotAllowed:
            continue
        if difference(got, theirs, exercise.absolute) is None:
            return mistake.hint
    return None


def _written(exercise: Exercise, own: Arguments, given: Arguments) -> list[str]:
    """The names of the arguments that an answer has changed."""
    names = inspect.signature(exercise.expected).parameters
    return [
        name
        for name, mine, theirs in zip(names, own, given, strict=False)
        if difference(mine, theirs, 0.0)
        or (isinstance(theirs, Tensor) and mine.requires_grad != theirs.requires_grad)
    ]


def _not_yet(exercise: Exercise) -> Result:
    more = (
        f"`{exercise.answer}` has no result so far (about {exercise.minutes} minutes; "
        f"{_ask_for_hint(exercise.name, 'helps')})."
    )
    head = _headline("…", exercise.name, "not yet", more)
    return Result(head.plain, head.markdown, None)


def _headline(mark: str, name: str, words: str, more: str) -> Message:
    """Mark and words tell solved, wrong and untouched apart at a glance, without colours."""
    end = f": {more}" if more else "."
    return Message(f"{mark} {name} {words}{end}", f"{mark} **{name} {words}**{end}")


def _wrong(name: str, reason: str, facts: dict[str, str] | None = None, advice: str = "") -> Result:
    head = _headline("✗", name, "is not right yet", reason)
    rows = [f"{label:<9} {text}" for label, text in (facts or {}).items() if text]
    table = "\n".join(rows).replace("`", "'")  # a backtick could end the block in Markdown
    plain = "\n".join(part for part in (head.plain, table, advice) if part)
    block = f"```text\n{table}\n```" if table else ""
    markdown = "\n\n".join(part for part in (head.markdown, block, advice) if part)
    return Result(plain, markdown, False)


def _ask_for_hint(name: str, does: str = "gives a hint.") -> str:
    return f'`hint("{name}")` {does}'


def _input(exercise: Exercise, given: Arguments) -> str:
    names = inspect.signature(exercise.expected).parameters
    pairs = zip(names, given, strict=False)
    return ", ".join(f"{name} = {describe(value)}" for name, value in pairs)


def _where(error: BaseException, answer: object) -> str:
    """The line of the answer's own cell that raised, where there is one."""
    file = getattr(getattr(answer, "__code__", None), "co_filename", None)
    lines = [at.lineno for at in traceback.extract_tb(error.__traceback__) if at.filename == file]
    if file is None or not lines or lines[-1] is None:
        return ""
    code = linecache.getline(file, lines[-1]).strip()
    return f"line {lines[-1]} of its cell" + (f": {code}" if code else "")
