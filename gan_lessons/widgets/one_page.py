"""The short way to an explorer: rows of controls over one page, which is a function of settings."""

from collections.abc import Sequence
from typing import ClassVar, Protocol, TypeVar

import ipywidgets as w

from gan_lessons import plots
from gan_lessons.widgets import kit
from gan_lessons.widgets.explorer import Explorer
from gan_lessons.widgets.settings import Settings

S = TypeVar("S", bound=Settings)
Chosen = TypeVar("Chosen", contravariant=True)


class Page(Protocol[Chosen]):
    """What an explorer's `page.py` has: pure functions of its settings."""

    def to_html(self, settings: Chosen) -> str:
        """The live picture."""

    def to_picture(self, settings: Chosen) -> plots.Picture:
        """The still picture."""

    def alt_text(self, settings: Chosen) -> str:
        """What both show, in words."""


class OnePageExplorer(Explorer[S]):
    """A subclass has `name`, `pages` (the module `page.py`) and `rows`, the names of controls.

    Buttons and Play that stand in `rows` are added in `add_controls`.
    """

    pages: Page  # of the class
    rows: ClassVar[Sequence[Sequence[str]]]

    def add_controls(self) -> None:
        """Adds buttons and Play, before the controls are arranged."""

    def build(self) -> w.Widget:
        self.add_controls()
        self._page = kit.html(css_class="gl-wide")
        rows = [kit.row([self.controls[name] for name in names]) for names in self.rows]
        return kit.column([*rows, self._page])

    def draw(self) -> None:
        self._page.value = self.page(self.settings)

    def page(self, settings: S) -> str:
        return self.pages.to_html(settings)

    @property
    def still(self) -> plots.Picture:
        return self.pages.to_picture(self.settings)

    @property
    def alt_text(self) -> str:
        return self.pages.alt_text(self.settings)
