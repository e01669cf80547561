"""Turns the package's docstrings, plain text with a few habits, into reStructuredText.

A Sphinx extension. The habits: `names` between single backticks; code indented by four, or lines
that end in comments; `- ` lists; and lines that begin with the name of what they explain:

    x: (N, C, H, W), between -1 and 1.
    Raises ValueError for other shapes.
"""

import re
import textwrap
from collections.abc import Sequence
from typing import Any

from sphinx.application import Sphinx

NAMED = re.compile(r"(\w+(?:, \w+)*): (?=\S)")
SECTION = re.compile(r"(Raises|Returns|Yields):$")
CODE = re.compile(r"\S.*\S\s{2,}#\s|^\w+\(.*\)$|^\w+(, \w+)* = ")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("autodoc-process-docstring", _process)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def to_rst(text: str) -> str:
    """A docstring, already without its indentation."""
    blocks = re.split(r"\n\s*\n", text.strip("\n"))
    return "\n\n".join(_block(block) for block in blocks) + "\n"


def _process(app: Sphinx, what: str, name: str, it: Any, options: Any, lines: list[str]) -> None:
    lines[:] = to_rst("\n".join(lines)).splitlines()


def _block(block: str) -> str:
    lines = block.splitlines()
    if all(line.startswith("    ") for line in lines) or _is_code(lines):
        return "::\n\n" + textwrap.indent(textwrap.dedent(block), "    ")
    if lines[0].startswith("- "):
        return "\n".join(_inline(line) for line in lines)
    made: list[str] = []
    rest = lines
    while rest:
        line, rest = rest[0], rest[1:]
        if match := SECTION.match(line):
            inner = [each for each in rest if each.startswith("    ")]
            rest = rest[len(inner) :]
            made += ["", match[1], *(f"    {each}" for each in _entries(inner)), ""]
        elif match := NAMED.match(line):
            made += ["", f"``{match[1]}``", "    " + _inline(line[match.end() :])]
            while rest and not (NAMED.match(rest[0]) or _starts_sentence(rest[0])):
                made.append("    " + _inline(rest[0].strip()))
                rest = rest[1:]
            made.append("")
        else:
            made.append(_inline(line))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(made)).strip("\n")


def _entries(lines: Sequence[str]) -> list[str]:
    """`ValueError: why` with its further lines, as entries of a definition list."""
    entries: list[str] = []
    for line in textwrap.dedent("\n".join(lines)).splitlines():
        if match := re.match(r"(\w+): ", line):
            entries += [f"``{match[1]}``", "    " + _inline(line[match.end() :])]
        else:
            entries.append("    " + _inline(line.strip()))
    return entries


def _starts_sentence(line: str) -> bool:
    return bool(re.match(r"(Returns|Raises|Yields|Source)\b", line))


def _is_code(lines: Sequence[str]) -> bool:
    return len(lines) > 1 and sum(bool(CODE.search(line)) for line in lines) * 2 > len(lines)


def _inline(line: str) -> str:
    """Backticks as literals; all else without a meaning of its own."""
    parts = re.split(r"(`[^`]+`)", line)
    return "".join(
        f"``{part[1:-1]}``" if part.startswith("`") and len(part) > 2 else _escaped(part)
        for part in parts
    )


def _escaped(text: str) -> str:
    return re.sub(r"([*|\\`]|(?<=\w)_(?!\w))", r"\\\1", text)
