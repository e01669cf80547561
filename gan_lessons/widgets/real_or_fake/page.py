"""The item to judge, the score, and who was right about what."""

import torch
from torch import Tensor

from gan_lessons import plots
from gan_lessons.widgets import kit
from gan_lessons.widgets.real_or_fake.model import Answer, Deck, groups, scores, verdict

WORDS = {True: "real", False: "fake", None: "nothing in time"}
MARKS = {True: "✓", False: "✗"}
DOT = 1.6  # percent of a cloud's side
CLOUD = 84  # pixels of a cloud that is drawn as a picture


def item_html(item: Tensor, words: str, span: float) -> str:
    """One item. span: from the middle to the edge, of a cloud."""
    if item.dim() == 3:
        return kit.to_img(item[None], words)
    dots = "".join(
        f"<circle cx='{x:.1f}' cy='{y:.1f}' r='{DOT}'/>"
        for x, y in (50 + 50 * item / span * torch.tensor([1.0, -1.0])).tolist()
    )
    return f"<svg class='cloud' viewBox='0 0 100 100' role='img' aria-label='{words}'>{dots}</svg>"


def span_of(items: Tensor) -> float:
    """Half of the side of a window for all clouds; 1 for pictures."""
    return float(items.abs().max()) * 1.05 if items.dim() == 3 else 1.0


def question_html(deck: Deck, answers: list[Answer], left: float | None) -> str:
    """What is to be judged now. left: share of the time, None without a clock."""
    rounds, number = len(deck.items), len(answers)
    if number == rounds:
        return "<div class='gl-card question'><p>All judged.</p></div>"
    picture = item_html(deck.items[number], f"number {number + 1}: real or fake?",
                        span_of(deck.items))  # fmt: skip
    share = 100 if left is None else 100 * left
    clock = f"<div class='clock'><div style='width:{share:.0f}%'></div></div>"
    return (
        f"<div class='gl-card question'><p>{number + 1} of {rounds}: real or fake?</p>"
        f"<div class='item'>{picture}</div>{clock}</div>"
    )


def score_html(deck: Deck, answers: list[Answer]) -> str:
    """The score, and the last answer; at the end, who was right about what."""
    n, rounds = len(answers), len(deck.items)
    you, d = scores(deck, answers)
    table = (
        f"<table><tr><td>you</td><td>{you} of {n} right</td></tr>"
        f"<tr><td>D</td><td>{d} of {n} right</td></tr></table>"
    )
    if n < rounds:
        return f"<div class='gl-card score' aria-live='polite'>{table}{_last(deck, answers)}</div>"
    return (
        f"<div class='gl-card score' aria-live='polite'>{table}<p>{verdict(deck, answers)}</p>"
        f"{_groups(deck, answers)}</div>"
    )


def _last(deck: Deck, answers: list[Answer]) -> str:
    if not answers:
        return (
            "<p class='muted'>Answer with the buttons. ▶ starts the clock. "
            "D judges the same, and says so afterwards: it calls real what is above its middle, "
            "halfway between its median logits of real and of generated ones.</p>"
        )
    number = len(answers) - 1
    you, d = deck.right(number, answers[-1])
    logit = float(deck.logits[number])
    picture = item_html(deck.items[number], f"number {number + 1}", span_of(deck.items))
    return (
        f"<div class='last'><div class='item'>{picture}</div><div>"
        f"<p>It was <b>{WORDS[bool(deck.real[number])]}</b>.</p>"
        f"<p>{MARKS[you]} you said {WORDS[answers[-1]]}</p>"
        f"<p>{MARKS[d]} D said {WORDS[logit > 0]}, {kit.fixed(abs(logit), 1)} "
        f"{'above' if logit > 0 else 'below'} its middle</p></div></div>"
    )


def _groups(deck: Deck, answers: list[Answer]) -> str:
    """Real ones have a blue frame, generated ones an orange one."""
    made = []
    for name, numbers in groups(deck, answers).items():
        if numbers:
            pictures = "".join(
                f"<span class='item {WORDS[bool(deck.real[i])]}'>"
                f"{item_html(deck.items[i], WORDS[bool(deck.real[i])], span_of(deck.items))}</span>"
                for i in numbers
            )
            made.append(
                f"<p class='muted'>{name}: {len(numbers)}</p><div class='row'>{pictures}</div>"
            )
    key = "<p class='muted'>blue frame: real · orange frame: generated</p>"
    return f"{''.join(made)}{key}"


def to_picture(deck: Deck) -> plots.Picture:
    """All that was dealt, unanswered."""
    columns = min(len(deck.items), 10)
    if deck.items.dim() == 4:
        return plots.picture(plots.sheet(deck.items, columns), alt_text(deck))
    span, drawn = span_of(deck.items), torch.full((len(deck.items), 1, CLOUD, CLOUD), 1.0)
    at = ((deck.items / span * torch.tensor([1.0, -1.0]) + 1) / 2 * (CLOUD - 1)).long()
    for picture, points in zip(drawn, at, strict=True):
        picture[0, points[:, 1], points[:, 0]] = -1.0
    return plots.picture(plots.sheet(drawn, columns), alt_text(deck))


def alt_text(deck: Deck) -> str:
    """What is shown, for those who cannot see it; it does not give the answers away."""
    kind = "pictures" if deck.items.dim() == 4 else "clouds of points"
    return f"{len(deck.items)} {kind}, real and generated in an order by chance: which are which?"
