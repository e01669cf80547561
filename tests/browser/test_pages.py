"""The lessons as pages made by nbconvert, opened in a browser that has no network.

In nbconvert's usual template; tests/notebooks/test_without_kernel.py reads the classic one's.
"""

import shutil
from pathlib import Path

import nbformat
import pytest
from nbconvert import HTMLExporter

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
BROKEN = """() => [...document.images].filter(image => !(image.complete && image.naturalWidth))
    .map(image => image.alt || image.src.slice(0, 60))"""
WIDE = """() => [...document.images].filter(image => image.getBoundingClientRect().right
    > document.documentElement.clientWidth + 1).map(image => image.alt)"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """The pages where the notebooks would be, with the pictures of docs beside them."""
    made = tmp_path_factory.mktemp("pages")
    shutil.copytree(ROOT / "docs", made / "docs")
    (made / "notebooks").mkdir()
    exporter = HTMLExporter(mathjax_url="", require_js_url="")
    for path in NOTEBOOKS:
        page, _ = exporter.from_filename(str(path))
        (made / "notebooks" / f"{path.stem}.html").write_text(page, encoding="utf-8")
    return made


def open_offline(browser, path: Path, width: int = 1100) -> list[str]:
    """What is wrong with a page: images that do not show, and all that it asks the network for."""
    context = browser.new_context(viewport={"width": width, "height": 900}, offline=True)
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(f"an error of a script: {error}"))
    page.on("requestfailed", lambda request: wrong.append(f"not to be had: {request.url[:100]}"))
    page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith(("file:", "data:"))
            else wrong.append(f"asks the network for {request.url[:100]}")
        ),
    )
    page.goto(path.as_uri(), wait_until="load")
    page.wait_for_timeout(200)
    wrong += [f"does not show {alt}" for alt in page.evaluate(BROKEN)]
    wrong += [f"is wider than the page: {alt}" for alt in page.evaluate(WIDE)]
    context.close()
    return wrong


def test_pages_need_no_network_and_show_all_pictures(browser, folder):
    found = {
        path.stem: wrong
        for path in NOTEBOOKS
        if (wrong := open_offline(browser, folder / "notebooks" / f"{path.stem}.html"))
    }
    assert found == {}


def test_a_page_that_is_not_whole_is_found(browser, tmp_path):
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell('<img src="nowhere.png" alt="planted">'),
            nbformat.v4.new_markdown_cell('<img src="https://example.com/a.png" alt="far">'),
        ]
    )
    page, _ = HTMLExporter().from_notebook_node(notebook)
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    wrong = "\n".join(open_offline(browser, tmp_path / "page.html"))
    for words in ("not to be had: file:", "does not show planted", "does not show far"):
        assert words in wrong
    assert "asks the network for https://example.com/a.png" in wrong
    assert "mathjax" in wrong  # nbconvert's own choice, where nothing else is said
