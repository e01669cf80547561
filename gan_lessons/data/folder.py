"""A folder of your own pictures as one tensor."""

import os
import struct
import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor
from tqdm.auto import tqdm

from gan_lessons.checks import fits, path_of, whole
from gan_lessons.data import picture_files
from gan_lessons.data.images import LARGEST, Images
from gan_lessons.data.levels import KINDS, Levels, Tally

LISTED = 5  # how many names of skipped files are printed
# For damaged files, Pillow's plugins raise exceptions of many kinds. Running out of memory is none.
BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    ArithmeticError,
    EOFError,
    RuntimeError,
    AssertionError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)


def folder(path: str | Path, size: int) -> Images:
    """All pictures below a folder, cropped at the centre to a square and resized to `size` pixels.

    Reads every format that Pillow reads, at any size, and the first frame of an animation. Pictures
    are rotated as their EXIF data say, and their colours are converted to sRGB if they have an ICC
    profile. If all are grey, the result has one channel, otherwise three; transparent areas become
    white. Hidden files are ignored, links to folders are followed. If two or more direct subfolders
    hold pictures and the folder itself holds none, the subfolders are the classes.

    White is what a picture's format says. Files of 16 or 32 bits and of floats often do not mean
    what their format says: for each of these kinds, one white is chosen for the whole folder
    (4095 if no value of 16 bits is larger; 1, 255 or 65535 for floats), and a line is printed.

    Files that cannot be read are skipped. A printed line says how many, and names the first few;
    `skipped` of the result has all of them, with the reasons. Decoding takes at most about 500 MB
    for a picture: larger ones are skipped.

    Raises:
        ValueError: size is below 1 or far too large, path is not a folder, or it has no readable
            picture.
    """
    size = whole("size", size, least=1)
    path = path_of("the path of the pictures", path)
    if not path.is_dir():
        what = "is a file, not a folder" if path.exists() else "does not exist"
        raise ValueError(f"{path} {what}: pass a folder of pictures")
    skipped: dict[str, str] = {}
    files = _files(path, skipped)
    fits("pixels", len(files) * size**2, LARGEST, "use a smaller size")
    square = _Squares(len(files), size)
    read: list[Path] = []
    for file in tqdm(files, desc=f"reading {path.name}", delay=2, disable=None):
        try:
            square.add(picture_files.read(path / file, size))
        except BROKEN as error:
            skipped[str(file)] = _reason(error, path / file)
        else:
            read.append(file)
    if skipped:
        print(_summary(path, skipped))
    if not read:
        raise ValueError(f"{path} has no readable picture ({len(skipped)} files skipped)")
    for tally in square.apply_whites():
        print(f"{path}: {tally}")
    labels, classes = _classes(read)
    return Images(square.pixels, labels, classes, path.resolve().name, skipped)


class _Squares:
    """The pictures read so far, in one tensor that needs no copy at the end."""

    def __init__(self, most: int, size: int):
        self.all = np.empty((most, 1, size, size), dtype=np.uint8)
        self.count = 0
        self.levels: dict[int, Levels] = {}  # their white is known at the end

    def add(self, picture: np.ndarray | Levels) -> None:
        if isinstance(picture, Levels):
            self.levels[self.count] = picture
        else:
            self._put(self.count, picture)
        self.count += 1

    def _put(self, index: int, picture: np.ndarray) -> None:
        if len(picture) > self.all.shape[1]:
            # Memory that nothing is written to is not taken.
            colour = np.empty((len(self.all), 3, *self.all.shape[2:]), dtype=np.uint8)
            colour[: self.count] = self.all[: self.count]
            self.all = colour
        self.all[index] = picture

    def apply_whites(self) -> list[Tally]:
        """Writes the pictures whose white was open; returns what was found for each kind."""
        tallies = {each.kind: Tally(KINDS[each.kind]) for each in self.levels.values()}
        for each in self.levels.values():
            tallies[each.kind].join(each.tally)
        for index, each in self.levels.items():
            self._put(index, picture_files.to_pixels(each, tallies[each.kind].white))
        self.levels.clear()
        return list(tallies.values())

    @property
    def pixels(self) -> Tensor:
        return torch.from_numpy(self.all)[: self.count]


def _summary(path: Path, skipped: dict[str, str]) -> str:
    names = list(skipped)
    listed = ", ".join(names[:LISTED])
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return (
        f"{path}: skipped {len(names)} that cannot be read as pictures: {listed}{more} "
        "(data.folder(...).skipped has all of them, with the reasons)"
    )


def _reason(error: BaseException, file: Path) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "not a picture that Pillow can read"
    if isinstance(error, Image.DecompressionBombError):
        return f"more pixels than Pillow's limit of {2 * (Image.MAX_IMAGE_PIXELS or 0):,}"
    text = " ".join(str(error).split()).replace(str(file), file.name)
    return text or type(error).__name__


def _files(path: Path, skipped: dict[str, str]) -> list[Path]:
    """All files below the path, relative to it, in order. Notes what leads to no file."""
    found: list[Path] = []
    links: list[Path] = []
    seen = {path.resolve()}
    # Folders first, then links to folders: one that leads to a folder of these adds nothing.
    _walk(path, Path(), found, links, seen, skipped)
    for link in links:  # which grows: a linked folder may hold links
        target = (path / link).resolve()
        if target in path.resolve().parents:
            skipped[str(link)] = "a link to a folder around this one"
        elif target in seen:
            skipped[str(link)] = "a link to a folder that is read anyway"
        else:
            seen.add(target)
            _walk(path, link, found, links, seen, skipped)
    return sorted(found)


def _walk(
    path: Path,
    below: Path,
    found: list[Path],
    links: list[Path],
    seen: set[Path],
    skipped: dict[str, str],
) -> None:
    try:
        entries = sorted(os.scandir(path / below), key=lambda entry: entry.name)
    except OSError as error:
        skipped[str(below)] = error.strerror or "cannot be opened"
        return
    for entry in entries:
        inside = below / entry.name
        if entry.name.startswith("."):
            continue
        if os.path.isfile(entry.path):
            found.append(inside)
        elif os.path.isdir(entry.path):
            if entry.is_symlink():
                links.append(inside)
            elif (target := (path / inside).resolve()) not in seen:
                seen.add(target)
                _walk(path, inside, found, links, seen, skipped)
        else:
            skipped[str(inside)] = "a link that leads nowhere" if entry.is_symlink() else "no file"


def _classes(files: Iterable[Path]) -> tuple[Tensor | None, tuple[str, ...]]:
    parts = [file.parts for file in files]
    names = sorted({part[0] for part in parts if len(part) > 1})
    if len(names) < 2 or any(len(part) == 1 for part in parts):
        return None, ()
    return torch.tensor([names.index(part[0]) for part in parts]), tuple(names)
