"""How long an event of the latent explorer takes until its picture is packed for sending.

    python benchmarks/latent_latency.py

Times are in milliseconds, from the event to the packed message with the new large picture, which
the explorer sends first. "whole" is the time until the callback ends, with the smaller pictures if
the event changes them too. The benchmark fails if a limit is exceeded.
"""

import json
import statistics
import time
from collections.abc import Callable

import comm
from comm.base_comm import BaseComm

from gan_lessons.models import dcgan
from gan_lessons.widgets import LatentExplorer

CASES = {
    "width 32, 28 px, grey": {"size": 28, "channels": 1, "width": 32},
    "width 64, 64 px, RGB": {"size": 64, "channels": 3, "width": 64},
}
EVENTS = 100
RARE_EVENTS = 20  # of those that redraw all pictures
LIMIT_MS = 30


class Sent(BaseComm):
    """Replaces the connection to the browser: packs messages as the kernel does, notes when."""

    picture_at = 0.0  # when the first large picture since the event was packed

    def publish_msg(self, msg_type: str, data: dict | None = None, **_: object) -> None:
        packed = json.dumps(data, ensure_ascii=False).encode()
        if not Sent.picture_at and b"gl-card large" in packed:
            Sent.picture_at = time.perf_counter()


def timed(event: Callable[[], None]) -> tuple[float, float]:
    """Milliseconds until the picture is packed, and until the callback ends."""
    Sent.picture_at = 0.0
    start = time.perf_counter()
    event()
    end = time.perf_counter()
    if not Sent.picture_at:
        raise RuntimeError("the event sent no picture")
    return (Sent.picture_at - start) * 1000, (end - start) * 1000


def percentile(values: list[float], share: float = 0.95) -> float:
    return sorted(values)[int(share * (len(values) - 1))]


def events(explorer: LatentExplorer) -> dict[str, tuple[str, int, Callable[[int], None]]]:
    """Name → the view that the event belongs to, how often to time it, and the i-th event."""

    def set_to(name: str, values: list) -> Callable[[int], None]:
        def event(i: int) -> None:
            explorer.controls[name].value = values[i % len(values)]

        return event

    def press(i: int) -> None:
        cells = explorer.board.children
        cells[(5 * i + 1) % len(cells)].click()

    def tick(_: int) -> None:
        explorer.controls["play"].value += 1

    slide = [-2.0, -1.0, 0.0, 1.0, 2.0]
    return {
        "direction's slider": ("directions", EVENTS, set_to("direction1", slide)),
        "walk's slider": ("walk", EVENTS, set_to("position", [3, 11, 24, 40])),
        "tick of Play": ("walk", EVENTS, tick),
        "cell of the grid": ("grid", EVENTS, press),
        "new seed, directions": ("directions", RARE_EVENTS, set_to("seed", [5, 6, 7])),
        "new seed, walk": ("walk", RARE_EVENTS, set_to("seed", [5, 6, 7])),
        "new seed, grid": ("grid", RARE_EVENTS, set_to("seed", [5, 6, 7])),
    }


def main() -> None:
    comm.create_comm = Sent
    failed = []
    print(f"{'':46}{'median':>9}{'95 %':>9}{'whole':>9}")
    for label, options in CASES.items():
        explorer = LatentExplorer(dcgan.Generator(**options))
        for name, (view, count, event) in events(explorer).items():
            explorer.controls["view"].value = view
            for i in range(4):  # warm-up; also makes sure that the first timed event is a change
                event(i)
            pairs = [timed(lambda i=i, event=event: event(i)) for i in range(4, count + 4)]
            times, whole = [a for a, _ in pairs], [b for _, b in pairs]
            late = percentile(times)
            row = f"{label}: {name}"
            print(f"{row:46}{statistics.median(times):9.1f}{late:9.1f}{percentile(whole):9.1f}")
            if late > LIMIT_MS:
                failed.append(f"{row}: {late:.1f} ms, allowed {LIMIT_MS}")
    if failed:
        raise SystemExit("\n".join(failed))


if __name__ == "__main__":
    main()
