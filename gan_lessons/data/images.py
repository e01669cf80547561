"""A set of pictures in memory, and the one place where bytes become the range [-1, 1]."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional as F


def to_float(pixels: Tensor) -> Tensor:
    """Any shape, uint8 in 0..255 -> the same shape, float32 in [-1, 1], the range of a tanh.

    Raises TypeError where the pixels are not uint8.
    """
    if pixels.dtype != torch.uint8:
        raise TypeError(f"pixels must be uint8 (0 to 255), got {pixels.dtype}")
    return pixels.to(torch.float32) / 127.5 - 1


def to_uint8(floats: Tensor) -> Tensor:
    """Any shape, float in [-1, 1] -> the same shape, uint8 in 0..255; the inverse of `to_float`.

    Values outside [-1, 1] are clipped. Raises TypeError where the values are not floating point
    and ValueError where one of them is NaN.
    """
    if not floats.is_floating_point():
        raise TypeError(f"pictures must be floating point in [-1, 1], got {floats.dtype}")
    if floats.isnan().any():
        raise ValueError(
            f"{int(floats.isnan().sum())} of {floats.numel()} values are NaN: "
            "find the step that made them, they are no picture"
        )
    return ((floats.to(torch.float32) + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)


def resize(pixels: Tensor, size: int) -> Tensor:
    """(N, C, H, W) uint8 -> (N, C, size, size) uint8.

    28 to 32 pixels pads with black, as is the habit since LeNet-5: no stroke is blurred. Every
    other size is an antialiased bilinear resize. Raises ValueError for a size below 1.
    """
    if size < 1:
        raise ValueError(f"size must be at least 1 pixel, got {size}")
    if pixels.shape[-2:] == (size, size):
        return pixels
    if pixels.shape[-2:] == (28, 28) and size == 32:
        return F.pad(pixels, (2, 2, 2, 2))
    # In slices, because the float copy of a whole set at 64 pixels would take gigabytes.
    slices = [
        F.interpolate(part.float(), (size, size), mode="bilinear", antialias=True)
        .round()
        .clamp(0, 255)
        .to(torch.uint8)
        for part in pixels.split(4096)
    ]
    return torch.cat(slices)


@dataclass(frozen=True, eq=False, repr=False)
class Images:
    """Square pictures as one tensor, which can live on a GPU.

    pixels: (N, C, H, W) uint8 with H = W, on any device
    labels: (N,) int64, each an index into `classes`, on the device of the pixels; or None
    classes: the names of the classes; empty where there are none
    name: what the set is called on screen

    Raises TypeError and ValueError where the tensors do not fit that description.
    """

    pixels: Tensor
    labels: Tensor | None = None
    classes: tuple[str, ...] = ()
    name: str = "images"

    def __post_init__(self) -> None:
        if self.pixels.dtype != torch.uint8:
            raise TypeError(f"pixels must be uint8 (0 to 255), got {self.pixels.dtype}")
        shape = tuple(self.pixels.shape)
        if len(shape) != 4 or shape[1] < 1 or shape[2] < 1:
            raise ValueError(f"pixels must have the shape (N, C, H, W), got {shape}")
        if shape[2] != shape[3]:
            raise ValueError(f"pictures must be square, got {shape[2]} x {shape[3]} pixels")
        if self.labels is not None:
            self._check_labels(self.labels)

    def _check_labels(self, labels: Tensor) -> None:
        if labels.dtype != torch.int64:
            raise TypeError(f"labels must be int64, got {labels.dtype}")
        if labels.shape != (len(self),):
            raise ValueError(
                f"labels must have the shape ({len(self)},), one for each picture, "
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
        labels = None if self.labels is None else self.labels.to(device)
        return replace(self, pixels=self.pixels.to(device), labels=labels)

    def take(self, which: int | slice | Sequence[int] | Tensor) -> Images:
        """A smaller set: the first `which` pictures, or those of a slice, indices or a bool mask.

        Raises ValueError where more pictures are asked for than there are, IndexError for an
        index that is out of range.
        """
        if isinstance(which, int):
            if not 0 <= which <= len(self):
                raise ValueError(f"can take 0 to {len(self)} pictures of {self.name}, got {which}")
            which = slice(which)
        elif not isinstance(which, slice):
            which = torch.as_tensor(which, device=self.device)
            if which.numel() == 0:
                which = which.to(torch.int64)
        labels = None if self.labels is None else self.labels[which]
        return replace(self, pixels=self.pixels[which], labels=labels)

    def floats(self, indices: Sequence[int] | Tensor | None = None) -> Tensor:
        """(N, C, H, W) float32 in [-1, 1]: all pictures, or those at the indices."""
        return to_float(self.pixels if indices is None else self.pixels[indices])
