"""Answers to lesson 01 as others would write them: unusual right ones, and plausible wrong ones."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from gan_lessons import deconv

# 01.1


def stamps_at_once(x, w, s):
    at = s * torch.arange(len(x))[:, None] + torch.arange(len(w))
    y = torch.zeros(int(at.max()) + 1)
    return y.index_add(0, at.flatten(), torch.outer(x, w).flatten())


def kernel_cell_by_kernel_cell(x, w, s):
    y = torch.zeros((len(x) - 1) * s + len(w), dtype=torch.float64)
    for j in range(len(w)):
        y[j : j + (len(x) - 1) * s + 1 : s] += x * w[j]
    return y


def a_product_of_polynomials(x, w, s):
    spread = np.zeros((len(x) - 1) * s + 1)
    spread[::s] = x.numpy()
    return torch.from_numpy(np.convolve(spread, w.numpy()))


def plain_python(x, w, s):
    y = [0.0] * ((len(x) - 1) * s + len(w))
    for i, number in enumerate(x.tolist()):
        for j, weight in enumerate(w.tolist()):
            y[i * s + j] += number * weight
    return torch.tensor(y)


def torchs_layer(x, w, s):
    layer = nn.ConvTranspose1d(1, 1, len(w), s, bias=False)
    layer.weight.data = w[None, None]
    return layer(x[None, None]).flatten()


def whole_numbers_only(x, w, s):
    y = torch.zeros((len(x) - 1) * s + len(w), dtype=torch.int64)
    for i in range(len(x)):
        y[i * s : i * s + len(w)] += (x[i] * w).long()
    return y


def inputs_used_up(x, w, s):
    y = torch.zeros((len(x) - 1) * s + len(w))
    for i in range(len(x)):
        y[i * s :][: len(w)] += x[i] * w
        x[i] = 0
    return y


def later_over_earlier(x, w, s):
    y = torch.zeros((len(x) - 1) * s + len(w))
    for i in range(len(x)):
        y = torch.cat([y[: i * s], x[i] * w, y[i * s + len(w) :]])
    return y


def one_stamp_more(x, w, s):
    return F.pad(stamps_at_once(x, w, s), (0, s))


# 01.2


def as_a_picture(x, w, s, p):
    spread = torch.kron(x, torch.eye(s)[0])[: (len(x) - 1) * s + 1]
    picture, kernel = spread[None, None, None], w.flip(0)[None, None, None]
    return F.conv2d(picture, kernel, padding=(0, len(w) - 1 - p)).flatten()


def padded_in_full_then_cut(x, w, s, p):
    spread = torch.zeros((len(x) - 1) * s + 1)
    spread[::s] = x
    y = F.conv1d(spread[None, None], w.flip(0)[None, None], padding=len(w) - 1).flatten()
    return y[p : len(y) - p]


def by_a_module(x, w, s, p):
    layer = nn.Conv1d(1, 1, len(w), bias=False, dtype=torch.float64)
    layer.weight.data = w.flip(0)[None, None].double()
    spread = deconv.insert_zeros(x[None, None, None], (1, len(w)), stride=(1, s), padding=(0, p))
    return layer(spread[0, 0].double())[0]


def deconvolves(x, w, s, p):
    return F.conv_transpose1d(x[None, None], w[None, None], stride=s, padding=p)[0, 0]


def only_stamps(x, w, s, p):
    y = stamps_at_once(x, w, s)
    return y[p : len(y) - p]


def kernel_as_it_is(x, w, s, p):
    spread = torch.kron(x, torch.eye(s)[0])[: (len(x) - 1) * s + 1]
    return F.conv1d(spread[None], w[None, None], padding=len(w) - 1 - p)[0]


def zeros_after_the_last(x, w, s, p):
    spread = torch.kron(x, torch.eye(s)[0])
    return F.conv1d(spread[None], w.flip(0)[None, None], padding=len(w) - 1 - p)[0]


# 01.3


def units_deconvolved(w, n, s, p):
    return F.conv_transpose1d(torch.eye(n)[:, None], w[None, None], stride=s, padding=p)[:, 0].T


def all_entries_at_once(w, n, s, p):
    j = torch.arange((n - 1) * s + len(w) - 2 * p)[:, None] + p - s * torch.arange(n)
    inside = (j >= 0) & (j < len(w))
    return torch.where(inside, w[j.clamp(0, len(w) - 1)], 0.0)


def mostly_empty(w, n, s, p):
    rows = torch.arange(n)[:, None] * s + torch.arange(len(w)) - p
    columns = torch.arange(n)[:, None].expand_as(rows)
    m = (n - 1) * s + len(w) - 2 * p
    keep = (rows >= 0) & (rows < m)
    at = torch.stack([rows[keep], columns[keep]])
    values = w.expand_as(rows)[keep]
    return torch.sparse_coo_tensor(at, values, (m, n), check_invariants=True)


def matrix_of_the_convolution(w, n, s, p):
    return units_deconvolved(w, n, s, p).T


def padding_the_wrong_way(w, n, s, p):
    matrix = torch.zeros((n - 1) * s + len(w) - 2 * p, n)
    for o in range(len(matrix)):
        for i in range(n):
            if 0 <= o - p - i * s < len(w):
                matrix[o, i] = w[o - p - i * s]
    return matrix


def rows_around_the_end(w, n, s, p):
    matrix = torch.zeros((n - 1) * s + len(w) - 2 * p, n)
    for i in range(n):
        for j in range(len(w)):
            if i * s + j - p < len(matrix):
                matrix[i * s + j - p][i] = w[j]
    return matrix


def kernel_turned(w, n, s, p):
    return units_deconvolved(torch.flipud(w), n, s, p)


def rounded_down(w, n, s, p):
    return all_entries_at_once(w, n, s, p).long()


# 01.4


def one_number_in_python(x, w, b, e, row, column, s, p):
    total = b[e].item()
    for c in range(x.shape[0]):
        for j in range(w.shape[2]):
            for j2 in range(w.shape[3]):
                (i, rest), (i2, rest2) = divmod(row + p - j, s), divmod(column + p - j2, s)
                if not rest and not rest2 and 0 <= i < x.shape[1] and 0 <= i2 < x.shape[2]:
                    total += float(x[c, i, i2]) * float(w[c, e, j, j2])
    return total


def by_lists_of_contributions(x, w, b, e, row, column, s, p):
    rows = deconv.contributions(row, x.shape[1], w.shape[2], s, p)
    columns = deconv.contributions(column, x.shape[2], w.shape[3], s, p)
    terms = [x[:, i, i2] @ w[:, e, j, j2] for i, j in rows for i2, j2 in columns]
    return sum(terms, b[e])


def by_two_matrices(x, w, b, e, row, column, s, p):
    j = row + p - s * torch.arange(x.shape[1])
    j2 = column + p - s * torch.arange(x.shape[2])
    kernel = F.pad(w[:, e], (1, 1, 1, 1)).double()  # a border of 0 stands for all that is outside
    kernel = kernel[:, (j + 1).clamp(0, w.shape[2] + 1)][:, :, (j2 + 1).clamp(0, w.shape[3] + 1)]
    return torch.einsum("chw,chw->", x.double(), kernel) + b[e]


def one_of_torchs(x, w, b, e, row, column, s, p):
    return F.conv_transpose2d(x, w, b, s, p)[e, row, column]


def derivative_of_a_convolution(x, w, b, e, row, column, s, p):
    sizes = [(n - 1) * s + w.shape[2] - 2 * p for n in x.shape[1:]]
    u = torch.zeros(1, w.shape[1], *sizes, requires_grad=True)
    (y,) = torch.autograd.grad(F.conv2d(u, w, stride=s, padding=p)[0], u, x)
    return y[0, e, row, column] + b[e]


def bias_summed_into(x, w, b, e, row, column, s, p):
    total = b[e]
    for i, j in deconv.contributions(row, x.shape[1], w.shape[2], s, p):
        for i2, j2 in deconv.contributions(column, x.shape[2], w.shape[3], s, p):
            total += x[:, i, i2] @ w[:, e, j, j2]
    return total


def channels_swapped(x, w, b, e, row, column, s, p):
    square = w[:, : len(x)].transpose(0, 1)
    return by_lists_of_contributions(x, square, b, e, row, column, s, p)


RIGHT = {
    "01.1": [
        stamps_at_once,
        kernel_cell_by_kernel_cell,
        a_product_of_polynomials,
        plain_python,
    ],
    "01.2": [as_a_picture, padded_in_full_then_cut, by_a_module],
    "01.3": [units_deconvolved, all_entries_at_once, mostly_empty],
    "01.4": [one_number_in_python, by_lists_of_contributions, by_two_matrices],
}

WRONG = {
    "01.1": [
        (torchs_layer, "`stamp_and_add` calls torch's conv_transpose1d"),
        (whole_numbers_only, "of torch.int64 where torch.float32 is expected"),
        (inputs_used_up, "changes its argument `x`"),
        (later_over_earlier, "the later one replaces the earlier one"),
        (one_stamp_more, "too many zeros follow"),
    ],
    "01.2": [
        (deconvolves, "calls torch's conv_transpose1d, and the task is a convolution"),
        (only_stamps, "calls no convolution of torch"),
        (kernel_as_it_is, "the kernel is not turned"),
        (zeros_after_the_last, "zeros follow the last input too"),
    ],
    "01.3": [
        (matrix_of_the_convolution, "this is C"),
        (padding_the_wrong_way, "the sign of p"),
        (rows_around_the_end, "the last row in Python"),
        (kernel_turned, "the kernel is turned"),
        (rounded_down, "of torch.int64"),
    ],
    "01.4": [
        (one_of_torchs, "calls torch's conv_transpose2d"),
        (derivative_of_a_convolution, "calls torch's conv2d"),
        (bias_summed_into, "changes its argument `b`"),
        (channels_swapped, "the channels of the weight are swapped"),
    ],
}
