"""How the game is played."""

from dataclasses import dataclass

from gan_lessons.widgets.settings import Settings, seed_box, whole_slider


@dataclass(frozen=True)
class RealOrFakeSettings(Settings):
    """Where the controls stand. A value out of range raises a ValueError that says the range."""

    seconds: int = whole_slider(
        5, 0, 15, label="seconds", tip="For each of them, once the clock runs; 0 is no clock."
    )
    seed: int = seed_box(tip="Another seed deals others, and begins again.")
