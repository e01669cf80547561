"""GAN objectives as functions of raw logits, and gradient penalties for the discriminator.

A discriminator returns logits: real numbers, higher for "more real", with no sigmoid at the end.
Every objective here is minimised. Logarithms of D = sigmoid(logit) are written with
softplus(t) = log(1 + exp(t)),

    log D = -softplus(-logit),    log(1 - D) = -softplus(logit).

Softplus and its gradient stay finite even where a computed sigmoid rounds to 0 and its log is -inf.

A training step uses them like this, with gamma as the penalty's weight:

    loss, penalty = LOSSES["nonsaturating"], PENALTIES["r1"]
    d_loss = loss.discriminator(discriminator(real), discriminator(fake.detach()))
    d_loss = d_loss + gamma * penalty(discriminator, real, fake)
    g_loss = loss.generator(discriminator(fake))
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import relu, softplus

from gan_lessons.checks import function, instance, shown
from gan_lessons.precision import at_least_float32

Discriminator = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Loss:
    """The objectives of both players, as means over the logits.

    paired: each fake is compared with one real sample. cross_entropy: the discriminator's has
    targets, 1 for real and 0 for fake, that can be smoothed.
    """

    name: str
    discriminator_formula: Callable[[Tensor, Tensor], Tensor]  # (real, fake)
    generator_formula: Callable[..., Tensor]  # (fake), or (fake, real) if paired
    source: str
    paired: bool = False
    cross_entropy: bool = False

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """real, fake: logits, (N,) or (N, 1). Returns a scalar to minimise.

        Half precision is converted to float32. Raises ValueError for empty logits and, if the loss
        is paired, for different shapes.
        """
        return self.discriminator_formula(*self._checked(real=real, fake=fake))

    def generator(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """fake, real: logits, (N,) or (N, 1). Returns a scalar to minimise.

        Only a paired loss reads `real`. Half precision is converted to float32. Raises ValueError
        for empty logits and, if the loss is paired, for missing `real` or different shapes.
        """
        if not self.paired:
            return self.generator_formula(*self._checked(fake=fake))
        if real is None:
            raise ValueError(f"{self.name} compares fake with real logits: pass the real ones too")
        return self.generator_formula(*self._checked(fake=fake, real=real))

    def _checked(self, **logits: Tensor) -> list[Tensor]:
        for name, each in logits.items():
            if not instance(name, each, Tensor).is_floating_point():
                raise ValueError(f"{name} must be floating-point logits, got {each.dtype}")
        shapes = ", ".join(f"{name} {tuple(each.shape)}" for name, each in logits.items())
        if not all(each.numel() for each in logits.values()):
            raise ValueError(f"{self.name} needs at least one logit of each kind, got {shapes}")
        if self.paired and len({each.shape for each in logits.values()}) > 1:
            raise ValueError(
                f"{self.name} pairs real and fake logits: their shapes must be equal, got {shapes}"
            )
        return [at_least_float32(each) for each in logits.values()]


def _cross_entropy(real: Tensor, fake: Tensor) -> Tensor:
    """-E log D(x) - E log(1 - D(G(z)))"""
    return softplus(-real).mean() + softplus(fake).mean()


def _lose_as_fake(fake: Tensor) -> Tensor:
    """E log(1 - D(G(z))): flat where the discriminator recognises the fakes with confidence."""
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
            cross_entropy=True,
        ),
        Loss(
            "nonsaturating",
            _cross_entropy,
            _win_as_real,
            "Goodfellow et al. 2014, section 3",
            cross_entropy=True,
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


class PenaltyFormula(Protocol):
    """Computes a penalty without its weight; see `Penalty`."""

    def __call__(
        self,
        discriminator: Discriminator,
        real: Tensor,
        fake: Tensor,
        generator: torch.Generator | None = None,
    ) -> Tensor: ...


@dataclass(frozen=True)
class Penalty:
    """A gradient penalty: a term of the discriminator's loss, without its weight.

    zero_centred_at: "real" and "fake", if it is half the mean squared gradient there, which can be
    had from the pass that the loss is made of. draws: it draws random numbers.
    """

    name: str
    formula: PenaltyFormula
    zero_centred_at: tuple[str, ...] = ()
    draws: bool = False

    def __call__(
        self,
        discriminator: Discriminator,
        real: Tensor,
        fake: Tensor,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """real, fake: (N, ...) inputs of the discriminator, which returns (N,) or (N, 1) logits.

        Returns a scalar, differentiable with respect to the discriminator's parameters only.
        Computed in float32 (in float64 for float64 inputs), even under autocast. `generator` is the
        source of random numbers for penalties that draw. The penalty is about the gradient of each
        logit with respect to its own input, so the discriminator must not mix the samples of a
        batch (no batch norm). Raises ValueError unless there is one logit for each input.
        """
        return self.formula(discriminator, real, fake, generator)


def r1(
    discriminator: Discriminator,
    real: Tensor,
    fake: Tensor,
    generator: torch.Generator | None = None,
) -> Tensor:
    """1/2 E |grad D(x)|^2 at real x; multiply it by gamma. Arguments and errors: see `Penalty`.

    Source: Mescheder et al. 2018, "Which Training Methods for GANs do actually Converge?",
    section 4.1.
    """
    return 0.5 * _gradient_at("real", real, discriminator).square().sum(1).mean()


def r2(
    discriminator: Discriminator,
    real: Tensor,
    fake: Tensor,
    generator: torch.Generator | None = None,
) -> Tensor:
    """1/2 E |grad D(x)|^2 at fake x; multiply it by gamma. Source: as `r1`."""
    return 0.5 * _gradient_at("fake", fake, discriminator).square().sum(1).mean()


def r1r2(
    discriminator: Discriminator,
    real: Tensor,
    fake: Tensor,
    generator: torch.Generator | None = None,
) -> Tensor:
    """R1 + R2; multiply it by gamma. Source: Huang et al. 2024, R3GAN."""
    return r1(discriminator, real, fake) + r2(discriminator, real, fake)


def wgan_gp(
    discriminator: Discriminator,
    real: Tensor,
    fake: Tensor,
    generator: torch.Generator | None = None,
) -> Tensor:
    """E (|grad D(x)| - 1)^2 at x between real and fake; multiply it by lambda (10 in the paper).

    Each pair has its own x, uniform on the line between the two, drawn from `generator`.
    Raises ValueError without a generator, and if the shapes of real and fake differ.
    Source: Gulrajani et al. 2017, "Improved Training of Wasserstein GANs", section 4.
    """
    if not isinstance(generator, torch.Generator):
        raise ValueError(
            "wgan-gp draws a random point between each real and fake: pass "
            "generator=torch.Generator().manual_seed(0), the same one at every step, "
            f"got {shown(generator)}"
        )
    _check_inputs("real", real)
    _check_inputs("fake", fake)
    if real.shape != fake.shape:
        raise ValueError(
            "wgan-gp pairs real and fake inputs: their shapes must be equal, "
            f"got {tuple(real.shape)} and {tuple(fake.shape)}"
        )
    real, fake = at_least_float32(real), at_least_float32(fake)
    share = torch.rand(len(real), generator=generator, device=generator.device)
    share = share.to(real).view(-1, *[1] * (real.dim() - 1))  # one number for each pair
    between = share * real + (1 - share) * fake
    # vector_norm, not the square root of a sum: the root's gradient at 0 is infinite.
    norm = torch.linalg.vector_norm(_gradient_at("between", between, discriminator), dim=1)
    return (norm - 1).square().mean()


PENALTIES: dict[str, Penalty] = {
    penalty.name: penalty
    for penalty in (
        Penalty("r1", r1, zero_centred_at=("real",)),
        Penalty("r2", r2, zero_centred_at=("fake",)),
        Penalty("r1r2", r1r2, zero_centred_at=("real", "fake")),
        Penalty("wgan-gp", wgan_gp, draws=True),
    )
}


def _check_inputs(name: str, inputs: Tensor) -> None:
    if not instance(name, inputs, Tensor).dim() or not inputs.is_floating_point():
        raise ValueError(
            f"{name} must be (N, ...) floating point, got {tuple(inputs.shape)} {inputs.dtype}"
        )


def _gradient_at(name: str, points: Tensor, discriminator: Discriminator) -> Tensor:
    """(N, numbers per input): the gradient of each logit at `points`, in full precision."""
    _check_inputs(name, points)
    function("discriminator", discriminator)
    points = at_least_float32(points.detach()).requires_grad_()
    with torch.autocast(points.device.type, enabled=False):
        logits = instance("logits", discriminator(points), Tensor)
        _check_logits(logits, points)
        # Each logit depends on its own input only: the gradient of the sum holds all gradients.
        (gradient,) = torch.autograd.grad(logits.sum(), points, create_graph=True)
    return gradient.reshape(len(points), -1)


def _check_logits(logits: Tensor, points: Tensor) -> None:
    if logits.numel() != len(points) or not len(points):
        raise ValueError(
            "the discriminator must return one logit for each input, at least one, "
            f"got logits {tuple(logits.shape)} for inputs {tuple(points.shape)}"
        )
    if not logits.requires_grad:
        raise ValueError(
            "the logits have no gradient with respect to the inputs: do not use torch.no_grad(), "
            "nor detach() in the discriminator"
        )
