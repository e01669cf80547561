"""What every game gets from the trainer, and what the two games beside pictures compute."""

import dataclasses
import math
import signal
import sys
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from gan_lessons.data.toy import Points
from gan_lessons.train import CheckpointError, ComputeOptions, GameTrainer, TrainingDiverged
from gan_lessons.train.config import RunConfig
from gan_lessons.train.game import Game, Turn
from gan_lessons.train.games.adaptation import AdaptationConfig, AdaptationGame
from gan_lessons.train.games.translation import TranslationConfig, TranslationGame

sys.path.insert(0, str(Path(__file__).parent))
from toy_games import GAMES, adaptation, blobs, translation

CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
TURNS = {"translation": ["generators", "discriminators"], "adaptation": ["critic", "encoder"]}


@pytest.fixture(params=GAMES)
def game(request) -> str:
    return request.param


def weights(trainer: GameTrainer) -> dict[str, torch.Tensor]:
    state = trainer.state_dict()
    return {name: value.clone() for name, value in state.items() if torch.is_tensor(value)}


def assert_equal(one: GameTrainer, two: GameTrainer) -> None:
    first, second = weights(one), weights(two)
    assert first.keys() == second.keys()
    for name, value in first.items():
        assert torch.equal(value, second[name]), name


def test_the_history_has_a_loss_for_each_turn(game, tmp_path):
    trainer = GAMES[game]().fit(7)
    assert list(trainer.history.losses) == TURNS[game]
    assert all(len(losses) == 7 for losses in trainer.history.losses.values())
    assert all(math.isfinite(x) for losses in trainer.history.losses.values() for x in losses)
    trainer.history.to_csv(tmp_path / "history.csv")
    columns = (tmp_path / "history.csv").read_text().splitlines()[0].split(",")
    assert columns == ["step", *(f"{turn}_loss" for turn in TURNS[game]), "distance"]


def test_every_network_learns_in_its_turn_only(game):
    trainer = GAMES[game]()
    for turn in trainer.game.turns(0):
        before = weights(trainer)
        if turn.new_batch:
            indices, carried = [trainer._draw()], None
        batch = {name: trainer.samplers[name].read(chosen) for name, chosen in indices[0].items()}
        values = trainer.game.values(20)
        with trainer._frozen(turn):
            loss, carried = turn.loss(trainer.networks, batch, trainer.random, values, carried)
            trainer._descend(loss, turn)
        after = weights(trainer)
        moved = {
            name.split(".")[1]
            for name in before
            if name.startswith("network.") and not torch.equal(before[name], after[name])
        }
        assert moved == set(turn.learns)
        assert all(p.requires_grad for n in trainer.networks.values() for p in n.parameters())


def test_going_on_equals_never_having_stopped_bit_for_bit(game, tmp_path):
    straight = GAMES[game]().fit(11)
    GAMES[game]().fit(4).save(tmp_path)
    resumed = GAMES[game]().restore(tmp_path)
    assert resumed.steps == 4
    resumed.fit(7)
    assert_equal(straight, resumed)
    assert straight.history == resumed.history


def test_a_state_dict_goes_into_another_trainer(game):
    one, two = GAMES[game]().fit(5), GAMES[game]()
    state = {k: v.clone() if torch.is_tensor(v) else v for k, v in one.state_dict().items()}
    two.load_state_dict(state)
    one.fit(3)
    two.fit(3)
    assert_equal(one, two)


def test_other_settings_are_named_and_nothing_is_changed(game, tmp_path):
    GAMES[game]().fit(2).save(tmp_path)
    other = GAMES[game](beta1=0.9)
    before = weights(other)
    with pytest.raises(CheckpointError, match=r"the setting beta1 was 0\.5, here it is 0\.9"):
        other.restore(tmp_path)
    assert all(torch.equal(value, before[name]) for name, value in weights(other).items())
    wrong = GAMES["adaptation" if game == "translation" else "translation"]()
    with pytest.raises(CheckpointError, match=f"is of the game '{game}', this is"):
        wrong.restore(tmp_path)


def test_a_nan_stops_it_and_names_turn_and_network(game):
    trainer = GAMES[game]().fit(2)
    first = trainer.game.network_names[0]
    with torch.no_grad():
        next(trainer.networks[first].parameters()).fill_(float("nan"))
    with pytest.raises(TrainingDiverged, match=rf"step 3: the \w+'s? loss is nan.*{first}"):
        trainer.fit(2)


def test_an_interrupt_ends_after_the_step_in_hand(game, tmp_path):
    trainer = GAMES[game]()
    take = trainer.play_step

    def interrupted():
        if trainer.steps == 2:
            signal.raise_signal(signal.SIGINT)
        return take()

    trainer.play_step = interrupted
    trainer.fit(10, save_to=tmp_path)
    assert trainer.steps == len(trainer.history) == 3
    assert trainer.stopped_by is signal.SIGINT
    assert GAMES[game]().restore(tmp_path).steps == 3


def test_a_view_is_told(game):
    class View:
        told = None

        def update(self, progress):
            self.told = progress

        def close(self, progress):
            self.closed = progress

    view = View()
    trainer = GAMES[game]().fit(4, view)
    assert view.told.step == view.closed.step == view.told.goal == 4
    assert list(view.told.history.losses) == TURNS[game]
    assert set(view.told.learning_rates) == set(trainer.game.network_names)
    assert view.told.samples(3) is None  # points are no pictures


@CUDA
def test_a_recorded_step_is_the_eager_step(game):
    one, two = GAMES[game]("cuda"), GAMES[game]("cuda", ComputeOptions(graph=True))
    for trainer in (one, two):
        trainer.fit(12)
    assert two._recorded.graphs
    first, second = weights(one), weights(two)
    for name, value in first.items():
        if name.startswith("network."):
            torch.testing.assert_close(value, second[name], rtol=1e-3, atol=1e-4, msg=name)


def test_the_losses_of_a_translation_are_the_papers():
    trainer = translation(cycle=3.0, identity=0.5)
    to_b, to_a, d_a, d_b = (trainer.networks[name] for name in trainer.game.network_names)
    batch = {name: sampler.read(sampler.draw(8)) for name, sampler in trainer.samplers.items()}
    a, b = batch["a"].x, batch["b"].x
    generators, discriminators = trainer.game.turns(0)
    loss, fakes = generators.loss(trainer.networks, batch, trainer.random, {}, None)
    fool = 0.5 * (d_b(to_b(a)) - 1).square().mean() + 0.5 * (d_a(to_a(b)) - 1).square().mean()
    cycle = (to_a(to_b(a)) - a).abs().mean() + (to_b(to_a(b)) - b).abs().mean()
    identity = (to_b(b) - b).abs().mean() + (to_a(a) - a).abs().mean()
    assert loss.item() == pytest.approx((fool + 3 * cycle + 1.5 * identity).item(), rel=1e-5)
    told, _ = discriminators.loss(trainer.networks, batch, trainer.random, {}, fakes)
    by_hand = sum(
        0.5 * (d(real) - 1).square().mean() + 0.5 * d(fake).square().mean()
        for d, real, fake in ((d_a, a, to_a(b)), (d_b, b, to_b(a)))
    )
    assert told.item() == pytest.approx(by_hand.item() / 2, rel=1e-5)


@pytest.mark.parametrize(
    "settings",
    [
        {"loss": "rpgan"},
        {"penalty": "r1", "gamma": 0.5},
        {"penalty": "wgan-gp", "gamma": 1.0, "loss": "wgan"},
    ],
)
def test_a_translation_plays_other_objectives(settings):
    plain, other = translation().fit(3), translation(**settings).fit(3)
    assert plain.history.losses["discriminators"] != other.history.losses["discriminators"]
    assert len(other.history) == 3


def test_minimax_adaptation_is_gradient_reversal():
    """The encoder's gradient is that of the classification minus that of the critic's loss."""
    trainer = adaptation(strength=0.7, schedule_steps=0)
    encoder, classifier, critic = (trainer.networks[name] for name in trainer.game.network_names)
    batch = {name: sampler.read(sampler.draw(8)) for name, sampler in trainer.samplers.items()}
    parameters = list(encoder.parameters())
    turn = trainer.game.turns(0)[-1]
    values = trainer.game.values(0)
    loss, _ = turn.loss(trainer.networks, batch, trainer.random, values, None)
    ours = torch.autograd.grad(loss, parameters)
    (x, labels), target = batch["source"], batch["target"].x
    on_source, on_target = critic(encoder(x)), critic(encoder(target))
    bce = F.binary_cross_entropy_with_logits
    domain = bce(on_source, torch.ones(8)) + bce(on_target, torch.zeros(8))
    reversed_loss = F.cross_entropy(classifier(encoder(x)), labels) - 0.7 * domain
    for own, by_hand in zip(ours, torch.autograd.grad(reversed_loss, parameters), strict=True):
        torch.testing.assert_close(own, by_hand, rtol=1e-4, atol=1e-6)


def test_the_strength_ramps_up_as_in_the_paper():
    game = AdaptationGame(AdaptationConfig(strength=2.0, schedule_steps=100))
    strengths = [game.values(step)["strength"] for step in (0, 50, 100, 500)]
    expected = [2 * (2 / (1 + math.exp(-10 * p)) - 1) for p in (0, 0.5, 1, 1)]
    assert strengths == pytest.approx(expected)


def accuracy(trainer: GameTrainer, data: Points) -> float:
    with torch.no_grad():
        logits = trainer.networks["classifier"](trainer.networks["encoder"](data.coordinates))
    return (logits.argmax(1) == data.labels).double().mean().item()


def test_the_domain_game_carries_the_classifier_over():
    """Points turned by 1.2 radians: a classifier of the source alone gets about a fifth wrong."""
    with_game, without = [], []
    for strength, found in ((0.0, without), (1.0, with_game)):
        for seed in range(2):
            trainer = adaptation(strength=strength, schedule_steps=300, batch=32, seed=seed)
            data = {"source": blobs(1, 0.0, 400), "target": blobs(2, 1.2, 400)}
            trainer = GameTrainer(trainer.game, trainer.networks, data, "cpu").fit(600)
            assert accuracy(trainer, data["source"]) > 0.97
            found.append(accuracy(trainer, data["target"]))
    assert min(with_game) > max(without) + 0.1


class Odd(Game):
    """A game of one network whose turns are passed in."""

    name, network_names, data_names = "odd", ("one", "two"), ("real",)

    def __init__(self, *turns: Turn, sizes: tuple[int, ...] = ()):
        self.config, self.given = OddConfig(batch=4, sizes=sizes), turns

    def turns(self, step):
        return self.given

    def learning_rates(self):
        return {"one": 0.1, "two": 0.1}

    def trainer(self, networks=None) -> GameTrainer:
        networks = networks or {"one": nn.Linear(2, 1), "two": nn.Linear(2, 1)}
        return GameTrainer(self, networks, {"real": blobs(1, 0.0)}, "cpu")


@dataclasses.dataclass(frozen=True, kw_only=True)
class OddConfig(RunConfig):
    sizes: tuple[int, ...] = ()


def mean_of(name):
    return lambda networks, batch, *_: (networks[name](batch["real"].x).mean(), None)


@pytest.mark.parametrize(
    ("turns", "message"),
    [
        ([], "the first turn of a step must have new_batch=True"),
        ([Turn("a", ("one",), mean_of("one"), new_batch=False)], "must have new_batch=True"),
        ([Turn("a", ("one",), mean_of("one"), frozen=("one",))], "both learns and is frozen"),
        ([Turn("a", ("three",), mean_of("one"))], "unknown network of a 'three': choose from one"),
    ],
)
def test_turns_that_cannot_be_played_are_refused(turns, message):
    with pytest.raises(ValueError, match=message):
        Odd(*turns).trainer()


def test_a_network_that_is_frozen_and_should_learn_is_named():
    networks = {"one": nn.Linear(2, 1).requires_grad_(False), "two": nn.Linear(2, 1)}
    with pytest.raises(ValueError, match="one learns in a, and all its weights are frozen"):
        Odd(Turn("a", ("one",), mean_of("one"))).trainer(networks)


def test_a_loss_that_is_no_scalar_is_named():
    def per_item(networks, batch, *_):
        return networks["one"](batch["real"].x).squeeze(1), None

    with pytest.raises(ValueError, match=r"the loss of a must be a scalar, got \(4,\)"):
        Odd(Turn("a", ("one",), per_item)).trainer().step()


def test_turns_in_another_order_keep_their_names():
    one = Turn("a", ("one",), lambda n, b, *_: (0 * n["one"].weight.sum() + 1, None))
    two = Turn("b", ("two",), lambda n, b, *_: (0 * n["two"].weight.sum() + 2, None))

    class Alternating(Odd):
        def turns(self, step):
            return self.given[:: 1 if step % 2 == 0 else -1]

    trainer = Alternating(one, two).trainer().fit(4)
    assert trainer.history.losses == {"a": [1.0] * 4, "b": [2.0] * 4}


def test_settings_that_json_changes_are_the_same_settings(tmp_path):
    def trainer():
        return Odd(Turn("a", ("one",), mean_of("one")), sizes=(1, 2)).trainer()

    trainer().fit(2).save(tmp_path)
    assert trainer().restore(tmp_path).steps == 2


@pytest.mark.parametrize(
    "change",
    [
        {"step": "a"}, {"step": -5}, {"step": 3}, {"device": 7}, {"random": torch.zeros(3)},
        {"positions": {"a": 1.5, "b": 0}}, {"order.a": torch.zeros(60, dtype=torch.int64)},
        {"optimiser.generator_ab.0.exp_avg": None}, {"optimiser.generator_ab.-1.step": 0},
        {"optimiser.generator_ab.99.step": 0}, {"network.generator_ab.layers.0.weight": None},
        {"network.generator_ab.layers.0.bias": torch.zeros(8, dtype=torch.complex64)},
        {"history.losses": torch.zeros(2, 1)},
    ],
)  # fmt: skip
def test_a_state_that_does_not_fit_changes_nothing(change):
    state = translation().fit(2).state_dict()
    state |= {name: torch.tensor(0.0) if value == 0 else value for name, value in change.items()
              if not torch.is_tensor(value)}  # fmt: skip
    state |= {name: value for name, value in change.items() if torch.is_tensor(value)}
    state = {name: value for name, value in state.items() if value is not None}
    other = translation(seed=5).fit(1)
    before, history = weights(other), list(other.history.losses["generators"])
    with pytest.raises((LookupError, RuntimeError, TypeError, ValueError)):
        other.load_state_dict(state)
    after = weights(other)
    assert all(torch.equal(value, after[name]) for name, value in before.items())
    assert (other.steps, other.history.losses["generators"]) == (1, history)


def test_penalties_that_do_not_fit_the_discriminators_are_refused():
    other = translation()
    config = TranslationConfig(penalty="r1", gamma=1.0)
    with_norm = nn.Sequential(nn.Linear(2, 1), nn.BatchNorm1d(1))
    three = r"one logit for each item, .*\(2, 3\)"
    for discriminator, message in ((with_norm, "without batch norm"), (nn.Linear(2, 3), three)):
        networks = other.networks | {"discriminator_a": discriminator}
        with pytest.raises(ValueError, match=message):
            GameTrainer(TranslationGame(config), networks, other.data, "cpu")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (lambda: TranslationConfig(loss="x"), "unknown loss 'x': choose from minimax"),
        (lambda: TranslationConfig(cycle=-1), "cycle must be a finite number of at least 0"),
        (lambda: TranslationConfig(penalty="r1"), "gamma must be a finite number above 0"),
        (lambda: AdaptationConfig(loss="rpgan"), "unknown loss 'rpgan': choose from minimax"),
        (lambda: AdaptationConfig(strength=math.nan), "strength must be a finite number"),
        (lambda: AdaptationConfig(critic_updates=0), "critic_updates must be a whole number"),
    ],
)
def test_settings_out_of_range_are_refused(config, message):
    with pytest.raises(ValueError, match=message):
        config()


def test_networks_and_data_that_do_not_fit_are_named():
    trainer, other = adaptation(), translation()
    with pytest.raises(ValueError, match="networks must have the names encoder, classifier"):
        GameTrainer(trainer.game, other.networks, trainer.data, "cpu")
    with pytest.raises(ValueError, match="data must have the names source, target, got a, b"):
        GameTrainer(trainer.game, trainer.networks, other.data, "cpu")
    unlabelled = {"source": Points(torch.zeros(4, 2), "bare"), "target": blobs(1, 0.0)}
    with pytest.raises(ValueError, match="the source needs labels to learn from, 'bare' has none"):
        GameTrainer(trainer.game, trainer.networks, unlabelled, "cpu")
    networks = trainer.networks | {"classifier": nn.Linear(4, 5)}
    with pytest.raises(ValueError, match="classifier must return 2 logits for each item"):
        GameTrainer(trainer.game, networks, trainer.data, "cpu")
    networks = other.networks | {"generator_ba": nn.Linear(2, 3)}
    with pytest.raises(ValueError, match=r"generator_ba makes \(3,\), the data 'a' has \(2,\)"):
        GameTrainer(other.game, networks, other.data, "cpu")
