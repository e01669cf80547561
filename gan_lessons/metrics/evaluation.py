"""All that is measured of a generator at the end, each number beside what real pictures get.

print(evaluate(pictures, images, unseen))
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import torch
from torch import Tensor
from tqdm.auto import tqdm

from gan_lessons.checks import instance
from gan_lessons.data import Images
from gan_lessons.metrics.distances import frechet_distance
from gan_lessons.metrics.feature_net import FeatureNet
from gan_lessons.metrics.judge import Judge
from gan_lessons.metrics.modes import class_report
from gan_lessons.metrics.neighbours import precision_recall

BORDER = 0.01  # the share of real pictures that lie nearer to a training picture than the border
LOWER, HIGHER = "lower is better", "higher is better"
K = 3  # neighbours, for precision and recall
LEAST = 10  # pictures of each kind
TWICE = 0.01  # of the median distance: nearer pictures are the same, up to rounding
ROWS = 1000  # of the matrix of distances at a time


@dataclass(frozen=True)
class Measure:
    """One number for generated pictures, and the same number for as many real ones.

    name: what it is. reading: how to read it. whole: the greatest value, of a count. share: whether
    it is shown in percent.
    """

    name: str
    generated: float
    real: float
    reading: str
    whole: int | None = None
    share: bool = False


@dataclass(frozen=True)
class Evaluation:
    """What `evaluate` found.

    count: pictures of each kind. measures: by key, in the order in which they are shown. notes:
    what to know when reading them, a sentence each.
    """

    count: int
    measures: Mapping[str, Measure]
    notes: tuple[str, ...]

    def __getitem__(self, key: str) -> Measure:
        return self.measures[key]

    def to_dict(self) -> dict:
        """Plain data, for JSON."""
        return {
            "count": self.count,
            "measures": {key: asdict(each) for key, each in self.measures.items()},
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        rows = [("", "generated", "real", "")]
        for each in self.measures.values():
            own, real = (_shown(value, each) for value in (each.generated, each.real))
            rows.append((each.name, own, real, each.reading))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            f"{name:{widths[0]}}  {own:>{widths[1]}}  {real:>{widths[2]}}  {reading}".rstrip()
            for name, own, real, reading in rows
        ]
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])


def _shown(value: float, measure: Measure) -> str:
    if measure.whole is not None:
        return f"{value:.0f} of {measure.whole}"
    return f"{value:.1%}" if measure.share else f"{value:.3g}"


def evaluate(
    pictures: Tensor,
    images: Images,
    unseen: Images | None = None,
    labels: Tensor | None = None,
    *,
    device: str | torch.device = "cpu",
) -> Evaluation:
    """Judges pictures: (N, C, H, W), uint8 or floats in [-1, 1].

    images: the training pictures. unseen: others of the same kind; without them, half of the
    training pictures stand in, and numbers may flatter a generator that copies. labels: (N,) int64,
    the classes that a conditional generator was asked for. Only as many pictures are used as there
    are real ones for each side.

    distance: the Fréchet distance from unseen pictures; the same of training pictures is the floor.
    precision, recall: with k = 3. classes, reverse_kl: the classes found and KL(shares || equal
    shares), if images have labels. asked: the share that the classifier calls the class that was
    asked for; for real pictures, its accuracy. copies: the share of pictures that lie nearer to a
    training picture, in features, than 99 of 100 real pictures do; for these it is therefore 1 in
    100. It finds copies that the features take for such, not all kinds (lesson 08).

    Raises:
        ValueError: there are fewer than 10 pictures of a kind, the shapes or the range do not fit,
            or labels are not what a generator of these classes was asked for.
    """
    instance("pictures", pictures, Tensor)
    instance("images", images, Images)
    if unseen is not None:
        instance("unseen", unseen, Images)
    _check_labels(labels, len(pictures), len(images.classes))
    real = len(images) // 2 if unseen is None else min(len(images), len(unseen))
    if pictures.dim() != 4 or min(real, len(pictures)) < LEAST:
        raise ValueError(
            f"at least {LEAST} pictures of each kind are needed, got {len(pictures)} generated and "
            f"{real} real ones{' (half of the training pictures)' if unseen is None else ''}"
        )
    judge = Judge(images, unseen, count=len(pictures), device=device)
    n, net = judge.count, judge.net
    own = net.extract(pictures[:n])
    stored = _extract(net, images.pixels)
    rng = torch.Generator().manual_seed(0)
    order = torch.randperm(len(images), generator=rng)  # as `Judge` does: not those that stand in
    learned = order[:n]
    as_real = stored[learned.to(stored.device)]
    ours, floor = (precision_recall(judge.real, each, K) for each in (own, as_real))
    measures = {
        "distance": Measure(
            "Fréchet distance", frechet_distance(judge.real, own), judge.floor, LOWER
        ),
        "precision": Measure("precision", ours.precision, floor.precision, HIGHER),
        "recall": Measure("recall", ours.recall, floor.recall, HIGHER),
    }
    notes = []
    if unseen is None:
        notes.append("no unseen pictures were given: half of the training pictures stand in")
    if images.labels is not None and len(images.labels.unique()) > 1:
        measures |= _of_classes(pictures[:n], images.take(learned), net)
        if labels is not None:
            said = net.classify(own).argmax(1).cpu()
            asked = (said == labels[:n].cpu()).double().mean().item()
            measures["asked"] = Measure("shown as asked", asked, net.accuracy, HIGHER, share=True)
    copies, note = _copies(own, stored, None if unseen is None else judge.real, order)
    measures |= copies
    return Evaluation(n, measures, (*notes, *note))


def _check_labels(labels: Tensor | None, n: int, classes: int) -> None:
    if labels is None:
        return
    instance("labels", labels, Tensor)
    fit = labels.dtype == torch.int64 and labels.shape == (n,)
    if not fit or not 0 <= int(labels.min()) <= int(labels.max()) < classes:
        raise ValueError(
            f"labels must be ({n},) int64, each from 0 to {classes - 1}, "
            f"got {tuple(labels.shape)} {labels.dtype}"
        )


def _of_classes(pictures: Tensor, real: Images, net: FeatureNet) -> dict[str, Measure]:
    ours, theirs = (class_report(each, net) for each in (pictures, real.pixels))
    modes = len(ours.counts)
    return {
        "classes": Measure("classes found", ours.found, theirs.found, HIGHER, whole=modes),
        "reverse_kl": Measure(
            "KL from equal shares", ours.reverse_kl, theirs.reverse_kl, "best near real"
        ),
    }


def _copies(
    own: Tensor, stored: Tensor, unseen: Tensor | None, order: Tensor
) -> tuple[dict[str, Measure], list[str]]:
    """The share of copies, or why there is none. own: (N, D), stored: (all, D)."""
    if unseen is None:
        chosen = order[: len(own) * 2].to(stored.device)
        real = nearest(stored[chosen], stored, besides_itself=True)
    else:
        real = nearest(unseen, stored)
    border = real.double().quantile(BORDER).item()
    if border <= TWICE * real.median().item():
        return {}, ["copies were not measured: more than 1 in 100 real pictures occur twice"]
    ours, theirs = ((each < border).double().mean().item() for each in (nearest(own, stored), real))
    return {"copies": Measure("copies", ours, theirs, "far above real: it copies", share=True)}, []


def nearest(features: Tensor, stored: Tensor, *, besides_itself: bool = False) -> Tensor:
    """(N,), how far each row of features: (N, D) is from the nearest of stored: (M, D).

    besides_itself: the rows are among the stored ones, and each leaves itself out.
    """
    centre = stored.mean(0)  # small numbers lose fewer digits
    stored = stored - centre
    found = []
    for rows in tqdm(
        (features - centre).split(ROWS), desc="comparing", delay=1, leave=False, disable=None
    ):
        near = torch.cdist(rows, stored).topk(1 + besides_itself, largest=False).values
        found.append(near[:, -1])
    return torch.cat(found).cpu()


def _extract(net: FeatureNet, pixels: Tensor) -> Tensor:
    parts = tqdm(pixels.split(ROWS), desc="features", delay=1, leave=False, disable=None)
    return torch.cat([net.extract(part) for part in parts])
