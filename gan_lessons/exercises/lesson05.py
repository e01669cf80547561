"""Exercises of lesson 05 on losses: two labels, and a faulty turn to mend.

Expected results come from torch's own cross entropy, or from gradients without an optimiser.
"""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gan_lessons.exercises import measures
from gan_lessons.exercises.cases import Arguments
from gan_lessons.exercises.engine import Exercise, Mistake
from gan_lessons.exercises.update import Descent, Update


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
    """D's loss, with the label 1 for real logits and 0 for fake ones: (N,), (M,) → a scalar.

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
            "both batches have the label real, as in the article: the fakes' logits have to go "
            "down.",
        ),
        Mistake(
            {"softplus(-real": "softplus(real", "softplus(fake": "softplus(-fake"},
            "the labels have changed places: this discriminator calls fakes real.",
        ),
        Mistake(
            {" + softplus(fake_logits).mean()": ""},
            "the fakes are missing: nothing asks D to call anything fake.",
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


def by_gradients(real: Tensor, z: Tensor) -> dict[str, Any]:
    """Both players after a turn, from the gradients of their losses and no optimiser."""
    game = Update()
    for loss, player in ((d_loss, game.discriminator), (g_loss, game.generator)):
        weights = list(player.parameters())
        gradients = torch.autograd.grad(loss(game, real, z), weights)
        for weight, gradient in zip(weights, gradients, strict=True):
            weight.data -= 0.5 * gradient
    return weights_of_both(game) | {"both ready to learn": True}


def d_loss(game: Update, real: Tensor, z: Tensor) -> Tensor:
    """The cross entropies of D: real pictures with label 1, fakes with label 0."""
    return cross_entropies(game.discriminator(real), game.discriminator(game.generator(z)))


def g_loss(game: Update, real: Tensor, z: Tensor) -> Tensor:
    """The cross entropy of the fakes with label 1."""
    logits = game.discriminator(game.generator(z))
    return F.binary_cross_entropy_with_logits(logits, torch.ones_like(logits))


def weights_of_both(game: Update) -> dict[str, Tensor]:
    """All weights of each player, in a row."""
    players = {"D's weights": game.discriminator, "G's weights": game.generator}
    return {
        name: nn.utils.parameters_to_vector(player.parameters()).detach()
        for name, player in players.items()
    }


def turned(answer: Callable, real: Tensor, z: Tensor) -> object:
    """Both players after the answer's turn; None for an answer that has done nothing yet."""
    game = Update()  # in its D are gradients of an earlier turn
    of_g = list(game.generator.parameters())
    for weight in of_g:
        weight.grad = torch.ones_like(weight)
    answer(game.generator, game.discriminator, Descent(of_g), game.optimiser, real, z)
    after, before = weights_of_both(game), weights_of_both(Update())
    if game.ready and all(torch.equal(after[name], before[name]) for name in after):
        return None
    return after | {"both ready to learn": game.ready}


def turns(generator: torch.Generator) -> list[Arguments]:
    """Real points and latents: one of each by hand, then random ones."""
    easy: list[Arguments] = [(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]]))]
    drawn = [
        (torch.randn(n, 2, generator=generator), torch.randn(n, 2, generator=generator))
        for n in (2, 4, 8)
    ]
    return easy + drawn


def one_turn(
    generator: torch.nn.Module,
    discriminator: torch.nn.Module,
    optimiser_g: torch.optim.Optimizer,
    optimiser_d: torch.optim.Optimizer,
    real: torch.Tensor,
    z: torch.Tensor,
) -> None:
    """One update of D on real: (N, 2) and the fakes of z: (N, 2), then one of G on the same fakes.

    Each optimiser holds the weights of its own player. Both players may have old gradients.
    """
    softplus = torch.nn.functional.softplus
    fake = generator(z)
    loss_d = softplus(-discriminator(real)).mean() + softplus(discriminator(fake.detach())).mean()
    optimiser_d.zero_grad()
    loss_d.backward()
    optimiser_d.step()
    loss_g = softplus(-discriminator(fake)).mean()
    optimiser_g.zero_grad()
    loss_g.backward()
    optimiser_g.step()


FAKES_UP = {"softplus(discriminator(fake.detach()))": "softplus(-discriminator(fake.detach()))"}
PICTURES = {"loss_g = softplus(-discriminator(fake))": "loss_g = softplus(-fake)"}
KEPT = {"    optimiser_d.zero_grad()\n": ""}

TURN = Exercise(
    name="05.2",
    solve=one_turn,
    minutes=7,
    hints=(
        "read each line and ask three things. Which label does this batch get? Is it a loss of "
        "logits? Which gradients are in the weights when the optimiser steps?",
        "the fakes need the label 0 in `loss_d`: softplus without the minus sign. `loss_g` takes "
        "`discriminator(fake)`, not `fake`. Call `optimiser_d.zero_grad()` before the first "
        "`backward`.",
    ),
    cases=turns,
    expected=by_gradients,
    measure=turned,
    mistakes=(
        Mistake(
            FAKES_UP | PICTURES | KEPT,
            "nothing is mended yet: all three faults are still there.",
        ),
        Mistake(
            {"    loss_g = ": "    discriminator.requires_grad_(False)\n    loss_g = "},
            "right for one turn. But a player stays frozen or in `eval`: leave both as you found "
            "them.",
        ),
        Mistake(
            FAKES_UP,
            "in D's loss the fakes still have the label real: their logits have to go down "
            "(section 6).",
        ),
        Mistake(
            PICTURES,
            "G's loss is still taken of the picture and not of D's answer to it (section 7).",
        ),
        Mistake(
            FAKES_UP | KEPT,
            "G's loss is right now. Two faults are left, both in D's update: a label, and a call "
            "that is missing.",
        ),
        Mistake(
            PICTURES | KEPT,
            "the labels are right now. Two faults are left: what G's loss takes, and a call that "
            "is missing in D's update.",
        ),
        Mistake(
            FAKES_UP | PICTURES,
            "D's old gradients are cleared now. Two faults are left, one in each loss.",
        ),
        Mistake(
            KEPT,
            "D still steps with gradients of the turn before added to its own. Which call is "
            "missing before `loss_d.backward()`?",
        ),
        Mistake(
            {
                "optimiser_d.zero_grad()\n    loss_d.backward()": (
                    "loss_d.backward()\n    optimiser_d.zero_grad()"
                )
            },
            "you clear D's gradients after `backward` and before the step: D has nothing left to "
            "step with.",
        ),
        Mistake(
            {"softplus(-discriminator(fake)).mean()": "softplus(discriminator(fake)).mean()"},
            "this G learns to be caught: its loss falls as its fakes' logits go down.",
        ),
        Mistake(
            {"softplus(-discriminator(fake)).mean()": "-softplus(discriminator(fake)).mean()"},
            "that is the minimax loss. This page plays the non-saturating game: softplus of minus "
            "the logit.",
        ),
        Mistake(
            {
                "    loss_d.backward()\n    optimiser_d.step()\n": "",
                "optimiser_g.zero_grad()\n    loss_g.backward()": (
                    "optimiser_g.zero_grad()\n    (loss_d + loss_g).backward()\n"
                    "    optimiser_d.step()"
                ),
            },
            "one backward pass over both losses: D gets the pull of G's loss, too (section 9). "
            "Finish D's update before G's begins.",
        ),
    ),
)

EXERCISES = (LABELS, TURN)
