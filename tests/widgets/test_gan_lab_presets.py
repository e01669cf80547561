"""Each preset shows what it says, for seed after seed."""

import pytest

pytest.importorskip("ipywidgets")

from gan_lessons.widgets.gan_lab import PRESETS, GanLab, GanLabSettings
from gan_lessons.widgets.gan_lab.presets import far
from gan_lessons.widgets.gan_lab.rewind import RewindableMatch
from gan_lessons.widgets.gan_lab.settings import VIEWS

SEEDS = range(10)
QUICK = [name for name, preset in PRESETS.items() if preset.turns <= 1000]


def played(name: str, seed: int = 0, **changes) -> RewindableMatch:
    preset = PRESETS[name]
    match = RewindableMatch(GanLabSettings(**{**preset.settings, "seed": seed, **changes}))
    match.step("both", preset.turns)
    return match


def shows(name: str, match: RewindableMatch) -> bool:
    return bool(PRESETS[name].expected(match.measured(), match.records))


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
    assert lab.settings == GanLabSettings(name, views=("fake",), seed=3, **preset.settings)
    assert preset.watch.split(",")[0] in lab._watch.value
    assert not preset.expected(lab.metrics, lab.history)  # before the first turn there is nothing
    assert set(lab.views) <= set(VIEWS)


@pytest.mark.parametrize("name", QUICK)
def test_a_preset_shows_it(name):
    assert shows(name, played(name))


@pytest.mark.seeds
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_shows_it_for_each_seed(name, seed):
    assert shows(name, played(name, seed))


def test_what_rescues_differs_from_what_collapses_by_the_critic_alone():
    fallen, saved = (
        GanLabSettings(**PRESETS[n].settings) for n in ("collapses", "WGAN-GP rescues")
    )
    of_the_critic = ("loss", "penalty", "gamma", "updates_d")
    same = fallen.changed(**{name: getattr(saved, name) for name in of_the_critic})
    assert same == saved


def test_the_penalty_ends_the_rotation_as_the_preset_says():
    match = played("rotates")
    before = len(match.records)
    match.change(penalty="r1")  # all that the reader is told to do
    match.step("both", PRESETS["rotates"].turns)
    assert far(match.records[-10:]) < 0.2 * far(match.records[:before])


def test_the_other_loss_brings_the_arrows_back_as_the_preset_says():
    name = "discriminator wins"
    match = played(name)
    before = match.measured()["push"]
    match.change(loss="nonsaturating")
    assert match.measured()["push"] > 100 * before
