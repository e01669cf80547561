"""The view as HTML, the input in a strip and a card for each strategy, and as a still picture."""

from html import escape

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from torch import Tensor

from gan_lessons import plots
from gan_lessons.upsample import STRATEGIES
from gan_lessons.widgets import kit
from gan_lessons.widgets.cells import shade
from gan_lessons.widgets.kit import PALETTE, fixed, percent
from gan_lessons.widgets.upsampling_explorer.training import KEPT_OUT, budget
from gan_lessons.widgets.upsampling_explorer.view import Column, Score, UpsamplingView

LOWEST, HIGHEST = -45, 20  # decibels: what real pictures and untrained layers have between them
FINEST = 0.5**0.5  # cycles per pixel, of the finest checkerboard
TIPS = {
    "checkerboard here": "The share of this picture's variance that is a pattern of period 2: near "
    "0 is clean.",
    "checkerboard": "The share of the variance, over all kept-out pictures, that is a pattern of "
    "period 2: compare it with the real pictures' share above.",
    "error": "The mean squared distance to the real pictures: lower is closer, and linear "
    "interpolation's stands above.",
    "unevenness": "How unlike the four sums are: at 0 a flat grey stays flat.",
    "weights": "How large the network is: all have at most the same multiply-adds.",
}


def to_html(view: UpsamplingView) -> str:
    """The live picture."""
    count = len(view.columns)
    fits = {"wide": count, "middle": count if count < 5 else 3, "narrow": min(2, count)}
    style = ";".join(f"--{width}:{columns}" for width, columns in fits.items())
    cards = "".join(_card(column, view) for column in view.columns)
    return (
        f"<div class='gl-card paper'>{_strip(view)}"
        f"<div class='cards' style='{style}'>{cards}</div></div>"
    )


def uneven(column: Column) -> str:
    """How unlike the phases are, in words."""
    value = column.unevenness
    return fixed(value, 2) if value < 100 else "over 100"


def reach(column: Column, y: int, x: int) -> str:
    """How many inputs a phase of the last layer is made of, in words."""
    count = int(column.overlap[y, x])
    return f"{count} input{'s' if count > 1 else ''}"


def decibels(score: Score) -> list[tuple[float, float]]:
    """The points of a spectrum, frequency and power, kept inside the chart."""
    powers = (10 * score.power.clamp(min=1e-30).log10()).clamp(LOWEST, HIGHEST)
    return list(zip(score.frequency.tolist(), powers.tolist(), strict=True))


def alt_text(view: UpsamplingView) -> str:
    """What is shown, for those who cannot see it; the same wherever the lesson runs."""
    settings = view.settings
    trained = f"after {settings.steps} steps of training" if settings.steps else "untrained"
    given = {"picture": "a picture", "smooth": "a smooth spot", "flat": "a flat grey"}
    return (
        f"Upsampling explorer: what {', '.join(settings.strategies)} make of "
        f"{given[settings.input]}, {trained}; under each output the sums of the four phases, "
        "the spectrum and the score"
    )


def to_picture(view: UpsamplingView) -> plots.Picture:
    """What goes in and should come out, then a column for each strategy."""
    count = 1 + len(view.columns)
    shares = {"height_ratios": [2.1, 1, 1.3], "width_ratios": [0.7] + [1.0] * (count - 1)}
    drawn, axes = plots.figure(2 * count, 5.5, rows=3, columns=count, **shares)
    for axis, name, picture in zip(
        axes[:2, 0], ("goes in", "wanted"), (view.given, view.wanted), strict=True
    ):
        _draw_pixels(axis, name, picture)
    for column, (pixels, phases, chart) in zip(view.columns, axes.T[1:], strict=True):
        _draw_pixels(pixels, column.name, column.picture)
        _draw_phases(phases, column)
        _draw_spectra(chart, view, column)
    axes[2, 1].set_ylabel("power in dB")
    axes[2, 0].set_axis_off()
    axes[2, 0].legend(*axes[2, 1].get_legend_handles_labels(), loc="center left", fontsize=8)
    return plots.picture(drawn, alt_text(view))


def _draw_pixels(axis: Axes, name: str, picture: Tensor) -> None:
    axis.imshow(plots.sheet(picture, scale=1, gap=0, clip=True), interpolation="nearest")
    axis.set_axis_off()
    axis.set_anchor("NW")
    plots.title(axis, name)


def _draw_phases(axis: Axes, column: Column) -> None:
    axis.set(xlim=(0, 2), ylim=(2, 0))
    axis.set_axis_off()
    largest = float(column.sums.abs().max())
    for i, value in enumerate(column.sums.flatten().tolist()):
        y, x = divmod(i, 2)
        paint, strength = shade(value, largest, True)
        axis.add_patch(
            Rectangle(
                (x + 0.01, y + 0.02),
                0.98,
                0.96,
                facecolor=(PALETTE[paint][0], strength),
                edgecolor=PALETTE["line"][0],
                linewidth=0.8,
            )
        )
        for down, text, size in ((0.36, fixed(value, 2), 9), (0.74, reach(column, y, x), 7)):
            place = (x + 0.5, y + down)
            axis.text(*place, text, color=plots.INK, fontsize=size, ha="center", va="center")
    axis.set_title(f"sums; unevenness {uneven(column)}", loc="left", fontsize=8, color=plots.INK)


def _draw_spectra(axis: Axes, view: UpsamplingView, column: Column) -> None:
    lines = [
        (column.start, plots.MUTED, "--", "at step 0"),
        (view.real, plots.REAL, "-", "real pictures"),
        (column.now, plots.FAKE, "-", f"at step {view.settings.steps}"),
    ]
    for score, colour, style, name in lines if view.settings.steps else lines[1:]:
        axis.plot(*zip(*decibels(score), strict=True), style, color=colour, label=name)
    axis.set(xlim=(0, FINEST), ylim=(LOWEST, HIGHEST), xlabel="cycles per pixel")
    axis.tick_params(labelsize=8)
    axis.set_title(
        f"checkerboard {percent(column.now.checkerboard)}\nerror {fixed(column.now.error, 3)}",
        loc="left",
        fontsize=8,
        color=plots.INK,
    )


def _strip(view: UpsamplingView) -> str:
    side, small = view.wanted.shape[-1], view.given.shape[-1]
    words = (
        f"<p><b>Step {view.settings.steps}</b></p>"
        f"<p>Each strategy's two layers enlarge {small} × {small} pixels to {side} × {side}, "
        f"for at most {budget(side):,} multiply-adds.</p>"
        f"<p class='muted'>Real pictures: checkerboard {percent(view.real.checkerboard)} of the "
        f"variance. Linear interpolation: error {fixed(view.interpolation, 3)}.</p>"
        "<p class='muted'>Sums: what the last layer's four phases make of a flat input, each from "
        "so many input cells. Spectra: ½ cycle per pixel is a pattern of period 2, ¼ of 4.</p>"
        f"<p class='muted'>{_key('now', 'now')}{_key('start', 'at step 0')}"
        f"{_key('real', 'real pictures')}</p>"
    )
    return (
        f"<div class='strip'>{_figure('goes in', view.given)}{_figure('wanted', view.wanted)}"
        f"<div class='words'>{words}</div></div>"
    )


def _card(column: Column, view: UpsamplingView) -> str:
    start, now = column.start, column.now
    first = column is view.columns[0]  # where Tab stops for the sentences: once is enough
    size = f"{column.channels} channels, {column.cost.parameters:,} weights"
    table = (
        _row("checkerboard", f"<b>{percent(now.checkerboard)}</b>", focus=first)
        + _row("at step 0", percent(start.checkerboard), "muted")
        + _row("error", f"<b>{fixed(now.error, 3)}</b>", focus=first)
        + _row("at step 0", fixed(start.error, 3), "muted")
    )
    return (
        f"<div class='card'><div class='name'>{column.name}</div>"
        f"<div class='muted about'>{escape(STRATEGIES[column.name].description)}</div>"
        f"{kit.to_img(column.picture, f'what {column.name} makes of the input')}"
        f"{_row('checkerboard here', percent(column.checkerboard), 'muted', focus=first)}"
        f"{_phases(column, first)}{_chart(column, view.real)}"
        f"<div class='part'><b>over {KEPT_OUT} pictures</b>{table}</div>"
        f"<div class='muted part gl-tips'>{kit.tip(size, TIPS['weights'], focus=first)}</div></div>"
    )


def _phases(column: Column, first: bool) -> str:
    """The four phases of the last layer, as the pixels lie."""
    largest = float(column.sums.abs().max())
    squares = []
    for i, value in enumerate(column.sums.flatten().tolist()):
        y, x = divmod(i, 2)
        paint, strength = shade(value, largest, True)
        squares.append(
            f"<rect class='{paint}' fill-opacity='{strength:.2f}' x='{51 * x}%' y='{40 * y + 1}' "
            f"width='49%' height='38'/><text class='sum' x='{51 * x + 24.5}%' y='{40 * y + 14}'>"
            f"{fixed(value, 2)}</text><text class='small' x='{51 * x + 24.5}%' y='{40 * y + 29}'>"
            f"{reach(column, y, x)}</text>"
        )
    words = "sums of the four phases of the last layer: " + ", ".join(
        fixed(value, 2) for value in column.sums.flatten().tolist()
    )
    return (
        f"<figure class='part'><figcaption>sums of phases</figcaption><svg width='100%' "
        f"height='80' role='img' aria-label='{words}'>{''.join(squares)}</svg>"
        f"{_row('unevenness', uneven(column), 'muted', focus=first)}</figure>"
    )


def _chart(column: Column, real: Score) -> str:
    """The radial spectrum of what comes out, untrained and now, against real pictures'."""
    high, room = 84, 20

    def down(power: float) -> float:
        return high * (HIGHEST - power) / (HIGHEST - LOWEST)

    def along(frequency: float) -> float:
        return 100 * frequency / FINEST

    powers = "".join(
        f"<text class='small axis' x='20' y='{5 + down(power):.1f}' style='text-anchor:end'>"
        f"{fixed(power, 0)}</text>"
        for power in (20, 0, -20, -40)
    )
    grid = "".join(
        f"<line x1='0' x2='100%' y1='{down(power):.1f}' y2='{down(power):.1f}'/>"
        for power in (20, 0, -20, -40)
    ) + "".join(
        f"<line x1='{along(f):.1f}%' x2='{along(f):.1f}%' y1='0' y2='{high}'/>"
        f"<text class='small axis' x='{along(f):.1f}%' y='{high + 9}'>{words}</text>"
        for f, words in ((0.25, "¼"), (0.5, "½"))
    )
    curves = "".join(
        f"<polyline class='{kind}' points='"
        + " ".join(f"{along(f):.1f},{down(power):.1f}" for f, power in decibels(score))
        + "'/>"
        for kind, score in (("start", column.start), ("real", real), ("now", column.now))
    )
    words = (
        f"power against frequency: {column.name} now, at step 0, and real pictures, "
        "in decibels, up to the finest checkerboard"
    )
    return (
        "<figure class='part'><figcaption>spectrum, dB</figcaption>"
        f"<div class='chart' role='img' aria-label='{words}'>"
        f"<svg width='25' height='{high + room}'>{powers}</svg>"
        f"<svg width='100%' height='{high + room}'><g transform='translate(0 5)'>{grid}"
        f"<svg width='100%' height='{high}' viewBox='0 0 100 {high}' preserveAspectRatio='none'>"
        f"{curves}</svg></g></svg></div></figure>"
    )


def _row(name: str, value: str, look: str = "", *, focus: bool = False) -> str:
    said = kit.tip(name, TIPS[name], focus=focus) if name in TIPS else f"<span>{name}</span>"
    return f"<div class='row gl-tips {look}'>{said}<span>{value}</span></div>"


def _key(kind: str, words: str) -> str:
    return (
        "<span class='key'><svg width='22' height='8' aria-hidden='true'>"
        f"<polyline class='{kind}' points='0,4 22,4'/></svg>{words}</span>"
    )


def _figure(title: str, picture: Tensor) -> str:
    return f"<figure><figcaption>{title}</figcaption>{kit.to_img(picture, title)}</figure>"
