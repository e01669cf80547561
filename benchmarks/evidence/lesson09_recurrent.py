"""Lesson 09: a painter against a one-shot generator, and verdicts per step or per sequence.

python benchmarks/evidence/lesson09_recurrent.py [09.painter | 09.sequences]
"""

import functools

import torch
from _lesson import DATA, judge, lesson
from _make import Comparison, Spec, every, main

from gan_lessons.data.strokes import Strokes, strokes

AGAIN = "again"  # the null: other weights and data, the same row
PAINTERS = ("painter", "one-shot", f"one-shot {AGAIN}")
VERDICTS = ("per step", "per sequence", f"per step {AGAIN}")
COUNTED = "per step, padding counted"  # on letters: no lengths at all
TESTED = 1000  # sequences of each kind


def names_of(row: Spec, what: str, data_set: str) -> dict:
    """The lesson's names, with the row's seed."""
    names = lesson("09", data_set)
    names["seed"] = int(row["seed"]) + 1000 * (AGAIN in what)
    names["rng"] = torch.Generator().manual_seed(names["seed"])
    names["bar"] = lambda steps, name: steps
    return names


def painted(row: Spec) -> dict[str, float]:
    """One of the lesson's two trainings on pictures, and its distance."""
    who, data_set = str(row["generator"]), str(row["data"])
    names = names_of(row, who, data_set)
    network = who.removesuffix(f" {AGAIN}")
    work, weights = names["cost"](names["PAINTERS"][network](), torch.zeros(1, 32))
    trainer = names["train_painter"](network, rate=float(row["rate"]))
    referee = judge(data_set)
    return {
        "distance": referee(trainer.generate(referee.count, seed=1)),
        "floor": referee.floor,
        "multiply_adds": work,
        "parameters": weights,
    }


@functools.cache
def letters() -> Strokes:
    """The lesson's outlines, the same for all rows."""
    return strokes(10_000, torch.Generator().manual_seed(0), "LT", shortest=12)


def sequences(row: Spec) -> dict[str, float]:
    """One of the lesson's games on waves or on letters, and its scores beside their nulls."""
    verdict = str(row["verdict"])
    names = names_of(row, verdict, "glyphs")  # its pictures are not used
    rng = names["rng"]
    each, rate = "per step" in verdict, float(row["rate"])
    if row["data"] == "waves":
        generator = names["play_sequences"](
            lambda n: (names["waves"](n, rng), None), each, rate=rate
        )
        real, again = (names["waves"](TESTED, rng) for _ in range(2))
    else:
        drawn = letters()

        def draw(n: int) -> tuple[torch.Tensor, torch.Tensor | None]:
            chosen = torch.randint(len(drawn), (n,), generator=rng)
            lengths = None if verdict == COUNTED else drawn.lengths[chosen]
            return drawn.points[chosen], lengths

        generator = names["play_sequences"](draw, each, channels=2, rate=rate)
        full = drawn.points[drawn.lengths == drawn.points.shape[1]]
        full = full[torch.randperm(len(full), generator=rng)]
        real, again = full[: len(full) // 2], full[len(full) // 2 : len(full) // 2 * 2]
    with torch.no_grad():
        fake = generator(torch.randn(len(real), generator.latent, generator=rng))
    lags = names["autocorrelation"](real)
    return {
        "spectrum": names["spectral_gap"](fake, real),
        "spectrum_null": names["spectral_gap"](again, real),
        "autocorrelation": (names["autocorrelation"](fake) - lags).abs().max().item(),
        "autocorrelation_null": (names["autocorrelation"](again) - lags).abs().max().item(),
        "told_apart": names["two_sample"](fake, real),
        "told_apart_null": names["two_sample"](again, real),
        "last_steps": fake[:, -4:].norm(dim=2).mean().item(),
        "last_steps_real": real[:, -4:].norm(dim=2).mean().item(),
    }


COMPARISONS = {
    "09.painter": Comparison(
        "a painter of four strokes against a one-shot DCGAN of equal cost, 250 steps of 32, "
        "three learning rates",
        tuple(every(data=DATA, rate=(1e-3, 2e-3, 4e-3), generator=PAINTERS)),
        painted,
    ),
    "09.sequences": Comparison(
        "a verdict per step or per sequence, with lengths or without, 250 steps of 64, "
        "three learning rates",
        (
            *every(data=("waves", "letters"), rate=(2.5e-3, 5e-3, 1e-2), verdict=VERDICTS),
            *every(data=("letters",), rate=(5e-3,), verdict=(COUNTED,)),
        ),
        sequences,
    ),
}

if __name__ == "__main__":
    main(__file__, "09", COMPARISONS)
