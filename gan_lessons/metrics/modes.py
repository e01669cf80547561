"""Which modes samples fall to, where the modes are known: lost ones are what mode collapse is."""

from dataclasses import dataclass

import torch
from torch import Tensor

from gan_lessons.metrics.feature_net import FeatureNet
from gan_lessons.metrics.inputs import at_least_single, check_points
from gan_lessons.metrics.neighbours import distances


@dataclass(frozen=True, eq=False, repr=False)
class ModeReport:
    """How samples spread over modes.

    counts: (modes,) int64 on the CPU, the good samples of each mode
    samples: how many there were, good or not
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
        """KL(counts' shares || equal shares) in nats: 0 where all modes get as many good samples.

        At most the logarithm of the number of modes: all in one. NaN where no sample is good. Too
        large for few samples: n drawn from equal shares get about (modes - 1) / 2n.
        """
        share = self.counts.double() / self.counts.sum()
        return torch.xlogy(share, share * len(share)).sum().item()

    def __repr__(self) -> str:
        return (
            f"ModeReport({self.found} of {len(self.counts)} modes, {self.good:.1%} good, "
            f"reverse KL {self.reverse_kl:.3f})"
        )


def mode_report(samples: Tensor, centres: Tensor, std: float, *, within: float = 3.0) -> ModeReport:
    """The modes that samples of a toy set find, and the share of samples that are good.

    samples: (N, D), centres: (modes, D), std: of each mode in each coordinate, in their units.
    A sample is good where its nearest centre is nearer than `within` standard deviations, and it
    counts for that mode; one good sample finds a mode. This is how VEEGAN (Srivastava et al. 2017)
    and PacGAN (Lin et al. 2018) count on the ring of 8 and the grid of 25, from 2,500 samples.

    In the plane a share of 1 - exp(-within² / 2), 98.9 % at 3, of true samples is good: a
    generator above it makes its modes too narrow.

    Raises:
        ValueError: the widths differ, there is no sample or centre, one is not finite, or std or
            within is not above 0.
    """
    if samples.dim() != 2 or centres.dim() != 2 or samples.shape[1] != centres.shape[1]:
        raise ValueError(
            "samples must be (N, D) and centres (modes, D), "
            f"got {tuple(samples.shape)} and {tuple(centres.shape)}"
        )
    check_points("samples", samples)
    check_points("centres", centres)
    if not (std > 0 and within > 0):
        raise ValueError(f"std and within must be above 0, got {std} and {within}")
    samples = at_least_single(samples)
    nearest = distances(samples, centres.to(samples)).min(1)
    good = nearest.indices[nearest.values < within * std]
    return ModeReport(good.bincount(minlength=len(centres)).cpu(), len(samples))


@torch.no_grad()
def class_report(samples: Tensor, net: FeatureNet) -> ModeReport:
    """The classes that generated pictures show, as modes; the network's classifier tells.

    samples: (N, C, H, W), uint8 or floats in [-1, 1]. net: `features` of labelled pictures, with
    as many channels, or with one: then each channel is classified alone, and a mode is the number
    that they spell, first channel first. So `class_report(samples, features(load("mnist")))` counts
    the 1,000 modes of the data set stacked-mnist. The count is an idea of Unrolled GAN (Metz et al.
    2017, section 3.3.1); VEEGAN and PacGAN count on 26,000 samples.

    Every picture falls to some class, so all are good; one that the classifier gets wrong can find
    a mode that is not there. The report of real pictures says how much that is.

    Raises:
        ValueError: the pictures have another size than the network's, channels that do not fit, or
            are none, or not finite.
    """
    letters = 1
    if samples.dim() == 4 and net.pictures[0] == 1:
        letters = samples.shape[1]
        samples = samples.flatten(0, 1)[:, None]  # (N * C, 1, H, W)
    features = net.extract(samples)
    check_points("the pictures' features", features)
    classes = net.classify.out_features
    labels = net.classify(features).argmax(1).cpu().unflatten(0, (-1, letters))
    places = classes ** torch.arange(letters - 1, -1, -1)
    return ModeReport((labels @ places).bincount(minlength=classes**letters), len(labels))
