"""The white of pictures of more than 8 bits, where their files do not say it.

It is chosen once for all pictures of a kind in a folder, from all their values together, so that
their brightness can be compared.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Kind:
    """One kind of numbers in pictures.

    plural: what messages call such pictures
    whites: the usual whites, smallest first
    slack: values up to this many times white are overshoot, of a sharp resize for example
    stray: the share of all values that may be even larger, as hot pixels are
    """

    plural: str
    whites: tuple[float, ...]
    slack: float = 1.0
    stray: float = 0.0


KINDS = {
    "I;16": Kind("pictures of 16 bits", (4095, 65535)),
    "I;16S": Kind("pictures of 16 bits with a sign", (4095, 32767)),
    "I": Kind("pictures of 32 bits", (255, 65535, 2**31 - 1)),
    "F": Kind("pictures of floats", (1, 255, 65535), slack=1.25, stray=1e-3),
}


class Tally:
    """What is known about all values of a kind: the largest, and how many exceed each white."""

    def __init__(self, kind: Kind):
        self.kind = kind
        self.pictures = self.count = 0
        self.highest = 0.0
        self.above = np.zeros(len(kind.whites), dtype=np.int64)

    def add(self, values: np.ndarray) -> None:
        """Counts the values of a picture, or of a part of one."""
        self.count += values.size
        self.highest = max(self.highest, float(values.max(initial=0)))
        if self.highest > self.kind.whites[0]:
            limits = [white * self.kind.slack for white in self.kind.whites]
            self.above += [int((values > limit).sum()) for limit in limits]

    def join(self, other: "Tally") -> None:
        """Counts the values of one picture more."""
        self.pictures += 1
        self.count += other.count
        self.highest = max(self.highest, other.highest)
        self.above += other.above

    @property
    def white(self) -> float:
        """The smallest usual white that nearly no value exceeds, otherwise the largest value.

        Pictures of 16 bits often hold 12. If no value is above 255, they are dark pictures of 16
        bits: bytes would have been stored as bytes.
        """
        if self.kind.whites[0] == 4095 and self.highest <= 255:
            return self.kind.whites[-1]
        for white, above in zip(self.kind.whites, self.above, strict=True):
            if above <= self.kind.stray * self.count:
                return white
        return self.highest

    def __str__(self) -> str:
        is_are = "picture" if self.pictures == 1 else "pictures"
        plural = self.kind.plural.replace("pictures", is_are)
        return (
            f"{self.pictures} {plural}: 0 is black and {self.white:.10g} is white "
            f"(the largest value is {self.highest:.10g})"
        )


@dataclass
class Levels:
    """A grey picture whose white is chosen with those of its kind.

    values: (size, size) float32. kind: a key of KINDS. tally: of the square at full resolution.
    profile: its ICC profile, if any. inverted: whether 0 is white.
    """

    values: np.ndarray
    kind: str
    tally: Tally
    profile: bytes | None = None
    inverted: bool = False

    def to_bytes(self, white: float) -> np.ndarray:
        """(size, size) uint8, for 0 as black and this white."""
        scaled = (self.values.astype(np.float64) * (255 / white)).clip(0, 255).round()
        pixels = scaled.astype(np.uint8)
        return 255 - pixels if self.inverted else pixels
