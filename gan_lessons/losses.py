"""GAN objectives as functions of raw logits, and the gradient penalties that go with them.

A discriminator returns logits: any real number, higher for "more real", no sigmoid at its end.
Every objective here is minimised. Logarithms of D = sigmoid(logit) are written with
softplus(t) = log(1 + exp(t)),

    log D = -softplus(-logit),    log(1 - D) = -softplus(logit),

which stays finite, and so does its gradient, where the log of a computed sigmoid is -inf.

How a training step uses them, gamma being the penalty's weight:

    loss, penalty = get_loss("nonsaturating"), get_penalty("r1")
    d_loss = loss.discriminator(discriminator(real), discriminator(fake.detach()))
    d_loss = d_loss + gamma * penalty(discriminator, real, fake)
    g_loss = loss.generator(discriminator(fake))
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

import torch
from torch import Tensor
from torch.nn.functional import relu, softplus

Entry = TypeVar("Entry")
Discriminator = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Loss:
    """The two players' objectives. `paired`: each fake is compared with one real picture."""

    name: str
    discriminator_formula: Callable[[Tensor, Tensor], Tensor]  # (real, fake)
    generator_formula: Callable[..., Tensor]  # (fake), and (fake, real) where paired
    source: str
    paired: bool = False

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """real, fake: logits, (N,) or (N, 1), float32 or made so. Returns a scalar to minimise.

        Raises ValueError for empty logits, and in a paired loss for shapes that differ.
        """
        real, fake = self._checked(real, fake)
        return self.discriminator_formula(real, fake)

    def generator(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """fake, real: logits, (N,) or (N, 1), float32 or made so. Returns a scalar to minimise.

        Only a paired loss reads `real`. Raises ValueError where it is missing, and as above.
        """
        if not self.paired:
            return self.generator_formula(*self._checked(fake))
        if real is None:
            raise ValueError(f"{self.name} compares fake with real: pass the real logits too")
        return self.generator_formula(*self._checked(fake, real))

    def _checked(self, *logits: Tensor) -> list[Tensor]:
        shapes = [tuple(each.shape) for each in logits]
        if not all(each.numel() for each in logits):
            raise ValueError(f"{self.name} needs at least one logit of each kind, got {shapes}")
        if self.paired and len(set(shapes)) > 1:
            raise ValueError(
                f"{self.name} pairs real and fake logits: their shapes must be equal, got {shapes}"
            )
        return [_at_least_float32(each) for each in logits]


def _cross_entropy(real: Tensor, fake: Tensor) -> Tensor:
    """-E log D(x) - E log(1 - D(G(z)))"""
    return softplus(-real).mean() + softplus(fake).mean()


def _lose_as_fake(fake: Tensor) -> Tensor:
    """E log(1 - D(G(z))): flat where the discriminator is sure that fakes are fake."""
    return -softplus(fake).mean()


def _win_as_real(fake: Tensor) -> Tensor:
    """-E log D(G(z))"""
    return softplus(-fake).mean()


def _squares(real: Tensor, fake: Tensor) -> Tensor:
    """1/2 E (D(x) - b)^2 + 1/2 E (D(G(z)) - a)^2 with a = 0, b = 1, D being the logit."""
    return 0.5 * (real - 1).square().mean() + 0.5 * fake.square().mean()


def _square(fake: Tensor) -> Tensor:
    """1/2 E (D(G(z)) - c)^2 with c = 1"""
    return 0.5 * (fake - 1).square().mean()


def _hinge(real: Tensor, fake: Tensor) -> Tensor:
    """E max(0, 1 - D(x)) + E max(0, 1 + D(G(z)))"""
    return relu(1 - real).mean() + relu(1 + fake).mean()


def _wasserstein(real: Tensor, fake: Tensor) -> Tensor:
    """E D(G(z)) - E D(x)"""
    return fake.mean() - real.mean()


def _raise_fake(fake: Tensor) -> Tensor:
    """-E D(G(z))"""
    return -fake.mean()


def _relativistic(winner: Tensor, loser: Tensor) -> Tensor:
    """-E log sigmoid(D(winner) - D(loser)), over pairs"""
    return softplus(loser - winner).mean()


LOSSES: dict[str, Loss] = {
    loss.name: loss
    for loss in (
        Loss(
            "minimax",
            _cross_entropy,
            _lose_as_fake,
            "Goodfellow et al. 2014, equation 1",
        ),
        Loss(
            "nonsaturating",
            _cross_entropy,
            _win_as_real,
            "Goodfellow et al. 2014, section 3",
        ),
        Loss(
            "lsgan",
            _squares,
            _square,
            "Mao et al. 2017, Least Squares GAN, its 0-1 coding",
        ),
        Loss(
            "hinge",
            _hinge,
            _raise_fake,
            "Lim and Ye 2017, Geometric GAN; Miyato et al. 2018, Spectral Normalization",
        ),
        Loss(
            "wgan",
            _wasserstein,
            _raise_fake,
            "Arjovsky et al. 2017, Wasserstein GAN, algorithm 1",
        ),
        Loss(
            "rpgan",
            _relativistic,
            _relativistic,
            "Jolicoeur-Martineau 2019, The relativistic discriminator; Huang et al. 2024, R3GAN",
            paired=True,
        ),
    )
}


class Penalty(Protocol):
    """A term of the discriminator's loss, without its weight."""

    def __call__(
        self,
        discriminator: Discriminator,
        real: Tensor,
        fake: Tensor,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """real, fake: (N, ...) inputs of the discriminator, which returns (N,) or (N, 1) logits.

        Returns a scalar that can be differentiated by the discriminator's parameters, and by
        nothing else. Computed in float32 (float64 for such inputs), also under autocast.
        `generator` is read by penalties that draw at random. Raises ValueError where the logits
        are not one for each input: the penalty speaks of each input's own gradient, so the
        discriminator must not mix a batch (no batch norm).
        """


def r1(
    discriminator: Discriminator,
    real: Tensor,
    fake: Tensor,
    generator: torch.Generator | None = None,
) -> Tensor:
    """1/2 E |grad D(x)|^2 at real x; to be multiplied by gamma. See `Penalty`.

    Source: Mescheder et al. 2018, "Which Training Methods for GANs do actually Converge?",
    section 4.1.
    """
    return 0.5 * _gradient_at(real, discriminator).square().sum(1).mean()


def r2(
    discriminator: Discriminator,
    real: Tensor,
    fake: Tensor,
    generator: torch.Generator | None = None,
) -> Tensor:
    """1/2 E |grad D(x)|^2 at fake x; to be multiplied by gamma. See `r1`."""
    return 0.5 * _gradient_at(fake, discriminator).square().sum(1).mean()


def r1r2(
    discriminator: Discriminator,
    real: Tensor,
    fake: Tensor,
    generator: torch.Generator | None = None,
) -> Tensor:
    """R1 + R2, to be multiplied by gamma. Source: Huang et al. 2024, R3GAN."""
    return r1(discriminator, real, fake) + r2(discriminator, real, fake)


def wgan_gp(
    discriminator: Discriminator,
    real: Tensor,
    fake: Tensor,
    generator: torch.Generator | None = None,
) -> Tensor:
    """E (|grad D(x)| - 1)^2, x between a real and a fake; to be multiplied by lambda (10 there).

    Each pair has its own x, uniform on the line between the two, drawn from `generator`.
    Raises ValueError without a generator, and for real and fake of different shapes.
    Source: Gulrajani et al. 2017, "Improved Training of Wasserstein GANs", section 4.
    """
    if generator is None:
        raise ValueError(
            "wgan-gp draws a point between each real and fake: "
            "pass generator=torch.Generator().manual_seed(0), the same one on every step"
        )
    if real.shape != fake.shape:
        raise ValueError(
            "wgan-gp pairs real and fake inputs: their shapes must be equal, "
            f"got {tuple(real.shape)} and {tuple(fake.shape)}"
        )
    real, fake = _at_least_float32(real), _at_least_float32(fake)
    share = torch.rand(len(real), generator=generator, device=generator.device)
    share = share.to(real).view(-1, *[1] * (real.dim() - 1))  # one number for each pair
    between = share * real + (1 - share) * fake
    # vector_norm and no square root of a sum: the root's gradient at 0 is infinite.
    norm = torch.linalg.vector_norm(_gradient_at(between, discriminator), dim=1)
    return (norm - 1).square().mean()


PENALTIES: dict[str, Penalty] = {"r1": r1, "r2": r2, "r1r2": r1r2, "wgan-gp": wgan_gp}


def get_loss(name: str) -> Loss:
    """The loss of that name. Raises ValueError with the known names where there is none."""
    return _look_up("loss", name, LOSSES)


def get_penalty(name: str) -> Penalty:
    """The penalty of that name. Raises ValueError with the known names where there is none."""
    return _look_up("penalty", name, PENALTIES)


def squared_gradient(logits: Tensor, inputs: Tensor) -> Tensor:
    """|grad D(x)|^2 for each input, for logits that are computed already.

    logits: (N,) or (N, 1) of the discriminator at inputs: (N, ...), which required gradients then.
    Returns (N,), differentiable: half its mean over real inputs is `r1`. Raises ValueError where
    the logits are not one for each input, or do not lead back to the inputs.
    """
    return _input_gradient(logits, inputs).square().sum(1)


def _input_gradient(logits: Tensor, inputs: Tensor) -> Tensor:
    """(N, numbers per input): the gradient of each logit with respect to its own input."""
    if logits.numel() != len(inputs) or not len(inputs):
        raise ValueError(
            "the discriminator must return one logit for each input, at least one, "
            f"got logits {tuple(logits.shape)} for inputs {tuple(inputs.shape)}"
        )
    if not (inputs.requires_grad and logits.requires_grad):
        raise ValueError(
            "the logits carry no gradient back to the inputs: call inputs.requires_grad_() before "
            "the discriminator, and neither under torch.no_grad()"
        )
    # A logit depends on its own input alone, so the gradient of the sum holds each one's own.
    (gradient,) = torch.autograd.grad(logits.sum(), inputs, create_graph=True)
    return _at_least_float32(gradient).flatten(1)


def _gradient_at(points: Tensor, discriminator: Discriminator) -> Tensor:
    points = _at_least_float32(points.detach()).requires_grad_()
    with torch.autocast(points.device.type, enabled=False):
        return _input_gradient(discriminator(points), points)


def _at_least_float32(x: Tensor) -> Tensor:
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x


def _look_up(kind: str, name: str, known: Mapping[str, Entry]) -> Entry:
    if name not in known:
        raise ValueError(f"unknown {kind} {name!r}: choose one of {', '.join(known)}")
    return known[name]
