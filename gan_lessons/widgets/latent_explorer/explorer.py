"""The widget: controls in, pictures out."""

import random
from functools import partial
from typing import Any

import ipywidgets
from torch import Tensor

from gan_lessons import plots
from gan_lessons.widgets.latent_explorer import controls, pages
from gan_lessons.widgets.latent_explorer.look import Look, Sheet, look_at, sheet_of
from gan_lessons.widgets.latent_explorer.setting import MOST_SEED, SIDE, STEPS, Setting
from gan_lessons.widgets.latent_explorer.source import Source
from gan_lessons.widgets.latent_explorer.still import to_picture, words
from gan_lessons.widgets.live import Live
from gan_lessons.widgets.moving import Plays


class LatentExplorer(Plays):
    """What a generator draws, latent by latent: along its directions, on a walk, in a grid.

    End a cell with it. Where no kernel runs, a still picture stands in its place.

    generator: an nn.Module with `.latent`, or a Trainer (its averaged generator). It is copied: the
    explorer shows it as it is now, and leaves it alone. seed (0 to 999,999): of the latent where
    all begins. Other settings as in `setting.Setting`: view, shifts, origin, towards, path,
    position, row, column, label.

    The directions are those along which the first layer's output spreads most (see
    `space.principal`), in units of standard deviations of z. `.directions` holds them, (K, latent),
    `.shares` their shares of that spread; `.z` is the latent that is shown, `.picture` its picture.

    Raises:
        ValueError: a value is outside its range, or the pictures are none. TypeError: it is no
            generator, or the name of a setting is unknown.
    """

    def __init__(self, generator: Any, seed: int = 0, **state: Any):
        self.source = Source(generator)
        self.setting = Setting(seed, **state).fitted(
            len(self.source.directions), len(self.source.classes)
        )
        self.directions, self.shares = self.source.directions, self.source.shares
        self._dice = random.Random(seed)
        self.controls = controls.make(self.setting, self.source)
        self._player = self.controls["play"]
        self._style = ipywidgets.HTML(pages.STYLE, layout=ipywidgets.Layout(height="0", margin="0"))
        self._large = ipywidgets.HTML(
            layout=ipywidgets.Layout(flex="1 1 260px", max_width="330px", min_width="0")
        )
        self._strips = [_html("1 1 300px") for _ in self.directions]
        self._walk, self._grid = _html(), _html()
        self.board, self.cells = controls.board()
        stack = ipywidgets.Box(
            [self._grid, self.board],
            layout=ipywidgets.Layout(width="100%", max_width="430px", margin="4px 0"),
        )
        stack.add_class("gl-latent-stack")
        body, self._views = controls.arranged(
            self.controls, self.source, self._large, self._strips, self._walk, stack
        )
        self.widget = ipywidgets.VBox([self._style, body])
        self._scope = f"gl-latent-{self.widget.model_id[:12]}"
        for name in (pages.OUTER, self._scope):
            self.widget.add_class(name)
        self._drawn: dict[str, tuple] = {}  # what the pictures of each view were drawn from
        self._listen()
        self._show()

    def _listen(self) -> None:
        for name in controls.SHARED:
            self.controls[name].observe(partial(self._on_control, name), names="value")
        for i in range(len(self.directions)):
            slider = self.controls[controls.direction(i)]
            slider.observe(partial(self._on_direction, i), names="value")
        for i, cell in enumerate(self.cells):
            cell.on_click(partial(self._on_cell, i))
        self.controls["play"].observe(self._on_tick, names="value")
        self.controls["new"].on_click(self._on_new)
        self.controls["reset"].on_click(self._on_reset)
        self.controls["go"].on_click(self._on_go)

    # What is shown

    @property
    def state(self) -> dict[str, Any]:
        """All settings as plain data: `LatentExplorer(generator, **state)`."""
        return self.setting.state

    @property
    def z(self) -> Tensor:
        """The latent that is shown, (latent,)."""
        return self.look.z

    @property
    def picture(self) -> Tensor:
        """Its picture, (1, C, H, W) in [-1, 1]."""
        return self.look.picture

    @property
    def sheet(self) -> Sheet:
        """The pictures beside it, with their numbers."""
        return sheet_of(self.source, self.setting)

    @property
    def still(self) -> plots.Picture:
        """What is shown as a still picture."""
        return to_picture(self.look, self.sheet, self.source.classes)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> plots.Bundle:
        return Live(self.widget, self.still)._repr_mimebundle_()

    def __repr__(self) -> str:
        return words(self.look, self.source.classes)

    # What happens

    def _on_control(self, name: str, change: Any) -> None:
        if not self._quiet:
            self._set(**{name: change["new"]})

    def _on_direction(self, i: int, change: Any) -> None:
        if not self._quiet:
            shifts = list(self.setting.shifts)
            shifts[i] = round(change["new"], 1)  # a page's sliders add up their steps
            self._set(shifts=tuple(shifts))

    def _on_cell(self, i: int, _: object) -> None:
        self._set(row=i // SIDE + 1, column=i % SIDE + 1)

    def _on_new(self, _: object) -> None:
        self._set(seed=self._dice.randint(0, MOST_SEED))

    def _on_reset(self, _: object) -> None:
        self._stop()
        start: dict[str, dict[str, Any]] = {
            "directions": {"shifts": (0.0,) * len(self.directions), "origin": "seed"},
            "walk": {"position": 0},
            "grid": {"row": 1, "column": 1},
        }
        self._set(**start[self.setting.view])

    def _on_go(self, _: object) -> None:
        """From the latent of the walk or the grid on, along the directions."""
        self._stop()
        shifts = (0.0,) * len(self.directions)
        self._set(origin=self.setting.view, view="directions", shifts=shifts)

    def _on_tick(self, change: Any) -> None:
        """A step of the walk; it stops at its end, and begins again from its start."""
        # Zero is what Stop sends. When Play is stopped from here, a tick may still be on its way.
        if change["new"] == 0 or (self._stopped and not self._playing):
            return
        self._stopped = False
        position = self.setting.position + 1 if self.setting.position < STEPS else 0
        if position == STEPS:
            self._stop()
        self._set(position=position)

    def _set(self, **changes: Any) -> None:
        if "view" in changes:
            self._stop()
        self.setting = self.setting.changed(**changes)
        self._show()

    def _show(self) -> None:
        """The large picture first: it is sent before those beside it are made."""
        self.look: Look = look_at(self.source, self.setting)
        self._large.value = pages.large_html(self.look, self.source.classes, scope=self._scope)
        with self._quietly():
            controls.put(self.controls, self.setting)
        view, source = self.setting.view, self.setting.drawn_from
        if self._drawn.get(view) != source:
            self._show_beside(view)
            self._drawn[view] = source
        controls.show(self._views, view)

    def _show_beside(self, view: str) -> None:
        sheet = self.sheet
        if view == "directions":
            for i, strip in enumerate(self._strips):
                strip.value = pages.strip_html(sheet, i, float(self.shares[i]))
        elif view == "walk":
            self._walk.value = pages.walk_html(sheet)
        else:
            self._grid.value = pages.grid_html(sheet)


def _html(flex: str = "1 1 auto") -> ipywidgets.HTML:
    return ipywidgets.HTML(layout=ipywidgets.Layout(flex=flex, min_width="0", margin="0"))
