"""Two clouds of points in the plane, real and fake, and what each metric makes of them.

MetricExplorer()                                  # nothing wrong: what chance alone does
MetricExplorer("shrunk", n=300)                   # a preset with one change
MetricExplorer(data="ring", drop=4, noise=0.1)    # half of the modes lost, and some noise
"""

from gan_lessons.widgets.metric_explorer.explorer import MetricExplorer

__all__ = ["MetricExplorer"]
