"""The board on which the reader draws data."""

from collections.abc import Callable

import ipywidgets as w

from gan_lessons.widgets.gan_lab.truth import BLANK, SIDE, cells, drawing_of
from gan_lessons.widgets.moving import Quiet

CELL = 24  # pixels along each side


class Board(Quiet):
    """A button for each cell of a drawing: by mouse, or by Tab and Space.

    clear: the button that empties it, shown above. drawn: is told each drawing by the reader.
    """

    def __init__(self, clear: w.Button, drawn: Callable[[str], object]):
        self.cells: list[w.ToggleButton] = []  # made when they are asked for, and kept
        self.box = w.HBox(layout=w.Layout(display="none"))
        self._clear, self._drawn = clear, drawn
        self._blank = False  # cleared, and no cell is drawn yet

    def put(self, drawing: str | None) -> None:
        """Shows a drawing; none at all hides the board."""
        if drawing is not None and not self.cells:
            self._make()
        if drawing is not None:
            with self._quietly():
                for cell, filled in zip(
                    self.cells, cells(BLANK if self._blank else drawing), strict=True
                ):
                    cell.value = filled
        self.box.layout.display = "none" if drawing is None else "flex"

    def clear(self) -> None:
        """Nothing is drawn on it, whatever is put, until the reader draws or `forget`."""
        self._blank = True

    def forget(self) -> None:
        self._blank = False

    def _make(self) -> None:
        self.cells = [
            w.ToggleButton(
                tooltip=f"row {i // SIDE + 1}, column {i % SIDE + 1}",
                layout=w.Layout(
                    width=f"{CELL - 2}px", height=f"{CELL - 2}px", margin="1px", padding="0"
                ),
            )
            for i in range(SIDE * SIDE)
        ]
        for cell in self.cells:
            cell.observe(self._pressed, names="value")
        columns = f"repeat({SIDE}, {CELL}px)"
        grid = w.GridBox(self.cells, layout=w.Layout(grid_template_columns=columns))
        grid.add_class("gl-board")
        above = w.HBox(
            [w.Label("draw: press cells, or"), self._clear],
            layout=w.Layout(align_items="center"),
        )
        self.box.children = (w.VBox([above, grid]),)

    def _pressed(self, _: object) -> None:
        if not self._quiet:
            self._drawn(drawing_of([cell.value for cell in self.cells]))
