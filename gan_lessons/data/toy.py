"""Sets of points in the plane or on a line, simple enough to watch a whole GAN learn them.

`ring` and `grid` are the sets on which the literature counts lost modes. The defaults of their
radius, spacing and standard deviation are those of PacGAN (Lin et al. 2018), section 4.1.

All lengths are in units of the plane. Points lie on the device of `generator`, which draws them.
Every function raises ValueError for a count or standard deviation out of range.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Generator, Tensor

from gan_lessons.checks import instance, number, one_of, whole

MOST_POINTS = 2**27  # a gigabyte
MOST_CENTRES = 2**20
FURTHEST = 1e30  # from 0, in any direction: squares of points are finite in float64


def ring_centres(modes: int = 8, radius: float = 1.0) -> Tensor:
    """(modes, 2) float32: points spaced evenly on a circle around 0."""
    modes = whole("modes", modes, 1, MOST_CENTRES)
    angle = torch.arange(modes) * (2 * math.pi / modes)
    return _length("radius", radius) * torch.stack([angle.cos(), angle.sin()], dim=1)


def ring(
    n: int, generator: Generator, modes: int = 8, radius: float = 1.0, std: float = 0.01
) -> Tensor:
    """(n, 2) float32: equal Gaussians on a circle."""
    return _gaussians(n, generator, ring_centres(modes, radius), std)


def grid_centres(side: int = 5, spacing: float = 2.0) -> Tensor:
    """(side², 2) float32: a square grid around 0."""
    side = whole("side", side, 1, 1024)
    line = (torch.arange(side) - (side - 1) / 2) * _length("spacing", spacing)
    return torch.cartesian_prod(line, line)


def grid(
    n: int, generator: Generator, side: int = 5, spacing: float = 2.0, std: float = 0.05
) -> Tensor:
    """(n, 2) float32: equal Gaussians on a square grid."""
    return _gaussians(n, generator, grid_centres(side, spacing), std)


def two_gaussians_centres(distance: float = 1.0, dims: int = 2) -> Tensor:
    """(2, dims) float32: two points `distance` apart, on the diagonal of the plane or on a line."""
    dims = whole("dims", dims, least=1, most=2)
    half = _length("distance", distance) / 2 / math.sqrt(dims)
    return torch.tensor([[-half] * dims, [half] * dims])


def two_gaussians(
    n: int, generator: Generator, distance: float = 1.0, std: float = 0.15, dims: int = 2
) -> Tensor:
    """(n, dims) float32: two equal Gaussians, in the plane or (dims = 1) on a line."""
    return _gaussians(n, generator, two_gaussians_centres(distance, dims), std)


def line_centres(points: int = 9, length: float = 2.0, slope: float = 0.5) -> Tensor:
    """(points, 2) float32: points spaced evenly along the segment of `line`."""
    points = whole("points", points, 1, MOST_CENTRES)
    return _on_line((torch.arange(points) + 0.5) / points, length, slope)


def line(
    n: int, generator: Generator, length: float = 2.0, slope: float = 0.5, std: float = 0.02
) -> Tensor:
    """(n, 2) float32: uniform along a segment centred at 0, blurred by a Gaussian."""
    points = _on_line(_uniform(n, generator), length, slope)
    return points + _normal(n, 2, std, generator)


def spiral_centres(points: int = 16, turns: float = 1.5) -> Tensor:
    """(points, 2) float32: points spaced nearly evenly along the spiral of `spiral`."""
    points = whole("points", points, 1, MOST_CENTRES)
    return _on_spiral((torch.arange(points) + 0.5) / points, turns)


def spiral(n: int, generator: Generator, turns: float = 1.5, std: float = 0.02) -> Tensor:
    """(n, 2) float32: nearly uniform on an Archimedean spiral from 0 to radius 1, then blurred."""
    return _on_spiral(_uniform(n, generator), turns) + _normal(n, 2, std, generator)


def disjoint_centres(modes: int = 3, distance: float = 1.5) -> Tensor:
    """(modes, 2) float32: the centres of the discs of `disjoint`."""
    modes, distance = whole("modes", modes, 1, MOST_CENTRES), _length("distance", distance)
    radius = distance / 2 / math.sin(math.pi / modes) if modes > 1 else 0.0
    return ring_centres(modes, radius)


def disjoint(
    n: int, generator: Generator, modes: int = 3, distance: float = 1.5, radius: float = 0.3
) -> Tensor:
    """(n, 2) float32: uniform discs with gaps between them, so that the support is disconnected.

    distance: between the centres of neighbouring discs. Raises ValueError if the discs would
    overlap, or the radius is negative.
    """
    radius = float(number("radius", radius, 0, FURTHEST))
    modes, distance = whole("modes", modes, 1, MOST_CENTRES), _length("distance", distance)
    if modes > 1 and distance <= 2 * radius:
        raise ValueError(f"distance must be greater than twice the radius {radius}, got {distance}")
    mode = _choose(n, generator, modes)
    centres = disjoint_centres(modes, distance).to(generator.device)
    # The root makes the density uniform: the area of a ring at radius r is proportional to r.
    r = radius * _uniform(n, generator).sqrt()
    angle = 2 * math.pi * _uniform(n, generator)
    return centres[mode] + torch.stack([r * angle.cos(), r * angle.sin()], dim=1)


@dataclass(frozen=True)
class ToySet:
    """One set at its default settings.

    sample: (n, generator) → (n, 2) float32
    centres: () → (modes, 2) float32; for a curve, points along it
    std: the standard deviation of one mode in each coordinate, in units of the plane
    """

    sample: Callable[[int, Generator], Tensor]
    centres: Callable[[], Tensor]
    std: float


@dataclass(frozen=True, eq=False, repr=False)
class Points:
    """A set of points; a `Trainer` takes it in place of pictures.

    coordinates: (N, D) float32, on any device
    name: what the set is called on screen
    centres: (modes, D), std: the true centres and standard deviation of the modes, if known
    labels: (N,) int64, each an index into `classes`, on the device of the coordinates; or None

    Raises ValueError if coordinates or labels have another shape or type, or are out of range.
    """

    coordinates: Tensor
    name: str = "points"
    centres: Tensor | None = None
    std: float = 0.0
    labels: Tensor | None = None
    classes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        instance("coordinates", self.coordinates, Tensor)
        instance("name", self.name, str)
        number("std", self.std, least=0)
        if self.coordinates.dim() != 2 or self.coordinates.dtype != torch.float32:
            raise ValueError(
                "coordinates must be (N, D) float32, "
                f"got {tuple(self.coordinates.shape)} {self.coordinates.dtype}"
            )
        if not self.coordinates.isfinite().all():
            raise ValueError("coordinates must be finite numbers")
        if self.centres is not None:
            instance("centres", self.centres, Tensor)
        instance("classes", self.classes, tuple)
        if self.labels is None:
            return
        instance("labels", self.labels, Tensor)
        if self.labels.dtype != torch.int64 or self.labels.shape != (len(self),):
            raise ValueError(
                f"labels must be ({len(self)},) int64, one for each point, "
                f"got {tuple(self.labels.shape)} {self.labels.dtype}"
            )
        count = len(self.classes)
        if len(self) and not 0 <= int(self.labels.min()) <= int(self.labels.max()) < count:
            raise ValueError(
                f"labels must lie in 0..{count - 1} for {count} classes, "
                f"got {int(self.labels.min())}..{int(self.labels.max())}"
            )

    def __len__(self) -> int:
        return len(self.coordinates)

    def __repr__(self) -> str:
        return f"Points({self.name}: {len(self)} in {self.shape[0]}-D)"

    @property
    def shape(self) -> tuple[int, ...]:
        """(D,): the shape of one point."""
        return tuple(self.coordinates.shape[1:])

    @property
    def device(self) -> torch.device:
        return self.coordinates.device

    def to(self, device: torch.device | str) -> Points:
        """The same set on another device."""
        labels = None if self.labels is None else self.labels.to(device)
        return replace(self, coordinates=self.coordinates.to(device), labels=labels)

    def floats(self, indices: Tensor | None = None) -> Tensor:
        """(N, D) float32: all points, or those at `indices`."""
        return self.coordinates if indices is None else self.coordinates[indices]


def points(name: str, n: int, generator: Generator) -> Points:
    """n points of one of SETS, at its default settings. Raises ValueError for an unknown name."""
    toy = SETS[one_of("set of points", name, SETS)]
    return Points(toy.sample(n, generator), name, toy.centres(), toy.std)


SETS: dict[str, ToySet] = {
    "ring": ToySet(ring, ring_centres, 0.01),
    "grid": ToySet(grid, grid_centres, 0.05),
    "line": ToySet(line, line_centres, 0.02),
    "two_gaussians": ToySet(two_gaussians, two_gaussians_centres, 0.15),
    "spiral": ToySet(spiral, spiral_centres, 0.02),
    # A uniform disc of radius r has the standard deviation r / 2 in each coordinate.
    "disjoint": ToySet(disjoint, disjoint_centres, 0.15),
}


def _gaussians(n: int, generator: Generator, centres: Tensor, std: float) -> Tensor:
    mode = _choose(n, generator, len(centres))
    return centres.to(generator.device)[mode] + _normal(n, centres.shape[1], std, generator)


def _on_line(t: Tensor, length: float, slope: float) -> Tensor:
    slope = _length("slope", slope)
    along = (t - 0.5) * _length("length", length) / math.hypot(1, slope)
    return torch.stack([along, slope * along], dim=1)


def _on_spiral(t: Tensor, turns: float) -> Tensor:
    # The root spreads the points evenly: the spiral's outer turns are longer.
    radius = t.sqrt()
    angle = 2 * math.pi * _length("turns", turns) * radius
    return torch.stack([radius * angle.cos(), radius * angle.sin()], dim=1)


def _choose(n: int, generator: Generator, modes: int) -> Tensor:
    n = _count(n, generator)
    return torch.randint(modes, (n,), generator=generator, device=generator.device)


def _uniform(n: int, generator: Generator) -> Tensor:
    n = _count(n, generator)
    return torch.rand(n, generator=generator, device=generator.device)


def _normal(n: int, dims: int, std: float, generator: Generator) -> Tensor:
    std = float(number("std", std, 0, FURTHEST))
    noise = torch.randn(whole("n", n), dims, generator=generator, device=generator.device)
    return std * noise


def _count(n: int, generator: Generator) -> int:
    """The number of points to draw; it and the generator that draws them are checked."""
    instance("generator", generator, Generator, "pass torch.Generator().manual_seed(0)")
    return whole("n", n, 0, MOST_POINTS)


def _length(name: str, value: float) -> float:
    return float(number(name, value, -FURTHEST, FURTHEST))
