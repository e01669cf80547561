"""The lab's game: the same as a loop written out, exact to rewind and to rebuild."""

import json
import math

import pytest
import torch

pytest.importorskip("ipywidgets")

from gan_lessons.data import toy
from gan_lessons.losses import LOSSES, r1
from gan_lessons.models.points import Discriminator, Generator
from gan_lessons.train import TrainingDiverged
from gan_lessons.widgets.gan_lab import rewind
from gan_lessons.widgets.gan_lab.rewind import (
    MOST_MOMENTS,
    RewindableMatch,
    moves_of,
    turns_of,
)
from gan_lessons.widgets.gan_lab.settings import LIVE, GanLabSettings

SMALL = {"units_g": 8, "units_d": 8, "batch": 16}


def small(**settings) -> RewindableMatch:
    return RewindableMatch(GanLabSettings(**{**SMALL, **settings}))


def weights(match: RewindableMatch) -> list[float]:
    networks = [match.generator, match.discriminator]
    if match.ema_generator is not None:
        networks.append(match.ema_generator)
    return [value for net in networks for w in net.parameters() for value in w.flatten().tolist()]


# Settings


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"data": "moon"}, "unknown data 'moon': choose from ring, grid, line, .*drawn"),
        ({"loss": "ns"}, "unknown loss 'ns': choose from minimax, "),
        ({"penalty": None}, "unknown penalty None: choose from none, r1"),
        ({"optimiser": "lion"}, "unknown optimiser 'lion': choose from adam, sgd"),
        ({"prior": "poisson"}, "unknown prior 'poisson': choose from normal, uniform"),
        ({"latent": 3}, "latent must be a whole number from 1 to 2, got 3"),
        ({"layers_d": 5}, "layers_d must be a whole number from 0 to 4, got 5"),
        ({"units_g": 1}, "units_g must be a whole number from 2 to 128, got 1"),
        ({"batch": 16.0}, "batch must be a whole number from 8 to 512, got 16.0"),
        ({"updates_d": True}, "updates_d must be a whole number from 1 to 5, got True"),
        ({"seed": -1}, "seed must be a whole number from 0 to 999999, got -1"),
        ({"gamma": 0}, "gamma must be a finite number above 0 and at most 100, got 0"),
        ({"learning_rate_g": math.nan}, "learning_rate_g must be a finite number above 0"),
        ({"ema_half_life": -1}, "ema_half_life must be a finite number of at least 0, got -1"),
        ({"drawing": "12"}, "drawing must be 226 hexadecimal digits"),
    ],
)
def test_wrong_settings_are_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        GanLabSettings(**settings)


def test_an_unknown_setting_is_refused():
    with pytest.raises(TypeError, match="momentum"):
        GanLabSettings(momentum=0.9)


def test_the_config_is_the_games():
    config = GanLabSettings(loss="rpgan", penalty="r1r2", gamma=0.3, updates_d=4, batch=24).config
    assert (config.loss, config.penalty, config.gamma) == ("rpgan", "r1r2", 0.3)
    assert (config.discriminator_updates, config.batch, config.latent) == (4, 24, 2)
    assert GanLabSettings(penalty="none").config.penalty is None


@pytest.mark.parametrize(
    "turns", [0, 5, ["3 D"], [10, "2 G", {"loss": "wgan", "penalty": "none"}, 4]]
)
def test_moves_in_short_form(turns):
    assert turns_of(moves_of(turns)) == turns or turns == 0
    assert moves_of(json.loads(json.dumps(turns_of(moves_of(turns))))) == moves_of(turns)


@pytest.mark.parametrize("turns", [-1, "10", ["3 X"], [{"seed": 2}], [True], [1.5]])
def test_wrong_moves_are_refused(turns):
    with pytest.raises(ValueError, match="turns must be"):
        moves_of(turns)


# The game


def by_hand(turns: int) -> tuple[Generator, Discriminator, list[float], list[float]]:
    """The default game as a loop written out."""
    s = GanLabSettings(**SMALL)
    torch.manual_seed(s.seed)
    generator = Generator(latent=2, layers=2, width=8)
    discriminator = Discriminator(layers=2, width=8)
    rng = torch.Generator().manual_seed(s.seed)
    data = toy.SETS[s.data]
    adam_d = torch.optim.Adam(discriminator.parameters(), s.learning_rate_d, (0.5, 0.999))
    adam_g = torch.optim.Adam(generator.parameters(), s.learning_rate_g, (0.5, 0.999))
    loss = LOSSES[s.loss]
    losses_d, losses_g = [], []
    for _ in range(turns):
        real = data.sample(16, rng)
        fake = generator(torch.randn(16, 2, generator=rng)).detach()
        loss_d = loss.discriminator(discriminator(real), discriminator(fake))
        loss_d = loss_d + s.gamma * r1(discriminator, real, fake)
        adam_d.zero_grad()
        loss_d.backward()
        adam_d.step()
        fake = generator(torch.randn(16, 2, generator=rng))
        loss_g = loss.generator(discriminator(fake))
        adam_g.zero_grad()
        loss_g.backward()
        adam_g.step()
        losses_d.append(loss_d.item())
        losses_g.append(loss_g.item())
    return generator, discriminator, losses_d, losses_g


def test_a_game_is_the_loop_written_out():
    match = small()
    match.step("both", 12)
    generator, discriminator, losses_d, losses_g = by_hand(12)
    for own, other in ((match.generator, generator), (match.discriminator, discriminator)):
        for a, b in zip(own.parameters(), other.parameters(), strict=True):
            assert torch.allclose(a, b, atol=1e-5)
    assert match.losses["D"] == pytest.approx(losses_d, rel=1e-4)
    assert match.losses["G"] == pytest.approx(losses_g, rel=1e-4)


@pytest.mark.parametrize("player", ["D", "G"])
def test_a_turn_of_one_leaves_the_other_alone(player):
    match = small()
    match.step("both", 2)
    still, moving = match.generator, match.discriminator
    if player == "G":
        still, moving = moving, still
    before = [w.clone() for w in still.parameters()]
    first = next(iter(moving.parameters())).clone()
    match.step(player)
    assert all(torch.equal(a, b) for a, b in zip(before, still.parameters(), strict=True))
    assert not torch.equal(first, next(iter(moving.parameters())))


def test_the_generators_turn_gives_the_discriminator_no_gradients():
    match = small()
    match.step("D")
    before = [w.grad.clone() for w in match.discriminator.parameters()]
    match.step("G")
    for a, w in zip(before, match.discriminator.parameters(), strict=True):
        assert torch.equal(a, w.grad)
        assert w.requires_grad


def test_updates_a_turn():
    one, three = small(updates_d=3, updates_g=2), small()
    one.step("D")
    three.step("D", 3)
    assert weights(one) == weights(three)
    one.step("G")
    three.step("G", 2)
    assert weights(one) == weights(three)
    assert (one.turns, three.turns) == (2, 5)


def test_another_player_is_refused():
    with pytest.raises(ValueError, match="unknown player 'A': choose from D, G, both"):
        small().step("A")


def test_the_readers_random_numbers_stay_as_they_are():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    match = small(penalty="wgan-gp")
    match.step("both", 3)
    match.next_act()
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("act", ["step", "next_act", "finish", "measured"])
def test_one_thread_and_the_readers_own_afterwards(act, monkeypatch):
    """A sum does not depend on the machine's cores, nor a turn's time on who has the other one."""
    threads = []

    class Linear(torch.nn.Linear):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            threads.append(torch.get_num_threads())
            return super().forward(x)

    before = torch.get_num_threads()
    match = small()
    match.next_act()
    match.discriminator.layers[0].__class__ = Linear
    torch.set_num_threads(3)
    try:
        getattr(match, act)()
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
    assert set(threads) <= {1}
    assert threads or act == "next_act"


def test_the_averages_half_life_counts_what_the_generator_was_trained_on():
    """At most 0.1 of G's own points so far, whatever turns D took; by hand."""
    match = small(ema_half_life=1e9)
    kept = [w.detach().clone() for w in match.generator.parameters()]
    match.step("D", 5)
    for turn in (1, 2, 3):
        match.step("G")
        newer = 1 - 0.5 ** (16 / (0.1 * 16 * turn))
        new = match.generator.parameters()
        kept = [torch.lerp(a, b.detach(), newer) for a, b in zip(kept, new, strict=True)]
        match.step("D")
    for own, by_hand in zip(match.ema_generator.parameters(), kept, strict=True):
        assert torch.allclose(own, by_hand, atol=1e-6)


KINDS = [
    {},
    {"loss": "rpgan", "penalty": "r1r2"},
    {"loss": "wgan", "penalty": "wgan-gp", "updates_d": 2},
    {"loss": "hinge", "penalty": "none", "optimiser": "sgd", "updates_g": 2},
    {"latent": 1, "prior": "uniform", "ema_half_life": 500.0, "layers_g": 0},
    {"data": "drawn", "loss": "lsgan", "penalty": "r2", "layers_d": 1},
]


@pytest.mark.parametrize("kind", KINDS)
def test_slow_motion_takes_the_same_step(kind):
    fast, slow = small(**kind), small(**kind)
    for turn in range(1, 4):
        fast.step()
        acts = 4 * (slow.settings.updates_d + slow.settings.updates_g)
        for act in range(1, acts + 1):
            assert slow.turns == turn - 1
            slow.next_act()
            assert slow.acts == act % acts
        assert slow.turns == turn
        assert weights(slow) == weights(fast)
    assert slow.losses == fast.losses
    assert slow.log == fast.log


def test_a_turn_that_slow_motion_began_is_ended_by_a_step():
    fast, slow = small(), small()
    fast.step("both", 2)
    slow.next_act()
    slow.next_act()
    slow.step()
    assert weights(slow) == weights(fast)
    assert slow.act is None
    assert slow.turns == 2


@pytest.mark.parametrize("kind", KINDS)
def test_the_acts_tell_the_truth_about_this_very_step(kind):
    match = small(**kind)
    match.step("both", 3)
    acts = [match.next_act() for _ in range(4 * (match.settings.updates_d + 1))]
    own = acts[: 4 * match.settings.updates_d]
    assert [act.kind for act in own[:4]] == ["draw", "generate", "judge", "step"]
    assert {act.player for act in own} == {"D"}
    last = acts[-4:]
    assert [act.kind for act in last] == ["generate", "judge", "push", "step"]
    assert {act.player for act in last} == {"G"}
    assert len(last[2].arrows) == len(last[2].points["fake"]) == 16
    # What was shown as generated is what the generator then was told to move.
    assert torch.equal(last[3].points["before"], last[0].points["fake"])
    assert not torch.equal(last[3].points["fake"], last[0].points["fake"])
    if match.settings.updates_g == 1:
        assert match.losses["D"][-1] == own[-1].numbers["before"]
        assert match.losses["G"][-1] == last[3].numbers["before"]
    for act in (own[3], last[3]):
        assert act.numbers["length"] > 0
        assert act.numbers["after"] != act.numbers["before"]


def test_a_small_step_down_the_gradient_lowers_the_loss_on_the_same_points():
    for loss in LOSSES:
        rates = {"learning_rate_g": 1e-2, "learning_rate_d": 1e-2}
        match = small(loss=loss, penalty="wgan-gp", gamma=1.0, optimiser="sgd", **rates)
        for act in [match.next_act() for _ in range(8)]:
            if act.kind == "step":
                assert act.numbers["after"] < act.numbers["before"]
                # To first order: the rate times the square of the gradient's length.
                drop = act.numbers["before"] - act.numbers["after"]
                assert drop == pytest.approx(1e-2 * act.numbers["length"] ** 2, rel=0.2, abs=2e-6)


# Going back


@pytest.mark.parametrize("kind", KINDS)
def test_going_back_and_on_is_bit_for_bit(kind):
    straight, rewound = small(**kind), small(**kind)
    for match in (straight, rewound):
        match.step("both", 31)
    rewound.go_to(17)
    assert rewound.turns == 10
    rewound.step("both", 21)
    assert weights(rewound) == weights(straight)
    assert rewound.losses == straight.losses
    assert json.dumps(rewound.records) == json.dumps(straight.records)  # nan is not itself
    assert rewound.log == straight.log
    for match in (straight, rewound):
        match.step("G", 3)
    assert weights(rewound) == weights(straight)


def test_what_followed_can_be_gone_to_until_a_step_is_taken():
    match = small()
    match.step("both", 25)
    end = weights(match)
    match.go_to(0)
    assert (match.turns, match.last_turn) == (0, 25)
    match.go_to(25)
    assert weights(match) == end
    match.go_to(12)
    match.step("D")
    assert (match.turns, match.last_turn) == (11, 11)
    assert len(match.losses["D"]) == 11
    assert match.log == [("both", 10), ("D", 1)]


def test_the_modules_stay_the_same_objects():
    match = small()
    generator = match.generator
    match.step("both", 20)
    match.go_to(0)
    match.change(loss="wgan")
    assert match.generator is generator


def test_moments_are_bounded_and_even(monkeypatch):
    monkeypatch.setattr(rewind, "RECORD_EVERY", 10**6)
    match = small(optimiser="sgd", penalty="none")
    match.step("both", 10 * MOST_MOMENTS * 3)
    assert len(match.moments) <= MOST_MOMENTS + 1
    saved = sorted(match.moments)
    assert saved == list(range(0, match.turns + 1, match.stride))
    assert match.stride == 40


# Changes in the middle


@pytest.mark.parametrize(
    "change",
    [
        {"loss": "wgan", "penalty": "wgan-gp", "gamma": 2.0},
        {"optimiser": "sgd"},
        {"learning_rate_g": 0.05},
        {"learning_rate_d": 0.05},
        {"updates_g": 3, "updates_d": 2},
        {"batch": 32},
        {"ema_half_life": 300.0},
    ],
)
def test_a_change_in_the_middle_is_remembered(change):
    assert set(change) <= set(LIVE)
    match = small()
    match.step("both", 7)
    match.change(**change)
    match.step("both", 15)
    assert match.log == [("both", 7), change, ("both", 15)]
    again = small()
    again.replay(moves_of(turns_of(match.log)))
    assert weights(again) == weights(match)
    plain = small()
    plain.step("both", 22)
    assert weights(plain) != weights(match)
    match.go_to(0)
    assert match.settings == GanLabSettings(**SMALL)
    match.step("both", 22)
    assert weights(match) == weights(plain)


def test_going_back_to_after_a_change_and_before_it():
    match = small()
    match.step("both", 10)
    match.change(learning_rate_g=0.01)
    match.step("both", 12)
    end = weights(match)
    match.go_to(10)
    assert match.settings.learning_rate_g == 0.01
    match.step("both", 12)
    assert weights(match) == end
    match.go_to(9)
    assert match.settings.learning_rate_g == GanLabSettings().learning_rate_g


def test_a_change_that_changes_nothing_is_none():
    match = small()
    match.step("both", 3)
    match.change(loss=match.settings.loss)
    assert match.log == [("both", 3)]


def test_a_change_before_the_first_turn_is_a_setting():
    match = small()
    match.change(loss="hinge")
    assert match.start.loss == "hinge"
    assert match.log == []


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_done_the_log_rebuilds_it(seed):
    draw = torch.Generator().manual_seed(seed)

    def pick(*options):
        return options[int(torch.randint(len(options), (1,), generator=draw))]

    match = small(seed=seed)
    for _ in range(30):
        act = pick("both", "both", "D", "G", "back", "act", "change")
        if act == "back":
            match.go_to(pick(0, match.turns // 2, match.last_turn))
        elif act == "act":
            match.next_act()
        elif act == "change":
            match.change(
                loss=pick(*LOSSES),
                penalty=pick("none", "r1", "wgan-gp"),
                optimiser=pick("adam", "adam", "sgd"),
                ema_half_life=pick(0.0, 300.0),
                batch=pick(16, 24),
            )
        else:
            match.step(act, pick(1, 4, 15))
    again = RewindableMatch(match.start)
    again.replay(moves_of(turns_of(match.log)))
    for _ in range(match.acts):
        again.next_act()
    assert weights(again) == weights(match)
    assert again.measured() == pytest.approx(match.measured(), nan_ok=True)
    past = {name: values[: match.turns] for name, values in match.losses.items()}
    assert json.dumps(again.losses) == json.dumps(past)


# Failure


def test_a_game_that_leaves_the_numbers_says_so_and_stands_where_it_was():
    wild = {"loss": "wgan", "penalty": "none", "optimiser": "sgd"}
    match = small(**wild, learning_rate_g=10.0, learning_rate_d=10.0)
    with pytest.raises(TrainingDiverged, match="lower learning_rate_"):
        match.step("both", 400)
    assert 0 < match.turns < 400
    assert all(math.isfinite(weight) for weight in weights(match))
    again = small(**wild, learning_rate_g=10.0, learning_rate_d=10.0)
    again.step("both", match.turns)
    assert weights(again) == weights(match)
    assert again.losses == match.losses
    with pytest.raises(TrainingDiverged):
        match.step()
    stuck = weights(match)
    with pytest.raises(TrainingDiverged):
        next(act for act in iter(match.next_act, None) if match.turns > again.turns)
    assert weights(match) == stuck
    match.change(learning_rate_g=1e-6, learning_rate_d=1e-6)
    match.step()
