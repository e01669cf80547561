"""The explorer as its reader moves it: controls, Play, illegal settings."""

import html
import re

import pytest
import torch
import torch.nn.functional as F
from torch import nn

pytest.importorskip("ipywidgets")

from gan_lessons import deconv
from gan_lessons.widgets import DeconvExplorer

NAMES = ("stride", "padding", "output_padding", "dilation")


def layers():
    torch.manual_seed(0)
    return [
        nn.ConvTranspose1d(2, 3, 5, stride=3, padding=4, output_padding=1, dilation=2),
        nn.ConvTranspose2d(4, 4, (3, 2), stride=(2, 1), padding=(1, 3), groups=2, bias=False),
    ]


@pytest.mark.parametrize("seed", range(10))
def test_thousand_random_events(seed, page):
    layer = layers()[seed % 2] if seed >= 8 else None
    first = {"dims": 2, "size": 3} if seed in (6, 7) else {}  # where "reset" leads to
    explorer = DeconvExplorer(layer, **first)
    hand = page.Hand(explorer, seed)
    legal, illegal, last = 0, 0, page.picture(explorer)
    events = []
    for _ in range(1000):
        events.append(hand.move())
        try:
            if page.check(explorer, layer):
                legal += 1
                last = page.picture(explorer)
            else:
                illegal += 1
                assert page.picture(explorer) == last  # the last legal one stays
        except Exception as error:
            raise AssertionError(f"after {events[-5:]}: {explorer.state}") from error
    assert legal > 100
    assert illegal > 100 or layer is not None


# Illegal settings


GRID = [
    {"size": n, "kernel": k, "stride": s, "padding": p, "output_padding": extra, "dilation": d}
    for n in (1, 2, 5, 10)
    for k in (1, 2, 7)
    for s in (1, 2, 4)
    for p in (0, 1, 3, 6)
    for extra in (0, 1, 2, 3)
    for d in (1, 2, 3)
]


def is_legal(setting) -> bool:
    x, w = torch.ones(1, 1, setting["size"]), torch.ones(1, 1, setting["kernel"])
    try:
        F.conv_transpose1d(x, w, **{name: setting[name] for name in NAMES})
    except RuntimeError:
        return False
    return True


def nearest(explorer) -> dict:
    """What the button changes."""
    before = explorer.state
    explorer.controls["fix"].click()
    return {name: value for name, value in explorer.state.items() if value != before[name]}


def test_every_illegal_setting_is_told_and_mended_by_one_click(page):
    explorer = DeconvExplorer(step=2)
    found = 0
    for setting in GRID:
        if is_legal(setting):
            continue
        found += 1
        for name, value in setting.items():
            explorer.controls[name].value = value
        shown = html.unescape(page.words(page.status(explorer)))
        reasons = deconv.illegal(*setting.values())[:2]
        assert reasons == explorer.illegal
        assert all(reason in shown for reason in reasons)
        assert explorer.controls["fix"].layout.display != "none"
        told = explorer.controls["fix"].description
        change = nearest(explorer)
        assert explorer.illegal == []
        assert explorer.controls["fix"].layout.display == "none"
        page.check(explorer)
        assert set(change) <= {"padding", "output_padding"}
        assert told.count("→") == len(change)
        for name, value in change.items():
            assert f"{value}" in told
            # As near as can be: neither left as it was nor one nearer to it would do.
            assert not is_legal({**setting, **change, name: setting[name]})
            assert not is_legal({**setting, **change, name: value + 1})
    assert found > 300


@pytest.mark.parametrize("dims", [1, 2])
def test_it_may_begin_illegal(dims, page):
    explorer = DeconvExplorer(dims=dims, size=2, kernel=1, padding=3, output_padding=3, step=2)
    assert explorer.output is None
    assert len(explorer.illegal) == 2
    page.check(explorer)
    assert explorer._repr_mimebundle_()[0]["image/png"]
    explorer.controls["fix"].click()
    assert explorer.output is not None
    page.check(explorer)


@pytest.mark.parametrize("walk", ["inputs", "outputs"])
def test_a_step_waits_where_the_setting_is_illegal(walk, page):
    explorer = DeconvExplorer(padding=6, walk=walk, step=9)
    page.check(explorer)
    for event in range(1, 12):
        explorer.controls["play"].value += 1
        if event == 6:
            explorer.controls["walk"].value = "inputs" if walk == "outputs" else "outputs"
        page.check(explorer)
    explorer.controls["padding"].value = 0
    page.check(explorer)


def test_the_button_leaves_a_legal_setting_alone():
    for explorer in (DeconvExplorer(size=7), DeconvExplorer(layers()[0], size=7)):
        assert nearest(explorer) == {}


def test_a_layer_that_needs_a_larger_input_says_so(page):
    layer = layers()[0]
    layer.padding = (9,)
    explorer = DeconvExplorer(layer, size=2)
    assert explorer.output is None
    change = nearest(explorer)
    assert set(change) == {"size"}
    page.check(explorer, layer)
    explorer.controls["size"].value = change["size"] - 1
    assert explorer.output is None
    page.check(explorer, layer)


@pytest.mark.parametrize(
    "layer",
    [nn.ConvTranspose1d(1, 1, 3, padding=20), nn.ConvTranspose1d(1, 1, 3, output_padding=1)],
)
def test_a_layer_that_no_input_fits_is_refused_in_words(layer):
    with pytest.raises(ValueError, match="padding"):
        DeconvExplorer(layer)


# Walking


def test_play_counts_by_itself_and_wraps(page):
    explorer = DeconvExplorer(size=3)
    play, seen = explorer.controls["play"], []
    for tick in (1, 2, 5, 6, 9):  # some ticks never came
        play.value = tick
        seen.append(explorer.state["step"])
        assert explorer.controls["step"].value == seen[-1]
    assert seen == [1, 2, 3, 0, 1]
    play.value = 0  # Stop
    assert explorer.state["step"] == 0
    explorer.controls["step"].value = 2
    play.value = 1
    assert explorer.state["step"] == 3  # goes on from where the hand put it


def test_a_walk_over_outputs_has_a_step_for_each(page):
    for dims in (1, 2):
        explorer = DeconvExplorer(dims=dims, size=3, step=2)
        assert explorer.controls["step"].max == 3**dims
        explorer.controls["walk"].value = "outputs"
        assert explorer.state["step"] == 1  # so that something is lit
        assert explorer.controls["step"].max == explorer.output.numel()
        explorer.controls["step"].value = explorer.output.numel()
        explorer.controls["stride"].value = 1
        assert explorer.state["step"] == explorer.output.numel() == 5**dims
        assert explorer.controls["step"].value == explorer.controls["step"].max == 5**dims
        explorer.controls["walk"].value = "inputs"
        assert (explorer.state["step"], explorer.controls["step"].max) == (1, 3**dims)


def test_the_chosen_cell_is_named_as_in_the_pictures(page):
    explorer = DeconvExplorer(size=3)
    assert explorer._cell.value == "all"
    explorer.controls["step"].value = 1
    assert explorer._cell.value == "x[0]"
    explorer.controls["walk"].value = "outputs"
    explorer.controls["step"].value = 4
    assert explorer._cell.value == "y[3]"
    explorer.controls["dims"].value = 2
    explorer.controls["step"].value = 8
    row, column = divmod(7, explorer.output.shape[3])
    assert explorer._cell.value == f"y[{row},{column}]"


def test_an_edited_pattern_is_no_longer_what_it_was(page):
    explorer = DeconvExplorer(size=3)
    assert explorer.controls["input_pattern"].description == "input x is"
    explorer.controls["edit"].value = True
    explorer._number_fields["input", 0, 1].value = 7.0
    assert explorer.controls["input_pattern"].description == "input x was"
    assert explorer.controls["kernel_pattern"].description == "kernel w is"
    explorer.controls["input_pattern"].value = "ones"
    assert explorer.controls["input_pattern"].description == "input x is"


def test_play_stops_after_the_last_cell(page):
    explorer = DeconvExplorer(size=2)
    stops = []
    explorer.stop = lambda: stops.append(explorer.settings.step)
    for tick in (1, 2, 3):
        explorer.controls["play"].value = tick
    assert stops == [2]
    assert explorer.state["step"] == 0


def test_play_has_a_speed():
    explorer = DeconvExplorer()
    intervals = []
    for speed in ("slow", "normal", "fast"):
        explorer.controls["speed"].value = speed
        intervals.append(explorer.controls["play"].interval)
        assert explorer.state["speed"] == speed
    assert intervals == sorted(intervals, reverse=True)
    assert intervals[0] > 2 * intervals[1] > 4 * intervals[2]
    assert DeconvExplorer(speed="fast").controls["play"].interval == intervals[2]


def test_a_view_comes_with_its_walk():
    explorer = DeconvExplorer()
    for view, walk in (("zeros", "outputs"), ("matrix", "outputs"), ("stamps", "inputs")):
        explorer.controls["view"].value = view
        assert explorer.state["walk"] == walk
    assert DeconvExplorer(view="zeros").state["walk"] == "outputs"
    assert DeconvExplorer(view="zeros", walk="inputs").state["walk"] == "inputs"


# Frames, tips


def test_frames_are_the_pages_of_other_settings(page):
    explorer = DeconvExplorer(padding=1, view="all", step=3)
    before, shown = explorer.state, page.picture(explorer)
    frames = explorer.frames("stride")
    assert [frame.values for frame in frames] == [{"stride": s} for s in (1, 2, 3, 4)]
    for frame in frames:
        again = DeconvExplorer(padding=1, view="all", step=3, **frame.values)
        assert page.picture(again) in frame.html
        assert page.status(again) in frame.html
        assert frame.html.startswith("<div class='gl-explorer gl-deconv'>")
    pairs = explorer.frames(("size", "kernel"), ([2, 5], [1, 4]))
    assert [tuple(frame.values.values()) for frame in pairs] == [(2, 1), (2, 4), (5, 1), (5, 4)]
    assert len(explorer.frames("step")) == 5
    assert (explorer.state, page.picture(explorer)) == (before, shown)


def test_a_frame_of_illegal_settings_says_why_over_the_nearest_legal_picture(page):
    explorer = DeconvExplorer(walk="outputs", step=9)
    legal, illegal = explorer.frames("padding", [1, 6])
    assert "role='alert'" not in legal.html
    reason = DeconvExplorer(padding=6).illegal[0]
    assert reason in html.unescape(illegal.html)
    assert "class='stale'" in illegal.html
    nearest = DeconvExplorer(padding=6, walk="outputs", step=9)
    nearest.controls["fix"].click()
    assert page.picture(nearest) in illegal.html


@pytest.mark.parametrize("layer", [None, layers()[0]], ids=["no layer", "layer"])
def test_every_control_and_every_panel_says_what_it_is(layer, page):
    explorer = DeconvExplorer(layer, view="all")
    for name in explorer.controls:
        assert len(explorer._tips[name]) > 20
        assert f"gl-deconv-{name.replace('_', '-')}" in explorer.controls[name]._dom_classes
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", page.picture(explorer))
    assert len(captions) == 7
    for caption in (*captions, page.status(explorer)):
        (sentence,) = re.findall(r"tabindex='0' aria-description='([^']*)'", caption)
        assert len(sentence) > 30


def test_the_running_controls_are_always_in_sight():
    explorer = DeconvExplorer(controls=("stride",))
    assert not {"play", "step", "reset", "fix", "more"} & explorer.hidden
    assert {"padding", "view", "walk", "speed", "edit"} < explorer.hidden
    explorer.controls["padding"].value = 1  # it works as before
    assert explorer.settings.padding == 1
    with pytest.raises(ValueError, match="unknown control 'n': choose from dims, size, kernel"):
        DeconvExplorer(controls=("n",))
    layer = layers()[0]
    with pytest.raises(ValueError, match="unknown control 'stride': choose from size, in"):
        DeconvExplorer(layer, controls=("stride",))
    assert "in_channel" not in DeconvExplorer(layer, controls=("in_channel",)).hidden
