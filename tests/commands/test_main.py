import os
import re
import subprocess
import sys

import pytest

import gan_lessons
from gan_lessons.commands.arguments import parser
from gan_lessons.commands.main import main

COMMANDS = ["generate", "walk", "evaluate", "diagnose", "export"]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_an_example_that_can_be_typed(command, capsys):
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    assert printed.isascii()
    examples = re.findall(rf"^ +gan-lessons ({command} [^>\n]+)", printed, re.MULTILINE)
    assert examples
    for example in examples:
        assert parser().parse_args(example.split()).command == command
    assert re.search("Leaves|for other programs", printed)


def test_help_and_mistakes_do_not_wait_for_torch():
    code = (
        "import sys\n"
        "from gan_lessons.commands.main import main\n"
        "for given in (['--help'], ['walk', '--help'], ['--version'], [], ['walk']):\n"
        "    try:\n"
        "        main(given)\n"
        "    except SystemExit as ended:\n"
        "        print(ended.code, file=sys.stderr)\n"
        "assert not {'torch', 'numpy', 'PIL'} & set(sys.modules)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert re.findall(r"^\d$", run.stderr, re.MULTILINE) == ["0", "0", "0", "2", "2"]
    assert gan_lessons.__version__ in run.stdout


def test_train_is_the_training_command(here, capsys):
    small = ["--set", "width=4", "--set", "batch=8", "--compute", "bfloat16=off", "--device", "cpu"]
    given = ["train", "--data", "mnist", "--steps", "2", *small, "--no-distance", "--out", "run"]
    assert main(given) == 0
    assert (here / "run" / "samples.png").exists()
    assert main(given) == 1
    assert "add --resume" in capsys.readouterr().err


def test_it_runs_as_a_module_in_a_fresh_folder(plain, tmp_path):
    run = subprocess.run(
        [sys.executable, "-m", "gan_lessons", "generate", plain, "--count", "4"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout == "generated.png: a sheet of 4 pictures\n"
    assert [path.name for path in tmp_path.iterdir()] == ["generated.png"]


@pytest.mark.skipif(os.name == "nt", reason="closed pipes are another thing on Windows")
@pytest.mark.parametrize("given", [["--help"], ["generate", "RUN", "--out", "x.png"]])
def test_nobody_needs_to_listen(given, plain, tmp_path):
    given = [plain if each == "RUN" else each for each in given]
    reader, writer = os.pipe()
    os.close(reader)
    run = subprocess.run(
        [sys.executable, "-m", "gan_lessons", *given],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    os.close(writer)
    assert (run.returncode, run.stderr) == (0, "")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("run", "message"),
    [
        ("nowhere", "nowhere does not exist: pass the folder that train wrote"),
        ("empty", "empty holds no checkpoint"),
        ("", "RUN is empty: '.' is the current folder"),
        ("text.safetensors", "text.safetensors is damaged"),
    ],
)
def test_a_wrong_run_is_one_line(command, run, message, here, capsys):
    (here / "empty").mkdir()
    (here / "text.safetensors").write_text("no checkpoint")
    assert main([command, run]) == 1
    printed = capsys.readouterr()
    assert printed.err.startswith("error: ")
    assert message in printed.err
    assert printed.err.count("\n") == 1
    assert not printed.out
    assert sorted(path.name for path in here.iterdir()) == ["empty", "text.safetensors"]


def test_a_device_that_is_not_there(plain, here, capsys):
    for command in COMMANDS:
        assert main([command, plain, "--device", "tpu"]) == 1
        assert "unknown or missing device 'tpu'" in capsys.readouterr().err
