"""Exercises of lesson 04: the best discriminator, two gradients, D's update, JS of counts.

Expected results come from a search, from autograd, from a step taken in full, or from entropies.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gan_lessons.exercises.compare import difference
from gan_lessons.exercises.engine import Case, Exercise, Mistake, changed, filled
from gan_lessons.losses import LOSSES

# 04.1


def by_search(p_data: Tensor, p_g: Tensor) -> Tensor:
    """Halves the interval that holds the best d of p_data log d + p_g log(1 - d)."""
    p_data, p_g = p_data.double(), p_g.double()
    low, high = torch.zeros_like(p_data), torch.ones_like(p_data)
    for _ in range(60):
        middle = (low + high) / 2
        slope = p_data * (1 - middle) - p_g * middle  # times middle (1 - middle), which is above 0
        low = torch.where(slope > 0, middle, low)
        high = torch.where(slope < 0, middle, high)
    return ((low + high) / 2).float()


def densities(generator: torch.Generator) -> list[Case]:
    """By hand, with places that one of the two or both leave empty; then random ones."""
    easy: list[Case] = [
        (torch.tensor([3.0, 1.0, 1.0]), torch.tensor([1.0, 1.0, 3.0])),
        (torch.tensor([2.0, 0.0]), torch.tensor([0.0, 2.0])),
        (torch.tensor([0.0, 1.0]), torch.tensor([0.0, 0.5])),
    ]
    drawn = torch.rand(4, 2, 6, generator=generator) * 3
    return easy + [(p_data, p_g) for p_data, p_g in drawn]


BEST_STUB = '''\
def best_discriminator(p_data: torch.Tensor, p_g: torch.Tensor) -> torch.Tensor:
    """The best probability of "real" at each place, from both densities there: (n,), (n,) → (n,).

    Where neither real nor fake samples come, it does not matter: say 1/2.
    """
    ...'''
BEST_BODY = """\
total = p_data + p_g
return torch.where(total > 0, p_data / total, 0.5)"""
BEST_SOLUTION = filled(BEST_STUB, BEST_BODY)

BEST = Exercise(
    name="04.1",
    answer="best_discriminator",
    minutes=4,
    stub=BEST_STUB,
    solution=BEST_SOLUTION,
    hints=(
        "of all samples that come to one place, real and fake, which share is real? And what does "
        "torch make of 0 / 0?",
        "the share is `p_data / (p_data + p_g)`. `torch.where(condition, a, b)` takes b where the "
        "condition does not hold: use it where the sum is 0.",
    ),
    cases=densities,
    expected=by_search,
    mistakes=(
        Mistake(
            filled(BEST_STUB, "return p_data / (p_data + p_g)"),
            "right wherever a sample can come. Where both densities are 0 it gives 0 / 0, which is "
            "NaN.",
        ),
        Mistake(
            changed(BEST_SOLUTION, ("p_data / total", "p_g / total")),
            "that is the probability of a fake.",
        ),
        Mistake(
            changed(BEST_SOLUTION, ("p_data / total", "p_data / p_g")),
            "this is how many times denser real samples are. It can be above 1: a probability "
            "divides by all samples, real and fake.",
        ),
        Mistake(
            changed(BEST_SOLUTION, ("p_data / total", "(p_data / p_g).log()")),
            "this is the best logit. Its sigmoid is the probability.",
        ),
    ),
)


# 04.2


def by_autograd(fake_logits: Tensor, loss: str) -> Tensor:
    """The gradient of the package's loss."""
    logits = fake_logits.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(LOSSES[loss].generator(logits), logits)
    return gradient


def logits_and_losses(generator: torch.Generator) -> list[Case]:
    """Each loss on the lesson's logits, then on random ones of several counts."""
    table = torch.tensor([-10.0, -1.0, 0.0, 1.0])
    drawn = [3 * torch.randn(n, generator=generator) for n in (1, 3, 8)]
    names = ("minimax", "nonsaturating")
    return [(logits, name) for logits in (table, *drawn) for name in names]


PULL_STUB = '''\
def pull(fake_logits: torch.Tensor, loss: str) -> torch.Tensor:
    """The gradient of the generator's loss by each logit, by a formula, no autograd: (N,) → (N,).

    loss: "minimax", the mean of log(1 - σ(logit)), or "nonsaturating", the mean of -log σ(logit).
    """
    ...'''
PULL_BODY = """\
share = torch.sigmoid(fake_logits if loss == "minimax" else -fake_logits)
return -share / len(fake_logits)"""
PULL_SOLUTION = filled(PULL_STUB, PULL_BODY)

PULL = Exercise(
    name="04.2",
    answer="pull",
    minutes=5,
    stub=PULL_STUB,
    solution=PULL_SOLUTION,
    hints=(
        "section 4 has both for a single logit. The loss is a mean over N of them: what does that "
        "make of the part of each?",
        "-σ(logit) / N for minimax, -σ(-logit) / N for the other. Both are negative: the higher a "
        "logit, the lower the loss.",
    ),
    cases=logits_and_losses,
    expected=by_autograd,
    mistakes=(
        Mistake(
            changed(PULL_SOLUTION, (" / len(fake_logits)", "")),
            "right for a single logit. The loss is a mean: each of the N logits holds a share of "
            "1 / N.",
        ),
        Mistake(
            changed(PULL_SOLUTION, ("-share", "share")),
            "the sign: both losses fall as a logit rises, so their gradients are negative.",
        ),
        Mistake(
            changed(PULL_SOLUTION, ('== "minimax"', '!= "minimax"')),
            "the two have changed places. Minimax is the one that hardly pulls at bad fakes, with "
            "logits far below 0.",
        ),
        Mistake(
            changed(PULL_SOLUTION, ("-share", "-share * (1 - share)")),
            "σ (1 - σ) is the slope of the sigmoid itself. The logarithm around it divides one of "
            "the two factors out again.",
        ),
    ),
)


# 04.3


class Descent:
    """An optimiser of plain steps. (To make torch's first one takes seconds of imports.)"""

    def __init__(self, weights: list[nn.Parameter]):
        self.weights = weights

    def zero_grad(self, set_to_none: bool = True) -> None:
        for weight in self.weights:
            weight.grad = None

    def step(self) -> None:
        for weight in self.weights:
            if weight.grad is not None:
                weight.data -= 0.5 * weight.grad


class Update:
    """One update of a discriminator, on networks that leave nothing to chance."""

    def __init__(self) -> None:
        self.generator = nn.Linear(2, 2)
        self.discriminator = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
        for number, parameter in enumerate(self.parameters()):
            ramp = torch.arange(1.0, parameter.numel() + 1).view(parameter.shape)
            parameter.data = torch.sin(ramp + number)
        for parameter in self.discriminator.parameters():
            parameter.grad = torch.ones_like(parameter)  # left by the generator's last turn
        self.optimiser = Descent(list(self.discriminator.parameters()))

    def parameters(self) -> list[nn.Parameter]:
        return [*self.generator.parameters(), *self.discriminator.parameters()]

    def untouched(self) -> bool:
        """Whether nothing has happened here yet."""
        new = Update()
        pairs = zip(self.parameters(), new.parameters(), strict=True)
        return all(torch.equal(a, b) and difference(a.grad, b.grad) is None for a, b in pairs)

    def result(self) -> dict[str, object]:
        """What is compared: D's weights, and whether the generator was left alone."""
        weights = nn.utils.parameters_to_vector(self.discriminator.parameters()).detach()
        alone = all(parameter.grad is None for parameter in self.generator.parameters())
        return {"D's weights": weights, "G without gradients": alone}


def updated(answer: object, real: Tensor, z: Tensor) -> object:
    """The networks after the answer's update; None for an answer that has done nothing yet."""
    game = Update()
    answer(game.generator, game.discriminator, game.optimiser, real, z)  # type: ignore[operator]
    return None if game.untouched() else game.result()


def by_hand(real: Tensor, z: Tensor) -> dict[str, object]:
    """The same update without an optimiser: weights less the rate times the gradient of -V."""
    game = Update()
    weights = list(game.discriminator.parameters())
    fake = z @ game.generator.weight.T + game.generator.bias
    on_real, on_fake = game.discriminator(real), game.discriminator(fake)
    loss = -F.logsigmoid(on_real).sum() / len(real) - F.logsigmoid(-on_fake).sum() / len(z)
    gradients = torch.autograd.grad(loss, weights)
    for weight, gradient in zip(weights, gradients, strict=True):
        weight.data -= 0.5 * gradient
    return game.result()


def batches(generator: torch.Generator) -> list[Case]:
    """A single sample of each, then batches."""
    easy: list[Case] = [(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]]))]
    return easy + [
        (torch.randn(n, 2, generator=generator), torch.randn(n, 2, generator=generator))
        for n in (2, 4, 8)
    ]


STEP_STUB = '''\
def discriminator_step(generator, discriminator, optimiser, real, z) -> None:
    """One update of the discriminator on real: (N, 2) and on the fakes of z: (N, 2).

    Both return what the lesson's networks do; the optimiser holds the discriminator's weights. No
    weight of the generator may get a gradient. Old gradients are still there.
    """
    ...'''
STEP_BODY = """\
softplus = torch.nn.functional.softplus
fake = generator(z).detach()
loss = softplus(-discriminator(real)).mean() + softplus(discriminator(fake)).mean()
optimiser.zero_grad()
loss.backward()
optimiser.step()"""
STEP_SOLUTION = filled(STEP_STUB, STEP_BODY)

STEP_NO_FAKES = (
    "the fakes teach it nothing: they are missing from the loss, or their logits are detached. "
    "Detach the fakes, before the discriminator sees them."
)

STEP = Exercise(
    name="04.3",
    answer="discriminator_step",
    minutes=8,
    stub=STEP_STUB,
    solution=STEP_SOLUTION,
    hints=(
        "five things in this order: fakes, cut off from the generator; the loss of both batches; "
        "old gradients away; `backward`; the optimiser's step.",
        "`fake = generator(z).detach()`, and the loss `softplus(-discriminator(real)).mean() + "
        "softplus(discriminator(fake)).mean()`, softplus being in `torch.nn.functional`.",
    ),
    cases=batches,
    expected=by_hand,
    measure=updated,
    mistakes=(
        Mistake(
            changed(STEP_SOLUTION, (".detach()", "")),
            "the discriminator is right, but the generator's weights got gradients: nothing cuts "
            "the fakes off from it.",
        ),
        Mistake(
            changed(
                STEP_SOLUTION,
                ("generator(z).detach()", "generator(z)"),
                ("softplus(discriminator(fake))", "softplus(discriminator(fake).detach())"),
            ),
            STEP_NO_FAKES,
        ),
        Mistake(
            changed(STEP_SOLUTION, ("    optimiser.zero_grad()\n", "")),
            "the gradients that were there before are still in the sum: call `zero_grad` before "
            "`backward`.",
        ),
        Mistake(
            changed(STEP_SOLUTION, (".mean()", ".sum()")),
            "a sum over the batch, where a mean is meant: twice the batch would be twice the step.",
        ),
        Mistake(
            changed(
                STEP_SOLUTION,
                ("-discriminator(real)", "-discriminator(real).sigmoid()"),
                ("softplus(discriminator(fake))", "softplus(discriminator(fake).sigmoid())"),
            ),
            "sigmoid twice: softplus holds one already, and takes raw logits. Of probabilities, "
            "which are never below 0, the loss can never get small.",
        ),
        Mistake(
            changed(
                STEP_SOLUTION, ("softplus(discriminator(fake))", "softplus(-discriminator(fake))")
            ),
            "both batches are told to be real. The fakes' logits have to go down.",
        ),
        Mistake(
            changed(STEP_SOLUTION, (" + softplus(discriminator(fake)).mean()", "")),
            STEP_NO_FAKES,
        ),
        Mistake(
            changed(STEP_SOLUTION, ("\n    optimiser.step()", "")),
            "the loss has its gradients, and no weight has moved: the optimiser's step is missing.",
        ),
    ),
)


# 04.4


def by_entropies(real: Tensor, fake: Tensor) -> float:
    """JS is the entropy of the mixture less the mean of the two entropies."""
    shares = torch.stack([each.double() / each.sum() for each in (real, fake)])
    own = torch.special.entr(shares).sum(1).mean()
    return (torch.special.entr(shares.mean(0)).sum() - own).item()


def histograms(generator: torch.Generator) -> list[Case]:
    """Equal, apart, unequal totals, then random counts with empty bins."""
    easy: list[Case] = [
        (torch.tensor([4, 4]), torch.tensor([2, 2])),
        (torch.tensor([10, 0]), torch.tensor([0, 5])),
        (torch.tensor([3, 1, 0]), torch.tensor([1, 1, 0])),
    ]
    drawn = [torch.randint(0, 9, (2, 8), generator=generator) for _ in range(4)]
    for counts in drawn:
        counts[0, 0] = counts[1, 1] = 0
        counts[:, 2] += 1
    return easy + [(real, fake) for real, fake in drawn]


JS_STUB = '''\
def js_of_counts(real: torch.Tensor, fake: torch.Tensor) -> float:
    """JS, in nats, of two histograms: counts (bins,), (bins,), each with at least one sample.

    Their totals may differ, and bins may be empty: nothing times the log of anything is 0.
    """
    ...'''
JS_BODY = """\
p, q = real / real.sum(), fake / fake.sum()
m = (p + q) / 2
js = 0.0
for each in (p, q):
    there = each > 0
    js += 0.5 * (each[there] * (each[there] / m[there]).log()).sum().item()
return js"""
JS_SOLUTION = filled(JS_STUB, JS_BODY)

JS = Exercise(
    name="04.4",
    answer="js_of_counts",
    minutes=8,
    stub=JS_STUB,
    solution=JS_SOLUTION,
    hints=(
        "make shares of the counts first, each divided by its own total. Then JS is the mean of "
        "two KL divergences from the even mixture m. Which bins can be left out of each?",
        "KL(p || m) is the sum of `p * (p / m).log()` over the bins where p is above 0. There m is "
        "above 0 as well. The same with q, and half of the sum.",
    ),
    cases=histograms,
    expected=by_entropies,
    mistakes=(
        Mistake(
            changed(JS_SOLUTION, ("real / real.sum(), fake / fake.sum()", "real, fake")),
            "these are counts, not shares: divide each histogram by its own total first.",
        ),
        Mistake(
            filled(
                JS_STUB,
                "p, q = real / real.sum(), fake / fake.sum()\n"
                "m = (p + q) / 2\n"
                "return 0.5 * (p * (p / m).log() + q * (q / m).log()).sum().item()",
            ),
            "right where every bin is filled. In an empty one 0 times the log of 0 is computed, "
            "and that is NaN.",
        ),
        Mistake(
            changed(JS_SOLUTION, ("0.5 * (each", "(each")),
            "the sum of the two divergences. JS is half of it, and at most log 2.",
        ),
    ),
)

EXERCISES = (BEST, PULL, STEP, JS)
