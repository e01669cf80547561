"""The lessons and guides as Sphinx reads them: stored notebooks, changed only in how they show."""

import base64
import hashlib
import re
import shutil
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

import nbformat
from colab_links import LINK, Web
from nbformat.v4 import new_markdown_cell

from gan_lessons.exercises import catalogue
from site_parts import api, books

GUIDES = ("docs/glossary.md", "docs/teaching.md", "CONTRIBUTING.md", "CHANGELOG.md")
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
CHECK = re.compile(r'^check\("(\d\d\.\d)"', re.MULTILINE)
NAVIGATION = re.compile(r"\A\[.*?\]\(\d\d_\w+\.ipynb\).*\n+|\A\[.*README.*\n+")
EXERCISES = "## Exercises"
NOTHING_RUNS = (
    "*Nothing runs on this page: try each on paper or in the notebook. "
    "Hints and a solution are folded below it.*"
)
TO_TAGS = {"outputs_hidden": "hide-output", "source_hidden": "hide-input"}


def write(root: Path, folder: Path, web: Web) -> None:
    """Writes all lessons and guides below a folder, at the paths that they have below root."""
    pages = set(GUIDES)
    notebooks = sorted((root / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    pages |= {f"notebooks/{path.name}" for path in notebooks}
    (folder / "notebooks").mkdir()
    shutil.copytree(root / "docs" / "thumbs", folder / "docs" / "thumbs")
    for picture in (root / "docs").glob("*.png"):
        shutil.copy(picture, folder / "docs")
    shutil.copytree(root / "notebooks", folder / "_static" / "notebooks", ignore=_only_notebooks)
    for path in notebooks:
        notebook = nbformat.read(path, as_version=4)
        change(notebook, path, root, folder, web)
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                cell.source = relinked(cell.source, path.parent, root, pages, web)
        nbformat.write(notebook, folder / "notebooks" / path.name)
    for name in GUIDES:
        text = relinked((root / name).read_text("utf-8"), (root / name).parent, root, pages, web)
        (folder / name).write_text(text, encoding="utf-8")
    text = (folder / "index.md").read_text(encoding="utf-8")
    (folder / "index.md").write_text(text.replace("MAP", the_map(notebooks)), encoding="utf-8")


def _only_notebooks(_: str, names: list[str]) -> list[str]:
    return [name for name in names if not re.fullmatch(r"\d\d_\w+\.ipynb", name)]


def title(notebook: nbformat.NotebookNode) -> str:
    """The first heading of a lesson."""
    (found,) = re.findall(r"^# (.+)$", notebook.cells[0].source, re.MULTILINE)
    return found


def the_map(paths: list[Path]) -> str:
    """All lessons as cards with their thumbnails."""
    cards = []
    for path in paths:
        notebook = nbformat.read(path, as_version=4)
        number, _, name = title(notebook).partition(" · ")
        source = f"thumbs/{number}.png" if number != "00" else "trained.png"
        cards.append(
            f'<a href="notebooks/{path.stem}.html"><img src="_static/{source}" alt="">'
            f"<span><strong>{number} · {escape(name)}</strong></span></a>"
        )
    return f'<div class="map">{"".join(cards)}</div>'


def change(notebook: nbformat.NotebookNode, path: Path, root: Path, folder: Path, web: Web) -> None:
    """Makes a notebook a page: links on top, flip-books, pictures as files, folded aids."""
    number = path.name[:2]
    stored = books.read(root / "docs" / "flipbooks", number)
    head = notebook.cells[0]
    first, _, rest = NAVIGATION.sub("", head.source).partition("\n")
    head.source = f"{first}\n\n{links(path, web)}\n{rest}"
    cells = []
    for cell in notebook.cells:
        cells.append(cell)
        if cell.cell_type != "code":
            cell.source = cell.source.replace(EXERCISES, f"{EXERCISES}\n\n{NOTHING_RUNS}")
            continue
        tags = [tag for key, tag in TO_TAGS.items() if cell.metadata.get("jupyter", {}).get(key)]
        cell.metadata = nbformat.from_dict({"tags": tags})
        if cell.id in stored and tags == ["hide-output"]:
            cell.metadata["mystnb"] = {"code_prompt_show": "Open the explorer, with its sliders"}
        if cell.id in stored:
            # What answers a prediction stays folded, with the book in it.
            made = [_html(books.to_html(book)) for book in stored[cell.id]]
            cell.outputs = without_widgets(cell.outputs, stills=False) + made
        else:
            cell.outputs = without_widgets(cell.outputs, stills=True)
        cell.outputs = [as_file(o, folder, number) for o in cell.outputs]
        if match := CHECK.search(cell.source):
            cell.outputs = []
            cells.append(new_markdown_cell(aids(match[1])))
    notebook.cells = cells


def links(path: Path, web: Web) -> str:
    """A line on top of a lesson: where it runs."""
    colab = f'<a href="{web.lesson(path.name)}">Open in Colab</a> · ' if web.repo else ""
    href = f"../_static/notebooks/{path.name}"
    return f'<p class="lesson-links">{colab}<a href="{href}" download>Download the notebook</a></p>'


def aids(name: str) -> str:
    """An exercise's hints and solution, each folded."""
    exercise = catalogue()[name]
    parts = [
        f'<details class="aid"><summary>Hint {i} for {name}</summary>\n\n{text}\n\n</details>'
        for i, text in enumerate(exercise.hints, 1)
    ]
    parts.append(
        f'<details class="aid"><summary>A solution of {name}</summary>\n\n'
        f"```python\n{exercise.solution}\n```\n\n</details>"
    )
    return "\n\n".join(parts)


def _data(output: nbformat.NotebookNode) -> dict[str, Any]:
    return output.get("data") or {}


def without_widgets(
    outputs: list[nbformat.NotebookNode], stills: bool
) -> list[nbformat.NotebookNode]:
    """The outputs without live widgets and what switches to their still pictures.

    stills: whether those pictures stay. They come next after their widgets.
    """
    kept, widget = [], False
    for output in outputs:
        data = _data(output)
        if WIDGET_VIEW in data:
            widget = True
        elif "gl-switch" in str(data.get("text/html", "")):
            continue
        elif widget and "image/png" in data:
            widget = False
            kept += [output] if stills else []
        else:
            kept.append(output)
    return kept


def _html(text: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_output("display_data", {"text/html": text})


def as_file(output: nbformat.NotebookNode, folder: Path, number: str) -> nbformat.NotebookNode:
    """A picture as a file of its own, with its words; anything else as it is."""
    data = _data(output)
    if "image/png" not in data:
        return output
    png = base64.b64decode(data["image/png"])
    name = f"{number}-{hashlib.sha256(png).hexdigest()[:12]}.png"
    (folder / "_static" / "pictures").mkdir(exist_ok=True)
    (folder / "_static" / "pictures" / name).write_bytes(png)
    about = output.get("metadata", {})
    size = about.get("image/png", {})
    kind = "picture chart" if "needs_background" in about else "picture"
    ends = "".join(f' {side}="{size[side]}"' for side in ("width", "height") if side in size)
    words = escape(str(data.get("text/plain", "")).strip())
    src = f"../_static/pictures/{name}"
    return _html(f'<img class="{kind}" src="{src}" alt="{words}" loading="lazy"{ends}>')


def relinked(text: str, folder: Path, root: Path, pages: set[str], web: Web) -> str:
    """Prose whose links to files without a page lead to the repository, or are no links."""

    def link(match: re.Match[str]) -> str:
        mark, words, target = match.groups()
        name, hash_, part = target.partition("#")
        if mark or not name or re.match(r"[a-z]+:|/", target):
            return match[0]
        path = (folder / name).resolve()
        if not path.exists() or not path.is_relative_to(root):
            return match[0]
        inside = path.relative_to(root).as_posix()
        if inside in pages:
            return match[0]
        if inside == "README.md":
            return f"[{words}]({_up(folder, root)}index.md)"
        if web.repo:
            return f"[{words}]({web.file(inside, path.is_dir())}{hash_}{part})"
        if inside.startswith("gan_lessons/") and inside.endswith(".py"):
            module = inside.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            if (root / inside).exists() and _has_page(module):
                return f"[{words}]({_up(folder, root)}api/{module}.md)"
        return words

    return LINK.sub(link, text)


def _up(folder: Path, root: Path) -> str:
    return "../" * len(folder.relative_to(root).parts)


@cache
def _has_page(module: str) -> bool:
    return any(each.__name__ == module and api.page_of(each) for each in api.modules())
