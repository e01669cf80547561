"""The tables that claims rest on: complete, made by the code that is there, and true."""

import importlib
import json
import random
import subprocess
import sys
from concurrent.futures import Future
from pathlib import Path

import pytest
import torch

from gan_lessons import evidence
from gan_lessons.evidence import SEEDS, Table

FOLDER = Path(__file__).resolve().parent.parent / "benchmarks" / "evidence"
SCRIPTS = sorted(FOLDER.glob("lesson*.py"))
NAMES = evidence.names()
# What a table's rows may be trained on; letters in pairs are drawn, there is no other set of them.
SETS = ({"mnist", "glyphs"}, {"glyphs"}, {"grid"}, {"toy"}, {"marks"}, {"waves", "letters"})


@pytest.fixture(scope="module", autouse=True)
def scripts_found():
    sys.path.insert(0, str(FOLDER))
    yield
    sys.path.remove(str(FOLDER))


def script_of(name: str) -> Path:
    """The one script that makes a table."""
    modules = {file: importlib.import_module(file.stem) for file in SCRIPTS}
    (found,) = (file for file, module in modules.items() if name in module.COMPARISONS)
    return found


def comparison(name: str):
    return importlib.import_module(script_of(name).stem).COMPARISONS[name]


def test_every_table_has_a_script_that_makes_it():
    assert all(script_of(name).stem.startswith(f"lesson{name[:2]}") for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_table_is_complete_and_made_by_this_code(name):
    make = importlib.import_module("_make")
    table = evidence.load(name)
    rows, run = comparison(name).rows, comparison(name).run
    assert table.facts["code"] == make.code_of(script_of(name), name[:2], run.__name__)
    for row, stored in zip(rows, table.rows, strict=True):
        assert {column: stored[column] for column in row} == dict(row)
    keys = [tuple(v for k, v in row.items() if k != "seed") for row in rows]
    seeds = {key: {r["seed"] for r, k in zip(rows, keys, strict=True) if k == key} for key in keys}
    assert all(len(own) >= SEEDS for own in seeds.values())
    assert {row["data"] for row in rows} in SETS


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_row_drawn_at_random_is_computed_again(name):
    """On the same software and processor to five digits, elsewhere within the stored range."""
    table = evidence.load(name)
    row = random.choice(comparison(name).rows)
    script = (
        "import json, sys, torch; sys.path.insert(0, sys.argv[1]); torch.set_num_threads(1);"
        "import importlib; module = importlib.import_module(sys.argv[4]);"
        "print(json.dumps(module.COMPARISONS[sys.argv[2]].run(json.loads(sys.argv[3]))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(FOLDER), name, json.dumps(dict(row)),
         script_of(name).stem],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = json.loads(done.stdout.splitlines()[-1])
    make = importlib.import_module("_make")
    here = make.facts(script_of(name), name[:2], "", comparison(name), 0.0)["versions"]
    group = {column: value for column, value in row.items() if column != "seed"}
    for column, value in found.items():
        stored = table.values(column, **row).item()
        if here == table.facts["versions"]:
            assert value == pytest.approx(stored, rel=1e-4, abs=1e-9), f"{column} of {row}"
        else:
            values = table.values(column, **group)
            room = values.max() - values.min()
            assert values.min() - room <= value <= values.max() + room, f"{column} of {row}"


TABLE = Table(
    "test",
    {"code": "abc", "seeds": "2"},
    [
        {"data": "a", "way": "x", "seed": 1.0, "energy": 2.0},
        {"data": "a", "way": "x", "seed": 0.0, "energy": 1.0},
        {"data": "a", "way": "y", "seed": 0.0, "energy": 1 / 3, "other": 5.0},
    ],
)


def test_a_table_survives_its_file():
    again = evidence.read("test", evidence.written(TABLE))
    assert again.facts == TABLE.facts
    assert again.rows[1] == {"data": "a", "way": "x", "seed": 0, "energy": 1, "other": ""}
    assert again.rows[2]["energy"] == 0.33333


def test_values_come_in_the_order_of_the_seeds():
    assert TABLE.values("energy", way="x").tolist() == [1, 2]
    assert TABLE.each("way") == ["x", "y"]


def test_a_claim_that_one_arm_has_less():
    rows = TABLE.where(seed=0)
    fewer = evidence.less("energy", way=("y", "x"))
    assert fewer(rows).tolist() == [True]
    assert evidence.less("energy", 0.4, way=("y", "x"))(rows).tolist() == [True]
    assert evidence.less("energy", 0.3, way=("y", "x"))(rows).tolist() == [False]
    assert evidence.less("energy", by=0.6, way=("y", "x"))(rows).tolist() == [True]
    assert evidence.less("energy", by=0.7, way=("y", "x"))(rows).tolist() == [False]
    assert rows.holds(evidence.less("energy", way=("x", "y")))["a"].tolist() == [False]


@pytest.mark.parametrize(
    ("column", "where", "message"),
    [
        ("energy", {}, "several rows have one seed"),
        ("energy", {"way": "z"}, "no row with"),
        ("energy", {"how": "x"}, "no column 'how': there are data, way"),
        ("speed", {"way": "x"}, "no column 'speed'"),
    ],
)
def test_what_is_not_there_is_said(column, where, message):
    with pytest.raises(LookupError, match=message):
        TABLE.values(column, **where)


def test_an_unknown_table_is_refused():
    with pytest.raises(ValueError, match="unknown table 'nothing': choose from"):
        evidence.load("nothing")


def test_decided_needs_19_of_20_on_each_data_set():
    all_but = lambda n: torch.arange(20) >= n  # noqa: E731
    assert evidence.decided(all_but(1), all_but(0))
    assert not evidence.decided(all_but(1), all_but(2))
    assert not evidence.decided(torch.ones(19, dtype=torch.bool))
    assert evidence.share(all_but(5)) == 0.75


ENERGIES = {"a": {"x": (1, 5), "y": (2, 2)}, "b": {"x": (1, 1), "y": (0, 1)}}
PAIRS = Table(
    "pairs",
    {},
    [
        {"data": data, "way": way, "seed": float(seed), "energy": ways[way][seed]}
        for data, ways in ENERGIES.items()
        for way in ways
        for seed in (1, 0)
    ],
)


def test_a_claim_is_tried_on_each_data_set():
    lower = PAIRS.holds(lambda t: t.values("energy", way="x") < t.values("energy", way="y"))
    assert {data: holds.tolist() for data, holds in lower.items()} == {
        "a": [True, False],
        "b": [False, False],
    }
    assert evidence.counted(lower) == "a 1, b 0 of 2"
    small = PAIRS.holds(lambda t: t.values("energy") < 2, way="y")
    assert small["b"].tolist() == [True, True]


def test_a_claim_is_told_with_its_verdict(capsys):
    twenty = Table("t", {}, [{"data": "a", "seed": n, "x": float(n > 0)} for n in range(20)])
    assert twenty.tell("x is 1", lambda rows: rows.values("x") == 1) == "yes"
    assert twenty.tell("x is 0", lambda rows: rows.values("x") == 0) == "no"
    assert capsys.readouterr().out == "x is 1: a 19 of 20\nx is 0: a 1 of 20\n"


@pytest.mark.parametrize(
    ("counts", "verdict"),
    [((20, 19), "yes"), ((0, 1), "no"), ((20, 18), "undecided"), ((20, 0), "undecided")],
)
def test_a_verdict_takes_19_of_20_on_both(counts, verdict):
    holds = {data: torch.arange(20) < n for data, n in zip("ab", counts, strict=True)}
    assert evidence.verdict(holds) == verdict


PROGRAM = """
import math
from math import sin, sqrt

RATES = [row for row in (1, 2)]
START = 3
offset, other = START, 4


def helper(x):
    "A root."
    return sqrt(x + offset)


def run(row):
    unused = helper(row)
    return unused


def unused(row):
    return math.pi, RATES, sin
"""


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("(1, 2)", "(1, 2, 3)", True),
        ("math.pi", "math.e", True),
        ("import sin, sqrt", "import cos, sin, sqrt", True),
        ("= helper(row)", "= helper(row)  # a remark", True),
        ('"A root."', '"The root of x + 3."', True),
        ("= helper(row)", "= helper(-row)", False),
        ("x + offset", "x - offset", False),
        ("START = 3", "START = 5", False),
        ("from math", "from cmath", False),
    ],
)
def test_a_table_is_stale_if_code_that_it_needs_has_changed(old, new, same):
    shape = importlib.import_module("_lesson").shape
    assert old in PROGRAM
    assert (shape(PROGRAM.replace(old, new), "run") == shape(PROGRAM, "run")) == same


def test_a_table_knows_which_names_it_takes_from_its_lesson():
    texts = importlib.import_module("_lesson").texts
    program = 'def run(row):\n    return row["helper"] + other()\n\n'
    program += 'def other():\n    return "more"\n\ndef unused():\n    return "less"\n'
    assert texts(program, "run") == {"helper", "more"}


def test_a_stopped_table_goes_on_and_lands_when_complete(tmp_path, monkeypatch):
    make = importlib.import_module("_make")
    monkeypatch.setattr(make, "PARTS", tmp_path / "parts")
    monkeypatch.setattr(make, "TABLES", tmp_path)
    monkeypatch.setattr(make, "code_of", lambda *_: "0123")
    monkeypatch.setattr(make, "ProcessPoolExecutor", Here)
    ran: list[dict] = []

    def run(row):
        ran.append(row)
        if len(ran) == 3:
            raise KeyboardInterrupt
        return {"energy": row["seed"] / 3}

    own = make.Comparison("a test", tuple(make.every(data=("mnist",))), run)
    monkeypatch.setattr(make, "comparisons_of", lambda _: {"99.test": own})
    script = FOLDER / "lesson03.py"
    with pytest.raises(KeyboardInterrupt):
        make.make("99.test", script, "03", own)
    assert not (tmp_path / "99.test.csv").exists()
    make.make("99.test", script, "03", own)
    assert len(ran) == 21  # the third was run twice
    table = evidence.read("99.test", (tmp_path / "99.test.csv").read_text())
    assert table.values("energy", data="mnist").tolist() == pytest.approx(
        [seed / 3 for seed in range(20)], rel=1e-4
    )
    assert table.facts["code"] == "0123"
    make.make("99.test", script, "03", own)
    assert len(ran) == 21


class Here:
    """Runs jobs at once, in this process."""

    def __init__(self, *_):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def submit(self, function, *arguments) -> Future:
        future: Future = Future()
        self.jobs = [*getattr(self, "jobs", []), future]
        future.result = lambda timeout=None: function(*arguments)  # type: ignore[method-assign]
        future.set_result(None)
        return future

    def shutdown(self, **_):
        pass
