"""How far generated pictures are from real ones, measured in features learned from real ones.

net = features(images)                            # a small classifier, trained once and cached
real, fake = net.extract(images.pixels), net.extract(pictures)
frechet_distance(real, fake), kernel_distance(real, fake)    # one number for many defects
precision_recall(real, fake), density_coverage(real, fake)   # fidelity and diversity apart

judge = Judge(images, unseen)                     # the Fréchet distance, cheap to repeat
mode_report(points, toy.ring_centres(), 0.01)     # the modes found, if the modes are known
class_report(pictures, net)                       # the same, with classes as modes

evaluate(pictures, images, unseen)                # some of these at the end, beside real pictures'
"""

from gan_lessons.metrics.distances import KernelDistance, frechet_distance, kernel_distance
from gan_lessons.metrics.evaluation import Evaluation, evaluate
from gan_lessons.metrics.feature_net import FeatureNet, features
from gan_lessons.metrics.judge import Judge
from gan_lessons.metrics.modes import ModeReport, class_report, mode_report
from gan_lessons.metrics.neighbours import (
    DensityCoverage,
    PrecisionRecall,
    density_coverage,
    precision_recall,
)

__all__ = [
    "DensityCoverage",
    "Evaluation",
    "FeatureNet",
    "Judge",
    "KernelDistance",
    "ModeReport",
    "PrecisionRecall",
    "class_report",
    "density_coverage",
    "evaluate",
    "features",
    "frechet_distance",
    "kernel_distance",
    "mode_report",
    "precision_recall",
]
