"""Exercises of lesson 09 on recurrence: a canvas, a loss with lengths, a shifted comparison.

Expected results come from a product of what is kept, and from loops over single steps.
"""

import math

import torch
from torch import Tensor

from gan_lessons.exercises.cases import Arguments, integers
from gan_lessons.exercises.engine import Exercise, Mistake


def by_shares(strokes: Tensor, kept: Tensor) -> Tensor:
    """Each stroke, times all the shares that come after it."""
    steps = strokes.shape[1]
    pictures = []
    for last in range(steps):
        left = [kept[:, i + 1 : last + 1].prod(dim=1)[:, None, None] for i in range(last + 1)]
        canvas = sum(share * strokes[:, i] for i, share in enumerate(left))
        pictures.append(torch.as_tensor(canvas).tanh())
    return torch.stack(pictures, dim=1)


def paintings(generator: torch.Generator) -> list[Arguments]:
    """Two strokes on one pixel, a canvas that is wiped, then strokes at random."""
    one = torch.tensor([1.0, 1.0]).view(1, 2, 1, 1)
    drawn: list[Arguments] = [
        (one, torch.tensor([[1.0, 0.5]])),
        (one, torch.tensor([[0.5, 1.0]])),
        (torch.tensor([3.0, 2.0, -1.0]).view(1, 3, 1, 1), torch.tensor([[1.0, 0.0, 1.0]])),
    ]
    for _ in range(3):
        n, steps, side = integers(generator, (1, 3), (3, 5), (2, 4))
        strokes = torch.randn(n, steps, side, side + 1, generator=generator)
        drawn.append((strokes, torch.rand(n, steps, generator=generator)))
    return drawn


def painted(strokes: torch.Tensor, kept: torch.Tensor) -> torch.Tensor:
    """The picture after each stroke: (N, T, H, W), the tanh of the canvas.

    The canvas starts at 0. In step t, each number of it is first multiplied by kept[:, t], the
    share of the canvas that is kept, and then strokes[:, t] is added.
    strokes: (N, T, H, W), kept: (N, T) from 0 to 1.
    """
    canvas, pictures = torch.zeros_like(strokes[:, 0]), []
    for t in range(strokes.shape[1]):
        canvas = kept[:, t, None, None] * canvas + strokes[:, t]
        pictures.append(canvas.tanh())
    return torch.stack(pictures, dim=1)


CANVAS = Exercise(
    name="09.4",
    solve=painted,
    minutes=6,
    hints=(
        "go through the steps with one canvas (N, H, W), and collect its tanh after each. The "
        "canvas itself never goes through the tanh.",
        "`canvas = kept[:, t, None, None] * canvas + strokes[:, t]`, then `canvas.tanh()` into a "
        "list; at the end `torch.stack(pictures, dim=1)`.",
    ),
    cases=paintings,
    expected=by_shares,
    mistakes=(
        Mistake(
            lambda strokes, kept: strokes.cumsum(1).tanh(),
            "this adds up the strokes, and nothing of the canvas is ever lost: `kept` is missing.",
        ),
        Mistake(
            {"kept[:, t, None, None] * canvas + strokes[:, t]": (
                "kept[:, t, None, None] * (canvas + strokes[:, t])"
            )},
            "the new stroke is scaled too. First keep a share of the old canvas, then add.",
        ),
        Mistake(
            {"canvas + strokes[:, t]": "canvas.tanh() + strokes[:, t]"},
            "the canvas goes through the tanh in each step. Only the picture does: keep the canvas "
            "as a plain sum.",
        ),
        Mistake(
            {"canvas.tanh()": "canvas"},
            "these are the canvases. A picture is the tanh of one.",
        ),
        Mistake(
            {"kept[:, t, None, None] * canvas": "(1 - kept[:, t, None, None]) * canvas"},
            "kept is the share that stays, not the share that goes.",
        ),
        Mistake(
            {"torch.stack(pictures, dim=1)": "pictures[-1]"},
            "this is the last picture alone. Return the picture after each stroke: (N, T, H, W).",
        ),
    ),
)  # fmt: skip


def step_by_step(real: Tensor, lengths_real: Tensor, fake: Tensor, lengths_fake: Tensor) -> Tensor:
    """A loop over the steps that run, in plain numbers."""
    total = 0.0
    for logits, lengths, sign in ((real, lengths_real, -1), (fake, lengths_fake, 1)):
        told = [
            sign * logit
            for line, length in zip(logits.tolist(), lengths.tolist(), strict=True)
            for logit in line[:length]
        ]
        total += sum(max(t, 0) + math.log1p(math.exp(-abs(t))) for t in told) / len(told)
    return torch.tensor(total)


def batches(generator: torch.Generator) -> list[Arguments]:
    """Padding of 0, then of large numbers and NaN, as a network may leave them there."""
    short = torch.tensor([[1.0, 2.0, 0.0, 0.0], [1.0, -1.0, 3.0, 0.0]])
    drawn: list[Arguments] = [
        (short, torch.tensor([2, 3]), -short, torch.tensor([3, 2])),
        (short, torch.tensor([1, 4]), short, torch.tensor([4, 1])),
    ]
    for padding in (0.0, 50.0, float("nan")):
        pair: list[Tensor] = []
        for _ in range(2):
            n, steps = integers(generator, (2, 4), (4, 7))
            lengths = torch.randint(1, steps + 1, (n,), generator=generator)
            lengths[0], lengths[1] = 1, steps - 1
            logits = 3 * torch.randn(n, steps, generator=generator)
            logits[torch.arange(steps) >= lengths[:, None]] = padding
            pair += [logits, lengths]
        drawn.append(tuple(pair))
    return drawn


def sequence_loss(
    real: torch.Tensor, lengths_real: torch.Tensor, fake: torch.Tensor, lengths_fake: torch.Tensor
) -> torch.Tensor:
    """D's cross entropy over the steps that run: E softplus(-real) + E softplus(fake).

    Each E is the mean over all steps before the ends; later values can be anything, even NaN.
    real: (N, T), fake: (M, S), logits per step. Lengths: (N,) and (M,) int64, at least 1.
    """
    softplus = torch.nn.functional.softplus
    runs_real = torch.arange(real.shape[1]) < lengths_real[:, None]
    runs_fake = torch.arange(fake.shape[1]) < lengths_fake[:, None]
    return softplus(-real[runs_real]).mean() + softplus(fake[runs_fake]).mean()


def _multiplied(real: Tensor, lengths_real: Tensor, fake: Tensor, lengths_fake: Tensor) -> Tensor:
    total = torch.zeros(())
    for logits, lengths in ((-real, lengths_real), (fake, lengths_fake)):
        runs = (torch.arange(logits.shape[1]) < lengths[:, None]).float()
        total += (torch.nn.functional.softplus(logits) * runs).sum() / runs.sum()
    return total


def _per_sequence(real: Tensor, lengths_real: Tensor, fake: Tensor, lengths_fake: Tensor) -> Tensor:
    total = torch.zeros(())
    for logits, lengths in ((-real, lengths_real), (fake, lengths_fake)):
        each = [
            torch.nn.functional.softplus(line[:length]).mean()
            for line, length in zip(logits, lengths, strict=True)
        ]
        total += torch.stack(each).mean()
    return total


LENGTHS = Exercise(
    name="09.5",
    solve=sequence_loss,
    minutes=8,
    hints=(
        "`torch.arange(T) < lengths[:, None]` is a mask (N, T). Use it to *select* the logits that "
        "count: NaN times 0 is NaN.",
        "`real[mask]` is a row of all the logits that count. `softplus(-real[mask]).mean()`, and "
        "the same for the fakes, with their own mask and without the minus.",
    ),
    cases=batches,
    expected=step_by_step,
    mistakes=(
        Mistake(
            {"real[runs_real]": "real", "fake[runs_fake]": "fake"},
            "padding is counted. Leave out the steps after the end of each sequence.",
        ),
        Mistake(
            {"< lengths_real": "<= lengths_real", "< lengths_fake": "<= lengths_fake"},
            "one step too many: the steps are 0 to length - 1.",
        ),
        Mistake(
            {"softplus(-real[runs_real])": "softplus(real[runs_real])",
             "softplus(fake[runs_fake])": "softplus(-fake[runs_fake])"},
            "the signs: D wants high logits for real sequences, so its loss there is "
            "softplus(-real).",
        ),
        Mistake(
            _multiplied,
            "a mask that multiplies does not stop NaN: 0 · NaN is NaN. Select with the mask, "
            "before the softplus (after it, the loss is right, but its gradient is NaN).",
        ),
        Mistake(
            _per_sequence,
            "this is a mean over sequences of their means: a step of a short sequence weighs more. "
            "Take one mean over all steps that run.",
        ),
        Mistake(
            {"real[runs_real]": "real.where(runs_real, 0.0)",
             "fake[runs_fake]": "fake.where(runs_fake, 0.0)"},
            "a logit of 0 has a loss too, log 2. Leave the padding out, do not set it to 0.",
        ),
    ),
)  # fmt: skip


def by_pairs(told: Tensor, x: Tensor, shift: int) -> Tensor:
    """A loop over the steps whose truth is known."""
    steps = x.shape[1]
    errors = [(told[:, t] - x[:, t + shift]).square().mean() for t in range(steps - shift)]
    return torch.stack(errors).mean()


def series(generator: torch.Generator) -> list[Arguments]:
    """One short series, shifts of 0 and 1, then others at random."""
    x = torch.tensor([0.0, 1.0, 4.0, 9.0]).view(1, 4, 1)
    drawn: list[Arguments] = [(x, x, 1), (x, x, 0), (x + 1, x, 2)]
    for shift in (0, 1, 3):
        n, steps, channels = integers(generator, (1, 3), (5, 8), (1, 3))
        told, x = torch.randn(2, n, steps, channels, generator=generator)
        drawn.append((told, x, shift))
    return drawn


def prediction_error(told: torch.Tensor, x: torch.Tensor, shift: int) -> torch.Tensor:
    """The mean squared error of predictions, over all steps whose truth is known.

    told, x: (N, T, C). A network that has read x up to and including step t says told[:, t]: its
    prediction of x at step t + shift. shift: from 0 to T - 1.
    """
    known = x.shape[1] - shift
    return (told[:, :known] - x[:, shift:]).square().mean()


SHIFTED = Exercise(
    name="09.6",
    solve=prediction_error,
    minutes=5,
    hints=(
        "which prediction belongs to x[:, shift]? Which is the last one whose truth is inside x?",
        "`x[:, shift:]` are the truths, and as many predictions from the start belong to them. "
        "Mind `told[:, :-shift]` at shift 0.",
    ),
    cases=series,
    expected=by_pairs,
    mistakes=(
        Mistake(
            lambda told, x, shift: (told - x).square().mean(),
            "equal times: a network that copies its input gets 0 here. Compare with x `shift` "
            "steps later.",
        ),
        Mistake(
            {"told[:, :known] - x[:, shift:]": "told[:, shift:] - x[:, :known]"},
            "the wrong way round: this compares with x `shift` steps *earlier*, which the network "
            "has already read.",
        ),
        Mistake(
            {"told[:, :known] - x[:, shift:]": "told - x.roll(-shift, 1)"},
            "`roll` brings the first steps back at the end, as if they came next. Leave out the "
            "last predictions.",
        ),
        Mistake(
            {".square().mean()": ".square().sum()"},
            "a sum grows with the number of steps. Take the mean.",
        ),
    ),
)

EXERCISES = (CANVAS, LENGTHS, SHIFTED)
