"""What the upsampling explorer shows of a wave, against the kernels' frequency responses."""

import cmath
import json
import math
import xml.etree.ElementTree as ET

import pytest
import torch
from torch import Tensor, nn

pytest.importorskip("ipywidgets")

from gan_lessons.data import Images, to_uint8
from gan_lessons.upsample import STRATEGIES, bilinear_kernel, unevenness
from gan_lessons.widgets import UpsamplingExplorer
from gan_lessons.widgets.upsampling_explorer import page, spectra
from gan_lessons.widgets.upsampling_explorer.imaging import FLAT, imaging, phase_sums, wave
from gan_lessons.widgets.upsampling_explorer.training import STRETCH, Course, Pictures

FREQUENCIES = (0.0, 0.01, 0.08, 0.15, 0.25, 0.37, 0.49, 0.5)
NOISE = torch.rand(150, 1, 16, 16, generator=torch.Generator().manual_seed(0))
IMAGES = Images(to_uint8(2 * NOISE - 1))


def show(*args, **setting) -> UpsamplingExplorer:
    return UpsamplingExplorer(*args, images=IMAGES, **{"input": "wave", **setting})


@pytest.fixture(scope="module")
def pictures() -> Pictures:
    return Pictures(IMAGES)


def response(kernel: list[float], frequency: float) -> float:
    """|H(w)| by its definition."""
    return abs(sum(h * cmath.exp(-2j * math.pi * frequency * k) for k, h in enumerate(kernel)))


def expected(kernel: list[float], f: float) -> float:
    return response(kernel, 0.5 - f / 2) / response(kernel, f / 2)


def alone(layer: nn.Module) -> nn.Sequential:
    """A network whose last layer it is, with one channel before it."""
    return nn.Sequential(nn.Identity(), layer)


def deconvolution(kernel: list[float]) -> nn.Module:
    """With that kernel along the rows, and ones down the columns."""
    k = len(kernel)
    layer = nn.ConvTranspose2d(1, 1, k, 2, padding=(k - 1) // 2, output_padding=k % 2)
    with torch.no_grad():
        layer.weight.copy_(torch.outer(torch.ones(k), torch.tensor(kernel)))
    return layer


OWN = [0.3, -0.2, 0.9, 0.4, 0.1]
LAYERS = {
    "nearest": (nn.Upsample(scale_factor=2), [1.0, 1.0]),
    "tent": (deconvolution([0.25, 0.75, 0.75, 0.25]), [0.25, 0.75, 0.75, 0.25]),
    "equal sums": (deconvolution([0.1, 0.8, 0.6, -0.1]), [0.1, 0.8, 0.6, -0.1]),
    "own": (deconvolution(OWN), OWN),
}


@pytest.mark.parametrize("f", FREQUENCIES)
@pytest.mark.parametrize("name", LAYERS)
def test_the_ratio_is_that_of_the_frequency_responses(name, f):
    layer, kernel = LAYERS[name]
    found = imaging(alone(layer), f, 16)
    assert found.ratio == pytest.approx(expected(kernel, f), rel=1e-3, abs=1e-5)


def test_the_orders_of_the_zero_at_one_half():
    """Halving a low frequency halves nearest's image; the tent's becomes an eighth."""
    slow, fast = 0.1, 0.2
    fall = {
        name: imaging(alone(layer), slow, 16).ratio / imaging(alone(layer), fast, 16).ratio
        for name, (layer, _) in LAYERS.items()
    }
    assert fall["nearest"] == pytest.approx(2**-1, rel=0.05)
    assert fall["tent"] == pytest.approx(2**-3, rel=0.1)
    assert imaging(alone(LAYERS["nearest"][0]), 0.15, 16).ratio == pytest.approx(0.240, abs=1e-3)
    assert imaging(alone(LAYERS["tent"][0]), 0.15, 16).ratio == pytest.approx(0.014, abs=1e-3)


def test_a_layer_that_makes_nothing_has_no_image():
    found = imaging(alone(deconvolution([0.0] * 4)), 0.15, 16)
    assert (found.signal, found.image, found.ratio) == (0, 0, 0)
    assert not found.picture.any()
    assert found.power.isfinite().all()
    only = imaging(alone(deconvolution([1.0, -1.0])), 0, 16)  # its image alone
    assert only.ratio > 1e6


def kernel_of(network: nn.Sequential) -> list[float]:
    """The last layer's response to one input pixel, summed over the rows: any strategy's kernel."""
    *first, last = network
    channels = nn.Sequential(*first)(torch.full((1, 1, 4, 4), FLAT))[..., 2:6, 2:6]
    impulse = torch.zeros(2, 1, 16, 16)
    impulse[0, 0, 8, 8] = 1
    with torch.no_grad():
        made = last(impulse * channels.mean((-2, -1), keepdim=True))[:, 0]
    return (made[0] - made[1]).double().sum(0).tolist()


@pytest.mark.parametrize("steps", [0, 2 * STRETCH])
@pytest.mark.parametrize("name", STRATEGIES)
def test_all_strategies_untrained_and_trained(name, steps, pictures):
    course = Course(name, 3, pictures)
    while course.steps < steps:
        course.advance()
    kernel = kernel_of(course.at(steps))
    for f in (0.05, 0.15, 0.4):
        found = imaging(course.at(steps), f, 16)
        assert found.ratio == pytest.approx(expected(kernel, f), rel=1e-3, abs=1e-5)


@pytest.mark.parametrize(
    ("name", "kernel"), [("subpixel-icnr", "nearest"), ("deconv4-bilinear", "tent")]
)
def test_two_that_start_as_a_fixed_kernel(name, kernel, pictures):
    """ICNR filters the small map, where signal and image have one frequency, and then repeats."""
    for seed in range(3):
        for f in FREQUENCIES:
            found = imaging(Course(name, seed, pictures).at(0), f, 16)
            assert found.ratio == pytest.approx(expected(LAYERS[kernel][1], f), abs=1e-3)


def test_the_explorer_shows_what_is_measured(pictures):
    shown = show(("deconv4-bilinear", "resize-nearest"), seed=2, steps=10, frequency=0.2)
    for column in shown.view.columns:
        course = Course(column.name, 2, pictures)
        course.advance()
        course.advance()
        numbers = shown.metrics[column.name]
        for key, step in (("image_to_signal", 10), ("image_to_signal_at_start", 0)):
            found = imaging(course.at(step), 0.2, 16)
            assert numbers[key] == pytest.approx(found.ratio, rel=1e-3)
        assert torch.allclose(column.picture, imaging(course.at(10), 0.2, 16).picture, atol=1e-4)
    tent = bilinear_kernel(4).tolist()
    start = shown.metrics["deconv4-bilinear"]["image_to_signal_at_start"]
    assert start == pytest.approx(expected(tent, 0.2), abs=1e-3)


@pytest.mark.parametrize("steps", [0, 10])
def test_at_frequency_0_it_is_what_flat_gives(steps):
    names = ("deconv3", "deconv4", "deconv4-equal", "subpixel", "resize-nearest")
    waves = show(names, steps=steps, frequency=0)
    flat = show(names, steps=steps, input="flat")
    assert waves.view.given.unique().tolist() == flat.view.given.unique().tolist() == [FLAT]
    assert waves.view.wanted.unique().tolist() == flat.view.wanted.unique().tolist() == [FLAT]
    for shown, known in zip(waves.view.columns, flat.view.columns, strict=True):
        assert torch.equal(shown.sums, known.sums)
        along = unevenness(known.sums.mean(0), 2)
        assert shown.waves[1].ratio == pytest.approx(float(along), rel=1e-3, abs=1e-5)
        scaled = FLAT * known.sums / known.sums.abs().max()
        assert torch.allclose(shown.picture[0, 0], scaled.repeat(8, 8), atol=1e-5)


@pytest.mark.parametrize("name", ["deconv4-bilinear", "resize-nearest", "subpixel-icnr"])
def test_at_frequency_0_the_doubled_wave_is_the_flat_output(name, pictures):
    """In the middle, untrained: there are no biases yet, and the first layer keeps flat flat."""
    network = Course(name, 1, pictures).at(0)
    flat = network(torch.full((1, 1, 8, 8), FLAT))[0, 0, 14:18, 14:18]
    found = imaging(network, 0, 32).picture[0, 0, 14:18, 14:18]
    assert torch.allclose(found, FLAT * flat / flat.abs().max(), atol=1e-5)
    assert torch.allclose(phase_sums(network, 32), flat[:2, :2], atol=1e-5)


def test_what_goes_in_and_what_is_wanted(pictures):
    """Both are the same wave, on two grids, and of the same height."""
    view = show(("deconv4",), frequency=0.125).view
    assert view.given.shape == (1, 1, 8, 8)
    assert view.wanted.shape == (1, 1, 16, 16)

    def at(place: float) -> float:
        return FLAT * math.cos(2 * math.pi * 0.125 * place)

    assert view.given[0, 0, 3].tolist() == pytest.approx([at(n) for n in range(8)], abs=1e-6)
    finer = [at((n - 0.5) / 2) for n in range(16)]
    assert view.wanted[0, 0, 3].tolist() == pytest.approx(finer, abs=1e-6)
    fastest = show(("deconv4",), frequency=0.5).view.given[0, 0, 0]
    assert fastest.tolist() == pytest.approx([FLAT, -FLAT] * 4, abs=1e-6)


def test_a_tent_s_doubled_wave_looks_as_wanted():
    layer, _ = LAYERS["tent"]
    found = imaging(alone(layer), 0.05, 16).picture
    assert torch.allclose(found, FLAT * wave(0.05, 16, 2), atol=0.01)


@pytest.mark.parametrize("f", [0.0, 0.08, 0.15, 0.3, 0.5])
@pytest.mark.parametrize("name", ["nearest", "own"])
def test_the_spectrum_has_its_peaks_at_signal_and_image(name, f):
    found = imaging(alone(LAYERS[name][0]), f, 16)

    def power(at: float) -> float:
        return float(found.power[(found.frequency - at).abs().argmin()])

    assert 10 * math.log10(power(f / 2)) == pytest.approx(0, abs=0.3)
    if found.ratio > 1e-5:
        decibels = 20 * math.log10(found.ratio)
        assert 10 * math.log10(power(0.5 - f / 2)) == pytest.approx(decibels, abs=0.4)
    far = (found.frequency - f / 2).abs().minimum((found.frequency - 0.5 + f / 2).abs()) > 0.03
    assert found.power[far].max() < 1e-5 * max(1, found.ratio**2)
    assert (found.frequency[0], found.frequency[-1]) == (0, 0.5)


# Settings and the page


@pytest.mark.parametrize("value", [-0.01, 0.51, math.nan, math.inf, "0.1", None, True, [0.1]])
def test_wrong_frequencies_are_refused_in_one_line(value):
    with pytest.raises(
        ValueError, match=r"frequency must be a finite number from 0 to 0\.5"
    ) as said:
        show(frequency=value)
    assert "\n" not in str(said.value)


def test_the_state_rebuilds_it():
    shown = show(("deconv3",), steps=5)
    shown.controls["frequency"].value = 0.33
    state = json.loads(json.dumps(shown.state))
    assert state["frequency"] == 0.33
    assert show(**state)._picture.value == shown._picture.value
    (frame,) = shown.frames("frequency", [0.1])
    assert show(**{**state, "frequency": 0.1})._picture.value in frame.html


def test_the_frequency_matters_for_the_wave_alone():
    for kind in ("picture", "smooth", "flat"):
        shown = show(("deconv3",), input=kind)
        before = shown._picture.value
        assert "image_to_signal" not in shown.metrics["deconv3"]
        assert shown.controls["frequency"].layout.display == "none"
        assert shown.controls["picture"].layout.display is None
        shown.controls["frequency"].value = 0.4
        assert shown._picture.value == before
    shown.controls["input"].value = "wave"
    assert shown.controls["frequency"].layout.display is None
    assert shown.controls["picture"].layout.display == "none"
    assert show(("deconv3",), frequency=0.4)._picture.value == shown._picture.value


def rows_of(card: ET.Element) -> list[tuple[str, str]]:
    found = [e for e in card.iter() if "row" in e.get("class", "").split()]
    return [("".join(row[0].itertext()), "".join(row[1].itertext())) for row in found]


def test_the_page_says_the_ratio_and_marks_both_places():
    shown = show(("deconv4", "deconv4-bilinear"), steps=5, more=True)
    root = ET.fromstring(shown._picture.value)
    cards = [e for e in root.iter() if "card" in e.get("class", "").split()]
    assert len(cards) == 2
    for card, column in zip(cards, shown.view.columns, strict=True):
        numbers = column.metrics
        now, start = numbers["image_to_signal"], numbers["image_to_signal_at_start"]
        assert rows_of(card)[0] == ("image / signal", f"{100 * now:.2f} %")
        assert ("at step 0", f"{100 * start:.2f} %") in rows_of(card)
        lines = [e for e in card.iter("line") if e.get("class") == "mark"]
        assert [line.get("x1") for line in lines] == ["15.0%", "85.0%"]  # of 1/2: .075 and .425
        assert {e.text for e in card.iter("text")} >= {"signal", "image"}
        assert {e.get("class") for e in card.iter("polyline")} == {"now", "start"}
        assert len(card) == 8  # a row of the grid for each
    assert "0.075" in shown._picture.value
    assert "0.425" in shown._picture.value


@pytest.mark.parametrize("f", [0, 0.24, 0.25, 0.5])
def test_the_names_of_the_marks_stay_inside_and_apart(f):
    (signal, at, left), (image, behind, right) = spectra._marks(
        show(("deconv3",), frequency=f).view
    )
    assert (signal, image) == ("signal", "image")
    assert at <= behind
    if left == "end":  # to the left of the line
        assert right == "start"
        assert at >= 0.25 / 2
    else:
        assert (left, right) == ("start", "end")
        assert behind - at >= 0.25


def test_a_ratio_that_is_too_large_is_said_in_words():
    shown = show(("deconv3",))
    (column,) = shown.view.columns
    object.__setattr__(column.waves[1], "signal", 0.0)
    assert column.waves[1].ratio == math.inf
    assert "over 100 times" in page.to_html(shown.view)


def test_what_a_file_stores():
    shown = show(("deconv4",), steps=5, frequency=0.2)
    data, about = shown._repr_mimebundle_()
    assert data["image/png"].startswith(b"\x89PNG")
    assert data["text/plain"] == about["image/png"]["alt"] == repr(shown)
    assert repr(shown) == (
        "Upsampling explorer: what deconv4 make of a wave of 0.2 cycles per input pixel, after 5 "
        "steps of training; under each output the ratio of image to signal, the sums of the four "
        "phases and the spectrum"
    )


def test_the_page_of_six_stays_small():
    text = show(tuple(STRATEGIES)[:6], steps=5)._picture.value
    assert len(text.encode()) < 50 * 1024
    assert "nan" not in text


def test_the_doubled_wave_is_the_same_at_any_size():
    """The measure does not depend on the pictures' side; each is as large as its pictures."""
    layer: nn.Module = LAYERS["own"][0]
    found: list[Tensor] = [imaging(alone(layer), 0.15, size).picture for size in (16, 28, 160)]
    assert [picture.shape[-1] for picture in found] == [16, 28, 160]
    ratios = [imaging(alone(layer), 0.15, size).ratio for size in (16, 28, 160)]
    assert ratios == pytest.approx([ratios[0]] * 3, rel=1e-5)
