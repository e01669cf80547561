"""Exercises of lesson 12: the roofline, a flow's line and steps, gradients of many processes."""

import torch
from torch import Tensor

from gan_lessons.exercises.cases import Arguments, integers
from gan_lessons.exercises.engine import Exercise, Mistake


def by_loop(operations: Tensor, moved: Tensor, peak: float, bandwidth: float) -> float:
    """Layer by layer, each at the rate that its operations per byte allow."""
    seconds = 0.0
    for count, size in zip(operations.tolist(), moved.tolist(), strict=True):
        seconds += count / min(peak, bandwidth * count / size)
    return seconds


def layers(generator: torch.Generator) -> list[Arguments]:
    """(operations, moved, peak, bandwidth): one held back by each limit, both, drawn ones."""
    cases: list[Arguments] = [
        (torch.tensor([8.0]).double(), torch.tensor([1.0]).double(), 2.0, 1.0),
        (torch.tensor([1.0]).double(), torch.tensor([8.0]).double(), 2.0, 1.0),
        (torch.tensor([8.0, 1.0]).double(), torch.tensor([1.0, 8.0]).double(), 2.0, 1.0),
    ]
    for _ in range(4):
        (n,) = integers(generator, (2, 5))
        operations, moved = (1 + 9 * torch.rand(2, n, generator=generator)).double()
        peak, bandwidth = (1 + 3 * torch.rand(2, generator=generator)).tolist()
        cases.append((operations, moved, peak, bandwidth))
    return cases


def least_seconds(
    operations: torch.Tensor, moved: torch.Tensor, peak: float, bandwidth: float
) -> float:
    """The least time that some layers can take, one after the other, in seconds.

    operations, moved: (L,) float64, the operations and the bytes moved of each layer. peak:
    operations a second, bandwidth: bytes a second. Within a layer, both go on at the same time.
    """
    return torch.maximum(operations / peak, moved / bandwidth).sum().item()


ROOFLINE = Exercise(
    name="12.1",
    solve=least_seconds,
    minutes=6,
    hints=(
        "how long would a layer take if only operations cost time? And if only bytes did? Both go "
        "on at once: which of the two times counts?",
        "the longer one, `torch.maximum(operations / peak, moved / bandwidth)`. Layers wait for "
        "each other, so add up.",
    ),
    cases=layers,
    expected=by_loop,
    mistakes=(
        Mistake(
            lambda operations, moved, peak, bandwidth: (
                (operations / peak + moved / bandwidth).sum().item()
            ),
            "this lets a layer compute first and move bytes afterwards. Both go on at once: the "
            "longer one counts.",
        ),
        Mistake(
            lambda operations, moved, peak, bandwidth: max(
                (operations.sum() / peak).item(), (moved.sum() / bandwidth).item()
            ),
            "this compares the sums of all layers. One layer's idle time does not help another: "
            "take the longer time of each layer, then add up.",
        ),
        Mistake(
            {"torch.maximum": "torch.minimum"},
            "this takes the shorter time. A layer is done when the slower of the two is done.",
        ),
        Mistake(
            lambda operations, moved, peak, bandwidth: (operations / peak).sum().item(),
            "this is the time at the peak. Layers with few operations per byte wait for memory.",
        ),
    ),
)


def by_steps(noise: Tensor, x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    """Item by item."""
    points = [a + s * (b - a) for a, b, s in zip(noise, x, t, strict=True)]
    return torch.stack(points), torch.stack([b - a for a, b in zip(noise, x, strict=True)])


def lines(generator: torch.Generator) -> list[Arguments]:
    """(noise, x, t), float64: the ends of the line, as many items as columns, drawn ones."""
    cases: list[Arguments] = []
    for shape in ((2, 1, 2, 2), (3, 2, 3, 3), (4, 1, 4, 4)):
        noise, x = torch.randn(2, *shape, generator=generator).double()
        cases.append((noise, x, torch.rand(shape[0], generator=generator).double()))
    noise, x = torch.randn(2, 2, 1, 1, 1, generator=generator).double()
    cases.append((noise, x, torch.tensor([0.0, 1.0]).double()))
    return cases


def straight_line(
    noise: torch.Tensor, x: torch.Tensor, t: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """What flow matching shows the network, and what it asks for: both (N, C, H, W).

    noise, x: (N, C, H, W), the ends of the line at t = 0 and t = 1. t: (N,) in [0, 1], one time for
    each item. Returns the point at time t, and the velocity there.
    """
    share = t[:, None, None, None]
    return (1 - share) * noise + share * x, x - noise


LINE = Exercise(
    name="12.2",
    solve=straight_line,
    minutes=5,
    hints=(
        "which end is at t = 0? And t has one number for each item: which shape must it get to "
        "multiply (N, C, H, W)?",
        "`t[:, None, None, None]`. The velocity is the derivative of the point by t; on a straight "
        "line it is the same at all times.",
    ),
    cases=lines,
    expected=by_steps,
    mistakes=(
        Mistake(
            {"(1 - share) * noise + share * x": "share * noise + (1 - share) * x"},
            "at t = 0 the point must be the noise, and at t = 1 the data: yours are exchanged.",
        ),
        Mistake(
            {"x - noise": "noise - x"},
            "the velocity points from noise to data: derive your point by t.",
        ),
        Mistake(
            {", x - noise": ", x"},
            "this asks for the data itself. The velocity is the derivative of the point by t.",
        ),
        Mistake(
            {"t[:, None, None, None]": "t.mean()"},
            "each item has a time of its own.",
        ),
    ),
)


def by_two_halves(rate: Tensor, x: Tensor, steps: int) -> Tensor:
    """The velocity is rate · t + x / 2: each step is x ← x (1 + 1 / 2k) + rate i / k²."""
    for i in range(steps):
        x = x * (1 + 1 / (2 * steps)) + rate * i / steps**2
    return x


def fields(generator: torch.Generator) -> list[Arguments]:
    """(rate, x, steps): one step, two, several."""
    cases: list[Arguments] = []
    for steps in (1, 2, 3, 5, 8):
        rate, x = torch.randn(2, 3, 2, generator=generator).double()
        cases.append((rate, x, steps))
    return cases


def follow(rate: torch.Tensor, x: torch.Tensor, steps: int) -> torch.Tensor:
    """Carries x from t = 0 to t = 1 in equal steps along the velocity v(x, t) = rate · t + x / 2.

    rate, x: (N, D) float64. Each step goes straight on, with the velocity at its beginning (Euler).
    """
    for i in range(steps):
        velocity = rate * (i / steps) + x / 2
        x = x + velocity / steps
    return x


EULER = Exercise(
    name="12.3",
    solve=follow,
    minutes=6,
    hints=(
        "how long is each of the steps, and at which time does step number i begin?",
        "it begins at t = i / steps and is 1 / steps long: `x = x + velocity / steps`, with the "
        "velocity computed anew from the current x.",
    ),
    cases=fields,
    expected=by_two_halves,
    mistakes=(
        Mistake(
            {"velocity / steps": "velocity"},
            "each step is 1 / steps long: multiply the velocity by that.",
        ),
        Mistake(
            {"rate * (i / steps)": "rate * ((i + 1) / steps)"},
            "this takes the time at the end of a step. Euler takes the one at its beginning.",
        ),
        Mistake(
            {"rate * (i / steps)": "rate * (i / max(steps - 1, 1))"},
            "this spreads the times so that the last one is 1. Step i begins at i / steps.",
        ),
        Mistake(
            lambda rate, x, steps: (
                x + sum(rate * (i / steps) + x / 2 for i in range(steps)) / steps
            ),
            "the velocity changes as x moves: compute it anew at each step.",
        ),
    ),
)


def by_items(gradients: Tensor, counts: Tensor) -> Tensor:
    """Each process's mean, once for each of its items."""
    every = torch.repeat_interleave(gradients, counts, 0)
    return every.mean(0)


def parts(generator: torch.Generator) -> list[Arguments]:
    """(gradients, counts): equal parts, an idle process, a small rest, drawn ones."""
    cases: list[Arguments] = []
    for own in ([4, 4], [4, 1], [3, 0], [1, 2, 5]):
        gradients = torch.randn(len(own), 3, generator=generator).double()
        cases.append((gradients, torch.tensor(own)))
    p, d = integers(generator, (2, 5), (1, 4))
    counts = torch.randint(1, 9, (p,), generator=generator)
    cases.append((torch.randn(p, d, generator=generator).double(), counts))
    return cases


def whole_gradient(gradients: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
    """The gradient of the mean loss over all items of all processes, (D,).

    gradients: (P, D) float64, each process's gradient of the mean loss over its own items; any
    finite numbers for one without items.
    counts: (P,) int64, how many items each process had; at least one had some.
    """
    return (counts[:, None] * gradients).sum(0) / counts.sum()


SHARED = Exercise(
    name="12.4",
    solve=whole_gradient,
    minutes=5,
    hints=(
        "a process with three times as many items: how much should its mean count?",
        "turn each mean back into a sum, `counts[:, None] * gradients`, add over processes, and "
        "divide by the number of all items.",
    ),
    cases=parts,
    expected=by_items,
    mistakes=(
        Mistake(
            lambda gradients, counts: gradients.mean(0),
            "the plain mean over processes is right only for equal parts: here an item of a small "
            "part counts more than one of a large part.",
        ),
        Mistake(
            lambda gradients, counts: gradients.sum(0),
            "this grows with the number of processes. The loss is a mean over items.",
        ),
        Mistake(
            {"/ counts.sum()": "/ len(counts)"},
            "these are sums over items: divide by the number of items, not of processes.",
        ),
        Mistake(
            lambda gradients, counts: (gradients / counts.clamp(min=1)[:, None]).mean(0),
            "the gradients are means over each process's items already. Weigh them by counts.",
        ),
    ),
)


def by_parts(step: float, fixed: float, message: float, bandwidth: float, processes: int) -> float:
    """From seconds of one process and of many."""
    alone = step + fixed
    sent = 0.0
    for _ in range(processes - 1):
        sent += 2 * message / processes / bandwidth  # each of 2 (p - 1) rounds sends a p-th
    return alone / (step / processes + fixed + sent)


def clusters(generator: torch.Generator) -> list[Arguments]:
    """(step, fixed, message, bandwidth, processes): alone, nothing fixed, drawn ones."""
    cases: list[Arguments] = [(1.0, 0.5, 2.0, 4.0, 1), (1.0, 0.0, 1.0, 1e6, 4)]
    for processes in (2, 3, 8, 64):
        step, fixed, message, bandwidth = (
            0.1 + torch.rand(4, generator=generator).double()
        ).tolist()
        cases.append((step, fixed, message, bandwidth, processes))
    return cases


def speed_up(step: float, fixed: float, message: float, bandwidth: float, processes: int) -> float:
    """How many times as fast `processes` processes take a step as one does.

    step: seconds of one process for the work that can be split evenly; fixed: seconds that each
    process needs in any case. message: bytes of gradients, bandwidth: bytes a second between
    neighbours. Processes in a ring average their gradients in 2 · (processes - 1) rounds, one after
    the other, in each of which each sends a part, message / processes, to its neighbour.
    """
    averaging = 2 * (processes - 1) * message / processes / bandwidth
    return (step + fixed) / (step / processes + fixed + averaging)


SCALING = Exercise(
    name="12.5",
    solve=speed_up,
    minutes=7,
    hints=(
        "write down the seconds of a step for one process, then for many: what is split, what "
        "stays, and what is new?",
        "(step + fixed) / (step / processes + fixed + averaging), where averaging takes "
        "2 · (processes - 1) rounds of message / processes / bandwidth seconds.",
    ),
    cases=clusters,
    expected=by_parts,
    mistakes=(
        Mistake(
            lambda step, fixed, message, bandwidth, processes: float(processes),
            "this is the best that could be. What is fixed, and the message, keep it from that.",
        ),
        Mistake(
            {"step / processes + fixed": "(step + fixed) / processes"},
            "the fixed part is not split: each process needs all of it.",
        ),
        Mistake(
            {" + averaging)": ")"},
            "the processes must also average their gradients.",
        ),
        Mistake(
            {"message / processes / bandwidth": "message / bandwidth"},
            "in each round a process sends only its part of the message, message / processes.",
        ),
        Mistake(
            {"2 * (processes - 1)": "2 * processes"},
            "the ring has 2 · (processes - 1) rounds; a single process sends nothing.",
        ),
    ),
)

EXERCISES = (ROOFLINE, LINE, EULER, SHARED, SCALING)
