"""What is dealt, and who was right."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gan_lessons.widgets.judged import logits

Answer = bool | None  # "real", "fake", or no answer in time
GROUPS = {
    (True, True): "both right",
    (True, False): "only you right",
    (False, True): "only the discriminator right",
    (False, False): "both wrong",
}


@dataclass(frozen=True)
class Deck:
    """items: (rounds, ...) in the order in which they are shown. real: (rounds,) bool.

    logits: (rounds,) of D, less its middle: it calls real what is above 0.
    """

    items: Tensor
    real: Tensor
    logits: Tensor

    def right(self, number: int, answer: Answer) -> tuple[bool, bool]:
        """Whether the reader and D were right about an item."""
        real = bool(self.real[number])
        return answer is real, bool(self.logits[number] > 0) is real


def deal(
    discriminator: nn.Module, real: Tensor, fake: Tensor, rounds: int, seed: int, middle: float
) -> Deck:
    """Each item is real or fake by a coin, so that counting does not help; none comes twice.

    middle: the logit from which on D calls an item real.
    """
    rng = torch.Generator().manual_seed(seed)
    coins = torch.rand(rounds, generator=rng) < 0.5
    orders = {True: torch.randperm(len(real), generator=rng).tolist(),
              False: torch.randperm(len(fake), generator=rng).tolist()}  # fmt: skip
    sets = {True: real, False: fake}
    items = torch.stack([sets[coin][orders[coin].pop()] for coin in coins.tolist()])
    return Deck(items, coins, logits(discriminator, items) - middle)


def groups(deck: Deck, answers: Sequence[Answer]) -> dict[str, list[int]]:
    """The items that were answered, by who was right."""
    found: dict[str, list[int]] = {name: [] for name in GROUPS.values()}
    for number, answer in enumerate(answers):
        found[GROUPS[deck.right(number, answer)]].append(number)
    return found


def scores(deck: Deck, answers: Sequence[Answer]) -> tuple[int, int]:
    """How often the reader was right so far, and D."""
    pairs = [deck.right(number, answer) for number, answer in enumerate(answers)]
    return sum(you for you, _ in pairs), sum(d for _, d in pairs)


def beats_a_coin(right: int, rounds: int) -> bool:
    """Whether two standard deviations more were right than a coin gets on average."""
    return right > rounds / 2 + math.sqrt(rounds)


def verdict(deck: Deck, answers: Sequence[Answer]) -> str:
    """What the whole game says of both, in words."""
    n = len(answers)
    (you, d), by = scores(deck, answers), groups(deck, answers)
    said = {True: "more than a coin gets by luck", False: "what a coin could get"}
    lines = [
        f"You: {you} of {n}, {said[beats_a_coin(you, n)]}. "
        f"The discriminator: {d} of {n}, {said[beats_a_coin(d, n)]}.",
    ]
    if beats_a_coin(you, n) and beats_a_coin(d, n):
        lines.append("Both of you tell them apart.")
    elif beats_a_coin(you, n):
        lines.append("You tell them apart. These rounds do not show that the discriminator does.")
    elif beats_a_coin(d, n):
        lines.append("The discriminator tells them apart. These rounds do not show that you do.")
    else:
        lines.append("These rounds do not show that either of you tells them apart.")
    differ = len(by["only you right"]) + len(by["only the discriminator right"])
    lines.append(f"You differ in {differ} of {n}.")
    return " ".join(lines)
