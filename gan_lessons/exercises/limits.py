"""What an answer may not do to the notebook: run for ever, or leave torch's settings changed."""

import functools
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import torch

AGAIN_S = 0.02
SEED = 20_140_610  # of an answer's own random numbers

SETTINGS: dict[str, tuple[Callable[[], Any], Callable[[Any], Any]]] = {
    "default dtype": (torch.get_default_dtype, torch.set_default_dtype),
    "gradients": (torch.is_grad_enabled, torch.set_grad_enabled),
    "number of threads": (torch.get_num_threads, torch.set_num_threads),
    "seed": (torch.initial_seed, torch.default_generator.manual_seed),
}


class TimeUp(BaseException):
    """Raised inside an answer that takes too long; `except Exception` in it must not stop this."""

    when_dropped: Callable[[FrameType], None] | None = None

    def __init__(self, when_dropped: Callable[[FrameType], None]):
        self.when_dropped = when_dropped

    def __del__(self) -> None:
        dropped_in = sys._getframe().f_back
        if self.when_dropped and dropped_in:
            self.when_dropped(dropped_in)


@contextmanager
def time_limit(seconds: float) -> Iterator[Callable[[Callable], Callable]]:
    """Raise TimeUp in the body after so many seconds; yields a wrapper for the answer called there.

    A wrapped answer that catches TimeUp and goes on gets it again, at its next line, until it is
    out. Code around the answer gets it once, so that it can clean up.

    It takes a Unix system and the main thread, where a notebook runs its cells: on Windows, and in
    other threads, there is no limit and the kernel has to be interrupted. A single long call into
    compiled code is stopped only when it returns, and an import when it is complete.
    """
    inside = up = False
    outermost = sys._getframe(2)  # of whoever enters this context

    def importing(frame: FrameType | None) -> bool:
        """Whether a module is being imported: half of it would stay behind, and never work."""
        while frame is not None and frame is not outermost:
            if frame.f_code.co_filename.startswith("<frozen importlib"):
                return True
            frame = frame.f_back
        return False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal up
        if (up and not inside) or importing(frame):
            return
        if up:  # the answer caught the first one
            again(frame)
        up = True
        raise TimeUp(again)

    def again(frame: FrameType | None) -> None:
        """Have Python call `trace` at the next line of the answer, whichever frame that is in."""
        if up and inside:
            sys.settrace(trace)
            while frame is not None and frame.f_code is not call.__code__:
                frame.f_trace = trace
                frame = frame.f_back

    def trace(frame: FrameType, event: str, arg: object) -> Any:
        own = frame.f_code.co_filename == stop.__code__.co_filename
        if own or not inside or importing(frame):
            return None
        if event in ("call", "line"):  # at "exception" the same `except` would catch it
            raise TimeUp(again)  # and Python takes the trace function away, until `again`
        return trace

    def call(answer: Callable, *arguments: Any) -> Any:
        nonlocal inside
        inside = True
        try:
            return answer(*arguments)
        finally:
            inside = False

    def wrapped(answer: Callable) -> Callable:
        return functools.partial(call, answer)

    if sys.platform != "win32" and threading.current_thread() is threading.main_thread():
        handler, tracer = signal.signal(signal.SIGALRM, stop), sys.gettrace()
        timer = signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN_S)
        try:
            yield wrapped
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, handler)
            signal.setitimer(signal.ITIMER_REAL, *timer)
            if up:
                sys.settrace(tracer)
    else:
        yield wrapped


@contextmanager
def settings_kept() -> Iterator[Callable[[], list[str]]]:
    """Restore torch's settings at the end; yields a function that lists which have changed so far.

    Inside, torch's random numbers begin at a seed of our own: an answer that sets one is found out.
    """
    torch.default_generator.manual_seed(SEED)
    before = {name: get() for name, (get, _) in SETTINGS.items()}

    def now_changed() -> list[str]:
        return [name for name, (get, _) in SETTINGS.items() if get() != before[name]]

    try:
        yield now_changed
    finally:
        for name in now_changed():
            SETTINGS[name][1](before[name])
