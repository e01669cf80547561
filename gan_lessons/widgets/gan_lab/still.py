"""A look as a still picture, for viewers with no kernel."""

from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import LinearSegmentedColormap, to_rgba

from gan_lessons import plots
from gan_lessons.widgets.gan_lab.charts import loss_range
from gan_lessons.widgets.gan_lab.look import Look
from gan_lessons.widgets.gan_lab.pictures import arrow_tips, opacity
from gan_lessons.widgets.gan_lab.style import HEAT_ALPHA, HEAT_FAKE, HEAT_REAL
from gan_lessons.widgets.gan_lab.words import alt_text, included, percent

_FLOOR: dict[str, Any] = {"linestyle": "--", "linewidth": 1}  # what real points have
_HEAT = LinearSegmentedColormap.from_list(
    "heat",
    [
        (*(part / 255 for part in colour), alpha / 255)
        for colour, alpha in (
            (HEAT_FAKE, HEAT_ALPHA),
            (HEAT_FAKE, 0),
            (HEAT_REAL, 0),
            (HEAT_REAL, HEAT_ALPHA),
        )
    ],
)


def to_picture(look: Look) -> plots.Picture:
    """The plane on the left, the curves on the right."""
    with matplotlib.rc_context(plots.STYLE):
        return _drawn(look)


def _drawn(look: Look) -> plots.Picture:
    curves = [name for name in ("losses", "modes", "divergence") if name in look.views]
    drawn, axes = plots.figure(
        8.6 if curves else 4.2,
        4.0,
        rows=max(1, len(curves)),
        columns=2 if curves else 1,
        squeeze=False,
    )
    grid = axes[0, 0].get_gridspec()
    for axis in axes[:, 0]:
        axis.remove()
    _draw_plane(drawn.add_subplot(grid[:, 0]), look)
    if curves:
        for name, axis in zip(curves, axes[:, 1], strict=True):
            {"losses": _draw_losses, "modes": _draw_modes, "divergence": _draw_divergence}[name](
                axis, look
            )
            axis.set_xlim(0, max(100, look.numbers["step"]))
            axis.tick_params(labelsize=8, labelbottom=name == curves[-1])
            if len(axis.lines):
                axis.legend(fontsize=7.5, ncols=3, loc="lower left", bbox_to_anchor=(-0.02, 0.93))
        axes[-1, 1].set_xlabel("turn", fontsize=8)
    return plots.picture(drawn, alt_text(look))


def _draw_plane(axis: Axes, look: Look) -> None:
    view, n = look.truth.view, look.numbers
    if look.heat is not None:
        axis.imshow(
            look.heat.numpy(),
            cmap=_HEAT,
            vmin=0,
            vmax=1,
            extent=(-view, view, -view, view),
            interpolation="bilinear",
        )
    if look.sheet is not None:
        corners = look.sheet.corners.numpy()
        dark = opacity(look.sheet, view).flatten().numpy()
        if look.sheet.mass.dim() == 1:
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
        (look.real, plots.REAL, "o", "real"),
        (look.fake, plots.FAKE, "s", "fake"),
    ):
        if points is not None:
            x, y = points.T.numpy()
            axis.scatter(x, y, s=5, c=colour, marker=marker, label=name, linewidths=0)
    if look.arrows is not None and look.fake is not None and len(look.fake):
        start = look.fake[: len(look.arrows)]
        ends = arrow_tips(start, look.arrows[: len(start)], view) - start
        axis.quiver(
            *start.T.numpy(),
            *ends.T.numpy(),
            color=plots.GENERATOR,
            angles="xy",
            scale_units="xy",
            scale=1,
            width=0.004,
        )
    axis.set(xlim=(-view, view), ylim=(-view, view))
    axis.set_aspect("equal")
    axis.grid(False)
    axis.tick_params(labelsize=8)
    if look.real is not None or look.fake is not None:
        axis.legend(fontsize=8, markerscale=2, ncols=2, loc="upper left", bbox_to_anchor=(0, -0.06))
    plots.title(
        axis,
        f"Turn {int(n['step']):,}: {n['modes']} of {n['modes_in_all']} {look.truth.modes}, "
        f"{percent(n['good'])} good",
    )


def _draw_losses(axis: Axes, look: Look) -> None:
    for player, name, colour in (
        ("D", f"discriminator's loss{included(look.settings)}", plots.DISCRIMINATOR),
        ("G", "generator's loss", plots.GENERATOR),
    ):
        if look.losses[player]:
            steps, values = zip(*look.losses[player], strict=True)
            axis.plot(steps, values, color=colour, label=name, linewidth=1.2)
    axis.set_ylim(*loss_range(list(look.losses.values())))


def _draw_modes(axis: Axes, look: Look) -> None:
    steps, found = zip(*look.records["modes"], strict=True)
    in_all = look.numbers["modes_in_all"]
    shares = [value / in_all for value in found]
    axis.plot(steps, shares, color=plots.GENERATOR, label=f"{look.truth.modes} found")
    axis.plot(*zip(*look.records["good"], strict=True), color=plots.FAKE, label="good fakes")
    axis.axhline(look.floors["good"], color=plots.FAKE, label="real points", **_FLOOR)
    axis.set_ylim(0, 1.05)


def _draw_divergence(axis: Axes, look: Look) -> None:
    axis.plot(*zip(*look.records["kl"], strict=True), color=plots.GENERATOR, label="KL(real‖fake)")
    axis.plot(*zip(*look.records["js"], strict=True), color=plots.FAKE, label="JS")
    axis.axhline(look.floors["kl"], color=plots.GENERATOR, **_FLOOR)
    axis.axhline(look.floors["js"], color=plots.FAKE, label="real points", **_FLOOR)
    axis.set_yscale("log")
    axis.set_ylabel("nats", fontsize=8)
