"""The networks of the course, one family a file, and the way to rebuild one from plain data.

Every generator takes latents z: (N, latent) and returns pictures (N, C, H, W) in [-1, 1]. Every
discriminator takes such pictures and returns raw logits (N,): no sigmoid, the losses apply it. Both
take labels: (N,) int64 as a second argument where they were made with `classes`, and only there.
The networks of `points` play the same game with points in the plane in the place of pictures.
Each network keeps the arguments it was made with in `.options`, so that a checkpoint can say what
it holds in plain words and rebuild it without running any code from the file.
"""

from torch import nn

from gan_lessons.models import dcgan, mlp, modern, points

FAMILIES = {"mlp": mlp, "dcgan": dcgan, "modern": modern}
_ALL = FAMILIES | {"points": points}  # those that are made without a size of picture too
NORMALISED = {"dcgan"}  # families whose discriminator has batch norm, unless told otherwise

__all__ = ["FAMILIES", "describe", "build", "rebuild"]


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

    `classes`: how many there are to tell both players of; 0 for no labels. The other options are
    the discriminator's. `norm`: it may use batch norm, as dcgan's does; False forbids it, which
    changes nothing in the families that have none. `spectral`: spectral norm on every layer.
    `pack`: it judges that many pictures at a time, stacked along the channels (Lin et al. 2018,
    PacGAN), and takes (N, pack · channels, size, size); labels are then one for a pack.

    Raises:
        ValueError: the family is unknown, it has no network for such pictures, or a count is wrong.
    """
    if family not in FAMILIES:
        raise ValueError(f"unknown network {family!r}; known are {', '.join(FAMILIES)}")
    for name, value, least in (("classes", classes, 0), ("pack", pack, 1)):
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise ValueError(f"{name} must be a whole number of at least {least}, got {value!r}")
    module = FAMILIES[family]
    generator = module.Generator(
        size=size, channels=channels, latent=latent, width=width, classes=classes
    )
    options = {"norm": norm} if family in NORMALISED else {}
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
    """What `rebuild` needs, as plain data; None for a network that this package did not make."""
    family = type(network).__module__.rpartition(".")[2]
    if getattr(_ALL.get(family), type(network).__name__, None) is not type(network):
        return None
    return {
        "network": f"{family}.{type(network).__name__}",
        "options": dict(vars(network)["options"]),
    }


def rebuild(description: dict) -> nn.Module:
    """The network that `describe` described, with fresh weights."""
    family, _, name = description["network"].partition(".")
    if family not in _ALL or name not in ("Generator", "Discriminator"):
        raise ValueError(f"unknown network {description['network']!r}")
    return getattr(_ALL[family], name)(**description["options"])
