"""What the pad draws with."""

from dataclasses import dataclass

from gan_lessons.widgets.settings import Settings, buttons, number_slider


@dataclass(frozen=True)
class AskSettings(Settings):
    """Where the controls stand. A value out of range raises a ValueError that says the range."""

    tool: str = buttons("pencil", ("pencil", "eraser"), tip="What a drag does.")
    radius: float = number_slider(1.2, 0.5, 4, 0.1, label="radius", tip="Of the tip, in pixels.")
