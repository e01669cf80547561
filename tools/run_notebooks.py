"""Runs the notebooks from top to bottom and saves their outputs, ready to commit.

    python tools/run_notebooks.py [06]

With the beginning of a name, runs only the notebooks whose names begin with it. A notebook that
fails stays unchanged. What differs from run to run without meaning (times, widget state, the Python
version) is not saved.
"""

import os
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
CELL_TIMEOUT_S = 600


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
    NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=CELL_TIMEOUT_S,
        record_timing=False,
        store_widget_state=False,
        coalesce_streams=True,  # how output is split into messages differs from run to run
        resources={"metadata": {"path": str(path.parent)}},
    ).execute()
    clean(notebook)
    unfinished = path.with_suffix(".tmp")
    nbformat.write(notebook, unfinished)
    os.replace(unfinished, path)


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
    hide_answers(notebook)


def hide_answers(notebook: nbformat.NotebookNode) -> None:
    """Stores the outputs that answer a prediction collapsed; they open when the cell runs."""
    asked = False
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            asked = "**Predict" in cell.source
            continue
        of_jupyter = cell.metadata.get("jupyter", {})
        of_jupyter.pop("outputs_hidden", None)
        if asked and cell.outputs:
            of_jupyter["outputs_hidden"] = True
        cell.metadata.pop("jupyter", None)
        if of_jupyter:
            cell.metadata.jupyter = of_jupyter


if __name__ == "__main__":
    main()
