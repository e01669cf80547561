"""Run the notebooks from top to bottom and store what they show, ready to be committed.

    python tools/run_notebooks.py [06]

Given the beginning of a name, only the notebooks that have it run. A notebook that fails stays as
it was. What differs from run to run and says nothing (times, widget state, the Python version) is
left out of the file.
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
        sys.exit(f"failed and left as before: {', '.join(failed)}")


def rerun(path: Path) -> None:
    """Run one notebook in a kernel of this environment and replace the file with the result."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=CELL_TIMEOUT_S,
        record_timing=False,
        store_widget_state=False,
        coalesce_streams=True,  # how prints fall into pieces differs from run to run
        resources={"metadata": {"path": str(path.parent)}},
    ).execute()
    clean(notebook)
    unfinished = path.with_suffix(".tmp")
    nbformat.write(notebook, unfinished)
    os.replace(unfinished, path)


def clean(notebook: nbformat.NotebookNode) -> None:
    """Drop what changes from machine to machine and is no part of the lesson."""
    notebook.metadata.pop("widgets", None)  # GitHub refuses to show a file that has it
    notebook.metadata.kernelspec = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    notebook.metadata.language_info = {"name": "python"}
    for cell in notebook.cells:
        for name in ("execution", "ExecuteTime", "collapsed"):
            cell.metadata.pop(name, None)


if __name__ == "__main__":
    main()
