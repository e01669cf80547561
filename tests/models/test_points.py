"""Networks for points: shapes, the uniform prior, and a trainer that trains them."""

import pytest
import torch

from gan_lessons import models
from gan_lessons.data import toy
from gan_lessons.models import points
from gan_lessons.train import CheckpointError, TrainConfig, Trainer


@pytest.mark.parametrize(("layers", "width"), [(0, 2), (1, 128), (4, 3)])
@pytest.mark.parametrize(("latent", "dims"), [(1, 2), (2, 1)])
def test_shapes_layers_and_rebuilding(layers, width, latent, dims):
    g = points.Generator(latent=latent, layers=layers, width=width, dims=dims, prior="uniform")
    d = points.Discriminator(layers=layers, width=width, dims=dims)
    fake = g(torch.randn(5, latent))
    assert fake.shape == (5, dims)
    assert d(fake).shape == (5,)
    for network in (g, d):
        linear = [layer for layer in network.modules() if isinstance(layer, torch.nn.Linear)]
        assert len(linear) == layers + 1
        again = models.rebuild(models.describe(network))
        again.load_state_dict(network.state_dict())
        assert again.options == network.options


def test_the_slope_for_negative_inputs():
    x = torch.tensor([[-3.0, 2.0]])
    for activation, expected in (("leaky", [-0.6, 2.0]), ("relu", [0.0, 2.0])):
        layer = points.Discriminator(layers=1, width=2, activation=activation).layers[1]
        torch.testing.assert_close(layer(x), torch.tensor([expected]))


def test_the_uniform_prior_is_uniform():
    g = points.Generator(latent=1, layers=0, dims=1, prior="uniform")
    with torch.no_grad():
        g.layers[0].weight.fill_(1)
        g.layers[0].bias.zero_()
        spread = g(torch.randn(100_000, 1, generator=torch.Generator().manual_seed(0)))
    counts = spread.histc(10, -1, 1)
    assert counts.sum() == 100_000
    assert counts.min() > 9_600
    assert counts.max() < 10_400


def test_an_unknown_prior_and_labels_are_refused():
    with pytest.raises(ValueError, match="unknown prior 'cauchy': choose from normal, uniform"):
        points.Generator(prior="cauchy")
    with pytest.raises(ValueError, match="unknown activation 'gelu': choose from leaky, relu"):
        points.Discriminator(activation="gelu")
    with pytest.raises(ValueError, match="labels"):
        points.Discriminator()(torch.zeros(2, 2), torch.zeros(2).long())


def test_a_trainer_takes_points_saves_and_goes_on(tmp_path):
    ring = toy.points("ring", 1_000, torch.Generator().manual_seed(0))
    config = TrainConfig(latent=2, batch=50, loss="rpgan", penalty="r1r2", gamma=1.0)

    def trainer():
        torch.manual_seed(0)
        return Trainer(points.Generator(), points.Discriminator(), ring, config, "cpu")

    whole, half = trainer().fit(20), trainer().fit(10)
    half.save(tmp_path)
    again = Trainer.resume(tmp_path, ring, device="cpu").fit(10)
    for one, other in zip(whole.generator.parameters(), again.generator.parameters(), strict=True):
        assert torch.equal(one, other)
    assert whole.generate(7, seed=0).shape == (7, 2)
    other = toy.points("grid", 1_000, torch.Generator().manual_seed(0))
    with pytest.raises(CheckpointError, match="'ring'"):
        Trainer.resume(tmp_path, other)


def test_pictures_for_points_are_refused():
    ring = toy.points("ring", 10, torch.Generator().manual_seed(0))
    generator, discriminator = models.build("mlp", size=2, channels=1, latent=2, width=4)
    with pytest.raises(ValueError, match=r"\(1, 2, 2\), the data has \(2,\)"):
        Trainer(generator, discriminator, ring, TrainConfig(latent=2))


def test_a_set_of_points_is_checked():
    with pytest.raises(ValueError, match="float32"):
        toy.Points(torch.zeros(3, 2).long())
    with pytest.raises(ValueError, match="finite"):
        toy.Points(torch.full((3, 2), float("nan")))
    with pytest.raises(ValueError, match="ring"):
        toy.points("rings", 3, torch.Generator())
