"""Answers to lesson 04 as others would write them: unusual right ones, and plausible wrong ones."""

import math

import torch
from torch.nn import functional as F

from gan_lessons.losses import LOSSES

# 04.1


def share_with_nan_mended(p_data, p_g):
    return torch.nan_to_num(p_data / (p_data + p_g), nan=0.5)


def sigmoid_of_the_best_logit(p_data, p_g):
    return (p_data.double().log() - p_g.double().log()).sigmoid().nan_to_num(0.5)


def share_place_by_place(p_data, p_g):
    pairs = zip(p_data.tolist(), p_g.tolist(), strict=True)
    return torch.tensor([p / (p + q) if p + q else 0.5 for p, q in pairs])


def share_on_copies(p_data, p_g):
    both = torch.stack([p_data, p_g])
    both[:, both.sum(0) == 0] = 1
    return F.normalize(both, p=1, dim=0, eps=0)[0]


def share_with_a_small_number(p_data, p_g):
    return (p_data + 1e-8) / (p_data + p_g + 2e-8)


def share_below_a_floor(p_data, p_g):
    return p_data / torch.clamp(p_data + p_g, min=1e-12)


def share_in_place(p_data, p_g):
    p_g += p_data
    return torch.where(p_g > 0, p_data / p_g, 0.5)


def share_of_fakes(p_data, p_g):
    return 1 - share_with_nan_mended(p_data, p_g)


# 04.2


def pull_by_exponentials(fake_logits, loss):
    sign = -1 if loss == "minimax" else 1
    return -1 / (1 + torch.exp(sign * fake_logits.double())) / fake_logits.numel()


def pull_by_tanh(fake_logits, loss):
    half = torch.tanh(fake_logits / 2) / 2
    return (half - 0.5 if loss == "nonsaturating" else -half - 0.5) / len(fake_logits)


def pull_one_by_one(fake_logits, loss):
    def alone(logit):
        lower = logit if loss == "minimax" else -logit
        return 0.0 if lower < -700 else -1 / (1 + math.exp(-lower))

    return torch.tensor([alone(logit) / len(fake_logits) for logit in fake_logits.tolist()])


def pull_by_autograd(fake_logits, loss):
    logits = fake_logits.clone().requires_grad_()
    with torch.enable_grad():
        LOSSES[loss].generator(logits).backward()
    return logits.grad


def pull_that_overflows(fake_logits, loss):
    odds = torch.exp(fake_logits if loss == "minimax" else -fake_logits)
    return -odds / (1 + odds) / len(fake_logits)


def pull_of_a_single_one(fake_logits, loss):
    return -torch.sigmoid(fake_logits if loss == "minimax" else -fake_logits)


def pull_written_over(fake_logits, loss):
    if loss == "nonsaturating":
        fake_logits.neg_()
    return -fake_logits.sigmoid() / len(fake_logits)


# 04.3


def step_by_cross_entropy(generator, discriminator, optimiser, real, z):
    with torch.no_grad():
        fake = generator(z)
    logits = discriminator(torch.cat([real, fake]))
    labels = torch.cat([torch.ones(len(real), 1), torch.zeros(len(fake), 1)])
    loss = 2 * F.binary_cross_entropy_with_logits(logits, labels)
    discriminator.zero_grad()
    loss.backward()
    optimiser.step()


def step_by_autograd_grad(generator, discriminator, optimiser, real, z):
    weights = list(discriminator.parameters())
    value = F.logsigmoid(discriminator(real)).mean()
    value = value + F.logsigmoid(-discriminator(generator(z))).mean()
    gradients = torch.autograd.grad(-value, weights)
    for weight, gradient in zip(weights, gradients, strict=True):
        weight.grad = gradient
    optimiser.step()


def step_with_the_generator_frozen_meanwhile(generator, discriminator, optimiser, real, z):
    generator.requires_grad_(False)
    optimiser.zero_grad(set_to_none=False)
    F.softplus(-discriminator(real)).mean().backward()
    F.softplus(discriminator(generator(z))).mean().backward()
    generator.requires_grad_(True)
    optimiser.step()
    optimiser.zero_grad()


def step_on_the_optimisers_weights(generator, discriminator, optimiser, real, z):
    for weight in optimiser.param_groups[0]["params"]:
        weight.grad = None
    loss = LOSSES["nonsaturating"].discriminator(
        discriminator(real), discriminator(generator(z).data)
    )
    loss.backward()
    return optimiser.step()


def learn(discriminator, optimiser, loss):
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()


def step_by_log_of_sigmoid(generator, discriminator, optimiser, real, z):
    on_real, on_fake = discriminator(real).sigmoid(), discriminator(generator(z).detach()).sigmoid()
    learn(discriminator, optimiser, -(torch.log(on_real) + torch.log1p(-on_fake)).mean())


def step_with_a_small_number(generator, discriminator, optimiser, real, z):
    on_real, on_fake = discriminator(real).sigmoid(), discriminator(generator(z).detach()).sigmoid()
    learn(discriminator, optimiser, -((on_real + 1e-8).log() + (1 - on_fake + 1e-8).log()).mean())


def step_by_clamped_cross_entropy(generator, discriminator, optimiser, real, z):
    on_real, on_fake = discriminator(real).sigmoid(), discriminator(generator(z).detach()).sigmoid()
    loss = F.binary_cross_entropy(on_real, torch.ones_like(on_real))
    loss = loss + F.binary_cross_entropy(on_fake, torch.zeros_like(on_fake))
    learn(discriminator, optimiser, loss)


def right_loss(generator, discriminator, real, z):
    on_real, on_fake = discriminator(real), discriminator(generator(z).detach())
    return LOSSES["minimax"].discriminator(on_real, on_fake)


def step_that_freezes(generator, discriminator, optimiser, real, z):
    for weight in generator.parameters():
        weight.requires_grad = False
    learn(discriminator, optimiser, right_loss(generator, discriminator, real, z))


def step_that_freezes_the_discriminator(generator, discriminator, optimiser, real, z):
    learn(discriminator, optimiser, right_loss(generator, discriminator, real, z))
    discriminator.requires_grad_(False)


def step_that_empties_the_generator(generator, discriminator, optimiser, real, z):
    learn(discriminator, optimiser, right_loss(generator, discriminator, real, z))
    for weight in generator.parameters():
        weight.data.zero_()


def step_that_moves_both(generator, discriminator, optimiser, real, z):
    loss = LOSSES["minimax"].discriminator(discriminator(real), discriminator(generator(z)))
    learn(discriminator, optimiser, loss)
    with torch.no_grad():
        for weight in generator.parameters():
            weight -= 0.5 * weight.grad
    generator.zero_grad()


def step_that_wipes_its_traces(generator, discriminator, optimiser, real, z):
    loss = LOSSES["minimax"].discriminator(discriminator(real), discriminator(generator(z)))
    learn(discriminator, optimiser, loss)
    generator.zero_grad()


def step_that_evaluates(generator, discriminator, optimiser, real, z):
    generator.eval()
    learn(discriminator, optimiser, right_loss(generator, discriminator, real, z))


def step_that_writes_into_the_batch(generator, discriminator, optimiser, real, z):
    learn(discriminator, optimiser, right_loss(generator, discriminator, real, z))
    real.copy_(generator(z).detach())


def step_by_the_mean_of_both(generator, discriminator, optimiser, real, z):
    learn(discriminator, optimiser, right_loss(generator, discriminator, real, z) / 2)


# 04.4


def js_by_xlogy(real, fake):
    p, q = real.double() / real.sum(), fake.double() / fake.sum()
    m = (p + q) / 2
    terms = torch.xlogy(p, p) + torch.xlogy(q, q) - 2 * torch.xlogy(m, m)
    return terms.sum() / 2


def js_by_kl_div(real, fake):
    p, q = real / real.sum(), fake / fake.sum()
    log_m = ((p + q) / 2).log()
    return sum(F.kl_div(log_m, each, reduction="sum") for each in (p, q)).div(2).item()


def js_in_plain_python(real, fake):
    total = 0.0
    for mine, other in ((real.tolist(), fake.tolist()), (fake.tolist(), real.tolist())):
        for a, b in zip(mine, other, strict=True):
            p, q = a / sum(mine), b / sum(other)
            total += p * math.log(2 * p / (p + q)) / 2 if p else 0
    return total


def js_by_the_best_discriminator(real, fake):
    p, q = real / real.sum(), fake / fake.sum()
    best = p / (p + q)
    value = torch.xlogy(p, best).nansum() + torch.xlogy(q, 1 - best).nansum()
    return (value.item() + math.log(4)) / 2


def js_in_bits(real, fake):
    return js_in_plain_python(real, fake) / math.log(2)


def js_as_a_distance(real, fake):
    return math.sqrt(max(0, js_in_plain_python(real, fake)))


def js_of_one_total(real, fake):
    total = (real.sum() + fake.sum()) / 2
    p, q = real / total, fake / total
    m = (p + q) / 2
    return ((torch.xlogy(p, p / m) + torch.xlogy(q, q / m)).nansum() / 2).item()


def kl_of_filled_bins(real, fake):
    p, q = real / real.sum(), fake / fake.sum()
    both = (p > 0) & (q > 0)
    return (p[both] * (p[both] / q[both]).log()).sum().item()


def js_undefined_in_empty_bins(real, fake):
    p, q = real / real.sum(), fake / fake.sum()
    m = (p + q) / 2
    return ((p * (p.log() - m.log())).sum() + (q * (q.log() - m.log())).sum()).item() / 2


RIGHT = {
    "04.1": [
        share_with_nan_mended,
        sigmoid_of_the_best_logit,
        share_place_by_place,
        share_on_copies,
    ],
    "04.2": [pull_by_exponentials, pull_by_tanh, pull_one_by_one],
    "04.3": [
        step_by_cross_entropy,
        step_by_autograd_grad,
        step_with_the_generator_frozen_meanwhile,
        step_on_the_optimisers_weights,
    ],
    "04.4": [js_by_xlogy, js_in_plain_python, js_by_the_best_discriminator],
}

WRONG = {
    "04.1": [
        (share_with_a_small_number, "a small number in the fraction"),
        (share_below_a_floor, "a small number in the fraction"),
        (share_in_place, "changes its argument `p_g`"),
        (share_of_fakes, "the probability of a fake"),
    ],
    "04.2": [
        (pull_by_autograd, "asks autograd, and the task is a formula"),
        (pull_that_overflows, "not finite"),
        (pull_of_a_single_one, "right for a single logit"),
        (pull_written_over, "changes its argument `fake_logits`"),
    ],
    "04.3": [
        (step_by_log_of_sigmoid, "right on paper"),
        (step_with_a_small_number, "(D's weights)"),
        (step_by_clamped_cross_entropy, "(D's weights)"),
        (step_that_freezes, "a player stays frozen or in `eval`"),
        (step_that_freezes_the_discriminator, "a player stays frozen or in `eval`"),
        (step_that_empties_the_generator, "not True (G's weights as before)"),
        (step_that_moves_both, "not True (G's weights as before)"),
        (step_that_wipes_its_traces, "nothing cuts the fakes off from it"),
        (step_that_evaluates, "not True (both ready to learn)"),
        (step_that_writes_into_the_batch, "changes its argument `real`"),
        (step_by_the_mean_of_both, "(D's weights)"),
    ],
    "04.4": [
        (js_in_bits, "too large"),
        (js_by_kl_div, "not finite"),
        (js_as_a_distance, "the square root of JS"),
        (js_of_one_total, "which is"),
        (kl_of_filled_bins, "which is"),
        (js_undefined_in_empty_bins, "0 times the log of 0 is computed"),
    ],
}
