"""The explorer: controls in, pictures out."""

import random
from typing import Any

import ipywidgets as w
from torch import Tensor

from gan_lessons import plots
from gan_lessons.widgets import kit
from gan_lessons.widgets.explorer import Explorer
from gan_lessons.widgets.latent_explorer import page
from gan_lessons.widgets.latent_explorer.settings import SIDE, STEPS, LatentSettings
from gan_lessons.widgets.latent_explorer.source import Source
from gan_lessons.widgets.latent_explorer.view import LatentView, Neighbours, neighbours_of, view_of
from gan_lessons.widgets.settings import MOST_SEED

TICK_MS = 70


class LatentExplorer(Explorer[LatentSettings]):
    """What a generator draws, latent by latent: along its directions, on a walk, in a grid.

    End a cell with it. Where no kernel runs, a still picture stands in its place.

    generator: an nn.Module with `.latent`, or a Trainer (its averaged generator). It is copied: the
    explorer shows it as it is now, and leaves it alone. seed (0 to 999,999): of the latent where
    all begins. Other settings as in `LatentSettings`: view, shifts, origin, towards, path,
    position, row, column, label.

    The directions are those along which the first layer's output spreads most (see
    `space.principal`), in units of standard deviations of z. `.directions` holds them, (K, latent),
    `.shares` their shares of that spread; `.z` is the latent that is shown, `.picture` its picture.

    Raises:
        ValueError: a value is outside its range, or the generator's pictures are invalid.
        TypeError: it is not a generator, or the name of a setting is unknown.
    """

    name = "latent"
    label_width = "52px"

    def __init__(self, generator: Any, seed: int = 0, **state: Any):
        self.source = Source(generator)
        self.directions, self.shares = self.source.directions, self.source.shares
        self._drawn: dict[str, tuple] = {}  # what the pictures of each view were drawn from
        settings = LatentSettings(seed, **state)
        self._random = random.Random(settings.seed)
        super().__init__(settings.fitted(len(self.directions), len(self.source.classes)))

    def build(self) -> w.Widget:
        controls, classes = self.controls, self.source.classes
        names = [(name, i) for i, name in enumerate(classes)] or [("none", 0)]
        label = w.Dropdown(options=names, value=self.settings.label, description="label")
        self.bind("label", label, "The class that the generator is asked for: z stays the same.")
        new = "Another seed, drawn at random."
        self.add_button("new", "new z", "random", new, self._new)
        back = "The controls of this view go back to their start."
        self.add_button("reset", "reset", "undo", back, self._reset)
        go = "Goes to the directions and moves this latent along them."
        self.add_button("go", "steer from here", "arrow-right", go, self._go)
        self.add_play("play", TICK_MS, "Walks from one latent to the other by itself.")

        self._large = kit.html(css_class="large")
        self._strips = [kit.html() for _ in self.directions]
        self._walk, self._grid = kit.html(), kit.html()
        self._above, self._below = kit.html(css_class="corners"), kit.html(css_class="corners")
        self._place = w.Label(layout=w.Layout(min_width="150px"))
        # Marks move by variables of a style; several explorers may stand in one page.
        self._scope = f"gl-latent-scope-{self._large.model_id[:12]}"
        top = [controls[name] for name in ("view", "seed", "new", "reset")]
        directions: list[w.Widget] = [kit.row([controls["origin"]])]
        for i, strip in enumerate(self._strips, 1):
            controls[f"direction{i}"].style.description_width = "14px"
            directions.append(kit.row([controls[f"direction{i}"], strip]))
            directions[-1].add_class("direction")
        ways = kit.row([controls["path"], controls["towards"]])
        ends = kit.row([controls["play"], controls["position"], self._place])
        cells = kit.row([controls["row"], controls["column"]])
        views = {
            "directions": kit.column(directions),
            "walk": kit.column([ends, self._walk]),
            "grid": kit.column([cells, self._above, self._stack(), self._below]),
        }
        # A part, and the views that it belongs to.
        self._parts: list[tuple[w.Widget, tuple[str, ...]]] = [
            (views["directions"], ("directions",)),
            (ways, ("walk", "grid")),
            (views["walk"], ("walk",)),
            (views["grid"], ("grid",)),
            (kit.row([controls["go"]]), ("walk", "grid")),
        ]
        right = kit.column([part for part, _ in self._parts])
        body = kit.beside([self._large, right])
        body.add_class(self._scope)
        return kit.column([kit.row([*top, *([label] if classes else [])]), body])

    def _stack(self) -> w.Widget:
        """The grid with a button over each cell."""
        self.board = kit.board(SIDE, self._choose)
        return kit.stack(self._grid, [self.board])

    # What is shown

    @property
    def z(self) -> Tensor:
        """The latent that is shown, (latent,)."""
        return self.view.z

    @property
    def picture(self) -> Tensor:
        """Its picture, (1, C, H, W) in [-1, 1]."""
        return self.view.picture

    @property
    def neighbours(self) -> Neighbours:
        """The pictures beside it, with their numbers."""
        return neighbours_of(self.source, self.settings)

    @property
    def still(self) -> plots.Picture:
        return page.to_picture(self.view, self.neighbours, self.source.classes)

    @property
    def alt_text(self) -> str:
        return page.still_alt_text(self.view, self.source.classes)

    def page(self, settings: LatentSettings) -> str:
        view, beside = view_of(self.source, settings), neighbours_of(self.source, settings)
        return page.page_html(view, beside, self.shares.tolist(), self.source.classes)

    def adapt(self) -> None:
        """Hides what belongs to other views, and says where on the walk the slider stands."""
        self._place.value = page.place(self.settings.position)
        for part, views in self._parts:
            part.layout.display = None if self.settings.view in views else "none"

    def draw(self) -> None:
        """The large picture first: it is sent before those beside it are made."""
        self.view: LatentView = view_of(self.source, self.settings)
        self._large.value = page.large_html(self.view, self.source.classes, scope=self._scope)
        view, source = self.settings.view, self.settings.drawn_from
        if self._drawn.get(view) != source:
            self._draw_beside(view)
            self._drawn[view] = source

    def _draw_beside(self, view: str) -> None:
        beside = self.neighbours
        if view == "directions":
            for i, strip in enumerate(self._strips):
                strip.value = page.strip_html(beside, i, float(self.shares[i]))
        elif view == "walk":
            self._walk.value = page.walk_html(beside)
        else:
            self._grid.value = page.grid_html(beside)
            self._above.value, self._below.value = page.corners(self.settings)

    # What happens

    def changed(self, name: str, value: Any) -> None:
        if name == "view":
            self.stop()
        super().changed(name, value)

    def _choose(self, i: int) -> None:
        self.show(self.settings.changed(row=i // SIDE + 1, column=i % SIDE + 1))

    def _new(self) -> None:
        self.show(self.settings.changed(seed=self._random.randint(0, MOST_SEED)))

    def _reset(self) -> None:
        self.stop()
        starts: dict[str, dict[str, Any]] = {
            "directions": {"shifts": (0.0,) * len(self.directions), "origin": "seed"},
            "walk": {"position": 0},
            "grid": {"row": 1, "column": 1},
        }
        self.show(self.settings.changed(**starts[self.settings.view]))

    def _go(self) -> None:
        """From the latent of the walk or the grid on, along the directions."""
        self.stop()
        shifts = (0.0,) * len(self.directions)
        origin = self.settings.view
        self.show(self.settings.changed(origin=origin, view="directions", shifts=shifts))

    def tick(self) -> None:
        """A step of the walk; it stops at its end, and begins again from its start."""
        position = self.settings.position + 1 if self.settings.position < STEPS else 0
        if position == STEPS:
            self.stop()
        self.show(self.settings.changed(position=position))
