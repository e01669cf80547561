"""Cards: what is drawn can be read, and agreement is counted exactly."""

import math

import pytest
import torch

from gan_lessons.data import marks


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def card(first: int, second: int, seed: int = 0) -> torch.Tensor:
    """One card with these two shapes, picked from drawn ones."""
    pictures = marks.cards(2000, rng(seed), agree=False)
    kinds, _ = marks.read(pictures)
    return pictures[(kinds == torch.tensor([first, second])).all(1)][:1]


def test_shapes_are_far_apart():
    shapes = marks.shapes()
    assert shapes.shape == (len(marks.NAMES), 5, 5)
    assert set(shapes.unique().tolist()) == {-1, 1}
    apart = (shapes[:, None] != shapes).sum((2, 3)) + 99 * torch.eye(8)
    assert apart.min() == 7
    assert apart.min() / 2 > marks.LIMIT


def test_cards_agree_or_not_and_repeat():
    for agree in (True, False):
        pictures = marks.cards(500, rng(1), agree)
        assert pictures.shape == (500, 1, 24, 24)
        assert pictures.dtype == torch.float32
        assert torch.equal(pictures, marks.cards(500, rng(1), agree))
        assert not torch.equal(pictures, marks.cards(500, rng(2), agree))
        outside = pictures.clone()
        outside[:, :, :5, :5] = outside[:, :, -5:, -5:] = -1
        assert (outside == -1).all()
    assert len(marks.cards(2000, rng()).unique(dim=0)) == 8
    assert len(marks.cards(4000, rng(), agree=False).unique(dim=0)) == 64


def test_what_was_drawn_is_read():
    pictures = marks.cards(400, rng(), agree=False)
    kinds, errors = marks.read(pictures)
    assert torch.equal(errors, torch.zeros(400, 2))
    assert torch.equal(marks.shapes()[kinds], marks.corners(pictures))
    noisy = (pictures + 0.3 * torch.randn(pictures.shape, generator=rng(3))).clamp(-1, 1)
    again, errors = marks.read(noisy)
    assert torch.equal(again, kinds)
    assert (errors > 0).all()


def test_one_wrong_pixel_is_an_error_of_one():
    picture = card(0, 1)
    picture[0, 0, 2, 2] *= -1
    kinds, errors = marks.read(picture)
    assert kinds.tolist() == [[0, 1]]
    assert errors.tolist() == [[1, 0]]
    picture[0, 0, -1, -1] *= -1
    picture[0, 0, -1, -2] *= -1
    assert marks.read(picture)[1].tolist() == [[1, 2]]
    assert marks.report(picture, limit=1.9).readable == 0
    assert marks.report(picture, limit=2).readable == 1


def test_agreement_beyond_chance():
    true = marks.report(marks.cards(4000, rng()))
    assert (true.readable, true.agree, true.kappa, true.kinds) == (1, 1, 1, 8)
    assert true.chance == pytest.approx(1 / 8, abs=0.005)
    loose = marks.report(marks.cards(4000, rng(), agree=False))
    assert loose.agree == pytest.approx(1 / 8, abs=0.02)
    assert abs(loose.kappa) < 0.03
    same = marks.report(card(3, 3).expand(50, -1, -1, -1))
    assert (same.agree, same.chance, same.kappa, same.kinds) == (1, 1, 0, 1)
    never = marks.report(torch.cat([card(0, 1), card(1, 0)]))
    assert (never.agree, never.chance, never.kappa) == (0, 0.5, -1)
    assert "100% readable, 100% agree" in str(true)


def test_unreadable_cards_count_for_nothing():
    half = torch.cat([marks.cards(10, rng()), torch.zeros(30, 1, 24, 24)])
    found = marks.report(half)
    assert found.readable == 0.25
    assert found.agree == 1
    nothing = marks.report(torch.zeros(5, 1, 24, 24))
    assert nothing.readable == nothing.kinds == 0
    assert math.isnan(nothing.agree)
    assert math.isnan(nothing.kappa)
    assert marks.report(torch.zeros(0, 1, 24, 24)).readable == 0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: marks.cards(-1, rng()), "n must be a whole number from 0 to 1048576, got -1"),
        (lambda: marks.cards(1, rng(), 1), "agree must be True or False, got 1"),
        (lambda: marks.cards(1, None), "generator must be a Generator, got None"),
        (lambda: marks.read(torch.zeros(1, 24, 24)), r"pictures must be \(N, 1, 24, 24\), got"),
        (lambda: marks.report(torch.zeros(1, 1, 28, 28)), r"got \(1, 1, 28, 28\)"),
        (lambda: marks.report(torch.zeros(1, 1, 24, 24), 26), "limit must be .* from 0 to 25"),
    ],
)
def test_what_is_wrong_is_said(call, words):
    with pytest.raises(ValueError, match=words):
        call()
