import signal

import numpy as np
import pytest
import torch
from PIL import Image

from gan_lessons import data
from gan_lessons.commands import generate
from gan_lessons.commands.main import main
from gan_lessons.data import to_uint8
from gan_lessons.train import Trainer, checkpoint
from gan_lessons.train.deliver import load_generator


def read(folder):
    """All files in a folder, by their names."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.png")
    }


def test_a_sheet(plain, here, capsys):
    assert main(["generate", plain, "--count", "9", "--out", "a.png", "--scale", "3"]) == 0
    side = 3 * 16 * 3 + 2 * 2
    assert Image.open("a.png").size == (side, side)
    assert capsys.readouterr().out == "a.png: a sheet of 9 pictures\n"
    assert [path.name for path in here.iterdir()] == ["a.png"]


def test_the_pictures_are_those_of_the_training(plain, here):
    assert main(["generate", plain, "--count", "3", "--seed", "5", "--out", "a"]) == 0
    wanted = to_uint8(Trainer.resume(plain, data.load("mnist"), device="cpu").generate(3, seed=5))
    found = [np.asarray(Image.open(here / "a" / f"000{i}.png")) for i in range(3)]
    assert sorted(read(here / "a")) == ["0000.png", "0001.png", "0002.png"]
    assert np.array_equal(np.stack(found), wanted[:, 0].numpy())


def test_the_same_seed_gives_the_same_pictures_and_another_one_others(plain, here):
    for seed, out in (("1", "a"), ("1", "b"), ("2", "c")):
        assert main(["generate", plain, "--count", "3", "--seed", seed, "--out", out]) == 0
    assert read(here / "a") == read(here / "b")
    assert all(read(here / "a")[name] != other for name, other in read(here / "c").items())


def test_current_weights_are_others(plain, here):
    assert main(["generate", plain, "--count", "2", "--out", "a"]) == 0
    assert main(["generate", plain, "--count", "2", "--out", "b", "--current"]) == 0
    assert read(here / "a") != read(here / "b")


def test_truncation_brings_pictures_nearer_to_each_other(plain, here):
    spread = {}
    for limit in ("0.1", "2"):
        given = ["--count", "20", "--out", limit, "--truncation", limit]
        assert main(["generate", plain, *given]) == 0
        files = sorted((here / limit).iterdir())
        spread[limit] = np.stack([np.asarray(Image.open(f), float) for f in files]).std(0).mean()
    assert spread["0.1"] < 0.3 * spread["2"]


def test_classes_in_turn_each_in_a_folder_of_its_name(conditional, here):
    given = ["--count", "7", "--classes", "cat, 1-2", "--out", "a"]
    assert main(["generate", conditional, *given]) == 0
    names = sorted(read(here / "a"))
    assert names == [
        *("T-shirt-top/0002.png", "T-shirt-top/0005.png"),
        *("cat/0000.png", "cat/0003.png", "cat/0006.png"),
        *("dog/0001.png", "dog/0004.png"),
    ]
    again = data.folder("a", 16)
    assert again.classes == ("T-shirt-top", "cat", "dog")
    assert again.labels is not None
    assert again.labels.bincount().tolist() == [2, 3, 2]


def test_classes_are_the_columns_of_a_sheet(conditional, here):
    given = ["--count", "6", "--classes", "0-2", "--out", "a.png", "--scale", "1"]
    assert main(["generate", conditional, *given]) == 0
    assert Image.open("a.png").size == (3 * 16 + 2 * 2, 2 * 16 + 2)
    z = torch.randn(6, 6, generator=torch.Generator().manual_seed(0))
    generator = load_generator(conditional)
    dog = generate.to_uint8(generator(z[1:2], torch.tensor([1])))[0, 0]
    shown = np.asarray(Image.open("a.png").convert("L"))[:16, 18:34]
    assert np.abs(shown.astype(int) - dog.numpy()).max() <= 1


def test_without_classes_they_are_drawn(conditional, here):
    assert main(["generate", conditional, "--count", "40", "--out", "a"]) == 0
    assert {name.partition("/")[0] for name in read(here / "a")} == {"cat", "dog", "T-shirt-top"}


@pytest.mark.parametrize("out", ["a", "a.png"])
def test_what_is_there_is_replaced_only_if_asked(out, plain, here, capsys):
    assert main(["generate", plain, "--count", "5", "--out", out]) == 0
    before = read(here) | ({out: (here / out).read_bytes()} if out == "a.png" else {})
    assert main(["generate", plain, "--count", "2", "--seed", "1", "--out", out]) == 1
    expected = f"error: {out} exists: add --overwrite to replace it, or choose another --out\n"
    assert capsys.readouterr().err == expected
    assert read(here) == before
    given = ["--count", "2", "--seed", "1", "--out", out, "--overwrite"]
    assert main(["generate", plain, *given]) == 0
    assert read(here) != before
    assert len(read(here)) == (2 if out == "a" else 1)  # none is left of the first five
    assert [path.name for path in here.iterdir()] == [out]


def test_a_folder_with_other_things_is_never_replaced(plain, here, capsys):
    (here / "a").mkdir()
    (here / "a" / "thesis.txt").write_text("years of work")
    assert main(["generate", plain, "--out", "a", "--overwrite"]) == 1
    assert "a holds more than generated pictures (thesis.txt)" in capsys.readouterr().err
    assert (here / "a" / "thesis.txt").read_text() == "years of work"


def test_an_empty_folder_is_filled(plain, here):
    (here / "a").mkdir()
    assert main(["generate", plain, "--count", "2", "--out", "a"]) == 0
    assert len(read(here / "a")) == 2


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--count", "0"], "--count must be a whole number from 1 to 10000000, got 0"),
        (["--count", "9999999"], "would hold"),
        (["--scale", "0"], "--scale must be a whole number from 1 to 64, got 0"),
        (["--seed", "-1"], "seed must be a whole number from 0 to 9223372036854775807, got -1"),
        (["--truncation", "0"], "--truncation must be a finite number above 0, got 0"),
        (["--truncation", "nan"], "--truncation must be a finite number above 0, got nan"),
        (["--classes", "1"], "--classes is for conditional generators, this one takes no labels"),
        (["--out", "a.jpg"], "--out must be a folder, or a sheet that ends in .png, got a.jpg"),
        (["--out", ""], "--out is empty: '.' is the current folder"),
        (["--out", "file/a.png"], "cannot write"),
        (["--out", "file/a"], "cannot write"),
        (["--out", "file", "--overwrite"], "file is a file"),
    ],
)
def test_bad_input_is_one_line(given, message, plain, here, capsys):
    (here / "file").write_text("")
    assert main(["generate", plain, *given]) == 1
    printed = capsys.readouterr()
    assert printed.err.startswith("error: ")
    assert message in printed.err
    assert printed.err.count("\n") == 1
    assert [path.name for path in here.iterdir()] == ["file"]


@pytest.mark.parametrize("text", ["cow", "3", "0-3", "2-1", "", "0,,1", "-1", "1e3", "9" * 30])
def test_a_wrong_class_is_one_line(text, conditional, here, capsys):
    assert main(["generate", conditional, f"--classes={text}"]) == 1
    printed = capsys.readouterr().err
    assert "choose from cat, dog, T-shirt/top, or by number from 0 to 2" in printed
    assert printed.count("\n") == 1


@pytest.mark.parametrize("out", ["a", "a.png"])
@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_nothing_and_says_so(out, kind, plain, here, capsys, monkeypatch):
    def interrupted(*args):
        signal.raise_signal(kind)
        return to_uint8(*args)

    monkeypatch.setattr(generate, "to_uint8", interrupted)
    monkeypatch.setattr("gan_lessons.plots.to_uint8", lambda x, clip: interrupted(x))
    assert main(["generate", plain, "--count", "5", "--out", out]) == 128 + kind
    assert capsys.readouterr().err == f"stopped; {out} was not written\n"
    assert list(here.iterdir()) == []


def test_a_run_that_still_trains_can_be_used(plain, here):
    facts, state = checkpoint.read(checkpoint.newest(here / plain))
    with checkpoint.claimed(checkpoint.newest(here / plain).parent, facts["run"], state["step"]):
        assert main(["generate", plain, "--count", "2", "--out", "a.png"]) == 0


@pytest.mark.parametrize(
    ("classes", "count", "columns"),
    [(0, 9, None), (2, 40, 6), (10, 64, 10), (10, 4, None), (3, 9, 3)],
)
def test_a_sheet_of_classes_is_about_square(classes, count, columns):
    assert generate.columns_of(classes, count) == columns
