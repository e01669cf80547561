"""Settings that are declared once: from a field come its check, its plain data and its control.

    @dataclass(frozen=True)
    class WaveSettings(Settings):
        view: str = buttons("sum", ("sum", "parts"), tip="What the chart shows.")
        height: float = number_slider(1.0, 0, 2, 0.1, label="height", tip="Of the wave.")
        seed: int = seed_box(tip="Another seed is another wave.")
        points: tuple[float, ...] = plain(())

`WaveSettings(height=3)` raises a ValueError that says the range, an unknown name a TypeError.
`.changed(height=2.0)` is checked again; `WaveSettings(**settings.state)` rebuilds it.

What depends on other fields, or on data, is no part of a declaration: override `Settings.check` for
values that must fit together, and `Explorer.adapt` for a slider whose end moves.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from gan_lessons.widgets.kinds import (
    Choice,
    Flag,
    Kind,
    Number,
    NumberMenu,
    Numbers,
    Seed,
    Several,
    Whole,
)

MOST_SEED = 999_999
Options = Sequence[Any] | Mapping[Any, str]  # values, or {value: the words for it}
Own = TypeVar("Own", bound="Settings")


class Settings:
    """The base of an explorer's settings: frozen dataclasses of the fields declared below."""

    def __post_init__(self) -> None:
        for name, kind in self.kinds().items():
            object.__setattr__(self, name, kind.check(name, getattr(self, name)))
        self.check()

    def check(self) -> None:
        """Raises a ValueError if values do not fit together."""

    @classmethod
    @cache
    def kinds(cls) -> dict[str, Kind]:
        """Field → what was declared."""
        return {field.name: field.metadata["kind"] for field in dataclasses.fields(cls)}  # type: ignore[arg-type]

    def changed(self: Own, **changes: Any) -> Own:
        """The same with other values, checked again."""
        return dataclasses.replace(self, **changes)  # type: ignore[type-var]

    @property
    def state(self) -> dict[str, Any]:
        """Plain data that rebuilds it, also after a way through JSON."""
        return {name: _as_lists(getattr(self, name)) for name in self.kinds()}


def _as_lists(value: Any) -> Any:
    return [_as_lists(each) for each in value] if isinstance(value, tuple) else value


def plain(default: Any, checked: Callable[[str, Any], Any] | None = None) -> Any:
    """A field without a control of its own. checked: takes (name, value), returns the value."""
    return _declared(default, Kind(checked=checked))


def whole_slider(
    default: int, least: int, most: int | None, *, label: str, tip: str, step: int = 1
) -> Any:
    """A slider of whole numbers; without `most`, `Explorer.adapt` says where it ends."""
    return _declared(default, Whole(label, tip, None, least, most, step))


def seed_box(default: int | None = 0, *, label: str = "seed", tip: str) -> Any:
    """A box to type a seed in, 0 to 999,999. With the default None it is optional."""
    return _declared(default, Seed(label, tip, None, 0, MOST_SEED, 1, default is None))


def number_slider(
    default: float, least: float, most: float, step: float, *, label: str, tip: str
) -> Any:
    """A slider of numbers. A program may set a number between two steps."""
    return _declared(default, Number(label, tip, None, least, most, step))


def number_sliders(stem: str, least: float, most: float, step: float, *, tip: str) -> Any:
    """A tuple of numbers, each a whole step, with the sliders `stem1`, `stem2`, …

    There are as many as the settings hold when the explorer is made. tip: with {} for the number.
    """
    return _declared((), Numbers("", tip, None, least, most, step, True, stem))


def number_menu(
    default: float,
    usual: Sequence[float],
    *,
    label: str,
    tip: str,
    least: float | None = None,
    most: float | None = None,
    above: float | None = None,
    words: Callable[[float], str] = "{:g}".format,
) -> Any:
    """A menu of usual numbers. A program may set any other in the range."""
    return _declared(default, NumberMenu(label, tip, None, tuple(usual), most, above, least, words))


def buttons(default: Any, options: Options, *, tip: str, label: str = "") -> Any:
    """One of the options, side by side."""
    return _declared(default, Choice(label, tip, None, _worded(options), True))


def menu(default: Any, options: Options, *, tip: str, label: str) -> Any:
    """One of the options, in a menu."""
    return _declared(default, Choice(label, tip, None, _worded(options), False))


def toggle(default: bool, *, label: str, tip: str) -> Any:
    """True or False, on a button."""
    return _declared(default, Flag(label, tip))


def toggles(
    default: Sequence[str],
    options: Mapping[str, str],
    *,
    least: int,
    most: int,
    one: str,
    words: Mapping[str, str] | None = None,
    stem: str = "",
    ordered: bool = False,
) -> Any:
    """Some of the options, {name: tip}, each on a button: the control `stem` + name.

    one: what a single one is called, "strategy". words: {name: words on its button}, if others than
    the name. ordered: whether they keep the order of the options, or that in which they are chosen.
    """
    kind = Several(one, "", None, options, words or {}, least, most, stem, ordered)
    return _declared(tuple(default), kind)


def _declared(default: Any, kind: Kind) -> Any:
    return dataclasses.field(default=default, metadata={"kind": kind})


def _worded(options: Options) -> Mapping[Any, str]:
    return options if isinstance(options, Mapping) else {each: str(each) for each in options}
