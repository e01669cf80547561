"""Lesson 06: a DCGAN's training, and what a change of each guideline does to its first steps.

python benchmarks/evidence/lesson06.py [06.changes | 06.training | 06.nudged]
"""

import dataclasses
import functools

from _lesson import DATA, judge, lesson
from _make import Comparison, Spec, every, main
from torch.nn import functional as F

from gan_lessons import metrics, train, upsample

STEPS = 200
AGAIN = "DCGAN again"  # the null: other weights, latents and order of the data
CHANGES = (
    "DCGAN", AGAIN, "D with batch norm at the pictures", "G without batch norm",
    "torch's first weights", "torch's first weights, no batch norm in G", "G with tanh throughout",
    "G copies pixels, convolves", "G with kernel 3", "G with kernel 5",
    "D with average pooling", "D with average pooling, narrower",
)  # fmt: skip
NUDGED = ("DCGAN", "D with batch norm at the pictures", "G copies pixels, convolves",
          "D with average pooling, narrower")  # fmt: skip
READ = (100, 200, 300, 400, 500)


@functools.cache
def cost(change: str) -> float:
    """The multiply-adds of a step, as the lesson counts them."""
    return lesson("06", "glyphs")["multiply_adds"](change)


def changed(row: Spec) -> dict[str, float]:
    """A short training, read after 200 steps and after as many multiply-adds as 200 of DCGAN's."""
    names, referee = lesson("06", str(row["data"])), judge(str(row["data"]))
    again = row["change"] == AGAIN
    change, seed = ("DCGAN", 1000) if again else (str(row["change"]), 0)
    rate = float(row.get("rate", names["config"].learning_rate_g))
    run = names["short_training"](change, seed + int(row["seed"]), rate)
    equal = round(STEPS * cost("DCGAN") / cost(change))
    found = {"multiply_adds": cost(change), "equal_steps": equal}
    for step in range(1, max(STEPS, equal) + 1):
        run.step()
        if step in (STEPS, equal):
            drawn = run.generate(referee.count, seed=1)
            distance = referee(drawn)
            found |= {"distance_equal": distance} if step == equal else {}
            found |= {"distance": distance} if step == STEPS else {}
        if step == STEPS:
            found["energy"] = upsample.checkerboard_energy(drawn).item()
            real = names["unseen"].floats(slice(referee.count))
            found["energy"] /= upsample.checkerboard_energy(real).item()
    return found


def training(row: Spec) -> dict[str, float]:
    """The lesson's own training, 500 steps, and all that the lesson measures of it."""
    names, referee = lesson("06", str(row["data"])), judge(str(row["data"]))
    config = dataclasses.replace(names["config"], seed=int(row["seed"]))
    trainer = train.Trainer(
        *train.networks(config, names["real"]), names["real"], config, device="cpu"
    )
    last = trainer.generator.layers[-2].weight.detach().clone()
    found = {"floor": referee.floor, "distance_0": referee(trainer.generate(2000, seed=1))}
    found |= {"uneven_started": upsample.unevenness(last, 2).item()}
    found |= {"agree_started": names["agreement"](last)}
    for step in range(1, READ[-1] + 1):
        trainer.step()
        if step in READ:
            found[f"loss_{step}"] = sum(trainer.history.generator_loss[-100:]) / 100
            pictures = trainer.generate(2000, seed=1)
            found[f"distance_{step}"] = referee(pictures)
            found[f"live_{step}"] = referee(trainer.generate(2000, seed=1, ema=False))
    features = referee.net.extract(pictures)
    found["precision"], found["recall"] = metrics.precision_recall(referee.real, features)
    classes = metrics.class_report(pictures, referee.net)
    found["classes"], found["reverse_kl"] = classes.found, classes.reverse_kl
    for name, z in names["ways"].items():
        found[f"walk_{name}"] = referee(trainer.decode(z))
    directions = names["principal_directions"](trainer.ema_generator)
    found["along_first"] = names["unlike"](trainer, directions[0])
    found["along_random"] = names["unlike"](trainer, F.normalize(names["many"][2], dim=0))
    found["along_last"] = names["unlike"](trainer, directions[-1])
    last = trainer.ema_generator.layers[-2].weight.detach()
    found["uneven_trained"] = upsample.unevenness(last, 2).item()
    found["agree_trained"] = names["agreement"](last)
    asked = names["known"] | {"samples": trainer.generate(200, seed=8)}
    for view in names["views"]:
        far = names["medians"](asked, view)
        found |= {f"{view}_{who}": distance for who, distance in far.items()}
    samples, trained = (trainer.generate(64, seed=7, ema=ema) for ema in (True, False))
    for _ in range(10):
        trainer.step()
    for name, before, ema in (("moved_average", samples, True), ("moved", trained, False)):
        moved = trainer.generate(64, seed=7, ema=ema) - before
        found[name] = names["rms"](moved).mean().item()
    return found


COMPARISONS = {
    "06.changes": Comparison(
        "a half-wide DCGAN and ten changes, 200 steps of 16 pictures",
        tuple(every(data=DATA, change=CHANGES)),
        changed,
    ),
    "06.training": Comparison(
        "the recipe `dcgan`, 500 steps of 64 pictures",
        tuple(every(data=DATA)),
        training,
    ),
    "06.nudged": Comparison(
        "four rows of 06.changes at half and at twice the learning rate",
        tuple(every(data=DATA, rate=(5e-4, 2e-3), change=NUDGED)),
        changed,
    ),
}

if __name__ == "__main__":
    main(__file__, "06", COMPARISONS)
