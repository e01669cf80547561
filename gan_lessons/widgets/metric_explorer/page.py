"""Both clouds and the table of metrics, in HTML and as a still picture: functions of settings."""

from functools import lru_cache
from html import escape

import numpy as np
import torch
from torch import Tensor

from gan_lessons import plots
from gan_lessons.widgets import kit
from gan_lessons.widgets.diagrams import Diagram, Line, draw, to_svg
from gan_lessons.widgets.metric_explorer import model
from gan_lessons.widgets.metric_explorer.model import Readings
from gan_lessons.widgets.metric_explorer.settings import DATA, MetricSettings

SIDE = 5.0  # half of the plane that is shown
ROWS = (  # field, name, digits, what it is
    ("frechet", "Fréchet distance", 3, "Of means and covariances; 0 is best. Compare at equal n."),
    ("kernel", "kernel distance", 3, "KID, unbiased: it is 0 on average if nothing is wrong."),
    ("precision", "precision", 2, "The share of the fakes that lies in the ball of a real point."),
    ("recall", "recall", 2, "The share of the real points that lies in the ball of a fake."),
    ("density", "density", 2, "How many real balls a fake lies in, divided by k; can exceed 1."),
    ("coverage", "coverage", 2, "The share of the real balls that holds a fake."),
    ("good", "near a mode", 2, "The share of the fakes within 3 standard deviations of a mode."),
    ("modes", "modes found", 0, "Modes with at least one fake near them."),
    ("copied", "copies", 2, "The share of the fakes that is a real point, to the last digit."),
)
CIRCLE = np.stack([f(np.linspace(0, 2 * np.pi, 25)) for f in (np.cos, np.sin)], 1)


@lru_cache(maxsize=8)
def found(s: MetricSettings) -> tuple[Tensor, Tensor, Readings]:
    """Real points, fakes, and what the metrics say of them."""
    real, fake, _ = model.samples(s)
    return real, fake, model.read(s, real, fake)


def diagram_of(s: MetricSettings, points: bool = True) -> Diagram:
    """The plane; points: with the points, which the still picture draws by itself."""
    real, fake, _ = found(s)
    lines = []
    if s.balls != "none":
        of = (real if s.balls == "real" else fake).double()
        radii = torch.cdist(of, of).kthvalue(s.k + 1).values
        balls = zip(of.numpy(), radii.tolist(), strict=True)
        lines += [Line(f"{s.balls} filled", at + radius * CIRCLE) for at, radius in balls]
    if points:
        for look, cloud in (("real dots", real), ("fake dots", fake)):
            lines += [Line(look, [at, at]) for at in cloud.tolist()]
    ticks = [(-4, "−4"), (0, "0"), (4, "4")]
    both = (-SIDE, SIDE)
    title = f"{DATA[s.data]}, {s.n} points of either set"
    return Diagram(title, (340, 340), both, both, lines, (), ticks, ticks)


def to_html(s: MetricSettings) -> str:
    """What to watch, the clouds, and the numbers."""
    body = "".join(
        f"<tr><td>{kit.tip(name, tip)}</td><td><b>{now}</b></td><td>{again}</td>"
        f"<td>{truth}</td></tr>"
        for name, now, again, truth, tip in table(s)
    )
    head = "<tr><th></th><th>now</th><th>real again</th><th>truth</th></tr>"
    key = "<p class='key'><span class='real'>real</span><span class='fake'>fake</span></p>"
    return (
        f"<div class='gl-card page'><p class='watch'>{escape(s.watch or alt_text(s))}</p>"
        f"<div class='both'><div>{to_svg(diagram_of(s))}{key}</div>"
        f"<table class='gl-tips'>{head}{body}</table></div></div>"
    )


def table(s: MetricSettings) -> list[tuple[str, str, str, str, str]]:
    """For each metric its name, now, for fresh real points, in truth, and what it is."""
    again = model.again(s.data, s.outliers, s.n, s.k, s.seed)
    sets = (found(s)[2], again, model.truth(s))
    rows = []
    for field, name, digits, tip in ROWS:
        now, floor, truth = (_shown(getattr(each, field), digits) for each in sets)
        rows.append((name, now, floor, truth, tip))
    return rows


def _shown(value: float | None, digits: int) -> str:
    return "–" if value is None else kit.fixed(value, digits)


def to_picture(s: MetricSettings) -> plots.Picture:
    """The clouds, and the numbers beside them."""
    drawn, axes = plots.figure(8.4, 4.2, columns=2)
    draw(axes[0], diagram_of(s, points=False))
    for patch in axes[0].patches:
        patch.set_alpha(0.25)
    for cloud, colour in zip(found(s)[:2], (plots.REAL, plots.FAKE), strict=True):
        axes[0].scatter(*cloud.T.tolist(), s=6, color=colour, zorder=3)
    axes[1].axis("off")
    cells = [row[:4] for row in table(s)]
    shown = axes[1].table(
        cells, colLabels=["", "now", "real again", "truth"], loc="center", edges="open"
    )
    shown.scale(1, 1.5)
    shown.auto_set_column_width([0, 1, 2, 3])
    return plots.picture(drawn, alt_text(s))


def alt_text(s: MetricSettings) -> str:
    """What is shown, for those who cannot see it."""
    told = {
        "shift": f"shifted by {s.shift:g}",
        "width": f"{s.width:g} times as wide",
        "drop": f"without {s.drop} modes",
        "noise": f"{s.noise:.0%} noise",
        "copies": f"{s.copies:.0%} copies",
        "outliers": f"{s.outliers:.0%} real outliers",
    }
    plain = MetricSettings()
    done = [words for name, words in told.items() if getattr(s, name) != getattr(plain, name)]
    _, _, r = found(s)
    return (
        f"Metrics on {DATA[s.data]}, fakes {', '.join(done) or 'as real'}, n {s.n}: Fréchet "
        f"{_shown(r.frechet, 3)}, kernel {_shown(r.kernel, 3)}, precision {r.precision:.2f}, "
        f"recall {r.recall:.2f}, density {r.density:.2f}, coverage {r.coverage:.2f}"
    )
