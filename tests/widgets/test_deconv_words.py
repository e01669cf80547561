"""The explorer's lines of text: equations, sizes, PyTorch, alternative texts."""

import re

import pytest
import torch
import torch.nn.functional as F
from torch import nn

pytest.importorskip("ipywidgets")

from gan_lessons.widgets import DeconvExplorer
from gan_lessons.widgets.deconv_explorer import words

NAMES = ("stride", "padding", "output_padding", "dilation")


def test_every_equation_evaluates_to_its_output(page, cases):
    for explorer in cases.explorers(cases.one, cases.two):
        explorer.controls["walk"].value = "outputs"
        name = r"([xw])\[(?:(\d+),)?(\d+)\]"
        values = {"x": explorer.view.x, "w": explorer.view.w}

        def look_up(found, values=values):
            return repr(float(values[found[1]][int(found[2] or 0), int(found[3])]))

        for step in range(1, explorer.controls["step"].max + 1):
            explorer.controls["step"].value = step
            case = explorer.view
            text = page.equation(explorer)
            y = float(explorer.output.flatten()[step - 1])
            if "no input" in text:
                assert not case.terms(*case.chosen)
                name_of_y, *of_b, value = text.removesuffix(": no input reaches it").split(" = ")
                assert (name_of_y, of_b) == (words._name(case, "y", case.chosen), ["b"] * bool(y))
                assert page.is_shown(value, y)
                continue
            parts = re.split(r" = |\n[=≈] ", text, maxsplit=2)
            left, first, last = (part.strip() for part in parts)
            numbers, sign, result = re.split(r" ([=≈]) (?=[^=≈]*$)", last)
            assert page.is_shown(result, y)
            if sign == "=" and "more" not in text:  # what is written is equal, not only nearly
                right = page.calculated(result)
                assert page.calculated(numbers) == pytest.approx(right, rel=1e-5, abs=1e-5)
            assert left == words._name(case, "y", case.chosen)
            if "more" in text:
                assert len(case.terms(*case.chosen)) > 9
                continue
            terms = first.count("w[")
            assert first.count("x[") == len(case.terms(*case.chosen))
            assert page.calculated(numbers) == pytest.approx(y, abs=0.1 * terms, rel=0.02)
            if "x[" in first:
                by_names = re.sub(r"\bb\b", repr(case.b), re.sub(name, look_up, first))
                assert page.calculated(re.sub(r"·-", "·1*-", by_names)) == pytest.approx(
                    y, abs=1e-4
                )


@pytest.mark.parametrize("dims", [1, 2])
def test_the_equation_of_an_input_tells_where_it_goes(dims, page):
    explorer = DeconvExplorer(dims=dims, size=3, stride=3, kernel=4, padding=4)
    for step in range(1, explorer.controls["step"].max + 1):
        explorer.controls["step"].value = step
        case = explorer.view
        text = page.equation(explorer)
        x = case.x.clone().zero_()
        x[case.chosen] = 1
        settings = {name: getattr(case, name) for name in NAMES}
        ones = torch.ones_like(case.w)[None, None]
        reached = F.conv_transpose2d(x[None, None], ones, **settings)[0, 0].nonzero().tolist()
        assert text.startswith(words._name(case, "x", case.chosen))
        if not reached:
            assert "no output" in text
            continue
        assert f"{len(reached)} of the outputs" in text
        for place in (reached[0], reached[-1]):
            assert words._name(case, "y", place) in text


def test_the_size_formula_gives_the_output_size(page, cases):
    for explorer in cases.explorers(cases.one, cases.two):
        _, numbers = page.words(page.status(explorer)).strip().split("\n")
        both = re.findall(r"((?:\(\d+ − 1\)).*?) = (\d+)", numbers)
        sizes = list(explorer.output.shape[2:])
        assert [int(m) for _, m in both] == (sizes if len(both) == len(sizes) else sizes[:1])
        assert len(both) == len(sizes) or len(set(sizes)) == 1
        for formula, m in both:
            assert page.calculated(formula) == int(m)


@pytest.mark.parametrize("dims", [1, 2])
def test_the_size_formula_leaves_out_what_is_hidden_and_changes_nothing(dims, page):
    start = {"dims": dims, "controls": ("size", "kernel", "stride")}
    for settings, symbols in (
        ({}, "m = (n − 1)·s + k"),
        ({"padding": 1}, "m = (n − 1)·s + k − 2p"),
        ({"dilation": 2}, "m = (n − 1)·s + d·(k − 1) + 1"),
        ({"padding": 1, "output_padding": 1}, "m = (n − 1)·s + k + output padding − 2p"),
    ):
        explorer = DeconvExplorer(**start, **settings)
        first, numbers = page.words(page.status(explorer)).strip().split("\n")
        assert first == symbols
        formula, m = numbers.removeprefix("= ").rsplit(" = ", 1)
        assert page.calculated(formula) == int(m) == explorer.output.shape[-1]
    explorer.controls["more"].value = True
    whole = DeconvExplorer(dims=dims, padding=1, output_padding=1)
    assert page.status(explorer) == page.status(whole)
    explorer.controls["more"].value = False
    named = DeconvExplorer(dims=dims, controls=("padding", "output_padding"))
    assert "+ output padding − 2p" in page.words(page.status(named))


def test_the_line_makes_the_output(cases):
    for explorer in cases.explorers(cases.one, cases.two):
        layer = eval(explorer.line, {"nn": nn})
        with torch.no_grad():
            layer.weight.copy_(explorer.weight)
            if layer.bias is not None:
                layer.bias.copy_(explorer.bias)
            torch.testing.assert_close(layer(explorer.input), explorer.output)
        assert explorer.line in DeconvExplorer(**explorer.state, layer=explorer.layer).line


def test_the_line_of_an_odd_layer_is_one_line_that_makes_it_again(cases):
    class Own(nn.ConvTranspose2d):
        pass

    spectral = nn.utils.parametrizations.spectral_norm
    for layer in (
        nn.ConvTranspose1d(4, 6, 5, 3, 1, 2, groups=2, bias=False, dilation=2),
        Own(2, 3, (4, 2), stride=(2, 1), padding=(1, 0)),
        spectral(nn.ConvTranspose2d(2, 3, 4, 2, 1)),
        cases.odd,
    ):
        explorer = DeconvExplorer(layer)
        assert "\n" not in explorer.line
        again = eval(explorer.line, {"nn": nn})
        x = torch.randn(1, layer.in_channels, *explorer.input.shape[2:])
        weights = {"weight": layer.weight.detach()}
        if layer.bias is not None:
            weights["bias"] = layer.bias.detach()
        again.load_state_dict(weights)
        torch.testing.assert_close(again(x), layer.eval()(x))


@pytest.mark.parametrize("scale", [1.0, 0.02, 1e-5])
def test_the_code_makes_the_output(scale, capsys, cases):
    layer = nn.ConvTranspose2d(1, 1, 3, stride=2, padding=1)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.mul_(scale)
    one = [
        DeconvExplorer(**s, input_pattern="random", kernel_edits=[(0, 0, 1 / 3)]) for s in cases.one
    ]
    for explorer in (
        *one,
        *cases.explorers([], cases.two),
        DeconvExplorer(layer, input_pattern="random"),
    ):
        explorer.controls["code"].value = True
        made = {}
        exec(explorer.code, made)
        size = float(explorer.output.abs().max())
        torch.testing.assert_close(made["y"], explorer.output, rtol=1e-5, atol=1e-6 * size)
        assert capsys.readouterr().out.startswith("tensor(")
        assert explorer.code in [w.value for w in descendants(explorer) if hasattr(w, "rows")]


def descendants(explorer):
    todo = [explorer.widget]
    while todo:
        widget = todo.pop()
        yield widget
        todo += getattr(widget, "children", ())


def test_the_code_of_an_illegal_setting_says_why():
    explorer = DeconvExplorer(padding=6)
    assert explorer.illegal[0] in explorer.code
    compile(explorer.code, "code", "exec")


# What is said


def test_the_still_picture_is_stored_with_words_and_no_state(page, cases):
    for explorer in cases.explorers(cases.one[:3], cases.two[:2]):
        data, about = explorer._repr_mimebundle_()
        assert data["image/png"].startswith(b"\x89PNG")
        assert set(data) == {"image/png", "text/plain"}  # test_live.py has the view beside it
        assert about["image/png"]["alt"] == data["text/plain"] == repr(explorer)
        again = DeconvExplorer(explorer.layer, **explorer.state)
        same, _ = again._repr_mimebundle_()
        assert same["text/plain"] == data["text/plain"]  # what tests of notebooks compare
        assert same["image/png"] == data["image/png"]


def test_the_alternative_text_says_the_numbers(cases):
    explorer = DeconvExplorer(size=3, kernel=3, padding=1, output_padding=1, bias=-0.5)
    said = repr(explorer).replace("−", "-")
    for tensor in (explorer.input, explorer.weight, explorer.output):
        assert " ".join(f"{v:g}" for v in tensor.flatten().tolist()) in said
    for part in ("1-D", "kernel 3", "stride 2", "padding 1", "output padding 1", "output size 6"):
        assert part in said
    said = repr(DeconvExplorer(cases.odd, size=3))
    for part in ("2-D", "kernel 3 × 2", "stride 1 × 3", "output size 3 × 10", "input size 3"):
        assert part in said


def test_an_illegal_setting_is_told_in_the_still_pictures_words_too():
    explorer = DeconvExplorer(padding=6)
    assert explorer.illegal[0] in explorer._repr_mimebundle_()[1]["image/png"]["alt"]


@pytest.mark.parametrize("dims", [1, 2])
def test_every_panel_says_its_numbers(dims, page):
    explorer = DeconvExplorer(dims=dims, size=3, view="all")
    for figure in page.figures(explorer):
        assert figure.spoken
        assert figure.title
    for name, tensor in zip(
        ("input x", "kernel w", "output y"),
        (explorer.input, explorer.weight, explorer.output),
        strict=True,
    ):
        (figure,) = page.figures(explorer, name)
        said = re.findall(r"[\d.]+", figure.spoken)
        assert [float(number) for number in said] == tensor.flatten().tolist()


def test_nothing_of_the_page_asks_the_network(page):
    for view in ("stamps", "zeros", "matrix", "overlap", "all"):
        for setting in (
            {},
            {"dims": 2, "size": 8, "kernel": 5},
            {"size": 10, "kernel": 7, "stride": 4},
        ):
            explorer = DeconvExplorer(view=view, **setting)
            text = " ".join(page.htmls(explorer)).replace("http://www.w3.org/2000/svg", "")
            assert not re.search(r"https?:|//\w+\.|@import|url\(|<script|<link", text)
            assert (
                text.count("role='img'") == len(page.figures(explorer)) == text.count("aria-label")
            )
