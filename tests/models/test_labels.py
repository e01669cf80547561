"""How networks use labels: joined to z in a generator, projected in a discriminator."""

import pytest
import torch

from gan_lessons import models
from gan_lessons.models.parts import Projection

FAMILIES = pytest.mark.parametrize("family", models.FAMILIES)


def make(family: str, **options):
    torch.manual_seed(0)
    settings = {"size": 16, "channels": 1, "latent": 6, "width": 4, "classes": 3}
    return models.build(family, **(settings | options))


@FAMILIES
def test_the_label_changes_the_picture_and_the_embedding_learns(family):
    generator, _ = make(family)
    z = torch.randn(1, 6).repeat(3, 1)
    pictures = generator.eval()(z, torch.tensor([0, 1, 1]))
    torch.testing.assert_close(pictures[1], pictures[2])
    assert (pictures[0] - pictures[1]).abs().mean() > 1e-6
    (pictures * torch.randn_like(pictures)).sum().backward()
    learned = generator.join.embedding.weight.grad.abs().sum(1)
    assert (learned > 0).tolist() == [True, True, False]  # class 2 was not in the batch


@FAMILIES
def test_at_the_start_the_label_speaks_at_a_tenth_of_z(family):
    """The first layer's output varies (squared) a hundred times as much with z as with labels."""
    generator, _ = make(family, latent=200, classes=200)
    generator.layers[0].double()
    z, labels = torch.randn(200, 200), torch.arange(200)
    joined = generator.join(z, labels).double()
    halves = joined.clone(), joined.clone()
    halves[0][:, 200:] = 0
    halves[1][:, :200] = 0
    shape = (200, 400, 1, 1) if family == "dcgan" else (200, 400)
    by_z, by_label = (generator.layers[0](half.view(shape)).var(0).mean() for half in halves)
    assert 80 < by_z / by_label < 125


@FAMILIES
@pytest.mark.parametrize("norm", [True, False])
def test_the_logit_is_psi_of_phi_and_v_y_with_phi(family, norm):
    _, discriminator = make(family, norm=norm)
    discriminator = discriminator.double().eval()
    pictures, labels = torch.randn(5, 1, 16, 16).double(), torch.tensor([0, 2, 1, 2, 0])
    features = discriminator.features(pictures).flatten(1)
    *_, (_, last) = (  # the last layer with weights is psi
        (name, layer)
        for name, layer in discriminator.layers.named_modules()
        if getattr(layer, "weight", None) is not None
    )
    embedded = discriminator.projection.embedding.weight
    for n, label in enumerate(labels):
        expected = last.bias[0]
        for weight, own, feature in zip(
            last.weight.flatten(), embedded[label], features[n], strict=True
        ):
            expected = expected + weight * feature + own * feature
        torch.testing.assert_close(discriminator(pictures, labels)[n], expected)


@FAMILIES
@pytest.mark.parametrize("norm", [True, False])
def test_without_labels_the_logit_is_what_all_layers_make(family, norm):
    _, discriminator = make(family, classes=0, norm=norm)
    pictures = torch.randn(5, 1, 16, 16)
    expected = discriminator.eval().layers(pictures).squeeze(1)
    torch.testing.assert_close(discriminator(pictures), expected)


@pytest.mark.parametrize("features", [16, 4096])
def test_the_product_starts_as_large_as_the_features_are(features):
    torch.manual_seed(0)
    projection = Projection(features, classes=500)
    phi, labels = 3 * torch.randn(500, features), torch.arange(500)
    product = projection(torch.zeros(500), phi, labels)
    assert product.std().item() == pytest.approx(3, rel=0.15)


@FAMILIES
def test_the_label_changes_the_logit_and_the_embedding_learns(family):
    _, discriminator = make(family)
    pictures = torch.randn(1, 1, 16, 16).repeat(2, 1, 1, 1)
    logits = discriminator.eval()(pictures, torch.tensor([0, 1]))
    assert logits[0] != logits[1]
    logits.sum().backward()
    gradient = discriminator.projection.embedding.weight.grad
    features = discriminator.features(pictures).flatten(1)
    torch.testing.assert_close(gradient[:2], features)  # the logit is linear in V y
    assert not gradient[2].any()


@FAMILIES
@pytest.mark.parametrize("role", [0, 1])
def test_missing_wrong_or_unwanted_labels_are_refused(family, role):
    inputs = torch.randn(2, 6) if role == 0 else torch.randn(2, 1, 16, 16)
    conditional, unconditional = make(family)[role], make(family, classes=0)[role]
    with pytest.raises(ValueError, match=r"needs labels: pass \(2,\) int64, each from 0 to 2"):
        conditional(inputs)
    with pytest.raises(ValueError, match="takes no labels: leave them out, or build it with clas"):
        unconditional(inputs, torch.tensor([0, 1]))
    for wrong in (
        torch.tensor([0, 1, 2]),  # one too many
        torch.tensor([[0], [1]]),
        torch.tensor([0.0, 1.0]),
        torch.tensor([0, 1], dtype=torch.int32),
        torch.tensor([0, 3]),
        torch.tensor([-1, 0]),
    ):
        with pytest.raises(ValueError, match=r"must be \(2,\) int64, each from 0 to 2, got"):
            conditional(inputs, wrong)


@FAMILIES
def test_values_of_labels_are_not_read_off_the_cpu(family):
    """Reading them would wait for the device. A meta tensor has no values: reading one raises."""
    for network, shape in zip(make(family), [(2, 6), (2, 1, 16, 16)], strict=True):
        labels = torch.zeros(2, dtype=torch.int64, device="meta")
        assert len(network.to("meta")(torch.zeros(shape, device="meta"), labels)) == 2


@FAMILIES
def test_no_label_for_no_picture(family):
    generator, _ = make(family)
    empty = generator.eval()(torch.zeros(0, 6), torch.zeros(0, dtype=torch.int64))
    assert empty.shape == (0, 1, 16, 16)
