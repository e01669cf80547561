"""The notebooks' files as they are stored: run in order, clean, and built as a lesson is.

Each check is a function of a notebook that yields what is wrong with it, in words. One test runs it
over all of them, another plants the defect and sees that it is found.
"""

import copy
import json
import re
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_output

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
try:
    import run_notebooks
finally:
    sys.path.pop(0)

KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
TAGS = {"nbval-ignore-output", "nbval-check-output", "nbval-skip", "raises-exception", "evidence"}
TIMES = ("execution", "ExecuteTime")  # what Jupyter and its extensions write down
# A folder at the root of some machine, or of a drive; a file's address.
ABSOLUTE = re.compile(
    r"(?<![\w./:])/(?:home|root|Users|tmp|work|usr|var|opt|mnt|media|content|private|data)/\S*"
    r"|\b[A-Z]:\\\w\S*|file://\S*"
)
WARNING = re.compile(r"\b\w*Warning\b|\bdeprecated\b", re.IGNORECASE)
TIME_STAMP = re.compile(r"\b\d{4}-\d\d-\d\d\b|\b\d\d:\d\d:\d\d\b")
ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]{6,}")  # of an object in memory: another each time


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def tags(cell: NotebookNode) -> set[str]:
    return set(cell.metadata.get("tags", []))


def place(notebook: NotebookNode, cell: NotebookNode) -> str:
    """How to find a cell again."""
    number = next(i for i, each in enumerate(notebook.cells) if each is cell)
    return f"cell {number} ({cell.source.strip().splitlines()[:1]})"


def texts_of(output: NotebookNode) -> list[str]:
    """All that an output says, pictures aside."""
    data = output.get("data", {})
    said = [text for kind, text in data.items() if kind.startswith("text/")]
    return [*said, output.get("text", ""), *output.get("traceback", [])]


# As it is stored


def not_valid(_: str, notebook: NotebookNode) -> Iterator[str]:
    try:
        nbformat.validate(notebook)
    except nbformat.ValidationError as error:
        yield f"is no valid notebook: {error.message}"
    if dict(notebook.metadata.get("kernelspec", {})) != KERNEL:
        yield f"the kernel must be {KERNEL}, is {notebook.metadata.get('kernelspec')}"
    if dict(notebook.metadata.get("language_info", {})) != {"name": "python"}:
        yield f"language_info holds more than the name: {notebook.metadata.get('language_info')}"
    if more := set(notebook.metadata) - {"kernelspec", "language_info"}:
        yield f"metadata that says nothing of the lesson: {sorted(more)}"


def not_run_in_order(_: str, notebook: NotebookNode) -> Iterator[str]:
    counts = [cell.execution_count for cell in code_cells(notebook)]
    if counts != list(range(1, len(counts) + 1)):
        yield f"not run from top to bottom, run make notebooks: {counts}"
    for cell in notebook.cells:
        if not cell.source.strip():
            yield f"cell {notebook.cells.index(cell)} is empty"
        if unknown := tags(cell) - TAGS:
            yield f"{place(notebook, cell)} has tags that mean nothing: {sorted(unknown)}"


def complains(_: str, notebook: NotebookNode) -> Iterator[str]:
    for cell in code_cells(notebook):
        for output in cell.outputs:
            where = place(notebook, cell)
            if output.output_type == "error" and "raises-exception" not in tags(cell):
                yield f"{where} failed: {output.ename}: {output.evalue}"
            elif output.get("name") == "stderr":
                yield f"{where} writes to the error stream: {output.text[:80]!r}"
            elif found := [m[0] for text in texts_of(output) if (m := WARNING.search(text))]:
                yield f"{where} warns: {found}"


def of_one_machine(_: str, notebook: NotebookNode) -> Iterator[str]:
    for cell in notebook.cells:
        said = [text for output in cell.get("outputs", []) for text in texts_of(output)]
        for text in [cell.source, *said]:
            if found := ABSOLUTE.search(text):
                yield f"{place(notebook, cell)} has a path of one machine: {found[0]}"
        for text in said:
            if found := TIME_STAMP.search(text) or ADDRESS.search(text):
                yield f"{place(notebook, cell)} shows what changes from run to run: {found[0]}"
        for name in TIMES:
            if name in cell.metadata:
                yield f"{place(notebook, cell)} stores times: {cell.metadata[name]}"
        if found := ABSOLUTE.search(json.dumps(cell.metadata)):
            yield f"{place(notebook, cell)} has a path in its metadata: {found[0]}"


def answers_itself(_: str, notebook: NotebookNode) -> Iterator[str]:
    """Outputs that answer a prediction are stored collapsed, and no others."""
    asked = False
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            asked = "**Predict" in cell.source
        elif (asked and bool(cell.outputs)) != cell.metadata.get("jupyter", {}).get(
            "outputs_hidden", False
        ):
            yield f"{place(notebook, cell)} shows an answer, or hides what is none"
        elif asked and cell.outputs:
            text, _ = run_notebooks.first_text(cell.outputs[0])
            if next(filter(None, text.split("\n")), "").strip():  # JupyterLab shows this line
                yield f"{place(notebook, cell)} begins with its answer: {text[:40]!r}"


CHECKS = [not_valid, not_run_in_order, complains, of_one_machine, answers_itself]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_stored_as_it_should_be(none_of, check):
    none_of(check)


def an_output(text: str, name: str = "stdout") -> NotebookNode:
    return nbformat.v4.new_output("stream", name=name, text=text)


def an_error() -> NotebookNode:
    return nbformat.v4.new_output(
        "error", ename="ValueError", evalue="no", traceback=["ValueError"]
    )


DEFECTS = {
    "no kernel": (not_valid, lambda n: n.metadata.pop("kernelspec")),
    "kernel of one machine": (not_valid, lambda n: n.metadata.kernelspec.update(name="env-3")),
    "Python's version": (not_valid, lambda n: n.metadata.language_info.update(version="3.12")),
    "metadata of an editor": (not_valid, lambda n: n.metadata.update(vscode={})),
    "invalid": (not_valid, lambda n: n.cells[0].update(outputs=1)),
    "run twice": (not_run_in_order, lambda n: code_cells(n)[3].update(execution_count=99)),
    "not run": (not_run_in_order, lambda n: code_cells(n)[-1].update(execution_count=None)),
    "an empty cell": (not_run_in_order, lambda n: n.cells[1].update(source=" \n")),
    "a slip in a tag": (not_run_in_order, lambda n: n.cells[1].metadata.update(tags=["nbval-skp"])),
    "an error": (complains, lambda n: code_cells(n)[2].outputs.append(an_error())),
    "standard error": (
        complains,
        lambda n: code_cells(n)[2].outputs.append(an_output("x", "stderr")),
    ),
    "a warning": (
        complains,
        lambda n: code_cells(n)[2].outputs.append(an_output("FutureWarning: x")),
    ),
    "a folder in a source": (
        of_one_machine,
        lambda n: n.cells[1].update(source="open('/home/a/b')"),
    ),
    "a folder in an output": (
        of_one_machine,
        lambda n: code_cells(n)[2].outputs.append(an_output("saved to /tmp/tmpk3/a")),
    ),
    "a drive": (of_one_machine, lambda n: n.cells[0].update(source=r"in C:\Users\a")),
    "the hour": (
        of_one_machine,
        lambda n: code_cells(n)[2].outputs.append(an_output("at 2026-08-01 done")),
    ),
    "an object's address": (
        of_one_machine,
        lambda n: code_cells(n)[2].outputs.append(an_output("<Net object at 0x7f21a0b3c4d0>")),
    ),
    "times in metadata": (
        of_one_machine,
        lambda n: n.cells[1].metadata.update(execution={"a": "b"}),
    ),
    "an answer in sight": (
        answers_itself,
        lambda n: next(cell.metadata for cell in code_cells(n) if cell.metadata.get("jupyter")).pop(
            "jupyter"
        ),
    ),
    "an answer beside the dots": (
        answers_itself,
        lambda n: next(
            cell for cell in code_cells(n) if cell.metadata.get("jupyter", {}).get("outputs_hidden")
        ).update(outputs=[new_output("stream", text="4 → 7")]),
    ),
    "a folder in metadata": (of_one_machine, lambda n: n.cells[1].metadata.update(a="/root/x")),
}


@pytest.mark.parametrize("name", DEFECTS)
def test_a_defect_is_found(notebooks, name):
    check, spoil = DEFECTS[name]
    spoiled = copy.deepcopy(notebooks["01_deconvolution_formula"])
    assert list(check("01", spoiled)) == []
    spoil(spoiled)
    assert list(check("01", spoiled))


# As a lesson is built


class Figures(NamedTuple):
    cells: int
    words: int  # of running text: no code, no mathematics, no addresses
    median: float  # lines of a code cell
    predictions: int
    exercises: int
    recap: int  # lines


LIMITS = {
    "cells": (40, 100),
    "words": (1200, 3000),
    "median": (1, 8),
    "predictions": (5, 40),
    "exercises": (3, 6),
    "recap": (5, 5),
}


def prose(notebook: NotebookNode) -> str:
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def section(text: str, title: str) -> str:
    """What stands under a heading of the second level."""
    found = re.search(rf"^## {title}\b(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


def words(text: str) -> int:
    text = re.sub(r"```.*?```|\$\$.*?\$\$", " ", text, flags=re.DOTALL)
    text = re.sub(r"<summary>.*?</summary>", " ", text)  # a label of a fold
    text = re.sub(r"`[^`\n]*`|\$[^$\n]*\$|\]\([^)]*\)|<[^>]*>", " ", text)
    return len(re.findall(r"\w[\w'’.,-]*", text))


def figures(number: str, notebook: NotebookNode) -> Figures:
    text, code = prose(notebook), code_cells(notebook)
    lines = [sum(bool(line.strip()) for line in cell.source.splitlines()) for cell in code]
    sources = "\n".join(cell.source for cell in code)
    return Figures(
        len(notebook.cells),
        words(text),
        statistics.median(lines),
        text.count("**Predict"),
        len(re.findall(rf'^check\("{number}\.\d+"', sources, re.MULTILINE)),
        len(re.findall(r"^- ", section(text, "Recap"), re.MULTILINE)),
    )


def not_built_as_a_lesson(name: str, notebook: NotebookNode) -> Iterator[str]:
    """What the anatomy asks for. Lesson 00 leads to the others and is none."""
    number = name[:2]
    if number == "00":
        return
    text, first = prose(notebook), notebook.cells[0].source
    measured = figures(number, notebook)
    for kind, (low, high) in LIMITS.items():
        if not low <= getattr(measured, kind) <= high:
            yield f"{kind} must be {low} to {high}: {measured}"
    if not re.search(rf"^# {number} · \S", first, re.MULTILINE):
        yield f"the first cell has no title '# {number} · …'"
    for part in ("**At the end you can**", "**You need**", "**Time**"):
        if part not in first:
            yield f"the first cell does not say {part}"
    told = re.search(
        r"\*\*Time\*\* \d+ minutes to read, (\d+) for exercises; about \d+ seconds to run", first
    )
    exercises = re.findall(rf"^\*\*{number}\.(\d+)\*\* · (\d+) minutes?\.", text, re.MULTILINE)
    if told is None or int(told[1]) != sum(int(minutes) for _, minutes in exercises):
        yield "the first cell does not tell the minutes to read and to solve, the seconds to run"
    for title in ("Exercises", "Recap", "References"):
        if not section(text, title).strip():
            yield f"there is nothing under '## {title}'"
    numbers = [each for each, _ in exercises]
    if numbers != [str(i + 1) for i in range(measured.exercises)]:
        yield f"exercises must be told in order, each with its minutes: {numbers}"
    numbered = re.findall(r"^## (\d+)\. ", text, re.MULTILINE)
    if numbered != [str(i + 1) for i in range(len(numbered))]:
        yield f"sections must be numbered in order: {numbered}"


def test_built_as_a_lesson(none_of, notebooks):
    for name, notebook in notebooks.items():
        print(name, figures(name[:2], notebook))
    none_of(not_built_as_a_lesson)


def test_neighbours_are_linked_at_top_and_bottom(notebooks):
    wrong = unlinked(notebooks)
    assert not wrong, "\n".join(["", *wrong])


def unlinked(notebooks) -> list[str]:
    """Which lessons do not lead to the one before and the one after, in both places."""
    names, wrong = list(notebooks), []
    for i, name in enumerate(names):
        cells = notebooks[name].cells
        neighbours = names[max(0, i - 1) : i] + names[i + 1 : i + 2]
        for where, cell in (("top", cells[0]), ("bottom", cells[-1])):
            if where == "top" and i == 0:
                continue
            wrong += [
                f"{name}: no link to {other} at the {where}"
                for other in neighbours
                if f"]({other}.ipynb)" not in cell.source
            ]
    return wrong


LESSON_DEFECTS = {
    "cells": lambda n: n.cells.extend([n.cells[1]] * 70),
    "words": lambda n: n.cells[1].update(cell_type="markdown", source="word " * 2000),
    "median": lambda n: [cell.update(source="x = 1\n" * 9) for cell in code_cells(n)],
    "predictions": lambda n: [
        cell.update(source=cell.source.replace("**Predict", "**Guess")) for cell in n.cells
    ],
    "exercises": lambda n: [
        cell.update(source=cell.source.replace("check(", "try_it(")) for cell in n.cells
    ],
    "recap": lambda n: [
        cell.update(source=cell.source.replace("## Recap\n", "## Recap\n\n- And more."))
        for cell in n.cells
    ],
    "title": lambda n: n.cells[0].update(source=n.cells[0].source.replace("# 01 · ", "# ")),
    "Time": lambda n: n.cells[0].update(source=n.cells[0].source.replace("**Time**", "Time")),
    "minutes": lambda n: [
        cell.update(source=cell.source.replace(" minutes.", ".")) for cell in n.cells
    ],
    "References": lambda n: n.cells[-1].update(source="The end."),
    "sections": lambda n: [
        cell.update(source=cell.source.replace("## 3. ", "## 4. ")) for cell in n.cells
    ],
}


@pytest.mark.parametrize("name", LESSON_DEFECTS)
def test_a_badly_built_lesson_is_found(notebooks, name):
    spoiled = copy.deepcopy(notebooks["01_deconvolution_formula"])
    LESSON_DEFECTS[name](spoiled)
    found = "\n".join(not_built_as_a_lesson("01_deconvolution_formula", spoiled))
    assert name in found


def test_a_missing_link_is_found(notebooks):
    names = ["01_deconvolution_formula", "02_kernels_strides_sizes", "03_optimising_deconvolution"]
    spoiled = {name: copy.deepcopy(notebooks[name]) for name in names}
    before = unlinked(spoiled)
    last = spoiled[names[1]].cells[-1]
    last.source = last.source.replace(f"]({names[2]}.ipynb)", "](elsewhere.ipynb)")
    assert set(unlinked(spoiled)) - set(before) == {
        f"{names[1]}: no link to {names[2]} at the bottom"
    }
