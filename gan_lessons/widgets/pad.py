"""A pad that lies over a picture and is drawn on, with the mouse, a pen, a finger, or keys.

    pad = Pad(heard, "draw here")          # heard(strokes): what is new, while the hand moves
    kit.stack(picture, [pad.widget])
    pad.tool = "pencil"                    # or "eraser"; "" lets a finger scroll the page again
    cells = painted(cells, stroke, 0.75)   # a stroke on a grid of cells, for any explorer

Core widgets hear no pointer, so the page's element has two handlers of its own, below. They draw
the line at once, and write the strokes into a hidden core Text as a reader would type them, so that
ipywidgets 7 and 8 send them to the kernel. While the kernel is busy, ipywidgets drops all but the
newest text: so each text has the last strokes whole, and `Pad` takes out of it what is new. A text
ends with a semicolon while the hand is down.
"""

import re
from collections.abc import Callable, Sequence
from html import escape
from typing import NamedTuple

import ipywidgets as w
import numpy as np

from gan_lessons import checks
from gan_lessons.widgets import kit

TOOLS = ("", "pencil", "eraser")
EVERY_MS = 100  # between two texts
UNITS = 1000  # of the pad's side: points are whole numbers of it
STEP = 32  # UNITS that an arrow key moves the cross, where there are no cells
MOST_TEXT = 8_000  # characters; older strokes are left out
EMPTIES = "gl-pad-empties"  # the class of a button that wipes off what is drawn
_STROKE = re.compile(r"(\d+) (pencil|eraser)((?: -?\d+,-?\d+)+)")

# `this` is the pad; `pen` is the stroke that is being drawn. Numbered by the clock: they grow, also
# over a page that is loaded again.
_ON_POINTER = """
if (event.button || this.pen) return;
event.preventDefault();
if (event.isTrusted) this.setPointerCapture(event.pointerId);
const box = this.closest('.gl-pad'), wire = box.querySelector('input');
const tool = box.classList.contains('eraser') ? 'eraser' : 'pencil';
for (const old of this.querySelectorAll('.done')) old.remove();
const line = this.appendChild(document.createElementNS(this.namespaceURI, 'polyline'));
line.setAttribute('class', tool);
const pen = this.pen = {id: event.pointerId, text: Date.now() + ' ' + tool, sent: 0};
const first = !this.strokes, strokes = this.strokes = this.strokes || [];
strokes.push(pen);
const send = () => {
  pen.sent = Date.now();
  const texts = strokes.map(each => each.text);
  while (texts.length > 1 && texts.join(';').length > MOST_TEXT) { texts.shift(); strokes.shift(); }
  wire.value = texts.join(';') + (this.pen ? ';' : '');
  for (const kind of ['input', 'change']) wire.dispatchEvent(new Event(kind, {bubbles: true}));
};
if (first) document.addEventListener('click', event => {
  if (!event.target.closest || !event.target.closest('.EMPTIES')) return;
  if (event.target.closest('.gl-explorer') !== box.closest('.gl-explorer')) return;
  strokes.length = 0;
  for (const old of this.querySelectorAll('.done')) old.remove();
  send();
}, true);
this.onpointermove = event => {
  if (event.pointerId !== pen.id || this.pen !== pen) return;
  const rect = this.getBoundingClientRect();
  const point = [(event.clientX - rect.left) / rect.width, (event.clientY - rect.top) / rect.height]
    .map(share => Math.round(UNITS * Math.min(1, Math.max(0, share)))).join();
  if (point === pen.last) return;
  pen.text += ' ' + (pen.last = point);
  line.setAttribute('points', (line.getAttribute('points') || point) + ' ' + point);
  if (Date.now() - pen.sent > EVERY_MS) send();
};
this.onpointerup = this.onpointercancel = event => {
  if (event.pointerId !== pen.id || this.pen !== pen) return;
  if (event.type === 'pointerup') this.onpointermove(event);
  this.pen = null;
  line.classList.add('done');
  send();
};
this.onpointermove(event);
"""
# Arrows move the cross; with Shift they draw, on cells a dot in the next one. Space makes a dot.
_ON_KEY = """
const ways = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};
const way = event.key === ' ' ? [0, 0] : ways[event.key];
if (!way) return;
event.preventDefault();
const cross = this.querySelector('.cross'), rect = this.getBoundingClientRect();
const from = [+cross.getAttribute('x'), +cross.getAttribute('y')];
const to = from.map((at, i) => Math.min(UNITS - LEAST, Math.max(LEAST, at + STEP * way[i])));
cross.setAttribute('x', to[0]);
cross.setAttribute('y', to[1]);
if (event.shiftKey || event.key === ' ')
  for (const [kind, at] of [['down', BEGIN], ['move', to], ['up', to]])
    this.dispatchEvent(new PointerEvent('pointer' + kind, {
      clientX: rect.left + at[0] / UNITS * rect.width,
      clientY: rect.top + at[1] / UNITS * rect.height,
    }));
"""


class Stroke(NamedTuple):
    """tool: "pencil" or "eraser". points: (N, 2), x and y as shares of the pad, y downwards."""

    tool: str
    points: np.ndarray


class Pad:
    """Lies over a picture: put `widget` into `kit.stack(picture, [pad.widget])`.

    heard: is called with the strokes that are new, each from the last point that was known, so that
    a line goes on unbroken; and when the hand is lifted, also if nothing is new. words: what the
    pad is, for those who cannot see it. cells: along a side; arrow keys go from the middle of one
    to the next, and with 0 in small steps. down: whether the hand is still drawing.

    Raises ValueError if cells is not a whole number of at least 0.
    """

    def __init__(self, heard: Callable[[Sequence[Stroke]], object], words: str, cells: int = 0):
        self._heard = heard
        self._known = (0, 0)  # the last stroke's number, and how many of its points are known
        self._tool = ""
        self.down = False
        self._wire = w.Text()  # without continuous_update=False: it sends each text
        self._wire.observe(self._on_text, names="value")
        element = _element(words, checks.whole("cells", cells, 0))
        self.widget = w.Box([kit.html(element), self._wire])
        self.widget.add_class("gl-pad")

    @property
    def tool(self) -> str:
        """What a drag does now: "pencil" or "eraser"; with "" the pad is not there."""
        return self._tool

    @tool.setter
    def tool(self, tool: str) -> None:
        tool = checks.one_of("tool", tool, TOOLS)
        if tool == self._tool:
            return
        if self._tool:
            self.widget.remove_class(self._tool)
        if tool:
            self.widget.add_class(tool)
        self._tool = tool

    def emptied_by(self, *buttons: w.Button) -> None:
        """Strokes that are still on their way when one of these is pressed are not heard.

        While the kernel works, a text waits in the page and a click does not: without this, the
        last strokes would come after the click, and what was wiped off would be drawn again.
        """
        for button in buttons:
            button.add_class(EMPTIES)

    @kit.in_turn
    def _on_text(self, change: dict) -> None:
        new = []
        for number, tool, points in _strokes_of(change["new"]):
            last, count = self._known
            if number < last or (number == last and len(points) <= count):
                continue
            first = max(0, count - 1) if number == last else 0
            new.append(Stroke(tool, points[first:]))
            self._known = (number, len(points))
        lifted, self.down = self.down, change["new"].endswith(";")
        if new or (lifted and not self.down):
            self._heard(new)


def _strokes_of(text: str) -> list[tuple[int, str, np.ndarray]]:
    """Number, tool and points of each stroke in a text of the page."""
    found = []
    for number, tool, points in _STROKE.findall(text):
        pairs = [[int(at) for at in point.split(",")] for point in points.split()]
        found.append((int(number), tool, np.array(pairs) / UNITS))
    return found


def painted(cells: np.ndarray, stroke: Stroke, radius: float) -> np.ndarray:
    """Cells (side, side), 0 to 1 from the top left, after a stroke of that radius in cells.

    A cell is filled where its middle is within `radius` of the line, and fades over one cell
    around it: 0.5 at the radius itself. The eraser takes away what the pencil would fill.

    Raises ValueError if radius is not above 0.
    """
    radius = checks.number("radius", radius, above=0)
    side = len(cells)
    middles = np.stack(np.meshgrid(np.arange(side), np.arange(side)), -1) + 0.5  # (side, side, 2)
    points = stroke.points * side
    starts, ends = (points[:-1], points[1:]) if len(points) > 1 else (points, points)
    distance = np.full(cells.shape, np.inf)
    for start, end in zip(starts, ends, strict=True):
        way = end - start
        along = (middles - start) @ way / max(way @ way, 1e-12)
        nearest = start + along.clip(0, 1)[..., None] * way
        distance = np.minimum(distance, np.linalg.norm(middles - nearest, axis=-1))
    filled = (radius + 0.5 - distance).clip(0, 1)
    if stroke.tool == "eraser":
        return np.minimum(cells, 1 - filled)
    return np.maximum(cells, filled)


def _element(words: str, cells: int) -> str:
    """The pad's element: transparent, as large as what it lies over."""
    step = UNITS / cells if cells else STEP
    constants = {"UNITS": UNITS, "STEP": step, "LEAST": step / 2 if cells else 0,
                 "BEGIN": "to" if cells else "from", "EVERY_MS": EVERY_MS,
                 "MOST_TEXT": MOST_TEXT, "EMPTIES": EMPTIES}  # fmt: skip

    def handler(code: str) -> str:
        for name, value in constants.items():
            code = code.replace(name, str(value))
        return escape(code)

    middle = (cells // 2 + 0.5) * step if cells else UNITS // 2
    return (
        f"<svg viewBox='0 0 {UNITS} {UNITS}' preserveAspectRatio='none' tabindex='0' role='img' "
        f"aria-label='{escape(words)}' data-lm-suppress-shortcuts='true' "
        f'onpointerdown="{handler(_ON_POINTER)}" onkeydown="{handler(_ON_KEY)}">'
        f"<svg class='cross' x='{middle}' y='{middle}' overflow='visible'>"
        "<path d='M-18 0H18M0 -18V18'/></svg></svg>"
    )
