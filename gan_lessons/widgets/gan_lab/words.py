"""What a lab says in words."""

from gan_lessons.widgets import kit
from gan_lessons.widgets.gan_lab.match import Act
from gan_lessons.widgets.gan_lab.settings import NO_PENALTY, GanLabSettings
from gan_lessons.widgets.gan_lab.view import GanLabView

PLAYERS = {"D": "discriminator", "G": "generator"}
HEAT = {  # loss: what the heat map shows, and its ends
    "minimax": ("D(x), the probability of real", "0", "1"),
    "nonsaturating": ("D(x), the probability of real", "0", "1"),
    "lsgan": ("D(x)", "0 fake", "1 real"),
    "hinge": ("D(x)", "−1 fake", "1 real"),
    "rpgan": ("more real than the middle, probability", "0", "1"),
    "wgan": ("the critic's score", "fakes' mean", "real mean"),
}
VIEWS = {
    "real": "real points",
    "fake": "generated points",
    "heat": "the discriminator's judgement as a heat map",
    "grid": "the generator's grid",
    "arrows": "arrows that tell each generated point where to go",
    "losses": "both losses",
    "modes": "modes found and the share of good samples",
    "divergence": "two divergences",
}


IDLE = (
    "Press play, or “next act” for one act of a turn.",
    "The generator G makes fakes of random numbers z. The discriminator D tells them from real "
    "points, and the gradient of the loss goes back to the network that learns.",
)
PLAYING = (
    "Playing.",
    "In each turn first the discriminator D learns, then the generator G: the lights show the "
    "order, many times slower than it is played.",
)


def rounded(value: float, digits: int) -> str:
    """With so many digits behind the point; … for a number that is not there yet."""
    return "…" if value != value else kit.fixed(value, digits)


def percent(share: float) -> str:
    """0 to 1 → 12.3 %, never broken at the end of a line."""
    return f"{rounded(100 * share, 1)}\u00a0%"


def included(settings: GanLabSettings) -> str:
    """The penalty that the discriminator's loss includes."""
    return "" if settings.penalty == NO_PENALTY else f" with {settings.penalty}"


def sentence(act: Act, optimiser: str) -> str:
    """What happens in an act of a turn, with its numbers."""
    n = act.numbers
    if act.kind == "draw":
        return f"{n['count']} real points are drawn from the data."
    if act.kind == "generate":
        return f"{n['count']} new z are drawn, and the generator makes {n['count']} fakes of them."
    if act.kind == "judge":
        return (
            f"The discriminator gives the real points a logit of {rounded(n['real'], 3)} on "
            f"average and the fakes one of {rounded(n['fake'], 3)}. The real point wins "
            f"{percent(n['won'])} of all pairs, a draw counting half."
        )
    if act.kind == "push":
        return (
            "Through the discriminator each fake learns where to go: the arrows are "
            "−∂ℓ/\u2060∂x of its "  # no line may break there
            f"own loss ℓ, {rounded(n['mean'], 4)} long on average."
        )
    other, same = ("generator", "points") if act.player == "D" else ("discriminator", "z")
    return (
        f"{ {'adam': 'Adam', 'sgd': 'SGD'}[optimiser] } moves the {PLAYERS[act.player]}'s weights "
        f"against a gradient of length {rounded(n['length'], 4)}: on the same {same} its loss goes "
        f"from {rounded(n['before'], 4)} to {rounded(n['after'], 4)}. The {other} stands still."
    )


def heading(act: Act) -> str:
    """Whose part of the turn it is, and which act: "Discriminator's turn, update 1 of 2: judge"."""
    count = f", update {act.update} of {act.updates}" if act.updates > 1 else ""
    return f"{PLAYERS[act.player].capitalize()}'s turn{count}: {act.kind}"


def stage(view: GanLabView, *, playing: bool, drawing: bool) -> tuple[str, str]:
    """A heading and a sentence or two on what is going on: they stand above the plane."""
    if view.truth.empty:
        first = "Drag" if drawing else "Press “draw” and drag"
        text = f"{first} on the plane with the mouse or a finger, then press play."
        return "There are no real points to learn from yet.", text
    if view.act is not None:
        return f"{heading(view.act)}.", sentence(view.act, view.settings.optimiser)
    if view.settings.watch:
        return "Watch:", view.settings.watch
    return PLAYING if playing else IDLE


def hint(drawing: bool) -> str:
    """What an empty plane says."""
    return "draw here: drag with the mouse or a finger" if drawing else "press “draw” to draw here"


def alt_text(view: GanLabView) -> str:
    """What is shown, for those who cannot see it; the same wherever the lesson runs."""
    s, turns = view.settings, int(view.numbers["turn"])
    penalty = "" if s.penalty == NO_PENALTY else f" and the penalty {s.penalty}"
    after = f"after {turns} turns" if turns else "before the first turn"
    shown = ", ".join(text for name, text in VIEWS.items() if name in view.views) or "nothing"
    return (
        f"GAN Lab: {s.data.replace('_', ' ')}, the loss {s.loss}{penalty}, {after}. Shown: {shown}"
    )
