"""The stored notebooks, and what a check finds in all of them, told in one message."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

FOLDER = Path(__file__).parents[2] / "notebooks"
Check = Callable[[str, NotebookNode], Iterable[str]]


@pytest.fixture(scope="session")
def notebooks() -> Mapping[str, NotebookNode]:
    """All of them by name, without the ending. Not to be changed: copy first."""
    found = {
        path.stem: nbformat.read(path, as_version=4) for path in sorted(FOLDER.glob("*.ipynb"))
    }
    assert len(found) > 5
    return found


@pytest.fixture(scope="session")
def none_of(notebooks) -> Callable[[Check], None]:
    """Fails with all that a check of (name, notebook) finds, and not at the first."""

    def none_of(check: Check) -> None:
        found = [
            f"{name}: {words}" for name, each in notebooks.items() for words in check(name, each)
        ]
        assert not found, "\n".join(["", *found])

    return none_of
