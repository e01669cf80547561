"""Exercises of lesson 01: a deconvolution stamped, gathered, as a matrix, and one of its cells."""

import torch
from torch import Tensor
from torch.nn import functional as F

from gan_lessons.exercises.engine import Case, Exercise, Mistake, changed, filled


def whole(generator: torch.Generator, low: int, high: int) -> int:
    """A random whole number from low to high, both included."""
    return int(torch.randint(low, high + 1, (), generator=generator))


def digits(generator: torch.Generator, *shape: int) -> Tensor:
    """Random numbers 1 to 9: whole, so that sums are exact, and no zero to hide a mistake."""
    return torch.randint(1, 10, shape, generator=generator).float()


def deconvolved(x: Tensor, w: Tensor, s: int, p: int = 0) -> Tensor:
    """torch's own: (n,), (k,) → (m,)."""
    return F.conv_transpose1d(x[None, None], w[None, None], stride=s, padding=p)[0, 0]


# The lesson's own numbers: each digit of an output tells which input it came from.
TOY_X, TOY_W = torch.tensor([2.0, 3.0, 4.0]), torch.tensor([1.0, 10.0, 100.0])


# 01.1


def stamps(generator: torch.Generator) -> list[Case]:
    """(x, w, s): the lesson's, then strides 1 to 3 with inputs and kernels of all lengths."""
    drawn = [
        (digits(generator, whole(generator, 2, 5)), digits(generator, k), s)
        for s in (1, 2, 3)
        for k in (2, 3, 4)
    ]
    return [(TOY_X, TOY_W, 2), (TOY_X, TOY_W, 1), *drawn]


STAMP_STUB = '''\
def stamp_and_add(x: torch.Tensor, w: torch.Tensor, s: int) -> torch.Tensor:
    """A deconvolution of stride s by a loop over input cells: (n,), (k,) → ((n - 1) * s + k,)."""
    ...'''

STAMP_BODY = """\
n, k = len(x), len(w)
y = torch.zeros((n - 1) * s + k)
for i in range(n):
    y[i * s : i * s + k] += x[i] * w
return y"""

STAMP = Exercise(
    name="01.1",
    answer="stamp_and_add",
    minutes=5,
    stub=STAMP_STUB,
    solution=filled(STAMP_STUB, STAMP_BODY),
    hints=(
        "begin with zeros, as many as the output has. Each input cell adds one scaled kernel. At "
        "which output cell does the kernel of input `i` begin?",
        "input `i` covers the outputs from `i * s` up to, and without, `i * s + k`. Add "
        "`x[i] * w` to that slice of the output.",
    ),
    cases=stamps,
    expected=deconvolved,
    mistakes=(
        Mistake(
            filled(STAMP_STUB, changed(STAMP_BODY, ("+=", "="))),
            "where two stamps overlap, the later one replaces the earlier one. Add it instead.",
        ),
        Mistake(
            filled(STAMP_STUB, changed(STAMP_BODY, ("(n - 1) * s + k)", "n * s + k)"))),
            "the numbers are right, and too many zeros follow. The last of n stamps begins at "
            "(n - 1) * s, not at n * s.",
        ),
        Mistake(
            filled(STAMP_STUB, changed(STAMP_BODY, ("y[i * s : i * s + k]", "y[i : i + k]"))),
            "each stamp begins one cell after the one before, whatever the stride. Input i begins "
            "at i * s.",
        ),
        Mistake(
            filled(STAMP_STUB, changed(STAMP_BODY, ("x[i] * w", "x[i] * w.flip(0)"))),
            "the kernel is turned. A stamp carries it as it is; it is turned only where you gather "
            "with a convolution.",
        ),
        Mistake(
            filled(
                STAMP_STUB,
                changed(
                    STAMP_BODY,
                    ("(n - 1) * s + k", "n + (k - 1) * s"),
                    ("y[i * s : i * s + k]", "y[i : i + (k - 1) * s + 1 : s]"),
                ),
            ),
            "the steps of s are inside the kernel: that is a dilation. A stride is the step from "
            "one stamp to the next.",
        ),
    ),
)


# 01.2


def gathered(generator: torch.Generator) -> list[Case]:
    """(x, w, s, p): inputs long enough that every way to pad leaves something to convolve."""
    drawn = [
        (digits(generator, whole(generator, 4, 6)), digits(generator, k), s, p)
        for s in (1, 2, 3)
        for k, p in ((2, 0), (3, 0), (3, 1), (4, 1), (4, 3))
    ]
    return [(TOY_X, TOY_W, 2, 0), (TOY_X, TOY_W, 2, 1), *drawn]


GATHER_STUB = '''\
def insert_zeros(x: torch.Tensor, w: torch.Tensor, s: int, p: int) -> torch.Tensor:
    """The same layer by torch.nn.functional.conv1d at stride 1: (n,), (k,) → ((n-1)*s + k - 2*p,).

    s: stride of the deconvolution. p: its padding, at most k - 1.
    """
    ...'''

GATHER_BODY = """\
n, k = len(x), len(w)
spread = torch.zeros((n - 1) * s + 1)
spread[::s] = x
turned = w.flip(0)
y = torch.nn.functional.conv1d(spread[None, None], turned[None, None], padding=k - 1 - p)
return y[0, 0]"""
PADDING_OF_CONV = "padding=k - 1 - p"

GATHER = Exercise(
    name="01.2",
    answer="insert_zeros",
    minutes=8,
    stub=GATHER_STUB,
    solution=filled(GATHER_STUB, GATHER_BODY),
    hints=(
        "put s - 1 zeros between neighbours, then let conv1d gather. Three questions: how long is "
        "the spread input, which way round is the kernel, and how many zeros go on each side?",
        "`spread = torch.zeros((n - 1) * s + 1)` and `spread[::s] = x`. The kernel is `w.flip(0)`. "
        "With no padding of the layer, k - 1 zeros go on each side; each step of padding takes one "
        "away.",
    ),
    cases=gathered,
    expected=deconvolved,
    mistakes=(
        Mistake(
            filled(GATHER_STUB, changed(GATHER_BODY, ("w.flip(0)", "w"))),
            "the kernel is not turned. torch's conv1d does not turn it, so you must.",
        ),
        Mistake(
            filled(
                GATHER_STUB,
                changed(
                    GATHER_BODY, ("(n - 1) * s + 1", "(n - 1) * (s + 1) + 1"), ("::s", "::s + 1")
                ),
            ),
            "s zeros between neighbours are one too many: neighbours are s apart, so s - 1 zeros "
            "fit between them.",
        ),
        Mistake(
            filled(GATHER_STUB, changed(GATHER_BODY, ("(n - 1) * s + 1", "n * s"))),
            "zeros follow the last input too. They go between neighbours only: the spread input "
            "has (n - 1) * s + 1 cells.",
        ),
        Mistake(
            filled(GATHER_STUB, changed(GATHER_BODY, (PADDING_OF_CONV, "padding=k - 1"))),
            "right where p is 0. Padding cuts the output of a deconvolution, so it takes zeros "
            "away: k - 1 - p on each side.",
        ),
        Mistake(
            filled(GATHER_STUB, changed(GATHER_BODY, (PADDING_OF_CONV, "padding=p"))),
            "p is the padding of the deconvolution, which cuts. The convolution that does the same "
            "needs k - 1 - p zeros on each side.",
        ),
        Mistake(
            filled(
                GATHER_STUB, changed(GATHER_BODY, (PADDING_OF_CONV, PADDING_OF_CONV + ", stride=s"))
            ),
            "the stride is used twice. The zeros are the stride; the convolution then moves by one "
            "cell.",
        ),
    ),
)


# 01.3


def matrices(generator: torch.Generator) -> list[Case]:
    """(w, n, s, p): the lesson's, then others, more of them with padding than without."""
    drawn = [
        (digits(generator, k), whole(generator, 2, 5), s, p)
        for s in (1, 2, 3)
        for k, p in ((2, 0), (3, 1), (4, 1), (5, 2))
    ]
    return [(TOY_W, 3, 2, 0), (TOY_W, 3, 2, 1), *drawn]


def columns(w: Tensor, n: int, s: int, p: int) -> Tensor:
    """Column i is what the layer makes of an input that is 1 at i and 0 elsewhere."""
    return torch.stack([deconvolved(unit, w, s, p) for unit in torch.eye(n)], 1)


MATRIX_STUB = '''\
def transposed_matrix(w: torch.Tensor, n: int, s: int, p: int) -> torch.Tensor:
    """The matrix that a deconvolution of n inputs multiplies by: (k,) → ((n-1)*s + k - 2*p, n).

    s: stride. p: padding, by which the output is cut at both ends.
    """
    ...'''

MATRIX_BODY = """\
k = len(w)
m = (n - 1) * s + k - 2 * p
matrix = torch.zeros(m, n)
for i in range(n):
    for j in range(k):
        o = i * s + j - p
        if 0 <= o < m:
            matrix[o, i] = w[j]
return matrix"""

MATRIX = Exercise(
    name="01.3",
    answer="transposed_matrix",
    minutes=8,
    stub=MATRIX_STUB,
    solution=filled(MATRIX_STUB, MATRIX_BODY),
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
            filled(MATRIX_STUB, changed(MATRIX_BODY, ("return matrix", "return matrix.T"))),
            "this is C, the matrix of the convolution, with a row for each of the n inputs. The "
            "deconvolution multiplies by C transposed.",
        ),
        Mistake(
            filled(MATRIX_STUB, changed(MATRIX_BODY, ("+ j - p", "+ j"))),
            "right where p is 0, else p rows too low: padding cuts the first p outputs, so all "
            "that is left moves up by p.",
        ),
        Mistake(
            filled(MATRIX_STUB, changed(MATRIX_BODY, ("+ j - p", "+ j + p"))),
            "the sign of p: padding cuts the first p outputs, so rows move up, to i * s + j - p.",
        ),
        Mistake(
            filled(MATRIX_STUB, changed(MATRIX_BODY, ("if 0 <= o < m", "if o < m"))),
            "a row of -1 is the last row in Python. What padding cuts at the beginning comes back "
            "at the end: keep o only if 0 <= o < m.",
        ),
        Mistake(
            filled(MATRIX_STUB, changed(MATRIX_BODY, ("w[j]", "w[k - 1 - j]"))),
            "the kernel is turned. Down a column it stands as it is; it is along a row that you "
            "see it turned.",
        ),
        Mistake(
            filled(MATRIX_STUB, changed(MATRIX_BODY, ("- 2 * p", "- p"))),
            "one p too few is taken off the rows: padding cuts at both ends, so 2 * p.",
        ),
    ),
)


# 01.4


def cells(generator: torch.Generator) -> list[Case]:
    """(x, w, b, o, row, column, s, p): every cell has a window inside the output.

    There are at least as many output as input channels, and o is below both, so that swapped
    channels give a number and not an error.
    """
    easy = (
        torch.tensor([[[2.0, 3.0], [4.0, 5.0]]]),
        torch.tensor([[[[1.0, 10.0], [100.0, 1000.0]]]]),
    )
    cases: list[Case] = [(*easy, torch.tensor([0.5]), 0, 1, 1, 1, 0)]
    for s, p in ((1, 0), (1, 1), (2, 0), (2, 1), (2, 1), (3, 1)):
        channels, height, width, side = 2, whole(generator, 3, 4), whole(generator, 3, 4), 3
        filters = whole(generator, 2, 3)
        x, w = (
            digits(generator, channels, height, width),
            digits(generator, channels, filters, side, side),
        )
        b = 10 * digits(generator, filters)
        row = whole(generator, 1, (height - 1) * s + side - 2 * p - 2)
        column = whole(generator, 1, (width - 1) * s + side - 2 * p - 2)
        cases.append((x, w, b, whole(generator, 0, channels - 1), row, column, s, p))
    return cases


def torch_cell(
    x: Tensor, w: Tensor, b: Tensor, o: int, row: int, column: int, s: int, p: int
) -> float:
    """torch's own, of which one number is taken."""
    return F.conv_transpose2d(x[None], w, b, stride=s, padding=p)[0, o, row, column].item()


CELL_STUB = '''\
def output_cell(
    x: torch.Tensor, w: torch.Tensor, b: torch.Tensor, o: int, row: int, column: int, s: int, p: int
) -> torch.Tensor:
    """One number of a deconvolution, y[o, row, column], as a sum of products and nothing else.

    x: (C, H, W). w: (C, O, K, K). b: (O,). s: stride, p: padding, the same for both axes.
    """
    ...'''

CELL_BODY = """\
channels, height, width = x.shape
side = w.shape[2]
total = b[o]
for c in range(channels):
    for i in range(height):
        for q in range(width):
            down, right = row + p - i * s, column + p - q * s  # where in the kernel
            if 0 <= down < side and 0 <= right < side:
                total = total + x[c, i, q] * w[c, o, down, right]
return total"""

CELL = Exercise(
    name="01.4",
    answer="output_cell",
    minutes=10,
    stub=CELL_STUB,
    solution=filled(CELL_STUB, CELL_BODY),
    hints=(
        "with which kernel position does input (i, q) reach this output cell? Solve "
        "`i * s + down - p = row` for down, and the same for the column. Where that lies outside "
        "of the kernel, the input does not reach it.",
        "start from `b[o]`. For each channel c and each input (i, q) let "
        "`down, right = row + p - i * s, column + p - q * s`; if both are from 0 to K - 1, add "
        "`x[c, i, q] * w[c, o, down, right]`.",
    ),
    cases=cells,
    expected=torch_cell,
    mistakes=(
        Mistake(
            filled(CELL_STUB, changed(CELL_BODY, ("w[c, o, ", "w[o, c, "))),
            "the channels of the weight are swapped. A deconvolution stores (in, out, height, "
            "width): `w[c, o]` leads from input channel c to output channel o.",
        ),
        Mistake(
            filled(CELL_STUB, changed(CELL_BODY, ("total = b[o]", "total = torch.zeros(())"))),
            "the bias is missing: one number for each output channel, added once.",
        ),
        Mistake(
            filled(CELL_STUB, changed(CELL_BODY, ("total = b[o]", "total = channels * b[o]"))),
            "the bias is added once for each input channel. It belongs to the output channel, and "
            "is added once.",
        ),
        Mistake(
            filled(
                CELL_STUB,
                changed(CELL_BODY, ("down, right]", "side - 1 - down, side - 1 - right]")),
            ),
            "the kernel is turned by 180 degrees. By the index of the stamp, input (i, q) meets "
            "the kernel at (row + p - i * s, column + p - q * s), and no further turn is needed.",
        ),
        Mistake(
            filled(
                CELL_STUB, changed(CELL_BODY, ("row + p", "row - p"), ("column + p", "column - p"))
            ),
            "the sign of p. Padding cuts the first p rows, so row 0 of the output was row p of the "
            "canvas: add p.",
        ),
        Mistake(
            filled(CELL_STUB, changed(CELL_BODY, ("row + p", "row"), ("column + p", "column"))),
            "right where p is 0. Padding cuts the first p rows and columns, so row 0 of the output "
            "was row p of the canvas.",
        ),
        Mistake(
            filled(CELL_STUB, changed(CELL_BODY, ("range(channels)", "range(1)"))),
            "only the first input channel is counted. An output channel sums over all of them.",
        ),
    ),
)

EXERCISES = (STAMP, GATHER, MATRIX, CELL)
