"""What an upsampling explorer is set to."""

from dataclasses import dataclass

from gan_lessons.upsample import STRATEGIES
from gan_lessons.widgets.settings import Settings, buttons, seed_box, toggles, whole_slider
from gan_lessons.widgets.upsampling_explorer.training import KEPT_OUT, MOST_STEPS, STRETCH

MOST_STRATEGIES = 6
INPUTS = ("picture", "smooth", "flat")


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
        tip="What is enlarged: a picture that was kept out, a smooth spot, or a flat grey, where "
        "any pattern comes from the layers alone.",
    )
    picture: int = whole_slider(
        22,  # a bold one, which can be recognised when it is small
        0,
        KEPT_OUT - 1,
        label="picture",
        tip="Which of the kept-out pictures is enlarged.",
    )
    steps: int = whole_slider(
        0,
        0,
        MOST_STEPS,
        step=STRETCH,
        label="step",
        tip="Goes back in the training: see when a pattern leaves, and whether it leaves at all.",
    )
