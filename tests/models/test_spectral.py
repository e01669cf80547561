"""Spectral norm on a discriminator: what it bounds, and that everything else still works."""

import copy

import pytest
import torch
from torch import nn

from gan_lessons import models
from gan_lessons.losses import PENALTIES
from gan_lessons.models.parts import add_spectral_norm

FAMILIES = pytest.mark.parametrize("family", models.FAMILIES)


def make(family: str, **options) -> nn.Module:
    torch.manual_seed(0)
    settings = {"size": 16, "channels": 1, "latent": 6, "width": 8}
    settings |= {"norm": False, "spectral": True}
    return models.build(family, **(settings | options))[1]


def weights(discriminator: nn.Module) -> list[torch.Tensor]:
    """The normalised weights as matrices (out, in · height · width), torch's convention."""
    kinds = nn.Linear | nn.Conv2d | nn.Embedding
    layers = [layer for layer in discriminator.modules() if isinstance(layer, kinds)]
    return [layer.weight.detach().flatten(1) for layer in layers]


def largest(matrices: list[torch.Tensor]) -> torch.Tensor:
    """The largest singular value of each weight."""
    return torch.stack([torch.linalg.svdvals(matrix.double())[0] for matrix in matrices])


@FAMILIES
def test_the_largest_singular_value_goes_to_1_and_again_after_the_weights_have_changed(family):
    discriminator = make(family, classes=3)
    pictures, labels = torch.randn(4, 1, 16, 16), torch.tensor([0, 1, 2, 0])
    optimiser = torch.optim.Adam(discriminator.parameters(), 1e-3)
    for training_steps in (0, 30):
        for _ in range(training_steps):
            optimiser.zero_grad()
            (-discriminator(pictures, labels).square().mean()).backward()
            optimiser.step()
        with torch.no_grad():
            for _ in range(200):  # one step of power iteration each
                discriminator(pictures, labels)
        found = largest(weights(discriminator))
        torch.testing.assert_close(found, torch.ones_like(found), rtol=0, atol=0.01)
    raw = [p.detach() for n, p in discriminator.named_parameters() if n.endswith("original")]
    assert (largest([weight.flatten(1) for weight in raw]) - 1).abs().max() > 0.1


@FAMILIES
def test_every_layer_has_it_and_without_the_option_none(family):
    parametrized = nn.utils.parametrize.is_parametrized
    kinds = nn.Linear | nn.Conv2d | nn.Embedding
    for spectral in (True, False):
        discriminator = make(family, classes=3, spectral=spectral)
        found = [layer for layer in discriminator.modules() if isinstance(layer, kinds)]
        assert found
        assert all(parametrized(layer, "weight") == spectral for layer in found)


@FAMILIES
def test_the_scale_of_a_weight_no_longer_matters(family):
    discriminator = make(family).eval()
    pictures = torch.randn(3, 1, 16, 16)
    before = discriminator(pictures)
    for name, parameter in discriminator.named_parameters():
        if name.endswith("original"):
            parameter.data.mul_(7.0)
    torch.testing.assert_close(discriminator(pictures), before)


@FAMILIES
def test_a_copy_is_equal_and_independent(family):
    discriminator = make(family, classes=3)
    twin = copy.deepcopy(discriminator)
    pictures, labels = torch.randn(2, 1, 16, 16), torch.tensor([0, 2])
    assert torch.equal(twin(pictures, labels), discriminator(pictures, labels))
    next(twin.parameters()).data.zero_().add_(1.0)
    assert not torch.equal(next(twin.parameters()), next(discriminator.parameters()))


@FAMILIES
def test_the_state_holds_the_vectors_of_the_power_iteration(family):
    """Without them, a resumed run would not take the same steps."""
    discriminator, other = make(family), make(family)
    pictures = torch.randn(2, 1, 16, 16)
    for _ in range(3):
        discriminator(pictures)
    other.load_state_dict(discriminator.state_dict())
    for _ in range(3):
        assert torch.equal(discriminator(pictures), other(pictures))


@FAMILIES
def test_it_moves_between_devices_types_and_memory_formats(family):
    discriminator = make(family).to(memory_format=torch.channels_last)
    pictures = torch.randn(2, 1, 16, 16)
    expected = make(family)(pictures)
    torch.testing.assert_close(discriminator(pictures), expected)
    assert discriminator.double()(pictures.double()).dtype == torch.float64
    with torch.autocast("cpu", torch.bfloat16):
        low = make(family)(pictures).float()
    torch.testing.assert_close(low, expected, rtol=0.1, atol=0.05)
    assert make(family).to("meta")(pictures.to("meta")).device.type == "meta"


@FAMILIES
def test_the_slope_of_a_penalty_is_right(family):
    """The gradient of R1 by autograd against finite differences along random lines."""
    discriminator = make(family).double().eval()  # eval: power iteration stops
    real = torch.randn(4, 1, 16, 16).double()
    parameters = [p for n, p in discriminator.named_parameters() if n.endswith("original")]
    penalty = PENALTIES["r1"]
    gradients = torch.autograd.grad(penalty(discriminator, real, real), parameters)
    for parameter, gradient in zip(parameters, gradients, strict=True):
        line = torch.randn_like(parameter)
        line /= line.norm() / parameter.norm()
        step, values = 1e-6, []
        for sign in (1, -1):
            with torch.no_grad():
                parameter.add_(sign * step * line)
            values.append(penalty(discriminator, real, real).item())
            with torch.no_grad():
                parameter.sub_(sign * step * line)
        measured = (values[0] - values[1]) / (2 * step)
        assert (gradient * line).sum().item() == pytest.approx(measured, rel=1e-4, abs=1e-9)


@FAMILIES
def test_it_trains_under_a_penalty(family):
    discriminator = make(family, classes=3)
    optimiser = torch.optim.Adam(discriminator.parameters(), 1e-2)
    real, fake = torch.ones(4, 1, 16, 16), -torch.ones(4, 1, 16, 16)
    labels = torch.tensor([0, 1, 2, 0])

    def told(x: torch.Tensor) -> torch.Tensor:
        return discriminator(x, labels)

    before = (told(real) - told(fake)).mean().item()
    for _ in range(20):
        loss = nn.functional.softplus(told(fake) - told(real)).mean()
        loss = loss + 0.01 * PENALTIES["r1r2"](told, real, fake)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert all(parameter.grad.isfinite().all() for parameter in discriminator.parameters())
    assert (told(real) - told(fake)).mean().item() > before + 0.1


LAYERS = {
    "linear": (lambda: nn.Linear(6, 4), (2, 6)),
    "convolution in 1-D": (lambda: nn.Conv1d(3, 5, 4), (2, 3, 8)),
    "convolution in 2-D": (lambda: nn.Conv2d(4, 6, 3, groups=2), (2, 4, 8, 8)),
    "convolution in 3-D": (lambda: nn.Conv3d(2, 3, 2), (2, 2, 4, 4, 4)),
    "deconvolution in 1-D": (lambda: nn.ConvTranspose1d(3, 5, 4), (2, 3, 8)),
    "deconvolution in 2-D": (lambda: nn.ConvTranspose2d(4, 7, 4, stride=2), (2, 4, 5, 5)),
    "deconvolution in 3-D": (lambda: nn.ConvTranspose3d(2, 3, 2), (2, 2, 4, 4, 4)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_every_kind_of_layer_has_it(name):
    """The matrix has one row for each output channel, which is a deconvolution's second axis."""
    torch.manual_seed(0)
    build, shape = LAYERS[name]
    layer = build()
    raw = layer.weight.detach().clone()
    rows = raw.transpose(0, 1) if name.startswith("deconvolution") else raw
    sigma = torch.linalg.svdvals(rows.flatten(1).double())[0]
    network = nn.Sequential(layer, nn.LeakyReLU())
    add_spectral_norm(network)
    for _ in range(300):
        network(torch.randn(shape))
    torch.testing.assert_close(layer.weight.detach(), raw / sigma.float(), rtol=1e-3, atol=1e-5)
