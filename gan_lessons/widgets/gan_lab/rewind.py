"""A match with a memory: its moves are logged, and it can go back to saved moments.

There are no widgets here.
"""

import copy
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gan_lessons.checks import one_of, shown, whole
from gan_lessons.train import TrainingDiverged
from gan_lessons.widgets.gan_lab.match import Act, Match, one_thread
from gan_lessons.widgets.gan_lab.settings import LIVE, GanLabSettings
from gan_lessons.widgets.gan_lab.truth import NOTHING_DRAWN

PLAYERS = ("D", "G", "both")
MOST_TURNS = 1_000_000  # at once: a quarter of an hour, or more
RECORD_EVERY = 20  # turns between two measurements
FIRST_STRIDE = 10  # turns between two saved moments, at first
MOST_MOMENTS = 64  # if there are more, every second one is given up
Move = tuple[str, int] | dict[str, Any]  # so many turns of whom, or settings that changed


def moves_of(turns: int | Sequence[Any]) -> list[Move]:
    """A game in short form: 500, or [500, {"loss": "wgan"}, "20 D", 100], as moves.

    A number stands for so many turns of both players, "20 D" for 20 of one, a dict for settings
    that were changed there. Raises ValueError for anything else.
    """
    moves: list[Move] = []
    for item in turns if isinstance(turns, list | tuple) else [turns]:
        if isinstance(item, dict) and set(item) <= set(LIVE):
            moves.append(dict(item))
            continue
        words = re.fullmatch(r"([0-9]{1,9}) ([DG])", item) if isinstance(item, str) else None
        player, count = (words[2], int(words[1])) if words else ("both", item)
        try:
            moves.append((player, whole("turns", count, 0, MOST_TURNS)))
        except ValueError:
            raise ValueError(
                f"turns must be a number from 0 to {MOST_TURNS}, or a list of such numbers, of "
                f"words like '20 D', and of changed settings ({', '.join(LIVE)}), "
                f"got {shown(item)}"
            ) from None
    return moves


def turns_of(moves: Sequence[Move]) -> int | list[Any]:
    """The opposite of `moves_of`."""
    items = [
        dict(move)
        if isinstance(move, dict)
        else (move[1] if move[0] == "both" else f"{move[1]} {move[0]}")
        for move in moves
    ]
    if not items:
        return 0
    return items[0] if len(items) == 1 and isinstance(items[0], int) else items


@dataclass(frozen=True)
class Moment:
    """All that makes the future of a match, and the moves that led there."""

    settings: GanLabSettings
    log: list[Move]
    state: dict[str, Any]


class RewindableMatch(Match):
    """A match from its first weights on.

    start: the settings that it began with. log: its moves since. losses: of each player's last
    update, turn by turn. act: the act of slow motion that was shown last; acts: how many of the
    turn that it has begun.
    """

    def __init__(self, settings: GanLabSettings):
        super().__init__(settings)
        self.start = settings
        self.log: list[Move] = []
        self.losses: dict[str, list[float]] = {"D": [], "G": []}
        self._records: list[dict[str, float]] = []
        self.moments: dict[int, Moment] = {}
        self.stride = FIRST_STRIDE
        self._turn: Iterator[Act] | None = None  # one that slow motion has begun
        self.act: Act | None = None
        self.acts = 0
        self._save()

    @property
    def records(self) -> list[dict[str, float]]:
        """The metrics of each 20th turn; those of the start are measured when they are needed."""
        if not self._records:
            self._records.append(self.measured())
        return self._records

    # Playing

    @one_thread()
    def step(self, which: str = "both", count: int = 1) -> None:
        """So many turns of "D", "G" or "both": each of as many updates as the settings say.

        Raises ValueError for another name or an empty drawing, and TrainingDiverged if a loss or a
        weight grows beyond all bounds: the match then stands where the last whole turn left it.
        """
        one_of("player", which, PLAYERS)
        if count:
            self._check_data()
        self.finish()
        for _ in range(count):
            self._drop_future()
            self._end_turn(self._updates_of(which, watched=False), which)

    @one_thread()
    def next_act(self) -> Act:
        """The next act of a turn of both players; the last one ends the turn. Raises as `step`."""
        self._check_data()
        if self._turn is None:
            self._drop_future()
            self._turn, self.acts = self._updates_of("both", watched=True), 0
        turn = self._turn
        try:
            self.act = next(turn)
        except TrainingDiverged:
            self._undo()
            raise
        self.acts += 1
        if self.acts == 4 * (self.settings.updates_d + self.settings.updates_g):
            self._turn, self.acts = None, 0
            self._end_turn(turn)
        return self.act

    @one_thread()
    def finish(self) -> None:
        """Ends a turn that slow motion has begun."""
        if self._turn is not None:
            turn, self._turn, self.acts = self._turn, None, 0
            self._end_turn(turn)
        self.act = None

    def _check_data(self) -> None:
        if self.truth.empty:
            raise ValueError(NOTHING_DRAWN)

    def change(self, **changes: Any) -> None:
        """Other settings of those that may change in the middle of a game (LIVE)."""
        self.finish()
        settings = self.settings.changed(**changes)
        new = {n: getattr(settings, n) for n in LIVE}
        new = {n: v for n, v in new.items() if v != getattr(self.settings, n)}
        if not new:
            return
        self._drop_future()
        self.settings = settings
        self._prepare(tuple(new))
        if not self.turns:
            self.start = settings
        elif self.log and isinstance(self.log[-1], dict):
            self.log[-1] = {**self.log[-1], **new}
        else:
            self.log.append(new)
        if self.turns in self.moments:
            self._save()

    def replay(self, moves: Sequence[Move], acts: int = 0) -> None:
        """Plays moves that were played before, and so many acts of slow motion."""
        for move in moves:
            if isinstance(move, dict):
                self.change(**move)
            else:
                self.step(*move)
        for _ in range(acts):
            self.next_act()

    def replayed(self, **others: Any) -> "RewindableMatch":
        """Another match: the same moves, played with other settings from the start."""
        other = RewindableMatch(self.start.changed(**others))
        for move in self.log:
            if isinstance(move, dict):
                move = {name: value for name, value in move.items() if name not in others}
            other.replay([move])
        other.replay([], self.acts)
        return other

    # Going back

    @property
    def last_turn(self) -> int:
        """The last turn that it can go to."""
        return max(self.turns, *self.moments)

    def go_to(self, turn: int) -> None:
        """To the last saved moment that is not after a turn. What followed is lost with a step."""
        self.finish()
        if self.turns == self.last_turn:
            self._save()
        nearest = self._nearest(max(0, turn))
        if nearest != self.turns:
            self._restore(nearest)

    def at(self, turn: int) -> "RewindableMatch":
        """Another match that stands at the last saved moment that is not after a turn."""
        other = RewindableMatch(self.start)
        other.moments, other.stride = dict(self.moments), self.stride
        other.losses = {player: list(values) for player, values in self.losses.items()}
        other._records = list(self.records)
        other._restore(other._nearest(turn))
        return other

    def _nearest(self, turn: int) -> int:
        return max(moment for moment in self.moments if moment <= turn)

    def _save(self) -> None:
        log = copy.deepcopy(self.log)
        self.moments[self.turns] = Moment(self.settings, log, self._state_dict())

    def _restore(self, turn: int) -> None:
        moment = self.moments[turn]
        self._load_state_dict(moment.state, moment.settings)
        self.log, self.turns = copy.deepcopy(moment.log), turn
        if not turn:
            self.start = moment.settings
        self._turn, self.act, self.acts = None, None, 0

    def _drop_future(self) -> None:
        """Forgets what followed, if the match has gone back."""
        records = self.records  # the start's are measured by now
        if self.turns < len(self.losses["D"]):
            for moment in [m for m in self.moments if m > self.turns]:
                del self.moments[moment]
            for values in self.losses.values():
                del values[self.turns :]
            self._records = [r for r in records if r["turn"] <= self.turns]

    def _end_turn(self, turn: Iterator[Act], which: str = "both") -> None:
        """The rest of a turn, which is then logged. If it diverges, the turn is undone."""
        try:
            for _ in turn:
                pass
        except TrainingDiverged:
            self._undo()
            raise
        self.turns += 1
        last = self.log[-1] if self.log else None
        if isinstance(last, tuple) and last[0] == which:
            self.log[-1] = (which, last[1] + 1)
        else:
            self.log.append((which, 1))
        for player, values in self.losses.items():
            values.append(self._loss[player])
        if self.turns % RECORD_EVERY == 0:
            self.records.append(self.measured())
        if self.turns % self.stride == 0:
            self._save()
            if len(self.moments) > MOST_MOMENTS:
                self.stride *= 2
                for moment in [m for m in self.moments if m % self.stride]:
                    del self.moments[moment]

    def _undo(self) -> None:
        """Back to the last whole turn: from the moment before it, over the moves since then."""
        log = self.log
        self._restore(self._nearest(self.turns))
        known = len(self.log)
        last, whole = (self.log[-1], log[known - 1]) if known else (None, None)
        if isinstance(last, tuple) and isinstance(whole, tuple):
            self.step(whole[0], whole[1] - last[1])
        self.replay(log[known:])
