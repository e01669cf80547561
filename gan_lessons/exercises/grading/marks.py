"""From a folder of notebooks to a table and a page for each learner."""

import csv
import html
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tqdm.auto import tqdm

from gan_lessons import checks
from gan_lessons.data.cache import written_aside
from gan_lessons.exercises import catalogue
from gan_lessons.exercises.engine import Found, Result, examined_cases, judge
from gan_lessons.exercises.grading import enclosed
from gan_lessons.exercises.grading.enclosed import Lost
from gan_lessons.exercises.grading.found import Answer, Unreadable, answers_in

SOLVED, TRIED, UNTOUCHED = "solved", "tried", "untouched"


@dataclass(frozen=True)
class Mark:
    """state: solved, tried or untouched. message: what `check` says; looked_up: see `Answer`."""

    state: str
    message: str
    looked_up: bool = False


@dataclass(frozen=True)
class Learner:
    """name: the notebook's path in the folder, without its ending. problem: why it has no marks."""

    name: str
    marks: dict[str, Mark]  # by exercise
    problem: str = ""

    def count(self, state: str) -> int:
        return sum(mark.state == state for mark in self.marks.values())


def mark_folder(
    folder: str | Path,
    *,
    lessons: Sequence[str] = (),
    seed: int = 0,
    limit: float = 5.0,
    memory: int = 2**31,
    at_once: int | None = None,
) -> list[Learner]:
    """Marks all notebooks in a folder and its subfolders, sorted by their paths.

    lessons: "02", "03"; without any, each notebook's own: those that it has stubs or answers of.
    limit: seconds for each answer, memory: bytes for it. Shows its progress on a terminal.

    Raises ValueError if the folder is none, or holds no notebooks; OSError where processes cannot
    be divided (`os.fork`: on Windows).
    """
    folder = checks.path_of("folder", folder)
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder")
    if not hasattr(os, "fork"):
        raise OSError("marking needs a system that can fork: Linux, macOS, or WSL on Windows")
    files = sorted(
        path
        for path in folder.rglob("*.ipynb")
        if path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )
    if not files:
        raise ValueError(f"{folder} holds no notebooks (.ipynb)")
    limit = checks.number("limit", limit, above=0, most=3600)
    memory = checks.whole("memory", memory, 2**20)
    known = {name[:2] for name in catalogue()}
    wanted = {checks.one_of("lesson", each, sorted(known)) for each in lessons}
    if at_once is None:
        at_once = max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1)

    learners, jobs, owners = [], [], []
    for file in files:
        name = file.relative_to(folder).with_suffix("").as_posix()
        try:
            answers, broken = answers_in(file)
        except Unreadable as error:
            learners.append(Learner(name, {}, str(error)))
            continue
        own = wanted or {answer.exercise.name[:2] for answer in answers} | {
            each[:2] for each in broken
        }
        marks = {each: Mark(UNTOUCHED, "") for each in catalogue() if each[:2] in own}
        for exercise, why in broken.items():
            if exercise in marks:
                marks[exercise] = Mark(TRIED, f"✗ {exercise}: {why}")
        learners.append(Learner(name, marks))
        for answer in answers:
            if answer.exercise.name in marks:
                jobs.append(answer)
                owners.append(learners[-1])
    with tqdm(total=len(jobs), desc="marking", unit="answer", disable=None) as bar:
        results = enclosed.run_all(
            jobs, seed=seed, limit=limit, memory=memory, at_once=at_once,
            done=lambda number: bar.update(),
        )  # fmt: skip
    for learner, answer, result in zip(owners, jobs, results, strict=True):
        learner.marks[answer.exercise.name] = _mark(answer, result, seed)
    return learners


def _mark(answer: Answer, result: Found | Result | Lost, seed: int) -> Mark:
    exercise = answer.exercise
    if isinstance(result, Lost):
        message = f"✗ {exercise.name} is not right yet: `{answer.name}` {result.why}"
        return Mark(TRIED, message, answer.looked_up)
    if isinstance(result, Found):
        result = _judged(answer, result, seed)
        if isinstance(result, Lost):
            return _mark(answer, result, seed)
    empty = TRIED if answer.touched else UNTOUCHED  # an answer that gives nothing
    state = {True: SOLVED, False: TRIED, None: empty}[result.passed]
    return Mark(state, result.plain, answer.looked_up)


def _judged(answer: Answer, found: Found, seed: int) -> Result | Lost:
    """What a learner's code gave may be anything: one of them must not end the marking of all."""
    cases = examined_cases(answer.exercise, seed)
    if len(found.got) != len(cases):
        return Lost("left something else in the place of its result.")
    try:
        return judge(answer.exercise, cases, found)
    except Exception as error:
        return Lost(f"gives something that cannot be compared ({type(error).__name__}).")


def write_table(learners: Sequence[Learner], path: str | Path) -> None:
    """A row for each learner: how many are solved, tried, untouched, each exercise, the hints."""
    names = [each for each in catalogue() if any(each in learner.marks for learner in learners)]
    with (
        written_aside(checks.path_of("path", path)) as aside,
        open(aside, "w", newline="", encoding="utf-8") as file,
    ):
        rows = csv.writer(file)
        rows.writerow(["learner", SOLVED, TRIED, UNTOUCHED, *names, "hints", "look at", "problem"])
        for one in learners:
            states = [one.marks[each].state if each in one.marks else "" for each in names]
            hints = [f"{each}: {_hint(mark)}" for each, mark in one.marks.items() if _hint(mark)]
            look = [each for each, mark in one.marks.items() if mark.looked_up]
            counts = [one.count(state) for state in (SOLVED, TRIED, UNTOUCHED)]
            cells = [one.name, *counts, *states, " | ".join(hints), " ".join(look), one.problem]
            rows.writerow(map(_plain, cells))


def _plain(cell: object) -> object:
    """A cell that a spreadsheet takes for text: what a learner writes may begin like a formula."""
    text = cell if isinstance(cell, str) else None
    return f"'{text}" if text and text[0] in "=+-@\t\r" else cell


def _hint(mark: Mark) -> str:
    """The hint that the learner's mistake got, or the line that says what went wrong."""
    if mark.state != TRIED:
        return ""
    lines = [line for line in mark.message.splitlines() if line.startswith("Hint:")]
    return lines[0].removeprefix("Hint: ") if lines else mark.message.splitlines()[0]


def write_page(learner: Learner, folder: str | Path) -> Path:
    """A page of HTML with the message of each exercise; its path follows the learner's name."""
    path = checks.path_of("folder", folder) / f"{learner.name}.html"
    parts = [
        f"<h2>{name}: {mark.state}</h2><pre>{html.escape(mark.message)}</pre>"
        for name, mark in learner.marks.items()
    ]
    told = f"<p>No marks: {html.escape(learner.problem)}</p>" if learner.problem else ""
    counts = ", ".join(f"{learner.count(state)} {state}" for state in (SOLVED, TRIED, UNTOUCHED))
    title = html.escape(learner.name)
    text = (
        f"<!DOCTYPE html><html lang='en'><meta charset='utf-8'><title>{title}</title>"
        "<meta name='viewport' content='width=device-width'>"
        "<style>body{font:16px/1.5 system-ui,sans-serif;max-width:46em;margin:2em auto;"
        "padding:0 1em}pre{white-space:pre-wrap;background:#f4f4f2;padding:.7em;"
        "border-radius:6px}h2{font-size:1.05em;margin-bottom:.3em}</style>"
        f"<h1>{title}</h1><p>{counts}</p>{told}{''.join(parts)}</html>"
    )
    with written_aside(path) as aside:
        aside.write_text(text, encoding="utf-8")
    return path
