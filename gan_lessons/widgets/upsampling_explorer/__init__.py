"""The upsampling explorer: ways to double a map, side by side, before and after a training.

UpsamplingExplorer()                                            # four strategies, untrained
UpsamplingExplorer(("deconv3", "deconv4-equal"), steps=200)     # trained for 200 steps
"""

from gan_lessons.widgets.upsampling_explorer.explorer import UpsamplingExplorer

__all__ = ["UpsamplingExplorer"]
