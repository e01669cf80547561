"""Makes the site of the course, dist/site, from what is stored: nothing is run.

    python tools/make_site.py [--repo owner/name]

Pages work from disk, without a network and without JavaScript. With --repo, each lesson also opens
in Colab, and links to files without a page lead to that repository.
"""

import argparse
import os
import shutil
import sys
from pathlib import Path

from colab_links import Web
from site_parts import api, lessons
from site_parts.mathml import font
from sphinx.cmd.build import build_main

from gan_lessons.widgets import kit

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "build" / "site"
SITE = ROOT / "dist" / "site"


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the site of the course in dist/site.")
    parser.add_argument("--repo", default="", metavar="owner/name", help="a repository on GitHub")
    try:
        web = Web(parser.parse_args().repo)
    except ValueError as error:
        sys.exit(f"make site: {error}")
    prepare(SOURCE, web)
    if code := build(SOURCE, SITE):
        sys.exit(code)
    files = [path for path in SITE.rglob("*") if path.is_file()]
    print(f"dist/site: {len(files)} files, {sum(p.stat().st_size for p in files) / 1e6:.0f} MB")


def prepare(folder: Path, web: Web) -> None:
    """Writes what Sphinx reads, laid out as the project is, so that links between pages hold."""
    shutil.rmtree(folder, ignore_errors=True)
    static = folder / "_static"
    shutil.copytree(ROOT / "docs" / "site", folder)
    static.mkdir()
    for name in ("site.css", "flipbook.js"):
        shutil.move(folder / name, static / name)
    (static / "explorers.css").write_text(kit.CSS, encoding="utf-8")
    font(static / "stix-two-math.woff")
    shutil.copytree(ROOT / "docs" / "thumbs", static / "thumbs")  # for plain HTML
    for name in ("explorers.gif", "trained.png"):
        shutil.copy(ROOT / "docs" / name, static / name)
    lessons.write(ROOT, folder, web)
    api.write(folder / "api")


def build(source: Path, site: Path) -> int:
    """Runs Sphinx; a warning is an error."""
    os.environ["SITE_TOOLS"] = str(ROOT / "tools" / "site_parts")
    shutil.rmtree(site, ignore_errors=True)
    cache = source.with_name("site-cache")
    shutil.rmtree(cache, ignore_errors=True)
    return build_main(
        ["-q", "-W", "--keep-going", "-j", "auto", "-d", str(cache), str(source), str(site)]
    )


if __name__ == "__main__":
    main()
