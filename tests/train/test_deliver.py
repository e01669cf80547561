"""A generator from a checkpoint alone."""

import pytest
import torch
from torch import nn

from gan_lessons import models
from gan_lessons.data import Images, toy
from gan_lessons.train import CheckpointError, GameTrainer, TrainConfig, Trainer, networks
from gan_lessons.train.deliver import decoded, draw, generate, load_generator
from gan_lessons.train.export import facts, to_onnx, to_torch
from gan_lessons.train.games.translation import TranslationConfig, TranslationGame


def saved(trainer, folder, steps=3):
    for _ in range(steps):
        trainer.step()
    trainer.save(folder)
    return trainer


def same(pictures, others):
    """Up to rounding: a training may lay out its weights otherwise in memory."""
    return torch.allclose(pictures, others, rtol=0, atol=1e-6)


@pytest.mark.parametrize("network", ["dcgan", "modern", "mlp"])
@pytest.mark.parametrize("half_life", [0.0, 20.0])
def test_the_generator_is_the_training_s(make, tmp_path, network, half_life):
    trainer = saved(make(network=network, ema_half_life=half_life), tmp_path)
    generator = load_generator(tmp_path)
    assert same(generate(generator, 5, seed=7), trainer.generate(5, seed=7))
    current = load_generator(trainer.save(tmp_path), average=False)
    assert same(generate(current, 5, seed=7), trainer.generate(5, seed=7, ema=False))
    assert same(generator(torch.ones(1, 6)), trainer.decode(torch.ones(1, 6)))
    assert generator.averaged == bool(half_life)
    assert not current.averaged
    assert (generator.latent, generator.shape, generator.classes) == (6, (1, 16, 16), ())
    assert generator.step == 3
    assert not generator.training
    assert not any(parameter.requires_grad for parameter in generator.parameters())


def test_a_conditional_generator_knows_its_classes(images, tmp_path):
    labelled = Images(images.pixels, torch.arange(50) % 3, ("a", "b", "c"), "letters")
    config = TrainConfig(width=4, latent=6, batch=8, conditional=True, ema_half_life=20)
    trainer = saved(Trainer(*networks(config, labelled), labelled, config, "cpu"), tmp_path)
    generator = load_generator(tmp_path)
    assert generator.classes == ("a", "b", "c")
    assert same(generate(generator, 9, seed=1), trainer.generate(9, seed=1))
    labels = torch.tensor([2, 0, 1])
    wanted = trainer.generate(3, seed=1, labels=labels)
    assert same(generate(generator, 3, seed=1, labels=labels), wanted)
    for wrong in (torch.tensor([0, 1]), torch.tensor([0, 1, 3]), torch.zeros(3)):
        with pytest.raises(ValueError, match=r"labels must be \(3,\) int64"):
            generate(generator, 3, labels=wrong)


def test_checkpoints_without_names_have_numbers(images, tmp_path, monkeypatch):
    labelled = Images(images.pixels, torch.arange(50) % 3, ("a", "b", "c"), "letters")
    config = TrainConfig(width=4, latent=6, batch=8, conditional=True)
    trainer = Trainer(*networks(config, labelled), labelled, config, "cpu")
    told = trainer.facts()
    del told["data"]["real"]["classes"]
    monkeypatch.setattr(trainer, "facts", lambda: told)
    saved(trainer, tmp_path)
    assert load_generator(tmp_path).classes == ("0", "1", "2")


def test_points_can_be_made_too(tmp_path):
    points = toy.Points(toy.ring(100, torch.Generator().manual_seed(0)))
    config = TrainConfig(latent=2, batch=8)
    players = models.points.Generator(), models.points.Discriminator()
    trainer = saved(Trainer(*players, points, config, "cpu"), tmp_path)
    generator = load_generator(tmp_path)
    assert generator.shape == (2,)
    assert same(generate(generator, 5, seed=0), trainer.generate(5, seed=0))


def test_a_generator_of_your_own_is_refused(images, tmp_path):
    class Own(models.dcgan.Generator):
        pass

    config = TrainConfig(width=4, latent=6, batch=8)
    _, discriminator = networks(config, images)
    own = Own(size=16, latent=6, width=4)
    saved(Trainer(own, discriminator, images, config, "cpu"), tmp_path)
    with pytest.raises(CheckpointError, match="holds a generator of your own"):
        load_generator(tmp_path)


class To(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Conv2d(1, 1, 3, padding=1)

    def forward(self, x):
        return self.layer(x).tanh()


class Judge(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(256, 1)

    def forward(self, x):
        return self.layer(x.flatten(1)).squeeze(1)


def test_another_game_has_no_generator_for_this(images, tmp_path):
    game = TranslationGame(TranslationConfig(batch=4))
    players = [To(), To(), Judge(), Judge()]
    named = dict(zip(game.network_names, players, strict=True))
    GameTrainer(game, named, {"a": images, "b": images}, "cpu").save(tmp_path)
    with pytest.raises(CheckpointError, match="is of the game 'translation', this is 'pictures'"):
        load_generator(tmp_path)


def test_a_damaged_checkpoint_is_refused(make, tmp_path):
    trainer = saved(make(), tmp_path)
    file = trainer.save(tmp_path)
    content = bytearray(file.read_bytes())
    content[-9] ^= 1
    file.write_bytes(content)
    with pytest.raises(CheckpointError, match="is damaged"):
        load_generator(file)


def test_parts_are_the_whole(make, tmp_path, monkeypatch):
    saved(make(), tmp_path)
    generator = load_generator(tmp_path)
    whole = generate(generator, 11, seed=2)
    monkeypatch.setattr("gan_lessons.train.deliver.CHUNK", 4)
    z, labels = draw(generator, 11, seed=2)
    parts = [*decoded(generator, z, labels)]
    assert [len(part) for part in parts] == [4, 4, 3]
    assert torch.allclose(torch.cat(parts), whole, atol=1e-6)


def test_truncation_cuts_latents_off(make, tmp_path):
    saved(make(), tmp_path)
    generator = load_generator(tmp_path)
    z, _ = draw(generator, 500, seed=0, truncation=0.5)
    assert z.abs().max() <= 0.5
    assert z.std() > 0.2


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"n": 0}, "n must be a whole number of at least 1, got 0"),
        ({"n": 10**12}, "would hold"),
        ({"n": 2, "seed": 1.5}, "seed must be a whole number"),
        ({"n": 2, "truncation": -1}, "truncation must be a finite number above 0, got -1"),
        ({"n": 2, "labels": torch.zeros(2).long()}, "takes no labels"),
    ],
)
def test_wrong_arguments(make, tmp_path, wrong, message):
    saved(make(), tmp_path)
    generator = load_generator(tmp_path)
    with pytest.raises(ValueError, match=message):
        generate(generator, **wrong)


def test_only_what_was_loaded_can_be_exported(tmp_path):
    for write in (to_torch, to_onnx):
        with pytest.raises(ValueError, match="generator must be a Delivered, got Linear"):
            write(nn.Linear(2, 2), tmp_path / "a")
    assert not [*tmp_path.iterdir()]


def test_facts_are_plain_data(make, tmp_path):
    import json

    saved(make(), tmp_path)
    told = facts(load_generator(tmp_path))
    assert json.loads(json.dumps(told)) == told
    assert models.rebuild(told["description"])
