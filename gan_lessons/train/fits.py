"""Whether networks, pictures and settings fit together, before a training starts."""

import torch
from torch import nn

from gan_lessons.data import Images
from gan_lessons.data.toy import Points
from gan_lessons.train.config import TrainConfig
from gan_lessons.train.passes import has_batch_norm, logits
from gan_lessons.train.remedies import packed
from gan_lessons.train.samples import decode, evaluating


@torch.no_grad()
def check_gan(
    config: TrainConfig,
    generator: nn.Module,
    discriminator: nn.Module,
    images: Images | Points,
    device: torch.device,
) -> None:
    """Raises ValueError, which says what does not fit with what."""
    if config.penalty is not None and has_batch_norm(discriminator):
        raise ValueError(
            f"the penalty {config.penalty!r} needs each logit to depend on its own picture: "
            "use a discriminator without batch norm"
        )
    if config.conditional and images.labels is None:
        raise ValueError(f"conditional=True needs labels, {images.name!r} has none")
    if config.augment and len(images.shape) != 3:
        raise ValueError(f"augment={config.augment!r} is for pictures, the data has {images.shape}")
    latent = getattr(generator, "latent", config.latent)
    if latent != config.latent:
        raise ValueError(f"the generator takes z of {latent}, config.latent is {config.latent}")
    wanted, n = images.shape, 2 * config.pack
    labels = torch.zeros(n, dtype=torch.int64, device=device) if config.conditional else None
    fake = decode(generator, torch.zeros(n, config.latent, device=device), labels)
    if tuple(fake.shape[1:]) != wanted:
        raise ValueError(
            f"the generator makes pictures of {tuple(fake.shape[1:])}, the data has {wanted}"
        )
    try:
        with evaluating(discriminator):
            judged = logits(discriminator, packed(fake, config.pack), labels)
    except RuntimeError as error:
        raise ValueError(f"the discriminator does not take {wanted} pictures: {error}") from None
    if judged.numel() != 2:
        raise ValueError(
            "the discriminator must return one logit for each picture, "
            f"got {tuple(judged.shape)} for 2 pictures"
        )


@torch.no_grad()
def is_finite(network: nn.Module) -> bool:
    """Whether no weight is infinite or NaN."""
    return all(bool(parameter.isfinite().all()) for parameter in network.parameters())
