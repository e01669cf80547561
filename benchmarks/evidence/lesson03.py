"""Lesson 03: what ten ways to double a map do to patterns, in training and before.

python benchmarks/evidence/lesson03.py [03.training | 03.glasses | 03.last | ...]
"""

import copy

import torch
from _lesson import DATA, lesson
from _make import Comparison, Spec, every, main
from torch.nn import functional as F

from gan_lessons import metrics, upsample

STRATEGIES = list(upsample.STRATEGIES)
AGAIN = "deconv4 again"  # the null: other weights, the same strategy
NUDGED = ("deconv4", "deconv4-bilinear", "deconv4-equal", "resize-nearest")
TASKS = ("pixels", "game")
STEPS = (0, 50, 100, 150, 200)


def names_for(row: Spec) -> dict:
    """The lesson's names, with the seed and the learning rate of a row."""
    names = lesson("03", str(row["data"]))
    names["seed"] = int(row["seed"]) + (1000 if row.get("strategy") == AGAIN else 0)
    names["RATE"] = float(row.get("rate", 1e-3))
    names["z"] = torch.randn(
        500, names["LATENT"], generator=torch.Generator().manual_seed(10_000 + names["seed"])
    )
    return names


def strategy_of(row: Spec) -> str:
    return "deconv4" if row["strategy"] == AGAIN else str(row["strategy"])


def training(row: Spec) -> dict[str, float]:
    """A strategy's two layers, trained on one of the two tasks."""
    names = names_for(row)
    net = names["generator"](strategy_of(row))
    in_game = row["task"] == "game"
    codes = names["z"] if in_game else names["codes_unseen"]
    found = {}
    fit = names["fit_game" if in_game else "fit_pixels"]
    for step, pictures in zip(STEPS, fit(net), strict=True):
        found[f"energy_{step}"] = names["times_real"](pictures)
        tiles = [
            upsample.checkerboard_energy(each, window=14) for each in (pictures, names["real"])
        ]
        found[f"local_{step}"] = (tiles[0] / tiles[1]).item()
        if step in (0, 200):
            still = copy.deepcopy(net)  # to measure puts it out of training mode
            found[f"raw_{step}"] = names["times_real"](names["draw"](still[:-1], codes))
            found[f"U_first_{step}"] = names["evenness_of"](still[4])
            found[f"U_last_{step}"] = names["evenness_of"](still[7])
            found[f"left_{step}"] = names["left_over"](still, codes)
    referee = judge(str(row["data"]))
    found["distance"], found["floor"] = referee(pictures), referee.floor
    if not in_game:
        found["error"] = F.mse_loss(pictures, names["real"][:500]).item()
    return found


def match(row: Spec) -> dict[str, float]:
    """Against pixels, with as many channels for each strategy."""
    names = names_for(row)
    net = names["generator"](str(row["strategy"]), c=int(row["channels"]))
    *_, pictures = names["fit_pixels"](net)
    return {
        "error": F.mse_loss(pictures, names["real"][:500]).item(),
        "energy": names["times_real"](pictures),
    }


def last(row: Spec) -> dict[str, float]:
    """In the game, with one strategy in the first layer and one in the last."""
    names = names_for(row)
    first, final = str(row["layers"]).split(" → ")
    found = {}
    net = names["generator"](first, final, c=12)
    for step, pictures in zip((0, 50, 100), names["fit_game"](net, steps=100), strict=True):
        found[f"energy_{step}"] = names["times_real"](pictures)
        found[f"energy4_{step}"] = names["times_real_4"](pictures)
    return found


WORN = ("none", "comb", "notch", "low-pass", "blur", "blur + ½", "none again")


def glasses(row: Spec) -> dict[str, float]:
    """In the game, with a filter before D, which hides some frequencies."""
    names = names_for(row)
    worn = str(row["glasses"])
    if worn == "none again":
        worn, names["seed"] = "none", names["seed"] + 1000
    net = names["generator"](str(row["strategy"]))
    looks = names["fit_game"](net, steps=100, glasses=names["GLASSES"][worn])
    energies = [names["times_real"](pictures) for pictures in looks]
    return {f"energy_{step}": e for step, e in zip((0, 50, 100), energies, strict=True)}


judges: dict[str, metrics.Judge] = {}


def judge(data_set: str) -> metrics.Judge:
    if data_set not in judges:
        names = lesson("03", data_set)
        judges[data_set] = metrics.Judge(names["images"], names["unseen"], count=500)
    return judges[data_set]


COMPARISONS = {
    "03.training": Comparison(
        "ten strategies, 200 steps against pixels and in the game",
        tuple(every(data=DATA, task=TASKS, rate=(1e-3,), strategy=[*STRATEGIES, AGAIN])),
        training,
    ),
    "03.last": Comparison(
        "one strategy in the first layer, one in the last, 100 steps of the game",
        tuple(
            every(
                data=DATA,
                layers=[
                    f"{first} → {final}"
                    for first in ("deconv4", "resize-bilinear")
                    for final in ("deconv4", "resize-bilinear")
                ],
            )
        ),
        last,
    ),
    "03.glasses": Comparison(
        "a filter before the discriminator, 100 steps of the game",
        tuple(every(data=DATA, strategy=("deconv4-bilinear",), glasses=WORN)),
        glasses,
    ),
    "03.match": Comparison(
        "resizing against kernel 4, with as many channels, 200 steps against pixels",
        tuple(every(data=DATA, channels=(7, 16), strategy=("deconv4", "resize-nearest"))),
        match,
    ),
    "03.nudged": Comparison(
        "four strategies as in 03.training, at half and at twice the learning rate",
        tuple(every(data=DATA, task=TASKS, rate=(5e-4, 2e-3), strategy=NUDGED)),
        training,
    ),
}

if __name__ == "__main__":
    main(__file__, "03", COMPARISONS)
