"""What is wrong with two players: a few quick measurements of copies of them, and their losses.

Every rule says what it measures and where its limit comes from; `benchmarks/diagnose.py` measures
how often each recognises its failure, and how often healthy trainings are left in peace. Nothing
here changes the networks, their gradients or any stream of random numbers.
"""

import copy
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd

from gan_lessons import checks
from gan_lessons.losses import LOSSES, Loss
from gan_lessons.train.doctor import causes, symptoms
from gan_lessons.train.doctor.case import Case, Finding, Penalty, undisturbed

CAUSES = (
    causes.left_gradients,
    causes.wrong_range,
    causes.batch,
    causes.penalty,
    causes.initialiser,
)
SYMPTOMS = (symptoms.rate, symptoms.d_wins, symptoms.few)


def examine(
    generator: nn.Module,
    discriminator: nn.Module,
    real: Tensor,
    z: Tensor,
    *,
    labels: Tensor | None = None,
    loss: str | Loss = "nonsaturating",
    losses_d: Sequence[float] = (),
    optimisers: tuple[torch.optim.Optimizer, torch.optim.Optimizer] | None = None,
    penalty: Penalty | None = None,
    looks: Sequence[Tensor] | Callable[[], Sequence[Tensor]] = (),
    kernels: float | None = None,
    joint: bool = False,
    cleared: bool = False,
    show: Callable[[Tensor], Tensor] = lambda x: x,
) -> list[Finding]:
    """What is wrong with the players of a loop of your own; an empty list if nothing was found.

    Ask between two steps, while the networks train. The more is passed, the more is looked at:

    real: (N, ...), a batch that was not picked, best of 256. z: (N, latent). labels: (N,), if both
    networks take them. loss: a name of LOSSES, or your own formulas as a `losses.Loss`. losses_d:
    D's loss at each step so far. optimisers: G's and D's, as they stand; they remember steps and
    gradients. penalty: your gradient penalty, called with (discriminator, real, fake). looks: what
    G made of the same z at some earlier moments, or a function that returns it (it is called only
    if the samples are few of a kind). kernels: the standard deviation that your initialiser gives
    to the kernels of convolutions; ask before the training. joint: whether D sees real and fake
    samples in one batch. cleared: whether gradients are surely cleared before each backward. show:
    what D is shown of samples, if it is not they themselves.

    At most one finding is a symptom (a rate, D wins, modes); those before it are causes, and then
    the symptom is left out.

    Raises ValueError if samples, latents, labels or settings do not fit together.
    """
    for name, network in (("generator", generator), ("discriminator", discriminator)):
        checks.instance(name, network, nn.Module)
    for name, each in (("real", real), ("z", z)):
        if not checks.instance(name, each, Tensor).dim() or len(each) < 2:
            raise ValueError(f"{name} must hold at least 2 items, got {checks.shown(each)}")
    if len(real) != len(z):
        raise ValueError(f"real and z must be as many, got {len(real)} and {len(z)}")
    if isinstance(loss, str):
        loss = LOSSES[checks.one_of("loss", loss, LOSSES)]
    checks.instance("loss", loss, Loss)
    if optimisers is not None:
        for optimiser in checks.items("optimisers", optimisers):
            checks.instance("each of optimisers", optimiser, torch.optim.Optimizer)
        if len(optimisers) != 2:
            raise ValueError(f"optimisers must be G's and D's, got {len(optimisers)}")
    if labels is not None:
        checks.instance("labels", labels, Tensor)
    functions = {"show": show} if penalty is None else {"show": show, "penalty": penalty}
    for name, function in functions.items():
        if not callable(function):
            raise ValueError(f"{name} must be a function, got {checks.shown(function)}")
    if not callable(looks):
        for each in checks.items("looks", looks):
            if checks.instance("each of looks", each, Tensor).shape != real.shape:
                raise ValueError(f"each of looks must be as real, got {checks.shown(each)}")
    if kernels is not None:
        kernels = checks.number("kernels", kernels, above=0)
    case = Case(
        _copied(generator), _copied(discriminator), real, z, labels, loss, _numbers(losses_d),
        optimisers, penalty, show, looks if callable(looks) else lambda: looks, kernels,
        checks.flag("joint", joint), checks.flag("cleared", cleared),
    )  # fmt: skip
    with undisturbed(real.device):
        broken = [*causes.sigmoid(case), *causes.not_finite(case, generator, discriminator)]
        if broken:
            return broken[:1]
        fake = case.make(z).detach()
        if fake.shape != real.shape:
            raise ValueError(
                f"G makes samples of {tuple(fake.shape[1:])}, real has {tuple(real.shape[1:])}"
            )
        certain = [finding for rule in CAUSES for finding in rule(case, fake)]
        if certain:
            return certain
        for rule in SYMPTOMS:
            if found := list(rule(case, fake)):
                return found
        return []


def _numbers(losses_d: Sequence[float]) -> list[float]:
    try:
        return [float(each) for each in checks.items("losses_d", losses_d)]
    except (TypeError, ValueError, RuntimeError):
        raise ValueError(
            f"losses_d must be a list of numbers, got {checks.shown(losses_d)}"
        ) from None


def _copied(network: nn.Module) -> nn.Module:
    """A copy as it trains, without dropout, gradients and other processes."""
    twin = copy.deepcopy(network).train().requires_grad_(True)
    twin.zero_grad(set_to_none=True)
    for module in twin.modules():
        if isinstance(module, _DropoutNd):
            module.eval()
        if isinstance(module, _BatchNorm):
            vars(module).pop("forward", None)  # see shared_norm
    return twin
