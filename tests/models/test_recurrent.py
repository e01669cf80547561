"""Recurrent networks: the painter's canvases, and sequences with lengths."""

import pytest
import torch
from torch import nn

from gan_lessons import models
from gan_lessons.data import Images
from gan_lessons.models import dcgan, recurrent
from gan_lessons.train import TrainConfig, Trainer


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def lengths_of(*values):
    return torch.tensor(values)


@pytest.mark.parametrize(("size", "channels", "strokes"), [(28, 1, 4), (16, 3, 1), (32, 1, 8)])
def test_a_painting_is_the_tanh_of_a_sum(size, channels, strokes):
    painter = recurrent.Painter(
        size=size, channels=channels, latent=16, width=2, hidden=8, strokes=strokes
    ).eval()
    z = torch.randn(3, 16, generator=rng())
    canvases = painter.canvases(z)
    assert canvases.shape == (3, strokes, channels, size, size)
    torch.testing.assert_close(painter(z), canvases[:, -1].tanh())
    again = models.rebuild(models.describe(painter)).eval()
    again.load_state_dict(painter.state_dict())
    torch.testing.assert_close(again(z), painter(z))


def test_a_stroke_changes_no_earlier_canvas():
    painter = recurrent.Painter(latent=8, width=2, hidden=8, strokes=4).eval()
    fewer = recurrent.Painter(latent=8, width=2, hidden=8, strokes=2).eval()
    fewer.load_state_dict(painter.state_dict())  # the weights are the same for all strokes
    z = torch.randn(2, 8, generator=rng())
    torch.testing.assert_close(fewer.canvases(z), painter.canvases(z)[:, :2])


def test_a_picture_depends_on_its_own_latent_when_it_is_generated():
    painter = recurrent.Painter(latent=8, width=2, hidden=8).eval()
    z = torch.randn(4, 8, generator=rng())
    torch.testing.assert_close(painter(z)[:1], painter(z[:1]), atol=1e-5, rtol=1e-4)


def test_a_trainer_trains_a_painter():
    pictures = Images(torch.randint(0, 256, (64, 1, 28, 28), dtype=torch.uint8, generator=rng()))
    config = TrainConfig(latent=8, batch=8)
    painter = recurrent.Painter(latent=8, width=2, hidden=8)
    before = [weight.clone() for weight in painter.parameters()]
    trainer = Trainer(painter, dcgan.Discriminator(width=2), pictures, config, "cpu").fit(2)
    assert trainer.generate(3, seed=0).shape == (3, 1, 28, 28)
    moved = [
        not torch.equal(a, b) for a, b in zip(before, trainer.generator.parameters(), strict=True)
    ]
    assert all(moved)


def test_a_mask_is_one_while_a_sequence_runs():
    assert recurrent.mask(lengths_of(1, 3, 4), 4).tolist() == [
        [1, 0, 0, 0],
        [1, 1, 1, 0],
        [1, 1, 1, 1],
    ]


def test_generated_sequences_end_at_their_length():
    g = recurrent.Generator(steps=7, channels=2, latent=3, width=8)
    z, lengths = torch.randn(4, 3, generator=rng()), lengths_of(1, 2, 6, 7)
    x = g(z, lengths)
    assert x.shape == (4, 7, 2)
    assert x.abs().max() <= 1
    runs = recurrent.mask(lengths, 7).bool()
    assert (x[~runs] == 0).all()
    assert (x[runs] != 0).all()
    torch.testing.assert_close(g(z), g(z, torch.full((4,), 7)))


def test_the_clock_ends_with_the_sequence():
    g = recurrent.Generator(steps=9, channels=1, latent=2, width=4)
    seen = []
    g.gru.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0][:, :, -1]))
    g(torch.zeros(3, 2), lengths_of(1, 5, 9))
    clock = seen[0]
    torch.testing.assert_close(clock[:, 0], torch.full((3,), -1.0))
    torch.testing.assert_close(clock[1, :5], torch.linspace(-1, 1, 5))
    torch.testing.assert_close(clock[2], torch.linspace(-1, 1, 9))


@pytest.mark.parametrize("each", [True, False])
def test_what_comes_after_the_end_changes_nothing_before_it(each):
    d = recurrent.Discriminator(channels=2, width=8, each=each)
    x, lengths = torch.randn(3, 6, 2, generator=rng()), lengths_of(1, 4, 6)
    runs = recurrent.mask(lengths, 6).bool()
    other = torch.where(runs[:, :, None], x, 9.0)
    first, second = d(x, lengths), d(other, lengths)
    assert first.shape == ((3, 6) if each else (3,))
    if each:
        first, second = first[runs], second[runs]
    torch.testing.assert_close(first, second)
    earlier = x.clone()
    earlier[:, 0] += 1
    assert (d(earlier, lengths) - d(x, lengths)).abs().min() > 0


def test_a_sequence_is_judged_by_itself():
    d = recurrent.Discriminator(width=8)
    x = torch.randn(5, 6, 1, generator=rng())
    changed = x.clone()
    changed[0] += 1
    moved = (d(changed) - d(x)).abs().amax(1)
    assert moved[0] > 0
    assert moved[1:].max() < 1e-6


def test_one_verdict_is_that_of_the_last_step():
    each, one = (recurrent.Discriminator(width=8, each=each) for each in (True, False))
    one.load_state_dict(each.state_dict())
    x, lengths = torch.randn(3, 6, 1, generator=rng()), lengths_of(2, 6, 1)
    torch.testing.assert_close(one(x, lengths), each(x)[torch.arange(3), lengths - 1])


def test_sequence_networks_are_rebuilt():
    for network in (recurrent.Generator(steps=5, channels=2), recurrent.Discriminator(each=False)):
        again = models.rebuild(models.describe(network))
        again.load_state_dict(network.state_dict())
        assert again.options == network.options


@pytest.mark.parametrize(
    ("lengths", "said"),
    [
        (torch.tensor([1, 2]), r"got \(2,\)"),
        (torch.tensor([1.0, 2, 3]), "torch.float32"),
        (torch.tensor([0, 2, 3]), "got 0 to 3"),
        (torch.tensor([1, 2, 7]), "got 1 to 7"),
        ([1, 2, 3], "lengths must be"),
    ],
)
def test_lengths_that_do_not_fit(lengths, said):
    for network, x in (
        (recurrent.Generator(steps=6), torch.zeros(3, 4)),
        (recurrent.Discriminator(), torch.zeros(3, 6, 1)),
    ):
        with pytest.raises(ValueError, match=said):
            network(x, lengths)


def test_arguments_out_of_range():
    for options, said in (
        ({"strokes": 0}, "strokes must be"),
        ({"hidden": 0}, "hidden must be"),
        ({"size": 17}, "size must be"),
    ):
        with pytest.raises(ValueError, match=said):
            recurrent.Painter(**options)
    with pytest.raises(ValueError, match="steps must be"):
        recurrent.Generator(steps=0)
    with pytest.raises(ValueError, match="each must be"):
        recurrent.Discriminator(each=1)
    with pytest.raises(ValueError, match="labels"):
        recurrent.Painter(width=2)(torch.zeros(2, 32), torch.zeros(2).long())


def test_weights_start_as_in_dcgan():
    torch.manual_seed(0)
    painter = recurrent.Painter(width=16)
    for layer in painter.modules():
        if isinstance(layer, nn.ConvTranspose2d) and layer.weight.numel() > 1000:
            assert abs(layer.weight.std() - 0.02) < 0.002
