"""White in pictures of more than 8 bits: by the format, or once for the whole folder."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from gan_lessons import data


def flat(value, dtype, side=20) -> Image.Image:
    return Image.fromarray(np.full((side, side), value, dtype))


def greys(folder) -> list[int]:
    """The grey in a corner of each picture, in the order of their names."""
    return data.folder(folder, 8).pixels[:, 0, 7, 7].tolist()


@pytest.mark.parametrize("stray", [1.02, 50.0])
def test_a_float_picture_with_an_overshoot_or_a_hot_pixel_is_not_black(tmp_path, capsys, stray):
    levels = np.full((40, 40), 0.5, np.float32)
    levels[3, 3] = stray
    Image.fromarray(levels).save(tmp_path / "a.tiff")
    assert greys(tmp_path) == [128]
    printed = capsys.readouterr().out
    assert "1 picture of floats: 0 is black and 1 is white (the largest value is " in printed


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_float_picture_with_a_nan_is_skipped_by_name(tmp_path, capsys, bad):
    flat(0.5, np.float32).save(tmp_path / "a.tiff")
    levels = np.full((20, 20), 0.5, np.float32)
    levels[3, 3] = bad
    Image.fromarray(levels).save(tmp_path / "b.tiff")
    images = data.folder(tmp_path, 8)
    assert images.pixels[:, 0, 7, 7].tolist() == [128]
    assert dict(images.skipped) == {"b.tiff": "1 NaN or infinite values"}
    assert "skipped 1 that cannot be read as pictures: b.tiff" in capsys.readouterr().out


@pytest.mark.parametrize(("white", "dark"), [(1, 0.25), (255, 1), (65535, 100), (3e6, 1.5e6)])
def test_the_white_of_floats_is_that_of_the_folder(tmp_path, white, dark):
    flat(dark, np.float32).save(tmp_path / "dark.tiff")
    flat(white, np.float32).save(tmp_path / "white.tiff")
    assert greys(tmp_path) == [round(255 * dark / white), 255]


@pytest.mark.parametrize("suffix", ["pgm", "tiff", "png"])
def test_a_dark_picture_of_16_bits_is_dark_beside_its_neighbours(tmp_path, suffix):
    flat(200, np.uint16).save(tmp_path / f"dark.{suffix}")
    flat(60_000, np.uint16).save(tmp_path / f"light.{suffix}")
    assert greys(tmp_path) == [1, 233]


def test_a_dark_picture_of_16_bits_is_dark_alone_too(tmp_path):
    flat(200, np.uint16).save(tmp_path / "dark.pgm")
    assert greys(tmp_path) == [1]


@pytest.mark.parametrize("suffix", ["png", "tiff"])
def test_12_bits_in_16(tmp_path, capsys, suffix):
    flat(400, np.uint16).save(tmp_path / f"dark.{suffix}")
    flat(4095, np.uint16).save(tmp_path / f"white.{suffix}")
    assert greys(tmp_path) == [25, 255]
    assert "2 pictures of 16 bits: 0 is black and 4095 is white" in capsys.readouterr().out
    flat(4096, np.uint16).save(tmp_path / f"z.{suffix}")
    assert greys(tmp_path) == [2, 16, 16]


def test_a_tiff_of_12_bits_says_its_white(tmp_path):
    """Pillow reads this kind and does not write it."""
    entries = [(256, 16), (257, 2), (258, 12), (259, 1), (262, 1), (273, 8), (277, 1), (279, 48)]
    directory = b"".join(struct.pack("<HHII", tag, 3, 1, value) for tag, value in entries)
    pixels = bytes.fromhex("400400") * 16  # two values of 0x400 in three bytes
    body = b"II*\0" + struct.pack("<I", 8 + len(pixels)) + pixels
    (tmp_path / "a.tiff").write_bytes(
        body + struct.pack("<H", len(entries)) + directory + b"\0" * 4
    )
    assert greys(tmp_path) == [round(255 * 0x400 / 4095)]


def test_white_is_zero_where_a_tiff_of_16_bits_says_so(tmp_path):
    flat(13_107, np.uint16).save(tmp_path / "a.tiff")
    flat(65_535, np.uint16).save(tmp_path / "b.tiff")
    stored = (tmp_path / "a.tiff").read_bytes()
    black_is_zero, white_is_zero = (struct.pack("<HHIH", 262, 3, 1, value) for value in (1, 0))
    assert black_is_zero in stored
    (tmp_path / "a.tiff").write_bytes(stored.replace(black_is_zero, white_is_zero))
    assert greys(tmp_path) == [255 - 51, 255]


def test_signed_and_32_bits(tmp_path):
    flat(40_000, np.int32).save(tmp_path / "a.tiff")
    assert greys(tmp_path) == [round(255 * 40_000 / 65_535)]
    flat(2**30, np.int32).save(tmp_path / "b.tiff")
    assert greys(tmp_path) == [0, 128]


def test_the_transparent_grey_of_16_bits_becomes_white(tmp_path):
    levels = np.full((20, 20), 10_000, np.uint16)
    levels[:10] = 50_000
    big_endian = levels.astype(">u2").tobytes()
    write_grey_png(tmp_path / "a.png", big_endian, 20, bits=16, transparent=10_000)
    pixels = data.folder(tmp_path, 20).pixels[0, 0]
    assert pixels[3, 3] == round(50_000 / 257)
    assert pixels[16, 3] == 255


@pytest.mark.parametrize(("bits", "step"), [(2, 85), (4, 17)])
def test_the_transparent_grey_of_2_and_4_bits_becomes_white(tmp_path, bits, step):
    levels = np.full((20, 20), 1, np.uint8)
    levels[:10] = 2
    packed = np.packbits(np.unpackbits(levels[..., None], axis=-1)[..., -bits:].reshape(20, -1))
    write_grey_png(tmp_path / "a.png", packed.tobytes(), 20, bits, transparent=1)
    pixels = data.folder(tmp_path, 20).pixels[0, 0]
    assert pixels[3, 3] == 2 * step
    assert pixels[16, 3] == 255


def write_grey_png(path, packed: bytes, side: int, bits: int, transparent: int) -> None:
    stride = len(packed) // side
    rows = b"".join(b"\0" + packed[i * stride : (i + 1) * stride] for i in range(side))
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", side, side, bits, 0, 0, 0, 0)),
        (b"tRNS", struct.pack(">H", transparent)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ]
    chunks = [
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in parts
    ]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))
