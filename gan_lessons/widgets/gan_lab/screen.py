"""What a lab shows: the machine, the plane with a pad over it, numbers, a fold, and the line."""

from collections.abc import Callable, Sequence

import ipywidgets as w

from gan_lessons.widgets import kit
from gan_lessons.widgets.gan_lab import page
from gan_lessons.widgets.gan_lab.truth import cells, drawing_of
from gan_lessons.widgets.gan_lab.view import GanLabView, PlaneView
from gan_lessons.widgets.pad import Pad, Stroke, painted

RADII = {"pencil": 0.75, "eraser": 1.5}  # in cells of the drawing; 0.75 fills one at least


class Screen:
    """Parts that are kept and written over, so that a pad under a hand stays where it is.

    heard: is called with the strokes that are new. `widgets`: one under the other.
    """

    def __init__(self, heard: Callable[[Sequence[Stroke]], object]):
        self.pad = Pad(heard, "the plane, to draw real points on")
        self.machine = kit.html()
        self.plane, self.key, self.beside, self.why, self.code = (kit.html() for _ in range(5))
        stack = kit.stack(self.plane, [self.pad.widget])
        both = w.Box([self.machine, w.VBox([stack, self.key]), w.VBox([self.beside, self.why])])
        both.add_class("both")
        # Not part of what is written over, so that it stays as it was clicked.
        python = kit.html("<label class='python'><input type='checkbox'/> show Python</label>")
        paper = kit.column([both, python, self.code])
        for each in ("gl-card", "paper"):
            paper.add_class(each)
        self.widgets = [paper]

    def show_plane(self, view: PlaneView) -> None:
        """The plane alone, first: a hand that draws on it need not wait for the numbers."""
        self.plane.value = page.plane(view, bool(self.pad.tool))

    def show(self, view: GanLabView, line: str) -> None:
        """The moment, all but the plane and the machine."""
        self.key.value = page.key(view)
        self.beside.value = page.beside(view)
        self.why.value = page.why(view.settings)  # written anew, and shut, by another preset only
        self.code.value = page.code(line)

    def tell(self, view: GanLabView, *, playing: bool, asked: bool) -> None:
        """The machine and its words. asked: see `page.machine_html`."""
        drawing = bool(self.pad.tool)
        self.machine.value = page.machine_html(view, playing=playing, drawing=drawing, asked=asked)


def drawn_on(drawing: str, strokes: Sequence[Stroke]) -> str:
    """A drawing after some strokes."""
    drawn = cells(drawing)
    for stroke in strokes:
        drawn = painted(drawn, stroke, RADII[stroke.tool]) >= 0.5
    return drawing_of(drawn)
