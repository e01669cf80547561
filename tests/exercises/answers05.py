"""Answers to lesson 05 as others would write them: unusual right ones, and plausible wrong ones."""

import itertools
import math
import re

import numpy as np
import torch
from torch.nn import functional as F

from gan_lessons.losses import LOSSES

# 05.1


def labels_by_cross_entropy(real_logits, fake_logits):
    real = F.binary_cross_entropy_with_logits(real_logits, torch.ones_like(real_logits))
    return real + F.binary_cross_entropy_with_logits(fake_logits, torch.zeros_like(fake_logits))


def labels_by_logsigmoid(real_logits, fake_logits):
    return -F.logsigmoid(real_logits).mean() - F.logsigmoid(-fake_logits).mean()


def labels_in_float64(real_logits, fake_logits):
    zero = torch.zeros((), dtype=torch.float64)
    real = torch.logaddexp(zero, -real_logits.double())
    return real.mean() + torch.logaddexp(zero, fake_logits.double()).mean()


def labels_by_a_weighted_sum(real_logits, fake_logits):
    sizes = [len(real_logits), len(fake_logits)]
    each = F.softplus(torch.cat([-real_logits, fake_logits]))
    return sum(part.sum() / size for part, size in zip(each.split(sizes), sizes, strict=True))


def all_called_real(real_logits, fake_logits):
    return -F.logsigmoid(real_logits).mean() - F.logsigmoid(fake_logits).mean()


def labels_swapped(real_logits, fake_logits):
    return -F.logsigmoid(-real_logits).mean() - F.logsigmoid(fake_logits).mean()


def no_fakes(real_logits, fake_logits):
    return -F.logsigmoid(real_logits).mean()


def labels_detached(real_logits, fake_logits):
    return LOSSES["nonsaturating"].discriminator(real_logits, fake_logits).detach()


def fakes_detached(real_logits, fake_logits):
    return labels_by_logsigmoid(real_logits, fake_logits.detach())


def labels_as_a_number(real_logits, fake_logits):
    return labels_by_logsigmoid(real_logits, fake_logits).item()


def labels_with_a_small_number(real_logits, fake_logits):
    real, fake = real_logits.sigmoid(), fake_logits.sigmoid()
    return -(real + 1e-12).log().mean() - (1 - fake + 1e-12).log().mean()


def labels_by_clamped_cross_entropy(real_logits, fake_logits):
    real, fake = real_logits.sigmoid(), fake_logits.sigmoid()
    return F.binary_cross_entropy(real, real.detach() * 0 + 1) + F.binary_cross_entropy(
        fake, fake.detach() * 0
    )


def labels_with_logits_clamped(real_logits, fake_logits):
    return labels_by_logsigmoid(real_logits.clamp(-30, 30), fake_logits.clamp(-30, 30))


# 05.2


def weights_counted(sizes):
    return sum(torch.empty(b, a).numel() for a, b in itertools.pairwise(sizes))


def adds_by_a_dot_product(sizes):
    return np.dot(sizes[:-1], sizes[1:])


def adds_by_recursion(sizes):
    return 0 if len(sizes) < 2 else sizes[0] * sizes[1] + adds_by_recursion(sizes[1:])


def adds_with_biases(sizes):
    return sum(a * b + b for a, b in itertools.pairwise(sizes))


def sizes_added(sizes):
    return sum(map(sum, itertools.pairwise(sizes)))


def sizes_used_up(sizes):
    total = 0
    while len(sizes) > 1:
        total += sizes.pop(0) * sizes[0]
    return total


def adds_in_float(sizes):
    return torch.tensor(sizes[:-1]).float() @ torch.tensor(sizes[1:]).float()


# 05.3


def channels_by_search(budget, latent, hidden):
    return max(c for c in range(40) if latent * hidden + c * 196 * (hidden + 16) <= budget)


def channels_by_rounding(budget, latent, hidden):
    return math.floor((budget - latent * hidden) / (196 * (hidden + 16)))


def channels_counted_up(budget, latent, hidden):
    left, channels = budget - latent * hidden, 0
    while left >= hidden * 196 + 14**2 * 4**2:
        left -= hidden * 196 + 14**2 * 4**2
        channels += 1
    return torch.tensor(channels)


def kernel_at_each_output(budget, latent, hidden):
    return (budget - latent * hidden) // (14**2 * hidden + 28**2 * 16)


def deconvolution_for_free(budget, latent, hidden):
    return (budget - latent * hidden) // (14**2 * hidden)


def a_share_of_a_channel(budget, latent, hidden):
    return (budget - latent * hidden) / (196 * (hidden + 16))


def at_least_one_channel(budget, latent, hidden):
    return max(1, channels_by_rounding(budget, latent, hidden))


# 05.4


def names_by_their_first_part(names, player):
    return [name for name in names if name.split(".")[0] == player]


def names_by_a_pattern(names, player):
    return [name for name in names if re.match(rf"{player}\.", name)]


def names_by_a_table(names, player):
    table = {}
    for name in names:
        table.setdefault(name.partition(".")[0], []).append(name)
    return tuple(table.get(player, ()))


def names_with_the_word(names, player):
    return [name for name in names if name.find(player) >= 0]


def names_beginning_alike(names, player):
    return [name for name in names if not name.find(player)]


def names_in_another_order(names, player):
    return sorted(names_by_a_pattern(names, player))


def names_taken_out(names, player):
    own = names_by_a_pattern(names, player)
    for name in own:
        names.remove(name)
    return own


def names_of_a_careless_pattern(names, player):
    return [name for name in names if re.match(f"{player}.", name)]


RIGHT = {
    "05.1": [
        labels_by_cross_entropy,
        labels_by_logsigmoid,
        labels_in_float64,
        labels_by_a_weighted_sum,
        LOSSES["nonsaturating"].discriminator,
    ],
    "05.2": [weights_counted, adds_by_a_dot_product, adds_by_recursion],
    "05.3": [channels_by_search, channels_by_rounding, channels_counted_up],
    "05.4": [names_by_their_first_part, names_by_a_pattern, names_by_a_table],
}

WRONG = {
    "05.1": [
        (all_called_real, "told to be real"),
        (labels_swapped, "changed places"),
        (no_fakes, "the fakes are missing"),
        (labels_detached, "of type NoneType where a tensor is expected (gradient)"),
        (fakes_detached, "(gradient)"),
        (labels_as_a_number, "of type float where a tensor is expected (loss)"),
        (labels_with_a_small_number, "(gradient)"),
        (labels_by_clamped_cross_entropy, "(gradient)"),
        (labels_with_logits_clamped, "(gradient)"),
    ],
    "05.2": [
        (adds_with_biases, "a bias is added once"),
        (sizes_added, "multiply the two"),
        (sizes_used_up, "changes its argument `sizes`"),
        (adds_in_float, "of type Tensor where a whole number is expected"),
    ],
    "05.3": [
        (kernel_at_each_output, "14 · 14 input"),
        (deconvolution_for_free, "missing from the bill"),
        (a_share_of_a_channel, "of type float where a whole number is expected"),
        (at_least_one_channel, "1 too large"),
    ],
    "05.4": [
        (names_with_the_word, "somewhere"),
        (names_beginning_alike, "the point too"),
        (names_in_another_order, "which is"),
        (names_taken_out, "changes its argument `names`"),
        (names_of_a_careless_pattern, "the point too"),
    ],
}
