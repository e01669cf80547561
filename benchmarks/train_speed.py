"""How much faster than the usual loop the trainer is, and what each compute option contributes.

    python benchmarks/train_speed.py [dcgan | modern | article ...]

The usual loop (`_usual.py`) and the trainer have the same networks, losses, batch size and
settings, on the same MNIST. Both reuse D's fakes in G's turn. They run in one process, a few steps
each in alternation; the results are medians. The benchmark fails if a recipe misses its limit, or
without MNIST. GAN_LESSONS_DATA names the folder with MNIST.
"""

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import fields, replace

import torch
from _usual import usual_steps

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
LIMITS = {"dcgan": (2.0, 5.0)}
ROUNDS, SECONDS = 9, 0.4  # of each contender


def main(recipes: list[str]) -> int:
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
        times = measure(contenders(config, images, device, best), device)
        usual, ours = times["the usual loop"], times["the trainer"]
        for contender, seconds in times.items():
            print(
                f"  {contender:38s} {1000 * seconds:7.2f} ms a step   "
                f"{usual / seconds:5.2f} × the usual loop"
            )
        limit = LIMITS.get(name, (0.0, 0.0))[device.type == "cuda"]
        if usual / ours < limit:
            short.append(f"{name} is {usual / ours:.2f} times as fast, wanted {limit}")
    print("\n".join(short))
    return bool(short)


def contenders(
    config: TrainConfig, images: data.Images, device: torch.device, best: ComputeOptions
) -> dict[str, Callable[[], object]]:
    """Name → a function that takes one training step."""
    usual = usual_steps(*networks(config, images), config, str(device), workers=0)

    def trainer(compute: ComputeOptions, config: TrainConfig = config) -> Trainer:
        return Trainer(*networks(config, images), images, config, device, compute)

    def read_each(trainer: Trainer) -> Callable[[], object]:
        return lambda: (trainer.step(), trainer.history)

    found: dict[str, Callable[[], object]] = {
        "the usual loop": lambda: next(usual),
        "the trainer": trainer(best).step,
        "the trainer, all options off": trainer(
            ComputeOptions(**dict.fromkeys(names(), False))
        ).step,
    }
    for name in names():
        if getattr(best, name) and matters(name, config, best):
            off = {name: False}
            if name == "data_on_device" and best.graph:
                name, off = f"{name} and graph", off | {"graph": False}  # the graph needs it
            found[f"  without {name}"] = trainer(replace(best, **off)).step
    if not best.bfloat16:
        found["  with bfloat16"] = trainer(replace(best, bfloat16=True)).step
    found["  with losses read at each step"] = read_each(trainer(best))
    found["  with fresh fakes in G's turn"] = trainer(best, replace(config, fresh=True)).step
    return found


def names() -> list[str]:
    return [field.name for field in fields(ComputeOptions)]


def matters(option: str, config: TrainConfig, best: ComputeOptions) -> bool:
    """Whether the option has an effect with these networks and losses."""
    normalised = config.network == "dcgan" and config.norm
    return {
        "one_pass": not normalised,
        "shared_pass": config.penalty in ("r1", "r2", "r1r2") and not best.bfloat16,
    }.get(option, True)


def measure(contenders: dict[str, Callable], device: torch.device) -> dict[str, float]:
    """Median seconds per step, over rounds that alternate between the contenders."""
    counts = {}
    for name, step in contenders.items():
        for _ in range(5):  # warm-up; a CUDA graph is recorded in the fourth step
            step()
        one = timed(step, 3, device)
        counts[name] = max(1, round(SECONDS / one))
    rounds = [
        {name: timed(step, counts[name], device) for name, step in contenders.items()}
        for _ in range(ROUNDS)
    ]
    return {name: statistics.median(times[name] for times in rounds) for name in contenders}


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
