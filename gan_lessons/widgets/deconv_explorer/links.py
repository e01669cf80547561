"""What lights up when a cell is chosen or pointed at: style rules, so that no kernel is asked.

Names of lights, along one axis: iy2 (input row 2), ox5 (output column 5), kx1 (kernel column 1) are
on for what a cell is made of or contributes to; Ix2, Ox5, Kx1 only for the cell itself, P1-0 for
the product x[1]·w[0], zy4 for a place under the turned kernel.
"""

from collections.abc import Iterator

from gan_lessons.widgets.cells import Lights, Marks
from gan_lessons.widgets.deconv_explorer.grids import has_numbers
from gan_lessons.widgets.deconv_explorer.view import DeconvView

MOST_PRODUCTS = 300  # that can be pointed at; a layer's kernel may be of any size


def lights_of(view: DeconvView, kind: str, axis: int, index: int) -> set[str]:
    """What an input ("i"), output ("o") or kernel cell ("k") puts on, along one axis."""
    a = "yx"[axis]
    n, k, s, p, _, d = view.axes[axis]
    if kind == "i":
        reached = (index * s + j * d - p for j in range(k))
        outs = {f"o{a}{o}" for o in reached if 0 <= o < view.out[axis]}
        return {f"i{a}{index}", f"I{a}{index}", *(f"k{a}{j}" for j in range(k)), *outs}
    if kind == "o":
        met = {name for i, j in view.meets[axis][index] for name in (f"i{a}{i}", f"k{a}{j}")}
        window = {f"z{a}{index + j * d}" for j in range(k)}
        return {f"o{a}{index}", f"O{a}{index}", *met, *window}
    outs = {f"o{a}{o}" for i in range(n) if 0 <= (o := i * s + index * d - p) < view.out[axis]}
    return {f"k{a}{index}", f"K{a}{index}", *(f"i{a}{i}" for i in range(n)), *outs}


def chosen_lights(view: DeconvView) -> set[str]:
    """The lights of the chosen cell."""
    if view.chosen is None:
        return set()
    kind = view.settings.walk[0]
    return set().union(*(lights_of(view, kind, axis, view.chosen[axis]) for axis in (0, 1)))


def switches(view: DeconvView) -> dict[str, set[str]]:
    """What pointing puts on: {".in.y0": lights, …}, by classes that the pointed cell must have."""
    found = {}
    for name, shape in (("in", view.x.shape), ("out", view.out), ("ker", view.w.shape)):
        for axis in (0, 1):
            for index in range(shape[axis]):
                found[f".{name}.{'yx'[axis]}{index}"] = lights_of(view, name[0], axis, index)
    if view.dims == 1 and view.x.numel() * view.w.numel() <= MOST_PRODUCTS:
        for i, j, o in _products(view):  # a product: its input, its kernel cell and its output
            output = {"oy0", f"ox{o}"} if 0 <= o < view.out[1] else set()
            found[f".s{i}-{j}"] = {"iy0", f"ix{i}", "ky0", f"kx{j}", f"P{i}-{j}"} | output
    return found


def marks(view: DeconvView, kind: str) -> Marks:
    """What a pointed input, output or kernel cell lights in a grid of `kind`, out or zer.

    Rows and columns, counted from `_first`: a stamp, a lattice of inputs, or a single cell. In one
    dimension there are few cells, which wait for lights.
    """
    if view.dims == 1:
        return {}
    stamp = [[j * d for j in range(k)] for _, k, _, _, _, d in view.axes]
    if kind == "zer":
        return {"out": stamp}
    lattice = [[i * s for i in range(n)] for n, _, s, _, _, _ in view.axes]
    return {"in": stamp, "ker": lattice, "out": [[0], [0]]}


def _first(view: DeconvView, kind: str, axis: int, index: int) -> str:
    """The first row or column of what a cell lights, counted in the output, as a setting."""
    _, _, s, p, _, d = view.axes[axis]
    first = {"in": index * s - p, "ker": index * d - p, "out": index}[kind]
    return f"--t{'yx'[axis]}:{first}"


def joins(view: DeconvView) -> dict[str, str]:
    """Which light the row or column of a cell waits for: {".in.y0": "iy0", …}."""
    shapes: dict[str, tuple[int, ...]] = {"in": view.x.shape, "ker": view.w.shape}
    if view.dims == 1 or has_numbers(view, "out", view.out):  # otherwise marks show what is lit
        shapes |= {"out": view.out, "Own": view.out}
    has_zeros = view.settings.view in ("zeros", "all")
    if has_zeros and (view.dims == 1 or has_numbers(view, "zer", view.spread.shape)):
        shapes["zer"] = view.spread.shape
    return {
        f".{kind}.{axis}{i}": f"{kind[0].lower()}{axis}{i}"
        for kind, shape in shapes.items()
        for axis, size in zip("yx", shape, strict=True)
        for i in range(size)
    }


def rules(view: DeconvView, root: str) -> str:
    """Style rules that put lights on: for the chosen cell, or for one that is pointed at.

    In two dimensions --in, --ker or --out is on too, for `marks` that begin at --ty and --tx.
    """
    text = "".join(
        f"{root} {cell}{{--{light[1]}:var(--{light},0)}}" for cell, light in joins(view).items()
    )
    # The steps down are counted, or a browser would search thousands of boxes for each rule.
    pointed = f"{root}:has(>*>*>*>*>*>"
    text += f"{pointed}.out:hover){{--hover:1}}"
    if view.chosen is not None:
        kind = {"inputs": "in", "outputs": "out"}[view.settings.walk]
        on = {*chosen_lights(view), kind}
        at = ";".join(_first(view, kind, axis, view.chosen[axis]) for axis in (0, 1))
        text += f"{root}{{{_switch(on, 1)};{at}}}{pointed}:is(rect,div):hover){{{_switch(on, 0)}}}"
    for cell, lights in switches(view).items():
        where, put_on = f"{pointed}{cell}:hover)", _switch(lights, 1)
        if view.dims == 2:
            kind, place = cell[1:].split(".")
            axis, index = "yx".index(place[0]), int(place[1:])
            put_on += f";--{kind}:1;{_first(view, kind, axis, index)}"
            if kind == "out" and axis == 1:  # in a grid without numbers only rows have a class
                where = f"{pointed}.out>i:nth-of-type({index + 1}):hover),{where}"
        text += f"{where}{{{put_on}}}"
    return text


def _products(view: DeconvView) -> Iterator[tuple[int, int, int]]:
    n, k, s, p, _, d = view.axes[1]
    return ((i, j, i * s + j * d - p) for i in range(n) for j in range(k))


def _switch(lights: set[str], value: int) -> str:
    return f"--{f':{value};--'.join(sorted(lights))}:{value}"


def of_product(i: int, j: int, o: int) -> Lights:
    """A product x[i]·w[j] in y[o] is lit with any of the three, and by itself."""
    return ((f"Ix{i}",), (f"Ox{o}",), (f"Kx{j}",), (f"P{i}-{j}",))


def of_entry(i: int, o: int) -> Lights:
    """A zero of the matrix is lit with its column and its row."""
    return ((f"Ix{i}",), (f"Ox{o}",))
