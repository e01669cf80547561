"""Settings with presets: a menu of settings that belong together, each with what to watch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, TypeVar

from gan_lessons import checks
from gan_lessons.widgets.settings import Settings, menu

OWN = "your own"  # no preset
Own = TypeVar("Own", bound="WithPresets")


class Preset(NamedTuple):
    """Settings that differ from the defaults, and one sentence or two on what to watch."""

    settings: Mapping[str, Any]
    watch: str


def preset_menu(presets: Mapping[str, Preset]) -> Any:
    """The field `preset` of settings with presets."""
    tip = "Settings that show one phenomenon each."
    return menu(OWN, (OWN, *presets), label="preset", tip=tip)


@dataclass(frozen=True)
class WithPresets(Settings):
    """Settings whose field `preset`, a `preset_menu`, brings others along.

    A subclass has `presets`, and in `free` the names of fields that do not belong to a preset: a
    change of any other leaves it.
    """

    presets: ClassVar[Mapping[str, Preset]] = {}
    free: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def of(cls: type[Own], preset: str = OWN, **changes: Any) -> Own:
        """The settings of a preset, with changes. Raises ValueError for an unknown preset."""
        preset = checks.one_of("preset", preset, (OWN, *cls.presets))
        chosen = {} if preset == OWN else cls.presets[preset].settings
        return cls(**{**chosen, **changes, "preset": preset})

    def changed(self: Own, **changes: Any) -> Own:
        """A preset brings its settings along, and a change of any of them leaves it.

        What stays as it is is no change: a page's slider says back what it was moved to.
        """
        preset = changes.get("preset")
        if isinstance(preset, str) and preset != OWN:
            return self.of(**changes)
        moved = {name for name, value in changes.items() if getattr(self, name) != value}
        left = {"preset": OWN} if moved - set(self.free) else {}
        return super().changed(**{**left, **changes})

    @property
    def watch(self) -> str:
        """What to watch; empty without a preset."""
        preset = getattr(self, "preset", OWN)
        return self.presets[preset].watch if preset in self.presets else ""
