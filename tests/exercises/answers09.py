"""Answers to lesson 09's first half as others would write them."""

import torch
from torch.nn import functional as F

# 09.1


def masked_by_exponentials(q, k, v, mask):
    scores = q @ k.T
    parts = (scores - scores.max()).exp() * mask
    return parts @ v / parts.sum(1, keepdim=True).clamp(min=1e-30)


def masked_by_loop(q, k, v, mask):
    out = torch.zeros(len(q), v.shape[1])
    for i in range(len(q)):
        seen = mask[i].nonzero().flatten()
        if len(seen):
            out[i] = F.softmax((k[seen] * q[i]).sum(1), 0) @ v[seen]
    return out


def masked_by_torch(q, k, v, mask):
    blind = mask.sum(1) == 0
    open_mask = mask.bool() | blind[:, None]
    found = F.scaled_dot_product_attention(q, k, v, attn_mask=open_mask, scale=1.0)
    return found * ~blind[:, None]


def masked_by_torch_as_it_is(q, k, v, mask):
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask.bool()).nan_to_num(0.0)


def masked_values(q, k, v, mask):
    return (q @ k.T).softmax(1) @ v * (mask.sum(1, keepdim=True) > 0)


def masked_by_zeros(q, k, v, mask):
    return (q @ k.T).masked_fill(mask == 0, 0.0).softmax(1) @ v


# 09.2


def gamma_by_einsum(x, gradient, w_q, w_k, w_v):
    flat = x.flatten(1)
    weights = torch.einsum("cp,dc,de,eo->po", flat, w_q, w_k, flat).softmax(-1)
    return torch.einsum("cp,ce,eo,po->", gradient.flatten(1), w_v, flat, weights)


def gamma_by_difference(x, gradient, w_q, w_k, w_v):
    x, gradient, w_q, w_k, w_v = (each.double() for each in (x, gradient, w_q, w_k, w_v))

    def loss(gamma):
        flat = x.flatten(1)
        w = ((w_q @ flat).T @ (w_k @ flat)).softmax(1)
        return (gradient.flatten(1) * (flat + gamma * (w_v @ flat) @ w.T)).sum()

    return float((loss(1.0) - loss(0.0)) / 1.0)


def gamma_by_backward(x, gradient, w_q, w_k, w_v):
    gamma = torch.zeros((), requires_grad=True)
    rows = x.flatten(1).T
    o = F.scaled_dot_product_attention(rows @ w_q.T, rows @ w_k.T, rows @ w_v.T, scale=1.0)
    (x + gamma * o.T.reshape(x.shape)).backward(gradient)
    return gamma.grad.item()


def gamma_as_zero(x, gradient, w_q, w_k, w_v):
    return torch.tensor(0.0)


def gamma_scaled(x, gradient, w_q, w_k, w_v):
    rows = x.flatten(1).T
    o = F.scaled_dot_product_attention(rows @ w_q.T, rows @ w_k.T, rows @ w_v.T)
    return float((gradient.flatten(1).T * o).sum())


def gamma_per_place(x, gradient, w_q, w_k, w_v):
    rows = x.flatten(1).T
    o = ((rows @ w_q.T) @ (rows @ w_k.T).T).softmax(1) @ (rows @ w_v.T)
    return (gradient.flatten(1).T * o).sum(1)


# 09.3


def view_from_the_end(layers):
    view = 1
    for kernel, stride, dilation in layers[::-1]:
        view = (view - 1) * stride + (kernel - 1) * dilation + 1
    return view


def view_recursively(layers):
    if not layers:
        return 1
    (kernel, stride, dilation), *rest = layers
    return (kernel - 1) * dilation + stride * (view_recursively(rest) - 1) + 1


def view_by_gradient(layers):
    size = 400
    x = torch.zeros(1, 1, size, requires_grad=True)
    y = x
    for kernel, stride, dilation in layers:
        y = F.conv1d(y, torch.ones(1, 1, kernel), stride=stride, dilation=dilation)
    y[0, 0, y.shape[-1] // 2].backward()
    touched = x.grad.flatten().nonzero().flatten()
    return int(touched.max() - touched.min()) + 1


def view_without_strides(layers):
    return 1 + sum((kernel - 1) * dilation for kernel, _, dilation in layers)


def view_without_dilation(layers):
    view = step = 1
    for kernel, stride, _ in layers:
        view += (kernel - 1) * step
        step *= stride
    return view


def view_as_float(layers):
    return view_recursively(layers) / 1


RIGHT = {
    "09.1": [masked_by_exponentials, masked_by_loop, masked_by_torch],
    "09.2": [gamma_by_einsum, gamma_by_difference, gamma_by_backward],
    "09.3": [view_from_the_end, view_recursively, view_by_gradient],
}

WRONG = {
    "09.1": [
        (masked_by_torch_as_it_is, "root of d"),
        (masked_values, "which is"),
        (masked_by_zeros, "e⁰ is 1"),
    ],
    "09.2": [
        (gamma_as_zero, "could never begin"),
        (gamma_scaled, "which is"),
        (gamma_per_place, "which is"),
    ],
    "09.3": [
        (view_without_strides, "right without strides"),
        (view_without_dilation, "right without dilation"),
        (view_as_float, "which is"),
    ],
}
