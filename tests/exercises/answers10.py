"""Answers to lesson 10 as others would write them: unusual right ones, and plausible wrong ones."""

import math

import torch
from torch.nn import functional as F

# 10.1


def class_part_by_log_softmax(p, q):
    return p.log().log_softmax(1) - q.log().log_softmax(1)


def class_part_by_bayes(p, q):
    return (p / q).log() - (p.sum(1) / q.sum(1)).log()[:, None]


def class_part_by_loop(p, q):
    rows = [(a / a.sum() * b.sum() / b).log() for a, b in zip(p, q, strict=True)]
    return torch.stack(rows)


def class_part_of_pairs(p, q):
    return p.log() - q.log()


def class_part_given_class(p, q):
    return (p / p.sum(0)).log() - (q / q.sum(0)).log()


def class_part_in_bits(p, q):
    return class_part_by_bayes(p, q) / math.log(2)


# 10.2


def projection_by_einsum(features, weight, bias, embedding, labels):
    return torch.einsum("nfhw,nf->n", features, weight + embedding[labels]) + bias


def projection_by_one_hot(features, weight, bias, embedding, labels):
    every = features.flatten(2).sum(2) @ (embedding + weight).T + bias
    return (every * F.one_hot(labels, len(embedding))).sum(1)


def projection_by_gather(features, weight, bias, embedding, labels):
    phi = features.sum(dim=(-1, -2))
    return bias + phi @ weight + (phi @ embedding.T).gather(1, labels[:, None])[:, 0]


def projection_by_mean(features, weight, bias, embedding, labels):
    phi = features.mean((2, 3))
    return (phi * (embedding[labels] + weight)).sum(1) + bias


def projection_of_all(features, weight, bias, embedding, labels):
    phi = features.sum((2, 3))
    return phi @ weight + bias + (phi @ embedding.T).sum(1)


def projection_without_picture(features, weight, bias, embedding, labels):
    return (features.sum((2, 3)) * embedding[labels]).sum(1)


# 10.3


def least_by_probability(classes):
    return -math.log(math.e / (math.e + classes - 1))


def least_by_one_plus(classes):
    return math.log1p((classes - 1) * math.exp(-1))


def least_by_torch(classes):
    return -torch.log_softmax(torch.eye(classes, dtype=torch.float64)[0], 0)[0]


def least_of_one_softmax(classes):
    return 0.0


def least_of_a_guess(classes):
    return math.log(classes)


def least_with_all(classes):
    return math.log(1 + classes / math.e)


# 10.4


def truncated_by_distribution(u, limit):
    normal = torch.distributions.Normal(0.0, 1.0)
    edge = normal.cdf(torch.tensor(limit).double())
    return normal.icdf(1 - edge + u * (2 * edge - 1))


def truncated_by_erf(u, limit):
    edge = torch.erf(torch.tensor(limit / 2**0.5).double())
    return 2**0.5 * torch.erfinv(edge * (2 * u - 1))


def truncated_by_halving(u, limit):
    low, high = torch.full_like(u, -limit), torch.full_like(u, limit)
    inside = math.erf(limit / math.sqrt(2))
    for _ in range(60):
        middle = (low + high) / 2
        reached = torch.erf(middle / math.sqrt(2)) / inside / 2 + 0.5
        low, high = (
            torch.where(reached < u, middle, low),
            torch.where(reached < u, high, middle),
        )
    return (low + high) / 2


def truncated_by_clamp(u, limit):
    return (2**0.5 * torch.erfinv(2 * u - 1)).clip(-limit, limit)


def truncated_by_scale(u, limit):
    return limit * torch.special.ndtri(u)


def truncated_uniform(u, limit):
    return -limit + 2 * limit * u


# 10.5


def most_by_loop(source, target):
    return sum(min(a, b) for a, b in zip(source.tolist(), target.tolist(), strict=True))


def most_by_where(source, target):
    return torch.where(source < target, source, target).sum()


def most_by_surplus(source, target):
    return 1 - (source - target).clamp(min=0).sum().item()


def most_by_product(source, target):
    return float(source @ target)


def most_by_whole_difference(source, target):
    return 1 - float((source - target).abs().sum())


def most_by_maximum(source, target):
    return float(source.max() + target.max()) / 2


RIGHT = {
    "10.1": [class_part_by_log_softmax, class_part_by_bayes, class_part_by_loop],
    "10.2": [projection_by_einsum, projection_by_one_hot, projection_by_gather],
    "10.3": [least_by_probability, least_by_one_plus, least_by_torch],
    "10.4": [truncated_by_distribution, truncated_by_erf, truncated_by_halving],
    "10.5": [most_by_loop, most_by_where, most_by_surplus],
}

WRONG = {
    "10.1": [
        (class_part_of_pairs, "both parts together"),
        (class_part_given_class, "sum over the classes"),
        (class_part_in_bits, "off by up to"),
    ],
    "10.2": [
        (projection_by_mean, "not their mean"),
        (projection_of_all, "vectors of all classes"),
        (projection_without_picture, "for the picture alone"),
    ],
    "10.3": [
        (least_of_one_softmax, "never becomes certain"),
        (least_of_a_guess, "knows nothing"),
        (least_with_all, "the others are classes - 1"),
    ],
    "10.4": [
        (truncated_by_clamp, "clamping heaps"),
        (truncated_by_scale, "same factor"),
        (truncated_uniform, "uniform between"),
    ],
    "10.5": [
        (most_by_product, "nothing to do with the pictures"),
        (most_by_whole_difference, "counts twice"),
        (most_by_maximum, "too"),
    ],
}
