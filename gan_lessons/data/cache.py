"""The cache folder for downloads and results, and how files are written into it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def cache_folder() -> Path:
    """The folder for downloads and results that take long to compute; it may not exist yet.

    The environment variable GAN_LESSONS_CACHE names it. If it is not set, the folder is
    `gan_lessons` in XDG_CACHE_HOME or, if that is not set either, in the platform's own cache
    folder: ~/.cache, ~/Library/Caches or %LOCALAPPDATA%.
    """
    own = os.environ.get("GAN_LESSONS_CACHE")
    if own:
        return Path(own).expanduser()
    return user_folder("XDG_CACHE_HOME", mac="Library/Caches", other=".cache") / "gan_lessons"


def user_folder(variable: str, mac: str, other: str) -> Path:
    """The user's folder of one kind: where the variable says, or the platform's own.

    mac, other: below the home folder, of macOS and of Linux. On Windows it is %LOCALAPPDATA%.
    """
    # The XDG specification says to ignore relative paths.
    xdg = os.environ.get(variable, "")
    if os.path.isabs(xdg):
        return Path(xdg)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    return Path.home() / (mac if sys.platform == "darwin" else other)


@contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """Context manager: yields a temporary path beside `path`, and renames it to `path` at the end.

    A reader therefore sees either the complete file or none, even after an error, a full disk or a
    killed process. If the block fails, the temporary file is removed. Missing folders are created.
    Raises OSError if the folder cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        aside.touch()
        mode = aside.stat().st_mode  # what the user's umask gives; some libraries write 0600
        yield aside
        aside.chmod(mode)
        with open(aside, "rb+") as written:
            os.fsync(written.fileno())  # the content must reach the disk before the new name does
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
