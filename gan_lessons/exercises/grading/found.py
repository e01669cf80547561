"""Finds the answers in a notebook as it was handed in: edited, out of order, half done."""

import ast
import json
from dataclasses import dataclass
from pathlib import Path

from gan_lessons.exercises import Exercise, catalogue

MOST_BYTES = 100 * 2**20  # of a notebook
# Names that hold the solutions: an answer that uses them is looked at by a person.
SUSPECTS = ("catalogue", "solution", "gan_lessons.exercises.engine", "gan_lessons.exercises.lesson")


class Unreadable(ValueError):
    """The file is no notebook."""


@dataclass(frozen=True)
class Answer:
    """One answer: the function's name in the notebook, and the cell that defines it.

    before: all that the notebook imports and defines, piece by piece; what fails of it is left out,
    for an answer needs little of it. touched: whether it is more than the stub. looked_up: whether
    the cell mentions what holds the solutions.
    """

    exercise: Exercise
    name: str
    before: tuple[str, ...]
    cell: str
    touched: bool
    looked_up: bool


def answers_in(path: Path) -> tuple[list[Answer], dict[str, str]]:
    """The answers of a notebook, in the order of the lessons; stubs that nobody touched too.

    Of several definitions the last one counts that was touched. With them, by exercise, what is
    wrong with answers in cells that Python cannot read. Raises Unreadable.
    """
    sources = _cells(path)
    read = [_tree(source) for source in sources]
    whole = [tree for tree in read if isinstance(tree, ast.Module)]
    called, common = _checked_names(whole), _definitions(whole)
    found, broken = [], {}
    for exercise in catalogue().values():
        name = called.get(exercise.name, exercise.answer)
        own = [(tree, function) for tree in whole for function in _functions(tree, name)]
        touched = [pair for pair in own if not _is_stub(pair[1])]
        if own:
            tree, function = (touched or own)[-1]
            cell = _without_calls(tree)
            looked = any(each in cell for each in SUSPECTS)
            found.append(Answer(exercise, function.name, common, cell, bool(touched), looked))
        for source, tree_or_why in zip(sources, read, strict=True):
            if isinstance(tree_or_why, str) and f"def {name}(" in source:
                broken[exercise.name] = tree_or_why
    return found, broken


def _cells(path: Path) -> list[str]:
    """The source of each code cell, without magics."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise Unreadable(f"larger than {MOST_BYTES // 2**20} MiB")
        stored = json.loads(path.read_text(encoding="utf-8-sig"))
        cells = stored["cells"]
        sources = [
            each["source"] if isinstance(each["source"], str) else "".join(each["source"])
            for each in cells
            if each["cell_type"] == "code"
        ]
    except Unreadable:
        raise
    except RecursionError:
        raise Unreadable("nested too deeply") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Unreadable(f"no notebook: {type(error).__name__}: {error}"[:200]) from None
    return ["\n".join(map(_without_magic, each.splitlines())) for each in sources]


def _without_magic(line: str) -> str:
    text = line.lstrip()
    return "pass" if text.startswith(("%", "!")) and text == line else line


def _tree(source: str) -> ast.Module | str:
    """The source as a tree, or why it is none."""
    try:
        return ast.parse(source)
    except SyntaxError as error:
        return f"{type(error).__name__}: {error.msg}, line {error.lineno} of its cell"
    except (ValueError, RecursionError, MemoryError) as error:
        return f"{type(error).__name__}: {error}"


def _checked_names(trees: list[ast.Module]) -> dict[str, str]:
    """Exercise → name of the function that `check("02.1", name)` is called with."""
    found = {}
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.Call) and _called(node) == "check" and len(node.args) > 1:
            first, second = node.args[:2]
            if isinstance(first, ast.Constant) and isinstance(second, ast.Name):
                found[str(first.value)] = second.id
    return found


def _called(node: ast.Call) -> str:
    """The last name of what is called."""
    return str(getattr(node.func, "attr", getattr(node.func, "id", "")))


def _functions(tree: ast.Module, name: str) -> list[ast.FunctionDef]:
    return [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name]


def _is_stub(function: ast.FunctionDef) -> bool:
    """Whether the body is a docstring, dots, `pass` or NotImplementedError, as in the lesson."""
    rest = list(function.body)
    if rest and isinstance(rest[0], ast.Expr) and isinstance(rest[0].value, ast.Constant):
        rest = rest[1:]
    for node in rest:
        dots = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        raised = isinstance(node, ast.Raise) and "NotImplementedError" in ast.unparse(node)
        if not (dots or raised or isinstance(node, ast.Pass)):
            return False
    return True


def _definitions(trees: list[ast.Module]) -> tuple[str, ...]:
    """All imports, functions, classes and plain constants of a notebook, in order."""
    kept = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)
    return tuple(
        ast.unparse(node)
        for tree in trees
        for node in tree.body
        if isinstance(node, kept) or (isinstance(node, ast.Assign) and _is_plain(node.value))
    )


def _is_plain(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return False
    return True


def _without_calls(tree: ast.Module) -> str:
    """A cell without `check`, `hint` and `solution`, which would run the answer too early."""
    body = [
        node
        for node in tree.body
        if not (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Call)
            and _called(node.value) in ("check", "hint", "solution")
        )
    ]
    return ast.unparse(ast.Module(body, []))
