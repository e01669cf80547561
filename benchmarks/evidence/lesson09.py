"""Lesson 09: what attention in the generator does for far-apart marks, and what its rivals do.

python benchmarks/evidence/lesson09.py [09.attention | 09.nudged | 09.judges]
"""

from _lesson import lesson
from _make import Comparison, Spec, every, main
from torch import nn

from gan_lessons.models import attention

STOPS = (300, 450, 600)
RATE = 4e-3
RIVALS = ("pointwise", "kernel 3", "kernel 3, dilation 5", "kernel 11, by channel")


def block_of(names: dict, block: str) -> nn.Module:
    """The block of a row; `null` is attention once more, trained from another seed."""
    if block in ("attention", "null"):
        return attention.SelfAttention(32)
    if block == "near only":
        return attention.SelfAttention(32, mask=attention.nearby(6, 1))
    return nn.Identity() if block == "none" else names["RIVALS"][block]()


def game(row: Spec) -> dict[str, float]:
    """A training on cards: the report at three steps, γ, who decides, what is left when cut."""
    names = lesson("09", "glyphs")
    names["bar"] = lambda steps, name: steps
    block = str(row["block"])
    names["seed"] = int(row["seed"]) + (1000 if block == "null" else 0)
    found: dict[str, float] = {}
    stops = [round(stop * max(1.0, RATE / float(row["rate"]))) for stop in STOPS]
    run = names["play"](
        lambda: block_of(names, block),
        bool(row["shared"]),
        bool(row["whole"]),
        rate=float(row["rate"]),
        stops=stops,
    )
    for end, trainer in zip(("_half", "_three_quarters", ""), run, strict=True):
        G = trainer.generator
        seen = names["look"](G)
        for name, value in seen["report"]._asdict().items():
            found[name + end] = value
        found["gamma" + end] = seen.get("gamma", float("nan"))
    if not row["shared"]:
        decides = names["who_decides"](G)
        for i, quarter in enumerate(names["QUARTERS"]):
            for mark, share in zip(("first", "second"), decides[i].tolist(), strict=True):
                found[f"{quarter} decides {mark}".replace(" ", "_")] = share
    if block in ("attention", "null"):
        by_quarter = seen["weights"].view(-1, 6, 6, 2, 3, 2, 3).sum((4, 6)).flatten(3)
        for mark, places in (("first", slice(0, 2)), ("second", slice(4, 6))):
            looks = by_quarter[:, places, places].mean((0, 1, 2)).tolist()
            for quarter, share in zip(names["QUARTERS"], looks, strict=True):
                found[f"{mark} looks {quarter}".replace(" ", "_")] = share
        G.block.mask = attention.nearby(6, 1)
        found["kappa_cut"] = names["look"](G)["report"].kappa
        found["readable_cut"] = names["look"](G)["report"].readable
    return found


def rows(blocks: tuple[str, ...], **more) -> list[Spec]:
    one = {"data": ("marks",), "shared": (0,), "whole": (1,), "rate": (RATE,)}
    return every(**(one | {"block": blocks} | more))


COMPARISONS = {
    "09.attention": Comparison(
        "600 steps on cards, a part of z for each quarter: ways for far places to meet",
        tuple(rows(("attention", "null", "near only", *RIVALS))),
        game,
    ),
    "09.nudged": Comparison(
        "as 09.attention, at half (with twice the steps) and at twice the learning rate",
        tuple(rows(("attention", "near only", "kernel 3, dilation 5"), rate=(RATE / 2, 2 * RATE))),
        game,
    ),
    "09.judges": Comparison(
        "where attention is not needed, or does not help: one z for all, and a D that sees patches",
        tuple(rows(("none", "attention"), shared=(1,), whole=(1, 0))),
        game,
    ),
}

if __name__ == "__main__":
    main(__file__, "09", COMPARISONS)
