"""What several commands are given: a run, its data, classes, and where to write."""

import argparse
import contextlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gan_lessons import checks, data
from gan_lessons.data import Images
from gan_lessons.data.cache import written_aside
from gan_lessons.train.deliver import Delivered, load_generator

FOLDER = "folder:"  # before a path in --data
MOST_CLASSES = 10_000  # that --classes may list


def generator_of(options: argparse.Namespace) -> Delivered:
    """The generator of the run that was named. Raises ValueError, or CheckpointError."""
    run = checks.path_of("RUN", options.run)
    if not run.exists():
        raise ValueError(f"{run} does not exist: pass the folder that train wrote, its --out")
    current = getattr(options, "current", False)
    generator = load_generator(run, average=not current, device=options.device)
    if len(generator.shape) != 3:
        raise ValueError(f"{run} makes points of {generator.shape[0]} numbers, not pictures")
    return generator


def described(generator: Delivered, run: str) -> str:
    """In words: which generator it is."""
    weights = "averaged weights" if generator.averaged else "current weights"
    return f"{run}, step {generator.step}, {weights}"


def data_of(text: str | None, stored: Mapping[str, Any]) -> Images:
    """The pictures that a run was trained on. text: --data, None for the set that it names.

    Raises ValueError if they have another shape, or are a folder that is not known.
    """
    name, shape = str(stored["name"]), tuple(stored["shape"][1:])
    if text is None and name not in data.NAMES:
        raise ValueError(
            f"the run was trained on {name!r}: say where that is with --data folder:PATH"
        )
    return pictures_of("--data", text or name, shape)


def pictures_of(option: str, text: str, shape: tuple[int, ...], split: str = "train") -> Images:
    """The pictures of a set's name, or of `folder:PATH`, in the shape (C, H, W) of a run's."""
    if text.startswith(FOLDER):
        images = data.folder(text.removeprefix(FOLDER), shape[-1])
    else:
        images = data.load(text, split=split, size=shape[-1])
    if images.shape != shape:
        here, there = ("×".join(map(str, each)) for each in (images.shape, shape))
        raise ValueError(f"{option} {text} has pictures of {here}, the run makes {there}")
    return images


def labels_of(text: str | None, generator: Delivered, n: int) -> Tensor | None:
    """Labels (n,) that take the classes of --classes in turn; None for random ones, or none.

    Raises ValueError if the generator takes no labels, or a class is unknown.
    """
    chosen = chosen_of(text, generator)
    return torch.tensor(chosen)[torch.arange(n) % len(chosen)] if chosen else None


def chosen_of(text: str | None, generator: Delivered) -> list[int]:
    """The classes that --classes names, as indices. "0,3-5,cat" → [0, 3, 4, 5, index of cat]."""
    if text is None:
        return []
    names = generator.classes
    if not names:
        raise ValueError("--classes is for conditional generators, this one takes no labels")
    chosen: list[int] = []
    for part in text.split(","):
        found = re.fullmatch(r"(\d{1,9})(?:-(\d{1,9}))?", part.strip())
        if part.strip() in names:
            chosen.append(names.index(part.strip()))
        elif found and int(found[1]) <= int(found[2] or found[1]) < len(names):
            chosen += range(int(found[1]), int(found[2] or found[1]) + 1)
        else:
            listed = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
            raise ValueError(
                f"--classes has no {part.strip()!r}: choose from {listed}, "
                f"or by number from 0 to {len(names) - 1}"
            )
    checks.fits("--classes", len(chosen), MOST_CLASSES, "name each class once")
    return chosen


def out_of(options: argparse.Namespace, default: str | None = None) -> Path:
    """Where to write. Raises ValueError if that is there already, and may not be replaced."""
    text = default if options.out is None else options.out
    out = checks.path_of("--out", text)
    options.out = str(out)
    if out.is_dir() and not any(out.iterdir()):
        return out
    if out.exists() and not options.overwrite:
        raise ValueError(f"{out} exists: add --overwrite to replace it, or choose another --out")
    return out


@contextlib.contextmanager
def file_written(options: argparse.Namespace, out: Path) -> Iterator[Path]:
    """`written_aside`, with errors that name the file. Raises ValueError for a folder, OSError."""
    if out.is_dir():
        raise ValueError(f"--out must be a file here, {out} is a folder")
    try:
        with written_aside(out) as aside:
            yield aside
    except OSError as error:
        raise OSError(f"cannot write {out}: {error.strerror or error}") from None
    options.written = True
