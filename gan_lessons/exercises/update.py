"""One update of a discriminator, by an answer and by hand: what exercise 04.3 compares."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gan_lessons.exercises.compare import difference


class Descent:
    """An optimiser of plain steps. (To make torch's first one takes seconds of imports.)"""

    def __init__(self, weights: list[nn.Parameter]):
        self.param_groups: list[dict[str, Any]] = [{"params": weights, "lr": 0.5}]

    def zero_grad(self, set_to_none: bool = True) -> None:
        for weight in self.param_groups[0]["params"]:
            weight.grad = None

    def step(self) -> None:
        for weight in self.param_groups[0]["params"]:
            if weight.grad is not None:
                weight.data -= 0.5 * weight.grad


class Update:
    """One update of a discriminator, on networks that leave nothing to chance."""

    def __init__(self) -> None:
        self.generator = nn.Linear(2, 2)
        self.discriminator = nn.Sequential(nn.Linear(2, 3), nn.LeakyReLU(0.2), nn.Linear(3, 1))
        for number, parameter in enumerate(self.parameters()):
            ramp = torch.arange(1.0, parameter.numel() + 1).view(parameter.shape)
            parameter.data = torch.sin(ramp + number)
        for parameter in self.discriminator.parameters():
            parameter.grad = torch.ones_like(parameter)  # left by the generator's last turn
        self.optimiser = Descent(list(self.discriminator.parameters()))
        self.reached: list[Tensor] = []  # gradients of G's weights, were they removed later on
        for parameter in self.generator.parameters():
            parameter.register_hook(self.reached.append)

    def parameters(self) -> list[nn.Parameter]:
        return [*self.generator.parameters(), *self.discriminator.parameters()]

    def untouched(self) -> bool:
        """Whether nothing has happened here yet."""
        pairs = zip(self.parameters(), Update().parameters(), strict=True)
        return all(torch.equal(a, b) and difference(a.grad, b.grad) is None for a, b in pairs)

    @property
    def ready(self) -> bool:
        """Whether both players can learn in a next turn: neither frozen nor in `eval`."""
        return all(
            part.training and all(weight.requires_grad for weight in part.parameters())
            for part in (self.generator, self.discriminator)
        )

    def result(self) -> dict[str, Any]:
        """What is compared: D's weights, and whether the generator was left as it was."""
        weights = nn.utils.parameters_to_vector(self.discriminator.parameters()).detach()
        own, before = self.generator.parameters(), Update().generator.parameters()
        return {
            "D's weights": weights,
            "G without gradients": not self.reached,
            "G's weights as before": all(map(torch.equal, own, before)),
            "both ready to learn": self.ready,
        }


def updated(answer: Callable, real: Tensor, z: Tensor) -> object:
    """The networks after the answer's update; None for an answer that has done nothing yet."""
    game = Update()
    answer(game.generator, game.discriminator, game.optimiser, real, z)
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
