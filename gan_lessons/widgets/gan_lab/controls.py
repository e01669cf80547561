"""The lab's sliders, menus and buttons, named as the settings they change, grouped by player."""

import ipywidgets as w

from gan_lessons.widgets import parts
from gan_lessons.widgets.gan_lab.look import VIEWS
from gan_lessons.widgets.gan_lab.play import FIRST_STRIDE, Play
from gan_lessons.widgets.gan_lab.presets import PRESETS
from gan_lessons.widgets.gan_lab.settings import CHOICES, NO_PENALTY, NUMBERS, WHOLE, LabSettings

TICK_MS = 80
NAMES = {"heat": "heat map", "grid": "z grid"}
NO_PRESET = "choose …"
AVERAGES = (0.0, 1_000.0, 5_000.0, 25_000.0)
GAMMAS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
RATES = (1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 3e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1, 0.2, 0.5, 1.0)
LABELS = {
    "data": "data",
    "seed": "seed",
    "latent": "numbers in z",
    "noise": "z is",
    "activation": "rectifiers",
    "layers": "layers",
    "units": "units",
    "learning_rate": "learning rate",
    "updates": "updates a turn",
    "average": "EMA half-life",
    "loss": "loss",
    "penalty": "penalty",
    "gamma": "its weight γ",
    "optimiser": "optimiser",
    "batch": "batch",
}
GROUPS = {
    "Generator": (
        *("layers_g", "units_g", "learning_rate_g", "updates_g"),
        *("latent", "noise", "average"),
    ),
    "The game": (
        *("preset", "data", "loss", "optimiser"),
        *("activation", "batch", "seed"),
    ),
    "Discriminator": ("layers_d", "units_d", "learning_rate_d", "updates_d", "penalty", "gamma"),
}
_WORDS = {"description_width": "96px"}


def make(settings: LabSettings) -> dict[str, w.Widget]:
    """All controls by name."""
    made: dict[str, w.Widget] = {}
    for name, (low, high) in WHOLE.items():
        made[name] = _slider(_label(name), getattr(settings, name), low, high)
    low, high = WHOLE["seed"]
    made["seed"] = w.BoundedIntText(
        value=settings.seed, min=low, max=high, description="seed", style=_WORDS, layout=_row()
    )
    made["batch"].step = 8
    for name, allowed in CHOICES.items():
        options = [(text.replace("_", " "), text) for text in allowed]
        made[name] = _menu(_label(name), options, getattr(settings, name))
    for name in NUMBERS:
        usual = GAMMAS if name == "gamma" else RATES
        made[name] = _menu(_label(name), _numbers(usual, getattr(settings, name)), None)
    made["average"] = _menu(_label("average"), _numbers(AVERAGES, settings.average), None)
    made["preset"] = _menu("preset", [NO_PRESET, *PRESETS], NO_PRESET)
    made["play"] = w.Play(
        value=0,
        min=0,
        max=100_000_000,
        interval=TICK_MS,
        show_repeat=False,
        layout=w.Layout(flex="0 0 auto", width="auto"),
    )
    made["both"] = parts.button("both", "step-forward", "One turn of both players")
    made["D"] = parts.button("D", "step-forward", "One turn of the discriminator alone")
    made["G"] = parts.button("G", "step-forward", "One turn of the generator alone")
    made["slow"] = w.ToggleButton(
        description="slow motion",
        tooltip="Play shows each act of a turn",
        layout=w.Layout(width="auto", flex="0 0 auto"),
    )
    made["act"] = parts.button("next act", "forward", "The next act of a turn")
    made["reset"] = parts.button("reset", "undo", "Back to the first weights of this seed")
    made["clear"] = parts.button("clear", "eraser", "An empty board, to draw on")
    made["history"] = w.IntSlider(
        value=0,
        min=0,
        max=FIRST_STRIDE,
        step=FIRST_STRIDE,
        description="go back",
        readout=False,  # the turn stands in the picture
        style={"description_width": "56px"},
        layout=w.Layout(flex="1 1 230px", max_width="420px", min_width="0", width="auto"),
    )
    for name, words in VIEWS.items():
        made[f"show_{name}"] = w.ToggleButton(
            value=True,
            description=NAMES.get(name, name),
            tooltip=words,
            layout=w.Layout(width="auto"),
        )
    return made


def put(controls: dict[str, w.Widget], play: Play, views: tuple[str, ...]) -> None:
    """Puts all controls where the game is."""
    settings = play.settings
    for name in (*WHOLE, *CHOICES, *NUMBERS, "average"):
        control, value = controls[name], getattr(settings, name)
        if isinstance(control, w.Dropdown) and value not in [v for _, v in control.options]:
            control.options = _numbers([v for _, v in control.options], value)
        if control.value != value:
            control.value = value
    for name in VIEWS:
        controls[f"show_{name}"].value = name in views
    controls["gamma"].disabled = settings.penalty == NO_PENALTY
    for player in "gd":
        controls[f"units_{player}"].disabled = getattr(settings, f"layers_{player}") == 0
    history = controls["history"]
    # Only values that the slider can stand at: a page would round others, and send them back.
    history.step = play.stride
    history.max = max(1, -(-play.head // play.stride)) * play.stride
    history.value = history_at(play)
    history.disabled = not play.head


def history_at(play: Play) -> int:
    """Where the slider of moments stands: at its end for the last turn, however it divides."""
    return -(-play.taken // play.stride) * play.stride


def arranged(
    controls: dict[str, w.Widget], board: w.Widget, words: w.Widget, picture: w.Widget
) -> w.Widget:
    """The game in the middle, a player on either side; under them how it runs, and the picture."""
    groups = [
        w.VBox(
            [w.HTML(f"<b class='gl-player'>{title}</b>"), *(controls[name] for name in names)]
            + ([board] if title == "The game" else []),
            layout=w.Layout(flex="1 1 250px", max_width="330px", min_width="0"),
        )
        for title, names in GROUPS.items()
    ]
    row = w.Box(groups, layout=w.Layout(display="flex", flex_flow="row wrap", width="100%"))
    running = [controls[n] for n in ("play", "both", "D", "G", "slow", "act", "reset", "history")]
    views = [w.Label("show:"), *(controls[f"show_{name}"] for name in VIEWS)]
    return w.VBox(
        [row, parts.row(running), parts.row(views), words, picture],
        layout=w.Layout(width="100%", min_width="0"),
    )


def _label(name: str) -> str:
    return LABELS[name.removesuffix("_g").removesuffix("_d")]


def _numbers(usual: tuple[float, ...] | list[float], own: float) -> list[tuple[str, float]]:
    """Options of a menu: the usual numbers, and the one that is set."""
    words = {0.0: "none"}
    return [
        (words.get(v, f"{v:,.0f} points" if v >= 1_000 else f"{v:g}"), v)
        for v in sorted({*usual, own})
    ]


def _slider(text: str, value: int, low: int, high: int) -> w.IntSlider:
    return w.IntSlider(
        value=value, min=low, max=high, description=text, style=_WORDS, layout=_row()
    )


def _menu(text: str, options: list, value: object) -> w.Dropdown:
    menu = w.Dropdown(options=options, description=text, style=_WORDS, layout=_row())
    if value is not None:
        menu.value = value
    return menu


def _row() -> w.Layout:
    return w.Layout(width="auto", min_width="0")
