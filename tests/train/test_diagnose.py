import copy
import math
import sys
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn.functional import softplus

sys.path.insert(0, str(Path(__file__).parent))
from toy_games import adaptation

from gan_lessons.data import toy
from gan_lessons.losses import LOSSES, Loss
from gan_lessons.models import points
from gan_lessons.train import (
    Finding,
    TrainConfig,
    Trainer,
    TrainingDiverged,
    diagnose,
    examine,
)
from gan_lessons.train.__main__ import main
from gan_lessons.train.diagnose import LOOKS, NOTHING, _ahead, report
from gan_lessons.train.doctor.case import chance_of
from gan_lessons.train.doctor.symptoms import diversity

MODULE = sys.modules["gan_lessons.train.diagnose"]  # the package has a function of that name


def network(inputs: int = 2, outputs: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(inputs, 64), nn.LeakyReLU(0.2),
        nn.Linear(64, 64), nn.LeakyReLU(0.2),
        nn.Linear(64, outputs),
    )  # fmt: skip


class Loop:
    """The loop of lesson 07, section 8, with some ways to spoil it."""

    def __init__(self, seed: int = 0, D: nn.Module | None = None, rate: float = 1e-3):
        torch.manual_seed(seed)
        self.G, plain = network(outputs=2), network()
        self.D = D or plain
        self.rng = torch.Generator().manual_seed(seed)
        self.adams = tuple(
            torch.optim.Adam(each.parameters(), lr=rate, betas=(0.5, 0.999))
            for each in (self.G, self.D)
        )
        self.losses_d, self.looks, self.z = [], [], self.latents(256)

    def latents(self, n: int = 128) -> torch.Tensor:
        return torch.randn(n, 2, generator=self.rng)

    def ring(self, n: int = 128) -> torch.Tensor:
        return toy.ring(n, self.rng, std=0.05)

    def play(self, turns: int, d_updates: int = 1, g_updates: int = 1, clear: bool = True):
        adam_g, adam_d = self.adams
        for _ in range(turns):
            for _ in range(d_updates):
                fake = self.G(self.latents()).detach()
                of_d = softplus(-self.D(self.ring())).mean() + softplus(self.D(fake)).mean()
                if clear:
                    adam_d.zero_grad()
                of_d.backward()
                adam_d.step()
                self.losses_d.append(of_d.item())
            for _ in range(g_updates):
                of_g = softplus(-self.D(self.G(self.latents()))).mean()
                adam_g.zero_grad()
                of_g.backward()
                adam_g.step()
        return self

    def ask(self, **more) -> list[Finding]:
        told = {"losses_d": self.losses_d, "optimisers": self.adams, "looks": self.looks}
        return examine(self.G, self.D, self.ring(256), self.z, **(told | more))


def names(found: list[Finding]) -> list[str]:
    for each in found:
        assert "\n" not in str(each)
    return [each.name for each in found]


# Failures, one seed each; benchmarks/diagnose.py counts seeds


def test_d_wins():
    (found,) = Loop().play(300, g_updates=0).ask(loss="minimax")
    assert found.name == "D wins"
    assert found.numbers["pairs"] == 1
    assert 50 < found.numbers["steps"] <= 300
    assert found.numbers["heard"] < 0.1
    text = str(found)
    assert text.startswith("D tells 100% of pairs apart, at least 98% for ")
    assert ": D has won; take the non-saturating loss, lower learning_rate_d" in text


def test_modes_lost_and_mode_hopping():
    loop = Loop().play(150).play(600, d_updates=0)
    assert names(loop.ask()) == ["modes lost"]
    (found,) = Loop().play(600, d_updates=0).ask()
    assert found.name == "modes lost"
    assert "D stands still" in found.seen
    assert "pack" not in found.advice  # such a D learns nothing from packs
    loop = Loop().play(20, g_updates=20)
    for _ in range(12):
        loop.play(5, g_updates=20)
        loop.looks.append(loop.G(loop.z).detach())
    (found,) = loop.ask()
    assert found.name == "mode hopping"
    assert found.numbers["pace"] == pytest.approx(20)
    (found,) = loop.ask(looks=())  # nobody has seen them move
    assert found.name == "modes lost"
    assert "pack" in found.advice


def test_batch_norm():
    at_input = nn.Sequential(nn.BatchNorm1d(2), network())
    assert names(Loop(D=at_input).ask()) == ["batch norm in D"]
    inside = nn.Sequential(nn.Linear(2, 64), nn.LeakyReLU(0.2), nn.BatchNorm1d(64), network(64))
    loop = Loop(D=inside)
    assert names(loop.ask()) == []
    assert "mixes real and fake" in str(loop.ask(joint=True)[0])
    assert "penalty is about" in str(loop.ask(penalty=lambda D, real, fake: D(real).sum() ** 2)[0])


def test_a_discriminator_that_draws_is_not_taken_for_batch_norm():
    class Noisy(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = network()

        def forward(self, x):
            return self.layers(x + 0.1 * torch.randn_like(x))

    assert names(Loop(D=Noisy()).ask(joint=True)) == []
    assert names(Loop(D=nn.Sequential(nn.Dropout(0.5), network())).ask(joint=True)) == []


@pytest.mark.parametrize(
    "formula",
    [
        lambda real, fake: -torch.log(real.sigmoid()).mean() - torch.log(1 - fake.sigmoid()).mean(),
        # Finite, and silent where D is sure and wrong.
        lambda real, fake: -torch.log(real.sigmoid() * (1 - fake.sigmoid()) + 1e-8).mean(),
    ],
)  # fmt: skip
def test_the_log_of_a_sigmoid(formula):
    own = Loss("own", formula, lambda fake: softplus(-fake).mean(), "")
    assert names(Loop().ask(loss=own)) == ["log of a sigmoid"]


@pytest.mark.parametrize("loss", LOSSES)
def test_the_losses_of_the_package_are_not_suspected(loss):
    assert names(Loop().ask(loss=loss)) == []


def test_the_wrong_range(make):
    class HalfRange(nn.Module):
        def __init__(self, generator):
            super().__init__()
            self.generator = generator

        def forward(self, z):
            return (self.generator(z) + 1) / 2

    trainer = make()
    assert diagnose(trainer) == []
    spoilt = Trainer(
        HalfRange(trainer.generator), trainer.discriminator, trainer.images, trainer.config, "cpu"
    )
    (found,) = diagnose(spoilt)
    assert found.name == "wrong range"
    assert found.numbers["low"] >= 0
    assert found.numbers["lowest"] == -1


def test_gradients_left_in_d():
    (found,) = Loop().play(200, clear=False).ask()
    assert found.name == "gradients left in D"
    assert found.numbers["ratio"] > 5


def test_a_rate_too_high():
    (found,) = Loop(rate=0.1).play(100).ask()
    assert found.name == "rate too high"
    assert found.numbers["times"] > 6


@pytest.mark.parametrize(
    ("spikes", "found"),
    [
        ([], []),
        ([9.9], []),  # seven times: healthy trainings have one at times
        ([9.9, 9.9], ["rate too high"]),
        ([60.0], ["rate too high"]),
    ],
)
def test_a_single_spike_in_the_loss_is_forgiven_unless_it_is_huge(spikes, found):
    loop = Loop().play(20)
    assert names(loop.ask(losses_d=[1.4] * 50 + spikes + [1.4] * 50)) == found


def test_an_initialiser_that_is_never_called(make):
    trainer = make(width=8)
    assert diagnose(trainer) == []
    for player in (trainer.generator, trainer.discriminator):
        for module in player.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                module.reset_parameters()
    assert names(diagnose(trainer)) == ["initialiser never called"]


def test_a_penalty_on_detached_tensors():
    def penalty(D, real, fake, create_graph=False):
        real = real.detach().requires_grad_()
        (slope,) = torch.autograd.grad(D(real).sum(), real, create_graph=create_graph)
        return slope.square().sum(1).mean()

    (found,) = Loop().ask(penalty=penalty)
    assert found.name == "penalty on detached tensors"
    assert found.numbers["penalty"] > 0
    assert Loop().ask(penalty=lambda *given: penalty(*given, create_graph=True)) == []
    assert Loop().ask(penalty=lambda D, real, fake: (D(real) ** 2).mean()) == []


def test_a_training_that_diverged(make):
    trainer = make()
    with torch.no_grad():
        next(trainer.generator.parameters()).fill_(float("nan"))
    trainer.step()  # the history does not know yet
    (found,) = diagnose(trainer)
    assert found.name == "not finite"
    assert "the loss of D is not finite since step 1" in str(found)
    assert "weights that are not finite: generator, discriminator" in str(found)
    with pytest.raises(TrainingDiverged):
        trainer.fit(2)
    assert names(diagnose(trainer)) == ["not finite"]


# Healthy trainings


def test_nothing_is_said_of_healthy_trainings(make):
    assert Loop().play(300).ask() == []
    trainer = make()
    for _ in range(3):
        trainer.step()
    assert diagnose(trainer) == []
    assert report(trainer) == f"diagnosis: {NOTHING}"


def test_without_losses_and_optimisers_untrained_players_are_left_in_peace():
    loop = Loop()
    assert examine(loop.G, loop.D, loop.ring(256), loop.z) == []


# Nothing is disturbed


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"loss": "rpgan", "penalty": "r1r2", "gamma": 1.0, "norm": False, "fresh": False},
        {"penalty": "wgan-gp", "gamma": 1.0, "norm": False, "pack": 2, "instance_noise": 0.1,
         "schedule_steps": 9, "augment": "translation"},
        {"ema_half_life": 100.0, "learning_rate_d": 1e-9, "learning_rate_g": 0.05},
    ],
)  # fmt: skip
def test_a_training_goes_on_bit_for_bit(make, settings, monkeypatch):
    monkeypatch.setattr("gan_lessons.train.doctor.case.WINDOW", 1)  # the last one is looked into
    monkeypatch.setattr(MODULE, "APART", 2)
    asked, other = make(**settings), make(**settings)
    state = torch.get_rng_state()
    for _ in range(4):
        for trainer in (asked, other):
            trainer.step()
        found = names(diagnose(asked))
    assert found == (["modes lost"] if "learning_rate_d" in settings else [])
    assert torch.equal(torch.get_rng_state(), state)
    mine, theirs = asked.state_dict(), other.state_dict()
    assert mine.keys() == theirs.keys()
    for name, value in theirs.items():
        same = torch.equal(mine[name], value) if torch.is_tensor(value) else mine[name] == value
        assert same or name == "seconds", name


def test_gradients_buffers_and_modes_stay(make):
    trainer = make()
    trainer.step()
    trainer.generator.eval()
    before = copy.deepcopy([p.grad for p in trainer.discriminator.parameters()])
    diagnose(trainer)
    assert not trainer.generator.training
    assert trainer.discriminator.training
    for kept, parameter in zip(before, trainer.discriminator.parameters(), strict=True):
        assert torch.equal(kept, parameter.grad)


def test_it_looks_ahead_only_at_samples_that_are_few_of_a_kind(monkeypatch):
    asked = []

    def looks():
        asked.append(1)
        return []

    loop = Loop().play(120)
    assert loop.ask(looks=looks) == []
    assert asked == []
    loop.play(500, d_updates=0)
    assert names(loop.ask(looks=looks)) == ["modes lost"]
    assert asked == [1]


def test_the_next_steps_are_those_that_would_be_taken(make, monkeypatch):
    monkeypatch.setattr(MODULE, "APART", 3)
    trainer = make()
    trainer.step()
    z = torch.randn(16, trainer.config.latent)
    looks = _ahead(trainer, z, None)
    assert len(looks) == LOOKS
    for _ in range(3):
        trainer.step()
    with torch.no_grad():
        torch.testing.assert_close(looks[1], trainer.generator(z))


# Measurements


@pytest.mark.parametrize("loss", [name for name in LOSSES if name != "wgan"])
def test_the_loss_bounds_the_share_of_pairs_that_d_confuses(loss):
    rng = torch.Generator().manual_seed(0)
    for scale in (0.1, 1.0, 3.0):
        for shift in (0.0, 1.0, 4.0):
            real, fake = (scale * torch.randn(2, 200, generator=rng)).unbind()
            real = real + shift
            confused = (real[:, None] <= fake).float().mean()
            if LOSSES[loss].paired:
                confused = (real <= fake).float().mean()
            value = LOSSES[loss].discriminator(real, fake)
            assert confused <= value / chance_of(LOSSES[loss]) + 1e-5


def test_the_wasserstein_loss_has_no_level():
    assert chance_of(LOSSES["wgan"]) == 0


def test_diversity():
    rng = torch.Generator().manual_seed(0)
    real = toy.ring(256, rng)
    spread, variety = diversity(real, toy.ring(256, rng))
    assert spread == pytest.approx(1, abs=0.1)
    assert variety == pytest.approx(1, abs=0.2)
    spread, variety = diversity(real, toy.ring(256, rng, modes=1))
    assert spread < 0.03
    assert variety < 0.2


# Words


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"generator": None}, "generator must be a Module, got None"),
        ({"real": torch.zeros(1, 2)}, "real must hold at least 2 items, got Tensor of shape"),
        ({"real": torch.zeros(9, 2)}, "real and z must be as many, got 9 and 8"),
        ({"real": torch.zeros(8, 3)}, r"G makes samples of \(2,\), real has \(3,\)"),
        ({"loss": "gan"}, "unknown loss 'gan': choose from minimax"),
        ({"kernels": 0.0}, "kernels must be a finite number above 0, got 0"),
        ({"joint": 1}, "joint must be True or False, got 1"),
        ({"optimisers": (1, 2)}, "each of optimisers must be an Optimizer, got 1"),
    ],
)
def test_bad_input_is_one_line(change, message):
    given = {
        "generator": network(outputs=2), "discriminator": network(), "real": torch.randn(8, 2),
        "z": torch.randn(8, 2),
    }  # fmt: skip
    with pytest.raises(ValueError, match=message) as error:
        examine(**(given | change))
    assert "\n" not in str(error.value)


def test_a_trainer_is_needed():
    with pytest.raises(ValueError, match="trainer must be a Trainer, got 3"):
        diagnose(3)


def test_other_games_are_asked_for_numbers_only():
    trainer = adaptation()
    trainer.step()
    assert diagnose(trainer) == []
    with torch.no_grad():
        next(trainer.networks["critic"].parameters()).fill_(math.inf)
    assert "critic" in str(diagnose(trainer)[0])


def test_a_report_never_raises(make):
    trainer = make()
    trainer.generator.forward = None
    assert report(trainer).startswith("diagnosis: could not look (")


def test_points_and_few_of_them():
    config = TrainConfig(latent=2, batch=4)
    few = toy.points("ring", 5, torch.Generator().manual_seed(0))
    trainer = Trainer(points.Generator(), points.Discriminator(), few, config, "cpu")
    trainer.step()
    assert diagnose(trainer) == []


@pytest.mark.usefixtures("small_sets")
def test_the_command_line_says_it(capsys):
    quick = ["--set", "width=4", "--set", "batch=8", "--device", "cpu", "--no-distance"]
    assert main(["--steps", "3", *quick, "--compute", "bfloat16=off"]) == 0
    assert "diagnosis: nothing wrong was found; that is no proof" in capsys.readouterr().out
    spoilt = [*quick, "--set", "learning_rate_d=1e30", "--set", "learning_rate_g=1e30"]
    assert main(["--steps", "9", *spoilt, "--out", "b", "--compute", "bfloat16=off"]) == 1
    told = capsys.readouterr()
    assert told.out.count("diagnosis: ") == 1
    assert "not finite" in told.out
    assert told.err.startswith("error: ") or "error: step" in told.err
