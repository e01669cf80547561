"""Flip-books: explorers whose pictures are turned by sliders, with no kernel."""

import json
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from gan_lessons.widgets.flipbook import first, unpacked

MOST_NAMED = 6  # of an explorer's other controls
Books = Mapping[str, list[Mapping[str, Any]]]  # cell id → what `widgets.flipbook.save` wrote


def read(folder: Path, number: str) -> Books:
    """The flip-books of a lesson, as `tools/run_notebooks.py` has stored them; {} if none."""
    path = folder / f"{number}.json"
    return json.loads(path.read_text(encoding="utf-8"))["books"] if path.exists() else {}


def to_html(book: Mapping[str, Any]) -> str:
    """A book as a figure: its first page, its sliders, and all pages packed."""
    opening = unpacked(book["pages"])[first(book)]
    sliders = "".join(map(_slider, book["controls"]))
    named = [each.removesuffix(" is") for each in book["more"][:MOST_NAMED]]
    more = ", ".join(named) + (" and more" if len(book["more"]) > MOST_NAMED else "")
    others = f" In the notebook you can also set: {more}." if more else ""
    return (
        f'<figure class="flipbook" aria-label="{escape(book["words"])}">'
        f'<div class="turn" hidden>{sliders}</div>'
        f'<div class="page">{opening}</div>'
        f"<figcaption>Move the sliders, by mouse, finger or arrow keys.{escape(others)}"
        f'</figcaption><script type="text/plain">{book["pages"]}</script></figure>'
    )


def _slider(control: Mapping[str, Any]) -> str:
    texts, start = control["texts"], control["start"]
    return (
        f'<label title="{escape(control["tip"])}">{escape(control["label"])}'
        f'<input type="range" min="0" max="{len(texts) - 1}" step="1" value="{start}" '
        f'autocomplete="off" aria-valuetext="{escape(texts[start])}" '
        f'data-texts="{escape(json.dumps(texts))}"><output>{escape(texts[start])}</output></label>'
    )
