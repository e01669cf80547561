"""A recorded training's attention, and what one place's attention comes to: plain numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isqrt

import torch
from torch import Tensor

from gan_lessons import checks
from gan_lessons.data.images import check_range
from gan_lessons.widgets.attention_explorer.settings import AttentionSettings

MOST_SIDE = 12  # of a map: each place is a button
ROUNDING = 1e-3  # how far the sum of a place's weights may be off


@dataclass(frozen=True, eq=False)
class Recording:
    """What was seen at S steps of a training, on P pictures; see AttentionExplorer."""

    steps: tuple[int, ...]
    pictures: Tensor  # (S, P, C, H, W)
    weights: Mapping[str, Tensor]  # network → (S, P, places, places)
    gammas: Mapping[str, tuple[float, ...]]  # network → S numbers

    def side(self, network: str) -> int:
        """Of the network's map, in places."""
        return isqrt(self.weights[network].shape[-1])


def recording_of(
    steps: Sequence[int],
    pictures: Tensor,
    weights: Tensor | Mapping[str, Tensor],
    gammas: Sequence[float] | Mapping[str, Sequence[float]] | None = None,
) -> Recording:
    """The same, checked. Raises ValueError if shapes or numbers do not fit."""
    numbers = tuple(checks.whole("each of steps", step, 0) for step in checks.items("steps", steps))
    if not numbers or list(numbers) != sorted(set(numbers)):
        raise ValueError(f"steps must rise, and be at least one, got {checks.shown(steps)}")
    shape = checks.instance("pictures", pictures, Tensor).shape
    if len(shape) != 5 or shape[0] != len(numbers) or shape[2] not in (1, 3) or not shape[1]:
        raise ValueError(
            f"pictures must be ({len(numbers)}, P, 1 or 3, H, W), one set for each step, "
            f"got {tuple(shape)}"
        )
    check_range(pictures.flatten(0, 1))
    named = weights if isinstance(weights, Mapping) else {"generator": weights}
    if not named:
        raise ValueError("weights must have at least one network, got {}")
    for name, each in named.items():
        _check_weights(checks.instance("the name of a network", name, str), each, shape[:2])
    if gammas is None or isinstance(gammas, Mapping):
        given = gammas or {}
    elif len(named) == 1:
        given = dict.fromkeys(named, gammas)
    else:
        raise ValueError(f"gammas must say of which network they are: {', '.join(named)}")
    read = {}
    for name, values in given.items():
        checks.one_of("network", name, named)
        read[name] = tuple(
            float(checks.number("each of gammas", g)) for g in checks.items("gammas", values)
        )
        if len(read[name]) != len(numbers):
            raise ValueError(f"gammas must be {len(numbers)}, one a step, got {len(read[name])}")
    kept = {name: each.detach().float().cpu() for name, each in named.items()}
    return Recording(numbers, pictures.detach().float().cpu(), kept, read)


def _check_weights(name: str, weights: Tensor, first: torch.Size) -> None:
    shape = checks.instance(f"weights of {name}", weights, Tensor).shape
    places = shape[-1] if shape else 0
    side = isqrt(places)
    if shape != (*first, places, places) or side**2 != places or not 1 <= side <= MOST_SIDE:
        raise ValueError(
            f"weights of {name} must be ({first[0]}, {first[1]}, places, places) for a square map "
            f"of side 1 to {MOST_SIDE}, got {tuple(shape)}"
        )
    sums = weights.detach().float().sum(-1)
    if not (weights >= 0).all() or not ((sums - 1).abs() <= ROUNDING).all():
        raise ValueError(f"weights of {name} must be at least 0, with sum 1 in each row")


@dataclass(frozen=True, eq=False)
class Look:
    """What one place looks at, or who looks at it."""

    heat: Tensor  # (side, side)
    place: tuple[int, int]  # row and column, from 0
    picture: Tensor  # (C, H, W)
    gamma: float | None

    @property
    def top(self) -> tuple[int, int, float]:
        """The warmest place, and its weight."""
        at = int(self.heat.argmax())
        row, column = divmod(at, len(self.heat))
        return row, column, float(self.heat[row, column])

    @property
    def spread(self) -> float:
        """Over how many places the heat is spread: e^entropy, 1 for a single one."""
        shares = (self.heat / self.heat.sum().clamp(min=1e-30)).flatten()
        return float(torch.special.entr(shares).sum().exp())


def look(recording: Recording, s: AttentionSettings) -> Look:
    """At the settings' place, picture and step."""
    side = recording.side(s.network)
    weights = recording.weights[s.network][s.step, s.picture - 1]
    place = (s.row - 1) * side + s.column - 1
    heat = weights[place] if s.way == "from" else weights[:, place]
    gammas = recording.gammas.get(s.network)
    return Look(
        heat.view(side, side),
        (s.row - 1, s.column - 1),
        recording.pictures[s.step, s.picture - 1],
        gammas[s.step] if gammas else None,
    )
