"""How close the best recipe gets to MNIST in the time that the usual loop needs.

    python benchmarks/time_to_quality.py [seeds]

On the CPU. The usual loop (`_usual.py`) trains a DCGAN of width 32, with learning rate 2e-4 and no
average, for 90 s. Its Fréchet distance at the end is the mark. The recipe starts with the same seed
and is judged at several times, up to 90 s. Judging and loading do not count as training time. The
result is the median over seeds. The benchmark fails if the recipe does not reach the mark in 12 s,
or if its distance after 90 s is above the limit. GAN_LESSONS_DATA names the folder with MNIST.
"""

import statistics
import sys
import time
from dataclasses import replace

from _usual import usual_steps

from gan_lessons import data
from gan_lessons.metrics import Judge
from gan_lessons.train import RECIPES, TrainConfig, Trainer, fastest, networks

BUDGET = 90.0  # seconds
REACHED_IN, DISTANCE = 12.0, 35.0
JUDGED_AT = (6.0, 8.0, 10.0, REACHED_IN, 20.0, 40.0, 60.0, BUDGET)
USUAL = TrainConfig(network="dcgan", width=32, batch=64)
BEST = "modern"


def main(seeds: int) -> int:
    try:
        images, reference = data.load("mnist"), data.load("mnist", split="test")
    except data.DataUnavailable as error:
        sys.exit(f"error: {error}")
    judge = Judge(images, reference)
    print(f"floor: {judge.floor:.1f} ({judge.count:,} real training against as many test pictures)")
    compute = fastest(RECIPES[BEST], images, "cpu")
    marks, reached, ends = [], [], []
    for seed in range(seeds):
        config = replace(USUAL, seed=seed)
        generator, discriminator = networks(config, images)
        steps = usual_steps(generator, discriminator, config, "cpu", workers=0)
        count, started = 0, time.perf_counter()
        while time.perf_counter() - started < BUDGET:
            next(steps)
            count += 1
        sampler = Trainer(generator, discriminator, images, config, "cpu")
        mark = judge(sampler.generate(judge.count, seed=seed))
        print(f"seed {seed}: usual loop {mark:.1f} after {count} steps", end="; recipe", flush=True)

        config = replace(RECIPES[BEST], seed=seed)
        trainer = Trainer(*networks(config, images), images, config, "cpu", compute)
        distances = {}
        spent = 0.0
        for seconds in JUDGED_AT:
            started = time.perf_counter()
            while spent + time.perf_counter() - started < seconds:
                trainer.step()
            spent += time.perf_counter() - started
            distances[seconds] = judge(trainer.generate(judge.count, seed=seed))
            print(f" {seconds:.0f} s {distances[seconds]:.1f}", end="", flush=True)
        print(f" ({trainer.steps} steps)")
        marks.append(mark)
        reached.append(min((t for t, d in distances.items() if d <= mark), default=float("inf")))
        ends.append(distances[BUDGET])
    mark, when, end = map(statistics.median, (marks, reached, ends))
    print(
        f"medians of {seeds}: the usual loop's {mark:.1f} after {BUDGET:.0f} s is reached in "
        f"{when:.0f} s, 1/{BUDGET / when:.1f} of the time; {end:.1f} after {BUDGET:.0f} s "
        f"({end / mark:.2f} of the usual loop's)"
    )
    return int(when > REACHED_IN or end > DISTANCE)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5))
