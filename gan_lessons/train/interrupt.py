"""A request to stop, answered between two steps, so that nothing is left half done."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# Ctrl-C and the stop button of a notebook; what a machine sends before it shuts down; what a
# terminal sends when its window is closed (not on Windows).
SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)


@contextmanager
def _handled(handler: Callable[[int, object], None]) -> Iterator[None]:
    """While this runs, the handler gets each request to stop.

    A signal that was ignored stays ignored: `nohup` wants a run to outlive its terminal, and a
    shell script wants a Ctrl-C to leave its background jobs alone.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set handlers
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    taken = {n: old for n, old in before.items() if old not in (signal.SIG_IGN, None)}
    try:
        for number in taken:
            signal.signal(number, handler)
        yield
    finally:
        for number, old in taken.items():
            signal.signal(number, old)


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
        with _handled(self._note):
            yield

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

    def stop(number: int, frame: object) -> None:
        raise Terminated(signal.Signals(number))

    with _handled(stop):
        yield


@contextmanager
def answering() -> Iterator[None]:
    """Around `raising`: once that has ended, requests to stop change nothing.

    They often come in twos: a terminal that closes and its shell both send SIGHUP, and an impatient
    user presses Ctrl-C again. The second must not break off the answer to the first.
    """
    with _handled(lambda number, frame: None):  # SIG_IGN would keep `raising` out
        yield
