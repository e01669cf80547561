"""The explorer's state, edits, wrong arguments, and the layers it opens."""

import json
import math
import random

import pytest
import torch
from torch import nn

pytest.importorskip("ipywidgets")

from gan_lessons.widgets import DeconvExplorer


def layers():
    torch.manual_seed(0)
    return [
        nn.ConvTranspose1d(2, 3, 5, stride=3, padding=4, output_padding=1, dilation=2),
        nn.ConvTranspose2d(4, 4, (3, 2), stride=(2, 1), padding=(1, 3), groups=2, bias=False),
    ]


def test_state_rebuilds_the_explorer(page):
    draw = random.Random(1)
    for seed in range(25):
        layer = layers()[seed % 2] if seed % 5 == 0 else None
        explorer = DeconvExplorer(layer)
        hand = page.Hand(explorer, seed)
        for _ in range(draw.randint(5, 25)):
            hand.move()
        if explorer.illegal:
            explorer.controls["fix"].click()
        state = json.loads(json.dumps(explorer.state))
        again = DeconvExplorer(layer, **state)
        assert again.state == explorer.state
        roots = [page.root(e) for e in (explorer, again)]
        assert page.picture(again).replace(roots[1], roots[0]) == page.picture(explorer)
        assert repr(again) == repr(explorer)
        torch.testing.assert_close(again.output, explorer.output, rtol=0, atol=0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("dims", 3),
        ("size", 0),
        ("size", 11),
        ("size", 2.5),
        ("kernel", 8),
        ("kernel", "3"),
        ("stride", 0),
        ("padding", -1),
        ("padding", 7),
        ("output_padding", 4),
        ("dilation", 4),
        ("bias", 2.5),
        ("bias", math.nan),
        ("bias", "one"),
        ("kernel_pattern", "impulse"),
        ("input_pattern", "learned"),
        ("view", "none"),
        ("walk", "kernel"),
        ("step", -1),
        ("step", "first"),
        ("input_edits", [(0, 0, math.nan)]),
        ("input_edits", [(0, 0, 1e39)]),
        ("input_edits", [(0, 0)]),
        ("kernel_edits", [(0, -1, 2.0)]),
        ("kernel_edits", "abc"),
    ],
)
def test_a_value_out_of_range_is_an_error_that_names_it(name, value):
    with pytest.raises(ValueError, match="edit" if "edits" in name else name):
        DeconvExplorer(**{name: value})


def test_an_unknown_setting_is_an_error_that_names_it():
    with pytest.raises(TypeError, match="kernel_size"):
        DeconvExplorer(kernel_size=3)


@pytest.mark.parametrize("setting", [{"kernel": 5}, {"bias": 1.0}, {"dims": 1, "stride": 2}])
def test_what_a_layer_brings_cannot_be_set(setting):
    with pytest.raises(TypeError, match=next(iter(setting))):
        DeconvExplorer(nn.ConvTranspose2d(1, 1, 3), **setting)


@pytest.mark.parametrize(
    "layer", [nn.Conv2d(1, 1, 3), nn.ConvTranspose3d(1, 1, 3), nn.Linear(2, 2)]
)
def test_another_layer_is_an_error_that_says_what_can_be_opened(layer):
    with pytest.raises(TypeError, match=rf"ConvTranspose2d.*{type(layer).__name__}"):
        DeconvExplorer(layer)


@pytest.mark.parametrize("channel", [{"in_channel": 2}, {"out_channel": 3}, {"in_channel": -1}])
def test_a_channel_that_the_layer_has_not_is_an_error(channel):
    with pytest.raises(ValueError, match="channel"):
        DeconvExplorer(nn.ConvTranspose1d(2, 3, 3), **channel)


# Editing


def opened(page, **setting):
    explorer = DeconvExplorer(**setting)
    explorer.controls["edit"].value = True
    return explorer


def test_every_cell_can_be_edited(page):
    for dims in (1, 2):
        explorer = opened(page, dims=dims, size=3, kernel=2)
        there = page.fields(explorer)
        assert len(there) == 3**dims + 2**dims
        x, w = explorer.input.clone(), explorer.weight.clone()
        for i, (key, field) in enumerate(there.items()):
            tensor = x if key.startswith("input") else w
            row, column = (int(part) for part in key[:-1].split("[")[1].split(","))
            place = (0, row, column) if dims == 1 else (0, 0, row, column)
            assert field.value == pytest.approx(float(tensor[place]))
            field.value = 0.5 + i
            tensor[place] = 0.5 + i
            torch.testing.assert_close(explorer.input, x)
            torch.testing.assert_close(explorer.weight, w)
            page.check(explorer)


def test_edits_outlive_a_smaller_size_and_end_with_a_new_pattern(page):
    explorer = opened(page, size=4, kernel=3)
    page.fields(explorer)["input[0,3]"].value = 40.0
    page.fields(explorer)["kernel[0,2]"].value = -5.0
    for size, kernel in ((2, 1), (10, 7), (4, 3)):
        explorer.controls["size"].value = size
        explorer.controls["kernel"].value = kernel
        page.check(explorer)
    assert explorer.input.tolist() == [[[1, 2, 3, 40]]]
    assert explorer.weight.tolist() == [[[1, 2, -5]]]
    assert page.fields(explorer)["input[0,3]"].value == 40
    explorer.controls["input_pattern"].value = "ones"
    assert explorer.input.tolist() == [[[1, 1, 1, 1]]]
    assert explorer.weight.tolist() == [[[1, 2, -5]]]
    explorer.controls["kernel_pattern"].value = "ones"
    assert explorer.weight.tolist() == [[[1, 1, 1]]]
    assert page.fields(explorer)["kernel[0,2]"].value == 1


def test_reset_brings_everything_back(page):
    first = DeconvExplorer(stride=3, kernel=4, view="overlap", bias=0.5, input_edits=[(0, 1, 7)])
    before, drawn = first.state, page.picture(first)
    hand = page.Hand(first, 5)
    hand.names = [name for name in hand.names if name != "reset"]
    for _ in range(60):
        hand.move()
    assert first.state != before
    first.controls["reset"].click()
    assert first.state == before
    assert page.picture(first) == drawn
    page.check(first)


def test_what_is_no_number_is_put_back(page):
    explorer = opened(page)
    field = page.fields(explorer)["input[0,1]"]
    field.value = 5.0
    field.value = math.nan
    assert field.value == 5
    assert explorer.input.tolist() == [[[1, 5, 3, 4]]]
    page.check(explorer)


@pytest.mark.parametrize("typed", [math.inf, -math.inf, 1e39, 3e38, -3e38, 1e20, 1e-20])
def test_a_number_of_any_size_can_be_typed(page, typed):
    explorer = opened(page)
    for name in ("input[0,1]", "kernel[0,2]"):
        page.fields(explorer)[name].value = typed
    (figure,) = page.figures(explorer, "output y")
    assert max(len(square.text) for square in figure.squares) <= 9  # it stays in its cell
    assert explorer.input.isfinite().all()
    assert explorer.input[0, 0, 1] == pytest.approx(page.fields(explorer)["input[0,1]"].value)


@pytest.mark.parametrize("typed", [9999.0, -1500.0, 1e6, -1e6])
def test_one_large_number_leaves_the_others_in_sight(page, typed):
    explorer = opened(page)
    for name in ("input[0,1]", "kernel[0,2]"):
        page.fields(explorer)[name].value = typed
    for figure in page.figures(explorer):
        assert all(square.text for square in figure.squares), figure.title
    page.check(explorer)


def test_an_edit_keeps_the_fields_where_they_are_and_makes_no_new_widgets(page):
    import ipywidgets

    explorer = opened(page)
    before = list(page.descendants(explorer.widget))
    made = []
    ipywidgets.Widget.on_widget_constructed(made.append)
    try:
        for value in (1.0, 2.0, 3.0):
            page.fields(explorer)["input[0,1]"].value = value
            explorer.controls["bias"].value = value / 2
    finally:
        ipywidgets.Widget.on_widget_constructed(None)
    assert list(page.descendants(explorer.widget)) == before  # or the cursor is lost
    assert made == []


# Layers


def trained_layers():
    torch.manual_seed(1)
    one, two = nn.ConvTranspose1d, nn.ConvTranspose2d
    return {
        "1-D": one(3, 2, 4, stride=2, padding=1),
        "1-D groups": one(4, 6, 3, stride=3, output_padding=2, groups=2),
        "2-D": two(2, 3, 4, stride=2, padding=1),
        "non-square": two(2, 2, (2, 5), (3, 1), (0, 2), (1, 0), dilation=(2, 1)),
        "groups": two(4, 4, 3, stride=2, groups=4, bias=False),
        "float64": two(2, 2, 3, stride=2).double(),
        "bfloat16": two(2, 2, 3, stride=2).bfloat16(),
        "frozen": two(2, 1, 3).requires_grad_(False),
        "large": one(1, 1, 16, stride=8, padding=4),
    }


@pytest.mark.parametrize("name", trained_layers())
def test_channels_add_up_to_what_the_layer_makes(name, page):
    layer = trained_layers()[name]
    own = layer.in_channels // layer.groups
    explorer = DeconvExplorer(layer, size=3, input_pattern="random")
    x = explorer.input.expand(1, layer.in_channels, *explorer.input.shape[2:])
    expected = layer.float()(x).detach()
    explorer = DeconvExplorer(trained_layers()[name], size=3, input_pattern="random")
    for channel in range(layer.out_channels):
        group, within = divmod(channel, layer.weight.shape[1])
        total = torch.zeros_like(expected[:, :1])
        for i in range(group * own, (group + 1) * own):
            explorer.controls["in_channel"].value = i
            explorer.controls["out_channel"].value = within
            page.check(explorer, layer)
            assert not explorer.output.requires_grad
            total += explorer.output
        total -= (own - 1) * explorer.bias
        torch.testing.assert_close(total, expected[:, channel : channel + 1])


def test_a_layer_that_trains_on_is_left_alone(page):
    layer = nn.ConvTranspose2d(2, 2, 3)
    before = layer.weight.detach().clone()
    explorer = DeconvExplorer(layer)
    explorer.controls["edit"].value = True
    page.fields(explorer)["kernel[0,0]"].value = 99.0
    assert float(explorer.weight[0, 0, 0, 0]) == 99
    torch.testing.assert_close(layer.weight.detach(), before)
    assert layer.weight.requires_grad
    explorer.controls["out_channel"].value = 1  # another kernel, without the edit
    torch.testing.assert_close(explorer.weight[0, 0], before[0, 1])


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_layer_whose_training_diverged_can_be_looked_at(bad, page):
    layer = nn.ConvTranspose1d(1, 1, 3, stride=2)
    with torch.no_grad():
        layer.weight[0, 0, 1] = bad
    explorer = DeconvExplorer(layer)
    assert not explorer.output.isfinite().all()
    assert "<svg" in page.picture(explorer)
    assert explorer._repr_mimebundle_()[0]["image/png"]


def test_another_default_dtype_changes_nothing():
    torch.set_default_dtype(torch.float64)
    try:
        for pattern in ("ramp", "bilinear", "random", "learned"):
            assert DeconvExplorer(kernel_pattern=pattern).illegal == []
        assert DeconvExplorer(nn.ConvTranspose1d(1, 1, 3)).illegal == []
    finally:
        torch.set_default_dtype(torch.float32)
