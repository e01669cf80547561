"""What lights up when a cell is chosen or pointed at: style rules, so that no kernel is asked.

Names of lights, along one axis: iy2 (input row 2), ox5 (output column 5), kx1 (kernel column 1) are
on for what a cell is made of or contributes to; Ix2, Ox5, Kx1 only for the cell itself, P1-0 for
the product x[1]·w[0], zy4 for a place under the turned kernel.
"""

from collections.abc import Iterator

from gan_lessons.widgets.cells import Lights
from gan_lessons.widgets.deconv_explorer.case import Case

MOST_PRODUCTS = 300  # that can be pointed at; a layer's kernel may be of any size


def lights_of(case: Case, kind: str, axis: int, index: int) -> set[str]:
    """What an input ("i"), output ("o") or kernel cell ("k") puts on, along one axis."""
    a = "yx"[axis]
    n, k, s, p, _, d = case.axes[axis]
    if kind == "i":
        reached = (index * s + j * d - p for j in range(k))
        outs = {f"o{a}{o}" for o in reached if 0 <= o < case.out[axis]}
        return {f"i{a}{index}", f"I{a}{index}", *(f"k{a}{j}" for j in range(k)), *outs}
    if kind == "o":
        met = {name for i, j in case.meets[axis][index] for name in (f"i{a}{i}", f"k{a}{j}")}
        window = {f"z{a}{index + j * d}" for j in range(k)}
        return {f"o{a}{index}", f"O{a}{index}", *met, *window}
    outs = {f"o{a}{o}" for i in range(n) if 0 <= (o := i * s + index * d - p) < case.out[axis]}
    return {f"k{a}{index}", f"K{a}{index}", *(f"i{a}{i}" for i in range(n)), *outs}


def chosen_lights(case: Case) -> set[str]:
    """The lights of the chosen cell."""
    if case.chosen is None:
        return set()
    kind = case.setting.walk[0]
    return set().union(*(lights_of(case, kind, axis, case.chosen[axis]) for axis in (0, 1)))


def rules(case: Case, root: str) -> str:
    """Style rules that put lights on: for the chosen cell, or for one that is pointed at."""
    on = chosen_lights(case)
    text = f"{root}:has(.panels .out:hover){{--hover:1}}"
    if on:
        text += f"{root}{{{_switch(on, 1)}}}{root}:has(.panels rect:hover){{{_switch(on, 0)}}}"
    for kind, name in (("i", "in"), ("o", "out"), ("k", "ker")):
        sizes = {"i": case.x.shape, "o": case.out, "k": case.w.shape}[kind]
        for axis in (0, 1):
            for index in range(sizes[axis]):
                where = f".panels .{name}.{'yx'[axis]}{index}:hover"
                text += f"{root}:has({where}){{{_switch(lights_of(case, kind, axis, index), 1)}}}"
    if (
        case.dims == 1 and case.x.numel() * case.w.numel() <= MOST_PRODUCTS
    ):  # one product: its input, its kernel cell and its output
        for i, j, o in _products(case):
            on = {"iy0", f"ix{i}", "ky0", f"kx{j}", f"P{i}-{j}"}
            on |= {"oy0", f"ox{o}"} if 0 <= o < case.out[1] else set()
            text += f"{root}:has(.panels .s{i}-{j}:hover){{{_switch(on, 1)}}}"
    return text


def _products(case: Case) -> Iterator[tuple[int, int, int]]:
    n, k, s, p, _, d = case.axes[1]
    return ((i, j, i * s + j * d - p) for i in range(n) for j in range(k))


def _switch(lights: set[str], value: int) -> str:
    return ";".join(f"--{name}:{value}" for name in sorted(lights))


def of_product(i: int, j: int, o: int) -> Lights:
    """A product x[i]·w[j] in y[o] is lit with any of the three, and by itself."""
    return ((f"Ix{i}",), (f"Ox{o}",), (f"Kx{j}",), (f"P{i}-{j}",))


def of_entry(i: int, o: int) -> Lights:
    """A zero of the matrix is lit with its column and its row."""
    return ((f"Ix{i}",), (f"Ox{o}",))
