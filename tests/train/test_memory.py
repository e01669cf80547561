"""Freed memory stays with the process."""

import platform
import subprocess
import sys

import pytest

from gan_lessons.train.memory import keep_memory

# Prints how many pages a step like this takes from the system, after some steps. What glibc does
# by itself depends on the layout of the heap, by chance: here it is told to map each large piece
# for itself, and to give it back when it is freed.
SCRIPT = """
import ctypes, resource, sys
import torch
from gan_lessons.train.memory import keep_memory
torch.set_num_threads(1)
assert ctypes.CDLL(None).mallopt(-3, 128 << 10)  # from 128 KiB on
if sys.argv[1] == "keep":
    assert keep_memory()
def step():
    maps = [torch.ones(400_000) for _ in range(20)]
for _ in range(5):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    step()
print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / 10)
"""
GLIBC = platform.libc_ver()[0] == "glibc"


@pytest.mark.skipif(not GLIBC, reason="needs glibc")
def test_a_step_takes_no_new_pages():
    pages = {}
    for how in ("keep", "give back"):
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, how], capture_output=True, text=True, check=True
        )
        pages[how] = float(done.stdout)
    assert pages["keep"] < 100  # a step writes 32 MB: 7,800 pages
    assert pages["give back"] > 1000


def test_other_systems_are_left_alone(monkeypatch):
    monkeypatch.setattr("gan_lessons.train.memory.ctypes", None)  # would fail
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    assert not keep_memory()
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    assert not keep_memory()
