import math

import pytest
import torch

from gan_lessons.data import Images
from gan_lessons.metrics import features
from gan_lessons.metrics.feature_net import FEATURES


def test_features_learn_the_classes_once(stripes):
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


def test_features_are_extracted_in_chunks(stripes):
    images = stripes(50, seed=0)
    net = features(images)
    parts = net.extract(images.pixels, chunk=7)
    torch.testing.assert_close(parts, net(images.pixels))
    assert torch.equal(parts, net.extract(images.pixels, chunk=7))


def test_training_is_the_same_without_the_cache(stripes, tmp_path, monkeypatch):
    first = features(stripes(200, seed=0))
    monkeypatch.setenv("GAN_LESSONS_CACHE", str(tmp_path / "other"))
    second = features(stripes(200, seed=0))
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        torch.testing.assert_close(a, b)


def test_a_damaged_cache_is_replaced(stripes, tmp_path):
    images = stripes(200, seed=0)
    net = features(images)
    (file,) = (tmp_path / "cache" / "features").iterdir()
    file.write_bytes(file.read_bytes()[:100])
    torch.testing.assert_close(features(images)(images.pixels), net(images.pixels))
    assert features(images).accuracy == net.accuracy


def test_a_cache_that_cannot_be_written_is_no_error(stripes, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GAN_LESSONS_CACHE", str(tmp_path / "file"))
    assert features(stripes(100, seed=0)).accuracy > 0.5


def test_pictures_without_labels_learn_rotations(stripes):
    net = features(stripes(300, seed=0, labelled=False))
    assert net.classify.out_features == 4
    assert net.accuracy > 0.3


def test_pictures_of_one_class_learn_rotations(stripes):
    images = stripes(300, seed=0)
    assert features(images.take(images.labels == 0)).classify.out_features == 4


def test_other_pictures_other_network(stripes, tmp_path):
    features(stripes(100, seed=0))
    features(stripes(100, seed=1))
    assert len(list((tmp_path / "cache" / "features").iterdir())) == 2


def test_large_pictures_are_shrunk_and_tiny_ones_refused():
    large = Images(torch.randint(256, (20, 3, 64, 64), dtype=torch.uint8))
    assert features(large).extract(large.pixels).shape == (20, FEATURES)
    with pytest.raises(ValueError, match="at least 16 pixels wide to be judged, got 8"):
        features(Images(torch.zeros(20, 1, 8, 8, dtype=torch.uint8)))
    with pytest.raises(ValueError, match="at least 10 pictures, got 3"):
        features(Images(torch.zeros(3, 1, 28, 28, dtype=torch.uint8)))


@pytest.mark.parametrize("shape", [(5, 1, 20, 20), (5, 3, 16, 16), (1, 16, 16), (5, 1, 16, 12)])
def test_pictures_unlike_those_it_was_trained_on_are_refused(stripes, shape):
    """Larger ones could be resized, but would silently be measured at another scale."""
    net = features(stripes(20, seed=0))
    with pytest.raises(ValueError, match=r"must be \(N, 1, 16, 16\) as the network was trained on"):
        net.extract(torch.zeros(shape))
