"""The board on which the reader draws data."""

from collections.abc import Callable

import ipywidgets as w

from gan_lessons.widgets.gan_lab.truth import BLANK, SIDE, cells, drawing_of


class DrawingBoard:
    """A button for each cell of a drawing: by mouse, or by Tab and Space.

    clear: the button that empties it, shown above. drawn: is called with each drawing. blank: shows
    no cells, whatever the drawing, until the reader draws one.
    """

    def __init__(self, clear: w.Button, drawn: Callable[[str], object]):
        self.cells: list[w.ToggleButton] = []  # made when they are needed, 64 take their time
        self.box = w.VBox()
        self.blank = False
        self._clear, self._drawn = clear, drawn

    def put(self, drawing: str | None) -> None:
        """Shows a drawing, or hides the board. Its cells are moved, so do this unheard."""
        if drawing is not None and not self.cells:
            self._make()
        if drawing is not None:
            shown = cells(BLANK if self.blank else drawing)
            for cell, filled in zip(self.cells, shown, strict=True):
                cell.value = filled
        self.box.layout.display = "none" if drawing is None else None

    def _make(self) -> None:
        for i in range(SIDE * SIDE):
            cell = w.ToggleButton(tooltip=f"row {i // SIDE + 1}, column {i % SIDE + 1}")
            cell.observe(self._pressed, names="value")
            self.cells.append(cell)
        grid = w.Box(self.cells)
        grid.add_class("board")
        above = w.HBox([w.Label("draw: press cells, or"), self._clear])
        self.box.children = (above, grid)

    def _pressed(self, _: object) -> None:
        self._drawn(drawing_of([cell.value for cell in self.cells]))
