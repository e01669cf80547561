"""Lesson 12: the road from DCGAN to the modern recipe; a GAN, a flow, and a flow's student.

python benchmarks/evidence/lesson12.py [12.road | 12.nudged | 12.flow]
"""

import dataclasses

import torch
from _lesson import DATA, lesson
from _make import Comparison, Spec, every, main

from gan_lessons import data, train

Names = dict
AGAIN = 1000  # added to the seed: another run of the same, for the null
NULL = "DCGAN again"
RATE = 1e-3
LOOKS = (300, 600)  # steps of a rung
ROAD = (
    "DCGAN", NULL, "no batch norm in D", "R1 and R2", "relativistic loss", "residual networks",
    "Adam without momentum", "three times the rate", "rates along a cosine", "fakes used twice",
)  # fmt: skip
NUDGED = ("DCGAN", "no batch norm in D", "R1 and R2")
# About as many seconds for both on one core; the lesson measures its own.
BUDGETS = {"short": (600, 500), "long": (1800, 1500)}  # steps of the GAN, and of the flow
STUDENT = 150  # steps of a student
EULER = (1, 4, 16, 64)


def names_for(row: Spec, again: int = 0) -> Names:
    """The lesson's names, with the seed of a row."""
    names = lesson("12", str(row["data"]))
    names["seed"] = int(row["seed"]) + again
    names["bar"] = lambda steps, name: range(steps)
    return names


def road(row: Spec) -> dict[str, float]:
    """One rung: distance, precision and recall after 300 and 600 steps. Null: the first again."""
    change = str(row["change"])
    null = change == NULL
    names = names_for(row, AGAIN if null else 0)
    config = names["rung"]("DCGAN" if null else change)
    rate = float(row.get("rate", RATE))
    config = dataclasses.replace(
        config,
        learning_rate_g=config.learning_rate_g * rate / RATE,
        learning_rate_d=config.learning_rate_d * rate / RATE,
    )
    trainer = train.Trainer(
        *train.networks(config, names["images"]), names["images"], config, "cpu"
    )
    found: dict[str, float] = {}
    for look in LOOKS:
        while trainer.steps < look:
            trainer.step()
        drawn = names["measured"](trainer.generate(1000, seed=1))
        found |= {f"{name}_{look}": value for name, value in drawn.items()}
    return found


def flow(row: Spec) -> dict[str, float]:
    """The GAN, the flow in 1 to 64 steps, and students of one. Null: the plain student again."""
    names = names_for(row)
    of_gan, of_flow = BUDGETS[str(row["budget"])]
    measured, seed = names["measured"], names["seed"]
    gan = names["started"]("DCGAN")
    names["go_on"](gan, of_gan)
    found = {f"gan_{k}": v for k, v in measured(gan.generate(1000, seed=1)).items()}
    teacher = names["train_flow"](of_flow)
    noise = torch.randn(1000, 1, 16, 16, generator=torch.Generator().manual_seed(1))
    for steps in EULER:
        drawn = measured(names["carried"](teacher, noise, steps))
        found |= {f"flow{steps}_{k}": v for k, v in drawn.items()}
    for name, adversary, again in (
        ("student", False, 0),
        ("null", False, AGAIN),
        ("adversarial", True, 0),
    ):
        names["seed"] = seed + again
        net = names["distilled"](teacher, STUDENT, adversary)
        with torch.no_grad():
            drawn = measured(names["one_step"](net, noise))
        found |= {f"{name}_{k}": v for k, v in drawn.items()}
    one = names["carried"](teacher, noise, 1)
    real = data.load(str(row["data"]), split="test", size=16).floats(slice(1000))
    found["varied_1"] = (one.var(0).sum() / real.var(0).sum()).item()
    return found


COMPARISONS = {
    "12.road": Comparison(
        "nine rungs from a narrow DCGAN to the modern recipe, one change each, 600 steps of 32",
        tuple(every(data=DATA, change=ROAD)),
        road,
    ),
    "12.nudged": Comparison(
        "the first three rungs of 12.road at half and at twice the learning rate",
        tuple(every(data=DATA, change=NUDGED, rate=(RATE / 2, RATE * 2))),
        road,
    ),
    "12.flow": Comparison(
        "a GAN, a flow sampled in 1 to 64 steps, and students of one step, at two budgets",
        tuple(every(data=DATA, budget=tuple(BUDGETS))),
        flow,
    ),
}

if __name__ == "__main__":
    main(__file__, "12", COMPARISONS)
