"""A step as a CUDA graph: recorded once, then repeated with one launch.

A step of small networks is a few hundred short kernels, and the program takes longer to launch them
than the GPU takes to run them. A graph launches all at once. It repeats the very same kernels on
the very same memory, so everything that changes from step to step is first written there: the
indices of the batches, the learning rates (which the trainer keeps on the device), the scheduled
values. Random numbers go on, because the generator is registered with the graph.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from gan_lessons.train.game import Turn

WARM_UP = 3  # times that turns are played without a graph first: torch sets up what they need

Indices = Mapping[str, Tensor] | None  # of each data set, for one turn; None: no new batch
Play = Callable[[Sequence[Turn], Sequence[Indices], Mapping[str, float | Tensor]], Tensor]


class RecordedStep:
    """Plays the turns of a step: the first few times directly, then by a graph.

    play: takes the turns, the indices of their batches and the scheduled values, and returns the
    losses, (names of turns,). rng: the generator that `play` draws from, on a CUDA device.
    """

    def __init__(self, play: Play, rng: torch.Generator):
        self.play = play
        self.rng = rng
        self.stream = torch.cuda.Stream(rng.device)
        self.warmed_up: Counter[tuple[Turn, ...]] = Counter()
        self.values: dict[str, Tensor] = {}  # where a recorded step reads the scheduled values
        # One graph for each sequence of turns (a lazy penalty makes several): the graph, the
        # indices that it reads, the losses that it writes.
        self.graphs: dict[tuple[Turn, ...], tuple[torch.cuda.CUDAGraph, list[Indices], Tensor]] = {}

    def __call__(
        self, turns: Sequence[Turn], indices: Sequence[Indices], values: Mapping[str, float]
    ) -> Tensor:
        """The losses of the step, as `play` returns them."""
        for name, value in values.items():
            self.values.setdefault(name, torch.zeros((), device=self.rng.device)).fill_(value)
        key = tuple(turns)
        if self.warmed_up[key] < WARM_UP:
            self.warmed_up[key] += 1
            return self._aside(turns, indices)
        if key not in self.graphs:
            self.graphs[key] = self._record(turns, indices)
        graph, static, losses = self.graphs[key]
        for recorded, new in zip(static, indices, strict=True):
            for name in recorded or {}:
                recorded[name].copy_(new[name])  # type: ignore[index]
        graph.replay()
        return losses.clone()

    def _aside(self, turns: Sequence[Turn], indices: Sequence[Indices]) -> Tensor:
        """A step without a graph, on the stream that will record, so that its memory is warm."""
        self.stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self.stream):
            losses = self.play(turns, indices, self.values)
        torch.cuda.current_stream().wait_stream(self.stream)
        return losses

    def _record(
        self, turns: Sequence[Turn], indices: Sequence[Indices]
    ) -> tuple[torch.cuda.CUDAGraph, list[Indices], Tensor]:
        static: list[Indices] = [
            None if each is None else {name: chosen.clone() for name, chosen in each.items()}
            for each in indices
        ]
        graph = torch.cuda.CUDAGraph()
        graph.register_generator_state(self.rng)
        with torch.cuda.graph(graph, stream=self.stream):
            losses = self.play(turns, static, self.values)
        return graph, static, losses
