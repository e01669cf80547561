"""Answers to lesson 09's exercises on recurrence: unusual right ones, and plausible wrong ones."""

import numpy as np
import torch
import torch.nn.functional as F

# 09.4


def canvas_by_a_matrix(strokes, kept):
    n, steps = kept.shape
    weights = torch.zeros(n, steps, steps)
    for t in range(steps):
        if t:
            weights[:, t] = kept[:, t, None] * weights[:, t - 1]
        weights[:, t, t] = 1
    return torch.einsum("nts,nshw->nthw", weights, strokes).tanh()


def canvas_by_recursion(strokes, kept):
    def after(t):
        old = after(t - 1) if t else 0 * strokes[:, 0]
        return torch.lerp(0 * old, old, kept[:, t].view(-1, 1, 1)) + strokes[:, t]

    return torch.tanh(torch.stack([after(t) for t in range(strokes.size(1))]).transpose(0, 1))


def canvas_in_numpy(strokes, kept):
    canvas, pictures = np.zeros_like(strokes[:, 0].numpy()), []
    for stroke, share in zip(strokes.numpy().swapaxes(0, 1), kept.numpy().T, strict=True):
        canvas = canvas * share.reshape(-1, 1, 1) + stroke
        pictures.append(np.tanh(canvas))
    return torch.from_numpy(np.stack(pictures, 1))


def canvas_that_keeps_all(strokes, kept):
    return torch.tanh(torch.cumsum(strokes, dim=1))


def canvas_with_scaled_strokes(strokes, kept):
    canvas, pictures = 0, []
    for t in range(strokes.shape[1]):
        canvas = (canvas + strokes[:, t]) * kept[:, t].view(-1, 1, 1)
        pictures.append(torch.tanh(canvas))
    return torch.stack(pictures, 1)


def canvas_of_tanhs(strokes, kept):
    picture, pictures = torch.zeros_like(strokes[:, 0]), []
    for t in range(strokes.shape[1]):
        picture = (kept[:, t].view(-1, 1, 1) * picture + strokes[:, t]).tanh()
        pictures.append(picture)
    return torch.stack(pictures, 1)


def canvas_stacked_in_front(strokes, kept):
    return canvas_by_recursion(strokes, kept).transpose(0, 1)


# 09.5


def loss_in_loops(real, lengths_real, fake, lengths_fake):
    told = [F.softplus(-line[:k]) for line, k in zip(real, lengths_real, strict=True)]
    denied = [F.softplus(line[:k]) for line, k in zip(fake, lengths_fake, strict=True)]
    return torch.cat(told).mean() + torch.cat(denied).mean()


def loss_by_where(real, lengths_real, fake, lengths_fake):
    total = torch.zeros(())
    for logits, lengths in ((-real, lengths_real), (fake, lengths_fake)):
        runs = torch.arange(logits.size(1)).expand_as(logits) < lengths.unsqueeze(1)
        total = total + torch.where(runs, F.softplus(logits), 0).sum() / lengths.sum()
    return total


def loss_by_bce(real, lengths_real, fake, lengths_fake):
    total = 0.0
    for logits, lengths, target in ((real, lengths_real, 1.0), (fake, lengths_fake, 0.0)):
        row = torch.nn.utils.rnn.pack_padded_sequence(
            logits, lengths, batch_first=True, enforce_sorted=False
        ).data
        total = total + F.binary_cross_entropy_with_logits(row, torch.full_like(row, target))
    return total


def loss_with_padding(real, lengths_real, fake, lengths_fake):
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def loss_with_one_more(real, lengths_real, fake, lengths_fake):
    told = [F.softplus(-line[: k + 1]) for line, k in zip(real, lengths_real, strict=True)]
    denied = [F.softplus(line[: k + 1]) for line, k in zip(fake, lengths_fake, strict=True)]
    return torch.cat(told).mean() + torch.cat(denied).mean()


def loss_that_multiplies(real, lengths_real, fake, lengths_fake):
    runs_real = (torch.arange(real.shape[1])[None] < lengths_real[:, None]).float()
    runs_fake = (torch.arange(fake.shape[1])[None] < lengths_fake[:, None]).float()
    on_real = (F.softplus(-real) * runs_real).sum() / runs_real.sum()
    return on_real + (F.softplus(fake) * runs_fake).sum() / runs_fake.sum()


def loss_of_means(real, lengths_real, fake, lengths_fake):
    told = [F.softplus(-line[:k]).mean() for line, k in zip(real, lengths_real, strict=True)]
    denied = [F.softplus(line[:k]).mean() for line, k in zip(fake, lengths_fake, strict=True)]
    return sum(told) / len(told) + sum(denied) / len(denied)


def loss_of_real_alone(real, lengths_real, fake, lengths_fake):
    return F.softplus(-real[torch.arange(real.shape[1]) < lengths_real[:, None]]).mean()


# 09.6


def error_by_narrow(told, x, shift):
    known = x.size(1) - shift
    return F.mse_loss(told.narrow(1, 0, known), x.narrow(1, shift, known))


def error_by_or_none(told, x, shift):
    return F.mse_loss(told[:, : -shift or None], x[:, shift:])


def error_by_indices(told, x, shift):
    t = torch.arange(x.shape[1])
    t = t[t + shift < x.shape[1]]
    return ((told[:, t] - x[:, t + shift]) ** 2).mean()


def error_of_equal_times(told, x, shift):
    return F.mse_loss(told, x)


def error_of_the_past(told, x, shift):
    return F.mse_loss(told[:, shift:], x[:, : x.shape[1] - shift])


def error_that_wraps(told, x, shift):
    return F.mse_loss(told, torch.roll(x, -shift, dims=1))


def error_that_is_empty_at_0(told, x, shift):
    return (told[:, :-shift] - x[:, shift:]).square().mean()


RIGHT = {
    "09.4": [canvas_by_a_matrix, canvas_by_recursion, canvas_in_numpy],
    "09.5": [loss_in_loops, loss_by_where, loss_by_bce],
    "09.6": [error_by_narrow, error_by_or_none, error_by_indices],
}

WRONG = {
    "09.4": [
        (canvas_that_keeps_all, "`kept` is missing"),
        (canvas_with_scaled_strokes, "the new stroke is scaled too"),
        (canvas_of_tanhs, "got "),
        (canvas_stacked_in_front, "is expected"),
    ],
    "09.5": [
        (loss_with_padding, "padding is counted"),
        (loss_with_one_more, "one step too many"),
        (loss_that_multiplies, "0 · NaN is NaN"),
        (loss_of_means, "of a short sequence weighs more"),
        (loss_of_real_alone, "got "),
    ],
    "09.6": [
        (error_of_equal_times, "a network that copies its input"),
        (error_of_the_past, "the wrong way round"),
        (error_that_wraps, "as if they came next"),
        (error_that_is_empty_at_0, "raises an error"),
    ],
}
