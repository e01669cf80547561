import csv
import json
import signal
import sys

import numpy as np
import pytest
from PIL import Image

from gan_lessons import data
from gan_lessons.train import ComputeOptions, Trainer
from gan_lessons.train.__main__ import main
from gan_lessons.train.checkpoint import find
from gan_lessons.train.tensorboard import TensorBoardView

pytestmark = pytest.mark.usefixtures("small_sets")
QUICK = ["--set", "width=4", "--set", "batch=8", "--device", "cpu", "--out", "out"]


def test_a_run_leaves_everything(tmp_path, capsys):
    assert main(["--steps", "6", *QUICK]) == 0
    out = tmp_path / "out"
    assert Image.open(out / "samples.png").size == (10 * 32 + 18, 10 * 32 + 18)
    rows = list(csv.DictReader((out / "history.csv").read_text().splitlines()))
    assert [row["step"] for row in rows] == ["1", "2", "3", "4", "5", "6"]
    assert float(rows[-1]["distance"]) > 0
    assert all(np.isfinite(float(row["generator_loss"])) for row in rows)
    assert json.loads((out / "config.json").read_text())["batch"] == 8
    assert [file.name for file in find(out)] == ["checkpoint-00000006.safetensors"]
    printed = capsys.readouterr().out
    assert "Fréchet distance: " in printed
    assert "as many real pictures get" in printed


def test_compute_options_are_measured_or_asked_for(tmp_path, capsys, monkeypatch):
    assert main(["--steps", "1", *QUICK]) == 0
    assert " ms here with " in capsys.readouterr().out
    monkeypatch.setattr("gan_lessons.train.__main__.fastest", None)  # measuring would fail
    chosen = ["--compute", "bfloat16=on", "--compute", "fused=off"]
    assert main(["--steps", "1", *QUICK[:-1], "asked", *chosen]) == 0
    kept = Trainer.resume(tmp_path / "asked", data.load("mnist"), device="cpu").compute
    assert kept == ComputeOptions(bfloat16=True, fused=False)
    assert main(["--steps", "2", *QUICK[-4:-1], "asked", "--resume", *chosen]) == 0
    assert main(["--steps", "3", *QUICK[-4:-1], "asked", "--resume", *chosen[:2]]) == 1
    assert "leave --compute out" in capsys.readouterr().err


def test_tensorboard_is_written_beside_the_progress(tmp_path):
    accumulator = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator", reason="an optional extra"
    )
    assert not TensorBoardView.shows_progress
    assert main(["--steps", "6", *QUICK, "--tensorboard"]) == 0
    events = accumulator.EventAccumulator(str(tmp_path / "out"))
    events.Reload()
    losses = events.Scalars("loss/generator")
    assert [event.step for event in losses] == [1, 2, 3, 4, 5, 6]
    kept = Trainer.resume(tmp_path / "out", data.load("mnist"), device="cpu").history
    assert [event.value for event in losses] == pytest.approx(kept.generator_loss)
    assert events.Scalars("learning rate/discriminator")[-1].value == pytest.approx(1e-3)
    (sheet, *_) = events.Images("samples")
    assert (sheet.width, sheet.height) == (8 * 32 + 14, 8 * 32 + 14)


def test_without_tensorboard_it_says_what_to_install(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    assert main(["--steps", "6", *QUICK, "--tensorboard"]) == 1
    assert "pip install tensorboard" in capsys.readouterr().err


def test_resume_goes_on_to_the_same_end(tmp_path):
    # Two runs that measure may find different memory layouts the fastest, which round differently.
    chosen = ["--compute", "bfloat16=off"]
    assert main(["--steps", "4", *QUICK, *chosen]) == 0
    assert main(["--steps", "9", *QUICK[-4:], "--resume"]) == 0
    assert main(["--steps", "9", *QUICK[:-1], "straight", *chosen]) == 0
    first, second = ((tmp_path / f / "samples.png").read_bytes() for f in ("out", "straight"))
    assert first == second


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--steps", "0"], "--steps must be at least 1, got 0"),
        (["--steps", "-3"], "--steps must be at least 1, got -3"),
        (["--data", "minst"], "mnist"),
        (["--recipe", "big"], "unknown recipe 'big': choose from article, dcgan"),
        (["--device", "tpu"], "unknown or missing device 'tpu'"),
        (["--set", "loss=gan"], "unknown loss 'gan': choose from minimax"),
        (["--set", "batch"], "--set takes NAME=VALUE, got 'batch'"),
        (
            ["--set", "speed=9"],
            "unknown setting of --set 'speed': did you mean seed? choose from batch",
        ),
        (["--set", "wdith=8"], "unknown setting of --set 'wdith': did you mean width? choose"),
        (["--set", "batch=many"], "--set batch takes a number, got 'many'"),
        (
            ["--set", "learning_rate_g=nan"],
            "learning_rate_g must be a finite number above 0, got nan",
        ),
        (["--data", "folder:nowhere"], "nowhere"),
        (["--data", "folder:"], "'.' is the current folder"),
        (["--size", "0"], "--size must be a whole number of at least 1, got 0"),
        (["--size", "8"], "pictures must be at least 16 pixels wide to be judged, got 8"),
        (["--resume"], "does not exist: there is nothing to resume from"),
    ],
)
def test_bad_input_is_one_line(arguments, message, capsys, tmp_path):
    assert main([*arguments, "--out", "out"]) == 1
    captured = capsys.readouterr().err
    assert message in captured
    assert captured.startswith("error: ")
    assert captured.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_what_cannot_be_judged_is_known_before_the_training(tmp_path, capsys):
    (tmp_path / "few").mkdir()
    for i in range(6):
        Image.new("L", (20, 20), 40 * i).save(tmp_path / "few" / f"{i}.png")
    assert main(["--data", "folder:few", "--size", "16", "--steps", "2", *QUICK]) == 1
    assert "at least 10 pictures, got 6" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert (
        main(["--data", "folder:few", "--size", "16", "--steps", "2", "--no-distance", *QUICK]) == 0
    )


def test_an_earlier_run_is_not_overwritten(capsys):
    assert main(["--steps", "2", *QUICK]) == 0
    assert main(["--steps", "2", *QUICK]) == 1
    assert "already holds checkpoint-00000002.safetensors: add --resume" in capsys.readouterr().err
    assert main(["--steps", "2", *QUICK, "--resume"]) == 1
    assert "already at step 2: ask for more --steps" in capsys.readouterr().err


def test_resuming_with_other_settings_is_pointed_out(capsys):
    assert main(["--steps", "2", *QUICK]) == 0
    assert main(["--steps", "4", "--resume", "--set", "batch=9", "--out", "out"]) == 1
    assert "the checkpoint was made with" in capsys.readouterr().err


def test_settings_without_a_value_of_their_own():
    assert main(["--steps", "2", *QUICK, "--set", "penalty=none", "--no-distance"]) == 0


def test_an_interrupted_run_keeps_what_it_has_and_says_so(tmp_path, capsys, monkeypatch):
    step = Trainer.step

    def interrupted(trainer):
        step(trainer)
        if trainer.steps == 2:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Trainer, "step", interrupted)
    assert main(["--steps", "9", *QUICK, "--compute", "bfloat16=off"]) == 130
    assert "add --resume to go on" in capsys.readouterr().out
    assert [file.name for file in find(tmp_path / "out")] == ["checkpoint-00000002.safetensors"]
    assert (tmp_path / "out" / "samples.png").exists()


def test_out_must_be_a_folder(tmp_path, capsys):
    (tmp_path / "out").write_text("")
    assert main(["--out", "out"]) == 1
    assert "--out must be a folder, out is a file" in capsys.readouterr().err


@pytest.mark.parametrize("out", ["", " "])
def test_an_empty_out_is_not_the_current_folder(tmp_path, capsys, out):
    assert main(["--steps", "1", *QUICK[:-1], out]) == 1
    assert "--out is empty: '.' is the current folder" in capsys.readouterr().err
    assert not list(tmp_path.glob("*.png"))


def test_the_home_folder_is_found(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    (tmp_path / "home" / "few").mkdir(parents=True)
    Image.new("L", (20, 20), 40).save(tmp_path / "home" / "few" / "a.png")
    few = ["--data", "folder:~/few", "--size", "16", "--no-distance"]
    assert main(["--steps", "1", *QUICK[:-2], "--out=~/run", *few]) == 0
    assert find(tmp_path / "home" / "run")
    assert not (tmp_path / "~").exists()


def test_a_size_without_networks_is_refused_before_the_folder_is_read(
    tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(data, "folder", None)  # reading would fail
    monkeypatch.setattr(data, "load", None)
    for given in ("folder:.", "mnist"):
        assert main(["--data", given, "--size", "100", *QUICK]) == 1
        printed = capsys.readouterr().err
        assert "got 100; the nearest are 96 and 112" in printed
        assert printed.count("\n") == 1
