"""Compute options change the time of a step, and its result by rounding at most."""

import json
from dataclasses import asdict, fields, replace

import pytest
import torch

from gan_lessons.train import (
    CheckpointError,
    ComputeOptions,
    TrainConfig,
    Trainer,
    fastest,
    networks,
)
from gan_lessons.train import speed as module

CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
EXACT = [field.name for field in fields(ComputeOptions) if field.default is True]
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
    """Two trainers alike but for the compute, after some steps."""
    labelled = replace(images, labels=torch.arange(50) % 3, classes=("a", "b", "c"))

    def made(
        settings: dict,
        one: ComputeOptions,
        two: ComputeOptions,
        steps: int = 4,
        devices=("cpu", "cpu"),
    ):
        config = TrainConfig(**{"width": 4, "latent": 6, "batch": 8, **settings})
        return [
            Trainer(*networks(config, labelled), labelled, config, device, compute).fit(steps)
            for device, compute in zip(devices, (one, two), strict=True)
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
@pytest.mark.parametrize("option", EXACT)
def test_without_it_the_same_step_is_taken(pair, option, settings):
    # Adam divides by the size of the gradient: where that is all but 0, rounding decides a step's
    # direction. A large epsilon cannot be set here, so a step may differ by a share of 2e-4.
    assert_alike(
        *pair(SETTINGS[settings], ComputeOptions(), ComputeOptions(**{option: False})), 1e-3, 1e-4
    )


@pytest.mark.parametrize("settings", SETTINGS)
def test_bfloat16_is_close_to_float32(pair, settings):
    one, two = pair(SETTINGS[settings], ComputeOptions(), ComputeOptions(bfloat16=True), steps=1)
    for losses in ("discriminator_loss", "generator_loss"):
        a, b = getattr(one.history, losses), getattr(two.history, losses)
        assert a == pytest.approx(b, rel=0.03)
        assert a != b
    assert all(p.dtype == torch.float32 for p in two.generator.parameters())


def test_without_freezing_the_generators_turn_reaches_the_discriminator(make, play):
    trainer = make(ComputeOptions(freeze=False), network="mlp")
    play(trainer, "generator")
    assert all(p.grad is not None for p in trainer.discriminator.parameters())


def passes(trainer: Trainer) -> int:
    """How many times the discriminator is called in one update of its own."""
    calls = []
    trainer.discriminator.register_forward_hook(lambda *_: calls.append(1))
    turn, *_ = trainer.game.turns(0)
    trainer._play([turn], [trainer._draw()], trainer.game.values(0))
    return len(calls)


@pytest.mark.parametrize(
    ("settings", "compute", "expected"),
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
def test_passes_are_saved(make, settings, compute, expected):
    assert passes(make(ComputeOptions(**compute), **settings)) == expected


def test_the_generators_turn_judges_the_same_fakes_again_where_asked(make):
    trainer = make(fresh=False)
    calls = []
    trainer.generator.register_forward_hook(lambda _, z, fake: calls.append(fake))
    trainer.step()
    assert len(calls) == 1
    fresh = make()
    fresh.generator.register_forward_hook(lambda _, z, fake: calls.append(fake))
    fresh.step()
    assert len(calls) == 3


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_LESSONS_CACHE", str(tmp_path))
    return tmp_path / "compute.json"


SMALL = TrainConfig(width=4, latent=6, batch=8)


def test_the_fastest_is_measured_once_and_said(images, cache, capsys, monkeypatch):
    monkeypatch.setattr(module, "STEADY", float("inf"))  # however busy the machine is
    torch.manual_seed(0)
    state = torch.get_rng_state()
    first = fastest(SMALL, images, "cpu")
    assert torch.equal(state, torch.get_rng_state())
    assert " ms here with " in capsys.readouterr().out
    measured = json.loads(cache.read_text())
    assert [len(times) for times in measured.values()] == [6]
    monkeypatch.setattr(module, "_measure", None)  # a second measuring would fail
    assert fastest(replace(SMALL, seed=5, learning_rate_g=1e-5), images, "cpu") == first


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([1.0, 2.0, 3.0, 0.5, 2.0, 2.0], ComputeOptions(bfloat16=True)),
        ([1.0, 0.9, 2.0, 0.95, 3.0, 2.0], ComputeOptions(channels_last=False)),
        ([1.0, 2.0, 0.9, 3.0, 4.0, 2.0], ComputeOptions(products=False)),
        ([1.0, 0.98, 0.99, 0.98, 0.98, 0.98], ComputeOptions()),  # no more than noise
    ],
)
def test_the_fastest_is_chosen_by_what_was_measured(images, cache, monkeypatch, times, expected):
    monkeypatch.setattr(module, "_measure", lambda *_: (times, True))
    assert fastest(SMALL, images, "cpu", say=False) == expected


@pytest.mark.parametrize("content", ["", "{", "[1]"])
def test_a_damaged_cache_is_measured_anew(images, cache, monkeypatch, content):
    cache.write_text(content)
    monkeypatch.setattr(module, "_measure", lambda *_: ([1.0, 2.0, 3.0, 2.0, 0.1, 2.0], True))
    assert fastest(SMALL, images, "cpu", say=False) == ComputeOptions(
        channels_last=False, bfloat16=True
    )


def test_a_slow_candidate_is_dropped_after_a_round(images, monkeypatch):
    steps = {True: 0, False: 0}

    def step(trainer):
        steps[trainer.compute.bfloat16] += 1
        now[0] += 0.3 if trainer.compute.bfloat16 else 0.1

    now = [0.0]
    monkeypatch.setattr(Trainer, "step", step)
    monkeypatch.setattr(module.time, "perf_counter", lambda: now[0])
    candidates = [ComputeOptions(), ComputeOptions(bfloat16=True)]
    times, steady = module._measure(candidates, SMALL, images, torch.device("cpu"))
    assert times == pytest.approx([0.1, 0.3])
    assert steady
    assert steps == {False: 12, True: 4}


@pytest.mark.parametrize(
    ("seconds", "most"), [({False: 1.2, True: 9.0}, 30), ({False: 4.0, True: 50.0}, 40)]
)
def test_where_steps_are_long_little_is_tried(images, cache, monkeypatch, capsys, seconds, most):
    """Two rounds of what was begun in time; a first step that is hopeless is the last."""
    now, steps = [0.0], {True: 0, False: 0}

    def step(trainer):
        steps[trainer.compute.bfloat16] += 1
        now[0] += seconds[trainer.compute.bfloat16]

    monkeypatch.setattr(Trainer, "step", step)
    monkeypatch.setattr(module.time, "perf_counter", lambda: now[0])
    assert not fastest(SMALL, images, "cpu").bfloat16
    assert now[0] <= most
    assert steps[True] <= 1
    assert capsys.readouterr().out.startswith("measuring which way")
    assert len(json.loads(cache.read_text()).popitem()[1]) == 6
    assert not fastest(SMALL, images, "cpu").bfloat16  # as it was read again
    assert "measuring" not in capsys.readouterr().out


def test_a_checkpoint_keeps_the_compute_options(make, images, tmp_path):
    compute = ComputeOptions(channels_last=False, bfloat16=True)
    make(compute).fit(2).save(tmp_path)
    assert Trainer.resume(tmp_path, images, device="cpu").compute == compute


def test_unknown_compute_options_are_refused(make, images, tmp_path):
    with pytest.raises(
        ValueError, match="unknown compute option 'turbo': choose from data_on_device"
    ):
        ComputeOptions.from_dict(asdict(ComputeOptions()) | {"turbo": True})
    with pytest.raises(ValueError, match="bfloat16 must be True or False, got 1"):
        ComputeOptions(bfloat16=1)
    with pytest.raises(ValueError, match="needs a CUDA device, this is cpu"):
        make(ComputeOptions(graph=True))


@CUDA
@pytest.mark.parametrize("settings", SETTINGS)
def test_a_recorded_step_is_the_plain_step(pair, settings):
    devices = ("cuda", "cuda")
    one, two = pair(SETTINGS[settings], ComputeOptions(), ComputeOptions(graph=True), 12, devices)
    assert two._recorded.graphs
    assert_alike(one, two, 1e-3, 1e-4)


@CUDA
def test_a_recorded_step_needs_the_pictures_beside_it(images):
    config = TrainConfig(width=4, latent=6, batch=8)
    compute = ComputeOptions(graph=True, data_on_device=False)
    with pytest.raises(ValueError, match="it needs data_on_device"):
        Trainer(*networks(config, images), images, config, "cuda", compute)


@CUDA
def test_a_recorded_training_is_saved_and_goes_on(images, tmp_path):
    config = TrainConfig(width=4, latent=6, batch=8, ema_half_life=100.0)
    trainers = [
        Trainer(*networks(config, images), images, config, "cuda", ComputeOptions(graph=True))
        for _ in range(2)
    ]
    whole, half = trainers[0].fit(20), trainers[1].fit(10)
    half.save(tmp_path)
    again = Trainer.resume(tmp_path, images, device="cuda").fit(10)
    assert again.compute.graph
    assert_alike(whole, again, 1e-3, 1e-4)
    assert not Trainer.resume(tmp_path, images, device="cpu").compute.graph


@CUDA
@pytest.mark.parametrize("settings", ["dcgan", "residual"])
def test_a_gpu_takes_the_step_of_a_cpu(images, settings):
    """Their random numbers differ, so both are given the same."""
    config = TrainConfig(**{"width": 4, "latent": 6, "batch": 8, **SETTINGS[settings]})
    found = []
    for device in ("cpu", "cuda"):
        trainer = Trainer(*networks(config, images), images, config, device)
        rng = torch.Generator().manual_seed(1)
        trainer.random.normal = lambda n, *shape, rng=rng, to=device: torch.randn(
            n, *shape, generator=rng
        ).to(to)
        trainer.samplers["real"].draw = lambda n, to=device: torch.arange(n, device=to)
        trainer.step()
        found.append(trainer)
    assert_alike(*found, 1e-2, 1e-3)


def test_the_error_names_the_checkpoint_with_unknown_compute_options(
    make, images, tmp_path, monkeypatch
):
    monkeypatch.setattr("gan_lessons.train.trainer.asdict", lambda _: {"turbo": True})
    make().fit(1).save(tmp_path)
    with pytest.raises(CheckpointError, match="unknown compute option 'turbo'"):
        Trainer.resume(tmp_path, images, device="cpu")


@pytest.mark.parametrize("settings", [{}, {"label_smoothing": 0.1}])
def test_bfloat16_adds_up_the_gradients_of_two_passes_in_float32(make, play, settings):
    """D with batch norm runs twice, and its gradient is the sum of what the two passes give."""
    trainer = make(ComputeOptions(bfloat16=True), **settings)
    trainer.optimisers["discriminator"] = torch.optim.SGD(trainer.discriminator.parameters(), 1e-9)
    play(trainer, "discriminator")
    bf16 = [
        torch.equal(p.grad, p.grad.bfloat16().float()) for p in trainer.discriminator.parameters()
    ]
    assert not all(bf16)  # sums in bfloat16 would all be numbers of bfloat16


@CUDA
def test_a_state_loaded_into_a_recorded_training_is_what_goes_on(images):
    config = TrainConfig(width=4, latent=6, batch=8)
    one, two = (
        Trainer(*networks(config, images), images, config, "cuda", ComputeOptions(graph=True))
        for _ in range(2)
    )
    one.fit(12)
    two.fit(8)
    copied = {n: v.clone() if torch.is_tensor(v) else v for n, v in two.state_dict().items()}
    one.load_state_dict(copied)
    assert_alike(one.fit(6), two.fit(6), 1e-3, 1e-4)


@pytest.mark.parametrize(("busy", "cached"), [(1, True), (99, False)])
def test_a_disturbed_measurement_is_repeated_and_never_kept(
    images, cache, monkeypatch, capsys, busy, cached
):
    """The first `busy` steps of the second round take four times as long."""
    taken, now = [0], [0.0]

    def step(trainer):
        taken[0] += 1
        slow = 24 < taken[0] <= 48 * busy and taken[0] % 48 > 24
        now[0] += 0.4 if slow else 0.1

    monkeypatch.setattr(Trainer, "step", step)
    monkeypatch.setattr(module.time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(module, "LONG", float("inf"))
    assert fastest(SMALL, images, "cpu") == ComputeOptions()
    assert cache.exists() == cached
    printed = capsys.readouterr().out
    assert "a step takes 100.0 ms here" in printed
    assert ("measured again at the next run" in printed) != cached


def test_a_measurement_that_training_belies_is_forgotten(images, cache, monkeypatch):
    monkeypatch.setattr(module, "_measure", lambda *_: ([0.2, 0.3, 0.4, 0.5, 0.6, 0.7], True))
    fastest(SMALL, images, "cpu", say=False)
    for seconds, kept in ((0.9, True), (0.15, True), (0.1, False)):
        module.forget_if_slow(SMALL, images, torch.device("cpu"), seconds)
        assert bool(json.loads(cache.read_text())) == kept
