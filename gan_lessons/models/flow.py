"""The velocity of a flow from noise to pictures: the network of flow matching.

Lipman et al. 2023 (arXiv 2210.02747) learn a velocity v(x, t) that carries noise at t = 0 to data
at t = 1. The algorithm is a few lines and stands in lesson 12; this is the network alone. It is a
small U-Net with DCGAN's map sizes, so that it can be compared with a DCGAN of the same size:
convolutions halve the maps, deconvolutions double them, and each map on the way down is added to
the map of the same size on the way up. It knows the time from a shift in every block.
"""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gan_lessons.checks import instance
from gan_lessons.models.dcgan import DOUBLE, map_sizes, widths
from gan_lessons.models.parts import network, ranged

WAVES = 16  # sines and as many cosines that describe a time
HIGHEST = 20.0  # radians that the fastest of them turns from t = 0 to 1; the slowest turns 1


class Block(nn.Module):
    """x: (N, C, H, W), time: (N, 2 · WAVES) → x + what two convolutions of x and the time give.

    The second one starts at zero, so that the block starts as the identity.
    """

    def __init__(self, channels: int):
        super().__init__()
        channels = ranged("channels", channels)
        self.before = nn.GroupNorm(1, channels)
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.shift = nn.Linear(2 * WAVES, channels)
        self.between = nn.GroupNorm(1, channels)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        for parameter in self.second.parameters():
            nn.init.zeros_(parameter)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        inside = self.first(F.silu(self.before(x))) + self.shift(time)[:, :, None, None]
        return x + self.second(F.silu(self.between(inside)))


@network
class Velocity(nn.Module):
    """x: (N, channels, size, size) at the times t: (N,) in [0, 1] → velocities, the shape of x.

    `width` is the number of channels of the feature map next to the picture, as in a DCGAN; it
    doubles where the side halves. Raises ValueError for a size that doubling cannot reach, and for
    times of another shape.
    """

    turns: Tensor  # (WAVES,): by how many radians each wave turns from t = 0 to 1

    def __init__(self, *, size: int = 28, channels: int = 1, width: int = 16):
        super().__init__()
        wide = widths(size, width)[::-1]  # from the largest map to the smallest
        channels = ranged("channels", channels)
        self.sides = map_sizes(size)
        turns = torch.linspace(0, math.log(HIGHEST), WAVES).exp()
        self.register_buffer("turns", turns, persistent=False)
        self.time = nn.Sequential(
            nn.Linear(2 * WAVES, 2 * WAVES), nn.SiLU(), nn.Linear(2 * WAVES, 2 * WAVES), nn.SiLU()
        )
        sides = [*pairwise([channels, *wide])]
        self.down = nn.ModuleList(nn.Conv2d(a, b, **DOUBLE) for a, b in sides)
        self.down_blocks = nn.ModuleList(map(Block, wide))
        self.up_blocks = nn.ModuleList(map(Block, wide[:-1]))
        self.up = nn.ModuleList(nn.ConvTranspose2d(b, a, **DOUBLE) for a, b in sides)

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        if instance("t", t, Tensor).shape != x.shape[:1]:
            raise ValueError(f"t must be ({len(x)},), a time for each x, got {tuple(t.shape)}")
        angles = t[:, None] * self.turns
        time = self.time(torch.cat([angles.sin(), angles.cos()], 1))
        maps = []
        for halve, block in zip(self.down, self.down_blocks, strict=True):
            x = block(halve(x), time)
            maps.append(x)
        for level in reversed(range(1, len(maps))):
            x = self.up_blocks[level - 1](self.up[level](x) + maps[level - 1], time)
        return self.up[0](x)
