"""Answers to lesson 06 as others would write them: unusual right ones, and plausible wrong ones."""

import math

import torch
from torch import nn
from torch.nn import functional as F

from gan_lessons.models import dcgan

# 06.1


def padding_from_a_table(kernel):
    return {0: kernel // 2 - 1}.get(kernel % 2)


def padding_by_trying(kernel):
    for padding in range(kernel):
        layer = nn.ConvTranspose1d(1, 1, kernel, 2, padding)
        if layer(torch.zeros(1, 1, kernel)).shape[-1] == 2 * kernel:
            return torch.tensor(padding)
    return None


def padding_by_divmod(kernel):
    half, odd = divmod(kernel - 2, 2)
    return half if not odd else None


def half_the_kernel(kernel):
    return int(kernel / 2)


def one_too_few(kernel):
    return -(-kernel // 2) - 1


def padding_with_a_point(kernel):
    return kernel / 2 - 1


def none_for_false(kernel):
    return False if kernel % 2 else kernel // 2 - 1


def true_for_one(kernel):
    return True if kernel == 4 else padding_by_divmod(kernel)


# 06.2


def numbers_of(kind, size, width, channels, latent):
    layers = dcgan.Generator(size=size, channels=channels, latent=latent, width=width).layers
    kinds = [layer for layer in layers if isinstance(layer, kind)]
    return sum(parameter.numel() for layer in kinds for parameter in layer.parameters())


def counted_by_kind(size, width, channels=1, latent=100):
    kinds = (nn.ConvTranspose2d, nn.BatchNorm2d)
    return sum(numbers_of(kind, size, width, channels, latent) for kind in kinds)


def counted_from_the_picture(size, width, channels=1, latent=100):
    count, doublings = channels * (16 * width + 1), 1
    while size % 2 == 0 and size // 2 > 4:
        size, doublings = size // 2, doublings + 1
    first = size // 2 if size > 4 and size % 2 == 0 else size
    doublings -= first == size
    for _ in range(doublings - 1):
        count += 2 * width + 32 * width**2
        width *= 2
    return count + width * (latent * first**2 + 2)


def counted_by_a_series(size, width, channels=1, latent=100):
    sides = dcgan.map_sizes(size)
    widths = [width << power for power in reversed(range(len(sides) - 1))]
    kernels = [latent * sides[0] ** 2, *(16 * w for w in widths)]
    outs = [*widths, channels]
    weights = torch.tensor(kernels) @ torch.tensor(outs)
    return weights + 2 * sum(widths) + channels


def only_deconvolutions(size, width, channels=1, latent=100):
    return numbers_of(nn.ConvTranspose2d, size, width, channels, latent)


def all_but_the_first(size, width, channels=1, latent=100):
    layers = dcgan.Generator(size=size, channels=channels, latent=latent, width=width).layers
    return sum(parameter.numel() for layer in layers[3:] for parameter in layer.parameters())


def all_that_is_saved(size, width, channels=1, latent=100):
    network = dcgan.Generator(size=size, channels=channels, latent=latent, width=width)
    return sum(tensor.numel() for tensor in network.state_dict().values())


def right_for_grey_pictures(size, width, channels=1, latent=100):
    return counted_by_a_series(size, width, 1, latent)


# 06.3


def usual_slerp(a, b, t):
    angle = torch.acos((a @ b / (a.norm() * b.norm())).clamp(-1, 1))
    if angle < 1e-3:
        return torch.lerp(a, b, t)
    return (torch.sin((1 - t) * angle) * a + torch.sin(t * angle) * b) / torch.sin(angle)


def slerp_by_turning(a, b, t):
    u = F.normalize(a.double(), dim=0)
    across = b.double() - (b.double() @ u) * u
    angle = torch.atan2(across.norm(), b.double() @ u)
    v = F.normalize(across, dim=0)
    length = (1 - t) * a.norm() + t * b.norm()
    return length * (torch.cos(t * angle) * u + torch.sin(t * angle) * v)


def slerp_with_a_clamped_cosine(a, b, t):
    angle = torch.arccos(F.cosine_similarity(a, b, dim=0).clamp(max=1 - 1e-7))
    return (torch.sin((1 - t) * angle) * a + torch.sin(t * angle) * b) / torch.sin(angle)


def slerp_in_plain_python(a, b, t):
    a, b = a.tolist(), b.tolist()
    cosine = sum(map(float.__mul__, a, b)) / math.hypot(*a) / math.hypot(*b)
    angle = math.acos(max(-1.0, min(1.0, cosine)))
    first, second = 1 - t, t
    if angle > 1e-6:
        first, second = (math.sin(share * angle) / math.sin(angle) for share in (first, second))
    return torch.tensor([first * x + second * y for x, y in zip(a, b, strict=True)])


def straight(a, b, t):
    return torch.lerp(a, b, t)


def straight_of_length_one(a, b, t):
    return F.normalize(torch.lerp(a, b, t), dim=0)


def unguarded(a, b, t):
    angle = torch.arccos(F.cosine_similarity(a, b, dim=0))
    return (torch.sin((1 - t) * angle) * a + torch.sin(t * angle) * b) / torch.sin(angle)


def zero_where_alike(a, b, t):
    return unguarded(a, b, t).nan_to_num(0.0)


def guarded_by_equality(a, b, t):
    return a if torch.equal(a, b) else unguarded(a, b, t)


def lengths_by_a_power(a, b, t):
    arc = slerp_by_turning(a, b, t)
    return F.normalize(arc, dim=0) * a.norm() ** (1 - t) * b.norm() ** t


def slerp_that_normalises_its_input(a, b, t):
    result = usual_slerp(a, b, t)
    a /= a.norm()
    return result


# 06.4


def loss_by_cross_entropy(fake_logits):
    return F.binary_cross_entropy_with_logits(fake_logits, torch.ones_like(fake_logits))


def loss_by_logsigmoid(fake_logits):
    return -F.logsigmoid(fake_logits.double()).sum() / fake_logits.numel()


def loss_by_logsumexp(fake_logits):
    both = torch.stack([torch.zeros_like(fake_logits), -fake_logits])
    return both.logsumexp(0).mean()


def loss_by_two_classes(fake_logits):
    both = torch.stack([torch.zeros_like(fake_logits), fake_logits], 1)
    return F.cross_entropy(both, torch.ones(len(both), dtype=torch.long))


def loss_on_paper(fake_logits):
    return (1 + torch.exp(-fake_logits)).reciprocal().log().mean().neg()


def loss_of_minimax(fake_logits):
    return (1 - fake_logits.sigmoid()).log().sum() / len(fake_logits)


def loss_of_the_discriminator(fake_logits):
    return F.binary_cross_entropy_with_logits(fake_logits, 0 * fake_logits)


def loss_with_a_small_number(fake_logits):
    return fake_logits.sigmoid().add(1e-8).log().mean().neg()


def loss_detached(fake_logits):
    return F.softplus(-fake_logits).mean().detach()


def loss_as_a_number(fake_logits):
    return F.softplus(-fake_logits).mean().item()


def loss_that_seeds(fake_logits):
    torch.manual_seed(0)
    return F.softplus(-fake_logits).mean()


def loss_in_a_changed_torch(fake_logits):
    torch.set_default_dtype(torch.float64)
    return F.softplus(-fake_logits).mean()


RIGHT = {
    "06.1": [padding_from_a_table, padding_by_trying, padding_by_divmod],
    "06.2": [counted_by_kind, counted_from_the_picture, counted_by_a_series],
    "06.3": [usual_slerp, slerp_by_turning, slerp_with_a_clamped_cosine, slerp_in_plain_python],
    "06.4": [loss_by_cross_entropy, loss_by_logsigmoid, loss_by_logsumexp, loss_by_two_classes],
}

WRONG = {
    "06.1": [
        (half_the_kernel, "half the kernel"),
        (one_too_few, "one too few"),
        (padding_with_a_point, "a padding is a whole number"),
        (none_for_false, "not None"),
        (true_for_one, "of type bool where a whole number is expected"),
    ],
    "06.2": [
        (only_deconvolutions, "Batch norm learns as well"),
        (all_but_the_first, "first layer is missing"),
        (all_that_is_saved, "too large"),
        (right_for_grey_pictures, "too small"),
    ],
    "06.3": [
        (straight, "straight line"),
        (straight_of_length_one, "brought to length 1"),
        (unguarded, "point the same way"),
        (zero_where_alike, "off by up to 2"),
        (guarded_by_equality, "not finite"),
        (lengths_by_a_power, "off by up to"),
        (slerp_that_normalises_its_input, "changes its argument `a`"),
    ],
    "06.4": [
        (loss_on_paper, "right on paper"),
        (loss_of_minimax, "minimax"),
        (loss_of_the_discriminator, "loss on fakes"),
        (loss_with_a_small_number, "[-1e+04, 1]"),
        (loss_detached, "of type NoneType where a tensor is expected (gradient)"),
        (loss_as_a_number, "of type float where a tensor is expected (loss)"),
        (loss_that_seeds, "leaves torch's seed changed"),
        (loss_in_a_changed_torch, "leaves torch's default dtype changed"),
    ],
}
