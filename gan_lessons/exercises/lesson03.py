"""Exercises of lesson 03: phases of a kernel, unevenness, ICNR, one layer as another, even kernels.

Every expected result is found by asking torch, or by algebra that the solutions do without.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from gan_lessons.exercises.cases import Arguments, integers
from gan_lessons.exercises.engine import Exercise, Mistake
from gan_lessons.upsample import unevenness


def period_of_ones(w: Tensor, stride: int) -> Tensor:
    """Deconvolves ones, and reads one period far from both ends."""
    blocks = -(-len(w) // stride)  # the kernel reaches over so many periods
    y = F.conv_transpose1d(torch.ones(1, 1, 2 * blocks + 1), w[None, None], stride=stride)[0, 0]
    return y[blocks * stride :][:stride]


def lines_of_weights(generator: torch.Generator) -> list[Arguments]:
    """Digits that tell who is who, kernels shorter than the stride, then random ones."""
    cases: list[Arguments] = [
        (torch.tensor([1.0, 10.0, 100.0]), 2),
        (torch.tensor([1.0, 10.0, 100.0, 1000.0]), 2),
        (torch.tensor([1.0, 10.0]), 3),
    ]
    for _ in range(12):
        kernel, stride = integers(generator, (1, 9), (1, 4))
        cases.append((torch.randn(kernel, generator=generator), stride))
    return cases


def phase_sums(w: torch.Tensor, stride: int) -> torch.Tensor:
    """What each phase of a deconvolution makes of ones, away from the ends: (k,) → (stride,).

    A phase that no weight reaches makes 0.
    """
    return torch.stack([w[r::stride].sum() for r in range(stride)])


PHASES = Exercise(
    name="03.1",
    solve=phase_sums,
    minutes=4,
    hints=(
        "output `o` takes kernel cell `j` from input `i` where `i * stride + j = o`. Which `j` can "
        "that be, if you know `o % stride` and nothing else?",
        "phase `r` takes the cells `r`, `r + stride`, `r + 2 * stride`, …, and from inputs that "
        "are all 1. A slice `w[r::stride]` has these cells.",
    ),
    cases=lines_of_weights,
    expected=period_of_ones,
    mistakes=(
        Mistake(
            lambda w, stride: torch.stack([part.sum() for part in w.tensor_split(stride)]),
            "you add neighbours. Inputs are `stride` apart, so a phase takes every stride-th cell.",
        ),
        Mistake(
            {"w[r::stride].sum()": "(w[r::stride] * 0 + 1).sum()"},
            "these are the overlap counts, which are the sums of a kernel of ones. Add the "
            "weights.",
        ),
        Mistake(
            {"w[r::stride]": "w.flip(0)[r::stride]"},
            "you turned the kernel. Its turn belongs to one way of computing a deconvolution; the "
            "stamps carry it as it is.",
        ),
        Mistake(
            {"w[r::stride].sum()": "w.sum() / stride"},
            "that is the mean of all phases. Each has a sum of its own, and their difference is "
            "the checkerboard.",
        ),
    ),
)


def measured_unevenness(kernel: int, stride: int, axes: int) -> float:
    """Measured on a kernel of ones."""
    return unevenness(torch.ones((kernel,) * axes), stride).item()


def uniform_kernels(generator: torch.Generator) -> list[Arguments]:
    """(kernel, stride, axes): the lesson's own, then random ones."""
    easy = [(3, 2, 1), (3, 2, 2), (5, 2, 2), (4, 3, 2), (4, 2, 2), (1, 2, 2)]
    return easy + [integers(generator, (1, 12), (2, 5), (1, 2)) for _ in range(15)]


def uniform_unevenness(kernel: int, stride: int, axes: int) -> float:
    """std / mean of the phase sums of a kernel of ones: (kernel,) if axes is 1, square if 2.

    std is the population's: the root of the mean squared distance from the mean.
    """
    counts = [len(range(r, kernel, stride)) for r in range(stride)]
    mean = kernel / stride
    squared = sum((count - mean) ** 2 for count in counts) / stride / mean**2
    return ((1 + squared) ** axes - 1) ** 0.5


def sample_unevenness(kernel: int, stride: int, axes: int) -> float:
    """Estimates the std, as if the phases were a sample of more."""
    sums = torch.bincount(torch.arange(kernel) % stride, minlength=stride).float()
    sums = sums if axes == 1 else torch.outer(sums, sums)
    return (sums.std() / sums.mean()).item()


UNIFORM = Exercise(
    name="03.2",
    solve=uniform_unevenness,
    minutes=8,
    hints=(
        "along one axis a phase sum is a count: how many of 0, 1, …, kernel - 1 leave the "
        "remainder r when divided by the stride. In two dimensions each count of the one axis "
        "meets each of the other, and they multiply.",
        "`torch.ones(kernel)[r::stride].sum()` counts. The sums of a square kernel are the outer "
        "product of the counts with themselves. Or use that 1 + u² multiplies, axis by axis.",
    ),
    cases=uniform_kernels,
    expected=measured_unevenness,
    absolute=1e-3,  # a root makes 3.5e-4 of the rounding of float32; the uneven ones are above 0.09
    mistakes=(
        Mistake(
            {"((1 + squared) ** axes - 1) ** 0.5": "squared**0.5"},
            "right for one axis. In two dimensions the counts of both axes multiply, and that is "
            "less even.",
        ),
        Mistake(
            {"((1 + squared) ** axes - 1) ** 0.5": "(squared**0.5) ** axes"},
            "it is 1 + u² that multiplies, and not u: two axes are less even than one.",
        ),
        Mistake(
            {"((1 + squared) ** axes - 1) ** 0.5": "(1 + squared) ** axes - 1"},
            "this is variance over squared mean: a square root is missing.",
        ),
        Mistake(
            sample_unevenness,
            "`std` divides by one less than the number of phases, as for a sample. Here are all "
            "the phases that there are: `correction=0`.",
        ),
    ),
)


def shuffled_back(kernel: Tensor, r: int) -> Tensor:
    """The weight whose channels, once shuffled, are the kernel's with each pixel r × r times."""
    pixels = kernel.permute(1, 2, 3, 0).flatten(0, 2)[..., None, None]  # (C KH KW, O, 1, 1)
    channels = F.pixel_unshuffle(F.interpolate(pixels, scale_factor=r), r)[..., 0, 0]
    return channels.T.unflatten(1, kernel.shape[1:])


def small_kernels(generator: torch.Generator) -> list[Arguments]:
    """(kernel, r): two output channels that can be told apart, then random ones."""
    cases: list[Arguments] = [(torch.tensor([1.0, 5.0]).reshape(2, 1, 1, 1), 2)]
    for r in (2, 2, 3, 4):
        shape = integers(generator, (2, 4), (1, 3), (1, 3), (1, 3))
        cases.append((torch.randn(shape, generator=generator), r))
    return cases


def icnr(kernel: torch.Tensor, r: int) -> torch.Tensor:
    """The start of a sub-pixel convolution: (O, C, KH, KW) → (O * r**2, C, KH, KW).

    With it, convolution and nn.PixelShuffle(r) make what `kernel` makes, each pixel r × r times.
    """
    return kernel.repeat_interleave(r**2, dim=0)


ICNR = Exercise(
    name="03.3",
    solve=icnr,
    minutes=6,
    hints=(
        "all pixels of an r × r block shall be alike, so they need the same kernel. Which channels "
        "does PixelShuffle make a block of? Try it on `torch.arange(8.0).reshape(1, 8, 1, 1)`.",
        "the first r² channels are the block of output channel 0, the next r² that of channel 1. "
        "So each kernel stands r² times in a row: `repeat_interleave`.",
    ),
    cases=small_kernels,
    expected=shuffled_back,
    mistakes=(
        Mistake(
            lambda kernel, r: kernel.repeat(r**2, 1, 1, 1),
            "all copies are there, in the wrong order. PixelShuffle makes a block of neighbouring "
            "channels, and these go round: 0, 1, 0, 1, …",
        ),
        Mistake(
            lambda kernel, r: kernel.repeat_interleave(r, dim=0),
            "a block has r rows and r columns: r² copies of each kernel.",
        ),
        Mistake(
            lambda kernel, r: kernel.repeat_interleave(r**2, dim=0) / r**2,
            "nothing is shared out: each pixel of a block is the small picture's pixel, and not a "
            "part of it.",
        ),
        Mistake(
            lambda kernel, r: F.pad(kernel[:, None], [0] * 7 + [r**2 - 1]).flatten(0, 1),
            "one pixel of each block is lit and the others are 0: as uneven as random weights.",
        ),
    ),
)


def stamps_of_single_ones(weight: Tensor, r: int) -> Tensor:
    """A deconvolution's weight is what it makes of a single 1 in each input channel."""
    ones = torch.eye(weight.shape[1])[..., None, None]  # (C, C, 1, 1)
    reach = [side - 1 for side in weight.shape[2:]]
    return F.pixel_shuffle(F.conv2d(ones, weight, padding=reach), r)


def subpixel_weights(generator: torch.Generator) -> list[Arguments]:
    """(weight, r): one channel to one with numbers that tell who is who, then random ones."""
    cases: list[Arguments] = [(torch.arange(1.0, 17.0).reshape(4, 1, 2, 2), 2)]
    for r in (2, 2, 3):
        outs, ins, height, width = integers(generator, (1, 3), (2, 4), (2, 3), (2, 3))
        cases.append((torch.randn(outs * r**2, ins, height, width, generator=generator), r))
    return cases


def as_deconvolution(weight: torch.Tensor, r: int) -> torch.Tensor:
    """The deconvolution in a sub-pixel convolution: (O * r**2, C, KH, KW) → (C, O, r KH, r KW).

    weight: of the convolution, before nn.PixelShuffle(r). The deconvolution has stride r.
    """
    weight = weight.unflatten(0, (-1, r, r))  # (O, y, x, C, KH, KW)
    weight = weight.flip(4, 5).permute(3, 0, 4, 1, 5, 2)  # (C, O, KH, y, KW, x)
    return weight.flatten(4, 5).flatten(2, 3)


DISGUISE = Exercise(
    name="03.4",
    solve=as_deconvolution,
    minutes=12,
    hints=(
        "two roads. Either rearrange: output channel `(o * r + y) * r + x` makes the pixels of "
        "phase (y, x), and phases are interleaved. Or ask: what does a deconvolution make of a "
        "single 1?",
        "rearrange: `unflatten(0, (-1, r, r))`, flip both kernel axes, permute to "
        "(C, O, KH, y, KW, x), flatten the pairs. Or ask: `conv2d` of `torch.eye(C)` as pictures "
        "of one pixel, padded by the kernel's size less 1, then `pixel_shuffle`.",
    ),
    cases=subpixel_weights,
    expected=stamps_of_single_ones,
    mistakes=(
        Mistake(
            {".flip(4, 5)": ""},
            "the flip is missing. A convolution gathers with the kernel as it is; the same weights "
            "as a stamp are turned by 180°.",
        ),
        Mistake(
            {"permute(3, 0, 4, 1, 5, 2)": "permute(3, 0, 4, 2, 5, 1)"},
            "rows and columns of a block have changed places: PixelShuffle counts along a row "
            "first, so the last of the two is x.",
        ),
        Mistake(
            {"permute(3, 0, 4, 1, 5, 2)": "permute(3, 0, 1, 4, 2, 5)"},
            "you put the kernels side by side. Phases are interleaved: neighbours in the large "
            "kernel belong to different ones.",
        ),
        Mistake(
            {".flip(4, 5)": "", "flatten(2, 3)": "flatten(2, 3).flip(2, 3)"},
            "you flip after interleaving, and that turns the phases round as well. Flip each small "
            "kernel.",
        ),
        Mistake(
            {"flatten(2, 3)": "flatten(2, 3).transpose(0, 1).contiguous()"},
            "all is in its place but for the channels: a deconvolution's weight is stored as "
            "(in, out, …).",
        ),
    ),
)


def projected(w: Tensor, stride: int) -> Tensor:
    """The nearest point of the plane of kernels with equal phase sums and this total."""
    member = (torch.arange(len(w)) % stride == torch.arange(stride)[:, None]).to(w)  # (stride, k)
    missing = w.sum() / stride - member @ w
    return w + torch.linalg.pinv(member) @ missing


def uneven_kernels(generator: torch.Generator) -> list[Arguments]:
    """(w, stride): ones that are uneven, easy numbers, then random ones of at least the stride."""
    cases: list[Arguments] = [(torch.ones(3), 2), (torch.tensor([1.0, 2.0, 3.0, 4.0]), 2)]
    for _ in range(12):
        (stride,) = integers(generator, (2, 4))
        (kernel,) = integers(generator, (stride, 9))
        cases.append((torch.randn(kernel, generator=generator) + 1, stride))
    return cases


def even_kernel(w: torch.Tensor, stride: int) -> torch.Tensor:
    """The nearest kernel with equal phase sums and the same total: (k,) → (k,), k >= stride.

    Nearest: the sum of squared changes is as small as it can be.
    """
    even = w.clone()
    for r in range(stride):
        phase = w[r::stride]
        even[r::stride] = phase + (w.sum() / stride - phase.sum()) / len(phase)
    return even


EVEN = Exercise(
    name="03.5",
    solve=even_kernel,
    minutes=8,
    hints=(
        "phases share no weights, so take them one by one. What must each sum be, if they are "
        "equal and the total stays? And how do you change the sum of a few numbers with the least "
        "squared change?",
        "each sum must be `w.sum() / stride`. What a phase lacks is shared out equally among its "
        "weights, so divide by their number, `len(w[r::stride])`.",
    ),
    cases=uneven_kernels,
    expected=projected,
    mistakes=(
        Mistake(
            {
                "phase + (w.sum() / stride - phase.sum()) / len(phase)": (
                    "phase * (w.sum() / stride / phase.sum())"
                )
            },
            "even it is, but not the nearest: a factor moves large weights more than small ones, "
            "and a phase that adds up to almost 0 explodes.",
        ),
        Mistake(
            {" / len(phase)": ""},
            "each weight of the phase gets all that the phase lacks. Share it out among them.",
        ),
        Mistake(
            {"/ len(phase)": "/ (len(w) / stride)"},
            "right where the stride divides the kernel. Else the phases differ in how many weights "
            "they have.",
        ),
        Mistake(
            {"(w.sum() / stride - phase.sum())": "(1 - phase.sum())"},
            "even, but the total has changed: all sums are 1 now, whatever the kernel's gain was.",
        ),
        Mistake(
            {"even = w.clone()": "even = w = w.clone()"},
            "`w.sum()` is asked again after a phase has changed. Take the total before the loop.",
        ),
        Mistake(
            {
                "phase + (w.sum() / stride - phase.sum()) / len(phase)": (
                    "phase - phase.mean() + w.mean()"
                )
            },
            "this makes the phases' means equal. What a constant input meets is their sums.",
        ),
    ),
)

EXERCISES = (PHASES, UNIFORM, ICNR, DISGUISE, EVEN)
