from pathlib import Path

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


def test_all_skipped_files_can_be_had_with_their_reasons(tmp_path, capsys):
    picture().save(tmp_path / "good.png")
    stored = (tmp_path / "good.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(stored[: len(stored) // 2])
    (tmp_path / "notes").mkdir()
    for i in range(8):
        (tmp_path / "notes" / f"{i}.txt").write_text("hello")
    images = data.folder(tmp_path, 8)
    assert ".skipped has all of them, with the reasons" in capsys.readouterr().out
    assert len(images.skipped) == 9
    assert "truncated" in images.skipped["cut.png"].lower()
    assert images.skipped[str(Path("notes", "7.txt"))] == "not a picture that Pillow can read"
    assert images.take(1).skipped == images.skipped


def link(place: Path, target: Path) -> None:
    try:
        place.symlink_to(target, target_is_directory=True)
    except OSError:
        pytest.skip("links cannot be made here")


def test_linked_folders_are_followed(tmp_path):
    for name, colour in (("own/cat", 10), ("elsewhere/dog", 200)):
        (tmp_path / name).mkdir(parents=True)
        Image.new("L", (9, 9), colour).save(tmp_path / name / "a.png")
    link(tmp_path / "own" / "dog", tmp_path / "elsewhere" / "dog")
    images = data.folder(tmp_path / "own", 8)
    assert images.classes == ("cat", "dog")
    assert images.pixels[:, 0, 0, 0].tolist() == [10, 200]
    assert not images.skipped


def test_links_that_lead_back_end_and_are_named(tmp_path, capsys):
    (tmp_path / "own" / "sub").mkdir(parents=True)
    (tmp_path / "other").mkdir()
    picture().save(tmp_path / "own" / "sub" / "a.png")
    picture().save(tmp_path / "other" / "b.png")
    link(tmp_path / "own" / "again", tmp_path / "own" / "sub")
    link(tmp_path / "own" / "sub" / "up", tmp_path / "own")
    link(tmp_path / "own" / "around", tmp_path)
    link(tmp_path / "own" / "other", tmp_path / "other")
    link(tmp_path / "other" / "back", tmp_path / "own" / "other")
    link(tmp_path / "own" / "nowhere", tmp_path / "gone")
    link(tmp_path / "own" / "itself", tmp_path / "own" / "itself")
    images = data.folder(tmp_path / "own", 8)
    assert len(images) == 2
    assert set(images.skipped) == {
        "again", "around", "nowhere", "itself", str(Path("sub", "up")), str(Path("other", "back"))
    }  # fmt: skip
    assert images.skipped["nowhere"] == "a link that leads nowhere"
    assert images.skipped["again"] == "a link to a folder that is read anyway"
    assert "skipped 6" in capsys.readouterr().out


@pytest.mark.parametrize("size", [None, "64", 8.0, True])
def test_a_wrong_size_does_not_blame_the_pictures(tmp_path, size):
    picture().save(tmp_path / "a.png")
    with pytest.raises(ValueError, match="size must be a whole number of at least 1, got"):
        data.folder(tmp_path, size)


@pytest.mark.parametrize("error", [MemoryError, KeyboardInterrupt, NameError])
def test_what_no_picture_causes_is_no_skipped_picture(tmp_path, monkeypatch, error):
    def fail(*_):
        raise error

    picture().save(tmp_path / "a.png")
    monkeypatch.setattr(Image, "open", fail)
    with pytest.raises(error):
        data.folder(tmp_path, 8)


@pytest.mark.parametrize("path", ["", "  "])
def test_an_empty_path_is_not_the_current_folder(tmp_path, monkeypatch, path):
    picture().save(tmp_path / "a.png")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r"empty: '\.' is the current folder"):
        data.folder(path, 8)
    assert len(data.folder(".", 8)) == 1


def test_the_home_folder_is_found(tmp_path, monkeypatch):
    (tmp_path / "pets").mkdir()
    picture().save(tmp_path / "pets" / "a.png")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert len(data.folder("~/pets", 8)) == 1
    with pytest.raises(ValueError, match="does not exist"):
        data.folder("~nobody-of-this-name/pets", 8)


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
