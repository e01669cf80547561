"""The controls of a lab: their words, and how they stand."""

from collections.abc import Mapping

import ipywidgets as w

from gan_lessons.widgets import kit
from gan_lessons.widgets.gan_lab.settings import VIEWS

BUTTONS = {  # control: text, icon, tip
    "both": ("step", "step-forward", "One turn of both players, the discriminator first."),
    "D": ("D", "step-forward", "One turn of the discriminator alone: does the heat map follow?"),
    "G": ("G", "step-forward", "One turn of the generator alone: the fakes follow the arrows."),
    "act": ("next act", "forward", "The next act of a turn, with its numbers."),
    "reset": ("reset", "undo", "Back to the first weights of this seed."),
    "clear": ("clear", "trash", "An empty plane, to draw on."),
}
TOOLS = {  # control: tool of the pad, icon, tip
    "draw": ("pencil", "pencil", "Drag on the plane to draw real points, or use Shift and arrows."),
    "erase": ("eraser", "eraser", "Drag over what you drew to take it away."),
}
PLAYERS = {
    "Generator": (
        *("layers_g", "units_g", "learning_rate_g", "updates_g"),
        *("latent", "prior", "ema_half_life"),
    ),
    "The game": ("optimiser", "activation", "batch", "seed"),
    "Discriminator": ("layers_d", "units_d", "learning_rate_d", "updates_d", "gamma"),
}
FIRST = ("preset", "data", "draw", "erase", "clear", "more")
RUNNING = ("play", "both", "slow", "act", "reset", "history")


def rows(controls: Mapping[str, w.Widget]) -> list[w.Widget]:
    """What is always in sight."""
    first, running = (kit.row([controls[name] for name in names]) for names in (FIRST, RUNNING))
    first.add_class("first")
    return [first, running]


def looks(controls: Mapping[str, w.Widget]) -> w.Widget:
    """Behind “more settings”, over the plane: the loss, one player's turn, and what is shown."""
    views = [w.Label("show:"), *(controls[f"show_{name}"] for name in VIEWS)]
    alone = [w.Label("one player:"), controls["D"], controls["G"]]
    made = kit.row([controls["loss"], controls["penalty"], *alone, *views])
    made.add_class("gl-extra")
    return made


def players(controls: Mapping[str, w.Widget]) -> w.Widget:
    """Behind “more settings”, under the plane, which stays in sight: both networks, the game."""
    columns = []
    for title, names in PLAYERS.items():
        heading = kit.html(f"<b>{title}</b>")
        columns.append(kit.column([heading, *(controls[name] for name in names)]))
    made = kit.beside(columns)
    for each in ("players", "gl-extra"):
        made.add_class(each)
    return made
