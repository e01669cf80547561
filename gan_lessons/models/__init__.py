"""The networks of the course, one family per file, and a way to rebuild them from plain data.

Every generator takes latents z: (N, latent) and returns pictures (N, C, H, W) in [-1, 1]. Every
discriminator takes such pictures and returns raw logits (N,), without a sigmoid: the losses apply
it. If they are built with `classes`, both take labels: (N,) int64 as a second argument, which is
then required. The networks in `points` follow the same rules with points in place of pictures.

A new family is one file with its networks, each decorated with `parts.network`, and its name in the
import below; add it to FAMILIES if `build` can build it. The decorator stores a network's arguments
in `.options`, so a checkpoint can describe the network as plain data and `rebuild` can rebuild it
without running code from the checkpoint's file.
"""

from torch import nn

from gan_lessons.checks import flag, instance, one_of, shown
from gan_lessons.models import dcgan, flow, mlp, modern, points, recurrent, translation
from gan_lessons.models.parts import NETWORKS, ranged

FAMILIES = {"mlp": mlp, "dcgan": dcgan, "modern": modern}  # what `build` can build: for pictures
BATCH_NORM = {"dcgan"}  # families whose discriminator has the option `norm`

__all__ = [
    "FAMILIES",
    "build",
    "dcgan",
    "describe",
    "flow",
    "mlp",
    "modern",
    "points",
    "rebuild",
    "recurrent",
    "translation",
]


def build(
    family: str,
    *,
    size: int,
    channels: int,
    latent: int,
    width: int,
    classes: int = 0,
    norm: bool = True,
    spectral: bool = False,
    pack: int = 1,
) -> tuple[nn.Module, nn.Module]:
    """A generator and a discriminator of one family, for pictures of `size` by `size` pixels.

    classes: the number of classes that both networks take labels of; 0 for no labels
    norm: whether the discriminator may use batch norm, as dcgan's does; the other families have
        none in any case
    spectral: whether every layer of the discriminator has spectral norm
    pack: the number of pictures that the discriminator judges together, stacked along the channels
        (Lin et al. 2018, PacGAN): it takes (N, pack · channels, size, size), one label per pack

    Raises:
        ValueError: the family is unknown, it has no network for pictures of this size, or a number
            is out of range.
    """
    one_of("network", family, FAMILIES)
    channels, pack = ranged("channels", channels), ranged("pack", pack)
    flag("norm", norm)
    module = FAMILIES[family]
    generator = module.Generator(
        size=size, channels=channels, latent=latent, width=width, classes=classes
    )
    options = {"norm": norm} if family in BATCH_NORM else {}
    discriminator = module.Discriminator(
        size=size,
        channels=channels * pack,
        width=width,
        classes=classes,
        spectral=spectral,
        **options,
    )
    return generator, discriminator


def describe(network: nn.Module) -> dict | None:
    """What `rebuild` needs, as plain data; None for a network that is not from this package."""
    cls = type(network)
    name = f"{cls.__module__.rpartition('.')[2]}.{cls.__name__}"
    if NETWORKS.get(name) is not cls:
        return None
    return {"network": name, "options": dict(vars(network)["options"])}


def rebuild(description: dict) -> nn.Module:
    """The network that `describe` described, with new random weights.

    Raises ValueError for an unknown network, and for options that are not its own.
    """
    if set(instance("description", description, dict)) != {"network", "options"}:
        raise ValueError(
            f"description must have a network and its options, got {shown(description)}"
        )
    network = NETWORKS[one_of("network", description["network"], NETWORKS)]
    options = instance("the description's options", description["options"], dict)
    try:
        return network(**options)
    except TypeError as error:
        name = description["network"]
        raise ValueError(f"the description's options do not fit {name}: {error}") from error
