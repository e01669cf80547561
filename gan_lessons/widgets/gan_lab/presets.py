"""Settings that show one phenomenon each: what to watch, and for after it, what happens and why."""

from gan_lessons.widgets.presets import Preset

_OUT_OF_BALANCE = {"data": "ring", "learning_rate_g": 1e-2, "learning_rate_d": 2e-3}

PRESETS = {
    "works": Preset(
        {
            "data": "drawn",
            "learning_rate_g": 1e-3,
            "learning_rate_d": 2e-3,
            "gamma": 0.05,
            "batch": 128,
            "ema_half_life": 5_000.0,
        },
        "Where do the fakes go, and what becomes of the heat map? In how many pairs does the real "
        "point outscore the fake?",
    ),
    "collapses": Preset(
        {**_OUT_OF_BALANCE, "penalty": "none"},
        "The generator learns faster than the discriminator. How many modes do its fakes find, "
        "and do they stay there?",
    ),
    "rotates": Preset(
        {
            "data": "ring",
            "loss": "wgan",
            "penalty": "none",
            "optimiser": "sgd",
            "layers_g": 0,
            "layers_d": 0,
            "learning_rate_g": 0.05,
            "learning_rate_d": 0.05,
            "gamma": 1.0,  # of the penalty that the reader is to choose
        },
        "Both players are linear. Do the fakes come to rest in 600 turns? Then choose the penalty "
        "r1 (more settings), and play on: and now?",
    ),
    "discriminator wins": Preset(
        {
            "data": "ring",
            "loss": "minimax",
            "penalty": "none",
            "updates_d": 5,
            "learning_rate_g": 5e-5,
            "learning_rate_d": 1e-2,
        },
        "The loss is minimax, and the discriminator learns much faster. How long are the "
        "arrows (in more settings) after 150 turns? Then choose the loss nonsaturating.",
    ),
    "WGAN-GP rescues": Preset(
        {
            **_OUT_OF_BALANCE,
            "loss": "wgan",
            "penalty": "wgan-gp",
            "gamma": 1.0,
            "updates_d": 5,
        },
        "The learning rates of the preset collapses, with a critic under a gradient penalty that "
        "takes five updates a turn. Where are the fakes this time?",
    ),
    "relativistic with R1 and R2 finds all 25": Preset(
        {
            "data": "grid",
            "loss": "rpgan",
            "penalty": "r1r2",
            "gamma": 0.1,
            "layers_g": 3,
            "layers_d": 3,
            "units_g": 128,
            "units_d": 128,
            "activation": "relu",
            "batch": 128,
            "ema_half_life": 5_000.0,
        },
        "Each fake is compared with a real point, and the gradient is held down at both. How many "
        "modes are found after 4,000 turns? What happens to the z grid (more settings)?",
    ),
}

WHY = {  # what happens in each preset, and why: for after the look
    "works": (
        "The fakes fill the drawing. The heat map gets pale there, and a real point outscores a "
        "fake in about half of all pairs. A judge with more time tells more (lesson 04, section 9)."
    ),
    "collapses": (
        "A generator that learns faster than its judge puts nearly all fakes in one place. The "
        "discriminator learns to call that place fake, and the whole crowd moves on together."
    ),
    "rotates": (
        "The critic points to where fakes are missing, the fakes run there, past the "
        "middle, and back: the game goes round and does not come to rest. With the penalty r1 the "
        "critic gets flat, the heat map pale, and the fakes rest, but for the noise of batches."
    ),
    "discriminator wins": (
        "The discriminator is soon sure of nearly every pair. Where it is sure, the minimax loss "
        "is flat: the arrows shrink to nothing. With the loss nonsaturating they are back. "
        "G's rate is small on purpose: Adam would make large steps of tiny gradients."
    ),
    "WGAN-GP rescues": (
        "The fakes spread over the whole ring and stay there: the critic keeps up, and its "
        "gradient stays about 1 long, so each fake is told where to go."
    ),
    "relativistic with R1 and R2 finds all 25": (
        "The generator's grid tears apart between the modes until it has reached all 25."
    ),
}
