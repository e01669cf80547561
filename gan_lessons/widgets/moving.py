"""What explorers share whose controls move by themselves, and whose games play."""

from collections.abc import Iterator
from contextlib import contextmanager

import ipywidgets as w

PLAYING = ("playing", "_playing")  # what Play calls it on ipywidgets 8, and on 7


class Quiet:
    """Controls may be moved without being heard: handlers look at `_quiet` first."""

    _quiet = False

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        before, self._quiet = self._quiet, True
        try:
            yield
        finally:
            self._quiet = before


class Plays(Quiet):
    """Has a Play among its controls, and can stop it. `_stopped` until the next tick is its own."""

    _player: w.Play
    _stopped = False

    @property
    def _playing(self) -> bool:
        return any(getattr(self._player, each) for each in PLAYING if self._player.has_trait(each))

    def _stop(self) -> None:
        self._stopped = self._playing
        for each in PLAYING:
            if self._player.has_trait(each):
                setattr(self._player, each, False)
