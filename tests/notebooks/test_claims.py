"""The lessons' claims, asserted in their own cells, on other data and for other seeds.

The notebooks are run as they are, after a cell that changes the seed of every recipe, or the data,
and with another number where a line says `seed = 0`.
`pytest -m seeds` takes minutes for each seed.
"""

import importlib.util
import os
import re
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from gan_lessons import data

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
LESSONS = sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))
SEED_LINE = re.compile(r"^seed = 0\b", re.MULTILINE)  # a remark may follow


def trains(lesson: str) -> bool:
    sources = [cell.source for cell in read(lesson).cells if cell.cell_type == "code"]
    return any("train.RECIPES" in source or SEED_LINE.search(source) for source in sources)


def read(lesson: str) -> nbformat.NotebookNode:
    return nbformat.read(NOTEBOOKS / f"{lesson}.ipynb", as_version=4)


TRAINING = [name for name in LESSONS if trains(name)]
SEEDS = 20
MAY_FAIL = 1

OTHER_SEED = """\
import dataclasses
from gan_lessons import train
for name, recipe in train.RECIPES.items():
    train.RECIPES[name] = dataclasses.replace(recipe, seed={seed})
"""


def run(lesson: str, before: str, seed: int = 0) -> None:
    """Runs a lesson after a cell of its own. Raises CellExecutionError where an assertion fails."""
    notebook = read(lesson)
    for cell in notebook.cells:
        cell.source = SEED_LINE.sub(f"seed = {seed}", cell.source)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(before))
    where = {"metadata": {"path": str(NOTEBOOKS)}}
    NotebookClient(notebook, kernel_name="python3", timeout=600, resources=where).execute()


def mnist_is_here() -> bool:
    root = os.environ.get("GAN_LESSONS_DATA")
    folders = [Path(root)] if root else []
    folders.append(data.cache_folder() / "torchvision")
    return any((folder / "MNIST" / "raw").is_dir() for folder in folders)


@pytest.fixture
def no_browser_tests(chromium) -> None:
    """Skips where tests/browser runs the lessons on glyphs: it needs JupyterLab, too."""
    if chromium is not None and importlib.util.find_spec("jupyterlab"):
        pytest.skip("tests/browser runs the lessons on glyphs")


def test_every_lesson_with_a_seed_is_run_with_others():
    """Also one whose line goes on with a remark."""
    named = {name for name in LESSONS if any("seed = 0" in c.source for c in read(name).cells)}
    assert named <= set(TRAINING)
    assert SEED_LINE.sub("seed = 3", "seed = 0  # change it") == "seed = 3  # change it"


@pytest.mark.skipif(not mnist_is_here(), reason="without MNIST the lessons run on glyphs anyway")
@pytest.mark.usefixtures("no_browser_tests")
@pytest.mark.parametrize("lesson", TRAINING)
def test_a_lesson_holds_on_glyphs(lesson, on_glyphs):
    run(lesson, on_glyphs)


@pytest.fixture
def on_the_path(tmp_path, monkeypatch) -> Path:
    """A Chromium that is installed."""
    program = tmp_path / ("chromium.bat" if os.name == "nt" else "chromium")
    program.write_text("exit 1")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    return program


def test_a_browser_counts_where_playwright_can_drive_it(find_chromium, on_the_path):
    pytest.importorskip("playwright")
    assert find_chromium() == on_the_path


def test_a_browser_without_playwright_is_of_no_use(find_chromium, on_the_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "playwright.sync_api", None)
    assert find_chromium() is None


@pytest.mark.seeds
@pytest.mark.parametrize("data_set", ["mnist", "glyphs"])
@pytest.mark.parametrize("lesson", TRAINING)
def test_a_lesson_holds_for_other_seeds(lesson, data_set, on_glyphs):
    before, failed = on_glyphs if data_set == "glyphs" else "", {}
    for seed in range(SEEDS):
        try:
            run(lesson, before + OTHER_SEED.format(seed=seed), seed)
        except CellExecutionError as error:
            failed[seed] = str(error).strip().splitlines()[-1]
    assert len(failed) <= MAY_FAIL, failed
