"""The explorer: a pad in, logits out."""

import random
from collections.abc import Sequence
from functools import partial
from typing import Any

import ipywidgets as w
import numpy as np
import torch
from torch import Tensor, nn

from gan_lessons import checks, plots
from gan_lessons.widgets import kit
from gan_lessons.widgets.draw_and_ask import page
from gan_lessons.widgets.draw_and_ask.page import Asked
from gan_lessons.widgets.draw_and_ask.settings import AskSettings
from gan_lessons.widgets.explorer import Explorer, Frame
from gan_lessons.widgets.judged import logits, medians, pictures_of
from gan_lessons.widgets.pad import Pad, Stroke, painted

MOST_CHANGES = 2_000  # that the chart remembers


class DrawAndAsk(Explorer[AskSettings]):
    """A pad to draw a picture on, with what a discriminator says of it after each stroke.

    End a cell with it. Where no kernel runs, a still picture stands in its place.

    discriminator: gives logits. real, fake: pictures (N, 1 or 3, H, W) in [-1, 1], whose median
    logits are drawn beside, and one of which can be put on the pad. Other settings as in
    `AskSettings`: tool, radius.

    Raises:
        ValueError: a value is outside its range, or these are no pictures of one shape.
        TypeError: the name of a setting is unknown.
    """

    name = "ask"

    def __init__(self, discriminator: nn.Module, real: Tensor, fake: Tensor, **settings: object):
        self._discriminator = checks.instance("discriminator", discriminator, nn.Module)
        self._sets = {"real": pictures_of("real", real), "fake": pictures_of("fake", fake)}
        shapes = {tuple(each.shape[1:]) for each in self._sets.values()}
        (shape, *others) = sorted(shapes)
        if others or len(shape) != 3 or shape[1] != shape[2]:
            raise ValueError(f"real and fake must be square pictures of one shape, got {shapes}")
        self._medians = medians(discriminator, *self._sets.values())
        self._blank = torch.full((1, *shape), -1.0)
        self.picture = self._blank
        self.history = [self._logit()]
        super().__init__(AskSettings(**settings))  # type: ignore[arg-type]

    def build(self) -> w.Widget:
        self.add_button("clear", "clear", "trash", "Empties the pad.", self.clear)
        for name, words in (("real", "a real one"), ("fake", "a generated one")):
            tip = f"Puts {words}, by chance, on the pad: change it."
            self.add_button(name, words, "random", tip, partial(self._put_one, name))
        self._drawing, self._said = kit.html(), kit.html(css_class="gl-wide")
        self.pad = Pad(self._heard, "the pad, to draw a picture on")
        stack = kit.stack(self._drawing, [self.pad.widget])
        controls = self.controls
        self.pad.emptied_by(*(controls[name] for name in ("clear", "real", "fake")))
        tools = kit.row([controls[name] for name in ("tool", "radius", "clear", "real", "fake")])
        return kit.column([tools, kit.beside([stack, self._said])])

    @property
    def asked(self) -> Asked:
        """What is shown, as numbers."""
        empty = torch.equal(self.picture, self._blank)
        return Asked(self.picture, tuple(self.history), *self._medians, empty)

    def draw(self) -> None:
        self.pad.tool = self.settings.tool
        asked = self.asked
        self._drawing.value, self._said.value = page.drawing_html(asked), page.said_html(asked)

    def page(self, settings: AskSettings) -> str:
        return page.drawing_html(self.asked) + page.said_html(self.asked)

    def frames(
        self, names: str | tuple[str, ...], values: Sequence[Any] | None = None
    ) -> list[Frame]:
        """As of other explorers; "erased" are the columns that the eraser has taken, from the left,
        out of the first real picture.
        """
        if names != "erased":
            return super().frames(names, values)
        columns = self._blank.shape[-1]
        made, picture, history = [], self._sets["real"][:1].clone(), []
        wanted = list(range(0, columns + 1, 2) if values is None else values)
        for column in range(columns + 1):
            picture[..., :column] = -1.0
            history.append(logits(self._discriminator, picture).item())
            asked = Asked(picture.clone(), tuple(history), *self._medians, column == columns)
            html = page.drawing_html(asked) + page.said_html(asked)
            if column in wanted:
                made.append(Frame({"erased": column}, self.framed(html)))
        if len(made) < len(wanted):
            raise ValueError(f"erased must be from 0 to {columns}, got {checks.shown(wanted)}")
        return made

    @property
    def still(self) -> plots.Picture:
        return page.to_picture(self.asked)

    @property
    def alt_text(self) -> str:
        return page.alt_text(self.asked)

    def clear(self) -> None:
        """An empty pad, and a new chart."""
        self._begin(self._blank)

    def _put_one(self, name: str) -> None:
        pictures = self._sets[name]
        i = random.randrange(len(pictures))
        self._begin(pictures[i : i + 1])

    def _begin(self, picture: Tensor) -> None:
        self.picture, self.history = picture, []
        self._ask()

    def _heard(self, strokes: Sequence[Stroke]) -> None:
        """Paints white where the pencil was, black where the eraser was, on all channels."""
        for stroke in strokes:
            channels = []
            for channel in ((self.picture[0] + 1) / 2).double().numpy():
                channels.append(painted(channel, stroke, self.settings.radius))
            self.picture = torch.from_numpy(2 * np.stack(channels) - 1).float()[None]
        self.attempt(self._ask)

    def _ask(self) -> None:
        self.history = [*self.history, self._logit()][-MOST_CHANGES:]
        self.show()

    def _logit(self) -> float:
        return logits(self._discriminator, self.picture).item()
