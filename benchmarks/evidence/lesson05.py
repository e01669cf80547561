"""Lesson 05: the article's GAN, dense and with a deconvolution, in 1,500 steps.

python benchmarks/evidence/lesson05.py [05.training | 05.nudged | 05.controls]
"""

import dataclasses

import torch
from _lesson import DATA, judge, lesson
from _make import Comparison, Spec, every, main
from torch import Tensor, nn

from gan_lessons import models, train

DENSE, NEW = "dense", "with a deconvolution"
AGAIN = "dense again"  # the null: other weights, latents and order of the data, the same network
SHALLOW = "shallow"  # dense, with as many layers as the one with a deconvolution has before it
SCRAMBLED = "scrambled"  # with a deconvolution, whose pixels are then put in another order
READ = (500, 1000, 1500)  # the steps after which the distance is measured
WINDOW = 100  # steps in the mean of a loss


def training(row: Spec) -> dict[str, float]:
    """Trains a generator as the lesson does, and reads what it reads."""
    names = lesson("05", str(row["data"]))
    again = row["generator"] == AGAIN
    names["seed"] = int(row["seed"]) + (1000 if again else 0)
    trainer = names["new_trainer"](DENSE if again else str(row["generator"]))
    return followed(trainer, str(row["data"]))


class Scrambled(nn.Module):
    """Puts the pixels of (N, 1, 28, 28) in an order that is drawn once."""

    def __init__(self):
        super().__init__()
        order = torch.randperm(28 * 28, generator=torch.Generator().manual_seed(0))
        self.register_buffer("order", order)

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(1)[:, self.order].view_as(x)


def made(names: dict, generator: str) -> nn.Module:
    """A control: without a deconvolution and without the middle layer, or without neighbours."""
    if generator == SCRAMBLED:
        return nn.Sequential(names["make_with_deconvolution"](), Scrambled())
    return nn.Sequential(
        nn.Linear(100, 128), nn.LeakyReLU(0.2),
        nn.Linear(128, 28 * 28), nn.Tanh(), nn.Unflatten(1, (1, 28, 28)),
    )  # fmt: skip


def controls(row: Spec) -> dict[str, float]:
    """Trains a control as `training` does its generators."""
    names = lesson("05", str(row["data"]))
    seed = int(row["seed"])
    torch.manual_seed(seed)
    config = dataclasses.replace(train.RECIPES["article"], seed=seed)
    generator = made(names, str(row["generator"]))
    trainer = train.Trainer(generator, models.mlp.Discriminator(), names["real"], config)
    return followed(trainer, str(row["data"]))


def nudged(row: Spec) -> dict[str, float]:
    """The first 500 steps at another learning rate."""
    names = lesson("05", str(row["data"]))
    seed, rate = int(row["seed"]), float(row["rate"])
    torch.manual_seed(seed)
    config = dataclasses.replace(
        train.RECIPES["article"], seed=seed, learning_rate_g=rate, learning_rate_d=rate
    )
    generator = names["rivals"][str(row["generator"])]()
    trainer = train.Trainer(generator, models.mlp.Discriminator(), names["real"], config)
    return followed(trainer, str(row["data"]), steps=READ[0])


def followed(trainer: train.Trainer, data_set: str, steps: int = READ[-1]) -> dict[str, float]:
    """The distance, and the mean of the generator's loss over 100 steps, during a training."""
    referee = judge(data_set)

    def distance() -> float:
        return referee(trainer.generate(referee.count, seed=1))

    found = {"floor": referee.floor, "distance_0": distance()}
    for step in range(1, steps + 1):
        trainer.step()
        if step % WINDOW == 0:
            found[f"loss_{step}"] = sum(trainer.history.generator_loss[-WINDOW:]) / WINDOW
        if step in READ:
            found[f"distance_{step}"] = distance()
    with torch.no_grad():
        unseen = lesson("05", data_set)["unseen"].floats(slice(1000))
        logits = trainer.discriminator(unseen)
    found["no_probability"] = ((logits < 0) | (logits > 1)).float().mean().item()
    return found


COMPARISONS = {
    "05.training": Comparison(
        "a dense generator and one with a deconvolution, 1,500 steps of the recipe `article`",
        tuple(every(data=DATA, generator=(DENSE, NEW, AGAIN))),
        training,
    ),
    "05.nudged": Comparison(
        "the same two at half and at twice the learning rate, 500 steps",
        tuple(every(data=DATA, rate=(5e-4, 2e-3), generator=(DENSE, NEW))),
        nudged,
    ),
    "05.controls": Comparison(
        "a dense generator with a layer less, and one whose deconvolution has no neighbours",
        tuple(every(data=DATA, generator=(SHALLOW, SCRAMBLED))),
        controls,
    ),
}

if __name__ == "__main__":
    main(__file__, "05", COMPARISONS)
