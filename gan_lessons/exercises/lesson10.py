"""Exercises of lesson 10: logits and losses of conditional GANs, truncation, and aligned shares."""

import math

import torch
from torch import Tensor

from gan_lessons.exercises.cases import Arguments, integers
from gan_lessons.exercises.engine import Exercise, Mistake


def by_posteriors(p: Tensor, q: Tensor) -> Tensor:
    """Class by class, from the posteriors of both tables."""
    columns = [p[:, c] / p.sum(1) / (q[:, c] / q.sum(1)) for c in range(p.shape[1])]
    return torch.stack(columns, 1).log()


def tables(generator: torch.Generator) -> list[Arguments]:
    """(p, q), joint tables (X, C), float64: one with equal posteriors, one to check, drawn ones."""
    even = torch.full((2, 2), 0.25).double()
    moved = torch.tensor([[0.4, 0.4], [0.1, 0.1]]).double()
    sure = torch.tensor([[0.4, 0.1], [0.1, 0.4]]).double()
    cases: list[Arguments] = [(moved, even), (sure, even)]
    for _ in range(4):
        x, c = integers(generator, (2, 5), (2, 4))
        drawn = [0.05 + torch.rand(x, c, generator=generator).double() for _ in range(2)]
        cases.append(tuple(each / each.sum() for each in drawn))
    return cases


def class_part(p: torch.Tensor, q: torch.Tensor) -> torch.Tensor:
    """log p(c|x) / q(c|x), the part of the best D that judges the label: (X, C).

    p, q: (X, C) tables of probabilities above 0 of real and generated pairs (x, c); each sums to 1.
    """
    return (p / p.sum(1, keepdim=True)).log() - (q / q.sum(1, keepdim=True)).log()


CLASS_PART = Exercise(
    name="10.1",
    solve=class_part,
    minutes=5,
    hints=(
        "p(c|x) is p(x, c) / p(x). What must be summed to get p(x) from the table?",
        "p(x) is the sum over classes, `p.sum(1, keepdim=True)`. Divide, take the logarithm, and "
        "subtract the same of q.",
    ),
    cases=tables,
    expected=by_posteriors,
    mistakes=(
        Mistake(
            lambda p, q: (p / q).log(),
            "this is log p(x, c) / q(x, c), both parts together: it judges the picture too.",
        ),
        Mistake(
            {"sum(1, keepdim=True)": "sum(0, keepdim=True)"},
            "this divides by p(c), and gives log p(x|c) / q(x|c). Divide by p(x): sum over the "
            "classes.",
        ),
        Mistake(
            lambda p, q: (p.sum(1) / q.sum(1)).log()[:, None].expand_as(p),
            "this is the other part, log p(x) / q(x): it does not look at the class.",
        ),
        Mistake(
            lambda p, q: q.div(q.sum(1, keepdim=True)).log() - p.div(p.sum(1, keepdim=True)).log(),
            "the sign: a class that is likelier for this x among real pairs than among generated "
            "ones must get a positive number.",
        ),
        Mistake(
            lambda p, q: (p / p.sum(1, keepdim=True)) / (q / q.sum(1, keepdim=True)),
            "this is the ratio. The logit is its logarithm.",
        ),
    ),
)


def by_places(
    features: Tensor, weight: Tensor, bias: Tensor, embedding: Tensor, labels: Tensor
) -> Tensor:
    """Picture by picture, with one vector per class: w + V y."""
    vectors = weight + embedding
    rows = zip(features, labels.tolist(), strict=True)
    return torch.stack([(vectors[y, :, None, None] * x).sum() + bias for x, y in rows])


def maps(generator: torch.Generator) -> list[Arguments]:
    """(features, weight, bias, embedding, labels): two easy ones, then drawn ones."""
    one = torch.ones(1, 2, 1, 1)
    two = torch.tensor([[1.0, 0.0], [0.0, 2.0]])
    cases: list[Arguments] = [
        (one, torch.zeros(2), torch.tensor(0.5), two, torch.tensor([1])),
        (one.expand(2, 2, 2, 2).clone(), torch.ones(2), torch.tensor(0.0), two,
         torch.tensor([0, 1])),
    ]  # fmt: skip
    for _ in range(3):
        n, f, c, side = integers(generator, (2, 5), (2, 6), (2, 4), (2, 3))
        cases.append(
            (
                torch.randn(n, f, side, side, generator=generator),
                torch.randn(f, generator=generator),
                torch.randn((), generator=generator),
                torch.randn(c, f, generator=generator),
                torch.randint(c, (n,), generator=generator),
            )
        )
    return cases


def projection_logits(
    features: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor,
    embedding: torch.Tensor,
    labels: torch.Tensor,
) -> torch.Tensor:
    """The logits of a projection discriminator, (N,): w·φ + b + e_c·φ.

    features: (N, F, H, W), the last map; φ is its sum over all places. weight: (F,), bias: ().
    embedding: (C, F), a vector for each class. labels: (N,) int64.
    """
    phi = features.sum((2, 3))  # (N, F)
    return phi @ weight + bias + (embedding[labels] * phi).sum(1)


PROJECTION = Exercise(
    name="10.2",
    solve=projection_logits,
    minutes=6,
    hints=(
        "three steps: sum the map over its places, a plain linear layer of that, and one inner "
        "product more. Which vector does each picture get?",
        "`phi = features.sum((2, 3))` is (N, F), `embedding[labels]` is (N, F) as well: multiply "
        "cell by cell and sum over F.",
    ),
    cases=maps,
    expected=by_places,
    mistakes=(
        Mistake(
            {"features.sum((2, 3))": "features.mean((2, 3))"},
            "φ is the sum over the places, not their mean.",
        ),
        Mistake(
            {" + (embedding[labels] * phi).sum(1)": ""},
            "the label's part is missing: this judges the picture alone.",
        ),
        Mistake(
            {"phi @ weight + bias + ": ""},
            "the label's part is right. The part for the picture alone, w·φ + b, is missing.",
        ),
        Mistake(
            {"(embedding[labels] * phi).sum(1)": "embedding[labels].sum(1)"},
            "the label only adds a number to the logit, whatever the picture shows. Multiply with "
            "φ first.",
        ),
        Mistake(
            {"(embedding[labels] * phi).sum(1)": "(embedding @ phi.T).sum(0)"},
            "every picture gets the vectors of all classes. Take the one of its own label.",
        ),
    ),
)


def from_softmax(classes: int) -> float:
    """Cross entropy as the program computes it, of a head that is certain and right."""
    sure = torch.zeros(1, classes, dtype=torch.float64)
    sure[0, 0] = 1.0
    return torch.nn.functional.cross_entropy(sure, torch.tensor([0])).item()


def counts(generator: torch.Generator) -> list[Arguments]:
    """Numbers of classes: known ones, then drawn ones."""
    return [(2,), (10,), (1000,), *((n,) for n in integers(generator, *[(3, 200)] * 4))]


def least_loss(classes: int) -> float:
    """The least cross entropy that a head can reach if its outputs went through a softmax before.

    The loss applies its own softmax to what it is given: probabilities, here.
    """
    import math

    return math.log(math.e + classes - 1) - 1


DOUBLE = Exercise(
    name="10.3",
    solve=least_loss,
    minutes=5,
    hints=(
        "the best that the head can say is 1 for the right class and 0 for all others. What does "
        "the loss's own softmax make of these numbers?",
        "the softmax of (1, 0, …, 0) gives the right class e / (e + classes - 1). The loss is "
        "minus its logarithm.",
    ),
    cases=counts,
    expected=from_softmax,
    mistakes=(
        Mistake(
            lambda classes: 0.0,
            "0 is the least with one softmax. The second one never becomes certain.",
        ),
        Mistake(
            lambda classes: math.log(classes),
            "this is the loss of a head that knows nothing: all classes equally likely.",
        ),
        Mistake(
            {"math.e + classes - 1": "math.e + classes"},
            "among the classes, one is the right one: the others are classes - 1.",
        ),
        Mistake(
            {"math.log(math.e + classes - 1) - 1": "1 - math.log(math.e + classes - 1)"},
            "the loss is minus the logarithm of the probability, and above 0.",
        ),
        Mistake(
            lambda classes: math.e / (math.e + classes - 1),
            "this is the probability of the right class. The loss is minus its logarithm.",
        ),
    ),
)


def by_erfinv(u: Tensor, limit: float) -> Tensor:
    """By the error function: Φ(z) = (1 + erf(z / √2)) / 2."""
    edge = math.erf(limit / math.sqrt(2))
    return math.sqrt(2) * torch.erfinv((2 * u - 1) * edge)


def uniform_numbers(generator: torch.Generator) -> list[Arguments]:
    """(u, limit), float64: the middle, even steps, drawn ones."""
    steps = torch.linspace(0.05, 0.95, 7).double()
    cases: list[Arguments] = [(torch.tensor([0.5]).double(), 1.0), (steps, 2.0), (steps, 0.5)]
    for limit in (0.2, 1.0, 4.0):
        cases.append((torch.rand(5, generator=generator).double(), limit))
    return cases


def truncated_normal(u: torch.Tensor, limit: float) -> torch.Tensor:
    """Numbers of a normal distribution cut off at ±limit, from uniform ones: any shape, float64.

    u: in (0, 1). Cut off: as if every number beyond the limit were drawn again. limit: above 0.
    """
    low = torch.special.ndtr(torch.tensor(-limit, dtype=torch.float64))
    return torch.special.ndtri(low + u * (1 - 2 * low))


TRUNCATED = Exercise(
    name="10.4",
    solve=truncated_normal,
    minutes=8,
    hints=(
        "Φ⁻¹(u) is a normal number if u is uniform in (0, 1). Which part of (0, 1) belongs to "
        "numbers between -limit and limit?",
        "from Φ(-limit) to Φ(limit) = 1 - Φ(-limit). Squeeze u into that interval, then apply "
        "Φ⁻¹: `torch.special.ndtr` is Φ, `torch.special.ndtri` is Φ⁻¹.",
    ),
    cases=uniform_numbers,
    expected=by_erfinv,
    mistakes=(
        Mistake(
            lambda u, limit: torch.special.ndtri(u).clamp(-limit, limit),
            "clamping heaps everything beyond the limit onto it. Drawing again spreads it.",
        ),
        Mistake(
            lambda u, limit: torch.special.ndtri(u),
            "this is a whole normal distribution, with numbers beyond the limit.",
        ),
        Mistake(
            lambda u, limit: torch.special.ndtri(u) * limit,
            "this scales all numbers by the same factor: no limit, and another deviation.",
        ),
        Mistake(
            lambda u, limit: limit * (2 * u - 1),
            "uniform between the limits. Inside, the numbers must be distributed like normal ones.",
        ),
        Mistake(
            {"u * (1 - 2 * low)": "u * (1 - low)"},
            "the upper tail is still there: the interval ends at 1 - Φ(-limit), so it is "
            "1 - 2 Φ(-limit) long.",
        ),
    ),
)


def by_variation(source: Tensor, target: Tensor) -> float:
    """One minus the total variation distance."""
    return 1 - (source - target).abs().sum().item() / 2


def shares(generator: torch.Generator) -> list[Arguments]:
    """(source, target), (C,) float64, each sums to 1: equal, half missing, apart, drawn."""
    even = torch.full((4,), 0.25).double()
    half = torch.tensor([0.5, 0.5, 0.0, 0.0]).double()
    cases: list[Arguments] = [(even, half), (even, even), (half, half.flip(0))]
    for _ in range(4):
        (c,) = integers(generator, (2, 8))
        drawn = [torch.rand(c, generator=generator).double() for _ in range(2)]
        cases.append(tuple(each / each.sum() for each in drawn))
    return cases


def most_correct(source: torch.Tensor, target: torch.Tensor) -> float:
    """The greatest accuracy on the target if the features of both domains are alike.

    source, target: (C,) shares of the classes, float64. The classifier makes no error on the
    source, and alike means: same distribution, so each class is guessed as often in the target.
    """
    return torch.minimum(source, target).sum().item()


ALIGNED = Exercise(
    name="10.5",
    solve=most_correct,
    minutes=6,
    hints=(
        "equal features get equal guesses: in the target, class c is guessed in source[c] of the "
        "cases, but only target[c] of the cases are of that class. How many can be right?",
        "of class c, at most the smaller of the two shares. Add them up.",
    ),
    cases=shares,
    expected=by_variation,
    mistakes=(
        Mistake(
            lambda source, target: (source * target).sum().item(),
            "this is the accuracy of guesses that have nothing to do with the pictures. The best "
            "case puts each guess where it can be right.",
        ),
        Mistake(
            lambda source, target: 1 - (source - target).abs().sum().item(),
            "an error counts twice here: one class has too many guesses, and another too few.",
        ),
        Mistake(
            lambda source, target: target[source > 0].sum().item(),
            "this asks only which classes both have. How often each is guessed counts as well.",
        ),
        Mistake(
            lambda source, target: torch.maximum(source, target).sum().item(),
            "a guess of class c is right at most as often as both shares allow: take the smaller.",
        ),
        Mistake(
            lambda source, target: 1.0,
            "only if the classes have the same shares in both domains.",
        ),
    ),
)

EXERCISES = (CLASS_PART, PROJECTION, DOUBLE, TRUNCATED, ALIGNED)
