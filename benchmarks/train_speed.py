"""How many times the steps of the usual loop the trainer takes, and what each lever brings.

    python benchmarks/train_speed.py [dcgan | modern | article ...]

The usual loop (`_usual.py`) and the trainer have the same networks, losses, batch and settings, on
the same MNIST; both judge D's fakes again in G's turn, as that loop does. They take their steps in
turns, a few of each at a time, in one process; the medians count. Ends with an error where a
recipe falls short of its limit. GAN_LESSONS_DATA names the folder with MNIST; without
MNIST it says so, and ends with an error.
"""

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import fields, replace

import torch
from _usual import usual_steps

from gan_lessons import data
from gan_lessons.train import RECIPES, Levers, TrainConfig, Trainer, fastest, networks, pick_device

# Times the steps a second of the usual loop, on a CPU and on a GPU.
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
            short.append(f"{name} is {usual / ours:.2f} times as fast, {limit} were promised")
    print("\n".join(short))
    return bool(short)


def contenders(
    config: TrainConfig, images: data.Images, device: torch.device, best: Levers
) -> dict[str, Callable[[], object]]:
    """What takes one step when it is called."""
    usual = usual_steps(*networks(config, images), config, str(device), workers=0)

    def trainer(levers: Levers, config: TrainConfig = config) -> Trainer:
        return Trainer(*networks(config, images), images, config, device, levers)

    def read_each(trainer: Trainer) -> Callable[[], object]:
        return lambda: (trainer.step(), trainer.history)

    found: dict[str, Callable[[], object]] = {
        "the usual loop": lambda: next(usual),
        "the trainer": trainer(best).step,
        "the trainer, all levers off": trainer(Levers(**dict.fromkeys(names(), False))).step,
    }
    for name in names():
        if getattr(best, name) and acts(name, config, best):
            off = {name: False}
            if name == "data_on_device" and best.graph:
                name, off = f"{name} and graph", off | {"graph": False}  # which it needs
            found[f"  without {name}"] = trainer(replace(best, **off)).step
    if not best.bfloat16:
        found["  with bfloat16"] = trainer(replace(best, bfloat16=True)).step
    found["  with losses read at each step"] = read_each(trainer(best))
    found["  with fresh fakes in G's turn"] = trainer(best, replace(config, fresh=True)).step
    return found


def names() -> list[str]:
    return [field.name for field in fields(Levers)]


def acts(lever: str, config: TrainConfig, best: Levers) -> bool:
    """Whether the lever does anything for such networks and losses."""
    normalised = config.network == "dcgan" and config.norm
    return {
        "one_pass": not normalised,
        "shared_pass": config.penalty in ("r1", "r2", "r1r2") and not best.bfloat16,
    }.get(lever, True)


def measure(contenders: dict[str, Callable], device: torch.device) -> dict[str, float]:
    """Median seconds a step, of rounds in turns."""
    counts = {}
    for name, step in contenders.items():
        for _ in range(5):  # a CUDA graph is recorded in the fourth
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
