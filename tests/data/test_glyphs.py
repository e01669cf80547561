"""The built-in data set: how it is drawn and cached, and how hard it is to classify."""

import string
import time
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from gan_lessons.data import glyphs as module
from gan_lessons.data import letterforms
from gan_lessons.data.glyphs import PEN, glyphs
from gan_lessons.data.images import Images, resize

DIGITS = "0123456789"


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("GAN_LESSONS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "glyphs"


@pytest.fixture(scope="module")
def many() -> tuple[Images, float]:
    """20,000 digits, and the seconds that one core took for them.

    The processor's time and not the clock's, so that other programs do not count.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    start = time.process_time()
    images = glyphs(20_000, seed=1, cached=False)
    seconds = time.process_time() - start
    torch.set_num_threads(threads)
    return images, seconds


def equal(a: Images, b: Images) -> bool:
    return torch.equal(a.pixels, b.pixels) and torch.equal(a.labels, b.labels)


def test_shapes_types_and_ranges():
    images = glyphs(103)
    assert images.pixels.shape == (103, 1, 28, 28)
    assert images.pixels.dtype == torch.uint8
    assert images.classes == tuple(DIGITS)
    assert images.name == "glyphs"
    assert sorted(images.labels.bincount().tolist()) == [10] * 7 + [11] * 3
    assert images.labels[:20].tolist() != sorted(images.labels[:20].tolist())


def test_labels_index_the_classes_in_their_order():
    there, back = glyphs(2000, 3, "I-", cached=False), glyphs(2000, 3, "-I", cached=False)
    for images in (there, back):
        tall = (images.pixels > 100).any(3).sum(2).flatten().float()
        dash = images.labels == images.classes.index("-")
        assert tall[dash].max() < tall[~dash].min()


def test_a_seed_fixes_the_pictures_and_another_changes_them():
    first = glyphs(60, seed=5, cached=False)
    assert equal(first, glyphs(60, seed=5, cached=False))
    other = glyphs(60, seed=6, cached=False)
    assert not torch.equal(first.pixels, other.pixels)
    assert not torch.equal(first.labels, other.labels)


def test_the_number_of_threads_changes_no_picture():
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one = glyphs(700, seed=5, cached=False)
        torch.set_num_threads(2)
        assert equal(one, glyphs(700, seed=5, cached=False))
    finally:
        torch.set_num_threads(threads)


def test_the_global_random_state_is_neither_used_nor_moved():
    torch.manual_seed(0)
    before = torch.get_rng_state()
    first = glyphs(10, cached=False)
    assert torch.equal(before, torch.get_rng_state())
    torch.manual_seed(1)
    assert equal(first, glyphs(10, cached=False))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": 0}, "n must be a whole number of at least 1, got 0"),
        ({"n": -3}, "n must be a whole number of at least 1, got -3"),
        ({"n": 5, "seed": -1}, "seed must be a whole number from 0 to 9223372036854775807, got -1"),
        ({"n": 5, "seed": 2**63}, "seed must be .* from 0 to .*807, got 9223372036854775808"),
        ({"n": 5, "size": 7}, "size must be a whole number from 8 to 1024, got 7"),
        ({"n": 2**31}, "pixels would hold 1683627180032 numbers, at most 4294967296"),
        ({"n": 5, "classes": ["0", "1"]}, r"classes must be a str, got \['0', '1'\]"),
        ({"n": 5, "cached": "no"}, "cached must be True or False, got 'no'"),
        ({"n": 5, "classes": ""}, "at least one character, got an empty string"),
        ({"n": 5, "classes": "0120"}, r"must differ from each other, got \['0'\] more than once"),
        ({"n": 5, "classes": "a漢"}, r"none of matplotlib's fonts draws \['漢'\]"),
        ({"n": 5, "classes": "a b\n"}, r"none of matplotlib's fonts draws \[' ', '\\n'\]"),
    ],
)
def test_wrong_arguments_are_named(arguments, message, own_cache):
    with pytest.raises(ValueError, match=message):
        glyphs(**arguments)
    assert not own_cache.exists()


def test_no_font_draws_a_box_or_another_sign():
    letters_and_digits = string.ascii_letters + string.digits
    assert all(letterforms.can_draw(font, c) for font in PEN for c in letters_and_digits)
    # Computer Modern has an inverted exclamation mark at the code of "<".
    assert not letterforms.can_draw("cmr10", "<")
    assert letterforms.can_draw("DejaVuSans", "<")
    for font in PEN:
        tiles = torch.stack([letterforms.tile(font, c).distance for c in letters_and_digits])
        assert tiles.flatten(1).unique(dim=0).shape[0] == len(letters_and_digits)
        assert not letterforms.can_draw(font, "漢")


def test_the_distance_is_that_to_the_edge():
    distance = letterforms.tile("DejaVuSans", "I").distance
    middle = distance[letterforms.TILE // 2]
    # The stem of a sans-serif I is a bar: from its centre, the distance falls by 1 per pixel.
    (inside,) = torch.nonzero(middle > 0, as_tuple=True)
    width = len(inside) / letterforms.CAPITAL
    assert 0.1 < width < 0.2
    assert float(middle.max()) == pytest.approx(width / 2, abs=0.6 / letterforms.CAPITAL)
    steps = middle[inside[0] - 4 : inside[0] + 3].diff() * letterforms.CAPITAL
    torch.testing.assert_close(steps, torch.ones(6), atol=0.3, rtol=0)


def test_digits_are_as_big_and_as_central_as_those_of_mnist(many):
    pixels = many[0].pixels[:, 0]
    rows, columns = (pixels > 64).any(2), (pixels > 64).any(1)
    tall, wide = rows.sum(1), columns.sum(1)
    assert tall.min() >= 16
    assert 19.5 < tall.float().mean() < 21.5
    assert wide.max() <= 24
    line = torch.arange(28).float() - 13.5
    for ink, length in ((rows, tall), (columns, wide)):
        off = (ink * line).sum(1) / length
        assert off.mean().abs() < 0.2
        assert off.abs().max() < 4


@pytest.mark.parametrize(
    ("classes", "size"),
    [
        (DIGITS, 28),
        (DIGITS, 64),
        (string.ascii_uppercase, 28),
        (string.ascii_lowercase, 32),
        ("-_.,|@W%éЖ", 28),
    ],
)
def test_nothing_is_cut_off(classes, size):
    pixels = glyphs(1500, 2, classes, size, cached=False).pixels
    assert pixels[..., [0, -1], :].max() == 0
    assert pixels[..., [0, -1]].max() == 0


def test_strokes_are_white_crisp_and_of_many_weights(many):
    pixels = many[0].pixels
    assert (pixels.flatten(1).amax(1) == 255).all()
    grey = ((pixels > 0) & (pixels < 255)).float().mean()
    white = (pixels == 255).float().mean()
    assert 0.05 < grey < 0.2, "edges are antialiased, and only edges are grey"
    assert 0.05 < white < 0.2
    light, bold = pixels.float().mean((1, 2, 3)).quantile(torch.tensor([0.05, 0.95]))
    assert bold > 1.7 * light


def test_no_stroke_is_broken(many):
    ink = (many[0].pixels[:5000] > 50).float()
    # Flood-fill from the first pixel of each: pixels that it does not reach are another piece.
    start = F.one_hot(ink.flatten(1).argmax(1), 28 * 28).view_as(ink).float()
    while True:
        flood = F.max_pool2d(start, 3, stride=1, padding=1) * ink
        if torch.equal(flood, start):
            break
        start = flood
    pieces = (flood != ink).flatten(1).any(1)
    assert int(pieces.sum()) == 0


def test_another_size_is_the_same_picture_drawn_anew():
    small = glyphs(200, 4, cached=False)
    large = glyphs(200, 4, size=56, cached=False)
    assert torch.equal(small.labels, large.labels)
    shrunk = F.avg_pool2d(large.pixels.float(), 2)
    assert (shrunk - small.pixels.float()).abs().mean() < 2
    # Enlarging blurs the edges over more pixels than drawing does.
    grey = [((p > 25) & (p < 230)).float().mean() for p in (large.pixels, resize(small.pixels, 56))]
    assert grey[0] < 0.7 * grey[1]


def test_twenty_thousand_take_at_most_ten_seconds(many):
    assert many[1] < 10


def test_a_second_call_comes_from_the_cache(monkeypatch, own_cache):
    first = glyphs(40, seed=9, classes="abc", size=16)
    (file,) = own_cache.iterdir()
    assert file.suffix == ".safetensors"
    monkeypatch.setattr(module, "_draw", None)
    again = glyphs(40, seed=9, classes="abc", size=16)
    assert equal(first, again)
    assert again.classes == ("a", "b", "c")
    assert again.name == first.name


def test_the_cache_can_be_switched_off(monkeypatch, own_cache):
    monkeypatch.setattr(module, "_read", None)
    glyphs(5, cached=False)
    assert not own_cache.exists()


def test_everything_that_determines_the_pictures_is_in_the_key(monkeypatch):
    def key() -> str:
        return module._key(10, 0, DIGITS, 28)

    plain = key()
    others = {
        module._key(11, 0, DIGITS, 28),
        module._key(10, 1, DIGITS, 28),
        module._key(10, 0, DIGITS[::-1], 28),
        module._key(10, 0, DIGITS, 32),
    }
    monkeypatch.setattr(module, "RENDERER", module.RENDERER + 1)
    others.add(key())
    monkeypatch.undo()
    real = module.version
    for package in ("matplotlib", "pillow", "torch"):
        monkeypatch.setattr(module, "version", lambda n, p=package: "0" if n == p else real(n))
        others.add(key())
    assert len(others | {plain}) == 9


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])


def _empty(file: Path) -> None:
    file.write_bytes(b"")


def _overwrite(file: Path) -> None:
    file.write_bytes(b"\xff" * 4000)


def _flip_a_pixel(file: Path) -> None:
    whole = bytearray(file.read_bytes())
    whole[-1000] ^= 1
    file.write_bytes(whole)


def _another_set(file: Path) -> None:
    glyphs(30, seed=99)
    (other,) = (path for path in file.parent.iterdir() if path != file)
    other.replace(file)


@pytest.mark.parametrize("damage", [_cut, _empty, _overwrite, _flip_a_pixel, _another_set])
def test_a_damaged_cache_is_replaced(damage, own_cache, monkeypatch):
    first = glyphs(30, seed=8)
    (file,) = own_cache.iterdir()
    damage(file)
    drawn = []
    draw = module._draw
    monkeypatch.setattr(module, "_draw", lambda *given: drawn.append(given) or draw(*given))
    assert equal(first, glyphs(30, seed=8))
    assert len(drawn) == 1, "the damage was not seen"
    assert equal(first, glyphs(30, seed=8))
    assert len(drawn) == 1, "the new pictures were not kept"
    assert list(own_cache.iterdir()) == [file]


def test_a_cache_that_cannot_be_written_is_ignored(monkeypatch, tmp_path):
    file = tmp_path / "a file"
    file.write_text("no folder")
    monkeypatch.setenv("GAN_LESSONS_CACHE", str(file))
    assert equal(glyphs(30, seed=8), glyphs(30, seed=8, cached=False))
    assert file.read_text() == "no folder"


def linear_accuracy(train: Images, test: Images) -> float:
    """The accuracy of softmax regression, trained until its gradient almost vanishes."""
    model = nn.Linear(train.size**2, len(train.classes))
    nn.init.zeros_(model.weight)
    nn.init.zeros_(model.bias)
    x = train.floats().flatten(1)
    solver = torch.optim.LBFGS(
        model.parameters(), max_iter=400, history_size=20, line_search_fn="strong_wolfe"
    )

    def loss() -> torch.Tensor:
        solver.zero_grad()
        # A little weight decay: without it, separable classes have no optimum.
        value = F.cross_entropy(model(x), train.labels) + 1e-4 * model.weight.square().sum()
        value.backward()
        return value

    solver.step(loss)
    assert max(float(p.grad.abs().max()) for p in model.parameters()) < 2e-3
    with torch.no_grad():
        right = model(test.floats().flatten(1)).argmax(1) == test.labels
    return float(right.float().mean())


def small_cnn_accuracy(train: Images, test: Images, seed: int, epochs: int = 4) -> float:
    """The accuracy of two convolutions with pooling and two dense layers."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = nn.Sequential(
            *(nn.Conv2d(1, 16, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(16, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()),
            *(nn.Linear(32 * 7 * 7, 128), nn.ReLU(), nn.Linear(128, len(train.classes))),
        )
    shuffle = torch.Generator().manual_seed(seed)
    batches = [
        b for _ in range(epochs) for b in torch.randperm(len(train), generator=shuffle).split(100)
    ]
    solver = torch.optim.AdamW(model.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(solver, 4e-3, total_steps=len(batches))
    for batch in batches:
        solver.zero_grad()
        F.cross_entropy(model(train.floats(batch)), train.labels[batch]).backward()
        solver.step()
        schedule.step()
    with torch.no_grad():
        right = model(test.floats()).argmax(1) == test.labels
    return float(right.float().mean())


def test_a_linear_classifier_fails_where_a_small_cnn_does_not(many):
    train, test = many[0].take(8000), glyphs(4000, seed=1001, cached=False)
    assert 0.8 < linear_accuracy(train, test) < 0.97
    assert small_cnn_accuracy(train.take(6000), test, seed=1) > 0.97


@pytest.mark.seeds
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_same_with_all_pictures_of_other_seeds(seed):
    train, test = glyphs(20_000, seed, cached=False), glyphs(4000, seed + 1000, cached=False)
    linear, cnn = linear_accuracy(train, test), small_cnn_accuracy(train, test, seed)
    print(f"seed {seed}: linear {linear:.4f}, small CNN {cnn:.4f}")
    assert 0.85 < linear < 0.97
    assert cnn > 0.97
