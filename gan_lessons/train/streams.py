"""Printing that never ends a training, whatever the encoding, the terminal or the stream."""

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO


class SafeStream(io.TextIOBase):
    """A text stream that writes to another one as far as it can.

    Letters that the other stream cannot encode become question marks. If it is closed, broken or
    None, the text is dropped.
    """

    def __init__(self, stream: TextIO | None):
        self.stream = stream

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return getattr(self.stream, "encoding", None) or "ascii"

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError, ValueError, AttributeError):
            try:
                self.stream.write(text)  # type: ignore[union-attr]
            except UnicodeEncodeError:
                known = text.encode(self.encoding, "replace").decode(self.encoding)
                self.stream.write(known)  # type: ignore[union-attr]
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError, AttributeError):
            self.stream.flush()  # type: ignore[union-attr]

    def isatty(self) -> bool:
        with contextlib.suppress(OSError, ValueError, AttributeError):
            return self.stream.isatty()  # type: ignore[union-attr]
        return False

    def fileno(self) -> int:
        if self.stream is None:
            raise OSError("there is no stream")
        return self.stream.fileno()

    def writable(self) -> bool:
        return True


def _reserve_descriptors() -> None:
    """Opens the null device in place of standard streams that are closed.

    Otherwise the next file that is opened gets the number of one, such as 2, and with it whatever
    a library prints there: it would end up in a checkpoint.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)


@contextmanager
def safe_streams() -> Iterator[None]:
    """Inside, all that is printed goes through `SafeStream`, also what other packages print."""
    _reserve_descriptors()
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (
        stream if isinstance(stream, SafeStream) else SafeStream(stream) for stream in before
    )
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        sys.stdout, sys.stderr = before


def drop_broken_streams() -> None:
    """Before the program ends: redirects broken streams, or the interpreter would complain."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            with contextlib.suppress(OSError, ValueError, AttributeError):
                nothing = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nothing, stream.fileno())


def say(text: str, **print_options: Any) -> None:
    """`print` to standard output that never raises."""
    print(text, file=SafeStream(sys.stdout), **print_options)
