"""A lesson's own experiment, to run it with other seeds and data than the lesson does.

The cells of a notebook that carry the tag `evidence` define it. What they leave open (`seed`, the
pictures) is given here.
"""

import ast
import contextlib
import functools
import io
import json
from pathlib import Path
from typing import Any

from gan_lessons import data, metrics

ROOT = Path(__file__).resolve().parents[2]
DATA = ("mnist", "glyphs")


@functools.cache
def source(number: str) -> str:
    """The code of the tagged cells of a lesson."""
    (file,) = (ROOT / "notebooks").glob(f"{number}_*.ipynb")
    cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
    tagged = [c for c in cells if "evidence" in c["metadata"].get("tags", [])]
    if not tagged:
        raise ValueError(f"{file.name} has no cell with the tag evidence")
    return "\n\n".join("".join(cell["source"]) for cell in tagged)


def shape(code: str, *names: str) -> str:
    """What the statements that some names need do, without layout, comments and docstrings.

    It is the same in all versions of Python, unlike what `ast.dump` and `ast.unparse` give.
    """
    return repr(_plain(_needed(code, set(names))))


def texts(code: str, *names: str) -> set[str]:
    """The strings in the statements that some names need."""
    nodes = (node for each in _needed(code, set(names)) for node in ast.walk(each))
    return {n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)}


def _plain(node: object) -> object:
    """A syntax tree as tuples, without what is empty: new versions add such fields."""
    if isinstance(node, list):
        return tuple(map(_plain, node))
    if not isinstance(node, ast.AST):
        return node
    fields = dict(ast.iter_fields(node))
    if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node):
        fields["body"] = node.body[1:]
    kept = [(name, _plain(value)) for name, value in fields.items() if value not in (None, [])]
    return type(node).__name__, *kept


def _needed(code: str, wanted: set[str]) -> list[ast.stmt]:
    """The statements of a program that define names, and all names that these use."""
    body = [each for statement in ast.parse(code).body for each in _apart(statement)]
    seen: set[str] = set()
    while wanted > seen:
        seen = set(wanted)
        for statement in body:
            if seen & _names(statement, ast.Store):
                wanted = wanted | _names(statement, ast.Load)
    return [statement for statement in body if seen & _names(statement, ast.Store)]


def _apart(statement: ast.stmt) -> list[ast.stmt]:
    """One statement for each name that an import brings; others as they are."""
    if isinstance(statement, ast.Import):
        return [ast.Import([each]) for each in statement.names]
    if isinstance(statement, ast.ImportFrom):
        return [ast.ImportFrom(statement.module, [n], statement.level) for n in statement.names]
    return [statement]


def _names(node: ast.AST, context: type[ast.expr_context]) -> set[str]:
    """The names that a statement defines (ast.Store) or uses (ast.Load)."""
    if isinstance(node, ast.Name):
        return {node.id} if isinstance(node.ctx, context) else set()
    if context is ast.Store:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            return {node.name}  # what is defined within is its own
        if isinstance(node, ast.Import | ast.ImportFrom):
            return {(each.asname or each.name).split(".")[0] for each in node.names}
        if isinstance(node, ast.comprehension):
            return set()
    elif isinstance(node, ast.FunctionDef):
        outside = [*node.decorator_list, node.args, *([node.returns] if node.returns else [])]
        used = {name for child in outside for name in _names(child, context)}
        return used | {n for child in node.body for n in _names(child, context)} - _own(node)
    return {name for child in ast.iter_child_nodes(node) for name in _names(child, context)}


def _own(function: ast.FunctionDef) -> set[str]:
    """The names that are a function's own: its arguments, and what its body assigns."""
    arguments = {each.arg for each in ast.walk(function.args) if isinstance(each, ast.arg)}
    assigned = {name for child in function.body for name in _names(child, ast.Store)}
    declared = [each for each in ast.walk(function) if isinstance(each, ast.Global | ast.Nonlocal)]
    return (arguments | assigned) - {name for each in declared for name in each.names}


@functools.cache
def lesson(number: str, data_set: str) -> dict[str, Any]:
    """The names that the tagged cells define, on a data set; `seed` can be set before each run."""
    pictures = data.load(data_set)
    names: dict[str, Any] = {
        "images": pictures,
        "real": pictures,
        "unseen": data.load(data_set, split="test"),
        "seed": 0,
        "__name__": "lesson",
    }
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(source(number), f"lesson {number}", "exec"), names)
    return names


@functools.cache
def judge(data_set: str, count: int = 2000) -> metrics.Judge:
    """The referee of a data set."""
    return metrics.Judge(data.load(data_set), data.load(data_set, split="test"), count=count)
