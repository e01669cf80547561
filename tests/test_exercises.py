"""gan_lessons.exercises: right, wrong, missing, raising and never-ending answers; stub cells."""

import ast
import signal
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import nbformat
import pytest
import torch
from torch.nn import functional as F

from gan_lessons import exercises
from gan_lessons.exercises import Exercise, Result, catalogue, check, hint, solution
from gan_lessons.exercises.compare import difference, show
from gan_lessons.exercises.engine import Mistake, changed, examine, filled
from gan_lessons.losses import LOSSES
from gan_lessons.models.dcgan import Generator

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
NAMES = list(catalogue())
WRONG = [
    pytest.param(exercise, mistake, id=f"{exercise.name}-{number}")
    for exercise in catalogue().values()
    for number, mistake in enumerate(exercise.mistakes)
]
each_exercise = pytest.mark.parametrize("exercise", catalogue().values(), ids=NAMES)
stops = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no interval timer")


@each_exercise
def test_the_stub_runs_and_is_not_yet_an_answer(exercise: Exercise) -> None:
    result = check(exercise.name, exercise.run(exercise.stub))
    assert result.passed is None
    assert "not yet" in result.plain
    assert "\n" not in result.plain


@each_exercise
@pytest.mark.parametrize("seed", range(5))
def test_the_solution_passes_with_any_cases(exercise: Exercise, seed: int) -> None:
    result = check(exercise.name, exercise.run(exercise.solution), seed=seed)
    assert result.passed is True, result


@pytest.mark.parametrize(("exercise", "mistake"), WRONG)
@pytest.mark.parametrize("seed", range(3))
def test_a_wrong_answer_gets_its_own_hint(exercise: Exercise, mistake: Mistake, seed: int) -> None:
    result = check(exercise.name, exercise.run(mistake.source), seed=seed)
    assert result.passed is False
    assert mistake.hint in result.plain
    for label in ("input", "expected", "got", "which is"):
        assert f"\n{label:<9} " in result.plain
    others = {other.hint for other in exercise.mistakes} - {mistake.hint}
    assert not any(other in result.plain for other in others)


@each_exercise
def test_it_is_complete(exercise: Exercise) -> None:
    assert len({mistake.hint for mistake in exercise.mistakes}) >= 3
    assert len(exercise.hints) == 2
    assert 1 <= exercise.minutes <= 30
    assert max(map(len, (exercise.stub + "\n" + exercise.solution).splitlines())) <= 100


@each_exercise
def test_cases_are_random_but_the_same_for_the_same_seed(exercise: Exercise) -> None:
    first, again, other = (
        exercise.cases(torch.Generator().manual_seed(seed)) for seed in (0, 0, 1)
    )
    assert difference(first, again) is None
    assert difference(first, other) is not None


@each_exercise
def test_a_check_says_the_same_twice(exercise: Exercise) -> None:
    wrong = exercise.run(exercise.mistakes[0].source)
    assert repr(check(exercise.name, wrong)) == repr(check(exercise.name, wrong))


@each_exercise
def test_a_check_leaves_the_random_numbers_of_the_notebook_alone(exercise: Exercise) -> None:
    before = torch.get_rng_state()
    answer = exercise.run(exercise.solution)

    def drawing(*case: Any) -> object:
        torch.rand(3)
        return answer(*case)

    assert check(exercise.name, drawing).passed
    assert torch.equal(torch.get_rng_state(), before)


# The same mistakes, written by another hand than the exercise's own.


def only_deconvolutions(size: int, width: int, channels: int = 1, latent: int = 100) -> int:
    layers = Generator(size=size, channels=channels, latent=latent, width=width).layers
    kinds = [layer for layer in layers if isinstance(layer, torch.nn.ConvTranspose2d)]
    return sum(parameter.numel() for layer in kinds for parameter in layer.parameters())


def all_but_the_first(size: int, width: int, channels: int = 1, latent: int = 100) -> int:
    layers = Generator(size=size, channels=channels, latent=latent, width=width).layers
    return sum(parameter.numel() for layer in layers[3:] for parameter in layer.parameters())


def unguarded(a: torch.Tensor, b: torch.Tensor, t: float) -> torch.Tensor:
    angle = torch.arccos(F.cosine_similarity(a, b, dim=0))
    return (torch.sin((1 - t) * angle) * a + torch.sin(t * angle) * b) / torch.sin(angle)


@pytest.mark.parametrize(
    ("name", "answer", "words"),
    [
        ("06.1", lambda kernel: int(kernel / 2), "half the kernel"),
        ("06.1", lambda kernel: -(-kernel // 2) - 1, "one too few"),
        ("06.1", lambda kernel: kernel / 2 - 1, "a padding is a whole number"),
        ("06.2", only_deconvolutions, "Batch norm learns as well"),
        ("06.2", all_but_the_first, "first layer is missing"),
        ("06.3", torch.lerp, "straight line"),
        ("06.3", lambda a, b, t: F.normalize(torch.lerp(a, b, t), dim=0), "brought to length 1"),
        ("06.3", unguarded, "point the same way"),
        ("06.4", lambda x: (1 + torch.exp(-x)).reciprocal().log().mean().neg(), "right on paper"),
        ("06.4", lambda x: (1 - x.sigmoid()).log().sum() / len(x), "minimax"),
        ("06.4", lambda x: F.binary_cross_entropy_with_logits(x, 0 * x), "loss on fakes"),
    ],
)
def test_a_mistake_is_recognised_in_other_words(name: str, answer: Any, words: str) -> None:
    result = check(name, answer)
    assert result.passed is False
    assert words in result.plain


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


def usual_slerp(a: torch.Tensor, b: torch.Tensor, t: float) -> torch.Tensor:
    angle = torch.acos((a @ b / (a.norm() * b.norm())).clamp(-1, 1))
    if angle < 1e-3:
        return torch.lerp(a, b, t)
    return (torch.sin((1 - t) * angle) * a + torch.sin(t * angle) * b) / torch.sin(angle)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("06.1", lambda kernel: {0: kernel // 2 - 1}.get(kernel % 2)),
        ("06.2", lambda *case: only_deconvolutions(*case) + batch_norms(*case)),
        ("06.3", usual_slerp),
        ("06.4", lambda x: F.binary_cross_entropy_with_logits(x, torch.ones_like(x))),
        ("06.4", lambda x: -F.logsigmoid(x).mean()),
    ],
)
def test_another_right_answer_passes(name: str, answer: Any) -> None:
    assert check(name, answer).passed is True


def batch_norms(size: int, width: int, channels: int = 1, latent: int = 100) -> int:
    layers = Generator(size=size, channels=channels, latent=latent, width=width).layers
    return sum(2 * n.num_features for n in layers if isinstance(n, torch.nn.BatchNorm2d))


@pytest.mark.parametrize("length", [1.0, 3.0])
def test_the_expected_arc_keeps_the_length_and_turns_evenly(length: float) -> None:
    pair = torch.randn(2, 50, generator=torch.Generator().manual_seed(0))
    a, b = length * pair / pair.norm(dim=1, keepdim=True)
    expected = catalogue()["06.3"].expected
    shares = (0.0, 0.25, 0.5, 0.75, 1.0)
    points = torch.stack([torch.as_tensor(expected(a, b, t)) for t in shares])
    torch.testing.assert_close(points[[0, -1]], torch.stack([a, b]).double())
    torch.testing.assert_close(points.norm(dim=1), torch.full((5,), length).double())
    steps = (points[1:] - points[:-1]).norm(dim=1)
    torch.testing.assert_close(steps, steps[:1].expand(4))


# Answers that are no answers


@pytest.mark.parametrize("answer", [None, ..., lambda kernel: None, lambda kernel: ...])
def test_nothing_is_not_yet(answer: Any) -> None:
    assert check("06.1", answer).passed is None


def test_not_implemented_is_not_yet() -> None:
    def answer(kernel: int) -> int:
        raise NotImplementedError

    assert check("06.1", answer).passed is None


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


@stops
def test_an_answer_that_never_ends_is_stopped() -> None:
    def answer(kernel: int) -> int:
        while kernel != 3:
            try:
                time.sleep(0.001)
            except Exception:
                continue
        return 0

    handler = signal.getsignal(signal.SIGALRM)
    started = time.monotonic()
    result = check("06.1", answer, limit=0.2)
    assert 0.1 < time.monotonic() - started < 3
    assert result.passed is False
    assert "no result within 0.2 s" in result.plain
    assert "kernel = 4" in result.plain
    assert signal.getsignal(signal.SIGALRM) is handler
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_other_threads_check_without_a_limit() -> None:
    results: list[Result] = []
    answer = catalogue()["06.1"].run(catalogue()["06.1"].solution)
    thread = threading.Thread(target=lambda: results.append(check("06.1", answer)))
    thread.start()
    thread.join()
    assert results[0].passed is True


@pytest.mark.parametrize("limit", [0, -1.0, float("nan")])
def test_a_limit_is_positive(limit: float) -> None:
    with pytest.raises(ValueError, match="limit must be more than 0 seconds, got"):
        check("06.1", None, limit=limit)


def test_an_answer_may_write_into_its_arguments() -> None:
    def answer(a: torch.Tensor, b: torch.Tensor, t: float) -> torch.Tensor:
        result = usual_slerp(a, b, t)
        a.zero_()
        return result

    assert check("06.3", answer).passed is True


# Names, hints, solutions, what is shown


@pytest.mark.parametrize("name", ["06.9", "", 6.1])
@pytest.mark.parametrize("ask", [lambda name: check(name, None), hint, solution])
def test_an_unknown_name_lists_the_known_ones(name: Any, ask: Any) -> None:
    with pytest.raises(ValueError, match=r"unknown exercise .*; known are .*06\.1, 06\.2"):
        ask(name)


def test_names_follow_lessons() -> None:
    assert sorted(NAMES) == NAMES
    for lesson in sorted({name[:2] for name in NAMES}):
        numbers = [name for name in NAMES if name[:2] == lesson]
        assert numbers == [f"{lesson}.{i + 1}" for i in range(len(numbers))]


@each_exercise
def test_hints_grow(exercise: Exercise, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exercises, "_hints_given", Counter())
    shown = [hint(exercise.name).plain for _ in range(3)]
    assert exercise.hints[0] in shown[0]
    assert exercise.hints[1] in shown[1]
    assert shown[2] == shown[1]
    assert exercise.hints[0] not in shown[1]
    assert hint(exercise.name, 1).plain == shown[0]


@pytest.mark.parametrize("number", [0, 3, -1])
def test_there_are_only_so_many_hints(number: int) -> None:
    with pytest.raises(ValueError, match=f"06.1 has hints 1 to 2, got {number}"):
        hint("06.1", number)


@each_exercise
def test_the_solution_is_shown_as_code(exercise: Exercise) -> None:
    shown = solution(exercise.name)
    assert shown.plain == exercise.solution
    assert shown.markdown == f"```python\n{exercise.solution}\n```"


@each_exercise
def test_solutions_can_be_switched_off(exercise: Exercise, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(exercises.SWITCH, "off")
    shown = solution(exercise.name)
    assert "switched off" in shown.plain
    assert shown.plain == shown.markdown
    assert "\n" not in shown.plain
    assert not any(len(line) > 20 and line in shown.plain for line in exercise.solution.split("\n"))
    assert "solution" not in hint(exercise.name, 2).plain.partition(":")[0]
    answer = exercise.run(exercise.solution)
    assert check(exercise.name, answer).passed is True  # checks go on
    monkeypatch.setenv(exercises.SWITCH, "on")
    assert solution(exercise.name).plain == exercise.solution
    assert f'`solution("{exercise.name}")`' in hint(exercise.name, 2).plain


@pytest.mark.parametrize("setting", ["", "OFF", "0", "none"])
def test_the_switch_is_on_or_off(setting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(exercises.SWITCH, setting)
    with pytest.raises(ValueError, match="GAN_LESSONS_SOLUTIONS must be on or off, got"):
        solution("06.1")


def test_a_result_shows_itself_in_jupyter() -> None:
    formatters = pytest.importorskip("IPython.core.formatters")
    result = check("06.1", lambda kernel: "```")
    data, _ = formatters.DisplayFormatter().format(result)
    assert data == {"text/plain": repr(result), "text/markdown": result.markdown}
    assert result.markdown.count("```") == 2


# The engine on exercises of its own


def value_exercise(**changes: Any) -> Exercise:
    parts = {
        "name": "00.1",
        "answer": "doubled",
        "minutes": 1,
        "stub": "doubled = ...",
        "solution": "doubled = 4",
        "hints": ("think", "2 + 2"),
        "cases": lambda generator: [()],
        "expected": lambda: 4,
        "mistakes": (Mistake("doubled = 2", "that is the half"),),
        "measure": lambda answer: answer,
    }
    return Exercise(**{**parts, **changes})


def test_an_answer_can_be_a_value() -> None:
    exercise = value_exercise()
    assert examine(exercise, exercise.run(exercise.stub)).passed is None
    assert examine(exercise, 4).passed is True
    assert "that is the half" in examine(exercise, 2).plain
    assert examine(exercise, 5).passed is False


def test_stubs_and_slips_fit_their_sources() -> None:
    assert filled("def f(x):\n    ...", "y = x\nreturn y") == "def f(x):\n    y = x\n    return y"
    with pytest.raises(ValueError, match="a stub must end in"):
        filled("def f(x):\n    pass", "return x")
    assert changed("a + b", ("a", "c"), ("b", "d")) == "c + d"
    with pytest.raises(ValueError, match="there is no 'z'"):
        changed("a + b", ("z", "c"))


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
        (1, True, "not True"),
        (0, None, "not None"),
        ("b", "a", "not 'a'"),
        ((1, 2), [1, 2], None),
        ((1, 3), (1, 2), "1 too large (value 1)"),
        ((1,), (1, 2), "of type tuple where 2 values in a tuple is expected"),
        ({"a": 1}, {"a": 2}, "1 too small (a)"),
        ({"b": 1}, {"a": 1}, "of type dict where a dict of a is expected"),
        (torch.ones(2), torch.ones(2), None),
        (torch.ones(2, dtype=torch.int64), torch.ones(2), None),
        (torch.ones(2), torch.zeros(2), "off by up to 1"),
        (torch.full((2,), float("nan")), torch.full((2,), float("nan")), None),
    ],
)
def test_differences_are_said_in_words(got: object, want: object, words: str | None) -> None:
    assert difference(got, want) == words


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
def test_values_are_shown_in_short(value: object, text: str) -> None:
    assert show(value) == text


# The notebooks' cells


def run_cell(source: str, names: dict[str, Any]) -> object:
    """Run a cell's code, return the value that it ends in."""
    *body, last = ast.parse(source).body
    exec(compile(ast.Module(body, []), "cell", "exec"), names)
    if not isinstance(last, ast.Expr):
        exec(compile(ast.Module([last], []), "cell", "exec"), names)
        return None
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names)


@each_exercise
def test_its_notebook_holds_the_stub_and_the_check(exercise: Exercise) -> None:
    paths = sorted(NOTEBOOKS.glob(f"{exercise.name[:2]}_*.ipynb"))
    if not paths:
        pytest.skip("the lesson is not written yet")
    cells = nbformat.read(paths[0], as_version=4).cells
    sources = [cell.source for cell in cells if cell.cell_type == "code"]
    assert any("import torch" in source.splitlines() for source in sources)
    stubs = [source for source in sources if exercise.stub in source]
    checks = [source for source in sources if f'check("{exercise.name}", ' in source]
    assert (len(stubs), len(checks)) == (1, 1)
    assert sources.index(stubs[0]) < sources.index(checks[0])

    names: dict[str, Any] = {"torch": torch, "check": check}
    for source, passed in ((stubs[0], None), (solved(stubs[0], exercise), True)):
        value = run_cell(source, names)
        if checks[0] != stubs[0]:
            value = run_cell(checks[0], names)
        assert isinstance(value, Result)
        assert value.passed is passed


def solved(source: str, exercise: Exercise) -> str:
    return source.replace(exercise.stub, exercise.solution)


# Lesson 05


@pytest.mark.parametrize(
    ("name", "answer", "words"),
    [
        ("05.1", lambda a, b: -F.logsigmoid(a).mean() - F.logsigmoid(b).mean(), "told to be real"),
        ("05.1", lambda a, b: -F.logsigmoid(-a).mean() - F.logsigmoid(b).mean(), "changed places"),
        ("05.1", lambda a, b: -F.logsigmoid(a).mean(), "the fakes are missing"),
        ("05.2", lambda sizes: sum(a * b + b for a, b in pairs(sizes)), "a bias is added once"),
        ("05.2", lambda sizes: sum(map(sum, pairs(sizes))), "multiply the two"),
        ("05.3", lambda b, z, h: (b - z * h) // (14**2 * h + 28**2 * 16), "14 · 14 input"),
        ("05.3", lambda b, z, h: (b - z * h) // (14**2 * h), "missing from the bill"),
        ("05.4", lambda names, player: [n for n in names if n.find(player) >= 0], "somewhere"),
        ("05.4", lambda names, player: [n for n in names if not n.find(player)], "the point too"),
    ],
)
def test_a_mistake_of_lesson_05_in_other_words(name: str, answer: Any, words: str) -> None:
    result = check(name, answer)
    assert result.passed is False
    assert words in result.plain


def pairs(sizes: list[int]) -> list[tuple[int, int]]:
    return [(sizes[i], sizes[i + 1]) for i in range(len(sizes) - 1)]


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("05.1", lambda a, b: -F.logsigmoid(a).mean() - F.logsigmoid(-b).mean()),
        ("05.1", lambda a, b: LOSSES["nonsaturating"].discriminator(a, b)),
        ("05.2", lambda sizes: sum(torch.empty(b, a).numel() for a, b in pairs(sizes))),
        ("05.3", lambda b, z, h: max(c for c in range(40) if z * h + c * 196 * (h + 16) <= b)),
        ("05.4", lambda names, player: [n for n in names if n.split(".")[0] == player]),
    ],
)
def test_another_right_answer_of_lesson_05_passes(name: str, answer: Any) -> None:
    assert check(name, answer).passed is True


def test_the_lessons_own_budget_gives_its_four_maps() -> None:
    assert catalogue()["05.3"].expected(129_536, 100, 128) == 4
    assert catalogue()["05.2"].expected([100, 128, 128, 784]) == 129_536
