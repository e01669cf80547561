"""Marks a folder of notebooks: `python -m gan_lessons.exercises grade FOLDER --out marks.csv`."""

import argparse
import os
import sys
import time

from gan_lessons.exercises.solved import SWITCH

ABOUT = """\
Marks notebooks as learners hand them in: any file names, edited, out of order, half done.

    python -m gan_lessons.exercises grade handed-in --out marks.csv --pages pages

Each answer runs in a process of its own, with limits of time and memory. marks.csv has a row for
each notebook: solved, tried and untouched exercises, and the hint that a mistake got. --pages
writes a page for each learner. The column "look at" names answers that mention where solutions are.
"""


def main(arguments: list[str] | None = None) -> int:
    """Runs with the arguments of a command line; returns the exit status, 0 if all went well."""
    parser = argparse.ArgumentParser(prog="python -m gan_lessons.exercises")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    one = commands.add_parser(
        "grade", help="mark a folder of notebooks", description=ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    one.add_argument("folder", metavar="FOLDER", help="notebooks, in subfolders too")
    one.add_argument("--out", default="marks.csv", help="the table (marks.csv)")
    one.add_argument("--pages", help="a folder for a page a learner (none are written)")
    one.add_argument("--lessons", default="", help="as in 02,03 (those that a notebook has)")
    one.add_argument("--seed", type=int, default=0, help="of the random cases (0)")
    one.add_argument("--limit", type=float, default=5.0, help="seconds for an answer (5)")
    one.add_argument("--memory", type=int, default=2048, help="MiB for an answer (2048)")
    options = parser.parse_args(arguments)
    from gan_lessons.exercises.grading import fences, marks

    os.environ[SWITCH] = "off"  # an answer may call `check`; that is not the teacher's progress
    started = time.perf_counter()
    try:
        learners = marks.mark_folder(
            options.folder,
            lessons=[each for each in options.lessons.split(",") if each],
            seed=options.seed,
            limit=options.limit,
            memory=options.memory * 2**20,
        )
        marks.write_table(learners, options.out)
        for learner in learners if options.pages else ():
            marks.write_page(learner, options.pages)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{len(learners)} notebooks in {time.perf_counter() - started:.0f} s: {options.out}")
    print(f"each answer ran with: {'; '.join(fences.names())}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
