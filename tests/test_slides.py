"""tools/make_slides.py: what is on a slide, and the line below a picture."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
DOT = (  # a PNG of one pixel
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
)


@pytest.fixture(scope="module")
def slides() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_slides", ROOT / "tools/make_slides.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["make_slides"] = module
    spec.loader.exec_module(module)
    return module


def shown(alt: str) -> nbformat.NotebookNode:
    picture = new_output("display_data", data={"image/png": DOT, "text/plain": alt})
    return new_code_cell("x", outputs=[picture])


@pytest.fixture
def lesson(tmp_path) -> Path:
    (tmp_path / "first.png").write_bytes(b"\x89PNG")
    cells = [
        new_markdown_cell('# 99 · A & B\n\n<img src="first.png" alt="Two &lt; three">'),
        new_markdown_cell("## 1. Words only\n\nNo picture."),
        new_markdown_cell("## 2. With $x^2$ and `f`\n\nSome words. Here is one:"),
        shown("A dot. " + "It is very small indeed. " * 8),
        new_markdown_cell("### More of it"),
        shown("Another <dot>"),
        new_code_cell("y", outputs=[new_output("stream", text="no picture")]),
    ]
    path = tmp_path / "99_a.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    return path


def test_a_deck_has_title_sections_and_pictures(slides, lesson):
    page = BeautifulSoup(slides.deck(lesson), "html.parser")
    assert page.title is not None
    assert page.title.text == "99 · A & B"
    title, first, section, second, third = page.find_all("section")
    assert (title.p.text, title.h1.text) == ("99", "A & B")
    assert (first.img["alt"], first.find(class_="caption").text) == ("Two < three",) * 2
    assert section.h2.text.startswith("2. With ")  # and no slide for section 1
    assert section.h2.code.text == "f"
    assert section.h2.img["alt"] == "x^2"
    assert second.find(class_="where").img["alt"] == "x^2"
    assert second.find(class_="picture")["src"] == f"data:image/png;base64,{DOT}"
    assert second.find(class_="caption").text == "Here is one"
    assert third.find(class_="where").text.strip() == "More of it"
    assert third.find(class_="caption").text == "Another <dot>"
    assert not page.find_all(["link", "iframe"])
    assert all(not script.has_attr("src") for script in page.find_all("script"))


def test_a_lesson_without_a_title_is_an_error(slides, tmp_path):
    path = tmp_path / "99_a.ipynb"
    nbformat.write(new_notebook(cells=[new_markdown_cell("## No title")]), path)
    with pytest.raises(ValueError, match=r"99_a\.ipynb has no title"):
        slides.deck(path)


LONG = "and so on " * 10  # 100 characters


@pytest.mark.parametrize(
    ("alt", "expected"),
    [
        ("Short enough. And more.", "Short enough. And more"),
        (f"First. Second. Third, {LONG}{LONG}", "First. Second"),
        (f"Four pictures: a digit; the same {LONG}; grey", "Four pictures"),
        (f"Some explorer, 1-D: kernel 3, size 7; {LONG}", "Some explorer, 1-D: kernel 3, size 7"),
        (f"Pictures, and losses; step 5 (of: 9) {LONG}", "Pictures, and losses"),
        (f"Left: a line that falls; {LONG}", "Left: a line that falls"),
        (f"The power at 1.5 periods, for waves, {LONG}", "The power at 1.5 periods, for waves"),
    ],
)
def test_a_caption_is_the_part_that_is_whole(slides, alt, expected):
    assert slides.caption(slides.Figure("", alt, "")) == expected


def test_a_sentence_that_leads_to_the_picture_comes_before_a_part(slides):
    figure = slides.Figure("", f"Four pictures: {LONG}{LONG}", "", "One of the 40")
    assert slides.caption(figure) == "One of the 40"
    assert slides.caption(figure._replace(alt="Four pictures")) == "Four pictures"
    assert slides.caption(figure._replace(before=LONG * 2)) == "Four pictures"


def test_what_is_no_formula_is_an_error(slides):
    with pytest.raises(ValueError, match="Unknown symbol"):
        slides.inline(r"$\nosuchsymbol$")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_lesson_has_all_its_pictures_and_a_line_for_each(slides, path):
    outputs = [o for c in nbformat.read(path, as_version=4).cells for o in c.get("outputs", [])]
    stored = sum("image/png" in output.get("data", {}) for output in outputs)
    figures = [each for each in slides.outline(path) if isinstance(each, slides.Figure)]
    assert stored <= len(figures) <= stored + 1  # one more is a picture of docs/
    for figure in figures:
        line = slides.caption(figure)
        assert 5 < len(line) <= slides.LONGEST
        assert "$" not in slides.inline(line)
        assert line[-1] not in ",;:"
