"""What is dealt, and who was right."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gan_lessons.widgets.judged import logits

MEDIAN_OF = 200  # items
Answer = bool | None  # "real", "fake", or no answer in time
GROUPS = {
    (True, True): "both right",
    (True, False): "only you right",
    (False, True): "only D right",
    (False, False): "both wrong",
}


@dataclass(frozen=True)
class Deck:
    """items: (rounds, ...) in the order in which they are shown. real: (rounds,) bool.

    logits: (rounds,) of D, less its offset: it calls real what is above 0.
    """

    items: Tensor
    real: Tensor
    logits: Tensor

    def right(self, number: int, answer: Answer) -> tuple[bool, bool]:
        """Whether the reader and D were right about an item."""
        real = bool(self.real[number])
        return answer is real, bool(self.logits[number] > 0) is real


def deal(discriminator: nn.Module, real: Tensor, fake: Tensor, rounds: int, seed: int) -> Deck:
    """Each item is real or fake by a coin, so that counting does not help; none comes twice."""
    rng = torch.Generator().manual_seed(seed)
    coins = torch.rand(rounds, generator=rng) < 0.5
    orders = {True: torch.randperm(len(real), generator=rng).tolist(),
              False: torch.randperm(len(fake), generator=rng).tolist()}  # fmt: skip
    sets = {True: real, False: fake}
    items = torch.stack([sets[coin][orders[coin].pop()] for coin in coins.tolist()])
    return Deck(items, coins, logits(discriminator, items) - offset(discriminator, real, fake))


def offset(discriminator: nn.Module, real: Tensor, fake: Tensor) -> float:
    """Halfway between D's median logits of real and of generated items.

    A D that never learned where 0 is may still tell them apart: in training it sees batches, here
    single items, and with batch norm that shifts all of its logits.
    """
    return sum(logits(discriminator, each[:MEDIAN_OF]).median().item() for each in (real, fake)) / 2


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
        f"D: {d} of {n}, {said[beats_a_coin(d, n)]}.",
    ]
    if beats_a_coin(d, n) and not beats_a_coin(you, n):
        lines.append("D sees something that you did not: it had more pictures, and every pixel.")
    elif beats_a_coin(you, n) and not beats_a_coin(d, n):
        lines.append("You see something that D does not reward or punish: G need not mend it.")
    elif not beats_a_coin(you, n):
        lines.append("These rounds show no difference between real and generated to either of you.")
    else:
        lines.append("Both of you can tell them apart: G has something left to learn.")
    differ = len(by["only you right"]) + len(by["only D right"])
    lines.append(f"You differ in {differ} of {n}.")
    return " ".join(lines)
