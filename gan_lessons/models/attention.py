"""Self-attention over a feature map: every place looks at every other, and learns where.

    block = SelfAttention(64)
    y = block(x)                    # (N, 64, H, W) → the same shape
    y, weights = block.look(x)      # and where each place looked: (N, H·W, H·W)

Places are numbered row by row: (row, column) is `row * W + column`.
"""

import torch
from torch import Tensor, nn

from gan_lessons.checks import flag, instance, number, whole
from gan_lessons.models.parts import add_spectral_norm, ranged

MOST_SIDE = 128  # of a map that `nearby` makes a mask for: 2.7e8 pairs of places


def attend(
    q: Tensor, k: Tensor, v: Tensor, *, scale: float = 1.0, mask: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Each query's mean of the values, weighted by how well their keys match it.

    q: (..., T, d), k: (..., S, d), v: (..., S, C). Returns (..., T, C), and the weights
    softmax(scale · q kᵀ): (..., T, S), not negative, with sum 1 over S.

    scale: 1 as in SAGAN. Transformers take 1/√d (Vaswani et al. 2017, section 3.2.1), and so does
    torch's `scaled_dot_product_attention` unless it is told another one. mask: bool, of a shape
    that broadcasts to that of the weights; a query sees only the keys that are True.

    Raises ValueError if the shapes do not fit together, the mask is not bool, or it leaves a query
    without any key.
    """
    for name, each in (("q", q), ("k", k), ("v", v)):
        if instance(name, each, Tensor).dim() < 2:
            raise ValueError(f"{name} must have at least 2 dimensions, got {tuple(each.shape)}")
    if q.shape[-1] != k.shape[-1] or k.shape[-2] != v.shape[-2]:
        raise ValueError(
            "q must be (..., T, d), k (..., S, d) and v (..., S, C), "
            f"got {tuple(q.shape)}, {tuple(k.shape)} and {tuple(v.shape)}"
        )
    scores = number("scale", scale) * (q @ k.transpose(-1, -2))
    if mask is not None:
        scores = scores.masked_fill(~_checked(mask, scores.shape), float("-inf"))
    weights = scores.softmax(-1)
    return weights @ v, weights


def _checked(mask: Tensor, shape: torch.Size) -> Tensor:
    if instance("mask", mask, Tensor).dtype != torch.bool:
        raise ValueError(f"mask must be bool, True for a key that is seen, got {mask.dtype}")
    try:
        fits = torch.broadcast_shapes(mask.shape, shape) == shape
    except RuntimeError:
        fits = False
    if not fits:
        raise ValueError(f"mask must broadcast to {tuple(shape)}, got {tuple(mask.shape)}")
    if not mask.any(-1).all():
        raise ValueError("mask must leave every query at least one key")
    return mask


def nearby(side: int, reach: int) -> Tensor:
    """(side², side²) bool: whether two places of a map are at most `reach` rows and columns apart.

    A mask with which attention sees what a kernel of side 2 · reach + 1 sees. Raises ValueError for
    a side below 1 or above 128, or a reach below 0.
    """
    side, reach = whole("side", side, 1, MOST_SIDE), whole("reach", reach, 0)
    line = torch.arange(side)
    near = (line[:, None] - line).abs() <= reach  # (side, side): of rows, and of columns
    return (near[:, None, :, None] & near[None, :, None, :]).reshape(side**2, side**2)


class SelfAttention(nn.Module):
    """The block of SAGAN: x + γ o(x), with o the attention of all places to all places.

    x: (N, channels, H, W) → the same shape. Queries and keys have channels // reduction numbers,
    values as many as x. γ is one learned number, 0 at first: the block then is exactly the
    identity, and its queries, keys and values get exactly no gradient until γ has moved.

    As in the paper, the scores are not divided by √d. The paper writes the values as two
    convolutions, to channels / 8 and back; one matrix here can do what both do. Without a
    mask the block doesn't know where a place lies: if the places of x are permuted, so are those of
    the result.

    reduction: 1 to channels. spectral: spectral norm on the three convolutions, as in SAGAN. mask:
    (H·W, H·W) bool, which places each place may see; then it fits maps of that size only.

    Raises ValueError for a number out of range, and for a map that the mask or the channels do not
    fit.

    Source: Zhang et al. 2019, "Self-Attention Generative Adversarial Networks", section 3.
    """

    mask: Tensor | None

    def __init__(
        self,
        channels: int,
        *,
        reduction: int = 8,
        spectral: bool = False,
        mask: Tensor | None = None,
    ):
        super().__init__()
        channels = ranged("channels", channels)
        inner = channels // whole("reduction", reduction, 1, channels)
        self.query = nn.Conv2d(channels, inner, 1, bias=False)
        self.key = nn.Conv2d(channels, inner, 1, bias=False)
        self.value = nn.Conv2d(channels, channels, 1, bias=False)
        self.gamma = nn.Parameter(torch.zeros(()))
        if mask is not None:
            size = len(instance("mask", mask, Tensor))
            mask = _checked(mask, torch.Size((size, size)))
        self.register_buffer("mask", mask, persistent=False)
        if flag("spectral", spectral):
            add_spectral_norm(self)

    def look(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The result, and the weights (N, H·W, H·W): row i says where place i looks."""
        shape = tuple(instance("x", x, Tensor).shape)
        if len(shape) != 4 or shape[1] != self.value.in_channels:
            raise ValueError(f"x must be (N, {self.value.in_channels}, H, W), got {shape}")
        if self.mask is not None and len(self.mask) != shape[2] * shape[3]:
            raise ValueError(
                f"the mask is for {len(self.mask)} places, got {shape[2]} x {shape[3]}"
            )
        q, k, v = (
            layer(x).flatten(2).transpose(1, 2)  # (N, H·W, d) or (N, H·W, C)
            for layer in (self.query, self.key, self.value)
        )
        seen, weights = attend(q, k, v, mask=self.mask)
        return x + self.gamma * seen.transpose(1, 2).reshape(shape), weights

    def forward(self, x: Tensor) -> Tensor:
        return self.look(x)[0]
