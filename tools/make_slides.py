"""Writes each lesson's figures as slides into dist/slides, one file a lesson, for a projector.

    python tools/make_slides.py [06]

With the beginning of a name, writes only the lessons whose names begin with it. A deck opens from
disk and asks for nothing else: reveal.js (tools/reveal: version 6.0.2, from its npm package) and
the pictures that the notebook stores are in the file. Nothing is run. nbconvert's own slides hold
whole cells, and load four scripts from the network.
"""

import base64
import html
import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import nbformat
from matplotlib.font_manager import FontProperties
from matplotlib.mathtext import math_to_image

from gan_lessons import plots

ROOT = Path(__file__).resolve().parents[1]
SLIDES = ROOT / "dist" / "slides"
REVEAL = ROOT / "tools" / "reveal"
LONGEST = 118  # characters of a caption: one line at its size
WIDTH, HEIGHT = 1280, 720

STYLE = f"""
html, body, .reveal-viewport {{ margin: 0; height: 100%; background: {plots.PAPER}; }}
.reveal {{ color: {plots.INK}; font-family: system-ui, sans-serif; line-height: 1.25; }}
.reveal section {{ flex-direction: column; align-items: center; height: {HEIGHT}px;
  box-sizing: border-box; padding: 24px 40px 46px; text-align: center; }}
.reveal section.words {{ justify-content: center; align-items: flex-start; padding-left: 110px;
  text-align: left; }}
.reveal :is(h1, h2, p) {{ margin: 0; }}
.reveal h1 {{ font-size: 64px; max-width: 1000px; text-wrap: balance; }}
.reveal h2 {{ font-size: 52px; max-width: 1000px; text-wrap: balance; }}
.reveal .number {{ font-size: 40px; font-weight: 600; color: {plots.REAL}; margin-bottom: 14px; }}
.reveal .where {{ font-size: 20px; color: {plots.MUTED}; align-self: flex-start; }}
.reveal .picture {{ flex: 1; min-height: 0; width: 100%; object-fit: contain; margin: 12px 0; }}
.reveal .caption {{ font-size: 20px; white-space: nowrap; }}
.reveal .controls {{ color: {plots.MUTED}; font-size: 7px; }}
.reveal .progress {{ color: {plots.REAL}; }}
.reveal .slide-number {{ background: none; font: 14px system-ui; inset: 12px 16px auto auto; }}
.reveal .slide-number a {{ color: {plots.MUTED}; text-decoration: none; }}
"""
START = f"""
Reveal.initialize({{ width: {WIDTH}, height: {HEIGHT}, margin: 0, center: false, display: "flex",
  hash: true, slideNumber: "c/t", transition: "none", controlsTutorial: false }});
"""


class Figure(NamedTuple):
    """A stored picture. source: its address; alt: what it shows; where: the heading above it;
    before: the sentence that leads to it with a colon, or "".
    """

    source: str
    alt: str
    where: str
    before: str = ""


def main() -> None:
    only = sys.argv[1] if len(sys.argv) > 1 else ""
    paths = sorted((ROOT / "notebooks").glob(f"{only}*.ipynb"))
    if not paths:
        sys.exit(f"make slides: no notebook's name begins with {only!r}")
    SLIDES.mkdir(parents=True, exist_ok=True)
    for path in paths:
        page = deck(path)
        (SLIDES / f"{path.stem}.html").write_text(page, encoding="utf-8")
        slides = page.count("<section")
        print(f"dist/slides/{path.stem + '.html':<38} {slides:3} slides, {len(page) / 1e6:.1f} MB")


def deck(path: Path) -> str:
    """The page of a lesson's slides: its title, and the sections that have pictures, with these.

    Raises:
        ValueError: the lesson has no title.
    """
    title, slides = "", []
    section = ""
    for line in outline(path):
        if isinstance(line, Figure):
            if section:
                slides.append(words("", section))
                section = ""
            slides.append(picture(line))
        elif line.startswith("# "):
            title = line[2:]
        elif line.startswith("## "):
            section = line[3:]
    if not title:
        raise ValueError(f"{path.name} has no title")
    number, _, name = title.partition(" · ")
    slides.insert(0, words(number, name or title, tag="h1"))
    style = (REVEAL / "reveal.css").read_text(encoding="utf-8")
    script = (REVEAL / "reveal.js").read_text(encoding="utf-8")
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{html.escape(title)}</title>"
        f"<style>{style}</style><style>{STYLE}</style></head><body>"
        f'<div class="reveal"><div class="slides">\n{"".join(slides)}</div></div>'
        f"<script>{script}</script><script>{START}</script></body></html>\n"
    )


def outline(path: Path) -> Iterator[str | Figure]:
    """A lesson's headings, as lines of Markdown, and its figures, in order."""
    where = before = ""
    for cell in nbformat.read(path, as_version=4).cells:
        lines = cell.source.splitlines() if cell.cell_type == "markdown" else []
        for line in lines:
            if re.match(r"#{1,3} ", line):
                where = "" if line.startswith("# ") else line.lstrip("# ")
                yield line
            for tag in re.findall(r"^<img [^>]*>", line):
                yield from drawn(tag, path.parent, where)
        if lines:
            before = sentences(lines[-1])[-1].removesuffix(":") if lines[-1][-1:] == ":" else ""
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "image/png" in data:
                png = "".join(data["image/png"].split())
                alt = " ".join(data["text/plain"].split())
                yield Figure(f"data:image/png;base64,{png}", alt, where, before)
                before = ""


def drawn(tag: str, folder: Path, where: str) -> Iterator[Figure]:
    """The picture that an <img> on a line of its own shows."""
    parts = dict(re.findall(r'(\w+)="([^"]*)"', tag))
    png = base64.b64encode((folder / parts["src"]).read_bytes()).decode("ascii")
    yield Figure(f"data:image/png;base64,{png}", html.unescape(parts["alt"]), where)


def words(number: str, text: str, *, tag: str = "h2") -> str:
    """A slide with a heading, large."""
    above = f'<p class="number">{html.escape(number)}</p>' if number else ""
    return f'<section class="words">{above}<{tag}>{inline(text)}</{tag}></section>\n'


def picture(figure: Figure) -> str:
    """A slide with a picture as large as it fits, and one line below it."""
    alt = html.escape(figure.alt, quote=True)
    return (
        f'<section><p class="where">{inline(figure.where)}&nbsp;</p>'
        f'<img class="picture" src="{figure.source}" alt="{alt}">'
        f'<p class="caption">{inline(caption(figure))}</p></section>\n'
    )


def caption(figure: Figure) -> str:
    """A picture's words if they are one line, else the sentence before, else their first part."""
    alt = figure.alt.removesuffix(".")
    if len(alt) <= LONGEST:
        return alt
    return figure.before if 0 < len(figure.before) <= LONGEST else shortened(figure.alt)


def shortened(alt: str) -> str:
    """As many sentences as fit in a line, or as much of the first as is whole.

    A colon explains or lists, and goes with all that follows. But in an explorer's words, settings
    follow a colon and end at a semicolon; and one word before it, as in "Left: ...", says nothing.
    """
    first, *more = sentences(alt)
    if len(first) <= LONGEST:
        return fitting([first, *more], " ").removesuffix(".")
    head = first.partition(": ")[0]
    marks = [": ", "; ", ", "]
    if "explorer" in head or "; " in head:
        marks = ["; ", ": ", ", "]
    elif " " not in head:
        marks = ["; ", ", "]
    for mark in marks:
        first = fitting(first.split(mark), mark)
    return first


def fitting(parts: list[str], between: str) -> str:
    """As many of the first parts as fit in a line, at least one."""
    while len(parts) > 1 and len(between.join(parts)) > LONGEST:
        parts = parts[:-1]
    return between.join(parts)


def sentences(text: str) -> list[str]:
    return re.split(r"(?<=[.?!]) (?=[A-Z0-9])", text)


def inline(text: str) -> str:
    """A line of Markdown as HTML: code, emphasis and mathematics."""
    parts = re.split(r"(`[^`]+`|\$[^$]+\$)", text)
    return "".join(_inline(part) for part in parts)


def _inline(part: str) -> str:
    if len(part) > 1 and part[0] == part[-1] == "`":
        return f"<code>{html.escape(part[1:-1])}</code>"
    if len(part) > 1 and part[0] == part[-1] == "$":
        return formula(part)
    return re.sub(r"\*+([^*]+)\*+", r"<em>\1</em>", html.escape(part))


def formula(text: str) -> str:
    """A formula between dollars as a picture in the line, drawn by matplotlib: no script needed."""
    file = io.BytesIO()
    size = 10.0  # points, of 72 an inch
    depth = math_to_image(
        text, file, prop=FontProperties(size=size), dpi=72, format="svg", color=plots.INK
    )
    svg = file.getvalue().decode("utf-8")
    found = re.search(r'height="([\d.]+)pt"', svg)
    assert found is not None, "matplotlib gives the height of what it draws"
    data = base64.b64encode(file.getvalue()).decode("ascii")
    return (
        f'<img alt="{html.escape(text[1:-1], quote=True)}" src="data:image/svg+xml;base64,{data}" '
        f'style="height:{float(found[1]) / size:.3f}em;vertical-align:{-depth / size:.3f}em">'
    )


if __name__ == "__main__":
    main()
