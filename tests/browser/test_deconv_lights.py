"""Every cell of the deconvolution explorer is pointed at, in each view: what does the page light?

tests/widgets/test_deconv_lights.py tests the same links as data.
"""

import re
from itertools import product

import pytest

VIEWS = ("stamps", "zeros", "matrix", "overlap")
SETTINGS = {  # another cell is chosen: pointing takes over from it
    1: {"size": 3, "kernel": 3, "stride": 2, "padding": 1, "output_padding": 1, "dilation": 2},
    2: {"size": 2, "kernel": 2, "stride": 2, "padding": 1, "output_padding": 1, "dilation": 2},
}
STEP = 2
CASES = list(product(SETTINGS, VIEWS))
CELLS = ["from gan_lessons.widgets import DeconvExplorer"] + [
    f"DeconvExplorer(dims={dims}, view={view!r}, step={STEP}, **{SETTINGS[dims]})"
    for dims, view in CASES
]
# All cells with their middles, after scrolling to them.
WHERE = """card => {
    card.scrollIntoView({block: 'start'});
    return [...card.querySelectorAll('.panels rect:not(.band)')].map(cell => {
        const box = cell.getBoundingClientRect();
        return {classes: cell.getAttribute('class'),
                x: box.x + box.width / 2, y: box.y + box.height / 2};
    });
}"""
# Which cells have the thick outline of lit ones, and which equations are seen.
SEEN = """card => ({
    lit: [...card.querySelectorAll('.panels rect:not(.band)')]
        .map(cell => parseFloat(getComputedStyle(cell).strokeWidth) > 2),
    equations: [...card.querySelectorAll('.eqs div')]
        .filter(line => !line.querySelector('div') && +getComputedStyle(line).opacity > .5)
        .map(line => line.textContent),
})"""

Places = dict[str, set]


@pytest.fixture(scope="module")
def page(lab):
    page = lab.open(CELLS, height=1500)
    page.wait_for_function(
        f"document.querySelectorAll('.panels').length === {len(CASES)}", timeout=90_000
    )
    yield page
    page.close()


def products_of(axis: int, dims: int) -> set[tuple[int, int, int]]:
    """(input, kernel cell, output) of all products that are kept, along one axis; by counting."""
    if dims == 1 and axis == 0:
        return {(0, 0, 0)}
    n, k, s, p, extra, d = SETTINGS[dims].values()
    outputs = (n - 1) * s + d * (k - 1) + 1 + extra - 2 * p
    return {
        (i, j, o)
        for i, j, o in product(range(n), range(k), range(outputs))
        if i * s + j * d == o + p
    }


def sizes(dims: int, kind: str) -> list[range]:
    n, k, s, p, extra, d = SETTINGS[dims].values()
    size = {"in": n, "ker": k, "out": (n - 1) * s + d * (k - 1) + 1 + extra - 2 * p}[kind]
    return [range(size if dims == 2 else 1), range(size)]


def parts_of(classes: str) -> tuple[str, tuple[int, ...]]:
    """A cell's kind and place: ("in", (row, column)), ("s", (input, kernel cell)), ("", ())."""
    if found := re.search(r"\b(in|ker|out|zer) y(\d+) x(\d+)", classes):
        return found[1], (int(found[2]), int(found[3]))
    if found := re.search(r"\bs(\d+)-(\d+)", classes):
        return "s", (int(found[1]), int(found[2]))
    return "", ()


def partners(dims: int, kind: str, at: tuple[int, ...]) -> Places:
    """What is made of a cell, and what it is made of."""
    found: Places = {"in": set(), "ker": set(), "out": set(), "zer": set(), "s": set()}
    stride, padding, dilation = (SETTINGS[dims][n] for n in ("stride", "padding", "dilation"))
    if kind == "s":
        i, j = at
        found.update({"in": {(0, i)}, "ker": {(0, j)}, "s": {at}})
        o = i * stride + j * dilation - padding
        found["out"] = {(0, o)} & set(product(*sizes(dims, "out")))
    elif kind in ("in", "ker", "out"):
        index = ("in", "ker", "out").index(kind)
        met = [
            {each for each in products_of(axis, dims) if each[index] == at[axis]} for axis in (0, 1)
        ]
        for other, name in enumerate(("in", "ker", "out")):
            found[name] = set(product(*({each[other] for each in axis} for axis in met)))
        if kind == "in":
            found["ker"] = set(product(*sizes(dims, "ker")))
        if kind == "ker":
            found["in"] = set(product(*sizes(dims, "in")))
        found[kind] = {at}
        if kind == "out":
            kernel = SETTINGS[dims]["kernel"]
            reach = [range(kernel if dims == 2 else 1), range(kernel)]
            found["zer"] = {
                (at[0] + dilation * u, at[1] + dilation * v) for u, v in product(*reach)
            }
        if dims == 1:
            pairs = product(range(SETTINGS[1]["size"]), range(SETTINGS[1]["kernel"]))
            found["s"] = {
                (i, j)
                for i, j in pairs
                if at[1] == (i, j, i * stride + j * dilation - padding)[index]
            }
    return found


def lit_by(dims: int, cells: list[str], pointed: str) -> list[bool]:
    """Which of the cells should be lit; zeros of a matrix, which have no classes, are left out."""
    found = partners(dims, *parts_of(pointed))
    return [bool(kind) and at in found[kind] for kind, at in map(parts_of, cells)]


@pytest.mark.parametrize(("dims", "view"), CASES)
def test_pointing_lights_what_belongs_together(page, dims, view):
    card = page.locator(".panels").nth(CASES.index((dims, view))).locator("xpath=..")
    places = card.evaluate(WHERE)
    cells = [each["classes"] for each in places]
    known = [bool(parts_of(each)[0]) for each in cells]
    assert sum(known) > 20
    chosen = "out" if view == "zeros" else "in"
    width = len(sizes(dims, chosen)[1])
    row, column = divmod(STEP - 1, width)

    def seen() -> tuple[list[bool], list[str]]:
        now = card.evaluate(SEEN)
        return [lit for lit, is_known in zip(now["lit"], known, strict=True) if is_known], now[
            "equations"
        ]

    def should(pointed: str) -> list[bool]:
        lit = lit_by(dims, cells, pointed)
        return [each for each, is_known in zip(lit, known, strict=True) if is_known]

    page.mouse.move(2, 2)
    lit, (of_chosen,) = seen()
    assert lit == should(f"{chosen} y{row} x{column}")
    for each in places:
        page.mouse.move(each["x"], each["y"])
        lit, equations = seen()
        kind, at = parts_of(each["classes"])
        assert lit == should(each["classes"]), each["classes"]
        if kind == "out":
            name = f"y[{at[1]}]" if dims == 1 else f"y[{at[0]},{at[1]}]"
            (equation,) = equations
            assert equation.startswith(f"{name} = ")
        else:
            assert equations == [of_chosen]
    page.mouse.move(2, 2)
    assert seen() == (should(f"{chosen} y{row} x{column}"), [of_chosen])
