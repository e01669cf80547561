"""Answers to lesson 02 as others would write them: unusual right ones, and plausible wrong ones."""

import math
from fractions import Fraction

import numpy as np
import torch
from torch import nn

from gan_lessons import deconv
from gan_lessons.models.dcgan import map_sizes

# 02.1


def asks_torch(n, kernel, stride, padding, output_padding, dilation):
    layer = nn.ConvTranspose1d(1, 1, kernel, stride, padding, output_padding, dilation=dilation)
    return layer(torch.zeros(1, 1, n)).numel()


def counts_stamped_cells(n, kernel, stride, padding, output_padding, dilation):
    cells = {i * stride + j * dilation for i in range(n) for j in range(kernel)}
    return max(cells) + 1 + output_padding - 2 * padding


def size_in_numpy(n, kernel, stride, padding, output_padding, dilation):
    counts = np.array([n - 1, kernel - 1, output_padding, -padding, 1])
    return counts @ np.array([stride, dilation, 1, 2, 1])


def size_without_dilation(n, kernel, stride, padding, output_padding, dilation):
    return stride * (n - 1) - 2 * padding + kernel + output_padding


def size_of_a_convolution(n, kernel, stride, padding, output_padding, dilation):
    return 1 + math.floor((n + 2 * padding - dilation * (kernel - 1) - 1) / stride)


def a_size_with_a_point(n, kernel, stride, padding, output_padding, dilation):
    return float(deconv.output_size(n, kernel, stride, padding, output_padding, dilation))


# 02.2


def smallest_size_subtracted(size, kernel, stride, padding, dilation):
    small = deconv.conv_output_size(size, kernel, stride, padding, dilation)
    return size - deconv.input_sizes(small, kernel, stride, padding, dilation).stop + stride


def counted_down(size, kernel, stride, padding, dilation):
    left = size + 2 * padding - dilation * (kernel - 1) - 1
    while left >= stride:
        left -= stride
    return left


def tried_one_by_one(size, kernel, stride, padding, dilation):
    small = deconv.conv_output_size(size, kernel, stride, padding, dilation)
    return next(
        extra
        for extra in range(stride)
        if (small - 1) * stride + dilation * (kernel - 1) + 1 + extra - 2 * padding == size
    )


def remainder_of_the_size(size, kernel, stride, padding, dilation):
    return divmod(size, stride)[1]


def always_the_largest(size, kernel, stride, padding, dilation):
    return max(range(stride))


def remainder_of_a_float(size, kernel, stride, padding, dilation):
    return math.fmod(size + 2 * padding - dilation * (kernel - 1) - 1, stride)


# 02.3


def multiple_by_search(kernel, stride):
    for extra in range(stride):
        if kernel - stride + extra >= 0 and (kernel - stride + extra) % 2 == 0:
            return [(kernel - stride + extra) // 2, extra]
    return None


def multiple_by_cases(kernel, stride):
    if kernel < stride:
        return 0, stride - kernel
    padding, odd = divmod(kernel - stride, 2)
    if odd and stride == 1:
        return None
    return torch.tensor(padding + odd), torch.tensor(odd)


def multiple_in_numpy(kernel, stride):
    extra = np.maximum((kernel - stride) % 2, stride - kernel)
    return None if extra == stride else np.stack([(kernel - stride + extra) // 2, extra]).tolist()


def halves_lost(kernel, stride):
    return max(kernel - stride, 0) // 2, max(stride - kernel, 0)


def one_at_stride_one(kernel, stride):
    extra = stride - kernel if kernel < stride else (kernel - stride) % 2
    return (kernel - stride + extra) // 2, extra


def the_larger_output_padding(kernel, stride):
    answer = multiple_by_search(kernel, stride)
    return answer and (answer[0] + 1, answer[1] + 2)


# 02.4


def road_by_the_package(size):
    first, *later = map_sizes(size)
    return ((first, 1, 0),) + ((4, 2, 1),) * len(later)


def road_of_small_kernels(size):
    return [(map_sizes(size)[0], 3, 0), *[[2, 2, 0]] * (len(map_sizes(size)) - 1)]


def road_by_recursion(size):
    return [(size, 1, 0)] if size % 2 or size <= 4 else [*road_by_recursion(size // 2), (6, 2, 2)]


def road_one_by_one(size):
    yield size >> (len(map_sizes(size)) - 1), 1, 0
    for _ in map_sizes(size)[1:]:
        yield 4, 2, 1


def road_from_four(size):
    return [(4, 1, 0)] + [(4, 2, 1)] * (len(map_sizes(size)) - 1)


def road_in_one_step(size):
    return [(size, 1, 0)]


def road_without_padding(size):
    return [(k, s, 0) for k, s, _ in road_by_recursion(size)]


def road_without_end(size):
    while True:
        yield 1, 1, 0


# 02.5


def reached_by_search(o, n, kernel, stride, padding):
    inputs = [i for i in range(n) if 0 <= o + padding - i * stride < kernel]
    return (inputs[0], inputs[-1]) if inputs else None


def reached_in_fractions(o, n, kernel, stride, padding):
    first = max(0, math.ceil(Fraction(o + padding - kernel + 1, stride)))
    last = min(n - 1, math.floor(Fraction(o + padding, stride)))
    return [first, last] if first <= last else None


def reached_by_marks(o, n, kernel, stride, padding):
    canvas = torch.arange(n)[:, None] * stride + torch.arange(kernel) - padding
    hits = (canvas == o).any(1).nonzero().flatten()
    return (hits.min(), hits.max()) if len(hits) else None


def reached_before_the_first(o, n, kernel, stride, padding):
    first, last = math.ceil((o + padding - kernel + 1) / stride), (o + padding) // stride
    return (first, min(n - 1, last)) if first <= min(n - 1, last) else None


def reached_on_the_canvas(o, n, kernel, stride, padding):
    return reached_in_fractions(o, n, kernel, stride, 0)


def reached_with_empty_ends(o, n, kernel, stride, padding):
    return reached_in_fractions(o, n, kernel, stride, padding) or (0, 0)


RIGHT = {
    "02.1": [asks_torch, counts_stamped_cells, size_in_numpy],
    "02.2": [smallest_size_subtracted, counted_down, tried_one_by_one],
    "02.3": [multiple_by_search, multiple_by_cases, multiple_in_numpy],
    "02.4": [road_by_the_package, road_of_small_kernels, road_by_recursion, road_one_by_one],
    "02.5": [reached_by_search, reached_in_fractions, reached_by_marks],
}

WRONG = {
    "02.1": [
        (size_without_dilation, "right without dilation"),
        (size_of_a_convolution, "the size that a convolution makes"),
        (a_size_with_a_point, "of type float where a whole number is expected"),
    ],
    "02.2": [
        (remainder_of_the_size, "padding and kernel happen to cancel"),
        (always_the_largest, "back to the largest of the sizes"),
        (remainder_of_a_float, "of type float where a whole number is expected"),
    ],
    "02.3": [
        (halves_lost, "you lose half a position of padding"),
        (one_at_stride_one, "torch refuses output_padding 1 at stride 1"),
        (the_larger_output_padding, "too large (value 1)"),
    ],
    "02.4": [
        (road_from_four, "such as 28, halves to another"),
        (road_in_one_step, "1 → 28"),
        (road_without_padding, "not '1 → 7"),
        (road_without_end, "Is there a loop that never ends?"),
    ],
    "02.5": [
        (reached_before_the_first, "your first input is negative"),
        (reached_on_the_canvas, "right without padding"),
        (reached_with_empty_ends, "expected  None"),
    ],
}
