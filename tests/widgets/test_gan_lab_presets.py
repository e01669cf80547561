"""Each preset shows what it says, for seed after seed."""

import pytest

pytest.importorskip("ipywidgets")

from gan_lessons.widgets.gan_lab import PRESETS, GanLab, LabSettings, look
from gan_lessons.widgets.gan_lab.play import Play
from gan_lessons.widgets.gan_lab.presets import far

SEEDS = range(10)
QUICK = [name for name, preset in PRESETS.items() if preset.steps <= 1000]


def played(name: str, seed: int = 0, **changes) -> Play:
    preset = PRESETS[name]
    play = Play(LabSettings(**{**preset.settings, "seed": seed, **changes}))
    play.step("both", preset.steps)
    return play


def shows(name: str, play: Play) -> bool:
    return bool(PRESETS[name].expected(play.measured(), play.records))


def test_the_phenomena():
    assert list(PRESETS) == [
        "works",
        "collapses",
        "rotates",
        "discriminator wins",
        "WGAN-GP rescues",
        "relativistic with R1 and R2 finds all 25",
    ]


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_says_what_to_watch(name):
    preset = PRESETS[name]
    assert preset.watch[0].isupper()
    assert preset.watch.endswith(".")
    assert 50 < len(preset.watch) < 260
    lab = GanLab.preset(name, seed=3, views=("fake",))
    assert lab.settings == LabSettings(**{**preset.settings, "seed": 3})
    assert preset.watch.split(",")[0] in lab._words.value
    assert not preset.expected(lab.metrics, lab.history)  # before the first turn there is nothing
    assert set(lab.views) <= set(look.VIEWS)


@pytest.mark.parametrize("name", QUICK)
def test_a_preset_shows_it(name):
    assert shows(name, played(name))


@pytest.mark.seeds
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_shows_it_for_each_seed(name, seed):
    assert shows(name, played(name, seed))


def test_what_rescues_differs_from_what_collapses_by_the_critic_alone():
    fallen, saved = (LabSettings(**PRESETS[n].settings) for n in ("collapses", "WGAN-GP rescues"))
    of_the_critic = ("loss", "penalty", "gamma", "updates_d")
    same = fallen.changed(**{name: getattr(saved, name) for name in of_the_critic})
    assert same == saved


def test_the_penalty_ends_the_rotation_as_the_preset_says():
    play = played("rotates")
    before = len(play.records)
    play.change(penalty="r1")  # all that the reader is told to do
    play.step("both", PRESETS["rotates"].steps)
    assert far(play.records[-10:]) < 0.2 * far(play.records[:before])


def test_the_other_loss_brings_the_arrows_back_as_the_preset_says():
    name = "discriminator wins"
    play = played(name)
    before = play.measured()["push"]
    play.change(loss="nonsaturating")
    assert play.measured()["push"] > 100 * before
