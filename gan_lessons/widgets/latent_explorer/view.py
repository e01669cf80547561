"""All that an explorer shows, as plain data: pure functions of a generator and settings."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from gan_lessons.models.latents import between
from gan_lessons.widgets.latent_explorer import space
from gan_lessons.widgets.latent_explorer.settings import (
    FARTHEST,
    FRAMES,
    SIDE,
    STEPS,
    STRIP,
    LatentSettings,
)
from gan_lessons.widgets.latent_explorer.source import Source


@dataclass(frozen=True, eq=False)
class LatentView:
    """The latent that is chosen, and its picture, which stands large.

    z: (latent,). picture: (1, C, H, W).
    """

    settings: LatentSettings
    z: Tensor
    picture: Tensor

    @property
    def norm(self) -> float:
        """|z|, its length."""
        return float(self.z.norm())


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The pictures beside the large one. pictures: (rows, columns, C, H, W).

    Of the directions: a row for each, from −3 to 3. Of the walk: one row, with the |z| of all
    STEPS + 1 positions of the slider, and the distances between neighbours in the row: of pictures,
    the root mean square over all pixels; of latents, |z − z′|.
    """

    settings: LatentSettings
    pictures: Tensor
    norms: tuple[float, ...] = ()
    distances: tuple[float, ...] = ()
    z_distances: tuple[float, ...] = ()


def view_of(source: Source, settings: LatentSettings) -> LatentView:
    """What stands large."""
    z = latent_of(source, settings)
    return LatentView(settings, z, source(z[None], settings.label))


def neighbours_of(source: Source, settings: LatentSettings) -> Neighbours:
    """What stands beside it."""
    z = latents_beside(source, settings)
    rows, columns = z.shape[:2]
    pictures = source(z.flatten(0, 1), settings.label).unflatten(0, (rows, columns))
    if settings.view != "walk":
        return Neighbours(settings, pictures)
    frames = pictures[0]
    finely = space.walk(*_ends(source, settings), STEPS, settings.path)
    return Neighbours(
        settings,
        pictures,
        tuple(finely.norm(dim=1).tolist()),
        tuple((frames[1:] - frames[:-1]).square().mean((1, 2, 3)).sqrt().tolist()),
        tuple((z[0, 1:] - z[0, :-1]).norm(dim=1).tolist()),
    )


def latents_beside(source: Source, settings: LatentSettings) -> Tensor:
    """The latents of the pictures beside the large one, (rows, columns, latent)."""
    if settings.view == "walk":
        return space.walk(*_ends(source, settings), FRAMES - 1, settings.path)[None]
    if settings.view == "grid":
        return space.grid(_corners(source, settings), SIDE, settings.path)
    shifts = torch.linspace(-FARTHEST, FARTHEST, STRIP)[:, None]
    return origin_of(source, settings) + shifts * source.directions[:, None]


def latent_of(source: Source, settings: LatentSettings) -> Tensor:
    """The latent that the settings stand at, (latent,)."""
    if settings.view != "directions":
        return _at(source, settings, settings.view)
    shifts = torch.tensor(settings.shifts)
    return origin_of(source, settings) + shifts @ source.directions


def origin_of(source: Source, settings: LatentSettings) -> Tensor:
    """What the directions are added to, (latent,)."""
    return _at(source, settings, settings.origin)


def typical(size: int) -> float:
    """The length of a typical latent: the square root of how many numbers it has."""
    return math.sqrt(size)


def _at(source: Source, settings: LatentSettings, where: str) -> Tensor:
    if where == "walk":
        share = torch.tensor([settings.position / STEPS])
        return between(*_ends(source, settings), share, settings.path)
    if where == "grid":
        cells = space.grid(_corners(source, settings), SIDE, settings.path)
        return cells[settings.row - 1, settings.column - 1]
    return space.latents(settings.seed, source.size)[0]


def _ends(source: Source, settings: LatentSettings) -> tuple[Tensor, Tensor]:
    start, end = _corners(source, settings)[:2]
    return start, end


def _corners(source: Source, settings: LatentSettings) -> Tensor:
    """The four, row by row: above, the walk's ends; below, the second latent of each seed."""
    assert settings.towards is not None
    left, right = (space.latents(seed, source.size) for seed in (settings.seed, settings.towards))
    return torch.stack([left[0], right[0], left[1], right[1]])
