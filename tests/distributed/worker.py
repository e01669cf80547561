"""What each process of a launcher does in these tests; also run as one process, to compare.

python -m torch.distributed.run --nproc_per_node=2 tests/distributed/worker.py FOLDER
"""

import sys
from pathlib import Path

import torch

from gan_lessons.data import Images, to_float
from gan_lessons.data import images as conversion
from gan_lessons.data.toy import Points
from gan_lessons.losses import LOSSES, PENALTIES
from gan_lessons.train import GameTrainer, TrainConfig, Trainer, networks, ranks

sys.path.insert(0, str(Path(__file__).parents[1] / "train"))
from toy_games import GAMES

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
    "dcgan": {"network": "dcgan", "width": 4},
    "dcgan, fakes used twice": {"network": "dcgan", "width": 4, "fresh": False},
    "dcgan with labels": {"network": "dcgan", "width": 4, "conditional": True},
    "dcgan, spectral": {"network": "dcgan", "width": 4, "spectral": True, "norm": False},
    "modern": {"network": "modern", "width": 4, "loss": "rpgan", "penalty": "r1r2", "gamma": 0.7},
}


def pictures() -> Images:
    rng = torch.Generator().manual_seed(0)
    pixels = torch.randint(256, (50, 1, 8, 8), generator=rng, dtype=torch.uint8)
    classes = tuple("0123456789")
    return Images(pixels, torch.arange(50) % 10, classes, name="noise")


def made(**settings: object) -> Trainer:
    config = TrainConfig(**{**SMALL, **settings})
    return Trainer(*networks(config, pictures()), pictures(), config, device="cpu")


def numbers(trainer: GameTrainer) -> dict[str, torch.Tensor]:
    """All weights and buffers, the averaged ones too."""
    return {
        name: value.detach().clone()
        for name, value in trainer.state_dict().items()
        if name.startswith(("network.", "average."))
    }


def trainer_of(name: str) -> GameTrainer:
    """What is compared under that name: a setting of the picture game, or another game."""
    return made(**SETTINGS[name]) if name in SETTINGS else GAMES[name]()


def exact_steps() -> dict[str, dict[str, torch.Tensor]]:
    """Two steps of plain gradient descent for each setting, in double precision."""
    torch.set_default_dtype(torch.float64)
    conversion.to_float = lambda pixels: to_float(pixels).double()
    floats = Points.floats
    Points.floats = lambda points, indices=None: floats(points, indices).double()
    found = {}
    for name in [*SETTINGS, *GAMES]:
        trainer = trainer_of(name)
        for role, network in trainer.networks.items():
            trainer.optimisers[role] = torch.optim.SGD(network.parameters(), 0.1)
        trainer.step()
        trainer.step()
        found[name] = numbers(trainer) | {
            "losses": torch.tensor(list(trainer.history.losses.values()))
        }
    torch.set_default_dtype(torch.float32)
    conversion.to_float, Points.floats = to_float, floats
    return found


def long_run() -> dict[str, torch.Tensor]:
    """Fifty steps with batch norm and the average, and what a process draws for itself."""
    trainer = made(network="dcgan", width=4, ema_half_life=100.0)
    found = {"z": trainer.random.normal(4, 6)}
    turn_d, turn_g = trainer.game.turns(0)
    trainer._play([turn_d], [trainer._draw()], trainer.game.values(0))
    before = [p.grad.clone() for p in trainer.discriminator.parameters()]
    trainer._play([turn_g], [trainer._draw()], trainer.game.values(0))
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
