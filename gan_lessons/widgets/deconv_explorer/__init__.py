"""The deconvolution explorer: sliders for one layer, and linked views of all its numbers.

DeconvExplorer()                                       # a kernel of 3, stride 2
DeconvExplorer(dims=2, kernel=4, padding=1)            # doubles 4 × 4
DeconvExplorer(layer, view="matrix")                   # a trained layer, channel by channel
"""

from gan_lessons.widgets.deconv_explorer.explorer import DeconvExplorer

__all__ = ["DeconvExplorer"]
