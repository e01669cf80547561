"""A training that is killed at any moment, while saving too, goes on as if nothing had been."""

import itertools
import multiprocessing
import os
import random
import signal
import sys
import time

import pytest
import torch

from gan_lessons.data import Images
from gan_lessons.train import TrainConfig, Trainer, networks
from gan_lessons.train.checkpoint import find

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs fork and SIGKILL")

KILLS = 20
STEPS = 400
CONFIG = TrainConfig(
    network="mlp", width=16, latent=6, batch=8, loss="rpgan", penalty="r1r2", gamma=1.0,
    instance_noise=0.1, schedule_steps=300, learning_rate_final=0.1, ema_half_life=200.0,
    augment="translation",
)  # fmt: skip


def pictures() -> Images:
    rng = torch.Generator().manual_seed(0)
    pixels = torch.randint(256, (50, 1, 8, 8), generator=rng, dtype=torch.uint8)
    return Images(pixels, name="noise")


def train(folder) -> None:
    """Goes on from what is there, saving after every few steps."""
    torch.set_num_threads(1)
    if find(folder):
        trainer = Trainer.resume(folder, pictures(), device="cpu")
    else:
        trainer = Trainer(*networks(CONFIG, pictures()), pictures(), CONFIG, "cpu")
    while trainer.steps < STEPS:
        for _ in range(min(3, STEPS - trainer.steps)):
            trainer.step()
        trainer.save(folder)


def test_killed_at_random_moments(tmp_path):
    fork = multiprocessing.get_context("fork")
    moments = random.Random(0)
    whole, folder = tmp_path / "whole", tmp_path / "killed"
    kills, steps_at_kills = 0, []
    while True:
        process = fork.Process(target=train, args=(folder,))
        process.start()
        if kills < KILLS:
            before = find(folder)
            while find(folder) == before and process.is_alive():
                time.sleep(0.001)
            time.sleep(moments.uniform(0.0, 0.05))
            os.kill(process.pid, signal.SIGKILL)
        process.join(120)
        if process.exitcode == 0:
            break
        assert process.exitcode == -signal.SIGKILL
        kills += 1
        steps_at_kills.append(find(folder)[-1].name if find(folder) else "none")
    assert kills == KILLS, "the training was over before it could be killed"
    assert len(set(steps_at_kills)) == KILLS  # each life got a little further

    process = fork.Process(target=train, args=(whole,))
    process.start()
    process.join(120)
    one, other = (Trainer.resume(path, pictures(), device="cpu") for path in (whole, folder))
    assert one.steps == other.steps == STEPS
    assert one.history == other.history
    for name in ("generator", "discriminator", "average"):
        kept, again = (getattr(trainer, name).state_dict() for trainer in (one, other))
        for key, value in kept.items():
            assert torch.equal(value, again[key]), f"{name}.{key}"
    assert not list(folder.glob("*.part"))


def test_killed_in_the_middle_of_writing(tmp_path, monkeypatch):
    """Whatever the moment within a save, a whole checkpoint is there."""
    torch.set_num_threads(1)
    trainer = Trainer(*networks(CONFIG, pictures()), pictures(), CONFIG, "cpu")
    trainer.step()
    trainer.save(tmp_path)
    trainer.step()

    class Killed(BaseException):
        pass

    def dying(function, calls, at):
        def wrapped(*args, **kwargs):
            if next(calls) == at:
                raise Killed
            return function(*args, **kwargs)

        return wrapped

    for last in range(12):
        calls = itertools.count()
        with monkeypatch.context() as patch:
            for name in ("replace", "fsync", "unlink"):
                patch.setattr(os, name, dying(getattr(os, name), calls, last))
            try:
                trainer.save(tmp_path)
            except Killed:
                pass
            else:
                break
        assert Trainer.resume(tmp_path, pictures(), device="cpu").steps in (1, 2)
    assert last >= 2
    assert Trainer.resume(tmp_path, pictures(), device="cpu").steps == 2
