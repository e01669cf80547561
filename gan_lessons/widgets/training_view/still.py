"""The view as a still picture, for the file."""

import textwrap

from gan_lessons import plots
from gan_lessons.widgets import charts
from gan_lessons.widgets.training_view.snapshot import (
    Snapshot,
    alt_text,
    distances_of,
    headline,
    losses_of,
    taken,
)


def quick_picture(s: Snapshot) -> plots.Picture:
    """The pictures alone, while the training goes on: curves take a figure's time."""
    if s.pictures is None:
        return to_picture(s)
    return plots.picture(plots.sheet(s.pictures, s.columns, clip=True), alt_text(s))


def to_picture(s: Snapshot) -> plots.Picture:
    """All that the page shows of the last moment."""
    losses, distances = losses_of(s), distances_of(s)
    rows = 1 if distances is None else 2
    drawn, axes = plots.figure(9.4, 3.7, rows=rows, columns=2, width_ratios=[1.1, 1], squeeze=False)
    grid = axes[0, 0].get_gridspec()
    for axis in axes[:, 0]:
        axis.remove()
    sheet = drawn.add_subplot(grid[:, 0])
    if s.pictures is not None:
        sheet.imshow(plots.sheet(s.pictures, s.columns, clip=True), interpolation="nearest")
    sheet.set_axis_off()
    plots.title(sheet, f"After {s.step:,} steps, {taken(s)}")
    upper, lower = axes[0, 1], axes[-1, 1]
    charts.draw(upper, losses)
    upper.set_ylim(*losses.span)
    upper.set_ylabel("loss")
    plots.title(upper, "Losses")
    upper.legend(loc="best", fontsize=8, framealpha=0.8)
    if distances is not None:
        charts.draw(lower, distances)
        lower.set_ylabel("distance")
        plots.title(lower, f"Fréchet distance {dict(headline(s))['Fréchet distance']}")
        upper.sharex(lower)
        upper.tick_params(labelbottom=False)
    lower.set_xlim(0, s.last)
    lower.set_xlabel("step")
    if s.findings:
        lines = (textwrap.fill(line, 120) for line in s.findings)
        drawn.suptitle("\n".join(lines), x=0.02, ha="left", fontsize=9, color=plots.FAKE)
    return plots.picture(drawn, alt_text(s))
