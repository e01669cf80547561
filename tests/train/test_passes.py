"""Where the penalties take their gradient, against gradients written out by hand."""

import pytest
import torch
from torch import Tensor, nn

from gan_lessons.losses import PENALTIES
from gan_lessons.train import ComputeOptions
from gan_lessons.train.passes import logits_and_penalty
from gan_lessons.train.ranks import Ranks
from gan_lessons.train.remedies import AUGMENTATIONS, packed, shown
from gan_lessons.train.shared_random import SharedRandom

WAYS = {
    "shared": ComputeOptions(),
    "two passes": ComputeOptions(one_pass=False),
    "own pass": ComputeOptions(shared_pass=False),
}
ZERO_CENTRED = [name for name, penalty in PENALTIES.items() if penalty.zero_centred_at]


def random(seed: int = 0) -> SharedRandom:
    return SharedRandom(torch.Generator().manual_seed(seed), Ranks())


def curved(channels: int) -> nn.Module:
    """A discriminator whose slope differs from place to place."""
    torch.manual_seed(0)
    layers = nn.Flatten(), nn.Linear(channels * 64, 16), nn.Tanh(), nn.Linear(16, 1), nn.Flatten(0)
    return nn.Sequential(*layers).double()


def pictures(n: int = 6, channels: int = 3) -> tuple[Tensor, Tensor]:
    real, fake = torch.randn(2, n, channels, 8, 8, generator=torch.Generator().manual_seed(1))
    return real.double(), fake.double()


def by_hand(discriminator, x: Tensor, show, count: int) -> Tensor:
    """Half the mean squared gradient by plain pictures x, with a loop over the logits."""
    x = x.clone().requires_grad_()
    judged = discriminator(show(x))
    assert len(judged) == count
    squares = [
        torch.autograd.grad(logit, x, retain_graph=True)[0].square().sum() for logit in judged
    ]
    return 0.5 * torch.stack(squares).mean()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ZERO_CENTRED)
@pytest.mark.parametrize("augment", ["", *AUGMENTATIONS, "colour,translation,cutout"])
@pytest.mark.parametrize("pack", [1, 2])
def test_the_gradient_is_that_by_the_plain_picture(name, way, augment, pack):
    (real, fake), discriminator, penalty = pictures(), curved(3 * pack), PENALTIES[name]

    def show_with(draws):
        return lambda x: shown(x, 0.3, augment, pack, draws)

    draws = random()
    *judged, value = logits_and_penalty(
        discriminator, real, fake, show_with(draws), None, penalty, WAYS[way], draws
    )
    draws = random()  # the same again, real pictures first
    expected = {
        which: by_hand(discriminator, x, show_with(draws), 6 // pack)
        for which, x in (("real", real), ("fake", fake))
    }
    torch.testing.assert_close(value, sum(expected[which] for which in penalty.zero_centred_at))
    draws = random()
    for found, x in zip(judged, (real, fake), strict=True):
        torch.testing.assert_close(found, discriminator(show_with(draws)(x)))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ZERO_CENTRED)
def test_what_is_cut_out_has_no_slope(name, way):
    """A linear D has the slope w everywhere; at the cut pixels of a picture it is 0."""
    (real, fake), penalty = pictures(), PENALTIES[name]
    discriminator = nn.Sequential(nn.Flatten(), nn.Linear(192, 1), nn.Flatten(0)).double()
    draws = random()
    *_, value = logits_and_penalty(
        discriminator, real, fake, lambda x: AUGMENTATIONS["cutout"](x, draws), None, penalty,
        WAYS[way], draws,
    )  # fmt: skip
    draws = random()
    kept = {
        which: AUGMENTATIONS["cutout"](torch.ones(6, 3, 8, 8), draws) for which in ("real", "fake")
    }
    w = discriminator[1].weight.view(3, 8, 8)
    each = [0.5 * (kept[which] * w**2).sum((1, 2, 3)).mean() for which in penalty.zero_centred_at]
    torch.testing.assert_close(value, sum(each))
    at_its_input = len(each) * 0.5 * w.square().sum()  # what D sees as its input
    assert value < 0.95 * at_its_input


@pytest.mark.parametrize("name", ZERO_CENTRED)
def test_without_augmentation_it_is_the_formula_of_the_paper(name):
    (real, fake), discriminator, penalty = pictures(), curved(3), PENALTIES[name]
    for compute in WAYS.values():
        *_, value = logits_and_penalty(
            discriminator, real, fake, lambda x: x, None, penalty, compute, random()
        )
        torch.testing.assert_close(value, penalty(discriminator, real, fake))
        ours = torch.autograd.grad(value, discriminator[1].weight)
        theirs = torch.autograd.grad(penalty(discriminator, real, fake), discriminator[1].weight)
        torch.testing.assert_close(ours, theirs)


def test_wgan_gp_lies_between_the_augmented_pictures():
    (real, fake), discriminator = pictures(), curved(3)
    draws = random()
    *_, value = logits_and_penalty(
        discriminator, real, fake, lambda x: shown(x, None, "cutout", 1, draws), None,
        PENALTIES["wgan-gp"], ComputeOptions(), draws,
    )  # fmt: skip
    draws = random()
    seen = [shown(x, None, "cutout", 1, draws) for x in (real, fake)]
    expected = PENALTIES["wgan-gp"](discriminator, *seen, draws.stream(6))
    torch.testing.assert_close(value, expected)


def test_the_penalty_reaches_the_weights_of_the_discriminator_only():
    (real, fake), discriminator = pictures(), curved(6)
    fake.requires_grad_()
    draws = random()
    *_, value = logits_and_penalty(
        discriminator, real, fake, lambda x: packed(x, 2), None, PENALTIES["r1r2"],
        ComputeOptions(), draws,
    )  # fmt: skip
    value.backward()
    assert fake.grad is None
    assert discriminator[1].weight.grad.abs().sum() > 0
