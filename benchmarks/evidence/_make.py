"""Makes the tables of `gan_lessons.evidence`: many runs with different seeds, one on each core.

It can be stopped at any moment and goes on where it stopped. A table is written only when all of
its rows are there. What was computed by other code is computed anew.
"""

import functools
import hashlib
import importlib
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch
from _lesson import ROOT, shape, source, texts
from tqdm import tqdm

from gan_lessons.evidence import SEEDS, Cell, Table, written
from gan_lessons.train.memory import keep_memory

Spec = Mapping[str, Cell]  # the columns that say what a row ran, `data` and `seed` among them
PARTS = ROOT / "build" / "evidence"  # rows of tables that are not complete yet
TABLES = ROOT / "gan_lessons" / "evidence"


@dataclass(frozen=True)
class Comparison:
    """How a table is made."""

    about: str  # what its rows compare, in a line
    rows: tuple[Spec, ...]
    run: Callable[[Spec], dict[str, float]]  # runs a row: its measured columns


def every(**columns: Iterable[Cell]) -> list[Spec]:
    """A row for each combination of the columns' values, and for each of the seeds."""
    rows: list[Spec] = [{}]
    for name, values in (columns | {"seed": range(SEEDS)}).items():
        rows = [{**row, name: value} for row in rows for value in values]
    return rows


def main(script: str, lesson: str, comparisons: Mapping[str, Comparison]) -> None:
    """Makes the tables of a lesson that the command line names, or all."""
    wanted = sys.argv[1:] or list(comparisons)
    if unknown := set(wanted) - set(comparisons):
        sys.exit(f"no table {', '.join(unknown)}: there are {', '.join(comparisons)}")
    for name in wanted:
        make(name, Path(script), lesson, comparisons[name])


def make(name: str, script: Path, lesson: str, comparison: Comparison) -> None:
    """Makes one table, going on with what is there of it."""
    code = code_of(script, lesson, comparison.run.__name__)
    parts = PARTS / f"{name}.jsonl"
    parts.parent.mkdir(parents=True, exist_ok=True)
    done = {key(part["row"]): part for part in read_parts(parts) if part["code"] == code}
    missing = [row for row in comparison.rows if key(row) not in done]
    finished = TABLES / f"{name}.csv"
    if not missing and finished.exists() and f"# code: {code}" in finished.read_text("utf-8"):
        print(f"{name}: complete, {len(comparison.rows)} rows")
        return
    bar = tqdm(total=len(comparison.rows), initial=len(done), desc=name, unit="row", smoothing=0.05)
    workers = max(1, len(os.sched_getaffinity(0)))
    with (
        bar,
        open(parts, "a", encoding="utf-8") as file,
        ProcessPoolExecutor(workers, get_context("spawn"), _one_thread) as pool,
    ):
        jobs = [pool.submit(_run, script.stem, name, dict(row)) for row in missing]
        try:
            for job in as_completed(jobs):
                part = {"code": code, **job.result()}
                file.write(json.dumps(part) + "\n")
                file.flush()
                done[key(part["row"])] = part
                bar.update()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    rows = [{**row, **done[key(row)]["measured"]} for row in comparison.rows]
    hours = sum(done[key(row)]["seconds"] for row in comparison.rows) / 3600
    table = Table(name, facts(script, lesson, code, comparison, hours), rows)
    aside = finished.with_suffix(".tmp")
    aside.write_text(written(table), encoding="utf-8")
    os.replace(aside, finished)
    print(f"{name}: {len(rows)} rows, {hours:.1f} hours of one core")


def facts(
    script: Path, lesson: str, code: str, comparison: Comparison, hours: float
) -> dict[str, str]:
    """What a table says of itself."""
    seeds = {row["seed"] for row in comparison.rows}
    return {
        "about": comparison.about,
        "script": f"{script.relative_to(ROOT).as_posix()}, lesson {lesson}'s cells `evidence`",
        "code": code,
        "versions": f"Python {platform.python_version()}, torch {torch.__version__}, "
        f"{torch.backends.cpu.get_cpu_capability()}, one thread",
        "date": time.strftime("%Y-%m-%d"),
        "seeds": f"{len(seeds)}",
        "hours": f"{hours:.2f} of one core",
    }


def code_of(script: Path, lesson: str, run: str) -> str:
    """A hash of the code that a table rests on: the function that runs a row, and all it needs.

    It takes the lesson's names out of a dictionary, so every string in it may be one of them.
    """
    own, tagged = script.read_text(encoding="utf-8"), source(lesson)
    what = shape(own, run) + shape(tagged, *texts(own, run))
    return hashlib.sha256(what.encode()).hexdigest()[:16]


def key(row: Spec) -> str:
    """A row's name among the parts."""
    return json.dumps(dict(row), sort_keys=True)


def read_parts(file: Path) -> list[dict[str, Any]]:
    """The rows so far; a line that a stop cut off is left out."""
    parts = []
    if file.exists():
        for line in file.read_text(encoding="utf-8").splitlines():
            try:
                parts.append(json.loads(line))
            except ValueError:
                continue
    return parts


def _one_thread() -> None:
    torch.set_num_threads(1)
    keep_memory()


def _run(script: str, name: str, row: dict[str, Cell]) -> dict[str, Any]:
    comparison = comparisons_of(script)[name]
    started = time.perf_counter()
    measured = {column: float(value) for column, value in comparison.run(row).items()}
    return {"row": row, "measured": measured, "seconds": time.perf_counter() - started}


@functools.cache
def comparisons_of(script: str) -> Mapping[str, Comparison]:
    """The tables that a script of this folder makes."""
    return importlib.import_module(script).COMPARISONS
