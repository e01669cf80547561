"""The spectrum of what a strategy makes, in decibels: as SVG and on an axis of matplotlib."""

from matplotlib.axes import Axes

from gan_lessons import plots
from gan_lessons.widgets.kit import fixed
from gan_lessons.widgets.upsampling_explorer.imaging import Imaging, places
from gan_lessons.widgets.upsampling_explorer.view import Column, Score, UpsamplingView

LOWEST, HIGHEST = -45, 20  # decibels: what real pictures and untrained layers have between them
LEVELS = (20, 0, -20, -40)
FINEST = 0.5**0.5  # cycles per pixel, of the finest checkerboard
FINEST_ALONG = 0.5  # of the finest stripes
HIGH, ROOM = 84, 20  # pixels: of the chart, and for the words under it


def decibels(score: Score | Imaging) -> list[tuple[float, float]]:
    """The points of a spectrum, frequency and power, kept inside the chart."""
    powers = (10 * score.power.clamp(min=1e-30).log10()).clamp(LOWEST, HIGHEST)
    return list(zip(score.frequency.tolist(), powers.tolist(), strict=True))


def to_svg(column: Column, view: UpsamplingView) -> str:
    """Untrained and now: the radial spectrum, against real pictures', or that along a wave."""
    marks, finest = _marks(view), _finest(column)

    def along(frequency: float) -> str:
        return f"{100 * frequency / finest:.1f}"

    powers = "".join(
        f"<text class='small axis' x='20' y='{5 + _down(power):.1f}' style='text-anchor:end'>"
        f"{fixed(power, 0)}</text>"
        for power in LEVELS
    )
    grid = "".join(
        f"<line x1='0' x2='100%' y1='{_down(power):.1f}' y2='{_down(power):.1f}'/>"
        for power in LEVELS
    ) + "".join(
        f"<line x1='{along(f)}%' x2='{along(f)}%' y1='0' y2='{HIGH}'/>"
        f"<text class='small axis' x='{along(f)}%' y='{HIGH + 9}'>{words}</text>"
        for f, words in ((0.25, "¼"), (0.5, "½"))
    )
    curves = "".join(
        f"<polyline class='{kind}' points='"
        + " ".join(f"{along(f)},{_down(power):.1f}" for f, power in decibels(score))
        + "'/>"
        for kind, score in _curves(column, view).items()
    )
    named = "".join(
        f"<line class='mark' x1='{along(f)}%' x2='{along(f)}%' y1='0' y2='{HIGH}'/>"
        f"<text class='small' x='{along(f)}%' dx='{3 if side == 'start' else -3}' y='7' "
        f"style='text-anchor:{side}'>{name}</text>"
        for name, f, side in marks
    )
    words = (
        f"power along the wave against frequency: {column.name} now and at step 0, in decibels "
        f"from the signal, at {marks[0][1]:g} cycles per pixel; the image is at {marks[1][1]:g}"
        if marks
        else f"power against frequency: {column.name} now, at step 0, and real pictures, "
        "in decibels, up to the finest checkerboard"
    )
    return (
        f"<figure class='part'><figcaption>spectrum, dB{' from the signal' if marks else ''}"
        f"</figcaption><div class='chart' role='img' aria-label='{words}'>"
        f"<svg width='25' height='{HIGH + ROOM}'>{powers}</svg>"
        f"<svg width='100%' height='{HIGH + ROOM}'><g transform='translate(0 5)'>{grid}"
        f"<svg width='100%' height='{HIGH}' viewBox='0 0 100 {HIGH}' preserveAspectRatio='none'>"
        f"{curves}</svg>{named}</g></svg></div></figure>"
    )


def draw(axis: Axes, column: Column, view: UpsamplingView) -> None:
    """The same in the colours of a light page."""
    looks = {
        "start": (plots.MUTED, "--", "at step 0"),
        "real": (plots.REAL, "-", "real pictures"),
        "now": (plots.FAKE, "-", f"at step {view.settings.steps}"),
    }
    for kind, score in _curves(column, view).items():
        colour, style, name = looks[kind]
        if kind != "start" or view.settings.steps:
            axis.plot(*zip(*decibels(score), strict=True), style, color=colour, label=name)
    for name, f, side in _marks(view):
        axis.axvline(f, color=plots.INK, linestyle=":", linewidth=1)
        beside = "left" if side == "start" else "right"
        axis.text(f, HIGHEST, f" {name} ", color=plots.INK, fontsize=7, ha=beside, va="top")
    axis.set(xlim=(0, _finest(column)), ylim=(LOWEST, HIGHEST), xlabel="cycles per pixel")
    axis.tick_params(labelsize=8)


def _curves(column: Column, view: UpsamplingView) -> dict[str, Score | Imaging]:
    """By the kinds of their lines, the uppermost last."""
    if column.waves:
        start, now = column.waves
        return {"start": start, "now": now}
    return {"start": column.start, "real": view.real, "now": column.now}


def _marks(view: UpsamplingView) -> list[tuple[str, float, str]]:
    """What lies at a frequency of a wave's spectrum; the text anchor where its name has room."""
    if view.settings.input != "wave":
        return []
    signal, image = places(view.settings.frequency)
    outside = view.settings.frequency >= 0.25  # the two come near each other
    sides = ("end", "start") if outside else ("start", "end")
    return [("signal", signal, sides[0]), ("image", image, sides[1])]


def _finest(column: Column) -> float:
    return FINEST_ALONG if column.waves else FINEST


def _down(power: float) -> float:
    return HIGH * (HIGHEST - power) / (HIGHEST - LOWEST)
