"""Answers to lesson 11 as others would write them: unusual right ones, and plausible wrong ones."""

import math

import torch
from torch.nn import functional as F

# 11.1


def best_by_kthvalue(y):
    middle = y.kthvalue((len(y) + 1) // 2).values
    return torch.cat([y.mean(0, keepdim=True), middle[None]])


def best_by_quantile(y):
    return torch.stack([y.sum() / y.numel(), y.quantile(0.5)])


def best_by_trying(y):
    errors = (y[:, None] - y).abs().sum(1)
    return torch.stack([y.mean(), y[errors.argmin()]])


def best_swapped(y):
    return torch.stack([y.quantile(0.5), y.mean()])


def best_means(y):
    return y.mean().repeat(2)


def best_medians(y):
    return y.quantile(0.5).repeat(2)


# 11.2


def hole_by_errors(whole, share):
    return -10 * math.log10(10 ** (-whole / 10) / share)


def hole_by_natural_logarithm(whole, share):
    return whole + 10 * math.log(share) / math.log(10)


def hole_by_tensor(whole, share):
    return (whole + 10 * torch.tensor(share, dtype=torch.float64).log10()).item()


def hole_other_sign(whole, share):
    return whole - 10 * math.log10(share)


def hole_twenty(whole, share):
    return whole + 20 * math.log10(share)


def hole_scaled(whole, share):
    return share * whole


# 11.3


def sees_from_behind(layers):
    side = 1
    for kernel, stride in layers[::-1]:
        side = (side - 1) * stride + kernel
    return side


def sees_by_product(layers):
    strides = [stride for _, stride in layers]
    return 1 + sum((k - 1) * math.prod(strides[:i]) for i, (k, _) in enumerate(layers))


def sees_by_recursion(layers):
    if not layers:
        return 1
    kernel, stride = layers[0]
    return kernel + (sees_by_recursion(layers[1:]) - 1) * stride


def sees_own_stride(layers):
    side, step = 1, 1
    for kernel, stride in layers:
        step = step * stride
        side = side + (kernel - 1) * step
    return side


def sees_without_strides(layers):
    return 1 + sum(kernel - 1 for kernel, _ in layers)


def sees_whole_kernels(layers):
    side, step = 1, 1
    for kernel, stride in layers:
        side, step = side + kernel * step, step * stride
    return side


# 11.4


def partial_by_ones(x, known, weight, bias):
    k = weight.shape[-1]
    count = F.conv2d(known, torch.ones(1, 1, k, k, dtype=x.dtype), padding=k // 2)
    total = F.conv2d(x * known, weight, bias=None, padding=k // 2)
    return ((total * k * k / count.clamp(min=1)) + bias.view(1, -1, 1, 1)) * (count > 0)


def partial_by_taking_off(x, known, weight, bias):
    k = weight.shape[-1]
    raw = F.conv2d(x * known, weight, bias, padding=k // 2)
    share = F.avg_pool2d(known, k, 1, k // 2)
    ratio = torch.where(share > 0, 1 / share, 0.0)
    b = bias[None, :, None, None]
    return ((raw - b) * ratio + b) * (share > 0)


def partial_by_unfold(x, known, weight, bias):
    k, (n, _, h, w) = weight.shape[-1], x.shape
    windows = F.unfold(x * known, k, padding=k // 2)
    share = F.unfold(known, k, padding=k // 2).mean(1, keepdim=True)
    total = weight.flatten(1) @ windows / share.clamp(min=1e-6) + bias[:, None]
    return (total * (share > 0)).reshape(n, -1, h, w)


def partial_with_divided_bias(x, known, weight, bias):
    k = weight.shape[-1]
    share = F.avg_pool2d(known, k, 1, k // 2)
    raw = F.conv2d(x * known, weight, bias, padding=k // 2)
    return raw / share.clamp(min=0.5 / k**2) * (share > 0)


def partial_with_bias_in_hole(x, known, weight, bias):
    k = weight.shape[-1]
    share = F.avg_pool2d(known, k, 1, k // 2)
    total = F.conv2d(x * known, weight, padding=k // 2)
    return total / share.clamp(min=1e-9) + bias[:, None, None]


def partial_plain(x, known, weight, bias):
    return F.conv2d(x, weight, bias, padding=weight.shape[-1] // 2)


# 11.5


def pool_by_lists(fakes, size, swap, index):
    kept, given = [], []
    for i, fake in enumerate(fakes):
        if len(kept) < size:
            kept.append(fake)
        elif swap[i]:
            fake, kept[int(index[i])] = kept[int(index[i])], fake
        given.append(fake)
    return torch.stack(given)


def pool_by_looking_back(fakes, size, swap, index):
    given = fakes.clone()
    for i in range(size, len(fakes)):
        if swap[i]:
            before = [j for j in range(size, i) if swap[j] and index[j] == index[i]]
            given[i] = fakes[before[-1] if before else int(index[i])]
    return given


def pool_by_numbers(fakes, size, swap, index):
    kept, order = list(range(size)), list(range(len(fakes)))
    for i in range(size, len(fakes)):
        if bool(swap[i]):
            order[i], kept[index[i]] = kept[index[i]], i
    return fakes[order]


def pool_stored_first(fakes, size, swap, index):
    pool, given = fakes[:size].clone(), fakes.clone()
    for i in range(size, len(fakes)):
        if swap[i]:
            pool[index[i]] = fakes[i]
            given[i] = pool[index[i]]
    return given


def pool_never_changed(fakes, size, swap, index):
    given = fakes.clone()
    for i in range(size, len(fakes)):
        if swap[i]:
            given[i] = fakes[index[i]]
    return given


def pool_other_way(fakes, size, swap, index):
    return pool_by_numbers(fakes, size, ~swap, index)


RIGHT = {
    "11.1": [best_by_kthvalue, best_by_quantile, best_by_trying],
    "11.2": [hole_by_errors, hole_by_natural_logarithm, hole_by_tensor],
    "11.3": [sees_from_behind, sees_by_product, sees_by_recursion],
    "11.4": [partial_by_ones, partial_by_taking_off, partial_by_unfold],
    "11.5": [pool_by_lists, pool_by_looking_back, pool_by_numbers],
}

WRONG = {
    "11.1": [
        (best_swapped, "in the other order"),
        (best_means, "does not mind how far"),
        (best_medians, "distances count"),
    ],
    "11.2": [
        (hole_other_sign, "the sign"),
        (hole_twenty, "10, not 20"),
        (hole_scaled, "decibels are logarithms"),
    ],
    "11.3": [
        (sees_own_stride, "must not count for itself"),
        (sees_without_strides, "leaves out the strides"),
        (sees_whole_kernels, "spans k - 1 steps"),
    ],
    "11.4": [
        (partial_with_divided_bias, "bias is divided as well"),
        (partial_with_bias_in_hole, "the bias is left"),
        (partial_plain, "never looks at"),
    ],
    "11.5": [
        (pool_stored_first, "handed out itself"),
        (pool_never_changed, "never changes"),
        (pool_other_way, "the other way round"),
    ],
}
