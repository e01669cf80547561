"""Runs answers that nobody trusts, a few at a time, each in a process of its own.

A child that only watches puts up the fences, and has a child that runs the answer: when the time
is over it kills that one, and with it all that it started. What the answer gave comes back as text.
Whether it is right is decided by whoever asked, so nothing that an answer changes in its own
process can make it right.
"""

import contextlib
import importlib
import json
import os
import selectors
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch

from gan_lessons.exercises.engine import Found, Result, examined_cases, gather
from gan_lessons.exercises.grading import fences
from gan_lessons.exercises.grading.found import Answer
from gan_lessons.exercises.grading.values import packed, unpacked

MOST_BYTES = 2**25  # that may come back of one answer
GRACE_S = 3.0  # for what is not the answer's own time: starting, imports, ending
WATCH_S = 0.02
# What lessons import: once here, not once in each process.
USUAL = ("gan_lessons.widgets", "gan_lessons.train", "gan_lessons.metrics", "matplotlib.pyplot")


@dataclass(frozen=True)
class Lost:
    """An answer's process ended without a result. why: in words, for the learner."""

    why: str


@dataclass
class _Running:
    number: int
    pid: int
    pipe: int
    folder: str
    until: float
    read: bytearray = field(default_factory=bytearray)


def run_all(
    answers: Sequence[Answer],
    *,
    seed: int,
    limit: float,
    memory: int,
    at_once: int,
    done: Callable[[int], object] = lambda number: None,
) -> list[Found | Result | Lost]:
    """What each answer gave; see `engine.gather`. A Result is never `passed`.

    limit: seconds for each. memory: bytes. done: is told the number of each that has ended.
    """
    torch.set_num_threads(1)  # a child of a process with many threads would wait for them for ever
    for name in USUAL:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    own = _children()  # of whoever called
    results: list[Found | Result | Lost] = [Lost("was not run")] * len(answers)
    running: dict[int, _Running] = {}
    waiting = list(range(len(answers)))[::-1]
    with fences.adopting(), selectors.DefaultSelector() as selector:
        while waiting or running:
            while waiting and len(running) < at_once:
                number = waiting.pop()
                started = _start(number, answers[number], seed, limit, memory)
                running[started.pipe] = started
                selector.register(started.pipe, selectors.EVENT_READ)
            for key, _ in selector.select(timeout=0.1):
                one = running[int(key.fd)]
                part = os.read(one.pipe, 2**16)
                one.read += part
                if not part or len(one.read) > MOST_BYTES:
                    one.until = 0.0
            for one in [each for each in running.values() if time.monotonic() > each.until]:
                selector.unregister(one.pipe)
                del running[one.pipe]
                _end(one)
                _end_strays(own | {each.pid for each in running.values()})
                results[one.number] = _result(one, answers[one.number], limit)
                done(one.number)
    return results


def _start(number: int, answer: Answer, seed: int, limit: float, memory: int) -> _Running:
    folder = tempfile.mkdtemp(prefix="answer-")
    reading, writing = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if not pid:
        with contextlib.suppress(BaseException):
            os.close(reading)
            _watch(answer, seed, limit, memory, folder, writing)
        os._exit(0)
    os.close(writing)
    return _Running(number, pid, reading, folder, time.monotonic() + limit + 2 * GRACE_S)


def _watch(answer: Answer, seed: int, limit: float, memory: int, folder: str, writing: int) -> None:
    """In the child that only watches."""
    os.setsid()
    fences.apart()
    pid = os.fork()
    if not pid:
        with contextlib.suppress(BaseException):
            fences.ends_with_its_parent()
            _answer(answer, seed, limit, memory, folder, writing)
        os._exit(0)
    os.close(writing)
    until = time.monotonic() + limit + GRACE_S
    while time.monotonic() < until:
        if os.waitpid(pid, os.WNOHANG)[0]:
            return
        time.sleep(WATCH_S)
    os.kill(pid, signal.SIGKILL)  # the first of its process numbers: all others end with it
    os.waitpid(pid, 0)


def _answer(
    answer: Answer, seed: int, limit: float, memory: int, folder: str, writing: int
) -> None:
    """In the child that runs the answer."""
    os.chdir(folder)
    os.environ |= {"HOME": folder, "TMPDIR": folder}
    os.environ |= {"GAN_LESSONS_SOLUTIONS": "off", "GAN_LESSONS_PROGRESS": "off"}
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    pipe = os.dup2(writing, 3)
    os.closerange(4, 4096)
    fences.limited(limit + GRACE_S, memory)
    fences.writes_only_into(folder)
    exercise = answer.exercise
    names: dict[str, object] = {"__name__": "__main__", "torch": torch}
    for piece in answer.before:
        with contextlib.suppress(Exception):
            exec(compile(piece, "<notebook>", "exec"), names)
    try:
        exec(compile(answer.cell, f"<answer {exercise.name}>", "exec"), names)
        function = names[answer.name]
    except BaseException as error:
        text = f"its cell raises an error: {type(error).__name__}: {error}"[:500]
        _send(pipe, {"lost": text})
        return
    cases = examined_cases(exercise, seed)
    found = gather(exercise, function, cases, limit)  # type: ignore[arg-type]
    if isinstance(found, Result):
        _send(pipe, {"plain": found.plain, "tried": found.passed is not None})
    else:
        _send(pipe, {"got": [packed(each) for each in found.got], "did": found.side_effects})


def _send(pipe: int, what: dict) -> None:
    data = memoryview(json.dumps(what).encode())
    while data:
        data = data[os.write(pipe, data) :]


def _end(one: _Running) -> None:
    """The watching child, what may be left of its session, and the folder."""
    os.close(one.pipe)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if os.waitpid(one.pid, os.WNOHANG) == (0, 0):
            time.sleep(2 * WATCH_S)
            os.killpg(one.pid, signal.SIGKILL)
            os.kill(one.pid, signal.SIGKILL)
            os.waitpid(one.pid, 0)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(one.pid, signal.SIGKILL)
    shutil.rmtree(one.folder, ignore_errors=True)


def _end_strays(known: set[int]) -> None:
    """What ended answers have left behind: adopted children that nobody here has started."""
    for child in _children() - known:
        with contextlib.suppress(ProcessLookupError, PermissionError, ChildProcessError):
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def _children() -> set[int]:
    """The numbers of this process's children, where the system lists them."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == os.getpid():
                found.add(int(stat.parent.name))
    return found


def _result(one: _Running, answer: Answer, limit: float) -> Found | Result | Lost:
    if len(one.read) > MOST_BYTES:
        return Lost("gives far too much.")
    if not one.read:
        return Lost(
            f"ended its process, or used more than {limit:g} s or its memory, without a result."
        )
    try:
        sent = json.loads(one.read)
        if "lost" in sent:
            return Lost(str(sent["lost"])[:500])
        if "plain" in sent:
            text = str(sent["plain"])[:5000]
            return Result(text, text, False if sent["tried"] else None)
        got = [unpacked(each) for each in sent["got"]]
        effects = [(str(effect)[:200], str(on)[:500]) for effect, on in sent["did"]]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return Lost("left something else in the place of its result.")
    return Found(got, effects)
