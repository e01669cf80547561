"""Notebooks as they are handed in, right, wrong and hostile: every mark right, nothing harmed."""

import csv
import json
import os
import reprlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
import torch

from gan_lessons.exercises import catalogue
from gan_lessons.exercises.__main__ import main
from gan_lessons.exercises.compare import describe
from gan_lessons.exercises.engine import changed
from gan_lessons.exercises.grading import fences, found, values

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="marking needs os.fork")

ROOT = Path(__file__).resolve().parents[2]
LESSON_02 = ROOT / "notebooks" / "02_kernels_strides_sizes.ipynb"
NAMES = [name for name in catalogue() if name.startswith("02")]
FIRST = catalogue()["02.1"]
HEAD = FIRST.stub.rpartition("\n")[0]  # without the dots


def lesson(changes: dict[str, str], file: Path = LESSON_02) -> nbformat.NotebookNode:
    """The lesson with other code for the stubs of some exercises."""
    book = nbformat.read(file, as_version=4)
    for cell in book.cells:
        for name, code in changes.items():
            if cell.cell_type == "code" and f"def {catalogue()[name].answer}(" in cell.source:
                cell.source = code
    return book


def write(book: nbformat.NotebookNode, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(book, path)


def graded(folder: Path, *options: str) -> dict[str, dict[str, str]]:
    """The table's rows by learner."""
    out = folder.parent / "marks.csv"
    assert main(["grade", str(folder), "--out", str(out), *options]) == 0
    return {row["learner"]: row for row in csv.DictReader(out.read_text("utf-8").splitlines())}


RIGHT = {name: catalogue()[name].solution for name in NAMES}
SLIP = next(each for each in FIRST.mistakes if not callable(each.answer))
WRONG = changed(FIRST.solution, SLIP.answer)


@pytest.fixture
def handed_in(tmp_path) -> Path:
    folder = tmp_path / "handed in"
    folder.mkdir()
    return folder


def test_solved_tried_untouched_and_the_hint(handed_in):
    write(lesson(RIGHT), handed_in / "Ann, final(2).ipynb")
    write(lesson({}), handed_in / "b.ipynb")
    write(lesson({"02.1": WRONG}), handed_in / "group 1" / "c.ipynb")
    rows = graded(handed_in, "--pages", str(handed_in.parent / "pages"))
    assert {rows["Ann, final(2)"][name] for name in NAMES} == {"solved"}
    assert {rows["b"][name] for name in NAMES} == {"untouched"}
    own = rows["group 1/c"]
    assert (own["02.1"], own["02.2"]) == ("tried", "untouched")
    assert SLIP.hint in own["hints"]
    assert (own["solved"], own["tried"], own["untouched"]) == ("0", "1", str(len(NAMES) - 1))
    page = (handed_in.parent / "pages" / "group 1" / "c.html").read_text("utf-8")
    assert "02.1: tried" in page
    assert "not right yet" in page


def test_cells_out_of_order_renamed_repeated_and_broken(handed_in):
    book = lesson({"02.1": RIGHT["02.1"]})
    book.cells = book.cells[::-1]
    write(book, handed_in / "backwards.ipynb")

    other = RIGHT["02.1"].replace(f"def {FIRST.answer}(", "def mine(")
    book = lesson({"02.1": other})
    for cell in book.cells:
        if f'check("02.1", {FIRST.answer})' in cell.source:
            cell.source = 'check("02.1", mine)'
    write(book, handed_in / "renamed.ipynb")

    book = lesson({"02.1": WRONG})
    book.cells += [nbformat.v4.new_code_cell(RIGHT["02.1"]), nbformat.v4.new_code_cell(FIRST.stub)]
    write(book, handed_in / "again.ipynb")

    write(lesson({"02.1": RIGHT["02.1"] + "\n  oops"}), handed_in / "syntax.ipynb")

    helper = "import math as m\nTWO = 2\ndef half(n):\n    return n // TWO"
    body = "\n    m.floor(1.5), half(4)\n" + RIGHT["02.1"].removeprefix(HEAD)
    book = lesson({"02.1": HEAD + body})
    book.cells.insert(3, nbformat.v4.new_code_cell(helper))
    book.cells.insert(4, nbformat.v4.new_code_cell("%matplotlib inline\n!ls\n1 / 0"))
    write(book, handed_in / "helper.ipynb")

    rows = graded(handed_in)
    assert {name: row["02.1"] for name, row in rows.items()} == {
        "backwards": "solved",
        "renamed": "solved",
        "again": "solved",
        "syntax": "tried",
        "helper": "solved",
    }
    assert "Error" in rows["syntax"]["hints"]


HOSTILE = {
    "endless": "while True:\n        pass",
    "endless and deaf": "\n    while True:\n        try:\n            while True: pass\n"
    "        except BaseException: pass",
    "exits": "import os; os._exit(0)",
    "killed": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "kills": "import os, signal\n    for i in range(1, 5):\n        os.kill(os.getppid(), 9)",
    "deletes": "import shutil, os\n    shutil.rmtree(PLACE)",
    "deletes, quietly": "import os\n    os.system(f'rm -rf {PLACE}')\n    return 1",
    "writes": "open(PLACE + '/new', 'w').write('x')",
    "prints": "while True: print('x' * 10**6)",
    "fills": "open('big', 'wb').write(b'0' * 2**30)",
    "memory": "return [bytearray(2**28) for _ in range(100)]",
    "leaves processes": "import subprocess, sys\n    [subprocess.Popen([sys.executable, '-c', "
    "'import time; time.sleep(600)  # MARKER'], start_new_session=True) for _ in range(12)]\n"
    "    return 1",
    "edits the checker": "import gan_lessons.exercises.engine as e\n"
    "    e.difference = lambda *a: None\n    return 1",
    "writes the result": "import os\n    for n in range(3, 20):\n        try:\n"
    '            os.write(n, b\'{"got": [1], "did": []}\')\n        except OSError: pass\n'
    "    os._exit(0)",
    "says that it passed": "import os\n    os.write(3, b'{"
    '"plain": "solved", "tried": false, "passed": true}\\\n\')\n    os._exit(0)',
    "pickles": "class A:\n        def __reduce__(self): return (print, ('x',))\n    return A()",
    "network": "import urllib.request\n    urllib.request.urlopen(URL)\n    return 1",
    "deep": "x = ()\n    for _ in range(10**5): x = (x,)\n    return x",
}


def test_hostile_answers_harm_nothing(handed_in, tmp_path):
    import http.server
    import threading

    asked = []

    class Server(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)

    server = http.server.HTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    place = tmp_path / "precious"
    place.mkdir()
    (place / "file").write_text("kept")
    for name, body in HOSTILE.items():
        body = body.replace("PLACE", repr(str(place))).replace(
            "URL", repr(f"http://127.0.0.1:{server.server_port}/")
        )
        body = body.replace("{" + repr(str(place)) + "}", str(place))
        write(lesson({"02.1": f"{HEAD}\n    {body.lstrip()}"}), handed_in / f"{name}.ipynb")
    write(lesson({"02.1": RIGHT["02.1"]}), handed_in / "z honest.ipynb")
    before = set(_sleepers())
    rows = graded(handed_in, "--limit", "2", "--lessons", "02", "--memory", "1024")
    server.shutdown()
    assert {name: row["02.1"] for name, row in rows.items() if row["02.1"] != "tried"} == {
        "z honest": "solved"
    }
    assert all(row["hints"] for name, row in rows.items() if name != "z honest")
    assert rows["edits the checker"]["look at"] == "02.1"
    if "writes only into a folder of its own" in fences.names():
        assert [path.name for path in place.iterdir()] == ["file"]
    if "no network" in fences.names():
        assert asked == []
    time.sleep(0.2)
    assert set(_sleepers()) == before
    assert (ROOT / "README.md").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="others do not list a process's children")
def test_processes_left_behind_end_without_numbers_of_their_own_too(handed_in, monkeypatch):
    """As in a container that may not divide process numbers."""
    monkeypatch.setattr(fences, "apart", lambda: False)
    before = set(_sleepers())
    body = HOSTILE["leaves processes"]
    write(lesson({"02.1": f"{HEAD}\n    {body}"}), handed_in / "a.ipynb")
    stays = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    assert graded(handed_in, "--limit", "2", "--lessons", "02")["a"]["02.1"] == "tried"
    time.sleep(0.2)
    assert set(_sleepers()) == before
    assert stays.poll() is None  # what the caller has started is the caller's
    stays.kill()
    stays.wait()


def _sleepers() -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if b"# MARKER" in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


@pytest.mark.slow
def test_sixty_notebooks_within_five_minutes(handed_in, tmp_path):
    """Twelve lessons, five notebooks of each: right, wrong, hostile, wrong again, untouched."""
    lessons = sorted({name[:2] for name in catalogue()})
    hostile, expected = iter(list(HOSTILE.values()) * 2), {}
    for lesson_number in lessons:
        (file,) = (ROOT / "notebooks").glob(f"{lesson_number}_*.ipynb")
        own = {name: each for name, each in catalogue().items() if name[:2] == lesson_number}
        for kind in ("right", "wrong", "hostile", "last wrong", "untouched"):
            changes = answers(kind, own, hostile, tmp_path)
            write(lesson(changes, file), handed_in / f"{lesson_number} {kind}.ipynb")
            state = "solved" if kind == "right" else "tried"
            expected[f"{lesson_number} {kind}"] = {
                name: state if name in changes else "untouched" for name in own
            }
    started = time.perf_counter()
    rows = graded(handed_in)
    assert time.perf_counter() - started < 300
    assert len(rows) == 60
    for learner, states in expected.items():
        assert {name: rows[learner][name] for name in states} == states, learner


def answers(kind: str, own: dict, hostile: Iterator[str], place: Path) -> dict[str, str]:
    """Code for some exercises of a lesson."""
    if kind == "right":
        return {name: each.solution for name, each in own.items()}
    if kind == "hostile":
        name, first = next(iter(own.items()))
        body = next(hostile).replace("PLACE", repr(str(place / "none"))).replace("URL", "'x:'")
        return {name: f"{first.stub.rpartition(chr(10))[0]}\n    {body.lstrip()}"}
    made = {}
    for name, each in own.items():
        slips = [slip.answer for slip in each.mistakes if not callable(slip.answer)]
        if slips and kind != "untouched":
            made[name] = changed(each.solution, slips[0 if kind == "wrong" else -1])
    return made


def test_what_is_no_notebook_gets_its_line(handed_in):
    (handed_in / "a.ipynb").write_text("nothing")
    (handed_in / "b.ipynb").write_text(json.dumps({"cells": 3}))
    (handed_in / "c.ipynb").write_bytes(b"\xff\xfe\x00")
    (handed_in / "d.ipynb").write_text("[" * 100_000)
    (handed_in / ".ipynb_checkpoints").mkdir()
    (handed_in / ".ipynb_checkpoints" / "e.ipynb").write_text("nothing")
    write(nbformat.v4.new_notebook(), handed_in / "empty.ipynb")
    rows = graded(handed_in)
    assert sorted(rows) == ["a", "b", "c", "d", "empty"]
    assert all(rows[name]["problem"] for name in "abcd")
    assert rows["empty"]["solved"] == "0"


def test_a_cell_of_the_table_is_no_formula(handed_in):
    write(lesson({"02.1": WRONG}), handed_in / "=cmd.ipynb")
    assert list(graded(handed_in)) == ["'=cmd"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--lessons", "99"], "unknown lesson '99'"),
        (["--limit", "0"], "limit must be a finite number above 0"),
        (["--memory", "0"], "memory must be a whole number"),
    ],
)
def test_wrong_options_are_said(handed_in, options, message, capsys):
    write(lesson({}), handed_in / "a.ipynb")
    assert main(["grade", str(handed_in), *options]) == 1
    assert message in capsys.readouterr().err


def test_a_folder_without_notebooks_is_said(handed_in, capsys):
    assert main(["grade", str(handed_in)]) == 1
    assert "holds no notebooks" in capsys.readouterr().err
    assert main(["grade", str(handed_in / "none")]) == 1
    assert "is no folder" in capsys.readouterr().err


@pytest.mark.parametrize("name", list(catalogue()))
def test_every_lesson_keeps_its_stubs_where_they_are_found(name):
    (file,) = (ROOT / "notebooks").glob(f"{name[:2]}_*.ipynb")
    answers = {answer.exercise.name: answer for answer in found.answers_in(file)[0]}
    assert answers[name].name == catalogue()[name].answer


@pytest.mark.parametrize(
    "value",
    [
        None, True, 3, 2.5, float("inf"), "text", ..., (1, [2.0, None]), {"loss": torch.ones(2)},
        torch.arange(6).reshape(2, 3), torch.zeros(0, 3), torch.tensor(1.5, dtype=torch.float64),
        torch.tensor([True, False]),
    ],
    ids=repr,
)  # fmt: skip
def test_values_survive_their_way(value):
    again = values.unpacked(json.loads(json.dumps(values.packed(value))))
    if isinstance(value, torch.Tensor):
        assert again.dtype == value.dtype
        assert torch.equal(again, value)
    elif isinstance(value, dict):
        assert torch.equal(again["loss"], value["loss"])
    else:
        assert again == value


@pytest.mark.parametrize(
    "stored",
    [
        [],
        {"tensor": "float32", "shape": [3], "data": ""},
        {"tensor": "save", "shape": [], "data": ""},
        {},
    ],
)
def test_what_was_not_packed_is_refused(stored):
    with pytest.raises(ValueError):  # noqa: PT011
        values.unpacked(stored)


def test_what_cannot_be_packed_can_still_be_shown():
    deep = ()
    for _ in range(1000):
        deep = (deep,)
    again = values.unpacked(json.loads(json.dumps(values.packed({"a": deep, "b": object()}))))
    assert "tuple object" in reprlib.repr(again) + repr(again)
    assert describe(again)


def test_it_says_which_fences_there_are():
    assert "a process of its own" in fences.names()
    if sys.platform == "linux":
        assert len(fences.names()) >= 2
