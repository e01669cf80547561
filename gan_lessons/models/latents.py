"""Ways between latents, and latents that are cut off: what walks and sheets are made of."""

import torch
import torch.nn.functional as F
from torch import Tensor

from gan_lessons.checks import instance, number, one_of, whole

SPHERICAL, LINEAR = "spherical", "linear"
PATHS = (SPHERICAL, LINEAR)
PARALLEL = 1e-6  # sines below this: there is no arc to follow
MOST_FRAMES = 2**20


def between(a: Tensor, b: Tensor, t: Tensor, path: str) -> Tensor:
    """The latents a share t of the way from a to b. a, b: (..., D), t: (..., 1) in [0, 1].

    "linear" goes straight; "spherical" along the arc (White 2016), with lengths changing from |a|
    to |b| as the formula has them. Where a and b point the same or the opposite way there is no
    one arc, and it goes straight as well.
    """
    if path == LINEAR:
        return (1 - t) * a + t * b
    kind, a, b, t = a.dtype, a.double(), b.double(), t.double()  # acos is blunt near 0 and π
    angle = F.cosine_similarity(a, b, dim=-1).clamp(-1, 1).acos()[..., None]
    sine = angle.sin()
    arc = (((1 - t) * angle).sin() * a + (t * angle).sin() * b) / sine
    return torch.where(sine > PARALLEL, arc, (1 - t) * a + t * b).to(kind)


def loop(points: Tensor, frames: int, path: str = SPHERICAL) -> Tensor:
    """A way through all points and back to the first, in steps of equal shares.

    points: (waypoints, ..., D) → (frames, ..., D). Frame 0 is the first point, and the frame after
    the last would be frame 0 again. A waypoint is hit where frames / waypoints is whole.

    Raises ValueError for fewer than 2 waypoints, or no frames.
    """
    if instance("points", points, Tensor).dim() < 2 or len(points) < 2:
        raise ValueError(
            f"points must be at least 2 latents, (waypoints, ..., D), got {tuple(points.shape)}"
        )
    frames = whole("frames", frames, 1, MOST_FRAMES)
    one_of("path", path, PATHS)
    at = torch.arange(frames, dtype=torch.float64) * len(points) / frames
    start = at.long()
    share = (at - start).reshape(-1, *[1] * (points.dim() - 1)).to(points.device)
    after = (start + 1) % len(points)
    return between(points[start], points[after], share.to(points.dtype), path)


def truncated(z: Tensor, limit: float) -> Tensor:
    """Latents as if every number beyond ±limit had been drawn again (Brock et al. 2019, BigGAN).

    z: any shape, drawn from N(0, 1). Each number moves to the same quantile of the distribution
    that is cut off. So z moves little by little with the limit, and stays what it is far above it.
    A smaller limit means safer, less varied pictures. Raises ValueError if it is not above 0.
    """
    limit = number("truncation", limit, above=0)
    instance("z", z, Tensor)
    low = torch.special.ndtr(torch.tensor(-limit, dtype=torch.float64)).to(z.device)
    u = low + torch.special.ndtr(z.double()) * (1 - 2 * low)
    return torch.special.ndtri(u).clamp(-limit, limit).to(z.dtype)
