"""Runs the notebooks from top to bottom and saves their outputs, ready to commit.

    python tools/run_notebooks.py [06]

With the beginning of a name, runs only the notebooks whose names begin with it. A notebook that
fails stays unchanged. What differs from run to run without meaning (times, widget state, the Python
version) is not saved.

A cell that shows an explorer may name controls in its metadata, as in

    "flipbook": {"kernel": [2, 3, 4], "stride": [1, 2, 3]}

(null for all values of a control; "of": what to show, if that is not the cell's last value; a list
for several). Its flip-books are saved for the site, docs/flipbooks/NN.json: see
`gan_lessons.widgets.flipbook`.
"""

import hashlib
import json
import os
import re
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError
from nbformat.v4 import new_code_cell

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
FLIPBOOKS = ROOT / "docs" / "flipbooks"
MAKE_BOOK = """\
__import__("gan_lessons.widgets.flipbook", fromlist=["_"]).save({file!r}, {of}, {controls!r})"""
LAST = "[*Out.values()][-1]"  # a lesson may have an `_` of its own
CELL_TIMEOUT_S = 600
COVER = "\u00a0\n"  # tests/nbval.cfg takes it away before outputs are compared
TEXTS = ("text/html", "image/svg+xml", "application/pdf", "text/markdown", "text/plain")
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def main() -> None:
    only = sys.argv[1] if len(sys.argv) > 1 else ""
    paths = sorted(NOTEBOOKS.glob(f"{only}*.ipynb"))
    if not paths:
        known = ", ".join(path.stem for path in sorted(NOTEBOOKS.glob("*.ipynb"))) or "none yet"
        sys.exit(f"no notebook's name begins with {only!r}: there are {known}")
    failed = []
    for path in paths:
        print(f"{path.name:<40} ", end="", flush=True)
        started = time.monotonic()
        try:
            rerun(path)
        except (CellExecutionError, CellTimeoutError) as error:
            failed.append(path.name)
            print("failed")
            print(error, file=sys.stderr)
        else:
            print(f"{time.monotonic() - started:.0f} s", flush=True)
    if failed:
        sys.exit(f"failed, files unchanged: {', '.join(failed)}")


def rerun(path: Path) -> None:
    """Runs one notebook in a kernel of this environment and replaces the file by the result."""
    notebook = nbformat.read(path, as_version=4)
    code, lesson = code_of(notebook), notebook.cells
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=CELL_TIMEOUT_S,
        record_timing=False,
        store_widget_state=False,
        coalesce_streams=True,  # how output is split into messages differs from run to run
        resources={"metadata": {"path": str(path.parent)}},
    )
    # A lesson is stored as a new learner sees it: nobody's solved exercises are read or recorded.
    with tempfile.TemporaryDirectory() as nobody, tempfile.TemporaryDirectory() as made:
        notebook.cells = with_books(lesson, Path(made))
        # Threads that spin for each other make it many times slower beside another program.
        own = {"GOMP_SPINCOUNT": "10000", **os.environ, "GAN_LESSONS_PROGRESS": nobody}
        client.execute(env=own)
        books = books_of(lesson, Path(made))
    notebook.cells = lesson
    recount(notebook)
    clean(notebook)
    unfinished = path.with_suffix(".tmp")
    nbformat.write(notebook, unfinished)
    os.replace(unfinished, path)
    if books:
        text = json.dumps({"code": code, "books": books}, ensure_ascii=False, indent=0)
        FLIPBOOKS.mkdir(exist_ok=True)
        (FLIPBOOKS / f"{path.name[:2]}.json").write_text(text + "\n", encoding="utf-8")


def code_of(notebook: nbformat.NotebookNode) -> str:
    """A hash of all that a lesson's flip-books depend on in it: code, and what to make."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    text = json.dumps([[cell.source, cell.metadata.get("flipbook")] for cell in cells])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def wanted_books(cell: nbformat.NotebookNode) -> list[dict]:
    """What a cell's metadata say of its flip-books."""
    wanted = cell.metadata.get("flipbook", [])
    return wanted if isinstance(wanted, list) else [wanted]


def with_books(cells: list[nbformat.NotebookNode], folder: Path) -> list[nbformat.NotebookNode]:
    """The cells, and behind each that has flip-books those that make them, as files."""
    both = []
    for cell in cells:
        both.append(cell)
        for number, wanted in enumerate(wanted_books(cell)):
            controls = {name: values for name, values in wanted.items() if name != "of"}
            file = str(folder / f"{cell.id}-{number}.json")
            source = MAKE_BOOK.format(file=file, of=wanted.get("of", LAST), controls=controls)
            both.append(new_code_cell(source))
    return both


def books_of(cells: list[nbformat.NotebookNode], folder: Path) -> dict[str, list[dict]]:
    """The flip-books that were made, by the id of their cell."""
    return {
        cell.id: [
            json.loads((folder / f"{cell.id}-{number}.json").read_text(encoding="utf-8"))
            for number in range(len(wanted_books(cell)))
        ]
        for cell in cells
        if wanted_books(cell)
    }


def recount(notebook: nbformat.NotebookNode) -> None:
    """Counts the executed cells anew, without those that were put in."""
    count = 0
    for cell in notebook.cells:
        if cell.get("execution_count"):
            count += 1
            cell.execution_count = count
            for output in cell.outputs:
                if "execution_count" in output:
                    output.execution_count = count


def clean(notebook: nbformat.NotebookNode) -> None:
    """Removes what differs between machines and is not part of the lesson."""
    notebook.metadata.pop("widgets", None)  # GitHub does not display a file with widget state
    notebook.metadata.kernelspec = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    notebook.metadata.language_info = {"name": "python"}
    for cell in notebook.cells:
        for name in ("execution", "ExecuteTime", "collapsed"):
            cell.metadata.pop(name, None)
        if cell.cell_type == "code":
            without_bars(cell)
    hide_answers(notebook)


def hide_answers(notebook: nbformat.NotebookNode) -> None:
    """Stores the outputs that answer a prediction collapsed; they open when the cell runs.

    JupyterLab shows the first line of a collapsed output, so that line is an empty one.
    """
    asked = False
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            asked = "**Predict" in cell.source
            continue
        of_jupyter = cell.metadata.get("jupyter", {})
        of_jupyter.pop("outputs_hidden", None)
        if asked and cell.outputs:
            of_jupyter["outputs_hidden"] = True
            cover(cell.outputs[0])
        cell.metadata.pop("jupyter", None)
        if of_jupyter:
            cell.metadata.jupyter = of_jupyter


def cover(output: nbformat.NotebookNode) -> None:
    """Puts an empty line before what JupyterLab would show of a collapsed output."""
    shown, kind = first_text(output)
    if shown and not shown.startswith(COVER):
        parts = output if kind == "text" else output.data
        parts[kind] = COVER + shown


def first_text(output: nbformat.NotebookNode) -> tuple[str, str]:
    """The text whose first line JupyterLab shows of a collapsed output, and its kind, or ""."""
    if output.output_type == "stream":
        return output.text, "text"
    data = output.get("data", {})
    kind = next((kind for kind in TEXTS if isinstance(data.get(kind), str)), "")
    return data.get(kind, ""), kind


def without_bars(cell: nbformat.NotebookNode) -> None:
    """Removes progress bars that are over: on a slow machine, what is stored would have them."""
    if "nbval-ignore-output" in cell.metadata.get("tags", []):
        cell.outputs = [each for each in cell.outputs if not is_bar(each)]


def is_bar(output: nbformat.NotebookNode) -> bool:
    """Whether it is a progress bar: one in text that has gone again, or a widget's."""
    text, kind = first_text(output)
    if kind == "text":
        return not text.strip()
    return WIDGET_VIEW in output.get("data", {}) and bool(re.search(r"\d%\|", text))


if __name__ == "__main__":
    main()
