"""gan_lessons.losses by its gradients: which network gets them, how large, finite everywhere."""

import math
from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Tensor, nn

from gan_lessons.losses import (
    LOSSES,
    PENALTIES,
    Loss,
)

each_loss = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
each_penalty = pytest.mark.parametrize("name", PENALTIES)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def normal(*shape: int, seed: int) -> Tensor:
    return torch.randn(shape, generator=seeded(seed), dtype=torch.float64)


class Critic(nn.Module):
    """A small discriminator of (N, 2) in float64, smooth so that finite differences are exact."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        self.hidden = nn.Parameter(normal(2, 5, seed=seed))
        self.out = nn.Parameter(normal(5, 1, seed=seed + 1))

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x @ self.hidden) @ self.out  # (N, 1)


class Linear(nn.Module):
    """D(x) = a · x: its gradient is a everywhere."""

    def __init__(self, a: Tensor) -> None:
        super().__init__()
        self.a = nn.Parameter(a)

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(1) @ self.a.flatten()


def by_differences(value: Callable[[], Tensor], at: Tensor, step: float = 1e-6) -> Tensor:
    """The derivative of value() with respect to each number in `at`, by central differences."""
    slopes = torch.zeros_like(at)
    with torch.no_grad():
        numbers, out = at.view(-1), slopes.view(-1)
    for index in range(len(numbers)):
        sides = []
        for sign in (1, -1):
            with torch.no_grad():
                numbers[index] += sign * step
            sides.append(value().item())
            with torch.no_grad():
                numbers[index] -= sign * step
        out[index] = (sides[0] - sides[1]) / (2 * step)
    return slopes


def assert_slopes(value: Callable[[], Tensor], at: Tensor) -> None:
    (exact,) = torch.autograd.grad(value(), at)
    assert exact.abs().max() > 1e-4
    torch.testing.assert_close(exact, by_differences(value, at), rtol=1e-6, atol=1e-8)


@each_loss
def test_slopes_equal_finite_differences(loss: Loss) -> None:
    real, fake = (normal(6, seed=seed).requires_grad_() for seed in (1, 2))
    for at in (real, fake):
        assert_slopes(lambda: loss.discriminator(real, fake), at)
    for at in (real, fake) if loss.paired else (fake,):
        assert_slopes(lambda: loss.generator(fake, real), at)


@each_loss
def test_each_step_moves_its_own_network(loss: Loss) -> None:
    generator, discriminator = nn.Linear(3, 2).double(), Critic()
    real, latent = normal(8, 2, seed=3), normal(8, 3, seed=4)

    def steered() -> set[str]:
        networks = {"generator": generator, "discriminator": discriminator}
        return {
            name
            for name, network in networks.items()
            if any(p.grad is not None and p.grad.any() for p in network.parameters())
        }

    fake = generator(latent)
    loss.discriminator(discriminator(real), discriminator(fake.detach())).backward()
    assert steered() == {"discriminator"}

    discriminator.zero_grad()
    discriminator.requires_grad_(False)
    loss.generator(discriminator(fake), discriminator(real)).backward()
    assert steered() == {"generator"}


@each_loss
def test_a_small_step_along_the_slope_helps_its_player(loss: Loss) -> None:
    real, fake = (normal(5, seed=seed).requires_grad_() for seed in (1, 2))
    real_slope, fake_slope = torch.autograd.grad(loss.discriminator(real, fake), (real, fake))
    (own_slope,) = torch.autograd.grad(loss.generator(fake, real), fake)
    if loss.name == "lsgan":  # pulls logits to 1 and 0 from both sides
        assert torch.equal(real_slope.sign(), (real - 1).sign())
        assert torch.equal(fake_slope.sign(), fake.sign())
        assert torch.equal(own_slope.sign(), (fake - 1).sign())
    else:
        assert (real_slope <= 0).all()
        assert (real_slope < 0).any()
        assert (fake_slope >= 0).all()
        assert (fake_slope > 0).any()
        assert (own_slope < 0).all()


@each_loss
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("real_at", [-1e4, 0.0, 1e4])
@pytest.mark.parametrize("fake_at", [-1e4, 0.0, 1e4])
def test_finite_at_the_extremes(
    loss: Loss, dtype: torch.dtype, real_at: float, fake_at: float
) -> None:
    real = torch.full((4, 1), real_at, dtype=dtype, requires_grad=True)
    fake = torch.full((4, 1), fake_at, dtype=dtype, requires_grad=True)
    for value in (loss.discriminator(real, fake), loss.generator(fake, real)):
        assert value.shape == ()
        assert value.dtype == torch.float32
        assert value.isfinite()
        slopes = torch.autograd.grad(value, (real, fake), allow_unused=True)
        assert all(slope.isfinite().all() for slope in slopes if slope is not None)


LOG2 = math.log(2)


@pytest.mark.parametrize(
    ("name", "discriminator", "generator"),
    [
        ("minimax", 2 * LOG2, -LOG2),
        ("nonsaturating", 2 * LOG2, LOG2),
        ("lsgan", 0.5, 0.5),
        ("hinge", 2.0, 0.0),
        ("wgan", 0.0, 0.0),
        ("rpgan", LOG2, LOG2),
    ],
)
def test_values_at_logits_of_zero(name: str, discriminator: float, generator: float) -> None:
    zero = torch.zeros(3, dtype=torch.float64)
    loss = LOSSES[name]
    assert loss.discriminator(zero, zero).item() == pytest.approx(discriminator)
    assert loss.generator(zero, zero).item() == pytest.approx(generator)


def sigmoid(t: float) -> float:
    return 1 / (1 + math.exp(-t))


@pytest.mark.parametrize(
    ("name", "discriminator", "generator"),
    [
        ("minimax", -math.log(sigmoid(2)) - math.log(1 - sigmoid(-1)), math.log(1 - sigmoid(-1))),
        (
            "nonsaturating",
            -math.log(sigmoid(2)) - math.log(1 - sigmoid(-1)),
            -math.log(sigmoid(-1)),
        ),
        ("lsgan", 0.5 * (2 - 1) ** 2 + 0.5 * (-1) ** 2, 0.5 * (-1 - 1) ** 2),
        ("hinge", 0.0, 1.0),
        ("wgan", -3.0, 1.0),
        ("rpgan", -math.log(sigmoid(3)), -math.log(sigmoid(-3))),
    ],
)
def test_values_at_real_2_fake_minus_1(name: str, discriminator: float, generator: float) -> None:
    real, fake = torch.tensor([2.0, 2.0]).double(), torch.tensor([-1.0, -1.0]).double()
    loss = LOSSES[name]
    assert loss.discriminator(real, fake).item() == pytest.approx(discriminator)
    assert loss.generator(fake, real).item() == pytest.approx(generator)


def test_hinge_leaves_settled_logits_alone() -> None:
    real, fake = torch.tensor([1.5, 0.5]), torch.tensor([-1.5, -0.5])
    real.requires_grad_(), fake.requires_grad_()
    slopes = torch.autograd.grad(LOSSES["hinge"].discriminator(real, fake), (real, fake))
    assert [slope.tolist() for slope in slopes] == [[0, -0.5], [0, 0.5]]


def test_minimax_starves_the_generator_where_non_saturating_feeds_it() -> None:
    slopes = {}
    for name in ("minimax", "nonsaturating"):
        fake = torch.full((4,), -10.0, dtype=torch.float64, requires_grad=True)
        (slopes[name],) = torch.autograd.grad(LOSSES[name].generator(fake), fake)
    assert slopes["minimax"].tolist() == pytest.approx([-sigmoid(-10) / 4] * 4)
    assert slopes["nonsaturating"].tolist() == pytest.approx([-sigmoid(10) / 4] * 4)
    assert (slopes["nonsaturating"] / slopes["minimax"]).min() > 20_000


def test_rpgan_compares_pairs_in_order() -> None:
    real, fake = torch.tensor([0.0, 5.0]).double(), torch.tensor([1.0, 2.0]).double()
    expected = (-math.log(sigmoid(-1)) - math.log(sigmoid(3))) / 2
    assert LOSSES["rpgan"].discriminator(real, fake).item() == pytest.approx(expected)


def test_shapes_that_would_broadcast_are_refused() -> None:
    loss, flat, column = LOSSES["rpgan"], torch.zeros(4), torch.zeros(4, 1)
    message = r"rpgan pairs real and fake logits: .* must be equal, got \w+ \(4,\), \w+ \(4, 1\)"
    with pytest.raises(ValueError, match=message):
        loss.discriminator(flat, column)
    with pytest.raises(ValueError, match=message):
        loss.generator(flat, column)
    with pytest.raises(ValueError, match="rpgan compares fake with real logits: pass the real"):
        loss.generator(flat)
    assert LOSSES["hinge"].discriminator(flat, torch.zeros(6, 1)) == 2


@each_loss
def test_empty_logits_are_refused(loss: Loss) -> None:
    empty, some = torch.zeros(0), torch.zeros(2)
    with pytest.raises(ValueError, match="needs at least one logit of each kind"):
        loss.discriminator(some, empty)
    with pytest.raises(ValueError, match="needs at least one logit of each kind"):
        loss.generator(empty, empty)


def test_every_loss_knows_its_name_and_source() -> None:
    for name, loss in LOSSES.items():
        assert loss.name == name
        assert loss.source


@each_penalty
def test_penalty_slopes_equal_finite_differences(name: str) -> None:
    critic, real, fake = Critic(), normal(6, 2, seed=2), normal(6, 2, seed=3)
    for parameter in critic.parameters():
        assert_slopes(lambda: PENALTIES[name](critic, real, fake, seeded(0)), parameter)


@each_penalty
def test_penalties_give_gradients_to_the_discriminator_only(name: str) -> None:
    generator, critic = nn.Linear(3, 2).double(), Critic()
    real, fake = normal(6, 2, seed=2), generator(normal(6, 3, seed=3))
    PENALTIES[name](critic, real, fake, seeded(0)).backward()
    assert all(p.grad is not None and p.grad.any() for p in critic.parameters())
    assert all(p.grad is None for p in generator.parameters())
    assert not real.requires_grad


A = torch.tensor([3.0, 4.0], dtype=torch.float64)


@pytest.mark.parametrize(
    ("name", "value", "slope"),
    [
        ("r1", 25 / 2, A),
        ("r2", 25 / 2, A),
        ("r1r2", 25.0, 2 * A),
        ("wgan-gp", (5 - 1) ** 2, 2 * (5 - 1) * A / 5),
    ],
)
def test_penalties_of_a_linear_critic_are_known(name: str, value: float, slope: Tensor) -> None:
    critic = Linear(A.clone())
    penalty = PENALTIES[name](critic, normal(7, 2, seed=1), normal(7, 2, seed=2), seeded(0))
    penalty.backward()
    assert penalty.shape == ()
    assert penalty.item() == pytest.approx(value)
    torch.testing.assert_close(critic.a.grad, slope)


@pytest.mark.parametrize(("name", "value"), [("r1", 0.5), ("r2", 4.5), ("r1r2", 5.0)])
def test_r1_looks_at_real_and_r2_at_fake(name: str, value: float) -> None:
    real, fake = torch.ones(4, 1), 3 * torch.ones(4, 1)
    penalty = PENALTIES[name](lambda x: x.square().sum(1) / 2, real, fake)
    assert penalty.item() == pytest.approx(value)


@each_penalty
@pytest.mark.parametrize("shape", [(5, 2), (5, 1, 4, 6), (5, 3, 8, 8)])
def test_penalties_take_points_and_pictures(name: str, shape: tuple[int, ...]) -> None:
    real, fake = normal(*shape, seed=1), normal(*shape, seed=2)
    a = normal(*shape[1:], seed=3)
    length = a.norm().item()
    critic = Linear(a)
    known = {
        "r1": length**2 / 2,
        "r2": length**2 / 2,
        "r1r2": length**2,
        "wgan-gp": (length - 1) ** 2,
    }
    assert PENALTIES[name](critic, real, fake, seeded(0)).item() == pytest.approx(known[name])


@pytest.mark.parametrize("shape", [(64, 2), (64, 3, 2, 2)])
def test_wgan_gp_draws_one_point_for_each_pair(shape: tuple[int, ...]) -> None:
    seen = []

    def critic(x: Tensor) -> Tensor:
        seen.append(x.detach())
        return x.flatten(1).sum(1)

    real, fake = torch.zeros(shape), torch.ones(shape)
    PENALTIES["wgan-gp"](critic, real, fake, seeded(0))
    share = seen[0].flatten(1)
    assert torch.equal(share, share[:, :1].expand_as(share))  # on the line from real to fake
    shares = share[:, 0]
    assert len(shares.unique()) == 64
    assert 0 <= shares.min() < 0.1
    assert 0.9 < shares.max() <= 1


def test_wgan_gp_follows_the_generator_it_is_given() -> None:
    critic, real, fake = Critic(), normal(6, 2, seed=2), normal(6, 2, seed=3)

    def penalty(generator: torch.Generator) -> float:
        return PENALTIES["wgan-gp"](critic, real, fake, generator).item()

    before = torch.get_rng_state()
    assert penalty(seeded(5)) == penalty(seeded(5)) != penalty(seeded(6))
    again = seeded(5)
    assert penalty(again) != penalty(again)
    assert torch.equal(torch.get_rng_state(), before)


def test_wgan_gp_has_finite_slopes_where_the_gradient_vanishes() -> None:
    critic = Linear(torch.zeros(2, dtype=torch.float64))
    penalty = PENALTIES["wgan-gp"](critic, normal(4, 2, seed=0), normal(4, 2, seed=1), seeded(0))
    (slope,) = torch.autograd.grad(penalty, critic.a)
    assert penalty.item() == 1
    assert slope.isfinite().all()


@each_penalty
def test_penalties_stay_in_float32_under_autocast(name: str) -> None:
    critic, seen = nn.Linear(2, 1), []
    critic.register_forward_hook(lambda module, inputs, logits: seen.append(logits.dtype))
    real, fake = normal(8, 2, seed=1).float(), normal(8, 2, seed=2).float()
    plain = PENALTIES[name](critic, real, fake, seeded(0))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        fast = PENALTIES[name](critic, real, fake, seeded(0))
        from_half = PENALTIES[name](critic, real.bfloat16(), fake.bfloat16(), seeded(0))
    assert set(seen) == {torch.float32}
    assert torch.equal(fast, plain)
    assert from_half.dtype == torch.float32


def test_penalties_name_what_is_wrong() -> None:
    critic, real = Critic(), normal(6, 2, seed=2)
    with pytest.raises(ValueError, match=r"pass generator=torch\.Generator\(\)"):
        PENALTIES["wgan-gp"](critic, real, real)
    with pytest.raises(ValueError, match=r"must be equal, got \(6, 2\) and \(1, 2\)"):
        PENALTIES["wgan-gp"](critic, real, real[:1], seeded(0))
    with pytest.raises(ValueError, match=r"one logit for each input, .* got logits \(6, 2\)"):
        PENALTIES["r1"](torch.tanh, real, real)
    with pytest.raises(ValueError, match=r"at least one, got logits \(0, 1\)"):
        PENALTIES["r1"](critic, real[:0], real)
    with pytest.raises(ValueError, match="the logits have no gradient with respect to the inputs"):
        PENALTIES["r1"](lambda x: critic(x).detach(), real, real)
    with torch.no_grad(), pytest.raises(ValueError, match=r"do not use torch\.no_grad\(\)"):
        PENALTIES["r1"](critic, real, real)


def dirac_radius(loss: Loss, penalty: str | None, weight: float, alternating: bool) -> float:
    """The distance of the Dirac-GAN from (0, 0) after 500 steps of size 0.2 from (1, 1).

    Real data sit at 0, the generator's at theta, and D(x) = psi x, after Mescheder et al. 2018,
    section 2. Their D is high on fakes and ours on reals, so their psi = 1 is our psi = -1.
    When they alternate, the generator goes first.
    """
    theta, psi = (torch.tensor([[at]], dtype=torch.float64) for at in (1.0, -1.0))
    real = torch.zeros_like(theta)

    for _ in range(500):
        theta.requires_grad_(), psi.requires_grad_()
        (slope,) = torch.autograd.grad(loss.generator(theta @ psi), theta)
        old, theta = theta.detach(), theta.detach() - 0.2 * slope
        fake = theta if alternating else old
        objective = loss.discriminator(real @ psi, fake @ psi)
        if penalty:
            steepness = PENALTIES[penalty](partial(torch.matmul, other=psi), real, fake, seeded(0))
            objective = objective + weight * steepness
        (slope,) = torch.autograd.grad(objective, psi)
        psi = psi.detach() - 0.2 * slope
    return math.hypot(theta.item(), psi.item())


@pytest.mark.parametrize(
    ("name", "penalty", "weight", "simultaneous", "alternating"),
    [
        # Their fields hold a regulariser's slope: reg * psi is gamma * R1, and
        # reg * (|psi| - 1) is 2 * lambda * (|psi| - 1), so lambda is half of their 0.7.
        ("minimax", None, 0.0, "3.10", "1.42"),
        ("nonsaturating", None, 0.0, "0.64", "0.28"),
        ("wgan", "wgan-gp", 0.7 / 2, "1.80", "1.22"),
        ("minimax", "r1", 0.3, "2.6e-06", "2.3e-07"),
    ],
)
def test_dirac_gan_ends_where_the_published_fields_lead(
    name: str, penalty: str | None, weight: float, simultaneous: str, alternating: str
) -> None:
    loss = LOSSES[name]
    style = ".1e" if "e" in simultaneous else ".2f"
    assert format(dirac_radius(loss, penalty, weight, alternating=False), style) == simultaneous
    assert format(dirac_radius(loss, penalty, weight, alternating=True), style) == alternating
