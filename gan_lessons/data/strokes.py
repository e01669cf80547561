"""Pen strokes: the outlines of letters as sequences of points, in the order in which a pen draws.

The outlines come from a font that matplotlib ships, so the set needs no download. Two sequences
of different lengths follow the same outline at different speeds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Generator, Tensor

from gan_lessons.checks import instance, whole

FONT, WEIGHT = "DejaVu Sans", "bold"
LETTERS = "CLSZ"
MOST_POINTS = 4096  # of one outline
MOST_NUMBERS = 2**28  # of a set
HEIGHT = 1.3  # of a capital, before the map
TURN, SLANT, STRETCH = 0.15, 0.2, 0.15  # radians, and shares: how far a map may go


@dataclass(frozen=True, eq=False)
class Strokes:
    """Sequences of points of different lengths, padded to the longest.

    points: (N, T, 2) float32, x to the right and y upward, 0 where a sequence has ended. A
        capital is about 1.3 high, and its middle is at 0. A wide letter can leave [-1, 1]: W does.
    lengths: (N,) int64, from 1 to T
    labels: (N,) int64, each an index into `letters`
    """

    points: Tensor
    lengths: Tensor
    labels: Tensor
    letters: str

    def __len__(self) -> int:
        return len(self.points)

    def __repr__(self) -> str:
        low, high = (int(limit) for limit in self.lengths.aminmax())
        return f"Strokes({self.letters}: {len(self)} of {low} to {high} points)"


def strokes(
    n: int, generator: Generator, letters: str = LETTERS, shortest: int = 16, longest: int = 24
) -> Strokes:
    """n outlines of random letters, each with a random number of points and a small linear map.

    Letters and lengths are independent, each value equally likely. The map turns by up to TURN
    radians, slants by up to SLANT, and stretches each axis by up to STRETCH, up or down.

    Raises ValueError for a letter that is not one closed line (see `outline`), and for counts out
    of range.
    """
    instance("generator", generator, Generator, "pass torch.Generator().manual_seed(0)")
    if not instance("letters", letters, str):
        raise ValueError("letters must name at least one letter, got ''")
    longest = whole("longest", longest, 3, MOST_POINTS)
    shortest = whole("shortest", shortest, 3, longest)
    n = whole("n", n, 1, MOST_NUMBERS // (2 * longest))

    counts = range(shortest, longest + 1)
    table = torch.zeros(len(letters), len(counts), longest, 2)
    for i, letter in enumerate(letters):
        for j, count in enumerate(counts):
            table[i, j, :count] = outline(letter, count)
    labels = torch.randint(len(letters), (n,), generator=generator)
    speeds = torch.randint(len(counts), (n,), generator=generator)
    maps = _maps(n, generator)
    points = torch.einsum("nij,ntj->nti", maps, table[labels, speeds])  # 0 stays 0
    return Strokes(points, speeds + shortest, labels, letters)


def outline(letter: str, points: int) -> Tensor:
    """(points, 2) float32: a letter's outline, in order, at equal distances along it.

    The outline is closed: the step from the last point to the first is as long as the others.

    Raises ValueError if the font's outline of the letter is not one closed line: A has a hole, and
    i has a dot.
    """
    corners, along = _contour(letter)
    points = whole("points", points, 3, MOST_POINTS)
    wanted = np.arange(points) * (along[-1] / points)
    xy = [np.interp(wanted, along, corners[:, axis]) for axis in (0, 1)]
    return torch.from_numpy(np.stack(xy, axis=1)).float()


@lru_cache(maxsize=256)
def _contour(letter: str) -> tuple[np.ndarray, np.ndarray]:
    """The corners of a letter's closed outline (K, 2), and the length up to each of them (K,)."""
    # Imported here, because matplotlib is slow to load.
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    if len(instance("letter", letter, str)) != 1 or not "!" <= letter <= "~":
        raise ValueError(f"letter must be one visible ASCII character, got {letter!r}")
    path = TextPath((0, 0), letter, size=100, prop=FontProperties(family=FONT, weight=WEIGHT))
    lines = [line for line in map(np.asarray, path.to_polygons()) if len(line) > 2]
    if len(lines) != 1:
        raise ValueError(
            f"letter must have an outline of one closed line, got {letter!r} with {len(lines)}: "
            f"choose others, such as {LETTERS}"
        )
    (corners,) = lines
    if (corners[0] != corners[-1]).any():
        corners = np.concatenate([corners, corners[:1]])
    low, high = corners.min(0), corners.max(0)
    capital = (
        TextPath((0, 0), "I", size=100, prop=FontProperties(family=FONT, weight=WEIGHT))
        .get_extents()
        .height
    )
    corners = (corners - (low + high) / 2) * (HEIGHT / capital)
    steps = np.hypot(*np.diff(corners, axis=0).T)
    return corners, np.concatenate([[0.0], steps.cumsum()])


def _maps(n: int, generator: Generator) -> Tensor:
    """(n, 2, 2): a turn of a slant of a stretch along each axis."""
    turn, slant, wide, high = 2 * torch.rand(4, n, generator=generator) - 1
    c, s = (TURN * turn).cos(), (TURN * turn).sin()
    zero, one = torch.zeros(n), torch.ones(n)
    limit = math.log1p(STRETCH)
    stretched = _matrix((limit * wide).exp(), zero, zero, (limit * high).exp())
    return _matrix(c, -s, s, c) @ _matrix(one, SLANT * slant, zero, one) @ stretched


def _matrix(a: Tensor, b: Tensor, c: Tensor, d: Tensor) -> Tensor:
    """(n, 2, 2) from the four numbers of each."""
    return torch.stack([torch.stack([a, b], 1), torch.stack([c, d], 1)], 1)
