"""The explorer: a hole that is moved and resized, or painted, and its completions."""

import random
from typing import Any

import ipywidgets as w
from torch import Tensor

from gan_lessons import checks, plots
from gan_lessons.metrics import FeatureNet
from gan_lessons.widgets import kit
from gan_lessons.widgets.completion_explorer import page
from gan_lessons.widgets.completion_explorer.model import CompletionView, Filler, view_of
from gan_lessons.widgets.completion_explorer.settings import CELL, CompletionSettings
from gan_lessons.widgets.explorer import Explorer
from gan_lessons.widgets.settings import MOST_SEED

TIPS = {
    "rows": "Drag the bar to move the hole up and down, drag an end to resize it.",
    "columns": "Drag the bar to move the hole left and right, drag an end to resize it.",
}


class CompletionExplorer(Explorer[CompletionSettings]):
    """Cut a hole into a picture, and step through the ways in which a network fills it.

    End a cell with it. Where no kernel runs, a still picture stands in its place.

    fill: a `models.translation.Completer`; it is copied. pictures: (N, C, H, W) in [-1, 1]. net:
    `judge.net`, a classifier that reads the completions; optional. Other settings as in
    `CompletionSettings`: mode, picture, rows, columns, cells, way, seed.

    Raises:
        ValueError: a value is outside its range, or pictures and networks do not fit together.
        TypeError: the name of a setting is unknown.
    """

    name = "completion"
    label_width = "60px"

    def __init__(self, fill: Any, pictures: Tensor, net: FeatureNet | None = None, **settings: Any):
        self.source = Filler(fill, pictures, net)
        size, side = self.source.size, self.source.side
        middle = (size // 4, size - size // 4)
        s = CompletionSettings(**{"rows": middle, "columns": middle, **settings})
        checks.whole("picture", s.picture, 1, len(self.source.pictures))
        for name in ("rows", "columns"):
            checks.whole(f"the end of {name}", getattr(s, name)[1], 0, size)
        for each in s.cells:
            checks.whole("cells", each, 0, side * side - 1)
        self._random = random.Random(s.seed)
        super().__init__(s)

    def build(self) -> w.Widget:
        controls, size = self.controls, self.source.size
        for name, tip in TIPS.items():
            value = getattr(self.settings, name)
            made = w.IntRangeSlider(value=value, min=0, max=size, description=name)
            made.style.description_width = self.label_width
            self.bind(name, made, tip)
        self.add_button("new", "new latents", "random", "Another seed, at random.", self._new)
        self.add_button("clear", "clear", "eraser", "Empties the free mask.", self._clear)
        self._large, self._beside = kit.html(), kit.html()
        board = kit.board(self.source.side, self._press)
        self.places = board.children
        rows = (("mode", "clear", "picture"), ("rows", "columns"), ("way", "seed", "new"))
        return kit.column(
            [
                *(kit.row([controls[name] for name in row]) for row in rows),
                kit.beside([kit.stack(self._large, [board]), self._beside]),
            ]
        )

    def adapt(self) -> None:
        self.controls["picture"].max = len(self.source.pictures)
        free = self.settings.mode == "free"
        for name in TIPS:
            self.controls[name].disabled = free
        self.controls["clear"].disabled = not free

    @property
    def view(self) -> CompletionView:
        """What is shown, as numbers."""
        return view_of(self.source, self.settings)

    def draw(self) -> None:
        view = self.view
        self._large.value = page.large_html(view)
        self._beside.value = page.beside_html(view)

    def page(self, settings: CompletionSettings) -> str:
        return page.to_html(view_of(self.source, settings))

    @property
    def still(self) -> plots.Picture:
        return page.to_picture(self.view)

    @property
    def alt_text(self) -> str:
        return page.alt_text(self.view)

    def _press(self, i: int) -> None:
        """A cell was clicked: it joins or leaves the free mask, or the rectangle comes to it."""
        s, side = self.settings, self.source.side
        if s.mode == "free":
            self.show(s.changed(cells=sorted({*s.cells} ^ {i})))
            return
        where = {}
        for name, cell in (("rows", i // side), ("columns", i % side)):
            low, high = getattr(s, name)
            start = CELL * cell + CELL // 2 - (high - low) // 2
            start = min(max(start, 0), self.source.size - (high - low))
            where[name] = (start, start + high - low)
        self.show(s.changed(**where))

    def _clear(self) -> None:
        self.show(self.settings.changed(cells=()))

    def _new(self) -> None:
        self.show(self.settings.changed(seed=self._random.randint(0, MOST_SEED)))
