"""The residual networks: their layers, and signals that keep their scale without normalisation."""

import pytest
import torch
from torch import nn
from torch.nn.functional import interpolate

from gan_lessons.losses import LOSSES, PENALTIES
from gan_lessons.models import modern
from gan_lessons.models.dcgan import map_sizes, widths

SIZES = pytest.mark.parametrize("size", [28, 32, 64])


def mean_square(x: torch.Tensor) -> float:
    return x.detach().square().mean().item()


def smooth_pictures(n: int, channels: int, size: int) -> torch.Tensor:
    """Pictures in [-1, 1] with similar neighbouring pixels, as in real ones."""
    return torch.tanh(2 * interpolate(torch.randn(n, channels, 4, 4), size, mode="bilinear"))


def after_each_block(network: nn.Module, inputs: torch.Tensor) -> list[float]:
    """Mean squares of the features after each residual block."""
    seen: list[float] = []
    hooks = [
        layer.register_forward_hook(lambda _, __, out: seen.append(mean_square(out)))
        for layer in network.modules()
        if isinstance(layer, modern.Residual)
    ]
    network(inputs)
    for hook in hooks:
        hook.remove()
    return seen


@SIZES
def test_features_keep_their_scale_at_the_start(size):
    runs = []
    for seed in range(5):
        torch.manual_seed(seed)
        generator = modern.Generator(size=size, width=16)
        discriminator = modern.Discriminator(size=size, width=16)
        pictures = smooth_pictures(8, 1, size)
        features = after_each_block(generator, torch.randn(8, 100))
        features += [
            value / mean_square(pictures) for value in after_each_block(discriminator, pictures)
        ]
        runs.append(features)
    found = torch.tensor(runs).mean(0)
    assert len(found) == 2 * (len(map_sizes(size)) - 1)
    assert found.min() > 0.25
    assert found.max() < 4


@SIZES
def test_pictures_and_logits_start_at_a_scale_to_learn_from(size):
    torch.manual_seed(0)
    pictures = modern.Generator(size=size, channels=3, width=16)(torch.randn(16, 100))
    assert 0.1 < pictures.std() < 0.8  # tanh is far from flat
    logits = modern.Discriminator(size=size, channels=3, width=16)(pictures)
    assert 0.05 < mean_square(logits) < 4


@SIZES
def test_gradients_reach_every_weight_with_a_penalty_too(size):
    torch.manual_seed(0)
    generator = modern.Generator(size=size, width=16)
    discriminator = modern.Discriminator(size=size, width=16)
    real = smooth_pictures(4, 1, size)
    fake = generator(torch.randn(4, 100))
    loss, penalty = LOSSES["rpgan"], PENALTIES["r1r2"]
    d_loss = loss.discriminator(discriminator(real), discriminator(fake.detach()))
    d_loss = d_loss + penalty(discriminator, real, fake.detach())
    d_loss.backward()
    loss.generator(discriminator(fake), discriminator(real)).backward()
    for network in (generator, discriminator):
        for name, parameter in network.named_parameters():
            assert parameter.grad.isfinite().all(), name
            if name != f"layers.{len(discriminator.layers) - 1}.bias" or network is generator:
                assert parameter.grad.any(), name


def test_the_second_derivative_of_a_block_is_right():
    torch.manual_seed(0)
    block = modern.Residual(4, blocks=1).double()
    x = torch.randn(2, 4, 3, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(block, x)


@pytest.mark.parametrize("gain", [1.0, 0.5])
@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.Linear(300, 400), (50, 300)),
        (nn.Conv2d(32, 64, 1), (8, 32, 9, 9)),
        (nn.Conv2d(32, 64, 3, groups=4), (8, 32, 9, 9)),  # no padding: zeros would reduce it
        (nn.Conv2d(16, 64, 4, stride=2), (8, 16, 30, 30)),
        (nn.ConvTranspose2d(64, 64, 4, stride=2, padding=3), (8, 64, 30, 30)),
        (nn.ConvTranspose2d(64, 64, 6, stride=3, padding=5), (8, 64, 30, 30)),
    ],
)
def test_scaled_weights_change_the_mean_square_by_the_gain(layer, shape, gain):
    torch.manual_seed(0)
    x = torch.randn(shape) + 0.5
    found = mean_square(modern.scaled(layer, gain)(x)) / mean_square(x)
    assert found == pytest.approx(gain**2, rel=0.15)
    assert not layer.bias.any()


def test_the_gain_makes_up_for_the_rectifier():
    x = torch.randn(100_000, generator=torch.Generator().manual_seed(0))
    kept = mean_square(nn.LeakyReLU(modern.SLOPE)(x)) / mean_square(x)
    assert kept * modern.GAIN**2 == pytest.approx(1, rel=0.02)


@pytest.mark.parametrize("blocks", [1, 2, 8])
def test_a_branch_starts_with_its_share_of_the_stream(blocks):
    torch.manual_seed(0)
    x = torch.randn(4, 64, 12, 12)
    shares = [mean_square(modern.Residual(64, blocks).branch(x)) for _ in range(10)]
    # Zero padding reduces the output of the 3×3 convolution a little.
    assert sum(shares) / 10 == pytest.approx(1 / blocks, rel=0.3)


@pytest.mark.parametrize(("channels", "inside"), [(1, 1), (2, 1), (5, 2), (32, 16)])
def test_a_branch_is_half_as_wide_inside(channels, inside):
    block = modern.Residual(channels, 1)
    assert block.branch[2].weight.shape == (inside, inside, 3, 3)
    assert block(torch.randn(2, channels, 3, 3)).shape == (2, channels, 3, 3)


@SIZES
def test_maps_have_the_sides_and_widths_of_dcgan(size):
    shapes = []
    for network, inputs in (
        (modern.Generator(size=size, width=4), torch.randn(1, 100)),
        (modern.Discriminator(size=size, width=4), torch.randn(1, 1, size, size)),
    ):
        seen: list[tuple[int, int]] = []
        for layer in network.modules():
            if isinstance(layer, modern.Residual):
                layer.register_forward_hook(
                    lambda _, __, out, seen=seen: seen.append((out.shape[1], out.shape[3]))
                )
        network(inputs)
        shapes.append(seen)
    assert shapes[0] == list(zip(widths(size, 4), map_sizes(size)[:-1], strict=True))
    assert shapes[1] == shapes[0][::-1]


def test_nothing_is_normalised():
    for network in (modern.Generator(), modern.Discriminator()):
        names = {type(layer).__name__ for layer in network.modules()}
        assert not {name for name in names if "Norm" in name}
