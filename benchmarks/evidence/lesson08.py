"""Lesson 08: how far metrics, a discriminator's score and rejection sampling can be trusted.

python benchmarks/evidence/lesson08.py [08.game | 08.nudged | 08.judges | 08.ring | ...]
"""

import dataclasses

import torch
from _lesson import DATA, lesson
from _make import Comparison, Spec, every, main
from torch import Tensor

from gan_lessons import metrics, train
from gan_lessons.data import toy
from gan_lessons.metrics import frechet_distance, kernel_distance

STOPS = range(0, 321, 40)
RECIPE = train.RECIPES["dcgan"]
Names = dict


def names_for(row: Spec) -> Names:
    """The lesson's names, with the seed and the learning rate of a row."""
    toy_row = row["data"] == "toy"
    names = lesson("08", "glyphs" if toy_row else str(row["data"]))
    names["seed"] = int(row["seed"])
    rate = float(row.get("rate", 1e-3))
    changed = dataclasses.replace(RECIPE, learning_rate_g=rate, learning_rate_d=rate)
    train.RECIPES["dcgan"] = changed
    return names


def rng_of(row: Spec) -> torch.Generator:
    return torch.Generator().manual_seed(int(row["seed"]))


def game(row: Spec) -> dict[str, float]:
    """A training, its scores, and all that sections 3, 5, 7 and 8 ask of its last generator."""
    names, rng = names_for(row), rng_of(row)
    looks = []
    for trainer in names["play"](STOPS):
        looks.append(names["kept"](trainer))
    pool = trainer.generate(16_000, seed=5).cpu()
    return {
        "distance_first": looks[0]["distance"],
        "distance_last": looks[-1]["distance"],
        "floor": names["judge"].floor,
        **judged(names, looks[-1]["pictures"]),
        **scores(names, looks),
        **weighed(names, pool, rng),
        **copies(names, looks[-1]["pictures"], rng),
    }


def judged(names: Names, pictures: Tensor) -> dict[str, float]:
    """The four shares, of the generator and (null) of real training pictures."""
    judge, found = names["judge"], {}
    order = torch.randperm(len(names["images"]), generator=torch.Generator().manual_seed(0))
    sets = {"": pictures, "_real": names["images"].floats(order[:2000])}
    for end, each in sets.items():
        features = names["extract"](each)
        shares = metrics.precision_recall(judge.real, features, k=5)._asdict()
        shares |= metrics.density_coverage(judge.real, features)._asdict()
        found |= {name + end: value for name, value in shares.items()}
    return found


def scores(names: Names, looks: list[dict]) -> dict[str, float]:
    """Whether scores order the looks as distances do: own, one judge's, and (null) the first's."""
    near = [-look["distance"] for look in looks]
    score, agree, last = names["score"], names["ranks_agree"], looks[-1]
    own = [score(look["D"], look["live"]) for look in looks]
    fixed = [score(last["D"], look["pictures"]) for look in looks]
    first = [score(looks[0]["D"], look["pictures"]) for look in looks]
    moving = [score(look["D"], last["pictures"]) for look in looks]
    with torch.no_grad():
        logits = last["D"](last["pictures"]).flatten()
    features = names["extract"](last["pictures"])
    to_real = torch.cdist(features, names["judge"].real).min(1).values
    halved = [s for s, d in zip(own, near, strict=True) if -d < -near[0] / 2]
    return {
        "own_agrees": agree(own, near),
        "fixed_agrees": agree(fixed, near),
        "first_agrees": agree(first, near),
        "same_pictures_range": max(moving) - min(moving),
        "lowest_of_halved": min(halved, default=float("nan")),
        "logit_agrees": agree(logits, -to_real),
    }


def by_judges(row: Spec) -> dict[str, float]:
    """As the agreements of `scores`, with and without the untrained generator.

    "live": the last judge on the pictures that the own judges get. Null: the judge of step 40.
    """
    names = names_for(row)
    looks = [names["kept"](trainer) for trainer in names["play"](STOPS)]
    score, last, early = names["score"], looks[-1]["D"], looks[1]["D"]
    told = {
        "own": [score(look["D"], look["live"]) for look in looks],
        "fixed": [score(last, look["pictures"]) for look in looks],
        "live": [score(last, look["live"]) for look in looks],
        "null": [score(early, look["pictures"]) for look in looks],
    }
    near = [-look["distance"] for look in looks]
    found = {}
    for name, values in told.items():
        found[name] = names["ranks_agree"](values, near)
        found[f"{name}_trained"] = names["ranks_agree"](values[1:], near[1:])
    return found


def weighed(names: Names, pool: Tensor, rng: torch.Generator) -> dict[str, float]:
    """The two-sample test, and what rejection leaves of the distance in two views.

    Null: real against real, and as many fakes accepted at random.
    """
    extract, images, unseen = names["extract"], names["images"], names["unseen"]
    order = torch.randperm(len(images), generator=rng)
    fakes, reals, others = (
        extract(each)
        for each in (pool[:8000], images.pixels[order[-8000:]], images.pixels[order[:8000]])
    )
    D = names["learn"](reals, fakes, rng)
    found = {"right": names["right"](D, reals, fakes)}
    found["right_null"] = names["right"](names["learn"](reals, others, rng), reals, others)
    ratio, found["scale"], found["offset"] = names["calibrated"](D, reals, fakes)
    fresh = pool[8000:]
    logits = ratio(extract(fresh))
    for end, each in (("", logits), ("_null", logits[torch.randperm(8000, generator=rng)])):
        accept = names["rejection"](each, rng, 0.9).nonzero()[:, 0]
        n = min(1000, len(accept))
        found["accepted" + end] = len(accept) / len(fresh)
        two = unseen.floats(torch.randperm(len(unseen), generator=rng)[: 2 * n])
        for name in ("extract", "coarse"):
            view = names[name]
            far = [
                frechet_distance(view(two[:n]), view(x))
                for x in (two[n:], fresh[:n], fresh[accept[:n]])
            ]
            found[f"left_{name}{end}"] = (far[2] - far[0]) / (far[1] - far[0])
    return found


def copies(names: Names, pictures: Tensor, rng: torch.Generator) -> dict[str, float]:
    """The share below the unseen pictures' first percentile, in three views; half of the unseen
    pictures against the other half is the null.
    """
    stored, fair = names["lists"](names["images"], names["unseen"], n=1000)
    border_set, null = fair[:500], fair[500:]
    kinds = {
        "noisy": (stored[:500] + 0.1 * torch.randn(500, 1, 28, 28, generator=rng)).clamp(-1, 1),
        "moved": stored[:500].roll(1, 3),
        "generated": pictures[:500],
        "null": null,
    }
    views = {
        "pixels": lambda x: names["nearest"](x, stored, torch.nn.Flatten()),
        "features": lambda x: names["nearest"](x, stored, names["extract"]),
        "shifts": lambda x: names["over_shifts"](x, stored),
    }
    found = {}
    for name, view in views.items():
        border = view(border_set).quantile(0.01)
        for kind, each in kinds.items():
            found[f"{name}_{kind}"] = (view(each) < border).double().mean().item()
    return found


def ring(row: Spec) -> dict[str, float]:
    """Three ways to weigh the bad generator of section 6, by the exact ratio or a trained one.

    Null: logits in random order.
    """
    names, rng = names_for(row), rng_of(row)
    bad, std, centres = names["bad_generator"], names["STD"], names["CENTRES"]

    def draw_real(n: int) -> Tensor:
        return toy.ring(n, rng, std=std)

    D = names["best"]
    if row["D"] != "exact":
        rate = float(row.get("rate", 3e-3))
        D = names["ratio_net"](2, draw_real, lambda n: bad(n, rng), rate=rate)
    pool = bad(20_000, rng)
    logits = D(pool)
    if row["D"] == "null":
        logits = logits[torch.randperm(len(logits), generator=rng)]
    sets = {"raw": pool}
    found = {}
    for name, quantile in (("textbook", None), ("percentile", 0.95)):
        accept = names["rejection"](logits, rng, quantile)
        sets[name], found[f"{name}_accepts"] = pool[accept], accept.double().mean().item()
    if row["D"] != "null":
        sets["chain"], found["chain_accepts"] = names["chain"](D, draw_real(1000), bad, rng)
    else:
        sets["chain"], found["chain_accepts"] = pool[:1000], 1.0
    for name, samples in sets.items():
        report = metrics.mode_report(samples, centres, std)
        found |= {f"{name}_good": report.good, f"{name}_kl": report.reverse_kl}
    return found


def bias(row: Spec) -> dict[str, float]:
    """The floor at four sizes, the limit in 1/n, and what both distances see at n = 500."""
    rng = rng_of(row)

    def normal(n: int, std: float = 1.0, mean: float = 0.0) -> Tensor:
        return mean + std * torch.randn(n, 64, generator=rng)

    def both(std: float = 1.0, mean: float = 0.0) -> list[float]:
        real, fake = normal(500), normal(500, std, mean)
        kid = kernel_distance(real, fake, subsets=1, subset_size=500).mean
        return [frechet_distance(real, fake), kid]

    found = {}
    for n in (100, 200, 400, 800):
        found[f"floor_{n}"] = sum(frechet_distance(normal(n), normal(n)) for _ in range(5)) / 5
    ns = (500, 1000, 2000, 4000)
    design = torch.tensor([[1.0, 1 / n] for n in ns])
    for name, std in (("narrow", 0.88), ("wide", 1.1)):
        seen = [sum(frechet_distance(normal(n), normal(n, std)) for _ in range(4)) / 4 for n in ns]
        fit = torch.linalg.lstsq(design, torch.tensor(seen)[:, None]).solution.flatten()
        found |= {f"{name}_500": seen[0], f"{name}_limit": fit[0].item()}
    null = torch.tensor([both() for _ in range(20)])
    found["kid_null"], found["kid_below_0"] = (
        null[:, 1].mean().item(),
        (null[:, 1] < 0).sum().item(),
    )
    for name, defect in (("again", {}), ("moved", {"mean": 0.07}), ("widened", {"std": 1.1})):
        shown = torch.tensor([both(**defect) for _ in range(20)])
        noise = (shown.mean(0) - null.mean(0)) / null.std(0)
        found |= {f"frechet_{name}": noise[0].item(), f"kid_{name}": noise[1].item()}
    return found


def lies(row: Spec) -> dict[str, float]:
    """What each mistake of section 4 adds to the distance of pictures from themselves."""
    names, rng = names_for(row), rng_of(row)
    x = names["images"].floats(torch.randperm(len(names["images"]), generator=rng)[:2000])
    smaller, jpeg, net = names["smaller"], names["jpeg"], names["judge"].net
    pairs = {
        "resized": (smaller(x, True), smaller(x, False)),
        "filter": (smaller(x, True), smaller(x, True, "bicubic")),
        "jpeg_75": (x, jpeg(x, 75)),
        "jpeg_30": (x, jpeg(x, 30)),
        "range": (x, (x + 1) / 2),
        "null": (x, x.clone()),
    }
    found = {name: frechet_distance(*map(net, pair)) for name, pair in pairs.items()}
    real = names["judge"].real
    for n in (100, 500, 2000):
        found[f"unequal_{n}"] = frechet_distance(real, net(x[:n]))
    return {**found, "floor": names["judge"].floor}


COMPARISONS = {
    "08.game": Comparison(
        "320 steps of a small DCGAN: scores, the two-sample test, rejection, copies",
        tuple(every(data=DATA, rate=(1e-3,))),
        game,
    ),
    "08.nudged": Comparison(
        "as 08.game, at half and at twice the learning rate",
        tuple(every(data=DATA, rate=(5e-4, 2e-3))),
        game,
    ),
    "08.judges": Comparison(
        "how judges order the looks of 08.game, all of them or the trained ones, at three rates",
        tuple(every(data=DATA, rate=(1e-3, 5e-4, 2e-3))),
        by_judges,
    ),
    "08.ring": Comparison(
        "rejection and a chain on the ring of 8, by the exact ratio, a trained one, and by chance",
        tuple(every(data=("toy",), D=("exact", "trained", "null"), rate=(3e-3,)))
        + tuple(every(data=("toy",), D=("trained",), rate=(1.5e-3, 6e-3))),
        ring,
    ),
    "08.bias": Comparison(
        "the Fréchet and the kernel distance of Gaussians in 64 dimensions",
        tuple(every(data=("toy",))),
        bias,
    ),
    "08.lies": Comparison(
        "six mistakes of an evaluation, on real pictures", tuple(every(data=DATA)), lies
    ),
}

if __name__ == "__main__":
    main(__file__, "08", COMPARISONS)
