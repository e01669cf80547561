"""All that a lab shows of a moment, as plain data."""

from dataclasses import dataclass

import torch
from torch import Tensor

from gan_lessons.losses import LOSSES
from gan_lessons.train.history import Points, thinned
from gan_lessons.widgets.gan_lab.match import Act, one_thread
from gan_lessons.widgets.gan_lab.measures import (
    LatentGrid,
    heat_points,
    latent_grid,
    push,
    scores,
)
from gan_lessons.widgets.gan_lab.rewind import RewindableMatch
from gan_lessons.widgets.gan_lab.settings import GanLabSettings
from gan_lessons.widgets.gan_lab.truth import Truth

MOST_POINTS = 300  # of each kind
MOST_ARROWS = 70
# View: metrics in its chart.
RECORDS = {"modes": ("modes", "good"), "divergence": ("js", "mode_kl")}


@dataclass(frozen=True, eq=False)
class PlaneView:
    """The plane at a moment. real, fake: (N, 2). arrows: (M, 2) at the first M fakes.

    heat: (HEAT, HEAT), 0 to 1, from the top. What is not in `views` is None.
    """

    settings: GanLabSettings
    truth: Truth
    views: tuple[str, ...]
    turn: int
    real: Tensor | None
    fake: Tensor | None
    arrows: Tensor | None
    heat: Tensor | None
    grid: LatentGrid | None
    act: Act | None

    @property
    def outside(self) -> float:
        """The share of the fakes shown that lie outside the window."""
        if self.fake is None or not len(self.fake):
            return 0.0
        return float((self.fake.abs() > self.truth.view).any(1).double().mean())


@dataclass(frozen=True, eq=False)
class GanLabView(PlaneView):
    """A moment. floors: what metrics are for real points. losses: by player, turn by turn.

    records: metrics, each 20th turn and now. Both are empty if they are not in `views`.
    """

    numbers: dict[str, float]
    floors: dict[str, float]
    losses: dict[str, Points]
    records: dict[str, Points]


@one_thread()
@torch.no_grad()
def plane_of(match: RewindableMatch, views: tuple[str, ...]) -> PlaneView:
    """What the plane shows of a match now: known before anything is measured."""
    settings, ruler, act = match.settings, match.ruler, match.act
    generator, loss = match.shown_generator, LOSSES[settings.loss]
    all_fake = generator(ruler.z[:MOST_POINTS])
    if match.truth.empty:  # nothing to compare the fakes with
        views = tuple(view for view in views if view not in ("real", "heat", "arrows"))
    all_real = all_fake if match.truth.empty else ruler.real[:MOST_POINTS]
    real, fake, arrows = all_real, all_fake, None
    if "arrows" in views:
        arrows = push(match.discriminator, loss, fake[:MOST_ARROWS], real[:MOST_ARROWS])
    if act is not None:  # the points that this very act is about
        fake = act.points.get("fake", fake[:0])
        real = act.points.get("real", real)
        arrows = act.arrows
    heat = None
    if "heat" in views:
        points = heat_points(match.truth.view)
        logits = match.discriminator(torch.cat([points, all_real, all_fake]))
        at_points, *at_samples = logits.split([len(points), MOST_POINTS, MOST_POINTS])
        side = round(len(points) ** 0.5)
        heat = scores(at_points, settings.loss, *at_samples).view(side, side)
    return PlaneView(
        settings=settings,
        truth=match.truth,
        views=views,
        turn=match.turns,
        real=real if "real" in views else None,
        fake=fake if "fake" in views else None,
        arrows=arrows,
        heat=heat,
        grid=latent_grid(generator, settings.latent) if "grid" in views else None,
        act=act,
    )


@one_thread()
@torch.no_grad()
def view_of(
    match: RewindableMatch, views: tuple[str, ...], plane: PlaneView | None = None
) -> GanLabView:
    """What is to be seen of a match now. plane: by `plane_of`, if it is known."""
    plane = plane_of(match, views) if plane is None else plane
    numbers = match.measured()
    past = [record for record in match.records if record["turn"] < match.turns]
    losses = {name: thinned(values[: match.turns]) for name, values in match.losses.items()}
    charted = [name for view, names in RECORDS.items() if view in plane.views for name in names]
    return GanLabView(
        **vars(plane),
        numbers=numbers,
        floors=match.ruler.best,
        losses=losses if "losses" in plane.views else {},
        records={name: [(r["turn"], r[name]) for r in [*past, numbers]] for name in charted},
    )
