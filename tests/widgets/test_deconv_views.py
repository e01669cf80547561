"""Each view's numbers, read off its panels, make the output again by the way that it shows."""

import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F

pytest.importorskip("ipywidgets")

from gan_lessons.widgets import DeconvExplorer
from gan_lessons.widgets.cells import SMALLEST_WITH_TEXT
from gan_lessons.widgets.deconv_explorer import panels

NAMES = ("stride", "padding", "output_padding", "dilation")


def shown(panel, kind):
    """The printed numbers of a kind's cells: {(row, column): number}."""
    found = {}
    for cell in panel.cells:
        name, *place = [*cell.classes.split(), "", ""]
        if name == kind:
            row, column = (int(part[1:]) for part in place[:2])
            found[row, column] = value(cell.text)
    return found


def value(text):
    return float(text.replace("−", "-"))


def matrix_of(cells_by_place):
    rows, columns = (max(axis) + 1 for axis in zip(*cells_by_place, strict=True))
    values = torch.zeros(rows, columns)
    for place, number in cells_by_place.items():
        values[place] = number
    assert len(cells_by_place) == rows * columns
    return values


def test_input_kernel_and_output_are_torchs_own(cases):
    for explorer in cases.explorers(cases.one, cases.two):
        case = explorer.view
        settings = {name: getattr(case, name) for name in NAMES}
        bias = torch.tensor([case.b])
        y = F.conv_transpose2d(case.x[None, None], case.w[None, None], bias, **settings)[0, 0]
        for panel, kind, tensor in zip(
            panels.ends(case), ("in", "ker", "out"), (case.x, case.w, y), strict=True
        ):
            if panel.unit < SMALLEST_WITH_TEXT:
                continue
            torch.testing.assert_close(
                matrix_of(shown(panel, kind)), tensor.detach(), rtol=5e-3, atol=6e-3
            )


def test_stamps_of_one_dimension_add_up_to_the_output(cases):
    for setting in cases.one:
        explorer = DeconvExplorer(**setting, view="stamps")
        case = explorer.view
        (panel,) = panels.stamps(case)
        cells = list(panel.cells)
        (first,) = {min(c.x for c in cells if c.classes == "s0-0")}
        total = torch.zeros(case.canvas[1])
        for cell in cells:
            if re.fullmatch(r"s\d+-\d+", cell.classes):
                total[round(cell.x - first)] += value(cell.text)
        p, m = setting["padding"], case.out[1]
        torch.testing.assert_close(total[p : p + m], case.y[0] - case.b)
        summed = [c for c in cells if not c.classes.startswith("s")]
        assert [round(c.x - first) for c in summed] == list(range(len(total)))
        torch.testing.assert_close(torch.tensor([value(c.text) for c in summed]), total)
        # Grey are those that padding cuts, at both ends; the others are the output's.
        grey = [cell.paint == "cut" for cell in summed]
        assert grey == [not p <= at < p + m for at in range(len(total))]
        assert [cell.classes for cell in summed if cell.classes] == [
            f"out y0 x{o}" for o in range(m)
        ]


@pytest.mark.parametrize("dims", [1, 2])
def test_stamps_are_added_one_by_one(dims):
    explorer = DeconvExplorer(dims=dims, size=3, kernel=2, padding=1, bias=0.5, view="stamps")
    case, before = explorer.view, 0
    for step in range(1, case.x.numel() + 1):
        explorer.controls["step"].value = step
        case = explorer.view
        x = torch.zeros_like(case.x).flatten()
        x[:step] = case.x.flatten()[:step]
        settings = {name: getattr(case, name) for name in NAMES}
        settings["padding"] = 0
        kernels = case.w[None, None]
        grid = x.view_as(case.x)[None, None]
        if dims == 1:
            settings = {name: case.__dict__[name][1] for name in settings} | {"padding": 0}
            canvas = F.conv_transpose1d(grid[0], kernels[0], None, **settings)[0]
        else:
            canvas = F.conv_transpose2d(grid, kernels, None, **settings)[0, 0]
        torch.testing.assert_close(case.stamped(step), canvas)
        panel = panels.stamps(case)[0]
        assert f"{step} of {case.x.numel()} stamps" in panel.title
        cells = [c for c in panel.cells if not c.classes.startswith("s")]
        added = canvas.clone()
        kept = added[case.padding[0] :, 1:][: case.out[0], : case.out[1]]
        if dims == 2:  # the output itself, which has the bias
            kept += case.b
        assert [value(c.text) for c in cells] == added.flatten().tolist()
        assert torch.equal(matrix_of(shown(panels.stamps(case)[0], "out")), kept)
        assert float((canvas - before).abs().sum()) > 0
        before = canvas
        if dims == 2:
            _, stamp = panels.stamps(case)
            expected = case.x[case.chosen] * case.w
            torch.testing.assert_close(matrix_of(shown(stamp, "ker")), expected)
    assert torch.equal(kept if dims == 2 else kept + case.b, case.y)  # in the end it is the output


def spread_out(panel):
    """The cells of the input with zeros, by place in the row of it, or none where unreadable."""
    cells = [cell for cell in panel.cells if cell.classes.startswith(("in ", "zer "))]
    left = min(cell.x for cell in cells)
    found = {(round(cell.y), round(cell.x - left)): cell for cell in cells}
    return found if all(cell.text for cell in cells) else {}


def test_the_spread_input_convolved_with_the_turned_kernel_is_the_output(cases):
    read = 0
    for explorer in cases.explorers(cases.one, cases.two):
        explorer.controls["view"].value = "zeros"
        case = explorer.view
        panel = panels.zeros(case)[-1]
        cells = spread_out(panel)
        if not cells:
            assert panel.unit < SMALLEST_WITH_TEXT
            continue
        read += 1
        spread = matrix_of({place: value(cell.text) for place, cell in cells.items()})
        for (r, c), cell in cells.items():
            kind, row, column = cell.classes.split()
            if kind == "zer":
                assert (row, column) == (f"y{r}", f"x{c}")
            else:
                assert value(cell.text) == case.x[int(row[1:]), int(column[1:])]
        # In two dimensions the turned kernel has a panel of its own.
        turned = [c for c in panels.zeros(case)[0].cells if c.classes.startswith("ker ")]
        values = torch.tensor([value(cell.text) for cell in turned]).view(1, 1, *case.w.shape)
        y = F.conv2d(spread[None, None], values, dilation=case.dilation)[0, 0] + case.b
        torch.testing.assert_close(y, case.y, rtol=0.02, atol=0.03)
        for cell in turned:  # each is linked to the cell of the kernel that it is
            _, row, column = cell.classes.split()
            assert abs(value(cell.text) - case.w[int(row[1:]), int(column[1:])]) < 6e-3
    assert read > 20


def test_the_products_under_the_slid_kernel_add_up_to_the_chosen_output(cases):
    for setting in cases.one:
        explorer = DeconvExplorer(**setting, view="zeros")
        for o in range(explorer.output.numel()):
            explorer.controls["step"].value = o + 1
            (panel,) = panels.zeros(explorer.view)
            cells = list(panel.cells)
            y = float(explorer.output[0, 0, o])
            assert f"y[{o}] = " in panel.title
            stated = panel.title.split(" = ")[1].replace("−", "-").replace("bias ", "")
            assert eval(stated) == pytest.approx(y)
            products = [c for c in cells if not c.classes]
            assert sum(value(c.text) for c in products) + setting["bias"] == pytest.approx(y)
            kernel = {c.x: value(c.text) for c in cells if c.classes.startswith("ker ")}
            assert {c.x for c in products} == set(kernel)
            spread = {c.x: c.text for c in cells if c.classes.startswith(("in ", "zer "))}
            for cell in products:
                if spread[cell.x]:
                    assert value(cell.text) == kernel[cell.x] * value(spread[cell.x])


def test_the_matrix_times_the_input_is_the_output(cases):
    read = 0
    for explorer in cases.explorers(cases.one, cases.two):
        case = explorer.view
        y = (case.matrix @ case.x.flatten()).view_as(case.y) + case.b
        torch.testing.assert_close(y, case.y)
        (panel,) = panels.matrix(case)
        outputs, inputs = case.matrix.shape
        assert f"{outputs} × {inputs}" in panel.title
        if panel.image:  # test_a_large_matrix_is_a_picture_of_its_numbers
            continue
        read += 1
        printed = torch.zeros(outputs, inputs)
        for cell in panel.cells:
            if cell.x < inputs:
                printed[int(cell.y), int(cell.x)] = value(cell.text or cell.tip)
        torch.testing.assert_close(printed, case.matrix, rtol=0.06, atol=6e-2)
    assert read > 25


def test_the_matrix_of_one_dimension_stands_beside_what_it_multiplies(cases):
    for setting in cases.one:
        case = DeconvExplorer(**setting, view="matrix").view
        panel = panels.matrix(case)[0]
        cells = list(panel.cells)
        matrix = torch.zeros(case.matrix.shape)
        for cell in cells:
            if not cell.classes.startswith(("in ", "out ")):
                matrix[int(cell.y), int(cell.x)] = value(cell.text)
        x = torch.tensor([value(c.text) for c in cells if c.classes.startswith("in ")])
        y = torch.tensor([value(c.text) for c in cells if c.classes.startswith("out ")])
        torch.testing.assert_close(matrix @ x + setting["bias"], y)
        if setting["bias"]:
            assert str(abs(setting["bias"])).removesuffix(".0") in panel.title


def test_a_large_matrix_is_a_picture_of_its_numbers():
    import io

    from PIL import Image

    case = DeconvExplorer(dims=2, size=8, kernel=5, view="matrix", kernel_pattern="random").view
    (panel,) = panels.matrix(case)
    assert list(panel.cells) == []
    pixels = np.asarray(Image.open(io.BytesIO(panel.image)).convert("RGBA"))
    matrix = case.matrix.numpy()
    assert pixels.shape == (*matrix.shape, 4)
    assert ((pixels[..., 3] > 0) == (matrix != 0)).all()
    plus, minus = (pixels[part][0, :3].tolist() for part in (matrix > 0, matrix < 0))
    assert plus != minus
    assert (pixels[matrix > 0][:, :3] == plus).all()
    assert (pixels[matrix < 0][:, :3] == minus).all()
    order = np.argsort(np.abs(matrix[matrix != 0]))
    assert (np.diff(pixels[matrix != 0][order, 3].astype(int)) >= 0).all()


def test_the_overlap_is_what_ones_make_of_ones(cases):
    for explorer in cases.explorers(cases.one, cases.two):
        case = explorer.view
        settings = {name: getattr(case, name) for name in NAMES}
        ones = (torch.ones_like(case.x)[None, None], torch.ones_like(case.w)[None, None])
        expected = F.conv_transpose2d(*ones, **settings)[0, 0]
        (panel,) = panels.overlap(case)
        counts = matrix_of(shown(panel, "out"))
        assert torch.equal(counts, expected)
        assert f"({int(expected.min())} to {int(expected.max())})" in panel.title
        if case.dims == 1:  # and as many named inputs stand on each count
            blocks = [c for c in panels.overlap(case)[0].cells if c.classes.startswith("s")]
            at = {c.classes: c.x for c in panels.overlap(case)[0].cells if "out" in c.classes}
            for o, count in enumerate(expected[0].tolist()):
                stack = [c for c in blocks if c.x == at[f"out y0 x{o}"]]
                assert len(stack) == count
                for cell in stack:
                    i, j = (int(part) for part in cell.classes[1:].split("-"))
                    assert cell.text == f"x{i}"
                    assert i * case.stride[1] + j * case.dilation[1] - case.padding[1] == o


@pytest.mark.parametrize("view", ["stamps", "zeros", "matrix", "overlap"])
def test_in_two_dimensions_no_grid_is_there_twice(view):
    case = DeconvExplorer(dims=2, size=3, view=view, bias=0.5, step=4, walk="outputs").view
    shown_panels = panels.panels(case)
    outputs = [panel for panel in shown_panels if panel.title.startswith("output y")]
    assert len(outputs) == 1
    torch.testing.assert_close(matrix_of(shown(outputs[0], "out")), case.y, rtol=5e-3, atol=6e-3)
    assert ("stamp and add" in outputs[0].title) == (view == "stamps")


def test_an_output_that_counts_itself_is_drawn_once():
    ones = {"input_pattern": "ones", "kernel_pattern": "ones"}
    explorer = DeconvExplorer(dims=2, view="overlap", **ones)
    *small, output = panels.panels(explorer.view)
    assert [panel.small for panel in small] == [True, True]
    assert output.title == "output y = overlap (1 to 4)"
    y = F.conv_transpose2d(torch.ones(1, 1, 4, 4), torch.ones(1, 1, 3, 3), stride=2)[0, 0]
    assert torch.equal(matrix_of(shown(output, "out")), y)
    assert output.words.startswith("output y")
    explorer.controls["bias"].value = 0.5  # now it does not
    output, overlap = panels.panels(explorer.view)[2:]
    assert (output.title, overlap.title) == ("output y (9 × 9)", "overlap: inputs each (1 to 4)")
    assert torch.equal(matrix_of(shown(output, "out")), y + 0.5)
    assert torch.equal(matrix_of(shown(overlap, "out")), y)


@pytest.mark.parametrize("view", ["stamps", "zeros", "matrix", "overlap", "all"])
def test_the_row_of_the_output_shows_what_there_is_so_far(view):
    """While stamps fall, in the views that show them; elsewhere and at the end all of it."""
    x, w = torch.tensor([[[1.0, 2.0, 3.0]]]), torch.tensor([[[1.0, 2.0, 3.0, 4.0]]])
    explorer = DeconvExplorer(size=3, kernel=4, padding=1, bias=0.5, view=view, walk="inputs")
    for step in range(4):
        explorer.controls["step"].value = step
        done = 3 if step == 0 or view not in ("stamps", "all") else step
        left = x * (torch.arange(3) < done)
        y = F.conv_transpose1d(left, w, torch.tensor([0.5]), stride=2, padding=1)[0]
        output = panels.ends(explorer.view)[2]
        torch.testing.assert_close(matrix_of(shown(output, "out")), y)
        so_far = f"output y so far (6): {step} of 3 stamps"
        assert output.title == ("output y (6)" if done == 3 else so_far)
    explorer.controls["walk"].value = "outputs"
    assert panels.ends(explorer.view)[2].title == "output y (6)"


@pytest.mark.parametrize("view", ["stamps", "zeros", "matrix", "overlap"])
@pytest.mark.parametrize("step", [0, 3])
def test_without_numbers_colours_and_tips_say_them(view, step):
    patterns = {"kernel_pattern": "random", "input_pattern": "random"}
    setting = {"dims": 2, "size": 3, "kernel": 2, "padding": 1, "view": view, "step": step}
    case = DeconvExplorer(**setting, **patterns, numbers=False).view
    for panel in panels.panels(case):
        cells = list(panel.cells)
        assert not any(cell.text for cell in cells)
        if panel.title == "one stamp":  # of no input
            continue
        least, most = (value(end) for end in panel.scale)
        assert least in (0, -most)
        for cell in cells:
            if cell.paint in ("plus", "minus"):
                told = value(cell.tip.split(" = ")[-1])
                # The sign is the colour's, and the size its strength, to the end of the scale.
                assert (told >= 0) == (cell.paint == "plus")
                assert 0.05 + 0.9 * abs(told) / most == pytest.approx(cell.strength, abs=0.06)
        assert {cell.paint for cell in cells} <= {"plus", "minus", "blank", "zero", "cut"}


def test_a_layer_of_long_numbers_opens_without_them():
    torch.manual_seed(0)
    trained, whole = torch.nn.ConvTranspose2d(2, 1, 4), torch.nn.ConvTranspose2d(2, 1, 4)
    torch.nn.init.ones_(whole.weight)
    assert not DeconvExplorer(trained).view.numbers
    assert DeconvExplorer(trained, numbers=True).view.numbers
    assert DeconvExplorer(whole).view.numbers
    assert DeconvExplorer(torch.nn.ConvTranspose1d(2, 1, 4)).view.numbers  # a row has room
    assert DeconvExplorer(dims=2).view.numbers


def test_the_output_of_one_dimension_keeps_its_row_and_its_cells():
    found = set()
    for padding in range(7):
        case = DeconvExplorer(size=10, kernel=7, stride=3, padding=padding).view
        *_, output = panels.ends(case)
        assert output.whole_row
        found.add(output.unit)
    assert len(found) == 1
