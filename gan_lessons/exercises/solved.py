"""Which exercises a learner has solved: remembered across lessons and restarts, and drawn.

Each solved exercise is an empty file, named after it, in the user's data folder. Creating one
either happens or does not, so two kernels at once lose nothing, and no file has content that could
be damaged. Nothing leaves the machine.
"""

import html
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gan_lessons import checks
from gan_lessons.data.cache import user_folder

SWITCH = "GAN_LESSONS_PROGRESS"
LESSONS = {
    "00": "Start here",
    "01": "The deconvolution formula",
    "02": "Kernels, strides and sizes",
    "03": "Optimising the deconvolution",
    "04": "The GAN game",
    "05": "The article's GAN",
    "06": "DCGAN",
    "07": "Why training fails",
    "08": "How good is it?",
    "09": "Attention and recurrence",
    "10": "Steering and transferring",
    "11": "Completing and translating",
    "12": "Full training at scale",
}
STYLE = (
    "table.gl-solved{border-collapse:collapse;margin:0;font:14px/1.3 system-ui,sans-serif}"
    ".gl-solved :is(caption,th,td){text-align:left!important;padding:3px 10px 3px 0;border:0}"
    ".gl-solved caption{font-weight:bold;color:inherit}"
    ".gl-solved th{font-weight:normal}.gl-solved td{white-space:nowrap}"
    ".gl-solved b{font:20px/1 sans-serif;letter-spacing:3px}"
)
TROUBLE = (OSError, RuntimeError, ValueError)  # RuntimeError: the user has no home


def folder() -> Path | None:
    """The folder of this learner's files, which may not exist yet; None if recording is off.

    By default `gan_lessons/progress` in XDG_DATA_HOME or, if that is not set, in the platform's own
    folder for data: ~/.local/share, ~/Library/Application Support or %LOCALAPPDATA%.

    Raises:
        ValueError: GAN_LESSONS_PROGRESS is neither `on` nor `off` nor the full path of a folder.
    """
    setting = os.environ.get(SWITCH) or "on"
    if setting == "off":
        return None
    if setting == "on":
        mac, other = "Library/Application Support", ".local/share"
        return user_folder("XDG_DATA_HOME", mac, other) / "gan_lessons" / "progress"
    own = checks.path_of(SWITCH, setting)
    if not own.is_absolute():
        raise ValueError(f"{SWITCH} must be on, off or the full path of a folder, got {setting!r}")
    return own


def record(name: str) -> str:
    """Remembers that an exercise is solved. Returns one line that says why not, or ""."""
    try:
        own = folder()
        if own is not None:
            own.mkdir(parents=True, exist_ok=True)
            (own / name).touch()
    except TROUBLE as error:
        return f"Solved, but not recorded: {_sentence(error)}"
    return ""


def progress_of(names: list[str]) -> "Progress":
    """What this learner has solved of the exercises with these names."""
    note, found = "", set()
    try:
        own = folder()
        if own is None:
            note = f"Nothing is recorded here: {SWITCH} is off."
        elif own.exists():
            found = {path.name for path in own.iterdir()}
    except TROUBLE as error:
        note = f"What was recorded cannot be read: {_sentence(error)}"
    return Progress({name: name in found for name in names}, note)


@dataclass(frozen=True, repr=False)
class Progress:
    """A row for each lesson, a square for each exercise, filled if it is solved.

    solved: by exercise, in the order of the lessons. note: a line below, or "".
    """

    solved: Mapping[str, bool]
    note: str = ""

    def of(self, lesson: str) -> dict[str, bool]:
        """The part of `solved` that belongs to a lesson, such as "06"."""
        return {name: done for name, done in self.solved.items() if name[:2] == lesson}

    def __repr__(self) -> str:
        rows = [
            f"{lesson} {title:<30} {_squares(own):<7} {_count(own)}"
            for lesson, title in LESSONS.items()
            for own in [self.of(lesson)]
        ]
        return "\n".join([self._headline(), *rows, *filter(None, [self.note])])

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": self._html()}

    def _headline(self) -> str:
        return f"Exercises solved: {_count(self.solved)}"

    def _html(self) -> str:
        """A table that takes its colours from the page, light or dark."""
        rows = []
        for lesson, title in LESSONS.items():
            own = self.of(lesson)
            done = ", ".join(name for name in own if own[name]) or "none"
            squares = (
                f'<b role="img" aria-label="solved: {done}">{_squares(own)}</b>' if own else ""
            )
            rows.append(
                f'<tr><th scope="row">{lesson} {html.escape(title)}</th>'
                f"<td>{squares}</td><td>{_count(own)}</td></tr>"
            )
        note = f"<p>{html.escape(self.note)}</p>" if self.note else ""
        return (
            f'<style>{STYLE}</style><table class="gl-solved"><caption>{self._headline()}</caption>'
            f"{''.join(rows)}</table>{note}"
        )


def _sentence(error: Exception) -> str:
    return str(error).rstrip(".") + "."


def _squares(solved: Mapping[str, bool]) -> str:
    return "".join("■" if done else "□" for done in solved.values())


def _count(solved: Mapping[str, bool]) -> str:
    return f"{sum(solved.values())} of {len(solved)}" if solved else "none"
