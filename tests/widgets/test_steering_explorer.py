"""SteeringExplorer: its mixes against the networks, its latents, its page, controls and errors."""

import html
import json
import math
import re
import time

import pytest
import torch
from torch import nn

pytest.importorskip("ipywidgets")
from gan_lessons import models
from gan_lessons.metrics import FeatureNet
from gan_lessons.widgets import SteeringExplorer
from gan_lessons.widgets.steering_explorer import model, page
from gan_lessons.widgets.steering_explorer.model import STEPS, STYLES, Steered, latents
from gan_lessons.widgets.steering_explorer.settings import SteeringSettings


@pytest.fixture(scope="module")
def generator() -> nn.Module:
    torch.manual_seed(0)
    return models.dcgan.Generator(size=16, width=4, latent=8, classes=5)


@pytest.fixture(scope="module")
def net() -> FeatureNet:
    torch.manual_seed(1)
    return FeatureNet(16, 1, 5).eval()


@pytest.fixture
def explorer(generator, net) -> SteeringExplorer:
    return SteeringExplorer(generator, net, asked=1, other=3)


# The mixes


@pytest.mark.parametrize("family", ["dcgan", "mlp", "modern"])
def test_ends_of_a_mix_are_the_classes_themselves(family):
    torch.manual_seed(0)
    made = models.FAMILIES[family].Generator(size=16, width=4, latent=8, classes=5).eval()
    source, z = Steered(made), torch.randn(3, 8)
    for share, label in ((0.0, 1), (1.0, 3)):
        mixed = source.between(z, 1, 3, torch.full((3,), share))
        with torch.no_grad():
            torch.testing.assert_close(mixed, made(z, torch.full((3,), label)))


def test_a_mix_is_the_mean_of_both_embeddings(generator):
    z = torch.randn(2, 8)
    mixed = Steered(generator).between(z, 1, 3, torch.tensor([0.25, 0.5]))
    table = generator.join.embedding.weight
    rows = torch.stack([0.75 * table[1] + 0.25 * table[3], 0.5 * table[1] + 0.5 * table[3]])
    with torch.no_grad():
        generator.eval()
        by_hand = generator.layers(torch.cat([z, rows], 1)[:, :, None, None])
    torch.testing.assert_close(mixed, by_hand)


def test_the_original_is_left_alone(generator):
    before = {name: value.clone() for name, value in generator.state_dict().items()}
    generator.train()
    SteeringExplorer(generator, mix=0.5)
    assert generator.training
    assert all(torch.equal(value, before[name]) for name, value in generator.state_dict().items())
    assert not generator.join.embedding._forward_hooks


def test_without_a_mix_it_is_asked_as_ever(generator):
    source = Steered(generator)
    source.between(torch.randn(2, 8), 0, 1, torch.tensor([0.5, 0.5]))
    with torch.no_grad():
        z = torch.randn(2, 8)
        torch.testing.assert_close(source(z, 4), generator.eval()(z, torch.tensor([4, 4])))


# The latents


@pytest.mark.parametrize("limit", [0.1, 1.0, 3.0])
def test_latents_are_normal_and_cut_off(limit):
    z = torch.cat([latents(seed, 500, limit) for seed in range(20)]).flatten().double()
    assert z.abs().max() <= limit * (1 + 1e-5)
    assert z.abs().max() > 0.98 * limit
    density = math.exp(-(limit**2) / 2) / math.sqrt(2 * math.pi)
    inside = math.erf(limit / math.sqrt(2))
    assert z.var().item() == pytest.approx(1 - 2 * limit * density / inside, rel=0.02)


def test_a_style_moves_with_the_limit():
    wide, narrow = latents(3, 50, 3.0), latents(3, 50, 1.0)
    assert torch.equal(wide.sign(), narrow.sign())
    assert (narrow.abs() <= wide.abs()).all()
    near = latents(3, 50, 2.9)
    assert (near - wide).abs().max() < 0.2


# The view


def test_the_view_holds_the_way_and_the_styles(generator, net):
    s = SteeringSettings(asked=1, other=3, mix=0.5, seed=4, truncation=1.0)
    source = Steered(generator, net)
    view = model.view_of(source, s)
    assert len(view.way) == STEPS
    assert len(view.styles) == STYLES
    torch.testing.assert_close(view.way[STEPS // 2], view.styles[0])
    with torch.no_grad():
        read = net.classify(net(view.styles.clamp(-1, 1))).argmax(1)
    assert view.shares == {c: n / STYLES for c, n in enumerate(read.bincount().tolist()) if n}
    assert view.spread == pytest.approx(view.styles.std(0).mean().item())


def test_less_truncation_is_less_variety(generator):
    source = Steered(generator)
    views = [
        model.view_of(source, SteeringSettings(other=1, truncation=limit)) for limit in (0.1, 1, 3)
    ]
    assert views[0].spread < views[1].spread < views[2].spread


# The page


def test_the_page_shows_the_numbers(explorer):
    explorer.controls["mix"].value = 0.6
    view = explorer.view
    text = html.unescape(explorer._page.value)
    for name, value, _ in page.table(view):
        assert re.search(rf">{name}</span></td><td><b>{re.escape(value)}</b>", text)
    shares = [float(value.rstrip("%")) for _, value, _ in page.table(view)[:3]]
    assert sum(shares) == pytest.approx(100, abs=2)
    assert "40% class 1, 60% class 3, 24 styles" in text
    assert text.count("<img") == 2
    cells = re.findall(r"<span>(\d)</span>", text)
    assert cells == [str(label) for label in view.said.tolist()]


def test_without_a_classifier_there_is_no_reading(generator):
    explorer = SteeringExplorer(generator)
    assert "read as" not in explorer._page.value
    assert [name for name, *_ in page.table(explorer.view)] == ["spread"]


def test_controls_lead_to_the_picture_and_back(explorer):
    before = explorer._page.value
    explorer.controls["asked"].value = 4
    assert explorer.settings.asked == 4
    assert explorer._page.value != before
    explorer.controls["truncation"].value = 0.5
    assert explorer.settings.truncation == 0.5
    explorer.controls["new"].click()
    assert explorer.controls["seed"].value == explorer.settings.seed != 0
    explorer.show(explorer.settings.changed(other=2, mix=1.0))
    assert (explorer.controls["other"].value, explorer.controls["mix"].value) == (2, 1.0)
    assert "Class 2, 24 styles" in explorer._page.value


def test_names_of_classes_keep_their_letters(generator):
    generator.classes, options = ("A", "bB", "C<", "d", "E"), generator.options
    del generator.options
    try:
        explorer = SteeringExplorer(generator, asked=1, other=2, mix=0.5)
    finally:
        generator.options = options
        del generator.classes
    assert "50% class bB, 50% class C&lt;, 24 styles" in explorer._page.value
    explorer.show(explorer.settings.changed(mix=0.0))
    assert "Class bB, 24 styles" in explorer._page.value
    assert explorer.still.png


def test_state_rebuilds_it(explorer, generator, net):
    explorer.controls["mix"].value = 0.3
    again = SteeringExplorer(generator, net, **json.loads(json.dumps(explorer.state)))
    assert again.settings == explorer.settings
    assert again._page.value == explorer._page.value


def test_frames_and_still(explorer):
    frames = explorer.frames("mix", [0.0, 0.5, 1.0])
    assert len({frame.html for frame in frames}) == 3
    assert frames[0].html == explorer.framed(explorer._page.value)
    assert explorer.still.png.startswith(b"\x89PNG")
    assert explorer.still.alt == repr(explorer)
    assert "24 generated pictures of class 1" in repr(explorer)


def test_the_second_class_is_the_next_one_if_not_given(generator):
    assert SteeringExplorer(generator, asked=4).settings.other == 0


class Blind(nn.Module):
    """Takes labels, and looks them up nowhere."""

    latent, classes = 8, 5

    def forward(self, z, labels):
        return torch.zeros(len(z), 1, 16, 16)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"asked": 5}, "asked must be a whole number from 0 to 4, got 5"),
        ({"other": -1}, "other must be a whole number from 0 to 4, got -1"),
        ({"mix": 1.5}, "mix must be a finite number from 0 to 1, got 1.5"),
        ({"truncation": 0}, "truncation must be a finite number from 0.1 to 3.0, got 0"),
    ],
)
def test_what_is_out_of_range_is_said(generator, given, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        SteeringExplorer(generator, **given)


def test_what_cannot_be_steered_is_said(generator, net):
    plain = models.dcgan.Generator(size=16, width=4, latent=8)
    with pytest.raises(ValueError, match="must take labels of at least 2 classes, got none"):
        SteeringExplorer(plain)
    with pytest.raises(ValueError, match=r"Blind must look its classes up in an nn\.Embedding"):
        SteeringExplorer(Blind())
    with pytest.raises(ValueError, match=r"net reads pictures \(1, 28, 28\), the generator makes"):
        SteeringExplorer(generator, FeatureNet(28, 1, 5))
    with pytest.raises(ValueError, match="net knows 4 classes, the generator 5"):
        SteeringExplorer(generator, FeatureNet(16, 1, 4))
    with pytest.raises(ValueError, match=r"net must be a FeatureNet.*judge\.net"):
        SteeringExplorer(generator, nn.Linear(2, 2))


def test_every_redraw_is_quick():
    """30 ms is the aim on a machine at rest; this only catches what is far from it."""
    torch.manual_seed(0)
    large = models.dcgan.Generator(size=28, width=32, classes=10)
    explorer, times = SteeringExplorer(large, FeatureNet(28, 1, 10).eval()), []
    for i in range(20):
        start = time.process_time()
        explorer.show(explorer.settings.changed(mix=i / 20))
        times.append(time.process_time() - start)
    assert sorted(times)[10] < 0.06
