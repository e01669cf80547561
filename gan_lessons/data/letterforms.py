"""How a character of a font becomes a picture, for the data sets that are drawn.

Each character of each font becomes one tile that holds, for every pixel, the distance to the edge
of the ink. A picture samples a tile through a slant, rotation, stretch and bend. Adding a number to
the distance before it is clipped makes the stroke bolder or thinner without blurring it.
"""

from __future__ import annotations

import math
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor
from torch.nn import functional as F

CAPITAL = 64  # height of a capital in a tile, in pixels
TILE = 112  # height and width of a tile, in pixels
REACH = 0.12  # the largest distance that a tile stores, in heights of a capital
HALF = TILE / 2 / CAPITAL  # from the centre of a tile to its side, in heights of a capital
SIDES, BETWEEN = 24, 40  # points stored of an outline, enough to know how far the ink extends
PIXEL = 1 / 14  # of a picture with 28 pixels, which is 2 wide; larger pictures are only finer
WAVES = [(j, k) for j in range(4) for k in range(4) if 2 <= j + k <= 3]  # of the bend, per axis


class Tile(NamedTuple):
    """One character of one font, its ink centred; lengths in heights of a capital."""

    distance: Tensor  # (TILE, TILE) float32, to the edge of the ink, positive inside
    outline: Tensor  # (SIDES + BETWEEN, 2) float32, x and y of points on the edge
    height: float  # of the ink


def _between(luck: Tensor, low: float, high: float) -> Tensor:
    return low + (high - low) * luck


def place(
    outline: Tensor,
    height: Tensor,
    pens: Tensor,
    luck: Tensor,
    bend: Tensor,
    slant: Tensor | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Turns random numbers into a map from the picture, [-1, 1] per axis, to the tile.

    outline: (N, SIDES + BETWEEN, 2), height: (N,), pens: (N, 2), luck: (N, 8) in [0, 1),
    bend: (N, WAVES, 2) standard normal. slant: (N,), how far a point moves to the right as it
    rises; None draws it by luck
    Returns map: (N, 3 + WAVES, 2), the coefficients of `_basis`, to heights of a capital;
    pen: (N,), how much the stroke grows on each side; scale: (N,), the height of a capital in the
    picture
    """
    pen = torch.lerp(pens[:, 0], pens[:, 1], luck[:, 1])
    slant = _between(luck[:, 2], -0.2, 0.35) if slant is None else slant
    turn = _between(luck[:, 3], -0.18, 0.18)
    stretch = _between(luck[:, 4], 0.75, 1.1)
    cos, sin = turn.cos(), turn.sin()
    # Stretch along x, then slant to the right (y points down), then rotate.
    forward = torch.stack(
        [
            torch.stack([cos * stretch, -cos * slant - sin], -1),
            torch.stack([sin * stretch, -sin * slant + cos], -1),
        ],
        -2,
    )
    weights = torch.tensor([0.05 / (j + k - 1) for j, k in WAVES])
    bend = bend * weights[:, None]
    # The largest possible slope of the sum of the waves: at 1, the picture would fold over itself.
    steepest = bend.abs().sum(2) @ torch.tensor([math.pi / 2 * max(wave) for wave in WAVES])
    bend = bend * (0.9 / steepest).clamp(max=1)[:, None, None]

    # Small letters are smaller than capitals, but less so than in text.
    capital = _between(luck[:, 5], 18 * PIXEL, 22 * PIXEL)
    tall = capital * height.clamp(max=1).sqrt()
    scale, middle = capital, torch.zeros(len(capital), 2)
    straight = outline @ forward.mT
    spots = straight * scale[:, None, None]
    # The bend of a point depends on its final position, which depends on the scale and centre that
    # keep the ink inside the picture: a few fixed-point iterations solve for all of them.
    for _ in range(6):
        spots = middle[:, None] + scale[:, None, None] * straight - _basis(spots)[..., 3:] @ bend
        grown = (pen * scale)[:, None]
        low, high = spots.amin(1) - grown, spots.amax(1) + grown
        wide, high_now = (high - low).unbind(-1)
        fitting = scale * torch.minimum(tall / high_now, 22 * PIXEL / wide)
        scale = torch.minimum(fitting, 1.4 * capital)  # a full stop must not fill the picture
        room = (12.5 * PIXEL - (high - low) / 2).clamp(0, 2 * PIXEL)
        middle = middle + room * (luck[:, 6:8] * 2 - 1) - (low + high) / 2
    back = torch.linalg.inv(forward).mT / scale[:, None, None]
    return torch.cat([back, -middle[:, None] @ back, bend @ back], 1), pen, scale


def _basis(points: Tensor) -> Tensor:
    """(..., 2) → (..., 3 + WAVES): x, y, 1, and the cosine waves that a bend consists of."""
    frequencies = math.pi / 2 * torch.arange(4)
    along_x, along_y = ((points + 1)[..., None] * frequencies).cos().unbind(-2)
    waves = [along_x[..., j] * along_y[..., k] for j, k in WAVES]
    return torch.cat([points, torch.ones_like(points[..., :1]), torch.stack(waves, -1)], -1)


def render(distance: Tensor, map_: Tensor, pen: Tensor, scale: Tensor, size: int) -> Tensor:
    """distance: (N, 1, TILE, TILE), with the results of `place` → (N, 1, size, size) uint8."""
    fine = 2 * size
    line = (torch.arange(fine) + 0.5) / size - 1
    points = torch.stack(torch.meshgrid(line, line, indexing="xy"), -1)
    grid = torch.matmul(_basis(points).flatten(0, 1), map_ / HALF).unflatten(1, (fine, fine))
    edge = F.grid_sample(distance, grid, padding_mode="border", align_corners=False)
    # The distance in fine pixels, plus one half, is the share of the pixel that is ink.
    per_pixel = (scale * size)[:, None, None, None]
    ink = (edge + pen[:, None, None, None]).mul_(per_pixel).add_(0.5).clamp_(0, 1)
    return F.avg_pool2d(ink, 2).mul_(255).round_().to(torch.uint8)


def _path(font: str) -> str:
    # Imported here, because matplotlib is slow to load and a cached set does not need it.
    import matplotlib

    return str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{font}.ttf")


def can_draw(font: str, char: str) -> bool:
    """Whether the font draws this character, and not a box, a blank or another symbol."""
    # Computer Modern's encoding has other symbols at < > { | } and more.
    if font.startswith("cm") and not (char.isascii() and char.isalnum()):
        return False
    from matplotlib.ft2font import FT2Font

    if FT2Font(_path(font)).get_char_index(ord(char)) == 0:
        return False
    left, top, right, bottom = ImageFont.truetype(_path(font), 64).getbbox(char)
    return right > left and bottom > top


@lru_cache(maxsize=2048)
def tile(font: str, char: str) -> Tile:
    """Drawn at twice the tile's size, so that the distance is accurate to a quarter of a pixel."""
    basic = ImageFont.Layout.BASIC
    capital = ImageFont.truetype(_path(font), 256, layout_engine=basic).getbbox("H", anchor="ls")
    points = 256 * 2 * CAPITAL / -capital[1]
    type_ = ImageFont.truetype(_path(font), points, layout_engine=basic)
    left, top, right, bottom = type_.getbbox(char, anchor="ls")
    room = 2 * (TILE - 2 * REACH * CAPITAL)
    if max(right - left, bottom - top) > room:
        points *= room / max(right - left, bottom - top)
        type_ = ImageFont.truetype(_path(font), points, layout_engine=basic)
        left, top, right, bottom = type_.getbbox(char, anchor="ls")
    picture = Image.new("L", (2 * TILE, 2 * TILE))
    corner = (TILE - (left + right) / 2, TILE - (top + bottom) / 2)
    ImageDraw.Draw(picture).text(corner, char, fill=255, font=type_, anchor="ls")

    ink = np.asarray(picture) >= 128
    to_ink, to_ground = _distance_to(ink), _distance_to(~ink)
    # The edge lies half a pixel from the centres of an ink pixel and its neighbour.
    signed = (to_ground - to_ink - np.where(ink, 0.5, -0.5)) / (2 * CAPITAL)
    # A few edge pixels are enough: the outermost in each direction, and some between them, which a
    # bend may push further out.
    edge = np.argwhere(ink & (to_ground <= 1))[:, ::-1]
    spots = (edge + 0.5 - TILE) / (2 * CAPITAL)
    angles = np.arange(SIDES) * (2 * math.pi / SIDES)
    furthest = (spots @ np.stack([np.cos(angles), np.sin(angles)])).argmax(0)
    between = np.linspace(0, len(spots) - 1, BETWEEN).astype(int)
    return Tile(
        torch.tensor(signed.reshape(TILE, 2, TILE, 2).mean((1, 3)), dtype=torch.float32),
        torch.tensor(spots[np.concatenate([furthest, between])], dtype=torch.float32),
        (bottom - top) / (2 * CAPITAL),
    )


def _distance_to(mask: np.ndarray) -> np.ndarray:
    """(H, W) bool → (H, W) float32: the distance in pixels to the nearest true one, up to REACH.

    A squared distance is a sum over the axes, so it can be minimised one axis after the other.
    """
    reach = math.ceil(REACH * 2 * CAPITAL)
    squared = np.where(mask, 0, reach**2).astype(np.int16)
    for _ in range(2):
        before = squared.copy()
        for step in range(1, reach):
            squared[step:] = np.minimum(squared[step:], before[:-step] + step**2)
            squared[:-step] = np.minimum(squared[:-step], before[step:] + step**2)
        squared = squared.T.copy()
    return np.sqrt(squared.astype(np.float32))
