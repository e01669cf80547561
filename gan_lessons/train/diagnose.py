"""What is wrong with a training: reads its losses, its gradients and its samples.

    for finding in diagnose(trainer):
        print(finding)

Loops of your own ask `examine`, which this is built on.
"""

import copy
import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from gan_lessons import checks
from gan_lessons.train.doctor.case import Finding, undisturbed
from gan_lessons.train.doctor.examine import examine
from gan_lessons.train.fits import is_finite
from gan_lessons.train.games.pictures import PictureGame
from gan_lessons.train.history import History
from gan_lessons.train.passes import has_batch_norm
from gan_lessons.train.ranks import Ranks
from gan_lessons.train.remedies import shown
from gan_lessons.train.shared_random import SharedRandom
from gan_lessons.train.stepper import Stepper

NOTHING = "nothing wrong was found; that is no proof: look at the samples"

ITEMS = 256  # real samples, and as many fakes
STREAM = 1_406_2661  # the seed of what is drawn: the same batch at each question
LOOKS, APART = 7, 20  # looks ahead on copies, and the steps between two of them
DCGAN_KERNELS = 0.02  # their standard deviation in the paper, section 4


def diagnose(trainer: Stepper) -> list[Finding]:
    """What is wrong with a trainer's training now; an empty list if nothing was found.

    Measures copies of the networks on one fresh batch, for the time of a few steps. Only if the
    samples are few of a kind, it also plays the next steps on copies, to see where they lead. The
    training goes on afterwards, bit for bit, as if nobody had asked. For games beside that of a
    GAN, it only finds numbers that are not finite.

    Raises ValueError for anything but a trainer.
    """
    if not isinstance(trainer, Stepper) or not hasattr(type(trainer), "history"):
        raise ValueError(f"trainer must be a Trainer, got {checks.shown(trainer)}")
    losses = _history(trainer).losses
    if not isinstance(trainer.game, PictureGame):
        return _not_finite(trainer, losses)
    config = trainer.game.config
    data = trainer.samplers["real"].data
    rng = torch.Generator(trainer.device).manual_seed(STREAM)
    n = min(ITEMS, len(data))
    n -= n % config.pack
    if n < 2 * config.pack:
        return _not_finite(trainer, losses)
    chosen = torch.randperm(len(data), generator=rng, device=trainer.device)[:n].to(data.device)
    labels = None
    if config.conditional and data.labels is not None:
        labels = data.labels[chosen].to(trainer.device)
    z = torch.randn(n, config.latent, generator=rng, device=trainer.device)
    generator, discriminator = (trainer.networks[name] for name in trainer.game.network_names)
    random = SharedRandom(rng, _Alone())
    noise = trainer.game.values(trainer.steps)["noise"] if config.instance_noise else None
    penalty = trainer.game.penalty
    joint = trainer.compute.one_pass and not has_batch_norm(discriminator)
    return examine(
        generator,
        discriminator,
        data.floats(chosen).to(trainer.device),
        z,
        labels=labels,
        loss=trainer.game.loss,
        losses_d=losses["discriminator"],
        optimisers=_optimisers(trainer),
        penalty=None if penalty is None else partial(penalty, generator=rng),
        looks=partial(_ahead, trainer, z, labels),
        kernels=DCGAN_KERNELS if config.network == "dcgan" and _is_dcgan(generator) else None,
        joint=joint,
        cleared=True,  # the trainer does it
        show=lambda x: shown(x, noise, config.augment, config.pack, random),
    )


def report(trainer: Stepper) -> str:
    """The findings for a screen, a line each. Never raises: it must not end a training's work."""
    try:
        found = list(map(str, diagnose(trainer)))
    except Exception as error:  # a network of someone's own may do anything
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        return f"diagnosis: could not look ({reason})"
    return "\n".join(f"diagnosis: {line}" for line in found or [NOTHING])


def _history(trainer: Stepper) -> History:
    try:
        return trainer.history  # type: ignore[attr-defined, no-any-return]
    except FloatingPointError:  # it has read on to a loss that is no number: the next reads all
        return trainer.history  # type: ignore[attr-defined, no-any-return]


def _not_finite(trainer: Stepper, losses: dict[str, list[float]]) -> list[Finding]:
    broken = [name for name, network in trainer.networks.items() if not is_finite(network)]
    turns = [turn for turn, own in losses.items() if not all(map(math.isfinite, own))]
    if not broken and not turns:
        return []
    where = ", ".join([f"the loss of {turn}" for turn in turns] + broken)
    return [
        Finding(
            "not finite",
            f"numbers that are not finite in: {where}",
            "a step was too long, or a formula broke",
            "lower the learning rates, add a penalty; start again, or from the last checkpoint",
        )
    ]


def _optimisers(trainer: Stepper) -> tuple[torch.optim.Optimizer, torch.optim.Optimizer] | None:
    both = [trainer.optimisers.get(name) for name in trainer.game.network_names]
    return None if None in both else (both[0], both[1])  # type: ignore[return-value]


def _is_dcgan(generator: nn.Module) -> bool:
    """Whether it is built as one: deconvolutions and batch norm."""
    modules = [*generator.modules()]
    return all(
        any(isinstance(module, kind) for module in modules)
        for kind in (nn.ConvTranspose2d, _BatchNorm)
    )


class _Alone(Ranks):
    """One process, whatever the training runs on."""

    def __init__(self) -> None:
        self.rank, self.size, self.first = 0, 1, True


def _ahead(trainer: Stepper, z: Tensor, labels: Tensor | None) -> Sequence[Tensor]:
    """What G makes of z in the next steps, played on copies of everything."""
    if trainer.ranks.size > 1:
        return []  # all processes would have to play
    with undisturbed(trainer.device):
        twin = Stepper(
            trainer.game,
            {name: copy.deepcopy(network) for name, network in trainer.networks.items()},
            {name: sampler.data for name, sampler in trainer.samplers.items()},
            trainer.device,
            replace(trainer.compute, graph=False),
        )
        state = trainer.state_dict()
        twin.load_state_dict(
            {k: v.clone() if isinstance(v, Tensor) else v for k, v in state.items()}
        )
        for name, optimiser in twin.optimisers.items():
            rate = float(trainer.optimisers[name].param_groups[0]["lr"])
            optimiser.param_groups[0]["lr"] = rate
        looks = []
        for _ in range(LOOKS):
            generator = twin.networks["generator"]
            with torch.no_grad():
                looks.append(generator(z) if labels is None else generator(z, labels))
            for _ in range(APART):
                twin.play_step()
        return [each for each in looks if each.isfinite().all()]
