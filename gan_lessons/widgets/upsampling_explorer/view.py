"""All the numbers that an upsampling explorer shows: pure functions of its settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from gan_lessons.upsample import (
    Cost,
    checkerboard_energy,
    make,
    radial_spectrum,
    unevenness,
)
from gan_lessons.widgets.upsampling_explorer.imaging import FLAT, Imaging, imaging, phase_sums, wave
from gan_lessons.widgets.upsampling_explorer.settings import MOST_STRATEGIES, UpsamplingSettings
from gan_lessons.widgets.upsampling_explorer.training import FACTOR, Course, Pictures, shrunk


@dataclass(frozen=True)
class Score:
    """How a set of pictures measures, all of them together.

    checkerboard: its share of the variance, 0 to 1. error: the mean squared distance to the real
    ones. frequency, power: the radial spectrum, from the second ring on.
    """

    checkerboard: float
    error: float
    frequency: Tensor
    power: Tensor


@dataclass(frozen=True)
class Column:
    """One strategy: what it makes of the input, and how it does on the kept-out pictures.

    picture: (1, 1, S, S). checkerboard: of that picture. sums, overlap: (2, 2), of the last
    layer's phases. start, now: its scores untrained and after the steps. waves: what its last layer
    makes of a wave, untrained and after the steps, if that is the input; the picture is the second.
    """

    name: str
    channels: int
    cost: Cost
    picture: Tensor
    checkerboard: float
    sums: Tensor
    overlap: Tensor
    start: Score
    now: Score
    waves: tuple[Imaging, Imaging] | None = None

    @property
    def unevenness(self) -> float:
        return float(unevenness(self.sums, 2))

    @property
    def metrics(self) -> dict[str, float]:
        """The numbers shown, as plain data; of a wave, the ratio of image to signal too."""
        numbers = {
            "checkerboard": self.now.checkerboard,
            "checkerboard_at_start": self.start.checkerboard,
            "checkerboard_of_picture": self.checkerboard,
            "error": self.now.error,
            "error_at_start": self.start.error,
            "unevenness": self.unevenness,
            "channels": self.channels,
            "multiply_adds": self.cost.multiply_adds,
            "parameters": self.cost.parameters,
        }
        if self.waves:
            start, now = self.waves
            numbers |= {"image_to_signal": now.ratio, "image_to_signal_at_start": start.ratio}
        return numbers


@dataclass(frozen=True)
class UpsamplingView:
    """All that a picture of the explorer shows.

    trained: how many steps all strategies have come. given: (1, 1, S/4, S/4), what is enlarged;
    (1, 1, S/2, S/2) of a wave, which one layer doubles. wanted: (1, 1, S, S), what should come out.
    real: the kept-out pictures' own score. interpolation: the error of linear interpolation.
    """

    settings: UpsamplingSettings
    trained: int
    given: Tensor
    wanted: Tensor
    real: Score
    interpolation: float
    columns: tuple[Column, ...]


def view_of(
    settings: UpsamplingSettings, pictures: Pictures, courses: Mapping[str, Course]
) -> UpsamplingView:
    """What the settings show. The strategies' courses must have come as far as the steps."""
    real = pictures.kept_out
    wanted = wanted_picture(settings, pictures)
    given = shrunk(wanted)
    if settings.input == "wave":
        given = FLAT * wave(settings.frequency, pictures.size // 2)
    chosen = [courses[name] for name in settings.strategies]
    return UpsamplingView(
        settings,
        min(course.steps for course in chosen),
        given,
        wanted,
        *_references(real),
        tuple(_column(course, settings, given, real) for course in chosen),
    )


def wanted_picture(settings: UpsamplingSettings, pictures: Pictures) -> Tensor:
    """What the input was before it was made smaller, or the wave on a finer grid: (1, 1, S, S)."""
    size = pictures.size
    if settings.input == "wave":
        return FLAT * wave(settings.frequency, size, 2)
    if settings.input == "picture":
        return pictures.kept_out[settings.picture][None]
    if settings.input == "flat":
        return torch.full((1, 1, size, size), FLAT)
    axis = (torch.arange(size) - (size - 1) / 2) / size
    spot = torch.exp(-12 * axis.square())
    return (2 * torch.outer(spot, spot) - 1)[None, None]


def score(pictures: Tensor, real: Tensor) -> Score:
    """Both (N, 1, S, S)."""
    frequency, power = radial_spectrum(pictures)
    return Score(
        float(checkerboard_energy(pictures)),
        float(F.mse_loss(pictures, real)),
        frequency[1:],
        power[1:],
    )


@cache
def overlap(name: str) -> Tensor:
    """How many input cells reach each phase of a strategy's output, (2, 2) as the pixels lie."""
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        layer = make(name, 1, 1, bias=False)
        impulses = torch.eye(64).view(64, 1, 8, 8)
        return (layer(impulses)[:, 0, 8:10, 8:10] != 0).sum(0)


@torch.no_grad()
def _column(course: Course, settings: UpsamplingSettings, given: Tensor, real: Tensor) -> Column:
    ends = (0, settings.steps)
    size = real.shape[-1]
    start, now = (_judged(course, at, real) for at in ends)
    waves = None
    if settings.input == "wave":
        before, after = (_imaged(course, at, settings.frequency, size) for at in ends)
        waves = (before, after)
    picture = waves[1].picture if waves else course.at(settings.steps)(given)
    return Column(
        course.name,
        course.channels,
        course.cost,
        picture,
        float(checkerboard_energy(picture)),
        _summed(course, settings.steps, size),
        overlap(course.name),
        start,
        now,
        waves,
    )


@lru_cache(maxsize=4 * MOST_STRATEGIES)
def _summed(course: Course, step: int, size: int) -> Tensor:
    return phase_sums(course.at(step), size)


@lru_cache(maxsize=4 * MOST_STRATEGIES)
def _imaged(course: Course, step: int, frequency: float, size: int) -> Imaging:
    return imaging(course.at(step), frequency, size)


@lru_cache(maxsize=4 * MOST_STRATEGIES)
def _judged(course: Course, step: int, real: Tensor) -> Score:
    return score(course.at(step)(shrunk(real)), real)


@lru_cache(maxsize=1)
def _references(real: Tensor) -> tuple[Score, float]:
    """The real pictures' own score, and the error of linear interpolation."""
    linear = F.interpolate(shrunk(real), scale_factor=FACTOR, mode="bilinear")
    return score(real, real), float(F.mse_loss(linear, real))
