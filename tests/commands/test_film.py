"""`gan-lessons film`: what was filmed, frame by frame, and what is refused."""

import re

import numpy as np
import pytest
from PIL import Image

from gan_lessons import plots
from gan_lessons.commands import film
from gan_lessons.commands.main import main
from gan_lessons.train.film import FILE, Film


@pytest.fixture
def run(here, bars, monkeypatch):
    """A run of a few steps, made as a user does; its film has a scene every look."""
    monkeypatch.setattr("gan_lessons.train.film.SHORTEST_REST", 0.0)
    monkeypatch.setattr("gan_lessons.train.film.REST", 0)
    monkeypatch.setattr("gan_lessons.train.trainer.LOOK_EVERY", 0.0)
    settings = ["--set", "width=4", "--set", "latent=6", "--set", "batch=8"]
    status = main(
        ["train", "--steps", "12", "--out", "a", "--no-distance", "--device", "cpu", *settings]
    )
    assert status == 0
    return here / "a"


@pytest.mark.parametrize("ending", ["gif", "webp"])
def test_each_frame_is_a_scene_of_the_run(ending, run, here, capsys):
    assert main(["film", "a", "--out", f"b.{ending}", "--seconds", "2", "--columns", "8"]) == 0
    stored = Film.load(run / FILE)
    steps = [scene.step for scene in stored.scenes]
    assert (steps[0], steps[-1]) == (0, 12)
    words = capsys.readouterr().out.splitlines()[-1]
    frames = int(re.search(r"(\d+) frames", words)[1])
    assert frames == len(steps) + round(film.HOLD * len(steps) / 2)
    with Image.open(here / f"b.{ending}") as shown:
        sheet = plots.sheet(stored.scenes[0].pictures, 8)
        assert shown.size == (sheet.width, sheet.height + film.BAND)
        first = np.asarray(shown.convert("RGB").crop((0, 0, *sheet.size)), dtype=float)
        assert np.abs(first - np.asarray(sheet)).mean() < 6  # a GIF has 256 colours


def test_the_cursor_goes_along_the_losses(run):
    stored = Film.load(run / FILE)
    first, *_, last = film.frames(stored, stored.scenes)
    dark = [np.flatnonzero((np.asarray(each)[-12] < 90).all(-1)) for each in (first, last)]
    assert dark[0].max() < 10
    assert dark[1].min() > first.width - 12


def test_a_run_that_diverged_is_filmed(run):
    stored = Film.load(run / FILE)
    for losses in stored.history.losses.values():
        losses[-1] = float("nan")
    assert len(list(film.frames(stored, stored.scenes))) == len(stored.scenes)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--seconds", "0"], "--seconds must be a finite number above 0"),
        (["--out", "b.avi"], "a film must end in .gif, .webp, .mp4, got b.avi"),
        (["--columns", "0"], "--columns must be a whole number of at least 1, got 0"),
        (["--scale", "100"], "--scale must be a whole number from 1 to 64, got 100"),
    ],
)
def test_what_cannot_be_is_said(arguments, message, run, here, capsys):
    assert main(["film", "a", *arguments]) == 1
    assert message in capsys.readouterr().err
    assert sorted(path.name for path in here.iterdir()) == ["a"]


def test_a_run_without_a_film_is_named(plain, here, capsys):
    assert main(["film", plain]) == 1
    assert f"has no {FILE}" in capsys.readouterr().err
    (here / FILE).write_bytes(b"nothing")
    assert main(["film", "."]) == 1
    assert "is no film of a training, or damaged" in capsys.readouterr().err
