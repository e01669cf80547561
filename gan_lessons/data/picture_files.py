"""One picture file as a small square: what a viewer shows of it, in bounded memory.

The picture is reduced while it is decoded, where its format can do that, and then read in bands.
Each band is cropped, made opaque, and averaged, so that the whole has about four times the wanted
size. Only this small picture is converted to sRGB and resized.
"""

import io
import warnings
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import pairwise
from math import ceil
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageFile

from gan_lessons.data import png_strips
from gan_lessons.data.levels import KINDS, Levels, Tally

MEMORY = 400 * 2**20  # bytes that decoding one picture may take
BAND = 2**20  # pixels that are converted at a time
FINER = 4  # what the last resize starts from has at least this many times the wanted size
# Bytes for each pixel while Pillow decodes: of its own copy, and of some formats' decoders.
BYTES = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2, "I;16N": 2}
BYTES_OF_FORMAT = {"WEBP": 16, "AVIF": 12, "JPEG2000": 24, "BLP": 12, "DDS": 12, "QOI": 12}
BYTES_OF_ROW = 8
SPACES = {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK", "LAB": "Lab"}  # in ICC profiles
TURNS = {  # EXIF's orientations
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
ORIENTATION, BITS, PHOTOMETRIC, SAMPLE_FORMAT = 0x0112, 258, 262, 339  # tags of EXIF and TIFF


def read(file: Path, size: int) -> np.ndarray | Levels:
    """(1 or 3, size, size) uint8 in sRGB, 1 if the picture is grey; or Levels if its file does not
    say which value is white.

    What a damaged file raises depends on its format. Raises ValueError if the picture holds NaN or
    infinite values, or would take more than MEMORY to decode.
    """
    with warnings.catch_warnings():
        # About transparency in palettes and odd metadata; neither changes the pixels.
        warnings.simplefilter("ignore")
        with Image.open(file) as image:
            return _square(file, image, size)


def _square(file: Path, image: ImageFile.ImageFile, size: int) -> np.ndarray | Levels:
    rawmode, width, height = _rawmode(image), *image.size
    _mend_transparency(image, rawmode)
    coefficients = _coefficients(image)
    scale = _reduce_while_decoding(image, FINER * size)
    memory = _memory(image) + coefficients
    in_strips = memory > MEMORY and png_strips.supports(image, rawmode)
    if memory > MEMORY and not in_strips:
        raise ValueError(
            f"{width} x {height} pixels in this format would take {memory >> 20} MiB to decode, "
            f"more than {MEMORY >> 20}: make it smaller"
        )
    if not in_strips:
        image.load()
    if scale == 1:
        width, height = image.size  # for some formats, only now they are known
    side = min(width, height)
    # In pixels of the decoded picture, where the square's edges may lie between two of them.
    left, top = (width - side) // 2 / scale, (height - side) // 2 / scale
    crop = (int(left), int(top), ceil(left + side / scale), ceil(top + side / scale))
    factor = max(1, int(side / scale) // (FINER * size))
    rows = max(1, BAND // ((crop[2] - crop[0]) * factor)) * factor
    bands = _bands_of_png(file, image, crop, rows) if in_strips else _bands(image, crop, rows)

    kind, white = _kind(image)
    tally = Tally(KINDS[kind]) if kind else None
    whole = _averaged(bands, factor, ceil((crop[3] - crop[1]) / factor), tally)
    profile = image.info.get("icc_profile")
    if tally is None:
        whole = _to_srgb(whole, profile)
    x, y, wide = (left - crop[0]) / factor, (top - crop[1]) / factor, side / scale / factor
    whole = whole.resize((size, size), Image.Resampling.LANCZOS, (x, y, x + wide, y + wide))
    turn = None if in_strips and "exif" not in image.info else _turn(image)
    if turn is not None:
        whole = whole.transpose(turn)
    if tally is None:
        return _channels_first(whole)
    inverted = _tags(image).get(PHOTOMETRIC) == 0
    levels = Levels(np.array(whole, dtype=np.float32), kind, tally, profile, inverted)
    return levels if white is None else to_pixels(levels, white)


def _averaged(
    bands: Iterator[Image.Image], factor: int, height: int, tally: Tally | None
) -> Image.Image:
    """The bands one below the other, made smaller by a whole factor.

    tally: for pictures of more than 8 bits, which become mode F.
    """
    whole: Image.Image | None = None
    done = 0
    for band in bands:
        part = _opaque(band) if tally is None else _numbers(band, tally)
        part = part.reduce(factor) if factor > 1 else part
        if whole is None:
            whole = Image.new(part.mode, (part.width, height))
        whole.paste(part, (0, done))
        done += part.height
    assert whole is not None
    return whole


def to_pixels(levels: Levels, white: float) -> np.ndarray:
    """(1 or 3, size, size) uint8 in sRGB, for this white."""
    return _channels_first(_to_srgb(Image.fromarray(levels.to_bytes(white)), levels.profile))


def _channels_first(image: Image.Image) -> np.ndarray:
    pixels = np.array(image)
    return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)


def _rawmode(image: ImageFile.ImageFile) -> str:
    """What Pillow calls the pixels as they are in the file, such as "RGB;16B"."""
    args = image.tile[0][3] if getattr(image, "tile", None) else ""
    raw = args[0] if isinstance(args, tuple) and args else args
    return raw if isinstance(raw, str) else ""


def _mend_transparency(image: Image.Image, rawmode: str) -> None:
    """Brings the transparent colour of a PNG to 8 bits, to which Pillow brings the pixels."""
    key = image.info.get("transparency")
    if isinstance(key, int) and rawmode in ("L;2", "L;4"):
        image.info["transparency"] = key * {"L;2": 85, "L;4": 17}[rawmode]
    elif isinstance(key, tuple) and rawmode == "RGB;16B":
        image.info["transparency"] = tuple(value >> 8 for value in key)


def _reduce_while_decoding(image: ImageFile.ImageFile, least: int) -> int:
    """Lets the decoder skip what is too fine, down to `least` pixels along the shorter side.

    Returns how many times smaller the picture becomes.
    """
    if image.format in ("JPEG", "MPO"):
        width = image.width
        drafted = image.draft(None, (least, least))  # type: ignore[arg-type]
        return 1 if drafted is None else round(width / drafted[1][2])
    if image.format == "JPEG2000" and _memory(image) > MEMORY:
        halvings = min(max((min(image.size) // least).bit_length() - 1, 0), 5)
        image.reduce = halvings  # type: ignore[assignment, method-assign]
        return 2**halvings
    return 1


def _memory(image: ImageFile.ImageFile) -> int:
    """Bytes that the decoded picture takes, and what its decoder takes beside it, about."""
    width, height = image.size
    halvings: object = image.reduce  # a number in this class, which hides Pillow's method
    if image.format == "JPEG2000" and isinstance(halvings, int):
        width, height = width >> halvings, height >> halvings
    each = BYTES_OF_FORMAT.get(image.format or "", BYTES.get(image.mode, 4))
    return height * (width * each + BYTES_OF_ROW)


def _coefficients(image: ImageFile.ImageFile) -> int:
    """Bytes of a progressive JPEG's coefficients: libjpeg holds all of them, whatever the size."""
    if "progressive" not in image.info:
        return 0
    shares = [horizontal * vertical for _, horizontal, vertical, _ in getattr(image, "layer", [])]
    return int(2 * image.width * image.height * sum(shares) / max(shares, default=1))


def _bands(image: Image.Image, crop: tuple[int, int, int, int], rows: int) -> Iterator[Image.Image]:
    """A part of the picture (left, top, right, bottom) in bands of so many rows."""
    left, top, right, bottom = crop
    for y in range(top, bottom, rows):
        yield image.crop((left, y, right, min(y + rows, bottom)))


def _bands_of_png(
    file: Path, image: Image.Image, crop: tuple[int, int, int, int], rows: int
) -> Iterator[Image.Image]:
    """The same, without decoding all of the picture."""
    left, top, right, bottom = crop
    edges = [*range(0, top, rows), *range(top, bottom, rows), bottom]
    heights = [end - start for start, end in pairwise(edges)]
    for y, strip in zip(edges, png_strips.strips(file, image, heights), strict=False):
        if y >= top:
            yield strip.crop((left, 0, right, strip.height))


def _tags(image: Image.Image) -> Mapping[int, object]:
    """Those of a TIFF."""
    return getattr(image, "tag_v2", {}) if image.format == "TIFF" else {}


def _kind(image: Image.Image) -> tuple[str, float | None]:
    """A key of KINDS and, if the format says it, the value of white; "" for 8 bits."""
    if image.mode == "F":
        return "F", None
    if not image.mode.startswith("I"):
        return "", None
    bits, sample_format = _tags(image).get(BITS), _tags(image).get(SAMPLE_FORMAT)
    if bits == (12,):
        return "I;16", 4095
    if image.format in ("PPM", "JPEG2000"):  # Pillow scales them to 16 bits
        return "I;16", 65535
    if image.mode.startswith("I;16") or image.format == "PNG":
        return "I;16", None
    return ("I;16S" if bits == (16,) and sample_format == (2,) else "I"), None


def _numbers(band: Image.Image, tally: Tally) -> Image.Image:
    """A band of more than 8 bits, or of floats, in mode F. Transparent pixels become white."""
    key = band.info.get("transparency")
    values = np.asarray(band if band.mode == "F" else band.convert("I"), dtype=np.float32)
    bad = values.size - int(np.isfinite(values).sum())
    if bad:
        raise ValueError(f"{bad} NaN or infinite values")
    if not isinstance(key, int):
        tally.add(values)
        return Image.fromarray(values)
    transparent = values == key
    tally.add(values[~transparent])
    return Image.fromarray(np.where(transparent, np.float32(tally.kind.whites[-1]), values))


def _opaque(band: Image.Image) -> Image.Image:
    """A band on white, in one of the modes of SPACES."""
    if band.mode == "La" or (band.mode in ("1", "L") and "transparency" in band.info):
        band = band.convert("LA")
    if band.mode == "LA":
        grey, alpha = band.split()
        return Image.composite(grey, Image.new("L", band.size, 255), alpha)
    if band.mode in ("RGBA", "RGBa", "PA") or "transparency" in band.info:
        white = Image.new("RGBA", band.size, "white")
        band = Image.alpha_composite(white, band.convert("RGBA"))
    if band.mode in SPACES:
        return band
    return band.convert("L" if band.mode == "1" else "RGB")


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The picture in mode L if it is grey, otherwise in RGB. A profile that is damaged, or for
    other channels, is ignored, as browsers do.
    """
    # Grey pictures are often stored in colour, with three equal channels.
    is_grey = image.mode == "L" or (image.mode == "RGB" and _spread(image) == 0)
    transform = None
    if profile or image.mode == "LAB":
        transform = _transform(profile, image.mode)
    image = image.convert("RGB") if transform is None else transform.apply(image)
    # A conversion of grey may round the three channels differently.
    if _spread(image) <= (2 if is_grey else 0):
        return image.getchannel("G")
    return image


def _spread(image: Image.Image) -> int:
    """The largest difference between the channels of a pixel."""
    pixels = np.asarray(image)
    return int((pixels.max(-1) - pixels.min(-1)).max(initial=0))


@lru_cache(maxsize=32)
def _transform(profile: bytes | None, mode: str) -> ImageCms.ImageCmsTransform | None:
    """From these colours to sRGB; None if the profile is damaged or for other channels."""
    try:
        if mode == "LAB":
            source = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
        else:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile or b""))
            if source.profile.xcolor_space.strip() != SPACES[mode]:
                return None
        target = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
        return ImageCms.buildTransform(source, target, mode, "RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


def _turn(image: Image.Image) -> Image.Transpose | None:
    """How the picture has to be turned, by its EXIF data."""
    try:
        return TURNS.get(image.getexif().get(ORIENTATION, 1))
    # Damaged metadata raise exceptions of many kinds; the picture itself is there.
    except (OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError):
        return None
