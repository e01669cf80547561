"""Checkpoints: one safetensors file each, whole or not there, and read without running any code.

A file holds a training's `state_dict`. Tensors are stored as tensors; plain values, and facts about
the training (game, settings, networks, data), are JSON in the file's header.
"""

import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

import gan_lessons
from gan_lessons.data.cache import written_aside
from gan_lessons.train.device import KINDS

FORMAT = 2  # raised whenever older files can no longer be read
KEEP = 2
FACTS = {  # what the header holds besides format and version
    "game": str,
    "config": dict,
    "compute": dict,
    "networks": dict,
    "data": dict,
    "step": int,
    "seconds": float,
    "device": str,
    "positions": dict,
}
_NAME = re.compile(r"checkpoint-(\d+)\.safetensors")


class CheckpointError(RuntimeError):
    """A checkpoint cannot be written, is missing, damaged, or does not fit."""


def find(folder: Path) -> list[Path]:
    """The checkpoints in a folder, oldest first."""
    files = [file for file in folder.glob("checkpoint-*.safetensors") if _NAME.fullmatch(file.name)]
    return sorted(files, key=lambda file: int(_NAME.fullmatch(file.name)[1]))  # type: ignore[index]


def file_of(folder: Path, step: int) -> Path:
    """The name of a checkpoint after so many steps."""
    return folder / f"checkpoint-{step:08d}.safetensors"


def newest(folder: Path) -> Path:
    """The newest checkpoint in a folder; a file is returned as it is. Raises CheckpointError."""
    if folder.is_file():
        return folder
    if not folder.is_dir():
        raise CheckpointError(f"{folder} does not exist: there is nothing to resume from")
    files = find(folder)
    if not files:
        raise CheckpointError(f"{folder} holds no checkpoint (checkpoint-*.safetensors)")
    return files[-1]


def write(file: Path, facts: Mapping[str, Any], state: Mapping[str, Any]) -> None:
    """Writes one checkpoint file and removes all but the last two of its folder."""
    tensors = {name: value for name, value in state.items() if isinstance(value, Tensor)}
    plain = {name: value for name, value in state.items() if name not in tensors}
    header = {"format": FORMAT, "version": gan_lessons.__version__, **facts, **plain}
    # Copies, because safetensors wants plain layout and refuses tensors that share memory.
    copies = {name: tensor.cpu().contiguous().clone() for name, tensor in tensors.items()}
    try:
        with written_aside(file) as aside:
            save_file(copies, aside, metadata={"gan_lessons": json.dumps(header)})
    except (OSError, SafetensorError) as error:
        raise CheckpointError(
            f"cannot write {file}: {error}; earlier checkpoints are intact"
        ) from None
    # Also what a killed run did not finish writing. A file that cannot be removed does no harm.
    folder = file.parent
    for old in [*find(folder)[:-KEEP], *folder.glob(".checkpoint-*.part")]:
        with contextlib.suppress(OSError):
            old.unlink()


def read(file: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The facts of a checkpoint, and the training's state. Raises CheckpointError."""
    try:
        with safe_open(file, framework="pt") as stored:
            facts = json.loads((stored.metadata() or {})["gan_lessons"])
            # Copies, because a tensor that is mapped to the file keeps Windows from removing it.
            tensors = {name: stored.get_tensor(name).clone() for name in stored.keys()}  # noqa: SIM118
    except KeyError:
        raise CheckpointError(f"{file} is not a checkpoint of gan_lessons") from None
    except (OSError, SafetensorError, ValueError) as error:
        others = [other.name for other in find(file.parent) if other != file]
        way_out = f"move it away to go on from {others[-1]}" if others else "start again"
        raise CheckpointError(f"{file} is damaged or half written ({error}); {way_out}") from None
    if not isinstance(facts, dict):
        raise CheckpointError(f"{file} is not a checkpoint of gan_lessons")
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
    plain = {name: facts[name] for name in ("step", "seconds", "device", "positions")}
    return facts, tensors | plain


def check_data(file: Path, stored: Mapping[str, Any], own: Mapping[str, Any]) -> None:
    """Raises CheckpointError unless the checkpoint was made with the same data sets."""
    for name, facts in own.items():
        there = stored.get(name)
        if there != facts:
            raise CheckpointError(f"{file} was trained on {_told(there)}, got {_told(facts)}")


def _told(data: Any) -> str:
    if not isinstance(data, dict) or not isinstance(data.get("shape"), list):
        return f"{data!r:.50}"
    return f"{data.get('name')!r} {tuple(data['shape'])}"


@contextmanager
def misfits_named(file: Path) -> Iterator[None]:
    """Turns the errors of a state that does not fit into a CheckpointError in one line."""
    try:
        yield
    except (AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        if isinstance(error, CheckpointError):
            raise
        first_line = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CheckpointError(
            f"{file} belongs to other networks or settings: {first_line}"
        ) from error
