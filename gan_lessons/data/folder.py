"""A folder of a person's own pictures as one tensor."""

import warnings
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor
from tqdm.auto import tqdm

from gan_lessons.data.images import Images

SHOWN = 5  # names of unreadable files that are printed


def folder(path: str | Path, size: int) -> Images:
    """All pictures below a folder, cropped at the centre to a square and resized to `size` pixels.

    Any format that Pillow reads, any size, the first frame of a moving picture; turned upright as
    the camera noted. If all are grey, the result has one channel, else three; what is transparent
    becomes white. Where two or more direct subfolders hold pictures and the folder itself holds
    none, the subfolders are the classes. Hidden files are passed over. A file that cannot be read
    is skipped; how many, and which, is printed.

    Raises:
        ValueError: size is below 1, path is no folder, or no picture in it can be read.
    """
    path = Path(path).expanduser()
    if size < 1:
        raise ValueError(f"size must be at least 1 pixel, got {size}")
    if not path.is_dir():
        what = "is a file, not a folder" if path.exists() else "does not exist"
        raise ValueError(f"{path} {what}: name a folder that holds pictures")
    read: list[tuple[Path, Tensor]] = []
    skipped: list[Path] = []
    for file in tqdm(_files(path), desc=f"reading {path.name}", delay=2, disable=None):
        try:
            read.append((file, _picture(file, size)))
        # Pillow's plugins raise whatever a damaged file makes them stumble over.
        except Exception:
            skipped.append(file)
    if skipped:
        names = ", ".join(str(file.relative_to(path)) for file in skipped[:SHOWN])
        more = f" and {len(skipped) - SHOWN} more" if len(skipped) > SHOWN else ""
        print(f"{path}: skipped {len(skipped)} that cannot be read as pictures: {names}{more}")
    if not read:
        raise ValueError(f"{path} holds no picture that can be read ({len(skipped)} files skipped)")
    channels = max(len(picture) for _, picture in read)
    pixels = torch.stack([picture.expand(channels, -1, -1) for _, picture in read])
    labels, classes = _classes(path, [file for file, _ in read])
    return Images(pixels, labels, classes, path.resolve().name)


def _files(path: Path) -> list[Path]:
    found = (file.relative_to(path) for file in path.rglob("*") if file.is_file())
    visible = (file for file in found if not any(part.startswith(".") for part in file.parts))
    return [path / file for file in sorted(visible)]


def _picture(file: Path, size: int) -> Tensor:
    """uint8 (1, size, size) where it is grey, else (3, size, size)."""
    with warnings.catch_warnings():
        # Of transparency in palettes, of odd metadata: nothing that changes the pixels.
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
    # Grey pictures are often stored as colour; three equal channels say the same as one.
    return red if red.tobytes() == green.tobytes() == blue.tobytes() else image


def _bytes(image: Image.Image) -> np.ndarray:
    """uint8 of a picture in 16 or 32 bits, whose own conversion by Pillow would clip at 255."""
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
