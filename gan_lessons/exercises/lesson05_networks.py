"""Exercises of lesson 05 on networks: a faulty one to mend, and whose weights are whose.

Expected results come from matrix products, or from the parts of a name.
"""

import itertools
import math
from collections.abc import Callable, Iterable

import torch
from torch import Tensor

from gan_lessons.exercises.cases import Arguments
from gan_lessons.exercises.engine import Exercise, Mistake


def sine_weights(shapes: Iterable[torch.Size | tuple[int, ...]]) -> list[Tensor]:
    """Weights of both signs that leave nothing to chance."""
    rows = (torch.arange(1.0, math.prod(shape) + 1).view(shape) for shape in shapes)
    return [torch.sin(2 * row + number) for number, row in enumerate(rows)]


def by_matrices(size: int, hidden: int, pictures: Tensor) -> Tensor:
    """The logits of three dense layers on whole pictures, by matrix products."""
    sides = (size * size, hidden, hidden, 1)
    shapes = [shape for a, b in itertools.pairwise(sides) for shape in ((b, a), (b,))]
    first, add_first, second, add_second, last, add_last = sine_weights(shapes)
    rows = pictures.reshape(len(pictures), -1) @ first.T + add_first
    rows = torch.maximum(rows, rows / 5) @ second.T + add_second
    return (torch.maximum(rows, rows / 5) @ last.T + add_last)[:, 0]


def logits_of(answer: Callable, size: int, hidden: int, pictures: Tensor) -> object:
    """What the answer's network says of some pictures, with weights that are given to it."""
    network = answer(size, hidden)
    if network is None or network is ...:
        return network
    weights = list(network.parameters())
    for weight, value in zip(weights, sine_weights([w.shape for w in weights]), strict=True):
        weight.data = value
    with torch.no_grad():
        return network(pictures)


def small_pictures(generator: torch.Generator) -> list[Arguments]:
    """Sizes, and a few pictures each."""
    return [
        (size, hidden, torch.randn(n, 1, size, size, generator=generator))
        for size, hidden, n in ((2, 3, 2), (3, 4, 4), (5, 8, 3), (8, 16, 2))
    ]


def discriminator_for(size: int, hidden: int) -> torch.nn.Module:
    """A dense discriminator: pictures (N, 1, size, size) → a logit for each, (N,).

    Two hidden layers of `hidden` numbers, each with a leaky rectifier of slope 0.2.
    """
    from torch import nn

    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(size * size, hidden),
        nn.LeakyReLU(0.2),
        nn.Linear(hidden, hidden),
        nn.LeakyReLU(0.2),
        nn.Linear(hidden, 1),
        nn.Flatten(0),
    )


BY_ROWS = {"nn.Flatten(),\n        nn.Linear(size * size": "nn.Linear(size"}
SLOPE = {"nn.LeakyReLU(0.2)": "nn.LeakyReLU()"}
PROBABILITY = {"nn.Flatten(0),": "nn.Sigmoid(), nn.Flatten(0),"}
COLUMN = {",\n        nn.Flatten(0),": ","}

SEES = Exercise(
    name="05.3",
    solve=discriminator_for,
    minutes=5,
    hints=(
        "send two pictures through the faulty network and look at the shape. How many answers does "
        "each picture get, and between which numbers do they lie? What slope does torch give a "
        "leaky rectifier?",
        "`nn.Flatten()` in front and size · size inputs; `nn.LeakyReLU(0.2)` twice; no sigmoid; "
        "`nn.Flatten(0)` at the end makes (N,) of (N, 1).",
    ),
    cases=small_pictures,
    expected=by_matrices,
    measure=logits_of,
    mistakes=(
        Mistake(
            BY_ROWS | SLOPE | {"nn.Flatten(0),": "nn.Sigmoid(),"},
            "nothing is mended yet: all four faults are still there.",
        ),
        Mistake(
            BY_ROWS | {"nn.Flatten(0),": ""},
            "it still answers once for each row of pixels: a dense layer works on the last axis "
            "(section 4).",
        ),
        Mistake(
            BY_ROWS,
            "it still sees one row of pixels at a time. The last `Flatten` only hides that there "
            "are too many answers (section 4).",
        ),
        Mistake(
            SLOPE | PROBABILITY,
            "it sees whole pictures now. Two faults are left: the slope of the rectifiers, and "
            "what the network ends in.",
        ),
        Mistake(
            SLOPE,
            "torch's leaky rectifier has the slope 0.01 if you name none (section 3).",
        ),
        Mistake(
            PROBABILITY,
            "these are probabilities. The sigmoid is part of the loss, so the network ends in a "
            "logit (section 10).",
        ),
        Mistake(
            COLUMN,
            "one answer for each picture, but in a column: (N, 1) where (N,) is asked for.",
        ),
    ),
)


def by_parts(names: list[str], player: str) -> list[str]:
    """The names whose first part, up to the first point, is the player."""
    return [name for name in names if name.partition(".")[0] == player]


PLAYERS = ("generator", "discriminator")
OTHERS = ("generator_average", "discriminator_ema")  # no players, and named after them
MODULES = ("dense1", "layers", "of_generator", "like.discriminator", "generator")


def weight_names(generator: torch.Generator) -> list[Arguments]:
    """Plain names, then such as are easily mixed up, in any order."""
    plain = ["generator.0.weight", "generator.0.bias", "discriminator.0.weight"]
    easy: list[Arguments] = [(plain, player) for player in PLAYERS]
    everything = [
        f"{owner}.{module}.{kind}"
        for owner in PLAYERS + OTHERS
        for module in MODULES
        for kind in ("weight", "bias")
    ]
    for player in PLAYERS * 2:
        order = torch.randperm(len(everything), generator=generator).tolist()
        # One of each sort that can be mistaken stays in, whatever is drawn.
        traps = ["discriminator.of_generator.weight", "generator.like.discriminator.bias"]
        traps += [f"{other}.layers.weight" for other in OTHERS]
        chosen = [everything[i] for i in order[:6]]
        kept = chosen + [trap for trap in traps if trap not in chosen]
        own = [f"{player}.dense1.weight"]
        easy.append((kept + [name for name in own if name not in kept], player))
    return easy


def weights_of(names: list[str], player: str) -> list[str]:
    """The names that belong to one player, "generator" or "discriminator", in the order given.

    A name goes from the outside in, with points between: "generator.layers.0.weight". What comes
    before the first point says whose weight it is.
    """
    return [name for name in names if name.startswith(player + ".")]


NAMES = Exercise(
    name="05.4",
    solve=weights_of,
    minutes=4,
    hints=(
        'where in a name does the player have to stand? Think of "generator_average.0.weight", '
        'which is no player\'s, and of "discriminator.of_generator.weight".',
        "`name.startswith(...)`, with the point after the player as a part of what you look for.",
    ),
    cases=weight_names,
    expected=by_parts,
    mistakes=(
        Mistake(
            {'name.startswith(player + ".")': "player in name"},
            "it takes every name with the word somewhere in it, another player's too. Look at the "
            "beginning.",
        ),
        Mistake(
            {'player + "."': "player"},
            "an average of the generator begins with the same letters. Look for the point too.",
        ),
        Mistake({"if name": "if not name"}, "these are all the others."),
        Mistake({"if name": "if name.endswith('.weight') and name"}, "the biases are learned too."),
    ),
)

EXERCISES = (SEES, NAMES)
