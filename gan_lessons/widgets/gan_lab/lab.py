"""The widget: controls in, turns in slices, pictures out."""

import time
from collections.abc import Callable, Sequence
from html import escape
from typing import Any

import ipywidgets
from torch import nn

from gan_lessons import plots
from gan_lessons.train import TrainingDiverged
from gan_lessons.widgets.gan_lab import controls
from gan_lessons.widgets.gan_lab.board import Board
from gan_lessons.widgets.gan_lab.look import VIEWS, Look, look_of
from gan_lessons.widgets.gan_lab.match import Phase
from gan_lessons.widgets.gan_lab.pictures import to_html
from gan_lessons.widgets.gan_lab.play import Play
from gan_lessons.widgets.gan_lab.presets import PRESETS
from gan_lessons.widgets.gan_lab.settings import LIVE, LabSettings, moves_of, steps_of
from gan_lessons.widgets.gan_lab.still import to_picture
from gan_lessons.widgets.gan_lab.style import ROOT, STYLE
from gan_lessons.widgets.gan_lab.truth import DRAWN
from gan_lessons.widgets.gan_lab.words import alt_text
from gan_lessons.widgets.live import Live
from gan_lessons.widgets.moving import Plays

SLICE = 0.058  # seconds of turns in a tick of Play; drawing comes on top
ACT = 1.6  # seconds between two acts in slow motion


class GanLab(Plays):
    """A GAN on points of the plane: played, paused, stepped act by act, and rewound.

    End a cell with it. Where no kernel runs, a still picture stands in its place. The networks are
    `.generator` and `.discriminator`, plain PyTorch; call `.show()` after changing them.

    steps: turns to play before it is shown, 500, or moves as in `.state`. phase: acts of slow
    motion on top. views: what is shown (see look.VIEWS). All else are fields of `LabSettings`:
    data, seed, latent, noise, activation, layers_g, units_g, learning_rate_g, updates_g and the
    same of _d, loss, penalty, gamma, optimiser, batch, average, drawing.

    Raises:
        ValueError: a value is outside its range. TypeError: the name of a setting is unknown.
        TrainingDiverged: the steps cannot be played to their end.
    """

    def __init__(
        self,
        *,
        steps: int | Sequence[Any] = 0,
        phase: int = 0,
        views: Sequence[str] = tuple(VIEWS),
        **settings: Any,
    ):
        unknown = [view for view in views if view not in VIEWS]
        if unknown:
            raise ValueError(f"unknown view {unknown[0]!r}; known are {', '.join(VIEWS)}")
        moves = moves_of(steps)
        self.views = tuple(view for view in VIEWS if view in views)
        self.play = Play(LabSettings(**settings))
        self.play.replay(moves)
        for _ in range(phase):
            self.play.next_phase()

        self.controls = controls.make(self.play.settings)
        self._player = self.controls["play"]
        self._next_act = 0.0
        self._error = self._watch = ""
        self._style = ipywidgets.HTML(STYLE, layout=ipywidgets.Layout(height="0", margin="0"))
        self._board = Board(
            self.controls["clear"], lambda drawing: self._another("drawing", drawing)
        )
        self._words = ipywidgets.HTML(layout=ipywidgets.Layout(min_width="0", width="100%"))
        self._picture = ipywidgets.HTML(layout=ipywidgets.Layout(min_width="0"))
        body = controls.arranged(self.controls, self._board.box, self._words, self._picture)
        self.widget = ipywidgets.VBox([self._style, body])
        self.widget.add_class("gl-gan-lab")
        self._listen()
        self._show()

    def _listen(self) -> None:
        buttons: dict[str, Callable[[], object]] = {
            "both": lambda: self.play.step("both"),
            "D": lambda: self.play.step("D"),
            "G": lambda: self.play.step("G"),
            "act": lambda: self.play.next_phase(),
            "reset": self._restart,
            "clear": self._clear,
        }
        for name, control in self.controls.items():
            control.add_class(f"gl-{name.replace('_', '-')}")
            if name in buttons:
                control.on_click(lambda _, press=buttons[name]: self._do(press))
            elif name == "play":
                control.observe(self._on_tick, names="value")
            elif name != "slow":
                control.observe(self._on_control, names="value")

    @classmethod
    def preset(cls, name: str, **changes: Any) -> "GanLab":
        """A lab with the settings of one of PRESETS, and changes to them.

        Raises ValueError for an unknown name.
        """
        if name not in PRESETS:
            raise ValueError(f"unknown preset {name!r}; known are {', '.join(PRESETS)}")
        lab = cls(**{**PRESETS[name].settings, **changes})
        with lab._quietly():
            lab.controls["preset"].value = name
        lab._watch = PRESETS[name].watch
        lab._show()
        return lab

    # What is shown

    @property
    def settings(self) -> LabSettings:
        """Where the controls stand."""
        return self.play.settings

    @property
    def state(self) -> dict[str, Any]:
        """All that rebuilds the lab as plain data: `GanLab(**state)` plays to the same point."""
        state = dict(self.play.start.told)
        if self.views != tuple(VIEWS):
            state["views"] = list(self.views)
        if self.play.log:
            state["steps"] = steps_of(self.play.log)
        if self.play.phases:
            state["phase"] = self.play.phases
        return state

    @property
    def line(self) -> str:
        """The same as a line to copy."""
        return f"GanLab({', '.join(f'{name}={value!r}' for name, value in self.state.items())})"

    @property
    def generator(self) -> nn.Module:
        """z: (N, latent) from N(0, 1) → points (N, 2)."""
        return self.play.generator

    @property
    def discriminator(self) -> nn.Module:
        """Points (N, 2) → logits (N,)."""
        return self.play.discriminator

    @property
    def average(self) -> nn.Module | None:
        """The generator with averaged weights, if the settings ask for one."""
        return self.play.average

    @property
    def metrics(self) -> dict[str, float]:
        """The numbers of this moment.

        step: turns taken. discriminator_loss, generator_loss: of the last update. modes, of
        modes_in_all; good: the share of fakes near a mode. kl, js: divergences on a grid, in nats.
        outscored: the share of pairs in which a real point gets the higher logit than a fake, a
        draw counting half.
        logit_real, logit_fake: the means. push: the mean length of -N ∂L_G/∂x. spread: the
        fakes' variance over the real points'. mean_x, mean_y: of the fakes.
        """
        return self.play.measured()

    @property
    def history(self) -> list[dict[str, float]]:
        """The metrics of each 20th turn so far."""
        return [dict(record) for record in self.play.records if record["step"] <= self.play.taken]

    @property
    def still(self) -> plots.Picture:
        """What is shown as a still picture."""
        return to_picture(self.look)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> plots.Bundle:
        return Live(self.widget, self.still)._repr_mimebundle_()

    def __repr__(self) -> str:
        return alt_text(self.look)

    # What happens

    def step(self, which: str = "both") -> None:
        """A turn of "D", of "G", or of "both". Raises as `Play.step`."""
        self._try(lambda: self.play.step(which))

    def run(self, turns: int) -> dict[str, float]:
        """So many turns of both players; returns the metrics after them."""
        if not isinstance(turns, int) or isinstance(turns, bool) or turns < 0:
            raise ValueError(f"turns must be a whole number of 0 or more, got {turns!r}")
        self._try(lambda: self.play.step("both", turns))
        return self.metrics

    def act(self) -> Phase:
        """The next act of a turn, with its points and numbers: slow motion by hand."""
        self._try(self.play.next_phase)
        assert self.play.phase is not None
        return self.play.phase

    def go_to(self, turn: int) -> None:
        """To the kept moment nearest before a turn."""
        self._try(lambda: self.play.go_to(turn))

    def reset(self) -> None:
        """To the first weights of the seed, with the settings as they are now."""
        self._try(self._restart)

    def _restart(self) -> None:
        self._stop()
        self._begin(self.settings)

    def _begin(self, settings: LabSettings) -> None:
        self.play = Play(settings)
        self._board.forget()

    def _clear(self) -> None:
        """An empty board. The game stays until a cell is drawn: there is none of no points."""
        self._stop()
        self._board.clear()

    def _try(self, act: Callable[[], object]) -> None:
        """An act by program: shown, and its error raised."""
        try:
            act()
        finally:
            self._error = ""
            self._show()

    def _do(self, act: Callable[[], object]) -> None:
        """An act by hand: its error is told in the page."""
        self._error = ""
        try:
            act()
        except (TrainingDiverged, ValueError) as error:
            self._stop()
            self._error = str(error)
        self._show()

    def _on_control(self, change: Any) -> None:
        if self._quiet:
            return
        name = next(n for n, control in self.controls.items() if control is change["owner"])
        value = change["new"]
        if name == "history" and value == controls.history_at(self.play):
            return
        if name == "history":
            self._stop()
            self._do(lambda: self.play.go_to(value))
        elif name.startswith("show_"):
            shown = {n for n in VIEWS if self.controls[f"show_{n}"].value}
            self.views = tuple(view for view in VIEWS if view in shown)
            self._show()
        elif name == "preset":
            if value in PRESETS:
                self._stop()
                self._watch = PRESETS[value].watch
                self._do(lambda: self._begin(LabSettings(**PRESETS[value].settings)))
        elif name in LIVE:
            self._do(lambda: self.play.change(**{name: value}))
        else:
            self._another(name, value)

    def _another(self, name: str, value: Any) -> None:
        """Another game than the preset's."""
        self._watch = ""
        with self._quietly():
            self.controls["preset"].value = controls.NO_PRESET
        self._do(lambda: self._begin(self.settings.changed(**{name: value})))

    def _on_tick(self, change: Any) -> None:
        """Play counts as it likes, and a slow kernel misses some: what counts is the turns."""
        # Zero is what Stop sends. When Play is stopped from here, a tick may still be on its way.
        if change["new"] == 0 or (self._stopped and not self._playing):
            return
        self._stopped = False
        start = time.perf_counter()
        if not self.controls["slow"].value:
            self._do(lambda: self._slice(start))
        elif start >= self._next_act:
            self._next_act = start + ACT
            self._do(self.play.next_phase)

    def _slice(self, start: float) -> None:
        """As many turns as fit, at least one."""
        turns = 0
        while True:
            self.play.step("both")
            turns += 1
            if (time.perf_counter() - start) * (turns + 1) / turns > SLICE:
                break

    def show(self) -> None:
        """Draws the picture again, where the networks were changed from outside."""
        self._show()

    def _show(self) -> None:
        self.look: Look = look_of(self.play, self.views)
        with self._quietly():  # before the picture, so that who sees it sees them in place
            controls.put(self.controls, self.play, self.views)
            self._board.put(self.settings.drawing if self.settings.data == DRAWN else None)
        error = f"<p role='alert'><b>Stopped.</b> {escape(self._error)}</p>" if self._error else ""
        watch = f"<p><b>Watch:</b> {escape(self._watch)}</p>" if self._watch else ""
        words = f"<div class='{ROOT}'>{error}{watch}</div>" if error or watch else ""
        if self._words.value != words:
            self._words.value = words
        self._picture.value = to_html(self.look, self.line)
