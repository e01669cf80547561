"""Exercises of lesson 06: the sizes of a DCGAN, its learned numbers, latent walks, its loss."""

import torch
from torch import Tensor

from gan_lessons.deconv import illegal, output_size
from gan_lessons.exercises import measures
from gan_lessons.exercises.cases import Arguments, integers
from gan_lessons.exercises.engine import Exercise, Mistake
from gan_lessons.losses import LOSSES
from gan_lessons.models.dcgan import Generator


def padding_that_doubles(kernel: int) -> int | None:
    """Found by trying every padding on several sizes."""
    sizes = (1, 2, 3, 7, 14, 28)
    for padding in range(kernel):
        legal = not any(illegal(n, kernel, 2, padding) for n in sizes)
        if legal and all(output_size(n, kernel, 2, padding) == 2 * n for n in sizes):
            return padding
    return None


def kernels(generator: torch.Generator) -> list[Arguments]:
    """The usual kernels, then larger ones, as many even as odd."""
    halves = integers(generator, *[(4, 30)] * 6)
    larger = [2 * half + odd for half in halves for odd in (0, 1)]
    return [(kernel,) for kernel in (4, 3, 2, 5, 6, 1, *larger)]


def doubling_padding(kernel: int) -> int | None:
    """The padding that makes a deconvolution of stride 2, without output padding, double every
    size; None if none does.
    """
    return None if kernel % 2 else (kernel - 2) // 2


PADDING = Exercise(
    name="06.1",
    solve=doubling_padding,
    minutes=4,
    hints=(
        "with stride 2 a deconvolution makes `(n - 1) * 2 + kernel - 2 * padding` positions of n. "
        "Ask for `2 * n` and see what is left.",
        "n drops out: `2 * padding = kernel - 2`. The left side is even, so an odd kernel has no "
        "such padding.",
    ),
    cases=kernels,
    expected=padding_that_doubles,
    mistakes=(
        Mistake(
            lambda kernel: kernel // 2,
            "half the kernel is what an odd kernel needs at stride 1 to keep a size. Solve the "
            "size formula for stride 2 instead.",
        ),
        Mistake(
            lambda kernel: (kernel - 1) // 2,
            "right for even kernels. With an odd kernel this padding makes `2 * n - 1` positions, "
            "one too few.",
        ),
        Mistake(
            lambda kernel: (kernel - 2) // 2,
            "right for even kernels. With an odd kernel of 3 or more this padding makes "
            "`2 * n + 1` positions, one too many.",
        ),
        Mistake(
            lambda kernel: (kernel - 2) / 2,
            "the formula is right, but a padding is a whole number: divide with `//`, and say "
            "None where a half would be left.",
        ),
        Mistake(
            lambda kernel: 1,
            "1 belongs to the kernel of 4. Other kernels need another padding, or have none.",
        ),
    ),
)


def learned_numbers(size: int, width: int, channels: int = 1, latent: int = 100) -> int:
    """Counted in the network itself."""
    network = Generator(size=size, channels=channels, latent=latent, width=width)
    return sum(parameter.numel() for parameter in network.parameters())


def settings(generator: torch.Generator) -> list[Arguments]:
    """(size, width, channels, latent): the lesson's own, then each size with the rest drawn."""
    sizes = (28, 64, 8, 20, 32, 40, 48)
    drawn = [(size, *integers(generator, (4, 16), (1, 4), (2, 200))) for size in sizes]
    return [(28, 64), (32, 64, 3), *drawn]


def generator_parameters(size: int, width: int, channels: int = 1, latent: int = 100) -> int:
    """How many numbers the DCGAN generator for size × size pixels learns, by a formula.

    The sides of its maps are map_sizes(size). The last map before the picture has `width` channels,
    and each map before it has twice as many as the next.
    """
    from gan_lessons.models.dcgan import map_sizes

    first, *doubled = map_sizes(size)  # 28 → 7, [14, 28]
    wide = width * 2 ** (len(doubled) - 1)
    count = latent * wide * first**2 + 2 * wide  # kernels, then a scale and a shift per channel
    for _ in doubled[:-1]:
        narrow = wide // 2
        count += wide * narrow * 4**2 + 2 * narrow
        wide = narrow
    return count + wide * channels * 4**2 + channels  # the one layer with a bias


COUNT = Exercise(
    name="06.2",
    solve=generator_parameters,
    minutes=10,
    hints=(
        "a layer from c to d channels with a kernel of side k learns `c * d * k**2` weights. "
        "Batch norm learns a scale and a shift per channel. Print the generator: which layers "
        "have a bias, and which have no batch norm after them?",
        "for 28 pixels the maps are 7, 14 and 28: `latent → 2 * width` channels with a kernel of "
        "7, `2 * width → width` with a kernel of 4, `width → channels` with a kernel of 4. The "
        "first two are followed by batch norm and have no bias, the last one is the other way "
        "round. Larger pictures have more layers like the second.",
    ),
    cases=settings,
    expected=learned_numbers,
    mistakes=(
        Mistake(
            {" + 2 * wide": "", " + 2 * narrow": ""},
            "all the deconvolutions' numbers are there. Batch norm learns as well: a scale and a "
            "shift for each channel.",
        ),
        Mistake(
            {"2 * wide  #": "3 * wide  #", "2 * narrow": "3 * narrow"},
            "you count a bias in every layer. Before batch norm there is none: the mean would take "
            "it away again.",
        ),
        Mistake(
            {"2 * wide  #": "wide  #", "2 * narrow": "narrow"},
            "batch norm learns two numbers per channel, a scale and a shift; you count one.",
        ),
        Mistake(
            {"2 * wide  #": "4 * wide  #", "2 * narrow": "4 * narrow"},
            "you count four numbers per channel of batch norm. The running mean and variance are "
            "kept, not learned; what is learned is a scale and a shift.",
        ),
        Mistake(
            {"latent * wide * first**2 + 2 * wide": "0"},
            "the first layer is missing, which leads from z to the first map.",
        ),
        Mistake(
            {"first**2": "4**2"},
            "the first kernel is as large as the first map, `map_sizes(size)[0]`, which is 4 only "
            "for some sizes.",
        ),
        Mistake(
            {"4**2 + channels": "4**2"},
            "one bias is missing: the last layer has no batch norm after it, so it has a bias, "
            "one number per channel of the picture.",
        ),
    ),
)


def on_the_arc(a: Tensor, b: Tensor, t: float) -> Tensor:
    """Turns a in the plane of a and b, so that nothing is divided by a sine."""
    a, b = a.double(), b.double()  # the angle of float32 vectors is coarse where it is small
    u, v = a / a.norm(), b / b.norm()
    across = v - (u @ v) * u
    angle = torch.atan2(across.norm(), u @ v)
    across = across / across.norm().clamp_min(1e-300)
    turned = torch.cos(t * angle) * u + torch.sin(t * angle) * across
    return torch.lerp(a.norm(), b.norm(), t) * turned


def weighted_by_sines(a: Tensor, b: Tensor, t: float) -> Tensor:
    """The usual formula, with a and b as they are (White 2016): the same where |a| = |b|."""
    angle = torch.acos((a @ b / (a.norm() * b.norm())).clamp(-1, 1))
    if angle < 1e-4:
        return torch.lerp(a, b, t)
    return (torch.sin((1 - t) * angle) * a + torch.sin(t * angle) * b) / torch.sin(angle)


def latent_pairs(generator: torch.Generator) -> list[Arguments]:
    """Right angles, normal latents, equal directions.

    Equal directions lie along an axis, so that no rounding decides whether a formula survives.
    """
    right, up = torch.tensor([2.0, 0.0]), torch.tensor([0.0, 2.0])
    normal = [(*torch.randn(2, 100, generator=generator), t) for t in (0.0, 0.3, 0.8, 1.0)]
    return [(right, up, 0.5), (right, up, 0.25), *normal, (up, up, 0.5), (up, 2 * up, 0.25)]


def slerp(a: torch.Tensor, b: torch.Tensor, t: float) -> torch.Tensor:
    """The latent a share t of the way along the arc from a to b: (D,), (D,), 0 to 1 → (D,).

    On the way its length goes evenly from that of a to that of b, or as in `along_sphere`. a and b
    may point the same way. Opposite ones are left out: no arc between the two is the shortest.
    """
    u, v = a / a.norm(), b / b.norm()
    angle = torch.acos((u @ v).clamp(-1, 1))
    if angle < 1e-4:  # one direction: sin(angle) would divide by almost nothing
        return (1 - t) * a + t * b
    turned = (torch.sin((1 - t) * angle) * u + torch.sin(t * angle) * v) / torch.sin(angle)
    return ((1 - t) * a.norm() + t * b.norm()) * turned


def usual_slerp(a: Tensor, b: Tensor, t: float) -> Tensor:
    """As in the lesson: undefined where a and b point the same way."""
    angle = torch.acos(a @ b / (a.norm() * b.norm()))
    return (torch.sin((1 - t) * angle) * a + torch.sin(t * angle) * b) / torch.sin(angle)


SLERP_NAN = (
    "right until a and b point the same way: then `sin(angle)` is 0, and 0 / 0 is NaN. There the "
    "straight line will do."
)

SLERP = Exercise(
    name="06.3",
    solve=slerp,
    minutes=10,
    hints=(
        "take lengths and directions apart. The length can go evenly from one to the other. For "
        "the direction you need the angle: what is the dot product of two vectors of length 1?",
        "with u and v of length 1 and `angle = acos(u · v)`, the direction at t is "
        "`(sin((1 - t) * angle) * u + sin(t * angle) * v) / sin(angle)`. Clamp the dot product to "
        "[-1, 1], and take the straight line where the angle is almost 0.",
    ),
    cases=latent_pairs,
    expected=on_the_arc,
    also_right=weighted_by_sines,
    mistakes=(
        Mistake(
            lambda a, b, t: (1 - t) * a + t * b,
            "this is the straight line. It cuts the corner: half-way between two latents of the "
            "same length at a right angle, only 0.71 of that length is left.",
        ),
        Mistake(
            lambda a, b, t: torch.nn.functional.normalize((1 - t) * a + t * b, dim=0),
            "a straight line whose points are brought to length 1. It has neither the latents' "
            "length nor an even turn: between latents of one length it is fastest in the middle.",
        ),
        Mistake(
            {"angle < 1e-4": "False", "((1 - t) * a.norm() + t * b.norm()) * turned": "turned"},
            "the direction is right, its length is 1. Give it back a length between |a| and |b|.",
        ),
        Mistake(
            {"torch.acos((u @ v).clamp(-1, 1))": "u @ v"},
            "the dot product of two vectors of length 1 is the cosine of their angle. `torch.acos` "
            "makes the angle of it.",
        ),
        Mistake(
            {"torch.acos((u @ v).clamp(-1, 1))": "torch.acos(a @ b)"},
            "a · b is the cosine of the angle only for vectors of length 1: divide it by |a| |b|.",
        ),
        Mistake(
            {"u, v = a": "a, b = b, a\n    u, v = a"},
            "a and b have changed places: t = 0 must give a.",
        ),
        Mistake({"angle < 1e-4": "False"}, SLERP_NAN),
        Mistake(usual_slerp, SLERP_NAN),
    ),
)


def package_loss(fake_logits: Tensor) -> object:
    """The package's loss, value and gradient."""
    return measures.loss_and_gradient(LOSSES["nonsaturating"].generator, fake_logits)


def logits(generator: torch.Generator) -> list[Arguments]:
    """Easy ones, random ones, and those of a discriminator that is sure of itself."""
    easy = [torch.tensor(each) for each in ([0.0, 0.0], [2.0, -1.0, 0.5])]
    normal = [3 * torch.randn(8, generator=generator) for _ in range(3)]
    sure = [torch.tensor(each) for each in ([-1e4, 1.0], [1e4, -1.0], [-200.0, 200.0])]
    return [(each,) for each in easy + normal + sure]


def generator_loss(fake_logits: torch.Tensor) -> torch.Tensor:
    """-E log σ(D(G(z))) from the logits of fakes: (N,) → a scalar, its gradient good at ±1e4."""
    return torch.nn.functional.softplus(-fake_logits).mean()


LOSS_MINIMAX = (
    "this is minimax, E log(1 - σ(D)): its gradient vanishes just where the fakes are bad. The "
    "non-saturating loss is -E log σ(D)."
)

LOSS = Exercise(
    name="06.4",
    solve=generator_loss,
    minutes=5,
    hints=(
        "σ(D) is `1 / (1 + exp(-logit))`. Take -log of it on paper before you write code: which "
        "function of the logit is left, and what is it called in torch?",
        "-log σ(D) = log(1 + exp(-logit)), which is `softplus(-logit)`, in `torch.nn.functional`. "
        "Take the mean over the batch.",
    ),
    cases=logits,
    expected=package_loss,
    measure=measures.loss_and_gradient,
    mistakes=(
        Mistake(
            lambda fake_logits: -torch.log(torch.sigmoid(fake_logits)).mean(),
            "right on paper. At a logit of -10,000 the sigmoid is rounded to 0, whose log is -inf, "
            "and the gradient becomes NaN. Write both as one function of the logit.",
        ),
        Mistake(lambda fake_logits: torch.log(1 - torch.sigmoid(fake_logits)).mean(), LOSS_MINIMAX),
        Mistake(
            lambda fake_logits: -torch.nn.functional.softplus(fake_logits).mean(), LOSS_MINIMAX
        ),
        Mistake(
            lambda fake_logits: torch.nn.functional.softplus(-fake_logits).sum(),
            "E is the mean over the batch. With a sum, twice the batch means twice the loss.",
        ),
        Mistake(
            lambda fake_logits: torch.nn.functional.softplus(-fake_logits),
            "one number per fake. E asks for their mean.",
        ),
        Mistake(
            lambda fake_logits: torch.nn.functional.softplus(fake_logits).mean(),
            "this is the discriminator's loss on fakes, -E log(1 - σ(D)). The generator wants "
            "its fakes to be called real.",
        ),
        Mistake(
            lambda fake_logits: torch.nn.functional.logsigmoid(fake_logits).mean(),
            "the sign: a loss is minimised, so E log σ(D) needs a minus.",
        ),
    ),
)

EXERCISES = (PADDING, COUNT, SLERP, LOSS)
