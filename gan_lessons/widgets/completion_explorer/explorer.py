"""The explorer: a hole that is moved, resized or painted, and its completions."""

import random
from collections.abc import Sequence
from typing import Any

import ipywidgets as w
import numpy as np
from torch import Tensor

from gan_lessons import checks, plots
from gan_lessons.metrics import FeatureNet
from gan_lessons.widgets import kit
from gan_lessons.widgets.completion_explorer import page
from gan_lessons.widgets.completion_explorer.model import (
    CompletionView,
    Filler,
    most_disputed,
    view_of,
)
from gan_lessons.widgets.completion_explorer.settings import WAYS, CompletionSettings
from gan_lessons.widgets.explorer import Explorer
from gan_lessons.widgets.pad import Pad, Stroke
from gan_lessons.widgets.settings import MOST_SEED

TIPS = {
    "rows": "Drag the bar to move the hole up and down, drag an end to resize it.",
    "columns": "Drag the bar to move the hole left and right, drag an end to resize it.",
}


class CompletionExplorer(Explorer[CompletionSettings]):
    """Cut a hole into a picture, and step through the ways in which a network fills it.

    End a cell with it. Where no kernel runs, a still picture stands in its place.

    fill: a `models.translation.Completer`; it is copied. pictures: (N, C, H, W) in [-1, 1]. net:
    `judge.net`, a classifier that reads the completions; optional. picture: None for the one, of
    the first 50, whose completions of the hole differ most. Other settings as in
    `CompletionSettings`: mode, rows, columns, cells, way, seed.

    Raises:
        ValueError: a value is outside its range, or pictures and networks do not fit together.
        TypeError: the name of a setting is unknown.
    """

    name = "completion"
    label_width = "74px"

    def __init__(
        self,
        fill: Any,
        pictures: Tensor,
        net: FeatureNet | None = None,
        picture: int | None = 1,
        **settings: Any,
    ):
        self.source = Filler(fill, pictures, net)
        size, side = self.source.size, self.source.side
        middle = (size // 4, size - size // 4)
        own = {"rows": middle, "columns": middle, **settings}
        s = CompletionSettings(picture=1 if picture is None else picture, **own)
        checks.whole("picture", s.picture, 1, len(self.source.pictures))
        for name in ("rows", "columns"):
            checks.whole(f"the end of {name}", getattr(s, name)[1], 0, size)
        for each in s.cells:
            checks.whole("cells", each, 0, side * side - 1)
        if picture is None:
            s = s.changed(picture=most_disputed(self.source, s))
        self._random = random.Random(s.seed)
        self._fills: bool | None = None  # whether the stroke that is drawn adds cells
        self._end: list[float] = []  # its last point
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
        self.pad = Pad(self._heard, "the hole, to move or to paint", self.source.side)
        self.pad.tool = "pencil"
        self.pad.emptied_by(controls["clear"])
        self._stack = kit.stack(self._large, [self.pad.widget])
        self.choices = [w.Button(description=str(i + 1)) for i in range(WAYS)]
        for i, button in enumerate(self.choices):
            button.on_click(kit.in_turn(lambda _, way=i + 1: self.changed("way", way)))
        choices = kit.row(self.choices)
        choices.add_class("gl-choices")
        rows = (("mode", "clear", "picture"), ("rows", "columns"), ("way", "seed", "new"))
        return kit.column(
            [
                *(kit.row([controls[name] for name in row]) for row in rows),
                kit.beside([self._stack, self._beside]),
                choices,
            ]
        )

    def adapt(self) -> None:
        self.controls["picture"].max = len(self.source.pictures)
        free = self.settings.mode == "free"
        for name in TIPS:
            self.controls[name].disabled = free
        self.controls["clear"].disabled = not free
        (self._stack.add_class if free else self._stack.remove_class)("free")

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

    def _heard(self, strokes: Sequence[Stroke]) -> None:
        """Paints cells, or brings the rectangle to where the hand is."""
        free = self.settings.mode == "free"
        cells = set(self.settings.cells)
        for stroke in strokes:
            on = self._cells_on(stroke)
            if self._fills is None or stroke.points[0].tolist() != self._end:
                self._fills = on[0] not in cells
            cells = cells.union(on) if self._fills else cells.difference(on)
            self._end = stroke.points[-1].tolist()
        if not self.pad.down:
            self._fills = None
        if strokes:
            chosen = {"cells": sorted(cells)} if free else self._around(strokes[-1].points[-1])
            self.attempt(lambda: self.show(self.settings.changed(**chosen)))

    def _cells_on(self, stroke: Stroke) -> list[int]:
        """The cells that a stroke touches, in its order."""
        side, points = self.source.side, stroke.points
        between = np.linspace(0, 1, 4 * side)[:, None]  # closer than a cell, however long it is
        starts = points[:-1] if len(points) > 1 else points
        ends = points[1:] if len(points) > 1 else points
        along = [start + between * (end - start) for start, end in zip(starts, ends, strict=True)]
        at = (np.concatenate(along) * side).astype(int).clip(0, side - 1)
        return (at[:, 1] * side + at[:, 0]).tolist()

    def _around(self, point: np.ndarray) -> dict[str, tuple[int, int]]:
        """The rectangle with its middle at a point, or as near as the picture allows."""
        where = {}
        for name, at in (("columns", point[0]), ("rows", point[1])):
            low, high = getattr(self.settings, name)
            start = round(at * self.source.size - (high - low) / 2)
            start = min(max(start, 0), self.source.size - (high - low))
            where[name] = (start, start + high - low)
        return where

    def _clear(self) -> None:
        self.show(self.settings.changed(cells=()))

    def _new(self) -> None:
        self.show(self.settings.changed(seed=self._random.randint(0, MOST_SEED)))
