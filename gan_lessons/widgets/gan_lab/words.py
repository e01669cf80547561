"""What a lab says in words."""

from gan_lessons.widgets.gan_lab.look import Look
from gan_lessons.widgets.gan_lab.match import Phase
from gan_lessons.widgets.gan_lab.settings import NO_PENALTY, LabSettings

HEAT_WORDS = {
    "minimax": ("D(x), the probability of real", "0", "1"),
    "nonsaturating": ("D(x), the probability of real", "0", "1"),
    "lsgan": ("D(x)", "0 fake", "1 real"),
    "hinge": ("D(x)", "−1 fake", "1 real"),
    "rpgan": ("more real than the middle, probability", "0", "1"),
    "wgan": ("the critic's score", "fakes' mean", "real mean"),
}


def fixed(value: float, places: int) -> str:
    """With so many places, so that nothing jumps; a true minus sign, no minus zero."""
    if value != value:
        return "…"
    text = f"{value:.{places}f}"
    return text.removeprefix("-") if not float(text) else text.replace("-", "−")


def included(settings: LabSettings) -> str:
    """What the discriminator's loss has in it besides the loss of that name."""
    return "" if settings.penalty == NO_PENALTY else f" with {settings.penalty}"


def percent(share: float) -> str:
    """0 to 1 → 12.3 %, which no line's end tears apart."""
    return f"{fixed(100 * share, 1)}\u00a0%"


def sentence(phase: Phase, optimiser: str) -> str:
    """What happens in an act of a turn, with its numbers."""
    n = phase.numbers
    name = {"adam": "Adam", "sgd": "SGD"}[optimiser]
    who = {"D": "discriminator", "G": "generator"}[phase.player]
    if phase.kind == "draw":
        return f"{n['count']} real points are drawn from the data."
    if phase.kind == "generate":
        return f"{n['count']} new z are drawn, and the generator makes {n['count']} fakes of them."
    if phase.kind == "judge":
        return (
            f"The discriminator gives the real points a logit of {fixed(n['real'], 3)} on average "
            f"and the fakes one of {fixed(n['fake'], 3)}. The real point wins {percent(n['won'])} "
            "of all pairs, a draw counting half."
        )
    if phase.kind == "push":
        return (
            "Through the discriminator each fake learns where to go: the arrows are "
            "−∂ℓ/\u2060∂x of its "  # no line may break there
            f"own loss ℓ, {fixed(n['mean'], 4)} long on average."
        )
    still, same = ("generator", "points") if phase.player == "D" else ("discriminator", "z")
    return (
        f"{name} moves the {who}'s weights against a gradient of length {fixed(n['length'], 4)}: "
        f"on the same {same} its loss goes from {fixed(n['before'], 4)} to "
        f"{fixed(n['after'], 4)}. The {still} stands still."
    )


def heading(phase: Phase) -> str:
    """Whose turn it is, and which act: "D 1 of 2 · judge"."""
    who = {"D": "Discriminator's turn", "G": "Generator's turn"}[phase.player]
    count = f", update {phase.update} of {phase.updates}" if phase.updates > 1 else ""
    return f"{who}{count}: {phase.kind}"


def alt_text(look: Look) -> str:
    """What is shown, for those who cannot see it; the same wherever the lesson runs."""
    s = look.settings
    penalty = "" if s.penalty == NO_PENALTY else f" and the penalty {s.penalty}"
    step = int(look.numbers["step"])
    after = f"after {step} turns" if step else "before the first turn"
    parts = {
        "real": "real points",
        "fake": "generated points",
        "heat": "the discriminator's judgement as a heat map",
        "grid": "the generator's grid",
        "arrows": "arrows that tell each generated point where to go",
        "losses": "both losses",
        "modes": "modes found and the share of good samples",
        "divergence": "two divergences",
    }
    shown = ", ".join(text for view, text in parts.items() if view in look.views) or "nothing"
    return (
        f"GAN Lab: {s.data.replace('_', ' ')}, the loss {s.loss}{penalty}, {after}. Shown: {shown}"
    )
