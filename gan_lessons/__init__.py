"""Deconvolution and GANs, from the formula to full training: the package behind the notebooks."""

__version__ = "0.2.0"
