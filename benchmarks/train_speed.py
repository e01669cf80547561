"""How much faster than the usual loop the trainer is, and what each compute option contributes.

    python benchmarks/train_speed.py [dcgan | modern | article ...]

The usual loop (`_usual.py`) and the trainer have the same networks, losses, batch size and
settings, on the same MNIST. Both reuse D's fakes in G's turn. They take a few steps each in
alternation; the results are medians. Those that let go of their memory run in a second process,
because keeping it is a setting of a whole process. On a CPU, the share of the attainable rate says
how many of the operations that the processor can do in the time of a step the step needs: the rate
is that of a product of two large matrices in float32, the operations are those that torch counts.
The benchmark fails if a recipe misses its limit, or without MNIST. GAN_LESSONS_DATA names the
folder with MNIST.
"""

import multiprocessing
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import fields, replace
from multiprocessing.connection import Connection

import torch
from _usual import usual_steps
from torch.utils.flop_counter import FlopCounterMode

from gan_lessons import data
from gan_lessons.train import (
    RECIPES,
    ComputeOptions,
    TrainConfig,
    Trainer,
    fastest,
    networks,
    pick_device,
)

# The least speed-up over the usual loop, on a CPU and on a GPU.
LIMITS = {"dcgan": (1.9, 5.0), "modern": (2.5, 0.0), "article": (5.0, 0.0)}
SHARES = {"dcgan": 0.45}  # the least share of the attainable rate, on a CPU
ROUNDS, SECONDS = 15, 0.4  # of each contender
LETS_GO = ("the usual loop", "the trainer, all options off", "  without keep_memory")


def main(recipes: list[str]) -> int:
    if unknown := set(recipes) - set(RECIPES):
        sys.exit(f"error: no recipe {', '.join(sorted(unknown))}; there are {', '.join(RECIPES)}")
    device = pick_device()
    try:
        images = data.load("mnist")
    except data.DataUnavailable as error:
        sys.exit(f"error: {error}")
    where = torch.cuda.get_device_name(device) if device.type == "cuda" else device
    print(f"{where}, {torch.get_num_threads()} threads, torch {torch.__version__}")
    short = []
    for name in recipes:
        config = replace(RECIPES[name], fresh=False)
        print(f"\n{name}: batch {config.batch}, {config.loss}, penalty {config.penalty}")
        best = fastest(config, images, device)
        times = measure(config, images, device, best)
        usual, ours = times["the usual loop"], times["the trainer"]
        for contender, seconds in times.items():
            print(
                f"  {contender:38s} {1000 * seconds:7.2f} ms a step   "
                f"{usual / seconds:5.2f} × the usual loop"
            )
        limit = LIMITS.get(name, (0.0, 0.0))[device.type == "cuda"]
        if usual / ours < limit:
            short.append(f"{name} is {usual / ours:.2f} times as fast, wanted {limit}")
        if device.type == "cpu":
            share = share_of_rate(config, images, times["in float32"])
            if share is not None and share < SHARES.get(name, 0.0):
                short.append(f"{name} reaches {share:.2f} of the rate, wanted {SHARES[name]}")
    print("\n".join(short))
    return bool(short)


def contenders(
    config: TrainConfig,
    images: data.Images,
    device: torch.device,
    best: ComputeOptions,
    lets_go: bool,
) -> dict[str, Callable[[], object]]:
    """Name → a function that takes one training step; those that let go of memory, or the rest."""

    def trainer(config: TrainConfig = config, **change: bool) -> Trainer:
        own = replace(best, **change)
        return Trainer(*networks(config, images), images, config, device, own)

    def read_each() -> Callable[[], object]:
        reading = trainer()
        return lambda: (reading.step(), reading.history)

    def usual() -> Callable[[], object]:
        loop = usual_steps(*networks(config, images), config, str(device), workers=0)
        return lambda: next(loop)

    found: dict[str, Callable[[], Callable[[], object]]] = {
        "the usual loop": usual,
        "the trainer": lambda: trainer().step,
        "the trainer, all options off": lambda: trainer(**dict.fromkeys(names(), False)).step,
    }
    for name in names():
        if getattr(best, name) and matters(name, config, best, device):
            off = {name: False}
            if name == "data_on_device" and best.graph:
                name, off = f"{name} and graph", off | {"graph": False}  # the graph needs it
            found[f"  without {name}"] = lambda off=off: trainer(**off).step
    if not best.bfloat16:
        found["  with bfloat16"] = lambda: trainer(bfloat16=True).step
    found["  with losses read at each step"] = read_each
    found["  with fresh fakes in G's turn"] = lambda: trainer(replace(config, fresh=True)).step
    found["in float32"] = lambda: trainer(bfloat16=False).step
    return {name: make() for name, make in found.items() if (name in LETS_GO) == lets_go}


def names() -> list[str]:
    return [field.name for field in fields(ComputeOptions)]


def matters(option: str, config: TrainConfig, best: ComputeOptions, device: torch.device) -> bool:
    """Whether the option has an effect with these networks and losses."""
    normalised = config.network == "dcgan" and config.norm
    return {
        "one_pass": not normalised,
        "products": device.type == "cpu" and config.network != "mlp",
        "keep_memory": device.type == "cpu",
        "shared_pass": config.penalty in ("r1", "r2", "r1r2") and not best.bfloat16,
    }.get(option, True)


def measure(
    config: TrainConfig, images: data.Images, device: torch.device, best: ComputeOptions
) -> dict[str, float]:
    """Median seconds per step, over rounds that alternate between the contenders."""
    here, there = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=_serve, args=(there, config, str(device), best), daemon=True
    )
    process.start()
    own = contenders(config, images, device, best, lets_go=False)

    def ask(name: str, count: int) -> float:
        if name in own:
            return timed(own[name], count, device)
        here.send((name, count))
        return here.recv()

    every = sorted([*here.recv(), *own], key=lambda name: (name not in LETS_GO[:1], name))
    order = [name for name in every if not name.startswith("  ")]
    order += [name for name in every if name.startswith("  ")]
    counts = {}
    for name in order:
        ask(name, 5)  # warm-up; a CUDA graph is recorded in the fourth step
        counts[name] = max(1, round(SECONDS / ask(name, 3)))
    rounds = [{name: ask(name, counts[name]) for name in order} for _ in range(ROUNDS)]
    here.send(None)
    process.join()
    return {name: statistics.median(times[name] for times in rounds) for name in order}


def _serve(pipe: Connection, config: TrainConfig, device: str, best: ComputeOptions) -> None:
    """In a process of its own: times those contenders that let go of their memory."""
    own = contenders(config, data.load("mnist"), torch.device(device), best, lets_go=True)
    pipe.send(list(own))
    while asked := pipe.recv():
        name, count = asked
        pipe.send(timed(own[name], count, torch.device(device)))


def share_of_rate(config: TrainConfig, images: data.Images, seconds: float) -> float | None:
    """Prints the share of the attainable rate that a step of so many seconds reaches.

    Returns None where torch cannot count the operations: those of second derivatives.
    """
    if config.penalty:
        return None
    trainer = Trainer(*networks(config, images), images, config, "cpu", ComputeOptions())
    trainer.step()
    with FlopCounterMode(display=False) as counter:
        trainer.step()
    count = counter.get_total_flops()
    a, b = torch.randn(2, 1024, 1024)
    multiply = [timed(lambda: a @ b, 10, torch.device("cpu")) for _ in range(ROUNDS)]
    rate = 2 * 1024**3 / statistics.median(multiply)
    share = count / seconds / rate
    print(
        f"  {share:.2f} of the attainable rate in float32: {count / 1e9:.2f} billion operations "
        f"a step, {rate / 1e9:.0f} billion a second"
    )
    return share


def timed(step: Callable, count: int, device: torch.device) -> float:
    step()
    if device.type == "cuda":
        torch.cuda.synchronize()
    started = time.perf_counter()
    for _ in range(count):
        step()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return (time.perf_counter() - started) / count


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or list(RECIPES)))
