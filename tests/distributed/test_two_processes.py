"""Two gloo processes compute what one would, and stay alike."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from gan_lessons import data
from gan_lessons.train import Trainer
from gan_lessons.train.checkpoint import find

WORKER = Path(__file__).with_name("worker.py")
sys.path.insert(0, str(WORKER.parent))
import worker  # noqa: E402

STILL = {"modern": {"network.discriminator.layers.3.bias"}}

pytestmark = pytest.mark.skipif(
    not torch.distributed.is_available() or sys.platform == "win32", reason="needs gloo"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """What one process and two have left."""
    folder = tmp_path_factory.mktemp("ranks")
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    for command in (launch, [sys.executable]):
        run = subprocess.run(
            [*command, str(WORKER), str(folder)],
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert run.returncode == 0, run.stderr[-3000:]
    return folder


def left(folder: Path, name: str) -> dict:
    return torch.load(folder / name, weights_only=True)


@pytest.mark.parametrize("setting", [*worker.SETTINGS, *worker.GAMES])
def test_two_halves_are_one_whole(folder, setting):
    one, two = (left(folder, name)["exact"][setting] for name in ("0of1.pt", "0of2.pt"))
    assert one.keys() == two.keys()
    for name, value in one.items():
        assert value.dtype == torch.float64 or "num_batches" in name
        torch.testing.assert_close(two[name], value, rtol=0, atol=1e-10, msg=name)
    start = worker.trainer_of(setting)
    moved = {name: (one[name] - value).abs().max() for name, value in worker.numbers(start).items()}
    still = {name for name, by in moved.items() if by <= 1e-6}
    # Every weight and bias took part, but for one: a relativistic loss compares logits, so a bias
    # on all of them changes nothing.
    assert still == STILL.get(setting, set())


def test_both_stay_alike_for_fifty_steps(folder):
    first, second = (left(folder, f"{rank}of2.pt")["long"] for rank in (0, 1))
    assert any("running_var" in name for name in first)
    for name, value in first.items():
        if name != "z":
            assert torch.equal(value, second[name]), name


def test_each_has_noise_of_its_own(folder):
    first, second = (left(folder, f"{rank}of2.pt")["long"]["z"] for rank in (0, 1))
    assert (first != second).all()


@pytest.mark.parametrize("before", [1, 2])
def test_another_number_of_processes_goes_on(folder, before):
    resumed = Trainer.resume(folder / f"by{before}", worker.pictures(), device="cpu")
    assert resumed.steps == 4
    for name, value in left(folder, f"saved0of{before}.pt").items():
        assert torch.equal(worker.numbers(resumed)[name], value)


def test_only_the_first_writes(folder):
    files = sorted(file.name for file in (folder / "by2").iterdir())
    assert files == [".lock", "checkpoint-00000004.safetensors"]


def test_a_lost_process_leaves_a_checkpoint_to_go_on_from(tmp_path):
    script = WORKER.with_name("lost.py")
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    run = subprocess.run(
        [*launch, str(script), str(tmp_path / "run")],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode != 0
    (said,) = [line for line in run.stderr.splitlines() if line.startswith("error: another proc")]
    saved = find(tmp_path / "run")[-1]
    assert f"{saved.name} is saved: resume to go on" in said
    steps = Trainer.resume(tmp_path / "run", data.load("glyphs"), device="cpu").fit(1).steps
    assert 10 < steps <= 501
