"""The base of all explorers: settings in, controls and pictures out.

An explorer says what it is in four places:

- `settings.py`: a dataclass of declared fields (see `widgets.settings`);
- `view.py` or `model.py`: pure functions from settings to the numbers that are shown;
- `page.py`: pure functions from those numbers to HTML, and to the still picture;
- `explorer.py`: the class below, which arranges the controls and puts the HTML into the page.

CONTRIBUTING.md has the shortest one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any, ClassVar, Generic, TypeVar
from weakref import WeakValueDictionary

import ipywidgets as w

from gan_lessons import checks, plots
from gan_lessons.widgets import kit
from gan_lessons.widgets.kinds import Kind
from gan_lessons.widgets.live import running_cell, show_live
from gan_lessons.widgets.settings import Settings

PLAYING = ("playing", "_playing")  # what Play calls it on ipywidgets 8, and on 7
S = TypeVar("S", bound=Settings)
_SHOWN: WeakValueDictionary[str, Explorer] = WeakValueDictionary()  # by the cell that shows it


class _Play(w.Play):
    """Stopped in a page that opens: the timer that ran was that of the page before."""

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> dict[str, Any]:
        if key is None:  # all of the state: for a page that has none of it yet
            for each in PLAYING:
                if self.has_trait(each):
                    setattr(self, each, False)
        return super().get_state(key, drop_defaults)


@dataclass(frozen=True)
class Frame:
    """One picture of a flip-book: the settings that were chosen, and the page's HTML."""

    values: dict[str, Any]
    html: str


class Explorer(Generic[S]):
    """Controls and a picture that follows them. End a cell with it.

    A subclass has:

    - `name`: one word. The page finds its root by the class gl-<name>, and each control by
      gl-<name>-<control>.
    - `build()`: makes the parts of the page, adds its buttons, returns all of it arranged.
    - `draw()`: writes what `self.settings` show into those parts.
    - `page(settings)`: the same as one HTML text, without touching the explorer.
    - `still` and `alt_text`: the picture for the file, and its words.

    It may override `adapt` (controls that depend on others), `changed` (a setting that brings
    others along), `tick` and `rewound` (of Play), and `state`.
    """

    name: ClassVar[str]
    label_width: ClassVar[str] = "60px"  # of sliders and menus, so that they stand in line
    errors: ClassVar[tuple[type[Exception], ...]] = (ValueError,)  # said in the page, not raised
    always: ClassVar[tuple[str, ...]] = ("play", "more")  # controls in sight whatever is chosen

    controls: dict[str, w.DOMWidget]  # by name
    settings: S  # where the controls stand

    def __init__(
        self,
        settings: S,
        without: Collection[str] = (),
        controls: Sequence[str] | None = None,
    ):
        """without: fields whose controls are left out, because something else sets them.

        controls: those in sight, by name, besides `always`; the others appear with the button
        "more settings", which `build` places as the control `more`. None: all, without the button.

        Raises ValueError for an unknown name.
        """
        self.settings = settings
        self._chosen = None if controls is None else checks.items("controls", controls)
        self.root = f"gl-{self.name}"
        self.controls = {}
        self._tips: dict[str, str] = {}
        self._fields: dict[str, str] = {}  # control → the field that it changes
        self._bound: dict[str, Kind] = {}  # the fields that have controls
        self._quiet = self._stopped = False
        self._player: w.Play | None = None
        self._more: w.ToggleButton | None = None
        for name, kind in settings.kinds().items():
            if name not in without:
                value = getattr(settings, name)
                tips = kind.tips(name, value)
                for control, widget in kind.make(name, value).items():
                    self.bind(control, widget, tips[control], field=name)
        if controls is not None:
            self.add_more("All other controls: lessons explain each in its place.")
        body = self.build()
        self._extra = self._put_away()
        rules = kit.live_style(kit.hints(self.root, self._tips))
        self._style = kit.html(kit.style() + rules, "gl-style")
        self._error = kit.html(css_class="gl-wide")
        hint = kit.html("<div class='gl-hint' aria-hidden='true'></div>", "gl-wide")
        self.widget = w.VBox([self._style, hint, self._error, body])
        for each in ("gl-explorer", self.root):
            self.widget.add_class(each)
        self._say("")
        self.show()

    # What a subclass has

    def build(self) -> w.Widget:
        """All parts of the page, arranged: called once, when the controls of the fields exist."""
        raise NotImplementedError

    def draw(self) -> None:
        """Writes what the settings show into the page; controls already stand in place."""
        raise NotImplementedError

    def page(self, settings: S) -> str:
        """The picture of any settings as HTML."""
        raise NotImplementedError

    @property
    def still(self) -> plots.Picture:
        """What is shown as a still picture."""
        raise NotImplementedError

    @property
    def alt_text(self) -> str:
        """What the still picture shows, in words."""
        raise NotImplementedError

    def adapt(self) -> None:
        """Moves the ends of sliders, disables and hides controls: called before each drawing."""

    def changed(self, name: str, value: Any) -> None:
        """A control has given a field another value. Shows it, with what it brings along."""
        self.show(self.settings.changed(**{name: value}))

    def tick(self) -> None:
        """A step of Play."""
        raise NotImplementedError

    def rewound(self) -> None:
        """The stop button of Play was pressed; pause sends nothing."""

    # What it can do

    @property
    def state(self) -> dict[str, Any]:
        """All settings as plain data that rebuilds the explorer: `Explorer(**state)`."""
        chosen = {} if self._chosen is None else {"controls": list(self._chosen)}
        return {**self.settings.state, **chosen}

    @property
    def hidden(self) -> frozenset[str]:
        """The controls that are out of sight now, because others were chosen."""
        return frozenset() if self._open else self._extra

    @kit.in_turn
    def show(self, settings: S | None = None) -> None:
        """Shows other settings, or the same ones once more."""
        if settings is not None:
            self.settings = checks.instance("settings", settings, type(self.settings))
        self.put()
        self.draw()

    def put(self) -> None:
        """Moves all controls to the settings, unheard: before the picture, so that it finds them
        in place.
        """
        with self.quietly():
            self.adapt()
            for name, kind in self._bound.items():
                kind.put(self.controls, name, getattr(self.settings, name))

    def frames(
        self, names: str | tuple[str, ...], values: Sequence[Any] | None = None
    ) -> list[Frame]:
        """The picture at each value of a setting, or at each combination of the values of several.

        values: of the setting, or a list for each; by default all that its control can stand at.
        The explorer stays as it is. Each frame stands alone beside one `kit.style()`.

        Raises ValueError for an unknown name, a value out of range, and if there is no default.
        """
        chosen = (names,) if isinstance(names, str) else checks.items("names", names)
        if not chosen:
            raise ValueError("names must be a setting or several, got none")
        known = self.settings.kinds()
        for name in chosen:
            checks.one_of("setting", name, known)
        if values is None:
            lists = [self._values(name) for name in chosen]
        else:
            given = checks.items("values", values)
            each_its = [given] if len(chosen) == 1 else given
            lists = [list(checks.items("values", each)) for each in each_its]
        if len(lists) != len(chosen):
            raise ValueError(f"values must be {len(chosen)} lists, got {checks.shown(values)}")
        made = []
        for each in product(*lists):
            settings = self.settings.changed(**dict(zip(chosen, each, strict=True)))
            at = {name: getattr(settings, name) for name in chosen}
            made.append(Frame(at, self.framed(self.page(settings))))
        return made

    def framed(self, page: str) -> str:
        """A page outside of the widget, where the same style rules hold."""
        return f"<div class='gl-explorer {self.root}'>{page}</div>"

    # What build() uses

    def bind(self, control: str, widget: w.DOMWidget, tip: str, field: str = "") -> w.DOMWidget:
        """Adds a control that changes a field, of the same name or another.

        Declared controls are bound already; this is for those that depend on data.
        """
        name = field or control
        self._fields[control] = name
        self._bound[name] = self.settings.kinds()[name]
        widget.observe(partial(self._on_control, control), names="value")
        return self._register(control, widget, tip)

    def add_button(
        self, control: str, text: str, icon: str, tip: str, press: Callable[[], object]
    ) -> w.Button:
        """Adds a button. What `press` raises of `errors` is said in the page."""
        made = kit.button(text, icon, tip)
        made.on_click(lambda _: self.attempt(press))
        return self._register(control, made, tip)

    def add_toggle(
        self, control: str, text: str, icon: str, tip: str, turned: Callable[[], object]
    ) -> w.ToggleButton:
        """Adds a toggle button that is no setting, for what is only open or shut."""
        made = kit.button(text, icon, tip, w.ToggleButton)
        made.observe(kit.in_turn(lambda _: self._quiet or self.attempt(turned)), names="value")
        return self._register(control, made, tip)

    def add_more(self, tip: str) -> w.ToggleButton:
        """Adds the button "more settings": it shows what has the class gl-extra."""
        self._more = self.add_toggle("more", "more settings", "sliders", tip, self._on_more)
        return self._more

    def add_play(self, control: str, interval: int, tip: str) -> w.Play:
        """Adds a Play that calls `tick`. Its own value counts nothing: a slow kernel misses some.

        interval: milliseconds.
        """
        made = _Play(value=0, min=0, max=100_000_000, interval=interval, show_repeat=False)
        made.observe(self._on_tick, names="value")
        self._player = made
        return self._register(control, made, tip)

    def _register(self, control: str, widget: w.DOMWidget, tip: str) -> w.DOMWidget:
        if control in self.controls:
            raise ValueError(f"there are two controls named {control!r}")
        self.controls[control] = widget
        self._tips[control] = tip
        kit.set_tip(widget, tip)
        widget.add_class(kit.control_class(self.root, control))
        if isinstance(widget, w.IntSlider | w.FloatSlider | w.Dropdown | w.BoundedIntText):
            widget.style.description_width = self.label_width
        return widget

    def _put_away(self) -> frozenset[str]:
        """The controls that were not chosen get the class gl-extra."""
        if self._chosen is None:
            return frozenset()
        chosen = {checks.one_of("control", name, self.controls) for name in self._chosen}
        extra = frozenset(self.controls) - chosen - set(self.always)
        for name in extra:
            self.controls[name].add_class("gl-extra")
        return extra

    # What happens

    @property
    def _open(self) -> bool:
        return self._more is not None and self._more.value

    def _on_more(self) -> None:
        (self.widget.add_class if self._open else self.widget.remove_class)("gl-open")
        self.draw()

    @contextmanager
    def quietly(self) -> Iterator[None]:
        """Controls that are moved meanwhile are not heard."""
        before, self._quiet = self._quiet, True
        try:
            yield
        finally:
            self._quiet = before

    @property
    def playing(self) -> bool:
        """Whether Play runs."""
        player = self._player
        if player is None:
            return False
        return any(getattr(player, each) for each in PLAYING if player.has_trait(each))

    def stop(self) -> None:
        """Stops Play. A tick that is still on its way then does nothing."""
        self._stopped = self.playing
        for each in PLAYING:
            if self._player is not None and self._player.has_trait(each):
                setattr(self._player, each, False)

    @kit.in_turn
    def attempt(self, act: Callable[[], object]) -> None:
        """An act by hand: what it raises of `errors` is said in the page, and Play stops."""
        try:
            act()
        except self.errors as error:
            self.stop()
            self.put()
            self._say(str(error))
        else:
            self._say("")

    def _say(self, message: str) -> None:
        text = kit.error_card(message) if message else ""
        if self._error.value != text:
            self._error.value = text
        self._error.layout.display = None if message else "none"

    @kit.in_turn
    def _on_control(self, control: str, change: Any) -> None:
        if self._quiet:
            return
        name = self._fields[control]
        kind = self.settings.kinds()[name]
        value = kind.heard(control, change["new"], getattr(self.settings, name))
        self.attempt(lambda: self.changed(name, value))

    @kit.in_turn
    def _on_tick(self, change: Any) -> None:
        # Zero is what the stop button sends.
        if change["new"] == 0:
            self.attempt(self.rewound)
        elif self.playing or not self._stopped:
            self._stopped = False
            self.attempt(self.tick)

    def _values(self, name: str) -> list[Any]:
        control = self.controls.get(name)
        values = self.settings.kinds()[name].values(control) if control is not None else []
        if not values:
            raise ValueError(f"there is no list of all values of {name!r}: pass values=[...]")
        return values

    # What a cell shows

    def _ipython_display_(self, **_: object) -> None:
        cell = running_cell()
        before = _SHOWN.get(cell)
        if cell and before is not None and before is not self:
            before.stop()  # its page is gone, but not the timer of its Play
        _SHOWN[cell] = self
        show_live(self.widget, self.still)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> plots.Bundle:
        return self.still._repr_mimebundle_()

    def __repr__(self) -> str:
        return self.alt_text
