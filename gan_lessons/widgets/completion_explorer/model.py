"""What a completion explorer shows, as plain data: functions of a network and settings."""

import copy
import math
from collections import Counter
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gan_lessons.checks import instance
from gan_lessons.data.images import check_range
from gan_lessons.metrics import FeatureNet
from gan_lessons.models.translation import Completer
from gan_lessons.widgets.completion_explorer.settings import CELL, WAYS, CompletionSettings


class Filler:
    """A copy of a Completer, the pictures to fill, and the classifier that reads them, if any.

    Raises ValueError if the pictures or the classifier do not fit the network.
    """

    def __init__(self, fill: Any, pictures: Tensor, net: FeatureNet | None = None):
        self.fill = copy.deepcopy(instance("fill", fill, Completer)).eval().cpu()
        shape = tuple(instance("pictures", pictures, Tensor).shape)
        if shape[1:] != self.fill.shape or not shape[0]:
            raise ValueError(f"pictures must be (N, {self.fill.shape}) as for fill, got {shape}")
        check_range(pictures)
        self.pictures = pictures.detach().cpu().float()
        self.size = shape[-1]
        self.net = net if net is None else instance("net", net, FeatureNet, "pass judge.net")
        if net is not None and net.pictures != self.fill.shape:
            raise ValueError(f"net reads pictures {net.pictures}, fill makes {self.fill.shape}")

    @property
    def side(self) -> int:
        """Cells of the free mask along a side."""
        return self.size // CELL

    @torch.no_grad()
    def probabilities(self, pictures: Tensor) -> Tensor | None:
        """What the classifier thinks of each picture: (N, classes)."""
        if self.net is None:
            return None
        where = self.net.classify.weight.device
        return self.net.classify(self.net(pictures.to(where))).softmax(1).cpu()

    def read(self, pictures: Tensor) -> list[int] | None:
        """The class that the classifier reads in each picture."""
        found = self.probabilities(pictures)
        return None if found is None else found.argmax(1).tolist()


@dataclass(frozen=True, eq=False)
class CompletionView:
    """One hole and its completions.

    truth: (C, H, W). mask: (1, H, W), 1 in the hole. ways: (WAYS, C, H, W), all completions. read
    and true: what the classifier reads in them and in the truth; None without one. hole and whole:
    PSNR of the chosen completion in decibels; None without a hole.
    """

    settings: CompletionSettings
    truth: Tensor
    mask: Tensor
    ways: Tensor
    read: list[int] | None
    true: int | None
    hole: float | None
    whole: float | None
    spread: float

    @property
    def chosen(self) -> Tensor:
        """The completion that is shown large."""
        return self.ways[self.settings.way - 1]

    @property
    def share(self) -> float:
        """Of the picture, the part that is hole."""
        return self.mask.mean().item()

    @property
    def counts(self) -> list[tuple[int, int]]:
        """Classes that are read in the completions, with how often, most frequent first."""
        return Counter(self.read or ()).most_common()


def mask_of(s: CompletionSettings, size: int) -> Tensor:
    """(1, size, size): 1 in the hole, 0 elsewhere."""
    mask = torch.zeros(1, size, size)
    if s.mode == "rectangle":
        mask[:, slice(*s.rows), slice(*s.columns)] = 1
        return mask
    cells = torch.zeros((size // CELL) ** 2)
    cells[list(s.cells)] = 1
    side = size // CELL
    square = cells.reshape(1, side, side)
    return square.repeat_interleave(CELL, 1).repeat_interleave(CELL, 2)


@torch.no_grad()
def ways_of(source: Filler, s: CompletionSettings) -> Tensor:
    """(WAYS, C, H, W): all completions."""
    truth, mask = source.pictures[s.picture - 1], mask_of(s, source.size)
    latent, rng = source.fill.latent, torch.Generator().manual_seed(s.seed)
    z = torch.randn(WAYS, latent, generator=rng) if latent else None
    x, masks = (each[None].expand(WAYS, -1, -1, -1) for each in (truth, mask))
    return source.fill(x, masks, z)


def most_disputed(source: Filler, s: CompletionSettings, first: int = 50) -> int:
    """The number of the picture, of the first ones, whose completions differ most.

    By what the classifier reads: the entropy of its mean answer over the completions, less the mean
    entropy of its answers. That is large where it is sure of each and they are different classes.
    Without a classifier: by the spread in the hole.
    """
    scores = []
    for picture in range(1, min(first, len(source.pictures)) + 1):
        ways = ways_of(source, s.changed(picture=picture))
        found = source.probabilities(ways)
        if found is None:
            scores.append(ways.std(0).sum().item())
        else:
            scores.append((_entropy(found.mean(0)) - _entropy(found).mean()).item())
    return 1 + scores.index(max(scores))


def _entropy(probabilities: Tensor) -> Tensor:
    """In nats. probabilities: (..., classes)."""
    return torch.special.entr(probabilities).sum(-1)


@torch.no_grad()
def view_of(source: Filler, s: CompletionSettings) -> CompletionView:
    """All that is shown."""
    truth, mask = source.pictures[s.picture - 1], mask_of(s, source.size)
    ways = ways_of(source, s)
    error = (ways[s.way - 1] - truth).square().mean(0, keepdim=True)
    read = source.read(torch.cat([truth[None], ways]))
    inside = mask.sum().item()
    return CompletionView(
        s,
        truth,
        mask,
        ways,
        None if read is None else read[1:],
        None if read is None else read[0],
        _psnr((error * mask).sum().item() / inside) if inside else None,
        _psnr(error.mean().item()) if inside else None,
        (ways.std(0).mean(0) * mask[0]).sum().item() / max(1, inside),
    )


def _psnr(error: float) -> float:
    """Decibels, for a mean squared error of pictures in [-1, 1]."""
    return 10 * math.log10(4 / max(error, 1e-12))
