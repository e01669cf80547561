"""Which cells light which, as data: checked against autograd.

A cell that is pointed at, or chosen, puts lights on (`links`); cells wait for lights (`Panel`).
tests/browser/test_deconv_lights.py points at the cells and looks what the browser makes of it.
"""

import random
import re
from functools import cache
from itertools import product

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.autograd.functional import jacobian

pytest.importorskip("ipywidgets")

from gan_lessons import deconv
from gan_lessons.widgets import cells, kit
from gan_lessons.widgets.cells import Cell
from gan_lessons.widgets.deconv_explorer import links, page, panels, words
from gan_lessons.widgets.deconv_explorer.settings import DeconvSettings
from gan_lessons.widgets.deconv_explorer.view import DeconvView

NAMES = ("stride", "padding", "output_padding", "dilation")
KINDS = ("in", "ker", "out")  # of the panels that every view begins with, in this order


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


def expected(
    case: DeconvView, kind: str, place: tuple[int, int]
) -> dict[str, set[tuple[int, int]]]:
    """What is lit of input, kernel and output when a cell is pointed at."""
    by_input, by_kernel = reaches(case)
    inputs, kernels = everything(case.x), everything(case.w)
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


def cases_of_all_views():
    draw = random.Random(3)
    for i in range(16):
        view = ("stamps", "overlap", "zeros", "matrix")[i // 2 % 4]
        largest = 5 - 2 * (i % 2)
        yield DeconvView(DeconvSettings(dims=1 + i % 2, view=view, **random_setting(draw, largest)))
    layer = nn.ConvTranspose2d(1, 1, (3, 2), (1, 3), (2, 0), (0, 1), dilation=(1, 2))
    yield DeconvView(DeconvSettings(dims=2, size=3, view="overlap"), layer)


class Linked:
    """The cells of all panels of a case, and which are lit while one of them is pointed at."""

    def __init__(self, case: DeconvView):
        self.case = case
        self.panels = [list(panel.cells) for panel in panels.panels(case)]
        self.switches = {
            frozenset(cell.split(".")[1:]): on for cell, on in links.switches(case).items()
        }

    def of(self, kind: str) -> dict[tuple[int, int], Cell]:
        """Input, kernel or output: its cells by row and column."""
        panel = self.panels[KINDS.index(kind)]
        return {place(cell): cell for cell in panel if cell.classes}  # not those that padding cuts

    def lights(self, pointed: Cell) -> set[str]:
        """What pointing at a cell puts on."""
        classes = set(pointed.classes.split())
        return set().union(*(on for needed, on in self.switches.items() if needed <= classes))

    def lit(self, lights: set[str]) -> dict[str, set[tuple[int, int]]]:
        """The lit cells of input, kernel and output."""
        return {
            kind: {at for at, cell in self.of(kind).items() if is_lit(cell, lights)}
            for kind in KINDS
        }

    def products(self) -> list[tuple[Cell, int, int, int]]:
        """The cells of the view that are products: (cell, input, kernel cell, output)."""
        _, _, s, p, _, d = self.case.axes[1]
        found = []
        for cell in (cell for panel in self.panels[3:] for cell in panel):
            if numbers := re.fullmatch(r"s(\d+)-(\d+)", cell.classes):
                i, j = int(numbers[1]), int(numbers[2])
                found.append((cell, i, j, i * s + j * d - p))
        return found


def kind_of(cell: Cell) -> str:
    """in, ker, out or zer; empty where a cell is none of them."""
    return next((name for name in cell.classes.split() if name in cells.KINDS), "")


def place(cell: Cell) -> tuple[int, int]:
    """Row and column, from the classes y… and x…"""
    numbers = re.search(r"\by(\d+) x(\d+)$", cell.classes)
    return int(numbers[1]), int(numbers[2])


def is_lit(cell: Cell, lights: set[str]) -> bool:
    """A cell of a kind waits for its row and its column, another for one of its tuples."""
    if kind := kind_of(cell):
        row, column = place(cell)
        return {f"{kind[0]}y{row}", f"{kind[0]}x{column}"} <= lights
    return any(set(names) <= lights for names in cell.lights)


@pytest.mark.parametrize("case", list(cases_of_all_views()), ids=lambda case: f"{case.dims}-D")
def test_a_pointed_cell_lights_exactly_what_autograd_says(case):
    linked = Linked(case)
    assert not any(is_lit(cell, set()) for panel in linked.panels for cell in panel)
    for kind in KINDS:
        for at, cell in linked.of(kind).items():
            assert linked.lit(linked.lights(cell)) == expected(case, kind, at), (kind, at)


@pytest.mark.parametrize("dims", [1, 2])
@pytest.mark.parametrize("view", ["stamps", "zeros", "matrix", "overlap"])
def test_cells_of_a_view_light_as_the_ones_they_stand_for(dims, view):
    case = DeconvView(DeconvSettings(dims=dims, view=view, size=3, padding=1, output_padding=1))
    linked = Linked(case)
    count = 0
    for cell in (cell for panel in linked.panels[3:] for cell in panel):
        kind = kind_of(cell)
        if kind in KINDS:
            assert linked.lit(linked.lights(cell)) == expected(case, kind, place(cell))
            assert is_lit(cell, linked.lights(linked.of(kind)[place(cell)]))
            count += 1
    assert count or (dims, view) == (2, "matrix")  # which has bands instead


@pytest.mark.parametrize("dims", [1, 2])
@pytest.mark.parametrize("walk", ["inputs", "outputs"])
def test_a_chosen_cell_is_lit_like_a_pointed_one(dims, walk):
    kind = {"inputs": "in", "outputs": "out"}[walk]
    free = DeconvView(DeconvSettings(dims=dims, size=4 - dims, stride=3, kernel=2, walk=walk))
    linked = Linked(free)
    assert links.chosen_lights(free) == set()
    for step, (at, cell) in enumerate(linked.of(kind).items(), 1):
        chosen = links.chosen_lights(DeconvView(free.settings.changed(step=step)))
        assert chosen == linked.lights(cell)
        assert linked.lit(chosen) == expected(free, kind, at)
    assert step == free.steps


@pytest.mark.parametrize("view", ["stamps", "matrix", "overlap", "zeros"])
@pytest.mark.parametrize("dims", [1, 2])
def test_what_pointing_puts_on_does_not_depend_on_the_chosen_cell(dims, view):
    free = DeconvView(DeconvSettings(dims=dims, view=view, size=3))
    walked = DeconvView(free.settings.changed(step=5 - 2 * (dims == 1)))
    assert links.chosen_lights(walked)
    assert links.switches(walked) == links.switches(free)
    for before, after in zip(Linked(free).panels, Linked(walked).panels, strict=True):
        assert [(c.classes, c.lights) for c in before] == [(c.classes, c.lights) for c in after]


def test_a_product_lights_its_three_cells_and_itself():
    for view in ("stamps", "matrix", "overlap"):
        case = DeconvView(DeconvSettings(view=view, size=3, kernel=3, padding=1))
        linked = Linked(case)
        products = linked.products()
        assert len(products) >= 7
        for cell, i, j, o in products:
            lights = linked.lights(cell)
            reached = {(0, o)} if 0 <= o < case.y.numel() else set()
            assert linked.lit(lights) == {"in": {(0, i)}, "ker": {(0, j)}, "out": reached}
            assert [other for other, *_ in products if is_lit(other, lights)] == [cell]


@pytest.mark.parametrize("view", ["stamps", "matrix", "overlap"])
def test_a_cell_lights_the_products_that_it_is_in(view):
    linked = Linked(DeconvView(DeconvSettings(view=view, size=3, kernel=4, padding=1)))
    products = linked.products()
    assert len(products) == 12 - 2 * (view != "stamps")  # padding cuts the first and the last
    for kind in KINDS:
        for (_, index), pointed in linked.of(kind).items():
            lights = linked.lights(pointed)
            for cell, *of_each in products:
                assert is_lit(cell, lights) == (of_each[KINDS.index(kind)] == index)


def test_an_input_lights_its_column_of_the_matrix_and_an_output_its_row():
    linked = Linked(DeconvView(DeconvSettings(view="matrix", size=3)))
    entries = [cell for cell in linked.panels[3] if not kind_of(cell)]
    assert len(entries) == 3 * 7
    for kind, of_entry in (("in", lambda cell: cell.x), ("out", lambda cell: cell.y)):
        for (_, index), pointed in linked.of(kind).items():
            lights = linked.lights(pointed)
            assert [is_lit(c, lights) for c in entries] == [of_entry(c) == index for c in entries]


def test_a_cell_lights_its_band_of_a_matrix_of_two_dimensions():
    case = DeconvView(DeconvSettings(dims=2, view="matrix", size=2, kernel=2))
    linked = Linked(case)
    bands = panels.panels(case)[3].bands
    outputs, inputs = case.matrix.shape
    for kind, width in (("in", case.x.shape[1]), ("out", case.out[1])):
        for (row, column), pointed in linked.of(kind).items():
            lights = linked.lights(pointed)
            on = [band for band in bands if any(set(names) <= lights for names in band.lights)]
            at = row * width + column
            (band,) = on
            whole = (at, 0, 1, outputs) if kind == "in" else (0, at, inputs, 1)
            assert (band.x, band.y, band.width, band.height) == whole


@pytest.mark.parametrize("dims", [1, 2])
def test_an_output_lights_the_window_of_the_turned_kernel(dims):
    linked = Linked(
        DeconvView(DeconvSettings(dims=dims, view="zeros", size=2, kernel=3, dilation=2))
    )
    rows = range(3) if dims == 2 else range(1)
    left = linked.panels[-1][0].x  # in one dimension there are labels before the first cell
    for (row, column), pointed in linked.of("out").items():
        lights = linked.lights(pointed)
        window = {(row + 2 * u, column + 2 * v) for u in rows for v in range(3)}
        lit = {
            (round(cell.y), round(cell.x - left))
            for cell in linked.panels[-1]
            if kind_of(cell) in ("zer", "in") and is_lit(cell, lights)
        }
        assert lit == window


@pytest.mark.parametrize("walk", ["inputs", "outputs"])
@pytest.mark.parametrize("step", [0, 2])
def test_the_outlined_cells_of_two_dimensions_are_those_that_the_title_names(walk, step):
    case = DeconvView(DeconvSettings(dims=2, size=2, view="zeros", walk=walk, step=step))
    named = re.search(r"outlined.*y\[(\d+),(\d+)\]", panels.panels(case)[-1].title)
    assert bool(named) == (walk == "outputs" and step > 0)
    if named:
        row, column = int(named[1]), int(named[2])
        window = {(row + u, column + v) for u in range(3) for v in range(3)}
        lights = links.chosen_lights(case)
        lit = {(c.y, c.x) for c in Linked(case).panels[-1] if is_lit(c, lights)}
        assert lit == window


@pytest.mark.parametrize(
    "layer",
    [nn.ConvTranspose1d(1, 1, 16, stride=8), nn.ConvTranspose1d(1, 1, 41, stride=20, padding=9)],
)
def test_the_last_cells_of_a_long_layer_are_lit_too(layer):
    case = DeconvView(DeconvSettings(size=10, view="zeros"), layer)
    linked = Linked(case)
    for kind in KINDS:
        at, cell = list(linked.of(kind).items())[-1]
        assert linked.lit(linked.lights(cell)) == expected(case, kind, at)
    assert any(kind_of(c) == "zer" and is_lit(c, linked.lights(cell)) for c in linked.panels[-1])


# The rules that the browser reads


@pytest.mark.parametrize("step", [0, 2])
@pytest.mark.parametrize("walk", ["inputs", "outputs"])
def test_the_rules_say_what_the_links_say(step, walk):
    for setting in (
        DeconvSettings(padding=1, step=step, walk=walk),
        DeconvSettings(dims=2, size=2, dilation=2, step=step, walk=walk),
    ):
        case = DeconvView(setting)
        read = re.findall(r"([^{}]+)\{([^{}]*)\}", links.rules(case, ".own"))
        told = [  # of alternatives the last, which is of cells of their own
            (where.split(":hover),")[-1], dict(part.split(":", 1) for part in text.split(";")))
            for where, text in read
        ]
        joins = [
            (f".own {cell}", {f"--{light[1]}": f"var(--{light},0)"})
            for cell, light in links.joins(case).items()
        ]
        lights = {f"--{name}": "1" for name in links.chosen_lights(case)}
        pointed = ".own:has(>*>*>*>*>*>"
        always = [(f"{pointed}.out:hover)", {"--hover": "1"})]
        if lights:  # on for the chosen cell, off while any cell is pointed at
            kind = {"inputs": "in", "outputs": "out"}[walk]
            lights[f"--{kind}"] = "1"
            always.append((".own", {**lights, **begins(case, kind, case.chosen)}))
            always.append((f"{pointed}:is(rect,div):hover)", dict.fromkeys(lights, "0")))
        for cell, on in links.switches(case).items():
            put_on = {f"--{name}": "1" for name in on}
            if setting.dims == 2:
                kind, axis, index = re.fullmatch(r"\.(\w+)\.([yx])(\d+)", cell).groups()
                both = begins(case, kind, (int(index), int(index)))
                put_on |= {f"--{kind}": "1", f"--t{axis}": both[f"--t{axis}"]}
            always.append((f"{pointed}{cell}:hover)", put_on))
        assert told == joins + always  # of two that are as strong, the later one counts


def begins(case: DeconvView, kind: str, at: tuple[int, int]) -> dict[str, str]:
    """Where in the output the marks of a cell begin, before the output's edges cut them."""
    first = {
        "in": [i * s - p for i, (_, _, s, p, _, _) in zip(at, case.axes, strict=True)],
        "ker": [j * d - p for j, (_, _, _, p, _, d) in zip(at, case.axes, strict=True)],
        "out": list(at),
    }
    return {f"--t{axis}": str(each) for axis, each in zip("yx", first[kind], strict=True)}


@pytest.mark.parametrize(
    "setting",
    [
        {"size": 3, "kernel": 3, "stride": 2, "padding": 1},
        {"size": 3, "kernel": 2, "stride": 3, "dilation": 3, "output_padding": 2},
        {"size": 10, "kernel": 7, "stride": 4, "dilation": 3, "padding": 5, "output_padding": 3},
    ],
)
def test_marks_in_a_grid_without_numbers_are_the_cells_that_wait_for_these_lights(setting):
    case = DeconvView(DeconvSettings(dims=2, **setting))
    sizes = {"in": case.x.shape, "ker": case.w.shape, "out": case.out}
    grids = {"out": case.out, "zer": case.spread.shape}
    for grid, shape in grids.items():
        marks = links.marks(case, grid)
        for kind in KINDS:
            for at in product(*(sorted({0, size // 2, size - 1}) for size in sizes[kind])):
                on = set().union(
                    *(
                        links.switches(case)[f".{kind}.{a}{i}"]
                        for a, i in zip("yx", at, strict=True)
                    )
                )
                waits = {
                    (row, column)
                    for row, column in product(*map(range, shape))
                    if {f"{grid[0]}y{row}", f"{grid[0]}x{column}"} <= on
                }
                first = [int(each) for each in begins(case, kind, at).values()]
                ys, xs = marks.get(kind, ((), ()))
                marked = {(first[0] + y, first[1] + x) for y, x in product(ys, xs)}
                assert {
                    m for m in marked if all(0 <= i < n for i, n in zip(m, shape, strict=True))
                } == waits


def test_in_one_dimension_there_are_no_marks():
    assert links.marks(DeconvView(DeconvSettings()), "out") == {}


def test_the_switches_say_what_lights_of_says():
    for setting in (DeconvSettings(padding=1), DeconvSettings(dims=2, size=2, dilation=2)):
        case = DeconvView(setting)
        for kind, shape in (("in", case.x.shape), ("out", case.out), ("ker", case.w.shape)):
            for axis in (0, 1):
                for index in range(shape[axis]):
                    where = f".{kind}.{'yx'[axis]}{index}"
                    on = links.lights_of(case, kind[0], axis, index)
                    assert links.switches(case)[where] == on


@pytest.mark.parametrize(
    ("setting", "layer"),
    [
        ({"view": "all"}, None),
        ({"view": "all", "size": 10, "kernel": 7, "stride": 4, "dilation": 3}, None),
        ({"dims": 2, "view": "all", "padding": 1}, None),
        ({"dims": 2, "view": "all", "size": 10, "kernel": 7, "stride": 4}, None),
        ({"size": 10, "view": "zeros"}, nn.ConvTranspose1d(1, 1, 41, stride=20, padding=9)),
    ],
)
def test_every_cell_with_a_row_and_a_column_waits_for_both_their_lights(setting, layer):
    case = DeconvView(DeconvSettings(**setting), layer)
    joins = links.joins(case)
    drawn = page.to_html(case, layer)
    placed = set(re.findall(r"class='(?:\w+ )?(in|out|ker|zer|Own) (y\d+) (x\d+)'", drawn))
    assert {kind for kind, *_ in placed} >= {"in", "ker"}
    for kind, row, column in placed:
        for at in (row, column):
            assert joins[f".{kind}.{at}"] == f"{kind[0].lower()}{at}"
    rule = ".gl-deconv :is(.in, .out, .ker, .zer, .Own) { --l: calc(var(--y, 0) * var(--x, 0)); }"
    assert rule in kit.CSS
    assert set(cells.KINDS) == {"in", "out", "ker", "zer", "Own"}


@pytest.mark.parametrize("size", [3, 10])
def test_each_output_has_its_equation_to_be_pointed_at(size):
    case = DeconvView(DeconvSettings(dims=2, size=size, view="overlap", step=1))
    text = words.equations(case)
    own = re.findall(r"<div class='Own y(\d+) x(\d+)'>y\[(\d+),(\d+)\] = ", text)
    if case.y.numel() > words.MOST_EQUATIONS:
        assert text.count("<div") == 2
        assert not own
    else:
        assert [tuple(map(int, each[:2])) for each in own] == sorted(everything(case.y))
        assert all(each[:2] == each[2:] for each in own)


def test_several_explorers_in_one_page_keep_apart():
    """Also those of other kernels: pictures of the same class have the same rules."""
    layer = nn.ConvTranspose1d(1, 1, 3, stride=3)
    views = [(DeconvView(setting), None) for setting in SEVERAL]
    views.append((DeconvView(SEVERAL[0], layer), layer))
    rules = {}
    for view, its_layer in views:
        style, scope = re.match(
            r"<style>(.*?)</style><div class='gl-card (gl-\w+)'>",
            page.to_html(view, its_layer),
        ).groups()
        assert all(f".{scope}" in rule for rule in re.findall(r"([^{}]+)\{", style))
        assert rules.setdefault(scope, style) == style
    assert len(rules) == len(views)


SEVERAL = [
    DeconvSettings(dims=dims, size=size, kernel=kernel, step=step)
    for dims, size, kernel, step in product((1, 2), (3, 4), (2, 3), (0, 1, 2))
]
