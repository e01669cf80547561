"""The game of a lab with its memory: moves that are written down, moments to go back to.

There are no widgets here.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gan_lessons.train import TrainingDiverged
from gan_lessons.widgets.gan_lab.match import Match, Phase, one_thread
from gan_lessons.widgets.gan_lab.settings import LIVE, PLAYERS, LabSettings, Move

RECORD_EVERY = 20  # turns between two measurements
FIRST_STRIDE = 10  # turns between two moments that are kept, at first
MOST_MOMENTS = 64  # above that every second one is given up


@dataclass(frozen=True)
class Moment:
    """All that makes the future of a game, and the moves that led there."""

    settings: LabSettings
    log: list[Move]
    state: dict[str, Any]


class Play(Match):
    """A game from its first weights on."""

    def __init__(self, settings: LabSettings):
        super().__init__(settings)
        self.start = settings
        self.log: list[Move] = []
        self.losses: dict[str, list[float]] = {"D": [], "G": []}  # the last of each turn
        self.records: list[dict[str, float]] = [self.measured()]
        self.moments: dict[int, Moment] = {}
        self.stride = FIRST_STRIDE
        self._turn: Iterator[Phase] | None = None  # one that slow motion has begun
        self.phase: Phase | None = None
        self.phases = 0  # of that turn, so far
        self._keep()

    # Playing

    @one_thread()
    def step(self, which: str = "both", count: int = 1) -> None:
        """So many turns of "D", "G" or "both": each of as many updates as the settings say.

        Raises ValueError for another name, and TrainingDiverged where a loss or a weight leaves
        the numbers: the game then stands where the last whole turn left it.
        """
        if which not in PLAYERS:
            raise ValueError(f"step takes 'D', 'G' or 'both', got {which!r}")
        self.finish()
        for _ in range(count):
            self._forget_what_followed()
            self._run(self._updates_of(which, watched=False))
            self._took(which)

    @one_thread()
    def next_phase(self) -> Phase:
        """The next act of a turn of both players; the last one ends the turn. Raises as `step`."""
        if self._turn is None:
            self._forget_what_followed()
            self._turn, self.phases = self._updates_of("both", watched=True), 0
        acts = self.settings.updates_d * 4 + self.settings.updates_g * 4
        turn = self._turn
        try:
            self.phase = next(turn)
        except TrainingDiverged:
            self._undo()
            raise
        self.phases += 1
        if self.phases == acts:
            self._run(turn)
            self._turn, self.phases = None, 0
            self._took("both")
        return self.phase

    @one_thread()
    def finish(self) -> None:
        """Ends a turn that slow motion has begun."""
        if self._turn is not None:
            turn, self._turn, self.phases = self._turn, None, 0
            self._run(turn)
            self._took("both")
        self.phase = None

    def change(self, **changes: Any) -> None:
        """Other settings of those that may change in the middle of a game (LIVE)."""
        self.finish()
        settings = self.settings.changed(**changes)
        new = {n: getattr(settings, n) for n in LIVE}
        new = {n: v for n, v in new.items() if v != getattr(self.settings, n)}
        if not new:
            return
        self._forget_what_followed()
        self.settings = settings
        self._prepare(tuple(new))
        if not self.taken:
            self.start = settings
        elif self.log and isinstance(self.log[-1], dict):
            self.log[-1] = {**self.log[-1], **new}
        else:
            self.log.append(new)
        if self.taken in self.moments:
            self._keep()

    def replay(self, moves: list[Move]) -> None:
        """Plays moves that were played before."""
        for move in moves:
            if isinstance(move, dict):
                self.change(**move)
            else:
                self.step(*move)

    # Going back

    @property
    def head(self) -> int:
        """The last turn that can be gone to."""
        return max(self.taken, *self.moments)

    def go_to(self, taken: int) -> None:
        """To the kept moment nearest before so many turns; what followed is kept until a step."""
        self.finish()
        if self.taken == self.head:
            self._keep()
        nearest = max(moment for moment in self.moments if moment <= max(0, taken))
        if nearest != self.taken:
            self._restore(nearest)

    def _keep(self) -> None:
        log = copy.deepcopy(self.log)
        self.moments[self.taken] = Moment(self.settings, log, self._captured())

    def _restore(self, taken: int) -> None:
        moment = self.moments[taken]
        self._release(moment.state, moment.settings)
        self.log, self.taken = copy.deepcopy(moment.log), taken
        if not taken:
            self.start = moment.settings
        self._turn, self.phase, self.phases = None, None, 0

    def _forget_what_followed(self) -> None:
        if self.taken < len(self.losses["D"]):
            for moment in [m for m in self.moments if m > self.taken]:
                del self.moments[moment]
            for values in self.losses.values():
                del values[self.taken :]
            self.records = [r for r in self.records if r["step"] <= self.taken]

    def _took(self, which: str) -> None:
        """Writes down a turn."""
        self.taken += 1
        last = self.log[-1] if self.log else None
        if isinstance(last, tuple) and last[0] == which:
            self.log[-1] = (which, last[1] + 1)
        else:
            self.log.append((which, 1))
        for player, values in self.losses.items():
            values.append(self._loss[player])
        if self.taken % RECORD_EVERY == 0:
            self.records.append(self.measured())
        if self.taken % self.stride == 0:
            self._keep()
            if len(self.moments) > MOST_MOMENTS:
                self.stride *= 2
                for moment in [m for m in self.moments if m % self.stride]:
                    del self.moments[moment]

    def _run(self, turn: Iterator[Phase]) -> None:
        """The rest of a turn; one that cannot be ended leaves the game as it was before."""
        try:
            for _ in turn:
                pass
        except TrainingDiverged:
            self._undo()
            raise

    def _undo(self) -> None:
        """Back to the last whole turn: from the moment before it, over the moves since then."""
        log = self.log
        self._restore(max(moment for moment in self.moments if moment <= self.taken))
        known = len(self.log)
        last, whole = (self.log[-1], log[known - 1]) if known else (None, None)
        if isinstance(last, tuple) and isinstance(whole, tuple):
            self.step(whole[0], whole[1] - last[1])
        self.replay(log[known:])
