import numpy as np
import pytest
import torch
from PIL import Image

from gan_lessons import data


def picture(mode="RGB", size=(40, 30), colour=(200, 100, 50)) -> Image.Image:
    return Image.new("RGB", size, colour).convert(mode)


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "gif", "tiff", "webp", "ppm"])
def test_formats(tmp_path, suffix):
    picture().save(tmp_path / f"a.{suffix}")
    images = data.folder(tmp_path, 16)
    assert images.pixels.shape == (1, 3, 16, 16)
    assert (images.pixels[0, :, 8, 8].int() - torch.tensor([200, 100, 50])).abs().max() < 12
    assert images.labels is None
    assert images.name == tmp_path.name


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "CMYK", "I", "I;16", "F"])
def test_modes(tmp_path, mode):
    grey = np.full((20, 20), 255 if mode == "1" else 128)
    if mode == "I;16":
        image = Image.fromarray((grey * 257).astype(np.uint16))
    elif mode in ("I", "F"):
        image = Image.fromarray(grey.astype(np.int32 if mode == "I" else np.float32))
    else:
        image = Image.fromarray(grey.astype(np.uint8)).convert(mode)
    image.save(tmp_path / "a.tiff")
    images = data.folder(tmp_path, 8)
    assert abs(int(images.pixels[0, 0, 4, 4]) - grey[0, 0]) <= 2


def test_dark_pictures_of_16_bits_stay_dark_and_floats_up_to_one_are_seen(tmp_path):
    Image.fromarray(np.full((9, 9), 200, np.uint16)).save(tmp_path / "dark.png")
    Image.fromarray(np.full((9, 9), 0.5, np.float32)).save(tmp_path / "float.tiff")
    assert data.folder(tmp_path, 8).pixels[:, 0, 4, 4].tolist() == [1, 128]


def test_all_grey_is_one_channel_and_one_colour_makes_three(tmp_path):
    picture("L").save(tmp_path / "a.png")
    picture("L").convert("RGB").save(tmp_path / "b.png")
    assert data.folder(tmp_path, 8).channels == 1
    picture().save(tmp_path / "c.png")
    images = data.folder(tmp_path, 8)
    assert images.channels == 3
    assert (images.pixels[0] == images.pixels[0, :1]).all()


def test_pictures_are_cropped_at_the_centre(tmp_path):
    image = Image.new("L", (300, 100), 0)
    image.paste(255, (100, 0, 200, 100))
    image.save(tmp_path / "wide.png")
    image.rotate(90, expand=True).save(tmp_path / "tall.png")
    assert data.folder(tmp_path, 10).pixels.min() > 250


def test_the_exif_rotation_is_undone(tmp_path):
    image = Image.new("L", (20, 20), 0)
    image.paste(255, (0, 0, 20, 10))
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    image.save(tmp_path / "a.png", exif=exif)
    pixels = data.folder(tmp_path, 20).pixels[0, 0]
    assert pixels[15, 10] > 200
    assert pixels[4, 10] < 50


def test_transparent_areas_become_white(tmp_path):
    Image.new("RGBA", (9, 9), (255, 0, 0, 0)).save(tmp_path / "a.png")
    assert data.folder(tmp_path, 8).pixels.min() == 255


def test_bad_files_are_counted_and_named(tmp_path, capsys):
    picture().save(tmp_path / "good.png")
    whole = (tmp_path / "good.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / ".hidden").write_text("passed over")
    assert len(data.folder(tmp_path, 8)) == 1
    printed = capsys.readouterr().out
    assert "skipped 2 that cannot be read as pictures: cut.png, notes.txt" in printed
    for i in range(10):
        (tmp_path / f"z{i}.txt").write_text("")
    data.folder(tmp_path, 8)
    assert "skipped 12 " in (printed := capsys.readouterr().out)
    assert "and 7 more" in printed


def test_subfolders_are_classes(tmp_path):
    for name, colour in (("dog", 10), ("cat", 200), ("cat/old", 220)):
        (tmp_path / name).mkdir()
        Image.new("L", (9, 9), colour).save(tmp_path / name / "a.png")
    images = data.folder(tmp_path, 8)
    assert images.classes == ("cat", "dog")
    assert images.labels.tolist() == [0, 0, 1]
    assert images.pixels[:, 0, 0, 0].tolist() == [200, 220, 10]
    picture().save(tmp_path / "loose.png")
    assert data.folder(tmp_path, 8).labels is None


@pytest.mark.parametrize("size", [0, -4])
def test_bad_sizes(tmp_path, size):
    with pytest.raises(ValueError, match=f"size must be a whole number of at least 1, got {size}"):
        data.folder(tmp_path, size)


def test_a_path_without_readable_pictures_is_refused(tmp_path):
    with pytest.raises(ValueError, match="nowhere does not exist"):
        data.folder(tmp_path / "nowhere", 8)
    with pytest.raises(ValueError, match=r"has no readable picture \(0 files skipped\)"):
        data.folder(tmp_path, 8)
    (tmp_path / "a.txt").write_text("")
    with pytest.raises(ValueError, match=r"a.txt is a file, not a folder"):
        data.folder(tmp_path / "a.txt", 8)
    with pytest.raises(ValueError, match=r"\(1 files skipped\)"):
        data.folder(tmp_path, 8)
