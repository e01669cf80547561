"""Formulas as MathML, which every current browser draws itself: no script, no network.

A Sphinx extension. The browser needs one font with a MATH table; `font` makes the part of STIX Two
Math that the formulas use.
"""

from pathlib import Path

import ziamath
from docutils import nodes
from fontTools import subset
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator

# What the formulas are made of: Latin, Greek, operators, arrows, letter-like and mathematical
# alphanumeric signs, and the pieces that brackets and braces grow from.
RANGES = (
    *((0x20, 0x17F), (0x300, 0x3FF), (0x2010, 0x20FF), (0x2100, 0x22FF), (0x2300, 0x23FF)),
    *((0x27C0, 0x27EF), (0x2980, 0x29FF), (0x2A00, 0x2AFF), (0x1D400, 0x1D7FF)),
)


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def font(target: Path) -> None:
    """Writes the font (WOFF) that site.css names; SIL Open Font License 1.1."""
    source = Path(ziamath.__file__).parent / "fonts" / "STIXTwoMath-Regular.ttf"
    options = subset.Options(flavor="woff", layout_features=["*"], hinting=False)
    loaded = subset.load_font(str(source), options)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=[code for first, last in RANGES for code in range(first, last + 1)])
    cutter.subset(loaded)
    subset.save_font(loaded, str(target), options)


def to_mathml(formula: str, display: str) -> str:
    """LaTeX as one <math> element, with its source as the words of a reader that knows no MathML.

    display: inline or block.
    """
    return convert(formula, display=display)


def _inline(translator: HTML5Translator, node: nodes.math) -> None:
    translator.body.append(to_mathml(node.astext(), "inline"))
    raise nodes.SkipNode


def _block(translator: HTML5Translator, node: nodes.math_block) -> None:
    formula = to_mathml(node.astext(), "block")
    translator.body.append(f'<div class="math" tabindex="0">{formula}</div>\n')
    raise nodes.SkipNode
