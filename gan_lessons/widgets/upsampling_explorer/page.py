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
from gan_lessons.widgets.upsampling_explorer import spectra
from gan_lessons.widgets.upsampling_explorer.imaging import Imaging, places
from gan_lessons.widgets.upsampling_explorer.settings import MOST_STRATEGIES
from gan_lessons.widgets.upsampling_explorer.training import KEPT_OUT, budget
from gan_lessons.widgets.upsampling_explorer.view import Column, UpsamplingView

TIPS = {
    "checkerboard here": "The share of this picture's variance that is a pattern of period 2: near "
    "0 is clean.",
    "image / signal": "Along the rows: the amplitude of the wave that the layer adds, over the "
    "signal's. At frequency 0 it is the unevenness of the left and right sums.",
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


def note(count: int) -> str:
    """Why strategies are disabled with so many chosen, and what comes of choosing one."""
    if count == MOST_STRATEGIES:
        words = f"{count} strategies are the most: take one away, and the grey ones can be chosen."
    elif count == 1:
        words = "One strategy has to stay, so its button is locked until you choose another."
    else:
        words = f"{count} of at most {MOST_STRATEGIES} strategies. "
        words += "A new one is first trained to the step of the others."
    return f"<div class='note'>{words}</div>"


def progress(steps: list[int], goal: int) -> str:
    """How far the strategies are on the way to a step."""
    done = sum(min(step, goal) for step in steps)
    return (
        f"<div><progress value='{done}' max='{goal * len(steps)}'></progress> "
        f"training: step {min(steps)} of {goal}</div>"
    )


def uneven(column: Column) -> str:
    """How unlike the phases are, in words."""
    value = column.unevenness
    return fixed(value, 2) if value < 100 else "over 100"


def reach(column: Column, y: int, x: int) -> str:
    """How many inputs a phase of the last layer is made of, in words."""
    count = int(column.overlap[y, x])
    return f"{count} input{'s' if count > 1 else ''}"


def image_to_signal(waves: Imaging) -> str:
    """The image's amplitude in words, as a share of the signal's."""
    return percent(waves.ratio) if waves.ratio < 100 else "over 100 times"


def alt_text(view: UpsamplingView) -> str:
    """What is shown, for those who cannot see it; the same wherever the lesson runs."""
    settings = view.settings
    trained = f"after {settings.steps} steps of training" if settings.steps else "untrained"
    given = {
        "picture": "a picture",
        "smooth": "a smooth spot",
        "flat": "a flat grey",
        "wave": f"a wave of {settings.frequency:g} cycles per input pixel",
    }
    parts = "the sums of the four phases, the spectrum and the score"
    if settings.input == "wave":
        parts = "the ratio of image to signal, the sums of the four phases and the spectrum"
    return (
        f"Upsampling explorer: what {', '.join(settings.strategies)} make of "
        f"{given[settings.input]}, {trained}; under each output {parts}"
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
        spectra.draw(chart, column, view)
        chart.set_title(_judgement(column), loc="left", fontsize=8, color=plots.INK)
    axes[2, 1].set_ylabel("dB from the signal" if view.columns[0].waves else "power in dB")
    axes[2, 0].set_axis_off()
    axes[2, 0].legend(*axes[2, 1].get_legend_handles_labels(), loc="center left", fontsize=8)
    return plots.picture(drawn, alt_text(view))


def _judgement(column: Column) -> str:
    if column.waves:
        start, now = (image_to_signal(each) for each in column.waves)
        return f"image / signal {now}\nat step 0 {start}"
    shares = percent(column.now.checkerboard), fixed(column.now.error, 3)
    return "checkerboard {}\nerror {}".format(*shares)


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


def _strip(view: UpsamplingView) -> str:
    side, small = view.wanted.shape[-1], view.given.shape[-1]
    if view.settings.input == "wave":
        f = view.settings.frequency
        signal, image = (f"{place:g}" for place in places(f))
        what = (
            f"Each strategy's last layer doubles a wave of {f:g} cycles per pixel, from "
            f"{small} × {small} pixels to {side} × {side}. The signal comes out at {signal} cycles "
            f"per pixel; at {image} is the image, which the layer adds."
        )
        how = (
            "The layer's channels are mixed as a flat grey mixes them, without its bias; each "
            "output is scaled to the input's height. Spectra: along the wave, away from the "
            "borders."
        )
        kinds = "now start"
    else:
        what = (
            f"Each strategy's two layers enlarge {small} × {small} pixels to {side} × {side}, "
            f"for at most {budget(side):,} multiply-adds."
        )
        how = (
            "Sums: what the last layer's four phases make of a flat input, each from so many input "
            "cells. Spectra: ½ cycle per pixel is a pattern of period 2, ¼ of 4."
        )
        kinds = "now start real"
    words = (
        f"<p><b>Step {view.settings.steps}</b></p><p>{what}</p>"
        f"<p class='muted'>Real pictures: checkerboard {percent(view.real.checkerboard)} of the "
        f"variance. Linear interpolation: error {fixed(view.interpolation, 3)}.</p>"
        f"<p class='muted'>{how}</p><p class='muted'>{''.join(map(_key, kinds.split()))}</p>"
    )
    return (
        f"<div class='strip'>{_figure('goes in', view.given)}{_figure('wanted', view.wanted)}"
        f"<div class='words'>{words}</div></div>"
    )


def _card(column: Column, view: UpsamplingView) -> str:
    start, now, more = column.start, column.now, view.settings.more
    first = column is view.columns[0]  # where Tab stops for the sentences: once is enough
    size = f"{column.channels} channels, {column.cost.parameters:,} weights"
    table = _row("checkerboard", f"<b>{percent(now.checkerboard)}</b>", focus=first)
    table += _row("at step 0", percent(start.checkerboard), "muted") if more else ""
    table += _row("error", f"<b>{fixed(now.error, 3)}</b>", focus=first)
    table += _row("at step 0", fixed(start.error, 3), "muted") if more else ""
    network = kit.tip(size, TIPS["weights"], focus=first)
    return (
        f"<div class='card'><div class='name'>{column.name}</div>"
        f"<div class='muted about'>{escape(STRATEGIES[column.name].description)}</div>"
        f"{kit.to_img(column.picture, f'what {column.name} makes of the input')}"
        f"{_here(column, first, more)}{_phases(column, first)}{spectra.to_svg(column, view)}"
        f"<div class='part'><b>over {KEPT_OUT} pictures</b>{table}</div>"
        + (f"<div class='muted part gl-tips'>{network}</div></div>" if more else "</div>")
    )


def _here(column: Column, first: bool, more: bool) -> str:
    """The numbers of the picture that is shown; its element is there in any case."""
    rows = ""
    if column.waves:
        start, now = (image_to_signal(each) for each in column.waves)
        rows = _row("image / signal", f"<b>{now}</b>", focus=first)
        rows += _row("at step 0", start, "muted") if more else ""
    elif more:
        rows = _row("checkerboard here", percent(column.checkerboard), "muted", focus=first)
    return f"<div>{rows}</div>"


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


def _row(name: str, value: str, look: str = "", *, focus: bool = False) -> str:
    said = kit.tip(name, TIPS[name], focus=focus) if name in TIPS else f"<span>{name}</span>"
    return f"<div class='row gl-tips {look}'>{said}<span>{value}</span></div>"


def _key(kind: str) -> str:
    words = {"now": "now", "start": "at step 0", "real": "real pictures"}[kind]
    return (
        "<span class='key'><svg width='22' height='8' aria-hidden='true'>"
        f"<polyline class='{kind}' points='0,4 22,4'/></svg>{words}</span>"
    )


def _figure(title: str, picture: Tensor) -> str:
    return f"<figure><figcaption>{title}</figcaption>{kit.to_img(picture, title)}</figure>"
