"""The data of a lab: what the real points are drawn from, and what is known about it."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Generator, Tensor

from gan_lessons.data import toy

SIDE = 30  # cells along each side of the reader's drawing
BLOCK = 3  # cells along each side of a place: fakes are to find each of them
REACH = 1.875  # of the drawing: it covers [-REACH, REACH] in both directions
DIGITS = 2 * -(-SIDE * SIDE // 8)  # hexadecimal, of a drawing in whole bytes
DRAWN = "drawn"
# Half the side of the window that is shown; the points of a named set lie well inside.
VIEWS = {"ring": 1.5, "grid": 5.2, "line": 1.4, "two_gaussians": 1.2, "spiral": 1.4}
VIEWS |= {"disjoint": 1.6, DRAWN: REACH}
NAMES = tuple(VIEWS)
NOTHING_DRAWN = "there are no real points: draw some first, or choose other data"


@dataclass(frozen=True, eq=False)
class Truth:
    """A distribution in the plane.

    sample: (n, generator) -> (n, 2) float32. centres: (modes, 2); std: a point is good within
    3 of it around a centre. view: half the side of the window around 0. modes: what the centres
    are called. An empty drawing has no centres, and no samples.
    """

    sample: Callable[[int, Generator], Tensor]
    centres: Tensor
    std: float
    view: float
    modes: str = "modes"

    @property
    def empty(self) -> bool:
        return not len(self.centres)


def cells(drawing: str) -> np.ndarray:
    """(SIDE, SIDE) bool, from the top left; a drawing is these bits in hexadecimal."""
    bits = np.unpackbits(np.frombuffer(bytes.fromhex(drawing), np.uint8))
    return bits[: SIDE * SIDE].reshape(SIDE, SIDE).astype(bool)


def drawing_of(drawn: np.ndarray) -> str:
    """The opposite of `cells`."""
    return np.packbits(drawn.astype(bool)).tobytes().hex()


_HEART = np.array(
    [[row >> (7 - i) & 1 for i in range(8)] for row in bytes.fromhex("0066ffff7e3c1800")]
)
HEART = drawing_of(np.pad(_HEART.repeat(BLOCK, 0).repeat(BLOCK, 1), BLOCK))
BLANK = drawing_of(np.zeros((SIDE, SIDE)))


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


def _drawn(drawing: str) -> Truth:
    side = 2 * REACH / SIDE
    drawn = cells(drawing)

    def centres(filled: np.ndarray) -> Tensor:
        rows, columns = (torch.from_numpy(at) + 0.5 for at in np.nonzero(filled))
        size = 2 * REACH / len(filled)
        return torch.stack([size * columns - REACH, REACH - size * rows], 1).float()

    corners = centres(drawn) - side / 2

    def sample(n: int, generator: Generator) -> Tensor:
        if not len(corners):
            raise ValueError(NOTHING_DRAWN)
        which = torch.randint(len(corners), (n,), generator=generator)
        return corners[which] + side * torch.rand(n, 2, generator=generator)

    # A place's corner is 3 standard deviations from its centre: all true points are good.
    blocks = drawn.reshape(SIDE // BLOCK, BLOCK, SIDE // BLOCK, BLOCK)
    places = np.asarray(blocks.any(axis=(1, 3)))
    std = BLOCK * side * math.sqrt(2) / 6
    return Truth(sample, centres(places), std, VIEWS[DRAWN], "places")
