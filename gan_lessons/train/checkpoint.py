"""Checkpoints: one safetensors file each, whole or not there, and read without running any code.

A file holds a training's `state_dict`. Tensors are stored as tensors; plain values, and facts about
the training (game, settings, networks, data), are JSON in the file's header, beside a checksum.

A folder belongs to one run. Its id is in each file, so that no run removes another's checkpoints.
"""

import contextlib
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

import gan_lessons
from gan_lessons.data.cache import written_aside
from gan_lessons.data.fingerprint import hash_of
from gan_lessons.train.device import KINDS

FORMAT = 2  # raised whenever older files can no longer be read
KEEP = 2
LOCK = ".lock"
FACTS = {  # what the header holds besides format and version
    "run": str,
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


@contextmanager
def claimed(folder: Path, run: str, step: int) -> Iterator[None]:
    """Keeps other trainings out of a folder; a process that is killed lets go of it.

    Raises CheckpointError if the folder is in use, holds checkpoints of another run or newer than
    `step`, or cannot be written.
    """
    with contextlib.ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            stack.enter_context(FileLock(folder / LOCK, timeout=0, is_singleton=True, mode=0o666))
        except Timeout:
            raise CheckpointError(
                f"{folder} is in use by another training: wait until it ends, or choose "
                "another folder"
            ) from None
        except NotImplementedError:
            pass  # a file system without locks
        except OSError as error:
            raise CheckpointError(f"cannot write to {folder}: {error}") from None
        for file in find(folder):
            if run_of(file) not in (run, None):
                raise CheckpointError(
                    f"{folder} holds {file.name} of another run: resume that run to go on with "
                    "it, or choose another folder"
                )
            if file.name > file_of(folder, step).name:
                raise CheckpointError(
                    f"{folder} holds {file.name}, and this training is at step {step}: resume "
                    "the newer one, move it away, or choose another folder"
                )
        yield


def run_of(file: Path) -> str | None:
    """The id of the run that wrote a checkpoint; None if it cannot be read."""
    try:
        with safe_open(file, framework="pt") as stored:
            return json.loads((stored.metadata() or {})["gan_lessons"])["run"]
    except (OSError, SafetensorError, LookupError, TypeError, ValueError):
        return None


def write(file: Path, facts: Mapping[str, Any], state: Mapping[str, Any]) -> None:
    """Writes one checkpoint file and removes all but the run's last two from its folder.

    Raises CheckpointError as `claimed` does, and if the file cannot be written.
    """
    tensors = {name: value for name, value in state.items() if isinstance(value, Tensor)}
    plain = {name: value for name, value in state.items() if name not in tensors}
    # Copies, because safetensors wants plain layout and refuses tensors that share memory.
    copies = {name: tensor.cpu().contiguous().clone() for name, tensor in tensors.items()}
    header = json.dumps({"format": FORMAT, "version": gan_lessons.__version__, **facts, **plain})
    metadata = {"gan_lessons": header, "checksum": checksum(header, copies)}
    folder, run = file.parent, facts["run"]
    with claimed(folder, run, state["step"]):
        try:
            with written_aside(file) as aside:
                save_file(copies, aside, metadata=metadata)
        except (OSError, SafetensorError) as error:
            kept = find(folder)
            rest = f"saved before and intact: {kept[-1].name}" if kept else "nothing is saved yet"
            raise CheckpointError(f"cannot write {file}: {error}; {rest}") from None
        # Also what a killed run did not finish writing: the folder is ours. A file that cannot be
        # removed does no harm, and one that cannot be read may be worth keeping.
        own = [old for old in find(folder) if old != file and run_of(old) == run]
        for old in [*own[: 1 - KEEP], *folder.glob(".checkpoint-*.part")]:
            with contextlib.suppress(OSError):
                old.unlink()


def checksum(header: str, tensors: Mapping[str, Tensor]) -> str:
    """A hash of all that a checkpoint holds."""
    digest = hashlib.blake2b(header.encode(), digest_size=16)
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(hash_of(tensors[name]).digest())
    return digest.hexdigest()


def read(file: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The facts of a checkpoint, and the training's state. Raises CheckpointError."""
    try:
        with safe_open(file, framework="pt") as stored:
            metadata = stored.metadata() or {}
            header = metadata["gan_lessons"]
            facts = json.loads(header)
            # Copies, because a tensor that is mapped to the file keeps Windows from removing it.
            tensors = {name: stored.get_tensor(name).clone() for name in stored.keys()}  # noqa: SIM118
    except KeyError:
        raise CheckpointError(f"{file} is not a checkpoint of gan_lessons") from None
    except (OSError, SafetensorError, ValueError) as error:
        raise _damaged(file, str(error)) from None
    if not isinstance(facts, dict):
        raise CheckpointError(f"{file} is not a checkpoint of gan_lessons")
    if facts.get("format") != FORMAT:
        raise CheckpointError(
            f"{file} has format {facts.get('format')}, written by gan_lessons "
            f"{facts.get('version')}; this version reads format {FORMAT}"
        )
    if metadata.get("checksum") != checksum(header, tensors):
        raise _damaged(file, "its content does not match its checksum")
    for name, kind in FACTS.items():
        if not isinstance(facts.get(name), kind):
            raise _damaged(file, f"its {name} is {facts.get(name)!r:.50}")
    if not re.fullmatch("[0-9a-f]{32}", facts["run"]):
        raise _damaged(file, f"its run is {facts['run']!r:.50}")
    if facts["device"] not in KINDS:
        raise _damaged(file, f"its device is {facts['device']!r:.50}")
    plain = {name: facts[name] for name in ("step", "seconds", "device", "positions")}
    return facts, tensors | plain


def _damaged(file: Path, reason: str) -> CheckpointError:
    others = [other.name for other in find(file.parent) if other != file]
    way_out = f"move it away to go on from {others[-1]}" if others else "start again"
    return CheckpointError(f"{file} is damaged or half written ({reason}); {way_out}")


def check_game(file: Path, facts: Mapping[str, Any], game: str) -> None:
    """Raises CheckpointError unless the checkpoint is of that game."""
    if facts["game"] != game:
        raise CheckpointError(f"{file} is of the game {facts['game']!r:.50}, this is {game!r}")


def check_data(file: Path, stored: Mapping[str, Any], own: Mapping[str, Any]) -> None:
    """Raises CheckpointError unless the checkpoint was made with the same pictures.

    What a set is called does not matter: a folder may have been renamed.
    """
    for name, facts in own.items():
        there = stored.get(name)
        if not isinstance(there, dict):
            raise _damaged(file, f"its data is {there!r:.50}")
        if [there.get(key) for key in ("shape", "fingerprint")] != [
            facts["shape"],
            facts["fingerprint"],
        ]:
            raise CheckpointError(f"{file} was trained on {_named(there)}, got {_named(facts)}")


def _named(data: Mapping[str, Any]) -> str:
    shape, fingerprint = data.get("shape"), str(data.get("fingerprint"))
    sizes = " × ".join(map(str, shape)) if isinstance(shape, list) else f"{shape!r:.50}"
    return f"{data.get('name')!r:.50} ({sizes}, fingerprint {fingerprint:.8})"


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
