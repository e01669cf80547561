"""A run of the command line that is stopped at any moment loses nothing, and says what is true."""

import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from gan_lessons import plots
from gan_lessons.metrics import Judge
from gan_lessons.train import History, TrainConfig, Trainer, checkpoint, networks
from gan_lessons.train import __main__ as command_line
from gan_lessons.train.__main__ import main
from gan_lessons.train.checkpoint import find, read

pytestmark = pytest.mark.usefixtures("small_sets")

QUICK = ["--set", "width=4", "--set", "batch=8", "--set", "network=mlp", "--device", "cpu"]
QUICK += ["--compute", "bfloat16=off"]
STEPS = ["--steps", "6", "--out"]
# Where it is stopped: the function that runs then, which of its calls, and whether a checkpoint is
# there afterwards.
MOMENTS = {
    "while the data is loaded": ((command_line.data, "load"), 1, False),
    "while the networks are built": ((command_line, "networks"), 1, False),
    "while the features are trained": ((Judge, "__init__"), 1, False),
    "in the first step": ((Trainer, "play_step"), 1, True),
    "in a later step": ((Trainer, "play_step"), 4, True),
    "in the last step": ((Trainer, "play_step"), 6, True),
    "while it is saved": ((checkpoint, "save_file"), 1, True),
    "while samples are drawn": ((plots, "sheet"), 1, True),
    "in the last distance": ((Judge, "__call__"), 1, True),
    "while it is saved with the distance": ((checkpoint, "save_file"), 2, True),
    "while the history is written": ((History, "to_csv"), 1, True),
}
SIGNALS = [
    (name, times) for name in ("SIGINT", "SIGTERM", "SIGHUP") for times in (1, 2)
    if hasattr(signal, name)
]  # fmt: skip


def stopping(monkeypatch, owner, name: str, call: int, number: signal.Signals, times: int) -> None:
    """Sends a signal when a function is called for the nth time."""
    function, calls = getattr(owner, name), []

    def wrapped(*args, **kwargs):
        calls.append(1)
        if len(calls) == call:
            for _ in range(times):
                signal.raise_signal(number)
        return function(*args, **kwargs)

    monkeypatch.setattr(owner, name, wrapped)


@pytest.fixture(scope="module")
def straight() -> dict[str, torch.Tensor]:
    """The state at the end of a run that nobody stops, made by the first test that needs it."""
    return {}


def end_of(folder) -> dict[str, torch.Tensor]:
    _, state = read(find(folder)[-1])
    return {name: value for name, value in state.items() if torch.is_tensor(value)}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize(("name", "times"), SIGNALS)
@pytest.mark.parametrize("moment", MOMENTS)
def test_stopped_at_any_moment(tmp_path, capsys, monkeypatch, straight, moment, name, times):
    if not straight:
        assert main([*QUICK, *STEPS, "straight"]) == 0
        straight.update(end_of(tmp_path / "straight"))
    (owner, function), call, saves = MOMENTS[moment]
    number = getattr(signal, name)
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    with monkeypatch.context() as patch:
        stopping(patch, owner, function, call, number, times)
        status = main([*QUICK, *STEPS, "out"])
    assert {each: signal.getsignal(each) for each in before} == before
    printed = capsys.readouterr()
    insisted = (name, times) == ("SIGINT", 2) and "step" in moment
    if insisted:  # it is broken off within a step: of this short run, nothing is saved yet
        saves = False
    # Asked for after the last step, a stop changes nothing, unless somebody insists.
    late = moment in ("in the last step", "while it is saved")
    complete = late and (name, times) != ("SIGINT", 2)
    assert status == (0 if complete else 128 + number)
    files = find(tmp_path / "out") if (tmp_path / "out").exists() else []
    assert bool(files) == saves
    if status and not saves:
        assert "stopped before anything was saved" in printed.err
    elif status:
        assert "add --resume to go on" in printed.out + printed.err
    again = main([*QUICK[-4:], *STEPS, "out", *(["--resume"] if saves else QUICK[:-4])])
    assert again == (1 if complete else 0), capsys.readouterr().err
    assert (tmp_path / "out" / "history.csv").exists()
    assert (tmp_path / "out" / "samples.png").exists()
    end = end_of(tmp_path / "out")
    distances = end["history.distances"]  # also of the step after which it was stopped
    end["history.distances"] = distances[distances[:, 0] == 6]
    for key, value in straight.items():
        assert torch.equal(end[key], value), key


@pytest.mark.parametrize("insisting", [False, True])
def test_further_requests_do_not_break_off_the_answer(tmp_path, capsys, monkeypatch, insisting):
    (owner, function), call, _ = MOMENTS[
        "in a later step" if insisting else "while the data is loaded"
    ]
    stopping(monkeypatch, owner, function, call, signal.SIGINT, 2)
    stopping(monkeypatch, command_line.ranks, "stop", 1, signal.SIGTERM, 1)
    stopping(monkeypatch, command_line, "_what_is_left", 1, signal.SIGINT, 1)
    try:
        assert main([*QUICK, *STEPS, "out"]) == 128 + signal.SIGTERM
    except KeyboardInterrupt:
        pytest.fail("a request to stop ended it with a trace")
    assert capsys.readouterr().err.splitlines()[-1] == "stopped before anything was saved"


def test_a_request_at_the_edges_of_a_run_is_answered(tmp_path, capsys, monkeypatch):
    for owner, name, says in [
        (command_line, "_parser", "stopped before it began\n"),
        (command_line.ranks, "stop", "stopped; checkpoint-00000006.safetensors is saved in out: "),
    ]:
        with monkeypatch.context() as patch:
            stopping(patch, owner, name, 1, signal.SIGTERM, 1)
            try:
                assert main([*QUICK, *STEPS, "out"]) == 128 + signal.SIGTERM
            except KeyboardInterrupt:
                pytest.fail("a request to stop ended it with a trace")
        assert says in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
@pytest.mark.parametrize("moment", ["while the data is loaded", "in a later step"])
def test_an_ignored_signal_stays_ignored(tmp_path, monkeypatch, moment):
    """`nohup` lets a run outlive its terminal."""
    (owner, function), call, _ = MOMENTS[moment]
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        stopping(monkeypatch, owner, function, call, signal.SIGHUP, 1)
        assert main([*QUICK, *STEPS, "out"]) == 0
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_results_of_an_earlier_step_are_replaced(tmp_path, monkeypatch):
    """A resumed run that is stopped while it is judged still has those of its first part."""
    assert main([*QUICK, *STEPS, "straight"]) == 0
    assert main([*QUICK, "--steps", "4", "--out", "out"]) == 0
    with monkeypatch.context() as patch:
        stopping(patch, Judge, "__call__", 1, signal.SIGTERM, 1)
        assert main([*QUICK[-4:], *STEPS, "out", "--resume"]) == 128 + signal.SIGTERM
    assert main([*QUICK[-4:], *STEPS, "out", "--resume"]) == 0
    rows = (tmp_path / "out" / "history.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in rows] == ["step", "1", "2", "3", "4", "5", "6"]
    assert rows[-1] == (tmp_path / "straight" / "history.csv").read_text().splitlines()[-1]
    sheets = [(tmp_path / name / "samples.png").read_bytes() for name in ("out", "straight")]
    assert sheets[0] == sheets[1]


@pytest.mark.parametrize(
    ("owner", "function", "file"),
    [(plots, "sheet", "samples.png"), (History, "to_csv", "history.csv")],
)
def test_a_disk_that_is_full_after_the_training(
    tmp_path, capsys, monkeypatch, owner, function, file
):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(owner, function, full)
        assert main([*QUICK, *STEPS, "out"]) == 1
    assert capsys.readouterr().err == (
        f"error: cannot write out{os.sep}{file}: No space left on device; "
        "checkpoint-00000006.safetensors is saved: add --resume to go on\n"
    )
    assert main([*QUICK[-4:], *STEPS, "out", "--resume"]) == 0
    assert (tmp_path / "out" / "history.csv").exists()


def test_what_a_killed_run_did_not_finish_writing_is_removed(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    names = ("config.json", "samples.png", "history.csv", "checkpoint-00000003.safetensors")
    for name in (*names, "holiday.mp4"):
        (out / f".{name}.4711.part").write_text("half")
    assert main([*QUICK, *STEPS, "out"]) == 0
    assert [file.name for file in out.glob(".*.part")] == [".holiday.mp4.4711.part"]


class Stream(io.TextIOWrapper):
    """A terminal of an encoding, that can be closed from outside."""

    def __init__(self, encoding: str = "utf-8"):
        super().__init__(io.BytesIO(), encoding=encoding)

    def text(self) -> str:
        self.flush()
        return self.buffer.getvalue().decode(self.encoding)


class Broken(io.StringIO):
    """What is left of a terminal whose window was closed."""

    def write(self, text: str) -> int:
        raise OSError(5, "Input/output error")

    def flush(self) -> None:
        raise OSError(5, "Input/output error")


@pytest.mark.parametrize("encoding", ["cp1251", "cp437", "cp932", "ascii", "utf-8"])
def test_no_encoding_ends_a_run(tmp_path, monkeypatch, encoding):
    streams = Stream(encoding), Stream(encoding)
    monkeypatch.setattr(sys, "stdout", streams[0])
    monkeypatch.setattr(sys, "stderr", streams[1])
    assert main([*QUICK, *STEPS, "out"]) == 0
    assert "distance: " in streams[0].text()
    assert (tmp_path / "out" / "history.csv").exists()


@pytest.mark.parametrize("kind", [None, "closed", "broken"])
def test_no_missing_or_broken_stream_ends_a_run(tmp_path, monkeypatch, kind):
    for name in ("stdout", "stderr"):
        stream = None if kind is None else Broken() if kind == "broken" else io.StringIO()
        if kind == "closed":
            stream.close()
        monkeypatch.setattr(sys, name, stream)
    assert main([*QUICK, *STEPS, "out"]) == 0
    assert (tmp_path / "out" / "history.csv").exists()
    assert main([*QUICK, *STEPS, "out"]) == 1  # the error cannot be printed, and is one


@pytest.mark.parametrize("kind", [None, "closed"])
def test_fit_needs_no_stream(tmp_path, monkeypatch, kind):
    images = command_line.data.load("mnist")
    config = TrainConfig(width=4, latent=6, batch=8, network="mlp")
    trainer = Trainer(*networks(config, images), images, config, "cpu")
    for name in ("stdout", "stderr"):
        stream = None if kind is None else io.StringIO()
        if stream is not None:
            stream.close()
        monkeypatch.setattr(sys, name, stream)
    assert trainer.fit(3).steps == 3
    trainer.play_step = lambda: signal.raise_signal(signal.SIGINT) or Trainer.play_step(trainer)
    assert trainer.fit(9).steps == 4  # it cannot say that it stopped, and stops


@pytest.mark.skipif(sys.platform == "win32", reason="numbers files differently")
def test_what_is_printed_to_a_closed_stream_reaches_no_file(tmp_path):
    """A library prints to descriptors 1 and 2, whatever file got the number."""
    code = (
        "import os; from gan_lessons.train.streams import safe_streams\n"
        "for number in (0, 1, 2): os.close(number)\n"
        "with safe_streams(), open('a', 'w') as a, open('b', 'w') as b, open('c', 'w') as c:\n"
        "    for number in (1, 2): os.write(number, b'warning')\n"
    )
    subprocess.run(
        [sys.executable, "-c", code], check=True, cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    assert {name: (tmp_path / name).read_text() for name in "abc"} == dict.fromkeys("abc", "")


def test_two_runs_do_not_share_a_folder(tmp_path, capsys):
    out = tmp_path / "out"
    with checkpoint.claimed(out, "0" * 32, 0):
        code = (
            "import sys; from gan_lessons.train.__main__ import main; "
            "sys.exit(main(['--data', 'glyphs', '--steps', '2', '--set', 'network=mlp', "
            "'--device', 'cpu', '--compute', 'bfloat16=off', '--no-distance', '--out', 'out']))"
        )
        run = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True, text=True, cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        )  # fmt: skip
    assert run.returncode == 1
    assert "out is in use by another training: wait until it ends, or choose" in run.stderr
    assert run.stderr.count("\n") == 1
    assert sorted(file.name for file in out.iterdir()) == [".lock"]


def test_the_results_of_a_run_that_is_complete_can_be_had_again(tmp_path, capsys):
    assert main([*QUICK, *STEPS, "out"]) == 0
    (tmp_path / "out" / "samples.png").unlink()
    assert main([*QUICK[-4:], *STEPS, "out", "--resume"]) == 0
    assert (tmp_path / "out" / "samples.png").exists()
    assert main([*QUICK[-4:], *STEPS, "out", "--resume"]) == 1
    assert "already at step 6: ask for more --steps" in capsys.readouterr().err
