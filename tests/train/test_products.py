"""Layers computed as products of matrices give what torch's own layers give."""

import copy

import pytest
import torch
from torch import nn

from gan_lessons.models import build
from gan_lessons.train import ComputeOptions, TrainConfig, Trainer, networks
from gan_lessons.train.products import AsProducts

# Name → a layer, and the shape of a picture for it.
PRODUCTS = {
    "a deconvolution of one pixel": (nn.ConvTranspose2d(6, 4, (3, 5)), (6, 1, 1)),
    "the same with strides": (nn.ConvTranspose2d(6, 4, 3, 2, bias=False), (6, 1, 1)),
    "a convolution over the whole map": (nn.Conv2d(6, 2, (4, 3)), (6, 4, 3)),
    "the same, padding by name": (nn.Conv2d(6, 2, 4, padding="valid"), (6, 4, 4)),
    "1×1": (nn.Conv2d(6, 3, 1), (6, 5, 4)),
    "1×1 without bias": (nn.Conv2d(6, 3, 1, bias=False), (6, 5, 4)),
    "to few channels": (nn.ConvTranspose2d(20, 1, 4, 2, 1), (20, 3, 5)),
    "to few, unequal steps": (nn.ConvTranspose2d(20, 2, (3, 2), (1, 2), (2, 0)), (20, 3, 5)),
    "from few channels": (nn.Conv2d(1, 20, 4, 2, 1), (1, 7, 6)),
    "from few, unequal steps": (nn.Conv2d(2, 20, (3, 2), (1, 2), (2, 0), bias=False), (2, 7, 6)),
}
OTHERS = {
    "3×3": (nn.Conv2d(6, 6, 3, padding=1), (6, 5, 5)),
    "groups": (nn.Conv2d(6, 6, 1, groups=2), (6, 5, 5)),
    "dilated": (nn.Conv2d(1, 20, 2, dilation=2), (1, 5, 5)),
    "reflected": (nn.Conv2d(1, 20, 3, padding=1, padding_mode="reflect"), (1, 5, 5)),
    "same": (nn.Conv2d(1, 20, 3, padding="same"), (1, 5, 5)),
    "1×1 with steps": (nn.Conv2d(6, 3, 1, stride=2), (6, 5, 5)),
    "output padding": (nn.ConvTranspose2d(20, 1, 4, 2, 1, output_padding=1), (20, 3, 3)),
    "a larger deconvolution": (nn.ConvTranspose2d(4, 4, 4, 2, 1), (4, 3, 3)),
    "grouped deconvolution": (nn.ConvTranspose2d(20, 2, 2, groups=2), (20, 3, 3)),
}


def results(layer: nn.Module, x: torch.Tensor, products: bool) -> list[torch.Tensor]:
    """Output, gradients, and the gradients of the input's gradient, as R1 takes them."""
    x = x.clone().requires_grad_()
    with AsProducts([layer] if products else []).used():
        y = layer(x)
        weights = torch.linspace(-1, 2, y.numel(), dtype=y.dtype).view_as(y)
        (gradient,) = torch.autograd.grad((y.tanh() * weights).sum(), x, create_graph=True)
        loss = gradient.square().sum() + y.square().sum()
        return [y, gradient, *torch.autograd.grad(loss, [x, *layer.parameters()])]


@pytest.fixture
def calls(monkeypatch):
    """The calls of torch's own layers."""
    made = []
    for cls in (nn.Conv2d, nn.ConvTranspose2d):
        own = cls.forward

        def forward(self, *args, own=own):
            made.append(self)
            return own(self, *args)

        monkeypatch.setattr(cls, "forward", forward)
    return made


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("name", PRODUCTS)
def test_a_product_is_the_layer_in_all_derivatives(name, layout, calls):
    layer, shape = PRODUCTS[name]
    layer = copy.deepcopy(layer).double().to(memory_format=layout)
    x = torch.randn(3, *shape, dtype=torch.float64).contiguous(memory_format=layout)
    found = results(layer, x, products=True)
    assert not calls
    for a, b in zip(found, results(layer, x, products=False), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)
    assert calls


@pytest.mark.parametrize("name", OTHERS)
def test_other_layers_are_left_alone(name, calls):
    layer, shape = OTHERS[name]
    layer = copy.deepcopy(layer).double()
    x = torch.randn(2, *shape, dtype=torch.float64)
    found = results(layer, x, products=True)
    assert calls
    for a, b in zip(found, results(layer, x, products=False), strict=True):
        assert torch.equal(a, b)


def test_layers_of_its_own_kind_are_left_alone(calls):
    class Own(nn.Conv2d):
        def forward(self, x):
            return super().forward(x) + 1

    layer, replaced = Own(2, 2, 1), nn.Conv2d(2, 2, 1)
    replaced.forward = lambda x: x - 1
    x = torch.ones(1, 2, 3, 3)
    wanted = layer(x)
    with AsProducts([layer, replaced]).used():
        assert torch.equal(layer(x), wanted)
        assert torch.equal(replaced(x), x - 1)
    assert torch.equal(replaced(x), x - 1)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.Conv2d(3, 2, 1), (1, 4, 5, 5)),
        (nn.Conv2d(1, 20, 4), (1, 1, 2, 2)),
        (nn.ConvTranspose2d(20, 1, 2, 1, 2), (1, 20, 2, 2)),
        (nn.ConvTranspose2d(3, 2, 3), (1, 4, 1, 1)),
    ],
)
def test_the_error_is_that_of_the_layer(layer, shape):
    x = torch.zeros(shape, requires_grad=True)
    with pytest.raises((RuntimeError, ValueError)) as own:
        layer(x)
    with AsProducts([layer]).used(), pytest.raises(type(own.value)) as found:
        layer(x)
    assert str(found.value) == str(own.value)


def test_pictures_without_a_batch_pass():
    layer = nn.Conv2d(2, 3, 1)
    x = torch.randn(2, 4, 4)
    with AsProducts([layer]).used():
        assert layer(x).shape == (3, 4, 4)


@pytest.mark.parametrize("family", ["dcgan", "modern"])
@pytest.mark.parametrize("spectral", [False, True])
def test_the_networks_ends_are_products(family, spectral, calls):
    norm = {"norm": False} if family == "dcgan" else {}
    generator, discriminator = build(
        family, size=28, channels=1, latent=6, width=16, spectral=spectral, **norm
    )
    with AsProducts([generator, discriminator]).used():
        discriminator(generator(torch.randn(2, 6))).sum().backward()
    kernels = [layer.kernel_size for layer in calls]
    inner = {"dcgan": [(4, 4)] * 2, "modern": [(3, 3)] * 4}[family]
    assert kernels == inner


def test_after_a_step_the_layers_are_what_they_were(images):
    config = TrainConfig(width=4, latent=6, batch=8)
    trainer = Trainer(*networks(config, images), images, config, "cpu")
    trainer.step()
    for network in trainer.networks.values():
        assert not any("forward" in vars(layer) for layer in network.modules())


def test_an_error_in_a_step_leaves_the_layers_as_they_were(images):
    layer = nn.Conv2d(2, 3, 1)
    with pytest.raises(ZeroDivisionError), AsProducts([layer]).used():
        1 / 0  # noqa: B018
    assert "forward" not in vars(layer)


def test_bfloat16_adds_the_overlaps_in_float32():
    torch.manual_seed(0)
    layer = nn.ConvTranspose2d(32, 1, 8, 1)
    x = torch.randn(2, 32, 12, 12)
    exact = layer(x)
    with torch.autocast("cpu", torch.bfloat16), torch.no_grad():
        plain = layer(x)
        with AsProducts([layer]).used():
            product = layer(x)
    assert product.dtype == plain.dtype == torch.bfloat16
    assert (product - exact).abs().max() < 0.05 * exact.abs().max()


def test_it_can_be_turned_off(images, calls):
    config = TrainConfig(width=32, latent=6, batch=8)
    counts = []
    for products in (True, False):
        calls.clear()
        compute = ComputeOptions(products=products)
        Trainer(*networks(config, images), images, config, "cpu", compute).step()
        counts.append(len(calls))
    assert counts[0] < counts[1]
