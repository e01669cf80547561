"""What explorers draw with: one style sheet, its colours, buttons, rows, pictures, tips."""

import base64
import io
import re
from collections.abc import Callable, Sequence
from functools import wraps
from html import escape
from pathlib import Path
from threading import RLock
from typing import ParamSpec, TypeVar

import ipywidgets as w
import torch
from torch import Tensor

from gan_lessons import plots

CSS = Path(__file__).with_name("explorers.css").read_text(encoding="utf-8")
_BLOCKS = re.findall(r"/\* colours of .*? \*/[^{]*\{([^}]*)\}", CSS)
_LIGHT, _DARK = (dict(re.findall(r"--([\w-]+): (#\w{6});", block)) for block in _BLOCKS)
# Name: in a light page, in a dark page. The still pictures have a light page's.
PALETTE = {name: (colour, _DARK[name]) for name, colour in _LIGHT.items()}


# The sliders of ipywidgets 8 are drawn by noUiSlider, which sends the keys End and Home to the ends
# that a slider was made with, also where it has others since. This sends them to those of now.
_ON_LOAD = """
const ends = {End: 'max', Home: 'min'};
this.closest('.gl-explorer').addEventListener('keydown', event => {
  const target = event.target.closest('.noUi-target'), slider = target?.noUiSlider;
  if (!slider || !ends[event.key] || target.hasAttribute('disabled')) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  slider.set(slider.options.range[ends[event.key]]);
}, true);
"""

P = ParamSpec("P")
R = TypeVar("R")
_TURN = RLock()


def in_turn(act: Callable[P, R]) -> Callable[P, R]:
    """`act`, which waits until no other such act runs.

    What a page sends is heard in two threads. JupyterLab 4.4 and later send it to a subshell of the
    kernel, beside the cell that runs; while a page is still opening, to the main thread. A control
    that was moved while another thread put it in place would not be heard.
    """

    @wraps(act)
    def alone(*args: P.args, **kwargs: P.kwargs) -> R:
        with _TURN:
            return act(*args, **kwargs)

    return alone


def style() -> str:
    """The style sheet of all explorers, as an element for the page."""
    return f"<style>{CSS}</style>"


def live_style(rules: str) -> str:
    """Rules of one explorer, as an element of its live page, where sliders hear End and Home."""
    return f'<style onload="{escape(_ON_LOAD)}">{rules}</style>'


def html(text: str = "", css_class: str = "") -> w.HTML:
    """A part of the page that holds a picture or words, kept and written over."""
    made = w.HTML(text)
    set_tip(made, "")  # or "null" would be its label's
    if css_class:
        made.add_class(css_class)
    return made


def button(text: str, icon: str, tip: str, kind: type[w.DOMWidget] = w.Button) -> w.DOMWidget:
    """A button as wide as its words. kind: w.Button or w.ToggleButton."""
    return kind(description=text, icon=icon, tooltip=tip)


def row(children: Sequence[w.Widget]) -> w.HBox:
    """Controls side by side; on a narrow page they wrap."""
    made = w.HBox(list(children))
    made.add_class("gl-row")
    return made


def column(children: Sequence[w.Widget]) -> w.VBox:
    """Controls and pictures, one under the other."""
    made = w.VBox(list(children))
    made.add_class("gl-column")
    return made


def beside(children: Sequence[w.Widget]) -> w.Box:
    """Parts of a page side by side, of equal rights; on a narrow page one under the other."""
    made = w.Box(list(children))
    made.add_class("gl-beside")
    return made


def board(side: int, press: Callable[[int], object]) -> w.GridBox:
    """Buttons without a face, side × side, to lie over a picture: by mouse, or by Tab and Space.

    press: is called with the number of a button, counted row by row.
    """
    cells, pressed = [], in_turn(press)
    for i in range(side * side):
        cell = w.Button(tooltip=f"row {i // side + 1}, column {i % side + 1}")
        cell.on_click(lambda _, i=i: pressed(i))
        cells.append(cell)
    even = f"repeat({side}, minmax(0, 1fr))"
    layout = w.Layout(grid_template_columns=even, grid_template_rows=even, grid_gap="0")
    made = w.GridBox(cells, layout=layout)
    made.add_class("gl-board")
    return made


def stack(picture: w.Widget, over: Sequence[w.Widget] = ()) -> w.Box:
    """A picture with a board over it."""
    made = w.Box([picture, *over])
    made.add_class("gl-stack")
    return made


def set_tip(control: w.DOMWidget, tip: str) -> None:
    """What a control says when it is pointed at, by the trait that this version has for it.

    ipywidgets 7 has `tooltip` on buttons, and `description_tooltip` on what has a description; 8
    has `tooltip` on everything, and an empty one reads "null" on a slider's label.
    """
    name = "description_tooltip" if control.has_trait("description_tooltip") else "tooltip"
    if control.has_trait(name):
        setattr(control, name, tip)


def chart(drawn: plots.Picture, most: int | None = None) -> str:
    """A drawn chart as one <img>, at most so many pixels wide; dark where the page is dark."""
    source = base64.b64encode(drawn.png).decode()
    wide = f"min(100%, {drawn.width if most is None else most}px)"
    return (
        f"<img class='jp-needs-light-background' style='max-width: {wide}' decoding='sync' "
        f"alt='{escape(drawn.alt, quote=True)}' src='data:image/png;base64,{source}'/>"
    )


def to_img(pictures: Tensor, words: str, columns: int = 1, gap: int = 0) -> str:
    """Pictures (N, 1 or 3, H, W), row by row, as one <img>. words: its alternative text.

    gap: pixels between two pictures, where the page shows through.
    """
    file = io.BytesIO()
    sheet = plots.sheet(pictures, columns, scale=1, gap=gap, clip=True)
    if gap:
        black = torch.zeros_like(pictures, dtype=torch.uint8)
        places = plots.sheet(black, columns, scale=1, gap=gap).convert("L")
        sheet.putalpha(places.point(lambda grey: 0 if grey else 255))
    sheet.save(file, "png", compress_level=1)
    source = base64.b64encode(file.getvalue()).decode()
    # Decoded at once, or the old picture would blink away before the new one is there.
    return f"<img decoding='sync' src='data:image/png;base64,{source}' alt='{escape(words)}'/>"


def tip(text: str, sentence: str, *, focus: bool = True) -> str:
    """Text that says a sentence when it is pointed at, or reached with Tab.

    focus: whether Tab stops there; where many cards have the same row, the first one is enough.
    The sentence appears over the nearest element of class `gl-tips`.
    """
    said = escape(sentence)
    stop = " tabindex='0'" if focus else ""
    return f"<span class='gl-tip'{stop} aria-description='{said}' data-tip='{said}'>{text}</span>"


def fixed(value: float, digits: int) -> str:
    """With so many digits behind the point whatever the value, so that nothing jumps."""
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if not float(text) else text.replace("-", "−")


def short(value: float) -> str:
    """3.097, or 2.6e−6 if it is very small or large."""
    if not value or 1e-3 <= abs(value) < 1e4:
        return fixed(value, 3)
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa}e{int(exponent)}".replace("-", "−")


def pair(values: tuple[complex, complex]) -> str:
    """Two eigenvalues, conjugate or real: 0.9925 ± 0.0968i, or 0.9500 and 0.8500."""
    first, second = values
    if abs(first.imag) > 1e-7:
        return f"{fixed(first.real, 4)} ± {first.imag:.4f}i"
    return f"{fixed(first.real, 4)} and {fixed(second.real, 4)}"


def percent(share: float) -> str:
    """0 to 1 → 12.34 %."""
    return f"{fixed(100 * share, 2)} %"


def error_card(message: str) -> str:
    """What went wrong and what to do, as HTML."""
    return f"<div class='gl-card gl-error' role='alert'><b>Stopped.</b> {escape(message)}</div>"


def hints(root: str, tips: dict[str, str]) -> str:
    """Rules that write a control's sentence into the explorer's line of hints.

    By keyboard focus or by mouse; the mouse wins. root: the explorer's class. tips: control → its
    sentence.
    """
    return "".join(
        f".{root}:has(.{control_class(root, name)}:{state}) .gl-hint::after"
        f'{{content:"{_css_text(sentence)}"}}'
        for state in ("focus-within", "hover")
        for name, sentence in tips.items()
    )


def control_class(root: str, control: str) -> str:
    """The class of a control, by which pages and tests find it: gl-latent-seed."""
    return f"{root}-{control.replace('_', '-')}"


def _css_text(text: str) -> str:
    return re.sub(r'["\\<>&\n]', lambda match: f"\\{ord(match[0]):x} ", text)
