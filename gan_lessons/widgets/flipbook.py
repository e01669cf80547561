"""A flip-book: an explorer's pictures at each value of a few controls, for pages that have no
kernel.

A cell of a notebook names the controls in its metadata, `tools/run_notebooks.py` makes the book
when the cell has run, and the site turns its pages.
"""

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import torch

from gan_lessons import checks
from gan_lessons.widgets.explorer import Frame
from gan_lessons.widgets.kinds import Choice, Kind

MOST_CONTROLS = 4  # beside each other, above the picture


class Shown(Protocol):
    """What has frames: every explorer."""

    alt_text: str

    def frames(
        self, names: str | tuple[str, ...], values: Sequence[Any] | None = None
    ) -> list[Frame]: ...


def flipbook(explorer: Shown, controls: Mapping[str, Sequence[Any] | None]) -> dict[str, Any]:
    """The pages and what turns them, as plain data.

    controls: one to four settings, each with its values in order, or None for all that its control
    can stand at; they come in the explorer's order. The first page is that of the explorer's own
    settings, so they must be among them.

    Returns {"words": what the explorer shows, "controls": [{"label", "tip", "texts", "start"}],
    "more": labels of the other controls, "pages": HTML, the last control's values in the inner
    turn}. A page stands beside one `kit.style()`. Random numbers drawn meanwhile are taken back.

    Raises ValueError for wrong names or values, and where the own settings are not among them.
    """
    own = getattr(explorer, "settings", None)
    kinds: Mapping[str, Kind] = own.kinds() if own is not None else {}
    order = {name: i for i, name in enumerate(kinds)}  # theirs: a notebook's file sorts by the name
    given = checks.instance("controls", controls, Mapping).items()
    controls = dict(sorted(given, key=lambda each: order.get(each[0], len(order))))
    names = tuple(controls)
    if not 1 <= len(names) <= MOST_CONTROLS:
        raise ValueError(
            f"controls must be 1 to {MOST_CONTROLS} settings, got {checks.shown(names)}"
        )
    lists = list(controls.values())
    one = len(names) == 1
    with torch.random.fork_rng():
        if any(each is None for each in lists):
            if not all(each is None for each in lists):
                raise ValueError("give the values of all controls, or of none")
            frames = explorer.frames(names[0] if one else names)
        else:
            frames = explorer.frames(names[0] if one else names, lists[0] if one else lists)
    made, pages = [], 1
    for name in names:
        values = list(dict.fromkeys(frame.values[name] for frame in frames))
        start = 0
        if name in kinds:
            stands = getattr(own, name)
            if stands not in values:
                raise ValueError(f"{name}: {stands!r}, where it stands, is not among {values}")
            start = values.index(stands)
        kind = kinds.get(name, Kind())
        texts = [_text(kind, value) for value in values]
        made.append({"label": kind.label or name, "tip": kind.tip, "texts": texts, "start": start})
        pages *= len(values)
    if pages != len(frames):
        raise ValueError("some values come twice, or become others when they are set")
    return {
        "words": explorer.alt_text,
        "controls": made,
        "more": [kind.label for name, kind in kinds.items() if kind.label and name not in names],
        "pages": [frame.html for frame in frames],
    }


def save(path: str | Path, explorer: Shown, controls: Mapping[str, Sequence[Any] | None]) -> None:
    """Writes a flip-book as JSON, with its pages packed; a cell's last value stays what it was."""
    book = flipbook(explorer, controls)
    text = json.dumps(book | {"pages": packed(book["pages"])}, ensure_ascii=False)
    Path(path).write_text(text, encoding="utf-8")


def packed(pages: Sequence[str]) -> str:
    """Pages as one short text, which a browser can unpack: JSON, deflated, in base 64."""
    return base64.b64encode(zlib.compress(json.dumps(list(pages)).encode(), 9)).decode("ascii")


def unpacked(text: str) -> list[str]:
    """The pages again."""
    pages: list[str] = json.loads(zlib.decompress(base64.b64decode(text)))
    return pages


def first(book: Mapping[str, Any]) -> int:
    """The number of the page that a book opens at, from 0."""
    number = 0
    for control in book["controls"]:
        number = number * len(control["texts"]) + control["start"]
    return number


def _text(kind: Kind, value: Any) -> str:
    if isinstance(kind, Choice):
        return str(kind.options[value])
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, tuple):
        return " to ".join(str(each) for each in value)
    return str(value)
