"""The explorer: a class, another one, how they are mixed, and the styles."""

import random
from typing import Any

import ipywidgets as w

from gan_lessons import plots
from gan_lessons.metrics import FeatureNet
from gan_lessons.widgets import kit
from gan_lessons.widgets.explorer import Explorer
from gan_lessons.widgets.settings import MOST_SEED
from gan_lessons.widgets.steering_explorer import page
from gan_lessons.widgets.steering_explorer.model import Steered, SteeringView, view_of
from gan_lessons.widgets.steering_explorer.settings import SteeringSettings

TIPS = {
    "asked": "The class that the generator is asked for.",
    "other": "The class that is mixed in.",
}


class SteeringExplorer(Explorer[SteeringSettings]):
    """What a conditional generator draws when it is asked for a class, or for a mix of two.

    End a cell with it. Where no kernel runs, a still picture stands in its place.

    generator: an nn.Module with `.latent` and classes, or a Trainer (its averaged generator). It is
    copied. net: `judge.net`, an independent classifier that reads the pictures; optional. Other
    settings: asked, other (indices of classes), mix (0 to 1), truncation (0.1 to 3), seed.

    Raises:
        ValueError: a value is outside its range, or the generator takes no labels that can be
            mixed. TypeError: it is not a generator, or the name of a setting is unknown.
    """

    name = "steering"
    label_width = "72px"

    def __init__(self, generator: Any, net: FeatureNet | None = None, **settings: Any):
        self.source = Steered(generator, net)
        chosen = SteeringSettings(**settings).fitted(len(self.source.classes))
        self._random = random.Random(chosen.seed)
        super().__init__(chosen)

    def build(self) -> w.Widget:
        options = [(name, i) for i, name in enumerate(self.source.classes)]
        for name, tip in TIPS.items():
            value = getattr(self.settings, name)
            self.bind(name, w.Dropdown(options=options, value=value, description=name), tip)
        new = "Another seed, drawn at random."
        self.add_button("new", "new styles", "random", new, self._new)
        self._page = kit.html(css_class="gl-wide")
        rows = (("asked", "other", "seed", "new"), ("mix", "truncation"))
        return kit.column([*(kit.row([self.controls[n] for n in row]) for row in rows), self._page])

    @property
    def view(self) -> SteeringView:
        """What is shown, as numbers."""
        return view_of(self.source, self.settings)

    def page(self, settings: SteeringSettings) -> str:
        return page.to_html(view_of(self.source, settings))

    def draw(self) -> None:
        self._page.value = self.page(self.settings)

    @property
    def still(self) -> plots.Picture:
        return page.to_picture(self.view)

    @property
    def alt_text(self) -> str:
        return page.alt_text(self.view)

    def _new(self) -> None:
        self.show(self.settings.changed(seed=self._random.randint(0, MOST_SEED)))
