"""What an upsampling explorer is set to."""

from dataclasses import dataclass

from gan_lessons.upsample import STRATEGIES
from gan_lessons.widgets.settings import (
    Settings,
    buttons,
    number_slider,
    seed_box,
    toggle,
    toggles,
    whole_slider,
)
from gan_lessons.widgets.upsampling_explorer.training import KEPT_OUT, MOST_STEPS, STRETCH

MOST_STRATEGIES = 6
INPUTS = ("picture", "smooth", "flat", "wave")


@dataclass(frozen=True)
class UpsamplingSettings(Settings):
    """Where the controls stand. steps: of training, in whole stretches."""

    strategies: tuple[str, ...] = toggles(
        ("deconv3", "deconv4", "subpixel-icnr", "resize-nearest"),
        {name: f"{s.description}: shows it, or takes it away." for name, s in STRATEGIES.items()},
        least=1,
        most=MOST_STRATEGIES,
        one="strategy",
    )
    seed: int = seed_box(
        tip="The random seed of the first weights and of the order of the pictures: does a "
        "strategy's pattern come back with every seed?"
    )
    input: str = buttons(
        "picture",
        INPUTS,
        tip="What is enlarged: a kept-out picture, a smooth spot, a flat grey, where any pattern "
        "is the layers' own, or a wave.",
    )
    picture: int = whole_slider(
        22,  # a bold one, which can be recognised when it is small
        0,
        KEPT_OUT - 1,
        label="which one",
        tip="Which of the kept-out pictures is enlarged.",
    )
    frequency: float = number_slider(
        0.15,
        0,
        0.5,
        0.01,
        label="frequency",
        tip="Of the wave, in cycles per input pixel: see where the image is small, and where "
        "large. 0 is a flat grey.",
    )
    steps: int = whole_slider(
        0,
        0,
        MOST_STEPS,
        step=STRETCH,
        label="step",
        tip="Goes back in the training, or trains on to a later step: see when a pattern leaves, "
        "and whether it leaves at all.",
    )
    more: bool = toggle(
        False,
        label="more scores",
        tip="The scores at step 0, the checkerboard of this picture alone, the networks' sizes.",
    )
