"""The drawing, its logit now, and its logit so far, as HTML and as a still picture."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from gan_lessons import plots
from gan_lessons.widgets import charts, kit
from gan_lessons.widgets.charts import Chart, Curve


@dataclass(frozen=True)
class Asked:
    """picture: (1, C, H, W) in [-1, 1]. history: the logit after each change, the newest last.

    real, fake: the median logits of real and of generated pictures. empty: nothing is drawn.
    """

    picture: Tensor
    history: Sequence[float]
    real: float
    fake: float
    empty: bool


def drawing_html(a: Asked) -> str:
    """What lies under the pad."""
    words = "draw here: drag with the mouse or a finger" if a.empty else ""
    return (
        f"<div class='drawing'>{kit.to_img(a.picture, 'the drawing')}"
        f"{f'<p>{words}</p>' if words else ''}</div>"
    )


def chart_of(a: Asked) -> Chart:
    """The logit after each change, with those of real and of generated pictures."""
    values = [*a.history, a.real, a.fake, 0.0]
    low, high = min(values), max(values)
    room = max(1.0, 0.1 * (high - low))
    ticks = [(low - room, ""), (0.0, "0"), (high + room, "")]
    points = [(float(i), value) for i, value in enumerate(a.history)]
    curve = Curve("logit", "discriminator", points, dots=len(points) < 30)
    levels = [("real", a.real), ("fake", a.fake)]
    last = max(1, len(points) - 1)
    return Chart([curve], ticks, last, levels=levels, dashed="real and generated, medians")


def said_html(a: Asked) -> str:
    """What D says, in numbers and as a chart."""
    logit = a.history[-1]
    change = logit - a.history[-2] if len(a.history) > 1 else 0.0
    rows = (
        ("logit", kit.fixed(logit, 2)),
        ("the last change", f"{'+' if change >= 0 else ''}{kit.fixed(change, 2)}"),
        ("nearer to", "real" if abs(logit - a.real) < abs(logit - a.fake) else "generated"),
    )
    table = "".join(f"<tr><td>{name}</td><td>{value}</td></tr>" for name, value in rows)
    chart = charts.to_svg(chart_of(a), "change")
    return (
        f"<div class='gl-card'><table>{table}</table>{chart}"
        f"{charts.axis_svg('change', max(1, len(a.history) - 1))}</div>"
    )


def to_picture(a: Asked) -> plots.Picture:
    """The drawing and the chart."""
    drawn, (left, right) = plots.figure(8.0, 3.0, columns=2, width_ratios=[1, 1.6])
    left.imshow(plots.sheet(a.picture, clip=True), interpolation="nearest")
    left.set_axis_off()
    chart = chart_of(a)
    charts.draw(right, chart)
    right.set_ylim(*chart.span)
    right.set_xlabel("change")
    right.set_ylabel("logit")
    right.legend(frameon=False)
    plots.title(right, f"D's logit: {kit.fixed(a.history[-1], 2)}")
    return plots.picture(drawn, alt_text(a))


def alt_text(a: Asked) -> str:
    """What is shown, for those who cannot see it."""
    what = "An empty pad" if a.empty else "A drawing"
    return (
        f"{what}; D's logit of it is {kit.fixed(a.history[-1], 2)}, after {len(a.history) - 1} "
        f"changes; real pictures have {kit.fixed(a.real, 2)}, generated ones "
        f"{kit.fixed(a.fake, 2)} (medians)"
    )
