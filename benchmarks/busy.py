"""What a training loses beside other programs, with and without fewer threads (see `threads`).

    python benchmarks/busy.py [dcgan | modern | article ...]   (dcgan: six minutes)

Each figure is the median time of a step in a `fit` of its own, after the first seconds, in which
the trainer notices; the fits with the option on and off take turns. The other programs are endless
loops of equal priority, and as polite as possible (nice 19).
"""

import contextlib
import statistics
import subprocess
import sys
import time
from dataclasses import replace

import torch

from gan_lessons import data
from gan_lessons.train import RECIPES, ComputeOptions, Trainer, networks
from gan_lessons.train.view import Progress

ROUNDS = 3
NOTICE, SECONDS = 6.0, 6.0  # of each fit: before the measurement, and of it
MOST_STEPS = 1_000_000
LOSS = 0.03  # the most that the option may cost while nothing else runs


class Clock:
    """A view that ends the training after some seconds and keeps the time of its steps."""

    shows_progress = True  # no bar

    def __init__(self, trainer: Trainer):
        self.trainer, self.begun = trainer, time.perf_counter()
        self.first: tuple[float, int] | None = None
        self.seconds_a_step = float("nan")

    def update(self, progress: Progress) -> None:
        now = time.perf_counter()
        if now < self.begun + NOTICE:
            return
        if self.first is None:
            self.first = now, progress.step
        elif now > self.first[0] + SECONDS:
            self.seconds_a_step = (now - self.first[0]) / (progress.step - self.first[1])
            raise Enough

    def close(self, progress: Progress) -> None:
        pass


class Enough(Exception):
    """Ends a `fit` that was measured."""


def main(recipes: list[str]) -> int:
    images = data.load("mnist")
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}")
    short = []
    for name in recipes:
        config = replace(RECIPES[name], fresh=False)
        for others, priority in ((0, 0), (1, 0), (2, 0), (1, 19), (2, 19)):
            loops = [subprocess.Popen([sys.executable, "-c", LOOP.format(priority)])
                     for _ in range(others)]  # fmt: skip
            try:
                times: dict[bool, list[float]] = {True: [], False: []}
                for _ in range(ROUNDS):
                    for on, own in times.items():
                        compute = ComputeOptions(spare_threads=on)
                        trainer = Trainer(*networks(config, images), images, config, "cpu", compute)
                        own.append(fit(trainer))
            finally:
                for loop in loops:
                    loop.kill()
                    loop.wait()
            on, off = (1000 * statistics.median(own) for own in times.values())
            beside = f"beside {others} (nice {priority})" if others else "idle"
            print(f"  {name:8s} {beside:20s} on {on:7.1f} ms a step, off {off:7.1f}", flush=True)
            if not others and on > (1 + LOSS) * off:
                short.append(f"{name}, idle: {on / off:.3f} times as long")
    print("\n".join(short))
    return bool(short)


LOOP = "import os; os.nice({})\nwhile True: pass"


def fit(trainer: Trainer) -> float:
    """Seconds a step."""
    clock = Clock(trainer)
    with contextlib.suppress(Enough):
        trainer.fit(MOST_STEPS, clock)
    return clock.seconds_a_step


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["dcgan"]))
