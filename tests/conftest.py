"""What tests of several folders need."""

import pytest


@pytest.fixture(scope="session")
def on_glyphs() -> str:
    """A cell: after it, whatever data a lesson asks for, it gets the course's own glyphs."""
    return """\
from gan_lessons import data
load_by_name = data.load
data.load = lambda name, *, split="train", **_: load_by_name("glyphs", split=split)
"""
