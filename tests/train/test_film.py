"""The film of a training: its scenes, its file, and what it costs."""

import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from gan_lessons.data.glyphs import glyphs
from gan_lessons.data.images import to_uint8
from gan_lessons.train import TrainConfig, Trainer, film, networks
from gan_lessons.train.film import Film


def trainer_of(**settings) -> Trainer:
    images = glyphs(80, seed=0, size=16)
    config = TrainConfig(width=8, latent=6, batch=16, **settings)
    return Trainer(*networks(config, images), images, config, "cpu")


@pytest.fixture(autouse=True)
def no_rest(monkeypatch):
    monkeypatch.setattr(film, "SHORTEST_REST", 0.0)
    monkeypatch.setattr(film, "REST", 0)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"conditional": True},
        {"pack": 2},
        {"ema_half_life": 50.0},
        {"loss": "rpgan"},
    ],
    ids=str,
)
def test_a_scene_is_what_the_networks_say_at_its_step(settings):
    trainer, own = trainer_of(**settings), Film(8)
    trainer.fit(1, own)
    trainer.fit(4, own)
    last = own.scenes[-1]
    assert (own.scenes[0].step, last.step) == (0, 5)
    assert torch.equal(last.pictures, to_uint8(trainer.samples(8), clip=True).cpu())
    packs = 8 // settings.get("pack", 1)
    assert {name: tuple(x.shape) for name, x in last.logits.items()} == {
        "real": (packs,),
        "fake": (packs,),
    }
    discriminator = trainer.discriminator.eval()
    real = trainer.images.floats(slice(8))
    pack = settings.get("pack", 1)
    shown = real.reshape(packs, -1, 16, 16) if pack > 1 else real
    labels = (trainer.images.labels[:8],) if settings.get("conditional") else ()
    with torch.no_grad():
        assert_close(last.logits["real"], discriminator(shown, *labels))


def test_a_film_changes_nothing_in_the_training():
    plain, filmed = trainer_of(), trainer_of()
    plain.fit(5)
    filmed.fit(5, Film(4))
    for name, value in plain.state_dict().items():
        if isinstance(value, torch.Tensor) and name != "seconds":
            assert torch.equal(value, filmed.state_dict()[name]), name


def test_scenes_stay_few_and_about_equally_far_apart(monkeypatch):
    monkeypatch.setattr(film, "MOST_SCENES", 10)
    trainer, own = trainer_of(), Film(2)
    own.open(trainer.progress)
    for step in range(1, 501):
        own.update(replace(trainer.progress, step=step))
        assert len(own.scenes) <= 10
    steps = [scene.step for scene in own.scenes]
    gaps = np.diff(steps)
    assert steps[0] == 0
    assert steps[-1] > 400
    assert gaps.max() <= 4 * np.median(gaps)


def test_many_pictures_have_fewer_scenes(monkeypatch):
    monkeypatch.setattr(film, "MOST_BYTES", 6 * 8 * 16 * 16)
    trainer, own = trainer_of(), Film(8)
    own.open(trainer.progress)
    for step in range(1, 50):
        own.update(replace(trainer.progress, step=step))
    assert len(own.scenes) <= 6


def test_it_survives_its_file(tmp_path):
    trainer, own = trainer_of(), Film(4, tmp_path / "film.npz")
    trainer.fit(6, own)
    again = Film.load(tmp_path / "film.npz")
    assert again.samples == 4
    assert [each.step for each in again.scenes] == [each.step for each in own.scenes]
    for a, b in zip(again.scenes, own.scenes, strict=True):
        assert torch.equal(a.pictures, b.pictures)
        assert torch.equal(a.logits["fake"], b.logits["fake"])
    assert_close(
        torch.tensor(again.history.losses["generator"]),
        torch.tensor(trainer.history.generator_loss),
    )


def test_a_resumed_training_goes_on_with_its_film(tmp_path):
    trainer = trainer_of()
    trainer.fit(4, Film(4, tmp_path / "film.npz"), save_to=tmp_path)
    trainer.fit(3, Film(4, tmp_path / "film.npz"))  # was killed before its checkpoint
    again = Trainer.resume(tmp_path, trainer.images, device="cpu")
    own = Film(4, tmp_path / "film.npz")
    again.fit(2, own)
    steps = [each.step for each in Film.load(tmp_path / "film.npz").scenes]
    assert steps == sorted(set(steps))
    assert (steps[0], steps[-1]) == (0, 6)
    (tmp_path / "film.npz").write_bytes(b"PK damaged")
    again.fit(1, Film(4, tmp_path / "film.npz"))
    assert [each.step for each in Film.load(tmp_path / "film.npz").scenes] == [6, 7]


def test_a_film_is_of_one_run():
    own = Film(4)
    trainer_of().fit(6, own)
    other = trainer_of(seed=1)
    first = to_uint8(other.samples(4), clip=True).cpu()
    other.fit(3, own)
    assert torch.equal(own.scenes[0].pictures, first)
    assert own.scenes[-1].step == 3
    assert own.history is other.history


def test_what_is_not_finite_is_left_out():
    trainer, own = trainer_of(), Film(4)
    trainer.fit(2, own)
    with torch.no_grad():
        next(trainer.generator.parameters()).fill_(float("nan"))
    with pytest.raises(FloatingPointError):
        trainer.fit(2, own)
    assert own.scenes[-1].step == 2


@pytest.mark.parametrize("content", [b"", b"no film", b"PK\x03\x04 cut"])
def test_what_is_no_film_is_refused(tmp_path, content):
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.npz is no film of a training, or damaged"):
        Film.load(tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz", steps=np.arange(3))
    with pytest.raises(ValueError, match=r"b\.npz is no film of a training, or damaged"):
        Film.load(tmp_path / "b.npz")
    with pytest.raises(ValueError, match="the film is empty: nothing was trained"):
        Film().save(tmp_path / "c.npz")


def test_it_costs_less_than_three_per_cent(monkeypatch):
    monkeypatch.setattr(film, "SHORTEST_REST", 0.2)
    monkeypatch.setattr(film, "REST", 40)
    trainer, own = trainer_of(), Film(32)
    trainer.fit(1)
    own.open(trainer.progress)
    started = time.perf_counter()
    while time.perf_counter() - started < 4:
        trainer.step()
        own.update(trainer.progress)
    assert len(own.scenes) > 5
    assert own.cost < 0.03 * (time.perf_counter() - started)
