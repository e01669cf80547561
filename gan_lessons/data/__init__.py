"""Pictures to learn from, each set as one uint8 tensor that can live on the GPU.

    images = load("mnist")            # or any of NAMES
    images = folder("holiday", 64)    # your own
    points = toy.ring(1000, generator)

`glyphs` is built in and needs neither a file nor a network.
"""

import difflib
import os
from dataclasses import replace
from pathlib import Path

import torch

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
SEEDS = {"train": 0, "test": 2**40}  # far from any that a person types

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
    """A data set by its name: one of NAMES, its "train" or "test" split.

    size: side in pixels; None keeps the set's own. 28 to 32 pads, all else resizes.
    root: a folder in torchvision's layout, for reading and for a download. By default the set is
        looked for in the folder that the environment variable GAN_LESSONS_DATA names, then in the
        cache; a download goes to the cache.
    fallback: the set to take, saying so, where this one is not here and cannot be downloaded.

    `stacked-mnist` puts three random digits into the red, green and blue of one picture; its class
    is the number they spell, red first.

    Raises:
        ValueError: the name, split or size is none.
        DataUnavailable: the set is neither here nor to be had; says where it looked and what to do.
        DataDamaged: a file of it cannot be read; names it. A fallback does not hide that.
    """
    for given in (name, fallback):
        if given is not None and given not in NAMES:
            near = difflib.get_close_matches(given, NAMES, 1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise ValueError(f"unknown data {given!r}; {hint}known are {', '.join(NAMES)}")
    if split not in SPLITS:
        raise ValueError(f"unknown split {split!r}; known are {', '.join(SPLITS)}")
    if size is not None and size < 1:
        raise ValueError(f"size must be at least 1 pixel, got {size}")
    try:
        return _load(name, split, size, root)
    except DataUnavailable as error:
        if fallback is None:
            raise
        reason = str(error).partition(";")[0]
        print(f"{reason}: {fallback} takes its place")
        return load(fallback, split=split, size=size, root=root)


def _load(name: str, split: str, size: int | None, root: str | Path | None) -> Images:
    if name == "glyphs":
        from gan_lessons.data.glyphs import glyphs

        return glyphs(GLYPHS[split], seed=SEEDS[split], size=size or 28)
    if root is None:
        roots, target = default_roots(os.environ.get("GAN_LESSONS_DATA"))
    else:
        roots, target = [Path(root).expanduser()], Path(root).expanduser()
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
