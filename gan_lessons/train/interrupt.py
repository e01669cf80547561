"""A request to stop, answered between two steps, so that nothing is left half done."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# Ctrl-C and the stop button of a notebook; what a machine sends before it shuts down; what a
# terminal sends when its window is closed (not on Windows).
SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)


class Interrupt:
    """Whether somebody asked to stop, and by which signal."""

    def __init__(self) -> None:
        self.asked = False
        self.signal = signal.SIGINT
        self._holding = self._insisted = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """While this runs, a request is noted. A Ctrl-C after it raises KeyboardInterrupt at once,
        except within `holding`.
        """
        self.asked = self._insisted = False
        if threading.current_thread() is not threading.main_thread():
            yield  # only the main thread may set handlers
            return
        before = {number: signal.signal(number, self._note) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def holding(self) -> Iterator[None]:
        """While this runs, no request raises; a Ctrl-C that insisted does when it ends."""
        before, self._holding = self._holding, True
        try:
            yield
        finally:
            self._holding = before
        if self._insisted and not self._holding:
            self._insisted = False
            raise KeyboardInterrupt

    def _note(self, number: int, frame: object) -> None:
        insists = self.asked and number == signal.SIGINT
        if not self.asked:
            self.asked, self.signal = True, signal.Signals(number)
        if insists and not self._holding:
            raise KeyboardInterrupt
        self._insisted = self._insisted or insists


class Terminated(KeyboardInterrupt):
    """A request to stop that came when there was no step to finish. signal: which one."""

    def __init__(self, number: signal.Signals):
        super().__init__()
        self.signal = number


@contextmanager
def raising() -> Iterator[None]:
    """While this runs, every request to stop raises `Terminated`, where no `listening` notes it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: object) -> None:
        raise Terminated(signal.Signals(number))

    before = {number: signal.signal(number, stop) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
