"""Answers to lesson 07 as others would write them: unusual right ones, and plausible wrong ones."""

import cmath
import math

import numpy as np
import torch

# 07.1


def turn_by_columns(slope, gamma, rate, d_updates):
    state = torch.eye(2)  # both starts at once, as columns
    for _ in range(d_updates):
        velocity = torch.tensor([-slope, -gamma]) @ state
        state = torch.stack([state[0], state[1] + rate * velocity])
    return torch.stack([state[0] + rate * slope * state[1], state[1]])


def turn_by_a_geometric_sum(slope, gamma, rate, d_updates):
    kept = (1 - rate * gamma) ** d_updates
    pulled = -rate * slope * sum((1 - rate * gamma) ** i for i in range(d_updates))
    push = rate * slope
    return torch.tensor([[1 + push * pulled, push * kept], [pulled, kept]], dtype=torch.float64)


def turn_by_numpy(slope, gamma, rate, d_updates):
    of_d = np.eye(2) + rate * np.array([[0, 0], [-slope, -gamma]])
    of_g = np.eye(2) + rate * np.array([[0, slope], [0, 0]])
    return torch.from_numpy(of_g @ np.linalg.matrix_power(of_d, d_updates))


def turn_of_g_first(slope, gamma, rate, d_updates):
    of_d = torch.tensor([[1.0, 0.0], [-rate * slope, 1 - rate * gamma]])
    for _ in range(d_updates - 1):
        of_d = of_d @ torch.tensor([[1.0, 0.0], [-rate * slope, 1 - rate * gamma]])
    return of_d @ torch.tensor([[1.0, rate * slope], [0.0, 1.0]])


def turn_of_one_long_step(slope, gamma, rate, d_updates):
    longer = d_updates * rate
    of_d = torch.tensor([[1.0, 0.0], [-longer * slope, 1 - longer * gamma]])
    return torch.tensor([[1.0, rate * slope], [0.0, 1.0]]) @ of_d


def turn_of_one_update(slope, gamma, rate, d_updates):
    return turn_by_columns(slope, gamma, rate, 1)


def turn_simultaneous(slope, gamma, rate, d_updates):
    return torch.tensor([[1.0, rate * slope], [-rate * slope, 1 - rate * gamma]])


def turn_as_lists(slope, gamma, rate, d_updates):
    return turn_by_columns(slope, gamma, rate, d_updates).tolist()


# 07.2


def rate_by_search(slope, gamma):
    low, high = 0.0, 4 / gamma + gamma / slope**2
    root = cmath.sqrt(gamma**2 / 4 - slope**2)
    for _ in range(50):
        rate = (low + high) / 2
        largest = max(abs(1 + rate * (-gamma / 2 + sign * root)) for sign in (1, -1))
        low, high = (rate, high) if largest < 1 else (low, rate)
    return high


def rate_by_the_smaller_of_two(slope, gamma):
    ways = [gamma / slope**2]
    if gamma >= 2 * slope:
        ways.append(2 / (gamma / 2 + math.sqrt(gamma**2 / 4 - slope**2)))
    return min(ways)


def rate_by_torch(slope, gamma):
    values = torch.linalg.eigvals(torch.tensor([[0.0, slope], [-slope, -gamma]]).double())
    # |1 + r λ| = 1 where r = -2 Re λ / |λ|²
    return (-2 * values.real / values.abs() ** 2).min()


def rate_of_spirals(slope, gamma):
    return gamma / (slope * slope)


def rate_of_real_values(slope, gamma):
    root = cmath.sqrt(gamma**2 / 4 - slope**2)
    return 2 / max(abs(-gamma / 2 + root), abs(-gamma / 2 - root))


def rate_of_a_wrong_root(slope, gamma):
    return rate_of_spirals(slope, gamma) if gamma < 2 * slope else 2 / gamma


def rate_that_needs_spirals(slope, gamma):
    return gamma / slope**2 / (1 if gamma < 2 * slope else 0)


# 07.3


def r1_by_einsum(a, b, real):
    slope = a[None] + b * real
    return [slope.sum(0) / len(real), torch.einsum("nd,nd->", slope, real) / len(real)]


def r1_with_a_number(a, b, real):
    slope = a + b * real
    return slope.mean(0), float((slope * real).sum(1).mean())


def r1_by_moments(a, b, real):
    mean, second = real.mean(0), real.square().sum() / len(real)
    return a + b * mean, a @ mean + b * second


def r1_in_a_loop(a, b, real):
    of_a, of_b = torch.zeros_like(a), 0.0
    for x in real:
        of_a = of_a + (a + b * x) / len(real)
        of_b += float((a + b * x) @ x) / len(real)
    return of_a, torch.tensor(of_b)


def r1_without_the_half(a, b, real):
    return tuple(2 * each for each in r1_by_moments(a, b, real))


def r1_as_a_sum(a, b, real):
    return tuple(len(real) * each for each in r1_by_moments(a, b, real))


def r1_by_autograd(a, b, real):
    a, b = a.clone().requires_grad_(), torch.tensor(b, requires_grad=True)
    penalty = 0.5 * (a + b * real).square().sum(1).mean()
    return torch.autograd.grad(penalty, (a, b))


def r1_of_means(a, b, real):
    mean = real.mean(0)
    return a + b * mean, (a + b * mean) @ mean


# 07.4


def diagnosis_in_plain_python(loss_d, spread, spread_real):
    losses = loss_d.tolist()
    if not all(map(math.isfinite, losses)):
        return "nan"
    late = losses[len(losses) - len(losses) // 10 :]
    if math.fsum(late) / len(late) < 0.1:
        return "D wins"
    return "collapse" if 10 * spread.tolist()[-1] < spread_real else "fine"


def diagnosis_by_the_sum(loss_d, spread, spread_real):
    if math.isnan((0 * loss_d).sum().item()):
        return "nan"
    late = torch.chunk(loss_d, 10)[-1].mean()
    narrow = spread[-1] / spread_real < 0.1
    return ("D wins" if late < 0.1 else "collapse" if narrow else "fine").strip()


def diagnosis_by_a_table(loss_d, spread, spread_real):
    late = loss_d.flip(0)[: loss_d.numel() // 10]
    signs = {
        "nan": bool((loss_d.isnan() | loss_d.isinf()).any()),
        "D wins": bool(late.mean() < 0.1),
        "collapse": bool(spread.flip(0)[0] * 10 < spread_real),
        "fine": True,
    }
    return next(word for word, holds in signs.items() if holds)


def diagnosis_by_the_median(loss_d, spread, spread_real):
    if not loss_d.isfinite().all():
        return "nan"
    if loss_d[-(len(loss_d) // 10) :].quantile(0.5) < 0.1:
        return "D wins"
    return "collapse" if spread[-1] < 0.1 * spread_real else "fine"


def diagnosis_of_losses_below(limit, narrow=0.1):
    def diagnosis(loss_d, spread, spread_real):
        if not loss_d.isfinite().all():
            return "nan"
        if loss_d[-(len(loss_d) // 10) :].mean() < limit:
            return "D wins"
        return "collapse" if spread[-1] < narrow * spread_real else "fine"

    return diagnosis


def diagnosis_of_the_last_loss(loss_d, spread, spread_real):
    if not loss_d.isfinite().all():
        return "nan"
    if loss_d[-1] < 0.1:
        return "D wins"
    return "collapse" if spread[-1] < 0.1 * spread_real else "fine"


def diagnosis_without_scale(loss_d, spread, spread_real):
    word = diagnosis_in_plain_python(loss_d, spread, 1.0)
    return word


def diagnosis_of_a_collapse_first(loss_d, spread, spread_real):
    if spread[-1] < 0.1 * spread_real:
        return "collapse"
    return diagnosis_in_plain_python(loss_d, spread, spread_real)


def diagnosis_in_capitals(loss_d, spread, spread_real):
    return diagnosis_in_plain_python(loss_d, spread, spread_real).upper()


RIGHT = {
    "07.1": [turn_by_columns, turn_by_a_geometric_sum, turn_by_numpy],
    "07.2": [rate_by_search, rate_by_the_smaller_of_two, rate_by_torch],
    "07.3": [r1_by_einsum, r1_with_a_number, r1_by_moments, r1_in_a_loop],
    "07.4": [diagnosis_in_plain_python, diagnosis_by_the_sum, diagnosis_by_a_table],
}

WRONG = {
    "07.1": [
        (turn_of_g_first, "D moves first here"),
        (turn_of_one_long_step, "one long step of D"),
        (turn_of_one_update, "you let it take one"),
        (turn_simultaneous, "off by up to"),
        (turn_as_lists, "of type list where a tensor is expected"),
    ],
    "07.2": [
        (rate_of_spirals, "right for a spiral"),
        (rate_of_real_values, "right for real λ"),
        (rate_of_a_wrong_root, "which is  too"),
        (rate_that_needs_spirals, "ZeroDivisionError"),
    ],
    "07.3": [
        (r1_without_the_half, "a factor ½"),
        (r1_as_a_sum, "mean over the points"),
        (r1_of_means, "not the product of the means"),
        (r1_by_autograd, "asks autograd"),
    ],
    "07.4": [
        (diagnosis_of_the_last_loss, "a single step is noise"),
        (diagnosis_without_scale, "narrow is relative"),
        (diagnosis_of_a_collapse_first, "got       'collapse'"),
        (diagnosis_in_capitals, "not 'fine'"),
        (diagnosis_by_the_median, "got       'D wins'"),
        (diagnosis_of_losses_below(0.19), "got       'D wins'"),
        (diagnosis_of_losses_below(0.1, narrow=0.05), "got       'fine'"),
    ],
}
