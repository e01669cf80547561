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


def shape(code: str, name: str | None = None) -> str:
    """What a program does, without its layout and comments; of a name, what that name needs.

    It is the same in all versions of Python, unlike what `ast.dump` and `ast.unparse` give.
    """
    body = ast.parse(code).body
    return repr(_plain(body if name is None else _needed(body, name)))


def _plain(node: object) -> object:
    """A syntax tree as tuples, without what is empty: new versions add such fields."""
    if isinstance(node, list):
        return tuple(map(_plain, node))
    if not isinstance(node, ast.AST):
        return node
    fields = [(n, _plain(v)) for n, v in ast.iter_fields(node) if v is not None and v != []]
    return type(node).__name__, *fields


def _needed(body: list[ast.stmt], name: str) -> list[ast.stmt]:
    """The statements of a program that define a name, and all names that these use."""
    seen: set[str] = set()
    wanted = {name}
    while wanted > seen:
        seen |= wanted
        for statement in body:
            if seen & _names(statement, ast.Store):
                wanted |= _names(statement, ast.Load)
    return [statement for statement in body if seen & _names(statement, ast.Store)]


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
    return {name for child in ast.iter_child_nodes(node) for name in _names(child, context)}


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
