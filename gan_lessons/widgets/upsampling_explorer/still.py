"""A case as a still picture, for viewers with no kernel, and its words."""

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from torch import Tensor

from gan_lessons import plots
from gan_lessons.widgets.cells import PALETTE, shade
from gan_lessons.widgets.upsampling_explorer.cards import (
    FINEST,
    HIGHEST,
    LOWEST,
    decibels,
    fixed,
    percent,
    reach,
    uneven,
)
from gan_lessons.widgets.upsampling_explorer.case import Case, Column


def alt_text(case: Case) -> str:
    """What is shown, for those who cannot see it; the same wherever the lesson runs."""
    setting = case.setting
    trained = f"after {setting.steps} steps of training" if setting.steps else "untrained"
    given = {"picture": "a picture", "smooth": "a smooth spot", "flat": "a flat grey"}
    return (
        f"Upsampling explorer: what {', '.join(setting.strategies)} make of "
        f"{given[setting.input]}, {trained}; under each output the sums of the four phases, "
        "the spectrum and the score"
    )


def to_picture(case: Case) -> plots.Picture:
    """What goes in and should come out, then a column for each strategy."""
    count = 1 + len(case.columns)
    shares = {"height_ratios": [2.1, 1, 1.3], "width_ratios": [0.7] + [1.0] * (count - 1)}
    drawn, axes = plots.figure(2 * count, 5.5, rows=3, columns=count, **shares)
    for axis, name, picture in zip(
        axes[:2, 0], ("goes in", "wanted"), (case.given, case.wanted), strict=True
    ):
        _draw_pixels(axis, name, picture)
    for column, (pixels, phases, chart) in zip(case.columns, axes.T[1:], strict=True):
        _draw_pixels(pixels, column.name, column.picture)
        _draw_phases(phases, column)
        _draw_spectra(chart, case, column)
    axes[2, 1].set_ylabel("power in dB")
    axes[2, 0].set_axis_off()
    axes[2, 0].legend(*axes[2, 1].get_legend_handles_labels(), loc="center left", fontsize=8)
    return plots.picture(drawn, alt_text(case))


def _draw_pixels(axis: Axes, name: str, picture: Tensor) -> None:
    axis.imshow(plots.sheet(picture, scale=1, gap=0), interpolation="nearest")
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


def _draw_spectra(axis: Axes, case: Case, column: Column) -> None:
    lines = [
        (column.start, plots.MUTED, "--", "at step 0"),
        (case.real, plots.REAL, "-", "real pictures"),
        (column.now, plots.FAKE, "-", f"at step {case.setting.steps}"),
    ]
    for score, colour, style, name in lines if case.setting.steps else lines[1:]:
        axis.plot(*zip(*decibels(score), strict=True), style, color=colour, label=name)
    axis.set(xlim=(0, FINEST), ylim=(LOWEST, HIGHEST), xlabel="cycles per pixel")
    axis.tick_params(labelsize=8)
    axis.set_title(
        f"checkerboard {percent(column.now.checkerboard)}\nerror {fixed(column.now.error, 3)}",
        loc="left",
        fontsize=8,
        color=plots.INK,
    )
