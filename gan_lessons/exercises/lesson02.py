"""Exercises of lesson 02: the size, the way back, exact multiples, a road, what reaches what.

Every expected result is found by asking torch, or by trying; the solutions are formulas.
"""

from collections.abc import Callable
from itertools import product

import torch
from torch import nn

from gan_lessons.deconv import contributions, conv_output_size, illegal, output_size
from gan_lessons.exercises.cases import Arguments, integers
from gan_lessons.exercises.engine import Exercise, Mistake
from gan_lessons.models.dcgan import map_sizes


def size_by_torch(
    n: int, kernel: int, stride: int, padding: int, output_padding: int = 0, dilation: int = 1
) -> int:
    """Asked of torch itself."""
    layer = nn.ConvTranspose1d(1, 1, kernel, stride, padding, output_padding, dilation=dilation)
    return layer(torch.zeros(1, 1, n)).shape[-1]


def legal_settings(generator: torch.Generator) -> list[Arguments]:
    """(n, kernel, stride, padding, output_padding, dilation)."""
    cases: list[Arguments] = [(4, 3, 2, 0, 0, 1), (7, 4, 2, 1, 0, 1), (4, 3, 2, 1, 1, 1)]
    while len(cases) < 30:
        case = integers(generator, (1, 12), (1, 7), (1, 5), (0, 6), (0, 4), (1, 3))
        if not illegal(*case):
            cases.append(case)
    return cases


def deconv_size(
    n: int, kernel: int, stride: int, padding: int, output_padding: int, dilation: int
) -> int:
    """How many positions a deconvolution makes of n, along one axis."""
    return (n - 1) * stride + dilation * (kernel - 1) + 1 + output_padding - 2 * padding


SIZE = Exercise(
    name="02.1",
    solve=deconv_size,
    minutes=4,
    hints=(
        "where does the last stamp begin, and how many cells further is its last cell? Positions "
        "are counted from 0, so the canvas has one more than that. Then extend, then cut.",
        "the last stamp begins at `(n - 1) * stride`, its last cell is `dilation * (kernel - 1)` "
        "further. Add 1, add `output_padding` at the end, take `padding` off both ends.",
    ),
    cases=legal_settings,
    expected=size_by_torch,
    mistakes=(
        Mistake(
            {"dilation * (kernel - 1) + 1": "kernel"},
            "right without dilation. With it a kernel spans more positions than it has cells.",
        ),
        Mistake(
            {"2 * padding": "padding"},
            "padding cuts at both ends of the canvas, so it counts twice.",
        ),
        Mistake(
            {"- 2 * padding": "+ 2 * padding"},
            "that is what padding does in a convolution. In a deconvolution it cuts the output.",
        ),
        Mistake(
            {"(n - 1) * stride": "n * stride"},
            "n stamps have n - 1 steps between them: the first one begins at 0.",
        ),
        Mistake(
            {"(kernel - 1) + 1": "(kernel - 1)"},
            "one too few: that is the index of the last cell, and counting begins at 0.",
        ),
        Mistake(
            lambda n, kernel, stride, padding, output_padding, dilation: (
                (n + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
            ),
            "this is the size that a convolution makes. The deconvolution leads the other way.",
        ),
    ),
)


def back_by_trying(size: int, kernel: int, stride: int, padding: int, dilation: int) -> int:
    """Convolve, then try every output padding below the stride."""
    small = conv_output_size(size, kernel, stride, padding, dilation)
    settings = [(small, kernel, stride, padding, extra, dilation) for extra in range(stride)]
    sizes = [None if illegal(*setting) else output_size(*setting) for setting in settings]
    return sizes.index(size)


def convolutions(generator: torch.Generator) -> list[Arguments]:
    """(size, kernel, stride, padding, dilation) of convolutions that torch allows."""
    cases: list[Arguments] = [(8, 3, 2, 1, 1), (7, 3, 2, 1, 1), (9, 3, 3, 0, 1)]
    while len(cases) < 30:
        size, k, s, p, d = integers(generator, (1, 40), (1, 7), (1, 5), (0, 4), (1, 3))
        if d * (k - 1) + 1 <= size + 2 * p:
            cases.append((size, k, s, p, d))
    return cases


def output_padding_back(size: int, kernel: int, stride: int, padding: int, dilation: int) -> int:
    """The output_padding that leads a deconvolution back to `size` positions.

    Its input is what a convolution with the same kernel, stride, padding and dilation made of them.
    """
    span = dilation * (kernel - 1) + 1
    return (size + 2 * padding - span) % stride


BACK = Exercise(
    name="02.2",
    solve=output_padding_back,
    minutes=7,
    hints=(
        "the convolution rounds down: `(size + 2 * padding - span) // stride + 1` positions, with "
        "`span` the positions that a kernel covers. What did the rounding throw away?",
        "what it threw away is the remainder of that division, and output_padding gives it back: "
        "`%` in place of `//`, and no + 1.",
    ),
    cases=convolutions,
    expected=back_by_trying,
    mistakes=(
        Mistake(
            lambda size, kernel, stride, padding, dilation: size % stride,
            "right only where padding and kernel happen to cancel. The remainder to look at is the "
            "one that the convolution's own division leaves.",
        ),
        Mistake(
            lambda size, kernel, stride, padding, dilation: stride - 1,
            "that leads back to the largest of the sizes with one result. Which was `size`?",
        ),
        Mistake(
            {"2 * padding": "padding"},
            "the convolution pads at both ends, so padding counts twice.",
        ),
        Mistake(
            {"dilation * (kernel - 1) + 1": "kernel"},
            "right without dilation. With it a kernel spans `dilation * (kernel - 1) + 1`.",
        ),
        Mistake(
            {"size + 2 * padding - span": "span - size - 2 * padding"},
            "the sign: you count what the input lacks for one output more, not what it can spare.",
        ),
    ),
)


def multiple_by_trying(kernel: int, stride: int) -> tuple[int, int] | None:
    """(padding, output_padding), found by trying all of them on several sizes."""
    for extra, padding in product(range(stride), range(kernel)):
        settings = [(n, kernel, stride, padding, extra) for n in (1, 2, 3, 8)]
        if all(not illegal(*each) and output_size(*each) == stride * each[0] for each in settings):
            return padding, extra
    return None


def kernels_and_strides(generator: torch.Generator) -> list[Arguments]:
    """The usual ones, kernels smaller than the stride, stride 1, then random ones."""
    easy = [(4, 2), (3, 2), (5, 2), (2, 2), (3, 1), (4, 1), (6, 3), (4, 3), (1, 4), (2, 5)]
    return easy + [integers(generator, (1, 15), (1, 6)) for _ in range(20)]


def exact_multiple(kernel: int, stride: int) -> tuple[int, int] | None:
    """(padding, output_padding) with which a deconvolution makes stride * n of every n.

    With the smallest output_padding that does it; None where torch allows none. No dilation.
    """
    output_padding = max((kernel - stride) % 2, stride - kernel)
    if output_padding >= stride:
        return None
    return (kernel - stride + output_padding) // 2, output_padding


MULTIPLE = Exercise(
    name="02.3",
    solve=exact_multiple,
    minutes=8,
    hints=(
        "set the size formula equal to `stride * n`. n drops out, and an equation for "
        "`2 * padding` is left. Which output_padding makes its other side even?",
        "`2 * padding = kernel - stride + output_padding`. So output_padding is 0 or 1, whichever "
        "makes this even, unless the kernel is smaller than the stride: then padding is 0. What "
        "does torch say to output_padding 1 at stride 1?",
    ),
    cases=kernels_and_strides,
    expected=multiple_by_trying,
    mistakes=(
        Mistake(
            lambda kernel, stride: (kernel // 2, stride - 1),
            "this makes `stride * n` for odd kernels, though often with more output_padding than "
            "it takes. With an even kernel it is one short.",
        ),
        Mistake(
            lambda kernel, stride: ((kernel - stride) // 2, 0),
            "where `kernel - stride` is odd, half a position is left over, and where the kernel is "
            "smaller than the stride your padding is negative. output_padding is for both.",
        ),
        Mistake(
            {">= stride": "> stride"},
            "almost: torch refuses output_padding 1 at stride 1. No even kernel keeps a size.",
        ),
        Mistake(
            {"max((kernel - stride) % 2, stride": "max(0, stride"},
            "where `kernel - stride` is odd and positive, you lose half a position of padding.",
        ),
    ),
)


def walked(answer: Callable, size: int) -> object:
    """The sizes that the answer's layers lead through, by torch: '1 → 7 → 14 → 28'."""
    layers = answer(size)
    if layers is None or layers is ...:
        return layers
    sizes = [1]
    for kernel, stride, padding in layers:
        sizes.append(size_by_torch(sizes[-1], kernel, stride, padding))
    return " → ".join(map(str, sizes))


def planned(size: int) -> str:
    """The same of the package's own plan."""
    return " → ".join(map(str, (1, *map_sizes(size))))


def reachable(generator: torch.Generator) -> list[Arguments]:
    """The usual sizes, then a first map of 3, 4, 5 or 7, doubled."""
    starts = (3, 4, 5, 7) * 2
    doublings = integers(generator, *[(1, 4)] * len(starts))
    return [(28,), (64,), *((n << twice,) for n, twice in zip(starts, doublings, strict=True))]


def road(size: int) -> list[tuple[int, int, int]]:
    """The layers (kernel, stride, padding) of deconvolutions that lead from 1 position to `size`.

    The first makes the first map, each of the others doubles. Halve `size` while it is even and
    larger than 4: what is left is the first map. No output_padding, no dilation.
    """
    doublings = []
    while size % 2 == 0 and size > 4:
        size //= 2
        doublings.append((4, 2, 1))
    return [(size, 1, 0), *doublings]


ROAD = Exercise(
    name="02.4",
    solve=road,
    minutes=8,
    hints=(
        "go backwards: from `size` by halves to the first map. Each halving is a doubling layer. "
        "Which layer makes the first map from a single position?",
        "from 1 position a deconvolution of stride 1 without padding makes as many as its kernel "
        "has. Then comes one `(4, 2, 1)` for every halving.",
    ),
    cases=reachable,
    expected=planned,
    measure=walked,
    mistakes=(
        Mistake(
            {"[(size, 1, 0), ": "[(4, 1, 0), "},
            "a first map of 4 suits 8, 16, 32, 64. Another size, such as 28, halves to another.",
        ),
        Mistake(
            {" and size > 4": ""},
            "you halve on below 4. That is a road too, but the task's first map has 3 or more.",
        ),
        Mistake(
            {"(4, 2, 1)": "(4, 2, 0)"},
            "kernel 4 with stride 2 makes `2 * n + 2` without padding. Cut one at each end.",
        ),
        Mistake(
            {"(4, 2, 1)": "(3, 2, 1)"},
            "kernel 3 with stride 2 and padding 1 makes `2 * n - 1`. An even kernel can double.",
        ),
        Mistake(
            {"[(size, 1, 0), *doublings]": "doublings"},
            "the first layer is missing: your doublings begin at 1 position, not at the first map.",
        ),
    ),
)


def listed(o: int, n: int, kernel: int, stride: int, padding: int) -> tuple[int, int] | None:
    """The ends of the package's list of contributions."""
    inputs = [i for i, _ in contributions(o, n, kernel, stride, padding)]
    return (inputs[0], inputs[-1]) if inputs else None


def outputs(generator: torch.Generator) -> list[Arguments]:
    """(o, n, kernel, stride, padding): for each setting both ends and a place between."""
    cases: list[Arguments] = [(4, 5, 3, 2, 0), (5, 5, 3, 2, 0), (4, 5, 4, 2, 1), (2, 4, 2, 3, 0)]
    while len(cases) < 50:
        setting = integers(generator, (1, 9), (1, 7), (1, 4), (0, 4))
        if not illegal(*setting):
            end = output_size(*setting) - 1
            cases += [(o, *setting) for o in (0, *integers(generator, (0, end)), end)]
    return cases


def reached_by(o: int, n: int, kernel: int, stride: int, padding: int) -> tuple[int, int] | None:
    """The first and the last of the inputs 0 … n - 1 whose stamps reach output o.

    None where no stamp does. No output_padding, no dilation.
    """
    at = o + padding  # on the canvas, before it is cut
    first = max(0, -((kernel - 1 - at) // stride))  # (at - kernel + 1) / stride, rounded up
    last = min(n - 1, at // stride)
    return (first, last) if first <= last else None


REACH = Exercise(
    name="02.5",
    solve=reached_by,
    minutes=10,
    hints=(
        "output o is position `o + padding` of the uncut canvas. Input i covers the positions "
        "`i * stride` to `i * stride + kernel - 1` there. For which i is the one between the two?",
        "`i * stride <= at <= i * stride + kernel - 1`: so i is at most `at // stride`, and at "
        "least `(at - kernel + 1) / stride` rounded up, which is `-((kernel - 1 - at) // stride)`. "
        "Then keep to 0 … n - 1.",
    ),
    cases=outputs,
    expected=listed,
    mistakes=(
        Mistake(
            {"o + padding": "o"},
            "right without padding. With it output o is further along the canvas: how far?",
        ),
        Mistake(
            {"-((kernel - 1 - at) // stride)": "(at - kernel + 1) // stride"},
            "the first input has to be rounded up: `//` rounds down, to a stamp that misses o.",
        ),
        Mistake(
            {"max(0, -((kernel - 1 - at) // stride))": "-((kernel - 1 - at) // stride)"},
            "near the beginning your first input is negative: there is none before 0.",
        ),
        Mistake(
            {"min(n - 1, at // stride)": "at // stride"},
            "near the end your last input does not exist: the inputs go up to n - 1.",
        ),
        Mistake(
            {" if first <= last else None": ""},
            "right wherever an input reaches o. Where the kernel is smaller than the stride there "
            "are outputs that none does: say None.",
        ),
    ),
)

EXERCISES = (SIZE, BACK, MULTIPLE, ROAD, REACH)
