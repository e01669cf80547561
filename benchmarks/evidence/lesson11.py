"""Lesson 11: completions of a hole, translation with pairs and without.

python benchmarks/evidence/lesson11.py [11.holes | 11.nudged | 11.pairs | ...]
"""

import torch
from _lesson import DATA, judge, lesson
from _make import Comparison, Spec, every, main

Names = dict
RATE = 2e-3  # of the completers and of the U-Nets with pairs
CYCLE_RATE = 1e-3  # of CycleGAN
DRAWN = ("glyphs",)  # what letters in pairs are drawn as: there is no other set of pairs
AGAIN = 1000  # added to the seed: another run of the same, for the null


def names_for(row: Spec, data_set: str) -> Names:
    """The lesson's names, with the seed of a row; the null has another seed."""
    names = lesson("11", data_set)
    null = "null" in (row.get("arm"), row.get("way"))
    names["seed"] = int(row["seed"]) + (AGAIN if null else 0)
    names["bar"] = lambda steps, name: range(steps)
    names["judge"] = judge(data_set, 1000)
    return names


def holes(row: Spec) -> dict[str, float]:
    """One way to learn to fill holes, measured on one hole. Null: the adversary once more."""
    names, arm = names_for(row, str(row["data"])), str(row["arm"])
    how = names["ARMS"]["adversary" if arm == "null" else arm]
    fill = names["learn_to_fill"](**how, rate=float(row.get("rate", RATE)))
    x, mask, labels = names["unseen_holes"]()
    found = names["looked_at"](names["several"](fill, x, mask, times=1)[0], x, mask, labels)
    return found | names["counted"](fill, x[:200], mask[:200])


def pairs(row: Spec) -> dict[str, float]:
    """A U-Net from upright to slanted letters. Null: λ = 10 once more."""
    names, arm = names_for(row, "glyphs"), str(row["arm"])
    learn, test = names["letters"]()
    how = names["SWEEP"]["λ = 10" if arm == "null" else arm]
    G = names["learn_pairs"](
        learn["upright"], learn["slanted"], **how, rate=float(row.get("rate", RATE))
    )
    return names["scored"](G, test)[1]


def coins(row: Spec) -> dict[str, float]:
    """A U-Net from thin letters to filled or outlined ones. Null: the squared error once more."""
    names, arm = names_for(row, "glyphs"), str(row["arm"])
    learn, test = names["letters"]()
    how = names["COINS"]["squared error" if arm == "null" else arm]
    sets = names["by_coin"](learn, names["seed"])
    G = names["learn_pairs"](*sets, start=0.0, rate=RATE / 2, **how)
    first, _, apart = names["of_coins"](G, test["thin"])
    return {"decided": names["decided"](first, test), "apart": apart}


def unpaired(row: Spec) -> dict[str, float]:
    """Thin to bold without pairs, scored by them. Null: CycleGAN once more."""
    names, way = names_for(row, "glyphs"), str(row["way"])
    A, B, thin, u, bold = names["heaps"]()
    how = names["WAYS"]["CycleGAN" if way == "null" else way]
    G, H = names["learn_cycle"](A, B, **how, rate=float(row.get("rate", CYCLE_RATE)))
    return names["by_pairs"](G, thin, bold) | names["hides"](G, H, thin, u, bold)


def poles(row: Spec) -> dict[str, float]:
    """Letters of both polarities: how many translations are inverted. Null: the copy once more."""
    names, way = names_for(row, "glyphs"), str(row["way"])
    A, B, thin, bold = names["poles"]()
    how = names["POLES"]["start as a copy" if way == "null" else way]
    G, H = names["learn_cycle"](A, B, steps=140, rate=RATE, **how)
    with torch.no_grad():
        cycle = (H(G(thin)) - thin).abs().mean().item()
    return {"inverted": names["inverted"](G, thin, bold), "cycle": cycle}


FILLS = ("squared error", "adversary", "z, no reward", "with z", "null")
SWEEP = ("no adversary", "λ = 100", "λ = 10", "λ = 1", "λ = 0", "λ = 10, 70", "null")
POLES = ("start as a copy", "start inverted", "start inverted, identity loss")
WAYS = ("CycleGAN", "without cycle", "without pool", "null")
COMPARISONS = {
    "11.holes": Comparison(
        "300 steps of learning to fill holes, on one hole in 500 unseen pictures",
        tuple(every(data=DATA, arm=FILLS)),
        holes,
    ),
    "11.nudged": Comparison(
        "as 11.holes, at half and at twice the learning rate",
        tuple(every(data=DATA, arm=FILLS[:4], rate=(RATE / 2, RATE * 2))),
        holes,
    ),
    "11.pairs": Comparison(
        "150 steps from upright to slanted letters, for several weights of the error",
        tuple(every(data=DRAWN, arm=SWEEP, rate=(RATE,)))
        + tuple(every(data=DRAWN, arm=SWEEP[:5], rate=(RATE / 2, RATE * 2))),
        pairs,
    ),
    "11.coins": Comparison(
        "150 steps from thin letters to filled or outlined ones, by a coin",
        tuple(
            every(data=DRAWN, arm=("squared error", "absolute error", "adversary and z", "null"))
        ),
        coins,
    ),
    "11.unpaired": Comparison(
        "300 steps from thin to bold letters without pairs, scored by hidden pairs",
        tuple(every(data=DRAWN, way=WAYS, rate=(CYCLE_RATE,)))
        + tuple(every(data=DRAWN, way=WAYS[:3], rate=(CYCLE_RATE / 2, CYCLE_RATE * 2))),
        unpaired,
    ),
    "11.poles": Comparison(
        "140 steps without pairs on letters of both polarities, by start and identity loss",
        tuple(every(data=DRAWN, way=(*POLES, "null"))),
        poles,
    ),
}

if __name__ == "__main__":
    main(__file__, "11", COMPARISONS)
