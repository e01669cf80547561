"""The parts of a GAN as a diagram, with those lit that an act of a turn is about.

z → G → fake
             ↘
               D → loss      and dashed, the other way: the gradient
             ↗
        real
"""

from gan_lessons.widgets.gan_lab.match import Act

WIDTH, HEIGHT = 400, 124
# Name: what is drawn, as SVG, and the colour of kit.PALETTE in which it is lit.
_ELLIPSE = "<ellipse cx='{}' cy='{}' rx='{}' ry='{}'/><text x='{}' y='{}'>{}</text>"
_BOX = (
    "<rect x='{}' y='{}' width='54' height='42' rx='5'/><text class='big' x='{}' y='{}'>{}</text>"
)


def _ellipse(x: int, y: int, half: int, text: str) -> str:
    return _ELLIPSE.format(x, y, half, 15, x, y, text)


def _box(x: int, y: int, text: str) -> str:
    return _BOX.format(x - 27, y - 21, x, y, text)


def _arrow(path: str, head: str) -> str:
    return f"<path d='{path}'/><path class='head' d='{head}'/>"


PARTS = {
    "z-G": ("generator", _arrow("M40 44H68", "M70 44l-8 -4v8z")),
    "G-fake": ("generator", _arrow("M126 44H148", "M150 44l-8 -4v8z")),
    "fake-D": ("fake", _arrow("M206 50L246 63", "M248 64l-9 1 2.6 -7.6z")),
    "real-D": ("real", _arrow("M206 101L246 83", "M248 82l-5.6 7 -3.2 -7.3z")),
    "D-loss": ("discriminator", _arrow("M304 73H328", "M330 73l-8 -4v8z")),
    "z": ("ink", _ellipse(24, 44, 16, "z")),
    "G": ("generator", _box(98, 44, "G")),
    "fake": ("fake", _ellipse(178, 44, 28, "fake")),
    "real": ("real", _ellipse(178, 106, 28, "real")),
    "D": ("discriminator", _box(276, 73, "D")),
    "loss": ("ink", _ellipse(360, 73, 30, "loss")),
    "back-D": ("lit", _arrow("M360 56C360 26 296 22 285 46", "M283 51l-1.6 -9 7.6 3z")),
    "back-fake": ("lit", _arrow("M266 50C258 14 206 6 191 24", "M187 28l3 -8.6 5.6 6z")),
    "back-G": ("lit", _arrow("M168 28C156 6 120 2 108 17", "M104 21l3 -8.6 5.6 6z")),
}
_MADE = ("z", "z-G", "G", "G-fake", "fake")
LIT = {  # (player, kind of act): what is lit
    ("D", "draw"): ("real",),
    ("D", "generate"): _MADE,
    ("D", "judge"): ("fake", "fake-D", "real", "real-D", "D", "D-loss", "loss"),
    ("D", "step"): ("loss", "back-D", "D"),
    ("G", "generate"): _MADE,
    ("G", "judge"): ("fake", "fake-D", "D", "D-loss", "loss"),
    ("G", "push"): ("loss", "back-D", "back-fake", "fake"),
    ("G", "step"): ("loss", "back-D", "back-fake", "back-G", "G"),
}
UPDATES = {  # of both players, lit in turn while it plays
    "D": LIT["D", "judge"] + LIT["D", "step"],
    "G": LIT["G", "generate"] + LIT["G", "judge"] + LIT["G", "step"],
}


def lit(act: Act, paired: bool) -> tuple[str, ...]:
    """The parts that an act is about. paired: whether G's loss compares fakes with real points."""
    parts = LIT[act.player, act.kind]
    if act.player == "G" and act.kind == "judge" and paired:
        parts += ("real", "real-D")
    return parts


def to_svg(parts: tuple[str, ...], *, playing: bool) -> str:
    """parts: those that are lit. playing: those of D's update and of G's are lit in turn."""
    drawn = []
    for name, (colour, shape) in PARTS.items():
        classes = ["part", colour, *(["back"] if name.startswith("back") else [])]
        classes += ["on"] if name in parts else []
        classes += [f"in-{player}" for player in "DG" if playing and name in UPDATES[player]]
        drawn.append(f"<g class='{' '.join(classes)}' data-part='{name}'>{shape}</g>")
    named = ", ".join(name.replace("-", " to ") for name in parts)
    now = "the updates of D and G in turn" if playing else named or "nothing"
    words = (
        "z goes through G and becomes fake; fake and real go through D into the loss; "
        f"the gradient goes back. Lit: {now}"
    )
    slowed = "<text class='slowed' x='8' y='116'>the order, slowed down</text>" if playing else ""
    return (
        f"<svg viewBox='0 0 {WIDTH} {HEIGHT}' role='img' aria-label='{words}'>"
        f"{''.join(drawn)}{slowed}</svg>"
    )
