"""What the families share: recorded arguments, labels, spectral norm."""

import functools
import inspect
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from gan_lessons.checks import flag, instance, shown, whole

Network = TypeVar("Network", bound=nn.Module)
NETWORKS: dict[str, type[nn.Module]] = {}  # "family.Class" → class, filled by `network`

# What a network's arguments may be, by their names. The largest values are far beyond use; they
# turn a slip into one line instead of an hour or a full memory.
RANGES = {
    "size": (1, 1024),
    "channels": (1, 1024),
    "latent": (1, 2**16),
    "width": (1, 2**14),
    "classes": (0, 2**20),
    "layers": (0, 1000),
    "dims": (1, 2**16),
    "features": (1, 2**26),
    "blocks": (1, 1000),
    "pack": (1, 1024),
}


def ranged(name: str, value: Any) -> int:
    """The value of an argument, as a plain int. Raises ValueError if it is out of its range."""
    return whole(name, value, *RANGES[name])


def network(cls: type[Network]) -> type[Network]:
    """Class decorator for the networks of a family: `models.rebuild` can then rebuild them.

    Each instance stores its constructor's arguments, defaults included, as a dict in `.options`.
    The class is entered in NETWORKS under "module.Class", such as "dcgan.Generator". Before it is
    built, numbers out of RANGES, and switches that are not True or False, raise a ValueError.
    """
    if not (isinstance(cls, type) and issubclass(cls, nn.Module)):
        raise ValueError(f"cls must be a class of networks, got {shown(cls)}")
    construct = cls.__init__
    signature = inspect.signature(construct)

    @functools.wraps(construct)
    def recording(self: nn.Module, *args: Any, **kwargs: Any) -> None:
        call = signature.bind(self, *args, **kwargs)
        call.apply_defaults()
        given = list(call.arguments.items())[1:]  # without self
        options = {name: _checked(name, value, signature) for name, value in given}
        construct(self, **options)
        vars(self)["options"] = options

    cls.__init__ = recording  # type: ignore[method-assign]
    NETWORKS[f"{cls.__module__.rpartition('.')[2]}.{cls.__name__}"] = cls
    return cls


def _checked(name: str, value: Any, signature: inspect.Signature) -> Any:
    if name in RANGES:
        return ranged(name, value)
    return flag(name, value) if isinstance(signature.parameters[name].default, bool) else value


QUIET = 0.1  # standard deviation of a label's embedding, where z has 1


class JoinLabel(nn.Module):
    """z: (N, latent), labels: (N,) int64 → (N, `width`): z, followed by the label's embedding.

    The embedding is learned. It is as long as z and starts at a tenth of its size: in a DCGAN, a
    label as loud as z all but silences it, and each class becomes nearly one picture (lesson 10,
    section 2). It is concatenated, not multiplied: another label with the same z changes the
    label's numbers only, and a walk through z keeps them.

    With classes = 0 there are no labels, and z passes unchanged. Errors: see `check_labels`.
    """

    def __init__(self, latent: int, classes: int):
        super().__init__()
        latent, classes = ranged("latent", latent), ranged("classes", classes)
        self.classes = classes
        self.width = 2 * latent if classes else latent
        self.embedding = nn.Embedding(classes, latent) if classes else None
        if self.embedding is not None:
            with torch.no_grad():
                self.embedding.weight.mul_(QUIET)

    def forward(self, z: Tensor, labels: Tensor | None) -> Tensor:
        check_labels(labels, self.classes, len(z))
        if self.embedding is None:
            return z
        return torch.cat([z, self.embedding(labels)], dim=1)


class Projection(nn.Module):
    """The label's part of a logit: ψ(φ(x)) becomes ψ(φ(x)) + ⟨V y, φ(x)⟩.

    logits ψ(φ(x)): (N,), features φ(x): (N, ...) with `features` numbers each, labels y: (N,)
    int64. Returns (N,). V is an embedding, one vector of features for each class. If ψ is linear
    with weights w, the network has one last layer per class, with weights w + V y: w is shared by
    all classes, V y belongs to the class.

    Source: Miyato and Koyama 2018, "cGANs with Projection Discriminator". With classes = 0 there
    are no labels, and the logits pass unchanged. Errors: see `check_labels`.
    """

    def __init__(self, features: int, classes: int):
        super().__init__()
        features, classes = ranged("features", features), ranged("classes", classes)
        self.classes = classes
        self.embedding = nn.Embedding(classes, features) if classes else None
        if self.embedding is not None:
            # The scale of the product is then independent of the number of features.
            nn.init.normal_(self.embedding.weight, 0.0, features**-0.5)

    def forward(self, logits: Tensor, features: Tensor, labels: Tensor | None) -> Tensor:
        check_labels(labels, self.classes, len(logits))
        if self.embedding is None:
            return logits
        return logits + (self.embedding(labels) * features.flatten(1)).sum(1)


def check_labels(labels: Tensor | None, classes: int, n: int) -> None:
    """Raises ValueError unless labels are (n,) int64 in [0, classes), or None if classes = 0.

    Values are checked on the CPU only: reading them from a GPU would make the program wait for it.
    There, the embedding raises a device-side assertion for a label out of range; pass
    `labels.cpu()` to check the values first.
    """
    if torch.compiler.is_compiling():  # the graph that is exported or compiled holds no checks
        return
    if not ranged("classes", classes):
        if labels is not None:
            raise ValueError(
                "the network takes no labels: leave them out, or build it with classes"
            )
        return
    n = whole("n", n, 0, 2**62)
    wanted = f"({n},) int64, each from 0 to {classes - 1}"
    if labels is None:
        raise ValueError(f"the network needs labels: pass {wanted}")
    instance("labels", labels, Tensor, f"pass {wanted}")
    if labels.dtype != torch.int64 or labels.shape != (n,):
        raise ValueError(f"labels must be {wanted}, got {tuple(labels.shape)} {labels.dtype}")
    if labels.device.type == "cpu" and n and not 0 <= labels.min() <= labels.max() < classes:
        raise ValueError(f"labels must be {wanted}, got {labels.min()} to {labels.max()}")


NORMALISED = (
    nn.Linear,
    nn.Embedding,
    *(nn.Conv1d, nn.Conv2d, nn.Conv3d),
    *(nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d),
)


def add_spectral_norm(network: nn.Module) -> None:
    """Divides every weight by its largest singular value, which is estimated during training.

    As in torch and in the paper, a convolution's weight is read as a matrix (out, in · height ·
    width), a deconvolution's too. Every linear, convolution, deconvolution and embedding layer gets
    it. The layer itself may still stretch a picture by more than 1, because its patches
    overlap. Each forward pass in training mode takes one step of power iteration; its vectors are
    part of the state_dict. Call this after the weights are initialised and before an optimiser is
    created.

    Source: Miyato et al. 2018, "Spectral Normalization for Generative Adversarial Networks".
    """
    for layer in list(instance("network", network, nn.Module).modules()):
        if isinstance(layer, NORMALISED):
            # torch finds out by itself which dimension a deconvolution's outputs have.
            spectral_norm(layer)
