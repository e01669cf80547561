"""The explorer: controls in, turns in slices, pictures out."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import ipywidgets as w
from torch import nn

from gan_lessons import checks, plots
from gan_lessons.train import TrainingDiverged
from gan_lessons.widgets import kit
from gan_lessons.widgets.explorer import PLAYING, Explorer, Frame
from gan_lessons.widgets.gan_lab import page
from gan_lessons.widgets.gan_lab.controls import BUTTONS, TOOLS, looks, players, rows
from gan_lessons.widgets.gan_lab.match import Act
from gan_lessons.widgets.gan_lab.presets import PRESETS
from gan_lessons.widgets.gan_lab.rewind import (
    FIRST_STRIDE,
    MOST_TURNS,
    RewindableMatch,
    moves_of,
    turns_of,
)
from gan_lessons.widgets.gan_lab.screen import Screen, drawn_on
from gan_lessons.widgets.gan_lab.settings import FIRST_VIEWS, LIVE, NO_PENALTY, GanLabSettings
from gan_lessons.widgets.gan_lab.still import to_picture
from gan_lessons.widgets.gan_lab.truth import BLANK, DRAWN, HEART
from gan_lessons.widgets.gan_lab.view import GanLabView, plane_of, view_of
from gan_lessons.widgets.gan_lab.words import alt_text
from gan_lessons.widgets.pad import Stroke
from gan_lessons.widgets.presets import OWN

TICK_MS = 80
SLICE = 0.058  # seconds of turns in a tick of Play; drawing comes on top
MOST_ACTS = 1_000
ACT = 1.6  # seconds between two acts in slow motion


class GanLab(Explorer[GanLabSettings]):
    """A GAN on points of the plane: played, paused, stepped act by act, and rewound.

    End a cell with it. Where no kernel runs, a still picture stands in its place. The networks are
    `.generator` and `.discriminator`, plain PyTorch; call `.show()` after changing them.

    turns: to play before it is shown, 500, or moves as in `.state`. acts: of slow motion on top.
    preset: a name of PRESETS, whose settings it takes. views: what is shown (see settings.VIEWS).
    All else are fields of `GanLabSettings`: data, seed, latent, prior, activation, layers_g,
    units_g, learning_rate_g, updates_g and the same of _d, loss, penalty, gamma, optimiser, batch,
    ema_half_life, drawing.

    Raises:
        ValueError: a value is outside its range. TypeError: the name of a setting is unknown.
        TrainingDiverged: the turns cannot be played to their end.
    """

    name = "lab"
    label_width = "96px"
    errors = (ValueError, TrainingDiverged)

    def __init__(
        self,
        *,
        turns: int | Sequence[Any] = 0,
        acts: int = 0,
        preset: str = OWN,
        **settings: Any,
    ):
        moves = moves_of(turns)
        self.match = RewindableMatch(GanLabSettings.of(preset, **settings))
        self.match.replay(moves, checks.whole("acts", acts, 0, MOST_ACTS))
        self._next_act = 0.0
        self._tool = ""  # of the pad
        self._asked = False  # to play, with no real points
        self._brief = False  # whether a hand that draws waits: the plane alone is shown
        super().__init__(self.match.settings)

    @classmethod
    def preset(cls, name: str, **changes: Any) -> "GanLab":
        """A lab with the settings of one of PRESETS, and changes to them.

        Raises ValueError for an unknown name.
        """
        return cls(preset=checks.one_of("preset", name, PRESETS), **changes)

    def build(self) -> w.Widget:
        controls = self.controls
        play = self.add_play("play", TICK_MS, "Plays turns of both players until it is paused.")
        plays = [each for each in PLAYING if play.has_trait(each)]
        play.observe(kit.in_turn(lambda _: self._tell()), plays)
        presses = {"act": self.act, "reset": self.reset, "clear": self._clear}
        for name, words in BUTTONS.items():
            press = presses.get(name, partial(self.step, name))
            needs_data = name not in ("reset", "clear")
            self.add_button(name, *words, partial(self._try, press) if needs_data else press)
        tip = "Play then shows each act of a turn, one by one: read its sentence."
        self.add_toggle("slow", "slow motion", "", tip, lambda: None)
        for name, (_, icon, tip) in TOOLS.items():
            self.add_toggle(name, name, icon, tip, partial(self._on_tool, name))
        tip = "One player at a time, what is shown, both networks, and the loss."
        self.add_more(tip)
        history = w.IntSlider(step=FIRST_STRIDE, description="go back", readout=False)
        history.observe(self._on_history, names="value")
        self._register("history", history, "Goes back to any saved turn; playing on starts there.")
        history.style.description_width = "56px"
        controls["batch"].step = 8
        self._screen = Screen(self._on_strokes)
        self._screen.pad.emptied_by(controls["clear"])
        above = [*rows(controls), looks(controls)]
        return kit.column([*above, *self._screen.widgets, players(controls)])

    # What is shown

    @property
    def state(self) -> dict[str, Any]:
        """All that rebuilds the lab as plain data: `GanLab(**state)` plays to the same point."""
        state = dict(self.match.start.played)
        if self.settings.views != FIRST_VIEWS:
            state["views"] = list(self.settings.views)
        if self.match.log:
            state["turns"] = turns_of(self.match.log)
        if self.match.acts:
            state["acts"] = self.match.acts
        return state

    @property
    def line(self) -> str:
        """The same as a line to copy."""
        return f"GanLab({', '.join(f'{name}={value!r}' for name, value in self.state.items())})"

    @property
    def generator(self) -> nn.Module:
        """z: (N, latent) from N(0, 1) → points (N, 2)."""
        return self.match.generator

    @property
    def discriminator(self) -> nn.Module:
        """Points (N, 2) → logits (N,)."""
        return self.match.discriminator

    @property
    def ema_generator(self) -> nn.Module | None:
        """The generator with averaged weights, if the settings ask for one."""
        return self.match.ema_generator

    @property
    def metrics(self) -> dict[str, float]:
        """The numbers of this moment.

        turn: how many were taken. discriminator_loss, generator_loss: of the last update. modes, of
        modes_in_all; good: the share of fakes near a mode. js: about the Jensen–Shannon
        divergence of fakes and data, by `divergence.Cells`. mode_kl: KL of the modes' shares of the
        good fakes to equal shares; NaN if no fake is good. Both are in nats.
        outscored: the share of pairs in which a real point gets the higher logit than a fake, a
        draw counting half. logit_real, logit_fake: the means. push: the mean length of -N ∂L_G/∂x.
        spread: the fakes' variance over the real points'. mean_x, mean_y: of the fakes.
        """
        return self.match.measured()

    @property
    def history(self) -> list[dict[str, float]]:
        """The metrics of each 20th turn so far."""
        turns = self.match.turns
        return [dict(record) for record in self.match.records if record["turn"] <= turns]

    @property
    def still(self) -> plots.Picture:
        return to_picture(self.view)

    @property
    def alt_text(self) -> str:
        return alt_text(self.view)

    def page(self, settings: GanLabSettings) -> str:
        """The same moves, played with these settings."""
        names = [name for name in settings.kinds() if name not in ("preset", "views")]
        others = {name: getattr(settings, name) for name in names}
        others = {n: value for n, value in others.items() if value != getattr(self.settings, n)}
        match = self.match.replayed(**others) if others else self.match
        return page.to_html(view_of(match, settings.views), self.line)

    def frames(
        self, names: str | tuple[str, ...], values: Sequence[Any] | None = None
    ) -> list[Frame]:
        """As of other explorers; "turn" stands for the saved turns of this game.

        Raises ValueError as there, and if a turn is not saved.
        """
        if not isinstance(names, str) or names != "turn":
            return super().frames(names, values)
        turns = [turn for turn in sorted(self.match.moments) if turn <= self.match.turns]
        made = []
        for turn in turns if values is None else checks.items("values", values):
            turn = checks.one_of("turn", turn, turns)
            view = view_of(self.match.at(turn), self.settings.views)
            made.append(Frame({"turn": turn}, self.framed(page.to_html(view, self.line))))
        return made

    def adapt(self) -> None:
        """Disables what has no effect, and moves the slider of turns."""
        controls, settings, match = self.controls, self.settings, self.match
        controls["gamma"].disabled = settings.penalty == NO_PENALTY
        for player in "gd":
            controls[f"units_{player}"].disabled = getattr(settings, f"layers_{player}") == 0
        history = controls["history"]
        # Only values that the slider can stand at: a page would round others, and send them back.
        history.step = match.stride
        history.max = max(1, -(-match.last_turn // match.stride)) * match.stride
        history.value = self._history_at
        history.disabled = not match.last_turn
        if settings.data != DRAWN:
            self._tool = ""
        for name in ("erase", "clear"):
            controls[name].disabled = settings.data != DRAWN
        for name, (tool, *_) in TOOLS.items():
            controls[name].value = self._tool == tool
        self._screen.pad.tool = self._tool

    @property
    def _history_at(self) -> int:
        """Where the slider of turns stands: at its end for the last turn, however it divides."""
        return -(-self.match.turns // self.match.stride) * self.match.stride

    def draw(self) -> None:
        plane = plane_of(self.match, self.settings.views)
        self._screen.show_plane(plane)
        if self._brief:
            return
        self.view: GanLabView = view_of(self.match, self.settings.views, plane)
        self._screen.show(self.view, self.line)
        self._tell()

    def _tell(self) -> None:
        self._screen.tell(self.view, playing=self.playing, asked=self._asked)

    # What happens

    def step(self, which: str = "both") -> None:
        """A turn of "D", of "G", or of "both". Raises as `RewindableMatch.step`."""
        self._play(lambda: self.match.step(which))

    def run(self, turns: int) -> dict[str, float]:
        """So many turns of both players; returns the metrics after them."""
        turns = checks.whole("turns", turns, 0, MOST_TURNS)
        self._play(lambda: self.match.step("both", turns))
        return self.metrics

    def act(self) -> Act:
        """The next act of a turn, with its points and numbers: slow motion by hand."""
        self._play(self.match.next_act)
        assert self.match.act is not None
        return self.match.act

    def go_to(self, turn: int) -> None:
        """To the last saved moment that is not after a turn."""
        turn = checks.whole("turn", turn, 0)
        self._play(lambda: self.match.go_to(turn))

    def reset(self) -> None:
        """To the first weights of the seed, with the settings as they are now."""
        self.stop()
        self._begin(self.settings)

    def changed(self, name: str, value: Any) -> None:
        """What cannot change in the middle of a game begins another, which is no preset's."""
        if name in LIVE:
            self._play(lambda: self.match.change(**{name: value}))
        elif name == "views" or value == OWN:
            super().changed(name, value)
        else:
            if name == "preset":
                self.stop()
            if name in ("preset", "data"):
                self._tool = "pencil" if value == DRAWN else ""
            self._begin(self.settings.changed(**{"views": self.settings.views, name: value}))

    def tick(self) -> None:
        start = time.perf_counter()
        if not self.controls["slow"].value:
            self._try(lambda: self._play(lambda: self._slice(start)))
        elif start >= self._next_act:
            self._next_act = start + ACT
            self._try(self.act)

    def _slice(self, start: float) -> None:
        """As many turns as fit, at least one."""
        turns = 0
        while True:
            self.match.step("both")
            turns += 1
            if (time.perf_counter() - start) * (turns + 1) / turns > SLICE:
                break

    @kit.in_turn
    def _play(self, move: Callable[[], object]) -> None:
        """A move of the match, and the page after it, also after one that fails."""
        try:
            move()
        finally:
            self._say("")
            live = {name: getattr(self.match.settings, name) for name in LIVE}
            self.show(self.settings.changed(**live))

    def _try(self, act: Callable[[], object]) -> None:
        """An act by hand, or of Play: without real points it says what to do instead."""
        self._asked = self.match.truth.empty
        if not self._asked:
            act()
            return
        self.stop()
        self._tell()

    @kit.in_turn
    def _begin(self, settings: GanLabSettings) -> None:
        self.match = RewindableMatch(settings)
        self._asked = False
        self._say("")
        self.show(settings)

    def _clear(self) -> None:
        self.stop()
        self._tool = "pencil"
        self._draw_data(BLANK)

    def _draw_data(self, drawing: str) -> None:
        """Another game, of what is drawn."""
        self._begin(self.settings.changed(data=DRAWN, drawing=drawing, views=self.settings.views))

    def _on_tool(self, name: str) -> None:
        """A tool is taken up or put down. With other data it begins what the reader drew before.

        On an empty plane it stays in hand: who has cleared it, and clicks *draw*, wants to draw.
        """
        drawing = self.settings.data == DRAWN
        on = self.controls[name].value or (drawing and self.settings.drawing == BLANK)
        self._tool = TOOLS[name][0] if on else ""
        if self._tool and self.settings.data != DRAWN:
            self.stop()
            before = self.settings.drawing
            self._draw_data(BLANK if before == HEART else before)
        else:
            self.show()

    def _on_strokes(self, strokes: Sequence[Stroke]) -> None:
        """What is measured waits until the hand is lifted: it takes longer than the plane."""
        before = self.settings.drawing
        drawing = drawn_on(before, strokes)
        self._brief = self._screen.pad.down
        try:
            if self._tool and drawing != before:
                self.attempt(lambda: self._draw_data(drawing))
            elif not self._brief:
                self.draw()
        finally:
            self._brief = False

    @kit.in_turn
    def _on_history(self, change: Any) -> None:
        if not self._quiet and change["new"] != self._history_at:
            self.stop()
            self.attempt(lambda: self.go_to(change["new"]))
