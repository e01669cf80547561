"""What a reader sees where nothing runs: on GitHub, in print, in a page made from the file.

tests/browser/test_pages.py opens those pages in a real browser with the network off.
"""

import base64
import copy
import html
import io
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbconvert import HTMLExporter
from nbformat import NotebookNode
from PIL import Image

ROOT = Path(__file__).parents[2]
NOTEBOOKS = ROOT / "notebooks"
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
LARGEST = 1_500_000  # bytes of a file: what GitHub still shows without being asked
SHORTEST_ALT = 15  # characters: "a picture" and "figure 1" say nothing
MARKDOWN_IMAGE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)[^)]*\)")


def outputs_of(notebook: NotebookNode) -> Iterator[tuple[int, NotebookNode]]:
    """Each output with the number of its cell."""
    for i, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            yield i, output


def pictures_of(output: NotebookNode) -> Iterator[tuple[str, str, str]]:
    """An output's pictures as (type, data, alternative text)."""
    for kind, data in output.get("data", {}).items():
        if kind.startswith("image/"):
            yield kind, data, output.metadata.get(kind, {}).get("alt", "")


def no_still_picture(_: str, notebook: NotebookNode) -> Iterator[str]:
    """Explorers with nothing to see in the file, and pictures that cannot be opened."""
    for i, cell in enumerate(notebook.cells):
        outputs = cell.get("outputs", [])
        views = sum(WIDGET_VIEW in output.get("data", {}) for output in outputs)
        if views > sum(1 for output in outputs if any(pictures_of(output))):
            yield f"cell {i} shows a widget without a still picture"
    for i, output in outputs_of(notebook):
        if WIDGET_VIEW in output.get("data", {}) and any(pictures_of(output)):
            yield f"cell {i} has a picture behind a widget view, which hides it without a kernel"
        for kind, data, _ in pictures_of(output):
            try:
                with Image.open(io.BytesIO(base64.b64decode(data))) as image:
                    image.load()
            except (ValueError, OSError) as error:
                yield f"cell {i} has a picture ({kind}) that cannot be opened: {error}"


def no_alternative_text(_: str, notebook: NotebookNode) -> Iterator[str]:
    """Pictures that are nothing to those who cannot see them."""
    for i, output in outputs_of(notebook):
        for _, _, alt in pictures_of(output):
            if len(alt.strip()) < SHORTEST_ALT:
                yield f"cell {i} shows a picture whose alternative text is {alt!r}"
        for image in BeautifulSoup(output.get("data", {}).get("text/html", ""), "html.parser")(
            "img"
        ):
            if len(image.get("alt", "").strip()) < SHORTEST_ALT:
                yield f"cell {i} shows HTML with an image whose alternative text is too short"
    for i, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            soup = BeautifulSoup(cell.source, "html.parser")
            alts = [image.get("alt", "") for image in soup("img")]
            alts += [alt for alt, _ in MARKDOWN_IMAGE.findall(cell.source)]
            for alt in alts:
                if len(alt.strip()) < SHORTEST_ALT:
                    yield f"cell {i} has an image whose alternative text is {alt!r}"


def too_heavy(_: str, notebook: NotebookNode) -> Iterator[str]:
    """Widget state, which GitHub refuses to show, and files that it does not show."""
    if "widgets" in notebook.metadata:
        yield "stores the state of widgets: run make notebooks"
    for i, output in outputs_of(notebook):
        if WIDGET_STATE in output.get("data", {}):
            yield f"cell {i} stores the state of a widget"
    size = len(nbformat.writes(notebook).encode())
    if size > LARGEST:
        yield f"has {size:,} bytes, more than {LARGEST:,}"


def page_of(notebook: NotebookNode) -> str:
    """A notebook as a page that asks nothing of the network.

    jupyter nbconvert --to html --template classic --HTMLExporter.mathjax_url= \\
        --HTMLExporter.require_js_url= --HTMLExporter.jquery_url= notebooks/06_dcgan.ipynb

    Left alone, nbconvert has the page load these three from the network. Ours need but MathJax, and
    without it formulas stand as they are written, between dollar signs. The classic template takes
    over the alternative texts; the usual one, lab, drops them (nbconvert 7.17), as JupyterLab does.
    """
    addresses = {"mathjax_url": "", "require_js_url": "", "jquery_url": ""}
    exporter = HTMLExporter(template_name="classic", **addresses)
    return exporter.from_notebook_node(notebook, {"metadata": {"name": "page"}})[0]


def formulas(notebook: NotebookNode) -> list[str]:
    """All formulas of the prose, as they are written."""
    found = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            text = re.sub(r"```.*?```|`[^`\n]*`", " ", cell.source, flags=re.DOTALL)
            found += re.findall(r"\$\$.+?\$\$|\$[^$\n]+\$", text, re.DOTALL)
    return found


def lost_in_the_page(_: str, notebook: NotebookNode) -> Iterator[str]:
    """What a page made by nbconvert lacks, and what it asks the network for."""
    page = BeautifulSoup(page_of(notebook), "html.parser")
    pictures = [data for _, output in outputs_of(notebook) for data in pictures_of(output)]
    embedded = [image for image in page("img") if image.get("src", "").startswith("data:")]
    pages = ["".join(o.get("data", {}).get("text/html", "")) for _, o in outputs_of(notebook)]
    stored = len(pictures) + sum(each.count("src='data:") for each in pages)  # in a fold, say
    if len(embedded) != stored:
        yield f"{stored} pictures are stored and {len(embedded)} are on the page"
    for image in page("img"):
        source = image.get("src", "")
        if not source.startswith("data:") and not (NOTEBOOKS / source).is_file():
            yield f"the page has an image that is not there: {source}"
        if not image.get("alt") or image["alt"].startswith("No description"):
            yield f"the page has an image without alternative text: {source[:40]}"
    for tag in page(["script", "link", "iframe", "img", "video", "object"]):
        address = tag.get("src") or tag.get("href") or tag.get("data") or ""
        if re.match(r"(?:https?:)?//", address):
            yield f"the page loads {address}"
    text = re.sub(r"\s", "", page.get_text())
    for formula in formulas(notebook):
        if re.sub(r"\s", "", html.unescape(formula)) not in text:
            yield f"the page has lost a formula: {formula}"


CHECKS = [no_still_picture, no_alternative_text, too_heavy, lost_in_the_page]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_file_shows_it_all(none_of, check):
    none_of(check)


def first(notebook: NotebookNode, kind: str) -> NotebookNode:
    return next(output for _, output in outputs_of(notebook) if kind in output.get("data", {}))


def still_of(notebook: NotebookNode) -> NotebookNode:
    """The still picture of the first explorer."""
    cell = next(
        cell
        for cell in notebook.cells
        if any(WIDGET_VIEW in output.get("data", {}) for output in cell.get("outputs", []))
    )
    return next(output for output in cell.outputs if any(pictures_of(output)))


def prose(notebook: NotebookNode) -> NotebookNode:
    return next(cell for cell in notebook.cells if cell.cell_type == "markdown")


DEFECTS = {
    "no picture": (no_still_picture, lambda n: still_of(n).data.pop("image/png")),
    "a picture behind the view": (
        no_still_picture,
        lambda n: first(n, WIDGET_VIEW).data.update(still_of(n).data),
    ),
    "a torn picture": (
        no_still_picture,
        lambda n: first(n, "image/png").data.update({"image/png": "iVBORw0KGgo="}),
    ),
    "no alt": (no_alternative_text, lambda n: first(n, "image/png").metadata.clear()),
    "a poor alt": (
        no_alternative_text,
        lambda n: first(n, "image/png").metadata.update({"image/png": {"alt": "figure"}}),
    ),
    "an image in prose": (no_alternative_text, lambda n: prose(n).update(source="![](a.png)")),
    "an HTML image in prose": (
        no_alternative_text,
        lambda n: prose(n).update(source='<img src="a.png">'),
    ),
    "widget state": (too_heavy, lambda n: n.metadata.update(widgets={"a": {}})),
    "large": (too_heavy, lambda n: prose(n).update(source="x" * LARGEST)),
    "a script": (
        lost_in_the_page,
        lambda n: prose(n).update(source='<script src="https://example.com/a.js"></script>'),
    ),
    "a picture from the network": (
        lost_in_the_page,
        lambda n: prose(n).update(source='<img alt="a" src="https://example.com/a.png">'),
    ),
    "a picture that is not there": (
        lost_in_the_page,
        lambda n: prose(n).update(source='<img alt="a" src="../docs/nowhere.png">'),
    ),
    "a formula taken for a tag": (
        lost_in_the_page,
        lambda n: prose(n).update(source="<p>$x<y$</p>"),
    ),
}


@pytest.mark.parametrize("name", DEFECTS)
def test_a_defect_is_found(notebooks, name):
    check, spoil = DEFECTS[name]
    spoiled = copy.deepcopy(notebooks["01_deconvolution_formula"])
    with_widget = (i for i, output in outputs_of(spoiled) if WIDGET_VIEW in output.get("data", {}))
    del spoiled.cells[next(with_widget) + 1 :]  # the rest would only take time
    assert list(check("01", spoiled)) == []
    spoil(spoiled)
    assert list(check("01", spoiled))
