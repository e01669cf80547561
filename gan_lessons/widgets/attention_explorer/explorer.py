"""The explorer: controls in, heat out."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import ipywidgets as w
from torch import Tensor

from gan_lessons import checks, plots
from gan_lessons.widgets import kit
from gan_lessons.widgets.attention_explorer import page
from gan_lessons.widgets.attention_explorer.model import recording_of
from gan_lessons.widgets.attention_explorer.settings import AttentionSettings
from gan_lessons.widgets.explorer import Explorer

TICK_MS = 400


class AttentionExplorer(Explorer[AttentionSettings]):
    """Pick a place of a picture and see where it looks, at any step of a recorded training.

    End a cell with it. Where no kernel runs, a still picture stands in its place.

    steps: S rising numbers. pictures: (S, P, 1 or 3, H, W) in [-1, 1], the same P latents at each
    step. weights: (S, P, places, places), as `SelfAttention.look` returns them: row i says where
    place i looks; places are numbered row by row over a square map of at most 12 rows. For several
    networks pass {name: weights}. gammas: S numbers, or {name: S numbers}; optional. Other settings
    as in `AttentionSettings`: network, way, step (an index into steps; the last one by default),
    picture, row, column.

    Raises:
        ValueError: the recording does not fit together, or a value is outside its range.
        TypeError: the name of a setting is unknown.
    """

    name = "attention"
    label_width = "52px"

    def __init__(
        self,
        steps: Sequence[int],
        pictures: Tensor,
        weights: Tensor | Mapping[str, Tensor],
        gammas: Sequence[float] | Mapping[str, Sequence[float]] | None = None,
        *,
        step: int | None = None,
        **state: Any,
    ):
        self.recording = recording_of(steps, pictures, weights, gammas)
        last = len(self.recording.steps) - 1
        state.setdefault("network", next(iter(self.recording.weights)))
        settings = AttentionSettings(
            step=last if step is None else checks.whole("step", step, 0, last), **state
        )
        checks.one_of("network", settings.network, self.recording.weights)
        for name, most in self._ends(settings).items():
            checks.whole(name, getattr(settings, name), 0 if name == "step" else 1, most)
        super().__init__(settings)

    def _ends(self, s: AttentionSettings) -> dict[str, int]:
        """The most that each slider can be."""
        count, pictures = self.recording.pictures.shape[:2]
        side = self.recording.side(s.network)
        return {"step": count - 1, "picture": pictures, "row": side, "column": side}

    def build(self) -> w.Widget:
        names = list(self.recording.weights)
        network = w.Dropdown(options=names, value=self.settings.network, description="network")
        self.bind("network", network, "Whose attention is shown.")
        self.add_play("play", TICK_MS, "Goes through the recorded steps.")
        self._heat, self._numbers = kit.html(), kit.html()
        controls = self.controls
        first = ["network"] if len(names) > 1 else []
        rows = [
            kit.row([controls[name] for name in group])
            for group in ((*first, "way"), ("play", "step", "picture"), ("row", "column"))
        ]
        self._stack = kit.stack(self._heat)
        return kit.column([*rows, kit.beside([self._stack, self._numbers])])

    def adapt(self) -> None:
        for name, most in self._ends(self.settings).items():
            self.controls[name].max = most
        side = self.recording.side(self.settings.network)
        if len(self._stack.children) < 2 or len(self.places) != side * side:
            self._stack.children = (self._heat, kit.board(side, partial(self._choose, side)))

    def draw(self) -> None:
        self._heat.value = page.heat_html(self.recording, self.settings)
        self._numbers.value = page.numbers_html(self.recording, self.settings)

    def page(self, settings: AttentionSettings) -> str:
        return page.to_html(self.recording, settings)

    @property
    def still(self) -> plots.Picture:
        return page.to_picture(self.recording, self.settings)

    @property
    def alt_text(self) -> str:
        return page.alt_text(self.recording, self.settings)

    def changed(self, name: str, value: Any) -> None:
        changes = {name: value}
        if name == "network":  # another map may have fewer places
            side = self.recording.side(value)
            changes |= {each: min(getattr(self.settings, each), side) for each in ("row", "column")}
        self.show(self.settings.changed(**changes))

    @property
    def places(self) -> tuple[w.Button, ...]:
        """A button over each place."""
        return self._stack.children[1].children

    def _choose(self, side: int, i: int) -> None:
        self.show(self.settings.changed(row=i // side + 1, column=i % side + 1))

    def tick(self) -> None:
        """The next step; at the last one it stops, and begins again from the first."""
        last = len(self.recording.steps) - 1
        step = self.settings.step + 1 if self.settings.step < last else 0
        if step == last:
            self.stop()
        self.show(self.settings.changed(step=step))

    def rewound(self) -> None:
        self.show(self.settings.changed(step=0))
