"""Each preset shows what it says, for seed after seed."""

import html
from collections.abc import Callable, Sequence

import numpy as np
import pytest

pytest.importorskip("ipywidgets")

from gan_lessons.widgets.gan_lab import PRESETS, GanLab, GanLabSettings
from gan_lessons.widgets.gan_lab.presets import WHY
from gan_lessons.widgets.gan_lab.rewind import RewindableMatch
from gan_lessons.widgets.gan_lab.view import plane_of

Record = dict[str, float]


def late(history: Sequence[Record], name: str) -> float:
    """The median of a metric over the second half of the history."""
    return float(np.median([record[name] for record in history[len(history) // 2 :]]))


def swings(history: Sequence[Record]) -> int:
    """How often the fakes' mean goes from one side of the data's middle to the other, and back.

    Counted along the direction in which the mean moves most.
    """
    means = np.array([(record["mean_x"], record["mean_y"]) for record in history])
    _, _, directions = np.linalg.svd(means - means.mean(0), full_matrices=False)
    along = means @ directions[0]
    return int((np.diff(np.sign(along)) != 0).sum())


def far(records: Sequence[Record]) -> float:
    """The root mean square distance of the fakes' mean from 0, the data's middle."""
    return float(np.sqrt(np.mean([r["mean_x"] ** 2 + r["mean_y"] ** 2 for r in records])))


# Name → turns until it can be seen, and whether metrics and history show it then.
CLAIMS: dict[str, tuple[int, Callable[[Record, Sequence[Record]], bool]]] = {
    "works": (
        1_000,
        lambda now, history: (
            now["modes"] == now["modes_in_all"]
            and now["good"] > 0.9
            and now["js"] < 0.15
            and abs(now["outscored"] - 0.5) < 0.1
        ),
    ),
    "collapses": (
        600,
        lambda now, history: (
            late(history, "spread") < 0.25 and late(history, "modes") <= 2 and swings(history) >= 6
        ),
    ),
    "rotates": (
        600,
        lambda now, history: (
            swings(history) >= 6
            and far(history[len(history) // 2 :]) > 0.5 * far(history[: len(history) // 2])
        ),
    ),
    "discriminator wins": (
        150,
        lambda now, history: now["outscored"] > 0.95 and now["push"] < 0.05 and now["good"] < 0.05,
    ),
    "WGAN-GP rescues": (
        600,
        lambda now, history: (
            late(history, "spread") > 0.7
            and late(history, "modes") >= 3
            and 0.8 < late(history, "push") < 1.2
        ),
    ),
    "relativistic with R1 and R2 finds all 25": (
        4_000,
        lambda now, history: now["modes"] == 25 and now["good"] > 0.5,
    ),
}
SEEDS = range(10)
QUICK = [name for name, (turns, _) in CLAIMS.items() if turns <= 1000]


def played(name: str, seed: int = 0, **changes) -> RewindableMatch:
    match = RewindableMatch(GanLabSettings.of(name, seed=seed, **changes))
    match.step("both", CLAIMS[name][0])
    return match


def shows(name: str, match: RewindableMatch) -> bool:
    return bool(CLAIMS[name][1](match.measured(), match.records))


def test_the_phenomena():
    assert (
        list(PRESETS)
        == list(CLAIMS)
        == list(WHY)
        == [
            "works",
            "collapses",
            "rotates",
            "discriminator wins",
            "WGAN-GP rescues",
            "relativistic with R1 and R2 finds all 25",
        ]
    )


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_says_what_to_watch(name):
    preset = PRESETS[name]
    assert preset.watch[0].isupper()
    assert "?" in preset.watch  # it asks; what the reader sees then is in the fold
    assert 50 < len(preset.watch) < 200
    assert WHY[name][0].isupper()
    assert WHY[name].endswith(".")
    lab = GanLab.preset(name, seed=3, views=("fake",))
    assert lab.settings == GanLabSettings(name, views=("fake",), seed=3, **preset.settings)
    assert preset.watch.split(",")[0] in html.unescape(lab._screen.machine.value)
    assert WHY[name] in html.unescape(lab._screen.why.value)
    assert not CLAIMS[name][1](lab.metrics, lab.history)  # before the first turn there is nothing
    assert lab.settings.views == ("fake",)


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
    match.step("both", CLAIMS["rotates"][0])
    assert far(match.records[-10:]) < 0.2 * far(match.records[:before])
    heat = plane_of(match, ("heat",)).heat
    assert heat is not None
    assert abs(heat - 0.5).max() < 0.2  # it looks like rest


def test_the_other_loss_brings_the_arrows_back_as_the_preset_says():
    name = "discriminator wins"
    match = played(name)
    before = match.measured()["push"]
    match.change(loss="nonsaturating")
    assert match.measured()["push"] > 100 * before
