"""Checkpoints: one safetensors file each, whole or not there, and read without running any code.

The tensors are both networks, the averaged generator, both optimisers' state, the random state, the
order of the data and the history. All else (settings, step, what the networks are) is JSON in the
file's header.
"""

import contextlib
import json
import re
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

import gan_lessons
from gan_lessons import models
from gan_lessons.data import Images
from gan_lessons.data.cache import written_aside
from gan_lessons.data.toy import Points
from gan_lessons.train.config import TrainConfig
from gan_lessons.train.device import KINDS, pick_device
from gan_lessons.train.history import History
from gan_lessons.train.levers import Levers
from gan_lessons.train.ranks import Ranks

if TYPE_CHECKING:
    from gan_lessons.train.trainer import Trainer

FORMAT = 1  # raised whenever older files can no longer be read
KEEP = 2
FACTS = {  # what the header holds beside format and version
    "step": int,
    "seconds": float,
    "device": str,
    "position": int,
    "config": dict,
    "levers": dict,
    "generator": dict | None,
    "discriminator": dict | None,
    "data": dict,
}
_NAME = re.compile(r"checkpoint-(\d+)\.safetensors")


class CheckpointError(RuntimeError):
    """A checkpoint cannot be written, is missing, damaged, or does not fit."""


def find(folder: Path) -> list[Path]:
    """The checkpoints in a folder, oldest first."""
    files = [file for file in folder.glob("checkpoint-*.safetensors") if _NAME.fullmatch(file.name)]
    return sorted(files, key=lambda file: int(_NAME.fullmatch(file.name)[1]))  # type: ignore[index]


def save(trainer: "Trainer", folder: Path) -> Path:
    """What `Trainer.save` does."""
    file = folder / f"checkpoint-{trainer.steps:08d}.safetensors"
    if not trainer.ranks.first:
        return file
    tensors = _pack("history", trainer.history.tensors())
    tensors |= {"random": trainer.rng.get_state(), "order": trainer.real.order}
    for name, network in _networks(trainer).items():
        tensors |= _pack(name, network.state_dict())
    for name, optimiser in _optimisers(trainer).items():
        for index, state in optimiser.state_dict()["state"].items():
            tensors |= _pack(f"{name}.{index}", state)
    facts = {
        "format": FORMAT,
        "version": gan_lessons.__version__,
        "step": trainer.steps,
        "seconds": trainer.seconds,
        "device": trainer.device.type,
        "position": trainer.real.position,
        "config": trainer.config.to_dict(),
        "levers": asdict(trainer.levers),
        "generator": models.describe(trainer.generator),
        "discriminator": models.describe(trainer.discriminator),
        "data": {
            "name": trainer.images.name,
            "shape": [len(trainer.images), *trainer.images.shape],
        },
    }
    # A copy each: safetensors wants plain layout, and refuses tensors that share memory.
    plain = {name: tensor.cpu().contiguous().clone() for name, tensor in tensors.items()}
    try:
        with written_aside(file) as aside:
            save_file(plain, aside, metadata={"gan_lessons": json.dumps(facts)})
    except (OSError, SafetensorError) as error:
        raise CheckpointError(
            f"cannot write {file}: {error}; earlier checkpoints are intact"
        ) from None
    # Also what a killed run did not finish writing. What cannot be removed does no harm.
    for old in [*find(folder)[:-KEEP], *folder.glob(".checkpoint-*.part")]:
        with contextlib.suppress(OSError):
            old.unlink()
    return file


def resume(
    trainer_class: type["Trainer"],
    folder: Path,
    images: Images | Points,
    generator: nn.Module | None,
    discriminator: nn.Module | None,
    device: str | torch.device,
) -> "Trainer":
    """What `Trainer.resume` does."""
    file = _newest(folder)
    facts, tensors = read(file)
    device = pick_device(device)
    stored = (facts["data"].get("name"), tuple(facts["data"].get("shape", ())))
    given = (images.name, (len(images), *images.shape))
    if stored != given:
        raise CheckpointError(
            f"{file} was trained on {stored[0]!r} {stored[1]}, got {given[0]!r} {given[1]}"
        )
    try:
        config = TrainConfig.from_dict(facts["config"])
        generator = generator or _rebuild(facts, "generator", file)
        discriminator = discriminator or _rebuild(facts, "discriminator", file)
        levers = Levers.from_dict(facts["levers"])
        if facts["device"] != device.type or Ranks().size > 1:
            levers = replace(levers, graph=False)  # that is for one GPU
        trainer = trainer_class(generator, discriminator, images, config, device, levers)
        for name, network in _networks(trainer).items():
            _check_fit(name, network, _unpack(name, tensors))
        for name, network in _networks(trainer).items():
            network.load_state_dict(_unpack(name, tensors))
        for name, optimiser in _optimisers(trainer).items():
            _load_optimiser(optimiser, _unpack(name, tensors))
        if facts["device"] == "cpu":
            torch.Generator().set_state(tensors["random"])  # refuses what is none, on a GPU too
        if facts["device"] == trainer.device.type:
            trainer.rng.set_state(tensors["random"])
        else:  # each kind of device draws its own numbers: go on with others
            trainer.rng.manual_seed(config.seed + facts["step"])
        trainer.real.go_on(tensors["order"], facts["position"])
        trainer.steps, trainer.seconds = facts["step"], facts["seconds"]
        trainer.history = History.from_tensors(_unpack("history", tensors))
    except (AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        if isinstance(error, CheckpointError):
            raise
        first_line = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CheckpointError(
            f"{file} belongs to other networks or settings: {first_line}"
        ) from error
    return trainer


def read(file: Path) -> tuple[dict, dict[str, Tensor]]:
    """What a checkpoint holds: its facts and its tensors. Raises CheckpointError."""
    try:
        with safe_open(file, framework="pt") as stored:
            facts = json.loads((stored.metadata() or {})["gan_lessons"])
            # Copied, because what stays mapped to the file keeps Windows from removing it.
            tensors = {name: stored.get_tensor(name).clone() for name in stored.keys()}  # noqa: SIM118
    except KeyError:
        raise CheckpointError(f"{file} is no checkpoint of gan_lessons") from None
    except (OSError, SafetensorError, ValueError) as error:
        others = [other.name for other in find(file.parent) if other != file]
        way_out = f"move it away to go on from {others[-1]}" if others else "start anew"
        raise CheckpointError(f"{file} is damaged or half written ({error}); {way_out}") from None
    if not isinstance(facts, dict):
        raise CheckpointError(f"{file} is no checkpoint of gan_lessons")
    if facts.get("format") != FORMAT:
        raise CheckpointError(
            f"{file} has format {facts.get('format')}, written by gan_lessons "
            f"{facts.get('version')}; this version reads format {FORMAT}"
        )
    for name, kind in FACTS.items():
        if not isinstance(facts.get(name), kind):
            raise CheckpointError(f"{file} is damaged: its {name} is {facts.get(name)!r:.50}")
    if facts["device"] not in KINDS:
        raise CheckpointError(f"{file} is damaged: its device is {facts['device']!r:.50}")
    return facts, tensors


def _newest(folder: Path) -> Path:
    if folder.is_file():
        return folder
    if not folder.is_dir():
        raise CheckpointError(f"{folder} does not exist: there is nothing to resume from")
    files = find(folder)
    if not files:
        raise CheckpointError(f"{folder} holds no checkpoint (checkpoint-*.safetensors)")
    return files[-1]


def _rebuild(facts: dict, role: str, file: Path) -> nn.Module:
    if facts[role] is None:
        raise CheckpointError(f"{file} holds a {role} of your own: pass it as {role}=")
    return models.rebuild(facts[role])


def _check_fit(name: str, network: nn.Module, tensors: dict[str, Tensor]) -> None:
    here = {key: tuple(tensor.shape) for key, tensor in network.state_dict().items()}
    stored = {key: tuple(tensor.shape) for key, tensor in tensors.items()}
    for key in here | stored:
        if here.get(key) != stored.get(key):
            raise ValueError(f"{name}.{key} is {stored.get(key)} there and {here.get(key)} here")


def _networks(trainer: "Trainer") -> dict[str, nn.Module]:
    found = {"generator": trainer.generator, "discriminator": trainer.discriminator}
    return found if trainer.average is None else found | {"average": trainer.average}


def _optimisers(trainer: "Trainer") -> dict[str, torch.optim.Optimizer]:
    return {"optimiser_g": trainer.optimiser_g, "optimiser_d": trainer.optimiser_d}


def _pack(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def _unpack(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    start = f"{prefix}."
    return {name[len(start) :]: tensors[name] for name in tensors if name.startswith(start)}


def _load_optimiser(optimiser: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    parameters = [p for group in optimiser.param_groups for p in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        index, _, key = name.partition(".")
        parameter = parameters[int(index)]
        shape = () if key == "step" else parameter.shape
        if (tensor.shape, tensor.dtype) != (shape, parameter.dtype):
            raise ValueError(f"the optimiser's {name} is {tuple(tensor.shape)} {tensor.dtype}")
        if shape:
            # In the parameter's own memory layout, which a fused update needs.
            tensor = torch.empty_like(parameter).copy_(tensor)
        state.setdefault(int(index), {})[key] = tensor
    settings = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": state, "param_groups": settings})
