"""Colour profiles: a picture is converted to sRGB, as a colour-managed viewer shows it."""

import struct

import numpy as np
import pytest
from PIL import Image

from gan_lessons import data

# Red, green and blue as columns of XYZ, for the white D50 of ICC profiles.
SRGB = np.array(
    [[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.7141]]
)
WIDE = np.array(
    [[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]]
)
D50 = np.array([0.9642, 1.0, 0.8249])
GAMMA = 563 / 256  # of Adobe RGB (1998), whose primaries WIDE are


def to_srgb(xyz: np.ndarray) -> np.ndarray:
    """XYZ for D50 → sRGB in 0..255, by the standard's formula (IEC 61966-2-1)."""
    linear = np.linalg.solve(SRGB, xyz).clip(0, 1)
    curved = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return 255 * curved


def profile(space: bytes, tags: dict[bytes, bytes], connection: bytes = b"XYZ ") -> bytes:
    """An ICC profile of version 2."""
    kind = b"prtr" if space == b"CMYK" else b"mntr"
    tags = {b"desc": b"desc" + struct.pack(">II", 0, 2) + b"t\0" + bytes(78), **tags}
    tags |= {b"cprt": b"text" + bytes(4) + b"none\0", b"wtpt": xyz(D50)}
    at, table, bodies = 132 + 12 * len(tags), b"", b""
    for name, body in tags.items():
        body += bytes(-len(body) % 4)
        table += name + struct.pack(">II", at + len(bodies), len(body))
        bodies += body
    head = struct.pack(">I4xI4s4s4s", at + len(bodies), 0x02400000, kind, space, connection)
    head += struct.pack(">6H4s", 2020, 1, 1, 0, 0, 0, b"acsp") + bytes(28) + xyz(D50)[8:]
    head += bytes(128 - len(head))
    return head + struct.pack(">I", len(tags)) + table + bodies


def xyz(values: np.ndarray) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(65536 * value) for value in values))


def curve(gamma: float) -> bytes:
    return b"curv" + struct.pack(">IIH", 0, 1, round(256 * gamma))


def wide() -> bytes:
    tags = {name + b"TRC": curve(GAMMA) for name in (b"r", b"g", b"b")}
    columns = zip((b"r", b"g", b"b"), WIDE.T, strict=True)
    return profile(b"RGB ", tags | {name + b"XYZ": xyz(column) for name, column in columns})


def grey(gamma: float) -> bytes:
    return profile(b"GRAY", {b"kTRC": curve(gamma)})


def one_ink(lab: tuple[int, int, int]) -> bytes:
    """A CMYK profile in which cyan alone has this colour, and paper is white."""
    corners = np.zeros((2, 2, 2, 2, 3), np.uint8)  # by C, M, Y, K
    corners[..., 1:] = 128
    corners[0, 0, 0, 0, 0] = 255
    corners[1, 0, 0, 0] = round(lab[0] * 2.55), lab[1] + 128, lab[2] + 128
    matrix = struct.pack(">9i", *(65536 * np.eye(3, dtype=int)).flatten())
    straight = bytes(range(256))
    body = b"mft1" + struct.pack(">I4B", 0, 4, 3, 2, 0) + matrix
    body += straight * 4 + corners.tobytes() + straight * 3
    return profile(b"CMYK", {b"A2B0": body}, b"Lab ")


def colour(folder) -> np.ndarray:
    return data.folder(folder, 8).pixels[0, :, 4, 4].numpy().astype(float)


@pytest.mark.parametrize("suffix", ["png", "jpg", "tiff", "webp"])
def test_a_wide_gamut_is_converted_to_srgb(tmp_path, suffix):
    stored = np.array([120, 180, 100])
    expected = to_srgb(WIDE @ (stored / 255) ** GAMMA)
    assert np.abs(expected - stored).max() > 10, "ignoring the profile shows"
    image = Image.new("RGB", (40, 40), tuple(stored))
    image.save(tmp_path / f"a.{suffix}", icc_profile=wide(), quality=100)
    assert np.abs(colour(tmp_path) - expected).max() < 3


@pytest.mark.parametrize("mode", ["P", "RGBA"])
def test_palettes_and_transparent_pictures_have_profiles_too(tmp_path, mode):
    stored = np.array([120, 180, 100])
    image = Image.new("RGB", (40, 40), tuple(stored))
    image = image.quantize() if mode == "P" else image.convert(mode)
    image.save(tmp_path / "a.png", icc_profile=wide())
    assert np.abs(colour(tmp_path) - to_srgb(WIDE @ (stored / 255) ** GAMMA)).max() < 3


def test_a_grey_picture_stays_one_channel_under_a_profile(tmp_path):
    expected = to_srgb(D50 * (100 / 255) ** 1.0)
    Image.new("L", (40, 40), 100).save(tmp_path / "a.png", icc_profile=grey(1.0))
    found = colour(tmp_path)
    assert found.shape == (1,)
    assert abs(found[0] - expected[1]) < 2
    Image.new("RGB", (40, 40), (100, 100, 100)).save(tmp_path / "a.png", icc_profile=wide())
    assert colour(tmp_path).shape == (1,)


def test_a_picture_of_16_bits_has_its_profile_applied(tmp_path):
    levels = np.full((20, 20), 25_700, np.uint16)
    Image.fromarray(levels).save(tmp_path / "a.tiff", icc_profile=grey(1.0))
    assert abs(colour(tmp_path)[0] - to_srgb(D50 * 100 / 255)[1]) < 2


@pytest.mark.parametrize("suffix", ["jpg", "tiff"])
def test_inks_have_the_colours_of_their_profile(tmp_path, suffix):
    lab = (50, 60, 40)
    fy = (lab[0] + 16) / 116
    cubes = np.array([fy + lab[1] / 500, fy, fy - lab[2] / 200]) ** 3
    expected = to_srgb(D50 * cubes)
    image = Image.new("CMYK", (40, 40), (255, 0, 0, 0))
    image.save(tmp_path / f"a.{suffix}", icc_profile=one_ink(lab), quality=100)
    assert np.abs(colour(tmp_path) - expected).max() < 8
    assert np.abs(colour(tmp_path) - [0, 255, 255]).max() > 100, "plain cyan without the profile"


def test_lab_pictures_are_read(tmp_path):
    from PIL import ImageCms

    stored = (200, 100, 50)
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    image = ImageCms.profileToProfile(Image.new("RGB", (9, 9), stored), srgb, lab, outputMode="LAB")
    image.save(tmp_path / "a.tiff")
    assert np.abs(colour(tmp_path) - stored).max() <= 3


@pytest.mark.parametrize("broken", [b"no profile", wide()[:200], wide()[:-40], grey(2.2)])
def test_a_profile_that_is_damaged_or_for_other_channels_is_ignored(tmp_path, broken):
    image = Image.new("RGB", (40, 40), (120, 180, 100))
    image.save(tmp_path / "a.png", icc_profile=broken)
    assert colour(tmp_path).tolist() == [120, 180, 100]
