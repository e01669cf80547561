"""Sets of pictures in memory: the range, the resize, the checks and the subsets."""

import dataclasses
import subprocess
import sys

import pytest
import torch

from gan_lessons.data.images import Images, check_range, resize, to_float, to_uint8


@pytest.fixture
def images() -> Images:
    pixels = torch.arange(6 * 3 * 4 * 4).remainder(256).to(torch.uint8).view(6, 3, 4, 4)
    return Images(pixels, torch.tensor([0, 1, 2, 0, 1, 2]), ("a", "b", "c"), "six")


def test_every_byte_survives_the_conversion_to_floats_and_back():
    pixels = torch.arange(256).to(torch.uint8)
    floats = to_float(pixels)
    assert floats.dtype == torch.float32
    assert floats[0] == -1
    assert floats[255] == 1
    assert torch.allclose(floats.diff(), torch.tensor(2 / 255), atol=1e-6)
    assert torch.equal(to_uint8(floats), pixels)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_floats_become_bytes_and_values_outside_the_range_are_clipped_on_request(dtype):
    floats = torch.tensor([-9.0, -1.0, 0.0, 1.0, 9.0, float("inf")], dtype=dtype)
    assert to_uint8(floats, clip=True).tolist() == [0, 0, 128, 255, 255, 255]
    assert to_uint8(floats[1:4]).tolist() == [0, 128, 255]
    for wrong in (floats[:4], floats[1:5], floats[1:]):
        with pytest.raises(ValueError, match=r"pictures must lie in \[-1, 1\], got -"):
            to_uint8(wrong)


UNIT = torch.rand(16, 1, 6, 6, generator=torch.Generator().manual_seed(0))
REAL = 2 * UNIT - 1


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (255 * UNIT, r"got 0\.\d* to 25.*: pass them as uint8, or x / 127.5 - 1"),
        (UNIT, r"got 0\.\d* to 0\.99.*as if black were 0: pass 2 \* x - 1"),
        (1.01 * REAL, r"got -1.*clamp\(-1, 1\)"),
        (REAL / REAL.abs().max() * 3, r"got -\d"),
    ],
)
def test_the_range_is_named(wrong, message):
    with pytest.raises(ValueError, match=r"pictures must lie in \[-1, 1\], " + message):
        check_range(wrong)


@pytest.mark.parametrize(
    "right",
    [
        REAL,
        REAL * 1.0005,  # rounding
        torch.full((16, 1, 6, 6), -1.0),
        torch.full((16, 1, 6, 6), 0.999) - 1e-3 * UNIT,  # a saturated generator: all white
        torch.zeros(16, 1, 6, 6),  # a dead one
        0.3 * REAL,  # an untrained one
        0.1 * UNIT,
        UNIT[:15],  # too few to tell
        UNIT[0],
        torch.cat([UNIT, REAL[:1]]),
        torch.zeros(0, 1, 6, 6),
        torch.full((16, 1, 6, 6), float("nan")),
    ],
)
def test_pictures_that_may_be_meant_are_accepted(right):
    check_range(right)


def test_other_types_and_nan_are_refused():
    with pytest.raises(TypeError, match=r"must be uint8.*float32"):
        to_float(torch.zeros(2))
    with pytest.raises(TypeError, match=r"floating point.*uint8"):
        to_uint8(torch.zeros(2, dtype=torch.uint8))
    with pytest.raises(ValueError, match="1 of 2 values are NaN"):
        to_uint8(torch.tensor([0.0, float("nan")]))
    with pytest.raises(ValueError, match="1 of 2 values are NaN"):
        to_uint8(torch.tensor([0.0, float("nan")]), clip=True)
    with pytest.raises(TypeError, match=r"must be uint8.*float32"):
        resize(REAL, 4)


def test_28_pixels_are_padded_to_32():
    pixels = torch.full((2, 1, 28, 28), 200, dtype=torch.uint8)
    padded = resize(pixels, 32)
    assert torch.equal(padded[..., 2:-2, 2:-2], pixels)
    assert padded.sum(dtype=torch.int64) == pixels.sum(dtype=torch.int64)


@pytest.mark.parametrize("size", [7, 14, 28, 64])
def test_a_resize_keeps_a_uniform_grey_and_the_mean(size):
    even = torch.full((1, 3, 28, 28), 200, dtype=torch.uint8)
    assert torch.equal(resize(even, size), torch.full((1, 3, size, size), 200, dtype=torch.uint8))
    rng = torch.Generator().manual_seed(0)
    noise = torch.randint(256, (4, 1, 28, 28), generator=rng, dtype=torch.uint8)
    assert resize(noise, size).float().mean() == pytest.approx(noise.float().mean().item(), abs=3)


def test_a_smaller_size_is_antialiased():
    stripes = torch.zeros(1, 1, 28, 28, dtype=torch.uint8)
    # A plain bilinear resize reads the middle of each four columns only, where all is white.
    stripes[..., 1::4] = stripes[..., 2::4] = 255
    inner = resize(stripes, 7)[..., 1:-1].float()
    assert 100 < inner.min() <= inner.max() < 200, "stripes finer than a pixel become grey"


def test_a_resize_in_parts_is_the_resize_of_each():
    rng = torch.Generator().manual_seed(0)
    many = torch.randint(256, (4100, 1, 6, 6), generator=rng, dtype=torch.uint8)
    assert torch.equal(resize(many, 5)[4090:], resize(many[4090:], 5))


def test_a_resize_to_nothing_is_refused():
    with pytest.raises(ValueError, match="size must be a whole number of at least 1, got 0"):
        resize(torch.zeros(1, 1, 4, 4, dtype=torch.uint8), 0)


def test_properties_and_repr(images):
    assert (len(images), images.size, images.channels) == (6, 4, 3)
    assert images.device == torch.device("cpu")
    assert repr(images) == "Images(six: 6 x 3 x 4 x 4 on cpu, 3 classes)"
    with pytest.raises(dataclasses.FrozenInstanceError):
        images.name = "seven"


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        (2, [0, 1]),
        (0, []),
        (slice(1, 6, 2), [1, 3, 5]),
        ([5, 0, 0], [5, 0, 0]),
        ([], []),
        (torch.tensor([-1]), [5]),
        (torch.tensor([True, False, False, True, False, False]), [0, 3]),
    ],
)
def test_subsets_keep_pictures_and_labels_together(images, which, expected):
    part = images.take(which)
    assert torch.equal(part.pixels, images.pixels[expected])
    assert torch.equal(part.labels, images.labels[expected])
    assert (part.classes, part.name) == (images.classes, images.name)


def test_subsets_without_labels(images):
    assert Images(images.pixels).take([3, 1]).labels is None


@pytest.mark.parametrize("which", [7, -1])
def test_more_pictures_than_there_are_are_refused(images, which):
    with pytest.raises(ValueError, match=f"to take must be .* from 0 to 6, got {which}"):
        images.take(which)
    with pytest.raises(IndexError):
        images.take([7])


def test_floats_of_all_and_of_some(images):
    assert torch.equal(images.floats(), to_float(images.pixels))
    assert torch.equal(images.floats(torch.tensor([4, 2])), to_float(images.pixels[[4, 2]]))
    assert torch.equal(images.floats([4, 2]), to_float(images.pixels[[4, 2]]))


def test_another_device_gets_a_set_of_its_own(images):
    moved = Images(images.pixels, name="six").to("meta")
    assert (moved.device.type, moved.name) == ("meta", "six")
    assert images.device.type == "cpu"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_pixels_and_labels_move_together(images):
    moved = images.to("cuda")
    assert moved.labels.device == moved.device
    assert torch.equal(moved.take([4]).pixels.cpu(), images.take([4]).pixels)
    # A GPU's division may round the last bit differently.
    torch.testing.assert_close(moved.take([4]).floats().cpu(), images.take([4]).floats())


PIXELS = torch.zeros(2, 1, 4, 4, dtype=torch.uint8)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"pixels": PIXELS.float()}, TypeError, r"uint8.*float32"),
        ({"pixels": PIXELS[0]}, ValueError, r"\(N, C, H, W\), got \(1, 4, 4\)"),
        ({"pixels": PIXELS[:, :0]}, ValueError, r"got \(2, 0, 4, 4\)"),
        ({"pixels": PIXELS[..., :3]}, ValueError, "square, got 4 x 3 pixels"),
        ({"labels": torch.zeros(2)}, TypeError, "int64, got torch.float32"),
        ({"labels": torch.zeros(3).long()}, ValueError, r"\(2,\), one label per.*got \(3,\)"),
        ({"labels": torch.tensor([0, 2])}, ValueError, r"0\.\.1 for 2 classes, got 0\.\.2"),
        ({"labels": torch.tensor([-1, 0])}, ValueError, r"got -1\.\.0"),
        ({"labels": torch.zeros(2, device="meta").long()}, ValueError, "on cpu, labels on meta"),
    ],
)
def test_tensors_that_do_not_fit_are_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        Images(**{"pixels": PIXELS, "classes": ("a", "b"), **arguments})


def test_the_module_imports_torch_only():
    """A training job must not wait for torchvision or matplotlib."""
    program = (
        "import sys, torch; before = set(sys.modules)\n"
        "import gan_lessons.data.images\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "assert not new & {'torchvision', 'matplotlib', 'IPython'}, new"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)
