"""Which place of which picture, and when."""

from dataclasses import dataclass

from gan_lessons.widgets.settings import Settings, buttons, plain, whole_slider

WAYS = {"from": "where it looks", "to": "who looks at it"}


@dataclass(frozen=True)
class AttentionSettings(Settings):
    """Where the controls stand. A value out of range raises a ValueError that says the range.

    Numbers count from 1, except `step`, which counts the recorded steps from 0.
    """

    network: str = plain("")
    way: str = buttons("from", WAYS, tip="Where the chosen place looks, or what looks at it.")
    step: int = whole_slider(
        0, 0, None, label="step", tip="Of the recorded training: watch the marks and the heat come."
    )
    picture: int = whole_slider(
        1, 1, None, label="picture", tip="Another picture, from other random numbers."
    )
    row: int = whole_slider(
        1, 1, None, label="row", tip="Of the chosen place; you can also click the picture."
    )
    column: int = whole_slider(
        1, 1, None, label="column", tip="Of the chosen place; you can also click the picture."
    )
