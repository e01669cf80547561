"""How far generated pictures are from real ones, measured in features learned from the real ones.

net = features(images)                            # a small classifier, trained once, cached
real, fake = net.extract(images.pixels), net.extract(pictures)
frechet_distance(real, fake), kernel_distance(real, fake)      # one number for all faults
precision_recall(real, fake), density_coverage(real, fake)     # fidelity apart from diversity

judge = Judge(images, unseen)                     # the Fréchet distance, again and again
mode_report(points, toy.ring_centres(), 0.01)     # modes found, where the modes are known
class_report(pictures, net)                       # the same where the modes are classes
"""

from gan_lessons.metrics.distances import KernelDistance, frechet_distance, kernel_distance
from gan_lessons.metrics.feature_net import FEATURES, STEPS, FeatureNet, features
from gan_lessons.metrics.judge import Judge
from gan_lessons.metrics.modes import ModeReport, class_report, mode_report
from gan_lessons.metrics.neighbours import (
    DensityCoverage,
    PrecisionRecall,
    density_coverage,
    precision_recall,
)

__all__ = [
    "FEATURES",
    "STEPS",
    "DensityCoverage",
    "FeatureNet",
    "Judge",
    "KernelDistance",
    "ModeReport",
    "PrecisionRecall",
    "class_report",
    "density_coverage",
    "features",
    "frechet_distance",
    "kernel_distance",
    "mode_report",
    "precision_recall",
]
