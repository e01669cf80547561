"""Reads a command line, runs the command, and answers what can go wrong in one line."""

import sys
from typing import NoReturn

from gan_lessons.commands.arguments import parser

INTERRUPTED = 130  # what shells give a program that Ctrl-C ended


def main(arguments: list[str] | None = None) -> int:
    """Runs with the arguments of a command line; returns the exit status, 0 if all went well.

    1 for what a user can mend, 2 for arguments that cannot be read, as argparse has it (raised as
    SystemExit), 128 plus the signal's number for an interrupt.
    """
    given = sys.argv[1:] if arguments is None else arguments
    if given[:1] == ["train"]:
        from gan_lessons.train.__main__ import main as train

        return train(given[1:], "gan-lessons train")
    options = parser().parse_args(given)
    # Imported here, because torch takes seconds, and help should not.
    from gan_lessons.commands.answer import run

    return run(options)


def script() -> NoReturn:
    """The console script."""
    try:
        status = main()
    except KeyboardInterrupt:
        print("stopped before it began", file=sys.stderr)
        status = INTERRUPTED
    except SystemExit as error:  # argparse: help, version, or an error
        status = error.code if isinstance(error.code, int) else 1
    _end_streams()
    sys.exit(status)


def _end_streams() -> None:
    """A pipe that was closed, as `gan-lessons --help | head -1` does, is no error."""
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):
        from gan_lessons.train.streams import drop_broken_streams

        drop_broken_streams()
