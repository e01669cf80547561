"""A set of pictures in memory, and the conversion between bytes and the range [-1, 1]."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from gan_lessons.checks import device_of, fits, flag, instance, shown, whole

LARGEST = 2**32  # pixels of a set: 4 GB
OUTSIDE = 1e-3  # how far a value may lie outside [-1, 1] by rounding
MANY = 16  # so many pictures without any value below 0 are hardly meant as [-1, 1]
NEAR_BLACK = 0.02  # 5 of 255 levels, where black is 0


def to_float(pixels: Tensor) -> Tensor:
    """Any shape, uint8 in 0..255 → the same shape, float32 in [-1, 1], the range of tanh.

    Raises TypeError if the pixels are not uint8.
    """
    return _checked(pixels).to(torch.float32).div_(127.5).sub_(1)


def _checked(pixels: Tensor) -> Tensor:
    if instance("pixels", pixels, Tensor).dtype != torch.uint8:
        raise TypeError(f"pixels must be uint8 (0 to 255), got {pixels.dtype}: see to_uint8")
    return pixels


def check_range(floats: Tensor) -> None:
    """Raises ValueError if floating point pictures do not have the range [-1, 1].

    Values outside it by more than rounding are an error. So are 16 or more pictures (N, C, H, W)
    that use [0, 1]: no value is below 0, the darkest is at most 0.02, the brightest above 0.5. A
    generator's pictures do not do that in practice: it would have to draw nothing darker than a
    middle grey, and yet this grey. Pictures all white or all of one grey are accepted, and NaN is
    not looked at.
    """
    if not instance("floats", floats, Tensor).numel():
        return
    low, high = (float(value) for value in floats.detach().aminmax())
    if math.isnan(low):
        known = floats.detach()[~floats.isnan()]
        low, high = (float(known.min()), float(known.max())) if known.numel() else (0.0, 0.0)
    how = "pass them as uint8, or x / 127.5 - 1" if high > 2 and low >= 0 else ".clamp(-1, 1) them"
    if low < -1 - OUTSIDE or high > 1 + OUTSIDE:
        raise ValueError(f"pictures must lie in [-1, 1], got {low:.4g} to {high:.4g}: {how}")
    in_unit_range = 0 <= low <= NEAR_BLACK and high > 0.5
    if floats.dim() == 4 and len(floats) >= MANY and in_unit_range:
        raise ValueError(
            f"pictures must lie in [-1, 1], got {low:.4g} to {high:.4g}, as if black were 0: "
            "pass 2 * x - 1"
        )


def to_uint8(floats: Tensor, *, clip: bool = False) -> Tensor:
    """Any shape, floating point in [-1, 1] → the same shape, uint8 in 0..255.

    The inverse of `to_float`. clip: do not check the range, and clip what lies outside, to show
    what a network makes. Raises TypeError if the values are not floating point, and ValueError if
    one of them is NaN or if they have another range (see `check_range`).
    """
    flag("clip", clip)
    if not instance("floats", floats, Tensor).is_floating_point():
        raise TypeError(f"pictures must be floating point in [-1, 1], got {floats.dtype}")
    if floats.isnan().any():
        raise ValueError(
            f"{int(floats.isnan().sum())} of {floats.numel()} values are NaN: "
            "find the step that produced them"
        )
    if not clip:
        check_range(floats)
    return ((floats.to(torch.float32) + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)


def resize(pixels: Tensor, size: int) -> Tensor:
    """(N, C, H, W) uint8 → (N, C, size, size) uint8.

    28 to 32 pixels pads with black, as LeNet-5 did: no stroke is blurred. Any other size is an
    antialiased bilinear resize. Raises ValueError for a size below 1 or far too large, and
    TypeError if the pixels are not uint8.
    """
    size = whole("size", size, least=1)
    if _checked(pixels).dim() != 4:
        raise ValueError(f"pixels must have the shape (N, C, H, W), got {tuple(pixels.shape)}")
    fits("pixels", len(pixels) * pixels.shape[1] * size**2, LARGEST, "use a smaller size")
    if pixels.shape[-2:] == (size, size):
        return pixels
    if pixels.shape[-2:] == (28, 28) and size == 32:
        return F.pad(pixels, (2, 2, 2, 2))
    # In parts, because the float copy of a whole set at 64 pixels would take gigabytes.
    parts = [
        F.interpolate(part.float(), (size, size), mode="bilinear", antialias=True)
        .round()
        .clamp(0, 255)
        .to(torch.uint8)
        for part in pixels.split(4096)
    ]
    return torch.cat(parts)


@dataclass(frozen=True, eq=False, repr=False)
class Images:
    """Square pictures as one tensor, which can live on a GPU.

    pixels: (N, C, H, W) uint8 with H = W, on any device
    labels: (N,) int64, each an index into `classes`, on the device of the pixels; or None
    classes: the names of the classes; empty without classes
    name: what the set is called on screen
    skipped: files of a folder that could not be read, and the reason for each

    Raises TypeError or ValueError if the tensors do not fit this description.
    """

    pixels: Tensor
    labels: Tensor | None = None
    classes: tuple[str, ...] = ()
    name: str = "images"
    skipped: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shape = tuple(_checked(self.pixels).shape)
        instance("classes", self.classes, tuple)
        instance("name", self.name, str)
        instance("skipped", self.skipped, Mapping)
        if len(shape) != 4 or shape[1] < 1 or shape[2] < 1:
            raise ValueError(f"pixels must have the shape (N, C, H, W), got {shape}")
        if shape[2] != shape[3]:
            raise ValueError(f"pictures must be square, got {shape[2]} x {shape[3]} pixels")
        if self.labels is not None:
            self._check_labels(instance("labels", self.labels, Tensor))

    def _check_labels(self, labels: Tensor) -> None:
        if labels.dtype != torch.int64:
            raise TypeError(f"labels must be int64, got {labels.dtype}")
        if labels.shape != (len(self),):
            raise ValueError(
                f"labels must have the shape ({len(self)},), one label per picture, "
                f"got {tuple(labels.shape)}"
            )
        if labels.device != self.pixels.device:
            raise ValueError(f"pixels are on {self.pixels.device}, labels on {labels.device}")
        if len(self) and not (int(labels.min()) >= 0 and int(labels.max()) < len(self.classes)):
            raise ValueError(
                f"labels must lie in 0..{len(self.classes) - 1} for {len(self.classes)} classes, "
                f"got {int(labels.min())}..{int(labels.max())}"
            )

    def __len__(self) -> int:
        return self.pixels.shape[0]

    def __repr__(self) -> str:
        shape = " x ".join(str(n) for n in self.pixels.shape)
        return f"Images({self.name}: {shape} on {self.device}, {len(self.classes)} classes)"

    @property
    def shape(self) -> tuple[int, ...]:
        """(C, H, W): the shape of one picture."""
        return tuple(self.pixels.shape[1:])

    @property
    def size(self) -> int:
        """Height and width in pixels."""
        return self.pixels.shape[-1]

    @property
    def channels(self) -> int:
        return self.pixels.shape[1]

    @property
    def device(self) -> torch.device:
        return self.pixels.device

    def to(self, device: torch.device | str) -> Images:
        """The same set on another device."""
        device = device_of("device", device)
        labels = None if self.labels is None else self.labels.to(device)
        return replace(self, pixels=self.pixels.to(device), labels=labels)

    def take(self, chosen: int | slice | Sequence[int] | Tensor) -> Images:
        """A smaller set: the first n pictures, or those of a slice, indices or a bool mask.

        Raises ValueError for more pictures than there are, and for what is none of these;
        IndexError for an index out of range.
        """
        if isinstance(chosen, int | np.integer):
            chosen = slice(whole("number of pictures to take", chosen, 0, len(self)))
        chosen = self._indices("chosen", chosen)
        labels = None if self.labels is None else self.labels[chosen]
        return replace(self, pixels=self.pixels[chosen], labels=labels)

    def floats(self, indices: slice | Sequence[int] | Tensor | None = None) -> Tensor:
        """(N, C, H, W) float32 in [-1, 1]: all pictures, or those at `indices`, as in `take`."""
        if indices is None:
            return to_float(self.pixels)
        return to_float(self.pixels[self._indices("indices", indices)])

    def _indices(self, name: str, given: slice | Sequence[int] | Tensor) -> slice | Tensor:
        """A slice as it is, or (n,) indices, or a bool mask. Raises ValueError for others."""
        if isinstance(given, slice):
            return given
        try:
            found = torch.as_tensor(given, device=self.device)
        except (TypeError, ValueError, RuntimeError):
            found = torch.empty(())
        if found.shape == (0,):
            found = found.to(torch.int64)
        if found.dim() != 1 or found.is_floating_point() or found.is_complex():
            raise ValueError(f"{name} must be a slice, indices or a bool mask, got {shown(given)}")
        return found
