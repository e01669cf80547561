"""gan_lessons.exercises.engine and .compare: what is no answer, what an error says, differences."""

from typing import Any

import pytest
import torch
from torch.nn import functional as F

from gan_lessons.exercises import Exercise, catalogue, check
from gan_lessons.exercises.compare import describe, difference
from gan_lessons.exercises.engine import Mistake, changed, examine


@pytest.mark.parametrize("answer", [None, ..., lambda kernel: None, lambda kernel: ...])
def test_nothing_is_not_yet(answer: Any) -> None:
    assert check("06.1", answer).passed is None


def test_not_implemented_is_not_yet() -> None:
    def answer(kernel: int) -> int:
        raise NotImplementedError

    assert check("06.1", answer).passed is None


def test_the_three_results_differ_at_a_glance() -> None:
    stub, solve = (lambda kernel: None), catalogue()["06.1"].solve
    for answer, mark, words in (
        (solve, "✓", "solved"),
        (lambda kernel: -1, "✗", "is not right yet"),
        (stub, "…", "not yet"),
    ):
        result = check("06.1", answer)
        assert result.plain.startswith(f"{mark} 06.1 {words}")
        assert result.markdown.startswith(f"{mark} **06.1 {words}**")


def test_a_number_in_place_of_the_function_is_told_so() -> None:
    result = check("06.1", 1)
    assert result.passed is False
    assert 'check("06.1", doubling_padding)' in result.plain


def test_an_error_in_an_answer_is_told_with_its_input_and_line() -> None:
    def answer(kernel: int) -> float:
        return 1 / (kernel - 3)

    result = check("06.1", answer)
    assert result.passed is False
    assert "kernel = 3" in result.plain
    assert "ZeroDivisionError: division by zero" in result.plain
    assert f"line {answer.__code__.co_firstlineno + 1} of its cell: return 1 /" in result.plain


@pytest.mark.parametrize("error", [SystemExit, RecursionError, KeyError, AssertionError])
def test_any_error_becomes_a_message(error: type[BaseException]) -> None:
    def answer(kernel: int) -> int:
        raise error("two\nlines")

    result = check("06.1", answer)
    assert result.passed is False
    assert error.__name__ in result.plain


def test_an_interrupt_from_the_keyboard_is_let_through() -> None:
    def answer(kernel: int) -> int:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check("06.1", answer)


@pytest.mark.parametrize(
    ("name", "answer", "words"),
    [
        ("06.1", lambda kernel: "x`y", "of type str where a whole number is expected"),
        ("06.1", lambda kernel: kernel + 7, "10 too large"),
        ("06.3", lambda a, b, t: a[:1], "of shape (1,) where (2,) is expected"),
        ("06.4", lambda x: x.sigmoid().add(1e-8).log().mean().neg(), "[-1e+04, 1]"),
        ("06.4", lambda x: F.softplus(-x).mean().detach(), "NoneType where a tensor is expected"),
        ("06.4", lambda x: F.softplus(-x).mean().item(), "of type float where a tensor"),
    ],
)
def test_an_unknown_mistake_gets_the_difference(name: str, answer: Any, words: str) -> None:
    result = check(name, answer)
    assert result.passed is False
    assert words in result.plain
    assert result.plain.endswith(f'`hint("{name}")` gives a hint.')


def test_a_result_shows_itself_in_jupyter() -> None:
    formatters = pytest.importorskip("IPython.core.formatters")
    result = check("06.1", lambda kernel: "```")
    data, _ = formatters.DisplayFormatter().format(result)
    assert data == {"text/plain": repr(result), "text/markdown": result.markdown}
    assert result.markdown.count("```") == 2


# The engine on an exercise of its own


def doubled(number: float) -> float:
    """Twice the number, with + in it."""
    total = number + number
    return total


def own_exercise(**changes: Any) -> Exercise:
    parts = {
        "name": "00.1",
        "solve": doubled,
        "minutes": 1,
        "hints": ("think", "number + number"),
        "cases": lambda generator: [(2.0,), (0.0,)],
        "expected": lambda number: 2 * number,
        "mistakes": (
            Mistake({"+": "-"}, "that is the difference"),
            Mistake(lambda number: number / 2, "that is the half"),
        ),
    }
    return Exercise(**{**parts, **changes})


def test_an_exercise_follows_from_its_solution() -> None:
    exercise = own_exercise()
    head = 'def doubled(number: float) -> float:\n    """Twice the number, with + in it."""\n'
    assert exercise.answer == "doubled"
    assert exercise.stub == f"{head}    ..."
    assert exercise.solution == f"{head}    total = number + number\n    return total"
    assert examine(exercise, exercise.run(exercise.stub)).passed is None
    assert examine(exercise, doubled).passed is True
    assert "that is the difference" in examine(exercise, lambda number: 0.0).plain
    assert "that is the half" in examine(exercise, lambda number: number / 2).plain
    assert examine(exercise, lambda number: 5.0).passed is False


def test_a_slip_changes_the_body_alone() -> None:
    source = own_exercise().solution
    slip = changed(source, {"number + number": "number - 1", "return total": "return -total"})
    assert slip == own_exercise().stub[:-3] + "total = number - 1\n    return -total"
    assert "with + in it" in changed(source, {"+": "-"})
    with pytest.raises(ValueError, match="there is no 'Twice' in the body"):
        changed(source, {"Twice": "Half"})
    with pytest.raises(ValueError, match="must be a function with a docstring"):
        changed("def f(x):\n    return x", {"x": "y"})


def test_results_near_0_are_as_near_as_the_exercise_says() -> None:
    def rounded(number: float) -> float:
        return 2 * number + 5e-4

    assert examine(own_exercise(), rounded).passed is False
    assert examine(own_exercise(absolute=1e-3), rounded).passed is True


@pytest.mark.parametrize(
    ("got", "want", "words"),
    [
        (1, 1, None),
        (torch.tensor(3), 3, None),
        (1.0, 1, "of type float where a whole number is expected"),
        (5, 3, "2 too large"),
        (1, 1.0, None),
        (float("nan"), float("nan"), None),
        (float("nan"), 1.0, "not finite"),
        (0.5, 1.0, "too small"),
        ("1", 1.0, "of type str where a number is expected"),
        ("1", 1, "of type str where a whole number is expected"),
        (None, 1.0, "of type NoneType where a number is expected"),
        (True, 1, "of type bool where a whole number is expected"),
        (True, 1.0, "of type bool where a number is expected"),
        (torch.ones(2), 1.0, "of type Tensor where a number is expected"),
        (1, True, "not True"),
        (0, None, "not None"),
        ("b", "a", "not 'a'"),
        ((1, 2), [1, 2], None),
        ((1, 3), (1, 2), "1 too large (value 1)"),
        ((1,), (1, 2), "of type tuple where 2 values in a tuple is expected"),
        ({"a": 1}, {"a": 2}, "1 too small (a)"),
        ({"b": 1}, {"a": 1}, "of type dict where a dict of a is expected"),
        (torch.ones(2), torch.ones(2), None),
        (torch.ones(2, dtype=torch.float64), torch.ones(2), None),
        (
            torch.ones(2, dtype=torch.int64),
            torch.ones(2),
            "of torch.int64 where torch.float32 is expected",
        ),
        (
            torch.ones(2),
            torch.ones(2, dtype=torch.int64),
            "of torch.float32 where torch.int64 is expected",
        ),
        (torch.eye(2).to_sparse(), torch.eye(2), None),
        (torch.ones(2), torch.zeros(2), "off by up to 1"),
        (torch.full((2,), float("nan")), torch.full((2,), float("nan")), None),
    ],
)
def test_differences_are_said_in_words(got: object, want: object, words: str | None) -> None:
    assert difference(got, want) == words


def test_numbers_near_0_may_differ_by_what_is_said() -> None:
    for got, want in ((5e-4, 0.0), (torch.tensor([5e-4]), torch.zeros(1)), ([5e-4], [0.0])):
        assert difference(got, want) is not None
        assert difference(got, want, 1e-3) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1.0"),
        (1, "1"),
        (torch.tensor(2.5), "2.5"),
        (torch.tensor([1.0, 2.0]), "[1, 2]"),
        (torch.zeros(2, 4), "[0, 0, 0, 0, 0, 0, …] of shape (2, 4)"),
        ({"loss": torch.tensor(1.0)}, "loss 1"),
        (list(range(1000)), "[0, 1, 2, 3, 4, 5, ...]"),
    ],
)
def test_values_are_described_in_short(value: object, text: str) -> None:
    assert describe(value) == text
