"""The short way to train a GAN on pictures: two networks, a set of pictures, a configuration."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from gan_lessons import checks, models
from gan_lessons.data import Images
from gan_lessons.data.fingerprint import fingerprint
from gan_lessons.data.images import LARGEST
from gan_lessons.data.toy import Points
from gan_lessons.models.parts import check_labels
from gan_lessons.train import checkpoint
from gan_lessons.train.checkpoint import CheckpointError
from gan_lessons.train.compute import ComputeOptions
from gan_lessons.train.config import MOST_SEED, TrainConfig
from gan_lessons.train.device import pick_device
from gan_lessons.train.game import Data
from gan_lessons.train.games.pictures import PictureGame
from gan_lessons.train.ranks import Ranks
from gan_lessons.train.samples import decode, draw
from gan_lessons.train.trainer import GameTrainer


def networks(config: TrainConfig, images: Images) -> tuple[nn.Module, nn.Module]:
    """A new generator and discriminator for such pictures, with the weights of `config.seed`.

    Raises:
        ValueError: the family has no such network, or there are no labels to learn from.
    """
    checks.instance("config", config, TrainConfig)
    checks.instance("images", images, Images)
    if config.conditional and images.labels is None:
        raise ValueError(f"conditional=True needs labels, {images.name!r} has none")
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(config.seed)
        return models.build(
            config.network,
            size=images.size,
            channels=images.channels,
            latent=config.latent,
            width=config.width,
            classes=len(images.classes) if config.conditional else 0,
            norm=config.norm,
            spectral=config.spectral,
            pack=config.pack,
        )


class Trainer(GameTrainer):
    """Trains a generator against a discriminator on a set of pictures, or of points.

    It is a `GameTrainer` that plays `PictureGame`.
    """

    config: TrainConfig

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        images: Data,
        config: TrainConfig,
        device: str | torch.device = "auto",
        compute: ComputeOptions | None = None,
    ):
        checks.instance("images", images, (Images, Points))
        checks.instance("config", config, TrainConfig)
        if compute is not None:
            checks.instance("compute", compute, ComputeOptions)
        players = {"generator": generator, "discriminator": discriminator}
        super().__init__(PictureGame(config, compute), players, {"real": images}, device, compute)
        share = config.batch // self.ranks.size
        if share % config.pack:
            raise ValueError(f"each process's share of the batch, {share}, must divide by pack")

    @property
    def generator(self) -> nn.Module:
        return self.networks["generator"]

    @property
    def discriminator(self) -> nn.Module:
        return self.networks["discriminator"]

    @property
    def ema_generator(self) -> nn.Module | None:
        """The generator with averaged weights, if config.ema_half_life asks for one."""
        return self.averages.get("generator")

    @property
    def images(self) -> Data:
        return self.data["real"]

    def generate(
        self, n: int, seed: int | None = None, labels: Tensor | None = None, ema: bool = True
    ) -> Tensor:
        """n new pictures: floats (n, C, H, W) in [-1, 1], on the trainer's device.

        The same seed gives the same latents; None draws new ones. labels: (n,) int64, the classes
        that a conditional generator draws; without them it draws random ones. `ema` uses the
        averaged generator, if there is one. The training's random numbers are not touched.
        """
        n = checks.whole("n", n, 1)
        checks.fits("pictures", n * math.prod(self.images.shape), LARGEST, "draw fewer at a time")
        if seed is not None:
            seed = checks.whole("seed", seed, 0, MOST_SEED)
        if labels is not None or not self.config.conditional:
            labels = self._checked(labels, n)
        return draw(self._shown(ema), self.images, n, self.config, seed, labels)

    def decode(self, z: Tensor, ema: bool = True, labels: Tensor | None = None) -> Tensor:
        """The pictures of given latents z: (n, latent) → floats (n, C, H, W) in [-1, 1]."""
        checks.instance("z", z, Tensor)
        if z.dim() != 2 or z.shape[1] != self.config.latent:
            raise ValueError(f"z must be (n, {self.config.latent}), got {tuple(z.shape)}")
        return decode(self._shown(ema), z.to(self.device), self._checked(labels, len(z)))

    def _checked(self, labels: Tensor | None, n: int) -> Tensor | None:
        classes = len(self.images.classes) if self.config.conditional else 0
        known = labels.cpu() if isinstance(labels, Tensor) else labels
        check_labels(known, classes, n)
        return None if labels is None else labels.to(self.device)

    def _shown(self, ema: bool) -> nn.Module:
        average = self.ema_generator if checks.flag("ema", ema) else None
        return self.generator if average is None else average

    @classmethod
    def resume(
        cls,
        folder: str | Path,
        images: Data,
        *,
        generator: nn.Module | None = None,
        discriminator: nn.Module | None = None,
        device: str | torch.device = "auto",
    ) -> "Trainer":
        """The trainer as it was saved: the newest checkpoint of the folder, or that one file.

        On the CPU, with as many threads, going on from here takes the same steps, bit for bit, as
        never having stopped.
        Networks of your own must be passed in again; those of this package are rebuilt.

        Raises:
            CheckpointError: there is none, it is damaged or half written, or it belongs to other
                networks or other data. Nothing is changed.
        """
        checks.instance("images", images, (Images, Points))
        file = checkpoint.newest(checks.path_of("folder", folder))
        facts, state = checkpoint.read(file)
        shape = [len(images), *images.shape]
        checkpoint.check_game(file, facts, PictureGame.name)
        own = {"name": images.name, "shape": shape, "fingerprint": fingerprint(images)}
        checkpoint.check_data(file, facts["data"], {"real": own})
        device = pick_device(device)
        with checkpoint.misfits_named(file):
            config = TrainConfig.from_dict(facts["config"])
            stored = facts["networks"]
            if generator is None:
                generator = _rebuilt(stored["generator"], "generator", file)
            if discriminator is None:
                discriminator = _rebuilt(stored["discriminator"], "discriminator", file)
            compute = ComputeOptions.from_dict(facts["compute"])
            if facts["device"] != device.type or Ranks().size > 1:
                compute = replace(compute, graph=False)  # which is for one GPU
            trainer = cls(generator, discriminator, images, config, device, compute)
            trainer.load_state_dict(state)
        trainer.run = facts["run"]
        return trainer


def _rebuilt(description: Any, role: str, file: Path) -> nn.Module:
    if description is None:
        raise CheckpointError(f"{file} holds a {role} of your own: pass it as {role}=")
    return models.rebuild(description)
