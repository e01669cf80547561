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

from gan_lessons import checks
from gan_lessons.data import Images
from gan_lessons.data.cache import cache_folder, written_aside
from gan_lessons.train.compute import ComputeOptions
from gan_lessons.train.config import TrainConfig
from gan_lessons.train.device import pick_device
from gan_lessons.train.game import Data
from gan_lessons.train.picture_trainer import Trainer, networks

ROUNDS, STEPS = 3, 3  # of each candidate, taking turns: the median of the rounds counts
HOPELESS = 2.0  # a candidate this many times slower than the best is dropped
SLOW = 1.0  # seconds: a first step of more tells enough on a CPU, and a round needs no more
STEADY = 1.3  # rounds whose times differ by more than this factor were disturbed
FAR = 1.5  # a step this many times faster than its measurement shows that it was disturbed
TRIES, LONG = 3, 10.0  # measurements, until one is not disturbed; nothing begins after so many
# seconds but the second round of a candidate, without which nobody knows what disturbed the first
WORTH = 0.97  # a candidate replaces the first one only if it takes at most this share of its time


def fastest(
    config: TrainConfig, images: Images, device: str | torch.device = "auto", say: bool = True
) -> ComputeOptions:
    """The options with which this machine takes a step fastest; prints what it measured.

    Memory layout and bfloat16 cost time on some processors and save it on others, so each is tried
    on and off (on a CPU, layers as products too; on CUDA, the recorded step). That takes a few
    seconds, once: the result is cached for this machine, this version of torch and this kind of
    step. On a CPU, what was not begun after ten seconds is left out. A measurement that another
    program disturbs is repeated, and not cached if it stays disturbed.
    """
    checks.instance("config", config, TrainConfig)
    checks.instance("images", images, Images)
    checks.flag("say", say)
    device = pick_device(device)
    candidates = _candidates(device)
    file = cache_folder() / "compute.json"
    known = _read(file)
    key = _key(config, images, device)
    times, steady = known.get(key, []), True
    if len(times) != len(candidates):
        if say:
            print("measuring which way to compute a step is the fastest here ...", flush=True)
        times, steady = _measure(candidates, config, images, device)
        if steady:
            _write(file, known | {key: times})
    best = min(range(len(times)), key=times.__getitem__)
    if times[best] > WORTH * times[0]:
        best = 0
    if say:
        print(
            f"a step takes {1000 * times[best]:.1f} ms here with {_words(candidates[best])}, which "
            f"is taken; {1000 * times[0]:.1f} ms with {_words(candidates[0])}"
        )
        if not steady:
            print("(other programs are busy here: this is measured again at the next run)")
    return candidates[best]


def forget_if_slow(config: TrainConfig, images: Data, device: torch.device, seconds: float) -> None:
    """Forgets a cached measurement if a training's steps, of so many seconds, were far faster."""
    file = cache_folder() / "compute.json"
    known, key = _read(file), _key(config, images, device)
    if known.get(key) and min(known[key]) > FAR * seconds:
        _write(file, {name: times for name, times in known.items() if name != key})


def _candidates(device: torch.device) -> list[ComputeOptions]:
    """The defaults first."""
    cuda, cpu = device.type == "cuda", device.type == "cpu"
    return [
        ComputeOptions(
            channels_last=channels_last, bfloat16=bfloat16, graph=graph, products=products
        )
        # Products change nothing on other devices, and suit a memory of channels last.
        for bfloat16 in (False, True)
        for graph in ((False, True) if cuda else (False,))
        for products, channels_last in ((True, True), (True, False), *([(False, True)] * cpu))
    ]


def _measure(
    candidates: list[ComputeOptions], config: TrainConfig, images: Images, device: torch.device
) -> tuple[list[float], bool]:
    """Seconds a step of each candidate, and whether nothing disturbed the measurement.

    If it stays disturbed, each candidate's fastest round counts.
    """
    some = images.take(min(len(images), 4 * config.batch))
    trainers = [
        Trainer(*networks(config, some), some, config, device, options) for options in candidates
    ]
    tries: list[list[list[float]]] = []
    began = time.perf_counter()
    # On a GPU steps are short, but each kind's first one takes long to get ready.
    until = began + LONG if device.type == "cpu" else float("inf")
    while not tries or (len(tries) < TRIES and time.perf_counter() - began < LONG):
        tries.append(_rounds(trainers, device, until))
        if all(max(own) <= STEADY * min(own) for own in tries[-1]):
            return [statistics.median(own) for own in tries[-1]], True
    return [min(min(rounds[i]) for rounds in tries) for i in range(len(candidates))], False


def _rounds(trainers: list[Trainer], device: torch.device, until: float) -> list[list[float]]:
    """Seconds a step of each trainer, in each of its rounds.

    until: after this time of the clock no trainer has its first round (it takes infinitely long),
    and none its third.
    """
    times: list[list[float]] = [[] for _ in trainers]

    for turn in range(ROUNDS):
        for trainer, own in zip(trainers, times, strict=True):
            best = min((other[0] for other in times if other), default=float("inf"))
            late = time.perf_counter() > until
            if own and (own[0] > HOPELESS * best or (late and turn > 1)):
                continue
            if not own and late and best < float("inf"):
                own.append(float("inf"))
                continue
            # The first is not timed: the processor's caches hold another candidate's numbers.
            started = time.perf_counter()
            trainer.step()
            _wait(device)
            first = time.perf_counter() - started
            if not own and device.type == "cpu" and first > max(SLOW, HOPELESS * best):
                own.append(first)
                continue
            started, steps = time.perf_counter(), 0
            while steps < STEPS and time.perf_counter() - started <= SLOW:
                trainer.step()
                steps += 1
            _wait(device)
            own.append((time.perf_counter() - started) / steps)
    return times


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _words(options: ComputeOptions) -> str:
    layout = "channels last" if options.channels_last else "channels first"
    more = (", recorded" if options.graph else "") + ("" if options.products else ", no products")
    return f"{layout}, {'bfloat16' if options.bfloat16 else 'float32'}{more}"


def _read(file: Path) -> dict[str, list[float]]:
    try:
        stored = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stored if isinstance(stored, dict) else {}


def _write(file: Path, known: dict[str, list[float]]) -> None:
    with contextlib.suppress(OSError), written_aside(file) as aside:  # else: measured again
        aside.write_text(json.dumps(known, indent=1), encoding="utf-8")


def _key(config: TrainConfig, images: Data, device: torch.device) -> str:
    """A hash of all that the time of a step depends on."""
    what = asdict(replace(config, seed=0, learning_rate_g=1.0, learning_rate_d=1.0))
    where = (
        torch.cuda.get_device_name(device)
        if device.type == "cuda"
        else f"{platform.node()} {torch.backends.cpu.get_cpu_capability()}"
    )
    facts = [where, torch.__version__, torch.get_num_threads(), images.shape, what]
    facts += [_words(options) for options in _candidates(device)]
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]
