"""What a lab measures and draws, as functions of networks and points."""

import math
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn

from gan_lessons.losses import Loss
from gan_lessons.metrics import ModeReport
from gan_lessons.metrics.inputs import check_points
from gan_lessons.widgets.gan_lab.divergence import cells_of
from gan_lessons.widgets.gan_lab.truth import Truth

FAKES = 2_000  # that the numbers are measured on, always from the same latents
HEAT = 44  # cells along each side of the heat map
AGAINST_REAL = ("good", "mode_kl", "js")  # what an empty drawing leaves without a number
OF_FAKES = ("outscored", "logit_real", "logit_fake", "push", "spread", "mean_x", "mean_y")
SPREAD = 1.0  # of scores that the heat map spans at least: flat scores are to look flat
FOLDS = 14  # cells along each side of the generator's grid; twice as many on a line


def scores(logits: Tensor, loss: str, real: Tensor, fake: Tensor) -> Tensor:
    """Logits as the heat map shows them, 0 (fake) to 1 (real).

    The losses made of log sigmoid(logit) have a probability there. The others have a target for
    fake and one for real, with which 0 and 1 are put; for rpgan and wgan only differences count:
    to the middle of the mean logits of real and fake, through a sigmoid (rpgan), or in units of
    those means' distance, SPREAD at least (wgan).
    """
    if loss in ("minimax", "nonsaturating"):
        return logits.sigmoid()
    if loss == "lsgan":
        return logits.clamp(0, 1)
    if loss == "hinge":
        return ((logits + 1) / 2).clamp(0, 1)
    middle = (real.mean() + fake.mean()) / 2
    if loss == "rpgan":
        return (logits - middle).sigmoid()
    apart = (real.mean() - fake.mean()).abs().clamp(min=SPREAD)
    return (0.5 + (logits - middle) / apart).clamp(0, 1)


def heat_points(view: float, side: int = HEAT) -> Tensor:
    """(side², 2): the middles of the heat map's cells, row by row from the top left."""
    line = (torch.arange(side) + 0.5) * (2 * view / side) - view
    y, x = torch.meshgrid(-line, line, indexing="ij")
    return torch.stack([x.flatten(), y.flatten()], 1)


def push(discriminator: nn.Module, loss: Loss, fake: Tensor, real: Tensor) -> Tensor:
    """(N, 2): -N ∂L_G/∂x at fake points x: (N, 2), the way each is told to go.

    L_G is the generator's loss, a mean over the N points, so N times it is each point's own.
    real: (N, 2), read by a loss that compares with real points.
    """
    x = fake.detach().clone().requires_grad_()
    with torch.enable_grad():
        against = discriminator(real).detach() if loss.paired else None
        (gradient,) = torch.autograd.grad(loss.generator(discriminator(x), against), x)
    return -len(fake) * gradient


def outscored(real: Tensor, fake: Tensor) -> float:
    """The share of pairs in which the real logit is the higher one; a draw counts half.

    real: (N,). fake: (M,). This is the area under the ROC curve of telling them apart.
    """
    order = fake.sort().values
    beaten, or_equal = (torch.searchsorted(order, real, right=right) for right in (False, True))
    return float((beaten + or_equal).double().mean() / (2 * len(fake)))


@dataclass(frozen=True, eq=False)
class LatentGrid:
    """The generator's grid. corners: (rows + 1, columns + 1, 2), or (n + 1, 2) on a line.

    mass: (rows, columns) or (n,), each cell's share of the fakes. area: its area, or length.
    """

    corners: Tensor
    mass: Tensor
    area: Tensor

    @property
    def density(self) -> Tensor:
        """Fakes' share by area (by length on a line)."""
        return self.mass / self.area.clamp(min=1e-9)


@torch.no_grad()
def latent_grid(generator: nn.Module, latent: int) -> LatentGrid:
    """What the generator makes of a grid of z whose lines stand at equal steps of probability."""
    count = FOLDS if latent == 2 else 4 * FOLDS
    shares = torch.linspace(0, 1, count + 1).clamp(0.004, 0.996)  # z of 0 and 1 would be infinite
    z = math.sqrt(2) * torch.erfinv(2 * shares - 1)
    mass = shares.diff()
    if latent == 1:
        corners = generator(z[:, None])
        return LatentGrid(corners, mass, corners.diff(dim=0).norm(dim=1))
    corners = generator(torch.cartesian_prod(z, z)).unflatten(0, (len(z), len(z)))
    one = corners[1:, 1:] - corners[:-1, :-1]
    other = corners[:-1, 1:] - corners[1:, :-1]
    area = (one[..., 0] * other[..., 1] - one[..., 1] * other[..., 0]).abs() / 2
    return LatentGrid(corners, torch.outer(mass, mass), area)


class Ruler:
    """Measures any generator against one truth, always on the same latents and real points."""

    def __init__(self, truth: Truth, latent: int):
        # A seed of its own: how the lab is measured does not depend on how it is trained.
        rng = torch.Generator().manual_seed(1)
        self.truth = truth
        self.z = torch.randn(FAKES, latent, generator=rng)
        if not truth.empty:
            self.real = truth.sample(FAKES, rng)

    @cached_property
    def best(self) -> dict[str, float]:
        """What real points get; of an empty drawing NaN."""
        if self.truth.empty:
            return {"modes": 0, "modes_in_all": 0, **dict.fromkeys(AGAINST_REAL, math.nan)}
        return self._spread(self.real)

    def _spread(self, points: Tensor) -> dict[str, float]:
        """Modes, good points and divergences of points: (N, 2), by name."""
        check_points("the generator's points", points)
        cells = cells_of(self.truth)
        near = cells.nearest(points)  # as in `mode_report`, once for all
        good = near.indices[near.values < 3 * self.truth.std]
        report = ModeReport(good.bincount(minlength=len(self.truth.centres)), len(points))
        return {
            "modes": report.found,
            "modes_in_all": len(report.counts),
            "good": report.good,
            "mode_kl": report.reverse_kl,
            "js": cells.js(points, near.values),
        }

    @torch.no_grad()
    def measure(self, generator: nn.Module, discriminator: nn.Module, loss: Loss) -> dict:
        """All numbers of a moment, by name; see `GanLab.metrics`."""
        if self.truth.empty:
            return {**self.best, **dict.fromkeys(OF_FAKES, math.nan)}
        fake = generator(self.z)
        logits_real, logits_fake = discriminator(torch.cat([self.real, fake])).split(FAKES)
        few = fake[:200]
        x, y = fake.mean(0).tolist()
        return {
            **self._spread(fake),
            "outscored": outscored(logits_real, logits_fake),
            "logit_real": float(logits_real.mean()),
            "logit_fake": float(logits_fake.mean()),
            "push": float(push(discriminator, loss, few, self.real[:200]).norm(dim=1).mean()),
            "spread": float(fake.var(0).sum() / self.real.var(0).sum()),
            "mean_x": x,
            "mean_y": y,
        }
