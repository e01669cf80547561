"""How fast the GAN Lab plays: turns and pictures per second with all views, and a pause's delay.

    python benchmarks/gan_lab_speed.py

Ticks come every 80 ms, as the page sends them. A tick ends when its picture is packed for sending;
if it is late, the next ones wait. A pause waits for the current tick at most, so the benchmark also
looks for the slowest tick over all sizes of networks. It prints medians of several runs for the
default networks, and single runs for others. It fails if the default networks miss a limit or any
tick is too slow.
"""

import json
import statistics
import time

import comm
from comm.base_comm import BaseComm

from gan_lessons.widgets import GanLab
from gan_lessons.widgets.gan_lab.explorer import TICK_MS
from gan_lessons.widgets.gan_lab.settings import VIEWS

RUNS, SECONDS = 5, 3.0
TURNS, PICTURES, PAUSE_MS = 150, 10, 250
CASES = {
    "default": {},
    "no penalty": {"penalty": "none"},
    "rpgan, r1r2": {"loss": "rpgan", "penalty": "r1r2"},
    "spiral": {"data": "spiral"},
    "3 layers of 64": {"layers_g": 3, "layers_d": 3, "units_g": 64, "units_d": 64},
}
LAYERS, UNITS = (0, 1, 2, 3, 4), (2, 16, 64, 128)
# The longest turn that the controls allow: turns are not interrupted.
LONGEST = {
    **{"layers_g": 4, "layers_d": 4, "units_g": 128, "units_d": 128, "batch": 512},
    **{"updates_g": 5, "updates_d": 5, "loss": "wgan", "penalty": "wgan-gp", "data": "spiral"},
}


class Sent(BaseComm):
    """Replaces the connection to the browser: packs messages as the kernel does, counts bytes."""

    size = 0

    def publish_msg(self, msg_type: str, data: dict | None = None, **_: object) -> None:
        Sent.size += len(json.dumps(data, ensure_ascii=False).encode())


def played(lab: GanLab, seconds: float) -> tuple[float, float, float, float]:
    """Turns per second, pictures per second, the slowest tick in ms, KiB sent per picture."""
    Sent.size, ticks, slowest = 0, 0, 0.0
    before, start = lab.match.turns, time.perf_counter()
    while (now := time.perf_counter()) - start < seconds:
        ticks += 1
        lab.controls["play"].value += 1
        spent = time.perf_counter() - now
        slowest = max(slowest, spent)
        time.sleep(max(0.0, TICK_MS / 1000 - spent))
    took = time.perf_counter() - start
    turns = lab.match.turns - before
    return turns / took, ticks / took, 1000 * slowest, Sent.size / ticks / 1024


def slowest(seconds: float, **settings: object) -> float:
    """The slowest tick in ms, without the first few, which import and compile what they need."""
    lab = GanLab(views=tuple(VIEWS), **settings)
    played(lab, 0.3)
    return played(lab, seconds)[2]


def main() -> None:
    comm.create_comm = Sent
    failed = []
    print(f"{'':16}{'turns/s':>9}{'pictures/s':>12}{'slowest tick, ms':>18}{'KiB':>7}")
    for name, settings in CASES.items():
        lab = GanLab(views=tuple(VIEWS), **settings)
        played(lab, 0.5)
        runs = [played(lab, SECONDS) for _ in range(RUNS if name == "default" else 1)]
        turns, pictures, tick, size = (
            statistics.median(values) for values in zip(*runs, strict=True)
        )
        print(f"{name:16}{turns:9.0f}{pictures:12.1f}{tick:18.0f}{size:7.0f}")
        if name == "default" and (turns < TURNS or pictures < PICTURES or tick > PAUSE_MS):
            failed.append(
                f"{name}: {turns:.0f} turns/s, {pictures:.1f} pictures/s, {tick:.0f} ms; wanted "
                f"{TURNS}, {PICTURES}, {PAUSE_MS}"
            )
    print("\nslowest tick in ms, by layers and units of both networks")
    print(" " * 16 + "".join(f"{units:8}" for units in UNITS))
    ticks = []
    for layers in LAYERS:
        row = [
            slowest(0.6, layers_g=layers, layers_d=layers, units_g=units, units_d=units)
            for units in UNITS
        ]
        print(f"{f'{layers} layers':16}" + "".join(f"{tick:8.0f}" for tick in row), flush=True)
        ticks += row
    ticks.append(slowest(2.0, **LONGEST))
    print(f"{'longest turn':16}{ticks[-1]:8.0f}")
    if max(ticks) > PAUSE_MS:
        failed.append(f"a tick took {max(ticks):.0f} ms; wanted {PAUSE_MS}")
    if failed:
        raise SystemExit("\n".join(failed))


if __name__ == "__main__":
    main()
