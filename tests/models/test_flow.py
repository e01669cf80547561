"""The velocity network of flow matching: shapes, time, what it starts as, and what it can learn."""

import pytest
import torch

from gan_lessons import models
from gan_lessons.models.flow import WAVES, Block, Velocity


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(("size", "channels", "width"), [(16, 1, 16), (28, 1, 4), (64, 3, 2)])
def test_a_velocity_has_the_shape_of_its_input(size, channels, width):
    net = Velocity(size=size, channels=channels, width=width)
    x = torch.randn(3, channels, size, size, generator=rng())
    v = net(x, torch.rand(3, generator=rng()))
    assert v.shape == x.shape
    assert v.isfinite().all()
    again = models.rebuild(models.describe(net))
    again.load_state_dict(net.state_dict())
    t = torch.tensor([0.0, 0.5, 1.0])
    assert torch.equal(again(x, t), net(x, t))


def trained_a_little(seed=0):
    """Away from where it starts: there, the blocks are the identity and ignore the time."""
    torch.manual_seed(seed)
    net = Velocity(size=8, width=4)
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, 0.0, 0.3)
    return net


def test_each_item_has_a_time_of_its_own():
    net = trained_a_little()
    x = torch.randn(1, 1, 8, 8, generator=rng()).expand(3, -1, -1, -1)
    v = net(x, torch.tensor([0.1, 0.1, 0.9]))
    torch.testing.assert_close(v[0], v[1])
    assert (v[0] - v[2]).abs().max() > 1e-3
    alone = net(x[:1], torch.tensor([0.9]))
    torch.testing.assert_close(alone[0], v[2])  # items do not mix


def test_near_times_are_near_and_far_ones_differ():
    net = trained_a_little()
    x = torch.randn(1, 1, 8, 8, generator=rng())
    at = {t: net(x, torch.tensor([t])) for t in (0.0, 1e-4, 0.5, 1.0)}
    near = (at[1e-4] - at[0.0]).abs().max()
    assert near < 0.05 * (at[0.5] - at[0.0]).abs().max()
    assert (at[1.0] - at[0.0]).abs().max() > 1e-3


def test_a_block_starts_as_the_identity():
    block = Block(4)
    x = torch.randn(2, 4, 5, 5, generator=rng())
    assert torch.equal(block(x, torch.randn(2, 2 * WAVES, generator=rng())), x)


def test_at_the_start_of_the_flow_it_learns_the_mean():
    """At t = 0 the best answer is the mean of the data, less the noise: of ±1, -noise."""
    torch.manual_seed(0)
    net = Velocity(size=8, width=8)
    optimiser = torch.optim.Adam(net.parameters(), 3e-3)
    draw = rng(1)
    for _ in range(200):
        noise = torch.randn(64, 1, 8, 8, generator=draw)
        sign = 2.0 * torch.randint(2, (64, 1, 1, 1), generator=draw) - 1
        loss = (net(noise, torch.zeros(64)) - (sign - noise)).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    noise = torch.randn(64, 1, 8, 8, generator=draw)
    with torch.no_grad():
        drawn = noise + net(noise, torch.zeros(64))
    assert drawn.mean((1, 2, 3)).abs().max() < 0.5  # neither 1 nor -1
    assert drawn.square().mean() < 0.5


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"size": 17}, "size must be"),
        ({"width": 0}, "width must be"),
        ({"channels": 0}, "channels"),
    ],
)
def test_arguments_out_of_range(options, said):
    with pytest.raises(ValueError, match=said):
        Velocity(**options)


@pytest.mark.parametrize("t", [torch.tensor(0.5), torch.rand(3), torch.rand(2, 1), 0.5])
def test_a_time_for_each_item(t):
    with pytest.raises(ValueError, match="t must be"):
        Velocity(size=8, width=2)(torch.zeros(2, 1, 8, 8), t)
