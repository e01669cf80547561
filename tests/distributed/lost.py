"""A run of the command line whose second process is killed in a step; see test_two_processes.

python -m torch.distributed.run --nproc_per_node=2 tests/distributed/lost.py FOLDER
"""

import os
import signal
import sys

from torch import Tensor

from gan_lessons.train import Trainer
from gan_lessons.train.__main__ import main

LAST_STEP = 500
play_step = Trainer.play_step


def killed_at_last(trainer: Trainer) -> Tensor:
    if trainer.steps == LAST_STEP:
        os.kill(os.getpid(), signal.SIGKILL)
    return play_step(trainer)


if __name__ == "__main__":
    if os.environ["RANK"] == "1":
        Trainer.play_step = killed_at_last
    arguments = ["--data", "glyphs", "--steps", "1000000", "--no-distance", "--device", "cpu"]
    arguments += ["--set", "network=mlp", "--set", "width=8", "--set", "batch=8"]
    sys.exit(main([*arguments, "--out", sys.argv[1]]))
