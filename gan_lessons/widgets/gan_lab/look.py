"""All that a lab shows of a moment, as plain data."""

from dataclasses import dataclass

import torch
from torch import Tensor

from gan_lessons.losses import LOSSES
from gan_lessons.widgets.gan_lab.match import Phase, one_thread
from gan_lessons.widgets.gan_lab.measures import Sheet, heat_points, push, scores, sheet
from gan_lessons.widgets.gan_lab.play import Play
from gan_lessons.widgets.gan_lab.settings import LabSettings
from gan_lessons.widgets.gan_lab.truth import Truth
from gan_lessons.widgets.training_view import thinned

VIEWS = {  # name: what its button says when pointed at
    "real": "real points",
    "fake": "points that the generator makes",
    "heat": "what the discriminator thinks of each place",
    "grid": "where the generator puts a grid of z; the darker, the denser",
    "arrows": "−∂ℓ/∂x of each fake's own loss ℓ: where it is told to go",
    "losses": "both losses, turn by turn",
    "modes": "modes found, and the share of good fakes",
    "divergence": "KL and Jensen–Shannon divergence on a grid",
}
SHOWN = 300  # points of each kind
ARROWS = 70
Curve = list[tuple[float, float]]


@dataclass(frozen=True, eq=False)
class Look:
    """A moment. real, fake: (N, 2). arrows: (M, 2) at the first M fakes.

    heat: (HEAT, HEAT), 0 to 1, from the top. What is not in `views` is None, or empty.
    """

    settings: LabSettings
    truth: Truth
    views: tuple[str, ...]
    numbers: dict[str, float]
    floors: dict[str, float]  # what the same numbers are for real points
    real: Tensor | None
    fake: Tensor | None
    arrows: Tensor | None
    heat: Tensor | None
    sheet: Sheet | None
    losses: dict[str, Curve]
    records: dict[str, Curve]
    phase: Phase | None

    @property
    def outside(self) -> float:
        """The share of the fakes shown that lie outside the window."""
        if self.fake is None or not len(self.fake):
            return 0.0
        return float((self.fake.abs() > self.truth.view).any(1).double().mean())


@one_thread()
@torch.no_grad()
def look_of(play: Play, views: tuple[str, ...]) -> Look:
    """What is to be seen of a game now."""
    settings, ruler, phase = play.settings, play.ruler, play.phase
    loss = LOSSES[settings.loss]
    fake = play.shown(ruler.z[:SHOWN])
    real = ruler.real[:SHOWN]
    arrows = None
    if "arrows" in views:
        arrows = push(play.discriminator, loss, fake[:ARROWS], real[:ARROWS])
    if phase is not None:  # the points that this very act is about
        fake = phase.points.get("fake", fake[:0])
        real = phase.points.get("real", real)
        arrows = arrows if phase.arrows is None else phase.arrows
        arrows = arrows if phase.kind == "push" and "arrows" in views else None
    heat = None
    if "heat" in views:
        points = heat_points(play.truth.view)
        places = torch.cat([points, ruler.real[:SHOWN], play.shown(ruler.z[:SHOWN])])
        logits, on_real, on_fake = play.discriminator(places).split([len(points), SHOWN, SHOWN])
        side = round(len(points) ** 0.5)
        heat = scores(logits, settings.loss, on_real, on_fake).view(side, side)
    numbers = play.measured()
    records = [r for r in play.records if r["step"] < play.taken] + [numbers]
    wanted = (["modes", "good"] if "modes" in views else []) + (
        ["kl", "js"] if "divergence" in views else []
    )
    return Look(
        settings=settings,
        truth=play.truth,
        views=views,
        numbers=numbers,
        floors={"good": ruler.best.good, "js": ruler.floor, "kl": ruler.kl_floor},
        real=real if "real" in views else None,
        fake=fake if "fake" in views else None,
        arrows=arrows,
        heat=heat,
        sheet=sheet(play.shown, settings.latent) if "grid" in views else None,
        losses={player: thinned(values[: play.taken]) for player, values in play.losses.items()}
        if "losses" in views
        else {},
        records={name: [(r["step"], r[name]) for r in records] for name in wanted},
        phase=phase,
    )
