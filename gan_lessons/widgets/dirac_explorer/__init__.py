"""Dirac-GAN: each player is one number, and training can be seen whole.

DiracExplorer()                                           # minimax, both players at once
DiracExplorer("minimax + R1, γ = 0.3", step_size=0.4)     # a preset with one change
DiracExplorer(loss="wgan", clip=1.0, updates="alternating", steps=200)
"""

from gan_lessons.widgets.dirac_explorer.explorer import DiracExplorer

__all__ = ["DiracExplorer"]
