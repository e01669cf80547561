"""Settings that show one phenomenon each, and what to watch."""

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
        "Where do the fakes go, and what becomes of the heat map? When a real point outscores a "
        "fake in about half of all pairs, the discriminator can only guess.",
    ),
    "collapses": Preset(
        {**_OUT_OF_BALANCE, "penalty": "none"},
        "A generator that learns faster than its judge puts nearly all fakes in one place. The "
        "discriminator learns to call that place fake, and the whole crowd moves on together.",
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
        "Both players are linear. The critic points to where real points are missing, the fakes "
        "run there, past the middle, and back: the game goes round and never comes to rest. Give "
        "it the penalty r1, and it does.",
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
        "The discriminator is soon sure of nearly every pair. Where it is sure, the minimax loss "
        "is flat: the arrows shrink to nothing. Choose the loss nonsaturating, and they are back. "
        "G's rate is small on purpose: Adam would make large steps of tiny gradients.",
    ),
    "WGAN-GP rescues": Preset(
        {
            **_OUT_OF_BALANCE,
            "loss": "wgan",
            "penalty": "wgan-gp",
            "gamma": 1.0,
            "updates_d": 5,
        },
        "The learning rates of the collapse, with a critic under a gradient penalty that takes "
        "five updates a turn: the fakes spread over the whole ring and stay there.",
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
        "Each fake is compared with a real point, and the gradient is held down at both: the "
        "generator's grid tears apart between the modes until it has reached all 25.",
    ),
}
