"""A moment as a still picture, for viewers with no kernel."""

from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import LinearSegmentedColormap, to_rgba

from gan_lessons import plots
from gan_lessons.widgets import charts
from gan_lessons.widgets.gan_lab.curves import charts_of
from gan_lessons.widgets.gan_lab.page import HEAT_ALPHA, HEAT_FAKE, HEAT_REAL, arrow_tips, opacity
from gan_lessons.widgets.gan_lab.view import GanLabView
from gan_lessons.widgets.gan_lab.words import alt_text, percent

_FAKE, _REAL = (tuple(part / 255 for part in colour) for colour in (HEAT_FAKE, HEAT_REAL))
_DARK = HEAT_ALPHA / 255
_HEAT = LinearSegmentedColormap.from_list(
    "heat",
    [(0.0, (*_FAKE, _DARK)), (0.5, (*_FAKE, 0.0)), (0.5, (*_REAL, 0.0)), (1.0, (*_REAL, _DARK))],
)


def to_picture(view: GanLabView) -> plots.Picture:
    """The plane on the left, the curves on the right."""
    with matplotlib.rc_context(plots.STYLE):
        return _drawn(view)


def _drawn(view: GanLabView) -> plots.Picture:
    curves = charts_of(view)
    rows, columns = max(1, len(curves)), 2 if curves else 1
    width = 8.6 if curves else 4.2
    drawn, axes = plots.figure(width, 4.0, rows=rows, columns=columns, squeeze=False)
    grid = axes[0, 0].get_gridspec()
    for axis in axes[:, 0]:
        axis.remove()
    _draw_plane(drawn.add_subplot(grid[:, 0]), view)
    for (name, chart), axis in zip(curves.items(), axes[:, -1], strict=False):
        charts.draw(axis, chart)
        axis.set_xlim(0, chart.last)
        axis.tick_params(labelsize=8, labelbottom=chart is [*curves.values()][-1])
        axis.set_ylabel({"losses": "loss", "divergence": "nats"}.get(name, "share"), fontsize=8)
        if not chart.log:
            low, high = chart.span
            axis.set_ylim(low, high + 0.05 * (name == "modes"))
        if axis.lines:
            axis.legend(fontsize=7.5, ncols=3, loc="lower left", bbox_to_anchor=(-0.02, 0.93))
    if curves:
        axes[-1, -1].set_xlabel("turn", fontsize=8)
    return plots.picture(drawn, alt_text(view))


def _draw_plane(axis: Axes, view: GanLabView) -> None:
    half, n = view.truth.view, view.numbers
    if view.heat is not None:
        extent = (-half, half, -half, half)
        heat = view.heat.numpy()
        axis.imshow(heat, _HEAT, vmin=0, vmax=1, extent=extent, interpolation="bilinear")
    if view.grid is not None:
        corners = view.grid.corners.numpy()
        dark = opacity(view.grid, half).flatten().numpy()
        if view.grid.mass.dim() == 1:
            pairs = list(np.stack([corners[:-1], corners[1:]], 1))
            colours = [to_rgba(plots.GENERATOR, 0.12 + 0.78 * value) for value in dark]
            axis.add_collection(LineCollection(pairs, colors=colours, linewidths=2))
        else:
            quads = np.stack(
                [corners[:-1, :-1], corners[:-1, 1:], corners[1:, 1:], corners[1:, :-1]], 2
            ).reshape(-1, 4, 2)
            colours = [to_rgba(plots.GENERATOR, 0.02 + 0.58 * value) for value in dark]
            edge = to_rgba(plots.GENERATOR, 0.35)
            axis.add_collection(
                PolyCollection(list(quads), facecolors=colours, edgecolors=[edge], linewidths=0.4)
            )
    for points, colour, marker, name in (
        (view.real, plots.REAL, "o", "real"),
        (view.fake, plots.FAKE, "s", "fake"),
    ):
        if points is not None:
            x, y = points.T.numpy()
            axis.scatter(x, y, s=5, c=colour, marker=marker, label=name, linewidths=0)
    if view.arrows is not None and view.fake is not None and len(view.fake):
        start = view.fake[: len(view.arrows)]
        ends = arrow_tips(start, view.arrows[: len(start)], half) - start
        paint: dict[str, Any] = {"color": plots.GENERATOR, "scale": 1, "width": 0.004}
        units: dict[str, Any] = {"angles": "xy", "scale_units": "xy"}
        axis.quiver(*start.T.numpy(), *ends.T.numpy(), **units, **paint)
    axis.set(xlim=(-half, half), ylim=(-half, half))
    axis.set_aspect("equal")
    axis.grid(False)
    axis.tick_params(labelsize=8)
    if view.real is not None or view.fake is not None:
        axis.legend(fontsize=8, markerscale=2, ncols=2, loc="upper left", bbox_to_anchor=(0, -0.06))
    found = f"{n['modes']} of {n['modes_in_all']} {view.truth.modes}, {percent(n['good'])} good"
    plots.title(axis, f"Turn {int(n['turn']):,}: {found}")
