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


def shape(code: str) -> str:
    """What a program does, without its layout and comments."""
    return ast.dump(ast.parse(code))


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
