"""What a Dirac-GAN is set to, and presets that show one phenomenon each."""

from dataclasses import dataclass

from gan_lessons.widgets.presets import Preset, WithPresets, preset_menu
from gan_lessons.widgets.settings import buttons, menu, number_slider, whole_slider

LOSSES = {  # of gan_lessons.losses
    "minimax": "minimax",
    "nonsaturating": "non-saturating",
    "wgan": "Wasserstein",
    "rpgan": "relativistic",
}
PENALTIES = {"none": "none", "r1": "R1", "r2": "R2", "r1r2": "R1 + R2", "wgan-gp": "WGAN-GP"}
UPDATES = ("simultaneous", "alternating")
MOST_STEPS = 1_000
FARTHEST = 3.5  # that the start can be from 0, in each direction
ETA = "Of both players: the smaller, the closer the steps follow the continuous game (dashed)."
CLIP = "ψ is cut back to this after each step, as in the first Wasserstein GAN; 0: no clipping."
# Named by what is played: what comes of it is for the reader to see.
PRESETS = {
    "minimax, simultaneous": Preset(
        {},
        "The continuous game (dashed) circles for ever. A step goes along the tangent and ends "
        "outside the circle, however small it is. Far out the radius grows in stairs: where the "
        "fake's logit ψθ is far below 0, minimax is flat, and both players hardly move.",
    ),
    "minimax, alternating": Preset(
        {"updates": "alternating"},
        "D answers the θ that G has just made. Both eigenvalues lie on the unit circle: the orbit "
        "comes round again and again, and does not reach 0.",
    ),
    "non-saturating, simultaneous": Preset(
        {"loss": "nonsaturating"},
        "Far out this loss pulls inward; near 0 each step pushes outward, as with minimax. The "
        "orbit ends in a circle of radius about √(2η).",
    ),
    "Wasserstein, clipped": Preset(
        {"loss": "wgan", "clip": 1.0},
        "Clipping keeps ψ from growing, but neither player comes to rest.",
    ),
    "Wasserstein + WGAN-GP": Preset(
        {"loss": "wgan", "penalty": "wgan-gp", "gamma": 0.35},
        "The penalty wants |ψ| = 1, while rest needs ψ = 0: G is pushed past the data again and "
        "again.",
    ),
    "minimax + R1, γ = 0.3": Preset(
        {"penalty": "r1"},
        "R1 wants ψ = 0 and pulls both eigenvalues inside the unit circle: the radius falls by "
        "about the same factor in every turn.",
    ),
    "minimax + R1, γ = 1": Preset(
        {"penalty": "r1", "gamma": 1.0},
        "γ = 2ℓ is critical (ℓ = ½ is minimax's slope at rest): both eigenvalues meet on the real "
        "line. The orbit stops turning, and in the long run no other γ is faster (at first one a "
        "little smaller can be): try one on either side.",
    ),
    "relativistic, simultaneous": Preset(
        {"loss": "rpgan"},
        "D(0) = 0, so the comparison with the real point changes nothing: this is the orbit of "
        "the non-saturating loss. Add R1 (γ above 0.05), and it converges.",
    ),
    "relativistic + R1 + R2": Preset(
        {"loss": "rpgan", "penalty": "r1r2", "gamma": 0.15},
        "D has the slope ψ everywhere, so R1 = R2 = ψ²/2, and both together are one of them with "
        "2γ. Choose R1 and double γ: the orbit stays.",
    ),
}


@dataclass(frozen=True)
class DiracSettings(WithPresets):
    """Where the controls stand. A value out of range raises a ValueError that says the range."""

    presets = PRESETS
    free = ("steps",)

    preset: str = preset_menu(PRESETS)
    loss: str = menu(
        "minimax", LOSSES, label="loss", tip="What both players minimise: does the orbit grow?"
    )
    penalty: str = menu(
        "none", PENALTIES, label="penalty", tip="On D's slope ψ: watch the eigenvalues move inward."
    )
    updates: str = buttons(
        "simultaneous",
        UPDATES,
        tip="Both players step at once, or G first and D answers its new θ.",
    )
    # gamma and step_size end where a step of D alone would begin to overshoot: 2 gamma eta < 2.
    gamma: float = number_slider(
        0.3, 0, 2, 0.01, label="γ", tip="The penalty's weight: where do the two eigenvalues meet?"
    )
    step_size: float = number_slider(0.2, 0.01, 0.4, 0.01, label="step η", tip=ETA)
    clip: float = number_slider(0.0, 0, 2, 0.1, label="clip |ψ|", tip=CLIP)
    theta: float = number_slider(
        1.0, -FARTHEST, FARTHEST, 0.1, label="start θ",
        tip="Where G puts its point first; the data is at 0. Or click the plane.",
    )  # fmt: skip
    psi: float = number_slider(
        -1.0, -FARTHEST, FARTHEST, 0.1, label="start ψ",
        tip="D's slope at the start: D(x) = ψx, high for real. Or click the plane.",
    )  # fmt: skip
    steps: int = whole_slider(
        500, 0, MOST_STEPS, label="steps", tip="How many steps of the orbit are shown."
    )
