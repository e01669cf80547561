import math

import pytest
import torch
from torch.nn import functional as F

from gan_lessons.losses import LOSSES
from gan_lessons.train import TrainConfig
from gan_lessons.train.ranks import Ranks
from gan_lessons.train.remedies import AUGMENTATIONS, augmented, noisy, packed
from gan_lessons.train.schedule import cosine
from gan_lessons.train.shared_random import SharedRandom


@pytest.fixture
def random() -> SharedRandom:
    return SharedRandom(torch.Generator().manual_seed(0), Ranks())


def test_noise_has_its_deviation(random):
    x = torch.ones(200, 1, 16, 16)
    added = noisy(x, 0.3, random) - x
    assert added.std().item() == pytest.approx(0.3, rel=0.02)
    assert abs(added.mean().item()) < 0.01
    assert torch.equal(noisy(x, 0.0, random), x)


def test_packing_puts_neighbours_into_channels():
    x = torch.arange(6.0).view(6, 1, 1, 1)
    assert packed(x, 3).flatten(1).tolist() == [[0, 1, 2], [3, 4, 5]]
    colours = torch.randn(4, 3, 5, 5)
    assert torch.equal(packed(colours, 2)[1, 3:], colours[3])
    assert packed(x, 1) is x


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_gradients_pass_through_and_pictures_differ(random, name):
    x = torch.randn(16, 3, 16, 16, requires_grad=True)
    y = augmented(x, name, random)
    assert y.shape == x.shape
    assert not torch.equal(y, x)
    y.square().sum().backward()
    assert x.grad.abs().sum() > 0
    again = SharedRandom(torch.Generator().manual_seed(0), Ranks())
    assert torch.equal(augmented(x, name, again), y)


def test_augmentations_follow_each_other(random):
    x = torch.randn(8, 3, 16, 16)
    both = augmented(
        x, "translation, cutout", SharedRandom(torch.Generator().manual_seed(1), Ranks())
    )
    same = SharedRandom(torch.Generator().manual_seed(1), Ranks())
    assert torch.equal(both, augmented(augmented(x, "translation", same), "cutout", same))
    assert augmented(x, "", random) is x


def test_translation_moves_by_whole_pixels_and_brings_in_zeros(random):
    x = torch.rand(400, 2, 16, 24) + 1  # no zeros of its own
    moves = set()
    for before, after in zip(x, AUGMENTATIONS["translation"](x, random), strict=True):
        found = [
            (dy, dx)
            for dy in range(-2, 3)
            for dx in range(-3, 4)
            if torch.equal(moved(before, dy, dx), after)
        ]
        assert len(found) == 1
        moves.add(found[0])
    assert {dy for dy, _ in moves} == {-2, -1, 0, 1, 2}
    assert {dx for _, dx in moves} == {-3, -2, -1, 0, 1, 2, 3}


@pytest.mark.parametrize("side", [1, 2, 3, 4, 5, 7, 8, 11, 12, 13, 16, 20, 24, 27, 28, 36, 44, 60])
def test_translation_reaches_as_far_as_in_the_papers_code(side):
    random = SharedRandom(torch.Generator().manual_seed(0), Ranks())
    far = int(side * 0.125 + 0.5)  # DiffAugment's rand_translation
    x = torch.arange(1.0, side + 1).view(1, 1, side, 1).expand(600, 1, side, 5)
    y = AUGMENTATIONS["translation"](x, random)[:, 0, :, 2]  # (600, side)
    row = side // 2
    shifts = (row + 1 - y[:, row]).int().tolist()  # which row has come there
    assert set(shifts) == set(range(-far, far + 1))


@pytest.mark.parametrize("side", [2, 3, 5, 8, 13, 27, 28])
def test_cutout_is_as_large_as_in_the_papers_code(side):
    random = SharedRandom(torch.Generator().manual_seed(0), Ranks())
    y = AUGMENTATIONS["cutout"](torch.ones(600, 1, side, side), random)[:, 0]
    sides = [(picture == 0).any(axis).sum().item() for picture in y for axis in (0, 1)]
    assert max(sides) == int(side * 0.5 + 0.5)  # DiffAugment's rand_cutout


def moved(x, dy, dx):
    return F.pad(x, (max(dx, 0), max(-dx, 0), max(dy, 0), max(-dy, 0)))[
        :, max(-dy, 0) : max(-dy, 0) + x.shape[1], max(-dx, 0) : max(-dx, 0) + x.shape[2]
    ]


def test_cutout_sets_one_rectangle_to_zero(random):
    x = torch.ones(500, 1, 16, 16)
    y = AUGMENTATIONS["cutout"](x, random)
    for picture in y[:, 0]:
        rows, columns = (picture == 0).nonzero().unbind(1)
        tall, wide = rows.max() - rows.min() + 1, columns.max() - columns.min() + 1
        assert (picture == 0).sum() == tall * wide  # nothing but a rectangle
        assert 4 <= tall <= 8
        assert 4 <= wide <= 8
    cut = (y == 0).float().mean(0)[0]
    assert cut.min() > 0.05  # every place is cut now and then
    assert cut[8, 8] > cut[0, 0]
    torch.testing.assert_close(cut, cut.flip(0, 1), atol=0.09, rtol=0)


def test_colour_changes_pictures_with_colour_only(random):
    grey = torch.rand(4, 1, 8, 8)
    assert AUGMENTATIONS["colour"](grey, random) is grey
    x = torch.rand(2000, 3, 4, 4)
    y = AUGMENTATIONS["colour"](x, random)
    brighter = y.mean((1, 2, 3)) - x.mean((1, 2, 3))
    assert -0.5 <= brighter.min() < -0.4
    assert 0.4 < brighter.max() <= 0.5
    flat = torch.full((1000, 3, 4, 4), 0.25)
    assert AUGMENTATIONS["colour"](flat, random).flatten(1).std(1).max() < 1e-6


def test_an_unknown_augmentation_lists_the_known():
    with pytest.raises(ValueError, match="unknown augmentation 'flip': choose from colour, transl"):
        TrainConfig(augment="cutout,flip")


def test_smoothing_is_the_cross_entropy_of_a_smoothed_target():
    real, fake = torch.randn(2, 50, dtype=torch.float64)
    smoothed = LOSSES["nonsaturating"].discriminator(real, fake) + 0.1 * real.mean()
    ce = F.binary_cross_entropy_with_logits
    by_hand = ce(real, torch.full_like(real, 0.9)) + ce(fake, torch.zeros_like(fake))
    torch.testing.assert_close(smoothed, by_hand)


def test_the_cosine_goes_from_first_to_last():
    assert [cosine(step, 10, 2.0, 1.0) for step in (0, 10, 25)] == [2.0, 1.0, 1.0]
    assert cosine(5, 10, 2.0, 1.0) == pytest.approx(1.5)
    assert cosine(2, 10, 1.0, 0.0) == pytest.approx((1 + math.cos(math.pi / 5)) / 2)
    assert cosine(7, 0, 3.0, 1.0) == 3.0


class Rank(Ranks):
    """One of several, without the others."""

    def __init__(self, rank: int, size: int):
        self.rank, self.size, self.first = rank, size, rank == 0


@pytest.mark.parametrize("draw", ["normal", "uniform", "integers"])
def test_processes_share_what_one_would_draw(draw):
    def drawn(rank, size):
        random = SharedRandom(torch.Generator().manual_seed(3), Rank(rank, size))
        low_high = (0, 9) if draw == "integers" else ()
        first = getattr(random, draw)(*low_high, 12 // size, 5)
        return first, getattr(random, draw)(*low_high, 12 // size)

    whole, then = drawn(0, 1)
    parts = [drawn(rank, 3) for rank in range(3)]
    assert torch.equal(torch.cat([first for first, _ in parts]), whole)
    assert torch.equal(torch.cat([second for _, second in parts]), then)
    assert not torch.equal(parts[0][0], parts[1][0])


def test_a_stream_is_the_part_of_the_whole():
    whole = torch.rand(
        12, generator=SharedRandom(torch.Generator().manual_seed(3), Rank(0, 1)).stream(12)
    )
    parts = []
    for rank in range(3):
        random = SharedRandom(torch.Generator().manual_seed(3), Rank(rank, 3))
        parts.append(torch.rand(4, generator=random.stream(4)))
        after = random.uniform(4)
    assert torch.equal(torch.cat(parts), whole)
    assert not torch.equal(after, parts[-1])


def test_a_batch_that_cannot_be_shared():
    with pytest.raises(ValueError, match="a batch of 10 cannot be shared by 3 processes"):
        Rank(0, 3).share(torch.zeros(10))
