"""Exercises of lesson 07: a turn's matrix, the largest rate, R1's gradient, a history read.

Expected results come from turns that are played, from a search, and from autograd.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from gan_lessons.exercises import measures
from gan_lessons.exercises.cases import Arguments, integers
from gan_lessons.exercises.engine import Exercise, Mistake
from gan_lessons.losses import PENALTIES


def played(slope: float, gamma: float, rate: float, d_updates: int) -> Tensor:
    """Where one turn takes (1, 0) and (0, 1), as the columns of a matrix."""
    columns = []
    for theta, psi in ((1.0, 0.0), (0.0, 1.0)):
        for _ in range(d_updates):
            psi += rate * (-slope * theta - gamma * psi)
        theta += rate * slope * psi
        columns.append([theta, psi])
    return torch.tensor(columns).T


def turns(generator: torch.Generator) -> list[Arguments]:
    """Whole numbers first, then the lesson's slopes with rates and penalties drawn."""
    drawn = []
    for slope in (0.5, 1.0, 0.5, 1.0):
        gamma, rate, updates = integers(generator, (0, 20), (1, 40), (1, 6))
        drawn.append((slope, gamma / 10, rate / 100, updates))
    return [(1.0, 0.0, 1.0, 1), (0.5, 0.0, 0.2, 1), (0.5, 0.3, 0.2, 1), (1.0, 0.5, 0.1, 5), *drawn]


def turn_matrix(slope: float, gamma: float, rate: float, d_updates: int) -> torch.Tensor:
    """What one turn near rest multiplies (θ, ψ) by: (2, 2).

    D takes `d_updates` steps first, then G takes one and sees the new ψ. The velocities are
    slope · ψ for θ and -slope · θ - gamma · ψ for ψ; every step has the size `rate`.
    """
    of_d = torch.tensor([[1.0, 0.0], [-rate * slope, 1 - rate * gamma]])
    of_g = torch.tensor([[1.0, rate * slope], [0.0, 1.0]])
    return of_g @ torch.linalg.matrix_power(of_d, d_updates)


TURN = Exercise(
    name="07.1",
    solve=turn_matrix,
    minutes=6,
    hints=(
        "write one matrix for a step of D, which leaves θ alone, and one for a step of G, which "
        "leaves ψ alone. What happens first stands on the right.",
        "`of_d = [[1, 0], [-rate * slope, 1 - rate * gamma]]`, applied `d_updates` times, then "
        "`of_g = [[1, rate * slope], [0, 1]]` from the left.",
    ),
    cases=turns,
    expected=played,
    mistakes=(
        Mistake(
            {
                "of_g @ torch.linalg.matrix_power(of_d, d_updates)": (
                    "torch.linalg.matrix_power(of_d, d_updates) @ of_g"
                )
            },
            "the order: a product is applied from the right, and D moves first here.",
        ),
        Mistake(
            {
                "torch.linalg.matrix_power(of_d, d_updates)": (
                    "(torch.eye(2) + d_updates * (of_d - torch.eye(2)))"
                )
            },
            "this is one long step of D. After its first short step, the penalty already acts on "
            "another ψ: multiply the matrix, not the rate.",
        ),
        Mistake(
            {"of_g @ torch.linalg.matrix_power(of_d, d_updates)": "of_g @ of_d"},
            "D takes `d_updates` steps, and you let it take one.",
        ),
        Mistake(
            {"torch.linalg.matrix_power(of_d, d_updates)": "of_d**d_updates"},
            "`**` raises each number to the power. `torch.linalg.matrix_power` multiplies "
            "matrices.",
        ),
        Mistake(
            {"1 - rate * gamma": "1 + rate * gamma"},
            "the sign of the penalty: it pulls ψ towards 0.",
        ),
        Mistake(
            {"[-rate * slope,": "[rate * slope,"},
            "the sign of D's answer: D lowers the logit ψθ of the fake, so its velocity is "
            "-slope · θ.",
        ),
    ),
)


def by_bisection(slope: float, gamma: float) -> float:
    """Halves the interval that holds the rate at which the spectral radius is 1."""
    flow = np.array([[0, slope], [-slope, -gamma]])
    low, high = 0.0, 4 / gamma + gamma / slope**2
    for _ in range(60):
        rate = (low + high) / 2
        shrinks = abs(np.linalg.eigvals(np.eye(2) + rate * flow)).max() < 1
        low, high = (rate, high) if shrinks else (low, rate)
    return low


def games(generator: torch.Generator) -> list[Arguments]:
    """Spirals, the critical penalty, and penalties above it."""
    shares = integers(generator, *[(2, 18), (22, 80)] * 3)  # of gamma / slope, in tenths
    drawn = [(slope, slope * s / 10) for slope, s in zip((0.5, 1.0, 2.0) * 2, shares, strict=True)]
    return [(0.5, 0.3), (1.0, 1.0), (1.0, 2.0), (1.0, 2.5), (0.5, 2.0), *drawn]


def largest_rate(slope: float, gamma: float) -> float:
    """The rate below which simultaneous steps converge, and above which they do not.

    A step multiplies (θ, ψ) by I + rate · A, with A = [[0, slope], [-slope, -gamma]]; slope and
    gamma are above 0.
    """
    under = gamma**2 / 4 - slope**2
    if under < 0:  # a spiral: |μ|² = 1 - rate γ + rate² slope²
        return gamma / slope**2
    return 2 / (gamma / 2 + under**0.5)  # the fast eigenvalue overshoots: 1 + rate λ = -1


RATE = Exercise(
    name="07.2",
    solve=largest_rate,
    minutes=10,
    hints=(
        "both |1 + rate · λ| must be below 1. Take two cases: λ a complex pair (gamma below "
        "2 · slope), and two real λ.",
        "for a complex pair, |μ|² is the determinant of I + rate · A, 1 - rate γ + rate² slope². "
        "For real ones the larger |λ| decides: 1 + rate · λ must stay above -1.",
    ),
    cases=games,
    expected=by_bisection,
    mistakes=(
        Mistake(
            lambda slope, gamma: gamma / slope**2,
            "right for a spiral. If gamma is above 2 · slope, both λ are real, and the faster one "
            "overshoots first.",
        ),
        Mistake(
            lambda slope, gamma: 2 / abs(-gamma / 2 - complex(gamma**2 / 4 - slope**2) ** 0.5),
            "right for real λ. A complex μ leaves the unit circle before its real part is -1: "
            "use |μ|² = 1 - rate γ + rate² slope².",
        ),
        Mistake(
            {"gamma / 2 + under**0.5": "gamma / 2 - under**0.5"},
            "this is the slow eigenvalue. The fast one, -γ/2 - √…, overshoots first.",
        ),
        Mistake(
            {"gamma / slope**2": "gamma / slope"},
            "the spiral's condition is rate² slope² < rate γ: slope is squared.",
        ),
        Mistake(
            {"2 / (gamma / 2 + under**0.5)": "1 / (gamma / 2 + under**0.5)"},
            "there the fast eigenvalue is 0, and the step lands right on the other one: still "
            "inside. It leaves at 1 + rate · λ = -1.",
        ),
    ),
)


def by_autograd(a: Tensor, b: float, real: Tensor) -> tuple[Tensor, Tensor]:
    """The package's R1 of the same discriminator, differentiated."""
    weights = a.clone().requires_grad_(), torch.tensor(b, requires_grad=True)
    penalty = PENALTIES["r1"](
        lambda x: x @ weights[0] + weights[1] / 2 * x.square().sum(1), real, real
    )
    of_a, of_b = torch.autograd.grad(penalty, weights)
    return of_a, of_b


def parabolas(generator: torch.Generator) -> list[Arguments]:
    """One point, a straight D, then several points at random."""
    drawn: list[Arguments] = []
    for dims in (1, 2, 5, 8):
        a, *real = torch.randn(7, dims, generator=generator)
        drawn.append((a, round(real[0][0].item(), 2) + 0.1, torch.stack(real)))
    point = torch.tensor([[3.0, 0.0]])
    return [(torch.tensor([1.0, 0.0]), 0.0, point), (torch.tensor([1.0, 2.0]), 1.0, point), *drawn]


def with_a_number(answer: Callable, *arguments: object) -> object:
    """The answer's result; a plain number is as good as a tensor of one."""
    made = measures.without_autograd(answer, *arguments)
    if isinstance(made, tuple | list) and len(made) == 2 and isinstance(made[1], float | int):
        return made[0], torch.tensor(float(made[1]))
    return made


def r1_gradient(a: torch.Tensor, b: float, real: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The gradient of R1 = ½ E |∇D(x)|² in a and in b, by a formula: (D,) and a number.

    D(x) = a · x + (b / 2) |x|², with a: (D,), a number b, and the real points: (N, D).
    """
    slope = a + b * real  # (N, D): the gradient of D at each point
    return slope.mean(0), (slope * real).sum(1).mean()


R1 = Exercise(
    name="07.3",
    solve=r1_gradient,
    minutes=8,
    hints=(
        "first the gradient of D in x, at each point: it is a vector, `a + b * x`. Then "
        "differentiate half its squared length in a, and in b.",
        "with g = a + b x, the derivative of ½ |g|² in a is g, and in b it is g · x. Take both as "
        "means over the points.",
    ),
    cases=parabolas,
    expected=by_autograd,
    measure=with_a_number,
    mistakes=(
        Mistake(
            {"slope.mean(0)": "2 * slope.mean(0)", "(slope * real)": "(2 * slope * real)"},
            "R1 has a factor ½, which the derivative of the square takes away again.",
        ),
        Mistake(
            {"a + b * real": "a + b / 2 * real"},
            "the derivative of |x|² is 2 x, so the gradient of D is a + b x.",
        ),
        Mistake(
            {"slope.mean(0)": "slope.sum(0)", ".sum(1).mean()": ".sum()"},
            "E is the mean over the points. With a sum, twice the batch means twice the penalty.",
        ),
        Mistake(
            {".sum(1).mean()": ".mean()"},
            "in b: |g|² sums over the coordinates, and E takes the mean over the points only.",
        ),
        Mistake(
            {"(slope * real).sum(1).mean()": "slope.square().sum(1).mean() / 2"},
            "in b: this is R1 itself. Its derivative in b is E g · x.",
        ),
        Mistake(
            {"(slope * real)": "(slope.mean(0) * real.mean(0) + 0 * real)"},
            "in b: the mean of a product is not the product of the means.",
        ),
    ),
)

FINE, NAN, WINS, COLLAPSE = "fine", "nan", "D wins", "collapse"


def by_words(loss_d: Tensor, spread: Tensor, spread_real: float) -> str:
    """The rules, from the weakest to the strongest, each of which overrules."""
    verdict = FINE
    losses, spreads = loss_d.tolist(), spread.tolist()
    if spreads[-1] < spread_real / 10:
        verdict = COLLAPSE
    late = losses[-(len(losses) // 10) :]
    if sum(late) / len(late) < 0.1:
        verdict = WINS
    if any(loss != loss or abs(loss) == float("inf") for loss in losses):
        verdict = NAN
    return verdict


def histories(generator: torch.Generator) -> list[Arguments]:
    """One of each kind, those that look like another kind, and the same with noise."""
    steps = 40
    calm, wide = torch.full((steps,), 1.38), torch.tensor([0.2, 0.9, 1.0])
    won = torch.linspace(1.4, 0.0, steps).square() / 3
    broken, endless = calm.clone(), calm.clone()
    broken[7], endless[30] = float("nan"), float("inf")
    early = torch.cat([torch.full((steps // 2,), 0.01), calm[: steps // 2]])
    dip = calm.clone()
    dip[-1] = 0.01
    spiked, near, low = calm.clone(), calm.clone(), calm.clone()
    spiked[-4:] = torch.tensor([0.01, 0.01, 0.01, 0.57])
    near[-4:], low[-4:] = 0.15, torch.tensor([0.0, 0.12, 0.12, 0.12])
    slow = torch.full((10 * steps // 4,), 1.38)
    slow[-10:], slow[-4:] = 0.01, 0.2
    narrow_once, narrow = torch.tensor([0.01, 0.8, 1.1]), torch.tensor([0.9, 0.5, 0.02])
    (scale,) = integers(generator, (6, 12))
    noisy = calm + 0.1 * torch.randn(steps, generator=generator)
    return [
        (calm, wide, 1.0),
        (won, wide, 1.0),
        (calm, narrow, 1.0),
        (broken, wide, 1.0),
        (endless, narrow, 1.0),
        (won, narrow, 1.0),
        (early, wide, 1.0),
        (dip, narrow_once, 1.0),
        (slow, wide, 1.0),
        (spiked, wide, 1.0),
        (near, wide, 1.0),
        (low, wide, 1.0),
        (calm, torch.tensor([0.9, 0.5, 0.07]), 1.0),
        (noisy, scale * wide, float(scale)),
        (noisy, scale * narrow, float(scale)),
        (noisy, 0.15 * wide, 1.0),
    ]


def diagnosis(loss_d: torch.Tensor, spread: torch.Tensor, spread_real: float) -> str:
    """What a history says, as one of four words; the first that fits.

    loss_d: (steps,), the loss of D, at least ten. spread: (looks,), the standard deviation of the
    fakes at each look. spread_real: that of the real samples.

    "nan": a loss is not a finite number. "D wins": the mean of the last tenth of the losses is
    below 0.1. "collapse": the last spread is below a tenth of spread_real. "fine": none of these.
    """
    if not loss_d.isfinite().all():
        return "nan"
    if loss_d[-(len(loss_d) // 10) :].mean() < 0.1:
        return "D wins"
    return "collapse" if spread[-1] < 0.1 * spread_real else "fine"


HISTORY = Exercise(
    name="07.4",
    solve=diagnosis,
    minutes=6,
    hints=(
        "test in the order of the text. `isfinite` finds NaN and infinity; `<`, `>` and `==` "
        "with NaN are False.",
        "`loss_d[-(len(loss_d) // 10):]` is the last tenth, and `spread[-1]` the last look. A loss "
        "of 1.386 is no failure.",
    ),
    cases=histories,
    expected=by_words,
    mistakes=(
        Mistake(
            {"loss_d.isfinite().all()": "loss_d[-1].isfinite()"},
            "a NaN in the middle counts as well: look at all losses.",
        ),
        Mistake(
            {"not loss_d.isfinite().all()": "loss_d.isnan().any()"},
            "an infinite loss is not finite either.",
        ),
        Mistake(
            {"loss_d[-(len(loss_d) // 10) :].mean()": "loss_d.min()"},
            "one low loss is not the end: a D that won early can be caught up with. Take the mean "
            "of the last tenth.",
        ),
        Mistake(
            {"loss_d[-(len(loss_d) // 10) :].mean()": "loss_d[-1]"},
            "a single step is noise. Take the mean of the last tenth.",
        ),
        Mistake(
            {"-(len(loss_d) // 10) :": "-4 :"},
            "four losses are a tenth of forty: count them with len(loss_d).",
        ),
        Mistake(
            {"spread[-1]": "spread.min()"},
            "a generator starts narrow. Look at the last spread only.",
        ),
        Mistake(
            {"0.1 * spread_real": "0.1"},
            "narrow is relative: compare with the spread of the real samples.",
        ),
    ),
)

EXERCISES = (TURN, RATE, R1, HISTORY)
