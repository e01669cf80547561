"""What `fit` tells a view about a running training."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from torch import Tensor

from gan_lessons.train.doctor.case import Finding
from gan_lessons.train.history import History


@dataclass(frozen=True)
class Progress:
    """Where a training stands. A view may add measured distances to `history.distances`."""

    step: int  # steps taken in all
    first_step: int  # steps that had been taken when this `fit` began
    goal: int  # steps at which it ends
    seconds: float  # of training in this `fit`
    history: History
    learning_rates: dict[str, float]  # of each network, now
    samples: Callable[[int], Tensor | None]  # n pictures, the same items at each call
    findings: Callable[[], list[Finding]] = list  # what is wrong now; costs about a step or two
    logits: Callable[[Tensor], dict[str, Tensor]] = lambda pictures: {}  # see `Game.logits`
    undecided: dict[str, float] = field(default_factory=dict)  # see `Game.undecided`


class Views:
    """Several views as one: each is told the same."""

    def __init__(self, *views: "View"):
        self.views = views
        self.shows_progress = any(getattr(view, "shows_progress", True) for view in views)

    def open(self, progress: Progress) -> None:
        for view in self.views:
            if hasattr(view, "open"):
                view.open(progress)

    def update(self, progress: Progress) -> None:
        for view in self.views:
            view.update(progress)

    def close(self, progress: Progress) -> None:
        for view in self.views:
            view.close(progress)


class View(Protocol):
    """What `fit` can show its progress on: `gan_lessons.widgets.TrainingView`, `TensorBoardView`.

    A view with `shows_progress` = False leaves the progress bar on. One with `open(progress)` is
    called once before the first step, too.
    """

    def update(self, progress: Progress) -> None:
        """Called between steps, several times a second: do something only when it is due."""

    def close(self, progress: Progress) -> None:
        """Called once when `fit` ends, however it ends."""
