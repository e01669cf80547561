"""Draws docs/trained.png and docs/first.png: the same latents at several steps of a training.

    .venv/bin/python tools/make_picture.py

Takes about two minutes on two free cores. One row of a picture is one step. The README and lesson
06 show trained.png; lesson 00, which trains for 500 steps, shows first.png.
"""

from pathlib import Path

import torch

from gan_lessons import data, plots
from gan_lessons.train import RECIPES, Trainer, networks

# For each picture, the seed of its latents and the steps of its rows.
PICTURES = {
    "trained.png": (4, (0, 40, 100, 200, 400, 800, 1500)),
    "first.png": (1, (0, 20, 40, 100, 200, 500)),  # the latents of lesson 00
}
COLUMNS = 16
DOCS = Path(__file__).parents[1] / "docs"


def main() -> None:
    images = data.load("mnist", fallback="glyphs")
    config = RECIPES["dcgan"]
    trainer = Trainer(*networks(config, images), images, config)
    rows: dict[str, list[torch.Tensor]] = {name: [] for name in PICTURES}
    for step in sorted({step for _, steps in PICTURES.values() for step in steps}):
        if step:
            trainer.fit(step - trainer.steps)
        for name, (seed, steps) in PICTURES.items():
            if step in steps:
                rows[name].append(trainer.generate(COLUMNS, seed=seed))
    for name, (_, steps) in PICTURES.items():
        plots.sheet(torch.cat(rows[name]), COLUMNS, scale=2, gap=4).save(DOCS / name, optimize=True)
        print(f"docs/{name} after {', '.join(map(str, steps))} steps on {images.name}")


if __name__ == "__main__":
    main()
