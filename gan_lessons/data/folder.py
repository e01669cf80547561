"""A folder of your own pictures as one tensor."""

import warnings
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor
from tqdm.auto import tqdm

from gan_lessons.checks import whole
from gan_lessons.data.images import Images

LISTED = 5  # how many names of unreadable files are printed


def folder(path: str | Path, size: int) -> Images:
    """All pictures below a folder, cropped at the centre to a square and resized to `size` pixels.

    Reads every format that Pillow reads, at any size, and the first frame of an animation. Pictures
    are rotated as their EXIF data say. If all are grey, the result has one channel, otherwise
    three; transparent areas become white. If two or more direct subfolders hold pictures and the
    folder itself holds none, the subfolders are the classes. Hidden files are ignored. Files that
    cannot be read are skipped; a printed line says how many, and names the first few.

    Raises:
        ValueError: size is below 1, path is not a folder, or it has no readable picture.
    """
    path = Path(path).expanduser()
    whole("size", size, least=1)
    if not path.is_dir():
        what = "is a file, not a folder" if path.exists() else "does not exist"
        raise ValueError(f"{path} {what}: pass a folder of pictures")
    read: list[tuple[Path, Tensor]] = []
    skipped: list[Path] = []
    for file in tqdm(_files(path), desc=f"reading {path.name}", delay=2, disable=None):
        try:
            read.append((file, _picture(file, size)))
        # For damaged files, Pillow's plugins raise exceptions of many kinds.
        except Exception:
            skipped.append(file)
    if skipped:
        names = ", ".join(str(file.relative_to(path)) for file in skipped[:LISTED])
        more = f" and {len(skipped) - LISTED} more" if len(skipped) > LISTED else ""
        print(f"{path}: skipped {len(skipped)} that cannot be read as pictures: {names}{more}")
    if not read:
        raise ValueError(f"{path} has no readable picture ({len(skipped)} files skipped)")
    channels = max(len(picture) for _, picture in read)
    pixels = torch.stack([picture.expand(channels, -1, -1) for _, picture in read])
    labels, classes = _classes(path, [file for file, _ in read])
    return Images(pixels, labels, classes, path.resolve().name)


def _files(path: Path) -> list[Path]:
    found = (file.relative_to(path) for file in path.rglob("*") if file.is_file())
    visible = (file for file in found if not any(part.startswith(".") for part in file.parts))
    return [path / file for file in sorted(visible)]


def _picture(file: Path, size: int) -> Tensor:
    """(1, size, size) uint8 if the picture is grey, otherwise (3, size, size)."""
    with warnings.catch_warnings():
        # About transparency in palettes and odd metadata; neither changes the pixels.
        warnings.simplefilter("ignore")
        with Image.open(file) as opened:
            image = _centre(_plain(ImageOps.exif_transpose(opened)))
    image = image.resize((size, size), Image.Resampling.LANCZOS)
    pixels = torch.from_numpy(np.array(image))
    return pixels[None] if pixels.dim() == 2 else pixels.permute(2, 0, 1)


def _centre(image: Image.Image) -> Image.Image:
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return image.crop((left, top, left + side, top + side))


def _plain(image: Image.Image) -> Image.Image:
    """The picture in mode L (grey) or RGB."""
    if image.mode.startswith("I") or image.mode == "F":
        return Image.fromarray(_bytes(image))
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    if image.mode in ("1", "L"):
        return image.convert("L")
    image = image.convert("RGB")
    red, green, blue = image.split()
    # Grey pictures are often stored in colour, with three equal channels.
    return red if red.tobytes() == green.tobytes() == blue.tobytes() else image


def _bytes(image: Image.Image) -> np.ndarray:
    """A picture of 16 or 32 bits as uint8; Pillow's own conversion would clip at 255."""
    levels = np.asarray(image, dtype=np.float64)
    largest = levels.max(initial=0)
    if image.mode == "F":
        white = 1 if largest <= 1 else 255
    else:
        white = 65_535 if image.mode.startswith("I;16") or largest > 255 else 255
    return (levels * (255 / white)).clip(0, 255).round().astype(np.uint8)


def _classes(path: Path, files: list[Path]) -> tuple[Tensor | None, tuple[str, ...]]:
    parts = [file.relative_to(path).parts for file in files]
    names = sorted({part[0] for part in parts if len(part) > 1})
    if len(names) < 2 or any(len(part) == 1 for part in parts):
        return None, ()
    return torch.tensor([names.index(part[0]) for part in parts]), tuple(names)
