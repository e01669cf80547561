"""Draws docs/trained.png: the same latents decoded at several steps of a training, one row each.

    .venv/bin/python tools/make_picture.py

Takes about a minute. The README and lesson 06 show the picture.
"""

from pathlib import Path

import torch

from gan_lessons import data, plots
from gan_lessons.train import RECIPES, Trainer, networks

STEPS = (0, 40, 100, 200, 400, 800, 1500)
COLUMNS = 16


def main() -> None:
    images = data.load("mnist", fallback="glyphs")
    config = RECIPES["dcgan"]
    trainer = Trainer(*networks(config, images), images, config)
    rows = []
    for steps in STEPS:
        if steps:
            trainer.fit(steps - trainer.steps)
        rows.append(trainer.generate(COLUMNS, seed=4))
    target = Path(__file__).parents[1] / "docs" / "trained.png"
    target.parent.mkdir(exist_ok=True)
    plots.sheet(torch.cat(rows), COLUMNS, scale=2, gap=4).save(target, optimize=True)
    print(f"{target} after {', '.join(map(str, STEPS))} steps on {images.name}")


if __name__ == "__main__":
    main()
