"""Which `ComputeOptions` are the fastest on this machine: measured once, then cached."""

import contextlib
import hashlib
import json
import platform
import statistics
import time
from dataclasses import asdict, replace
from pathlib import Path

import torch

from gan_lessons.data import Images
from gan_lessons.data.cache import cache_folder, written_aside
from gan_lessons.train.compute import ComputeOptions
from gan_lessons.train.config import TrainConfig
from gan_lessons.train.device import pick_device
from gan_lessons.train.picture_trainer import Trainer, networks

ROUNDS, STEPS = 3, 3  # of each candidate, taking turns: the median of the rounds counts
HOPELESS = 2.0  # after one round, a candidate this many times slower than the best is dropped
WORTH = 0.97  # a candidate replaces the first one only if it takes at most this share of its time


def fastest(
    config: TrainConfig, images: Images, device: str | torch.device = "auto", say: bool = True
) -> ComputeOptions:
    """The options with which this machine takes a step fastest; prints what it measured.

    Memory layout and bfloat16 cost time on some processors and save it on others, so each is tried
    on and off (on CUDA, the recorded step too). That takes a few seconds, once: the result is
    cached for this machine, this version of torch and this kind of step.
    """
    device = pick_device(device)
    candidates = _candidates(device)
    file = cache_folder() / "compute.json"
    known = _read(file)
    key = _key(config, images, device)
    if len(known.get(key, [])) != len(candidates):
        known[key] = _measure(candidates, config, images, device)
        with contextlib.suppress(OSError), written_aside(file) as aside:  # else: measured again
            aside.write_text(json.dumps(known, indent=1), encoding="utf-8")
    times: list[float] = known[key]
    best = min(range(len(times)), key=times.__getitem__)
    if times[best] > WORTH * times[0]:
        best = 0
    if say:
        print(
            f"a step takes {1000 * times[best]:.1f} ms here with {_words(candidates[best])}; "
            f"{1000 * times[0]:.1f} ms with {_words(candidates[0])}"
        )
    return candidates[best]


def _candidates(device: torch.device) -> list[ComputeOptions]:
    """The plainest first."""
    return [
        ComputeOptions(channels_last=channels_last, bfloat16=bfloat16, graph=graph)
        for graph in ((False, True) if device.type == "cuda" else (False,))
        for bfloat16 in (False, True)
        for channels_last in (True, False)
    ]


def _measure(
    candidates: list[ComputeOptions], config: TrainConfig, images: Images, device: torch.device
) -> list[float]:
    """Seconds a step of each candidate, with networks built only for this."""
    some = images.take(min(len(images), 4 * config.batch))
    trainers = [
        Trainer(*networks(config, some), some, config, device, options) for options in candidates
    ]
    times: list[list[float]] = [[] for _ in candidates]
    for _ in range(ROUNDS):
        for trainer, own in zip(trainers, times, strict=True):
            if own and own[0] > HOPELESS * min(other[0] for other in times if other):
                continue
            trainer.step()  # not timed: the processor's caches hold another candidate's numbers
            _wait(device)
            started = time.perf_counter()
            for _ in range(STEPS):
                trainer.step()
            _wait(device)
            own.append((time.perf_counter() - started) / STEPS)
    return [statistics.median(own) for own in times]


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _words(options: ComputeOptions) -> str:
    layout = "channels last" if options.channels_last else "channels first"
    recorded = ", recorded" if options.graph else ""
    return f"{layout}, {'bfloat16' if options.bfloat16 else 'float32'}{recorded}"


def _read(file: Path) -> dict[str, list[float]]:
    try:
        stored = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stored if isinstance(stored, dict) else {}


def _key(config: TrainConfig, images: Images, device: torch.device) -> str:
    """A hash of all that the time of a step depends on."""
    what = asdict(replace(config, seed=0, learning_rate_g=1.0, learning_rate_d=1.0))
    where = (
        torch.cuda.get_device_name(device)
        if device.type == "cuda"
        else f"{platform.node()} {torch.backends.cpu.get_cpu_capability()}"
    )
    facts = [where, torch.__version__, torch.get_num_threads(), images.shape, what]
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]
