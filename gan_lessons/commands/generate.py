"""`gan-lessons generate`: pictures from a run's checkpoint."""

import argparse
import math
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from torch import Tensor

from gan_lessons import checks, plots
from gan_lessons.commands.inputs import chosen_of, file_written, generator_of, labels_of, out_of
from gan_lessons.data import to_uint8
from gan_lessons.train.deliver import Delivered, decoded, draw, generate

SHEET = ".png"
OTHERS = (".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff")
MOST = 10_000_000  # pictures
OWN = re.compile(r"\d{4,}\.png")  # what a file of a picture is called


def run(options: argparse.Namespace) -> None:
    """Makes the pictures and writes them."""
    count = checks.whole("--count", options.count, 1, MOST)
    scale = checks.whole("--scale", options.scale, 1, 64)
    if options.truncation is not None:
        checks.number("--truncation", options.truncation, above=0)
    out = out_of(options)
    if out.suffix.lower() in OTHERS:
        raise ValueError(f"--out must be a folder, or a sheet that ends in .png, got {out}")
    sheet = out.suffix.lower() == SHEET
    if out.is_file() and not sheet:
        raise ValueError(f"--out must be a folder, or a sheet that ends in .png: {out} is a file")
    generator = generator_of(options)
    if generator.shape[0] not in (1, 3):
        raise ValueError(f"pictures of {generator.shape[0]} channels cannot be stored as PNG")
    labels = labels_of(options.classes, generator, count)
    given = {"seed": options.seed, "labels": labels, "truncation": options.truncation}
    if sheet:
        pixels = count * (generator.shape[-1] * scale) ** 2
        checks.fits("a sheet", pixels, plots.LARGEST, "name a folder as --out")
        pictures = generate(generator, count, **given)
        columns = columns_of(len(chosen_of(options.classes, generator)), count)
        image = plots.sheet(pictures, columns, scale=scale)
        with file_written(options, out) as aside:
            image.save(aside, "png")
        print(f"{out}: a sheet of {count} pictures")
        return
    z, labels = draw(generator, count, **given)
    with folder_written(options, out) as aside:
        write_pictures(aside, generator, z, labels)
    print(f"{out}: {count} pictures" + (" in a folder for each class" if generator.classes else ""))


def columns_of(classes: int, count: int) -> int | None:
    """Columns of a sheet of `count` pictures that take `classes` in turn: each column holds one
    class, and the sheet is about square. None: as the sheet likes.
    """
    if not 1 < classes <= min(30, count):
        return None
    return classes * max(1, round(math.sqrt(count) / classes))


def write_pictures(folder: Path, generator: Delivered, z: Tensor, labels: Tensor | None) -> None:
    """Writes the picture of each latent as a PNG file: 0000.png, and so on.

    z: (N, latent). labels: (N,) int64 or None; with labels, each class has a subfolder of its name,
    as `data.folder` reads classes.
    """
    names = [re.sub(r"[^\w.+-]+", "-", name).strip(".") or "-" for name in generator.classes]
    if len(set(names)) < len(names):
        names = [f"{i:04d}-{name}" for i, name in enumerate(names)]
    number = 0
    for part in decoded(generator, z, labels):
        for pixels in to_uint8(part).permute(0, 2, 3, 1).numpy():
            own = folder if labels is None else folder / names[int(labels[number])]
            own.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels.squeeze(-1) if pixels.shape[-1] == 1 else pixels).save(
                own / f"{number:04d}.png"
            )
            number += 1


@contextmanager
def folder_written(options: argparse.Namespace, out: Path) -> Iterator[Path]:
    """Yields a folder beside `out` that takes its place at the end, whole, or not at all.

    Raises ValueError if `out` holds anything but generated pictures, OSError if it cannot be
    written.
    """
    _check_own(out)
    aside = out.with_name(f".{out.name}.{os.getpid()}.part")
    before = out.with_name(f".{out.name}.{os.getpid()}.old")
    try:
        try:
            aside.mkdir(parents=True)
            yield aside
            if out.exists():
                out.rename(before)
            aside.rename(out)
            options.written = True
        except OSError as error:
            if before.exists() and not out.exists():
                before.rename(out)
            raise OSError(f"cannot write {out}: {error.strerror or error}") from None
    finally:
        for rest in (aside, before):
            shutil.rmtree(rest, ignore_errors=True)


def _check_own(out: Path) -> None:
    if not out.is_dir():
        return
    for path in out.rglob("*"):
        if path.is_symlink() or not (path.is_dir() or OWN.fullmatch(path.name)):
            raise ValueError(
                f"{out} holds more than generated pictures ({path.relative_to(out)}): "
                "choose another --out"
            )
