"""The site leads nowhere wrong, asks for nothing from outside, and says what the lessons say."""

import json
import re
import sys
from collections import Counter
from itertools import product
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pytest
import torch
import torch.nn.functional as F
from bs4 import BeautifulSoup

from gan_lessons.widgets import DiracExplorer
from gan_lessons.widgets.flipbook import unpacked

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
BOOKS = {
    path.stem: json.loads(path.read_text("utf-8"))
    for path in (ROOT / "docs" / "flipbooks").glob("*.json")
}
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
MOST_BYTES = 1_500_000  # of all flip-books on a page
# What shows a widget and has no book: a slider of the lesson's own, and the first part of a film.
WITHOUT = ("Live(", "follow(", "trainer.fit(100", "trainer.fit(300", "trainer.fit(500")

sys.path.insert(0, str(ROOT / "tools"))
try:
    import make_site
    import run_notebooks
    from colab_links import Web
finally:
    sys.path.remove(str(ROOT / "tools"))


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of the finished site: a warning of Sphinx fails here."""
    folder = tmp_path_factory.mktemp("site")
    make_site.prepare(folder / "source", Web())
    assert make_site.build(folder / "source", folder / "site") == 0
    return folder / "site"


def read(path):
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


@pytest.fixture(scope="module")
def pages(site):
    """All pages, by their path below the site."""
    found = {path.relative_to(site).as_posix(): path for path in sorted(site.rglob("*.html"))}
    return {name: read(path) for name, path in found.items() if not name.startswith("_static/")}


def lesson(pages, path):
    return pages[f"notebooks/{path.stem}.html"]


# Links and requests


def test_every_link_leads_somewhere(site, pages):
    ids = {name: {tag["id"] for tag in page.find_all(id=True)} for name, page in pages.items()}
    lost = []
    for name, page in pages.items():
        for tag in page.find_all(["a", "link", "script", "img", "source"]):
            target = tag.get("href") or tag.get("src") or ""
            if not target or re.match(r"[a-z]+:", target):
                continue
            path, _, part = target.partition("#")
            path = unquote(path.partition("?")[0])
            file = ((site / name).parent / path).resolve() if path else site / name
            inside = file.relative_to(site.resolve()).as_posix() if path else name
            if not file.is_file() or (part and inside in ids and unquote(part) not in ids[inside]):
                lost.append((name, target))
    assert not lost


def test_nothing_is_asked_for_from_outside(site, pages):
    asked = [
        (name, tag.get("src") or tag.get("href"))
        for name, page in pages.items()
        for tag in page.find_all(["script", "img", "link", "iframe", "source", "video"])
        if re.match(r"(https?:)?//", tag.get("src") or tag.get("href") or "")
    ]
    assert not asked
    for sheet in site.rglob("*.css"):
        assert not re.search(r"url\(\W?(https?:)?//", sheet.read_text(encoding="utf-8")), sheet


def test_every_lesson_and_guide_has_a_page(pages):
    for path in NOTEBOOKS:
        assert lesson(pages, path).find("h1").get_text().startswith(path.name[:2])
    assert {"index.html", "docs/glossary.html", "docs/teaching.html", "api/index.html"} <= set(
        pages
    )


# What it says


def words(text):
    return re.sub(r"\s+", " ", text).strip()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name[:2])
def test_what_cells_print_stands_on_the_page(pages, path):
    shown = words(lesson(pages, path).get_text())
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type != "code" or cell.source.startswith("check("):
            continue
        assert words(cell.source) in shown
        for output in cell.outputs:
            if output.output_type == "stream":
                assert words(output.text) in shown


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name[:2])
def test_every_number_of_the_prose_stands_on_the_page(pages, path):
    shown = Counter(re.findall(r"\d+(?:[.,]\d+)*", lesson(pages, path).get_text()))
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "markdown":
            text = re.sub(r"\]\([^)]*\)|<[^>]+>|\$[^$]*\$", " ", cell.source)
            missing = set(re.findall(r"\d+(?:[.,]\d+)*", text)) - set(shown)
            assert not missing, cell.source


def test_exercises_have_their_aids_folded(pages):
    page = lesson(pages, NOTEBOOKS[2])
    folded = [tag.summary.get_text() for tag in page.find_all("details", class_="aid")]
    assert {"Hint 1 for 02.1", "A solution of 02.1"} <= set(folded)
    solved = page.find("summary", string="A solution of 02.1").parent
    assert "def deconv_size" in solved.get_text()


# Flip-books


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name[:2])
def test_every_explorer_is_a_flip_book_of_this_code(pages, path):
    notebook = nbformat.read(path, as_version=4)
    stored = BOOKS.get(path.name[:2], {"books": {}})
    wanted = {
        cell.id: cell.metadata["flipbook"] for cell in notebook.cells if "flipbook" in cell.metadata
    }
    explorers = {
        cell.id
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if WIDGET_VIEW in (output.get("data") or {}) and not any(w in cell.source for w in WITHOUT)
    }
    assert explorers <= set(wanted)
    assert set(stored["books"]) == set(wanted)
    if wanted:
        assert stored["code"] == run_notebooks.code_of(notebook), "make notebooks, for new books"
    figures = lesson(pages, path).find_all("figure", class_="flipbook")
    assert len(figures) == sum(map(len, stored["books"].values()))
    assert sum(len(str(figure)) for figure in figures) <= MOST_BYTES


def numbers(picture):
    """The numbers in the cells of a drawn array, or None where there are only grey levels."""
    cells = picture.find_all("rect", class_=["in", "ker", "out"])
    written = [text.get_text() for text in picture.find_all("text")]
    if not cells or len(written) != len(cells):
        return None
    places = [int(each.get("y")) for each in cells]
    rows = len(set(places))
    values = [float(each.replace("−", "-")) for each in written]
    return torch.tensor(values).view(rows, -1)


def settings_of(code):
    """What is said in a line of code: {"kernel_size": [3], "stride": [2, 1]}."""
    return {
        name: [int(each) for each in re.findall(r"\d+", value)]
        for name, value in re.findall(r"(\w+)=(\d+|\(\d+, \d+\))", code)
    }


def test_every_page_of_a_deconvolution_agrees_with_torch():
    compared = Counter()
    for number, stored in BOOKS.items():
        books = (book for each in stored["books"].values() for book in each)
        for page in (page for book in books for page in unpacked(book["pages"])):
            if not (code := re.search(r"<code[^>]*>nn\.ConvTranspose[12]d\((.*?)\)</code>", page)):
                continue
            pictures = BeautifulSoup(page, "html.parser").find_all("svg", role="img")
            drawn = {each["aria-label"][:8]: numbers(each) for each in pictures}
            x, w, y = (drawn.get(name) for name in ("input x:", "kernel w", "output y"))
            settings = {k: v * (3 - len(v)) for k, v in settings_of(code[1]).items()}
            k = settings.pop("kernel_size")
            if x is None or w is None or y is None:
                continue  # grey levels, or one input cell's part of the output
            if x.shape[0] == 1:  # along one axis: the rows are there once
                settings = {k: [0 if "padding" in k else 1, v[1]] for k, v in settings.items()}
                k[0] = 1
            assert list(w.shape) == k
            bias = re.search(r"plus the bias ([\d.−]+)", page)
            expected = F.conv_transpose2d(x[None, None], w[None, None], **settings)[0, 0]
            expected += float(bias[1].replace("−", "-")) if bias else 0
            assert expected.shape == y.shape
            terms = F.conv_transpose2d(x.abs()[None, None], torch.ones(1, 1, *k), **settings)
            exact = torch.equal(w, w.round()) and torch.equal(x, x.round())
            room = 0.0051 * (1 + (0 if exact else terms.max().item()))  # two digits are shown
            assert torch.allclose(expected, y, rtol=0, atol=room), (number, code[0])
            compared[number, x.shape[0] > 1] += 1
    print(compared)
    assert compared["01", False] > 20
    assert compared["02", False] > 80
    assert min(compared[where] for where in (("02", True), ("03", False), ("03", True))) > 3


def test_every_page_of_the_dirac_game_agrees_with_torch():
    """The step's matrix is 1 + η J, with the slope 1/2 of the loss at 0 and γ once or twice."""
    books = [book for of_cell in BOOKS["07"]["books"].values() for book in of_cell]
    (book,) = (each for each in books if each["controls"][-1]["label"] == "γ")
    penalties, gammas = (each["texts"] for each in book["controls"])
    assert penalties == ["none", "R1", "R1 + R2"]
    eta = DiracExplorer("minimax, simultaneous").settings.step_size
    pages = unpacked(book["pages"])
    for (many, gamma), page in zip(product(range(3), map(float, gammas)), pages, strict=True):
        flow = torch.tensor([[0, -0.5], [0.5, -many * gamma]])
        largest = torch.linalg.eigvals(torch.eye(2) + eta * flow).abs().max().item()
        assert f"largest |μ| {largest:.4f}" in page


# For everybody


def test_pictures_have_words_and_controls_have_names(pages):
    for name, page in pages.items():
        for image in page.find_all("img"):
            assert image.has_attr("alt"), name
            if "picture" in image.get("class", []):
                assert len(image["alt"]) > 10, name
        for control in page.find_all("input", type="range"):
            assert control.parent.name == "label"
            assert control.parent.get_text(strip=True)
            assert control["aria-valuetext"]
        for figure in page.find_all("figure", class_="flipbook"):
            assert len(figure["aria-label"]) > 20
        assert page.html["lang"]
        assert page.title.get_text(strip=True), name
        twice = [i for i, n in Counter(t["id"] for t in page.find_all(id=True)).items() if n > 1]
        assert not twice, name
        assert not page.find_all(tabindex=re.compile(r"^[1-9]")), name


# In a browser, from disk, without a network

CHOSEN = "02_kernels_strides_sizes"
TURN = """() => {
    const slider = document.querySelector('figure.flipbook input');
    const page = slider.closest('figure').querySelector('.page'), times = [];
    for (let i = 0; i < 41; i++) {
        slider.value = i % 2 ? slider.min : slider.max;
        const start = performance.now();
        slider.dispatchEvent(new Event('input', {bubbles: true}));
        page.offsetHeight;  // lays it out
        times.push(performance.now() - start);
    }
    return times.sort((a, b) => a - b)[20];
}"""
CENTRE = "(each) => each.scrollIntoView({block: 'center', behavior: 'instant'})"
# Whether an element holds just this HTML.
SAME = """(page, html) => {
    const other = page.cloneNode(false);
    other.innerHTML = html;
    for (const each of [page, other])
        each.querySelectorAll('details').forEach((details) => details.open = true);
    return other.innerHTML === page.innerHTML;
}"""
# The contrast of all text against the nearest background that is drawn, by WCAG 2.
CONTRAST = """() => {
    const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    const rgba = (colour) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const light = ([r, g, b]) => [r, g, b]
        .map((c) => (c /= 255) <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4)
        .reduce((sum, c, i) => sum + c * [.2126, .7152, .0722][i], 0);
    const over = (top, below) => top.slice(0, 3)
        .map((c, i) => c * top[3] / 255 + below[i] * (1 - top[3] / 255));
    const back = (element) => {
        const layers = [];
        for (let e = element; e; e = e.parentElement) {
            const colour = rgba(getComputedStyle(e).backgroundColor);
            if (colour[3]) layers.push(colour);
            if (colour[3] === 255) break;
        }
        return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255]);
    };
    const poor = [];
    const walker = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const e = node.parentElement, style = getComputedStyle(e);
        const shown = e.checkVisibility({checkOpacity: true});
        if (!node.data.trim() || !shown || e.closest("svg, .page"))
            continue;
        const size = parseFloat(style.fontSize);
        const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
        const below = back(e), above = over(rgba(style.color), below);
        const [a, b] = [light(above), light(below)].sort((x, y) => y - x);
        const contrast = (a + .05) / (b + .05);
        if (contrast < (large ? 3 : 4.5)) poor.push([node.data.slice(0, 40), contrast.toFixed(2)]);
    }
    return poor;
}"""


@pytest.fixture
def opened(browser, site):
    """Opens a page of the site in a window of its own."""
    contexts = []

    def open_page(name, width=1280, **options):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, offline=True, **options
        )
        contexts.append(context)
        page = context.new_page()
        page.asked = []
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto((site / name).as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()


def first_book(page):
    """The first flip-book of the page, unfolded, and what its pages are."""
    page.wait_for_selector("figure.flipbook.ready", state="attached")
    page.evaluate("() => document.querySelectorAll('details').forEach(each => each.open = true)")
    figure = page.locator("figure.flipbook").first
    figure.scroll_into_view_if_needed()
    return figure


def test_it_opens_without_a_network(opened):
    for name in ("index.html", f"notebooks/{CHOSEN}.html", "api/gan_lessons.deconv.html"):
        page = opened(name)
        page.wait_for_load_state("networkidle")
        outside = [url for url in page.asked if not url.startswith(("file:", "data:", "blob:"))]
        assert not outside


def books_on(page):
    """Each flip-book on a page, its sliders, and what is stored of it."""
    first_book(page)
    number = Path(page.url).name[:2]
    in_order = nbformat.read(next(p for p in NOTEBOOKS if p.name[:2] == number), as_version=4).cells
    stored = BOOKS[number]["books"]
    books = [book for cell in in_order for book in stored.get(cell.id, [])]
    figures = page.locator("figure.flipbook").all()
    assert len(figures) == len(books)
    for figure, book in zip(figures, books, strict=True):
        yield figure, figure.locator("input").all(), book


def assert_shows(figure, sliders, book, stands):
    """Beside the sliders stand the texts of these values, and the page is theirs.

    A tap may become a click a moment after it: the sliders are waited for.
    """
    texts = [each["texts"] for each in book["controls"]]
    number = 0
    for slider, said, at in zip(sliders, texts, stands, strict=True):
        number = number * len(said) + at
        slider.and_(figure.locator(f'[aria-valuetext="{said[at]}"]')).wait_for(timeout=5_000)
    assert figure.locator("output").all_inner_texts() == [
        t[i] for t, i in zip(texts, stands, strict=True)
    ]
    assert figure.locator("> .page").evaluate(SAME, unpacked(book["pages"])[number])


WITH_BOOKS = [path for path in NOTEBOOKS if path.name[:2] in BOOKS]


@pytest.mark.parametrize("path", WITH_BOOKS, ids=lambda path: path.name[:2])
def test_every_book_turns_by_keyboard_and_mouse(opened, path):
    page = opened(f"notebooks/{path.stem}.html")
    for figure, sliders, book in books_on(page):
        stands = [each["start"] for each in book["controls"]]
        assert_shows(figure, sliders, book, stands)
        for i, slider in enumerate(sliders):
            last = len(book["controls"][i]["texts"]) - 1
            slider.focus()
            for key, at in (("Home", 0), ("ArrowRight", 1), ("End", last), ("ArrowLeft", last - 1)):
                page.keyboard.press(key)
                stands[i] = at
                assert_shows(figure, sliders, book, stands)
            slider.evaluate(CENTRE)
            box = slider.bounding_box()
            middle = box["y"] + box["height"] / 2
            page.mouse.move(box["x"] + box["width"] - 9, middle)
            page.mouse.down()
            page.mouse.move(box["x"] + box["width"] / 2, middle, steps=3)
            page.mouse.move(box["x"] + 2, middle, steps=3)
            page.mouse.up()
            stands[i] = 0
            assert_shows(figure, sliders, book, stands)


@pytest.mark.parametrize("path", WITH_BOOKS, ids=lambda path: path.name[:2])
def test_every_book_turns_by_touch(opened, path):
    page = opened(f"notebooks/{path.stem}.html", width=390, has_touch=True)
    for figure, sliders, book in books_on(page):
        stands = [each["start"] for each in book["controls"]]
        for i, slider in enumerate(sliders):
            last = len(book["controls"][i]["texts"]) - 1
            for at in (last, 0):
                slider.evaluate(CENTRE)
                box = slider.bounding_box()  # anew: a page above may have changed its height
                x = box["width"] - 2 if at else 2
                page.touchscreen.tap(box["x"] + x, box["y"] + box["height"] / 2)
                stands[i] = at
                assert_shows(figure, sliders, book, stands)


def test_its_cells_light_up_under_the_pointer(opened):
    figure = first_book(opened(f"notebooks/{CHOSEN}.html"))
    cell = figure.locator("rect.in.x0").first
    other = figure.locator("rect.out.x0").first
    look = "each => Object.values({...getComputedStyle(each)}).join()"
    before = other.evaluate(look)
    cell.hover(force=True)
    assert other.evaluate(look) != before


@pytest.mark.alone
def test_a_page_is_turned_within_a_frame(opened):
    page = opened(f"notebooks/{CHOSEN}.html")
    first_book(page)
    assert page.evaluate(TURN) < 16


def test_without_scripts_the_first_page_stands_there(opened):
    page = opened(f"notebooks/{CHOSEN}.html", java_script_enabled=False)
    figure = page.locator("figure.flipbook").first
    assert "kernel_size=3, stride=2" in figure.locator(".page").text_content()
    assert figure.locator(".turn").get_attribute("hidden") is not None


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 768, 390])
def test_text_has_contrast_and_room(opened, theme, width):
    for name in ("index.html", f"notebooks/{CHOSEN}.html", "api/gan_lessons.deconv.html"):
        page = opened(name, width=width, color_scheme=theme)
        page.evaluate(
            "() => document.querySelectorAll('details').forEach(each => each.open = true)"
        )
        page.wait_for_timeout(300)
        assert page.evaluate(CONTRAST) == []
        assert page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0


LIGHTNESS = """image => {
    const filter = getComputedStyle(image).filter;
    return [filter, getComputedStyle(image).padding];
}"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_charts_get_dark_paper_and_pictures_stay_as_they_are(opened, theme):
    page = opened("notebooks/06_dcgan.html", color_scheme=theme)
    page.evaluate("() => document.querySelectorAll('details').forEach(each => each.open = true)")
    charts, all_pictures = page.locator("img.picture.chart"), page.locator("img.picture")
    assert 0 < charts.count() < all_pictures.count()
    turned = "invert(0.92) hue-rotate(180deg)" if theme == "dark" else "none"
    for i in range(all_pictures.count()):
        image = all_pictures.nth(i)
        chart = "chart" in image.get_attribute("class")
        assert image.evaluate(LIGHTNESS) == [turned if chart else "none", "0px"]
