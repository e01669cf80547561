"""The base of all explorers, on the smallest one."""

import json
import re
import threading
import time
from dataclasses import dataclass

import pytest

pytest.importorskip("ipywidgets")
import ipywidgets as w
import traitlets

from gan_lessons import plots
from gan_lessons.widgets import explorer, kit
from gan_lessons.widgets.explorer import Explorer, Frame
from gan_lessons.widgets.settings import Settings, buttons, number_sliders, seed_box, whole_slider


@dataclass(frozen=True)
class DotsSettings(Settings):
    count: int = whole_slider(3, 0, 9, label="count", tip="How many dots: look how they line up.")
    limit: int = whole_slider(9, 1, 9, label="limit", tip="The most that there may be.")
    mark: str = buttons("o", ("o", "x"), tip="What they look like.")
    seed: int = seed_box(tip="Nothing depends on it.")
    sizes: tuple[float, ...] = number_sliders("size", 0, 1, 0.1, tip="The size of dot {}.")

    def check(self):
        if self.count > self.limit:
            raise ValueError(f"count must be at most the limit {self.limit}, got {self.count}")


class Dots(Explorer[DotsSettings]):
    name = "dots"

    def __init__(self, controls=None, **settings):
        self.log = []
        super().__init__(DotsSettings(**{"sizes": (0.5, 0.5), **settings}), controls=controls)

    def build(self):
        self.add_button("none", "none", "undo", "Takes all away.", self._none)
        self.add_button("break", "break", "bolt", "Asks for too many.", self._break)
        self.add_play("play", 50, "One more, again and again.")
        self._picture = kit.html()
        return kit.column([kit.row(list(self.controls.values())), self._picture])

    def page(self, settings):
        return f"<div class='gl-card'>{settings.mark * settings.count}</div>"

    def draw(self):
        self.log.append(self.controls["count"].value)
        self._picture.value = self.page(self.settings)

    def adapt(self):
        self.controls["count"].max = self.settings.limit

    def tick(self):
        self.show(self.settings.changed(count=self.settings.count + 1))
        if self.settings.count == 5:
            self.stop()

    def _none(self):
        self.stop()
        self.show(self.settings.changed(count=0))

    def _break(self):
        self.settings.changed(count=12)

    @property
    def still(self):
        drawn, _ = plots.figure(1, 1)
        return plots.picture(drawn, self.alt_text)

    @property
    def alt_text(self):
        return f"{self.settings.count} dots in a row"


class Other(Dots):
    name = "other"


def test_settings_and_controls_follow_each_other():
    dots = Dots(count=4)
    assert dots.controls["count"].value == 4
    dots.controls["count"].value = 2
    assert dots.settings.count == 2
    assert "oo<" in dots._picture.value
    dots.controls["mark"].value = "x"
    dots.controls["size2"].value = 0.1 + 0.2
    assert dots.state == {"count": 2, "limit": 9, "mark": "x", "seed": 0, "sizes": [0.5, 0.3]}
    again = Dots(**json.loads(json.dumps(dots.state)))
    assert again.state == dots.state
    assert {n: c.value for n, c in again.controls.items() if hasattr(c, "value")} == pytest.approx(
        {n: c.value for n, c in dots.controls.items() if hasattr(c, "value")}
    )
    assert repr(dots) == "2 dots in a row" == dots.still.alt


def test_controls_that_a_program_moves_are_not_heard_and_stand_before_the_picture():
    dots = Dots()
    dots.log.clear()
    dots.show(dots.settings.changed(count=6))
    assert dots.log == [6]  # drawn once, with the slider in place
    with dots.quietly():
        dots.controls["count"].value = 1
        with dots.quietly():
            pass
        dots.controls["mark"].value = "x"
    assert dots.settings.count == 6
    assert dots.log == [6]


def test_a_control_that_moves_in_another_thread_is_heard():
    """JupyterLab sends what a page says to a subshell, beside the cell that runs."""
    explorer = Dots()
    putting, adapt = threading.Event(), explorer.adapt

    def slow_adapt():
        putting.set()
        time.sleep(0.3)
        adapt()

    moved = threading.Thread(target=setattr, args=(explorer.controls["mark"], "value", "x"))
    explorer.adapt = slow_adapt
    showing = threading.Thread(target=explorer.show, args=(explorer.settings.changed(count=5),))
    showing.start()
    assert putting.wait(10)
    explorer.adapt = adapt
    moved.start()
    for each in (showing, moved):
        each.join(10)
    assert (explorer.settings.count, explorer.settings.mark) == (5, "x")
    assert explorer.controls["mark"].value == "x"


def test_adapt_moves_the_end_of_a_slider_unheard():
    dots = Dots(count=8)
    dots.log.clear()
    dots.controls["limit"].value = 4  # refused: 8 are there
    assert dots.settings.limit == 9 == dots.controls["limit"].value
    assert "count must be at most the limit 4, got 8" in dots._error.value
    dots.controls["count"].value = 2
    dots.controls["limit"].value = 4
    assert dots.controls["count"].max == 4
    assert dots.log == [2, 2]
    assert dots._error.value == ""


def test_an_error_is_said_in_the_page_and_goes():
    dots = Dots()
    dots.controls["break"].click()
    assert "role='alert'" in dots._error.value
    assert "count must be a whole number from 0 to 9, got 12" in dots._error.value
    assert dots._error.layout.display is None
    dots.controls["none"].click()
    assert dots._error.value == ""
    assert dots._error.layout.display == "none"
    dots.errors = ()
    with pytest.raises(ValueError, match="got 12"):
        dots.attempt(dots._break)


def running(play: w.Play) -> str:
    return "playing" if play.has_trait("playing") else "_playing"


def test_play_counts_ticks_not_its_own_value():
    dots = Dots(count=0)
    play = dots.controls["play"]
    for value in (7, 8, 30):  # a slow kernel missed some
        play.value = value
    assert dots.settings.count == 3
    play.value = 0  # the stop button
    assert dots.settings.count == 3
    play.value = 1
    assert dots.settings.count == 4


def test_play_is_stopped_by_program_and_late_ticks_do_nothing():
    dots = Dots(count=4)
    play = dots.controls["play"]
    setattr(play, running(play), True)
    assert dots.playing
    play.value = 1
    assert dots.settings.count == 5
    assert not dots.playing
    play.value = 2  # was on its way
    assert dots.settings.count == 5
    setattr(play, running(play), True)
    play.value = 3
    assert dots.settings.count == 6


def test_play_of_both_versions_is_stopped():
    assert explorer.PLAYING == ("playing", "_playing")
    dots = Dots()
    old = type("Old", (traitlets.HasTraits,), {"_playing": traitlets.Bool(True)})()
    dots._player = old
    assert dots.playing
    dots.stop()
    assert not old._playing


def test_classes_are_the_explorers_own():
    dots, other = Dots(), Other()
    assert {"gl-explorer", "gl-dots"} <= set(dots.widget._dom_classes)
    for each in (dots, other):
        for name, control in each.controls.items():
            assert f"gl-{each.name}-{name}" in control._dom_classes
    classes = [
        {c for control in each.controls.values() for c in control._dom_classes} | {each.root}
        for each in (dots, other)
    ]
    assert not classes[0] & classes[1]


def test_two_controls_of_one_name_are_refused():
    dots = Dots()
    with pytest.raises(ValueError, match="two controls named 'count'"):
        dots.add_button("count", "", "", "", lambda: None)


def test_every_control_says_what_it_is_by_mouse_and_by_keyboard():
    dots = Dots()
    style = dots._style.value
    for name, control in dots.controls.items():
        spoken = getattr(control, "tooltip", None) or getattr(control, "description_tooltip", None)
        assert spoken
        assert spoken.endswith(".")
        for state in ("focus-within", "hover"):
            rule = f'.gl-dots:has(.gl-dots-{name}:{state}) .gl-hint::after{{content:"{spoken}"}}'
            assert rule in style
    assert style.index(":focus-within)") < style.index(":hover) .gl-hint")  # the mouse wins
    assert "The size of dot 2." in style


def test_tips_on_ipywidgets_7():
    slider = type("Slider", (traitlets.HasTraits,), {"description_tooltip": traitlets.Unicode()})()
    button = type("Button", (traitlets.HasTraits,), {"tooltip": traitlets.Unicode()})()
    for control in (slider, button):
        kit.set_tip(control, "A sentence.")
    assert slider.description_tooltip == button.tooltip == "A sentence."


def test_a_sentence_cannot_leave_its_rule():
    rules = kit.hints("gl-a", {"b": 'A "quote" </style> \\ and\nmore'})
    assert "</style>" not in rules
    assert rules.count('"') == 4
    assert "\n" not in rules


def test_frames_of_one_control_and_of_two():
    dots = Dots(limit=4)
    picture, log = dots._picture.value, list(dots.log)
    frames = dots.frames("count")
    assert frames[2] == Frame(
        {"count": 2}, "<div class='gl-explorer gl-dots'><div class='gl-card'>oo</div></div>"
    )
    assert [frame.values["count"] for frame in frames] == [0, 1, 2, 3, 4]
    pairs = dots.frames(("mark", "count"), (["x"], [1, 2]))
    assert [frame.values for frame in pairs] == [
        {"mark": "x", "count": 1},
        {"mark": "x", "count": 2},
    ]
    assert "xx<" in pairs[1].html
    assert len(dots.frames(("count", "mark"))) == 10
    assert (dots._picture.value, dots.log, dots.settings.count) == (picture, log, 3)
    with pytest.raises(ValueError, match="unknown setting 'size1': choose from count, limit"):
        dots.frames("size1")
    with pytest.raises(ValueError, match="no list of all values of 'seed'"):
        dots.frames("seed")
    with pytest.raises(ValueError, match="count must be a whole number"):
        dots.frames("count", [10])


def away(dots) -> set[str]:
    return {n for n, c in dots.controls.items() if "gl-extra" in c._dom_classes}


def test_controls_that_were_not_chosen_stand_behind_a_button():
    dots = Dots(controls=("count", "mark"))
    assert away(dots) == dots.hidden == set(dots.controls) - {"count", "mark", "play", "more"}
    dots.controls["more"].value = True
    assert "gl-open" in dots.widget._dom_classes
    assert dots.hidden == set()
    dots.controls["more"].value = False
    assert "gl-open" not in dots.widget._dom_classes
    assert away(dots) == dots.hidden
    assert dots.state["controls"] == ["count", "mark"]
    assert away(Dots(**json.loads(json.dumps(dots.state)))) == away(dots)
    assert away(Dots(controls=())) == set(dots.controls) - {"play", "more"}
    assert ".gl-explorer:not(.gl-open) .gl-extra { display: none !important; }" in kit.CSS


def test_without_a_choice_all_controls_are_in_sight():
    dots = Dots()
    assert "more" not in dots.controls
    assert "controls" not in dots.state
    assert away(dots) == dots.hidden == set()


@pytest.mark.parametrize(
    ("controls", "message"),
    [
        (("count", "colour"), "unknown control 'colour': choose from count, limit, mark, seed, "),
        ("count", "controls must be a list, got 'count'"),
        (("count", 3), "unknown control 3: choose from"),
    ],
)
def test_a_wrong_choice_of_controls_is_refused(controls, message):
    with pytest.raises(ValueError, match=message):
        Dots(controls=controls)


# The style sheet


@pytest.mark.parametrize("whole", [True, False])
def test_a_page_that_opens_finds_play_stopped(whole):
    """It asks for the whole state, and its own timer does not run yet."""
    play = Dots().controls["play"]
    name = next(each for each in explorer.PLAYING if play.has_trait(each))
    setattr(play, name, True)
    state = play.get_state() if whole else play.get_state(key=name)
    assert state[name] is not whole
    assert getattr(play, name) is not whole


def test_a_cell_that_runs_again_stops_what_it_showed(monkeypatch):
    monkeypatch.setattr(explorer, "show_live", lambda *_: None)
    monkeypatch.setattr(Dots, "still", None)

    def shown(cell: str) -> Dots:
        monkeypatch.setattr(explorer, "running_cell", lambda: cell)
        made = Dots()
        made._ipython_display_()
        play = made.controls["play"]
        setattr(play, next(each for each in explorer.PLAYING if play.has_trait(each)), True)
        return made

    first, other, unknown = shown("a"), shown("b"), shown("")
    again = shown("a")
    assert not first.playing
    shown("")
    assert other.playing
    assert unknown.playing
    again._ipython_display_()
    assert again.playing


def test_colours_have_both_themes_and_are_those_of_the_figures():
    assert set(kit.PALETTE) >= {"paper", "ink", "muted", "line", "lit", "real", "fake", "t7"}
    for name in ("paper", "ink", "muted", "real", "fake", "generator", "discriminator"):
        assert kit.PALETTE[name][0] == getattr(plots, name.upper())
    assert all(light != dark for light, dark in kit.PALETTE.values())


def test_every_colour_that_is_used_is_there():
    used = set(
        re.findall(
            r"(?:fill|stroke|background|color|solid|dotted|dashed)[^;{}]*?var\(--([\w-]+)", kit.CSS
        )
    )
    # JupyterLab's own; and what pages set: how lit a cell is, its side in pixels, its paint.
    others = {"jp-ui-font-color2", "l", "u", "paint"}
    assert used - others <= set(kit.PALETTE)


def test_one_dark_selector_for_jupyter_colab_and_the_site():
    for selector in ("data-jp-theme-light", '[theme="dark"]', '[data-theme="dark"]'):
        assert kit.CSS.count(selector) == 1


def test_the_style_sheet_needs_no_network_and_touches_explorers_alone():
    assert "http" not in kit.CSS
    assert "@import" not in kit.CSS
    plain = re.sub(r"/\*.*?\*/", "", kit.CSS, flags=re.DOTALL)
    frames = r"@keyframes gl-[\w-]+ \{(?:[^{}]*\{[^{}]*\})*[^{}]*\}"  # named after an explorer
    plain = re.sub(frames, "", plain)
    for selectors in re.findall(r"([^{}@]+)\{[^{}]*\}", plain):
        for selector in selectors.split(","):
            if "gl-" not in selector:  # within :is(…), whose end names an explorer
                assert "gl-" in selectors, selectors
