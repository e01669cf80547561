"""The benchmarks of explorers still find what they time. What they print is for quiet machines."""

import importlib.util
import sys
from pathlib import Path

import pytest
import torch

from gan_lessons.losses import LOSSES, PENALTIES
from gan_lessons.models import dcgan
from gan_lessons.widgets import LatentExplorer

FOLDER = Path(__file__).resolve().parents[1] / "benchmarks"
SCRIPTS = sorted(file for file in FOLDER.glob("*.py") if not file.name.startswith("_"))


def loaded(file: Path):
    """A benchmark as a module; it runs nothing."""
    spec = importlib.util.spec_from_file_location(f"benchmark_{file.stem}", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def folder(monkeypatch):
    """As when a script is started: its folder is where its imports are looked for first."""
    monkeypatch.setattr(sys, "path", [str(FOLDER), *sys.path])


@pytest.mark.parametrize("file", SCRIPTS, ids=lambda file: file.stem)
def test_a_benchmark_can_be_loaded(file):
    before = set(LOSSES), set(PENALTIES), torch.get_num_threads()
    assert callable(loaded(file).main)
    # Tests that run after this one in the same process find the package as it is.
    assert (set(LOSSES), set(PENALTIES), torch.get_num_threads()) == before


def test_every_event_of_the_latent_explorer_changes_what_it_shows():
    explorer = LatentExplorer(dcgan.Generator(size=16, width=4))
    for name, (view, _, event) in loaded(FOLDER / "latent_latency.py").events(explorer).items():
        explorer.controls["view"].value = view
        event(0)
        before = explorer.alt_text
        event(1)
        assert explorer.alt_text != before, name
