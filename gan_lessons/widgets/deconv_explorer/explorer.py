"""The widget: controls in, pictures out."""

import math
import secrets
from dataclasses import asdict
from typing import Any

import ipywidgets
import torch
from torch import Tensor, nn

from gan_lessons import plots
from gan_lessons.widgets import cells
from gan_lessons.widgets.deconv_explorer import controls, links, panels, words
from gan_lessons.widgets.deconv_explorer.case import Case, Layer, Setting, most_cells, nearest_legal
from gan_lessons.widgets.deconv_explorer.patterns import LEARNED
from gan_lessons.widgets.live import Live
from gan_lessons.widgets.moving import Quiet

ROOT = "gl-deconv"
OF_A_LAYER = (  # settings that a layer brings along
    "dims",
    "kernel",
    "stride",
    "padding",
    "output_padding",
    "dilation",
    "kernel_pattern",
    "bias",
)
NATURAL_WALK = {"stamps": "inputs", "zeros": "outputs"}
STYLE = (
    f"<style>.{ROOT} .eqs{{display:grid;margin-top:10px;min-height:3em;overflow-x:auto}}"
    f".{ROOT} .eqs div{{grid-area:1/1}}.{ROOT} .eqs .others{{display:contents}}"
    f".{ROOT} .Own{{opacity:calc(var(--hover,0)*var(--l,0))}}"
    f".{ROOT} code{{user-select:all;background:var(--blank);color:var(--ink);padding:3px 7px;"
    "border-radius:4px;font-size:12.5px;display:inline-block;margin:0 0 10px;"
    "max-width:100%;overflow-wrap:anywhere;box-sizing:border-box}"
    f".{ROOT}.status{{min-height:4.2em;padding:8px 12px 0}}"
    f".gl-stale .{ROOT}{{filter:grayscale(1);outline:2px dashed var(--muted)}}"
    # Without this the picture would be as wide as its widest row, and cut off in a narrow window.
    ".gl-deconv-explorer .widget-html-content{min-width:0;flex:1 1 0}"
    ".gl-deconv-explorer .widget-toggle-buttons .widget-toggle-button{margin:2px 3px 2px 0}</style>"
)


class DeconvExplorer(Quiet):
    """One deconvolution with all its numbers: input, kernel, output, and how one makes the other.

    End a cell with it. Where no kernel runs, a still picture stands in its place.

    layer: an `nn.ConvTranspose1d` or `nn.ConvTranspose2d` to look into, one pair of channels at a
    time; without one, sliders choose the kernel and the settings. dims (1 or 2), size (1 to 10),
    kernel (1 to 7), stride (1 to 4), padding (0 to 6), output_padding (0 to 3), dilation (1 to 3),
    kernel_pattern (ones, ramp, bilinear, random, learned), input_pattern (ramp, ones, impulse,
    random), bias (-2 to 2), view (stamps, zeros, matrix, overlap, all), walk (inputs, outputs: what
    `step` counts), step (0 chooses nothing).

    Raises:
        ValueError: a value is outside its range. TypeError: the layer is of another kind, or the
        name of a setting is unknown.
    """

    def __init__(self, layer: nn.Module | None = None, **setting: Any):
        if layer is not None and not isinstance(layer, nn.ConvTranspose1d | nn.ConvTranspose2d):
            raise TypeError(
                "layer must be an nn.ConvTranspose1d or nn.ConvTranspose2d, "
                f"got {type(layer).__name__}"
            )
        if layer is not None:
            brought = sorted(set(setting) & set(OF_A_LAYER))
            if brought:
                raise TypeError(f"a layer brings its own {', '.join(brought)}: leave them out")
            dims = layer.weight.dim() - 2
            setting = {
                "kernel_pattern": LEARNED,
                "input_pattern": "impulse",
                **setting,
                "dims": dims,
            }
        if "view" in setting:
            setting = {"walk": NATURAL_WALK.get(setting["view"], "inputs"), **setting}
        self.layer: Layer | None = layer
        self.setting = Setting(**setting)
        if layer is not None:
            self._check_layer(layer)
        self.controls = controls.make(self.setting, layer)
        self._first = self.setting
        self._root = f"g{secrets.token_hex(4)}"  # several notebooks may stand in one page
        self._shown: Case | None = None  # the last legal one
        self._fields: dict[tuple[str, int, int], ipywidgets.FloatText] = {}

        sheet = cells.style_sheet(ROOT, most_cells(layer)) + STYLE
        self._style = ipywidgets.HTML(sheet, layout=ipywidgets.Layout(height="0", margin="0"))
        self._status = ipywidgets.HTML(layout=ipywidgets.Layout(flex="1 1 300px", min_width="0"))
        self._picture = ipywidgets.HTML(layout=ipywidgets.Layout(min_width="0"))
        self._code = ipywidgets.Textarea(
            rows=9,
            layout=ipywidgets.Layout(width="100%", max_width="640px", display="none"),
        )
        self._grids = {
            kind: ipywidgets.GridBox(layout=ipywidgets.Layout(overflow="auto"))
            for kind in ("input", "kernel")
        }
        titles = {"input": "<b>input x</b>", "kernel": "<b>kernel w</b>"}
        self._editor = ipywidgets.VBox(
            [
                part
                for kind, grid in self._grids.items()
                for part in (ipywidgets.HTML(titles[kind]), grid)
            ],
            layout=ipywidgets.Layout(display="none"),
        )
        drawer = ipywidgets.VBox([self._editor, self._code])
        body = controls.arranged(self.controls, self._picture, self._status, drawer)
        self.widget = ipywidgets.VBox([self._style, body])
        self.widget.add_class("gl-deconv-explorer")

        for name in (field for field in asdict(self.setting) if field in self.controls):
            self.controls[name].observe(self._on_control, names="value")
            self.controls[name].add_class(f"gl-{name.replace('_', '-')}")
        self.controls["play"].observe(self._on_tick, names="value")
        self.controls["reset"].on_click(lambda _: self._go(self._first))
        self.controls["fix"].on_click(self._on_fix)
        for name in ("edit", "code"):
            self.controls[name].observe(lambda _: self._show_drawer(), names="value")
        for name in ("play", "reset", "fix", "edit", "code"):
            self.controls[name].add_class(f"gl-{name}")
        self._show()

    def _check_layer(self, layer: Layer) -> None:
        for name, count in (
            ("in_channel", layer.in_channels),
            ("out_channel", layer.weight.shape[1]),
        ):
            if getattr(self.setting, name) >= count:
                raise ValueError(
                    f"{name} must be 0 to {count - 1}, got {getattr(self.setting, name)}"
                )
        if nearest_legal(self.setting, layer) is None:
            reasons = "; ".join(Case(self.setting, layer).illegal)
            raise ValueError(f"torch refuses this layer for all inputs of 1 to 10 cells: {reasons}")

    # What is shown

    @property
    def state(self) -> dict[str, Any]:
        """All settings as plain data: `DeconvExplorer(**state)`, with the layer if there is one."""
        return {
            name: [list(edit) for edit in value] if isinstance(value, tuple) else value
            for name, value in asdict(self.setting).items()
            if self.layer is None or name not in OF_A_LAYER
        }

    @property
    def input(self) -> Tensor:
        """(1, 1, L) or (1, 1, H, W)."""
        return self._as_torch(self.case.x)

    @property
    def weight(self) -> Tensor:
        """(1, 1, K) or (1, 1, KH, KW)."""
        return self._as_torch(self.case.w)

    @property
    def bias(self) -> Tensor:
        """(1,)."""
        return torch.tensor([self.case.b])

    @property
    def output(self) -> Tensor | None:
        """As `input`; None where the setting is illegal."""
        return None if self.case.y is None else self._as_torch(self.case.y)

    @property
    def illegal(self) -> list[str]:
        """Why the setting is illegal; empty where it is not."""
        return list(self.case.illegal)

    @property
    def line(self) -> str:
        """The layer as a line of PyTorch."""
        return words.torch_line(self.case, self.layer)

    @property
    def code(self) -> str:
        """A program that makes what is shown."""
        return words.torch_code(self.case)

    @property
    def still(self) -> plots.Picture:
        """The last legal setting as a still picture."""
        case = self._legal
        return cells.to_picture(
            panels.panels(case),
            links.chosen_lights(case),
            ("illegal; shown is " if self.illegal else "") + words.torch_line(case, self.layer),
            repr(self),
        )

    @property
    def _legal(self) -> Case:
        assert self._shown is not None  # since the first `_show`
        return self._shown

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> plots.Bundle:
        return Live(self.widget, self.still)._repr_mimebundle_()

    def __repr__(self) -> str:
        return words.alt_text(self._legal, self.illegal)

    # What happens

    def _on_control(self, change: Any) -> None:
        if self._quiet:
            return
        name = next(n for n, control in self.controls.items() if control is change["owner"])
        changes = {name: change["new"]}
        if name == "input_pattern":
            changes["input_edits"] = ()
        if name in ("kernel_pattern", "in_channel", "out_channel"):
            changes["kernel_edits"] = ()
        if name == "walk":
            changes["step"] = 0
        natural = NATURAL_WALK.get(change["new"]) if name == "view" else None
        if natural not in (None, self.setting.walk):
            changes.update(walk=natural, step=0)
        self._go(self.setting.changed(**changes))

    def _on_tick(self, change: Any) -> None:
        """Play counts as it likes, and a slow kernel misses some; the walk does not."""
        stopped = change["new"] == 0
        after = (self.setting.step + 1) % (self._legal.steps + 1)
        self._go(self.setting.changed(step=0 if stopped else after))

    def _on_fix(self, _: object) -> None:
        self._go(self.setting.changed(**(nearest_legal(self.setting, self.layer) or {})))

    def _on_field(self, change: Any) -> None:
        if self._quiet:
            return
        kind, row, column = next(k for k, f in self._fields.items() if f is change["owner"])
        if not math.isfinite(change["new"]):
            self._fill_editor()  # puts the last number back
            return
        name = f"{kind}_edits"
        others = [edit for edit in getattr(self.setting, name) if edit[:2] != (row, column)]
        self._go(self.setting.changed(**{name: (*others, (row, column, change["new"]))}))

    def _go(self, setting: Setting) -> None:
        """Shows a setting, and puts the controls where it is."""
        self.setting = setting
        self._show()

    def _show(self) -> None:
        case = Case(self.setting, self.layer)
        change = nearest_legal(self.setting, self.layer) if case.illegal else {}
        shown = self._shown if case.illegal else case
        if shown is None:  # illegal from the start
            shown = Case(self.setting.changed(**(change or {})), self.layer)
        if self.setting.step > shown.steps:
            return self._go(self.setting.changed(step=shown.steps))
        self.case = case
        with self._quietly():  # before the picture, so that who sees it sees them in place
            self.controls["step"].max = shown.steps
            for name, value in asdict(self.setting).items():
                if name in self.controls and self.controls[name].value != value:
                    self.controls[name].value = value
        fix = self.controls["fix"]
        if change:
            fix.description = " and ".join(
                f"{controls.LABELS[name]} → {value}" for name, value in change.items()
            )
        fix.layout.display = "flex" if change else "none"
        if case.illegal:
            self._status.value = _card("status", words.illegal_html(case), role="alert")
            self._picture.add_class("gl-stale")
        else:
            self._status.value = _card("status", words.size_formula(case))
            self._picture.remove_class("gl-stale")
        if shown is not self._shown:
            self._shown = shown
            self._picture.value = to_html(shown, self._root, self.layer)
        self._show_drawer()

    def _show_drawer(self) -> None:
        editing, coding = self.controls["edit"].value, self.controls["code"].value
        self._editor.layout.display = "flex" if editing else "none"
        self._code.layout.display = "block" if coding else "none"
        if coding:
            self._code.value = self.code
        if editing:
            self._fill_editor()

    def _fill_editor(self) -> None:
        """A field for each number of input and kernel; fields are made once and kept."""
        with self._quietly():
            for (kind, grid), values in zip(
                self._grids.items(), (self.case.x, self.case.w), strict=True
            ):
                fields = []
                for row, line in enumerate(values.tolist()):
                    for column, value in enumerate(line):
                        key = (kind, row, column)
                        if key not in self._fields:
                            self._fields[key] = controls.field(f"{kind}[{row},{column}]", value)
                            self._fields[key].observe(self._on_field, names="value")
                        fields.append(self._fields[key])
                        if fields[-1].value != round(value, 6):
                            fields[-1].value = round(value, 6)
                if grid.children != tuple(fields):  # else the keyboard would lose its place
                    grid.layout.grid_template_columns = f"repeat({values.shape[1]}, 68px)"
                    grid.children = tuple(fields)

    def _as_torch(self, values: Tensor) -> Tensor:
        return values[None] if self.setting.dims == 1 else values[None, None]


def to_html(case: Case, root: str, layer: Layer | None = None) -> str:
    """The picture of a legal case. root: a class of its own, so that pictures keep apart."""
    drawn = "".join(cells.to_svg(panel) for panel in panels.panels(case))
    return (
        f"<style>{links.rules(case, f'.{root}')}</style><div class='{ROOT} {root}'>"
        f"<code title='One click selects the line'>{words.torch_line(case, layer)}</code>"
        f"<div class='panels'>{drawn}</div>{words.equations(case)}</div>"
    )


def _card(kind: str, text: str, role: str = "status") -> str:
    return f"<div class='{ROOT} {kind}' role='{role}'>{text}</div>"
