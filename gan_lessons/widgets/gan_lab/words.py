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
    "wgan": ("the critic's score", "low, fake", "high, real"),
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


LOOK = "Look first; then open what happens, and why."


def rounded(value: float, digits: int) -> str:
    """With so many digits behind the point; … for a number that is not there yet."""
    return "…" if value != value else kit.fixed(value, digits)


def percent(share: float) -> str:
    """0 to 1 → 12.3 %, never broken at the end of a line."""
    return f"{rounded(100 * share, 1)}\u00a0%"


def included(settings: GanLabSettings) -> str:
    """The penalty that the discriminator's loss includes."""
    return "" if settings.penalty == NO_PENALTY else f" with {settings.penalty}"


def few_places(numbers: dict[str, float], modes: str) -> str:
    """A note for good fakes that are all in few modes, or nothing. modes: what they are called."""
    few = numbers["modes"] <= numbers["modes_in_all"] / 2 and numbers["good"] > 0.5
    return f"The fakes lie on the data, but in few {modes}." if few else ""


def sentence(act: Act) -> str:
    """What happens in an act of a turn, with its numbers, for readers who just began."""
    n = act.numbers
    if act.kind == "draw":
        return f"{n['count']} real points are drawn from the data."
    if act.kind == "generate":
        return f"{n['count']} new z are drawn, and the generator makes {n['count']} fakes of them."
    if act.kind == "judge":
        higher = "the higher, the more real they look to it"
        if "real" not in n:
            return f"D gives the fakes a score of {rounded(n['fake'], 3)} on average: {higher}."
        return (
            f"D gives the real points a score of {rounded(n['real'], 3)} on average and the fakes "
            f"one of {rounded(n['fake'], 3)}: {higher}. The real point has the higher one in "
            f"{percent(n['won'])} of all pairs, a draw counting half."
        )
    if act.kind == "push":
        return (
            "Through D each fake learns which way its loss falls fastest: the arrows, "
            f"{rounded(n['mean'], 4)} long on average."
        )
    other, same = ("G", "points") if act.player == "D" else ("D", "z")
    before, after = rounded(n["before"], 4), rounded(n["after"], 4)
    way = "falls" if n["after"] < n["before"] else "rises"
    change = f"stays at {before}" if before == after else f"{way} from {before} to {after}"
    return (
        f"{act.player} changes its weights a little: on the same {same} its loss {change}. "
        f"{other} stands still."
    )


def heading(act: Act) -> str:
    """Whose part of the turn it is, and which act: "Discriminator's turn, update 1 of 2: judge"."""
    count = f", update {act.update} of {act.updates}" if act.updates > 1 else ""
    return f"{PLAYERS[act.player].capitalize()}'s turn{count}: {act.kind}"


def stage(view: GanLabView, *, playing: bool, drawing: bool) -> tuple[str, str]:
    """A heading and a sentence or two on what is going on: they stand below the machine."""
    if view.truth.empty:
        first = "Drag" if drawing else "Press “draw” and drag"
        text = f"{first} on the plane with the mouse or a finger, then press play."
        return "There are no real points to learn from yet.", text
    if view.act is not None:
        return f"{heading(view.act)}.", sentence(view.act)
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
