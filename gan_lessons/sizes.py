"""The arithmetic of a deconvolution along one axis: sizes, legal settings, which input goes where.

All of it follows from one index: input i, times kernel position j, is added to output
i * stride + j * dilation - padding. Height and width are independent: ask once for each.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from gan_lessons.checks import fits, whole

LARGEST = 2**26  # numbers in a table of connections: half a gigabyte
FURTHEST = 2**62  # index in an output, so that int64 holds it


class _Axis(NamedTuple):
    """The numbers of one axis, checked. `n` is the size that a function is given."""

    n: int
    kernel: int
    stride: int
    padding: int
    output_padding: int
    dilation: int

    @property
    def uncropped(self) -> int:
        """The output size before padding is cut off at both ends."""
        reach = self.dilation * (self.kernel - 1)
        return (self.n - 1) * self.stride + reach + 1 + self.output_padding

    @property
    def output(self) -> int:
        return self.uncropped - 2 * self.padding


def output_size(
    n: int,
    kernel: int,
    stride: int = 1,
    padding: int = 0,
    output_padding: int = 0,
    dilation: int = 1,
) -> int:
    """The output size of a deconvolution along one axis, for an input of n positions.

    Raises ValueError with the reasons if the settings are `illegal`.
    """
    return _legal(n, kernel, stride, padding, output_padding, dilation).output


def conv_output_size(
    n: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1
) -> int:
    """The output size of a convolution along one axis, for an input of n positions.

    Raises ValueError with the reasons if torch refuses the convolution.
    """
    axis = _checked("input size n", n, kernel, stride, padding, dilation=dilation)
    span, room = axis.dilation * (axis.kernel - 1) + 1, axis.n + 2 * axis.padding
    if span > room:
        raise ValueError(
            f"the kernel spans {span} positions, the padded input has {room}: "
            f"use a kernel or dilation that spans at most {room}, or more padding"
        )
    return (room - span) // axis.stride + 1


def input_sizes(m: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> range:
    """All input sizes, from 1 up, for which a convolution's output has m positions along one axis.

    With stride s there are up to s of them, because a convolution rounds down. A deconvolution
    of m positions returns to one of them: output_padding counts up from the smallest, sizes
    below 1 included.
    Raises ValueError with the reasons if m or a setting is too small.
    """
    axis = _checked("output size m", m, kernel, stride, padding, dilation=dilation)
    return range(max(axis.output, 1), max(axis.output + axis.stride, 1))


def illegal(
    n: int,
    kernel: int,
    stride: int = 1,
    padding: int = 0,
    output_padding: int = 0,
    dilation: int = 1,
) -> list[str]:
    """The reasons why torch refuses this deconvolution along one axis; an empty list if legal.

    In float32 on a CPU, torch often lets an output of 0 cells through and returns an empty tensor,
    whose mean is NaN. Here that is illegal, too.
    """
    axis, reasons = _read("input size n", n, kernel, stride, padding, output_padding, dilation)
    return reasons if axis is None else _refusals(axis)


def overlap(
    n: int,
    kernel: int,
    stride: int = 1,
    padding: int = 0,
    output_padding: int = 0,
    dilation: int = 1,
) -> Tensor:
    """How many of the n inputs reach each output position along one axis: (output size,), int64.

    In two dimensions the counts are the outer product of the two axes' counts.
    Raises ValueError with the reasons if the settings are `illegal`, or for too large a table.
    """
    axis = _legal(n, kernel, stride, padding, output_padding, dilation)
    fits("overlap", axis.uncropped, LARGEST, "use smaller numbers")
    hits = targets(axis.n, axis.kernel, axis.stride, axis.dilation).flatten()
    counts = torch.bincount(hits, minlength=axis.uncropped)
    return counts[axis.padding :][: axis.output]


def contributions(
    index: int,
    n: int,
    kernel: int,
    stride: int = 1,
    padding: int = 0,
    output_padding: int = 0,
    dilation: int = 1,
) -> list[tuple[int, int]]:
    """The pairs (input index, kernel index) whose products add up to output `index`, on one axis.

    Ordered by input index. Raises IndexError for an index outside the output, and ValueError with
    the reasons if the settings are `illegal`, or for too large a table.
    """
    axis = _legal(n, kernel, stride, padding, output_padding, dilation)
    index = whole("index", index)
    if not 0 <= index < axis.output:
        raise IndexError(f"index must be from 0 to {axis.output - 1}, got {index}")
    at = index + axis.padding
    # Kernel positions whose input would lie outside are left out first: a kernel may be long.
    first = max(0, -(((axis.n - 1) * axis.stride - at) // axis.dilation))
    last = min(axis.kernel - 1, at // axis.dilation)
    fits("contributions", last - first + 1, LARGEST, "use smaller numbers")
    offsets = ((j, at - j * axis.dilation) for j in range(last, first - 1, -1))
    return [(offset // axis.stride, j) for j, offset in offsets if offset % axis.stride == 0]


def targets(n: int, kernel: int, stride: int = 1, dilation: int = 1) -> Tensor:
    """The index that input i times kernel position j is added to: (n, kernel), int64.

    Indices count from the start of the uncropped output, before padding is cut off. Raises
    ValueError if a number is too small, or for too large a table.
    """
    axis = _checked("input size n", n, kernel, stride, dilation=dilation)
    fits("targets", axis.n * axis.kernel, LARGEST, "use smaller numbers")
    fits("the output", axis.uncropped, FURTHEST, "use smaller numbers")
    # A stride beyond that has no effect: there is a single input. So with the dilation.
    rows = torch.arange(axis.n)[:, None] * min(axis.stride, FURTHEST)
    return rows + torch.arange(axis.kernel) * min(axis.dilation, FURTHEST)


def _read(
    size_name: str,
    n: int,
    kernel: int,
    stride: int,
    padding: int,
    output_padding: int,
    dilation: int,
) -> tuple[_Axis | None, list[str]]:
    """The numbers as plain ints, or the reasons why one of them is out of range."""
    numbers = (
        (size_name, n, 1),
        ("kernel", kernel, 1),
        ("stride", stride, 1),
        ("padding", padding, 0),
        ("output_padding", output_padding, 0),
        ("dilation", dilation, 1),
    )
    found, reasons = [], []
    for name, value, least in numbers:
        try:
            found.append(whole(name, value, least))
        except ValueError as error:
            reasons.append(str(error))
    return (None, reasons) if reasons else (_Axis(*found), [])


def _checked(
    size_name: str,
    n: int,
    kernel: int,
    stride: int,
    padding: int = 0,
    output_padding: int = 0,
    dilation: int = 1,
) -> _Axis:
    axis, reasons = _read(size_name, n, kernel, stride, padding, output_padding, dilation)
    if axis is None:
        raise ValueError("; ".join(reasons))
    return axis


def _legal(*numbers: int) -> _Axis:
    """The numbers of a deconvolution. Raises ValueError with the reasons if they are `illegal`."""
    axis = _checked("input size n", *numbers)
    reasons = _refusals(axis)
    if reasons:
        raise ValueError("; ".join(reasons))
    return axis


def _refusals(axis: _Axis) -> list[str]:
    reasons = []
    limit = max(axis.stride, axis.dilation) - 1
    if axis.output_padding > limit:
        reasons.append(
            f"output_padding must be smaller than the stride ({axis.stride}) or the dilation "
            f"({axis.dilation}), got {axis.output_padding}: use at most {limit}, or a larger stride"
        )
    if axis.output < 1:
        reasons.append(
            f"the output would have {axis.output} positions: padding {axis.padding} cuts "
            f"{2 * axis.padding} of {axis.uncropped}; "
            f"use a padding of at most {(axis.uncropped - 1) // 2}"
        )
    return reasons
