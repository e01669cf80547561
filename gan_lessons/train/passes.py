"""Runs D on real and fake items: in one pass if one is enough, with the penalty from that pass.

This changes what a step costs, and its result only by rounding (see `ComputeOptions`).
real, fake: (N, C, H, W) or (N, dims), as D is shown them. labels: (N,) int64, or None.
"""

import torch
from torch import Tensor, nn

from gan_lessons.losses import Penalty, squared_gradient
from gan_lessons.train.compute import ComputeOptions
from gan_lessons.train.shared_random import SharedRandom


def logits(discriminator: nn.Module, x: Tensor, labels: Tensor | None) -> Tensor:
    """(N,) logits."""
    return discriminator(x) if labels is None else discriminator(x, labels)


def logits_of_both(
    discriminator: nn.Module,
    real: Tensor,
    fake: Tensor,
    labels: Tensor | None,
    compute: ComputeOptions,
) -> tuple[Tensor, Tensor]:
    """Logits of real and of fake, (N,) each."""
    if not _one_pass(discriminator, compute):
        return logits(discriminator, real, labels), logits(discriminator, fake, labels)
    both = logits(discriminator, torch.cat([real, fake]), _twice(labels))
    return both[: len(real)], both[len(real) :]


def logits_and_penalty(
    discriminator: nn.Module,
    real: Tensor,
    fake: Tensor,
    labels: Tensor | None,
    penalty: Penalty,
    compute: ComputeOptions,
    random: SharedRandom,
) -> tuple[Tensor, Tensor, Tensor]:
    """Logits of both, and the penalty without its weight.

    Its gradient is that by what D is shown, after noise and augmentation. (R3GAN's own code takes
    it by the pictures before its augmentation.)
    """
    if not penalty.zero_centred_at or not compute.shared_pass or compute.bfloat16:

        def judge(x: Tensor) -> Tensor:
            return logits(discriminator, x, labels)

        own = random.stream(len(real)) if penalty.draws else None
        judged = logits_of_both(discriminator, real, fake, labels, compute)
        return *judged, penalty(judge, real, fake, own)
    if len(penalty.zero_centred_at) == 2 and _one_pass(discriminator, compute):
        both = torch.cat([real, fake]).requires_grad_()
        judged_both = logits(discriminator, both, _twice(labels))
        # Half a mean over real plus half a mean over as many fakes: the mean over all.
        smoothness = squared_gradient(judged_both, both).mean()
        return judged_both[: len(real)], judged_both[len(real) :], smoothness
    x = {"real": real.detach(), "fake": fake.detach()}
    for name in penalty.zero_centred_at:
        x[name].requires_grad_()
    judged_each = {name: logits(discriminator, x[name], labels) for name in x}
    terms = [
        0.5 * squared_gradient(judged_each[name], x[name]).mean()
        for name in penalty.zero_centred_at
    ]
    return judged_each["real"], judged_each["fake"], torch.stack(terms).sum()


def has_batch_norm(network: nn.Module) -> bool:
    """Whether it has a layer that mixes the items of a batch in training mode."""
    return any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in network.modules())


def _one_pass(discriminator: nn.Module, compute: ComputeOptions) -> bool:
    """Batch norm sees a batch as one: real and fake pictures must not share it then."""
    return compute.one_pass and not has_batch_norm(discriminator)


def _twice(labels: Tensor | None) -> Tensor | None:
    return None if labels is None else torch.cat([labels, labels])
