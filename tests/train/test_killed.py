"""A training that is killed at any moment, while saving too, goes on as if nothing had been."""

import itertools
import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from gan_lessons.data import Images
from gan_lessons.train import GameTrainer, TrainConfig, Trainer, networks
from gan_lessons.train.checkpoint import find

sys.path.insert(0, str(Path(__file__).parent))
from toy_games import GAMES

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs fork and SIGKILL")

ROOT = Path(__file__).parents[2]
KILLS = {"pictures": 20, "translation": 5, "adaptation": 5}
STEPS = {"pictures": 400, "translation": 150, "adaptation": 150}
CONFIG = TrainConfig(
    network="mlp", width=16, latent=6, batch=8, loss="rpgan", penalty="r1r2", gamma=1.0,
    instance_noise=0.1, schedule_steps=300, learning_rate_final=0.1, ema_half_life=200.0,
    augment="translation",
)  # fmt: skip


def pictures() -> Images:
    rng = torch.Generator().manual_seed(0)
    pixels = torch.randint(256, (50, 1, 8, 8), generator=rng, dtype=torch.uint8)
    return Images(pixels, name="noise")


def started(game: str = "pictures") -> GameTrainer:
    if game in GAMES:
        return GAMES[game]()
    return Trainer(*networks(CONFIG, pictures()), pictures(), CONFIG, "cpu")


def resumed(folder: Path, game: str) -> GameTrainer:
    if game in GAMES:
        return GAMES[game]().restore(folder)
    return Trainer.resume(folder, pictures(), device="cpu")


def train(folder: Path, game: str) -> None:
    """Goes on from what is there, saving after every few steps."""
    torch.set_num_threads(1)
    trainer = resumed(folder, game) if find(folder) else started(game)
    while trainer.steps < STEPS[game]:
        for _ in range(min(3, STEPS[game] - trainer.steps)):
            trainer.step()
        trainer.save(folder)


def lives(folder: Path, game: str) -> tuple[int, list[str]]:
    """Trains to the end, killed at random moments: how many times, and how far each life came."""
    fork = multiprocessing.get_context("fork")
    started(game)  # so that each life finds imported what torch imports late
    moments = random.Random(0)
    kills, steps_at_kills = 0, []
    while True:
        process = fork.Process(target=train, args=(folder, game))
        process.start()
        if kills < KILLS[game]:
            before = find(folder)
            while find(folder) == before and process.is_alive():
                time.sleep(0.001)
            time.sleep(moments.uniform(0.0, 0.05))
            os.kill(process.pid, signal.SIGKILL)
        process.join(120)
        if process.exitcode == 0:
            return kills, steps_at_kills
        assert process.exitcode == -signal.SIGKILL
        kills += 1
        steps_at_kills.append(find(folder)[-1].name if find(folder) else "none")


@pytest.mark.parametrize("game", KILLS)
def test_killed_at_random_moments(tmp_path, game):
    whole, folder = tmp_path / "whole", tmp_path / "killed"
    # By a program of its own: one whose torch has seen a GPU, or a backward pass, cannot fork.
    ended = subprocess.run(
        [sys.executable, __file__, str(folder), game],
        env=os.environ | {"CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=True, timeout=600,
    )  # fmt: skip
    kills, steps_at_kills = json.loads(ended.stdout)
    assert kills == KILLS[game], "the training was over before it could be killed"
    assert len(set(steps_at_kills)) == KILLS[game]  # each life got a little further

    train(whole, game)
    one, other = (resumed(path, game) for path in (whole, folder))
    assert one.steps == other.steps == STEPS[game]
    assert one.history == other.history
    saved, again = one.state_dict(), other.state_dict()
    assert any(name.startswith("average.") for name in saved) or game == "adaptation"
    for name, value in saved.items():
        if torch.is_tensor(value):
            assert torch.equal(value, again[name]), name
    assert not list(folder.glob("*.part"))


def test_killed_in_the_middle_of_writing(tmp_path, monkeypatch):
    """Whatever the moment within a save, a whole checkpoint is there."""
    torch.set_num_threads(1)
    trainer = started()
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


if __name__ == "__main__":
    print(json.dumps(lives(Path(sys.argv[1]), sys.argv[2])))
