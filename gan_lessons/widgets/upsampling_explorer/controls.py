"""The explorer's buttons and sliders: one button for each strategy, then by name."""

import ipywidgets as w

from gan_lessons.upsample import STRATEGIES
from gan_lessons.widgets import parts
from gan_lessons.widgets.upsampling_explorer.case import (
    INPUTS,
    MOST_SEED,
    MOST_STRATEGIES,
    Setting,
)
from gan_lessons.widgets.upsampling_explorer.training import KEPT_OUT, MOST_STEPS, STRETCH

TICK_MS = 60
WORDS = {"description_width": "46px"}


def make(setting: Setting) -> dict[str, w.Widget]:
    """All controls by name."""
    made: dict[str, w.Widget] = {
        name: w.ToggleButton(
            description=name,
            tooltip=strategy.description,
            layout=w.Layout(width="auto", margin="2px 3px 2px 0"),
        )
        for name, strategy in STRATEGIES.items()
    }
    made["input"] = w.ToggleButtons(
        options=INPUTS, value=setting.input, style={"button_width": "auto"}
    )
    made["picture"] = _slider("picture", setting.picture, KEPT_OUT - 1)
    made["seed"] = w.BoundedIntText(
        value=setting.seed,
        min=0,
        max=MOST_SEED,
        description="seed",
        style=WORDS,
        layout=w.Layout(width="140px", flex="0 0 auto"),
    )
    made["train"] = w.Play(
        value=0,
        min=0,
        max=1_000_000,
        interval=TICK_MS,
        show_repeat=False,
        layout=w.Layout(flex="0 0 auto", width="auto"),
    )
    made["step"] = parts.button(f"{STRETCH} steps", "step-forward")
    made["steps"] = _slider("step", 0, STRETCH, STRETCH)
    made["reset"] = parts.button("reset", "undo")
    return made


def put(controls: dict[str, w.Widget], setting: Setting, trained: int) -> None:
    """Puts all controls where the setting is, and takes away those that would do nothing."""
    chosen = setting.strategies
    for name in STRATEGIES:
        controls[name].value = name in chosen
        held = (name,) == chosen if name in chosen else len(chosen) == MOST_STRATEGIES
        controls[name].disabled = held
    for name in ("input", "picture", "seed"):
        controls[name].value = getattr(setting, name)
    controls["picture"].layout.visibility = "visible" if setting.input == "picture" else "hidden"
    controls["steps"].max = max(STRETCH, trained)  # a slider needs some way to go
    controls["steps"].value = setting.steps
    controls["steps"].disabled = not trained
    controls["step"].disabled = trained == MOST_STEPS


def arranged(controls: dict[str, w.Widget], picture: w.Widget) -> w.Widget:
    """The controls in rows that wrap where there is no room, and the picture under them."""
    rows = [
        list(STRATEGIES),
        ["input", "picture", "seed"],
        ["train", "step", "reset", "steps"],
    ]
    lines = [parts.row([controls[name] for name in row]) for row in rows]
    lines[-1].children = (w.Label("Train:"), *lines[-1].children)
    return w.VBox([*lines, picture], layout=w.Layout(width="100%", min_width="0"))


def _slider(text: str, value: int, high: int, step: int = 1) -> w.IntSlider:
    return w.IntSlider(
        value=value,
        min=0,
        max=high,
        step=step,
        description=text,
        style=WORDS,
        layout=w.Layout(flex="1 1 220px", max_width="320px", min_width="0", width="auto"),
    )
