"""Training GANs: settings and recipes, the trainer and its games, checkpoints, the command line.

    images = data.load("mnist")
    config = RECIPES["dcgan"]
    trainer = Trainer(*networks(config, images), images, config)
    trainer.fit(1500).save("runs/a")

The same from a terminal: `python -m gan_lessons.train --data mnist --recipe dcgan --steps 1500
--out runs/a`.

To read it from the top: `game` says what a game is, `games/pictures` is the game of a GAN,
`stepper` plays the turns of one step, `trainer` takes many.

A new objective goes into `losses.LOSSES`, a gradient penalty of D into `losses.PENALTIES`. A change
of what D sees goes into `remedies`; it gets a setting in `config` and a line in `games/pictures`. A
new game is one file in `games/`.
"""

from gan_lessons.train.checkpoint import CheckpointError
from gan_lessons.train.compute import ComputeOptions
from gan_lessons.train.config import RECIPES, TrainConfig
from gan_lessons.train.device import pick_device
from gan_lessons.train.diagnose import diagnose
from gan_lessons.train.doctor.case import Finding
from gan_lessons.train.doctor.examine import examine
from gan_lessons.train.history import History
from gan_lessons.train.picture_trainer import Trainer, networks
from gan_lessons.train.speed import fastest
from gan_lessons.train.trainer import DeviceMemoryFull, GameTrainer, TrainingDiverged

__all__ = [
    "RECIPES",
    "CheckpointError",
    "ComputeOptions",
    "DeviceMemoryFull",
    "Finding",
    "GameTrainer",
    "History",
    "TrainConfig",
    "Trainer",
    "TrainingDiverged",
    "diagnose",
    "examine",
    "fastest",
    "networks",
    "pick_device",
]
