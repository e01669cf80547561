"""What is done to the fakes, and presets that show one defect each."""

from dataclasses import dataclass

from gan_lessons.widgets.presets import Preset, WithPresets, preset_menu
from gan_lessons.widgets.settings import (
    buttons,
    menu,
    number_slider,
    seed_box,
    whole_slider,
)

DATA = {"heap": "one heap", "ring": "ring of 8"}
MODES = {"heap": 1, "ring": 8}
BALLS = {"none": "points", "real": "real balls", "fake": "fake balls"}
PRESETS = {
    "nothing wrong": Preset(
        {},
        "Real and fake come from the same distribution, so every number here is chance. Try other "
        "seeds: the kernel distance goes below 0, the Fréchet distance cannot.",
    ),
    "few samples": Preset(
        {"n": 50},
        "Still nothing wrong, but the Fréchet distance is larger on average: its bias grows as "
        "1/n. Move n.",
    ),
    "shifted": Preset(
        {"shift": 1.0},
        "Both distances have the shift in them: at infinite n the Fréchet distance is its square.",
    ),
    "shrunk": Preset(
        {"width": 0.3},
        "Every fake lies among real points, so precision sees nothing. Recall and coverage see "
        "what is missing. (In 64 dimensions coverage does not.)",
    ),
    "widened": Preset(
        {"width": 2.0},
        "The other way round: fakes reach all real points. Recall sees nothing, precision falls.",
    ),
    "half of the modes": Preset(
        {"data": "ring", "drop": 4},
        "The fakes are perfect where they are. Precision and density see nothing; recall and "
        "coverage lose about half.",
    ),
    "memorised": Preset(
        {"copies": 1.0},
        "All fakes are copies of the real points beside them: the distances come out below those "
        "of fresh real points. The copies give it away, and a Fréchet distance of 0.",
    ),
    "noise": Preset(
        {"noise": 0.3},
        "Three fakes in ten are noise. Precision counts those outside all real balls, at k 5 about "
        "half of them; recall sees nothing.",
    ),
    "outliers excuse noise": Preset(
        {"noise": 1.0, "outliers": 0.05, "balls": "real"},
        "All fakes are noise. A few real outliers have balls so large that many fakes lie in one: "
        "precision is too kind. Take the outliers away, and look at density, too.",
    ),
}
K = "Neighbours that a ball reaches to: does a larger one see more, or forgive more?"


@dataclass(frozen=True)
class MetricSettings(WithPresets):
    """Where the controls stand. A value out of range raises a ValueError that says the range."""

    presets = PRESETS
    free = ("n", "k", "seed", "balls")

    preset: str = preset_menu(PRESETS)
    data: str = menu("heap", DATA, label="real", tip="What the real points are drawn from.")
    shift: float = number_slider(
        0.0, 0, 3, 0.1, label="shift", tip="How far the heaps of the fakes are moved to the right."
    )
    width: float = number_slider(
        1.0, 0.1, 3, 0.1, label="width", tip="Of the fakes' heaps: below 1 they are shrunk."
    )
    drop: int = whole_slider(
        0, 0, 7, label="drop", tip="Modes of the ring that the heaps of the fakes leave out."
    )
    noise: float = number_slider(
        0.0, 0, 1, 0.05, label="noise", tip="The share of noise among fakes that copy nothing."
    )
    copies: float = number_slider(
        0.0, 0, 1, 0.05, label="copies", tip="The share of the fakes that copies a real point."
    )
    outliers: float = number_slider(
        0.0, 0, 0.1, 0.01, label="outliers", tip="The share of real points from wide noise."
    )
    n: int = whole_slider(
        200, 50, 250, step=25, label="n", tip="Points of either set: it moves bias and chance."
    )
    k: int = whole_slider(5, 1, 10, label="k", tip=K)
    seed: int = seed_box(tip="Other points from the same distributions.")
    balls: str = buttons(
        "none", BALLS, tip="The balls of real points (precision) or of fakes (recall)."
    )

    def check(self) -> None:
        if self.drop >= MODES[self.data] and self.drop:
            raise ValueError(f"drop must be 0 for data={self.data!r}, got {self.drop}")
