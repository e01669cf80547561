"""How often `train.diagnose` recognises the failures of lesson 07, and is silent on healthy runs.

    python benchmarks/diagnose.py                                  # everything, seeds 0 to 19
    python benchmarks/diagnose.py "D wins" healthy --seeds 100-102

Failures are made on the ring, in a loop as in lesson 07, section 8, which asks `examine`; and on
pictures of 16 pixels, MNIST and glyphs, by the trainer of the recipes article and dcgan wherever it
can be made to fail. Recognised: the first finding has the failure's name. Healthy: each recipe on
each data set, asked after 100, 300 and 600 steps; left in peace: no finding at any of them. The
benchmark fails below 19 in 20. No limit of `train/examine.py` was chosen on seeds 0 to 19.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cache
from itertools import product

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from gan_lessons import data
from gan_lessons.data import Images, toy
from gan_lessons.losses import LOSSES, PENALTIES, Loss, Penalty
from gan_lessons.train import (
    RECIPES,
    Finding,
    Trainer,
    TrainingDiverged,
    diagnose,
    examine,
    networks,
)

SIZE = 16
WANTED = 0.95
MOMENTS = (100, 300, 600)
SETS = ("mnist", "glyphs")
Found = list[Finding]
SMALL = RECIPES | {"dcgan": replace(RECIPES["dcgan"], width=8)}  # quick, to be spoilt


@cache
def images(name: str) -> Images:
    whole = data.load(name)
    return replace(whole, pixels=data.resize(whole.pixels, SIZE))


# A loop as in lesson 07, section 8


def network(inputs: int, outputs: int, width: int = 64) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(inputs, width), nn.LeakyReLU(0.2),
        nn.Linear(width, width), nn.LeakyReLU(0.2),
        nn.Linear(width, outputs),
    )  # fmt: skip


class Loop:
    """Two players, and some ways to spoil their game."""

    def __init__(
        self,
        G: nn.Module,
        D: nn.Module,
        draw: Callable[[int, torch.Generator], Tensor],
        latent: int,
        seed: int,
        rate: float = 1e-3,
    ):
        self.G, self.D, self.draw, self.latent = G, D, draw, latent
        self.rng = torch.Generator().manual_seed(seed)
        self.adams = tuple(
            torch.optim.Adam(each.parameters(), lr=rate, betas=(0.5, 0.999)) for each in (G, D)
        )
        self.losses: list[float] = []
        self.z = self.latents(256)
        self.looks: list[Tensor] = []

    def latents(self, n: int) -> Tensor:
        return torch.randn(n, self.latent, generator=self.rng)

    def play(
        self,
        turns: int,
        *,
        d_updates: int = 1,
        g_updates: int = 1,
        clear: bool = True,
        joint: bool = False,
        loss: str = "nonsaturating",
        batch: int = 128,
    ) -> "Loop":
        adam_g, adam_d = self.adams
        for _ in range(turns):
            for _ in range(d_updates):
                real, fake = self.draw(batch, self.rng), self.G(self.latents(batch)).detach()
                if joint:
                    of_real, of_fake = self.D(torch.cat([real, fake])).split(batch)
                else:
                    of_real, of_fake = self.D(real), self.D(fake)
                of_d = softplus(-of_real).mean() + softplus(of_fake).mean()
                if clear:
                    adam_d.zero_grad()
                of_d.backward()
                adam_d.step()
                self.losses.append(of_d.item())
            for _ in range(g_updates):
                of_g = LOSSES[loss].generator(self.D(self.G(self.latents(batch))))
                adam_g.zero_grad()
                of_g.backward()
                adam_g.step()
        return self

    def look(self) -> None:
        with torch.no_grad():
            self.looks.append(self.G(self.z))

    def ask(self, **more: object) -> Found:
        told = {"losses_d": self.losses, "optimisers": self.adams, "looks": self.looks}
        return examine(self.G, self.D, self.draw(256, self.rng), self.z, **(told | more))


def ring(seed: int, D: nn.Module | None = None, rate: float = 1e-3) -> Loop:
    torch.manual_seed(seed)
    G, plain = network(2, 2), network(2, 1)
    return Loop(G, D or plain, lambda n, rng: toy.ring(n, rng, std=0.05), 2, seed, rate)


def of_pictures(name: str, seed: int, norm: bool = False) -> Loop:
    config = replace(SMALL["dcgan"], seed=seed, norm=norm)
    whole = images(name)

    def draw(n: int, rng: torch.Generator) -> Tensor:
        return whole.floats(torch.randint(len(whole), (n,), generator=rng))

    return Loop(*networks(config, whole), draw, config.latent, seed)


# The trainer


def trainer(name: str, recipe: str, seed: int, **changes: object) -> Trainer:
    config = replace(SMALL[recipe], seed=seed, **changes)
    return Trainer(*networks(config, images(name)), images(name), config, "cpu")


def after(made: Trainer, steps: int) -> Trainer:
    try:
        while made.steps < steps:
            made.step()
            if made.steps % 50 == 0:
                made.history  # noqa: B018 (reads the losses, and raises if one is not finite)
    except TrainingDiverged:
        pass
    return made


class HalfRange(nn.Module):
    """A generator that ends in a sigmoid: (tanh(x) + 1) / 2 is the sigmoid of 2x."""

    def __init__(self, generator: nn.Module):
        super().__init__()
        self.generator = generator

    def forward(self, z: Tensor) -> Tensor:
        return (self.generator(z) + 1) / 2


def with_networks(
    name: str,
    recipe: str,
    seed: int,
    change: Callable[[nn.Module, nn.Module], tuple[nn.Module, nn.Module]],
    **changes: object,
) -> Trainer:
    config = replace(SMALL[recipe], seed=seed, **changes)
    torch.manual_seed(seed)
    return Trainer(*change(*networks(config, images(name))), images(name), config, "cpu")


def as_pytorch_draws(*players: nn.Module) -> tuple[nn.Module, ...]:
    """What is left if `initialise` is never called."""
    for player in players:
        for module in player.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.BatchNorm2d):
                module.reset_parameters()
    return players


def as_written(real: Tensor, fake: Tensor) -> Tensor:
    return -torch.log(real.sigmoid()).mean() - torch.log(1 - fake.sigmoid()).mean()


def r1_without_graph(
    D: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, generator: object = None
) -> Tensor:
    real = real.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(D(real).sum(), real)
    return 0.5 * gradient.flatten(1).square().sum(1).mean()


def add_the_broken() -> None:
    """A trainer takes losses and penalties by their names."""
    LOSSES["as written"] = Loss("as written", as_written, lambda fake: softplus(-fake).mean(), "")
    PENALTIES["r1 without graph"] = Penalty("r1 without graph", r1_without_graph)


# Each failure, in one or more ways: (where, seed → findings)


def held_still(made: Trainer, before: int, then: int) -> Trainer:
    after(made, before).optimisers["discriminator"].param_groups[0]["lr"] = 0.0
    return after(made, before + then)


def hopping_ring(seed: int) -> Found:
    loop = ring(seed).play(20, g_updates=20)
    for _ in range(16):
        loop.play(5, g_updates=20).look()
    return loop.ask()


def lost_ring(seed: int) -> Found:
    return ring(seed).play(400).play(1_000, d_updates=0).ask()


def on_sets(make: Callable[[str, int], Found], where: str) -> dict[str, Callable[[int], Found]]:
    return {f"{name}, {where}": lambda seed, name=name: make(name, seed) for name in SETS}


PLACES = (("mnist", "dcgan"), ("glyphs", "article"))


def at_places(
    make: Callable[[str, str, int], Found], places: Iterable[tuple[str, str]] = PLACES
) -> dict[str, Callable[[int], Found]]:
    return {
        f"{name}, {recipe}": lambda seed, name=name, recipe=recipe: make(name, recipe, seed)
        for name, recipe in places
    }


def by_trainer(steps: int, **changes: object) -> dict[str, Callable[[int], Found]]:
    return at_places(lambda n, r, seed: diagnose(after(trainer(n, r, seed, **changes), steps)))


def by_networks(
    steps: int, change: Callable, places: Iterable[tuple[str, str]] = PLACES
) -> dict[str, Callable[[int], Found]]:
    return at_places(
        lambda n, r, seed: diagnose(after(with_networks(n, r, seed, change), steps)), places
    )


def rates(recipe: str, g: float, d: float) -> dict[str, float]:
    rate = RECIPES[recipe].learning_rate_g
    return {"learning_rate_g": g * rate, "learning_rate_d": d * rate}


FAILURES: dict[str, dict[str, Callable[[int], Found]]] = {
    "D wins": {
        "ring, D alone": lambda seed: ring(seed).play(500, g_updates=0).ask(),
        "ring, D alone, minimax": lambda seed: (
            ring(seed).play(500, g_updates=0, loss="minimax").ask(loss="minimax")
        ),
        **at_places(
            lambda n, r, seed: diagnose(
                after(trainer(n, r, seed, loss="minimax", **rates(r, 0.02, 1.0)), 200)
            )
        ),
    },
    "modes lost": {
        "ring": lost_ring,
        **at_places(lambda n, r, seed: diagnose(held_still(trainer(n, r, seed), 100, 100))),
    },
    "mode hopping": {
        "ring": hopping_ring,
        **at_places(
            lambda n, r, seed: diagnose(after(trainer(n, r, seed, **rates(r, 1.0, 0.05)), 200))
        ),
    },
    "batch norm in D": {
        "ring, at the input": lambda seed: (
            ring(seed, nn.Sequential(nn.BatchNorm1d(2), network(2, 1))).play(100).ask()
        ),
        **on_sets(
            lambda n, seed: (
                of_pictures(n, seed, norm=True).play(50, joint=True, batch=64).ask(joint=True)
            ),
            "real and fake in one batch",
        ),
        **by_networks(50, lambda G, D: (G, nn.Sequential(nn.BatchNorm2d(1), D))),
    },
    "log of a sigmoid": by_trainer(200, loss="as written"),
    "wrong range": by_networks(100, lambda G, D: (HalfRange(G), D))
    | {f"{k}, before": v for k, v in by_networks(0, lambda G, D: (HalfRange(G), D)).items()},
    "gradients left in D": {
        "ring": lambda seed: ring(seed).play(600, clear=False).ask(),
        **on_sets(
            lambda n, seed: of_pictures(n, seed).play(100, clear=False, batch=64).ask(), "dcgan"
        ),
    },
    "rate too high": {
        "ring": lambda seed: ring(seed, rate=0.1).play(300).ask(),
        **at_places(
            lambda n, r, seed: diagnose(
                after(
                    trainer(
                        n, r, seed, width=RECIPES[r].width, learning_rate_g=0.1, learning_rate_d=0.1
                    ),
                    50,
                )
            )
        ),
    },
    "initialiser never called": {
        f"{where}, {steps} steps": ask
        for steps in (0, 20)
        for where, ask in by_networks(steps, as_pytorch_draws, product(SETS, ["dcgan"])).items()
    },
    "penalty on detached tensors": {
        "ring": lambda seed: ring(seed).play(100).ask(penalty=r1_without_graph),
        **at_places(
            lambda n, r, seed: diagnose(
                after(
                    trainer(n, r, seed, penalty="r1 without graph", gamma=1.0, norm=False), 100
                )
            )
        ),
    },
}  # fmt: skip


def healthy(name: str, recipe: str, seed: int, **changes: object) -> Found:
    """All that is found at any of the moments."""
    config = replace(RECIPES[recipe], seed=seed, **changes)
    made = Trainer(*networks(config, images(name)), images(name), config, "cpu")
    found: Found = []
    for moment in MOMENTS:
        found += diagnose(after(made, moment))
    return found


def healthy_ring(seed: int) -> Found:
    loop = ring(seed).play(400)
    return loop.ask() + loop.play(600).ask()


HEALTHY: dict[str, Callable[[int], Found]] = {
    "ring": healthy_ring,
    **at_places(healthy, product(SETS, RECIPES)),
}
# Beyond what is promised: other settings that train well.
OTHERS: dict[str, Callable[[int], Found]] = {
    f"{where}, {name}": lambda seed, where=where, settings=settings: healthy(
        where, "dcgan", seed, **settings
    )
    for where in SETS
    for name, settings in {
        "hinge": {"loss": "hinge"},
        "lsgan": {"loss": "lsgan"},
        "wgan-gp": {"loss": "wgan", "penalty": "wgan-gp", "gamma": 10.0, "norm": False},
        "R1": {"penalty": "r1", "gamma": 1.0, "norm": False},
        "spectral norm": {"norm": False, "spectral": True},
        "D four times as fast": rates("dcgan", 0.5, 2.0),
        "paper's rate": rates("dcgan", 0.2, 0.2),
        "packed": {"pack": 2},
    }.items()
}


def rows(asked: list[str]) -> Iterator[tuple[str, str, Callable[[int], Found]]]:
    groups = FAILURES | {"healthy": HEALTHY, "others": OTHERS}
    for name in asked or [*FAILURES, "healthy"]:
        for where, ask in groups[name].items():
            yield name, where, ask


def main(asked: list[str], seeds: range) -> int:
    torch.set_num_threads(1)
    add_the_broken()
    failed = False
    for name, where, ask in rows(asked):
        right, wrong, started = 0, [], time.process_time()
        for seed in seeds:
            found = ask(seed)
            good = not found if name not in FAILURES else bool(found) and found[0].name == name
            right += good
            if not good:
                wrong.append(f"  seed {seed}: {found[0] if found else 'nothing'}")
        seconds = (time.process_time() - started) / len(seeds)
        share = f"{right} of {len(seeds)}"
        print(f"{name:28} {where:40} {share}, {seconds:.1f} s each", *wrong, sep="\n", flush=True)
        failed |= right < WANTED * len(seeds)
    return int(failed)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(FAILURES)}, healthy")
    parser.add_argument("--seeds", default="0-19", help="first-last")
    options = parser.parse_args()
    first, last = map(int, options.seeds.split("-"))
    sys.exit(main(options.names, range(first, last + 1)))
