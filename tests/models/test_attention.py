"""Self-attention: against torch's own, against loops in float64, and as the block of SAGAN."""

import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gan_lessons.models.attention import SelfAttention, attend, nearby
from gan_lessons.models.parts import add_spectral_norm


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=rng(seed), dtype=torch.float64)


def a_block(channels: int = 16, gamma: float = 0.7, **options) -> SelfAttention:
    torch.manual_seed(0)
    block = SelfAttention(channels, **options).double()
    nn.init.constant_(block.gamma, gamma)
    return block


def by_loops(q: Tensor, k: Tensor, v: Tensor, scale: float, mask: Tensor) -> Tensor:
    """One query after the other, with plain numbers."""
    rows = []
    for i, query in enumerate(q.tolist()):
        scores = [
            scale * sum(a * b for a, b in zip(query, key, strict=True)) if seen else None
            for key, seen in zip(k.tolist(), mask[i].tolist(), strict=True)
        ]
        top = max(score for score in scores if score is not None)
        parts = [0.0 if s is None else math.exp(s - top) for s in scores]
        total = sum(parts)
        rows.append(sum(part / total * row for part, row in zip(parts, v, strict=True)))
    return torch.stack(rows)


# Attention


@pytest.mark.parametrize("scale", [1.0, 0.25])
@pytest.mark.parametrize("masked", [False, True])
def test_it_is_torchs_own_and_the_definition(scale, masked):
    q, k, v = drawn(2, 5, 3, seed=1), drawn(2, 7, 3, seed=2), drawn(2, 7, 4, seed=3)
    mask = torch.rand(5, 7, generator=rng()) > 0.5 if masked else None
    if mask is not None:
        mask[:, 0] = True
    found, weights = attend(q, k, v, scale=scale, mask=mask)
    theirs = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, scale=scale)
    torch.testing.assert_close(found, theirs, rtol=1e-12, atol=1e-12)
    every = torch.ones(5, 7, dtype=torch.bool) if mask is None else mask
    for i in range(2):
        loops = by_loops(q[i], k[i], v[i], scale, every)
        torch.testing.assert_close(found[i], loops, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 5).double())
    assert (weights[:, every] > 0).all()
    assert (weights[:, ~every] == 0).all()


def test_torch_divides_by_the_root_of_d_and_sagan_does_not():
    q, k, v = drawn(1, 5, 4, seed=1), drawn(1, 5, 4, seed=2), drawn(1, 5, 6, seed=3)
    theirs = F.scaled_dot_product_attention(q, k, v)
    torch.testing.assert_close(attend(q, k, v, scale=4**-0.5)[0], theirs)
    assert not torch.allclose(attend(q, k, v)[0], theirs, rtol=1e-2)


def test_large_scores_stay_finite():
    q, k, v = 1e3 * drawn(1, 4, 3), 1e3 * drawn(1, 4, 3, seed=1), drawn(1, 4, 2, seed=2)
    found, weights = attend(q, k, v)
    assert found.isfinite().all()
    assert weights.max() == 1


def test_gradients_are_right():
    q, k, v = (drawn(1, 4, 3, seed=seed).requires_grad_() for seed in range(3))
    assert torch.autograd.gradcheck(lambda *each: attend(*each)[0], (q, k, v))


@pytest.mark.parametrize(
    ("shapes", "mask", "words"),
    [
        (((4, 3), (5, 2), (5, 2)), None, r"q must be \(..., T, d\).*got \(4, 3\), \(5, 2\)"),
        (((4, 3), (5, 3), (6, 2)), None, r"got \(4, 3\), \(5, 3\) and \(6, 2\)"),
        (((3,), (5, 3), (5, 2)), None, r"q must have at least 2 dimensions, got \(3,\)"),
        (((4, 3), (5, 3), (5, 2)), torch.ones(4, 5), "mask must be bool.*got torch.float32"),
        (((4, 3), (5, 3), (5, 2)), torch.ones(5, 4) > 0, r"broadcast to \(4, 5\), got \(5, 4\)"),
        (((4, 3), (5, 3), (5, 2)), torch.ones(2, 4, 5) > 0, r"broadcast to \(4, 5\)"),
        (((4, 3), (5, 3), (5, 2)), torch.eye(4, 5) > 1, "leave every query at least one key"),
    ],
)
def test_what_does_not_fit_is_said(shapes, mask, words):
    with pytest.raises(ValueError, match=words):
        attend(*(torch.zeros(shape) for shape in shapes), mask=mask)


# Near places


@pytest.mark.parametrize(("side", "reach"), [(1, 0), (4, 1), (5, 2), (3, 9)])
def test_near_places_are_those_that_a_kernel_sees(side, reach):
    kernel = torch.ones(1, 1, 2 * reach + 1, 2 * reach + 1)
    alone = torch.eye(side**2).view(side**2, 1, side, side)
    seen = F.conv2d(alone, kernel, padding=reach).view(side**2, side**2) > 0
    assert torch.equal(nearby(side, reach), seen)


def test_near_is_refused_out_of_range():
    with pytest.raises(ValueError, match="side must be a whole number from 1 to 128, got 0"):
        nearby(0, 1)
    with pytest.raises(ValueError, match="reach must be a whole number of at least 0, got -1"):
        nearby(3, -1)


# The block


@pytest.mark.parametrize("spectral", [False, True])
def test_with_gamma_0_it_is_the_identity_and_nothing_but_gamma_learns(spectral):
    block = a_block(gamma=0.0, spectral=spectral)
    x = drawn(2, 16, 3, 4).requires_grad_()
    y = block(x)
    assert torch.equal(y, x)
    weight = drawn(2, 16, 3, 4, seed=1)
    (y * weight).sum().backward()
    assert torch.equal(x.grad, weight)
    for layer in (block.query, block.key, block.value):
        for parameter in layer.parameters():
            assert torch.count_nonzero(parameter.grad) == 0
    assert block.gamma.grad.abs() > 1e-3


def test_once_gamma_has_moved_all_of_it_learns():
    block = a_block(gamma=0.01)
    block(drawn(2, 16, 3, 4)).square().sum().backward()
    assert all(torch.count_nonzero(p.grad) == p.numel() for p in block.parameters())


def test_the_block_is_the_formula():
    block, x = a_block(), drawn(2, 16, 3, 4)
    y, weights = block.look(x)
    flat = x.flatten(2)  # (N, C, P)
    w_q, w_k, w_v = (each.weight[:, :, 0, 0] for each in (block.query, block.key, block.value))
    assert w_q.shape == w_k.shape == (2, 16)
    scores = torch.einsum("ncp,dc,de,neo->npo", flat, w_q, w_k, flat)
    expected = torch.einsum("npo,ce,neo->ncp", scores.softmax(-1), w_v, flat)
    torch.testing.assert_close(y, x + 0.7 * expected.view_as(x), rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(weights, scores.softmax(-1), rtol=1e-10, atol=1e-12)
    assert torch.equal(block(x), y)


def test_permuted_places_give_the_permuted_result():
    block, x = a_block(), drawn(2, 16, 3, 4)
    order = torch.randperm(12, generator=rng())
    moved = block(x.flatten(2)[:, :, order].view_as(x)).flatten(2)
    torch.testing.assert_close(moved, block(x).flatten(2)[:, :, order])
    local = a_block(mask=nearby(4, 1))
    square = drawn(2, 16, 4, 4)
    order = torch.randperm(16, generator=rng())
    moved = local(square.flatten(2)[:, :, order].view_as(square)).flatten(2)
    assert not torch.allclose(moved, local(square).flatten(2)[:, :, order], rtol=1e-2)


def test_a_masked_block_sees_near_places_only():
    x = drawn(1, 16, 4, 4).requires_grad_()
    for mask, reached in ((None, 16), (nearby(4, 1), 4)):
        y = a_block(mask=mask)(x)
        (gradient,) = torch.autograd.grad(y[0, :, 0, 0].sum(), x)
        assert torch.count_nonzero(gradient.abs().sum((0, 1))) == reached
    assert "mask" not in a_block(mask=nearby(4, 1)).state_dict()


def test_spectral_norm_bounds_every_matrix():
    block = a_block(spectral=True).train()
    for _ in range(60):
        block(drawn(1, 16, 2, 2))
    for layer in (block.query, block.key, block.value):
        largest = torch.linalg.svdvals(layer.weight.detach().flatten(1))[0]
        assert largest.item() == pytest.approx(1, abs=1e-3)


def test_spectral_norm_reads_a_deconvolution_along_its_outputs():
    """Weights of deconvolutions are (in, out, k, k); the matrix has a row for each output."""
    torch.manual_seed(0)
    layer = nn.ConvTranspose2d(3, 8, 4).double()
    raw = layer.weight.detach().clone()
    add_spectral_norm(layer)
    for _ in range(200):
        layer(drawn(1, 3, 2, 2))
    right = torch.linalg.svdvals(raw.transpose(0, 1).flatten(1))[0]
    wrong = torch.linalg.svdvals(raw.flatten(1))[0]
    found = (raw.norm() / layer.eval().weight.norm()).item()
    assert found == pytest.approx(right.item(), rel=1e-6)
    assert abs(found - wrong.item()) > 0.01 * wrong.item()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"channels": 0}, "channels must be a whole number from 1 to 1024, got 0"),
        ({"reduction": 17}, "reduction must be a whole number from 1 to 16, got 17"),
        ({"spectral": 1}, "spectral must be True or False, got 1"),
        ({"mask": torch.ones(3, 3)}, "mask must be bool"),
        ({"mask": torch.ones(3, 4) > 0}, r"mask must broadcast to \(3, 3\), got \(3, 4\)"),
    ],
)
def test_a_block_out_of_range_is_refused(options, words):
    with pytest.raises(ValueError, match=words):
        SelfAttention(**({"channels": 16} | options))


def test_a_map_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"x must be \(N, 16, H, W\), got \(1, 8, 4, 4\)"):
        a_block()(drawn(1, 8, 4, 4))
    with pytest.raises(ValueError, match="the mask is for 16 places, got 3 x 4"):
        a_block(mask=nearby(4, 1))(drawn(1, 16, 3, 4))
