"""The explorer: controls in, pictures out."""

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import ipywidgets as w
import torch
from torch import Tensor, nn

from gan_lessons import checks, plots
from gan_lessons.widgets import kit
from gan_lessons.widgets.deconv_explorer import layers, page, words
from gan_lessons.widgets.deconv_explorer.layers import CHANNELS, OF_A_LAYER, SIDES
from gan_lessons.widgets.deconv_explorer.settings import (
    LARGEST_NUMBER,
    SPEEDS,
    VIEWS,
    WALKS,
    DeconvSettings,
)
from gan_lessons.widgets.deconv_explorer.view import DeconvView, nearest_legal
from gan_lessons.widgets.explorer import Explorer


class DeconvExplorer(Explorer[DeconvSettings]):
    """One deconvolution with all its numbers: input, kernel, output, and how one makes the other.

    End a cell with it. Where no kernel runs, a still picture stands in its place.

    layer: an `nn.ConvTranspose1d` or `nn.ConvTranspose2d` to look into, one pair of channels at a
    time; without one, sliders choose the kernel and the settings. dims (1 or 2), size (1 to 10),
    kernel (1 to 7), stride (1 to 4), padding (0 to 6), output_padding (0 to 3), dilation (1 to 3),
    kernel_pattern (ones, ramp, bilinear, random, learned), input_pattern (ramp, ones, impulse,
    random), bias (-2 to 2), view (stamps, zeros, matrix, overlap, all), walk (inputs, outputs: what
    `step` counts), step (0 chooses nothing), speed of Play (slow, normal, fast). numbers: whether
    the cells of two dimensions have numbers in them where there is room; by default True, but False
    for a layer whose weights are not whole numbers: its long numbers are for the second look.

    controls: names of those to begin with, ("size", "stride", "walk"), any of `.controls`; the
    cell's slider, Play and reset are always there. The others stand behind "more settings", and the
    size formula leaves out what they do not change. None: all are in sight.

    Raises:
        ValueError: a value is outside its range, or a control is unknown. TypeError: the layer is
        of another kind, or the name of a setting is unknown.
    """

    name = "deconv"
    label_width = "104px"
    always = ("play", "step", "reset", "fix", "more")

    def __init__(
        self,
        layer: nn.Module | None = None,
        *,
        controls: Sequence[str] | None = None,
        **settings: Any,
    ):
        if "view" in settings:
            view = checks.one_of("view", settings["view"], VIEWS)
            settings = {"walk": WALKS.get(view, "inputs"), **settings}
        self.layer = None if layer is None else layers.known(layer)
        if self.layer is not None:
            settings = layers.with_layer(self.layer, settings)
        self._first = DeconvSettings(**settings)
        if self.layer is not None:
            layers.check_fit(self.layer, self._first)
        self.legal = self._nearest(DeconvView(self._first, self.layer))
        self._drawn: tuple[DeconvView | None, frozenset[str]] = (None, frozenset())
        self._number_fields: dict[tuple[str, int, int], w.BoundedFloatText] = {}
        super().__init__(self._first, CHANNELS if layer is None else OF_A_LAYER, controls)

    def build(self) -> w.Widget:
        controls = self.controls
        self.add_play("play", SPEEDS[self.settings.speed], "Chooses one cell after another.")
        self.add_button("reset", "reset", "undo", "Back to the start, edits too.", self._reset)
        edit = "Every number of input and kernel in a field, to be typed over."
        self.add_toggle("edit", "edit numbers", "pencil", edit, self._draw_drawers)
        code = "A program in PyTorch that makes what is shown."
        self.add_toggle("code", "show PyTorch", "code", code, self._draw_drawers)
        self.add_button("fix", "", "wrench", "The nearest legal settings.", self._fix)
        self._status, self._picture = kit.html(), kit.html()
        self._code = w.Textarea(rows=9, layout=w.Layout(width="auto", max_width="640px"))
        self._grids = {"input": w.GridBox(), "kernel": w.GridBox()}
        for grid in self._grids.values():
            grid.add_class("fields")
        titles = (kit.html("<b>input x</b>"), kit.html("<b>kernel w</b>"))
        parts = zip(titles, self._grids.values(), strict=True)
        self._editor = kit.column([part for pair in parts for part in pair])

        state = w.HBox([self._status, controls["fix"]])
        state.add_class("state")
        names = ("dims", *SIDES, *CHANNELS, "input_pattern", "kernel_pattern", "bias")
        left = [controls[name] for name in names if name in controls]
        under = ("reset", "edit", "code", "numbers", "more")
        buttons = kit.row([controls[name] for name in under if name in controls])
        controls["speed"].style.description_width = "44px"
        controls["step"].style.description_width = "36px"
        controls["step"].readout = False  # the name of the cell stands beside it
        self._cell = w.Label(layout=w.Layout(min_width="60px"))
        cell = w.HBox([controls["step"], self._cell])
        cell.add_class("cell")
        walk = kit.row([*(controls[name] for name in ("walk", "play", "speed")), cell])
        right = [controls["view"], walk, state, self._editor, self._code, self._picture]
        return kit.beside([kit.column([*left, buttons]), kit.column(right)])

    # What is shown

    @property
    def state(self) -> dict[str, Any]:
        """All settings as plain data: `DeconvExplorer(**state)`, with the layer if there is one."""
        own = () if self.layer is None else OF_A_LAYER
        return {name: value for name, value in super().state.items() if name not in own}

    @property
    def input(self) -> Tensor:
        """(1, 1, L) or (1, 1, H, W)."""
        return self._as_torch(self.view.x)

    @property
    def weight(self) -> Tensor:
        """(1, 1, K) or (1, 1, KH, KW)."""
        return self._as_torch(self.view.w)

    @property
    def bias(self) -> Tensor:
        """(1,)."""
        return torch.tensor([self.view.b])

    @property
    def output(self) -> Tensor | None:
        """As `input`; None if the settings are illegal."""
        return None if self.view.y is None else self._as_torch(self.view.y)

    @property
    def illegal(self) -> list[str]:
        """Why the settings are illegal; empty if they are legal."""
        return list(self.view.illegal)

    @property
    def line(self) -> str:
        """The layer as a line of PyTorch."""
        return words.torch_line(self.view, self.layer)

    @property
    def code(self) -> str:
        """A program that makes what is shown."""
        return words.torch_code(self.view)

    @property
    def still(self) -> plots.Picture:
        """The last legal settings as a still picture."""
        return page.still(self.view, self.legal, self.layer)

    @property
    def alt_text(self) -> str:
        return words.alt_text(self.legal, self.view.illegal)

    def page(self, settings: DeconvSettings) -> str:
        view = DeconvView(settings, self.layer)
        return page.page_html(view, self._nearest(view), self.layer, self.hidden)

    def adapt(self) -> None:
        """The slider of cells ends with the last; a button offers the nearest legal settings."""
        self.controls["step"].max = self.legal.steps
        self.controls["play"].interval = SPEEDS[self.settings.speed]
        self.controls["numbers"].layout.display = None if self.settings.dims == 2 else "none"
        self._cell.value = words.chosen_name(self.legal)
        for letter, kind in (("x", "input"), ("w", "kernel")):
            menu = self.controls.get(f"{kind}_pattern")
            if menu is not None:
                edited = bool(getattr(self.settings, f"{kind}_edits"))
                menu.description = f"{kind} {letter} " + ("was" if edited else "is")
        if self.layer is not None:
            for name, count in zip(CHANNELS, layers.channels(self.layer), strict=True):
                self.controls[name].max = count - 1
                self.controls[name].layout.display = None if count > 1 else "none"
        change = nearest_legal(self.settings, self.layer) or {}
        labels = {name: kind.label for name, kind in self.settings.kinds().items()}
        fix = self.controls["fix"]
        if change:
            fix.description = " and ".join(f"{labels[name]} → {to}" for name, to in change.items())
        fix.layout.display = None if change else "none"

    def show(self, settings: DeconvSettings | None = None) -> None:
        """Shows other settings; of illegal ones the reasons, beside the last legal picture."""
        if settings is not None:
            self.settings = checks.instance("settings", settings, DeconvSettings)
        self.view = DeconvView(self.settings, self.layer)
        legal = self.legal if self.view.illegal else self.view
        if self.settings.step > legal.steps:
            return self.show(self.settings.changed(step=legal.steps))
        self.legal = legal
        super().show()

    def draw(self) -> None:
        self._status.value = page.status_html(self.view, self.hidden)
        drawn, hidden = self._drawn
        if self.legal is not drawn or self.hidden != hidden:
            self._picture.value = page.to_html(self.legal, self.layer, self.hidden)
            self._drawn = self.legal, self.hidden
        if self.view.illegal:
            self._picture.add_class("stale")
        else:
            self._picture.remove_class("stale")
        self._draw_drawers()

    def _draw_drawers(self) -> None:
        editing, coding = self.controls["edit"].value, self.controls["code"].value
        self._editor.layout.display = None if editing else "none"
        self._code.layout.display = None if coding else "none"
        if coding:
            self._code.value = self.code
        if editing:
            self._fill_editor()

    def _fill_editor(self) -> None:
        """A field for each number of input and kernel; fields are made once and kept."""
        with self.quietly():
            for (kind, grid), values in zip(
                self._grids.items(), (self.view.x, self.view.w), strict=True
            ):
                fields = []
                for row, line in enumerate(values.tolist()):
                    for column, value in enumerate(line):
                        fields.append(self._field(kind, row, column))
                        if fields[-1].value != round(value, 6):
                            fields[-1].value = round(value, 6)
                if grid.children != tuple(fields):  # else the keyboard would lose its place
                    grid.layout.grid_template_columns = f"repeat({values.shape[1]}, 68px)"
                    grid.children = tuple(fields)

    def _field(self, kind: str, row: int, column: int) -> w.BoundedFloatText:
        key = (kind, row, column)
        if key not in self._number_fields:
            made = w.BoundedFloatText(min=-LARGEST_NUMBER, max=LARGEST_NUMBER, step=0.5)
            kit.set_tip(made, f"{kind}[{row},{column}]")
            made.observe(partial(self._on_field, key), names="value")
            self._number_fields[key] = made
        return self._number_fields[key]

    # What happens

    def changed(self, name: str, value: Any) -> None:
        """A new pattern forgets the edits; a new walk begins with its first cell, and a view that
        brings another walk with none.
        """
        changes: dict[str, Any] = {name: value}
        if name == "input_pattern":
            changes["input_edits"] = ()
        if name in ("kernel_pattern", *CHANNELS):
            changes["kernel_edits"] = ()
        if name == "walk":
            changes["step"] = 1
        walk = WALKS.get(value, self.settings.walk) if name == "view" else self.settings.walk
        if walk != self.settings.walk:
            changes.update(walk=walk, step=0)
        self.show(self.settings.changed(**changes))

    def tick(self) -> None:
        """The next cell; after the last one all of them, and Play stops."""
        step = (self.settings.step + 1) % (self.legal.steps + 1)
        if not step:
            self.stop()
        self.show(self.settings.changed(step=step))

    def rewound(self) -> None:
        self.show(self.settings.changed(step=0))

    def _reset(self) -> None:
        self.show(self._first)

    def _fix(self) -> None:
        self.show(self.settings.changed(**(nearest_legal(self.settings, self.layer) or {})))

    @kit.in_turn
    def _on_field(self, key: tuple[str, int, int], change: Any) -> None:
        if self._quiet:
            return
        kind, *at = key
        if not math.isfinite(change["new"]):
            self._fill_editor()  # puts the last number back
            return
        name = f"{kind}_edits"
        others = [edit for edit in getattr(self.settings, name) if list(edit[:2]) != at]
        edits = (*others, (*at, change["new"]))
        self.attempt(lambda: self.show(self.settings.changed(**{name: edits})))

    def _nearest(self, view: DeconvView) -> DeconvView:
        """The view itself if it is legal, otherwise the nearest one that is."""
        change = nearest_legal(view.settings, self.layer) or {}
        found = DeconvView(view.settings.changed(**change), self.layer) if change else view
        step = min(found.settings.step, found.steps)
        return DeconvView(found.settings.changed(step=step), self.layer)

    def _as_torch(self, values: Tensor) -> Tensor:
        return values[None] if self.settings.dims == 1 else values[None, None]
