import copy
import json
import pickle
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from torch import nn

from gan_lessons import models
from gan_lessons.deconv import output_size
from gan_lessons.models import dcgan, mlp
from gan_lessons.models.parts import NETWORKS


def test_the_articles_sizes():
    generator, discriminator = mlp.Generator(), mlp.Discriminator()
    sizes = [layer.weight.shape for layer in generator.modules() if isinstance(layer, nn.Linear)]
    assert sizes == [(128, 100), (128, 128), (784, 128)]
    sizes = [
        layer.weight.shape for layer in discriminator.modules() if isinstance(layer, nn.Linear)
    ]
    assert sizes == [(128, 784), (128, 128), (1, 128)]


@pytest.mark.parametrize("family", models.FAMILIES)
@pytest.mark.parametrize("size", [28, 32, 64])
@pytest.mark.parametrize("channels", [1, 3])
def test_shapes_and_ranges(family, size, channels):
    generator, discriminator = models.build(
        family, size=size, channels=channels, latent=10, width=4
    )
    pictures = generator(torch.randn(3, 10))
    assert pictures.shape == (3, channels, size, size)
    assert pictures.abs().max() <= 1
    assert discriminator(pictures).shape == (3,)


@pytest.mark.parametrize(
    ("size", "maps"), [(28, (7, 14, 28)), (32, (4, 8, 16, 32)), (64, (4, 8, 16, 32, 64))]
)
def test_map_sizes_are_what_the_layers_make(size, maps):
    assert dcgan.map_sizes(size) == maps
    seen = []
    generator = dcgan.Generator(size=size, width=2)
    for layer in generator.modules():
        if isinstance(layer, nn.ConvTranspose2d):
            layer.register_forward_hook(lambda _, __, out: seen.append(out.shape[-1]))
    generator(torch.randn(1, 100))
    assert tuple(seen) == maps


def test_every_size_has_a_network_or_a_reason():
    for size in range(1, 130):
        try:
            maps = dcgan.map_sizes(size)
        except ValueError as error:
            near = [int(word) for word in str(error).replace(",", "").split() if word.isdigit()][
                -2:
            ]
            assert all(dcgan.map_sizes(other)[-1] == other for other in near)
        else:
            assert maps[-1] == size
            assert 3 <= maps[0] <= 8
            assert all(output_size(a, 4, 2, 1) == b for a, b in pairwise(maps))


def test_channels_halve_as_maps_double():
    generator = dcgan.Generator(size=64, channels=3, width=64)
    out = [m.weight.shape[1] for m in generator.modules() if isinstance(m, nn.ConvTranspose2d)]
    assert out == [512, 256, 128, 64, 3]


def test_the_papers_initialisation_is_applied():
    torch.manual_seed(0)
    generator = dcgan.Generator(width=64)
    kernels = [m.weight for m in generator.modules() if isinstance(m, nn.ConvTranspose2d)]
    scales = [m.weight for m in generator.modules() if isinstance(m, nn.BatchNorm2d)]
    for weight in kernels:
        assert weight.std().item() == pytest.approx(0.02, rel=0.1)
    for scale in scales:
        assert scale.mean().item() == pytest.approx(1.0, abs=0.02)
        assert scale.std().item() == pytest.approx(0.02, rel=0.4)


def test_batch_norm_keeps_torchs_own_epsilon_and_momentum():
    for layer in dcgan.Generator().modules():
        if isinstance(layer, nn.BatchNorm2d):
            assert (layer.eps, layer.momentum) == (1e-5, 0.1)


def test_no_batch_norm_next_to_pictures_or_logits():
    layers = list(dcgan.Discriminator(size=64).layers)
    convolutions = [i for i, layer in enumerate(layers) if isinstance(layer, nn.Conv2d)]
    normed = [isinstance(layers[i + 1], nn.BatchNorm2d) for i in convolutions]
    assert normed == [False, True, True, True, False]


OPTIONS = {
    "plain": {},
    "labels": {"classes": 3},
    "no norm": {"norm": False},
    "spectral": {"norm": False, "spectral": True},
    "pack": {"pack": 2},
    "all": {"classes": 3, "norm": False, "spectral": True, "pack": 2},
}


@pytest.mark.parametrize("family", models.FAMILIES)
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_rebuild_gives_the_network_back(family, options):
    made = models.build(family, size=16, channels=3, latent=7, width=4, **options)
    labels = torch.tensor([2, 0]) if "classes" in options else None
    inputs = torch.randn(2, 7), torch.randn(2, 3 * options.get("pack", 1), 16, 16)
    for network, x in zip(made, inputs, strict=True):
        description = json.loads(json.dumps(models.describe(network)))  # as in a checkpoint
        again = models.rebuild(description)
        assert type(again) is type(network)
        assert list(again.state_dict()) == list(network.state_dict())
        again.load_state_dict(network.state_dict())
        assert torch.equal(again.eval()(x, labels), network.eval()(x, labels))


@pytest.mark.parametrize("family", models.FAMILIES)
def test_options_without_labels_rebuild(family):
    for name, options in (
        ("Generator", {"size": 16, "channels": 1, "latent": 7, "width": 4}),
        ("Discriminator", {"size": 16, "channels": 1, "width": 4}),
    ):
        network = models.rebuild({"network": f"{family}.{name}", "options": options})
        assert {key.split(".")[0] for key in network.state_dict()} == {"layers"}


@pytest.mark.parametrize("family", models.FAMILIES)
def test_a_pack_is_judged_as_one(family):
    generator, discriminator = models.build(
        family, size=16, channels=3, latent=7, width=4, norm=False, pack=4
    )
    pictures = generator(torch.randn(8, 7))
    assert pictures.shape == (8, 3, 16, 16)
    packs = pictures.view(2, 12, 16, 16)
    jacobian = torch.autograd.functional.jacobian(discriminator, packs)
    assert jacobian.shape == (2, 2, 12, 16, 16)
    assert (jacobian[0, 0].unflatten(0, (4, 3)).abs().sum((1, 2, 3)) > 0).all()


def test_without_norm_there_is_no_batch_norm_but_biases():
    discriminator = dcgan.Discriminator(size=64, width=4, norm=False)
    layers = list(discriminator.layers)
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in layers)
    assert all(layer.bias is not None for layer in layers if isinstance(layer, nn.Conv2d))
    assert sum(isinstance(layer, nn.LeakyReLU) for layer in layers) == 4


@pytest.mark.parametrize("family", models.FAMILIES)
def test_without_norm_each_logit_depends_on_its_own_picture_only(family):
    torch.manual_seed(0)
    _, discriminator = models.build(family, size=16, channels=1, latent=7, width=4, norm=False)
    assert between_pictures(discriminator) == 0


def test_with_norm_it_depends_on_the_others_too():
    torch.manual_seed(0)
    assert between_pictures(dcgan.Discriminator(size=16, width=4)) > 0


def between_pictures(discriminator: nn.Module) -> float:
    """The largest derivative of a logit by a pixel of another picture."""
    pictures = torch.randn(3, 1, 16, 16)
    jacobian = torch.autograd.functional.jacobian(discriminator.train(), pictures)  # [logit, x]
    sizes = jacobian.abs().amax((2, 3, 4))
    assert (sizes.diagonal() > 0).all()
    return (sizes - sizes.diag().diag()).max().item()


def test_describe_knows_the_packages_own_networks_only():
    class Generator(mlp.Generator):
        pass

    assert models.describe(nn.Linear(1, 1)) is None
    assert models.describe(Generator()) is None
    for name in ("mlp", "points"):  # the name of one of our networks, but another class
        fake = type("Generator", (nn.Linear,), {"__module__": f"somewhere.{name}"})
        assert models.describe(fake(1, 1)) is None


def test_all_arguments_are_recorded_with_defaults_and_survive_copying():
    network = mlp.Generator(size=8, width=4)
    expected = {"size": 8, "channels": 1, "latent": 100, "width": 4, "classes": 0}
    assert network.options == expected
    for copied in (copy.deepcopy(network), pickle.loads(pickle.dumps(network))):
        assert type(copied) is mlp.Generator
        assert copied.options == network.options
        assert list(copied.state_dict()) == list(network.state_dict())


def test_every_network_of_every_family_can_be_rebuilt():
    files = {path.stem for path in Path(models.__file__).parent.glob("*.py")}
    families = files - {"__init__", "parts", "attention", "latents"}  # parts of networks, latents
    assert {name.partition(".")[0] for name in NETWORKS} == families
    for name, network in NETWORKS.items():
        assert type(models.rebuild({"network": name, "options": {}})) is network
        assert models.describe(network()) == {"network": name, "options": network().options}


def test_unknown_names_list_the_known_ones():
    with pytest.raises(ValueError, match=r"unknown network 'gan': choose from mlp, dcgan, modern"):
        models.build("gan", size=28, channels=1, latent=1, width=1)
    with pytest.raises(ValueError, match="unknown network"):
        models.rebuild({"network": "os.system", "options": {}})


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"classes": -1}, "classes must be a whole number from 0 to 1048576, got -1"),
        ({"classes": True}, "classes must be a whole number"),
        ({"pack": 0}, "pack must be a whole number from 1 to 1024, got 0"),
        ({"pack": 1.5}, "pack must be a whole number"),
        ({"size": 9}, "size must be 3 to 8 doubled"),
        ({"size": -1}, "size must be a whole number from 1 to 1024, got -1"),
        ({"latent": 0}, "latent must be a whole number from 1 to 65536, got 0"),
        ({"width": 2.0}, r"width must be a whole number from 1 to 16384, got 2\.0"),
        ({"channels": 0}, "channels must be a whole number from 1 to 1024, got 0"),
        ({"norm": 1}, "norm must be True or False, got 1"),
        ({"spectral": None}, "spectral must be True or False, got None"),
    ],
)
def test_wrong_options_say_what_is_allowed(wrong, message):
    options = {"size": 28, "channels": 1, "latent": 4, "width": 4} | wrong
    with pytest.raises(ValueError, match=message):
        models.build("dcgan", **options)
