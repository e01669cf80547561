"""Where the package keeps what it has downloaded or computed, and how it writes there."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def cache_folder() -> Path:
    """The folder for downloads and results that are dear to compute; it may not exist yet.

    GAN_LESSONS_CACHE names it. Without that it is `gan_lessons` in XDG_CACHE_HOME or, where that
    is not set, in the platform's own place: ~/.cache, ~/Library/Caches or %LOCALAPPDATA%.
    """
    own = os.environ.get("GAN_LESSONS_CACHE")
    if own:
        return Path(own).expanduser()
    return _caches() / "gan_lessons"


def _caches() -> Path:
    # The XDG specification has relative paths ignored.
    xdg = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(xdg):
        return Path(xdg)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path.home() / ".cache"


@contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """Gives a temporary name beside `path`; what is written there becomes `path` at the end.

    A reader therefore sees the whole file or none, whatever happens in between: an error, a full
    disk, a kill. Where the block fails, nothing is left behind. Folders are made as needed. Raises
    OSError where the folder cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield aside
        with open(aside, "rb+") as written:
            os.fsync(written.fileno())  # or the new name could reach the disk before the content
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
