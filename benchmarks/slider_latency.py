"""How long a slider event takes until its picture is drawn and packed for sending.

    python benchmarks/slider_latency.py

Compares the explorer with the usual way: `interact` with a function that draws the same three
panels (input, kernel, output, with numbers in the cells) in a new pyplot figure. Both get the same
events, alternately, in one process. Times are in milliseconds; sizes are of what goes to the
browser. The benchmark fails if a limit is exceeded.
"""

import base64
import io
import json
import statistics
import time
from collections.abc import Callable
from contextlib import redirect_stdout

import comm
import ipywidgets
import matplotlib as mpl
import torch.nn.functional as F
from comm.base_comm import BaseComm
from IPython.core.pylabtools import print_figure

from gan_lessons.widgets import DeconvExplorer
from gan_lessons.widgets.deconv_explorer.patterns import ramp
from gan_lessons.widgets.deconv_explorer.settings import VIEWS

mpl.use("agg")
import matplotlib.pyplot as plt

LARGEST = {"size": 10, "kernel": 7, "stride": 4, "dilation": 3, "output_padding": 3}
EVENTS = 100
DEFAULT_MS, LARGEST_MS, TIMES_FASTER = 20, 60, 10
DEFAULT_KIB, LARGEST_KIB = 50, 390  # of one dimension, and of two


class Sent(BaseComm):
    """Replaces the connection to the browser: packs messages as the kernel does, counts bytes."""

    size = 0

    def publish_msg(self, msg_type: str, data: dict | None = None, **_: object) -> None:
        Sent.size += len(json.dumps(data, ensure_ascii=False).encode())


def usual(dims: int) -> ipywidgets.interactive:
    """`interact` with a new figure for each event."""

    def draw(size: int, kernel: int, stride: int) -> None:
        x, w = ramp(size, dims), ramp(kernel, dims)
        if dims == 1:
            y = F.conv_transpose1d(x[None], w[None], stride=stride)[0]
        else:
            y = F.conv_transpose2d(x[None, None], w[None, None], stride=stride)[0, 0]
        figure, axes = plt.subplots(1, 3, figsize=(9, 3))
        for axis, values, name in zip(axes, (x, w, y), ("input", "kernel", "output"), strict=True):
            axis.imshow(values)
            axis.set_title(name)
            for row, line in enumerate(values.tolist()):
                for column, value in enumerate(line):
                    axis.text(column, row, f"{value:g}", ha="center", va="center")
        png = print_figure(figure, "png", bbox_inches="tight")  # as the inline backend does
        Sent.size += len(base64.b64encode(png))
        plt.close(figure)

    return ipywidgets.interactive(draw, size=(1, 10), kernel=(1, 7), stride=(1, 4))


def timed(event: Callable[[], None]) -> tuple[float, int]:
    """Milliseconds and bytes of one event."""
    Sent.size = 0
    start = time.perf_counter()
    event()
    return (time.perf_counter() - start) * 1000, Sent.size


def moves(slider: ipywidgets.IntSlider) -> Callable[[], None]:
    """An event that moves the slider back and forth between two values."""
    low, high = sorted((slider.value, slider.value - 1 if slider.value > 2 else slider.value + 1))

    def event() -> None:
        slider.value = low if slider.value == high else high

    return event


def percentile(values: list[float], share: float = 0.95) -> float:
    return sorted(values)[int(share * (len(values) - 1))]


def explorer_times(**setting: object) -> tuple[list[float], int]:
    """Milliseconds of each event, over size, kernel and stride; the largest number of bytes."""
    explorer = DeconvExplorer(**setting)
    events = [moves(explorer.controls[name]) for name in ("size", "kernel", "stride")]
    for event in events:
        event(), event()
    measured = [timed(events[i % 3]) for i in range(EVENTS)]
    return [ms for ms, _ in measured], max(size for _, size in measured)


def compared(dims: int) -> tuple[list[float], list[float]]:
    """Milliseconds of the explorer and of the usual way for the same events, alternately."""
    names = ("size", "kernel", "stride")
    with redirect_stdout(io.StringIO()):  # `interact` prints control characters
        explorer, interact = DeconvExplorer(dims=dims), usual(dims)
        for slider, name in zip(interact.children, names, strict=False):
            slider.value = explorer.state[name]
    ours = [moves(explorer.controls[name]) for name in names]
    theirs = [moves(slider) for slider in interact.children[:3]]
    with redirect_stdout(io.StringIO()):
        pairs = [(timed(ours[i % 3])[0], timed(theirs[i % 3])[0]) for i in range(EVENTS // 2)]
    return [a for a, _ in pairs], [b for _, b in pairs]


def main() -> None:
    comm.create_comm = Sent
    failed = []
    print(f"{'':22}{'median':>9}{'95 %':>9}{'KiB':>9}")
    for label, setting, limit in (
        ("1-D, default", {}, DEFAULT_MS),
        ("2-D, default", {"dims": 2}, DEFAULT_MS),
        ("1-D, largest", LARGEST, LARGEST_MS),
        ("2-D, largest", {"dims": 2, **LARGEST}, LARGEST_MS),
    ):
        for view in VIEWS:
            times, size = explorer_times(view=view, **setting)
            late = percentile(times)
            row = f"{label + ', ' + view:22}{statistics.median(times):9.1f}{late:9.1f}"
            print(f"{row}{size / 1024:9.1f}")
            if late > limit:
                failed.append(f"{label}, {view}: {late:.1f} ms, allowed {limit}")
            allowed = DEFAULT_KIB if setting == {} else LARGEST_KIB
            if size > allowed * 1024:
                failed.append(f"{label}, {view}: {size / 1024:.1f} KiB, allowed {allowed}")
    for dims in (1, 2):
        ours, theirs = compared(dims)
        ratio = statistics.median(theirs) / statistics.median(ours)
        print(
            f"{dims}-D beside interact and pyplot: {statistics.median(ours):.1f} against "
            f"{statistics.median(theirs):.1f} ms, {ratio:.0f} times faster"
        )
        if ratio < TIMES_FASTER:
            failed.append(f"{dims}-D: only {ratio:.1f} times faster, wanted {TIMES_FASTER}")
    if failed:
        raise SystemExit("\n".join(failed))


if __name__ == "__main__":
    main()
