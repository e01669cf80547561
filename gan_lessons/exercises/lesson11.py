"""Exercises of lesson 11: best answers, PSNR in a hole, receptive fields, partial convolutions."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from gan_lessons.exercises.cases import Arguments, integers
from gan_lessons.exercises.engine import Exercise, Mistake


def by_sorting(y: Tensor) -> Tensor:
    """The mean by the sum, the median from the sorted values."""
    return torch.stack([y.sum() / len(y), y.sort().values[len(y) // 2]])


def answers(generator: torch.Generator) -> list[Arguments]:
    """(y,), odd counts, float64: one, two of three alike, drawn ones."""
    cases: list[Arguments] = [
        (torch.tensor([3.0]).double(),),
        (torch.tensor([1.0, -1.0, 1.0]).double(),),
    ]
    for n in integers(generator, *[(2, 6)] * 4):
        cases.append((torch.randn(2 * n + 1, generator=generator).double().exp(),))
    return cases


def best_answers(y: torch.Tensor) -> torch.Tensor:
    """The two constants that minimise the squared and the absolute error: (2,), float64.

    y: (N,) float64, the answers that occur; N is odd.
    """
    return torch.stack([y.mean(), y.median()])


BEST = Exercise(
    name="11.1",
    solve=best_answers,
    minutes=5,
    hints=(
        "set the derivative of the mean error to 0. That of |y - c| is only a sign: for which c "
        "are at most half of the answers above, and at most half below?",
        "the mean for the squared error. For the absolute error the value in the middle, "
        "`y.median()`: at most half of the answers lie above it, at most half below.",
    ),
    cases=answers,
    expected=by_sorting,
    mistakes=(
        Mistake(
            {"[y.mean(), y.median()]": "[y.median(), y.mean()]"},
            "the two are in the other order: first the squared error's, then the absolute one's.",
        ),
        Mistake(
            {"y.median()": "y.mean()"},
            "the mean is right for the squared error. The best answer for the absolute error does "
            "not mind how far the others are, only on which side.",
        ),
        Mistake(
            {"y.mean()": "y.median()"},
            "the median is right for the absolute error. For the squared one, distances count.",
        ),
        Mistake(
            {"y.median()": "(y.min() + y.max()) / 2"},
            "halfway between the ends minimises the largest error, not the mean of all.",
        ),
    ),
)


def by_errors(whole: float, share: float) -> float:
    """Back to the mean squared error, and forth."""
    error = 4 / 10 ** (whole / 10)
    return 10 * math.log10(4 / (error / share))


def decibels(generator: torch.Generator) -> list[Arguments]:
    """(whole, share): everything is hole, a tenth, drawn ones."""
    cases: list[Arguments] = [(20.0, 1.0), (30.0, 0.1), (20.0, 0.5)]
    for _ in range(3):
        a, b = torch.rand(2, generator=generator).tolist()
        cases.append((10 + 20 * a, 0.05 + 0.9 * b))
    return cases


def hole_psnr(whole: float, share: float) -> float:
    """PSNR in the hole, in decibels, if all errors lie in the hole.

    whole: PSNR of the whole picture in decibels. share: of the pixels in the hole, in (0, 1].
    """
    import math

    return whole + 10 * math.log10(share)


HOLE = Exercise(
    name="11.2",
    solve=hole_psnr,
    minutes=5,
    hints=(
        "the sum of squared errors is the same for both. By what is it divided, in each case?",
        "the mean error in the hole is the whole one divided by the share. Division by the share "
        "adds 10 log10(share) decibels, which is never positive.",
    ),
    cases=decibels,
    expected=by_errors,
    mistakes=(
        Mistake(
            {"whole + 10": "whole - 10"},
            "the sign: in the hole the error is larger, so PSNR is lower.",
        ),
        Mistake(
            {"10 * math.log10(share)": "20 * math.log10(share)"},
            "the share divides a squared error already: 10, not 20.",
        ),
        Mistake(
            {"whole + 10 * math.log10(share)": "whole * share"},
            "decibels are logarithms: a factor in the error is a sum in decibels.",
        ),
        Mistake(
            {"math.log10(share)": "math.log(share)"},
            "decibels take the logarithm of base 10.",
        ),
    ),
)


def by_tracing(layers: list) -> int:
    """The first and last pixel that one output depends on, traced back layer by layer."""
    first = last = 0
    for kernel, stride in reversed(layers):
        first, last = first * stride, last * stride + kernel - 1
    return last - first + 1


def chains(generator: torch.Generator) -> list[Arguments]:
    """(layers,): one layer, pix2pix's chain of 70, drawn ones."""
    cases: list[Arguments] = [
        ([(3, 1)],),
        ([(4, 2)] * 3 + [(4, 1)] * 2,),
        ([(3, 2), (1, 2), (3, 1)],),
    ]
    for _ in range(3):
        (n,) = integers(generator, (2, 5))
        cases.append(([tuple(integers(generator, (2, 6), (1, 4))) for _ in range(n)],))
    return cases


def sees(layers: list) -> int:
    """The side of the square that holds all pixels which one output depends on.

    layers: (kernel, stride) of each convolution, the first one first.
    """
    side, step = 1, 1
    for kernel, stride in layers:
        side += (kernel - 1) * step
        step *= stride
    return side


SEES = Exercise(
    name="11.3",
    solve=sees,
    minutes=8,
    hints=(
        "neighbours in a map are how many pixels apart? A kernel of k spans k - 1 such steps.",
        "keep two numbers, side = 1 and step = 1. For each layer add (kernel - 1) * step to the "
        "side, and only then multiply the step by the stride.",
    ),
    cases=chains,
    expected=by_tracing,
    mistakes=(
        Mistake(
            {
                "        side += (kernel - 1) * step\n        step *= stride": (
                    "        step *= stride\n        side += (kernel - 1) * step"
                )
            },
            "the layer's own stride must not count for itself: it spaces what comes after.",
        ),
        Mistake(
            {"(kernel - 1) * step": "kernel * step"},
            "a kernel of k spans k - 1 steps: with a kernel of 1 nothing is added.",
        ),
        Mistake(
            {"step *= stride": "step += stride"},
            "strides multiply: two of 2 leave every fourth pixel.",
        ),
        Mistake(
            {"in layers": "in reversed(layers)"},
            "in the other order: the strides before a layer count for it, not those after.",
        ),
        Mistake(
            {"        step *= stride\n": ""},
            "this leaves out the strides: a later layer's pixels are further apart.",
        ),
    ),
)


def by_windows(x: Tensor, known: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Window by window."""
    k = weight.shape[-1]
    half = k // 2
    seen, mask = (F.pad(each, [half] * 4) for each in (x * known, known))
    n, _, height, width = x.shape
    result = torch.zeros(n, len(weight), height, width, dtype=x.dtype)
    for i in range(height):
        for j in range(width):
            window = seen[:, :, i : i + k, j : j + k]
            share = mask[:, 0, i : i + k, j : j + k].mean((1, 2))
            sums = torch.einsum("nchw,ochw->no", window, weight)
            value = sums / share.clamp(min=1e-9)[:, None] + bias
            result[:, :, i, j] = torch.where(share[:, None] > 0, value, 0.0)
    return result


def holed(generator: torch.Generator) -> list[Arguments]:
    """(x, known, weight, bias), float64: all known, a large hole, drawn ones."""
    cases: list[Arguments] = []
    for i in range(4):
        n, c, o, side = integers(generator, (1, 3), (1, 3), (1, 3), (5, 7))
        k = 3 if i < 3 else 5
        known = (torch.rand(n, 1, side, side, generator=generator) < 0.5).double()
        if i == 0:
            known = torch.ones_like(known)
        if i == 1:
            known = torch.zeros_like(known)
            known[..., :1] = 1
        x, weight, bias = (
            torch.randn(shape, generator=generator, dtype=torch.float64)
            for shape in ((n, c, side, side), (o, c, k, k), (o,))
        )
        cases.append((x, known, weight, bias))
    return cases


def partial_convolution(
    x: torch.Tensor, known: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor
) -> torch.Tensor:
    """Each sum over known pixels, divided by their share of the window, plus bias: (N, O, H, W).

    x: (N, C, H, W). known: (N, 1, H, W), 1 or 0. weight: (O, C, k, k) with k odd, bias: (O,).
    The padding, (k - 1) / 2 of zeros, counts as not known. Where nothing is known: 0.
    """
    import torch.nn.functional as F

    k = weight.shape[-1]
    total = F.conv2d(x * known, weight, padding=k // 2)
    share = F.avg_pool2d(known, k, stride=1, padding=k // 2)  # (N, 1, H, W)
    value = total / share.clamp(min=0.5 / k**2) + bias[:, None, None]
    return torch.where(share > 0, value, torch.zeros_like(value))


PARTIAL = Exercise(
    name="11.4",
    solve=partial_convolution,
    minutes=10,
    hints=(
        "two convolutions: one of `x * known` with the weight, and one of `known` with a window "
        "of ones. The second tells the share.",
        "`F.avg_pool2d(known, k, stride=1, padding=k // 2)` is the share. Divide the sum by it, "
        "then add the bias, then set to 0 where the share is 0.",
    ),
    cases=holed,
    expected=by_windows,
    mistakes=(
        Mistake(
            {
                "total / share.clamp(min=0.5 / k**2) + bias[:, None, None]": (
                    "(total + bias[:, None, None]) / share.clamp(min=0.5 / k**2)"
                )
            },
            "the bias is divided as well. Only the sum lacks the unknown pixels: add the bias "
            "after the division.",
        ),
        Mistake(
            {"torch.where(share > 0, value, torch.zeros_like(value))": "value"},
            "where nothing is known, the bias is left. It must be 0 there.",
        ),
        Mistake(
            {"F.conv2d(x * known, weight": "F.conv2d(x, weight"},
            "the sum must not see what is not known: blank x first.",
        ),
        Mistake(
            lambda x, known, weight, bias: F.conv2d(x, weight, bias, padding=weight.shape[-1] // 2),
            "this is a plain convolution: it never looks at `known`.",
        ),
        Mistake(
            {"total / share.clamp(min=0.5 / k**2)": "total"},
            "the sum is not divided by the share that is known.",
        ),
        Mistake(
            {"padding=k // 2)  #": "padding=k // 2, count_include_pad=False)  #"},
            "the padding counts as not known: the window has k² pixels at the border too.",
        ),
    ),
)


def by_tracks(fakes: Tensor, size: int, swap: Tensor, index: Tensor) -> Tensor:
    """With lists of numbers."""
    pool: list[float] = []
    given = []
    for fake, swapped, i in zip(fakes.tolist(), swap.tolist(), index.tolist(), strict=True):
        handed = fake
        if len(pool) < size:
            pool.append(fake)
        elif swapped:
            handed, pool[i] = pool[i], fake
        given.append(handed)
    return torch.tensor(given, dtype=fakes.dtype)


def draws(generator: torch.Generator) -> list[Arguments]:
    """(fakes, size, swap, index): fakes that differ, always swapped, drawn ones."""
    cases: list[Arguments] = [
        (torch.arange(6).double(), 2, torch.ones(6, dtype=torch.bool), torch.zeros(6).long())
    ]
    for _ in range(4):
        n, size = integers(generator, (8, 14), (2, 5))
        swap = torch.rand(n, generator=generator) < 0.6
        index = torch.randint(size, (n,), generator=generator)
        cases.append((torch.randn(n, generator=generator).double(), size, swap, index))
    return cases


def from_pool(
    fakes: torch.Tensor, size: int, swap: torch.Tensor, index: torch.Tensor
) -> torch.Tensor:
    """What the discriminator gets for each fake, in order: (N,).

    fakes: (N,), numbers in place of pictures. The pool is empty at first and takes up to `size`
    fakes; a fake that it takes is also handed out. Once it is full, fake i is handed out if not
    swap[i]; else it takes the place of the pool's number index[i], which is handed out.
    """
    given, pool = fakes.clone(), fakes[:size].clone()
    for i in range(size, len(fakes)):
        if swap[i]:
            given[i] = pool[index[i]]
            pool[index[i]] = fakes[i]
    return given


POOL = Exercise(
    name="11.5",
    solve=from_pool,
    minutes=10,
    hints=(
        "the first `size` fakes are handed out as they are, and are the pool. From then on, only "
        "those with swap[i] change anything.",
        "copy `fakes` for what is handed out and `fakes[:size]` for the pool. In a loop from "
        "`size` on, where swap[i]: hand out pool[index[i]], then store fakes[i] there.",
    ),
    cases=draws,
    expected=by_tracks,
    mistakes=(
        Mistake(
            {
                "            given[i] = pool[index[i]]\n            pool[index[i]] = fakes[i]": (
                    "            pool[index[i]] = fakes[i]\n            given[i] = pool[index[i]]"
                )
            },
            "every fake is handed out itself. With swap[i], take the old one out of the pool "
            "first, and store the new one after that.",
        ),
        Mistake(
            {"            pool[index[i]] = fakes[i]\n": ""},
            "the pool never changes: the fake that is held back must take the place.",
        ),
        Mistake(
            {"if swap[i]": "if not swap[i]"},
            "the other way round: swap[i] hands out an old one.",
        ),
        Mistake(
            {"range(size, len(fakes))": "range(len(fakes))"},
            "while the pool fills, nothing is swapped: the first `size` fakes are handed out.",
        ),
    ),
)

EXERCISES = (BEST, HOLE, SEES, PARTIAL, POOL)
