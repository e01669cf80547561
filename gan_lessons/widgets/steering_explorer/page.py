"""What a steering explorer shows, as HTML and as a still picture: pure functions of its view."""

from html import escape

from matplotlib.patches import Rectangle

from gan_lessons import plots
from gan_lessons.widgets import kit
from gan_lessons.widgets.steering_explorer.model import STEPS, STYLES, SteeringView

COLUMNS = 8  # of the styles


def to_html(view: SteeringView) -> str:
    """The way between the classes, the styles, and the numbers."""
    s, first, second = view.settings, *ends(view)
    said = ""
    if view.said is not None:
        cells = "".join(f"<span>{escape(view.classes[i])}</span>" for i in view.said.tolist())
        tip = "What a classifier that took no part in the training reads in each picture."
        said = f"<div class='row'>{cells}</div><p class='muted gl-tips'>{kit.tip('read', tip)}</p>"
    way = f"{STEPS} pictures from class {first} to class {second}, one style"
    styles = f"{STYLES} styles of {asked(view)}"
    numbers = "".join(
        f"<tr><td>{kit.tip(name, tip)}</td><td><b>{value}</b></td></tr>"
        for name, value, tip in table(view)
    )
    mark = f"left:calc(100%*{nearest(s.mix)}/{STEPS})"
    return (
        f"<div class='both'><div class='gl-card'><p>From {escape(first)} to {escape(second)}, one "
        f"style</p><div class='way'>{kit.to_img(view.way, way, STEPS)}<b style='{mark}'></b></div>"
        f"{said}<table class='gl-tips'>{numbers}</table></div>"
        f"<div class='gl-card'><p>{escape(_heading(view))}</p>"
        f"{kit.to_img(view.styles, styles, COLUMNS)}</div></div>"
    )


def table(view: SteeringView) -> list[tuple[str, str, str]]:
    """Name, value and meaning of each number."""
    rows = []
    if view.read is not None:
        first, second = (view.settings.asked, view.settings.other)
        for label in dict.fromkeys((first, second)):
            share = view.shares.get(label or 0, 0.0)
            tip = "The share of the styles that the classifier reads as this class."
            rows.append((f"read as {escape(view.classes[label or 0])}", f"{share:.0%}", tip))
        rest = max(0.0, 1 - sum(view.shares.get(each or 0, 0.0) for each in {first, second}))
        rows.append(("as another class", f"{rest:.0%}", "All other classes together."))
    tip = "The standard deviation of a pixel over the styles, on average: 0 if all are alike."
    return [*rows, ("spread", f"{view.spread:.3f}", tip)]


def ends(view: SteeringView) -> tuple[str, str]:
    """The names of the two classes."""
    assert view.settings.other is not None
    return view.classes[view.settings.asked], view.classes[view.settings.other]


def nearest(mix: float) -> int:
    """Which of the pictures on the way, from 0, is nearest to a mix."""
    return round(mix * (STEPS - 1))


def asked(view: SteeringView) -> str:
    """What the generator is asked for, in words."""
    (first, second), mix = ends(view), view.settings.mix
    if mix in (0, 1) or first == second:
        return f"class {second if mix == 1 else first}"
    return f"{1 - mix:.0%} class {first}, {mix:.0%} class {second}"


def _heading(view: SteeringView) -> str:
    words = f"{asked(view)}, {STYLES} styles"
    return words[0].upper() + words[1:]


def to_picture(view: SteeringView) -> plots.Picture:
    """The way above, the styles below."""
    s = view.settings
    drawn, axes = plots.figure(8.4, 3.5, rows=2, height_ratios=[1, 1.6])
    for axis in axes:
        axis.grid(False)
        axis.set(xticks=[], yticks=[])
        for spine in axis.spines.values():
            spine.set_visible(False)
    height, width = view.way.shape[2:]
    for axis, pictures, columns in zip(axes, (view.way, view.styles), (STEPS, 12), strict=True):
        axis.imshow(plots.sheet(pictures, columns, scale=1, gap=1, clip=True))
    corner = (nearest(s.mix) * (width + 1) - 0.5, -0.5)
    edge = kit.PALETTE["lit"][0]
    axes[0].add_patch(Rectangle(corner, width, height, fill=False, edgecolor=edge, linewidth=1.6))
    first, second = ends(view)
    plots.title(axes[0], f"From {first} to {second}, one style")
    plots.title(axes[1], _heading(view))
    axes[1].set_xlabel(", ".join(f"{name} {value}" for name, value, _ in table(view)))
    return plots.picture(drawn, alt_text(view))


def alt_text(view: SteeringView) -> str:
    """What is shown, for those who cannot see it."""
    numbers = ", ".join(f"{name} {value}" for name, value, _ in table(view))
    return (
        f"Steering explorer: {STYLES} generated pictures of {asked(view)}, seed "
        f"{view.settings.seed}, truncation {view.settings.truncation:g}: {numbers}"
    )
