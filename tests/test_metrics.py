import math

import pytest
import torch

from gan_lessons.data import Images
from gan_lessons.metrics import FEATURES, Judge, features, frechet_distance


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_LESSONS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("gan_lessons.metrics.STEPS", 60)


def stripes(n: int, seed: int, labelled: bool = True) -> Images:
    """Two classes that a network tells apart at once: stripes that lie and stripes that stand."""
    rng = torch.Generator().manual_seed(seed)
    labels = torch.randint(2, (n,), generator=rng)
    wave = (torch.arange(16) // 2 % 2 * 200).to(torch.uint8)
    lying = wave[:, None].expand(16, 16)
    pixels = torch.where(labels[:, None, None].bool(), lying, lying.T)[:, None]
    noise = torch.randint(50, pixels.shape, generator=rng, dtype=torch.uint8)
    # One bright quarter, so that turning a picture can be seen.
    noise[:, :, :8, :8] += 5
    names = ("standing", "lying") if labelled else ()
    return Images(pixels + noise, labels if labelled else None, names, "stripes")


def test_distance_to_itself_is_zero():
    x = torch.randn(500, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-6)
    assert frechet_distance(x, x.flip(0)) == pytest.approx(0, abs=1e-6)


def test_known_gaussians_in_closed_form():
    """|m1 - m2|² + Σ (s1 - s2)² for independent coordinates, exact for whitened samples."""
    rng = torch.Generator().manual_seed(0)
    x = torch.randn(400, 3, generator=rng, dtype=torch.float64)
    x = x - x.mean(0)
    x = x @ torch.linalg.inv(torch.linalg.cholesky(x.T.cov())).T
    s1, s2 = torch.tensor([1.0, 2.0, 0.5]).double(), torch.tensor([3.0, 1.0, 0.5]).double()
    m1, m2 = torch.tensor([0.0, 1.0, 2.0]).double(), torch.tensor([1.0, -1.0, 2.0]).double()
    expected = (1 + 4 + 0) + (4 + 1 + 0)
    assert frechet_distance(x * s1 + m1, x * s2 + m2) == pytest.approx(expected, rel=1e-6)


def test_it_is_symmetric_and_grows():
    rng = torch.Generator().manual_seed(1)
    x, y = torch.randn(300, 5, generator=rng), torch.randn(300, 5, generator=rng)
    near, far = frechet_distance(x, y + 0.5), frechet_distance(x, y + 1.0)
    assert 0 < near < far
    assert frechet_distance(y + 1.0, x) == pytest.approx(far, rel=1e-6)


def test_small_sets_look_farther():
    """The bias that makes distances comparable at equal counts only."""
    rng = torch.Generator().manual_seed(2)
    x, y = torch.randn(4000, 20, generator=rng), torch.randn(4000, 20, generator=rng)
    assert frechet_distance(x[:100], y[:100]) > 5 * frechet_distance(x, y)


@pytest.mark.parametrize(
    ("real", "fake", "message"),
    [
        ((5, 3), (5, 4), r"features must be \(N, D\) and \(M, D\), got \(5, 3\) and \(5, 4\)"),
        ((5, 1, 8, 8), (5, 1, 8, 8), "extract them first"),
        ((1, 3), (5, 3), "at least 2 rows in each set, got 1 and 5"),
    ],
)
def test_bad_features_are_refused(real, fake, message):
    with pytest.raises(ValueError, match=message):
        frechet_distance(torch.zeros(real), torch.zeros(fake))


def test_features_learn_the_classes_once():
    images = stripes(300, seed=0)
    net = features(images)
    assert net.accuracy > 0.95
    again = features(images)
    assert math.isclose(again.accuracy, net.accuracy)
    x = images.floats()[:5]
    assert torch.equal(net(x), again(x))
    assert net(x).shape == (5, FEATURES)
    torch.testing.assert_close(net(x), net(images.pixels[:5]))
    assert not any(p.requires_grad for p in net.parameters())


def test_training_is_the_same_without_the_cache(tmp_path, monkeypatch):
    first = features(stripes(200, seed=0))
    monkeypatch.setenv("GAN_LESSONS_CACHE", str(tmp_path / "other"))
    second = features(stripes(200, seed=0))
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        torch.testing.assert_close(a, b)


def test_a_damaged_cache_is_made_anew(tmp_path):
    images = stripes(200, seed=0)
    net = features(images)
    (file,) = (tmp_path / "cache" / "features").iterdir()
    file.write_bytes(file.read_bytes()[:100])
    torch.testing.assert_close(features(images)(images.pixels), net(images.pixels))
    assert features(images).accuracy == net.accuracy


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GAN_LESSONS_CACHE", str(tmp_path / "file"))
    assert features(stripes(100, seed=0)).accuracy > 0.5


def test_pictures_without_labels_learn_how_they_are_turned():
    net = features(stripes(300, seed=0, labelled=False))
    assert net.classify.out_features == 4
    assert net.accuracy > 0.3


def test_pictures_of_one_class_learn_how_they_are_turned():
    images = stripes(300, seed=0)
    assert features(images.take(images.labels == 0)).classify.out_features == 4


def test_other_pictures_other_network(tmp_path):
    features(stripes(100, seed=0))
    features(stripes(100, seed=1))
    assert len(list((tmp_path / "cache" / "features").iterdir())) == 2


def test_large_pictures_are_shrunk_and_tiny_ones_refused():
    large = Images(torch.randint(256, (20, 3, 64, 64), dtype=torch.uint8))
    assert features(large)(large.pixels).shape == (20, FEATURES)
    with pytest.raises(ValueError, match="at least 16 pixels wide to be judged, got 8"):
        features(Images(torch.zeros(20, 1, 8, 8, dtype=torch.uint8)))
    with pytest.raises(ValueError, match="at least 10 pictures, got 3"):
        features(Images(torch.zeros(3, 1, 28, 28, dtype=torch.uint8)))


def test_the_judge_tells_real_from_noise():
    judge = Judge(stripes(400, seed=0), stripes(300, seed=1), count=200)
    assert judge.count == 200
    other = stripes(200, seed=2)
    noise = torch.rand(200, 1, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1
    assert judge(noise) > 10 * judge(other.pixels)
    assert judge(noise) > 10 * judge.floor
    assert judge(other.pixels) == pytest.approx(judge(other.floats()), rel=1e-3)


def test_the_judge_without_a_reference_splits_the_pictures():
    judge = Judge(stripes(100, seed=0))
    assert judge.count == 50
    assert math.isfinite(judge.floor)
    with pytest.raises(ValueError, match="count must be at least 2, got 0"):
        Judge(stripes(100, seed=0), count=0)


def test_torchmetrics_gives_the_same_from_pictures():
    """The distance of features is what torchmetrics gets from pictures and our network."""
    from torchmetrics.image.fid import FrechetInceptionDistance

    images, other = stripes(300, seed=0), stripes(200, seed=1)
    net = features(images)
    metric = FrechetInceptionDistance(feature=net)
    metric.update(images.pixels, real=True)
    metric.update(other.pixels, real=False)
    ours = frechet_distance(net.extract(images.pixels), net.extract(other.pixels))
    assert ours == pytest.approx(metric.compute().item(), rel=1e-3, abs=1e-3)
