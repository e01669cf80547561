"""The data of a lab: what the real points are drawn from, and what is known about it."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Generator, Tensor

from gan_lessons.data import toy

SIDE = 8  # cells along each side of the reader's drawing
REACH = 1.5  # of the drawing: it covers [-REACH, REACH] in both directions
HEART = "0066ffff7e3c1800"
BLANK = "0" * (SIDE * SIDE // 4)
DRAWN = "drawn"
# Half the side of the window that is shown; the points lie well inside.
VIEWS = {"ring": 1.5, "grid": 5.2, "line": 1.4, "two_gaussians": 1.2, "spiral": 1.4}
VIEWS |= {"disjoint": 1.6, DRAWN: 1.7}
NAMES = tuple(VIEWS)


@dataclass(frozen=True, eq=False)
class Truth:
    """A distribution in the plane.

    sample: (n, generator) -> (n, 2) float32. centres: (modes, 2); std: a point is good within
    3 of it around a centre. view: half the side of the window around 0. modes: what the centres
    are called.
    """

    sample: Callable[[int, Generator], Tensor]
    centres: Tensor
    std: float
    view: float
    modes: str = "modes"


@lru_cache(maxsize=16)
def truth(name: str, drawing: str = HEART) -> Truth:
    """The set of that name, in the units of `data.toy`; "drawn" is uniform over drawn cells."""
    if name == DRAWN:
        return _drawn(drawing)
    toy_set = toy.SETS[name]
    centres, std, modes = toy_set.centres(), toy_set.std, "modes"
    # Along a curve as many places are counted as lie close enough for a true point to be near one.
    if name == "line":
        centres, modes = toy.line_centres(40), "places"
    elif name == "spiral":
        centres, modes = toy.spiral_centres(96), "places"
    elif name == "disjoint":
        std = 0.1  # 3 of it are a disc's radius
    return Truth(toy_set.sample, centres, std, VIEWS[name], modes)


def cells(drawing: str) -> list[bool]:
    """The drawing's cells row by row, from the top left; it is SIDE² bits in hexadecimal."""
    bits = int(drawing, 16)
    return [bool(bits >> (SIDE * SIDE - 1 - i) & 1) for i in range(SIDE * SIDE)]


def drawing_of(drawn: list[bool]) -> str:
    """The opposite of `cells`."""
    return f"{int(''.join('01'[cell] for cell in drawn), 2):0{SIDE * SIDE // 4}x}"


def _drawn(drawing: str) -> Truth:
    side = 2 * REACH / SIDE
    centres = torch.tensor(
        [
            (side * (i % SIDE + 0.5) - REACH, REACH - side * (i // SIDE + 0.5))
            for i, filled in enumerate(cells(drawing))
            if filled
        ]
    )

    def sample(n: int, generator: Generator) -> Tensor:
        which = torch.randint(len(centres), (n,), generator=generator)
        return centres[which] + side * (torch.rand(n, 2, generator=generator) - 0.5)

    # A cell's corner is 3 standard deviations from its centre: all true points are good.
    return Truth(sample, centres, side * math.sqrt(2) / 6, VIEWS[DRAWN], "cells")
