"""Answers to lesson 05 as others would write them: unusual right ones, and plausible wrong ones."""

import re

import torch
from torch import nn
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


def turn_with_new_fakes(generator, discriminator, optimiser_g, optimiser_d, real, z):
    game = LOSSES["nonsaturating"]
    with torch.no_grad():
        fake = generator(z)
    optimiser_d.zero_grad()
    game.discriminator(discriminator(real), discriminator(fake)).backward()
    optimiser_d.step()
    discriminator.requires_grad_(False)
    optimiser_g.zero_grad()
    game.generator(discriminator(generator(z))).backward()
    optimiser_g.step()
    discriminator.requires_grad_(True)


def turn_with_a_kept_graph(generator, discriminator, optimiser_g, optimiser_d, real, z):
    fake = generator(z)
    optimiser_d.zero_grad()
    loss = -F.logsigmoid(discriminator(real)).mean() - F.logsigmoid(-discriminator(fake)).mean()
    loss.backward(retain_graph=True)
    optimiser_d.step()
    optimiser_g.zero_grad()
    (-F.logsigmoid(discriminator(fake)).mean()).backward()
    optimiser_g.step()


def turn_by_cross_entropies(generator, discriminator, optimiser_g, optimiser_d, real, z):
    entropy = torch.nn.BCEWithLogitsLoss()
    real_says, fake = discriminator(real), generator(z)
    says = discriminator(fake.detach())
    optimiser_d.zero_grad()
    (
        entropy(real_says, torch.ones_like(real_says)) + entropy(says, torch.zeros_like(says))
    ).backward()
    optimiser_d.step()
    says = discriminator(fake)
    optimiser_g.zero_grad()
    entropy(says, torch.ones_like(says)).backward()
    optimiser_g.step()


def turn_that_freezes_the_discriminator(
    generator, discriminator, optimiser_g, optimiser_d, real, z
):
    turn_with_new_fakes(generator, discriminator, optimiser_g, optimiser_d, real, z)
    discriminator.requires_grad_(False)


def turn_that_freezes_the_generator(generator, discriminator, optimiser_g, optimiser_d, real, z):
    turn_with_new_fakes(generator, discriminator, optimiser_g, optimiser_d, real, z)
    generator.requires_grad_(False)


def turn_as_given(generator, discriminator, optimiser_g, optimiser_d, real, z):
    fake = generator(z)
    loss_d = F.softplus(-discriminator(real)).mean()
    loss_d = loss_d + F.softplus(-discriminator(fake.detach())).mean()
    loss_d.backward()
    optimiser_d.step()
    loss_g = F.softplus(-fake).mean()
    optimiser_g.zero_grad()
    loss_g.backward()
    optimiser_g.step()


def turn_that_keeps_old_gradients(generator, discriminator, optimiser_g, optimiser_d, real, z):
    fake = generator(z)
    loss_d = F.softplus(-discriminator(real)).mean()
    loss_d = loss_d + F.softplus(discriminator(fake.detach())).mean()
    loss_d.backward()
    optimiser_d.step()
    optimiser_g.zero_grad()
    F.softplus(-discriminator(fake)).mean().backward()
    optimiser_g.step()


def turn_with_one_sum(generator, discriminator, optimiser_g, optimiser_d, real, z):
    game, fake = LOSSES["nonsaturating"], generator(z)
    loss_d = game.discriminator(discriminator(real), discriminator(fake.detach()))
    optimiser_d.zero_grad()
    optimiser_g.zero_grad()
    (loss_d + game.generator(discriminator(fake))).backward()
    optimiser_d.step()
    optimiser_g.step()


def turn_of_d_alone(generator, discriminator, optimiser_g, optimiser_d, real, z):
    game, fake = LOSSES["nonsaturating"], generator(z).detach()
    optimiser_d.zero_grad()
    game.discriminator(discriminator(real), discriminator(fake)).backward()
    optimiser_d.step()


def turn_with_fakes_cut_off(generator, discriminator, optimiser_g, optimiser_d, real, z):
    turn_of_d_alone(generator, discriminator, optimiser_g, optimiser_d, real, z)
    optimiser_g.zero_grad()
    discriminator.requires_grad_(False)
    F.softplus(-discriminator(generator(z).detach())).mean().backward()


# 05.3


class Whole(nn.Module):
    def __init__(self, size, hidden, slope=0.2):
        super().__init__()
        self.first = nn.Linear(size * size, hidden)
        self.second = nn.Linear(hidden, hidden)
        self.last = nn.Linear(hidden, 1)
        self.slope = slope

    def forward(self, x):
        h = F.leaky_relu(self.first(x.view(len(x), -1)), self.slope)
        return self.last(F.leaky_relu(self.second(h), self.slope)).squeeze(1)


def seen_by_a_class(size, hidden):
    return Whole(size, hidden)


def seen_by_a_convolution(size, hidden):
    return nn.Sequential(
        nn.Conv2d(1, hidden, size), nn.LeakyReLU(0.2),
        nn.Conv2d(hidden, hidden, 1), nn.LeakyReLU(0.2),
        nn.Conv2d(hidden, 1, 1), nn.Flatten(0),
    )  # fmt: skip


def seen_by_a_list(size, hidden):
    layers = [nn.Flatten(1, 3), nn.Linear(size**2, hidden), nn.LeakyReLU(0.2)]
    layers += [nn.Linear(hidden, hidden), nn.LeakyReLU(0.2), nn.Linear(hidden, 1)]
    return nn.Sequential(*layers, nn.Flatten(0, -1))


def seen_by_rows(size, hidden):
    return nn.Sequential(
        nn.Linear(size, hidden), nn.LeakyReLU(),
        nn.Linear(hidden, hidden), nn.LeakyReLU(),
        nn.Linear(hidden, 1), nn.Sigmoid(),
    )  # fmt: skip


def seen_with_a_small_slope(size, hidden):
    return Whole(size, hidden, slope=0.01)


def seen_as_probabilities(size, hidden):
    return nn.Sequential(Whole(size, hidden), nn.Sigmoid())


def seen_without_rectifiers(size, hidden):
    return Whole(size, hidden, slope=1.0)


def seen_by_a_plain_rectifier(size, hidden):
    return Whole(size, hidden, slope=0.0)


def seen_in_a_column(size, hidden):
    return nn.Sequential(Whole(size, hidden), nn.Unflatten(0, (-1, 1)))


def seen_in_one_piece(size, hidden):
    return nn.Sequential(nn.Flatten(0), *seen_by_a_convolution(size, hidden))


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
    "05.2": [turn_with_new_fakes, turn_with_a_kept_graph, turn_by_cross_entropies],
    "05.3": [seen_by_a_class, seen_by_a_convolution, seen_by_a_list],
    "05.4": [names_by_their_first_part, names_by_a_pattern, names_by_a_table],
}

WRONG = {
    "05.1": [
        (all_called_real, "have the label real"),
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
        (turn_as_given, "nothing is mended yet"),
        (turn_that_freezes_the_discriminator, "a player stays frozen"),
        (turn_that_freezes_the_generator, "a player stays frozen"),
        (turn_that_keeps_old_gradients, "gradients of the turn before"),
        (turn_with_one_sum, "one backward pass over both"),
        (turn_of_d_alone, "(G's weights)"),
        (turn_with_fakes_cut_off, "raises an error"),
    ],
    "05.3": [
        (seen_by_rows, "nothing is mended yet"),
        (seen_with_a_small_slope, "0.01 if you name none"),
        (seen_as_probabilities, "these are probabilities"),
        (seen_in_a_column, "in a column"),
        (seen_without_rectifiers, "off by up to"),
        (seen_by_a_plain_rectifier, "off by up to"),
        (seen_in_one_piece, "raises an error"),
    ],
    "05.4": [
        (names_with_the_word, "somewhere"),
        (names_beginning_alike, "the point too"),
        (names_in_another_order, "which is"),
        (names_taken_out, "changes its argument `names`"),
        (names_of_a_careless_pattern, "the point too"),
    ],
}
