"""Symptoms: how the game goes, from D's losses and from the samples."""

import math
from collections.abc import Iterator
from itertools import pairwise

import torch
from torch import Tensor

from gan_lessons.losses import Loss
from gan_lessons.train.doctor.case import WINDOW, Case, Finding
from gan_lessons.train.doctor.causes import SPIKE

RECENT = 1_000  # steps that are looked back on
HUGE = 20.0  # as SPIKE, for a single one
SURE = 0.02  # share of pairs that D confuses at most, if it has won
BEHIND = 3.0  # G moves that many times as fast as D
FEW = 0.6  # share of the real variety, of a G that runs ahead of D
FEW_BEHIND = 0.85  # the same where updates and rates say so themselves
ALIKE = 0.06  # spread of the samples, as a share of the real one: one picture, and little around it
MOVED = 0.3  # real spreads that the mean of the samples moves from look to look, on average
FURTHEST = 2.0  # a single move counts as that many spreads at most
CELLS = 32  # real samples that all others are sorted to


def rate(case: Case, fake: Tensor) -> Iterator[Finding]:
    """Spikes in the loss of D: steps went further than their gradients hold.

    One is forgiven unless it is huge. Two of twenty healthy trainings of the default recipe had one
    of up to 7.3 times; of forty at a hundred times its rate, three had one only, of 49 and more.
    """
    spikes = [each for each in case.losses_d[-RECENT:] if each > SPIKE * case.chance]
    largest = max(spikes, default=0.0)
    if case.chance and (len(spikes) > 1 or largest > HUGE * case.chance):
        yield Finding(
            "rate too high",
            f"the loss of D went up to {largest:,.3g}, {largest / case.chance:,.0f} times that of "
            f"a D that says nothing, and above {SPIKE:g} times in {len(spikes)} of the last steps",
            "steps too long",
            "divide the learning rates by ten",
            {"largest": largest, "times": largest / case.chance},
        )


@torch.no_grad()
def d_wins(case: Case, fake: Tensor) -> Iterator[Finding]:
    """Every pair told apart, now and for long: D has nothing to learn, and G little to hear."""
    real, false = case.judge(case.real), case.judge(fake)
    pairs = (real[:, None] > false).float().mean().item()
    limit = SURE * case.chance
    recent = sorted(case.losses_d[-WINDOW:])
    if not limit or len(recent) < WINDOW or recent[WINDOW // 2] > limit or pairs < 1 - SURE:
        return
    steps = 0  # the last ones; a few in between may be worse
    for start in range(len(case.losses_d) - 10, -1, -10):
        if sorted(case.losses_d[start : start + 10])[5] > limit:
            break
        steps = len(case.losses_d) - start
    heard = _heard(case.loss, real, false)
    starved = heard < 0.1
    yield Finding(
        "D wins",
        f"D tells {pairs:.0%} of pairs apart, at least {1 - SURE:.0%} for {steps} steps, and the "
        f"loss hands on {_times(heard)} the gradient that an undecided D would give to G",
        "D has won",
        ("take the non-saturating loss, " if starved else "")
        + "lower learning_rate_d or discriminator_updates, or add a penalty such as r1",
        {"pairs": pairs, "steps": float(steps), "heard": heard},
    )


@torch.no_grad()
def few(case: Case, fake: Tensor) -> Iterator[Finding]:
    """Samples that are few of a kind, and whether they move together from look to look."""
    if not case.trained:
        return
    spread, variety = diversity(case.real, fake)
    ahead = case.pace >= BEHIND or _fooled(case)
    few = FEW_BEHIND if case.pace >= BEHIND else FEW
    if not (spread < ALIKE or (ahead and variety < few)):
        return
    looks = [each.flatten(1) for each in case.looks()]
    if looks and not ahead and diversity(case.real, looks[-1])[0] > ALIKE:
        return  # it was passing
    size = case.real.flatten(1).var(0).sum().sqrt()
    means = [each.mean(0) for each in looks]
    moves = [(b - a).norm().item() / size.item() for a, b in pairwise(means)]
    moved = sum(min(each, FURTHEST) for each in moves) / len(moves) if moves else 0.0
    numbers = {"spread": spread, "variety": variety, "moved": moved, "pace": case.pace}
    seen = f"the samples have {variety:.0%} of the variety of real ones, {spread:.0%} of the spread"
    if ahead and case.pace >= BEHIND:
        pace = "D stands still" if math.isinf(case.pace) else f"G goes {case.pace:.0f} times faster"
        seen += f"; {pace}" + ("" if math.isinf(case.pace) else " than D")
    equal = "give D as many updates and as high a rate as G"
    if len(moves) > 2 and moved > MOVED and not math.isinf(case.pace):
        yield Finding(
            "mode hopping",
            f"{seen}; from look to look their mean moves by {moved:.1f} real spreads",
            "G runs from mode to mode, and D answers late", equal, numbers,
        )  # fmt: skip
    else:
        still = math.isinf(case.pace)  # a D that never moves learns nothing from packs
        yield Finding(
            "modes lost", seen, "G makes few kinds of samples, and D does not punish it",
            equal if still else f"{equal}, or let D judge several at once (pack)", numbers,
        )  # fmt: skip


def diversity(real: Tensor, fake: Tensor) -> tuple[float, float]:
    """The spread of the fakes and their variety, each as a share of that of the real samples.

    Spread: the root of the total variance. Variety: each sample is sorted to the nearest of a few
    real ones; exp(entropy) of the shares is how many of these are in use.
    """
    real, fake = real.flatten(1).float(), fake.flatten(1).float()
    spread = (fake.var(0).sum() / real.var(0).sum().clamp(min=1e-30)).sqrt().item()
    anchors = real[: max(1, min(CELLS, len(real) // 4))]
    in_use = []
    for each in (fake, real[len(anchors) :]):
        nearest = torch.cdist(each, anchors).argmin(1).cpu()
        shares = nearest.bincount(minlength=len(anchors)).double() / len(each)
        in_use.append(torch.special.entr(shares).sum().exp().item())
    return spread, in_use[0] / in_use[1]


def _fooled(case: Case) -> bool:
    """Whether D has long been worse than a D that says nothing: it is behind."""
    recent = sorted(case.losses_d[-WINDOW:])
    return len(recent) == WINDOW and 0 < 1.5 * case.chance < recent[WINDOW // 2]


def _heard(loss: Loss, real: Tensor, fake: Tensor) -> float:
    """How strongly G's loss pulls at the logits, as a share of its pull where all logits are 0."""
    pulls = []
    for factor in (1.0, 0.0):
        with torch.enable_grad():
            own = (factor * fake).requires_grad_()
            value = loss.generator(own, factor * real) if loss.paired else loss.generator(own)
        (slope,) = torch.autograd.grad(value, own)
        pulls.append(slope.abs().sum().item())
    return pulls[0] / max(pulls[1], 1e-30)


def _times(share: float) -> str:
    return f"1/{1 / max(share, 1e-9):,.0f} of" if share < 0.5 else f"{share:.1f} times"
