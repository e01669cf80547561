"""Wrong texts on the command line: a clear error in one line, or the right training, in no time."""

import inspect
import math
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from gan_lessons import plots
from gan_lessons.train import TrainConfig, __main__

sys.path.insert(0, str(Path(__file__).parent))
from wrong_values import SECONDS, HungError, limited

TEXTS = [
    *("", " ", "x", "-1", "0", "1", "1.5", "nan", "-inf", "1e400", "2147483648", str(2**64)),
    *(
        "9" * 400,
        "9" * 5000,
        "true",
        "None",
        "none",
        "=",
        "x=1",
        "²",
        "１２",
        "a\nb",
        "[]",
        "a\x00b",
    ),
]
BASE = {
    **{"data": "folder:pictures", "size": "16", "steps": "1", "recipe": "dcgan", "device": "cpu"},
    **{"out": "run", "compute": "bfloat16=off"},
}
# Texts that are right, or would only take long.
RIGHT = {
    "data": set(),
    "size": {"１２"},
    "steps": {"1", "１２", "2147483648", str(2**64), "9" * 400},
    "recipe": {""},
    "device": set(),
    "out": {text for text in TEXTS if text.strip() and "\x00" not in text and len(text) < 256},
    "compute": set(),
}


class Accepted(Exception):
    """The text was read, and the training could begin."""


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    def stop(*_: Any, **__: Any) -> None:
        raise Accepted

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(__main__.Trainer, "fit", stop)
    (tmp_path / "pictures").mkdir()
    for i in range(4):
        picture = torch.full((1, 1, 16, 16), 40 * i, dtype=torch.uint8)
        plots.sheet(picture, scale=1).save(tmp_path / "pictures" / f"{i}.png")


def status_of(options: dict[str, str], settings: list[str]) -> int | str:
    line = [f"--{name}={text}" for name, text in options.items()]
    line += [f"--set={each}" for each in ("width=4", "batch=2", *settings)]
    try:
        with limited(SECONDS):
            return __main__.main([*line, "--no-distance"])
    except Accepted:
        return "accepted"
    except HungError:
        return f"ran for more than {SECONDS} s"
    except SystemExit as error:
        return int(error.code or 0)


def complaint(status: int | str, said: str, name: str, right: bool) -> str:
    """What is wrong with how a text was taken; empty if nothing is."""
    if status == "accepted":
        return "" if right else "accepted"
    lines = said.strip().splitlines()
    error = lines[-1:] if status == 2 else lines  # argparse writes how to use it first
    if status not in (1, 2) or len(error) != 1 or not re.search(name, error[0]):
        return f"status {status}: {said[-300:]!r}"
    return ""


@pytest.mark.parametrize("name", BASE)
def test_options(name, capsys):
    assert status_of(BASE, []) == "accepted"
    also = {"data": "data set", "out": "out|name too long"}.get(name, name)
    found = []
    for text in TEXTS:
        capsys.readouterr()
        status = status_of({**BASE, name: text}, [])
        wrong = complaint(status, capsys.readouterr().err, also, text in RIGHT[name])
        found += [f"{text!r:.40}: {wrong}"] if wrong else []
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", inspect.signature(TrainConfig).parameters)
def test_settings(name, capsys):
    value = getattr(TrainConfig(), name)
    known = {text for text in TEXTS if is_right(text, name, value)}
    also = {"augment": "augmentation"}.get(name, name)
    found = []
    for text in TEXTS:
        capsys.readouterr()
        status = status_of(BASE, [f"{name}={text}"])
        wrong = complaint(status, capsys.readouterr().err, also, text in known)
        found += [f"{text!r:.40}: {wrong}"] if wrong else []
    assert not found, "\n".join(found)


def is_right(text: str, name: str, value: object) -> bool:
    """Whether the text stands for a value of a setting's type."""
    if isinstance(value, bool):
        return text == "true"
    if isinstance(value, str) or value is None:
        return name in ("augment", "penalty") and text in ("", " ", "none")
    try:
        number = type(value)(text)  # type: ignore[call-arg]
    except ValueError:
        return False
    return 0 <= number < math.inf


def test_settings_of_no_name(capsys):
    for text in [*TEXTS, "batch", "x=1", "=1", "BATCH=2"]:
        capsys.readouterr()
        wrong = complaint(status_of(BASE, [text]), capsys.readouterr().err, "--set", False)
        assert not wrong, f"{text!r:.40}: {wrong}"


def test_compute_options(capsys):
    for text in ["graph=on", "bfloat16", "bfloat16=", "bfloat16=1", "x=on", "=on", "BFLOAT16=on"]:
        capsys.readouterr()
        status = status_of({**BASE, "compute": text}, [])
        wrong = complaint(status, capsys.readouterr().err, "compute", False)
        assert not wrong, f"{text!r:.40}: {wrong}"
