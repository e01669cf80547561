"""Exercises of lesson 01: a deconvolution stamped, gathered, as a matrix, and one of its cells."""

import torch
from torch import Tensor
from torch.nn import functional as F

from gan_lessons.exercises import measures
from gan_lessons.exercises.cases import Arguments, integers
from gan_lessons.exercises.engine import Exercise, Mistake


def fractions(generator: torch.Generator, *shape: int) -> Tensor:
    """Random quarters from 1/4 to 10: sums of their products are exact.

    No zero hides a mistake, and most are not whole, so that whole-number arithmetic shows.
    """
    return torch.randint(1, 41, shape, generator=generator) / 4


def deconvolved(x: Tensor, w: Tensor, s: int, p: int = 0) -> Tensor:
    """torch's own: (n,), (k,) → (m,)."""
    return F.conv_transpose1d(x[None, None], w[None, None], stride=s, padding=p)[0, 0]


# The lesson's own numbers: each digit of an output tells which input it came from.
TOY_X, TOY_W = torch.tensor([2.0, 3.0, 4.0]), torch.tensor([1.0, 10.0, 100.0])


def stamps(generator: torch.Generator) -> list[Arguments]:
    """(x, w, s): the lesson's, then strides 1 to 3 with inputs and kernels of all lengths."""
    drawn = [
        (fractions(generator, *integers(generator, (2, 5))), fractions(generator, k), s)
        for s in (1, 2, 3)
        for k in (2, 3, 4)
    ]
    return [(TOY_X, TOY_W, 2), (TOY_X, TOY_W, 1), (TOY_X[:1], TOY_W, 2), *drawn]


def stamp_and_add(x: torch.Tensor, w: torch.Tensor, s: int) -> torch.Tensor:
    """A deconvolution of stride s by a loop over input cells: (n,), (k,) → ((n - 1) * s + k,)."""
    n, k = len(x), len(w)
    y = x.new_zeros((n - 1) * s + k)
    for i in range(n):
        y[i * s : i * s + k] += x[i] * w
    return y


STAMP = Exercise(
    name="01.1",
    solve=stamp_and_add,
    minutes=5,
    hints=(
        "begin with zeros, as many as the output has. Each input cell adds one scaled kernel. At "
        "which output cell does the kernel of input `i` begin?",
        "input `i` covers the outputs from `i * s` up to, and without, `i * s + k`. Add "
        "`x[i] * w` to that slice of the output.",
    ),
    cases=stamps,
    expected=deconvolved,
    measure=measures.without_convolution,
    mistakes=(
        Mistake(
            {"+=": "="},
            "where two stamps overlap, the later one replaces the earlier one. Add it instead.",
        ),
        Mistake(
            {"(n - 1) * s + k)": "n * s + k)"},
            "the numbers are right, and too many zeros follow. The last of n stamps begins at "
            "(n - 1) * s, not at n * s.",
        ),
        Mistake(
            {"y[i * s : i * s + k]": "y[i : i + k]"},
            "each stamp begins one cell after the one before, whatever the stride. Input i begins "
            "at i * s.",
        ),
        Mistake(
            {"x[i] * w": "x[i] * w.flip(0)"},
            "the kernel is turned. A stamp carries it as it is; it is turned only where you gather "
            "with a convolution.",
        ),
        Mistake(
            {
                "(n - 1) * s + k": "n + (k - 1) * s",
                "y[i * s : i * s + k]": "y[i : i + (k - 1) * s + 1 : s]",
            },
            "the steps of s are inside the kernel: that is a dilation. A stride is the step from "
            "one stamp to the next.",
        ),
    ),
)


def gathered(generator: torch.Generator) -> list[Arguments]:
    """(x, w, s, p): inputs long enough that every way to pad leaves something to convolve."""
    drawn = [
        (fractions(generator, *integers(generator, (4, 6))), fractions(generator, k), s, p)
        for s in (1, 2, 3)
        for k, p in ((2, 0), (3, 0), (3, 1), (4, 1), (4, 3))
    ]
    return [(TOY_X, TOY_W, 2, 0), (TOY_X, TOY_W, 2, 1), *drawn]


def insert_zeros(x: torch.Tensor, w: torch.Tensor, s: int, p: int) -> torch.Tensor:
    """The same layer by torch.nn.functional.conv1d at stride 1: (n,), (k,) → ((n-1)*s + k - 2*p,).

    s: stride of the deconvolution. p: its padding, at most k - 1.
    """
    n, k = len(x), len(w)
    spread = x.new_zeros((n - 1) * s + 1)
    spread[::s] = x
    turned = w.flip(0)
    y = torch.nn.functional.conv1d(spread[None, None], turned[None, None], padding=k - 1 - p)
    return y[0, 0]


GATHER = Exercise(
    name="01.2",
    solve=insert_zeros,
    minutes=8,
    hints=(
        "put s - 1 zeros between neighbours, then let conv1d gather. Three questions: how long is "
        "the spread input, which way round is the kernel, and how many zeros go on each side?",
        "`spread = torch.zeros((n - 1) * s + 1)` and `spread[::s] = x`. The kernel is `w.flip(0)`. "
        "With no padding of the layer, k - 1 zeros go on each side; each step of padding takes one "
        "away.",
    ),
    cases=gathered,
    expected=deconvolved,
    measure=measures.by_convolution,
    mistakes=(
        Mistake(
            {"w.flip(0)": "w"},
            "the kernel is not turned. torch's conv1d does not turn it, so you must.",
        ),
        Mistake(
            {"(n - 1) * s + 1": "(n - 1) * (s + 1) + 1", "::s": "::s + 1"},
            "s zeros between neighbours are one too many: neighbours are s apart, so s - 1 zeros "
            "fit between them.",
        ),
        Mistake(
            {"(n - 1) * s + 1": "n * s"},
            "zeros follow the last input too. They go between neighbours only: the spread input "
            "has (n - 1) * s + 1 cells.",
        ),
        Mistake(
            {"padding=k - 1 - p": "padding=k - 1"},
            "right where p is 0. Padding cuts the output of a deconvolution, so it takes zeros "
            "away: k - 1 - p on each side.",
        ),
        Mistake(
            {"padding=k - 1 - p": "padding=p"},
            "p is the padding of the deconvolution, which cuts. The convolution that does the same "
            "needs k - 1 - p zeros on each side.",
        ),
        Mistake(
            {"padding=k - 1 - p": "padding=k - 1 - p, stride=s"},
            "the stride is used twice. The zeros are the stride; the convolution then moves by one "
            "cell.",
        ),
    ),
)


def matrices(generator: torch.Generator) -> list[Arguments]:
    """(w, n, s, p): the lesson's, then others, more of them with padding than without."""
    drawn = [
        (fractions(generator, k), *integers(generator, (2, 5)), s, p)
        for s in (1, 2, 3)
        for k, p in ((2, 0), (3, 1), (4, 1), (5, 2))
    ]
    return [(TOY_W, 3, 2, 0), (TOY_W, 3, 2, 1), (TOY_W, 1, 2, 0), *drawn]


def columns(w: Tensor, n: int, s: int, p: int) -> Tensor:
    """Column i is what the layer makes of an input that is 1 at i and 0 elsewhere."""
    return torch.stack([deconvolved(unit, w, s, p) for unit in torch.eye(n)], 1)


def transposed_matrix(w: torch.Tensor, n: int, s: int, p: int) -> torch.Tensor:
    """The matrix that a deconvolution of n inputs multiplies by: (k,) → ((n-1)*s + k - 2*p, n).

    s: stride. p: padding, by which the output is cut at both ends.
    """
    k = len(w)
    m = (n - 1) * s + k - 2 * p
    matrix = w.new_zeros(m, n)
    for i in range(n):
        for j in range(k):
            o = i * s + j - p
            if 0 <= o < m:
                matrix[o, i] = w[j]
    return matrix


MATRIX = Exercise(
    name="01.3",
    solve=transposed_matrix,
    minutes=8,
    hints=(
        "a matrix with a row for each output and a column for each input: column i is what input "
        "i = 1 alone would make. Where does `w[j]` land in it?",
        "`w[j]` stands in column i and row `i * s + j - p`, as long as that row exists. Begin with "
        "`torch.zeros(m, n)` and loop over i and j.",
    ),
    cases=matrices,
    expected=columns,
    mistakes=(
        Mistake(
            {"return matrix": "return matrix.T"},
            "this is C, the matrix of the convolution, with a row for each of the n inputs. The "
            "deconvolution multiplies by C transposed.",
        ),
        Mistake(
            {"+ j - p": "+ j"},
            "right where p is 0, else p rows too low: padding cuts the first p outputs, so all "
            "that is left moves up by p.",
        ),
        Mistake(
            {"+ j - p": "+ j + p"},
            "the sign of p: padding cuts the first p outputs, so rows move up, to i * s + j - p.",
        ),
        Mistake(
            {"if 0 <= o < m": "if o < m"},
            "a row of -1 is the last row in Python. What padding cuts at the beginning comes back "
            "at the end: keep o only if 0 <= o < m.",
        ),
        Mistake(
            {"w[j]": "w[k - 1 - j]"},
            "the kernel is turned. Down a column it stands as it is; it is along a row that you "
            "see it turned.",
        ),
        Mistake(
            {"- 2 * p": "- p"},
            "one p too few is taken off the rows: padding cuts at both ends, so 2 * p.",
        ),
    ),
)


def cells(generator: torch.Generator) -> list[Arguments]:
    """(x, w, b, e, row, column, s, p): every cell has a window inside the output.

    There are at least as many output as input channels, and e is below both, so that swapped
    channels give a number and not an error.
    """
    easy = (
        torch.tensor([[[2.0, 3.0], [4.0, 5.0]]]),
        torch.tensor([[[[1.0, 10.0], [100.0, 1000.0]]]]),
    )
    cases: list[Arguments] = [(*easy, torch.tensor([0.5]), 0, 1, 1, 1, 0)]
    for s, p, side in ((1, 0, 3), (1, 1, 3), (2, 0, 3), (2, 1, 3), (2, 1, 4), (3, 1, 4)):
        channels, height, width = integers(generator, (2, 3), (3, 4), (3, 4))
        filters, e = integers(generator, (channels, 4), (0, channels - 1))
        x = fractions(generator, channels, height, width)
        w = fractions(generator, channels, filters, side, side)
        b = 10 * fractions(generator, filters)
        last_row, last_column = ((n - 1) * s + side - 2 * p - 2 for n in (height, width))
        row, column = integers(generator, (1, last_row), (1, last_column))
        cases.append((x, w, b, e, row, column, s, p))
    return cases


def torch_cell(
    x: Tensor, w: Tensor, b: Tensor, e: int, row: int, column: int, s: int, p: int
) -> float:
    """torch's own, of which one number is taken."""
    return F.conv_transpose2d(x[None], w, b, stride=s, padding=p)[0, e, row, column].item()


def output_cell(
    x: torch.Tensor, w: torch.Tensor, b: torch.Tensor, e: int, row: int, column: int, s: int, p: int
) -> torch.Tensor:
    """One number of a deconvolution, y[e, row, column], as a sum of products: no convolution.

    x: (C, H, W). w: (C, E, K, K). b: (E,). s: stride, p: padding, the same for both axes.
    """
    channels, height, width = x.shape
    side = w.shape[2]
    total = b[e]
    for c in range(channels):
        for i in range(height):
            for i2 in range(width):
                j, j2 = row + p - i * s, column + p - i2 * s  # where in the kernel
                if 0 <= j < side and 0 <= j2 < side:
                    total = total + x[c, i, i2] * w[c, e, j, j2]
    return total


CELL = Exercise(
    name="01.4",
    solve=output_cell,
    minutes=10,
    hints=(
        "with which kernel position (j, j2) does input (i, i2) reach this output cell? Solve "
        "`i * s + j - p = row` for j, and the same for the column. Where that lies outside of the "
        "kernel, the input does not reach it.",
        "start from `b[e]`. For each channel c and each input (i, i2) let "
        "`j, j2 = row + p - i * s, column + p - i2 * s`; if both are from 0 to K - 1, add "
        "`x[c, i, i2] * w[c, e, j, j2]`.",
    ),
    cases=cells,
    expected=torch_cell,
    measure=measures.without_convolution,
    mistakes=(
        Mistake(
            {"w[c, e, ": "w[e, c, "},
            "the channels of the weight are swapped. A deconvolution stores (in, out, height, "
            "width): `w[c, e]` leads from input channel c to output channel e.",
        ),
        Mistake(
            {"total = b[e]": "total = torch.zeros(())"},
            "the bias is missing: one number for each output channel, added once.",
        ),
        Mistake(
            {"total = b[e]": "total = channels * b[e]"},
            "the bias is added once for each input channel. It belongs to the output channel, and "
            "is added once.",
        ),
        Mistake(
            {"j, j2]": "side - 1 - j, side - 1 - j2]"},
            "the kernel is turned by 180 degrees. By the index of the stamp, input (i, i2) meets "
            "the kernel at (row + p - i * s, column + p - i2 * s), and no further turn is needed.",
        ),
        Mistake(
            {"row + p": "row - p", "column + p": "column - p"},
            "the sign of p. Padding cuts the first p rows, so row 0 of the output was row p of the "
            "canvas: add p.",
        ),
        Mistake(
            {"row + p": "row", "column + p": "column"},
            "right where p is 0. Padding cuts the first p rows and columns, so row 0 of the output "
            "was row p of the canvas.",
        ),
        Mistake(
            {"range(channels)": "range(1)"},
            "only the first input channel is counted. An output channel sums over all of them.",
        ),
    ),
)

EXERCISES = (STAMP, GATHER, MATRIX, CELL)
