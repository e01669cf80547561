"""What a steering explorer is set to."""

from dataclasses import dataclass

from gan_lessons import checks
from gan_lessons.widgets.settings import Settings, number_slider, plain, seed_box

LIMIT = 3.0  # beyond it, a normal distribution has hardly anything to cut off


@dataclass(frozen=True)
class SteeringSettings(Settings):
    """Where the controls stand. asked, other: indices of classes; without `other`, the next one."""

    asked: int = plain(0, checks.whole)
    other: int | None = plain(None)
    mix: float = number_slider(
        0.0,
        0,
        1,
        0.05,
        label="mix",
        tip="How far from the first class to the second one: where does the reading change?",
    )
    truncation: float = number_slider(
        LIMIT,
        0.1,
        LIMIT,
        0.1,
        label="truncation",
        tip="The numbers in z are cut off at ± this value: smaller means safer, and less varied.",
    )
    seed: int = seed_box(tip="Of the styles z: other seeds are other ways to write the same class.")

    def fitted(self, classes: int) -> "SteeringSettings":
        """The same for a generator with so many classes. Raises ValueError."""
        asked = checks.whole("asked", self.asked, 0, classes - 1)
        other = (asked + 1) % classes if self.other is None else self.other
        return self.changed(asked=asked, other=checks.whole("other", other, 0, classes - 1))
