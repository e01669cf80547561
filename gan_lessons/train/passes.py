"""How D is asked: one forward pass where one is enough, and a penalty from the pass of the loss.

These change what a step costs, and its result only by rounding (see `ComputeOptions`).
real, fake: (N, C, H, W) or (N, dims), as D is shown them. labels: (N,) int64, or None.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from gan_lessons.losses import PENALTIES, squared_gradient
from gan_lessons.train.compute import ComputeOptions
from gan_lessons.train.shared_random import SharedRandom

SMOOTHING = ("r1", "r2", "r1r2")  # penalties on D's gradient at the very points that it judges


def logits(discriminator: nn.Module, x: Tensor, labels: Tensor | None) -> Tensor:
    """(N,) logits."""
    return discriminator(x) if labels is None else discriminator(x, labels)


def judge(
    discriminator: nn.Module,
    real: Tensor,
    fake: Tensor,
    labels: Tensor | None,
    compute: ComputeOptions,
) -> tuple[Tensor, Tensor]:
    """Logits of both, (N,) each: in one pass unless batch norm forbids it."""
    if not _one_pass(discriminator, compute):
        return logits(discriminator, real, labels), logits(discriminator, fake, labels)
    both = logits(discriminator, torch.cat([real, fake]), _twice(labels))
    return both[: len(real)], both[len(real) :]


def judge_and_penalise(
    discriminator: nn.Module,
    real: Tensor,
    fake: Tensor,
    labels: Tensor | None,
    penalty: str | None,
    compute: ComputeOptions,
    random: SharedRandom,
) -> tuple[Tensor, Tensor, Tensor]:
    """Logits of both, and the penalty of that name without its weight."""
    assert penalty is not None
    if penalty not in SMOOTHING or not compute.shared_pass or compute.bfloat16:
        own = random.stream(len(real)) if penalty == "wgan-gp" else None
        ask: Callable[[Tensor], Tensor] = lambda x: logits(discriminator, x, labels)  # noqa: E731
        judged = judge(discriminator, real, fake, labels, compute)
        return *judged, PENALTIES[penalty](ask, real, fake, own)
    if penalty == "r1r2" and _one_pass(discriminator, compute):
        both = torch.cat([real, fake]).requires_grad_()
        judged_both = logits(discriminator, both, _twice(labels))
        # Half a mean over real plus half a mean over as many fakes: the mean over all.
        smoothness = squared_gradient(judged_both, both).mean()
        return judged_both[: len(real)], judged_both[len(real) :], smoothness
    real = real.detach().requires_grad_(penalty != "r2")
    fake = fake.detach().requires_grad_(penalty != "r1")
    logits_real = logits(discriminator, real, labels)
    logits_fake = logits(discriminator, fake, labels)
    terms = [
        0.5 * squared_gradient(judged, x).mean()
        for x, judged in ((real, logits_real), (fake, logits_fake))
        if x.requires_grad
    ]
    return logits_real, logits_fake, torch.stack(terms).sum()


def has_batch_norm(network: nn.Module) -> bool:
    """Whether a layer mixes the items of a batch in training mode."""
    return any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in network.modules())


def _one_pass(discriminator: nn.Module, compute: ComputeOptions) -> bool:
    """Batch norm sees a batch as one: real and fake pictures must not share it then."""
    return compute.one_pass and not has_batch_norm(discriminator)


def _twice(labels: Tensor | None) -> Tensor | None:
    return None if labels is None else torch.cat([labels, labels])
