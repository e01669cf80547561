"""Training GANs: settings and recipes, the trainer, its checkpoints and its command line.

    images = data.load("mnist")
    config = RECIPES["dcgan"]
    trainer = Trainer(*networks(config, images), images, config)
    trainer.fit(1500).save("runs/a")

The same from a terminal: `python -m gan_lessons.train --data mnist --recipe dcgan --steps 1500
--out runs/a`.
"""

from gan_lessons.train.checkpoint import CheckpointError
from gan_lessons.train.config import RECIPES, TrainConfig
from gan_lessons.train.device import pick_device
from gan_lessons.train.history import History
from gan_lessons.train.levers import Levers, fastest
from gan_lessons.train.players import networks
from gan_lessons.train.trainer import DeviceMemoryFull, Trainer, TrainingDiverged

__all__ = [
    "RECIPES",
    "CheckpointError",
    "DeviceMemoryFull",
    "History",
    "Levers",
    "TrainConfig",
    "Trainer",
    "TrainingDiverged",
    "fastest",
    "networks",
    "pick_device",
]
