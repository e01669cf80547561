"""The set-up keeps, updates or recreates an environment, and says why it fails."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError

TOOLS = Path(__file__).resolve().parent.parent / "tools"


def load(name: str) -> ModuleType:
    """A new copy of a tool's module, whose paths a test may change."""
    spec = importlib.util.spec_from_file_location(name, TOOLS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def setup(tmp_path):
    """setup_env in a folder with its inputs and an empty environment with a valid stamp."""
    module = load("setup_env")
    module.ROOT = tmp_path / "a project"
    module.VENV = module.ROOT / ".venv"
    module.BIN = module.VENV / module.BIN.name
    module.PYTHON = module.BIN / module.PYTHON.name
    module.STAMP = module.VENV / "setup.json"
    module.LOG = module.VENV / "setup.log"
    (module.ROOT / "tools").mkdir(parents=True)
    for name in module.INPUTS:
        (module.ROOT / name).write_text(name)
    base = getattr(sys, "_base_executable", sys.executable)
    subprocess.run([base, "-m", "venv", "--without-pip", module.VENV], check=True)
    module.write_stamp(module.wanted() | {"interpreter": module.interpreter(module.PYTHON)})
    return module


def test_a_made_environment_is_left_alone(setup):
    assert setup.stale(by_name=False) == "ready"
    assert setup.stale(by_name=True) == "ready"


def test_changed_requirements_update_it(setup):
    (setup.ROOT / "constraints.txt").write_text("torch==9")
    assert setup.stale(by_name=False) == "update"


def test_a_moved_folder_makes_it_anew(setup):
    stamp = json.loads(setup.STAMP.read_text()) | {"folder": "/somewhere/else"}
    setup.write_stamp(stamp)
    assert setup.stale(by_name=False) == "new"


def test_another_interpreter_counts_only_when_named(setup, monkeypatch):
    monkeypatch.setattr(setup.sys, "base_prefix", "/another/python")
    assert setup.stale(by_name=False) == "ready"
    assert setup.stale(by_name=True) == "new"


@pytest.mark.parametrize("stamp", ["{}", "", "{half"])
def test_a_try_that_was_cut_off_makes_it_anew(setup, stamp):
    setup.STAMP.write_text(stamp)
    assert setup.stale(by_name=False) == "new"


def test_a_deleted_interpreter_makes_it_anew(setup):
    setup.PYTHON.unlink()
    assert setup.stale(by_name=False) == "new"


def test_somebody_elses_environment_is_never_removed(setup, monkeypatch):
    setup.STAMP.unlink()
    assert setup.stale(by_name=False) == "update"
    monkeypatch.setattr(setup.sys, "base_prefix", "/another/python")
    with pytest.raises(setup.SetupError, match="not made by this set-up"):
        setup.stale(by_name=True)


@pytest.mark.parametrize(
    ("output", "advice"),
    [
        ("failed to copy file: No space left on device (os error 28)", "the disk is full"),
        ("dns error: failed to lookup address information", "connect to the network"),
        ("Failed to establish a new connection: NewConnectionError", "connect to the network"),
        ("invalid peer certificate: UnknownIssuer", "SSL_CERT_FILE"),
        ("Failed to initialize cache at `/x`: Permission denied (os error 13)", "UV_CACHE_DIR"),
        ("failed to create directory: Permission denied (os error 13)", "a folder of your own"),
        ("The virtual environment was not created: ensurepip is not available", "python3-venv"),
        ("No solution found when resolving dependencies", "PYTHON="),
        ("error: the sky fell\n  cause: gravity", "error: the sky fell"),
    ],
)
def test_a_failure_is_explained_in_one_line(setup, output, advice):
    line = setup.explain(output)
    assert advice in line
    assert "\n" not in line
    assert setup.LOG.read_text() == output
    assert "setup.log" in line


def write_notebook(path: Path, source: str) -> None:
    cell = nbformat.v4.new_code_cell(source, metadata={"execution": {"iopub.execute_input": "1"}})
    widgets = {"application/vnd.jupyter.widget-state+json": {"state": {}}}
    nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata={"widgets": widgets}), path)


def test_a_notebook_is_run_and_stored_clean(tmp_path):
    path = tmp_path / "00_trial.ipynb"
    write_notebook(path, "print(6 * 7)")
    load("run_notebooks").rerun(path)
    notebook = nbformat.read(path, as_version=4)
    (cell,) = notebook.cells
    assert cell.outputs[0].text == "42\n"
    assert cell.execution_count == 1
    assert cell.metadata == {}
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert list(tmp_path.iterdir()) == [path]


def test_a_notebook_is_stored_as_a_new_learner_sees_it(tmp_path, monkeypatch):
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "06.2").touch()
    monkeypatch.setenv("GAN_LESSONS_PROGRESS", str(kept))
    path = tmp_path / "00_trial.ipynb"
    write_notebook(
        path,
        "from gan_lessons.exercises import catalogue, check, progress\n"
        "solved = repr(progress())\n"
        'check("06.1", catalogue()["06.1"].solve)\n'
        'print(solved.count("■"), repr(progress()).count("■"))',
    )
    load("run_notebooks").rerun(path)
    (cell,) = nbformat.read(path, as_version=4).cells
    assert cell.outputs[0].text == "0 1\n"
    assert [each.name for each in kept.iterdir()] == ["06.2"]


def test_a_notebook_that_fails_stays_as_it_was(tmp_path):
    path = tmp_path / "00_trial.ipynb"
    write_notebook(path, "raise ValueError('on purpose')")
    before = path.read_bytes()
    with pytest.raises(CellExecutionError, match="on purpose"):
        load("run_notebooks").rerun(path)
    assert path.read_bytes() == before
