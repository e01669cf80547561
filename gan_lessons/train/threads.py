"""Fewer CPU threads while other programs are busy.

The threads of a step wait for each other at the end of each layer. If another program holds one of
the cores, all wait for the thread that it keeps out, and a step can take several times as long as
with one thread.
"""

import time

import torch

KEPT_OUT = 0.85  # of the time of its threads that a step gets, at most, when others are busy
PATIENCE = 2  # such looks in a row until fewer threads are tried
ROUNDS = 2  # of a trial: as many looks at either number of threads
FASTER = 1.15  # so many times as fast must the other number of threads be to be kept
REST = 15.0  # seconds from one trial to the next


class Threads:
    """How many threads a training uses: fewer while that is faster, and all again afterwards.

    Nothing is tried, and so no sum is rounded otherwise, as long as the threads get their time.
    """

    def __init__(self) -> None:
        self.most = self.now = torch.get_num_threads()
        self._kept_out = 0  # looks in a row
        self._rest_until = 0.0
        self._trial: dict[int, list[float]] | None = None  # number of threads → steps a second
        self.start()

    def start(self) -> None:
        """The time until `look` is spent on steps."""
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def look(self, steps: int) -> bool:
        """After so many steps since `start`: chooses the number of threads for those to come.

        Returns whether it has just settled for fewer than all.
        """
        if self.most == 1:
            return False
        now = time.perf_counter()
        wall, cpu = now - self._wall, time.process_time() - self._cpu
        if self._trial is not None:
            return self._try_on(steps / wall, now)
        kept_out = cpu < KEPT_OUT * wall * self.now
        self._kept_out = self._kept_out + 1 if kept_out else 0
        if now < self._rest_until:
            return False
        if self.now > 1 and self._kept_out >= PATIENCE:
            self._begin(self.now // 2)
        elif self.now < self.most and not self._kept_out:
            self._begin(min(2 * self.now, self.most))
        return False

    def _begin(self, other: int) -> None:
        self._trial = {other: [], self.now: []}
        torch.set_num_threads(other)

    def _try_on(self, pace: float, now: float) -> bool:
        assert self._trial is not None
        other, own = self._trial
        tried = torch.get_num_threads()
        self._trial[tried].append(pace)
        if len(self._trial[own]) < ROUNDS:
            torch.set_num_threads(own if tried == other else other)
            return False
        faster = sum(self._trial[other]) > FASTER * sum(self._trial[own])
        settled = faster and other < own
        self.now = other if faster else own
        torch.set_num_threads(self.now)
        self._trial, self._kept_out, self._rest_until = None, 0, now + REST
        return settled

    def stop(self) -> None:
        """All threads again."""
        torch.set_num_threads(self.most)
