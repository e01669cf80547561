"""How far the painting has come."""

from dataclasses import dataclass

from gan_lessons.widgets.settings import Settings, whole_slider


@dataclass(frozen=True)
class PainterSettings(Settings):
    """Where the control stands. A value out of range raises a ValueError that says the range."""

    stroke: int = whole_slider(
        1, 1, None, label="stroke", tip="How many strokes are on the canvas; watch what each adds."
    )
