import math

import pytest
import torch

from gan_lessons.metrics import Judge, density_coverage, precision_recall


def noise(n: int) -> torch.Tensor:
    return torch.rand(n, 1, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_the_judge_tells_real_from_noise(stripes):
    judge = Judge(stripes(400, seed=0), stripes(300, seed=1), count=200)
    assert judge.count == 200
    other = stripes(200, seed=2)
    assert judge(noise(200)) > 10 * judge(other.pixels)
    assert judge(noise(200)) > 10 * judge.floor
    assert judge(other.pixels) == pytest.approx(judge(other.floats()), rel=1e-3)


def test_the_judge_compares_with_the_reference(stripes):
    reference = stripes(300, seed=1)
    judge = Judge(stripes(400, seed=0), reference)
    assert judge.count == 300
    assert judge(reference.pixels.flip(0)) == pytest.approx(0, abs=1e-3 * judge.floor)
    assert judge.floor > 0


def test_the_judge_without_a_reference_splits_the_pictures(stripes):
    judge = Judge(stripes(100, seed=0))
    assert judge.count == 50
    assert math.isfinite(judge.floor)
    with pytest.raises(ValueError, match="count must be a whole number of at least 2, got 0"):
        Judge(stripes(100, seed=0), count=0)


def test_the_judges_features_work_with_the_other_metrics(stripes):
    judge = Judge(stripes(400, seed=0), stripes(300, seed=1), count=200)
    assert judge.real.shape == (200, judge.net.num_features)
    alike, unlike = judge.net.extract(stripes(200, seed=2).pixels), judge.net.extract(noise(200))
    assert density_coverage(judge.real, alike).coverage > 0.8
    assert density_coverage(judge.real, unlike).coverage < 0.1
    assert precision_recall(judge.real, alike).recall > 0.5


def test_pictures_of_nan_are_refused(stripes):
    """torchmetrics would end the process."""
    judge = Judge(stripes(100, seed=0), count=20)
    pictures = noise(20)
    pictures[3] = math.nan
    with pytest.raises(ValueError, match="1 of 20 rows of fake hold NaN or infinity"):
        judge(pictures)


def test_pictures_of_another_range_are_refused(stripes):
    """Each would get a number, which says nothing."""
    judge = Judge(stripes(100, seed=0), count=20)
    right = stripes(20, seed=1).floats()
    assert math.isfinite(judge(right))
    for wrong in ((right + 1) / 2, (right + 1) * 127.5, 2 * right):
        with pytest.raises(ValueError, match=r"pictures must lie in \[-1, 1\], got"):
            judge(wrong)
    with pytest.raises(ValueError, match=r"must be uint8 or floats, got torch\.int64"):
        judge(stripes(20, seed=1).pixels.long())
