import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from gan_lessons.commands import video, walk
from gan_lessons.commands.main import main
from gan_lessons.train.deliver import load_generator

SMALL = ["--count", "4", "--seconds", "1", "--fps", "12", "--waypoints", "3"]


def frames_of(path):
    """(frames, H, W, 3), and how long each is shown."""
    with Image.open(path) as opened:
        found, times = [], []
        for i in range(opened.n_frames):
            opened.seek(i)
            found.append(np.asarray(opened.convert("RGB"), float))
            times.append(opened.info["duration"])
        return np.stack(found), times, opened.info.get("loop")


@pytest.mark.parametrize("ending", ["gif", "webp"])
def test_a_film_without_a_seam(ending, plain, here, capsys):
    assert main(["walk", plain, *SMALL, "--out", f"a.{ending}"]) == 0
    found, times, loop = frames_of(here / f"a.{ending}")
    assert found.shape == (12, 66, 66, 3)
    assert sum(times) == 1000
    assert loop == 0
    steps = np.abs(found - np.roll(found, -1, 0)).mean((1, 2, 3))
    assert steps.min() > 0
    assert steps[-1] < 1.5 * steps[:-1].max()  # from the last frame to the first
    far = np.abs(found - np.roll(found, 6, 0)).mean((1, 2, 3))
    assert steps.max() < far.max()
    assert f"a.{ending}: 12 frames, 1.0 s" in capsys.readouterr().out
    assert [path.name for path in here.iterdir()] == [f"a.{ending}"]


def test_classes_stay_along_the_way(conditional, here):
    assert main(["walk", conditional, *SMALL, "--classes", "dog", "--out", "a.gif"]) == 0
    generator = load_generator(conditional)
    points, labels = walk.waypoints_of(generator, 3, 4, 0, None, None)
    assert points.shape == (3, 4, 6)
    assert labels is not None
    assert labels.shape == (4,)
    assert len([*walk.frames(generator, points, labels, 5)]) == 5


def test_a_film_that_is_there_stays(plain, here, capsys):
    (here / "walk.gif").write_text("mine")
    assert main(["walk", plain, *SMALL]) == 1
    assert "walk.gif exists: add --overwrite" in capsys.readouterr().err
    assert (here / "walk.gif").read_text() == "mine"
    assert main(["walk", plain, *SMALL, "--overwrite"]) == 0
    assert Image.open("walk.gif").n_frames == 12


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--seconds", "0"], "--seconds must be a finite number above 0 and at most 3600, got 0"),
        (["--seconds", "3000"], "a film of 60000 frames is too long, at most 20000"),
        (["--fps", "inf"], "--fps must be a finite number above 0, got inf"),
        (["--fps", "60"], "fps of a GIF must be a finite number above 0 and at most 50"),
        (["--waypoints", "1"], "--waypoints must be a whole number from 2 to 1024, got 1"),
        (["--count", "1024", "--scale", "64"], "lower --scale"),
        (["--out", "a.avi"], "a film must end in .gif, .webp, .mp4, got a.avi"),
        (["--out", "a"], "a film must end in .gif, .webp, .mp4, got a"),
        (["--truncation", "-1"], "--truncation must be a finite number above 0, got -1"),
        (["--classes", "0"], "--classes is for conditional generators"),
    ],
)
def test_bad_input_is_one_line(given, message, plain, here, capsys):
    assert main(["walk", plain, *given]) == 1
    printed = capsys.readouterr().err
    assert message in printed
    assert printed.count("\n") == 1
    assert not [*here.iterdir()]


def test_an_interrupt_leaves_nothing(plain, here, capsys, monkeypatch):
    def interrupted(*args, **more):
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(walk, "decode", interrupted)
    assert main(["walk", plain, *SMALL]) == 130
    assert capsys.readouterr().err == "stopped; walk.gif was not written\n"
    assert not [*here.iterdir()]


def test_an_mp4_without_ffmpeg_says_what_to_install(plain, here, capsys, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    assert main(["walk", plain, *SMALL, "--out", "a.mp4"]) == 1
    printed = capsys.readouterr().err
    assert "pip install imageio-ffmpeg" in printed
    assert printed.count("\n") == 1
    assert not [*here.iterdir()]


def test_an_mp4(plain, here):
    try:
        program = video.ffmpeg()
    except ValueError:
        pytest.skip("there is no ffmpeg here")
    assert main(["walk", plain, *SMALL, "--scale", "3", "--out", "a.mp4"]) == 0
    shown = subprocess.run([program, "-i", "a.mp4"], capture_output=True, text=True).stderr
    assert "h264" in shown
    assert "98x98" in shown
    assert "12 fps" in shown
    command = [program, "-loglevel", "error", "-i", "a.mp4", "-f", "rawvideo", "-pix_fmt", "rgb24"]
    raw = subprocess.run([*command, "-"], capture_output=True).stdout
    assert len(raw) == 12 * 98 * 98 * 3


def test_an_ffmpeg_that_fails_says_why(here, monkeypatch):
    script = here / "fails.py"
    script.write_text("import sys\nprint('no such encoder', file=sys.stderr)\nsys.exit(1)\n")
    monkeypatch.setattr(video, "ffmpeg", lambda: sys.executable)
    popen = subprocess.Popen
    monkeypatch.setattr(
        subprocess, "Popen", lambda command, **more: popen([command[0], str(script)], **more)
    )
    frames = [Image.new("RGB", (400, 400))] * 20
    with pytest.raises(ValueError, match="could not write the film: no such encoder"):
        video.write(here / "a.mp4", "MP4", frames, 20, 12)


@pytest.mark.parametrize("unit", [1, 10])
@pytest.mark.parametrize("fps", [7, 12, 24, 25, 29.97, 30, 50])
def test_times_never_drift(fps, unit):
    shown = np.cumsum(video.times(300, fps, unit))
    assert np.abs(shown - 1000 * np.arange(1, 301) / fps).max() <= unit
    assert set(np.diff(shown)) <= {unit * (1000 / fps // unit), unit * (1000 / fps // unit + 1)}
