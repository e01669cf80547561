"""Causes: lines of code that are wrong, each with a measurement that gives it away."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from gan_lessons.train.doctor.case import Case, Finding, norm, remembered, steps_of
from gan_lessons.train.fits import is_finite
from gan_lessons.train.passes import logits

SPIKE = 6.0  # D's loss is that many times the loss of a D that says nothing: steps are too long
LEFT = 2.5  # the optimiser of D remembers gradients that many times as large as D's loss gives
DEPENDS = 0.01  # of the logits' spread: more than rounding
BEYOND = 0.01  # share of real values that G cannot make


def sigmoid(case: Case) -> Iterator[Finding]:
    """D's loss at logits of ±100, where a computed sigmoid is 0 or 1.

    A sure and wrong D must be told so: the slope of every loss of D is finite and not 0 there.
    """
    for real, fake in ((-100.0, 0.0), (0.0, 100.0), (100.0, -100.0)):
        pair = [torch.tensor([each], requires_grad=True) for each in (real, fake)]
        value = case.loss.discriminator(*pair)
        slopes = torch.autograd.grad(value, pair, allow_unused=True)
        slope = sum(0.0 if each is None else each.abs().item() for each in slopes)
        wrong = real <= fake
        if not math.isfinite(value.item()) or not math.isfinite(slope) or (wrong and slope == 0):
            yield Finding(
                "log of a sigmoid",
                f"at logits of {real:g} (real) and {fake:g} (fake) the loss of D is "
                f"{value.item():g} and its slope {slope:g}",
                "the log of a computed sigmoid, which rounds to 0 or 1 there",
                "write it with F.softplus, or take BCEWithLogitsLoss; start again if weights are "
                "lost",
                {"loss": value.item(), "slope": slope},
            )
            return


def not_finite(case: Case, *networks: nn.Module) -> Iterator[Finding]:
    """Numbers that are NaN or infinite: in the data, in the losses, in the weights."""
    broken = [
        name
        for name, network in zip(("generator", "discriminator"), networks, strict=True)
        if not is_finite(network)
    ]
    steps = [step for step, each in enumerate(case.losses_d, 1) if not math.isfinite(each)]
    if not case.real.isfinite().all():
        yield Finding(
            "not finite", "the real samples hold NaN or infinity", "the data are damaged",
            "clean them before the training", {},
        )  # fmt: skip
    if not broken and not steps:
        return
    seen = [f"the loss of D is not finite since step {steps[0]}"] if steps else []
    seen += [f"weights that are not finite: {', '.join(broken)}"] if broken else []
    finite = [each for each in case.losses_d if math.isfinite(each)]
    largest = max(finite, default=0.0)
    spiked = case.chance > 0 and largest > SPIKE * case.chance
    yield Finding(
        "rate too high" if spiked else "not finite",
        "; ".join(seen) + (f", after {largest:,.3g}" if spiked else ""),
        "the learning rate is too high" if spiked else "a step was too long, or a formula broke",
        "divide the learning rates by ten"
        if spiked
        else "lower the learning rates, add a penalty; start again, or from the last checkpoint",
        {"step": float(steps[0]) if steps else math.nan, "largest": largest},
    )


@torch.no_grad()
def wrong_range(case: Case, fake: Tensor) -> Iterator[Finding]:
    """Real values that no latents lead to: G ends in a function that is bounded before them.

    z times a million drives such an end to its bound: values then pile up there, and grow no more.
    """
    case.generator.eval()
    made = [case.make(case.z * scale) for scale in (1.0, 1e6, 1e7)]
    case.generator.train()
    far, further = (each[each.isfinite()] for each in made[1:])
    if not len(far) or not len(further) or further.abs().max() > 2 * far.abs().max():
        return
    low = min(fake.min().item(), made[0].min().item(), far.min().item())
    high = max(fake.max().item(), made[0].max().item(), far.max().item())
    width = (case.real.max() - case.real.min()).item()
    near = 0.01 * (high - low)
    at_low, at_high = ((far < low + near), (far > high - near))
    below = case.real < low - 0.05 * width
    above = case.real > high + 0.05 * width
    beyond = sum(
        outside.float().mean().item()
        for outside, pile in ((below, at_low), (above, at_high))
        if pile.float().mean() > 0.05
    )
    if beyond <= BEYOND:
        return
    lowest, highest = case.real.min().item(), case.real.max().item()
    yield Finding(
        "wrong range",
        f"real values lie in {lowest:.3g} to {highest:.3g}, and whatever the latents, G's lie in "
        f"{low:.3g} to {high:.3g}; {beyond:.0%} of the real values are beyond them",
        "the two ranges do not fit, so D tells fakes by it",
        "scale the data to [-1, 1] and end G with tanh",
        {"lowest": lowest, "highest": highest, "low": low, "high": high, "beyond": beyond},
    )


@torch.no_grad()
def batch(case: Case, fake: Tensor) -> Iterator[Finding]:
    """Whether a logit depends on the rest of the batch, and whether D sees a shift of all of it."""
    alone = case.judge(case.real)
    if not torch.equal(alone, case.judge(case.real)):
        return  # D draws random numbers: nothing can be compared
    spread = torch.cat([alone, case.judge(fake)]).std().item() + 1e-6
    twice = None if case.labels is None else case.labels.repeat(2)
    both = logits(case.discriminator, case.show(torch.cat([case.real, fake])), twice).flatten()
    apart = (both[: len(alone)] - alone).abs().max().item() / spread
    if apart < DEPENDS:
        return
    shift = case.real.std()
    seen = (case.judge(case.real + shift) - alone).abs().max().item() / spread
    numbers = {"apart": apart, "shifted": seen}
    advice = "take batch norm out of D"
    if seen < DEPENDS:
        yield Finding(
            "batch norm in D",
            f"a shift of a whole batch by its spread moves D's logits by {seen:.2g} of theirs",
            "batch norm at D's input takes every shift out of what D sees", advice, numbers,
        )  # fmt: skip
    elif case.joint or case.penalty is not None:
        yield Finding(
            "batch norm in D",
            f"the same real samples alone and with fakes get logits that differ by {apart:.2g} of "
            "their spread",
            "batch norm in D mixes real and fake"
            if case.joint
            else "the penalty is about each logit and its own sample, and batch norm mixes them",
            advice + (", or give it real and fake in two batches" if case.joint else ""),
            numbers,
        )


def left_gradients(case: Case, fake: Tensor) -> Iterator[Finding]:
    """The gradients that D's optimiser was given, against that of D's loss now.

    Where nobody clears them, they are the sum of all so far, and as large as ever. (Gradients that
    were large some time ago, and no longer are, come from a rate that is too high.)
    """
    if case.cleared or not case.optimisers:
        return
    known = remembered(case.optimisers[1])
    if known is None or known[0] < known[1]:
        return
    given = known[0]
    value = case.loss.discriminator(case.judge(case.real), case.judge(fake))
    usual = norm(torch.autograd.grad(value, [*case.discriminator.parameters()], allow_unused=True))
    ratio = given / max(usual, 1e-30)
    if ratio > LEFT:
        yield Finding(
            "gradients left in D",
            f"D's optimiser was given gradients {ratio:,.0f} times as large as the loss of D has",
            "gradients of earlier steps were added up",
            "call zero_grad right before each backward",
            {"ratio": ratio},
        )


def penalty(case: Case, fake: Tensor) -> Iterator[Finding]:
    """A penalty that has a value, and no gradient in D's weights."""
    if case.penalty is None:
        return
    value = case.penalty(case.judge_shown, case.show(case.real), case.show(fake))
    taught = 0.0
    if value.requires_grad:
        parameters = [*case.discriminator.parameters()]
        taught = norm(torch.autograd.grad(value, parameters, allow_unused=True))
    if value.item() != 0 and taught == 0:
        yield Finding(
            "penalty on detached tensors",
            f"the penalty is {value.item():.3g} and its gradient in D's weights is 0",
            "its gradient was computed as a constant",
            "pass create_graph=True to autograd.grad, and detach nothing after it",
            {"penalty": value.item(), "gradient": taught},
        )


def initialiser(case: Case, fake: Tensor) -> Iterator[Finding]:
    """Kernels that are nearer to PyTorch's own spread than to the one that was meant.

    Adam moves a weight by about its learning rate in a step: what the steps so far can have done to
    a spread says nothing.
    """
    if case.kernels is None:
        return
    reach = max((steps_of(o) * o.param_groups[0]["lr"] for o in case.optimisers or ()), default=0)
    spreads, own = [], []
    for module in (*case.generator.modules(), *case.discriminator.modules()):
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            weight = module.weight
            usual = (3 * weight[0].numel()) ** -0.5  # uniform, up to 1 / sqrt(inputs)
            if abs(usual - case.kernels) > max(reach, case.kernels / 2):
                spreads.append(weight.std().item())
                own.append(
                    abs(math.log(spreads[-1] / usual)) < abs(math.log(spreads[-1] / case.kernels))
                )
    if spreads and sum(own) > len(own) / 2:
        widest = max(spreads)
        yield Finding(
            "initialiser never called",
            f"{sum(own)} of {len(own)} kernels have the spread that PyTorch gives them, up to "
            f"{widest:.2g}, and {case.kernels:g} was meant",
            "the initialiser was not called, or matches no layer",
            "call network.apply(initialise), test with isinstance, and print one spread",
            {"kernels": float(sum(own)), "of": float(len(own)), "widest": widest},
        )
