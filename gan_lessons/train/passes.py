"""Runs D on real and fake items: in one pass if one is enough, with the penalty from that pass.

This changes what a step costs, and its result only by rounding (see `ComputeOptions`).
real, fake: (N, C, H, W) or (N, dims), as D is shown them. labels: (N,) int64, or None.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from gan_lessons.losses import Penalty
from gan_lessons.precision import at_least_float32
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
    show: Callable[[Tensor], Tensor],
    labels: Tensor | None,
    penalty: Penalty,
    compute: ComputeOptions,
    random: SharedRandom,
) -> tuple[Tensor, Tensor, Tensor]:
    """Logits of both as D is shown them, and the penalty without its weight.

    real, fake: plain pictures. show: what D sees of them, with noise, augmented, packed.

    R1 and R2 take the gradient by the plain picture, through `show`, as the code of StyleGAN2-ADA
    and of R3GAN does: it is the slope that G feels, and what an augmentation cuts off has none.
    With packing, it is the gradient by all pictures of a pack. wgan-gp takes the gradient by what D
    is shown, between a real and a generated picture that are both augmented: augmenting the points
    between would need draws of their own.
    """

    def judge(x: Tensor) -> Tensor:
        return logits(discriminator, x, labels)

    at = penalty.zero_centred_at
    x = {"real": real.detach(), "fake": fake.detach()}
    for name in at:
        x[name].requires_grad_()
    seen = {name: show(each) for name, each in x.items()}
    shared = compute.shared_pass and not compute.bfloat16
    if shared and len(at) == 1:  # in a pass of its own, the other needs no gradient
        judged = {name: judge(each) for name, each in seen.items()}
    else:
        given = seen if shared else {name: each.detach() for name, each in seen.items()}
        both = logits_of_both(discriminator, given["real"], given["fake"], labels, compute)
        judged = {"real": both[0], "fake": both[1]}
    if not at:
        own = random.stream(len(seen["real"])) if penalty.draws else None
        value = penalty(judge, seen["real"], seen["fake"], own)
    elif shared:
        value = _half_squared_gradients([judged[name] for name in at], [x[name] for name in at])
    else:
        with torch.autocast(real.device.type, enabled=False):
            again = [judge(at_least_float32(seen[name])) for name in at]
        value = _half_squared_gradients(again, [x[name] for name in at])
    return judged["real"], judged["fake"], value


def _half_squared_gradients(judged: list[Tensor], pictures: list[Tensor]) -> Tensor:
    """R1, R2 or their sum: half the squared gradient of each logit by its picture, on average."""
    # Each logit depends on its own picture only, so the gradient of the sum holds all gradients.
    total = torch.stack([each.sum() for each in judged]).sum()
    gradients = torch.autograd.grad(total, pictures, create_graph=True)
    squares = [at_least_float32(gradient).square().sum() for gradient in gradients]
    return 0.5 * torch.stack(squares).sum() / judged[0].numel()


def has_batch_norm(network: nn.Module) -> bool:
    """Whether it has a layer that mixes the items of a batch in training mode."""
    return any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in network.modules())


def _one_pass(discriminator: nn.Module, compute: ComputeOptions) -> bool:
    """Batch norm sees a batch as one: real and fake pictures must not share it then."""
    return compute.one_pass and not has_batch_norm(discriminator)


def _twice(labels: Tensor | None) -> Tensor | None:
    return None if labels is None else torch.cat([labels, labels])
