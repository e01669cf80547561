"""The GAN Lab: a whole GAN on points of the plane, watched, stepped and rewound.

After GAN Lab for the browser (Kahng et al. 2018, arXiv 1809.01587), on networks of PyTorch.

lab = GanLab()                          # a ring of 8, untrained
lab.run(1000); lab.metrics              # plays on; what is shown, as numbers
lab.generator, lab.discriminator        # the networks themselves, from any cell
GanLab.preset("collapses")              # a phenomenon to watch
"""

from gan_lessons.widgets.gan_lab.explorer import GanLab
from gan_lessons.widgets.gan_lab.presets import PRESETS
from gan_lessons.widgets.gan_lab.settings import GanLabSettings

__all__ = ["PRESETS", "GanLab", "GanLabSettings"]
