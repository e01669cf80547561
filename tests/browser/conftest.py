"""A JupyterLab of its own, and a browser over it. Without Chromium these tests are skipped."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
START_S = 90
KERNEL = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
OTHERS_MESSAGES = ("favicon", "ResizeObserver", "Download the React DevTools")


class Lab:
    """A running server: `open` shows cells in it, in a window of their own."""

    def __init__(self, folder: Path, settings: Path, browser):
        self.folder = folder
        self.settings = settings
        self.browser = browser
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.token = secrets.token_hex(16)
        environment = {
            **os.environ,
            "JUPYTERLAB_SETTINGS_DIR": str(settings),
            "JUPYTERLAB_WORKSPACES_DIR": str(settings / "workspaces"),
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

    def open_file(self, name: str, *, width: int = 1100, height: int = 1000, dark: bool = False):
        """A page with a notebook of the server's folder, run from the top.

        Its kernel ends when the page is closed: each holds PyTorch, and memory is not endless.
        """
        self.theme(dark)
        page = self.browser.new_page(viewport={"width": width, "height": height})
        page.messages = []
        page.on("console", lambda message: self._note(page, message))
        page.on("pageerror", lambda error: page.messages.append(str(error)))
        page.on("close", lambda _: self._end_kernel(name))
        page.goto(self.address(f"doc/tree/{name}"))
        page.wait_for_selector("text=/\\| Idle/", timeout=60_000)  # the kernel is there
        page.click(".lm-MenuBar-itemLabel >> text=/^Run$/")
        page.click(".lm-Menu-itemLabel >> text=/^Run All Cells$/")
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

    def _note(self, page, message) -> None:
        if message.type == "error":
            page.messages.append(f"{message.text} {message.location.get('url', '')}")

    def errors(self, page) -> list[str]:
        """What the page's console complained of, without what is not ours."""
        return [m for m in page.messages if not any(known in m for known in OTHERS_MESSAGES)]

    def _end_kernel(self, name: str) -> None:
        if self.process.poll() is not None:  # a server that stops takes its kernels along
            return
        with urllib.request.urlopen(self.address("api/sessions"), timeout=20) as answer:
            ids = [each["id"] for each in json.load(answer) if each["path"] == name]
        for session in ids:
            address = self.address(f"api/sessions/{session}")
            request = urllib.request.Request(address, method="DELETE")
            urllib.request.urlopen(request, timeout=20).close()

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.log.close()


@pytest.fixture(scope="session")
def browser():
    """Chromium: Debian's where it is installed, else Playwright's own."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_api.sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
        if chromium is None and not own.exists():
            pytest.skip("there is no Chromium: apt-get install chromium, or playwright install")
        running = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture(scope="session")
def lab(browser, tmp_path_factory) -> Iterator[Lab]:
    pytest.importorskip("jupyterlab", reason="JupyterLab is not installed")
    running = Lab(tmp_path_factory.mktemp("lab"), tmp_path_factory.mktemp("settings"), browser)
    yield running
    running.stop()
