"""Small trainings of the games beside pictures, on points; used by several tests."""

import torch
from torch import nn

from gan_lessons.data.toy import Points
from gan_lessons.models import points
from gan_lessons.train import ComputeOptions, GameTrainer
from gan_lessons.train.games.adaptation import AdaptationConfig, AdaptationGame
from gan_lessons.train.games.translation import TranslationConfig, TranslationGame


def blobs(seed: int, angle: float, n: int = 60) -> Points:
    """Two classes of points side by side, turned around the origin."""
    rng = torch.Generator().manual_seed(seed)
    labels = torch.arange(n) % 2
    x = 0.3 * torch.randn(n, 2, generator=rng).float()
    x[:, 0] += 2.0 * labels - 1.0
    cos, sin = torch.cos(torch.tensor(angle)), torch.sin(torch.tensor(angle))
    turn = torch.stack([torch.stack([cos, -sin]), torch.stack([sin, cos])]).float()
    return Points(x @ turn.T, f"blobs at {angle}", labels=labels, classes=("left", "right"))


def translation(
    device: str = "cpu", compute: ComputeOptions | None = None, **settings: object
) -> GameTrainer:
    """Two sets of points, and small networks between them."""
    torch.manual_seed(0)
    networks: dict[str, nn.Module] = {
        "generator_ab": points.Generator(layers=1, width=8),
        "generator_ba": points.Generator(layers=1, width=8),
        "discriminator_a": points.Discriminator(layers=1, width=8),
        "discriminator_b": points.Discriminator(layers=1, width=8),
    }
    config = TranslationConfig(**{"batch": 8, "ema_half_life": 50.0, **settings})
    data = {"a": blobs(1, 0.0), "b": blobs(2, 1.0)}
    return GameTrainer(TranslationGame(config), networks, data, device, compute)


def adaptation(
    device: str = "cpu", compute: ComputeOptions | None = None, **settings: object
) -> GameTrainer:
    """A labelled set of points, the same one turned, and small networks."""
    torch.manual_seed(0)
    networks: dict[str, nn.Module] = {
        "encoder": nn.Sequential(nn.Linear(2, 8), nn.LeakyReLU(0.2), nn.Linear(8, 4)),
        "classifier": nn.Linear(4, 2),
        "critic": points.Discriminator(layers=1, width=8, dims=4),
    }
    config = AdaptationConfig(**{"batch": 8, "schedule_steps": 30, **settings})
    data = {"source": blobs(1, 0.0), "target": blobs(2, 0.6)}
    return GameTrainer(AdaptationGame(config), networks, data, device, compute)


GAMES = {"translation": translation, "adaptation": adaptation}
