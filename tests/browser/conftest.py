"""A JupyterLab of its own, and a browser over it. Without Chromium these tests are skipped."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
SHOTS = ROOT / "runs" / "browser"
START_S = 90
KERNEL = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
OTHERS_MESSAGES = ("favicon", "ResizeObserver", "Download the React DevTools")
# Each kernel imports this while its page loads, so that nobody waits for it afterwards.
PLAYERS = """import torch
from gan_lessons import data, train
images = data.load("glyphs", size=16)
config = train.TrainConfig(width=8, batch=32, seed=3)
trainer = train.Trainer(*train.networks(config, images), images, config, "cpu").fit(60)
real, fake = images.floats(slice(-40, None)), trainer.generate(40)
"""
PRELOADED = "import gan_lessons.widgets as _preloaded\n"


def has_outputs(path: Path) -> bool:
    """Whether the notebook is stored with outputs; a file that is being written is not yet."""
    text = path.read_text(encoding="utf-8")
    try:
        return any(cell.get("outputs") for cell in json.loads(text)["cells"])
    except json.JSONDecodeError:
        return False


class Lab:
    """A running server: `open` shows cells in it, in a window of their own."""

    def __init__(self, folder: Path, settings: Path):
        self.folder = folder
        self.settings = settings
        self.browser = None  # set by the fixture `lab`
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.token = secrets.token_hex(16)
        self.ending: list[threading.Thread] = []
        self.kept: dict[str, Any] = {}  # pages, by their cells
        startup = settings / "ipython" / "profile_default" / "startup"
        startup.mkdir(parents=True)
        (startup / "preload.py").write_text(PRELOADED)
        environment = {
            **os.environ,
            "JUPYTERLAB_SETTINGS_DIR": str(settings),
            "JUPYTERLAB_WORKSPACES_DIR": str(settings / "workspaces"),
            "IPYTHONDIR": str(settings / "ipython"),
            "OMP_NUM_THREADS": "1",
        }
        self.log = (folder / "server.log").open("w")
        options = [
            f"--port={self.port}",
            "--ip=127.0.0.1",
            "--no-browser",
            f"--IdentityProvider.token={self.token}",
            f"--ServerApp.root_dir={folder}",
            "--allow-root",
        ]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options],
            cwd=folder,
            env=environment,
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )
        self._wait()

    def _wait(self) -> None:
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            try:
                urllib.request.urlopen(f"{self.address('api')}", timeout=2).close()
                return
            except OSError:
                assert self.process.poll() is None, (self.folder / "server.log").read_text()
                time.sleep(0.3)
        raise TimeoutError((self.folder / "server.log").read_text())

    def address(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}/{path}?token={self.token}"

    def theme(self, dark: bool) -> None:
        chosen = {"theme": f"JupyterLab {'Dark' if dark else 'Light'}"}
        self._set("apputils-extension/themes", chosen)
        self._set("apputils-extension/notification", {"fetchNews": "false"})
        self._set("notebook-extension/tracker", {"windowingMode": "none"})

    def _set(self, name: str, values: dict) -> None:
        path = self.settings / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))

    def open(self, cells: list[str], *, width: int = 1100, height: int = 1000, dark: bool = False):
        """A page with a notebook of these cells, run from the top; `.messages` is its console."""
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
            metadata={"kernelspec": KERNEL},
        )
        name = f"page{secrets.token_hex(4)}.ipynb"
        nbformat.write(notebook, self.folder / name)
        return self.open_file(name, width=width, height=height, dark=dark)

    def store(self, *paths: Path) -> None:
        """Puts files of the project where the server finds them, each in the same folder."""
        for path in paths:
            target = self.folder / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)

    def open_file(
        self,
        name: str,
        *,
        width: int = 1100,
        height: int = 1000,
        dark: bool = False,
        run: bool = True,
    ):
        """A page with a notebook of the server's folder, run from the top.

        Its kernel ends when the page is closed: each holds PyTorch, and memory is not endless.
        run: if False, it is only opened, as a reader does.
        """
        self.theme(dark)
        if run:
            self._start_kernel(name)
        page = self.browser.new_page(viewport={"width": width, "height": height})
        page.messages = []
        page.on("console", lambda message: self._note(page, message))
        page.on("pageerror", lambda error: page.messages.append(str(error)))
        page.on("close", lambda _: self._leave(name))
        page.notebook = name
        page.goto(self.address(f"doc/tree/{name}"))
        if not run:
            page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
            return page
        page.wait_for_selector("text=/\\| Idle/", timeout=60_000)  # the kernel is there
        page.click(".lm-MenuBar-itemLabel >> text=/^Run$/")
        page.click(".lm-Menu-itemLabel >> text=/^Run All Cells$/")
        return page

    def save(self, page) -> Path:
        """Saves the page's notebook by its menu; the file, once it has outputs."""
        path = self.folder / page.notebook
        page.click(".lm-MenuBar-itemLabel >> text=/^File$/")
        page.click(".lm-Menu-itemLabel >> text=/^Save Notebook$/")
        end = time.monotonic() + 20
        while not has_outputs(path):
            assert time.monotonic() < end, "the notebook was not saved"
            page.wait_for_timeout(200)
        return path

    def keep(self, cells: list[str], *, width: int, height: int, dark: bool):
        """As `open`, once: asked again for the same cells, the page only changes its looks."""
        key = "\n".join(cells)
        if key not in self.kept:
            self.kept[key] = self.open(cells, width=width, height=height, dark=dark)
            return self.kept[key]
        page = self.kept[key]
        page.set_viewport_size({"width": 1100, "height": 1100})  # the menu has room
        self.turn(page, dark)
        page.set_viewport_size({"width": width, "height": height})
        return page

    def turn(self, page, dark: bool) -> None:
        """Changes the theme of an open page by its menu, as a reader does."""
        name = f"JupyterLab {'Dark' if dark else 'Light'}"
        page.click(".lm-MenuBar-itemLabel >> text=/^Settings$/")
        page.hover(".lm-Menu-itemLabel >> text=/^Theme$/")
        page.click(f".lm-Menu-itemLabel >> text=/^{name}$/")
        chosen = f"body[data-jp-theme-name='{name}']"
        page.wait_for_selector(chosen, state="attached", timeout=20_000)

    def pause(self, page, reading: str, button: str) -> float:
        """Clicks Pause; milliseconds until the last change of what `reading` reads in the page."""
        return page.evaluate(
            f"""async () => {{
                const read = () => {reading};
                const start = performance.now();
                let last = start, shown = read();
                document.querySelector('{button}').click();
                while (performance.now() - start < 1500) {{
                    await new Promise(requestAnimationFrame);
                    if (read() !== shown) {{ shown = read(); last = performance.now(); }}
                }}
                return last - start;
            }}"""
        )

    def median_pause(self, page, reading: str, button: str, by: int, times: int = 5) -> float:
        """Plays until `reading` has grown by so much, pauses, and again; the median delay in ms.

        What is paused stays where it is.
        """
        delays = []
        for _ in range(times):
            before = page.evaluate(reading)
            page.locator(button).first.click()
            page.wait_for_function(f"{reading} > {before + by}", timeout=20_000)
            delays.append(self.pause(page, reading, button))
            at = page.evaluate(reading)
            page.wait_for_timeout(400)
            assert page.evaluate(reading) == at
        print("pause answered after, ms:", [round(delay) for delay in delays])
        return sorted(delays)[times // 2]

    def _note(self, page, message) -> None:
        if message.type == "error":
            page.messages.append(f"{message.text} {message.location.get('url', '')}")

    def fitting(self, name: str, cell: str, width: int, height: int, dark: bool):
        """As `photographed`, of an explorer whose last card is wide, with diagrams inside."""
        page = self.photographed(name, cell, width, height, dark, ready=".gl-diagram")
        card = page.locator(f".gl-{name} .gl-card").last.bounding_box()
        assert card["width"] > 0.65 * min(width, 1000)
        for box in (each.bounding_box() for each in page.locator(f".gl-{name} figure").all()):
            assert card["x"] <= box["x"]
            assert box["x"] + box["width"] <= card["x"] + card["width"] + 1
            assert box["width"] > 100
        return page

    def photographed(
        self, name: str, cell: str, width: int, height: int, dark: bool, ready: str = "img"
    ):
        """A page with the explorer `.gl-name`, kept as a picture; nothing in it sticks out.

        ready: the part of it that is waited for.
        """
        page = self.open([cell], width=width, height=height, dark=dark)
        page.wait_for_selector(f".gl-{name} {ready}", timeout=90_000)
        sidebar = page.locator("#jp-left-stack")
        if width < 500 and sidebar.is_visible():
            page.keyboard.press("Control+b")
            sidebar.wait_for(state="hidden", timeout=20_000)
        page.wait_for_timeout(300)
        SHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SHOTS / f"{name}-{width}-{'dark' if dark else 'light'}.png")
        parts = ".jupyter-widgets, table, img, .gl-card"
        outside = page.evaluate(
            f"[...document.querySelectorAll('.gl-{name} :is({parts})')]"
            ".filter(each => each.getBoundingClientRect().right > "
            f"document.querySelector('.gl-{name}').getBoundingClientRect().right + 1).length"
        )
        assert outside == 0
        assert not self.errors(page)
        return page

    @property
    def players(self) -> str:
        """A cell's first lines: a trainer after 60 steps, and `real` and `fake` pictures."""
        return PLAYERS

    def shoot(self, page, name: str) -> None:
        """Keeps a picture of the page, for the eye."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SHOTS / f"{name}.png")

    def errors(self, page) -> list[str]:
        """What the page's console complained of, without what is not ours."""
        return [m for m in page.messages if not any(known in m for known in OTHERS_MESSAGES)]

    def _ask(self, method: str, path: str, body: dict | None = None):
        """The server's answer to a request of its programming interface."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address(path), data, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def _start_kernel(self, name: str) -> None:
        """JupyterLab takes over the session that a notebook has already."""
        kernel = {"name": KERNEL["name"]}
        session = {"path": name, "name": name, "type": "notebook", "kernel": kernel}
        self._ask("POST", "api/sessions", session)

    def _leave(self, name: str) -> None:
        """Ends a notebook's kernel, and lets the next test begin meanwhile."""
        self.ending.append(threading.Thread(target=self._end_kernel, args=(name,)))
        self.ending[-1].start()

    def _end_kernel(self, name: str) -> None:
        for session in self._ask("GET", "api/sessions"):
            if session["path"] == name:
                self._ask("DELETE", f"api/sessions/{session['id']}")

    def stop(self) -> None:
        for thread in self.ending:
            thread.join()
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.log.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A test that failed says what its page shows, for those who cannot look at it."""
    report = yield
    page = item.funcargs.get("page") if report.failed else None
    if page is not None and not page.is_closed():
        shown = page.evaluate(
            """() => [
                document.querySelector('.jp-Notebook-ExecutionIndicator')?.dataset.status,
                ...[...document.querySelectorAll('button.mod-active, :focus')]
                    .map(each => each.textContent.trim().slice(0, 80)),
                document.querySelector('.gl-explorer')?.innerText.slice(0, 1500),
            ]"""
        )
        messages = getattr(page, "messages", [])
        report.sections.append(("The page", "\n".join(map(str, [*shown, *messages]))))
    return report


@pytest.fixture(scope="module")
def browser(chromium):
    """A running Chromium. It ends with its file: Playwright's event loop would disturb others."""
    if chromium is None:
        pytest.skip(
            "there is no Chromium (apt-get install chromium, or playwright install chromium), "
            "or no Playwright to drive it"
        )
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Iterator[Lab]:
    """The one JupyterLab of a process."""
    pytest.importorskip("jupyterlab", reason="JupyterLab is not installed")
    running = Lab(tmp_path_factory.mktemp("lab"), tmp_path_factory.mktemp("settings"))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def lab(browser, server) -> Iterator[Lab]:
    """The server, seen with this file's browser."""
    server.browser = browser
    yield server
    for page in server.kept.values():
        page.close()
    server.kept.clear()
