"""The exercises at the end of each lesson: `check` an answer, ask for a `hint`, see a `solution`.

    check("06.1", doubling_padding)   # passed, not yet, or what is wrong and on which input
    hint("06.1")                      # a first hint, and a stronger one when called again
    solution("06.1")                  # code that can take the place of the stub
    progress()                        # which exercises of all lessons are solved

Each lesson's exercises are in a module of its own, `lesson06` and so on; `engine` examines answers.
With the environment variable GAN_LESSONS_SOLUTIONS set to `off`, `solution` shows none. That is for
classes, and no lock: the code of this folder can be read. With GAN_LESSONS_PROGRESS set to `off`,
nothing is recorded; set to a folder's full path, it is recorded there.
"""

import importlib
import os
import pkgutil
from collections import Counter
from dataclasses import replace
from functools import cache

from gan_lessons import checks
from gan_lessons.exercises.engine import LIMIT_S, Exercise, Message, Result, examine
from gan_lessons.exercises.solved import Progress, progress_of, record

__all__ = [
    "Exercise", "Message", "Progress", "Result",
    "catalogue", "check", "hint", "progress", "solution",
]  # fmt: skip

SWITCH = "GAN_LESSONS_SOLUTIONS"

_hints_given: Counter[str] = Counter()


def check(name: str, answer: object, *, seed: int = 0, limit: float = LIMIT_S) -> Result:
    """Whether `answer` (what the stub's cell defines) solves the exercise.

    The result shows itself in a notebook. Its `.passed` is True, False, or None for an untouched
    stub. seed: draws the random cases. limit: seconds until an answer that never ends is stopped,
    on systems that can (see `limits.time_limit`). An exercise that is solved is recorded for
    `progress`; where that fails, the result stands and a line of it says so.

    Raises:
        ValueError: the exercise is unknown, or the limit is not positive.
    """
    exercise = _find(name)
    result = examine(exercise, answer, seed=seed, limit=limit)
    if result.passed and (trouble := record(exercise.name)):
        return replace(
            result, plain=f"{result.plain}\n{trouble}", markdown=f"{result.markdown}\n\n{trouble}"
        )
    return result


def hint(name: str, number: int | None = None) -> Message:
    """The next hint of an exercise, stronger than the one before, or the one with this number.

    Raises:
        ValueError: the exercise or the number is unknown.
    """
    exercise = _find(name)
    name, hints = exercise.name, exercise.hints
    if number is None:
        _hints_given[name] += 1
        number = min(_hints_given[name], len(hints))
    number = checks.whole(f"number of the hint for {name}", number, 1, len(hints))
    last = f'`solution("{name}")` shows one' if _shows_solutions() else "there is no stronger one"
    follows = last if number == len(hints) else "call again for more"
    text = f"Hint {number} of {len(hints)} for {name} ({follows}): {hints[number - 1]}"
    return Message(text, text)


def solution(name: str) -> Message:
    """One solution of an exercise, as code that can take the place of the stub.

    Where GAN_LESSONS_SOLUTIONS is `off`, a sentence in its place.

    Raises:
        ValueError: the exercise is unknown, or the variable is neither `on` nor `off`.
    """
    source = _find(name).solution
    if not _shows_solutions():
        text = (
            f"The solution of {name} is switched off here ({SWITCH} is off): "
            f'`hint("{name}")` helps, and `check` tells you when you are right.'
        )
        return Message(text, text)
    return Message(source, f"```python\n{source}\n```")


def progress() -> Progress:
    """Which exercises this learner has solved: a row for each lesson, a square for each exercise.

    `check` records them in the user's data folder (see `solved.folder`), and nowhere else.
    """
    return progress_of(list(catalogue()))


@cache
def catalogue() -> dict[str, Exercise]:
    """All exercises by name, in the order of the lessons."""
    modules = sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name.startswith("lesson"))
    lessons = [importlib.import_module(f"{__name__}.{module}") for module in modules]
    return {exercise.name: exercise for lesson in lessons for exercise in lesson.EXERCISES}


def _shows_solutions() -> bool:
    """Read at each call, so that a cell with `%env` can change it."""
    return checks.one_of(SWITCH, os.environ.get(SWITCH, "on"), ("on", "off")) == "on"


def _find(name: str) -> Exercise:
    return catalogue()[checks.one_of("exercise", name, catalogue())]
