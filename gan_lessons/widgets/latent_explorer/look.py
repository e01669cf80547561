"""All that an explorer shows, as plain data: pure functions of a generator and a setting."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from gan_lessons.widgets.latent_explorer import space
from gan_lessons.widgets.latent_explorer.setting import (
    FARTHEST,
    FRAMES,
    SIDE,
    STEPS,
    STRIP,
    Setting,
)
from gan_lessons.widgets.latent_explorer.source import Source


@dataclass(frozen=True, eq=False)
class Look:
    """The latent that is chosen, and its picture. z: (latent,). picture: (1, C, H, W)."""

    setting: Setting
    z: Tensor
    picture: Tensor

    @property
    def norm(self) -> float:
        """|z|, its length."""
        return float(self.z.norm())


@dataclass(frozen=True, eq=False)
class Sheet:
    """The pictures beside it. pictures: (rows, columns, C, H, W).

    Of the directions: a row for each, from −3 to 3. Of the walk: one row, with the |z| of all
    STEPS + 1 places of the slider, and the distances between neighbours in the row: of pictures,
    the root mean square over all pixels; of latents, |z − z′|.
    """

    setting: Setting
    pictures: Tensor
    norms: tuple[float, ...] = ()
    distances: tuple[float, ...] = ()
    z_distances: tuple[float, ...] = ()


def look_at(source: Source, setting: Setting) -> Look:
    """What a setting shows, large."""
    z = latent_of(source, setting)
    return Look(setting, z, source(z[None], setting.label))


def sheet_of(source: Source, setting: Setting) -> Sheet:
    """What a setting shows beside it."""
    z = latents_beside(source, setting)
    rows, columns = z.shape[:2]
    pictures = source(z.flatten(0, 1), setting.label).unflatten(0, (rows, columns))
    if setting.view != "walk":
        return Sheet(setting, pictures)
    frames = pictures[0]
    finely = space.walk(*_ends(source, setting), STEPS, setting.path)
    return Sheet(
        setting,
        pictures,
        tuple(finely.norm(dim=1).tolist()),
        tuple((frames[1:] - frames[:-1]).square().mean((1, 2, 3)).sqrt().tolist()),
        tuple((z[0, 1:] - z[0, :-1]).norm(dim=1).tolist()),
    )


def latents_beside(source: Source, setting: Setting) -> Tensor:
    """The latents of the pictures beside the large one, (rows, columns, latent)."""
    if setting.view == "walk":
        return space.walk(*_ends(source, setting), FRAMES - 1, setting.path)[None]
    if setting.view == "grid":
        return space.grid(_corners(source, setting), SIDE, setting.path)
    shifts = torch.linspace(-FARTHEST, FARTHEST, STRIP)[:, None]
    return origin_of(source, setting) + shifts * source.directions[:, None]


def latent_of(source: Source, setting: Setting) -> Tensor:
    """The latent that a setting stands at, (latent,)."""
    if setting.view != "directions":
        return _place(source, setting, setting.view)
    shifts = torch.tensor(setting.shifts)
    return origin_of(source, setting) + shifts @ source.directions


def origin_of(source: Source, setting: Setting) -> Tensor:
    """What the directions are added to, (latent,)."""
    return _place(source, setting, setting.origin)


def typical(size: int) -> float:
    """The length of a typical latent: the square root of how many numbers it has."""
    return math.sqrt(size)


def _place(source: Source, setting: Setting, where: str) -> Tensor:
    if where == "walk":
        share = torch.tensor([setting.position / STEPS])
        return space.between(*_ends(source, setting), share, setting.path)
    if where == "grid":
        cells = space.grid(_corners(source, setting), SIDE, setting.path)
        return cells[setting.row - 1, setting.column - 1]
    return space.latents(setting.seed, source.size)[0]


def _ends(source: Source, setting: Setting) -> tuple[Tensor, Tensor]:
    start, end = _corners(source, setting)[:2]
    return start, end


def _corners(source: Source, setting: Setting) -> Tensor:
    """The four, row by row: above, the walk's ends; below, the second latent of each seed."""
    assert setting.towards is not None
    left, right = (space.latents(seed, source.size) for seed in (setting.seed, setting.towards))
    return torch.stack([left[0], right[0], left[1], right[1]])
