import copy
import dataclasses
import signal

import pytest
import torch
from torch import nn

from gan_lessons.data import Images, to_float, toy
from gan_lessons.losses import LOSSES, PENALTIES
from gan_lessons.models import dcgan, points
from gan_lessons.train import (
    ComputeOptions,
    DeviceMemoryFull,
    TrainConfig,
    Trainer,
    TrainingDiverged,
    ema,
    networks,
    pick_device,
)
from gan_lessons.train.checkpoint import find
from gan_lessons.train.games.pictures import PictureGame


def weights(network: nn.Module) -> list[torch.Tensor]:
    return [p.detach().clone() for p in network.parameters()]


def same(a: list[torch.Tensor], b: list[torch.Tensor]) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize("network", ["mlp", "dcgan"])
@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_trains_both_players(make, network, loss):
    trainer = make(network=network, loss=loss)
    before = weights(trainer.generator), weights(trainer.discriminator)
    trainer.fit(3)
    assert not same(before[0], weights(trainer.generator))
    assert not same(before[1], weights(trainer.discriminator))
    assert len(trainer.history) == trainer.steps == 3


@pytest.mark.parametrize("penalty", PENALTIES)
def test_a_penalty_counts_by_its_weight(make, penalty):
    losses = [
        make(network="mlp", penalty=penalty, gamma=gamma).fit(1).history.discriminator_loss[0]
        for gamma in (0.5, 1.0, 2.0)
    ]
    assert losses[2] - losses[1] == pytest.approx(2 * (losses[1] - losses[0]), rel=1e-3)
    assert losses[1] > losses[0]


def test_the_step_is_the_algorithm_written_out(make):
    """One step, by hand, from the same random numbers."""
    trainer = make(network="dcgan", learning_rate_g=0.01, learning_rate_d=0.02)
    g, d = copy.deepcopy(trainer.generator), copy.deepcopy(trainer.discriminator)
    trainer.step()

    rng = torch.Generator().manual_seed(0)
    order = torch.randperm(50, generator=rng)
    real = to_float(trainer.images.pixels[order[:8]])
    sigmoid_ce = nn.functional.binary_cross_entropy_with_logits
    one, zero = torch.ones(8), torch.zeros(8)
    adam_d = torch.optim.Adam(d.parameters(), 0.02, (0.5, 0.999))
    fake = g(torch.randn(8, 6, generator=rng))
    loss = sigmoid_ce(d(real), one) + sigmoid_ce(d(fake.detach()), zero)
    loss.backward()
    adam_d.step()
    adam_g = torch.optim.Adam(g.parameters(), 0.01, (0.5, 0.999))
    sigmoid_ce(d(g(torch.randn(8, 6, generator=rng))), one).backward()
    adam_g.step()

    for ours, hand in ((trainer.generator, g), (trainer.discriminator, d)):
        for a, b in zip(ours.parameters(), hand.parameters(), strict=True):
            # Adam's first step is the sign of the gradient: where that is all but 0, rounding
            # decides, so a single weight may differ by a step, and the mean must not.
            assert (a - b).square().mean().sqrt() < 0.05 * 0.01
        for a, b in zip(ours.buffers(), hand.buffers(), strict=True):
            torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-4)
    assert trainer.history.discriminator_loss[0] == pytest.approx(loss.item(), rel=1e-5)


@pytest.mark.parametrize("network", ["mlp", "dcgan"])
def test_the_generators_update_leaves_no_gradient_in_the_discriminator(make, play, network):
    trainer = make(network=network)
    play(trainer, "generator")
    assert all(p.grad is None for p in trainer.discriminator.parameters())
    assert all(p.requires_grad for p in trainer.discriminator.parameters())
    assert all(p.grad is not None for p in trainer.generator.parameters())


def test_the_discriminators_update_leaves_no_gradient_in_the_generator(make, play):
    trainer = make()
    play(trainer, "discriminator")
    assert all(p.grad is None for p in trainer.generator.parameters())


def test_one_pass_where_no_batch_norm_forbids_it(make):
    one, two = make(network="mlp"), make(ComputeOptions(one_pass=False), network="mlp")
    for trainer in (one, two):
        trainer.fit(3)
    for a, b in zip(weights(one.generator), weights(two.generator), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)


def test_discriminator_updates_are_counted(make):
    trainer = make(discriminator_updates=3)
    taken = []
    trainer.optimisers["discriminator"].register_step_post_hook(lambda *_: taken.append("D"))
    trainer.optimisers["generator"].register_step_post_hook(lambda *_: taken.append("G"))
    trainer.step()
    assert taken == ["D", "D", "D", "G"]


def test_same_seed_same_training(make):
    first, second, other = make(seed=3).fit(4), make(seed=3).fit(4), make(seed=4).fit(4)
    assert first.history == second.history
    assert same(weights(first.generator), weights(second.generator))
    assert first.history != other.history


def test_looking_at_samples_does_not_change_the_training(make):
    plain, watched = make().fit(4), make()
    for _ in range(4):
        watched.step()
        watched.generate(5)
        watched.generate(5, seed=1, ema=False)
    assert same(weights(plain.generator), weights(watched.generator))
    assert plain.history == watched.history


def test_the_average_is_the_formula(make):
    trainer = make(ema_half_life=40.0, ema_ramp=0.0)
    expected = weights(trainer.generator)
    for _ in range(3):
        trainer.step()
        keep = 0.5 ** (8 / 40)
        expected = [
            keep * old + (1 - keep) * new
            for old, new in zip(expected, weights(trainer.generator), strict=True)
        ]
    for a, b in zip(trainer.ema_generator.parameters(), expected, strict=True):
        torch.testing.assert_close(a, b)


def given_to_norms(trainer: Trainer, network: nn.Module) -> list[tuple[nn.Module, torch.Tensor]]:
    """Each batch norm of a generator, and what it gets when the statistics are measured."""
    seen, hooks = [], []
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            hooks.append(module.register_forward_hook(lambda m, x, _: seen.append((m, x[0]))))
    stream = torch.Generator().manual_seed(ema.STREAM)
    network.eval()(*trainer.game.inputs("generator", trainer.data, ema.ITEMS, stream))
    for hook in hooks:
        hook.remove()
    return seen


def test_the_average_has_batch_norm_statistics_of_its_own(make):
    trainer = make(ema_half_life=40.0, learning_rate_g=0.01).fit(6)
    seen = given_to_norms(trainer, trainer.ema_generator)
    assert len(seen) >= 2
    for norm, x in seen:
        torch.testing.assert_close(norm.running_mean, x.mean((0, 2, 3)), rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(norm.running_var, x.var((0, 2, 3)), rtol=1e-4, atol=1e-5)
    # Those of the live generator belong to other weights: copied, they would fail the above.
    live = [m for m in trainer.generator.modules() if isinstance(m, nn.BatchNorm2d)]
    for (norm, _), other in zip(seen, live, strict=True):
        assert (norm.running_var / other.running_var).log().abs().max() > 0.1


def test_the_averages_statistics_follow_its_weights_and_are_measured_when_asked(make):
    trainer = make(ema_half_life=40.0).fit(2)
    taken = []
    trainer._emas["generator"]._network.register_forward_hook(lambda *_: taken.append(1))
    first = {k: v.clone() for k, v in trainer.ema_generator.state_dict().items()}
    trainer.state_dict()
    assert len(taken) == 1  # no weight has moved since
    trainer._emas["generator"]._stale = True
    assert all(torch.equal(first[k], v) for k, v in trainer.ema_generator.state_dict().items())
    trainer.fit(5)
    assert len(taken) == 2  # nobody asked in between
    moved = trainer.ema_generator.state_dict()
    assert len(taken) == 3
    assert not any(torch.equal(first[k], v) for k, v in moved.items() if "running" in k)


def test_reading_the_average_does_not_change_the_training(make):
    plain, read = (make(ema_half_life=40.0) for _ in range(2))
    for _ in range(4):
        plain.step()
        read.step()
        assert not read.ema_generator.training
    ours, theirs = plain.state_dict(), read.state_dict()
    tensors = [name for name, value in ours.items() if torch.is_tensor(value)]
    assert "random" in tensors
    assert any(name.startswith("average.generator") for name in tensors)
    assert all(torch.equal(ours[name], theirs[name]) for name in tensors)


def test_a_conditional_average_is_measured_on_the_labels_of_the_data(make, images):
    images = dataclasses.replace(images, labels=torch.full((50,), 2), classes=("a", "b", "c"))
    config = TrainConfig(width=4, latent=6, batch=8, conditional=True, ema_half_life=40.0)
    trainer = Trainer(*networks(config, images), images, config, "cpu").fit(2)
    given = []
    trainer.ema_generator.register_forward_pre_hook(lambda _, inputs: given.append(inputs))
    trainer.step()
    assert trainer.ema_generator is not None
    ((z, labels),) = given
    assert z.shape == (ema.ITEMS, 6)
    assert labels.tolist() == [2] * ema.ITEMS


def test_without_batch_norm_nothing_is_measured(make, monkeypatch):
    monkeypatch.setattr(PictureGame, "inputs", lambda *_: pytest.fail("measured"))
    average = make(network="mlp", ema_half_life=40.0).fit(2).ema_generator
    assert not list(average.buffers())


def test_the_statistics_are_copied_where_the_game_has_no_inputs():
    network = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    average = ema.EMA(network, 10.0, 0.0, lambda n, rng: None)
    network(torch.randn(8, 3))
    average.update(network, 8, 8)
    for own, copied in zip(average.network.buffers(), network.buffers(), strict=True):
        assert torch.equal(own, copied)


def test_measuring_leaves_dropout_off_and_the_network_without_hooks():
    network = nn.Sequential(nn.Linear(3, 4), nn.Dropout(), nn.BatchNorm1d(4)).train()
    x = torch.randn(ema.ITEMS, 3)
    average = ema.EMA(network, 10.0, 0.0, lambda n, rng: (x,))
    average.update(network, 8, 8)
    y = average.network[0](x)
    torch.testing.assert_close(average.network[2].running_mean, y.mean(0))
    assert not any(module._forward_pre_hooks for module in average.network.modules())


def test_the_ramp_shortens_the_half_life_at_first(make):
    ramped, plain = make(ema_half_life=1e6, ema_ramp=0.1), make(ema_half_life=1e6, ema_ramp=0.0)
    start = weights(plain.ema_generator)
    ramped.fit(3)
    plain.fit(3)

    def moved(trainer):
        pairs = zip(trainer.ema_generator.parameters(), start, strict=True)
        return sum((a - b).abs().sum().item() for a, b in pairs)

    assert moved(ramped) > 100 * moved(plain)


def test_without_an_average_the_generator_itself_is_shown(make):
    trainer = make(ema_half_life=0.0).fit(2)
    assert trainer.ema_generator is None
    assert torch.equal(trainer.generate(2, seed=0), trainer.generate(2, seed=0, ema=False))


def test_every_picture_comes_once_before_any_comes_again(make):
    trainer = make()
    seen = torch.cat([trainer.samplers["real"].draw(8) for _ in range(25)])
    for epoch in seen.split(50):
        assert epoch.sort().values.tolist() == list(range(50))
    assert not torch.equal(seen[:50], seen[50:100])


def test_batches_larger_than_the_data(make):
    trainer = make()
    trainer.samplers["real"].data = trainer.images.take(3)
    assert trainer.samplers["real"].draw(8).bincount(minlength=3).tolist() in (
        [3, 3, 2],
        [3, 2, 3],
        [2, 3, 3],
    )


def test_generate(make):
    trainer = make()
    pictures = trainer.generate(7, seed=5)
    assert pictures.shape == (7, 1, 16, 16)
    assert pictures.dtype == torch.float32
    assert not pictures.requires_grad
    assert pictures.abs().max() <= 1
    assert torch.equal(pictures, trainer.generate(7, seed=5))
    assert not torch.equal(trainer.generate(7), trainer.generate(7))
    assert trainer.generator.training


@pytest.mark.parametrize("n", [0, -1, 1.5])
def test_generate_refuses(make, n):
    with pytest.raises(ValueError, match="n must be a whole number of at least 1"):
        make().generate(n)


def test_generate_with_labels_is_refused_where_none_were_learned(make):
    with pytest.raises(ValueError, match="the network takes no labels"):
        make().generate(2, labels=torch.tensor([0, 1]))


@pytest.mark.parametrize("steps", [0, -5, 2.0, True, float("nan")])
def test_fit_refuses(make, steps):
    with pytest.raises(ValueError, match="steps must be a whole number of at least 1"):
        make().fit(steps)


def test_pictures_that_do_not_fit_the_networks(images):
    config = TrainConfig(width=4, latent=6)
    wrong = Images(torch.zeros(9, 3, 32, 32, dtype=torch.uint8))
    with pytest.raises(
        ValueError, match=r"makes pictures of \(1, 16, 16\), the data has \(3, 32, 32\)"
    ):
        Trainer(*networks(config, images), wrong, config, "cpu")
    generator = dcgan.Generator(size=16, latent=5, width=4)
    with pytest.raises(ValueError, match=r"generator takes z of 5, config.latent is 6"):
        Trainer(generator, dcgan.Discriminator(size=16, width=4), images, config, "cpu")


def test_a_discriminator_that_does_not_fit(images):
    config = TrainConfig(width=4, latent=6)
    generator, _ = networks(config, images)
    with pytest.raises(ValueError, match=r"discriminator does not take \(1, 16, 16\) pictures"):
        Trainer(generator, dcgan.Discriminator(size=8, width=4, channels=3), images, config, "cpu")
    with pytest.raises(ValueError, match=r"one logit for each picture, got \(2, 1, 4, 4\)"):
        Trainer(generator, nn.Conv2d(1, 1, 4, 4), images, config, "cpu")


def test_a_penalty_and_batch_norm_exclude_each_other(make):
    with pytest.raises(ValueError, match=r"penalty 'r1' .* without batch norm"):
        make(network="dcgan", penalty="r1", gamma=1.0)


def test_what_was_frozen_stays_frozen(images):
    config = TrainConfig(width=4, latent=6, batch=8)
    generator, discriminator = networks(config, images)
    first = discriminator.layers[0].requires_grad_(False)
    before = weights(first)
    trainer = Trainer(generator, discriminator, images, config, "cpu").fit(2)
    assert same(before, weights(first))
    assert not first.weight.requires_grad
    assert all(p.requires_grad for p in trainer._learning["discriminator"])


def test_a_step_that_fails_leaves_the_discriminator_ready(make):
    trainer = make()
    turn = dataclasses.replace(trainer.game.turns(0)[-1], loss=None)  # fails within G's turn
    with pytest.raises(TypeError):
        trainer._play([turn], [trainer._draw()], {})
    assert all(p.requires_grad for p in trainer.discriminator.parameters())


def test_empty_data_is_refused():
    empty = Images(torch.zeros(0, 1, 16, 16, dtype=torch.uint8), name="nothing")
    config = TrainConfig(width=4, latent=6)
    with pytest.raises(ValueError, match="'nothing' has no pictures"):
        Trainer(*networks(config, empty), empty, config, "cpu")


def test_divergence_names_step_and_loss_and_what_to_try(make):
    trainer = make(network="mlp").fit(2)
    with torch.no_grad():
        next(trainer.generator.parameters()).fill_(float("nan"))
    with pytest.raises(
        TrainingDiverged,
        match=r"step 3: the discriminator's loss is nan.*generator, discriminator\)\. Try",
    ):
        trainer.fit(5)


def test_an_interrupt_ends_after_the_step_in_hand(make):
    trainer = make()
    handler = signal.getsignal(signal.SIGINT)
    take = trainer.play_step

    def interrupted():
        if trainer.steps == 2:
            signal.raise_signal(signal.SIGINT)
        return take()

    trainer.play_step = interrupted
    trainer.fit(10)
    assert trainer.steps == len(trainer.history) == 3
    assert signal.getsignal(signal.SIGINT) is handler
    trainer.play_step = take
    assert trainer.fit(2).steps == 5


def test_unknown_devices_list_the_known_ones():
    for name in ("tpu", "gpu", "cuda0", "cpu:foo", "cpu:1", "cuda:99"):
        with pytest.raises(
            ValueError, match=f"unknown or missing device '{name}'; here there are auto"
        ):
            pick_device(name)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_missing_gpu_is_an_error():
    with pytest.raises(ValueError, match="unknown or missing device 'cuda'"):
        pick_device("cuda")


def test_networks_do_not_touch_the_global_random_state(images):
    before = torch.random.get_rng_state()
    first, _ = networks(TrainConfig(width=4, latent=6), images)
    second, _ = networks(TrainConfig(width=4, latent=6), images)
    assert torch.equal(before, torch.random.get_rng_state())
    assert same(weights(first), weights(second))


class CountingView:
    def __init__(self):
        self.seen, self.closed = [], 0

    def update(self, progress):
        self.seen.append(progress.step)

    def close(self, progress):
        self.closed += 1


def test_the_view_sees_the_end_and_is_closed_once(make):
    view = CountingView()
    trainer = make().fit(5, view)
    assert view.seen[-1] == 5
    assert view.closed == 1
    assert trainer.seconds > 0


def test_the_view_is_closed_when_training_fails(make):
    view, trainer = CountingView(), make(network="mlp")
    with torch.no_grad():
        next(trainer.generator.parameters()).fill_(float("nan"))
    with pytest.raises(TrainingDiverged):
        trainer.fit(2, view)
    assert view.closed == 1


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_trains_on_a_gpu(images):
    config = TrainConfig(width=32, batch=8, ema_half_life=100.0)
    trainer = Trainer(*networks(config, images), images, config, "cuda").fit(5)
    drawn = trainer.generate(300, seed=1)
    assert drawn.device.type == "cuda"
    assert torch.equal(drawn, trainer.generate(300, seed=1))
    assert len(trainer.history) == 5


def test_the_learning_rate_follows_its_schedule(make):
    trainer = make(network="mlp", learning_rate_g=0.01, schedule_steps=4, learning_rate_final=0.5)
    rates = []
    for _ in range(6):
        trainer.step()
        rates.append(trainer.optimisers["generator"].param_groups[0]["lr"])
    assert rates[0] == pytest.approx(0.01)
    assert rates[2] == pytest.approx(0.0075)
    assert rates[4] == rates[5] == pytest.approx(0.005)


def test_a_lazy_penalty_counts_for_the_steps_it_leaves_out(make, play):
    settings = {"network": "mlp", "penalty": "r1", "gamma": 1.0}
    plain, lazy = make(**settings), make(**settings, penalty_every=3)
    without = make(network="mlp")
    losses = [play(t, "discriminator").item() for t in (plain, lazy, without)]
    assert losses[1] - losses[2] == pytest.approx(3 * (losses[0] - losses[2]), rel=1e-3)
    for trainer in (lazy, without):  # alike again, and at an update that leaves the penalty out
        trainer.rng.set_state(plain.rng.get_state())
        trainer.samplers["real"].restore(plain.samplers["real"].order, 8)
        for network, same in zip(trainer.networks.values(), plain.networks.values(), strict=True):
            network.load_state_dict(same.state_dict())
        trainer.steps = 1
    rest = [play(t, "discriminator").item() for t in (lazy, without)]
    assert rest[0] == pytest.approx(rest[1])


def test_gamma_follows_its_schedule(make):
    game = make(network="mlp", penalty="r1", gamma=4.0, gamma_final=0.25, schedule_steps=10).game
    assert [game.values(step)["gamma"] for step in (0, 5, 10, 99)] == pytest.approx(
        [4.0, 2.5, 1.0, 1.0]
    )


def test_instance_noise_fades(make):
    trainer = make(network="mlp", instance_noise=0.5, schedule_steps=10)
    x = torch.zeros(8, 1, 16, 16)
    first, half, last = (
        trainer.game.shown_to_d(x, trainer.game.values(step), trainer.random) for step in (0, 5, 10)
    )
    assert first.std().item() == pytest.approx(0.5, rel=0.1)
    assert half.std().item() == pytest.approx(0.25, rel=0.1)
    assert torch.equal(last, x)


def test_a_checkpoint_of_broken_weights_is_not_written(make, tmp_path):
    trainer = make(network="mlp").fit(2, save_to=tmp_path)
    with torch.no_grad():
        next(trainer.discriminator.parameters()).fill_(float("inf"))
    with pytest.raises(TrainingDiverged, match="step 2: the discriminator is not worth saving"):
        trainer.save(tmp_path)
    assert [file.name for file in find(tmp_path)] == ["checkpoint-00000002.safetensors"]


def test_a_full_device_says_what_to_lower(make):
    trainer = make()

    def full(*_):
        raise torch.OutOfMemoryError("CUDA out of memory")

    trainer.play_step = full
    with pytest.raises(
        DeviceMemoryFull, match="a step of 8 pictures of 1 × 16 × 16, width 4: lower"
    ):
        trainer.fit(1)


def test_a_request_to_terminate_is_answered_like_an_interrupt(make, tmp_path):
    trainer = make()
    take = trainer.play_step

    def terminated():
        if trainer.steps == 1:
            signal.raise_signal(signal.SIGTERM)
        return take()

    trainer.play_step = terminated
    trainer.fit(9, save_to=tmp_path)
    assert trainer.steps == 2
    assert trainer.stopped_by is signal.SIGTERM
    assert [file.name for file in find(tmp_path)] == ["checkpoint-00000002.safetensors"]


@pytest.fixture
def labelled(images) -> Images:
    return Images(images.pixels, torch.arange(50) % 3, ("a", "b", "c"), name="labelled")


@pytest.mark.parametrize("network", ["mlp", "dcgan", "modern"])
def test_labels_reach_both_players(labelled, network):
    config = TrainConfig(width=4, latent=6, batch=8, network=network, conditional=True)
    trainer = Trainer(*networks(config, labelled), labelled, config, "cpu")
    given = []
    for role in ("generator", "discriminator"):
        getattr(trainer, role).register_forward_pre_hook(lambda _, inputs: given.append(inputs[1]))
    before = weights(trainer.generator), weights(trainer.discriminator)
    trainer.fit(2)
    assert all(labels is not None and len(labels) % 8 == 0 for labels in given)
    moved = [
        not torch.equal(old, new)
        for network, kept in zip((trainer.generator, trainer.discriminator), before, strict=True)
        for (name, new), old in zip(network.named_parameters(), kept, strict=True)
        if "embedding" in name
    ]
    assert len(moved) >= 2
    assert all(moved)


def test_real_pictures_come_with_their_own_labels(labelled):
    config = TrainConfig(width=4, latent=6, batch=8, conditional=True)
    trainer = Trainer(*networks(config, labelled), labelled, config, "cpu")
    sampler = trainer.samplers["real"]
    real, labels = sampler.read(sampler.draw(20))
    for picture, label in zip(real, labels, strict=True):
        indices = (to_float(labelled.pixels) == picture).flatten(1).all(1).nonzero()
        assert labelled.labels[indices.item()] == label


def test_a_class_can_be_asked_for(labelled):
    config = TrainConfig(width=4, latent=6, batch=8, network="mlp", conditional=True)
    trainer = Trainer(*networks(config, labelled), labelled, config, "cpu")
    zeros, ones = (trainer.generate(4, seed=1, labels=torch.full((4,), c)) for c in (0, 1))
    assert not torch.equal(zeros, ones)
    assert trainer.generate(5, seed=1).shape == (5, 1, 16, 16)
    with pytest.raises(
        ValueError, match=r"labels must be \(4,\) int64, each from 0 to 2, got 3 to 3"
    ):
        trainer.generate(4, labels=torch.full((4,), 3))
    with pytest.raises(ValueError, match=r"labels must be \(4,\)"):
        trainer.generate(4, labels=torch.zeros(3).long())
    with pytest.raises(ValueError, match="the network needs labels: pass"):
        trainer.decode(torch.zeros(2, 6))


def test_a_conditional_training_needs_labels(images):
    with pytest.raises(ValueError, match="conditional=True needs labels, 'noise' has none"):
        networks(TrainConfig(conditional=True), images)


@pytest.mark.parametrize("network", ["mlp", "modern"])
def test_packed_pictures_are_judged_together(make, network):
    trainer = make(network=network, pack=4).fit(2)
    assert len(trainer.history) == 2


def test_points_and_missing_labels_that_do_not_fit_are_refused(images):
    ring = toy.points("ring", 40, torch.Generator().manual_seed(0))
    players = points.Generator(latent=6), points.Discriminator()
    config = TrainConfig(latent=6, batch=8, augment="cutout")
    with pytest.raises(ValueError, match=r"augment='cutout' is for pictures, the data has \(2,\)"):
        Trainer(*players, ring, config, "cpu")
    config = TrainConfig(latent=6, batch=8, width=4, conditional=True)
    with pytest.raises(ValueError, match="conditional=True needs labels, 'noise' has none"):
        Trainer(*networks(TrainConfig(latent=6, width=4), images), images, config, "cpu")


def test_after_a_divergence_each_loss_still_belongs_to_its_step(make):
    trainer = make(network="mlp").fit(2)
    with torch.no_grad():
        next(trainer.generator.parameters()).fill_(float("nan"))
    for _ in range(3):
        trainer.step()
    with pytest.raises(TrainingDiverged, match="step 3"):
        trainer.history  # noqa: B018
    assert trainer.steps == len(trainer.history) == 5
