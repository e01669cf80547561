"""The step as a CUDA graph: recorded once, then repeated in one launch.

A step of small networks is a few hundred short kernels, and the program needs longer to ask for
them than the GPU to run them. A graph asks for all at once. It repeats the very same kernels on the
very same memory, so all that changes from step to step is written there before: the places of the
real pictures, the learning rates, what a schedule changes. Random numbers go on, because the
generator is registered with the graph.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from gan_lessons.train.trainer import Trainer

WARM_UP = 3  # steps taken plainly before, in which torch chooses and sets up what it needs


class Recorded:
    """Takes the turns of a trainer's step; the first few plainly, then by a graph.

    Raises:
        ValueError: the trainer is not on CUDA, its data lies elsewhere, or there are several
            processes.
    """

    def __init__(self, trainer: "Trainer"):
        if trainer.device.type != "cuda":
            raise ValueError(f"the lever graph needs a CUDA device, this is {trainer.device}")
        if not trainer.levers.data_on_device:
            raise ValueError("the lever graph reads the pictures itself: it needs data_on_device")
        if trainer.ranks.size > 1:
            raise ValueError("the lever graph is for one process: turn it off for several")
        self.trainer = trainer
        self.stream = torch.cuda.Stream(trainer.device)
        self.taken = 0
        # A graph for each pattern of updates with and without a lazy penalty: what is recorded,
        # the places that it reads, the losses that it writes.
        self.graphs: dict[tuple[bool, ...], tuple[torch.cuda.CUDAGraph, list[Tensor], Tensor]] = {}
        trainer.game.dials = {
            name: torch.zeros((), device=trainer.device) for name in ("gamma", "noise")
        }

    def __call__(self, batches: Sequence[Tensor]) -> Tensor:
        """Both losses of the step, (2,)."""
        self._turn_dials()
        if self.taken < WARM_UP:
            self.taken += 1
            return self._aside(batches)
        updates = self.trainer.config.discriminator_updates
        first = self.trainer.steps * updates
        pattern = tuple(self.trainer.game.is_due(first + turn) for turn in range(updates))
        if pattern not in self.graphs:
            self.graphs[pattern] = self._record(batches)
        graph, places, losses = self.graphs[pattern]
        for kept, new in zip(places, batches, strict=True):
            kept.copy_(new)
        graph.replay()
        return losses.clone()

    def _turn_dials(self) -> None:
        game, dials = self.trainer.game, self.trainer.game.dials
        game.dials = {}
        for name, dial in dials.items():
            dial.fill_(getattr(game, name)(self.trainer.steps))
        game.dials = dials

    def _aside(self, batches: Sequence[Tensor]) -> Tensor:
        """A plain step on the stream that will record, so that it finds its memory warm."""
        self.stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self.stream):
            losses = self.trainer.turns(batches)
        torch.cuda.current_stream().wait_stream(self.stream)
        return losses

    def _record(
        self, batches: Sequence[Tensor]
    ) -> tuple[torch.cuda.CUDAGraph, list[Tensor], Tensor]:
        places = [batch.clone() for batch in batches]
        graph = torch.cuda.CUDAGraph()
        graph.register_generator_state(self.trainer.rng)
        with torch.cuda.graph(graph, stream=self.stream):
            losses = self.trainer.turns(places)
        return graph, places, losses
