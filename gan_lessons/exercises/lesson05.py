"""Exercises of lesson 05: two labels, two counts of multiply-adds, whose weights are whose.

Expected results come from torch's own cross entropy, from a count in real layers, from a search, or
from the parts of a name.
"""

import itertools

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from gan_lessons.exercises import measures
from gan_lessons.exercises.cases import Arguments, integers
from gan_lessons.exercises.engine import Exercise, Mistake


def cross_entropies(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """The mean cross entropy of each batch with its own label, added up."""
    real = F.binary_cross_entropy_with_logits(real_logits, torch.ones_like(real_logits))
    fake = F.binary_cross_entropy_with_logits(fake_logits, torch.zeros_like(fake_logits))
    return real + fake


def by_cross_entropy(real_logits: Tensor, fake_logits: Tensor) -> object:
    """The cross entropies, value and gradient."""
    return measures.loss_and_gradient(cross_entropies, real_logits, fake_logits)


def two_batches(generator: torch.Generator) -> list[Arguments]:
    """Logits by hand, very sure ones, then random ones of unequal counts."""
    easy: list[Arguments] = [
        (torch.tensor([2.0]), torch.tensor([-1.0])),
        (torch.tensor([1.0, -200.0]), torch.tensor([200.0, 0.0])),
        (torch.tensor([1e4, -1e4]), torch.tensor([-1e4, 1e4])),
    ]
    drawn = [
        (3 * torch.randn(n, generator=generator), 3 * torch.randn(m, generator=generator))
        for n, m in ((1, 3), (4, 2), (8, 8))
    ]
    return easy + drawn


def discriminator_loss(real_logits: torch.Tensor, fake_logits: torch.Tensor) -> torch.Tensor:
    """What D minimises, told "real" of the one and "fake" of the other: (N,), (M,) → a scalar.

    The mean over the real pictures plus the mean over the fakes; good for logits of any size.
    """
    softplus = torch.nn.functional.softplus
    return softplus(-real_logits).mean() + softplus(fake_logits).mean()


LABELS = Exercise(
    name="05.1",
    solve=discriminator_loss,
    minutes=4,
    hints=(
        "the cross entropy of a logit is softplus(-logit) where the label is 1 and softplus(logit) "
        "where it is 0. Which batch has which label?",
        "`softplus` is in `torch.nn.functional`. Take the mean of softplus(-real_logits), then the "
        "mean of softplus(fake_logits), and add them.",
    ),
    cases=two_batches,
    expected=by_cross_entropy,
    measure=measures.loss_and_gradient,
    mistakes=(
        Mistake(
            {"softplus(fake": "softplus(-fake"},
            "both batches are told to be real, as in the article: the fakes' logits have to go "
            "down.",
        ),
        Mistake(
            {"softplus(-real": "softplus(real", "softplus(fake": "softplus(-fake"},
            "the labels have changed places: this discriminator calls fakes real.",
        ),
        Mistake(
            {" + softplus(fake_logits).mean()": ""},
            "the fakes are missing. Told of real pictures alone, it says real to everything.",
        ),
        Mistake(
            {
                "softplus(-real_logits).mean() + softplus(fake_logits).mean()": (
                    "softplus(torch.cat([-real_logits, fake_logits])).mean()"
                )
            },
            "one mean over both batches: half the loss where they are equal in number, and where "
            "they are not, the larger one counts for more.",
        ),
        Mistake(
            {
                "softplus(-real_logits)": "-real_logits.sigmoid().log()",
                "softplus(fake_logits)": "-(1 - fake_logits.sigmoid()).log()",
            },
            "right on paper. In 32 bits the sigmoid of a sure logit is 0 or 1, and the log of 0 is "
            "infinite.",
        ),
        Mistake(
            {
                "-real_logits": "-real_logits.sigmoid()",
                "softplus(fake_logits)": "softplus(fake_logits.sigmoid())",
            },
            "sigmoid twice: softplus holds one already, and takes raw logits.",
        ),
    ),
)


def by_flop_counter(sizes: list[int]) -> int:
    """Half of the operations that torch counts in real layers without a bias."""
    layers = nn.Sequential(*(nn.Linear(a, b, bias=False) for a, b in itertools.pairwise(sizes)))
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        layers(torch.zeros(1, sizes[0]))
    return counter.get_total_flops() // 2


def dense_sizes(generator: torch.Generator) -> list[Arguments]:
    """One layer, two, then stacks of random sizes."""
    easy: list[Arguments] = [([2, 3],), ([3, 1, 2],)]
    for layers in (2, 3, 4):
        easy.append((torch.randint(2, 40, (layers + 1,), generator=generator).tolist(),))
    return easy


def multiply_adds(sizes: list[int]) -> int:
    """Multiply-adds of dense layers on one input, such as [100, 128, 128, 784]; no biases.

    sizes: the numbers that go in, then those that come out of each layer.
    """
    from itertools import pairwise

    return sum(a * b for a, b in pairwise(sizes))


DENSE = Exercise(
    name="05.2",
    solve=multiply_adds,
    minutes=4,
    hints=(
        "in a dense layer every input is multiplied by a weight of its own for every output. How "
        "many weights are that?",
        "a layer of a inputs and b outputs takes a · b. Add that up over neighbours in the list: "
        "`zip(sizes, sizes[1:])` has them in pairs.",
    ),
    cases=dense_sizes,
    expected=by_flop_counter,
    mistakes=(
        Mistake(
            {"a * b for": "a * b + b for"},
            "a bias is added once and multiplies nothing: this counts the learned numbers.",
        ),
        Mistake(
            {"a * b for": "2 * a * b for"},
            "twice too much: a multiply-add is one multiplication with its addition. Counted one "
            "by one, as torch's flop counter does, they are two operations.",
        ),
        Mistake(
            {"a * b for": "a + b for"},
            "every input goes to every output: multiply the two, do not add them.",
        ),
        Mistake(
            lambda sizes: sizes[0] * sizes[-1],
            "that is a single layer from the first to the last. Each layer between has its own.",
        ),
    ),
)


def by_search(budget: int, latent: int, hidden: int) -> int:
    """Grows a real stack until it takes more than the budget."""

    def takes(channels: int) -> int:
        stack = nn.Sequential(
            nn.Linear(latent, hidden, bias=False),
            nn.Linear(hidden, channels * 14 * 14, bias=False),
            nn.Unflatten(1, (channels, 14, 14)),
            nn.ConvTranspose2d(channels, 1, 4, stride=2, padding=1, bias=False),
        ).to("meta")  # shapes, and no numbers
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            stack(torch.zeros(1, latent, device="meta"))
        return counter.get_total_flops() // 2

    return next(c for c in itertools.count() if takes(c + 1) > budget)


def budgets(generator: torch.Generator) -> list[Arguments]:
    """The lesson's own, one that fits exactly, one too small for any, then random ones."""
    exact = 20 * 10 + 3 * 14 * 14 * (10 + 16)
    easy: list[Arguments] = [(129_536, 100, 128), (exact, 20, 10), (20 * 10 + 5095, 20, 10)]
    for _ in range(4):
        hidden, latent, spare = integers(generator, (10, 59), (20, 199), (15_000, 59_999))
        easy.append((latent * hidden + spare, latent, hidden))
    return easy


def most_channels(budget: int, latent: int, hidden: int) -> int:
    """The most channels c for which the lesson's second generator keeps within the budget.

    Multiply-adds for one picture, biases aside: dense from latent to hidden, dense from hidden to
    c maps of 14 × 14, a deconvolution of kernel 4 and stride 2 from c maps to one of 28 × 28.
    """
    first = latent * hidden
    each = 14 * 14 * hidden + 14 * 14 * 4 * 4
    return (budget - first) // each


CHANNELS = Exercise(
    name="05.3",
    solve=most_channels,
    minutes=8,
    hints=(
        "the first layer does not depend on c, the other two grow with it in proportion. A "
        "deconvolution stamps its kernel once for each *input* position (lesson 01).",
        "each channel takes 14 · 14 · hidden in the second dense layer and 14 · 14 · 16 in the "
        "deconvolution. What is left after the first layer, divided by that, rounded down.",
    ),
    cases=budgets,
    expected=by_search,
    mistakes=(
        Mistake(
            {"14 * 14 * 4 * 4": "28 * 28 * 4 * 4"},
            "a deconvolution stamps its kernel at each of the 14 · 14 input positions, not at each "
            "output. Of the 16 numbers of the kernel, only four or fewer reach an output.",
        ),
        Mistake({" + 14 * 14 * 4 * 4": ""}, "the deconvolution is missing from the bill."),
        Mistake(
            {"(budget - first)": "budget"},
            "the first dense layer takes its share before any channel does.",
        ),
        Mistake(
            {"(budget - first) // each": "-(-(budget - first) // each)"},
            "rounded up: the last channel no longer fits. Where it all comes out even, this is "
            "right.",
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

EXERCISES = (LABELS, DENSE, CHANNELS, NAMES)
