"""How samples spread over known modes. Modes without samples are a sign of mode collapse."""

from dataclasses import dataclass

import torch
from torch import Tensor

from gan_lessons.checks import instance, number
from gan_lessons.metrics.feature_net import FeatureNet
from gan_lessons.metrics.inputs import check_points
from gan_lessons.metrics.neighbours import distances


@dataclass(frozen=True, eq=False, repr=False)
class ModeReport:
    """How samples spread over modes.

    counts: (modes,) int64 on the CPU, the good samples of each mode
    samples: the number of all samples, good or not
    """

    counts: Tensor
    samples: int

    @property
    def found(self) -> int:
        """Modes with at least one good sample."""
        return int((self.counts > 0).sum())

    @property
    def good(self) -> float:
        """The share of samples that are good, from 0 to 1."""
        return int(self.counts.sum()) / self.samples

    @property
    def reverse_kl(self) -> float:
        """KL(shares of the counts || equal shares) in nats.

        0 if all modes have equally many good samples; at most the logarithm of the number of
        modes, if one mode has all. NaN if no sample is good. Biased upwards: n samples from equal
        shares get about (modes - 1) / 2n.
        """
        share = self.counts.double() / self.counts.sum()
        return torch.xlogy(share, share * len(share)).sum().item()

    def __repr__(self) -> str:
        return (
            f"ModeReport({self.found} of {len(self.counts)} modes, {self.good:.1%} good, "
            f"reverse KL {self.reverse_kl:.3f})"
        )


def mode_report(samples: Tensor, centres: Tensor, std: float, *, within: float = 3.0) -> ModeReport:
    """The modes of a toy set that samples find, and the share of samples that are good.

    samples: (N, D), centres: (modes, D), std: the standard deviation of each mode in each
    coordinate, in units of the samples. A sample is good if its nearest centre is closer than
    `within` standard deviations; it counts for that mode. One good sample finds a mode. VEEGAN
    (Srivastava et al. 2017) and PacGAN (Lin et al. 2018) count like this on the ring of 8 and the
    grid of 25, from 2,500 samples.

    In the plane, a share of 1 - exp(-within² / 2) of real samples is good, 98.9 % for 3. A
    clearly larger share is no praise: the modes are too narrow, or their edges are missing.

    Raises:
        ValueError: the widths differ, there are no samples or centres, one is not finite, or std
            or within is not above 0.
    """
    instance("samples", samples, Tensor)
    instance("centres", centres, Tensor)
    if samples.dim() != 2 or centres.dim() != 2 or samples.shape[1] != centres.shape[1]:
        raise ValueError(
            "samples must be (N, D) and centres (modes, D), "
            f"got {tuple(samples.shape)} and {tuple(centres.shape)}"
        )
    check_points("samples", samples)
    check_points("centres", centres)
    std, within = number("std", std, above=0), number("within", within, above=0)
    # In float64 on the CPU: squares of float32's numbers overflow, and not every device has it.
    nearest = distances(samples.detach().cpu().double(), centres.detach().cpu().double()).min(1)
    good = nearest.indices[nearest.values < within * std]
    return ModeReport(good.bincount(minlength=len(centres)), len(samples))


@torch.no_grad()
def class_report(samples: Tensor, net: FeatureNet) -> ModeReport:
    """The classes that generated pictures show, counted as modes by the network's classifier.

    samples: (N, C, H, W), uint8 or floats in [-1, 1]. net: `features` of labelled pictures, with C
    channels or with one. With one, each channel is classified alone, and a mode is the number that
    the classes spell, first channel first: `class_report(samples, features(load("mnist")))` counts
    the 1,000 modes of the data set stacked-mnist. The idea is from Unrolled GAN (Metz et al. 2017,
    section 3.3.1); VEEGAN and PacGAN count on 26,000 samples.

    Every picture gets some class, so all are good, and a wrong answer of the classifier can find a
    mode that is not there. The report of real pictures shows how often that happens.

    Raises:
        ValueError: the size or channels do not fit the network, or there are no pictures, or they
            are not finite, or they are floats of another range than [-1, 1].
    """
    instance("net", net, FeatureNet, "pass features(images)")
    digits = 1
    if instance("samples", samples, Tensor).dim() == 4 and net.pictures[0] == 1:
        digits = samples.shape[1]
        samples = samples.flatten(0, 1)[:, None]  # (N * C, 1, H, W)
    features = net.extract(samples)
    check_points("the pictures' features", features)
    classes = net.classify.out_features
    labels = net.classify(features).argmax(1).cpu().unflatten(0, (-1, digits))
    powers = classes ** torch.arange(digits - 1, -1, -1)
    return ModeReport((labels @ powers).bincount(minlength=classes**digits), len(labels))
