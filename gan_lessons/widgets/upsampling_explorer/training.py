"""What the strategies are trained to do: bring back pictures that were made 4 times smaller.

Each strategy has a network of its own, two of its layers, with as many channels between them as the
multiply-adds of deconv4 allow. All of them see the same pictures in the same order.
"""

import copy
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from gan_lessons.checks import instance
from gan_lessons.data import Images
from gan_lessons.upsample import Cost, channels_for, cost, make

WIDTH = 24  # of deconv4: channels between its two layers
BATCH = 16
LEARNING_RATE = 6e-3
STRETCH = 5  # steps between two looks
MOST_STEPS = 400
FACTOR = 4  # two layers that double
KEPT_OUT = 64
LEARNED = 10_000  # at most: the rest would only take memory


class Pictures:
    """One set of pictures in two parts: to learn from, and kept out to judge by.

    learned: as they came. kept_out: (KEPT_OUT, 1, S, S) in [-1, 1].
    Raises ValueError where pictures are coloured, too few, or have sides that do not fit.
    """

    def __init__(self, images: Images):
        instance("images", images, Images)
        if images.channels != 1 or images.size % FACTOR or images.size < 4 * FACTOR:
            raise ValueError(
                f"pictures must be grey, with a side of 16, 20, 24, … pixels, got {images!r}"
            )
        if len(images) < 2 * KEPT_OUT:
            raise ValueError(f"there must be at least {2 * KEPT_OUT} pictures, got {len(images)}")
        order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
        self.learned = images.take(order[KEPT_OUT : KEPT_OUT + LEARNED])
        self.kept_out = images.floats(order[:KEPT_OUT]).cpu()
        self.size = images.size


def shrunk(pictures: Tensor) -> Tensor:
    """(N, 1, S, S) → (N, 1, S/4, S/4), each pixel the mean of 16."""
    return F.avg_pool2d(pictures, FACTOR)


def layers(channels: int, size: int) -> list[tuple[int, int, int]]:
    """Input channels, output channels and input side of the two layers that make size × size."""
    return [(1, channels, size // 4), (channels, 1, size // 2)]


def budget(size: int) -> int:
    """The multiply-adds for one picture that no strategy's network goes over."""
    return sum(cost("deconv4", *layer).multiply_adds for layer in layers(WIDTH, size))


class Course:
    """The training of one strategy, which remembers each stretch of it.

    name: of upsample.STRATEGIES. seed: of the first weights and of the order of the pictures; the
    same for all strategies.
    """

    def __init__(self, name: str, seed: int, pictures: Pictures):
        size = pictures.size
        self.name = name
        self.channels = channels_for(name, budget(size), lambda c: layers(c, size))
        costs = [cost(name, *layer) for layer in layers(self.channels, size)]
        self.cost = Cost(*(sum(numbers) for numbers in zip(*costs, strict=True)))
        with torch.random.fork_rng(devices=[]):  # the reader's random numbers stay as they are
            torch.manual_seed(seed)
            ends = [make(name, i, o) for i, o, _ in layers(self.channels, size)]
        self.network = nn.Sequential(ends[0], nn.ReLU(), ends[1])
        self._pictures = pictures
        self._order = torch.Generator().manual_seed(seed)
        self._optimiser = torch.optim.Adam(self.network.parameters(), LEARNING_RATE)
        self._weights = [self._now()]

    @property
    def steps(self) -> int:
        """How far it has come."""
        return STRETCH * (len(self._weights) - 1)

    def advance(self) -> None:
        """Trains for a stretch more."""
        learned = self._pictures.learned
        for _ in range(STRETCH):
            chosen = torch.randint(len(learned), (BATCH,), generator=self._order)
            pictures = learned.floats(chosen.to(learned.device)).cpu()
            loss = F.mse_loss(self.network(shrunk(pictures)), pictures)
            self._optimiser.zero_grad()
            loss.backward()
            self._optimiser.step()
        self._weights.append(self._now())

    def at(self, step: int) -> nn.Sequential:
        """The network as it was after so many steps; it changes with the next call."""
        vector_to_parameters(self._weights[step // STRETCH], self._copy.parameters())
        return self._copy

    @cached_property
    def _copy(self) -> nn.Sequential:
        return copy.deepcopy(self.network).requires_grad_(False)

    def _now(self) -> Tensor:
        return parameters_to_vector(self.network.parameters()).detach()
