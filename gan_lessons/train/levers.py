"""How a step is computed: what makes it faster, and changes its result by rounding at most.

Each lever can be turned off; `benchmarks/train_speed.py` shows what each brings.
"""

import contextlib
import hashlib
import json
import platform
import statistics
import time
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import torch

from gan_lessons.data import Images
from gan_lessons.data.cache import cache_folder, written_aside
from gan_lessons.train.config import TrainConfig
from gan_lessons.train.device import pick_device

ROUNDS, STEPS = 3, 3  # of each candidate, in turns: the median of the rounds counts
HOPELESS = 2.0  # after a round, a candidate that takes this many times the best is not tried again
WORTH = 0.97  # another than the first must take at most this share of its time


@dataclass(frozen=True)
class Levers:
    """What a `Trainer` may do to be fast. All but bfloat16 keep float32's precision."""

    data_on_device: bool = True  # the whole set lies there as bytes; off: each batch is sent there
    freeze: bool = True  # D's weights collect no gradients in G's turn, which would be thrown away
    one_pass: bool = True  # D sees real and fake in one batch, unless it has batch norm
    shared_pass: bool = True  # R1 and R2 take the gradient of the pass that the loss is made of
    channels_last: bool = True  # a pixel's channels lie side by side in memory
    fused: bool = True  # Adam moves all weights at once
    bfloat16: bool = False  # the networks compute in it; losses, penalties, weights stay float32
    graph: bool = False  # CUDA repeats a recorded step instead of being told each part anew

    @classmethod
    def from_dict(cls, values: dict) -> "Levers":
        """The opposite of `dataclasses.asdict`. Raises ValueError for an unknown lever."""
        known = [field.name for field in fields(cls)]
        for name in values:
            if name not in known:
                raise ValueError(f"unknown lever {name!r}; known are {', '.join(known)}")
        return cls(**values)

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not isinstance(value, bool):
                raise ValueError(f"{name} must be True or False, got {value!r}")


def fastest(
    config: TrainConfig, images: Images, device: str | torch.device = "auto", say: bool = True
) -> Levers:
    """The levers with which this machine takes a step of `config` soonest; says what it measured.

    Memory layout and bfloat16 cost time on some processors and save it on others, so each is tried
    on and off (on CUDA, the recorded step too). That takes a second or a few, once: the result is
    kept in the cache, for this machine, this version of torch and this kind of step.
    """
    device = pick_device(device)
    candidates = _candidates(device)
    file = cache_folder() / "levers.json"
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


def _candidates(device: torch.device) -> list[Levers]:
    """The plainest first."""
    return [
        Levers(channels_last=channels_last, bfloat16=bfloat16, graph=graph)
        for graph in ((False, True) if device.type == "cuda" else (False,))
        for bfloat16 in (False, True)
        for channels_last in (True, False)
    ]


def _measure(
    candidates: list[Levers], config: TrainConfig, images: Images, device: torch.device
) -> list[float]:
    """Seconds a step, of networks made for this alone."""
    from gan_lessons.train.players import networks
    from gan_lessons.train.trainer import Trainer  # it knows the levers

    some = images.take(min(len(images), 4 * config.batch))
    trainers = [Trainer(*networks(config, some), some, config, device, each) for each in candidates]
    times: list[list[float]] = [[] for _ in candidates]
    for _ in range(ROUNDS):
        for trainer, own in zip(trainers, times, strict=True):
            if own and own[0] > HOPELESS * min(other[0] for other in times if other):
                continue
            trainer.step()  # not timed: the processor's caches hold another's numbers
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


def _words(levers: Levers) -> str:
    layout = "channels last" if levers.channels_last else "channels first"
    recorded = ", recorded" if levers.graph else ""
    return f"{layout}, {'bfloat16' if levers.bfloat16 else 'float32'}{recorded}"


def _read(file: Path) -> dict[str, list[float]]:
    try:
        stored = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stored if isinstance(stored, dict) else {}


def _key(config: TrainConfig, images: Images, device: torch.device) -> str:
    """All that the time of a step depends on, in short."""
    what = asdict(replace(config, seed=0, learning_rate_g=1.0, learning_rate_d=1.0))
    where = (
        torch.cuda.get_device_name(device)
        if device.type == "cuda"
        else f"{platform.node()} {torch.backends.cpu.get_cpu_capability()}"
    )
    facts = [where, torch.__version__, torch.get_num_threads(), images.shape, what]
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]
