"""What the families share: how a network is told a label, and spectral norm."""

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm


class JoinLabel(nn.Module):
    """z: (N, latent), labels: (N,) int64 → (N, `width`): z, followed by numbers for the label.

    The numbers are learned, as many as z has and at the start drawn like z's, so that the first
    layer hears both equally. Joined and not multiplied, because z keeps its meaning that way: the
    same z with another label differs in the label only, and a walk through z stays in its class.

    With classes = 0 there are no labels, and z passes unchanged.
    """

    def __init__(self, latent: int, classes: int):
        super().__init__()
        self.classes = classes
        self.width = 2 * latent if classes else latent
        self.embedding = nn.Embedding(classes, latent) if classes else None

    def forward(self, z: Tensor, labels: Tensor | None) -> Tensor:
        check_labels(labels, self.classes, len(z))
        if self.embedding is None:
            return z
        return torch.cat([z, self.embedding(labels)], dim=1)


class Projection(nn.Module):
    """The label's share of a logit: ψ(φ(x)) becomes ψ(φ(x)) + ⟨V y, φ(x)⟩.

    logits ψ(φ(x)): (N,), features φ(x): (N, ...) of `features` numbers each, labels y: (N,) int64.
    Returns (N,). V is an embedding, one vector of features for each class. Where ψ is linear with
    weights w, this is a last layer for each class, of weights w + V y: what all classes have in
    common, and what is the class's own.

    Source: Miyato and Koyama 2018, "cGANs with Projection Discriminator". With classes = 0 there
    are no labels, and the logits pass unchanged.
    """

    def __init__(self, features: int, classes: int):
        super().__init__()
        self.classes = classes
        self.embedding = nn.Embedding(classes, features) if classes else None
        if self.embedding is not None:
            # The product is then as large as the features are, however many.
            nn.init.normal_(self.embedding.weight, 0.0, features**-0.5)

    def forward(self, logits: Tensor, features: Tensor, labels: Tensor | None) -> Tensor:
        check_labels(labels, self.classes, len(logits))
        if self.embedding is None:
            return logits
        return logits + (self.embedding(labels) * features.flatten(1)).sum(1)


def check_labels(labels: Tensor | None, classes: int, n: int) -> None:
    """Raises ValueError unless there are n labels where there are classes, and none otherwise.

    Their values are looked at on the CPU only: to read them on a GPU, the program would wait for
    it. There, a label out of range is an assertion of the GPU's own.
    """
    if not classes:
        if labels is not None:
            raise ValueError("labels were given to a network without classes: make it with classes")
        return
    wanted = f"labels: ({n},) int64, from 0 to {classes - 1}"
    if labels is None:
        raise ValueError(f"this network was made for {classes} classes: pass {wanted}")
    if labels.dtype != torch.int64 or labels.shape != (n,):
        raise ValueError(f"pass {wanted}; got {tuple(labels.shape)} {labels.dtype}")
    if labels.device.type == "cpu" and n and not 0 <= labels.min() <= labels.max() < classes:
        raise ValueError(f"pass {wanted}; got {labels.min()} to {labels.max()}")


def add_spectral_norm(network: nn.Module) -> None:
    """Divides every weight by its largest singular value, which is found as the training goes on.

    The weight of a convolution is read as a matrix (out, in · height · width), torch's convention
    and the paper's. The layer itself may stretch a picture by more than 1: its patches overlap.
    One step of power iteration is taken in each pass in training mode; the vectors that it finds
    are part of the state_dict. Call it when the weights are drawn, before an optimiser is made.

    Source: Miyato et al. 2018, "Spectral Normalization for Generative Adversarial Networks".
    """
    for layer in list(network.modules()):
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.Embedding):
            spectral_norm(layer)
