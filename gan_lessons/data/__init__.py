"""Data sets to learn from: pictures as one uint8 tensor, which can live on the GPU, and points.

    images = load("mnist")            # or any of NAMES
    images = folder("holiday", 64)    # your own pictures
    points = toy.ring(1000, generator)

`glyphs` is built in and needs neither files nor a network.
"""

import difflib
import os
from dataclasses import replace
from pathlib import Path

import torch

from gan_lessons.checks import one_of, path_of, whole
from gan_lessons.data import toy
from gan_lessons.data.cache import cache_folder
from gan_lessons.data.folder import folder
from gan_lessons.data.images import Images, resize, to_float, to_uint8
from gan_lessons.data.torchvision_sets import (
    SOURCES,
    DataDamaged,
    DataUnavailable,
    default_roots,
)
from gan_lessons.data.torchvision_sets import load as _load_from_torchvision

NAMES = ("glyphs", *SOURCES, "stacked-mnist")
SPLITS = ("train", "test")
GLYPHS = {"train": 20_000, "test": 5_000}
STACKED = {"train": 60_000, "test": 10_000}
SEEDS = {"train": 0, "test": 2**40}  # far from any seed that a person types

__all__ = [
    "NAMES",
    "DataDamaged",
    "DataUnavailable",
    "Images",
    "cache_folder",
    "folder",
    "load",
    "resize",
    "to_float",
    "to_uint8",
    "toy",
]


def load(
    name: str,
    *,
    split: str = "train",
    size: int | None = None,
    root: str | Path | None = None,
    fallback: str | None = None,
) -> Images:
    """A data set by name.

    name: one of NAMES. `stacked-mnist` puts three random digits into the red, green and blue
        channels of one picture; its class is the number that they spell, red first.
    split: "train" or "test"
    size: side in pixels; None keeps the original size. 28 to 32 is padded, anything else resized.
    root: a folder in torchvision's layout, to read from and to download to. By default, the set is
        read from the folder that the environment variable GAN_LESSONS_DATA names, or from the
        cache; downloads go to the cache.
    fallback: the set to load instead if this one is not available; a printed line says so.

    Raises:
        ValueError: the name, fallback or split is unknown, or the size is below 1.
        DataUnavailable: the set was not found and cannot be downloaded; the message says where it
            was looked for and what to do.
        DataDamaged: one of its files cannot be read; the message names it. This is raised even
            with a fallback.
    """
    name = _known(name)
    fallback = None if fallback is None else _known(fallback)
    split = one_of("split", split, SPLITS)
    size = None if size is None else whole("size", size, least=1)
    root = None if root is None else path_of("root", root)
    try:
        return _load(name, split, size, root)
    except DataUnavailable as error:
        if fallback is None:
            raise
        reason = str(error).partition(";")[0]
        print(f"{reason}: {fallback} takes its place")
        return load(fallback, split=split, size=size, root=root)


def _known(name: str) -> str:
    near = difflib.get_close_matches(name, NAMES, 1) if isinstance(name, str) else []
    return one_of("data set", name, NAMES, f"did you mean {near[0]!r}? " if near else "")


def _load(name: str, split: str, size: int | None, root: Path | None) -> Images:
    if name == "glyphs":
        from gan_lessons.data.glyphs import glyphs

        return glyphs(GLYPHS[split], seed=SEEDS[split], size=size or 28)
    if root is None:
        roots, target = default_roots(os.environ.get("GAN_LESSONS_DATA"))
    else:
        roots, target = [root], root
    base = "mnist" if name == "stacked-mnist" else name
    images = _load_from_torchvision(base, split, roots, target)
    if size is not None:
        images = replace(images, pixels=resize(images.pixels, size))
    return images if base == name else _stacked(images, STACKED[split], SEEDS[split])


def _stacked(digits: Images, n: int, seed: int) -> Images:
    rng = torch.Generator().manual_seed(seed)
    chosen = torch.randint(len(digits), (n, 3), generator=rng)
    assert digits.labels is not None
    labels = digits.labels[chosen] @ torch.tensor([100, 10, 1])
    classes = tuple(f"{number:03d}" for number in range(1000))
    return Images(digits.pixels[chosen, 0], labels, classes, "stacked-mnist")
