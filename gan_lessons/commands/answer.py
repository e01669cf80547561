"""Runs a command, and says in one line what a user can mend."""

import argparse
import importlib
import signal
import sys
from pathlib import Path

from gan_lessons.data import DataDamaged, DataUnavailable
from gan_lessons.train import CheckpointError, DeviceMemoryFull, TrainingDiverged
from gan_lessons.train.interrupt import answering, raising
from gan_lessons.train.streams import safe_streams

SHELL_BASE = 128  # shells give a program that a signal ended this, plus the signal's number
# What a user can cause is reported in one line; anything else is a defect and shows its trace.
EXPECTED = (
    ValueError,
    ImportError,
    OSError,
    DataUnavailable,
    DataDamaged,
    CheckpointError,
    DeviceMemoryFull,
    TrainingDiverged,
)


def run(options: argparse.Namespace) -> int:
    """Runs the command that was read; returns the exit status."""
    options.written = False  # a command sets it once its file has its name
    with safe_streams(), answering():
        try:
            with raising():
                importlib.import_module(f"gan_lessons.commands.{options.command}").run(options)
            return 0
        except EXPECTED as error:
            lines = str(error).split("\n")
            print(f"error: {lines[0] or type(error).__name__}", file=sys.stderr)
            return 1
        except KeyboardInterrupt as error:
            print(_what_is_left(options), file=sys.stderr)
            return SHELL_BASE + getattr(error, "signal", signal.SIGINT)


def _what_is_left(options: argparse.Namespace) -> str:
    out = getattr(options, "out", None)
    if out is None:
        return "stopped"
    if options.written:
        return f"stopped; {out} is whole"
    return f"stopped; {Path(out)} was not {'replaced' if Path(out).exists() else 'written'}"
