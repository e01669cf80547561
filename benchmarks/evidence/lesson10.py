"""Lesson 10: ways to ask for a class, tuning on few pictures, and when a domain game helps.

python benchmarks/evidence/lesson10.py [10.ways | 10.nudged | 10.few | ...]
"""

import dataclasses
import functools

import torch
from _lesson import DATA, lesson
from _make import Comparison, Spec, every, main
from torch.optim.swa_utils import update_bn

from gan_lessons import data, metrics
from gan_lessons.data import Images
from gan_lessons.train import Trainer

Names = dict
WAYS = ("projection", "concatenation", "auxiliary", "scale and shift")
RATE = 1e-3
LONGER = (("turn", 34.0), ("slant", 0.8))
TRANSLATED = (("contrast", 0.8), ("inversion", 1.0), ("turn", 34.0), ("texture", 0.25))
AGAIN = 1000  # added to the seed: another run of the same, for the null
LOUDER = 8.0
IN_ALL = 500  # steps of a tuned generator, with those on the many pictures
SHIFTS = (
    ("contrast", 0.8),
    ("brightness", 0.6),
    ("inversion", 1.0),
    ("slant", 0.8),
    ("turn", 17.0),
    ("turn", 34.0),
    ("turn", 51.0),
    ("texture", 0.25),
    ("texture", 0.5),
    ("other set", 1.0),
)


def names_for(row: Spec, again: int = 0) -> Names:
    """The lesson's names, with the seed and the learning rate of a row."""
    names = lesson("10", str(row["data"]))
    names["seed"] = int(row["seed"]) + again
    names["bar"] = lambda steps, name: range(steps)
    rate = float(row.get("rate", RATE))
    names["SMALL"] = dataclasses.replace(names["SMALL"], learning_rate_g=rate, learning_rate_d=rate)
    return names


def ways(row: Spec) -> dict[str, float]:
    """One way to ask for a class, or one of the changes of section 2. Null: the same once more."""
    way = str(row["way"])
    names = names_for(row, AGAIN if way == "null" else 0)
    play, networks, images = names["play"], names["networks"], names["images"]
    torch.manual_seed(names["seed"])
    if way == "loud label":
        generator = play(*networks(volume=10.0))
    elif way == "shuffled labels":
        rng = torch.Generator().manual_seed(names["seed"])
        order = torch.randperm(len(images), generator=rng)
        shuffled = dataclasses.replace(images, labels=images.labels[order])
        generator = play(*networks(), shuffled)
    elif way == "two softmaxes":
        generator = names["play_auxiliary"](trap=True)
    else:
        generator = names["of_way"]("projection" if way == "null" else way)
    found = dict(names["measured"](*names["pictures_of"](generator)))
    if way == "projection":
        for limit in (1.0, 0.3):
            pictures = names["pictures_of"](generator, shown=names["truncated"](limit))
            told = names["measured"](*pictures)
            found |= {f"{name}_{limit}": told[name] for name in ("asked", "variety")}
    return found


def labels(row: Spec) -> dict[str, float]:
    """Concatenation with louder labels in D: eight times as large, or only their first weights."""
    names = names_for(row)
    torch.manual_seed(names["seed"])
    generator, _ = names["networks"]()
    D = names["Concatenated"]()
    first = D.plain.layers[0]
    if row["louder"] == "weights":
        with torch.no_grad():
            first.weight[:, 1:] *= LOUDER
    else:

        def louder(layer: object, inputs: tuple[torch.Tensor]) -> torch.Tensor:
            (x,) = inputs
            return torch.cat([x[:, :1], LOUDER * x[:, 1:]], 1)

        first.register_forward_pre_hook(louder)
    generator = names["play"](generator, D)
    return dict(names["measured"](*names["pictures_of"](generator)))


def few(row: Spec) -> dict[str, float]:
    """All arms of section 3, on letters or on the pictures of MNIST.

    From scratch also for as many steps as the other arms had in all. Null: tuned once more.
    """
    names = names_for(row)
    n = int(row["n"])
    if row["to"] == "letters":
        pictures, referee, fair = names["few_pictures"](n), referee_of_letters(), letters(3)
    else:
        pictures, referee, fair = mnist(n, names["seed"])

    def told(trainer: Trainer, arm: str) -> dict[str, float]:
        drawn = trainer.generate(1000, seed=1).cpu()
        measured = names["judged"](drawn, pictures, referee, fair)
        measured["grey"] = names["grey_corners"](drawn)
        measured["remembered"] = names["remembered"](trainer.discriminator, pictures, fair)
        trainer.discriminator.train()
        return {f"{arm}_{name}": value for name, value in measured.items()}

    players = names["source_players"]()
    arms = {**names["ARMS"], "scratch, augmented": {"augment": names["ARMS"]["both"]["augment"]}}
    found = {}
    for arm, how in arms.items():
        trainer = names["tuned"](None if "scratch" in arm else players, pictures, **how)
        found |= told(trainer, arm)
        if arm == "from scratch":
            while trainer.steps < IN_ALL:
                trainer.step()
            found |= told(trainer, "longer")
    leaky = names["tuned"](players, names["augmented_set"](pictures))
    found["augmented set_grey"] = names["grey_corners"](leaky.generate(1000, seed=1).cpu())
    found["grey_unseen"] = names["grey_corners"](fair)
    names["seed"] += AGAIN
    return found | told(names["tuned"](players, pictures), "null")


@functools.cache
def letters(seed: int) -> torch.Tensor:
    """Unseen letters to compare with, (1000, 1, 16, 16)."""
    names = lesson("10", "glyphs")
    return names["glyphs"](1000, seed=seed, classes=names["LETTERS"], size=16).floats()


@functools.cache
def referee_of_letters() -> metrics.Judge:
    return lesson("10", "glyphs")["letter_judge"]()


def mnist(n: int, seed: int) -> tuple[Images, metrics.Judge, torch.Tensor]:
    """n pictures of MNIST to tune on, their judge, and 1,000 unseen ones."""
    names = lesson("10", "mnist")
    order = torch.randperm(len(names["images"]), generator=torch.Generator().manual_seed(seed))
    return names["images"].take(order[:n]), mnist_judge(), names["unseen"].floats()[-1000:]


@functools.cache
def mnist_judge() -> metrics.Judge:
    names = lesson("10", "mnist")
    return metrics.Judge(names["images"], names["unseen"], count=1000)


def moved(names: Names, row: Spec, pictures: Images, split: str) -> Images:
    """Pictures of the target domain: shifted, or of the other data set."""
    if row["shift"] != "other set":
        return names["shifted"](pictures, row["shift"], float(row["strength"]))
    other = data.load(DATA[1 - DATA.index(str(row["data"]))], split=split)
    few = other.take(torch.arange(len(pictures)))
    return dataclasses.replace(few, pixels=data.resize(few.pixels, 16))


def shifts(row: Spec) -> dict[str, float]:
    """One shift: source only, AdaBN, both games, the bound. Null: another source-only network."""
    names = names_for(row)
    source, other, test = names["domains"]()
    target, there = moved(names, row, other, "train"), moved(names, row, test, "test")
    adapt, accuracy = names["adapt"], names["accuracy"]
    alone = adapt(source, other, strength=0.0)
    found = {"source_only": accuracy(alone, there, False), "adabn": accuracy(alone, there)}
    for name, conditional in (("game", False), ("conditional", True)):
        found[name] = accuracy(adapt(source, target, conditional=conditional), there)
    found["bound"] = accuracy(adapt(target, target, strength=0.0), there)
    found["null"] = accuracy(names_for(row, AGAIN)["adapt"](source, other, strength=0.0), there)
    return found


def longer(row: Spec) -> dict[str, float]:
    """As in `shifts`, for more steps: AdaBN, and the game. Null: another source-only network."""
    names, steps = names_for(row), int(row["steps"])
    source, other, test = names["domains"]()
    target, there = moved(names, row, other, "train"), moved(names, row, test, "test")
    adapt, accuracy = names["adapt"], names["accuracy"]
    found = {
        "adabn": accuracy(adapt(source, other, strength=0.0, steps=steps), there),
        "game": accuracy(adapt(source, target, steps=steps), there),
    }
    again = names_for(row, AGAIN)["adapt"](source, other, strength=0.0, steps=steps)
    found["null"] = accuracy(again, there)
    return found


def translated(row: Spec) -> dict[str, float]:
    """One shift: the source's pictures, carried over by lesson 11's CycleGAN, as a source.

    Beside it source only, and the domain game. All get the target's batch statistics. Null: another
    source-only network.
    """
    names = names_for(row)
    source, other, test = names["domains"]()
    target, there = moved(names, row, other, "train"), moved(names, row, test, "test")
    adapt, accuracy = names["adapt"], names["accuracy"]
    eleven = lesson("11", str(row["data"]))
    eleven |= {"seed": names["seed"], "bar": names["bar"]}
    to_target, _ = eleven["learn_cycle"](source.floats(), target.floats())
    with torch.no_grad():
        carried = torch.cat([to_target(part) for part in source.floats().split(500)])
    carried_over = dataclasses.replace(source, pixels=data.to_uint8(carried))
    found = {
        "source_only": accuracy(adapt(source, other, strength=0.0), there),
        "game": accuracy(adapt(source, target), there),
        "translated": accuracy(adapt(carried_over, other, strength=0.0), there),
    }
    found["null"] = accuracy(names_for(row, AGAIN)["adapt"](source, other, strength=0.0), there)
    return found


def shares(row: Spec) -> dict[str, float]:
    """The target has fewer pictures of classes 5 to 9, or none. Null: another source-only net.

    Every network sees the target's pictures, and is then given the source's batch statistics.
    """
    names = names_for(row)
    source, other, test = names["domains"]()
    adapt, accuracy = names["adapt"], names["accuracy"]
    kept = [_thinned(each, float(row["share"])) for each in (other, test)]
    target, there = (names["shifted"](each, "turn", float(row["turn"])) for each in kept)
    nets = {"source_only": adapt(source, target, strength=0.0)}
    nets |= {"game": adapt(source, target)}
    nets |= {"conditional": adapt(source, target, conditional=True)}
    nets["null"] = names_for(row, AGAIN)["adapt"](source, target, strength=0.0)
    for net in nets.values():
        update_bn([source.floats()], net)
    found = {name: accuracy(net, there, False) for name, net in nets.items()}
    for name in ("source_only", "game"):
        found[f"absent_{name}"] = names["answers"](nets[name], there)[5:].sum().item()
    true = there.labels.bincount(minlength=10) / len(there)
    found["most_if_aligned"] = true.clamp(max=0.1).sum().item()
    return found


def _thinned(pictures: Images, share: float) -> Images:
    """Only this share of the pictures of classes 5 to 9."""
    luck = torch.rand(len(pictures), generator=torch.Generator().manual_seed(0))
    return pictures.take((pictures.labels < 5) | (luck < share))


def of_each(some: tuple[tuple[str, float], ...], **more: tuple) -> tuple[Spec, ...]:
    """The rows of some shifts, each with its strength, on both data sets."""
    return tuple(
        row
        for shift, strength in some
        for row in every(data=DATA, shift=(shift,), strength=(strength,), **more)
    )


NUDGED = (*WAYS, "loud label")
COMPARISONS = {
    "10.ways": Comparison(
        "300 steps of a small conditional DCGAN: four ways to ask, and what ruins them",
        tuple(
            every(
                data=DATA,
                way=(*WAYS, "loud label", "shuffled labels", "two softmaxes", "null"),
                rate=(RATE,),
            )
        ),
        ways,
    ),
    "10.nudged": Comparison(
        "as 10.ways, at half and at twice the learning rate",
        tuple(every(data=DATA, way=NUDGED, rate=(RATE / 2, RATE * 2))),
        ways,
    ),
    "10.labels": Comparison(
        "concatenation as in 10.ways, with labels that are eight times as large in D",
        tuple(every(data=DATA, louder=("labels", "weights"), rate=(RATE,))),
        labels,
    ),
    "10.few": Comparison(
        "a generator tuned on 200 pictures of something else",
        tuple(every(data=DATA, to=("letters",), n=(200,), rate=(RATE,)))
        + tuple(every(data=("glyphs",), to=("mnist",), n=(200,), rate=(RATE,))),
        few,
    ),
    "10.tuned": Comparison(
        "as 10.few, at half and at twice the learning rate",
        tuple(every(data=DATA, to=("letters",), n=(200,), rate=(RATE / 2, RATE * 2))),
        few,
    ),
    "10.fewer": Comparison(
        "as 10.few, on 50 letters",
        tuple(every(data=DATA, to=("letters",), n=(50,), rate=(RATE,))),
        few,
    ),
    "10.more": Comparison(
        "as 10.few, on 1,000 letters, and on 50 and 1,000 pictures of MNIST",
        tuple(every(data=DATA, to=("letters",), n=(1000,), rate=(RATE,)))
        + tuple(every(data=("glyphs",), to=("mnist",), n=(50, 1000), rate=(RATE,))),
        few,
    ),
    "10.shifts": Comparison(
        "300 steps of a domain game for each shift, and its rivals on the same network",
        of_each(SHIFTS),
        shifts,
    ),
    "10.longer": Comparison(
        "two medium shifts in twice the steps of 10.shifts",
        of_each(LONGER, steps=(600,)),
        longer,
    ),
    "10.translated": Comparison(
        "a classifier trained on pictures that a CycleGAN of 300 steps carries to the target",
        of_each(TRANSLATED),
        translated,
    ),
    "10.shares": Comparison(
        "a domain game whose target has other shares of the classes",
        tuple(every(data=DATA, turn=(0.0, 34.0), share=(0.0, 0.3, 1.0))),
        shares,
    ),
}

if __name__ == "__main__":
    main(__file__, "10", COMPARISONS)
