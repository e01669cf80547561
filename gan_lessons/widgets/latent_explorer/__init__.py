"""The latent explorer: principal directions, a walk, and a grid between four corners.

LatentExplorer(trainer)                                         # its averaged generator
LatentExplorer(generator, seed=3, shifts=[1.5, -2.0])           # two directions moved
LatentExplorer(generator, view="walk", towards=7, path="linear")
"""

from gan_lessons.widgets.latent_explorer.explorer import LatentExplorer

__all__ = ["LatentExplorer"]
