"""The arithmetic of a deconvolution along one axis: sizes, legal settings, which input goes where.

All of it follows from one index: input i, times kernel position j, is added to output
i * stride + j * dilation - padding. Height and width are independent: ask once for each.
"""

import torch
from torch import Tensor


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
    _require(illegal(n, kernel, stride, padding, output_padding, dilation))
    return _uncropped(n, kernel, stride, output_padding, dilation) - 2 * padding


def conv_output_size(
    n: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1
) -> int:
    """The output size of a convolution along one axis, for an input of n positions.

    Raises ValueError with the reasons if torch refuses the convolution.
    """
    _require(_too_small(("input size n", n), kernel, stride, padding, dilation))
    span, room = dilation * (kernel - 1) + 1, n + 2 * padding
    if span > room:
        raise ValueError(
            f"the kernel spans {span} positions, the padded input has {room}: "
            f"use a kernel or dilation that spans at most {room}, or more padding"
        )
    return (room - span) // stride + 1


def input_sizes(m: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> range:
    """All input sizes, from 1 up, for which a convolution's output has m positions along one axis.

    With stride s there are up to s of them, because a convolution rounds down. A deconvolution
    of m positions returns to one of them: output_padding counts up from the smallest.
    Raises ValueError with the reasons if m or a setting is too small.
    """
    _require(_too_small(("output size m", m), kernel, stride, padding, dilation))
    smallest = _uncropped(m, kernel, stride, 0, dilation) - 2 * padding
    return range(max(smallest, 1), max(smallest + stride, 1))


def illegal(
    n: int,
    kernel: int,
    stride: int = 1,
    padding: int = 0,
    output_padding: int = 0,
    dilation: int = 1,
) -> list[str]:
    """The reasons why torch refuses this deconvolution along one axis; an empty list if legal."""
    reasons = _too_small(("input size n", n), kernel, stride, padding, dilation, output_padding)
    if reasons:
        return reasons
    limit = max(stride, dilation) - 1
    if output_padding > limit:
        reasons.append(
            f"output_padding must be smaller than the stride ({stride}) or the dilation "
            f"({dilation}), got {output_padding}: use at most {limit}, or a larger stride"
        )
    uncropped = _uncropped(n, kernel, stride, output_padding, dilation)
    if uncropped - 2 * padding < 1:
        reasons.append(
            f"the output would have {uncropped - 2 * padding} positions: padding {padding} cuts "
            f"{2 * padding} of {uncropped}; use a padding of at most {(uncropped - 1) // 2}"
        )
    return reasons


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
    Raises ValueError with the reasons if the settings are `illegal`.
    """
    size = output_size(n, kernel, stride, padding, output_padding, dilation)
    hits = targets(n, kernel, stride, dilation).flatten()
    return torch.bincount(hits, minlength=size + 2 * padding)[padding:][:size]


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
    the reasons if the settings are `illegal`.
    """
    size = output_size(n, kernel, stride, padding, output_padding, dilation)
    if not 0 <= index < size:
        raise IndexError(f"index must be from 0 to {size - 1}, got {index}")
    offsets = ((j, index + padding - j * dilation) for j in reversed(range(kernel)))
    return [(at // stride, j) for j, at in offsets if at % stride == 0 and 0 <= at // stride < n]


def targets(n: int, kernel: int, stride: int = 1, dilation: int = 1) -> Tensor:
    """The index that input i times kernel position j is added to: (n, kernel), int64.

    Indices count from the start of the uncropped output, before padding is cut off.
    """
    return torch.arange(n)[:, None] * stride + torch.arange(kernel) * dilation


def _uncropped(n: int, kernel: int, stride: int, output_padding: int, dilation: int) -> int:
    """The output size before padding is cut off at both ends."""
    return (n - 1) * stride + dilation * (kernel - 1) + 1 + output_padding


def _require(reasons: list[str]) -> None:
    if reasons:
        raise ValueError("; ".join(reasons))


def _too_small(
    size: tuple[str, int],
    kernel: int,
    stride: int,
    padding: int,
    dilation: int,
    output_padding: int = 0,
) -> list[str]:
    numbers = (
        (*size, 1),
        ("kernel", kernel, 1),
        ("stride", stride, 1),
        ("padding", padding, 0),
        ("output_padding", output_padding, 0),
        ("dilation", dilation, 1),
    )
    return [
        f"{name} must be at least {least}, got {value}"
        for name, value, least in numbers
        if value < least
    ]
