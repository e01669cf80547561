"""Draws docs/thumbs/NN.png: a small picture of each lesson, cut from what its notebook stores.

    .venv/bin/python tools/make_thumbs.py

Takes a second. Run it after `make notebooks`, so that the map of lessons shows what they show.
"""

import base64
import io
import sys
from pathlib import Path

import nbformat
from PIL import Image, ImageOps

from gan_lessons import plots

ROOT = Path(__file__).resolve().parents[1]
THUMBS = ROOT / "docs" / "thumbs"
SIZE = (320, 180)  # pixels; shown at half of that, for sharp screens

# How the picture's words begin, and the part of it to show: left, top, right, bottom, from 0 to 1.
# A lesson that is not named here shows its first picture.
Part = tuple[float, float, float, float]
WHOLE: Part = (0, 0, 1, 1)
CHOSEN: dict[str, tuple[str, Part]] = {
    "01": ("Deconvolution explorer, 1-D: kernel 3, stride 2", (0, 0.55, 0.77, 1)),
    "02": ("Deconvolution explorer, 2-D: kernel 4 × 3", (0, 0.16, 0.9, 1)),
    "03": ("The mean picture of ten untrained generators", (0, 0, 0.39, 0.48)),
    "04": ("Eight blue heaps", (0, 0, 0.5, 1)),
    "05": ("Above 16 digits, below the same pixels", (0, 0, 0.25, 1)),
    "06": ("64 generated digits", (0, 0, 0.5, 1)),
    "07": ("Four orbits of 300 steps", (0, 0, 0.52, 1)),
    "08": ("Metrics on ring of 8", (0.1, 0.14, 0.46, 0.9)),
    "09": ("Attention of the generator at step", (0, 0, 0.5, 1)),
    "10": ("Steering explorer", (0, 0, 0.56, 0.9)),
    "11": ("Eight letters from dim to bright", (0, 0, 0.575, 0.6)),
    "12": ("Distance against seconds", (0, 0, 1, 1)),
}


def lessons() -> dict[str, Path]:
    """The notebooks by number; 00 is the map itself."""
    found = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    return {path.name[:2]: path for path in found if path.name[:2] != "00"}


def pictures(path: Path) -> dict[str, bytes]:
    """The PNGs that a notebook stores, by their words, in order."""
    outputs = [o for c in nbformat.read(path, as_version=4).cells for o in c.get("outputs", [])]
    shown = [o["data"] for o in outputs if "image/png" in o.get("data", {})]
    return {
        data["text/plain"].strip(): base64.b64decode(data["image/png"]) for data in reversed(shown)
    }


def thumb(number: str, path: Path) -> Image.Image:
    """The small picture of one lesson, in 64 colours as it is stored.

    Raises:
        ValueError: the notebook stores no picture whose words begin as they should.
    """
    words, part = CHOSEN.get(number, ("", WHOLE))
    found = [png for said, png in reversed(pictures(path).items()) if said.startswith(words)]
    if not found:
        raise ValueError(f"{path.name} stores no picture whose words begin with {words!r}")
    whole = Image.open(io.BytesIO(found[0])).convert("RGB")
    left, top, right, bottom = part
    wide, high = whole.size
    cut = whole.crop(
        (round(left * wide), round(top * high), round(right * wide), round(bottom * high))
    )
    small = ImageOps.pad(cut, SIZE, Image.Resampling.LANCZOS, color=plots.PAPER)
    return small.quantize(64, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)


def main() -> None:
    THUMBS.mkdir(parents=True, exist_ok=True)
    for number, path in lessons().items():
        try:
            small = thumb(number, path)
        except ValueError as error:
            sys.exit(str(error))
        small.save(THUMBS / f"{number}.png", optimize=True)
        print(f"docs/thumbs/{number}.png from {path.name}")


if __name__ == "__main__":
    main()
