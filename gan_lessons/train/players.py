"""The two networks: made by the configuration, checked before they play."""

from typing import TYPE_CHECKING

import torch
from torch import nn

from gan_lessons import models
from gan_lessons.data import Images
from gan_lessons.train.config import TrainConfig
from gan_lessons.train.remedies import packed

if TYPE_CHECKING:
    from gan_lessons.train.trainer import Trainer


def networks(config: TrainConfig, images: Images) -> tuple[nn.Module, nn.Module]:
    """A new generator and discriminator for such pictures, with the weights of `config.seed`.

    Raises:
        ValueError: the family has no such network, or the labels to learn from are not there.
    """
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


@torch.no_grad()
def check(trainer: "Trainer") -> None:
    """Raises ValueError where networks, pictures and settings do not fit together."""
    if trainer.config.penalty is not None and trainer.game.batch_norm:
        raise ValueError(
            f"the penalty {trainer.config.penalty!r} needs each logit to depend on its own "
            "picture: take a discriminator without batch norm"
        )
    wanted = trainer.images.shape
    latent = getattr(trainer.generator, "latent", trainer.config.latent)
    if latent != trainer.config.latent:
        raise ValueError(
            f"the generator takes z of {latent}, config.latent is {trainer.config.latent}"
        )
    told = torch.zeros(2 * trainer.config.pack).long() if trainer.config.conditional else None
    made = trainer.decode(torch.zeros(2 * trainer.config.pack, trainer.config.latent), labels=told)
    if tuple(made.shape[1:]) != wanted:
        raise ValueError(
            f"the generator makes pictures of {tuple(made.shape[1:])}, the data has {wanted}"
        )
    trainer.ranks.share(torch.empty(trainer.config.batch, 0))  # refuses what cannot be shared
    try:
        trainer.discriminator.eval()
        told = None if told is None else told.to(trainer.device)
        logits = trainer.game.logits(packed(made, trainer.config.pack), told)
    except RuntimeError as error:
        raise ValueError(f"the discriminator does not take {wanted} pictures: {error}") from None
    finally:
        trainer.discriminator.train()
    if logits.numel() != 2:
        raise ValueError(
            "the discriminator must give one logit for each picture, "
            f"got {tuple(logits.shape)} for 2 pictures"
        )


@torch.no_grad()
def is_finite(network: nn.Module) -> bool:
    """Whether all weights are numbers."""
    return all(bool(parameter.isfinite().all()) for parameter in network.parameters())
