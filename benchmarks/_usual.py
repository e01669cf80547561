"""The usual training loop of most tutorials, as a baseline for the trainer.

A DataLoader with PIL transforms on torchvision's MNIST, separate passes for real and fake pictures,
gradients of the discriminator also in the generator's step, Adam with its default implementation,
and `.item()` on both losses at every step.
"""

import os
from collections.abc import Iterator

import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import MNIST

from gan_lessons import data
from gan_lessons.data.torchvision_sets import default_roots
from gan_lessons.losses import LOSSES, PENALTIES
from gan_lessons.train import TrainConfig


def usual_steps(
    generator: nn.Module, discriminator: nn.Module, config: TrainConfig, device: str, workers: int
) -> Iterator[tuple[float, float]]:
    """Trains without end, with the losses and sizes of `config`; yields each step's losses."""
    torch.manual_seed(config.seed)
    to_tensor = transforms.Compose(
        [transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))]  # PIL → [-1, 1]
    )
    data.load("mnist")  # finds or downloads it; otherwise the error says what to do
    roots, _ = default_roots(os.environ.get("GAN_LESSONS_DATA"))
    root = next(root for root in roots if (root / "MNIST").is_dir())
    digits = MNIST(root, transform=to_tensor)
    loader = DataLoader(
        digits, config.batch, shuffle=True, drop_last=True, num_workers=workers,
        persistent_workers=workers > 0, pin_memory=device != "cpu",
    )  # fmt: skip
    generator, discriminator = generator.to(device).train(), discriminator.to(device).train()
    betas = (config.beta1, config.beta2)
    adam_g = torch.optim.Adam(generator.parameters(), config.learning_rate_g, betas)
    adam_d = torch.optim.Adam(discriminator.parameters(), config.learning_rate_d, betas)
    loss = LOSSES[config.loss]
    while True:
        for real, _ in loader:
            real = real.to(device)
            z = torch.randn(config.batch, config.latent, device=device)

            adam_d.zero_grad()
            fake = generator(z)
            loss_d = loss.discriminator(discriminator(real), discriminator(fake.detach()))
            if config.penalty:
                penalty = PENALTIES[config.penalty]
                loss_d = loss_d + config.gamma * penalty(discriminator, real, fake.detach())
            loss_d.backward()
            adam_d.step()

            adam_g.zero_grad()
            logits_real = discriminator(real) if loss.paired else None
            loss_g = loss.generator(discriminator(fake), logits_real)
            loss_g.backward()
            adam_g.step()
            yield loss_d.item(), loss_g.item()
