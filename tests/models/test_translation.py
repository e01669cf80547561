"""Picture to picture: shapes, what passes through, what a logit sees, and errors."""

import re

import pytest
import torch
from torch import Tensor, nn

from gan_lessons import models
from gan_lessons.models.translation import (
    Completer,
    PatchDiscriminator,
    UNet,
    check_mask,
    receptive_field,
)


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def a_hole(n: int = 2, size: int = 28) -> Tensor:
    mask = torch.zeros(n, 1, size, size)
    mask[:, :, 4:16, 8:22] = 1
    return mask


# The U-Net


@pytest.mark.parametrize(("layers", "skips"), [(1, True), (2, True), (2, False), (3, True)])
def test_a_unet_keeps_the_size(layers, skips):
    net = UNet(3, 2, width=4, layers=layers, skips=skips)
    y = net(drawn(2, 3, 24, 16))
    assert y.shape == (2, 2, 24, 16)
    assert y.abs().max() < 1


def test_skips_carry_what_the_middle_lost():
    """With the middle's output at zero, only skips tell one input from another."""
    for skips in (True, False):
        net = UNet(width=4, skips=skips)
        nn.init.zeros_(net.middle.weight)
        a, b = net(drawn(1, 1, 16, 16)), net(drawn(1, 1, 16, 16, seed=1))
        assert torch.equal(a, b) != skips


def test_it_starts_as_a_copy_or_as_the_negative():
    x = drawn(4, 1, 16, 16).sign()
    for start in (2.0, -2.0):
        y = UNet(start=start)(x)
        assert (y.sign() == (x if start > 0 else -x)).double().mean() > 0.99


def test_z_changes_the_picture_and_is_needed():
    net, x = UNet(noise=3), drawn(2, 1, 16, 16)
    assert not torch.equal(net(x, torch.zeros(2, 3)), net(x, torch.ones(2, 3)))
    with pytest.raises(ValueError, match=re.escape("z must be (2, 3), got None")):
        net(x)
    with pytest.raises(ValueError, match=re.escape("z must be (2, 3), got (2, 4)")):
        net(x, torch.ones(2, 4))
    with pytest.raises(ValueError, match=re.escape("this network takes no z, got (2, 3)")):
        UNet()(x, torch.ones(2, 3))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"layers": 0}, "layers must be a whole number from 1 to 8, got 0"),
        ({"noise": -1}, "noise must be a whole number from 0"),
        ({"width": 0}, "width must be a whole number from 1"),
        ({"start": 20}, "start must be a finite number from -10 to 10, got 20"),
        ({"out": 3, "start": 1.0}, "start must be 0 unless out equals channels, got 1.0"),
    ],
)
def test_a_unet_that_cannot_be_is_said(options, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        UNet(**options)


@pytest.mark.parametrize("shape", [(2, 2, 16, 16), (2, 1, 18, 16), (1, 16, 16)])
def test_pictures_that_do_not_fit_are_said(shape):
    with pytest.raises(ValueError, match=r"x must be \(N, 1, H, W\) with H and W multiples of 4"):
        UNet()(torch.zeros(shape))


# The completer


def test_surroundings_pass_and_the_hole_is_not_seen():
    fill, x, mask = Completer(noise=2).eval(), drawn(2, 1, 28, 28), a_hole()
    z = torch.ones(2, 2)
    y = fill(x, mask, z)
    assert torch.equal(y * (1 - mask), x * (1 - mask))
    assert not torch.equal(y * mask, x * mask)
    other = torch.where(mask > 0, drawn(2, 1, 28, 28, seed=1), x)
    assert torch.equal(y, fill(other, mask, z))
    assert not torch.equal(y, fill(x, mask, -z))


def test_every_place_in_the_hole_sees_every_place_around():
    fill, mask = Completer(), a_hole(1)
    x = drawn(1, 1, 28, 28).requires_grad_()
    (slope,) = torch.autograd.grad(fill(x, mask)[0, 0, 5, 9], x)
    corners = slope[0, 0, [0, 0, -1, -1], [0, -1, 0, -1]]
    assert (corners != 0).all()
    assert (slope * mask == 0).all()


def test_masks_that_leak_are_refused():
    x = drawn(2, 1, 28, 28)
    soft = a_hole() * 0.9
    with pytest.raises(ValueError, match=r"mask must hold only 0 .* got 0\.9"):
        Completer()(x, soft)
    with pytest.raises(ValueError, match=re.escape("mask must be (2, 1, 28, 28) for pictures")):
        check_mask(x, a_hole(1))
    with pytest.raises(ValueError, match="got nan"):
        check_mask(x, torch.full((2, 1, 28, 28), float("nan")))
    with pytest.raises(ValueError, match="size must be a multiple of 4, got 30"):
        Completer(size=30)
    with pytest.raises(ValueError, match=r"x must be \(N, \*\(1, 28, 28\)\), got \(2, 1, 24, 24\)"):
        Completer()(drawn(2, 1, 24, 24), a_hole(2, 24))


# The patch discriminator


@pytest.mark.parametrize(
    ("layers", "side", "maps"), [(0, 7, 26), (1, 16, 12), (2, 34, 5), (3, 70, 1)]
)
def test_what_a_logit_sees(layers, side, maps):
    D = PatchDiscriminator(width=4, layers=layers)
    assert receptive_field(D) == side
    assert D(torch.zeros(2, 1, 28, 28)).shape == (2, maps, maps)
    x = torch.zeros(1, 1, 120, 120, requires_grad=True)
    logits = D(x)
    (slope,) = torch.autograd.grad(logits[0, logits.shape[1] // 2, logits.shape[2] // 2], x)
    seen = slope[0, 0].abs().sum(0) > 0
    assert int(seen.sum()) == side
    assert int(seen.nonzero().max() - seen.nonzero().min()) + 1 == side


def test_receptive_fields_of_chains():
    assert receptive_field([]) == 1
    assert receptive_field([(3, 2), (1, 2), (3, 1)]) == 11
    assert receptive_field(nn.Sequential(nn.Conv2d(1, 1, 3, dilation=2), nn.Conv2d(1, 1, 3))) == 7
    with pytest.raises(ValueError, match="convolutions only, got a deconvolution"):
        receptive_field(UNet())
    with pytest.raises(ValueError, match="kernel must be a whole number of at least 1, got 0"):
        receptive_field([(0, 1)])


def test_pictures_without_a_single_patch_are_said():
    with pytest.raises(ValueError, match=r"too small for a single patch, got \(1, 1, 16, 16\)"):
        PatchDiscriminator(layers=3)(torch.zeros(1, 1, 16, 16))


@pytest.mark.parametrize(
    "net", [UNet(2, 1, 4, noise=3), Completer(12, 1, 4, 2), PatchDiscriminator(2, 4, 2)]
)
def test_they_can_be_rebuilt(net):
    again = models.rebuild(models.describe(net))
    assert again.options == net.options
    again.load_state_dict(net.state_dict())
