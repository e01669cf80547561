"""Answers to lesson 03 as others would write them: unusual right ones, and plausible wrong ones."""

import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from gan_lessons import upsample

# 03.1


def phases_in_a_table(w, stride):
    table = F.pad(w, (0, -len(w) % stride))
    return table.view(-1, stride).sum(0)


def phases_by_bins(w, stride):
    return torch.zeros(stride).scatter_add(0, torch.arange(len(w)) % stride, w)


def phases_in_numpy(w, stride):
    at = np.arange(len(w)) % stride
    return torch.from_numpy(np.bincount(at, weights=w.numpy(), minlength=stride))


def phases_by_the_package(w, stride):
    return upsample.polyphase_sums(w, stride)


def sums_of_neighbours(w, stride):
    return torch.stack([part.sum() for part in torch.tensor_split(w, stride)])


def counts_of_weights(w, stride):
    return torch.bincount(torch.arange(len(w)) % stride, minlength=stride).float()


def phases_as_a_list(w, stride):
    return [w[r::stride].sum().item() for r in range(stride)]


def only_phases_with_weights(w, stride):
    return phases_in_a_table(w, stride)[: len(w)]


# 03.2


def uniform_in_float32(kernel, stride, axes):
    counts = torch.ones(kernel).new_tensor([len(range(r, kernel, stride)) for r in range(stride)])
    squared = counts.var(correction=0) / counts.mean() ** 2
    return torch.sqrt(((1 + squared) ** axes - 1).clamp_min(0))


def uniform_by_an_outer_product(kernel, stride, axes):
    counts = np.bincount(np.arange(kernel) % stride, minlength=stride)
    sums = counts if axes == 1 else np.outer(counts, counts)
    return sums.std() / sums.mean()


def uniform_by_the_package(kernel, stride, axes):
    return upsample.unevenness(torch.ones([kernel] * axes), stride)


def uniform_by_remainders(kernel, stride, axes):
    full, more = divmod(kernel, stride)
    squares = (stride - more) * full**2 + more * (full + 1) ** 2
    return math.sqrt((squares * stride / kernel**2) ** axes - 1)


def uniform_with_pairs_added(kernel, stride, axes):
    return uniform_by_remainders(kernel, stride, 1) * axes**0.5


def uniform_along_one_axis(kernel, stride, axes):
    return uniform_by_an_outer_product(kernel, stride, 1)


def uniform_of_a_sample(kernel, stride, axes):
    counts = torch.tensor([len(range(r, kernel, stride)) for r in range(stride)]).float()
    sums = counts if axes == 1 else counts[:, None] * counts
    return torch.std(sums) / sums.mean()


# 03.3


def icnr_by_stacking(kernel, r):
    return torch.stack([kernel] * r**2, 1).flatten(0, 1)


def icnr_by_a_loop(kernel, r):
    weight = torch.empty(kernel.shape[0] * r * r, *kernel.shape[1:], dtype=torch.float64)
    for channel in range(len(weight)):
        weight[channel] = kernel[channel // (r * r)]
    return weight


def icnr_in_einstein_notation(kernel, r):
    copies = torch.einsum("ocij,yx->oyxcij", kernel, torch.ones(r, r))
    return nn.Parameter(copies.flatten(0, 2))


def icnr_round_and_round(kernel, r):
    return torch.cat([kernel] * r**2)


def icnr_shared_out(kernel, r):
    return icnr_by_stacking(kernel, r).div(r**2)


def icnr_on_the_other_axis(kernel, r):
    return kernel.repeat_interleave(r**2, dim=1)


def icnr_for_one_picture(kernel, r):
    return kernel.expand(r**2, -1, -1, -1) if len(kernel) == 1 else icnr_round_and_round(kernel, r)


# 03.4


def asked_of_single_ones(weight, r):
    height, width = weight.shape[2:]
    ones = torch.eye(weight.shape[1]).unsqueeze(-1).unsqueeze(-1)
    layer = nn.PixelShuffle(r)
    return layer(F.conv2d(F.pad(ones, (width - 1, width - 1, height - 1, height - 1)), weight))


def phase_by_phase(weight, r):
    outs, ins, height, width = weight.shape
    kernel = torch.zeros(ins, outs // r**2, r * height, r * width, dtype=torch.float64)
    for y in range(r):
        for x in range(r):
            turned = torch.rot90(weight[y * r + x :: r * r], 2, (2, 3))
            kernel[:, :, y::r, x::r] = turned.transpose(0, 1)
    return kernel


def weight_by_weight(weight, r):
    outs, ins, height, width = weight.shape
    kernel = torch.empty(ins, outs // r**2, r * height, r * width)
    for at in np.ndindex(*kernel.shape):
        c, o, row, column = at
        j, j2 = height - 1 - row // r, width - 1 - column // r
        kernel[at] = weight[o * r * r + row % r * r + column % r, c, j, j2]
    return kernel


def without_a_turn(weight, r):
    return phase_by_phase(weight.flip(2, 3), r)


def side_by_side(weight, r):
    outs, ins, height, width = weight.shape
    kernel = torch.zeros(ins, outs // r**2, r * height, r * width)
    for phase in range(r * r):
        y, x = divmod(phase, r)
        turned = weight[phase :: r * r].flip(2, 3).transpose(0, 1)
        kernel[:, :, y * height :, x * width :][:, :, :height, :width] = turned
    return kernel


def turned_as_a_whole(weight, r):
    return phase_by_phase(weight.flip(2, 3), r).flip(2, 3)


# 03.5


def even_by_a_projection(w, stride):
    member = torch.stack([(torch.arange(len(w)) % stride == r).double() for r in range(stride)])
    wanted = w.double().sum() / stride - member @ w.double()
    return w + torch.linalg.lstsq(member, wanted).solution


def even_without_a_loop(w, stride):
    phase = torch.arange(len(w)) % stride
    sums = torch.zeros(stride).index_add(0, phase, w)
    lack = (w.sum() / stride - sums) / torch.bincount(phase)
    return w + lack[phase]


def even_in_numpy(w, stride):
    even = w.numpy().astype(np.float64)
    total = even.sum()
    for r in range(stride):
        even[r::stride] += (total / stride - even[r::stride].sum()) / even[r::stride].size
    return torch.tensor(even)


def even_by_descent(w, stride):
    even, mean = w.double(), w.double().sum() / stride
    for _ in range(300):
        lack = torch.stack([mean - even[r::stride].sum() for r in range(stride)])
        even = even + 0.2 * lack[torch.arange(len(w)) % stride]
    return even


def even_in_place(w, stride):
    total = w.sum().item()
    for r in range(stride):
        w[r::stride] += (total / stride - w[r::stride].sum()) / len(w[r::stride])
    return w


def even_by_factors(w, stride):
    phase = torch.arange(len(w)) % stride
    sums = torch.zeros(stride).index_add(0, phase, w)
    return w * (w.sum() / stride / sums)[phase]


def even_on_the_first_weight(w, stride):
    even = w.clone()
    even[:stride] += w.sum() / stride - phases_in_a_table(w, stride)
    return even


def even_for_divisors(w, stride):
    phase = torch.arange(len(w)) % stride
    lack = w.sum() / stride - torch.zeros(stride).index_add(0, phase, w)
    return w + lack[phase] * stride / len(w)


RIGHT = {
    "03.1": [phases_in_a_table, phases_by_bins, phases_in_numpy, phases_by_the_package],
    "03.2": [
        uniform_in_float32,
        uniform_by_an_outer_product,
        uniform_by_the_package,
        uniform_by_remainders,
    ],
    "03.3": [icnr_by_stacking, icnr_by_a_loop, icnr_in_einstein_notation],
    "03.4": [asked_of_single_ones, phase_by_phase, weight_by_weight],
    "03.5": [even_by_a_projection, even_without_a_loop, even_in_numpy, even_by_descent],
}

WRONG = {
    "03.1": [
        (sums_of_neighbours, "you add neighbours"),
        (counts_of_weights, "these are the overlap counts"),
        (phases_as_a_list, "of type list where a tensor is expected"),
        (only_phases_with_weights, "of shape (2,) where (3,) is expected"),
    ],
    "03.2": [
        (uniform_with_pairs_added, "too small"),
        (uniform_along_one_axis, "right for one axis"),
        (uniform_of_a_sample, "divides by one less"),
    ],
    "03.3": [
        (icnr_round_and_round, "in the wrong order"),
        (icnr_shared_out, "nothing is shared out"),
        (icnr_on_the_other_axis, "of shape (2, 4, 1, 1) where (8, 1, 1, 1) is expected"),
        (icnr_for_one_picture, "in the wrong order"),
    ],
    "03.4": [
        (without_a_turn, "the flip is missing"),
        (side_by_side, "you put the kernels side by side"),
        (turned_as_a_whole, "you flip after interleaving"),
    ],
    "03.5": [
        (even_in_place, "changes its argument `w`"),
        (even_by_factors, "even it is, but not the nearest"),
        (even_on_the_first_weight, "off by up to"),
        (even_for_divisors, "right where the stride divides the kernel"),
    ],
}
