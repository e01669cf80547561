"""Exercises of lesson 04: the best discriminator, two gradients, D's update, JS of counts.

Expected results come from a search, from autograd, from a step taken in full, or from entropies.
"""

import torch
from torch import Tensor

from gan_lessons.exercises import measures
from gan_lessons.exercises.cases import Arguments
from gan_lessons.exercises.engine import Exercise, Mistake
from gan_lessons.exercises.update import by_hand, updated
from gan_lessons.losses import LOSSES


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


def densities(generator: torch.Generator) -> list[Arguments]:
    """By hand, with places that one or both leave empty or almost empty; then random ones."""
    easy: list[Arguments] = [
        (torch.tensor([3.0, 1.0, 1.0]), torch.tensor([1.0, 1.0, 3.0])),
        (torch.tensor([2.0, 0.0]), torch.tensor([0.0, 2.0])),
        (torch.tensor([0.0, 1.0]), torch.tensor([0.0, 0.5])),
        (torch.tensor([3e-20, 1e-30]), torch.tensor([1e-20, 3e-30])),
    ]
    drawn = torch.rand(4, 2, 6, generator=generator) * 3
    return easy + [(p_data, p_g) for p_data, p_g in drawn]


def best_discriminator(p_data: torch.Tensor, p_g: torch.Tensor) -> torch.Tensor:
    """The best probability of "real" at each place, from both densities there: (n,), (n,) → (n,).

    Densities may be tiny. Where neither real nor fake samples come, it does not matter: say 1/2.
    """
    total = p_data + p_g
    return torch.where(total > 0, p_data / total, 0.5)


BEST_SMALL_NUMBER = (
    "a small number in the fraction decides wherever both densities are smaller than it. Keep the "
    "formula as it is, and treat the places where the sum is 0 separately."
)

BEST = Exercise(
    name="04.1",
    solve=best_discriminator,
    minutes=4,
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
            lambda p_data, p_g: p_data / (p_data + p_g),
            "right wherever a sample can come. Where both densities are 0 it gives 0 / 0, which is "
            "NaN.",
        ),
        Mistake(lambda p_data, p_g: (p_data + 1e-6) / (p_data + p_g + 2e-6), BEST_SMALL_NUMBER),
        Mistake(lambda p_data, p_g: p_data / (p_data + p_g + 1e-6), BEST_SMALL_NUMBER),
        Mistake({"p_data / total": "p_g / total"}, "that is the probability of a fake."),
        Mistake(
            {"p_data / total": "p_data / p_g"},
            "this is how many times denser real samples are. It can be above 1: a probability "
            "divides by all samples, real and fake.",
        ),
        Mistake(
            {"p_data / total": "(p_data / p_g).log()"},
            "this is the best logit. Its sigmoid is the probability.",
        ),
    ),
)


def by_autograd(fake_logits: Tensor, loss: str) -> Tensor:
    """The gradient of the package's loss."""
    logits = fake_logits.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(LOSSES[loss].generator(logits), logits)
    return gradient


def logits_and_losses(generator: torch.Generator) -> list[Arguments]:
    """Each loss on the lesson's logits, on very sure ones, then on random ones."""
    table, sure = torch.tensor([-10.0, -1.0, 0.0, 1.0]), torch.tensor([-1e4, -200.0, 200.0, 1e4])
    drawn = [3 * torch.randn(n, generator=generator) for n in (1, 3, 8)]
    names = ("minimax", "nonsaturating")
    return [(logits, name) for logits in (table, sure, *drawn) for name in names]


def pull(fake_logits: torch.Tensor, loss: str) -> torch.Tensor:
    """The gradient of the generator's loss by each logit, by a formula, no autograd: (N,) → (N,).

    loss: "minimax", the mean of log(1 - σ(logit)), or "nonsaturating", the mean of -log σ(logit).
    """
    share = torch.sigmoid(fake_logits if loss == "minimax" else -fake_logits)
    return -share / len(fake_logits)


PULL = Exercise(
    name="04.2",
    solve=pull,
    minutes=5,
    hints=(
        "section 4 has both for a single logit. The loss is a mean over N of them: what does that "
        "make of the part of each?",
        "-σ(logit) / N for minimax, -σ(-logit) / N for the other. Both are negative: the higher a "
        "logit, the lower the loss.",
    ),
    cases=logits_and_losses,
    expected=by_autograd,
    measure=measures.without_autograd,
    mistakes=(
        Mistake(
            {" / len(fake_logits)": ""},
            "right for a single logit. The loss is a mean: each of the N logits holds a share of "
            "1 / N.",
        ),
        Mistake(
            {"-share": "share"},
            "the sign: both losses fall as a logit rises, so their gradients are negative.",
        ),
        Mistake(
            {'== "minimax"': '!= "minimax"'},
            "the two have changed places. Minimax is the one that hardly pulls at bad fakes, with "
            "logits far below 0.",
        ),
        Mistake(
            {"-share": "-share * (1 - share)"},
            "σ (1 - σ) is the slope of the sigmoid itself. The logarithm around it divides one of "
            "the two factors out again.",
        ),
    ),
)


def batches(generator: torch.Generator) -> list[Arguments]:
    """A single sample of each, then batches, the last so far out that D is sure, often wrongly."""
    easy: list[Arguments] = [(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]]))]
    far = 1000 * torch.cat([torch.eye(2), -torch.eye(2)])
    drawn = [tuple(torch.randn(2, n, 2, generator=generator)) for n in (2, 4, 8)]
    return [*easy, *drawn, (far, far)]


def discriminator_step(
    generator: torch.nn.Module,
    discriminator: torch.nn.Module,
    optimiser: torch.optim.Optimizer,
    real: torch.Tensor,
    z: torch.Tensor,
) -> None:
    """One update of the discriminator on real: (N, 2) and on the fakes of z: (N, 2).

    Both networks return what the lesson's do, and logits may be of any size. The optimiser holds
    the discriminator's weights; old gradients are still there. The generator stays as it was: no
    weight of it gets a gradient, changes, or is frozen afterwards.
    """
    softplus = torch.nn.functional.softplus
    fake = generator(z).detach()
    loss = softplus(-discriminator(real)).mean() + softplus(discriminator(fake)).mean()
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()


STEP_NO_FAKES = (
    "the fakes teach it nothing: they are missing from the loss, or their logits are detached. "
    "Detach the fakes, before the discriminator sees them."
)

STEP = Exercise(
    name="04.3",
    solve=discriminator_step,
    minutes=8,
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
            {".detach()": ""},
            "the discriminator is right, but the generator's weights got gradients: nothing cuts "
            "the fakes off from it.",
        ),
        Mistake(
            {
                "generator(z).detach()": "generator(z)",
                "softplus(discriminator(fake))": "softplus(discriminator(fake).detach())",
            },
            STEP_NO_FAKES,
        ),
        Mistake(
            {"    optimiser.zero_grad()\n": ""},
            "the gradients that were there before are still in the sum: call `zero_grad` before "
            "`backward`.",
        ),
        Mistake(
            {".mean()": ".sum()"},
            "a sum over the batch, where a mean is meant: twice the batch would be twice the step.",
        ),
        Mistake(
            {
                "-discriminator(real)": "-discriminator(real).sigmoid()",
                "softplus(discriminator(fake))": "softplus(discriminator(fake).sigmoid())",
            },
            "sigmoid twice: softplus holds one already, and takes raw logits. Of probabilities, "
            "which are never below 0, the loss can never get small.",
        ),
        Mistake(
            {
                "softplus(-discriminator(real))": "-discriminator(real).sigmoid().log()",
                "softplus(discriminator(fake))": "-(1 - discriminator(fake).sigmoid()).log()",
            },
            "right on paper. In 32 bits the sigmoid of a sure logit is 0 or 1, the log of 0 is "
            "infinite, and its gradient makes NaN of every weight. softplus takes raw logits.",
        ),
        Mistake(
            {"fake = ": "generator.requires_grad_(False)\n    fake = "},
            "a player stays frozen or in `eval`: leave both as you found them. For the generator, "
            "`detach` on its fakes is enough.",
        ),
        Mistake(
            {"softplus(discriminator(fake))": "softplus(-discriminator(fake))"},
            "both batches are told to be real. The fakes' logits have to go down.",
        ),
        Mistake({" + softplus(discriminator(fake)).mean()": ""}, STEP_NO_FAKES),
        Mistake(
            {"\n    optimiser.step()": ""},
            "the loss has its gradients, and no weight has moved: the optimiser's step is missing.",
        ),
    ),
)


def by_entropies(real: Tensor, fake: Tensor) -> float:
    """JS is the entropy of the mixture less the mean of the two entropies."""
    shares = torch.stack([each.double() / each.sum() for each in (real, fake)])
    own = torch.special.entr(shares).sum(1).mean()
    return (torch.special.entr(shares.mean(0)).sum() - own).item()


def histograms(generator: torch.Generator) -> list[Arguments]:
    """Equal, apart, unequal totals, then random counts with empty bins."""
    easy: list[Arguments] = [
        (torch.tensor([4, 4]), torch.tensor([2, 2])),
        (torch.tensor([10, 0]), torch.tensor([0, 5])),
        (torch.tensor([3, 1, 0]), torch.tensor([1, 1, 0])),
    ]
    drawn = [torch.randint(0, 9, (2, 8), generator=generator) for _ in range(4)]
    for counts in drawn:
        counts[0, 0] = counts[1, 1] = 0
        counts[:, 2] += 1
    return easy + [(real, fake) for real, fake in drawn]


def js_of_counts(real: torch.Tensor, fake: torch.Tensor) -> float:
    """JS, in nats, of two histograms: counts (bins,), (bins,), each with at least one sample.

    Their totals may differ, and bins may be empty: nothing times the log of anything is 0.
    """
    p, q = real / real.sum(), fake / fake.sum()
    m = (p + q) / 2
    js = 0.0
    for each in (p, q):
        there = each > 0
        js += 0.5 * (each[there] * (each[there] / m[there]).log()).sum().item()
    return js


def js_of_all_bins(real: Tensor, fake: Tensor) -> float:
    """The formula alone, for empty bins too."""
    p, q = real / real.sum(), fake / fake.sum()
    m = (p + q) / 2
    return 0.5 * (p * (p / m).log() + q * (q / m).log()).sum().item()


JS = Exercise(
    name="04.4",
    solve=js_of_counts,
    minutes=8,
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
            {"real / real.sum(), fake / fake.sum()": "real, fake"},
            "these are counts, not shares: divide each histogram by its own total first.",
        ),
        Mistake(
            js_of_all_bins,
            "right where every bin is filled. In an empty one 0 times the log of 0 is computed, "
            "and that is NaN.",
        ),
        Mistake(
            {"0.5 * (each": "(each"},
            "the sum of the two divergences. JS is half of it, and at most log 2.",
        ),
        Mistake(
            {"return js": "return js**0.5"},
            "the square root of JS. That one is a distance; here JS itself is asked for.",
        ),
    ),
)

EXERCISES = (BEST, PULL, STEP, JS)
