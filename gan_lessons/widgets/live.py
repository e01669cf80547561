"""A widget with a still picture beside it, so that a file shows something where nothing runs."""

import ipywidgets

from gan_lessons.plots import Bundle, Picture

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def view_of(widget: ipywidgets.Widget) -> dict:
    """The message that makes a front end show the widget; the same on ipywidgets 7 and 8."""
    return {"model_id": widget.model_id, "version_major": 2, "version_minor": 0}


class Live:
    """What a cell ends with: the widget where a kernel runs, the still picture everywhere else.

    No widget state is stored, so a saved notebook, a printed page and a viewer on the web fall
    back to the picture and its alternative text.
    """

    def __init__(self, widget: ipywidgets.Widget, still: Picture):
        self.widget = widget
        self.still = still

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> Bundle:
        data, about = self.still._repr_mimebundle_()
        return {WIDGET_VIEW: view_of(self.widget), **data}, about

    def __repr__(self) -> str:
        return repr(self.still)
