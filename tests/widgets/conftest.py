"""Reads an explorer as its reader does: what is on the page."""

import html
import math
import random
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from gan_lessons import deconv


@dataclass(eq=False)
class Square:
    """A cell on the page. classes: of its element."""

    classes: tuple[str, ...]
    text: str
    tip: str
    faint: bool

    @property
    def place(self) -> tuple[int, int]:
        """Row and column, from the classes y… and x…."""
        row, column = (
            next(int(c[1:]) for c in self.classes if re.fullmatch(rf"{axis}\d+", c))
            for axis in "yx"
        )
        return row, column


@dataclass
class Figure:
    title: str
    spoken: str  # for those who cannot see it
    squares: list[Square] = field(default_factory=list)

    def of(self, kind: str) -> dict[tuple[int, int], Square]:
        """The squares of a kind (in, out, ker, zer), by row and column."""
        return {s.place: s for s in self.squares if kind in s.classes}


def descendants(widget) -> Iterator:
    yield widget
    for child in getattr(widget, "children", ()):
        yield from descendants(child)


def htmls(explorer) -> list[str]:
    """The values of all HTML widgets."""
    return [w.value for w in descendants(explorer.widget) if type(w).__name__ == "HTML"]


def picture(explorer) -> str:
    return next(value for value in htmls(explorer) if "<svg" in value)


def status(explorer) -> str:
    return next(value for value in htmls(explorer) if "role='" in value and "<svg" not in value)


def fields(explorer) -> dict[str, object]:
    """The number fields that are there to be typed into: input[0,1], …, kernel[0,0], …"""
    found = (w for w in descendants(explorer.widget) if type(w).__name__.endswith("FloatText"))
    return {
        field.tooltip if field.has_trait("tooltip") else field.description_tooltip: field
        for field in found
    }


def figures(explorer, starting: str = "") -> list[Figure]:
    """The panels of the picture, those whose title starts so."""
    found = []
    for text in re.findall(r"<figure.*?</figure>", picture(explorer), re.DOTALL):
        title = words(re.search(r"<figcaption>(.*?)</figcaption>", text)[1])
        if title.startswith(starting):
            found.append(_figure(title, ElementTree.fromstring(text)))
    return found


def _figure(title: str, root: ElementTree.Element) -> Figure:
    svg = root.find(".//svg")
    made = Figure(title, svg.get("aria-label", ""))
    before = None
    for element in svg:
        if element.tag == "rect" and element.get("class") not in ("band", "all"):
            tip = element.findtext("title") or ""
            made.squares.append(Square(tuple(element.get("class").split()), "", tip, False))
            before = element
        elif element.tag == "text" and element.get("class") != "e":
            middle = float(before.get("x")) + float(before.get("width")) / 2
            assert float(element.get("x")) == pytest.approx(middle)  # it stands in its square
            made.squares[-1].text = element.text
            made.squares[-1].faint = element.get("class") == "f"
    # Where there is no room for numbers the colours are paths, and these boxes lie over them.
    for row in root.iterfind(".//div[@class='targets']/div[@class]"):
        for column, box in enumerate(row.iterfind("i")):
            classes = (*row.get("class").split(), f"x{column}")
            made.squares.append(Square(classes, "", box.get("title", ""), False))
    return made


def root(explorer) -> str:
    """The class that keeps an explorer's picture apart from others in the page."""
    return re.search(r"<div class='gl-card (gl-\w+)'", picture(explorer))[1]


def equation(explorer) -> str:
    """The text under the panels that is there while no cell is pointed at."""
    return words(re.search(r"<div class='eqs'><div[^>]*>(.*?)</div>", picture(explorer))[1])


def words(text: str) -> str:
    """An HTML text without its tags, lines kept."""
    return re.sub(r"<[^>]+>", "", re.sub(r"<br\s*/?>", "\n", text))


def calculated(text: str) -> float:
    """What an arithmetic expression, as it is printed for a reader, comes to."""
    plain = text.replace("−", "-").replace("·", "*").replace("×", "*")
    assert re.fullmatch(r"([-+*/(). \d]|\de\+?\d)+", plain), text
    return eval(plain, {"__builtins__": {}})


def rounding(value: float, digits: int = 3) -> float:
    """How far a printed number may be from its value; from a million on it has two digits."""
    if abs(value) >= 999_999:
        return 0.0501 * 10.0 ** math.floor(math.log10(abs(value) * 1.0001))
    whole = len(str(abs(int(value)))) if abs(value) >= 0.0999 else 0
    return 0.5001 * 10.0 ** -max(0, digits - whole) + 1e-5 * abs(value)


def is_shown(text: str, value: float) -> bool:
    return math.isclose(calculated(text), value, abs_tol=rounding(value))


SETTINGS = ("stride", "padding", "output_padding", "dilation")
CONV = {1: F.conv_transpose1d, 2: F.conv_transpose2d}


def axes(explorer, layer=None) -> list[tuple[int, ...]]:
    """Input size, kernel and settings of each axis, from the tensors and the controls."""
    dims = explorer.input.dim() - 2
    values = [
        (explorer.controls[name].value,) * dims if layer is None else getattr(layer, name)
        for name in SETTINGS
    ]
    return list(zip(explorer.input.shape[2:], explorer.weight.shape[2:], *values, strict=True))


def by_torch(explorer, layer=None):
    """What torch makes of the shown input, kernel and bias; None where it refuses."""
    settings = dict(zip(SETTINGS, list(zip(*axes(explorer, layer), strict=True))[2:], strict=True))
    conv = CONV[explorer.input.dim() - 2]
    try:
        y = conv(explorer.input, explorer.weight, explorer.bias, **settings)
    except RuntimeError:
        return None
    return y if y.numel() else None  # an empty output is not refused in all builds of torch


def check(explorer, layer=None) -> bool:
    """Asserts that output and numbers, or what is told of an illegal setting, are right.

    Returns whether the setting is legal.
    """
    for name, control in explorer.controls.items():
        if name in explorer.state:
            assert control.value == explorer.state[name], name
    expected = by_torch(explorer, layer)
    if expected is None:
        assert explorer.output is None
        reasons = {r for axis in axes(explorer, layer) for r in deconv.illegal(*axis)}
        assert reasons
        shown = html.unescape(status(explorer))
        assert all(reason in shown for reason in reasons)
        assert explorer.illegal
        assert "<svg" in picture(explorer)
    else:
        assert explorer.illegal == []
        scale = max(1.0, float(expected.abs().max()))
        torch.testing.assert_close(explorer.output, expected, rtol=1e-5, atol=1e-5 * scale)
        check_numbers(explorer, expected)
    return expected is not None


def check_numbers(explorer, expected) -> None:
    """The numbers in the output's panel are torch's, as far as they are written out."""
    (figure,) = figures(explorer, "output y")
    squares = figure.of("out")
    grid = expected[0, 0] if expected.dim() == 4 else expected[0]
    assert len(squares) == grid.numel()
    if added := re.search(r"(\d+) of (\d+) stamps", figure.title):
        if added[1] != added[2]:
            return  # test_deconv_views.py adds them one by one
    else:
        assert len(figure.squares) == grid.numel()  # no cells that padding cuts
    scale = 1e-6 * float(expected.abs().max())
    for (row, column), square in squares.items():
        value = float(grid[row, column])
        text = square.text or square.tip.split(" = ")[-1]
        assert abs(calculated(text) - value) <= rounding(value) + scale, square


class Hand:
    """Moves whatever there is to move, most often something small."""

    def __init__(self, explorer, seed):
        self.explorer = explorer
        self.draw = random.Random(seed)
        buttons = ["reset", "fix", "edit", "code", "play", "play", "fields", "fields", "step"]
        sliders = [name for name in explorer.controls if name in explorer.state]
        self.names = buttons + 2 * sliders

    def move(self) -> str:
        name = self.draw.choice(self.names)
        return f"{name} {getattr(self, name, self.any_value)(name)}"

    def any_value(self, name):
        control = self.explorer.controls[name]
        if hasattr(control, "options"):
            values = [o[1] if isinstance(o, tuple) else o for o in control.options]
            if name in ("dims", "view"):  # what costs most comes last: 2-D, and all views at once
                values = values[:1] * 2 + values
            value = self.draw.choice(values)
        elif name == "numbers":
            value = not control.value
        elif name == "bias":
            value = self.draw.randint(-4, 4) / 2
        else:
            value = self.draw.randint(control.min, control.max)
            flat = self.explorer.input.dim() == 3
            if not flat and self.draw.random() < 0.8:
                value = min(value, 3)
        control.value = value
        return value

    def reset(self, name):
        self.explorer.controls[name].click()

    fix = reset

    def edit(self, name):
        control = self.explorer.controls[name]
        control.value = not control.value

    code = edit

    def play(self, name):
        control = self.explorer.controls[name]
        control.value = 0 if self.draw.random() < 0.2 else control.value + self.draw.randint(1, 3)

    def fields(self, name):
        there = list(fields(self.explorer).items())
        if not there:
            return None
        key, field = self.draw.choice(there)
        field.value = self.draw.choice([0.0, -1.0, 0.125, 3.0, -12.5, 117.0, 1e-4, math.nan])
        return f"{key} = {field.value}"


@pytest.fixture
def page() -> SimpleNamespace:
    """What reads a page, for tests that cannot import it from here."""
    return SimpleNamespace(
        Hand=Hand,
        calculated=calculated,
        check=check,
        descendants=descendants,
        equation=equation,
        fields=fields,
        figures=figures,
        htmls=htmls,
        is_shown=is_shown,
        picture=picture,
        root=root,
        rounding=rounding,
        status=status,
        words=words,
    )


def legal_settings(count, dims, largest):
    """Random legal ones, whose numbers are printed without rounding."""
    draw = random.Random(10 * dims + largest)
    found = []
    while len(found) < count:
        setting = {
            "size": draw.randint(1, largest),
            "kernel": draw.randint(1, largest),
            "stride": draw.randint(1, 4),
            "padding": draw.choice([0, 0, 1, 2, 3, 5]),
            "output_padding": draw.choice([0, 0, 1, 2, 3]),
            "dilation": draw.choice([1, 1, 2, 3]),
        }
        if deconv.illegal(*setting.values()):
            continue
        bias = draw.choice([0.0, 0.5, -1.0])
        kernel = draw.choice(["ramp", "ones"])
        found.append(dict(setting, dims=dims, bias=bias, kernel_pattern=kernel))
    return found


@pytest.fixture(scope="session")
def cases() -> SimpleNamespace:
    """Legal settings of one and of two dimensions, a layer that is odd, explorers of them all."""
    from gan_lessons.widgets import DeconvExplorer

    odd = nn.ConvTranspose2d(1, 1, (3, 2), (1, 3), (1, 0), (0, 1), dilation=(1, 2))
    weight = torch.arange(-2.0, 4.0).view(1, 1, 3, 2)
    odd.load_state_dict({"weight": weight, "bias": torch.tensor([0.5])})

    def explorers(one, two):
        yield from (DeconvExplorer(**setting) for setting in (*one, *two))
        yield DeconvExplorer(odd, size=3, input_pattern="ramp")

    one, two = legal_settings(20, 1, 6), legal_settings(12, 2, 3)
    return SimpleNamespace(one=one, two=two, odd=odd, explorers=explorers)
