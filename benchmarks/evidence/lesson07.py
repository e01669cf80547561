"""Lesson 07: losses and remedies on the ring and the grid, and 1,000 modes in pictures.

python benchmarks/evidence/lesson07.py [07.ring | 07.grid | 07.stacked]
"""

import functools
import math
from typing import Any

import torch
from _lesson import DATA, lesson
from _make import Comparison, Spec, every, main

from gan_lessons import metrics, train
from gan_lessons.data import Images, resize, toy

RATES = (1e-3, 3e-3, 1e-2)
AGAIN = "none again"  # the null: other weights and data, the same row
REMEDIES = (
    "none", "R1", "R2", "R1 + R2", "spectral norm", "two rates",
    "average", "smoothing", "noise", "packing", "steady rates", AGAIN,
)  # fmt: skip
ON_RING = [
    *(("nonsaturating", remedy) for remedy in REMEDIES),
    *(
        (loss, remedy)
        for loss in ("minimax", "lsgan", "hinge", "rpgan")
        for remedy in ("none", "R1", "R1 + R2")
    ),
    ("wgan", "none"),
    ("wgan", "spectral norm"),
    ("wgan, clipped", "none"),
    ("wgan-gp", "none"),
]
ON_GRID = [
    ("nonsaturating", "none"),
    ("nonsaturating", "R1"),
    ("nonsaturating", AGAIN),
    ("rpgan", "none"),
    ("rpgan", "R1 + R2"),
]
STEPS, SIZE = 600, 16  # of the training on pictures of three digits
STACKED: dict[str, dict[str, Any]] = {
    "nonsaturating": {"loss": "nonsaturating"},
    "nonsaturating + R1": {"loss": "nonsaturating", "penalty": "r1", "gamma": 1.0},
    "rpgan + R1 + R2": {"loss": "rpgan", "penalty": "r1r2", "gamma": 1.0},
    "nonsaturating again": {"loss": "nonsaturating"},
}


def points(row: Spec) -> dict[str, float]:
    """One of the lesson's trainings on points."""
    names = lesson("07", "mnist")  # its pictures are not used
    again = row["remedy"] == AGAIN
    names["seed"] = int(row["seed"]) + 1000 * again
    names["bar"] = lambda steps, name: steps
    remedy = "none" if again else row["remedy"]
    try:
        _, found = names["train_points"](row["data"], row["loss"], remedy, float(row["rate"]))
    except ValueError:  # the samples are no finite numbers
        modes = len(toy.SETS[str(row["data"])].centres())
        return {"found": 0, "good": 0, "reverse_kl": math.log(modes), "diverged": 1}
    kl = found.reverse_kl if found.found else math.log(len(found.counts))
    return {"found": found.found, "good": found.good, "reverse_kl": kl, "diverged": 0}


@functools.cache
def digits(data_set: str) -> tuple[Images, metrics.FeatureNet, Images]:
    """Pictures of single digits, the network that reads them, and pictures of three digits."""
    images = lesson("07", data_set)["images"]
    single = Images(resize(images.pixels, SIZE), images.labels, images.classes, images.name)
    rng = torch.Generator().manual_seed(0)
    chosen = torch.randint(len(single), (60_000, 3), generator=rng)
    return single, metrics.features(single), Images(single.pixels[chosen, 0], name="three digits")


def stacked(row: Spec) -> dict[str, float]:
    """1,000 modes: three digits as three channels, counted on 26,000 pictures."""
    _, reader, three = digits(str(row["data"]))
    seed = int(row["seed"]) + 1000 * (row["game"] == "nonsaturating again")
    config = train.TrainConfig(
        width=16, latent=64, norm=False, seed=seed,
        learning_rate_g=float(row["rate"]), learning_rate_d=float(row["rate"]),
        beta1=0.0, beta2=0.99, ema_half_life=2_500, **STACKED[str(row["game"])],
    )  # fmt: skip
    trainer = train.Trainer(*train.networks(config, three), three, config, device="cpu")
    for _ in range(STEPS):
        trainer.step()
    parts = [trainer.generate(2_000, seed=i) for i in range(13)]
    found = metrics.class_report(torch.cat(parts), reader)
    real = metrics.class_report(three.pixels[:26_000], reader)
    return {
        "found": found.found,
        "reverse_kl": found.reverse_kl,
        "found_real": real.found,
        "reverse_kl_real": real.reverse_kl,
    }


def rows_of(pairs: list[tuple[str, str]], **columns: tuple) -> tuple[Spec, ...]:
    """A row for each pair of a loss and a remedy, each rate and each seed."""
    return tuple(
        row
        for loss, remedy in pairs
        for row in every(**{**columns, "loss": (loss,), "remedy": (remedy,)})
    )


COMPARISONS = {
    "07.ring": Comparison(
        "losses and remedies on the ring of 8, 1,500 steps of 64, three learning rates each",
        rows_of(ON_RING, data=("ring",), rate=RATES),
        points,
    ),
    "07.grid": Comparison(
        "two losses with and without penalty on the grid of 25, 3,000 steps of 128",
        rows_of(ON_GRID, data=("grid",), rate=(1.5e-3, 3e-3, 6e-3)),
        points,
    ),
    "07.stacked": Comparison(
        "1,000 modes of three digits at 16 pixels, 600 steps",
        tuple(every(data=DATA, rate=(1e-3,), game=STACKED)),
        stacked,
    ),
}

if __name__ == "__main__":
    main(__file__, "07", COMPARISONS)
