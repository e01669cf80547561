"""The explorer's sliders and buttons, named as the settings they change."""

import ipywidgets as w

from gan_lessons.widgets import parts
from gan_lessons.widgets.deconv_explorer import patterns
from gan_lessons.widgets.deconv_explorer.case import BIAS, LARGEST_NUMBER, RANGES, Layer, Setting

LABELS = {
    "size": "input size n",
    "kernel": "kernel k",
    "stride": "stride s",
    "padding": "padding p",
    "output_padding": "output padding",
    "dilation": "dilation d",
}
VIEW_NAMES = {
    "stamps": "stamp and add",
    "zeros": "insert zeros",
    "matrix": "matrix Cᵀ",
    "overlap": "overlap",
    "all": "all",
}
FIRST_STEP_MS = 700
_WORDS = {"description_width": "104px"}


def make(setting: Setting, layer: Layer | None) -> dict[str, w.Widget]:
    """All controls by name, standing where the setting is."""
    made: dict[str, w.Widget] = {
        "dims": w.ToggleButtons(
            options=[("1-D", 1), ("2-D", 2)], value=setting.dims, style={"button_width": "auto"}
        ),
        "view": w.ToggleButtons(
            options=[(text, view) for view, text in VIEW_NAMES.items()],
            value=setting.view,
            style={"button_width": "auto"},
        ),
        "walk": w.ToggleButtons(
            options=[("input cells", "inputs"), ("output cells", "outputs")],
            value=setting.walk,
            style={"button_width": "auto"},
        ),
    }
    for name, (low, high) in RANGES.items():
        made[name] = _slider(LABELS[name], getattr(setting, name), low, high)
    made["bias"] = w.FloatSlider(
        value=setting.bias,
        min=BIAS[0],
        max=BIAS[1],
        step=0.5,
        description="bias b",
        readout_format=".1f",
        style=_WORDS,
        layout=_row(),
    )
    kernels = [*patterns.KERNELS, patterns.LEARNED]
    made["input_pattern"] = _menu("input x is", list(patterns.INPUTS), setting.input_pattern)
    made["kernel_pattern"] = _menu("kernel w is", kernels, setting.kernel_pattern)
    made["step"] = w.IntSlider(
        value=0,
        min=0,
        max=0,
        description="cell",
        style={"description_width": "34px"},
        layout=w.Layout(flex="1 1 170px", max_width="340px", width="auto"),
    )
    made["play"] = w.Play(
        value=0,
        min=0,
        max=1_000_000,
        interval=FIRST_STEP_MS,
        show_repeat=False,
        layout=w.Layout(flex="0 0 auto"),
    )
    made["reset"] = parts.button("reset", "undo")
    made["edit"] = parts.button("edit numbers", "pencil", kind=w.ToggleButton)
    made["code"] = parts.button("copy as PyTorch", "code", kind=w.ToggleButton)
    made["fix"] = parts.button("", "wrench")
    made["fix"].layout.display = "none"
    if layer is not None:
        highest = {"in_channel": layer.in_channels, "out_channel": layer.weight.shape[1]}
        for name, count in highest.items():
            text = name.replace("_", " ")
            made[name] = _slider(text, getattr(setting, name), 0, count - 1)
    return made


def arranged(
    controls: dict[str, w.Widget], picture: w.Widget, status: w.Widget, drawer: w.Widget
) -> w.Widget:
    """Sliders beside the picture, or above it where there is no room."""
    fixed = "in_channel" in controls  # a layer has its own sizes
    names = ["size", *(["in_channel", "out_channel"] if fixed else list(RANGES)[1:])]
    names += ["input_pattern"] if fixed else ["input_pattern", "kernel_pattern", "bias"]
    shape = [] if fixed else [controls["dims"]]
    buttons = parts.row([controls[name] for name in ("reset", "edit", "code")])
    left = w.VBox(
        [*shape, *(controls[name] for name in names), buttons],
        layout=w.Layout(flex="0 1 290px", min_width="0"),
    )
    walk = parts.row([controls[name] for name in ("walk", "play", "step")])
    state = w.HBox(
        [status, controls["fix"]],
        layout=w.Layout(flex_flow="row wrap", align_items="center", min_width="0"),
    )
    right = w.VBox(
        [controls["view"], walk, state, picture, drawer],
        layout=w.Layout(flex="1 1 330px", min_width="0"),
    )
    return w.Box([left, right], layout=w.Layout(display="flex", flex_flow="row wrap", width="100%"))


def field(label: str, value: float) -> w.BoundedFloatText:
    """A number that can be typed over."""
    made = w.BoundedFloatText(
        value=value,
        min=-LARGEST_NUMBER,
        max=LARGEST_NUMBER,
        step=0.5,
        layout=w.Layout(width="64px"),
    )
    made.tooltip = label  # shown on ipywidgets 8, ignored before
    return made


def _slider(text: str, value: int, low: int, high: int) -> w.IntSlider:
    return w.IntSlider(
        value=value, min=low, max=high, description=text, style=_WORDS, layout=_row()
    )


def _menu(text: str, options: list[str], value: str) -> w.Dropdown:
    return w.Dropdown(options=options, value=value, description=text, style=_WORDS, layout=_row())


def _row() -> w.Layout:
    return w.Layout(width="auto", max_width="340px", min_width="0")
