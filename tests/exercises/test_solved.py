"""gan_lessons.exercises.solved: what is recorded, where, and how it is drawn."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup

from gan_lessons.exercises import __main__, catalogue, check, progress, solved
from gan_lessons.exercises.solved import LESSONS, SWITCH

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("[0-9][0-9]_*.ipynb"))
CALL = "from gan_lessons.exercises import progress\n\nprogress()"
ANSWER = catalogue()["06.1"].solve


@pytest.fixture
def kept(tmp_path, monkeypatch) -> Path:
    """A learner's folder, which does not exist yet."""
    folder = tmp_path / "a learner" / "progress"
    monkeypatch.setenv(SWITCH, str(folder))
    return folder


def solved_names() -> set[str]:
    return {name for name, done in progress().solved.items() if done}


# What is recorded


def test_an_answer_that_passes_is_recorded_and_no_other(kept):
    check("06.1", None)
    check("06.1", lambda kernel: -1)
    assert not kept.exists()
    assert check("06.1", ANSWER).passed
    assert check("06.1", ANSWER).passed
    check("06.1", lambda kernel: -1)  # solved once is solved
    assert [path.name for path in kept.iterdir()] == ["06.1"]
    assert solved_names() == {"06.1"}


def test_another_kernel_reads_it(kept):
    check("06.1", ANSWER)
    code = "from gan_lessons.exercises import progress; print(progress())"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert "06 DCGAN                          ■□□□    1 of 4" in run.stdout.decode("utf-8")


def test_many_at_once_lose_nothing(kept):
    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(solved.record, list(catalogue()) * 3)) == {""}
    assert solved_names() == set(catalogue())


def test_off_neither_reads_nor_writes(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.delenv(SWITCH)
    check("06.1", ANSWER)
    assert (tmp_path / "gan_lessons" / "progress" / "06.1").exists()
    monkeypatch.setenv(SWITCH, "off")
    check("06.2", catalogue()["06.2"].solve)
    assert solved_names() == set()
    assert f"{SWITCH} is off" in progress().note
    monkeypatch.setenv(SWITCH, "on")
    assert solved_names() == {"06.1"}
    assert progress().note == ""


def test_a_foreign_file_in_the_folder_counts_for_nothing(kept):
    check("06.1", ANSWER)
    (kept / "99.9").touch()
    (kept / "06.3.old").write_bytes(b"\xff\0")
    assert solved_names() == {"06.1"}
    assert progress().note == ""


@pytest.mark.parametrize("setting", ["", "OFF", "0", "some/where"])
def test_a_setting_that_is_none_disturbs_no_exercise(setting, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv(SWITCH, setting)
    result = check("06.1", ANSWER)
    assert result.passed
    if setting:
        told = f"{SWITCH} must be on, off or the full path of a folder, got {setting!r}."
        assert result.plain.splitlines()[1:] == [f"Solved, but not recorded: {told}"]
        assert told in result.markdown
        assert progress().note == f"What was recorded cannot be read: {told}"
    assert bool(setting) == (solved_names() == set())


def test_a_folder_that_cannot_be_used_disturbs_no_exercise(kept):
    kept.parent.mkdir()
    kept.write_bytes(b"\xff\0 damaged")
    result = check("06.1", ANSWER)
    assert result.passed
    assert result.plain.startswith("✓ 06.1 solved")
    (line,) = result.plain.splitlines()[1:]
    assert line.startswith("Solved, but not recorded: ")
    assert str(kept) in line
    note = progress().note
    assert "cannot be read" in note
    assert "\n" not in note
    assert kept.read_bytes() == b"\xff\0 damaged"
    kept.unlink()
    assert check("06.1", ANSWER).plain.count("\n") == 0
    assert solved_names() == {"06.1"}


def test_without_a_home_an_exercise_still_passes(monkeypatch):
    def nobody() -> Path:
        raise RuntimeError("Could not determine home directory.")

    for name in (SWITCH, "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", nobody)
    assert check("06.1", ANSWER).plain.endswith("not recorded: Could not determine home directory.")
    assert solved_names() == set()


def test_marking_records_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv(SWITCH, "on")
    assert __main__.main(["grade", str(tmp_path)]) == 1  # no notebooks, but the switch is set
    assert os.environ[SWITCH] == "off"


@pytest.mark.parametrize(
    ("platform", "environment", "expected"),
    [
        ("linux", {}, "~/.local/share"),
        ("linux", {"XDG_DATA_HOME": "~/x"}, "~/x"),
        ("linux", {"XDG_DATA_HOME": "not/absolute"}, "~/.local/share"),
        ("darwin", {}, "~/Library/Application Support"),
        ("win32", {"LOCALAPPDATA": "~/Local"}, "~/Local"),
        ("win32", {}, "~/AppData/Local"),
    ],
)
def test_the_folder_follows_the_platform(platform, environment, expected, tmp_path, monkeypatch):
    for name in (SWITCH, "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setattr(sys, "platform", platform)
    for name, value in environment.items():
        monkeypatch.setenv(name, value.replace("~", str(tmp_path)))
    own = Path(expected.replace("~", str(tmp_path)))
    assert solved.folder() == own / "gan_lessons" / "progress"


# How it is drawn


def test_a_row_a_lesson_a_square_an_exercise(kept):
    for name in ("01.2", "01.4", "09.6"):
        solved.record(name)
    lines = repr(progress()).splitlines()
    assert lines[0] == f"Exercises solved: 3 of {len(catalogue())}"
    assert [line[:2] for line in lines[1:]] == list(LESSONS)
    assert lines[1].split()[-1] == "none"
    assert lines[2].endswith("□■□■    2 of 4")
    assert lines[10].endswith("□□□□□■  1 of 6")
    assert sum(line.count("■") + line.count("□") for line in lines) == len(catalogue())


def test_the_table_says_all_that_the_squares_show(kept):
    for name in ("01.2", "01.4"):
        solved.record(name)
    table = BeautifulSoup(progress()._repr_mimebundle_()["text/html"], "html.parser").table
    assert table is not None
    assert table.caption is not None
    assert table.caption.text == f"Exercises solved: 2 of {len(catalogue())}"
    rows = table.find_all("tr")
    assert [row.th.text for row in rows] == [f"{n} {title}" for n, title in LESSONS.items()]
    assert all(row.th["scope"] == "row" for row in rows)
    assert [td.text for td in rows[1].find_all("td")] == ["□■□■", "2 of 4"]
    assert rows[1].b["role"] == "img"
    assert rows[1].b["aria-label"] == "solved: 01.2, 01.4"
    assert rows[2].b["aria-label"] == "solved: none"
    # Colours are the page's own: it is readable on light and dark.
    assert "color" not in solved.STYLE.replace("color:inherit", "")
    assert not table.find_all(style=True)


def test_titles_are_those_that_the_lessons_link_to():
    tops = {path.name[:2]: nbformat.read(path, as_version=4).cells[0].source for path in NOTEBOOKS}
    assert list(tops) == list(LESSONS)
    for before, after in zip(LESSONS, list(LESSONS)[1:], strict=False):
        assert f"[{after} {LESSONS[after]}" in tops[before] or before == "00"
        assert f"[← {before} {LESSONS[before]}" in tops[after]


def test_each_lesson_shows_it_last_as_a_new_learner_sees_it(kept):
    shown = progress()._repr_mimebundle_()
    for path in NOTEBOOKS:
        code = [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
        (cell,) = [cell for cell in code if cell.source == CALL]
        assert cell is code[-1] or path.name.startswith("00"), path.name
        assert cell.metadata.tags == ["nbval-ignore-output"], path.name
        (output,) = cell.outputs
        assert dict(output.data) == shown, path.name
