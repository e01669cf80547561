"""Digits and letters drawn with the fonts that matplotlib ships: a data set without a download.

How a character becomes a picture: `letterforms`.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from importlib.metadata import version
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from gan_lessons.checks import fits, flag, instance, whole
from gan_lessons.data.cache import cache_folder, written_aside
from gan_lessons.data.images import LARGEST, Images
from gan_lessons.data.letterforms import WAVES, can_draw, place, render, tile

# Raise this with every change of the pictures: otherwise the cache returns old ones.
RENDERER = 2


# Font → how much its strokes may grow on each side, least and most, in heights of its capitals.
# Hairlines must grow, or they break at 28 pixels; bold strokes may shrink.
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


def glyphs(
    n: int,
    seed: int = 0,
    classes: str = "0123456789",
    size: int = 28,
    *,
    cached: bool = True,
) -> Images:
    """Images with pixels (n, 1, size, size) uint8, white on black, and labels (n,) int64.

    n: how many pictures, at least 1; every class gets n / len(classes), rounded up or down
    seed: from 0 to 2**63 - 1; the same seed gives the same pictures
    classes: the characters to draw, one class each; labels are indices into this string
    size: height and width in pixels, from 8 to 1024; each size is drawn anew, not enlarged
    cached: whether to save the pictures in `cache_folder() / "glyphs"` and read them from there

    Raises ValueError for numbers out of range, for classes that are empty or repeat a character,
    and for a character that none of the fonts can draw.
    """
    n = whole("n", n, least=1)
    seed = whole("seed", seed, least=0, most=2**63 - 1)
    size = whole("size", size, least=8, most=1024)
    fits("pixels", n * size**2, LARGEST, "use fewer or smaller pictures")
    flag("cached", cached)
    if not instance("classes", classes, str):
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
    fonts = {c: [font for font in PEN if can_draw(font, c)] for c in classes}
    missing = [c for c, having in fonts.items() if not having]
    if missing:
        raise ValueError(f"none of matplotlib's fonts draws {missing}: remove them from classes")
    tiles = [tile(font, c) for c in classes for font in fonts[c]]
    pens = torch.tensor([PEN[font] for c in classes for font in fonts[c]])
    counts = torch.tensor([len(fonts[c]) for c in classes])

    generator = torch.Generator().manual_seed(seed)
    labels = torch.randperm(n, generator=generator) % len(classes)
    luck = torch.rand(n, 8, generator=generator)
    bend = torch.randn(n, len(WAVES), 2, generator=generator)
    # A class's tiles are consecutive, one per font; each font is equally likely.
    within = (luck[:, 0] * counts[labels]).long()
    tile_of = (counts.cumsum(0) - counts)[labels] + within

    distance = torch.stack([each.distance for each in tiles])[:, None]
    outline = torch.stack([each.outline for each in tiles])
    height = torch.tensor([each.height for each in tiles])
    pixels = torch.empty(n, 1, size, size, dtype=torch.uint8)
    # In parts, because the maps of all pictures would take gigabytes. Rendering takes more memory
    # than placing, so its parts are smaller.
    for part in torch.arange(n).split(4096):
        t = tile_of[part]
        map_, pen, scale = place(outline[t], height[t], pens[t], luck[part], bend[part])
        for few in torch.arange(len(part)).split(max(1, 2**21 // (2 * size) ** 2)):
            pixels[part[few]] = render(
                distance.index_select(0, t[few]), map_[few], pen[few], scale[few], size
            )
    return Images(pixels, labels, tuple(classes), "glyphs")


def _key(n: int, seed: int, classes: str, size: int) -> str:
    """All that determines the pictures, as text."""
    versions = {name: version(name) for name in ("matplotlib", "pillow", "torch")}
    return json.dumps(
        {"n": n, "seed": seed, "classes": classes, "size": size, "renderer": RENDERER, **versions}
    )


def _read(path: Path, key: str, classes: str) -> Images | None:
    """The pictures that `_write` stored under this key, or None if missing or damaged."""
    try:
        with safe_open(path, "pt") as file:
            stored = file.metadata() or {}
            images = Images(
                file.get_tensor("pixels"), file.get_tensor("labels"), tuple(classes), "glyphs"
            )
    except (OSError, SafetensorError, TypeError, ValueError):
        return None
    intact = stored.get("key") == key and stored.get("checksum") == _checksum(images)
    return images if intact else None


def _write(path: Path, key: str, images: Images) -> None:
    """Stores the pictures. If the folder cannot be written, the next call draws them again."""
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
