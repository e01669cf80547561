"""The networks of the course, one family a file, and the way to rebuild one from plain data.

Every generator takes latents z: (N, latent) and returns pictures (N, C, H, W) in [-1, 1]. Every
discriminator takes such pictures and returns raw logits (N,): no sigmoid, the losses apply it.
Each network keeps the arguments it was made with in `.options`, so that a checkpoint can say what
it holds in plain words and rebuild it without running any code from the file.
"""

from torch import nn

from gan_lessons.models import dcgan, mlp

FAMILIES = {"mlp": mlp, "dcgan": dcgan}

__all__ = ["FAMILIES", "describe", "make", "rebuild"]


def make(
    family: str, *, size: int, channels: int, latent: int, width: int
) -> tuple[nn.Module, nn.Module]:
    """A generator and a discriminator of one family, for pictures of `size` by `size` pixels.

    Raises:
        ValueError: the family is unknown, or it has no network for such pictures.
    """
    if family not in FAMILIES:
        raise ValueError(f"unknown network {family!r}; known are {', '.join(FAMILIES)}")
    module = FAMILIES[family]
    generator = module.Generator(size=size, channels=channels, latent=latent, width=width)
    return generator, module.Discriminator(size=size, channels=channels, width=width)


def describe(network: nn.Module) -> dict | None:
    """What `rebuild` needs, as plain data; None for a network that this package did not make."""
    family = type(network).__module__.rpartition(".")[2]
    if getattr(FAMILIES.get(family), type(network).__name__, None) is not type(network):
        return None
    return {
        "network": f"{family}.{type(network).__name__}",
        "options": dict(vars(network)["options"]),
    }


def rebuild(description: dict) -> nn.Module:
    """The network that `describe` described, with fresh weights."""
    family, _, name = description["network"].partition(".")
    if family not in FAMILIES or name not in ("Generator", "Discriminator"):
        raise ValueError(f"unknown network {description['network']!r}")
    return getattr(FAMILIES[family], name)(**description["options"])
