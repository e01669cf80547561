"""What each process of a launcher does in these tests; also run as one process, to compare.

python -m torch.distributed.run --nproc_per_node=2 tests/distributed/worker.py FOLDER
"""

import sys
from pathlib import Path

import torch

from gan_lessons.data import Images, to_float
from gan_lessons.data import images as conversion
from gan_lessons.losses import LOSSES, PENALTIES
from gan_lessons.train import TrainConfig, Trainer, networks, ranks

SMALL = {"network": "mlp", "width": 8, "latent": 6, "batch": 8}
SETTINGS = {
    **{f"{loss}": {"loss": loss} for loss in LOSSES},
    **{f"{name}": {"penalty": name, "gamma": 0.7} for name in PENALTIES},
    "rpgan and r1r2, lazy": {
        "loss": "rpgan",
        "penalty": "r1r2",
        "gamma": 0.7,
        "penalty_every": 2,
        "discriminator_updates": 3,
    },
    "noise": {"instance_noise": 0.3, "schedule_steps": 10},
    "augment": {"augment": "translation,cutout"},
    "pack": {"pack": 2},
    "smoothing": {"label_smoothing": 0.1},
}


def pictures() -> Images:
    rng = torch.Generator().manual_seed(0)
    pixels = torch.randint(256, (50, 1, 8, 8), generator=rng, dtype=torch.uint8)
    classes = tuple("0123456789")
    return Images(pixels, torch.arange(50) % 10, classes, name="noise")


def made(**settings: object) -> Trainer:
    config = TrainConfig(**{**SMALL, **settings})
    return Trainer(*networks(config, pictures()), pictures(), config, device="cpu")


def numbers(trainer: Trainer) -> dict[str, torch.Tensor]:
    players = {"generator": trainer.generator, "discriminator": trainer.discriminator}
    if trainer.average is not None:
        players["average"] = trainer.average
    return {
        f"{player}.{name}": value.detach().clone()
        for player, network in players.items()
        for name, value in network.state_dict().items()
    }


def exact_steps() -> dict[str, dict[str, torch.Tensor]]:
    """Two steps of plain gradient descent for each setting, in double precision."""
    torch.set_default_dtype(torch.float64)
    conversion.to_float = lambda pixels: to_float(pixels).double()
    found = {}
    for name, settings in SETTINGS.items():
        trainer = made(**settings)
        for role in ("generator", "discriminator"):
            network = getattr(trainer, role)
            optimiser = torch.optim.SGD(network.parameters(), 0.1)
            setattr(trainer, "optimiser_" + role[0], optimiser)
        trainer.step()
        trainer.step()
        found[name] = numbers(trainer) | {"losses": torch.stack(trainer._unread)}
    torch.set_default_dtype(torch.float32)
    conversion.to_float = to_float
    return found


def long_run() -> dict[str, torch.Tensor]:
    """Fifty steps with batch norm and the average, and what a process draws for itself."""
    trainer = made(network="dcgan", width=4, ema_half_life=100.0)
    found = {"z": trainer.game.chance.normal(4, 6)}
    places = trainer.real.draw(trainer.config.batch)
    trainer._update_discriminator(places, 0)
    before = [p.grad.clone() for p in trainer.discriminator.parameters()]
    trainer._update_generator(places)
    after = [p.grad for p in trainer.discriminator.parameters()]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    trainer.fit(50)
    return found | numbers(trainer) | {"history": torch.tensor(trainer.history.generator_loss)}


def main(folder: Path) -> None:
    ranks.start("cpu")
    me = ranks.Ranks()
    torch.save({"exact": exact_steps(), "long": long_run()}, folder / f"{me.rank}of{me.size}.pt")
    saved = made(ema_half_life=100.0).fit(4, save_to=folder / f"by{me.size}")
    torch.save(numbers(saved), folder / f"saved{me.rank}of{me.size}.pt")
    ranks.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
