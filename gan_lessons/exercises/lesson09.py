"""Exercises of lesson 09: attention with a mask, γ's gradient, and how far a network sees."""

import math

import torch
from torch import Tensor

from gan_lessons.exercises.cases import Arguments, integers
from gan_lessons.exercises.engine import Exercise, Mistake


def one_query_at_a_time(q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> Tensor:
    """The seen keys alone, in float64, each query by itself."""
    rows = torch.zeros(len(q), v.shape[1], dtype=torch.float64)
    for i, query in enumerate(q.double()):
        seen = mask[i] == 1
        if seen.any():
            weights = (k.double()[seen] @ query).softmax(0)
            rows[i] = weights @ v.double()[seen]
    return rows.to(v.dtype)


def masked_rows(generator: torch.Generator) -> list[Arguments]:
    """(q, k, v, mask): one to check by hand, drawn ones, and a query that sees no key."""
    by_hand = (
        torch.tensor([[0.0], [1.0]]),
        torch.tensor([[1.0], [2.0], [9.0]]),
        torch.tensor([[10.0], [20.0], [90.0]]),
        torch.tensor([[1.0, 1.0, 0.0], [1.0, 0.0, 0.0]]),
    )
    cases: list[Arguments] = [by_hand]
    for blind in (False, False, True):
        t, s, d = integers(generator, (2, 4), (4, 6), (2, 5))
        q, k = 1.5 * torch.randn(t, d, generator=generator), torch.randn(s, d, generator=generator)
        mask = (torch.rand(t, s, generator=generator) > 0.5).float()
        mask[:, 0], mask[:, 1] = 1.0, 0.0
        mask[0] *= not blind
        cases.append((q, k, torch.randn(s, 3, generator=generator), mask))
    return cases


def masked_attention(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor
) -> torch.Tensor:
    """Attention in which query i sees only the keys j with mask[i, j] = 1.

    q: (T, d), k: (S, d), v: (S, C), mask: (T, S) of ones and zeros → (T, C). Scores are not scaled.
    A query that sees no key at all gets zeros.
    """
    scores = (q @ k.T).masked_fill(mask == 0, float("-inf"))  # (T, S)
    weights = scores.softmax(dim=1).nan_to_num(0.0)
    return weights @ v


MASKED = Exercise(
    name="09.1",
    solve=masked_attention,
    minutes=8,
    hints=(
        "the weights of the keys that are seen must still have the sum 1. It is simplest if the "
        "mask acts before the softmax. Which score has a weight of exactly 0?",
        "`(q @ k.T).masked_fill(mask == 0, float('-inf'))`, then a softmax over the keys. A row of "
        "nothing but -inf gives NaN: `nan_to_num(0.0)`.",
    ),
    cases=masked_rows,
    expected=one_query_at_a_time,
    mistakes=(
        Mistake(
            {'(q @ k.T).masked_fill(mask == 0, float("-inf"))': "q @ k.T"},
            "every query sees every key: the mask is not used.",
        ),
        Mistake(
            {
                '(q @ k.T).masked_fill(mask == 0, float("-inf"))': "q @ k.T",
                "scores.softmax(dim=1).nan_to_num(0.0)": "scores.softmax(dim=1) * mask",
            },
            "the hidden keys still take part in the softmax: what is left of the weights does not "
            "have the sum 1.",
        ),
        Mistake(
            {"(mask == 0, float": "(mask == 1, float"},
            "the wrong way round: your queries see the keys where the mask is 0.",
        ),
        Mistake(
            {'(q @ k.T).masked_fill(mask == 0, float("-inf"))': "(q @ k.T) * mask"},
            "a score of 0 is not a weight of 0: e⁰ is 1. A score of -inf hides a key.",
        ),
        Mistake(
            {".nan_to_num(0.0)": ""},
            "right, but for a query that sees no key: the softmax of nothing but -inf is NaN, and "
            "zeros are asked for.",
        ),
        Mistake(
            {"(q @ k.T).masked": "(q @ k.T / q.shape[1] ** 0.5).masked"},
            "you divide by the root of d, as transformers do. Here the scores are not scaled.",
        ),
    ),
)


def by_autograd(x: Tensor, gradient: Tensor, w_q: Tensor, w_k: Tensor, w_v: Tensor) -> float:
    """The block at γ = 0, and torch's own gradient."""
    gamma = torch.zeros((), dtype=torch.float64, requires_grad=True)
    rows = x.double().flatten(1)  # (C, P)
    scores = (w_q.double() @ rows).T @ (w_k.double() @ rows)
    seen = w_v.double() @ rows @ scores.softmax(1).T
    y = x.double() + gamma * seen.view(x.shape)
    (found,) = torch.autograd.grad((y * gradient.double()).sum(), gamma)
    return found.item()


def blocks(generator: torch.Generator) -> list[Arguments]:
    """(x, gradient, w_q, w_k, w_v): one channel and two places, then drawn ones."""
    one = torch.ones(1, 1)
    pair = torch.tensor([[[0.0, 2.0]]])
    cases: list[Arguments] = [(pair, torch.tensor([[[1.0, 0.0]]]), one, one, one)]
    for _ in range(4):
        channels, height, width = integers(generator, (3, 5), (2, 3), (2, 4))
        maps = torch.randn(2, channels, height, width, generator=generator)
        queries, keys = torch.randn(2, 2, channels, generator=generator)
        values = torch.randn(channels, channels, generator=generator)
        cases.append((*maps, queries, keys, values))
    return cases


def gamma_gradient(
    x: torch.Tensor,
    gradient: torch.Tensor,
    w_q: torch.Tensor,
    w_k: torch.Tensor,
    w_v: torch.Tensor,
) -> float:
    """The loss's gradient in γ, for the block y = x + γ o(x) at γ = 0.

    x: (C, H, W); gradient: (C, H, W), the loss's gradient in y; w_q, w_k: (d, C); w_v: (C, C). The
    scores are not scaled.
    """
    rows = x.flatten(1).T  # (H·W, C)
    q, k, v = rows @ w_q.T, rows @ w_k.T, rows @ w_v.T
    seen = (q @ k.T).softmax(dim=1) @ v
    return (gradient.flatten(1).T * seen).sum().item()


GAMMA = Exercise(
    name="09.2",
    solve=gamma_gradient,
    minutes=8,
    hints=(
        "the chain rule: the loss changes by gradient · dy, and dy = o(x) dγ. γ is one number, so "
        "what do all places and channels have to be?",
        "compute o(x) with rows = x.flatten(1).T, a softmax over the keys, and the values; then "
        "multiply it by the gradient, number by number, and take the sum of all.",
    ),
    cases=blocks,
    expected=by_autograd,
    absolute=1e-4,
    mistakes=(
        Mistake(
            lambda x, gradient, w_q, w_k, w_v: 0.0,
            "at γ = 0 the queries, keys and values get no gradient. γ itself does, or the block "
            "could never begin.",
        ),
        Mistake(
            {"sum().item()": "mean().item()"},
            "γ multiplies every number of o(x): its gradient is the sum over all of them.",
        ),
        Mistake(
            {"softmax(dim=1)": "softmax(dim=0)"},
            "this softmax runs over the queries. The weights of one query, over the keys, have the "
            "sum 1.",
        ),
        Mistake(
            {"* seen)": "* (rows + seen))"},
            "x is in y without γ: it does not change with γ.",
        ),
        Mistake(
            {"@ v\n": "@ rows\n"},
            "a mean of x itself; the values are w_v times x.",
        ),
    ),
)


def by_sets(layers: list[tuple[int, int, int]]) -> int:
    """The inputs of one output, layer by layer, from the last one back."""
    places = {0}
    for kernel, stride, dilation in reversed(layers):
        places = {place * stride + i * dilation for place in places for i in range(kernel)}
    return max(places) - min(places) + 1


def stacks(generator: torch.Generator) -> list[Arguments]:
    """Lists of (kernel, stride, dilation): easy ones, the lesson's, drawn ones."""
    cases: list[Arguments] = [([(3, 1, 1)],), ([(3, 1, 1), (3, 1, 2)],), ([(4, 2, 1), (4, 2, 1)],)]
    cases.append(([(4, 2, 1), (4, 2, 1), (3, 1, 5)],))
    for _ in range(4):
        (count,) = integers(generator, (2, 4))
        limits = ((2, 5), (1, 3), (1, 3))
        cases.append(([integers(generator, *limits) for _ in range(count)],))
    return cases


def receptive_field(layers: list[tuple[int, int, int]]) -> int:
    """How many pixels wide the part of the picture is that one output depends on.

    layers: from the picture on, (kernel, stride, dilation) of each convolution.
    """
    view, step = 1, 1
    for kernel, stride, dilation in layers:
        view += (kernel - 1) * dilation * step
        step *= stride
    return view


VIEW = Exercise(
    name="09.3",
    solve=receptive_field,
    minutes=6,
    hints=(
        "a layer's taps lie `dilation` apart on the map that it reads. How many pixels is one step "
        "on that map? It is the product of the strides before it.",
        "begin with view = 1 and step = 1. For each layer: view += (kernel - 1) * dilation * step, "
        "and only then step *= stride.",
    ),
    cases=stacks,
    expected=by_sets,
    mistakes=(
        Mistake(
            {" * dilation": ""},
            "right without dilation. A dilated kernel reaches (kernel - 1) * dilation places.",
        ),
        Mistake(
            {" * step": ""},
            "right without strides. After a stride, one step on the map is several pixels.",
        ),
        Mistake(
            {
                "view += (kernel - 1) * dilation * step": "step *= stride",
                "step *= stride\n        step *= stride": "step *= stride\n"
                "        view += (kernel - 1) * dilation * step",
            },
            "a layer's own stride widens the view of later layers, and not its own.",
        ),
        Mistake(
            {"view += (kernel - 1) * dilation * step": "view += kernel * dilation * step"},
            "a kernel of 1 sees one place and widens nothing: it is kernel - 1.",
        ),
        Mistake(
            lambda layers: math.prod(kernel for kernel, _, _ in layers),
            "views add up, they do not multiply: two kernels of 3 see 5 pixels.",
        ),
    ),
)

EXERCISES = (MASKED, GAMMA, VIEW)
