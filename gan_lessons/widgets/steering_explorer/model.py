"""What a steering explorer shows, as plain data: pure functions of a generator and settings."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from gan_lessons.checks import instance
from gan_lessons.metrics import FeatureNet
from gan_lessons.models.latents import truncated
from gan_lessons.widgets.latent_explorer.source import Source
from gan_lessons.widgets.steering_explorer.settings import SteeringSettings

STEPS = 9  # pictures from one class to the other
STYLES = 24  # pictures at the chosen mix


class Steered(Source):
    """A copy of a conditional generator, and the classifier that reads its pictures, if any.

    It can be asked for mixes of two classes: wherever it looks a class up in an `nn.Embedding` with
    a row for each class, it gets a weighted mean of two rows.

    Raises, beyond what `Source` raises, a ValueError if it takes no labels, has no such embedding,
    or the classifier is one of other pictures or classes.
    """

    def __init__(self, thing: Any, net: FeatureNet | None = None):
        self._mixed: tuple[int, Tensor] | None = None
        super().__init__(thing)
        if len(self.classes) < 2:
            raise ValueError("the generator must take labels of at least 2 classes, got none")
        tables = [
            module
            for module in self.network.modules()
            if isinstance(module, nn.Embedding) and module.num_embeddings == len(self.classes)
        ]
        if not tables:
            raise ValueError(
                f"{type(self.network).__name__} must look its classes up in an nn.Embedding with "
                f"{len(self.classes)} rows: else there is nothing to mix"
            )
        for table in tables:
            table.register_forward_hook(self._mix)
        self.net = net if net is None else instance("net", net, FeatureNet, "pass judge.net")
        if net is not None and net.pictures != self.shape:
            raise ValueError(f"net reads pictures {net.pictures}, the generator makes {self.shape}")
        if net is not None and net.classify.out_features != len(self.classes):
            raise ValueError(
                f"net knows {net.classify.out_features} classes, the generator {len(self.classes)}"
            )

    def between(self, z: Tensor, first: int, second: int, shares: Tensor) -> Tensor:
        """z: (N, size), shares of the second class: (N,) → (N, C, H, W); N is at most 64."""
        self._mixed = (second, shares)
        try:
            return self(z, first)
        finally:
            self._mixed = None

    def _mix(self, table: nn.Module, _: object, rows: Tensor) -> Tensor:
        if self._mixed is None:
            return rows
        second, shares = self._mixed
        assert isinstance(table, nn.Embedding)
        return torch.lerp(rows, table.weight[second], shares.to(rows)[:, None])

    @torch.no_grad()
    def read(self, pictures: Tensor) -> Tensor | None:
        """The classifier's probabilities, (N, classes)."""
        if self.net is None:
            return None
        where = self.net.classify.weight.device
        return self.net.classify(self.net(pictures.clamp(-1, 1).to(where))).softmax(1).cpu()


@dataclass(frozen=True, eq=False)
class SteeringView:
    """The way from class to class for one style, and many styles at the chosen mix.

    way: (STEPS, C, H, W). styles: (STYLES, C, H, W), the first with the z of `way`. said: (STEPS,)
    and read: (STYLES, classes), what the classifier says; None without one. spread: the standard
    deviation of a pixel over the styles, on average over the pixels.
    """

    settings: SteeringSettings
    classes: tuple[str, ...]
    way: Tensor
    styles: Tensor
    said: Tensor | None
    read: Tensor | None
    spread: float

    @property
    def shares(self) -> Mapping[int, float]:
        """How many of the styles are read as a class, as a share, most frequent first."""
        if self.read is None:
            return {}
        counted = Counter(self.read.argmax(1).tolist())
        return {label: n / len(self.read) for label, n in counted.most_common()}


def latents(seed: int, size: int, limit: float) -> Tensor:
    """Styles (STYLES, size) of a seed, cut off at ±limit: see `models.latents.truncated`."""
    rng = torch.Generator().manual_seed(seed)
    return truncated(torch.randn(STYLES, size, generator=rng), limit)


def view_of(source: Steered, s: SteeringSettings) -> SteeringView:
    """All that is shown."""
    assert s.other is not None  # `fitted`
    z = latents(s.seed, source.size, s.truncation)
    shares = torch.cat([torch.linspace(0, 1, STEPS), torch.full((STYLES,), s.mix)])
    pictures = source.between(torch.cat([z[:1].expand(STEPS, -1), z]), s.asked, s.other, shares)
    way, styles = pictures[:STEPS], pictures[STEPS:]
    read = source.read(pictures)
    return SteeringView(
        s,
        source.classes,
        way,
        styles,
        None if read is None else read[:STEPS].argmax(1),
        None if read is None else read[STEPS:],
        styles.std(0).mean().item(),
    )
