"""Cards: small pictures with a mark in two opposite corners, as on playing cards.

On a true card both marks have the same shape, out of eight. A picture can be judged exactly: each
corner is compared with all shapes, pixel by pixel.

    pictures = marks.cards(1000, generator)      # both marks agree
    marks.report(pictures)                       # who agrees, and how many would by chance
"""

from typing import NamedTuple

import torch
from torch import Generator, Tensor

from gan_lessons.checks import flag, instance, number, whole

SIZE = 24  # the side of a card in pixels
SIDE = 5  # of a mark
MOST = 2**20  # cards drawn at once: 2.4 GB
LIMIT = 3.0  # pixels' worth of error up to which a mark counts as readable

_ART = """
#####  #...#  #####  .###.  #####  #.#.#  ..#..  ..#..
#####  ##.##  #...#  ##.##  .....  #.#.#  ..#..  ..#..
#####  .###.  #...#  #...#  #####  #.#.#  #####  .###.
#####  ##.##  #...#  ##.##  .....  #.#.#  ..#..  .###.
#####  #...#  #####  .###.  #####  #.#.#  ..#..  #####
"""
NAMES = ("block", "cross", "frame", "ring", "rows", "columns", "plus", "tower")


def shapes() -> Tensor:
    """(8, 5, 5) float32 in {-1, 1}. Any two of them differ in at least 7 of the 25 pixels."""
    lines = [line.split() for line in _ART.strip().splitlines()]
    ink = [[[c == "#" for c in line[kind]] for line in lines] for kind in range(len(NAMES))]
    return 2 * torch.tensor(ink, dtype=torch.float32) - 1


def corners(pictures: Tensor) -> Tensor:
    """(N, 1, 24, 24) → (N, 2, 5, 5): the top left corner, and the bottom right one.

    Raises ValueError for any other shape.
    """
    shape = tuple(instance("pictures", pictures, Tensor).shape)
    if shape[1:] != (1, SIZE, SIZE):
        raise ValueError(f"pictures must be (N, 1, {SIZE}, {SIZE}), got {shape}")
    return torch.stack([pictures[:, 0, :SIDE, :SIDE], pictures[:, 0, -SIDE:, -SIDE:]], dim=1)


def cards(n: int, generator: Generator, agree: bool = True) -> Tensor:
    """(n, 1, 24, 24) float32 in {-1, 1}: black cards with two white marks.

    agree: whether both marks have one shape, drawn evenly from eight. If not, each is drawn by
    itself, and they agree by chance, in one card of eight. Raises ValueError for a count below 0 or
    above 2**20, and for an agree that is not True or False.
    """
    instance("generator", generator, Generator, "pass torch.Generator().manual_seed(0)")
    n = whole("n", n, 0, MOST)
    device = generator.device
    kinds = torch.randint(len(NAMES), (n, 2), generator=generator, device=device)
    if flag("agree", agree):
        kinds = kinds[:, :1].expand(n, 2)
    pictures = torch.full((n, 1, SIZE, SIZE), -1.0, device=device)
    drawn = shapes().to(device)[kinds]
    pictures[:, 0, :SIDE, :SIDE], pictures[:, 0, -SIDE:, -SIDE:] = drawn[:, 0], drawn[:, 1]
    return pictures


def read(pictures: Tensor) -> tuple[Tensor, Tensor]:
    """(N, 1, 24, 24) in [-1, 1] → the nearest shape in each corner, and how far it is.

    Returns (N, 2) int64, indices into NAMES, and (N, 2) float32: the sum of squared errors, where 1
    is a pixel that is white instead of black. Raises ValueError for pictures of another shape.
    """
    own = corners(pictures)[:, :, None]  # (N, 2, 1, 5, 5)
    errors = (own - shapes().to(own)).square().sum((-1, -2)) / 4  # (N, 2, 8)
    found = errors.min(dim=2)
    return found.indices, found.values


class Report(NamedTuple):
    """What `report` finds. agree, chance and kappa are NaN if no card is readable."""

    readable: float  # the share of cards on which both marks are readable
    agree: float  # of the readable ones, the share whose marks have the same shape
    chance: float  # the same if the two corners of different cards were put together
    kappa: float  # (agree - chance) / (1 - chance): 0 by chance, 1 at best
    kinds: int  # shapes that make up at least 1 % of the readable marks

    def __str__(self) -> str:
        return (
            f"{self.readable:4.0%} readable, {self.agree:4.0%} agree, {self.chance:4.0%} by chance,"
            f" kappa {self.kappa:5.2f}, {self.kinds} shapes"
        )


def report(pictures: Tensor, limit: float = LIMIT) -> Report:
    """Whether the marks of cards agree, more often than by chance.

    pictures: (N, 1, 24, 24) in [-1, 1]. limit: the error (see `read`) up to which a mark is
    readable; below 1.75, a quarter of the least distance of two shapes, no other shape is as near,
    and at 3 a mark half-way between two shapes can pass.

    A generator that only ever draws one shape agrees always, so `chance` counts what the shapes'
    frequencies alone would give: the sum over shapes of p(first corner) p(second corner). Cohen's
    kappa (1960) is the agreement beyond that; it is 0 if chance is 1.

    Raises ValueError for pictures of another shape, or a limit out of [0, 25].
    """
    limit = number("limit", limit, 0, SIDE**2)
    kinds, errors = read(pictures)
    kinds = kinds[(errors <= limit).all(1)]
    readable = len(kinds) / max(1, len(pictures))
    if not len(kinds):
        return Report(readable, float("nan"), float("nan"), float("nan"), 0)
    shares = torch.stack([each.bincount(minlength=len(NAMES)) for each in kinds.T]).double()
    shares = shares / len(kinds)  # (2, 8)
    chance = float(shares.prod(0).sum())
    agree = float((kinds[:, 0] == kinds[:, 1]).double().mean())
    kappa = (agree - chance) / (1 - chance) if chance < 1 else 0.0
    return Report(readable, agree, chance, kappa, int((shares.mean(0) >= 0.01).sum()))
