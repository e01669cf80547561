"""A live view with a still picture behind it, so that a saved notebook shows something.

A front end prefers a widget view to every other type of the same output. Where the kernel is gone,
JupyterLab then writes "Error displaying widget: model not found" and never looks at the picture
beside it. So the picture is an output of its own. A cell has three:

1. the widget view, and else no words: what cannot show a live widget shows nothing here;
2. `SWITCH`, a few style rules that show either its left or its right neighbour;
3. the still picture with its alternative text, which every viewer knows.

The rules hide the picture while the view before them is alive, and the view while it is not. A
viewer that drops them (an untrusted notebook, a page made by nbconvert, GitHub) has no live view
either, and shows the picture. Colab has another page and saves the state of widgets: there it is
one output.
"""

import sys
from collections.abc import Callable, Mapping

import ipywidgets
from IPython import get_ipython
from IPython.display import display

from gan_lessons.checks import function, instance
from gan_lessons.plots import Bundle, Picture
from gan_lessons.widgets import kit

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
LIVE = "gl-live"  # a class of each live view
_SWITCH = "gl-switch"
_VIEW = f".jp-OutputArea-child:has(+ .jp-OutputArea-child style.{_SWITCH})"
_RULES = f".jp-OutputArea-child:has(style.{_SWITCH})"
# The picture waits for a second: a view that is about to appear needs less, and nothing flickers.
SWITCH = (
    f'<style class="{_SWITCH}">'
    f"{_RULES},{_VIEW}:not(:has(.{LIVE})),{_VIEW}:has(.{LIVE}) + * + *{{display:none}}"
    "@keyframes gl-wait{from{max-height:0;overflow:hidden}}"
    f"{_VIEW} + * + *{{animation:gl-wait 1s step-end}}"
    "</style>"
)


def view_of(widget: ipywidgets.Widget) -> dict:
    """The message that makes a front end show the widget; the same on ipywidgets 7 and 8."""
    return {"model_id": widget.model_id, "version_major": 2, "version_minor": 0}


def on_colab() -> bool:
    """Whether the notebook runs on Colab."""
    return "google.colab" in sys.modules


def running_cell() -> str:
    """The id of the cell that runs; empty where the front end does not say."""
    parent: dict = getattr(get_ipython(), "get_parent", dict)()
    return parent.get("metadata", {}).get("cellId", "")


def show_live(widget: ipywidgets.DOMWidget, still: Picture, display_id: str | None = None) -> None:
    """Shows the widget where a kernel runs, and the still picture everywhere else.

    display_id: with it, `replace_still` can put another picture in the place of the still one.
    """
    widget.add_class(LIVE)
    view = {WIDGET_VIEW: view_of(widget), "text/plain": ""}  # or nbconvert would warn of it
    picture, about = still._repr_mimebundle_()
    place = {} if display_id is None else {"display_id": display_id}
    if on_colab():
        display({**view, **picture}, metadata=about, raw=True, **place)
        return
    display(view, raw=True)
    display({"text/html": SWITCH}, raw=True)
    display(picture, metadata=about, raw=True, **place)


def replace_still(widget: ipywidgets.DOMWidget, still: Picture, display_id: str) -> None:
    """Another still picture for a widget that is shown. On Colab the view is made anew, too."""
    picture, about = still._repr_mimebundle_()
    if on_colab():
        picture = {WIDGET_VIEW: view_of(widget), **picture}
    display(picture, metadata=about, raw=True, display_id=display_id, update=True)


class Live:
    """What a cell ends with: the widget where a kernel runs, the still picture everywhere else."""

    def __init__(self, widget: ipywidgets.DOMWidget, still: Picture):
        self.widget = instance("widget", widget, ipywidgets.DOMWidget)
        self.still = instance("still", still, Picture)

    def _ipython_display_(self, **_: object) -> None:
        show_live(self.widget, self.still)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> Bundle:
        return self.still._repr_mimebundle_()

    def __repr__(self) -> str:
        return repr(self.still)


def follow(
    draw: Callable[..., str], controls: Mapping[str, ipywidgets.ValueWidget], still: Picture
) -> Live:
    """A page that follows its controls: `draw` writes it anew whenever one of them moves.

    draw: from the value of each control, by name, to the page's HTML. controls: stand above the
    page in this order, each with its own `description`. still: for where no kernel runs.
    """
    function("draw", draw)
    for name, control in instance("controls", controls, Mapping).items():
        instance(f"controls[{name!r}]", control, ipywidgets.ValueWidget)
    page = kit.html()

    @kit.in_turn
    def redraw(_: object = None) -> None:
        page.value = draw(**{name: control.value for name, control in controls.items()})

    for control in controls.values():
        control.observe(redraw, names="value")
    redraw()
    box = kit.column([kit.html(kit.style()), kit.row(list(controls.values())), page])
    box.add_class("gl-explorer")
    return Live(box, still)
