"""What newcomers read: links that lead somewhere, maps that know every lesson, a true glossary."""

import base64
import importlib.util
import io
import re
from pathlib import Path
from types import ModuleType

import nbformat
import numpy as np
import pytest
import yaml
from PIL import Image, ImageOps

import gan_lessons
from gan_lessons.exercises import SWITCH, catalogue

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
LESSONS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
MAP = next(path for path in LESSONS if path.name.startswith("00"))
README = (ROOT / "README.md").read_text(encoding="utf-8")
NUMBERS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
NUMBERS += ["eleven", "twelve"]
SEEN = 24  # of 255: by how much a colour must change
STALE = 0.001  # the share of pixels that may
ROW = re.compile(r"^\| (.+?) \| (.+?) \| (.+?) \| \[.+?\]\((.+?)\) \|$", re.MULTILINE)


def prose(path: Path) -> str:
    """The text of a page, or all that is written in a notebook's cells."""
    if path.suffix != ".ipynb":
        return path.read_text(encoding="utf-8")
    return "\n\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)


def dead_links(page: Path, text: str) -> list[str]:
    """Links and pictures of a page that lead to no file of the project."""
    links = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|href)="([^"]+)"', text)
    own = [link for link in links if "://" not in link]
    return [link for link in own if not (page.parent / link.partition("#")[0]).exists()]


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.name)
def test_pages_lead_somewhere(page):
    assert dead_links(page, prose(page)) == []


def test_the_map_and_its_pictures_lead_somewhere():
    assert dead_links(MAP, prose(MAP)) == []


def test_a_dead_link_is_found():
    text = (
        'See [here](nowhere.md#part), [there](README.md), <img src="none.png">, [x](https://a.b).'
    )
    assert dead_links(ROOT / "page.md", text) == ["nowhere.md#part", "none.png"]


# The maps


@pytest.mark.parametrize("lesson", LESSONS[1:], ids=lambda path: path.stem)
def test_a_lesson_is_on_every_map(lesson):
    for page, link in ((ROOT / "README.md", f"notebooks/{lesson.name}"), (MAP, lesson.name)):
        start = f"| {lesson.name[:2]} "
        rows = [line for line in prose(page).splitlines() if line.startswith(start)]
        assert len(rows) == 1, page.name
        assert f"]({link})" in rows[0], f"{page.name} does not link {lesson.name}"
        assert not re.search("coming|in preparation", rows[0])
    assert f"docs/thumbs/{lesson.name[:2]}.png" in prose(MAP)
    assert f"notebooks/{lesson.name}" in prose(DOCS / "teaching.md")


def test_the_readme_counts_the_lessons():
    number = re.search(r"^(\w+) of the thirteen lessons are here", README, re.MULTILINE)
    if len(LESSONS) == 13:
        assert number is None
    else:
        assert number is not None
        assert NUMBERS.index(number[1].lower()) == len(LESSONS)


# Pictures


def tool(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def share_that_differs(one: Image.Image, other: Image.Image) -> float:
    """The share of pixels that a reader would see as others: 0 to 1.

    Releases of Pillow may choose slightly different colours, which does not count.
    """
    assert one.size == other.size
    levels = np.abs(np.asarray(one.convert("RGB"), int) - np.asarray(other.convert("RGB"), int))
    return float((levels.max(-1) > SEEN).mean())


@pytest.mark.parametrize("lesson", LESSONS[1:], ids=lambda path: path.stem)
def test_a_thumbnail_is_cut_from_the_lesson(lesson):
    thumbs = tool("make_thumbs")
    stored = Image.open(thumbs.THUMBS / f"{lesson.name[:2]}.png")
    fresh = thumbs.thumb(lesson.name[:2], lesson)
    assert stored.size == fresh.size == thumbs.SIZE
    assert len(fresh.getcolors()) > 16, "the picture's chosen part is nearly empty"
    assert share_that_differs(stored, fresh) <= STALE, "stale: run tools/make_thumbs.py"


@pytest.mark.parametrize("lesson", LESSONS[1:], ids=lambda path: path.stem)
def test_a_stale_thumbnail_is_found(lesson, tmp_path):
    """The notebook's picture changes in a small place, and its thumbnail does not."""
    thumbs = tool("make_thumbs")
    number = lesson.name[:2]
    words, (left, top, right, bottom) = thumbs.CHOSEN.get(number, ("", thumbs.WHOLE))
    notebook = nbformat.read(lesson, as_version=4)
    shown = [
        output.data
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
        and output.data["text/plain"].strip().startswith(words)
    ]
    picture = Image.open(io.BytesIO(base64.b64decode(shown[0]["image/png"]))).convert("RGB")
    wide, high = (right - left) * picture.width, (bottom - top) * picture.height
    x, y = round(left * picture.width + wide / 2), round(top * picture.height + high / 2)
    spot = (x, y, x + round(wide / 16), y + round(high / 16))
    picture.paste(ImageOps.invert(picture.crop(spot)), spot)
    file = io.BytesIO()
    picture.save(file, "png")
    shown[0]["image/png"] = base64.b64encode(file.getvalue()).decode()
    nbformat.write(notebook, tmp_path / lesson.name)
    stored = Image.open(thumbs.THUMBS / f"{number}.png")
    changed = thumbs.thumb(number, tmp_path / lesson.name)
    assert share_that_differs(stored, changed) > STALE


def test_a_thumbnail_needs_its_picture(tmp_path):
    path = tmp_path / "04_none.ipynb"
    nbformat.write(nbformat.v4.new_notebook(), path)
    with pytest.raises(ValueError, match="stores no picture whose words begin with 'Eight"):
        tool("make_thumbs").thumb("04", path)


def test_the_film_is_calm_and_shown_as_it_is():
    with Image.open(DOCS / "explorers.gif") as film:
        assert film.width <= 850  # GitHub's column; wider would be scaled, and blurred
        assert film.info["loop"] == 0
        lasts = []
        for number in range(film.n_frames):
            film.seek(number)
            lasts.append(film.info["duration"])
    assert 18_000 <= sum(lasts) <= 24_000
    assert min(lasts) >= 200


# The teacher's page


def test_the_teachers_table_says_what_the_lessons_say():
    text = prose(DOCS / "teaching.md")
    for lesson in LESSONS:
        said = re.search(r"\*\*Time\*\* (\d+) minutes to read.*?about (\d+) seconds", prose(lesson))
        row = re.search(rf"^\| {lesson.name[:2]} \| (.*)$", text, re.MULTILINE)
        assert said is not None, lesson.name
        assert row is not None, lesson.name
        cells = [cell.strip() for cell in row[1].split("|")]
        assert cells[1:3] == [f"{said[1]} min", f"{said[2]} s"], lesson.name
        own = [e for e in catalogue().values() if e.name[:2] == lesson.name[:2]]
        if own:
            assert cells[3] == f"{len(own)}, {sum(e.minutes for e in own)} min", lesson.name


def test_the_switch_and_the_exercises_that_it_names_exist():
    text = prose(DOCS / "teaching.md")
    assert f"{SWITCH}=off" in text
    named = set(re.findall(r"\b0\d\.\d\b", text))
    assert named
    assert named <= set(catalogue())


# The glossary


def words(text: str) -> str:
    """In small letters, with one space for each gap, dash or underscore."""
    return re.sub(r"[\s\-_–]+", " ", text.casefold())


def occurs(term: str, text: str) -> bool:
    ending = r"(?:s|es|d|ed|ped|ing)?(?![^\W_])"
    return re.search(rf"(?<![^\W_]){re.escape(words(term))}{ending}", words(text)) is not None


def entries() -> list[tuple[str, str, str, str]]:
    return ROW.findall(prose(DOCS / "glossary.md"))


def test_the_glossary_is_whole_and_in_order():
    terms = [term.casefold() for term, *_ in entries()]
    table = [line for line in prose(DOCS / "glossary.md").splitlines() if line.startswith("| ")]
    assert len(terms) == len(table) - 1, "a row is not built like the others"
    assert 80 <= len(terms) <= 150
    assert terms == sorted(terms)
    assert len(set(terms)) == len(terms)
    for term, chinese, sentence, _ in entries():
        assert re.search(r"[\u4e00-\u9fff]", chinese), term
        assert re.fullmatch(r"[^.]+(?:\.\d[^.]*)*\.", sentence), f"{term}: one sentence, please"


def test_each_term_occurs_where_the_glossary_says():
    texts = {link: prose(DOCS / link) for *_, link in entries()}
    assert [(term, link) for term, *_, link in entries() if not occurs(term, texts[link])] == []


@pytest.mark.parametrize(
    ("term", "text", "found"),
    [
        ("batch norm", "with batch_norms", True),
        ("flip", "it is flipped", True),
        ("critic", "critical", False),
        ("real", "unreal", False),
    ],
)
def test_a_term_is_found_as_a_word(term, text, found):
    assert occurs(term, text) is found


# The citation


def test_the_citation_is_of_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["cff-version"] == "1.2.0"
    assert str(citation["version"]) == gan_lessons.__version__
    assert {"message", "title", "authors"} <= set(citation)
    assert citation["authors"] == [{"name": "The gan_lessons authors"}]
    assert citation["type"] in ("software", "dataset")
    assert citation["license"] == "MIT"
