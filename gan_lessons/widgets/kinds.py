"""The kinds of settings: how a value is checked, and the controls that show and change it."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ipywidgets as w

from gan_lessons import checks

ROUNDING = 1e-6  # how far a page's slider may be off, because it adds up its steps


@dataclass(frozen=True)
class Kind:
    """What a field is: how its value is checked, and the controls that show and change it.

    Alone it is a field without a control, `plain`. label: beside the control. tip: one sentence on
    what it is and what to look for.
    """

    label: str = ""
    tip: str = ""
    checked: Callable[[str, Any], Any] | None = None  # of (name, value); returns the value to keep

    def check(self, name: str, value: Any) -> Any:
        return self.checked(name, value) if self.checked else value

    def make(self, name: str, value: Any) -> dict[str, w.Widget]:
        """The controls by name; most kinds have one, named as the field."""
        return {}

    def tips(self, name: str, value: Any) -> dict[str, str]:
        """Control → its sentence."""
        return {name: self.tip}

    def heard(self, control: str, new: Any, before: Any) -> Any:
        """The field's value after one of its controls has moved to `new`."""
        return new

    def put(self, controls: Mapping[str, w.Widget], name: str, value: Any) -> None:
        """Moves the controls to the value."""
        put(controls[name], value)

    def values(self, control: w.Widget) -> list[Any]:
        """All values that its control can stand at now; empty if they are too many to list."""
        return []


def put(control: w.Widget, value: Any) -> None:
    """Moves a control.

    A number that differs by rounding alone is left: it would be sent to a page whose hand has
    meanwhile moved on, and the slider would jump back.
    """
    if isinstance(value, float) and abs(control.value - value) <= ROUNDING:
        return
    if control.value != value:
        control.value = value


@dataclass(frozen=True)
class Whole(Kind):
    """A whole number on a slider. Without `most`, `Explorer.adapt` says where the slider ends."""

    least: int = 0
    most: int | None = 0
    step: int = 1
    optional: bool = False  # None is a value too

    def check(self, name: str, value: Any) -> Any:
        if value is None and self.optional:
            return None
        value = checks.whole(name, value, self.least, self.most)
        if (value - self.least) % self.step:
            start = f" from {self.least}" if self.least else ""
            raise ValueError(f"{name} must be a multiple of {self.step}{start}, got {value}")
        return value

    def make(self, name: str, value: Any) -> dict[str, w.Widget]:
        most = max(self.least, value) if self.most is None else self.most
        limits = {"min": self.least, "max": most, "step": self.step}
        return {name: w.IntSlider(value=value, description=self.label, **limits)}

    def values(self, control: w.Widget) -> list[Any]:
        return list(range(control.min, control.max + 1, control.step))


@dataclass(frozen=True)
class Seed(Whole):
    """A whole number that is typed."""

    def make(self, name: str, value: Any) -> dict[str, w.Widget]:
        limits = {"min": self.least, "max": self.most}
        return {name: w.BoundedIntText(value=value, description=self.label, **limits)}

    def values(self, control: w.Widget) -> list[Any]:
        return []


@dataclass(frozen=True)
class Number(Kind):
    """A number on a slider, in steps."""

    least: float = 0.0
    most: float = 1.0
    step: float = 0.1
    strict: bool = False  # whether values between two steps are refused

    def check(self, name: str, value: Any) -> Any:
        near = checks.number(name, value, self.least, self.most)
        if self.strict:
            given, near = near, self.rounded(near)
            if abs(near - given) > ROUNDING:
                raise ValueError(f"{name} must be a multiple of {self.step:g}, got {value!r}")
        return near + 0.0  # a float, and no −0

    def rounded(self, value: float) -> float:
        return round(round((value - self.least) / self.step) * self.step + self.least, 9)

    def slider(self, label: str, value: float) -> w.FloatSlider:
        digits = max(0, len(f"{self.step:.6f}".rstrip("0").split(".")[1]))
        limits = {"min": self.least, "max": self.most, "step": self.step}
        return w.FloatSlider(value=value, description=label, readout_format=f".{digits}f", **limits)

    def make(self, name: str, value: Any) -> dict[str, w.Widget]:
        return {name: self.slider(self.label, value)}

    def heard(self, control: str, new: Any, before: Any) -> Any:
        return self.rounded(new)

    def values(self, control: w.Widget) -> list[Any]:
        count = round((self.most - self.least) / self.step)
        return [self.rounded(self.least + i * self.step) + 0.0 for i in range(count + 1)]


@dataclass(frozen=True)
class Numbers(Number):
    """A tuple of numbers with a slider for each: the controls `stem1`, `stem2`, …

    How many there are is for the explorer to say: as many as the settings have when it is made.
    """

    stem: str = ""

    def check(self, name: str, value: Any) -> Any:
        return tuple(super(Numbers, self).check(name, each) for each in checks.items(name, value))

    def make(self, name: str, value: Any) -> dict[str, w.Widget]:
        return {f"{self.stem}{i}": self.slider(str(i), each) for i, each in enumerate(value, 1)}

    def tips(self, name: str, value: Any) -> dict[str, str]:
        return {f"{self.stem}{i}": self.tip.format(i) for i in range(1, len(value) + 1)}

    def heard(self, control: str, new: Any, before: Any) -> Any:
        i = int(control.removeprefix(self.stem)) - 1
        return (*before[:i], self.rounded(new), *before[i + 1 :])

    def put(self, controls: Mapping[str, w.Widget], name: str, value: Any) -> None:
        for i, each in enumerate(value, 1):
            put(controls[f"{self.stem}{i}"], each)

    def values(self, control: w.Widget) -> list[Any]:
        return []


@dataclass(frozen=True)
class Choice(Kind):
    """One of some values: on toggle buttons, or in a menu."""

    options: Mapping[Any, str] = dataclasses.field(default_factory=dict)  # value → its words
    buttons: bool = True

    def check(self, name: str, value: Any) -> Any:
        return checks.one_of(name, value, self.options)

    def make(self, name: str, value: Any) -> dict[str, w.Widget]:
        pairs = [(text, option) for option, text in self.options.items()]
        if self.buttons:
            style = {"button_width": "auto", "description_width": "initial"}
            kind, more = w.ToggleButtons, {"style": style}
        else:
            kind, more = w.Dropdown, {}
        return {name: kind(options=pairs, value=value, description=self.label, **more)}

    def values(self, control: w.Widget) -> list[Any]:
        return list(self.options)


@dataclass(frozen=True)
class NumberMenu(Kind):
    """A number from a menu of usual ones; any other in its range joins the menu when it is set."""

    usual: tuple[float, ...] = ()
    most: float | None = None
    above: float | None = None
    least: float | None = None
    words: Callable[[float], str] = "{:g}".format

    def check(self, name: str, value: Any) -> Any:
        return checks.number(name, value, self.least, self.most, above=self.above)

    def pairs(self, values: Sequence[float]) -> list[tuple[str, float]]:
        return [(self.words(each), each) for each in sorted(set(values))]

    def make(self, name: str, value: Any) -> dict[str, w.Widget]:
        pairs = self.pairs([*self.usual, value])
        return {name: w.Dropdown(options=pairs, value=value, description=self.label)}

    def put(self, controls: Mapping[str, w.Widget], name: str, value: Any) -> None:
        known = [each for _, each in controls[name].options]
        if value not in known:
            controls[name].options = self.pairs([*known, value])
        put(controls[name], value)

    def values(self, control: w.Widget) -> list[Any]:
        return list(self.usual)


@dataclass(frozen=True)
class Flag(Kind):
    """True or False, on a toggle button."""

    def check(self, name: str, value: Any) -> Any:
        return checks.flag(name, value)

    def make(self, name: str, value: Any) -> dict[str, w.Widget]:
        return {name: w.ToggleButton(value=value, description=self.label)}

    def values(self, control: w.Widget) -> list[Any]:
        return [False, True]


@dataclass(frozen=True)
class Several(Kind):
    """Some of many names, in the order chosen: a toggle button for each, `stem` before its name."""

    options: Mapping[str, str] = dataclasses.field(default_factory=dict)  # name → its tip
    words: Mapping[str, str] = dataclasses.field(default_factory=dict)  # on the button, if others
    least: int = 0
    most: int = 0
    stem: str = ""
    ordered: bool = False  # whether they keep the options' order instead

    def check(self, name: str, value: Any) -> Any:
        one = self.label or name
        names = tuple(checks.one_of(one, e, self.options) for e in checks.items(name, value))
        if not self.least <= len(names) <= self.most or len(set(names)) < len(names):
            raise ValueError(
                f"{name} must be {self.least} to {self.most} different names, got {names}"
            )
        return tuple(each for each in self.options if each in names) if self.ordered else names

    def make(self, name: str, value: Any) -> dict[str, w.Widget]:
        return {
            self.stem + each: w.ToggleButton(
                value=each in value, description=self.words.get(each, each)
            )
            for each in self.options
        }

    def tips(self, name: str, value: Any) -> dict[str, str]:
        return {self.stem + each: tip for each, tip in self.options.items()}

    def heard(self, control: str, new: Any, before: Any) -> Any:
        name = control.removeprefix(self.stem)
        if new == (name in before):
            return before
        others = tuple(each for each in before if each != name)
        chosen = (*others, name) if new else others
        return chosen if self.least <= len(chosen) <= self.most else before

    def put(self, controls: Mapping[str, w.Widget], name: str, value: Any) -> None:
        """A button is disabled if pressing it would leave too few or too many."""
        for each in self.options:
            button = controls[self.stem + each]
            put(button, each in value)
            button.disabled = len(value) == (self.least if each in value else self.most)
