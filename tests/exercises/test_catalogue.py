"""Each exercise of gan_lessons: stub, solution, mistakes, hints, cases, its notebook's cells."""

import ast
import inspect
from collections import Counter
from pathlib import Path
from typing import Any

import nbformat
import pytest
import torch

from gan_lessons import exercises
from gan_lessons.exercises import Exercise, Result, catalogue, check, hint, solution
from gan_lessons.exercises.compare import difference
from gan_lessons.exercises.engine import Mistake

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
NAMES = list(catalogue())
WRONG = [
    pytest.param(exercise, mistake, id=f"{exercise.name}-{number}")
    for exercise in catalogue().values()
    for number, mistake in enumerate(exercise.mistakes)
]
each_exercise = pytest.mark.parametrize("exercise", catalogue().values(), ids=NAMES)


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


@each_exercise
def test_stub_and_solution_have_one_signature_and_docstring(exercise: Exercise) -> None:
    stub = exercise.run(exercise.stub)
    assert inspect.signature(stub) == inspect.signature(exercise.run(exercise.solution))
    assert inspect.getdoc(stub) == inspect.getdoc(exercise.solve)
    assert exercise.stub.endswith('"""\n    ...')
    assert exercise.solution.startswith(f"def {exercise.answer}(")
    assert len(exercise.solution) > len(exercise.stub)


@pytest.mark.parametrize(("exercise", "mistake"), WRONG)
@pytest.mark.parametrize("seed", range(3))
def test_a_wrong_answer_gets_its_own_hint(exercise: Exercise, mistake: Mistake, seed: int) -> None:
    result = check(exercise.name, exercise.wrong(mistake), seed=seed)
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
    wrong = exercise.wrong(exercise.mistakes[0])
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


# Names, hints, solutions, what is shown


@pytest.mark.parametrize("name", ["06.9", "", 6.1])
@pytest.mark.parametrize("ask", [lambda name: check(name, None), hint, solution])
def test_an_unknown_name_lists_the_known_ones(name: Any, ask: Any) -> None:
    with pytest.raises(ValueError, match=r"unknown exercise .*: choose from .*06\.1, 06\.2"):
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
    with pytest.raises(ValueError, match=f"hint for 06.1 must be .* from 1 to 2, got {number}"):
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
    with pytest.raises(ValueError, match=r"unknown GAN_LESSONS_SOLUTIONS .*: choose from on, off"):
        solution("06.1")


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
