"""What those need who only use a training: its generator, rebuilt from a checkpoint alone.

    generator = load_generator("runs/a")
    pictures = generate(generator, 16, seed=0)

Neither the data nor the trainer is needed.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from gan_lessons import checks, models
from gan_lessons.data.images import LARGEST
from gan_lessons.models.latents import truncated
from gan_lessons.models.parts import check_labels
from gan_lessons.train import checkpoint
from gan_lessons.train.checkpoint import CheckpointError
from gan_lessons.train.config import MOST_SEED
from gan_lessons.train.device import pick_device
from gan_lessons.train.flat import check_shapes, unprefixed
from gan_lessons.train.games.pictures import PictureGame
from gan_lessons.train.samples import CHUNK, decode


class Delivered(nn.Module):
    """A trained generator in evaluation mode, with what its users need to know.

    z: (N, latent), drawn from N(0, 1) → (N, *shape) in [-1, 1]. If it has `classes`, it takes
    labels too: (N,) int64, their indices.

    network: the generator itself, and `description`, from which `models.rebuild` builds it
    shape: (C, H, W) of a picture, or (dims,) of a point
    classes: the names of the classes that it takes labels of, () if it takes none
    step: after how many steps it was saved
    averaged: whether its weights are the average over the training (config.ema_half_life)
    data: what its checkpoint says of the data: name, shape (N, C, H, W) and fingerprint
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        description: Mapping[str, Any],
        latent: int,
        shape: Sequence[int],
        classes: Sequence[str],
        step: int,
        averaged: bool,
        data: Mapping[str, Any],
    ):
        super().__init__()
        self.network = network.requires_grad_(False)
        self.description = dict(description)
        self.latent, self.step, self.averaged = latent, step, averaged
        self.shape, self.classes = tuple(shape), tuple(classes)
        self.data = dict(data)
        self.eval()

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.network(z) if labels is None else self.network(z, labels)


def load_generator(
    path: str | Path, *, average: bool = True, device: str | torch.device = "cpu"
) -> Delivered:
    """The generator of a run's newest checkpoint, or of that one file.

    The run may still go on: checkpoints are whole at any time. average: the averaged weights, if
    the run keeps them; False: the weights that learn.

    Raises:
        CheckpointError: there is no checkpoint, it is damaged, it is of another game than that of a
            GAN, or its generator is not one of this package.
        ValueError: path is no path, or the device is missing.
    """
    checks.flag("average", average)
    file = checkpoint.newest(checks.path_of("path", path))
    device = pick_device(device)
    facts, state = checkpoint.read(file)
    checkpoint.check_game(file, facts, PictureGame.name)
    description = facts["networks"].get("generator")
    if description is None:
        raise CheckpointError(
            f"{file} holds a generator of your own: build it, and load the tensors whose names "
            "begin with network.generator"
        )
    with checkpoint.misfits_named(file):
        network = models.rebuild(description)
        averaged = average and any(name.startswith("average.generator.") for name in state)
        prefix = "average.generator" if averaged else "network.generator"
        tensors = unprefixed(prefix, state)
        check_shapes(prefix, network.state_dict(), tensors)
        network.load_state_dict(tensors)
        data = facts["data"]["real"]
        classes = _classes(description["options"].get("classes", 0), data)
        return Delivered(
            network,
            description=description,
            latent=checks.whole("latent", facts["config"].get("latent"), 1),
            shape=data["shape"][1:],
            classes=classes,
            step=facts["step"],
            averaged=averaged,
            data=data,
        ).to(device)


def _classes(count: int, data: Mapping[str, Any]) -> list[str]:
    """The classes' names; their numbers, if the checkpoint does not have the names."""
    names = data.get("classes")
    if isinstance(names, list) and len(names) == count:
        return [str(name) for name in names]
    return [str(i) for i in range(count)]


def draw(
    generator: Delivered,
    n: int,
    *,
    seed: int = 0,
    labels: Tensor | None = None,
    truncation: float | None = None,
) -> tuple[Tensor, Tensor | None]:
    """n latents (n, latent) and labels (n,), None if the generator takes none; on the CPU.

    The same seed gives those of `Trainer.generate` on a CPU. labels: those to use; without
    them, a conditional generator gets random ones. truncation: see `latents.truncated`.

    Raises ValueError if an argument is out of range, or the labels do not fit the generator.
    """
    n = checks.whole("n", n, 1)
    checks.fits("latents", n * generator.latent, LARGEST, "draw fewer at a time")
    rng = torch.Generator().manual_seed(checks.whole("seed", seed, 0, MOST_SEED))
    z = torch.randn(n, generator.latent, generator=rng)
    if labels is None and generator.classes:
        labels = torch.randint(len(generator.classes), (n,), generator=rng)
    check_labels(labels, len(generator.classes), n)
    return z if truncation is None else truncated(z, truncation), labels


def decoded(
    generator: Delivered, z: Tensor, labels: Tensor | None, *, describe: str = "generating"
) -> Iterator[Tensor]:
    """The pictures of latents in parts, (n, *shape) each in [-1, 1], on the CPU.

    Shows its progress on a terminal, if it takes more than a second.
    """
    device = next(generator.parameters()).device
    with tqdm(total=len(z), desc=describe, delay=1, leave=False, disable=None) as bar:
        for start in range(0, len(z), CHUNK):
            part = slice(start, start + CHUNK)
            own = None if labels is None else labels[part].to(device)
            yield decode(generator, z[part].to(device), own).cpu()
            bar.update(len(z[part]))


def generate(
    generator: Delivered,
    n: int,
    *,
    seed: int = 0,
    labels: Tensor | None = None,
    truncation: float | None = None,
) -> Tensor:
    """n new pictures: floats (n, C, H, W) in [-1, 1], on the CPU. See `draw`."""
    n = checks.whole("n", n, 1)
    checks.fits("pictures", n * math.prod(generator.shape), LARGEST, "draw fewer at a time")
    z, labels = draw(generator, n, seed=seed, labels=labels, truncation=truncation)
    return torch.cat([*decoded(generator, z, labels)])
