"""The steering explorer: ask a conditional generator for a class, or for a mix of two.

SteeringExplorer(trainer)                                   # its averaged generator
SteeringExplorer(trainer, net, asked=3, other=8, mix=0.5)   # and a classifier that reads along
SteeringExplorer(generator, truncation=0.5, seed=7)
"""

from gan_lessons.widgets.steering_explorer.explorer import SteeringExplorer

__all__ = ["SteeringExplorer"]
