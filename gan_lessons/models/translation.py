"""Networks from picture to picture, and a discriminator that judges patches.

    U = UNet(channels=2, noise=8)                  # a picture and a mask in, a picture out
    y = U(torch.cat([x, mask], 1), z)              # (N, 2, 28, 28), (N, 8) → (N, 1, 28, 28)
    fill = Completer(noise=8)                      # fills holes: fill(x, mask, z)
    D = PatchDiscriminator(layers=2)
    logits = D(pictures)                           # (N, 1, 28, 28) → (N, 5, 5)
    receptive_field(D)                             # 34: the side of the square each logit sees

None of them has a normalisation: they are small enough to do without one, and the same in training
and in use.
"""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gan_lessons.checks import instance, number, whole
from gan_lessons.models.modern import GAIN, SLOPE, scaled
from gan_lessons.models.parts import network

LAST = 0.1  # the last layer starts small, so that `start` decides what is drawn first
MOST_HALVINGS = 8


@network
class UNet(nn.Module):
    """An encoder of strided convolutions, a decoder of deconvolutions, and skips between them.

    x: (N, channels, H, W), z: (N, noise) → (N, out, H, W) in (-1, 1). H and W are multiples of
    2 ** layers. Each deconvolution but the first also sees the encoder's map of the same size, as
    in pix2pix (Isola et al. 2017, section 3.2.1). With skips=False it is a plain encoder and
    decoder: but for `start`, all that it knows of x passes through the smallest map.

    noise: the size of z, which is appended to the smallest map, the same at each place; 0 for none.
    layers: how often the maps are halved. width: channels of the largest map; each halving doubles
    them. start: x itself is added before the tanh, this many times: at 2 the network starts near
    its input (about tanh 2x), at -2 near its negative; not 0 only if `out` equals `channels`.

    Raises ValueError for numbers out of range, and for an x or z of another shape.
    """

    def __init__(
        self,
        channels: int = 1,
        out: int = 1,
        width: int = 16,
        layers: int = 2,
        noise: int = 0,
        skips: bool = True,
        start: float = 0.0,
    ):
        super().__init__()
        self.channels, self.skips = channels, skips
        self.start = number("start", start, -10, 10)
        if self.start and out != channels:
            raise ValueError(f"start must be 0 unless out equals channels, got {start}")
        self.latent = whole("noise", noise, 0, 2**16)
        self.layers = whole("layers", layers, 1, MOST_HALVINGS)
        down = [channels, *(width * 2**i for i in range(layers))]  # channels of the maps
        up = [*down[:0:-1], whole("out", out, 1, 1024)]
        self.down = nn.ModuleList(nn.Conv2d(a, b, 4, 2, padding=1) for a, b in pairwise(down))
        self.middle = nn.Conv2d(down[-1] + noise, down[-1], 3, padding=1)
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(2 * a if skips and i else a, b, 4, 2, padding=1)
            for i, (a, b) in enumerate(pairwise(up))
        )
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                scaled(layer, GAIN)
            if isinstance(layer, nn.ConvTranspose2d):
                scaled(layer, LAST if layer is self.up[-1] else GAIN)

    def forward(self, x: Tensor, z: Tensor | None = None) -> Tensor:
        self._check(x, z)
        maps, y = [], x  # of the encoder, largest first
        for layer in self.down:
            y = F.leaky_relu(layer(y), SLOPE)
            maps.append(y)
        if z is not None:
            y = torch.cat([y, z[:, :, None, None].expand(-1, -1, *y.shape[2:])], 1)
        y = F.leaky_relu(self.middle(y), SLOPE)
        for i, layer in enumerate(self.up):
            if i:
                y = F.leaky_relu(y, SLOPE)
                y = torch.cat([y, maps[-1 - i]], 1) if self.skips else y
            y = layer(y)
        return torch.tanh(y + self.start * x if self.start else y)

    def _check(self, x: Tensor, z: Tensor | None) -> None:
        shape, step = tuple(instance("x", x, Tensor).shape), 2**self.layers
        if len(shape) != 4 or shape[1] != self.channels or shape[2] % step or shape[3] % step:
            raise ValueError(
                f"x must be (N, {self.channels}, H, W) with H and W multiples of {step}, "
                f"got {shape}"
            )
        check_latent(z, len(x), self.latent)


@network
class Completer(nn.Module):
    """Fills a hole of x: (N, channels, size, size), given mask: (N, 1, size, size), z: (N, noise).

    x is in [-1, 1]; mask is 1 in the hole, 0 around it, and nothing between. What x holds in the
    hole is blanked before the network sees it, and the surroundings come out as they went in.

    Two strided convolutions, a dense layer in the middle, through which every place can tell every
    other what it sees (Pathak et al. 2016, "Context Encoders", section 3.1, has one too), and two
    deconvolutions. z joins in the middle; noise=0 for none. size is a multiple of 4.

    Raises ValueError for numbers out of range, for a mask that has another shape or other values,
    and for an x or z of another shape.
    """

    def __init__(self, size: int = 28, channels: int = 1, width: int = 16, noise: int = 0):
        super().__init__()
        if size % 4:
            raise ValueError(f"size must be a multiple of 4, got {size}")
        self.shape, self.latent = (channels, size, size), whole("noise", noise, 0, 2**16)
        inside = (2 * width, size // 4, size // 4)
        numbers = math.prod(inside)
        self.encoder = nn.Sequential(
            nn.Conv2d(channels + 1, width, 4, 2, padding=1), nn.LeakyReLU(SLOPE),
            nn.Conv2d(width, 2 * width, 4, 2, padding=1), nn.LeakyReLU(SLOPE),
            nn.Flatten(),
        )  # fmt: skip
        self.middle = nn.Linear(numbers + noise, 8 * width)
        self.decoder = nn.Sequential(
            nn.LeakyReLU(SLOPE),
            nn.Linear(8 * width, numbers), nn.LeakyReLU(SLOPE),
            nn.Unflatten(1, inside),
            nn.ConvTranspose2d(2 * width, width, 4, 2, padding=1), nn.LeakyReLU(SLOPE),
            nn.ConvTranspose2d(width, channels, 4, 2, padding=1), nn.Tanh(),
        )  # fmt: skip

    def forward(self, x: Tensor, mask: Tensor, z: Tensor | None = None) -> Tensor:
        if tuple(instance("x", x, Tensor).shape[1:]) != self.shape:
            raise ValueError(f"x must be (N, *{self.shape}), got {tuple(x.shape)}")
        check_mask(x, mask)
        check_latent(z, len(x), self.latent)
        seen = x * (1 - mask)
        inside = self.encoder(torch.cat([seen, mask], 1))  # (N, numbers)
        if z is not None:
            inside = torch.cat([inside, z], 1)
        return seen + mask * self.decoder(self.middle(inside))


def check_latent(z: Tensor | None, n: int, size: int) -> None:
    """Raises ValueError unless z is (n, size), or None if size is 0."""
    given = None if z is None else tuple(instance("z", z, Tensor).shape)
    if given != ((n, size) if size else None):
        needed = f"z must be {(n, size)}" if size else "this network takes no z"
        raise ValueError(f"{needed}, got {given}")


def check_mask(x: Tensor, mask: Tensor) -> None:
    """Raises ValueError unless mask is (N, 1, H, W) for pictures x, and holds only 0 and 1.

    Values are checked on the CPU only: reading them from a GPU would make the program wait for it.
    """
    shape = tuple(instance("x", x, Tensor).shape)
    if tuple(instance("mask", mask, Tensor).shape) != (*shape[:1], 1, *shape[2:]):
        raise ValueError(
            f"mask must be {(*shape[:1], 1, *shape[2:])} for pictures {shape}, "
            f"got {tuple(mask.shape)}"
        )
    if mask.device.type == "cpu" and not ((mask == 0) | (mask == 1)).all():
        raise ValueError(
            "mask must hold only 0 (known) and 1 (hole): a value between them lets the answer "
            f"through, got {float(mask[(mask != 0) & (mask != 1)][0]):.3g}"
        )


@network
class PatchDiscriminator(nn.Module):
    """x: (N, channels, H, W) → (N, h, w) logits, one for each overlapping patch.

    `layers` convolutions of kernel 4 and stride 2, then two of kernel 4 and stride 1: pix2pix's
    design (Isola et al. 2017, section 6.1.2). With 1, 2, 3 layers each logit sees a square of 16,
    34, 70 pixels (see `receptive_field`), part of which may lie outside of the picture.

    Raises ValueError for numbers out of range, and for pictures too small for a single logit.
    """

    def __init__(self, channels: int = 1, width: int = 16, layers: int = 1):
        super().__init__()
        layers = whole("layers", layers, 0, MOST_HALVINGS)
        widths = [channels, *(width * 2 ** min(i, 3) for i in range(layers + 1))]
        strides = [2] * layers + [1]
        self.layers = nn.Sequential()
        for a, b, stride in zip(widths[:-1], widths[1:], strides, strict=True):
            self.layers.append(nn.Conv2d(a, b, 4, stride, padding=1))
            self.layers.append(nn.LeakyReLU(SLOPE))
        self.layers.append(nn.Conv2d(widths[-1], 1, 4, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        least = min(tuple(instance("x", x, Tensor).shape[2:]), default=0)
        for layer in self.layers:
            if isinstance(layer, nn.Conv2d):
                least = 1 + (least - 2) // layer.stride[0]
        if least < 1:
            raise ValueError(f"pictures are too small for a single patch, got {tuple(x.shape)}")
        return self.layers(x)[:, 0]


def receptive_field(thing: nn.Module | list[tuple[int, int]]) -> int:
    """The side of the square that holds all inputs of one output of a chain of convolutions.

    thing: (kernel, stride) of each convolution in order, or a network whose `nn.Conv2d` layers,
    all square, follow one another. The square grows by (kernel - 1) steps with each layer, and a
    step is the product of all strides before.

    Raises ValueError for a kernel or stride below 1, and for a network with a deconvolution.
    """
    if isinstance(thing, nn.Module):
        if any(isinstance(each, nn.ConvTranspose2d) for each in thing.modules()):
            raise ValueError("the chain must hold convolutions only, got a deconvolution")
        convolutions = [each for each in thing.modules() if isinstance(each, nn.Conv2d)]
        thing = [
            (each.dilation[0] * (each.kernel_size[0] - 1) + 1, each.stride[0])
            for each in convolutions
        ]
    side, step = 1, 1
    for kernel, stride in instance("thing", thing, list):
        side += (whole("kernel", kernel, 1) - 1) * step
        step *= whole("stride", stride, 1)
    return side
