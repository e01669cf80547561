"""Records docs/explorers.gif: the deconvolution explorer and the GAN Lab in a real browser.

    .venv/bin/python tools/make_movie.py

Takes about a minute, and needs Chromium: the system's, or Playwright's from
`.venv/bin/playwright install chromium`. The GAN's turns are played before the film begins, and the
lab's history slider shows them, so no frame depends on the speed of the machine.
"""

import importlib.util
import io
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import matplotlib
from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import sync_playwright

from gan_lessons import plots
from gan_lessons.widgets.gan_lab.rewind import FIRST_STRIDE

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "explorers.gif"
WIDTH, HEIGHT = 840, 720  # pixels, shown one to one; GitHub's column is about as wide
CAPTION = 56  # pixels at the top for two lines of text
MARGIN = 4  # pixels between caption and page
PAGE = {"width": 1000, "height": 1400}
WAIT = 90_000  # milliseconds to wait for the kernel, including the import of PyTorch
SETTLE = 250  # milliseconds from the last change of the page until it is painted
COLOURS = 127  # of the 255 that a GIF may have: looks the same and is a tenth smaller
TURNS = (*range(0, 100, 10), *range(100, 420, 20))  # of the game, one frame each; most at the start

EXPLORER = "from gan_lessons.widgets import DeconvExplorer\nDeconvExplorer()"
LAB = f"""\
from gan_lessons.widgets import GanLab
from gan_lessons.widgets.gan_lab.presets import PRESETS
views = ["real", "fake", "heat", "arrows", "losses"]
GanLab(**PRESETS["works"].settings, turns={TURNS[-1]}, views=views)"""


@dataclass(frozen=True)
class Frame:
    """A picture and the milliseconds for which it is shown."""

    picture: Image.Image
    lasts: int


class Camera:
    """Takes screenshots of one part of a page, from one element to another, with a caption."""

    def __init__(self, page: Any, whole: str, first: str, last: str):
        self.page = page
        boxes = [page.locator(name).first.bounding_box() for name in (whole, first, last)]
        left, top = boxes[0]["x"] - MARGIN, boxes[1]["y"]
        height = min(boxes[2]["y"] + boxes[2]["height"] - top, HEIGHT - CAPTION - MARGIN)
        self.clip = {"x": left, "y": top, "width": WIDTH, "height": height}
        self.frames: list[Frame] = []

    def shoot(self, seconds: float, title: str, words: str, pointer: Any = None) -> None:
        """Adds a frame. pointer: the control to draw the mouse pointer on, if any."""
        self.page.mouse.move(5, 5)  # away from the cells, which light up under the mouse
        self.page.wait_for_timeout(SETTLE)
        shot = Image.open(io.BytesIO(self.page.screenshot(clip=self.clip))).convert("RGB")
        stage = Image.new("RGB", (WIDTH, HEIGHT), plots.PAPER)
        stage.paste(shot, (0, CAPTION + MARGIN))
        draw = ImageDraw.Draw(stage)
        draw.rectangle((0, 0, WIDTH, CAPTION - 1), fill=plots.INK)
        draw.text((14, 8), title, fill="white", font=font("DejaVuSans-Bold", 15))
        draw.text((14, 30), words, fill="#D5D9DF", font=font("DejaVuSans", 14))
        if pointer is not None:
            box = pointer.bounding_box()
            x = box["x"] + box["width"] / 2 - self.clip["x"]
            y = box["y"] + box["height"] / 2 - self.clip["y"] + CAPTION + MARGIN
            draw.polygon([(x + dx, y + dy) for dx, dy in ARROW], fill="black", outline="white")
        self.frames.append(Frame(stage, round(1000 * seconds)))


ARROW = ((0, 0), (0, 19), (4, 15), (8, 22), (11, 21), (8, 14), (13, 14))  # a mouse's pointer


def font(name: str, size: int) -> ImageFont.FreeTypeFont:
    """One of matplotlib's fonts, so that all machines draw the same text."""
    return ImageFont.truetype(Path(matplotlib.get_data_path(), "fonts", "ttf", f"{name}.ttf"), size)


def film_explorer(page: Any) -> list[Frame]:
    """Shows the stamps one by one, then the stride, the kernel and the overlap."""
    page.wait_for_selector(".gl-deconv .panels", timeout=WAIT)
    page.wait_for_timeout(4 * SETTLE)
    camera = Camera(page, *[".gl-deconv"] * 3)
    title = "Deconvolution explorer"

    def move(name: str, key: str) -> Any:
        handle = page.locator(f".gl-deconv-{name} .noUi-handle")
        handle.focus()
        page.keyboard.press(key)
        return handle

    camera.shoot(1.6, title, "A layer with all its numbers: input, kernel, output.")
    for _ in range(4):
        handle = move("step", "ArrowRight")
        words = "Each input cell stamps the kernel, times its own value. Overlaps add up."
        camera.shoot(0.9, title, words, handle)
    move("step", "Home")
    handle = move("stride", "ArrowRight")
    camera.shoot(1.5, title, "Stride 3, kernel 3: the stamps stand side by side.", handle)
    move("stride", "ArrowLeft")
    handle = move("kernel", "ArrowRight")
    camera.shoot(1.5, title, "Stride 2, kernel 4: each stamp lies half on the next.", handle)
    button = page.locator(".gl-deconv-view button", has_text="overlap")
    button.click()
    camera.shoot(2.0, title, "The view of the overlap: inside, two stamps reach each cell.", button)
    return camera.frames


def film_lab(page: Any) -> list[Frame]:
    """Moves the history slider from the first turn to the last."""
    page.wait_for_selector(".gl-lab .plane", timeout=WAIT)
    page.wait_for_timeout(4 * SETTLE)
    camera = Camera(page, ".gl-lab", ".gl-lab-play", ".gl-lab .both")
    title = "GAN Lab"
    handle = page.locator(".gl-lab-history .noUi-handle")
    handle.focus()
    page.keyboard.press("Home")
    at = 0
    for turn in TURNS:
        while at < turn:
            page.keyboard.press("ArrowRight")
            at += FIRST_STRIDE
        page.wait_for_function(f"{SHOWN} === {turn}", timeout=WAIT)
        words, seconds = "The blue points are real. A generator makes the orange ones.", 0.25
        if turn > 80:
            words = "Its arrows say where the discriminator's judgement pushes a fake."
        if turn > 200:
            words = "Turn by turn the fakes fill the heart. The slider goes back to any moment."
        if turn in (TURNS[0], TURNS[-1]):
            seconds = 1.6 if turn == 0 else 2.8
        camera.shoot(seconds, title, words, handle)
    return camera.frames


SHOWN = "+document.querySelector('.gl-lab table b').textContent.replace(',', '')"


def save(frames: list[Frame]) -> None:
    """Writes the film with one palette for all frames, so that still parts do not flicker."""
    some = frames[:: max(1, len(frames) // 6)]
    strip = Image.new("RGB", (WIDTH, HEIGHT * len(some)))
    for i, frame in enumerate(some):
        strip.paste(frame.picture, (0, HEIGHT * i))
    palette = strip.quantize(COLOURS, Image.Quantize.MEDIANCUT, kmeans=2)
    first, *rest = (
        frame.picture.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames
    )
    TARGET.parent.mkdir(exist_ok=True)
    first.save(
        TARGET,
        save_all=True,
        append_images=rest,
        duration=[frame.lasts for frame in frames],
        loop=0,
        optimize=False,
    )


def laboratory() -> ModuleType:
    """The module that starts JupyterLab for the browser tests; the film uses the same."""
    path = ROOT / "tests" / "browser" / "conftest.py"
    spec = importlib.util.spec_from_file_location("browser_tests", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> None:
    tests = laboratory()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as scratch:
        if chromium is None and not Path(playwright.chromium.executable_path).exists():
            sys.exit("there is no Chromium: install it, or run playwright install chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=tests.ARGUMENTS)
        folder, settings = Path(scratch, "lab"), Path(scratch, "settings")
        folder.mkdir()
        settings.mkdir()
        server = tests.Lab(folder, settings)
        server.browser = browser
        try:
            frames = []
            for cell, film in ((EXPLORER, film_explorer), (LAB, film_lab)):
                page = server.open([cell], **PAGE)
                frames += film(page)
                page.close()
        finally:
            server.stop()
            browser.close()
    save(frames)
    lasts = sum(frame.lasts for frame in frames) / 1000
    size = TARGET.stat().st_size / 1e6
    print(f"{TARGET.relative_to(ROOT)}: {len(frames)} frames, {lasts:.1f} s, {size:.2f} MB")


if __name__ == "__main__":
    main()
