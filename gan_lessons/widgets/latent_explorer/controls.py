"""The explorer's sliders, menus and buttons, named as the settings they change."""

import ipywidgets as w

from gan_lessons.widgets import parts
from gan_lessons.widgets.latent_explorer.setting import (
    FARTHEST,
    MOST_SEED,
    SIDE,
    STEP,
    STEPS,
    VIEWS,
    Setting,
)
from gan_lessons.widgets.latent_explorer.source import Source
from gan_lessons.widgets.latent_explorer.space import PATHS

TICK_MS = 70
SHARED = ("view", "seed", "towards", "origin", "path", "position", "row", "column", "label")


def direction(i: int) -> str:
    """The name of a direction's slider, from direction1 on."""
    return f"direction{i + 1}"


def make(setting: Setting, source: Source) -> dict[str, w.Widget]:
    """All controls by name."""
    made: dict[str, w.Widget] = {
        "view": _choice([(name, name) for name in VIEWS], setting.view),
        "origin": _choice(
            [("the seed", "seed"), ("the walk", "walk"), ("the grid", "grid")], setting.origin
        ),
        "path": _choice([(name, name) for name in PATHS], setting.path),
        "seed": _seed("seed", setting.seed),
        "towards": _seed("to seed", setting.towards or 0),
        "label": w.Dropdown(
            options=[(name, i) for i, name in enumerate(source.classes)] or [("none", 0)],
            value=setting.label,
            description="label",
            style={"description_width": "46px"},
            layout=w.Layout(width="150px", flex="0 0 auto"),
        ),
        "new": parts.button("new z", "random", "Another seed"),
        "reset": parts.button("reset", "undo", "All controls of this view back to their start"),
        "go": parts.button("steer from here", "arrow-right", "The directions, from this latent"),
        "play": w.Play(
            value=0,
            min=0,
            max=1_000_000,
            interval=TICK_MS,
            show_repeat=False,
            layout=w.Layout(flex="0 0 auto", width="auto"),
        ),
        "position": _slider("place", setting.position, 0, STEPS),
        "row": _slider("row", setting.row, 1, SIDE),
        "column": _slider("column", setting.column, 1, SIDE),
    }
    for i, shift in enumerate(setting.shifts):
        made[direction(i)] = w.FloatSlider(
            value=shift,
            min=-FARTHEST,
            max=FARTHEST,
            step=STEP,
            description=str(i + 1),
            readout_format=".1f",
            style={"description_width": "14px"},
            layout=w.Layout(flex="1 1 190px", max_width="260px", min_width="0", width="auto"),
        )
    for name, control in made.items():
        control.add_class(f"gl-{name}")
    return made


def put(controls: dict[str, w.Widget], setting: Setting) -> None:
    """Puts all controls where the setting is."""
    for name in SHARED:
        controls[name].value = getattr(setting, name)
    for i, shift in enumerate(setting.shifts):
        slider = controls[direction(i)]
        # What differs by rounding alone is left: it would be sent back to a page whose hand has
        # gone on meanwhile, and the slider would jump.
        if abs(slider.value - shift) > 1e-6:
            slider.value = shift


def board() -> tuple[w.GridBox, list[w.Button]]:
    """A button over each cell of the grid, row by row: by mouse, or by Tab and Space."""
    buttons = [
        w.Button(
            tooltip=f"row {i // SIDE + 1}, column {i % SIDE + 1}",
            layout=w.Layout(width="100%", height="100%", margin="0", padding="0"),
        )
        for i in range(SIDE * SIDE)
    ]
    even = f"repeat({SIDE}, minmax(0, 1fr))"
    layout = w.Layout(grid_template_columns=even, grid_template_rows=even, grid_gap="0")
    made = w.GridBox(buttons, layout=layout)
    made.add_class("gl-latent-board")
    return made, buttons


def arranged(
    controls: dict[str, w.Widget],
    source: Source,
    large: w.Widget,
    strips: list[w.Widget],
    walk: w.Widget,
    grid: w.Widget,
) -> tuple[w.Widget, dict[str, w.Widget]]:
    """The large picture beside the view that is chosen; and the part of each view."""
    labelled = ["label"] if source.classes else []
    top = [controls[name] for name in ("view", "seed", "new", "reset", *labelled)]
    ways = parts.row([controls[name] for name in ("path", "towards")])
    rows: list[w.Widget] = [
        parts.row([controls[direction(i)], strip]) for i, strip in enumerate(strips)
    ]
    ends = parts.row([controls[name] for name in ("play", "position")])
    cells = parts.row([controls[name] for name in ("row", "column")])
    views: dict[str, w.Widget] = {
        "directions": _column([parts.row([w.Label("start from"), controls["origin"]]), *rows]),
        "walk": _column([ends, walk]),
        "grid": _column([cells, grid]),
    }
    controls["go"].layout.align_self = "flex-start"
    both = _column([ways, views["walk"], views["grid"], controls["go"]])
    views["both"] = both  # what the walk and the grid share
    right = w.VBox([views["directions"], both], layout=w.Layout(flex="1 1 330px", min_width="0"))
    body = w.Box(
        [large, right], layout=w.Layout(display="flex", flex_flow="row wrap", width="100%")
    )
    return w.VBox([parts.row(top), body], layout=w.Layout(width="100%", min_width="0")), views


def show(views: dict[str, w.Widget], view: str) -> None:
    """Takes away what belongs to other views."""
    for name, part in views.items():
        shown = name == view or (name == "both" and view != "directions")
        part.layout.display = None if shown else "none"


def _choice(options: list[tuple[str, str]], value: str) -> w.ToggleButtons:
    return w.ToggleButtons(options=options, value=value, style={"button_width": "auto"})


def _seed(text: str, value: int) -> w.BoundedIntText:
    return w.BoundedIntText(
        value=value,
        min=0,
        max=MOST_SEED,
        description=text,
        style={"description_width": "52px"},
        layout=w.Layout(width="150px", flex="0 0 auto"),
    )


def _slider(text: str, value: int, low: int, high: int) -> w.IntSlider:
    return w.IntSlider(
        value=value,
        min=low,
        max=high,
        description=text,
        style={"description_width": "48px"},
        layout=w.Layout(flex="1 1 180px", max_width="320px", min_width="0", width="auto"),
    )


def _column(children: list[w.Widget]) -> w.VBox:
    return w.VBox(children, layout=w.Layout(width="100%", min_width="0"))
