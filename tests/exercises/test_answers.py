"""Answers as others would write them: unusual right ones pass, plausible wrong ones are explained.

They are in answers01.py and so on, as functions: RIGHT names them for each exercise, WRONG has what
the learner must read about each.
"""

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gan_lessons.exercises import catalogue, check


def modules() -> Iterator[Any]:
    for path in sorted(Path(__file__).parent.glob("answers*.py")):
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield module


LESSONS = list(modules())
RIGHT = {name: answers for lesson in LESSONS for name, answers in lesson.RIGHT.items()}
WRONG = {name: answers for lesson in LESSONS for name, answers in lesson.WRONG.items()}
ALL_RIGHT = [
    pytest.param(name, answer, id=f"{name}-{answer.__name__}")
    for name, answers in RIGHT.items()
    for answer in answers
]
ALL_WRONG = [
    pytest.param(name, answer, words, id=f"{name}-{answer.__name__}")
    for name, answers in WRONG.items()
    for answer, words in answers
]


def test_every_exercise_has_three_of_both_kinds() -> None:
    assert list(RIGHT) == list(WRONG) == list(catalogue())
    assert min(map(len, RIGHT.values())) >= 3
    assert min(map(len, WRONG.values())) >= 3


@pytest.mark.parametrize(("name", "answer"), ALL_RIGHT)
@pytest.mark.parametrize("seed", range(3))
def test_an_unusual_right_answer_passes(name: str, answer: Callable, seed: int) -> None:
    result = check(name, answer, seed=seed)
    assert result.passed is True, result


@pytest.mark.parametrize(("name", "answer", "words"), ALL_WRONG)
@pytest.mark.parametrize("seed", range(3))
def test_a_plausible_wrong_answer_is_explained(
    name: str, answer: Callable, words: str, seed: int
) -> None:
    result = check(name, answer, seed=seed, limit=1.0)
    assert result.passed is False, result
    assert words in result.plain
