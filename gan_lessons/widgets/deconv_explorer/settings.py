"""What a deconvolution explorer is set to."""

from dataclasses import dataclass
from typing import Any

from gan_lessons import checks
from gan_lessons.widgets.deconv_explorer import patterns
from gan_lessons.widgets.settings import (
    Settings,
    buttons,
    menu,
    number_slider,
    plain,
    toggle,
    whole_slider,
)

Edit = tuple[int, int, float]  # row, column, value
VIEWS = {
    "stamps": "stamp and add",
    "zeros": "insert zeros",
    "matrix": "matrix Cᵀ",
    "overlap": "overlap",
    "all": "all",
}
SPEEDS = {"slow": 1500, "normal": 700, "fast": 200}  # milliseconds from a cell to the next
LARGEST_SIZE = 10  # of the input, along a side
LARGEST_NUMBER = 1_000_000  # that can be typed into a cell


def _edits(name: str, value: Any) -> tuple[Edit, ...]:
    """Lists, where they come from JSON."""
    return tuple(_edit(name, edit) for edit in checks.items(name, value))


def _edit(name: str, edit: Any) -> Edit:
    try:
        row, column, value = edit
        at = checks.whole("row", row, 0), checks.whole("column", column, 0)
        return *at, float(checks.number("number", value, -LARGEST_NUMBER, LARGEST_NUMBER))
    except (TypeError, ValueError):
        raise ValueError(
            f"{name}: an edit is (row, column, number), counted from 0, the number at most "
            f"{LARGEST_NUMBER:,} in size; got {checks.shown(edit)}"
        ) from None


@dataclass(frozen=True)
class DeconvSettings(Settings):
    """Where the controls stand.

    step: 0 chooses nothing; otherwise the number, counted from 1, of the input or output cell
    (`walk`) that is chosen. input_edits and kernel_edits: cells that differ from their pattern.
    """

    dims: int = buttons(
        1,
        {1: "1-D", 2: "2-D"},
        tip="A row of numbers, or an image: the same settings hold along each side.",
    )
    size: int = whole_slider(
        4,
        1,
        LARGEST_SIZE,
        label="input size n",
        tip="How many cells the input has along a side: each makes the output longer by s.",
    )
    kernel: int = whole_slider(
        3,
        1,
        7,
        label="kernel k",
        tip="How many cells each input's stamp has along a side: if s does not divide k, the "
        "overlap is uneven.",
    )
    stride: int = whole_slider(
        2,
        1,
        4,
        label="stride s",
        tip="How far apart neighbouring inputs put their stamps: with two inputs or more, a larger "
        "stride makes a larger output.",
    )
    padding: int = whole_slider(
        0,
        0,
        6,
        label="padding p",
        tip="How many cells are cut off at each end of the output: see the grey ones.",
    )
    output_padding: int = whole_slider(
        0,
        0,
        3,
        label="output padding",
        tip="How many cells are added at one end: several sizes lead to the same input size.",
    )
    dilation: int = whole_slider(
        1,
        1,
        3,
        label="dilation d",
        tip="How far apart the cells of the kernel lie: see the gaps in a stamp.",
    )
    input_pattern: str = menu(
        "ramp",
        tuple(patterns.INPUTS),
        label="input x is",
        tip="What the input is filled with: an impulse shows the kernel itself, ones the sums "
        "of its weights: the overlap, if these are ones too.",
    )
    kernel_pattern: str = menu(
        "ramp",
        (*patterns.KERNELS, patterns.LEARNED),
        label="kernel w is",
        tip="What the kernel is filled with: bilinear fills in smoothly where it fits the stride.",
    )
    bias: float = number_slider(
        0.0, -2, 2, 0.5, label="bias b", tip="A number that is added to every output."
    )
    view: str = buttons(
        "stamps",
        VIEWS,
        tip="Three ways to the same output: stamps that add up, a convolution over inserted zeros, "
        "a matrix. And the overlap: how many inputs reach each output.",
    )
    walk: str = buttons(
        "inputs",
        {"inputs": "input cells", "outputs": "output cells"},
        tip="What the slider and Play choose: an input, to see where it goes, or an output, to see "
        "what it is made of.",
    )
    step: int = whole_slider(
        0, 0, None, label="cell", tip="Which cell is chosen, counted row by row; at 0 none is."
    )
    numbers: bool = toggle(
        True,
        label="numbers",
        tip="Numbers in the cells, where there is room; without them, colours say sign and size.",
    )
    speed: str = menu(
        "normal",
        tuple(SPEEDS),
        label="speed",
        tip="How fast Play goes from cell to cell: slow leaves time to read each equation.",
    )
    in_channel: int = whole_slider(
        0, 0, None, label="in channel", tip="Which input channel of the layer is shown."
    )
    out_channel: int = whole_slider(
        0,
        0,
        None,
        label="out channel",
        tip="Which output channel of the layer is shown, counted within its group.",
    )
    input_edits: tuple[Edit, ...] = plain((), _edits)
    kernel_edits: tuple[Edit, ...] = plain((), _edits)


WALKS = {"stamps": "inputs", "zeros": "outputs"}  # the walk that belongs to a view
