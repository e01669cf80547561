"""A generator as it is now, kept apart from the one that may go on learning."""

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from gan_lessons.widgets.latent_explorer.space import principal

MOST_DIRECTIONS = 6
CHUNK = 64  # pictures at a time
PROBES = 4  # latents a dimension, to find the first layer's matrix
WEIGHTED = (nn.Linear, nn.modules.conv._ConvNd)


class Source:
    """Pictures for latents, from a copy: neither the mode nor the weights of the original change.

    thing: a generator (an nn.Module with `.latent`, and `.options["classes"]` or `.classes` if it
    takes labels), or a trainer, whose averaged generator is taken.

    size: numbers in a latent. classes: the names of the labels; empty if it takes none.
    shape: (C, H, W). directions: (K, size), the principal ones, of unit length and orthogonal, with
    K up to 6. shares: (K,), of the variance of the first layer's output that each makes.

    Raises TypeError if it is not a generator, and ValueError if its pictures contain NaN or have a
    shape other than (N, 1 or 3, H, W).
    """

    def __init__(self, thing: Any):
        network, self.classes = _network_of(thing)
        self.size = _latent_of(network)
        try:
            self.network = copy.deepcopy(network).eval().requires_grad_(False)
        except RuntimeError as error:  # of a module that holds a tensor with a graph behind it
            raise TypeError(f"this {type(network).__name__} cannot be copied: {error}") from None
        parameter = next(self.network.parameters(), torch.empty(0))
        self.device = parameter.device
        self._forked = [self.device] if self.device.type == "cuda" else []
        self.shape = self._checked()
        self.directions, self.shares = self._principal()

    def __call__(self, z: Tensor, label: int = 0) -> Tensor:
        """z: (N, size) → (N, C, H, W) in [-1, 1], on the CPU; the same each time it is asked."""
        parts = [self._decoded(part, label).cpu() for part in z.split(CHUNK)]
        return torch.cat(parts)

    @torch.no_grad()
    def _decoded(self, z: Tensor, label: int) -> Tensor:
        z = z.to(self.device)
        with torch.random.fork_rng(self._forked):  # some generators add noise of their own
            torch.default_generator.manual_seed(0)
            if not self.classes:
                return self.network(z)
            return self.network(z, torch.full((len(z),), label, device=self.device))

    def _checked(self) -> tuple[int, int, int]:
        """The shape of one picture, after a first try."""
        name = type(self.network).__name__
        try:
            pictures = self(torch.randn(2, self.size, generator=torch.Generator().manual_seed(0)))
        except (TypeError, ValueError, RuntimeError) as error:
            labels = " and labels" if self.classes else ""
            raise ValueError(
                f"{name} did not take z of (N, {self.size}){labels}: {error}. A generator "
                "that takes labels needs `.classes`, how many there are"
            ) from error
        if not torch.is_tensor(pictures) or pictures.dim() != 4 or pictures.shape[1] not in (1, 3):
            raise ValueError(
                f"{name} must make pictures (N, 1 or 3, H, W), got {tuple(pictures.shape)}"
            )
        if not pictures.isfinite().all():
            raise ValueError(
                f"{name} makes pictures that are not finite numbers: "
                "find the step of the training that made them, or take an earlier checkpoint"
            )
        channels, height, width = pictures.shape[1:]
        return channels, height, width

    def _principal(self) -> tuple[Tensor, Tensor]:
        """Of the first layer with weights that z meets; of the picture where there is none."""
        heard: list[Tensor] = []
        begun: list[bool] = []  # whether a layer has been heard in this pass
        layers = [m for m in self.network.modules() if isinstance(m, WEIGHTED)]

        def hear(_: nn.Module, __: object, output: Tensor) -> None:
            if not begun:
                begun.append(True)
                heard.append(output.flatten(1).cpu())

        hooks = [layer.register_forward_hook(hear) for layer in layers]
        rng = torch.Generator().manual_seed(0)
        z = torch.randn(PROBES * self.size + 16, self.size, generator=rng)
        pictures = []
        for part in z.split(CHUNK):
            begun.clear()
            pictures.append(self._decoded(part, 0).flatten(1).cpu())
        for hook in hooks:
            hook.remove()
        features = torch.cat(heard or pictures)
        directions, shares = principal(z, features, min(MOST_DIRECTIONS, self.size))
        return directions, shares[: len(directions)]


def _network_of(thing: Any) -> tuple[nn.Module, tuple[str, ...]]:
    """The generator, and the names of its labels."""
    names: Sequence[str] = ()
    if not isinstance(thing, nn.Module):
        network = getattr(thing, "ema_generator", None) or getattr(thing, "generator", None)
        if not isinstance(network, nn.Module):
            raise TypeError(
                "pass a generator (an nn.Module with `.latent`) or a Trainer, "
                f"got {type(thing).__name__}"
            )
        names = getattr(getattr(thing, "images", None), "classes", ())
        thing = network
    options = getattr(thing, "options", {})
    given = options["classes"] if "classes" in options else getattr(thing, "classes", 0)
    count = given if isinstance(given, int) else len(given)
    if not isinstance(given, int):
        names = given
    named = names if len(names) == count else [str(i) for i in range(count)]
    return thing, tuple(str(name) for name in named)


def _latent_of(network: nn.Module) -> int:
    size = getattr(network, "latent", None)
    if not isinstance(size, int) or isinstance(size, bool) or size < 1:
        raise TypeError(
            f"{type(network).__name__} must have `.latent`, how many numbers a latent has, "
            f"a whole number of at least 1; got {size!r}"
        )
    return size
