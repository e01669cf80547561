"""Answers to lesson 08 as others would write them: unusual right ones, and plausible wrong ones."""

import math

import torch
from torch.nn import functional as F

# 08.1


def frechet_by_singular_values(mean_real, cov_real, mean_fake, cov_fake):
    def half(matrix):
        values, vectors = torch.linalg.eigh(matrix)
        return vectors * values.clamp(min=0).sqrt()

    root = torch.linalg.svdvals(half(cov_real).T @ half(cov_fake)).sum()
    return (
        (mean_real - mean_fake) @ (mean_real - mean_fake) + (cov_real + cov_fake).trace() - 2 * root
    )


def frechet_of_the_other_order(mean_real, cov_real, mean_fake, cov_fake):
    values = torch.linalg.eigvals(cov_fake @ cov_real).sqrt().real.sum()
    parts = F.mse_loss(mean_real, mean_fake, reduction="sum"), cov_real.trace(), cov_fake.trace()
    return float(sum(parts) - 2 * values)


def frechet_by_complex_roots(mean_real, cov_real, mean_fake, cov_fake):
    roots = [complex(v) ** 0.5 for v in torch.linalg.eigvals(cov_real @ cov_fake).tolist()]
    traces = float(cov_real.diagonal().sum() + cov_fake.diagonal().sum())
    return float((mean_real - mean_fake).norm()) ** 2 + traces - 2 * sum(r.real for r in roots)


def frechet_with_mean_square(mean_real, cov_real, mean_fake, cov_fake):
    whole = frechet_by_complex_roots(mean_real, cov_real, mean_fake, cov_fake)
    shift = (mean_real - mean_fake).square()
    return whole - float(shift.sum()) + float(shift.mean())


def frechet_of_deviations(mean_real, cov_real, mean_fake, cov_fake):
    shift = (mean_real - mean_fake).square().sum()
    difference = cov_real.diagonal().sqrt() - cov_fake.diagonal().sqrt()
    return float(shift + difference.square().sum())


def frechet_by_cholesky(mean_real, cov_real, mean_fake, cov_fake):
    lower = torch.linalg.cholesky(cov_real)
    root = torch.linalg.eigvalsh(lower.T @ cov_fake @ lower).sqrt().sum()
    return float((mean_real - mean_fake).square().sum() + (cov_real + cov_fake).trace() - 2 * root)


# 08.2


def limit_by_least_squares(ns, distances):
    design = torch.tensor([[1.0, 1 / n] for n in ns], dtype=torch.float64)
    target = torch.tensor(distances, dtype=torch.float64)
    return torch.linalg.lstsq(design, target[:, None]).solution[0, 0]


def limit_by_inverse(ns, distances):
    design = torch.stack([torch.ones(len(ns)), 1 / torch.tensor(ns)], 1).double()
    return (torch.linalg.pinv(design) @ torch.tensor(distances).double())[0].item()


def limit_by_normal_equations(ns, distances):
    x = [1 / n for n in ns]
    s, sx, sxx = len(x), sum(x), sum(v * v for v in x)
    sy, sxy = sum(distances), sum(v * d for v, d in zip(x, distances, strict=True))
    return (sxx * sy - sx * sxy) / (s * sxx - sx * sx)


def limit_of_two(ns, distances):
    (n, m), (d, e) = (ns[0], ns[-1]), (distances[0], distances[-1])
    return (m * e - n * d) / (m - n)


def limit_as_smallest(ns, distances):
    return min(distances)


def limit_in_n(ns, distances):
    design = torch.tensor([[1.0, n] for n in ns], dtype=torch.float64)
    target = torch.tensor(distances, dtype=torch.float64)
    return torch.linalg.lstsq(design, target[:, None]).solution[0, 0].item()


# 08.3


def precision_by_sorting(real, fake, k):
    radii = (real[:, None] - real).square().sum(2).sort(1).values[:, k]
    near = (fake[:, None] - real).square().sum(2)
    return float((near <= radii).any(1).sum()) / len(fake)


def precision_in_plain_python(real, fake, k):
    real, fake = real.tolist(), fake.tolist()
    radii = [sorted(math.dist(a, b) for b in real)[k] for a in real]
    hits = [any(math.dist(a, f) <= r for a, r in zip(real, radii, strict=True)) for f in fake]
    return sum(hits) / len(hits)


def precision_by_topk(real, fake, k):
    own = (real[:, None] - real).norm(dim=2)
    own.fill_diagonal_(math.inf)
    radii = own.topk(k, largest=False).values.amax(1)
    return (radii - (fake[:, None] - real).norm(dim=2) >= 0).any(1).double().mean()


def precision_without_surface(real, fake, k):
    radii = (real[:, None] - real).square().sum(2).sort(1).values[:, k]
    return float(((fake[:, None] - real).square().sum(2) < radii).any(1).double().mean())


def precision_with_itself(real, fake, k):
    radii = (real[:, None] - real).square().sum(2).sort(1).values[:, k - 1]
    return float(((fake[:, None] - real).square().sum(2) <= radii).any(1).double().mean())


def precision_in_percent(real, fake, k):
    return 100 * precision_in_plain_python(real, fake, k)


def recall_instead(real, fake, k):
    return precision_in_plain_python(fake, real, k)


# 08.4


def acceptance_by_odds(logits, gamma):
    ratio = (logits - logits.amax()).exp()
    return ratio / (ratio + (1 - ratio) * math.exp(gamma))


def acceptance_by_expm1(logits, gamma):
    delta = logits - max(logits.tolist())
    return torch.sigmoid(-torch.log(torch.expm1(-delta)) - gamma)


def acceptance_without_epsilon(logits, gamma):
    delta = (logits - logits.max()).double()
    return (delta - torch.log1p(-delta.exp()) - gamma).sigmoid().float()


def acceptance_by_exp(logits, gamma):
    ratio = logits.exp() / logits.exp().max()
    return ratio / (ratio + (1 - ratio) * math.exp(gamma))


def acceptance_of_sigmoid(logits, gamma):
    return (logits - gamma).sigmoid()


def acceptance_without_gamma(logits, gamma):
    return (logits - logits.max()).exp()


# 08.5


def move_by_odds(old, new):
    return min(1, new * (1 - old) / (old * (1 - new)))


def move_by_logits(old, new):
    pair = torch.tensor([old, new], dtype=torch.float64).logit()
    return (pair[1] - pair[0]).exp().clamp(max=1)


def move_by_cases(old, new):
    return 1.0 if new >= old else new / (1 - new) * (1 - old) / old


def move_by_probability(old, new):
    return 1.0 if new > old else new / old


def move_backwards(old, new):
    return min(1.0, old / (1 - old) * (1 - new) / new)


def move_unbounded(old, new):
    return new / (1 - new) * (1 - old) / old


RIGHT = {
    "08.1": [frechet_by_singular_values, frechet_of_the_other_order, frechet_by_complex_roots],
    "08.2": [limit_by_least_squares, limit_by_inverse, limit_by_normal_equations],
    "08.3": [precision_by_sorting, precision_in_plain_python, precision_by_topk],
    "08.4": [acceptance_by_odds, acceptance_by_expm1, acceptance_without_epsilon],
    "08.5": [move_by_odds, move_by_logits, move_by_cases],
}

WRONG = {
    "08.1": [
        (frechet_with_mean_square, "too small"),
        (frechet_of_deviations, "too small"),
        (frechet_by_cholesky, "raises an error"),
    ],
    "08.2": [
        (limit_of_two, "too"),
        (limit_as_smallest, "still has its bias"),
        (limit_in_n, "a line in n"),
    ],
    "08.3": [
        (precision_without_surface, "ties"),
        (precision_with_itself, "its own nearest neighbour"),
        (precision_in_percent, "too large"),
        (recall_instead, "this is recall"),
    ],
    "08.4": [
        (acceptance_by_exp, "not finite"),
        (acceptance_of_sigmoid, "takes D itself for F"),
        (acceptance_without_gamma, "right for gamma = 0"),
    ],
    "08.5": [
        (move_by_probability, "d is not the ratio"),
        (move_backwards, "the other way round"),
        (move_unbounded, "at most 1"),
    ],
}
