"""What a layer that doubles makes of a wave: its signal, and an image of it.

A layer with stride 2 puts zeros between the samples of its input and filters the result with its
kernel h. A wave of frequency f, in cycles per input pixel, becomes two, in cycles per output pixel:
the signal at f / 2, multiplied by H(f / 2), and an image at 1/2 - f / 2, multiplied by
H(1/2 - f / 2), where H(w) = sum over k of h[k] exp(-2 pi i w k). At f = 0 the image is the
checkerboard of a flat input.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

FLAT = 0.5  # a light grey: a pattern can go both ways from it
MARGIN = 4  # input pixels at each border: as far as the padding of any strategy reaches, and more
LENGTH = 128  # output pixels along the wave, at least: the peaks of its spectrum are narrow
FINE = 2  # a spectrum has so many points for each one of the discrete Fourier transform


@dataclass(frozen=True)
class Imaging:
    """A doubled wave, and how much of it is signal and image.

    picture: (1, 1, S, S), away from the borders, its largest value scaled to FLAT. signal, image:
    amplitudes along the axis of the wave. frequency, power: of the spectrum along that axis, from 0
    to 1/2 cycles per output pixel, as a multiple of the power at the signal's frequency.
    """

    picture: Tensor
    signal: float
    image: float
    frequency: Tensor
    power: Tensor

    @property
    def ratio(self) -> float:
        """The image's amplitude over the signal's; infinite if there is an image alone."""
        if not self.signal:
            return math.inf if self.image else 0.0
        return self.image / self.signal


def places(frequency: float) -> tuple[float, float]:
    """Where the signal and the image of a wave lie, in cycles per output pixel."""
    return frequency / 2, 0.5 - frequency / 2


def wave(frequency: float, size: int, stride: int = 1) -> Tensor:
    """A wave along the rows, from -1 to 1: (1, 1, size, size).

    frequency: in cycles per input pixel. stride: how many pixels of this picture an input pixel
    has; their centres stand in its middle.
    """
    place = (torch.arange(size, dtype=torch.float64) + 0.5) / stride - 0.5
    return torch.cos(2 * math.pi * frequency * place).float().expand(1, 1, size, size)


def phase_sums(network: nn.Sequential, size: int) -> Tensor:
    """What the last layer's four phases make of a flat input, (2, 2) as the pixels lie.

    size: of the pictures that come out. Of a deconvolution it is the sums of each phase's weights,
    its channels mixed as a flat input mixes them.
    """
    return _doubled(network, torch.ones(1, 8, 8), size)[0, 8:10, 8:10]


@torch.no_grad()
def imaging(network: nn.Sequential, frequency: float, size: int) -> Imaging:
    """What the last layer makes of a wave, its channels mixed as a flat input mixes them.

    frequency: 0 to 0.5 cycles per input pixel. size: S, the side of the pictures that come out.
    """
    length = max(LENGTH, size)
    place = torch.arange(-MARGIN, length // 2 + MARGIN, dtype=torch.float64)
    angle = 2 * math.pi * frequency * place
    # With cos and sin as the parts of one complex wave, signal and image are two frequencies that
    # differ by 1/2 at any f: over an even number of pixels each is found without the other.
    given = torch.stack([angle.cos(), angle.sin()]).float()
    made = _doubled(network, given[:, None].expand(2, 2 * MARGIN + 1, -1), size)
    cosine, sine = made[:, 2 * MARGIN : -2 * MARGIN, 2 * MARGIN : -2 * MARGIN]  # (2, length) each
    line = torch.complex(cosine.double().mean(0), sine.double().mean(0))
    place = torch.arange(length, dtype=torch.float64)
    signal, image = (
        float((line * torch.exp(-2j * math.pi * at * place)).mean().abs())
        for at in (frequency / 2, frequency / 2 - 0.5)
    )
    picture = cosine[None, None, :, :size].repeat(1, 1, size // 2, 1)  # all rows are like these two
    picture = FLAT * picture / picture.abs().max().clamp(min=1e-30)
    return Imaging(picture, signal, image, *_spectrum(line, frequency))


def _spectrum(line: Tensor, frequency: float) -> tuple[Tensor, Tensor]:
    """Frequencies, and the power there as a multiple of that at the signal's: (points,) each.

    The power of a real wave, averaged over its positions, is that of the complex one at a frequency
    and at its negative. A Blackman window keeps what leaks from one into others below -58 decibels.
    """
    length = len(line)
    windowed = line * torch.blackman_window(length, dtype=torch.float64)
    place = torch.arange(length, dtype=torch.float64)
    points = torch.arange(FINE * length // 2 + 1, dtype=torch.float64) / (FINE * length)
    power = torch.fft.fft(windowed, FINE * length).abs().square()
    both = (power + power.flip(0).roll(1))[: len(points)]
    turn = torch.exp(2j * math.pi * frequency / 2 * place)
    unit = (windowed @ turn.conj()).abs().square() + (windowed @ turn).abs().square()
    return points, both / unit if unit else both


def _doubled(network: nn.Sequential, pattern: Tensor, size: int) -> Tensor:
    """What the last layer makes of a pattern, without its biases: (B, h, w) → (B, 2h, 2w).

    The maps that reach the last layer from a flat input are taken as their means in the middle, one
    number for each channel; the pattern is multiplied by them.
    """
    *first, last = network
    maps = nn.Sequential(*first)(torch.full((1, 1, size // 4, size // 4), FLAT))
    middle = slice(size // 4 - 2, size // 4 + 2)
    channels = maps[..., middle, middle].mean((-2, -1), keepdim=True)  # (1, C, 1, 1)
    nothing = torch.zeros_like(pattern[:1])
    answer = last(torch.cat([pattern, nothing])[:, None] * channels)[:, 0]
    return answer[:-1] - answer[-1:]
