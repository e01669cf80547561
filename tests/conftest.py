"""What tests of several folders need."""

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

# Solving exercises here is nobody's progress. Kernels and other processes inherit it.
os.environ["GAN_LESSONS_PROGRESS"] = "off"

LESSON_IN_BROWSER = "test_notebooks.py::test_a_notebook_runs["


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """A file's tests share a process, but for the lessons in a browser: each takes minutes."""
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return nodeid if LESSON_IN_BROWSER in nodeid else super()._split_scope(nodeid)

    return Scheduling(config, log)


def _find_chromium() -> Path | None:
    """The browser that tests/browser drives: an installed one, else Playwright's own.

    None if there is none, or no Playwright to drive it.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    installed = shutil.which("chromium") or shutil.which("chromium-browser")
    if installed:
        return Path(installed)
    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
    return own if own.exists() else None


@pytest.fixture(scope="session")
def find_chromium() -> Callable[[], Path | None]:
    return _find_chromium


@pytest.fixture(scope="session")
def chromium(find_chromium) -> Path | None:
    """What `find_chromium` finds here."""
    return find_chromium()


@pytest.fixture(scope="session")
def on_glyphs() -> str:
    """A cell: after it, whatever data a lesson asks for, it gets the course's own glyphs."""
    return """\
from gan_lessons import data
load_by_name = data.load
data.load = lambda name, *, split="train", size=None, **_: load_by_name(
    "glyphs", split=split, size=size
)
"""


@pytest.fixture(autouse=True)
def signals_as_in_a_terminal():
    """Whoever runs the tests may have told them to ignore some, as nohup and `&` do."""
    stops = [getattr(signal, name, None) for name in ("SIGINT", "SIGTERM", "SIGHUP")]
    before = {
        number: signal.signal(
            number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
        )
        for number in stops
        if number is not None and signal.getsignal(number) is signal.SIG_IGN
    }
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
