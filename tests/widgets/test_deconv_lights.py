"""Pointing at a cell lights what it is made of and what it adds to: checked against autograd."""

import random
from functools import cache

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.autograd.functional import jacobian

pytest.importorskip("ipywidgets")

from gan_lessons import deconv
from gan_lessons.widgets import DeconvExplorer
from gan_lessons.widgets.deconv_explorer import links

NAMES = ("stride", "padding", "output_padding", "dilation")
PANELS = {"in": "input x", "ker": "kernel w", "out": "output y"}


@cache
def reaches(case) -> tuple[torch.Tensor, torch.Tensor]:
    """Which inputs, and which kernel cells, move which outputs: (*output, *input), (…, *kernel)."""
    settings = {name: getattr(case, name) for name in NAMES}
    x, w = torch.ones_like(case.x)[None, None], torch.ones_like(case.w)[None, None]
    by_input = jacobian(lambda x: F.conv_transpose2d(x, w, **settings)[0, 0], x, vectorize=True)
    by_kernel = jacobian(lambda w: F.conv_transpose2d(x, w, **settings)[0, 0], w, vectorize=True)
    return by_input[:, :, 0, 0] != 0, by_kernel[:, :, 0, 0] != 0


def places(mask: torch.Tensor) -> set[tuple[int, int]]:
    return {tuple(place) for place in mask.nonzero().tolist()}


def everything(values: torch.Tensor) -> set[tuple[int, int]]:
    return places(torch.ones_like(values))


def expected(explorer, kind: str, place: tuple[int, int]) -> dict[str, set[tuple[int, int]]]:
    """What is lit of input, kernel and output when a cell is pointed at."""
    by_input, by_kernel = reaches(explorer.case)
    inputs, kernels = everything(explorer.case.x), everything(explorer.case.w)
    row, column = place
    if kind == "in":
        return {"in": {place}, "ker": kernels, "out": places(by_input[:, :, row, column])}
    if kind == "ker":
        return {"in": inputs, "ker": {place}, "out": places(by_kernel[:, :, row, column])}
    return {"in": places(by_input[place]), "ker": places(by_kernel[place]), "out": {place}}


def random_setting(draw, largest=5):
    while True:
        setting = {
            "size": draw.randint(1, largest),
            "kernel": draw.randint(1, 4),
            "stride": draw.randint(1, 4),
            "padding": draw.choice([0, 0, 1, 2, 3]),
            "output_padding": draw.choice([0, 0, 1, 2]),
            "dilation": draw.choice([1, 1, 2, 3]),
        }
        if not deconv.illegal(*setting.values()):
            return setting


def settings():
    draw = random.Random(3)
    for i in range(16):
        view = ("stamps", "overlap", "zeros", "matrix")[i // 2 % 4]
        yield dict(dims=1 + i % 2, view=view, **random_setting(draw, largest=5 - 2 * (i % 2)))
    layer = nn.ConvTranspose2d(1, 1, (3, 2), (1, 3), (2, 0), (0, 1), dilation=(1, 2))
    yield {"layer": layer, "size": 3, "view": "overlap"}


def shown(explorer, page):
    """The three panels that are always there, by kind."""
    return {kind: page.figures(explorer, start)[0] for kind, start in PANELS.items()}


@pytest.mark.parametrize("setting", list(settings()), ids=lambda it: f"{it.get('dims')}-D")
def test_a_pointed_cell_lights_exactly_what_autograd_says(setting, page):
    explorer = DeconvExplorer(**setting)
    style, panels = page.Style(explorer), shown(explorer, page)
    assert not any(style.lit(panels[kind], kind, None) for kind in PANELS)
    for kind, figure in panels.items():
        for place, square in figure.of(kind).items():
            lit = {other: style.lit(panels[other], other, square) for other in PANELS}
            assert lit == expected(explorer, kind, place), (kind, place)


@pytest.mark.parametrize("dims", [1, 2])
@pytest.mark.parametrize("view", ["stamps", "zeros", "matrix", "overlap"])
def test_cells_of_a_view_light_as_the_ones_they_stand_for(dims, view, page):
    explorer = DeconvExplorer(dims=dims, view=view, size=3, padding=1, output_padding=1)
    style, panels = page.Style(explorer), shown(explorer, page)
    linked = 0
    for figure in page.figures(explorer)[3:]:
        for kind in PANELS:
            for place, square in figure.of(kind).items():
                lit = {other: style.lit(panels[other], other, square) for other in PANELS}
                assert lit == expected(explorer, kind, place)
                assert style.is_lit(square, style.lights(panels[kind].of(kind)[place]))
                linked += 1
    assert linked or (dims, view) == (2, "matrix")  # which has bands instead


@pytest.mark.parametrize("dims", [1, 2])
@pytest.mark.parametrize("walk", ["inputs", "outputs"])
def test_a_chosen_cell_is_lit_like_a_pointed_one(dims, walk, page):
    kind = {"inputs": "in", "outputs": "out"}[walk]
    explorer = DeconvExplorer(dims=dims, size=4 - dims, stride=3, kernel=2, walk=walk)
    for step in range(1, explorer.controls["step"].max + 1):
        explorer.controls["step"].value = step
        style, panels = page.Style(explorer), shown(explorer, page)
        square = list(panels[kind].of(kind).values())[step - 1]
        chosen = {other: style.lit(panels[other], other, None) for other in PANELS}
        assert chosen == expected(explorer, kind, square.place)


@pytest.mark.parametrize("view", ["stamps", "matrix", "overlap", "zeros"])
@pytest.mark.parametrize("dims", [1, 2])
def test_pointing_takes_over_from_the_chosen_cell(dims, view, page):
    free = DeconvExplorer(dims=dims, view=view, size=3)
    plain = page.Style(free)
    walked = DeconvExplorer(dims=dims, view=view, size=3, step=5 - 2 * (dims == 1))
    style = page.Style(walked)
    assert any(style.lights(None).values())
    for before, figure in zip(page.figures(free), page.figures(walked), strict=True):
        for other, square in zip(before.squares, figure.squares, strict=True):
            alone = {name for name, value in plain.lights(other).items() if value}
            assert {name for name, value in style.lights(square).items() if value} == alone


def test_a_product_lights_its_three_cells_and_itself(page):
    for view in ("stamps", "matrix", "overlap"):
        for step in (0, 2):
            explorer = DeconvExplorer(view=view, size=3, kernel=3, padding=1, step=step)
            style, panels = page.Style(explorer), shown(explorer, page)
            (figure,) = page.figures(explorer)[3:]
            products = [s for s in figure.squares if s.classes[-1].startswith("s")]
            assert len(products) >= 7
            for square in products:
                i, j = (int(part) for part in square.classes[-1][1:].split("-"))
                o = 2 * i + j - 1
                lit = {kind: style.lit(panels[kind], kind, square) for kind in PANELS}
                size = explorer.output.numel()
                reached = {(0, o)} if 0 <= o < size else set()
                assert lit == {"in": {(0, i)}, "ker": {(0, j)}, "out": reached}
                lights = style.lights(square)
                assert [s for s in products if style.is_lit(s, lights)] == [square]


def test_an_input_lights_its_stamp_its_column_and_an_output_its_row(page):
    for view in ("stamps", "matrix", "overlap"):
        explorer = DeconvExplorer(view=view, size=3, kernel=4, padding=1)
        style, panels = page.Style(explorer), shown(explorer, page)
        (figure,) = page.figures(explorer)[3:]
        products = [s for s in figure.squares if s.level]
        for kind in PANELS:
            for (_, index), pointed in panels[kind].of(kind).items():
                lights = style.lights(pointed)
                for square in products:
                    if not square.classes[-1].startswith("s"):
                        continue
                    i, j = (int(part) for part in square.classes[-1][1:].split("-"))
                    own = {"in": i, "ker": j, "out": 2 * i + j - 1}[kind]
                    assert style.is_lit(square, lights) == (own == index)
    # Zeros of the matrix too: a whole column, a whole row.
    explorer = DeconvExplorer(view="matrix", size=3)
    style, panels = page.Style(explorer), shown(explorer, page)
    (figure,) = page.figures(explorer)[3:]
    entries = [s for s in figure.squares if s.level]
    assert len(entries) == 3 * 7
    for kind, of_place in (("in", lambda at: at % 3), ("out", lambda at: at // 3)):
        for (_, index), pointed in panels[kind].of(kind).items():
            lights = style.lights(pointed)
            lit = [at for at, square in enumerate(entries) if style.is_lit(square, lights)]
            assert lit == [at for at in range(21) if of_place(at) == index]


@pytest.mark.parametrize("dims", [1, 2])
def test_an_output_lights_the_window_of_the_turned_kernel(dims, page):
    explorer = DeconvExplorer(dims=dims, view="zeros", size=2, kernel=3, dilation=2)
    style, panels = page.Style(explorer), shown(explorer, page)
    figure = page.figures(explorer)[-1]
    for (row, column), pointed in panels["out"].of("out").items():
        zeros = {(row + 2 * u, column + 2 * v) for u in range(3) for v in range(3)}
        if dims == 1:
            zeros = {(0, column + 2 * v) for v in range(3)}
        lit = style.lit(figure, "zer", pointed)
        met = style.lit(figure, "in", pointed)
        assert lit == zeros & set(figure.of("zer"))
        assert len(lit) + len(met) == len(zeros)


def test_the_rules_say_what_the_links_say(page):
    for explorer in (DeconvExplorer(padding=1), DeconvExplorer(dims=2, size=2, dilation=2)):
        case = explorer.case
        style = page.Style(explorer)
        rules = style.rules
        sizes = {"in": case.x.shape, "out": case.out, "ker": case.w.shape}
        for kind, shape in sizes.items():
            for axis in (0, 1):
                for index in range(shape[axis]):
                    where = f".{kind}.{'yx'[axis]}{index}:hover)"
                    (rule,) = [text for name, text in rules if name.endswith(where)]
                    assert set(rule.split(";")) == {
                        f"--{name}:1" for name in links.lights_of(case, kind[0], axis, index)
                    }


@pytest.mark.parametrize("size", [3, 10])
def test_one_equation_is_seen_whatever_is_pointed_at(size, page):
    explorer = DeconvExplorer(dims=2, size=size, view="overlap", step=1)
    style = page.Style(explorer)
    for figure in page.figures(explorer):
        for square in figure.squares[:: 1 + size // 3]:
            (text,) = style.equations(square)
            if "out" in square.classes and explorer.output.numel() <= 150:
                assert text.startswith("y[{},{}] = ".format(*square.place))
    assert len(style.equations(None)) == 1


def test_several_explorers_in_one_page_keep_apart(page):
    """Also those of other kernels, whose notebooks JupyterLab shows in the same page."""
    import importlib.util
    import sys

    from gan_lessons.widgets.deconv_explorer import explorer as module

    roots = [page.Style(DeconvExplorer()).root for _ in range(3)]
    spec = importlib.util.spec_from_file_location("another_kernels_module", module.__file__)
    again = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = again
    try:
        spec.loader.exec_module(again)
        roots += [page.Style(again.DeconvExplorer()).root for _ in range(3)]
    finally:
        del sys.modules[spec.name]
    assert len(set(roots)) == 6


@pytest.mark.parametrize(
    "layer",
    [nn.ConvTranspose1d(1, 1, 16, stride=8), nn.ConvTranspose1d(1, 1, 41, stride=20, padding=9)],
)
def test_the_last_cells_of_a_long_layer_are_lit_too(layer, page):
    explorer = DeconvExplorer(layer, size=10, view="zeros")
    style, panels = page.Style(explorer), shown(explorer, page)
    for kind in PANELS:
        place, square = list(panels[kind].of(kind).items())[-1]
        lit = {other: style.lit(panels[other], other, square) for other in PANELS}
        assert lit == expected(explorer, kind, place)
    figure = page.figures(explorer)[-1]
    assert style.lit(figure, "zer", square)
