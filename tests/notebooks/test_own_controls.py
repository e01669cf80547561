"""The controls that lessons make themselves, with `follow` or a button, moved to all their ends.

The cells that they need are run as they are, without a kernel and without a training.
"""

import re
from pathlib import Path
from typing import Any

import ipywidgets
import nbformat
import pytest

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
MOST = 12  # positions of a control


def cell(number: str, mark: str, end: str = "") -> str:
    """The code of the one cell that holds the mark; with `end`, only up to that."""
    (path,) = NOTEBOOKS.glob(f"{number}_*.ipynb")
    sources = [c.source for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
    (source,) = (each for each in sources if mark in each)
    source = re.sub(r"\A(assert .*\n)+", "", source)  # of what the cell before has found
    return source.split(end)[0] if end else source


def run(*sources: str) -> dict[str, Any]:
    """The names that the cells define; `last` is what the last one ends with."""
    names: dict[str, Any] = {}
    *before, last = sources
    for source in before:
        exec(source, names)
    head, call = re.fullmatch(r"(.*\n)((?:follow|Live)\(.*)", last, re.DOTALL).groups()
    exec(f"{head}last = {call}", names)
    return names


def positions(control: ipywidgets.ValueWidget) -> list:
    if hasattr(control, "options"):
        every = [value for _, value in control._options_full]
    else:
        steps = round((control.max - control.min) / control.step)
        every = [control.min + i * control.step for i in range(steps + 1)]
    return every[:: -(-len(every) // MOST)] + every[-1:]


def pages(box: ipywidgets.Box) -> list[str]:
    """What stands below the controls, at each position of each of them."""
    _, row, page = box.children
    seen = []
    for control in row.children:
        before, found = control.value, set()
        for value in positions(control):
            control.value = value  # a callback that fails raises here
            found.add(page.value)
        assert len(found) > 1, f"{control.description} changes nothing"
        control.value = before
        seen += found
    return seen


PAGES = {
    "00": lambda: [
        cell("00", "import platform"),
        cell("00", "recipe = train.RECIPES", "before ="),
        "after = trainer.decode(latents)",
        cell("00", "def walk("),
        cell("00", "def shown("),
    ],
    "04": lambda: [
        cell("04", "import copy"),
        cell("04", "p_data = (normal", "print("),
        cell("04", "def kl(a, b)", "far_copy"),
        cell("04", "def moved_by("),
    ],
    "04, section 4": lambda: [
        cell("04", "import copy"),
        cell("04", "p_data = (normal", "print("),
        cell("04", "def kl(a, b)", "far_copy"),
        "import ipywidgets\nfrom gan_lessons.widgets import diagrams, follow",
        cell("04", "def settle("),
        cell("04", "OF_G = {"),
        cell("04", "def rolled("),
    ],
    "07, section 4": lambda: [
        cell("07", "import numpy as np"),
        cell("07", "def divergences"),
        cell("07", "def shown_at(step)"),
    ],
    "07, section 7": lambda: [
        cell("07", "import numpy as np"),
        cell("07", "# The table\n", "stacked = "),
        "grid = evidence.load('07.grid')",
        "import ipywidgets\nfrom gan_lessons.widgets import diagrams, follow, kit",
        cell("07", "# Ten of the rows"),
        cell("07", "# Any two rows"),
    ],
}


@pytest.mark.parametrize("lesson", PAGES)
def test_a_page_follows_each_of_its_controls(lesson):
    for page in pages(run(*PAGES[lesson]())["last"].widget):
        assert "<svg" in page or "<img" in page
        assert "nan" not in page.lower().split("base64")[0]


def test_lesson_02_judges_what_is_called_flat():
    names = run(
        cell("02", "import itertools"),
        "import ipywidgets\nfrom gan_lessons.widgets import Live, kit",
        cell("02", "ones = {"),
        cell("02", "def judged("),
    )
    press, picture = names["last"].widget.children
    settings = names["overlaps"].controls
    shown = picture.value
    for found, (kernel, stride) in (
        (0, (3, 2)),
        (1, (4, 2)),
        (1, (4, 1)),
        (2, (6, 3)),
        (2, (4, 2)),
    ):
        settings["kernel"].value, settings["stride"].value = kernel, stride
        press.click()
        assert len(names["found"]) == found
    assert picture.value != shown
