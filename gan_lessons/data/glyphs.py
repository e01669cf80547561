"""Digits and letters drawn from the fonts that matplotlib ships: data with no download.

Each character of each font becomes one tile that holds, for every pixel, the distance to the
edge of the ink. A tile is then sampled through a random slant, turn, stretch and bend; adding to
the distance before it is cut off makes the stroke bolder or thinner without blurring it.
"""

from __future__ import annotations

import hashlib
import json
import math
import zlib
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional as F

from gan_lessons.data.cache import cache_folder, written_aside
from gan_lessons.data.images import Images

# To be raised with every change that draws other pictures, or old ones come out of the cache.
RENDERER = 2

# Font -> how much its strokes may grow on each side, least and most, in heights of its capitals.
# Fonts with hairlines must grow, or these break at 28 pixels; bold ones may shrink.
PEN = {
    "DejaVuSans": (-0.015, 0.035),
    "DejaVuSans-Bold": (-0.055, -0.01),
    "DejaVuSerif-Italic": (0.012, 0.035),
    "STIXGeneral": (0.018, 0.045),
    "STIXGeneralItalic": (0.018, 0.045),
    "cmr10": (0.02, 0.045),
    "cmss10": (-0.005, 0.045),
    "cmtt10": (-0.005, 0.045),
}

CAPITAL = 64  # height of a capital in a tile, in pixels
TILE = 112  # height and width of a tile, in pixels
REACH = 0.12  # how far from the edge the distance is known, in heights of a capital
HALF = TILE / 2 / CAPITAL  # from the middle of a tile to its side, in heights of a capital
SIDES, BETWEEN = 24, 40  # points kept of an outline, enough to know how far the ink goes
PIXEL = 1 / 14  # of a picture of 28, which is 2 wide; bigger ones are the same picture, finer
WAVES = [(j, k) for j in range(4) for k in range(4) if 2 <= j + k <= 3]  # of the bend, per axis


class Tile(NamedTuple):
    """One character of one font, its ink in the middle; lengths in heights of a capital."""

    distance: Tensor  # (TILE, TILE) float32, to the edge of the ink, positive inside
    outline: Tensor  # (SIDES + BETWEEN, 2) float32, x and y of points on the edge
    height: float  # of the ink


def glyphs(
    n: int,
    seed: int = 0,
    classes: str = "0123456789",
    size: int = 28,
    *,
    cached: bool = True,
) -> Images:
    """-> Images with pixels (n, 1, size, size) uint8, white on black, and labels (n,) int64.

    n: how many pictures, at least 1; every class gets n / len(classes) of them, give or take one
    seed: 0 or more; the same seed gives the same pictures
    classes: the characters to draw, one class each; labels are indices into it
    size: height and width in pixels, at least 8; each size is drawn afresh, not enlarged
    cached: whether to keep the pictures in `cache_folder() / "glyphs"` and take them from there

    Raises ValueError for numbers out of range, for no classes or the same one twice, and for a
    character that none of the fonts can draw.
    """
    if n < 1:
        raise ValueError(f"n must be at least 1 picture, got {n}")
    if not 0 <= seed < 2**63:
        raise ValueError(f"seed must be at least 0 and below 2**63, got {seed}")
    if size < 8:
        raise ValueError(f"size must be at least 8 pixels, got {size}")
    if not classes:
        raise ValueError("classes must hold at least one character, got an empty string")
    twice = sorted({c for c in classes if classes.count(c) > 1})
    if twice:
        raise ValueError(f"classes must differ from each other, got {twice} more than once")
    if not cached:
        return _draw(n, seed, classes, size)
    key = _key(n, seed, classes, size)
    path = (
        cache_folder() / "glyphs" / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.safetensors"
    )
    images = _read(path, key, classes)
    if images is None:
        images = _draw(n, seed, classes, size)
        _write(path, key, images)
    return images


def _draw(n: int, seed: int, classes: str, size: int) -> Images:
    fonts = {c: [font for font in PEN if _has(font, c)] for c in classes}
    missing = [c for c, having in fonts.items() if not having]
    if missing:
        raise ValueError(
            f"no font that matplotlib ships draws {missing}: leave them out of classes"
        )
    tiles = [_tile(font, c) for c in classes for font in fonts[c]]
    pens = torch.tensor([PEN[font] for c in classes for font in fonts[c]])
    counts = torch.tensor([len(fonts[c]) for c in classes])

    generator = torch.Generator().manual_seed(seed)
    labels = torch.randperm(n, generator=generator) % len(classes)
    luck = torch.rand(n, 8, generator=generator)
    bend = torch.randn(n, len(WAVES), 2, generator=generator)
    # Of a class's fonts, which stand one after the other, each comes equally often.
    within = (luck[:, 0] * counts[labels]).long()
    which = (counts.cumsum(0) - counts)[labels] + within

    distance = torch.stack([tile.distance for tile in tiles])[:, None]
    outline = torch.stack([tile.outline for tile in tiles])
    height = torch.tensor([tile.height for tile in tiles])
    pixels = torch.empty(n, 1, size, size, dtype=torch.uint8)
    # In parts, because the maps of all pictures at once would take gigabytes; drawing takes more
    # room than placing, so that its parts are smaller.
    for part in torch.arange(n).split(4096):
        w = which[part]
        map_, pen, scale = _place(outline[w], height[w], pens[w], luck[part], bend[part])
        for few in torch.arange(len(part)).split(max(1, 2**21 // (2 * size) ** 2)):
            pixels[part[few]] = _render(
                distance.index_select(0, w[few]), map_[few], pen[few], scale[few], size
            )
    return Images(pixels, labels, tuple(classes), "glyphs")


def _between(luck: Tensor, low: float, high: float) -> Tensor:
    return low + (high - low) * luck


def _place(
    outline: Tensor, height: Tensor, pens: Tensor, luck: Tensor, bend: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Chance made into a map from the picture, [-1, 1] each way, to the tile, in capitals.

    outline: (N, SIDES + BETWEEN, 2), height: (N,), pens: (N, 2), luck: (N, 8) in [0, 1),
    bend: (N, WAVES, 2) standard normal
    -> map: (N, 3 + WAVES, 2), the coefficients of `_basis`; pen: (N,), what the stroke grows by
       on each side; scale: (N,), the length of a capital in the picture
    """
    pen = torch.lerp(pens[:, 0], pens[:, 1], luck[:, 1])
    slant, turn = _between(luck[:, 2], -0.2, 0.35), _between(luck[:, 3], -0.18, 0.18)
    stretch = _between(luck[:, 4], 0.75, 1.1)
    cos, sin = turn.cos(), turn.sin()
    # Stretch along x, then slant to the right (y points down), then turn.
    forward = torch.stack(
        [
            torch.stack([cos * stretch, -cos * slant - sin], -1),
            torch.stack([sin * stretch, -sin * slant + cos], -1),
        ],
        -2,
    )
    weights = torch.tensor([0.05 / (j + k - 1) for j, k in WAVES])
    bend = bend * weights[:, None]
    # The steepest that the waves can get together: at 1 the picture would fold over itself.
    steepest = bend.abs().sum(2) @ torch.tensor([math.pi / 2 * max(wave) for wave in WAVES])
    bend = bend * (0.9 / steepest).clamp(max=1)[:, None, None]

    # Small letters stay smaller than capitals, but less so than on a line of text.
    capital = _between(luck[:, 5], 18 * PIXEL, 22 * PIXEL)
    tall = capital * height.clamp(max=1).sqrt()
    scale, middle = capital, torch.zeros(len(capital), 2)
    straight = outline @ forward.mT
    spots = straight * scale[:, None, None]
    # Where the bend moves a point depends on the place it comes to, which depends on the scale
    # and the middle that keep the ink inside the picture: a few rounds settle all of them.
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
    """(..., 2) -> (..., 3 + WAVES): x, y, 1, and the cosine waves that a bend is made of."""
    frequencies = math.pi / 2 * torch.arange(4)
    along_x, along_y = ((points + 1)[..., None] * frequencies).cos().unbind(-2)
    waves = [along_x[..., j] * along_y[..., k] for j, k in WAVES]
    return torch.cat([points, torch.ones_like(points[..., :1]), torch.stack(waves, -1)], -1)


def _render(distance: Tensor, map_: Tensor, pen: Tensor, scale: Tensor, size: int) -> Tensor:
    """distance: (N, 1, TILE, TILE), and what `_place` gives -> (N, 1, size, size) uint8."""
    fine = 2 * size
    line = (torch.arange(fine) + 0.5) / size - 1
    points = torch.stack(torch.meshgrid(line, line, indexing="xy"), -1)
    grid = torch.matmul(_basis(points).flatten(0, 1), map_ / HALF).unflatten(1, (fine, fine))
    edge = F.grid_sample(distance, grid, padding_mode="border", align_corners=False)
    # The distance in fine pixels, plus one half, is the part of the pixel that is ink.
    per_pixel = (scale * size)[:, None, None, None]
    ink = (edge + pen[:, None, None, None]).mul_(per_pixel).add_(0.5).clamp_(0, 1)
    return F.avg_pool2d(ink, 2).mul_(255).round_().to(torch.uint8)


def _path(font: str) -> str:
    # Here and not above, because matplotlib is slow to load and a cached set needs none of it.
    import matplotlib

    return str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{font}.ttf")


def _has(font: str, char: str) -> bool:
    """Whether the font draws this very character: no box, no blank, no other symbol."""
    # Computer Modern's own encoding puts other signs in the place of < > { | } and more.
    if font.startswith("cm") and not (char.isascii() and char.isalnum()):
        return False
    from matplotlib.ft2font import FT2Font

    if FT2Font(_path(font)).get_char_index(ord(char)) == 0:
        return False
    left, top, right, bottom = ImageFont.truetype(_path(font), 64).getbbox(char)
    return right > left and bottom > top


@lru_cache(maxsize=2048)
def _tile(font: str, char: str) -> Tile:
    """Drawn at twice the tile's size, so that the distance is good to a quarter of a pixel."""
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
    # Between the middles of an ink pixel and its neighbour lies half a pixel of each.
    signed = (to_ground - to_ink - np.where(ink, 0.5, -0.5)) / (2 * CAPITAL)
    # A few edge pixels are enough: those furthest out in each direction, and some from between
    # them, which a bend may push further.
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
    """(H, W) bool -> (H, W) float32: pixels to the nearest true one, at most the tiles' reach.

    The square of a distance is a sum over the axes, so its least value is found one axis after
    the other.
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


def _key(n: int, seed: int, classes: str, size: int) -> str:
    """All that determines the pictures, as text."""
    versions = {name: version(name) for name in ("matplotlib", "pillow", "torch")}
    return json.dumps(
        {"n": n, "seed": seed, "classes": classes, "size": size, "renderer": RENDERER, **versions}
    )


def _read(path: Path, key: str, classes: str) -> Images | None:
    """What `_write` has stored under this key, or None where it is missing or damaged."""
    try:
        with safe_open(path, "pt") as file:
            stored = file.metadata() or {}
            images = Images(
                file.get_tensor("pixels"), file.get_tensor("labels"), tuple(classes), "glyphs"
            )
    except (OSError, SafetensorError, TypeError, ValueError):
        return None
    whole = stored.get("key") == key and stored.get("checksum") == _checksum(images)
    return images if whole else None


def _write(path: Path, key: str, images: Images) -> None:
    """Stores the pictures; a folder that cannot be written only costs the time of a next call."""
    assert images.labels is not None
    try:
        with written_aside(path) as aside:
            save_file(
                {"pixels": images.pixels, "labels": images.labels},
                aside,
                {"key": key, "checksum": _checksum(images)},
            )
    except (OSError, SafetensorError):
        pass


def _checksum(images: Images) -> str:
    assert images.labels is not None
    return str(zlib.crc32(images.labels.numpy().data, zlib.crc32(images.pixels.numpy().data)))
