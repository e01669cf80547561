"""Runs the lessons for Colab with Colab's package versions, and then the widgets' tests.

    python tools/run_colab.py [06]

Each file of dist/colab runs alone in an empty folder, in an environment without gan_lessons. It
must install what it needs and leave all other packages unchanged. With the beginning of a name,
runs only the lessons whose names begin with it. The widgets' tests use the package that a set-up
cell installs.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

import colab_env
import nbformat
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from make_colab import COLAB, ROOT, SET_UP
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from setup_env import SetupError
from traitlets import default

CELL_TIMEOUT_S = 600
OURS = {"gan-lessons", "torchmetrics", "lightning-utilities"}  # a set-up cell may install these


class ColabKernel(KernelSpecManager):
    """Gives the environment's kernel for every kernel name."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        argv = [str(colab_env.PYTHON), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=argv, display_name="Colab", language="python")


class ColabManager(AsyncKernelManager):
    """Starts that kernel; a class, so that nbclient creates the manager and ends its kernel."""

    @default("kernel_spec_manager")
    def _colab_specs(self) -> KernelSpecManager:
        return ColabKernel()


def main() -> None:
    only = sys.argv[1] if len(sys.argv) > 1 else ""
    paths = sorted(COLAB.glob(f"{only}*.ipynb"))
    if not paths:
        known = ", ".join(path.stem for path in sorted(COLAB.glob("*.ipynb"))) or "none: make colab"
        sys.exit(f"no lesson's name begins with {only!r}: there are {known}")
    try:
        failed = [path.name for path in paths if not passes(path)]
        if not widgets_pass(paths[0]):
            failed.append("tests/widgets")
        colab_env.prepare()
    except SetupError as error:
        sys.exit(f"Set-up failed: {error}")
    if failed:
        sys.exit(f"failed on Colab's versions: {', '.join(failed)}")


def environment() -> dict[str, str]:
    """Environment variables for a process that must not see the project."""
    hidden = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "JUPYTER_PATH", "PIP_TARGET", "PIP_USER")
    env = {name: value for name, value in os.environ.items() if name not in hidden}
    env["PATH"] = f"{colab_env.PYTHON.parent}{os.pathsep}{os.environ['PATH']}"
    env["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"  # silences a warning about the debugger
    return env


def passes(path: Path) -> bool:
    """Runs one lesson and prints its result and time."""
    before = colab_env.prepare()
    print(f"{path.name:<40} ", end="", flush=True)
    started = time.monotonic()
    try:
        notebook = run(path)
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        print("failed", flush=True)
        print(error, file=sys.stderr)
        return False
    took = time.monotonic() - started
    if wrong := touched(before, colab_env.packages()):
        print("failed", flush=True)
        print(f"{path.name} changes what Colab comes with: {wrong}", file=sys.stderr)
        return False
    print(f"{took:4.0f} s, of which set-up {set_up_seconds(notebook):.0f} s", flush=True)
    return True


def run(path: Path) -> nbformat.NotebookNode:
    """The lesson after a run from the top, alone in an empty folder."""
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        NotebookClient(
            notebook,
            kernel_manager_class=ColabManager,
            timeout=CELL_TIMEOUT_S,
            resources={"metadata": {"path": folder}},
        ).execute(env=environment())
    return notebook


def set_up_seconds(notebook: nbformat.NotebookNode) -> float:
    cell = next(cell for cell in notebook.cells if cell.id == SET_UP)
    times = cell.metadata.execution
    begin, end = (
        datetime.fromisoformat(times[name].rstrip("Z"))  # Python 3.10 does not know the Z
        for name in ("iopub.execute_input", "shell.execute_reply")
    )
    return (end - begin).total_seconds()


def touched(before: dict[str, str], after: dict[str, str]) -> dict[str, str]:
    """The lesson's changes of the environment, except new packages in OURS; may be empty."""
    added = {name: f"{after[name]} was added" for name in after.keys() - before.keys() - OURS}
    return colab_env.changed(before, after) | added


def widgets_pass(path: Path) -> bool:
    """Runs tests/widgets with the package that the set-up cell of this lesson installs."""
    colab_env.prepare()
    cells = nbformat.read(path, as_version=4).cells
    source = next(cell.source for cell in cells if cell.id == SET_UP)
    # The tests run on a copy: inside the project, its gan_lessons would shadow the wheel's.
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(ROOT / "pyproject.toml", folder)
        shutil.copytree(ROOT / "tests" / "widgets", Path(folder, "tests", "widgets"))
        for command in (["-"], ["-m", "pytest", "-q", "tests/widgets"]):
            done = subprocess.run(
                [colab_env.PYTHON, *command], cwd=folder, env=environment(), input=source, text=True
            )
            if done.returncode:
                return False
    return True


if __name__ == "__main__":
    main()
