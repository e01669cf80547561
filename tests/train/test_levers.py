"""Levers change the time of a step, and its result by rounding at most."""

import json
from dataclasses import asdict, fields, replace

import pytest
import torch

from gan_lessons.train import CheckpointError, Levers, TrainConfig, Trainer, fastest, networks
from gan_lessons.train import levers as module

CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
EXACT = [field.name for field in fields(Levers) if field.default is True]
SETTINGS = {
    "dcgan": {},
    "residual": {"network": "modern", "loss": "rpgan", "penalty": "r1r2", "gamma": 0.1},
    "r1": {"network": "mlp", "penalty": "r1", "gamma": 0.1, "penalty_every": 2},
    "r2": {"network": "mlp", "penalty": "r2", "gamma": 0.1, "loss": "hinge"},
    "again": {"network": "modern", "loss": "rpgan", "fresh": False},
    "labels": {"network": "modern", "conditional": True, "penalty": "r1r2", "gamma": 0.1},
    "fading": {"network": "mlp", "instance_noise": 0.3, "schedule_steps": 9, "penalty": "r1"}
    | {"gamma": 0.2, "gamma_final": 0.1, "learning_rate_final": 0.5},
}


@pytest.fixture
def pair(images):
    """Two trainers alike but for the levers, after some steps."""
    labelled = replace(images, labels=torch.arange(50) % 3, classes=("a", "b", "c"))

    def made(settings: dict, one: Levers, two: Levers, steps: int = 4, devices=("cpu", "cpu")):
        config = TrainConfig(**{"width": 4, "latent": 6, "batch": 8, **settings})
        return [
            Trainer(*networks(config, labelled), labelled, config, device, levers).fit(steps)
            for device, levers in zip(devices, (one, two), strict=True)
        ]

    return made


def assert_alike(one: Trainer, two: Trainer, rtol: float, atol: float) -> None:
    for player in ("generator", "discriminator"):
        networks = getattr(one, player), getattr(two, player)
        for a, b in zip(*(network.parameters() for network in networks), strict=True):
            torch.testing.assert_close(a.cpu(), b.cpu(), rtol=rtol, atol=atol)
    for losses in ("discriminator_loss", "generator_loss"):
        a, b = getattr(one.history, losses), getattr(two.history, losses)
        assert a == pytest.approx(b, rel=max(rtol, 1e-4), abs=1e-5)


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("lever", EXACT)
def test_without_it_the_same_step_is_taken(pair, lever, settings):
    # Adam divides by the size of the gradient: where that is all but 0, rounding decides a step's
    # direction. A large epsilon cannot be set here, so a step may differ by a share of 2e-4.
    assert_alike(*pair(SETTINGS[settings], Levers(), Levers(**{lever: False})), 1e-3, 1e-4)


@pytest.mark.parametrize("settings", SETTINGS)
def test_bfloat16_is_close_to_float32(pair, settings):
    one, two = pair(SETTINGS[settings], Levers(), Levers(bfloat16=True), steps=1)
    for losses in ("discriminator_loss", "generator_loss"):
        a, b = getattr(one.history, losses), getattr(two.history, losses)
        assert a == pytest.approx(b, rel=0.03)
        assert a != b
    assert all(p.dtype == torch.float32 for p in two.generator.parameters())


def test_without_freezing_the_generators_turn_reaches_the_discriminator(make):
    trainer = make(Levers(freeze=False), network="mlp")
    trainer._update_generator(trainer.real.draw(8))
    assert all(p.grad is not None for p in trainer.discriminator.parameters())


def passes(trainer: Trainer) -> int:
    """How many times the discriminator is called in one update of its own."""
    calls = []
    trainer.discriminator.register_forward_hook(lambda *_: calls.append(1))
    trainer._update_discriminator(trainer.real.draw(8), 0)
    return len(calls)


@pytest.mark.parametrize(
    ("settings", "levers", "expected"),
    [
        ({}, {}, 2),  # batch norm
        ({"norm": False}, {}, 1),
        ({"norm": False}, {"one_pass": False}, 2),
        ({"norm": False, "penalty": "r1r2", "gamma": 1.0}, {}, 1),
        ({"norm": False, "penalty": "r1r2", "gamma": 1.0}, {"one_pass": False}, 2),
        ({"norm": False, "penalty": "r1r2", "gamma": 1.0}, {"shared_pass": False}, 3),
        ({"norm": False, "penalty": "r1r2", "gamma": 1.0}, {"bfloat16": True}, 3),
        ({"norm": False, "penalty": "r1", "gamma": 1.0}, {}, 2),
        ({"norm": False, "penalty": "wgan-gp", "gamma": 1.0}, {}, 2),
    ],
)
def test_passes_are_saved(make, settings, levers, expected):
    assert passes(make(Levers(**levers), **settings)) == expected


def test_the_generators_turn_judges_the_same_fakes_again_where_asked(make):
    trainer = make(fresh=False)
    calls = []
    trainer.generator.register_forward_hook(lambda _, z, fake: calls.append(fake))
    trainer.step()
    assert len(calls) == 1
    assert trainer.game.shown is calls[0] or torch.equal(trainer.game.shown, calls[0])
    fresh = make()
    fresh.generator.register_forward_hook(lambda _, z, fake: calls.append(fake))
    fresh.step()
    assert len(calls) == 3


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_LESSONS_CACHE", str(tmp_path))
    return tmp_path / "levers.json"


SMALL = TrainConfig(width=4, latent=6, batch=8)


def test_the_fastest_is_measured_once_and_said(images, cache, capsys, monkeypatch):
    torch.manual_seed(0)
    state = torch.get_rng_state()
    first = fastest(SMALL, images, "cpu")
    assert torch.equal(state, torch.get_rng_state())
    assert " ms here with " in capsys.readouterr().out
    measured = json.loads(cache.read_text())
    assert [len(times) for times in measured.values()] == [4]
    monkeypatch.setattr(module, "_measure", None)  # a second measuring would fail
    assert fastest(replace(SMALL, seed=5, learning_rate_g=1e-5), images, "cpu") == first


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([1.0, 2.0, 0.5, 3.0], Levers(bfloat16=True)),
        ([1.0, 0.9, 0.95, 3.0], Levers(channels_last=False)),
        ([1.0, 0.98, 0.99, 0.98], Levers()),  # no more than noise
    ],
)
def test_the_fastest_is_chosen_by_what_was_measured(images, cache, monkeypatch, times, expected):
    monkeypatch.setattr(module, "_measure", lambda *_: times)
    assert fastest(SMALL, images, "cpu", say=False) == expected


@pytest.mark.parametrize("content", ["", "{", "[1]"])
def test_a_damaged_cache_is_measured_anew(images, cache, monkeypatch, content):
    cache.write_text(content)
    monkeypatch.setattr(module, "_measure", lambda *_: [1.0, 2.0, 3.0, 0.1])
    assert fastest(SMALL, images, "cpu", say=False) == Levers(channels_last=False, bfloat16=True)


def test_a_slow_candidate_is_dropped_after_a_round(images, monkeypatch):
    steps = {True: 0, False: 0}

    def step(trainer):
        steps[trainer.levers.bfloat16] += 1
        now[0] += 1.0 if trainer.levers.bfloat16 else 0.1

    now = [0.0]
    monkeypatch.setattr(Trainer, "step", step)
    monkeypatch.setattr(module.time, "perf_counter", lambda: now[0])
    candidates = [Levers(), Levers(bfloat16=True)]
    times = module._measure(candidates, SMALL, images, torch.device("cpu"))
    assert times == pytest.approx([0.1, 1.0])
    assert steps == {False: 12, True: 4}


def test_a_checkpoint_keeps_the_levers(make, images, tmp_path):
    levers = Levers(channels_last=False, bfloat16=True)
    make(levers).fit(2).save(tmp_path)
    assert Trainer.resume(tmp_path, images, device="cpu").levers == levers


def test_unknown_levers_are_refused(make, images, tmp_path):
    with pytest.raises(ValueError, match="unknown lever 'turbo'; known are data_on_device"):
        Levers.from_dict(asdict(Levers()) | {"turbo": True})
    with pytest.raises(ValueError, match="bfloat16 must be True or False, got 1"):
        Levers(bfloat16=1)
    with pytest.raises(ValueError, match="needs a CUDA device, this is cpu"):
        make(Levers(graph=True))


@CUDA
@pytest.mark.parametrize("settings", SETTINGS)
def test_a_recorded_step_is_the_plain_step(pair, settings):
    devices = ("cuda", "cuda")
    one, two = pair(SETTINGS[settings], Levers(), Levers(graph=True), 12, devices)
    assert two._recorded.graphs
    assert_alike(one, two, 1e-3, 1e-4)


@CUDA
def test_a_recorded_step_needs_the_pictures_beside_it(images):
    config = TrainConfig(width=4, latent=6, batch=8)
    levers = Levers(graph=True, data_on_device=False)
    with pytest.raises(ValueError, match="it needs data_on_device"):
        Trainer(*networks(config, images), images, config, "cuda", levers)


@CUDA
def test_a_recorded_training_is_saved_and_goes_on(images, tmp_path):
    config = TrainConfig(width=4, latent=6, batch=8, ema_half_life=100.0)
    trainers = [
        Trainer(*networks(config, images), images, config, "cuda", Levers(graph=True))
        for _ in range(2)
    ]
    whole, half = trainers[0].fit(20), trainers[1].fit(10)
    half.save(tmp_path)
    again = Trainer.resume(tmp_path, images, device="cuda").fit(10)
    assert again.levers.graph
    assert_alike(whole, again, 1e-3, 1e-4)
    assert not Trainer.resume(tmp_path, images, device="cpu").levers.graph


@CUDA
@pytest.mark.parametrize("settings", ["dcgan", "residual"])
def test_a_gpu_takes_the_step_of_a_cpu(images, settings):
    """Their random numbers differ, so both are given the same."""
    config = TrainConfig(**{"width": 4, "latent": 6, "batch": 8, **SETTINGS[settings]})
    found = []
    for device in ("cpu", "cuda"):
        trainer = Trainer(*networks(config, images), images, config, device)
        rng = torch.Generator().manual_seed(1)
        trainer.game.chance.normal = lambda n, *shape, rng=rng, to=device: torch.randn(
            n, *shape, generator=rng
        ).to(to)
        trainer.real.draw = lambda n, to=device: torch.arange(n, device=to)
        trainer.step()
        found.append(trainer)
    assert_alike(*found, 1e-2, 1e-3)


def test_the_error_names_the_checkpoint_with_unknown_levers(make, images, tmp_path, monkeypatch):
    monkeypatch.setattr("gan_lessons.train.checkpoint.asdict", lambda _: {"turbo": True})
    make().fit(1).save(tmp_path)
    with pytest.raises(CheckpointError, match="unknown lever 'turbo'"):
        Trainer.resume(tmp_path, images, device="cpu")
