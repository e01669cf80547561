"""Games that look at classes: the auxiliary classifier, and the conditional domain game."""

import math
import re
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from gan_lessons import models
from gan_lessons.data.glyphs import glyphs
from gan_lessons.train import RECIPES, GameTrainer, Trainer, networks
from gan_lessons.train.games.adaptation import AdaptationConfig, AdaptationGame
from gan_lessons.train.games.auxiliary import AuxiliaryConfig, AuxiliaryGame

CLASSES = "01"


@pytest.fixture(scope="module")
def images():
    return glyphs(400, seed=3, classes=CLASSES, size=16)


def players(seed: int = 0) -> dict[str, nn.Module]:
    torch.manual_seed(seed)
    return {
        "generator": models.dcgan.Generator(size=16, width=4, latent=8, classes=2),
        "discriminator": models.dcgan.Discriminator(size=16, width=4),
        "head": nn.Linear(8 * 16, 2),
    }


def auxiliary(images, networks=None, **settings) -> GameTrainer:
    config = AuxiliaryConfig(**({"latent": 8, "batch": 16, "learning_rate_g": 1e-3} | settings))
    return GameTrainer(AuxiliaryGame(config), networks or players(), {"real": images}, "cpu")


def batch_of(trainer: GameTrainer) -> dict:
    return {name: sampler.read(sampler.draw(8)) for name, sampler in trainer.samplers.items()}


# The auxiliary classifier


def test_both_losses_are_those_of_the_paper(images):
    trainer = auxiliary(images, weight=0.7)
    networks, batch = trainer.networks, batch_of(trainer)
    G, D, head = (networks[name].eval() for name in trainer.game.network_names)
    real, labels = batch["real"]
    state = trainer.rng.get_state()
    z = trainer.random.normal(8, 8)
    trainer.rng.set_state(state)
    of_d, _ = trainer.game.discriminator_loss(networks, batch, trainer.random, {}, None)
    trainer.rng.set_state(state)
    of_g, _ = trainer.game.generator_loss(networks, batch, trainer.random, {}, None)
    fake = G(z, labels)

    def naming(x):
        return F.cross_entropy(head(D.features(x).flatten(1)), labels)

    telling = F.softplus(-D(real)).mean() + F.softplus(D(fake)).mean()
    torch.testing.assert_close(of_d, telling + 0.7 * (naming(real) + naming(fake)))
    torch.testing.assert_close(of_g, F.softplus(-D(fake)).mean() + 0.7 * naming(fake))


def test_each_turn_teaches_its_own_networks(images):
    trainer = auxiliary(images)
    before = {
        name: [p.clone() for p in network.parameters()]
        for name, network in trainer.networks.items()
    }
    trainer.step()
    for name, network in trainer.networks.items():
        moved = [not torch.equal(*pair) for pair in zip(before[name], network.parameters(),
                                                        strict=True)]  # fmt: skip
        assert any(moved), name
    assert list(trainer.history.losses) == ["discriminator", "generator"]


def test_it_learns_to_draw_the_asked_class(images):
    """The column in the middle of a 1 is bright, that of a 0 is dark."""
    trainer = auxiliary(
        images, batch=32, learning_rate_g=2e-3, learning_rate_d=2e-3, ema_half_life=500
    )
    for _ in range(250):
        trainer.step()
    pictures = trainer.samples(200)
    assert pictures.shape == (200, 1, 16, 16)
    real = images.floats()
    middle = {label: real[images.labels == label, 0, 6:10, 7:9].mean() for label in (0, 1)}
    drawn = {label: pictures[label::2, 0, 6:10, 7:9].mean() for label in (0, 1)}
    assert middle[1] - middle[0] > 0.5
    assert drawn[1] - drawn[0] > 0.5 * (middle[1] - middle[0])


def test_it_goes_on_as_if_never_stopped(images, tmp_path):
    through = auxiliary(images, ema_half_life=100)
    through.fit(6)
    stopped = auxiliary(images, ema_half_life=100).fit(3)
    stopped.save(tmp_path)
    again = auxiliary(images, players(1), ema_half_life=100).restore(tmp_path)
    again.fit(3)
    for name, network in through.networks.items():
        for one, two in zip(network.parameters(), again.networks[name].parameters(), strict=True):
            assert torch.equal(one, two)


class NoFeatures(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(1, 1)

    def forward(self, x):
        return self.layer(x.mean((1, 2, 3))[:, None])[:, 0]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"head": nn.Linear(128, 3)}, "the head must return 2 logits for each picture, got (2, 3)"),
        ({"discriminator": NoFeatures()}, "the discriminator must have `features`"),
        (
            {"generator": models.dcgan.Generator(size=28, width=4, latent=8, classes=2)},
            "the generator makes (1, 28, 28), the data (1, 16, 16)",
        ),
    ],
)
def test_networks_that_do_not_fit_are_named(images, changes, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        auxiliary(images, players() | changes)


def test_pictures_without_labels_are_refused(images):
    bare = replace(images, labels=None, classes=())
    with pytest.raises(ValueError, match="the classifier needs labels to learn from, 'glyphs'"):
        auxiliary(bare)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"loss": "rpgan"}, "unknown loss 'rpgan': choose from minimax"),
        ({"weight": -1}, "weight must be a finite number of at least 0, got -1"),
        ({"latent": 0}, "latent must be a whole number of at least 1, got 0"),
        ({"learning_rate_d": 0}, "learning_rate_d must be a finite number above 0, got 0"),
    ],
)
def test_settings_out_of_range_are_refused(settings, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        AuxiliaryConfig(**settings)


# The conditional domain game


def domain_trainer(images, width: int, **settings) -> GameTrainer:
    torch.manual_seed(0)
    networks = {
        "encoder": nn.Sequential(nn.Flatten(), nn.Linear(256, 6)),
        "classifier": nn.Linear(6, 2),
        "critic": nn.Linear(width, 1),
    }
    game = AdaptationGame(AdaptationConfig(batch=16, **settings))
    return GameTrainer(game, networks, {"source": images, "target": images}, "cpu")


def test_the_conditional_critic_sees_products_with_fixed_probabilities(images):
    trainer = domain_trainer(images, 12, conditional=True, strength=0.7)
    encoder, classifier, critic = (trainer.networks[n] for n in trainer.game.network_names)
    batch, values = batch_of(trainer), trainer.game.values(0)
    parameters = [*encoder.parameters(), *classifier.parameters()]
    loss, _ = trainer.game.encoder_loss(trainer.networks, batch, trainer.random, values, None)
    ours = torch.autograd.grad(loss, parameters)

    def judged(features):
        shares = classifier(features).softmax(1).detach()
        return critic(torch.stack([f.outer(p).flatten() for f, p in
                                   zip(features, shares, strict=True)]))[:, 0]  # fmt: skip

    (x, labels), target = batch["source"], batch["target"].x
    source, target = encoder(x), encoder(target)
    bce = F.binary_cross_entropy_with_logits
    domain = bce(judged(source), torch.ones(8)) + bce(judged(target), torch.zeros(8))
    whole = F.cross_entropy(classifier(source), labels) - 0.7 * domain
    for own, by_hand in zip(ours, torch.autograd.grad(whole, parameters), strict=True):
        torch.testing.assert_close(own, by_hand, rtol=1e-4, atol=1e-6)
    critics_own, _ = trainer.game.critic_loss(trainer.networks, batch, trainer.random, {}, None)
    torch.testing.assert_close(critics_own, domain)


def test_the_critic_must_take_the_products(images):
    words = r"the critic does not take \(2, 12\), features × classes: .*shapes"
    with pytest.raises(ValueError, match=words):
        domain_trainer(images, 6, conditional=True)
    assert math.isfinite(domain_trainer(images, 12, conditional=True).fit(2).history.losses
                         ["critic"][-1])  # fmt: skip


def test_conditional_is_a_switch():
    with pytest.raises(ValueError, match=r"conditional must be True or False, got 1\.5"):
        AdaptationConfig(conditional=1.5)


def test_a_quiet_label_leaves_z_a_say():
    """With a label as loud as z, each class ends as one picture (lesson 10, section 2)."""
    spread = {}
    own = glyphs(2000, seed=1, classes="ABC", size=16)
    for volume in (1.0, 10.0):
        config = replace(RECIPES["dcgan"], width=8, batch=32, conditional=True)
        generator, discriminator = networks(config, own)
        with torch.no_grad():
            generator.join.embedding.weight.mul_(volume)
        trainer = Trainer(generator, discriminator, own, config, "cpu")
        for _ in range(150):
            trainer.step()
        z = torch.randn(64, 100, generator=torch.Generator().manual_seed(1))
        with torch.no_grad():
            made = trainer.ema_generator(z, torch.zeros(64, dtype=torch.int64))
        spread[volume] = made.var(0).mean().item()
    assert spread[1.0] > 2 * spread[10.0]
