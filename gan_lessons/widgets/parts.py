"""Buttons, and rows of controls, as all explorers have them."""

import ipywidgets as w


def button(text: str, icon: str, tip: str = "", kind: type[w.DOMWidget] = w.Button) -> w.DOMWidget:
    """A button as wide as its words. kind: w.Button or w.ToggleButton."""
    layout = w.Layout(width="auto", flex="0 0 auto")
    return kind(description=text, icon=icon, tooltip=tip, layout=layout)


def row(children: list[w.Widget]) -> w.HBox:
    """Controls side by side; on a narrow page they wrap."""
    return w.HBox(children, layout=w.Layout(flex_flow="row wrap", align_items="center"))
