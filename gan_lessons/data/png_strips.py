"""A large PNG in strips of rows. Pillow decodes it as a whole, at four bytes for each pixel."""

import io
import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from PIL import Image

SIGNATURE = b"\x89PNG\r\n\x1a\n"
COLOUR_TYPES = {"RGB": 2, "LA": 4, "RGBA": 6}  # those of 8 bits that take Pillow four bytes
CHECKSUM = 4  # bytes after each chunk
READ = 2**16  # compressed bytes at a time


def supports(image: Image.Image, rawmode: str) -> bool:
    """Whether `strips` can read this file. rawmode: what Pillow calls the file's pixels."""
    return image.format == "PNG" and rawmode in COLOUR_TYPES and not image.info.get("interlace")


def strips(file: Path, image: Image.Image, heights: Sequence[int]) -> Iterator[Image.Image]:
    """The picture's next rows, as many as each height says. image: the opened file, not loaded.

    Each strip is decoded by Pillow, as a small PNG of the same filtered bytes. A filter may refer
    to the row above; for this, each strip starts with the last row of the strip before it.

    Raises OSError, zlib.error or struct.error if the file is damaged.
    """
    channels, above = len(image.getbands()), b""
    with open(file, "rb") as opened:
        rows = _Inflated(opened)
        for height in heights:
            data = above + rows.read(height * (1 + channels * image.width))
            extra = 1 if above else 0
            made = _png(image.width, height + extra, COLOUR_TYPES[image.mode], data)
            with Image.open(io.BytesIO(made)) as whole:
                strip = whole.crop((0, extra, image.width, height + extra))
            above = b"\0" + strip.crop((0, height - 1, image.width, height)).tobytes()
            strip.info = dict(image.info)
            yield strip


def _png(width: int, height: int, colour_type: int, rows: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, colour_type, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(rows, 0)), (b"IEND", b"")]
    chunks = [
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    ]
    return SIGNATURE + b"".join(chunks)


class _Inflated:
    """The rows of a PNG with their filters, decompressed as they are read."""

    def __init__(self, file: BinaryIO):
        self.file, self.left = file, 0  # bytes left in the current IDAT chunk
        self.inflate = zlib.decompressobj()
        file.seek(len(SIGNATURE))

    def read(self, n: int) -> bytes:
        parts = []
        while n > 0:
            packed = self.inflate.unconsumed_tail or self._packed()
            part = self.inflate.decompress(packed, n)
            if not part and self.inflate.eof:
                raise OSError("image file is truncated")
            parts.append(part)
            n -= len(part)
        return b"".join(parts)

    def _packed(self) -> bytes:
        while not self.left:
            length, name = struct.unpack(">I4s", self.file.read(8))
            if name == b"IEND":
                raise OSError("image file is truncated")
            if name == b"IDAT" and length:
                self.left = length
            else:
                self.file.seek(length + CHECKSUM, io.SEEK_CUR)
        packed = self.file.read(min(READ, self.left))
        if not packed:
            raise OSError("image file is truncated")
        self.left -= len(packed)
        if not self.left:
            self.file.seek(CHECKSUM, io.SEEK_CUR)
        return packed
