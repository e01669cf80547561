"""Whether a GAN finds all modes of the ring of 8 and the grid of 25, and how sharply.

    python benchmarks/modes.py [ring | grid] [seeds]

The relativistic loss with R1 and R2 on points in the plane, counted as in VEEGAN and PacGAN: 2,500
samples, good within 3 standard deviations of a centre. The benchmark fails if too few seeds reach
the limits, or if one trains for more than a minute.
"""

import sys
import time

import torch

from gan_lessons.data import toy
from gan_lessons.metrics import mode_report
from gan_lessons.models import points
from gan_lessons.train import TrainConfig, Trainer

SECONDS = 60.0
# Steps; the share of samples that must be good; the share of seeds that must reach it in all modes.
PROMISED = {"ring": (9_000, 0.95, 1.0), "grid": (9_000, 0.90, 0.9)}


def trained(name: str, seed: int, steps: int) -> tuple[Trainer, float]:
    """A trainer after `steps` steps, and the seconds that it took."""
    rng = torch.Generator().manual_seed(seed)
    config = TrainConfig(
        latent=2,
        batch=128,
        loss="rpgan",
        penalty="r1r2",
        gamma=0.1,
        learning_rate_g=3e-3,
        learning_rate_d=3e-3,
        beta1=0.0,
        beta2=0.99,
        fresh=False,
        ema_half_life=2_500,
        schedule_steps=steps,
        learning_rate_final=0.0,
        seed=seed,
    )
    options = {"layers": 3, "width": 128, "activation": "relu"}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        networks = points.Generator(**options), points.Discriminator(**options)
    trainer = Trainer(*networks, toy.points(name, 100_000, rng), config, "cpu")
    started = time.perf_counter()
    while trainer.steps < steps:
        trainer.step()
    return trainer, time.perf_counter() - started


def main(names: list[str], seeds: int) -> int:
    torch.set_num_threads(1)  # layers this small are slower with more threads
    failed = False
    for name in names:
        steps, share, of_seeds = PROMISED[name]
        reached, longest = 0, 0.0
        for seed in range(seeds):
            trainer, seconds = trained(name, seed, steps)
            data = trainer.images
            report = mode_report(trainer.generate(2_500, seed=seed), data.centres, data.std)
            all_found = report.found == len(data.centres)
            reached += all_found and report.good >= share
            longest = max(longest, seconds)
            print(f"{name}, seed {seed}: {report}, {seconds:.0f} s", flush=True)
        print(
            f"{name}: all modes and at least {share:.0%} good in {reached} of {seeds} seeds, "
            f"{longest:.0f} s at most"
        )
        failed |= reached < of_seeds * seeds or longest > SECONDS
    return int(failed)


if __name__ == "__main__":
    asked = [each for each in sys.argv[1:] if each in PROMISED] or list(PROMISED)
    numbers = [int(each) for each in sys.argv[1:] if each.isdecimal()]
    sys.exit(main(asked, *numbers or [10]))
