"""The slides of tools/make_slides.py, opened from disk in a browser that has no network."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMES = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
SLIDES = """() => {
    const found = [];
    for (let i = 0; i < Reveal.getTotalSlides(); i++) {
        Reveal.slide(i);
        const slide = Reveal.getCurrentSlide();
        const box = (name) => slide.querySelector(name)?.getBoundingClientRect();
        const text = document.createRange();
        text.selectNodeContents(slide.querySelector('.caption') ?? slide);
        found.push({
            words: slide.innerText, inside: slide.scrollHeight <= slide.clientHeight + 1,
            loaded: [...slide.querySelectorAll('img')].every(each => each.naturalWidth > 0),
            picture: box('.picture')?.height, lines: box('.caption')?.height,
            wide: text.getBoundingClientRect().width, is_picture: !!box('.picture'),
        });
    }
    return found;
}"""


@pytest.fixture(scope="module")
def folder() -> Path:
    subprocess.run([sys.executable, ROOT / "tools" / "make_slides.py"], check=True, cwd=ROOT)
    return ROOT / "dist" / "slides"


@pytest.mark.parametrize("name", NAMES)
def test_a_deck_opens_from_disk_and_asks_for_nothing(browser, folder, name):
    context = browser.new_context(viewport={"width": 1280, "height": 720}, offline=True)
    page = context.new_page()
    asked, wrong = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto((folder / f"{name}.html").as_uri())
    page.wait_for_function("window.Reveal && Reveal.isReady()")
    found = page.evaluate(SLIDES)
    page.wait_for_timeout(100)
    outside = [url[:100] for url in asked if not url.startswith("data:")]
    context.close()
    assert outside == [(folder / f"{name}.html").as_uri()]
    assert wrong == []
    assert name[:2] in found[0]["words"]
    assert sum(slide["is_picture"] for slide in found) >= 4
    for slide in found:
        assert slide["loaded"], slide
        assert slide["inside"], slide
        if slide["is_picture"]:
            assert slide["picture"] > 500, slide
            assert slide["lines"] < 30, slide
            assert slide["wide"] <= 1200, slide
