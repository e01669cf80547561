"""A request to stop, answered between two steps, so that nothing is left half done."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# Ctrl-C and the stop button of a notebook; what a machine sends before it shuts down.
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupt:
    """Whether somebody asked to stop, and by which signal."""

    def __init__(self) -> None:
        self.asked = False
        self.signal = signal.SIGINT

    @contextmanager
    def listening(self) -> Iterator[None]:
        """While this runs, a first request is noted; a second one raises KeyboardInterrupt."""
        self.asked = False
        if threading.current_thread() is not threading.main_thread():
            yield  # only the main thread may set handlers
            return

        def note(number: int, frame: object) -> None:
            if self.asked:
                raise KeyboardInterrupt
            self.asked, self.signal = True, signal.Signals(number)

        before = {number: signal.signal(number, note) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
