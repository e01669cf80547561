"""Lesson 07: losses and remedies on the grid and on pictures of two digits; 1,000 modes.

python benchmarks/evidence/lesson07.py [07.pictures | 07.nudged | 07.stacked | 07.grid]
"""

import functools
import math

import torch
from _lesson import DATA, lesson
from _make import Comparison, Spec, every, main
from torch import Tensor

from gan_lessons import metrics
from gan_lessons.data import Images, resize, toy

AGAIN = "none again"  # the null: other weights and data, the same row
OF_NS = (  # what is tried on the non-saturating loss everywhere
    "none", "R1", "R2", "R1 + R2", "spectral norm", "two rates", "average", "smoothing", "noise",
    "packing", AGAIN,
)  # fmt: skip
COMMON = (
    *(("nonsaturating", remedy) for remedy in OF_NS),
    *((loss, "none") for loss in ("minimax", "lsgan", "hinge", "rpgan", "wgan", "wgan-gp")),
    ("rpgan", "R1 + R2"),
    ("wgan", "spectral norm"),
)
ON_PICTURES = (*COMMON, ("hinge", "spectral norm"), ("nonsaturating", "augmentation"))
ON_GRID = (
    *COMMON,
    *((loss, "R1") for loss in ("minimax", "lsgan", "hinge", "rpgan")),
    *((loss, "R1 + R2") for loss in ("minimax", "lsgan", "hinge")),
    ("wgan, clipped", "none"),
    ("nonsaturating", "steady rates"),
)
NUDGED = (
    ("nonsaturating", "none"),
    ("nonsaturating", "R1"),
    ("nonsaturating", "spectral norm"),
    ("nonsaturating", "two rates"),
    ("nonsaturating", AGAIN),
    ("nonsaturating", "R1 + R2"),
    ("nonsaturating", "packing"),
    ("lsgan", "none"),
    ("hinge", "spectral norm"),
    ("rpgan", "none"),
    ("rpgan", "R1 + R2"),
)
THREE = (  # loss, remedy, steps
    ("nonsaturating", "none", 600),
    ("nonsaturating", AGAIN, 600),
    ("nonsaturating", "R1", 600),
    ("rpgan", "R1 + R2", 600),
    ("rpgan", "R1 + R2", 2400),
)
SIZE = 16


def names_of(row: Spec, data_set: str) -> tuple[dict, str]:
    """The lesson's names with a row's seed, and the row's remedy."""
    names = lesson("07", data_set)
    again = row["remedy"] == AGAIN
    names["seed"] = int(row["seed"]) + 1000 * again
    names["bar"] = lambda steps, name: steps
    return names, "none" if again else str(row["remedy"])


def points(row: Spec) -> dict[str, float]:
    """One of the lesson's trainings on points."""
    names, remedy = names_of(row, "mnist")  # its pictures are not used
    try:
        _, found = names["train_points"](row["data"], row["loss"], remedy, float(row["rate"]))
    except ValueError:  # the samples are no finite numbers
        modes = len(toy.SETS[str(row["data"])].centres())
        return {"found": 0, "good": 0, "reverse_kl": math.log(modes), "diverged": 1}
    kl = found.reverse_kl if found.found else math.log(len(found.counts))
    return {"found": found.found, "good": found.good, "reverse_kl": kl, "diverged": 0}


@functools.cache
def digits(data_set: str, count: int) -> tuple[Images, metrics.FeatureNet]:
    """Pictures of so many digits, one a channel, and the network that reads a digit."""
    images = lesson("07", data_set)["images"]
    single = Images(resize(images.pixels, SIZE), images.labels, images.classes, images.name)
    rng = torch.Generator().manual_seed(0)
    chosen = torch.randint(len(single), (60_000, count), generator=rng)
    return Images(single.pixels[chosen, 0], name="digits"), metrics.features(single)


def features(pictures: Tensor, reader: metrics.FeatureNet) -> Tensor:
    """(N, channels · features): those of each channel, side by side."""
    each = reader.extract(pictures.flatten(0, 1)[:, None])
    return each.unflatten(0, (len(pictures), -1)).flatten(1)


def pictures(row: Spec) -> dict[str, float]:
    """One of the lesson's trainings on pictures, judged by modes and distance."""
    count = int(row["digits"])
    sizes = {2: 2_000, 3: 26_000}  # as many samples as the lesson and PacGAN count
    names, remedy = names_of(row, str(row["data"]))
    sets, reader = digits(str(row["data"]), count)
    steps = int(row["steps"])
    trainer = names["train_pictures"](sets, row["loss"], remedy, float(row["rate"]), steps)
    real = sets.pixels[: sizes[count]]
    parts = range(sizes[count] // 2_000)
    fakes = torch.cat([trainer.generate(2_000, seed=i).cpu() for i in parts])
    if not fakes.isfinite().all():
        modes = 10**count
        kl = math.log(modes)
        return {"found": 0, "reverse_kl": kl, "distance": math.inf, "diverged": 1}
    found, of_real = (metrics.class_report(each, reader) for each in (fakes, real))
    seen = [features(each, reader) for each in (real[:2_000], fakes[:2_000])]
    return {
        "found": found.found,
        "reverse_kl": found.reverse_kl,
        "distance": metrics.frechet_distance(*seen),
        "diverged": 0,
        "found_real": of_real.found,
        "reverse_kl_real": of_real.reverse_kl,
    }


def rows_of(pairs: tuple[tuple, ...], **columns: tuple) -> tuple[Spec, ...]:
    """A row for each loss and remedy (and steps), each value of the columns, and each seed."""
    names = ("loss", "remedy", "steps")
    return tuple(
        row
        for pair in pairs
        for row in every(**{**columns, **{n: (v,) for n, v in zip(names, pair, strict=False)}})
    )


COMPARISONS = {
    "07.pictures": Comparison(
        "losses and remedies on pictures of two digits (100 modes), 250 steps",
        rows_of(ON_PICTURES, data=DATA, digits=(2,), steps=(250,), rate=(1e-3,)),
        pictures,
    ),
    "07.nudged": Comparison(
        "some rows of 07.pictures at half and at twice the learning rate",
        rows_of(NUDGED, data=DATA, digits=(2,), steps=(250,), rate=(5e-4, 2e-3)),
        pictures,
    ),
    "07.stacked": Comparison(
        "pictures of three digits (1,000 modes), 600 and 2,400 steps",
        rows_of(THREE, data=DATA, digits=(3,), rate=(1e-3,)),
        pictures,
    ),
    "07.grid": Comparison(
        "losses and remedies on the grid of 25, 3,000 steps of 128, three learning rates each",
        rows_of(ON_GRID, data=("grid",), rate=(1e-3, 3e-3, 1e-2)),
        points,
    ),
}

if __name__ == "__main__":
    main(__file__, "07", COMPARISONS)
