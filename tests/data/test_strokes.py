"""Outlines of letters: in order, evenly spaced, closed, and reproducible."""

import pytest
import torch

from gan_lessons.data.strokes import LETTERS, outline, strokes


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("letter", "CLSZTI")
@pytest.mark.parametrize("points", [24, 200])
def test_an_outline_is_closed_and_evenly_spaced(letter, points):
    line = outline(letter, points)
    assert line.shape == (points, 2)
    assert line.dtype == torch.float32
    assert line.abs().max() <= 1
    steps = (line.roll(-1, 0) - line).norm(dim=1)  # the last one leads back to the first point
    # A chord across a corner is shorter than the way around it; none is longer.
    assert steps.max() < 1.02 * steps.median()
    assert (steps > 0.97 * steps.max()).float().mean() > 0.5


def test_points_are_in_order_along_the_line():
    fine, coarse = outline("S", 400), outline("S", 40)
    nearest = torch.cdist(coarse, fine).argmin(1)
    assert torch.equal(nearest, torch.arange(40) * 10)


def test_capitals_have_one_height_and_are_centred():
    for letter in "LTIZ":
        line = outline(letter, 2000)
        low, high = line.amin(0), line.amax(0)
        torch.testing.assert_close(low + high, torch.zeros(2), atol=2e-3, rtol=0)
        assert abs((high - low)[1].item() - 1.3) < 5e-3


def test_sequences_are_padded_and_reproducible():
    drawn, again, other = (strokes(500, rng(seed)) for seed in (0, 0, 1))
    assert drawn.points.shape == (500, 24, 2)
    assert torch.equal(drawn.points, again.points)
    assert not torch.equal(drawn.points, other.points)
    assert set(drawn.lengths.tolist()) == set(range(16, 25))
    assert set(drawn.labels.tolist()) == set(range(len(LETTERS)))
    runs = torch.arange(24) < drawn.lengths[:, None]
    assert (drawn.points[~runs] == 0).all()
    assert (drawn.points[runs].norm(dim=1) > 0).all()
    assert drawn.points.abs().max() <= 1
    assert repr(drawn) == "Strokes(CLSZ: 500 of 16 to 24 points)"


def test_each_sequence_is_an_affine_image_of_its_outline():
    drawn = strokes(50, rng(), "LS", shortest=18, longest=20)
    for points, length, label in zip(drawn.points, drawn.lengths, drawn.labels, strict=True):
        line = outline("LS"[label], int(length))
        map_ = torch.linalg.lstsq(line, points[:length]).solution
        torch.testing.assert_close(line @ map_, points[:length], atol=1e-5, rtol=0)
        assert 0.6 < torch.linalg.det(map_) < 1.6
    maps = drawn.points[:, :18]
    assert maps.std(0).max() > 0.02  # and no two maps are alike


def test_one_length_and_one_letter():
    drawn = strokes(3, rng(), "I", shortest=5, longest=5)
    assert drawn.points.shape == (3, 5, 2)
    assert drawn.lengths.tolist() == [5, 5, 5]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"letters": "LA"}, "one closed line, got 'A' with 2"),
        ({"letters": "i"}, "one closed line, got 'i' with 2"),
        ({"letters": " "}, "one visible ASCII character, got ' '"),
        ({"letters": "é"}, "one visible ASCII character, got 'é'"),
        ({"letters": ""}, "at least one letter"),
        ({"n": 0}, "n must be"),
        ({"shortest": 2}, "shortest must be"),
        ({"shortest": 25}, "shortest must be"),
        ({"longest": 10**6}, "longest must be"),
    ],
)
def test_what_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        strokes(**({"n": 3, "generator": rng()} | arguments))
    with pytest.raises(ValueError, match="one visible ASCII character, got 'LS'"):
        outline("LS", 10)
    with pytest.raises(ValueError, match="generator must be"):
        strokes(3, 0)
