import json
from dataclasses import dataclass

import pytest

pytest.importorskip("ipywidgets")

from gan_lessons.widgets.settings import (
    Settings,
    buttons,
    menu,
    number_menu,
    number_slider,
    number_sliders,
    plain,
    seed_box,
    toggle,
    toggles,
    whole_slider,
)


@dataclass(frozen=True)
class All(Settings):
    count: int = whole_slider(4, 2, 10, step=2, label="count", tip="How many.")
    open_end: int = whole_slider(0, 0, None, label="cell", tip="Which.")
    seed: int = seed_box(tip="Another one.")
    other: int | None = seed_box(None, label="other", tip="The other one.")
    height: float = number_slider(0.5, -1, 1, 0.25, label="height", tip="How high.")
    shifts: tuple[float, ...] = number_sliders("shift", -3, 3, 0.1, tip="Along {}.")
    rate: float = number_menu(1e-3, (1e-4, 1e-3), label="rate", tip="How fast.", above=0, most=1)
    view: str = buttons("sum", {"sum": "the sum", "parts": "its parts"}, tip="Which view.")
    loss: str = menu("a", ("a", "b"), label="loss", tip="Which loss.")
    slow: bool = toggle(False, label="slow", tip="Slowly.")
    kinds_on: tuple[str, ...] = toggles(
        ("x",), {"x": "An x.", "y": "A y.", "z": "A z."}, least=1, most=2, one="kind", stem="on_"
    )
    note: str = plain("")

    def check(self):
        if self.slow and self.count > 8:
            raise ValueError("count must be at most 8 if slow, got 10")


def test_what_is_declared_is_checked():
    assert All().state == {
        "count": 4, "open_end": 0, "seed": 0, "other": None, "height": 0.5, "shifts": [],
        "rate": 1e-3, "view": "sum", "loss": "a", "slow": False, "kinds_on": ["x"], "note": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"count": 1}, "count must be a whole number from 2 to 10, got 1"),
        ({"count": True}, "count must be a whole number from 2 to 10, got True"),
        ({"count": 5}, "count must be a multiple of 2 from 2, got 5"),
        ({"open_end": -1}, "open_end must be a whole number of at least 0, got -1"),
        ({"seed": None}, "seed must be a whole number from 0 to 999999, got None"),
        ({"other": 1.5}, "other must be a whole number from 0 to 999999, got 1.5"),
        ({"height": 2}, "height must be a finite number from -1 to 1, got 2"),
        ({"height": "high"}, "height must be a finite number"),
        ({"shifts": [0.05]}, "shifts must be a multiple of 0.1, got 0.05"),
        ({"shifts": [4]}, "shifts must be a finite number from -3 to 3, got 4"),
        ({"rate": 0}, "rate must be a finite number above 0 and at most 1, got 0"),
        ({"view": "whole"}, "unknown view 'whole': choose from sum, parts"),
        ({"loss": 1}, "unknown loss 1: choose from a, b"),
        ({"slow": 1}, "slow must be True or False, got 1"),
        ({"kinds_on": ["w"]}, "unknown kind 'w': choose from x, y, z"),
        ({"kinds_on": []}, "kinds_on must be 1 to 2 different names"),
        ({"kinds_on": ["x", "x"]}, "kinds_on must be 1 to 2 different names"),
        ({"slow": True, "count": 10}, "count must be at most 8 if slow"),
    ],
)
def test_a_wrong_value_is_refused(wrong, words):
    with pytest.raises(ValueError, match=words):
        All(**wrong)
    with pytest.raises(ValueError, match=words):
        All().changed(**wrong)


def test_an_unknown_name_is_a_type_error():
    with pytest.raises(TypeError, match="stride"):
        All(stride=2)
    with pytest.raises(TypeError, match="stride"):
        All().changed(stride=2)


def test_the_state_survives_json():
    settings = All(shifts=(0.1, -0.0), kinds_on=("z", "x"), other=3, height=0.3)
    again = All(**json.loads(json.dumps(settings.state)))
    assert again == settings
    assert str(again.shifts[1]) == "0.0"


def test_each_control_stands_at_its_value_and_moves_to_another():
    settings = All(shifts=(0.1, 2.0), open_end=5)
    other = All(
        count=8, open_end=3, seed=7, other=9, height=-0.25, shifts=(1.0, -1.0), rate=0.03,
        view="parts", loss="b", slow=True, kinds_on=("y", "x"),
    )  # fmt: skip
    for name, kind in All.kinds().items():
        controls = kind.make(name, getattr(settings, name))
        assert (not controls) == (name == "note")
        for at in (settings, other, settings) if controls else ():
            value = getattr(at, name)
            if name == "other" and value is None:
                continue
            kind.put(controls, name, value)
            heard = [kind.heard(c, widget.value, value) for c, widget in controls.items()]
            assert all(each == value for each in heard)
            said = kind.tips(name, value)
            assert set(said) == set(controls)
            assert all(said.values())


def test_numbers_from_a_page_lose_its_rounding():
    kinds = All.kinds()
    assert kinds["height"].heard("height", 0.1 + 0.2 - 0.05, 0.0) == 0.25
    assert kinds["shifts"].heard("shift2", 0.1 + 0.2, (1.0, 0.0)) == (1.0, 0.3)


def test_toggles_are_held_at_their_limits():
    kind = All.kinds()["kinds_on"]
    assert kind.heard("on_y", True, ("x",)) == ("x", "y")
    assert kind.heard("on_z", True, ("x", "y")) == ("x", "y")
    assert kind.heard("on_x", False, ("x",)) == ("x",)
    controls = kind.make("kinds_on", ("x",))
    kind.put(controls, "kinds_on", ("x",))
    assert [control.disabled for control in controls.values()] == [True, False, False]
    kind.put(controls, "kinds_on", ("x", "y"))
    assert [control.disabled for control in controls.values()] == [False, False, True]
