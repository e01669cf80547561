"""The hooks of .pre-commit-config.yaml find a planted defect and accept what is sound."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
CONFIG = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
HOOKS = {hook["id"]: hook for repo in CONFIG["repos"] for hook in repo["hooks"]}
LESSON = "notebooks/01_deconvolution_formula.ipynb"


@pytest.fixture
def clone(tmp_path) -> Path:
    """A copy of what the hooks read."""
    for name in ("notebooks", "tests/notebooks", "tools"):
        ignored = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints", "runs")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    for name in ("pyproject.toml", "tests/conftest.py", "tests/nbval.cfg", "docs", "gan_lessons"):
        source, target = ROOT / name, tmp_path / name
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    return tmp_path


def run(name: str, folder: Path, *files: str) -> subprocess.CompletedProcess:
    """Runs a hook as pre-commit does, which passes the changed files to most of them."""
    hook = HOOKS[name]
    python, *arguments = shlex.split(hook["entry"])
    assert python == ".venv/bin/python"
    arguments += files if hook.get("pass_filenames", True) else ()
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def test_the_hooks():
    assert set(HOOKS) == {"ruff-check", "ruff-format", "mypy", "notebooks"}
    assert HOOKS["mypy"]["entry"] == ".venv/bin/python -m mypy"  # as make test runs it


def test_the_notebooks_hook_refuses_a_defect(clone):
    notebook = nbformat.read(clone / LESSON, as_version=4)
    first, second = [cell for cell in notebook.cells if cell.cell_type == "code"][:2]
    first.execution_count, second.execution_count = 2, 1
    first.outputs = [nbformat.v4.new_output("error", ename="E", evalue="", traceback=["E"])]
    notebook.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {}}}
    nbformat.write(notebook, clone / LESSON)
    done = run("notebooks", clone)
    assert done.returncode == 1, done.stdout + done.stderr
    told = [line for line in done.stdout.splitlines() if re.search(r"^E +\d\d_\w+: ", line)]
    assert all(f" {Path(LESSON).stem}: " in line for line in told)  # the others are sound
    for words in ("not run from top to bottom", " failed: E: ", "stores the state of widgets"):
        assert any(words in line for line in told), (words, done.stdout)


@pytest.mark.parametrize(
    ("name", "source"),
    [("ruff-check", "import os\n"), ("ruff-format", "x = {  1:2 }\n")],
)
def test_ruff_mends_a_defect_and_refuses_the_commit(clone, name, source):
    path = clone / "gan_lessons" / "planted.py"
    path.write_text(f'"""A module."""\n\n{source}', encoding="utf-8")
    before = path.read_text(encoding="utf-8")
    first = run(name, clone, "gan_lessons/planted.py")
    after = path.read_text(encoding="utf-8")
    assert first.returncode == 1 or after != before  # pre-commit refuses a file that has changed
    assert after != before
    assert run(name, clone, "gan_lessons/planted.py").returncode == 0
