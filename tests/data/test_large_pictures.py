"""Large pictures: reduced while they are decoded, in bounded memory, with the same result."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from gan_lessons import data
from gan_lessons.data import picture_files, png_strips


def noise(width: int, height: int, channels: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, channels), np.uint8)


def smooth(width: int, height: int, mode: str = "RGB") -> Image.Image:
    return (
        Image.fromarray(noise(6, 5, 3))
        .resize((width, height), Image.Resampling.BICUBIC)
        .convert(mode)
    )


PROGRAM = """
import resource, sys
from pathlib import Path
from gan_lessons.data import folder
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before = peak()
folder(sys.argv[1], 64)
print(peak() - before)
"""


def megabytes(path) -> float:
    """What loading takes at its peak, in a new process."""
    command = [sys.executable, "-c", PROGRAM, str(path)]
    ran = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    return float(ran.stdout.split()[-1])


@pytest.mark.skipif(sys.platform == "win32", reason="measures with the module resource")
@pytest.mark.parametrize(("suffix", "mode", "most"), [("png", "RGBA", 230), ("jpg", "RGB", 60)])
def test_a_picture_of_36_million_pixels_takes_little_memory(tmp_path, suffix, mode, most):
    Image.new(mode, (6000, 6000), "orange").save(tmp_path / f"a.{suffix}")
    assert megabytes(tmp_path) < most


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="measures with the module resource")
def test_a_png_just_below_pillows_limit_is_read_in_strips(tmp_path):
    Image.new("RGBA", (13_000, 13_000), "orange").save(tmp_path / "a.png")
    assert megabytes(tmp_path) < 200


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA"])
@pytest.mark.parametrize("shape", [(90, 70), (70, 90)])
def test_strips_of_a_png_are_the_picture(tmp_path, mode, shape):
    channels = len(mode)
    pixels = noise(*shape, channels)
    for optimize in (False, True):  # with other filters
        smooth_half = np.asarray(smooth(*shape, mode)).copy()
        smooth_half[shape[1] // 2 :] = pixels[shape[1] // 2 :]
        Image.fromarray(smooth_half, mode).save(tmp_path / "a.png", optimize=optimize)
        with Image.open(tmp_path / "a.png") as image:
            assert png_strips.supports(image, mode)
            strips = list(png_strips.strips(tmp_path / "a.png", image, [1, 20, 30, shape[1] - 51]))
        assert np.array_equal(np.concatenate([np.asarray(strip) for strip in strips]), smooth_half)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA"])
def test_a_png_too_large_for_memory_gives_the_same_picture(tmp_path, mode, monkeypatch):
    for name, shape in {"wide": (150, 90), "tall": (90, 150)}.items():
        Image.fromarray(noise(*shape, len(mode)), mode).save(tmp_path / f"{name}.png")
    usual = data.folder(tmp_path, 8).pixels
    monkeypatch.setattr(picture_files, "MEMORY", 1000)
    monkeypatch.setattr(picture_files, "BAND", 1000)
    assert data.folder(tmp_path, 8).pixels.equal(usual)


def test_a_damaged_png_too_large_for_memory_is_skipped(tmp_path, monkeypatch):
    Image.fromarray(noise(90, 90, 3)).save(tmp_path / "a.png")
    stored = (tmp_path / "a.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(stored[: len(stored) // 2])
    (tmp_path / "wrong.png").write_bytes(stored[:5000] + bytes(200) + stored[5200:])
    monkeypatch.setattr(picture_files, "MEMORY", 1000)
    images = data.folder(tmp_path, 8)
    assert len(images) == 1
    assert sorted(images.skipped) == ["cut.png", "wrong.png"]


def test_what_cannot_be_decoded_in_bounded_memory_is_named(tmp_path, monkeypatch, capsys):
    smooth(40, 40).save(tmp_path / "small.bmp")
    smooth(4000, 400).save(tmp_path / "large.bmp")
    smooth(4000, 400).save(tmp_path / "large.jpg", progressive=True)
    monkeypatch.setattr(picture_files, "MEMORY", 2**20)
    images = data.folder(tmp_path, 8)
    assert len(images) == 1
    assert "large.bmp" in capsys.readouterr().out
    for name in ("large.bmp", "large.jpg"):
        assert "4000 x 400 pixels in this format would take" in images.skipped[name]


def test_more_pixels_than_pillow_allows_are_named(tmp_path, monkeypatch):
    smooth(10, 10).save(tmp_path / "a.png")
    smooth(100, 100).save(tmp_path / "b.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    assert dict(data.folder(tmp_path, 8).skipped) == {
        "b.png": "more pixels than Pillow's limit of 2,000"
    }


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "jp2"])
def test_a_reduced_picture_looks_like_a_plain_resize(tmp_path, suffix):
    image = smooth(1500, 1234)
    image.save(tmp_path / f"a.{suffix}", quality=95)
    with Image.open(tmp_path / f"a.{suffix}") as opened:
        plain = (
            opened.convert("RGB")
            .crop((133, 0, 1367, 1234))
            .resize((16, 16), Image.Resampling.LANCZOS)
        )
    found = data.folder(tmp_path, 16).pixels[0].permute(1, 2, 0).numpy()
    assert np.abs(found.astype(int) - np.asarray(plain)).max() <= 3


def test_jpeg_2000_is_reduced_while_decoding(tmp_path, monkeypatch):
    smooth(600, 500).save(tmp_path / "a.jp2")
    usual = data.folder(tmp_path, 8).pixels.int()
    monkeypatch.setattr(picture_files, "MEMORY", 10**6)
    # Its samples lie half a pixel beside those of an average, at 4 times the size or more.
    assert (data.folder(tmp_path, 8).pixels.int() - usual).abs().float().mean() < 6
