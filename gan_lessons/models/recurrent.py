"""Recurrent networks: a painter of pictures, and a generator and a discriminator of sequences.

The painter takes the canvas of DRAW (Gregor et al. 2015), and is trained as a GAN: a state decides
on one stroke after the other, and each stroke is added to a canvas.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

from gan_lessons.checks import flag, instance, whole
from gan_lessons.models.dcgan import DOUBLE, initialise, map_sizes, widths
from gan_lessons.models.parts import check_labels, network

MOST_STEPS, MOST_STROKES, MOST_HIDDEN = 4096, 64, 2**14


@network
class Painter(nn.Module):
    """z: (N, latent) → pictures (N, channels, size, size) in [-1, 1], painted in strokes.

    A GRU with `hidden` units reads z once per stroke. Deconvolutions, the same for all strokes,
    turn each of its states into a stroke: (N, channels, size, size). The picture is the tanh of the
    strokes' sum. `width` is the number of channels of the last feature map before the stroke.

    DRAW draws a new z for each stroke; this one reads the same z each time.
    """

    def __init__(
        self,
        *,
        size: int = 28,
        channels: int = 1,
        latent: int = 32,
        width: int = 6,
        hidden: int = 64,
        strokes: int = 4,
    ):
        super().__init__()
        self.latent = latent
        self.strokes = whole("strokes", strokes, 1, MOST_STROKES)
        self.state = nn.GRUCell(latent, whole("hidden", hidden, 1, MOST_HIDDEN))
        wide = widths(size, width)
        layers: list[nn.Module] = [
            nn.ConvTranspose2d(self.state.hidden_size, wide[0], map_sizes(size)[0], bias=False)
        ]
        for before, after in pairwise([*wide, channels]):
            layers += [
                nn.BatchNorm2d(before),
                nn.ReLU(),
                nn.ConvTranspose2d(before, after, **DOUBLE),
            ]
        self.layers = nn.Sequential(*layers)
        initialise(self)

    def canvases(self, z: Tensor) -> Tensor:
        """z: (N, latent) → (N, strokes, channels, size, size): the canvas after each stroke.

        A canvas is the sum of the strokes so far; its tanh is a picture.
        """
        h, states = z.new_zeros(len(z), self.state.hidden_size), []
        for _ in range(self.strokes):
            h = self.state(z, h)
            states.append(h)
        # All strokes as one batch: batch norm then sees the same mixture of strokes every time.
        every = torch.stack(states, dim=1).flatten(0, 1)[:, :, None, None]
        return self.layers(every).unflatten(0, (len(z), self.strokes)).cumsum(dim=1)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        check_labels(labels, 0, len(z))
        return self.canvases(z)[:, -1].tanh()


def mask(lengths: Tensor, steps: int) -> Tensor:
    """lengths: (N,) → (N, steps), 1 where a sequence still runs and 0 where it has ended."""
    return (torch.arange(steps, device=lengths.device) < lengths[:, None]).float()


@network
class Generator(nn.Module):
    """z: (N, latent), lengths: (N,) int64 → sequences (N, steps, channels) in [-1, 1].

    z sets the first state of a GRU with `width` units, and is an input at every step, next to a
    clock that runs from -1 at the first step of a sequence to 1 at its last. After the end of a
    sequence there are zeros. Without lengths, all have `steps` steps.

    Raises ValueError for lengths that are not (N,) int64 from 1 to steps.
    """

    def __init__(self, *, steps: int = 24, channels: int = 1, latent: int = 4, width: int = 32):
        super().__init__()
        self.steps = whole("steps", steps, 1, MOST_STEPS)
        self.latent = latent
        self.start = nn.Linear(latent, width)
        self.gru = nn.GRU(latent + 1, width, batch_first=True)
        self.out = nn.Linear(width, channels)

    def forward(self, z: Tensor, lengths: Tensor | None = None) -> Tensor:
        lengths = _checked(lengths, z, self.steps)
        step = torch.arange(self.steps, device=z.device)
        clock = 2 * step / (lengths[:, None] - 1).clamp(min=1) - 1  # (N, steps)
        inputs = torch.cat([z[:, None].expand(-1, self.steps, -1), clock[:, :, None]], dim=2)
        states = self.gru(inputs, self.start(z).tanh()[None])[0]
        return self.out(states).tanh() * mask(lengths, self.steps)[:, :, None]


@network
class Discriminator(nn.Module):
    """Sequences x: (N, T, channels), lengths: (N,) int64 → logits.

    A GRU with `width` units reads the sequence from its start. With `each`, there is a logit per
    step, (N, T), for what was read so far; those after the end of a sequence mean nothing, and the
    loss must leave them out. Without, there is one logit per sequence, (N,), from the state after
    its last step. Without lengths, all have T steps.

    Raises ValueError for lengths that are not (N,) int64 from 1 to T.
    """

    def __init__(self, *, channels: int = 1, width: int = 32, each: bool = True):
        super().__init__()
        self.each = flag("each", each)
        self.gru = nn.GRU(channels, width, batch_first=True)
        self.out = nn.Linear(width, 1)

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        lengths = _checked(lengths, x, x.shape[1])
        states = self.gru(x)[0]  # (N, T, width)
        if not self.each:
            states = states[torch.arange(len(x), device=x.device), lengths - 1]  # (N, width)
        return self.out(states).squeeze(-1)


def _checked(lengths: Tensor | None, x: Tensor, steps: int) -> Tensor:
    """The lengths of the sequences of x: (N, ...), all of them `steps` if there are none."""
    if lengths is None:
        return torch.full((len(x),), steps, device=x.device)
    wanted = f"lengths must be ({len(x)},) int64, each from 1 to {steps}"
    instance("lengths", lengths, Tensor, wanted)
    if lengths.dtype != torch.int64 or lengths.shape != (len(x),):
        raise ValueError(f"{wanted}, got {tuple(lengths.shape)} {lengths.dtype}")
    if len(x) and not 1 <= lengths.min() <= lengths.max() <= steps:
        raise ValueError(f"{wanted}, got {lengths.min()} to {lengths.max()}")
    return lengths
