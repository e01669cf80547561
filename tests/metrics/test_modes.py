import math

import pytest
import torch
from torch import Tensor

from gan_lessons.data import Images, toy
from gan_lessons.metrics import class_report, features, mode_report

CENTRES = torch.tensor([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])


def at(*points: tuple[float, float]) -> Tensor:
    return torch.tensor(points, dtype=torch.float32)


def test_counted_by_hand():
    """With std 1, a sample is good if its nearest centre is closer than 3, in any direction."""
    samples = at(
        (2.99, 0), (0, -2.99), (2.1, 2.1),  # good, first mode
        (3.01, 0), (2.2, 2.2), (5, 5), (40, 40),  # no mode
        (10, 2.9), (12.5, 0.5),  # good, second mode
    )  # fmt: skip
    report = mode_report(samples, CENTRES, 1)
    assert report.counts.tolist() == [3, 2, 0]
    assert report.found == 2
    assert report.good == pytest.approx(5 / 9)
    assert report.samples == 9


def test_the_edge_is_outside():
    report = mode_report(at((3, 0), (0, 10)), CENTRES, 1)
    assert report.counts.tolist() == [0, 0, 1]


def test_one_good_sample_finds_a_mode_and_a_bad_one_does_not():
    assert mode_report(at((10, 0.1)), CENTRES, 0.1).found == 1
    assert mode_report(at((10, 0.5)), CENTRES, 0.1).found == 0


def test_a_sample_near_two_modes_counts_once_for_the_nearer():
    report = mode_report(at((0.4, 0), (0.4, 0), (0.6, 0)), at((0, 0), (1, 0)), 1)
    assert report.counts.tolist() == [2, 1]
    assert report.good == 1


def test_std_and_within_set_the_distance_together():
    samples = at((1.9, 0), (2.1, 0))
    assert mode_report(samples, CENTRES, 2, within=1).good == 0.5
    assert mode_report(samples, CENTRES, 1, within=2).good == 0.5
    assert mode_report(samples, CENTRES, 0.5, within=2).good == 0


def test_any_number_of_dimensions():
    samples = torch.tensor([[0.0] * 5, [1.0] * 5, [2.0] * 5])  # at 0, √5 and 2 √5
    report = mode_report(samples, torch.zeros(1, 5), 1)
    assert report.counts.tolist() == [2]


def plainly(samples: Tensor, centres: Tensor, std: float) -> list[int]:
    counts = [0] * len(centres)
    for sample in samples.tolist():
        ways = [math.dist(sample, centre) / std for centre in centres.tolist()]
        if min(ways) < 3:
            counts[ways.index(min(ways))] += 1
    return counts


def test_sample_by_sample():
    rng = torch.Generator().manual_seed(0)
    samples = toy.ring(300, rng, std=0.2)
    got = mode_report(samples, toy.ring_centres(), 0.12).counts
    assert got.tolist() == plainly(samples.double(), toy.ring_centres().double(), 0.12)
    assert 0 < got.sum() < 300


@pytest.mark.parametrize("name", ["ring", "grid", "two_gaussians"])
def test_real_samples_find_all_modes_and_are_as_good_as_theory_says(name):
    chosen = toy.SETS[name]
    samples = chosen.sample(20_000, torch.Generator().manual_seed(0))
    report = mode_report(samples, chosen.centres(), chosen.std)
    assert report.found == len(chosen.centres())
    share = 1 - math.exp(-4.5)
    noise = math.sqrt(share * (1 - share) / 20_000)
    # Modes that are only a few std apart overlap, so slightly more samples are good.
    assert (
        share - 4 * noise < report.good < share + (0.003 if name == "two_gaussians" else 4 * noise)
    )


def test_dropped_modes_are_not_found():
    centres = toy.grid_centres()
    rng = torch.Generator().manual_seed(0)
    for kept in (25, 12, 1):
        which = torch.randint(kept, (2500,), generator=rng)
        samples = centres[which] + 0.05 * torch.randn(2500, 2, generator=rng)
        report = mode_report(samples, centres, 0.05)
        assert report.found == kept
        assert report.good > 0.97
        assert report.reverse_kl == pytest.approx(math.log(25 / kept), abs=0.02)


def test_reverse_kl_by_hand():
    def counted(*counts: int) -> float:
        samples = CENTRES.repeat_interleave(torch.tensor(counts), dim=0)
        return mode_report(samples, CENTRES, 1).reverse_kl

    assert counted(5, 5, 5) == pytest.approx(0, abs=1e-12)
    assert counted(9, 0, 0) == pytest.approx(math.log(3))
    half, quarter = 0.5 * math.log(0.5 * 3), 0.25 * math.log(0.25 * 3)
    assert counted(4, 2, 2) == counted(2, 4, 2) == pytest.approx(half + 2 * quarter)
    assert counted(8, 4, 4) == pytest.approx(half + 2 * quarter)


def test_reverse_kl_counts_good_samples_only():
    samples = torch.cat([CENTRES, torch.full((50, 2), 99.0)])
    report = mode_report(samples, CENTRES, 1)
    assert report.reverse_kl == pytest.approx(0, abs=1e-12)
    assert report.good == pytest.approx(3 / 53)


def test_few_samples_raise_the_reverse_kl_as_documented():
    centres = torch.arange(100.0)[:, None]
    which = torch.randint(100, (20, 1000), generator=torch.Generator().manual_seed(0))
    values = [mode_report(centres[some], centres, 0.1).reverse_kl for some in which]
    assert sum(values) / 20 == pytest.approx(99 / 2000, rel=0.1)


def test_no_good_sample():
    report = mode_report(at((50, 50)), CENTRES, 1)
    assert (report.found, report.good) == (0, 0)
    assert math.isnan(report.reverse_kl)


def test_repr():
    report = mode_report(torch.cat([CENTRES[:2], at((50, 50), (60, 60))]), CENTRES, 1)
    assert repr(report) == "ModeReport(2 of 3 modes, 50.0% good, reverse KL 0.405)"


@pytest.mark.parametrize(
    ("samples", "centres", "std", "message"),
    [
        (torch.zeros(5, 2), torch.zeros(3, 3), 1, r"got \(5, 2\) and \(3, 3\)"),
        (
            torch.zeros(5),
            CENTRES,
            1,
            r"samples must be \(N, D\) and centres \(modes, D\), got \(5,",
        ),
        (torch.zeros(0, 2), CENTRES, 1, "samples is empty"),
        (torch.zeros(5, 2), CENTRES[:0], 1, "centres is empty"),
        (torch.full((5, 2), math.nan), CENTRES, 1, "5 of 5 rows of samples hold NaN"),
        (torch.zeros(5, 2), CENTRES, 0, "std must be a finite number above 0, got 0"),
        (torch.zeros(5, 2), CENTRES, math.nan, "std must be a finite number above 0, got nan"),
        (torch.zeros(5, 2, dtype=torch.int64), CENTRES, 1, "samples must be floating point"),
    ],
)
def test_bad_samples_are_refused(samples, centres, std, message):
    with pytest.raises(ValueError, match=message):
        mode_report(samples, centres, std)


def test_samples_with_gradients_and_in_half_precision():
    assert mode_report(CENTRES.clone().requires_grad_(), CENTRES, 1).found == 3
    for dtype in (torch.float16, torch.bfloat16, torch.float64):
        assert mode_report(CENTRES.to(dtype), CENTRES, 1).counts.tolist() == [1, 1, 1]


def stacks(images: Images, *classes: int) -> Tensor:
    """Pictures with one channel for each of these classes: (10, C, 16, 16) uint8."""
    return torch.cat([images.pixels[images.labels == c][:10] for c in classes], dim=1)


def test_stacked_pictures_spell_their_mode(stripes):
    """Two classes in three channels are eight modes; the first channel is the highest digit."""
    images = stripes(300, seed=0)
    net = features(images)
    for number in range(8):
        spelled = number // 4, number // 2 % 2, number % 2
        report = class_report(stacks(images, *spelled), net)
        assert report.counts.tolist() == [10 * (mode == number) for mode in range(8)]
        assert (report.found, report.good, report.samples) == (1, 1, 10)
        assert report.reverse_kl == pytest.approx(math.log(8))


def test_stacks_of_many_modes(stripes):
    images = stripes(300, seed=0)
    net = features(images)
    samples = torch.cat([stacks(images, 0, 0, 1), stacks(images, 1, 1, 0), stacks(images, 1, 0, 0)])
    report = class_report(samples, net)
    assert report.counts.nonzero().flatten().tolist() == [1, 4, 6]
    assert report.reverse_kl == pytest.approx(math.log(8 / 3))
    assert class_report(samples / 127.5 - 1, net).counts.equal(report.counts)


def test_single_pictures_are_counted_by_class(stripes):
    images, other = stripes(300, seed=0), stripes(100, seed=1)
    report = class_report(other.pixels, features(images))
    assert report.counts.tolist() == other.labels.bincount().tolist()


def test_a_network_for_colour_classifies_the_whole_picture(stripes):
    images = stripes(300, seed=0)
    colour = Images(images.pixels.expand(-1, 3, -1, -1), images.labels, images.classes, "colour")
    report = class_report(colour.pixels, features(colour))
    assert report.counts.tolist() == images.labels.bincount().tolist()


def test_pictures_that_cannot_be_classified_are_refused(stripes):
    net = features(stripes(100, seed=0))
    with pytest.raises(ValueError, match=r"must be \(N, 1, 16, 16\) as the network was trained on"):
        class_report(torch.zeros(5, 3, 20, 20), net)
    with pytest.raises(ValueError, match=r"must be \(N, 1, 16, 16\) as the network was trained on"):
        class_report(torch.zeros(5, 16, 16), net)
    broken = torch.zeros(5, 3, 16, 16)
    broken[2, 1, 3, 3] = math.nan
    with pytest.raises(ValueError, match="1 of 15 rows of the pictures' features hold NaN"):
        class_report(broken, net)
    with pytest.raises(ValueError, match="the pictures' features is empty"):
        class_report(torch.zeros(0, 3, 16, 16), net)


def test_large_units():
    """Squares of such numbers are infinite in float32."""
    report = mode_report(CENTRES * 1e25, CENTRES * 1e25, 1e25)
    assert (report.found, report.good) == (3, 1)


def test_pictures_of_another_range_are_not_classified(stripes):
    net = features(stripes(100, seed=0))
    right = stripes(20, seed=1).floats()
    for wrong in ((right + 1) / 2, (right + 1) * 127.5):
        with pytest.raises(ValueError, match=r"pictures must lie in \[-1, 1\], got"):
            class_report(wrong, net)
