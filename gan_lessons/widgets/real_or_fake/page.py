"""The item to judge, the score, and who was right about what."""

from html import escape

import torch
from torch import Tensor

from gan_lessons import plots
from gan_lessons.widgets import kit
from gan_lessons.widgets.real_or_fake.model import Answer, Deck, groups, scores, verdict

WORDS = {True: "real", False: "fake", None: "nothing in time"}
MARKS = {True: "✓", False: "✗"}
DOT = 1.6  # percent of a cloud's side
CLOUD = 84  # pixels of a cloud that is drawn as a picture
JUST, SURE = 0.5, 2.0  # logits from the middle: below, it was close; above, it was not

# R and F answer while the focus is anywhere in the game, and ▶ moves it to the answers. They are
# heard before JupyterLab's own shortcuts, which have other uses for them; others are left to it.
_KEYS = """
const root = this.closest('.gl-duel'), names = {r: 'real', f: 'fake'};
const button = name => root.querySelector('.gl-duel-' + name);
window.removeEventListener('keydown', root.hears, true);
root.hears = event => {
  if (!root.isConnected) return window.removeEventListener('keydown', root.hears, true);
  const name = names[event.key?.toLowerCase()];
  if (!name || event.ctrlKey || event.metaKey || event.altKey) return;
  if (!root.contains(event.target) || event.target.matches('input')) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (!event.repeat) button(name).click();
};
window.addEventListener('keydown', root.hears, true);
root.onclick = event => { if (event.target.closest('.gl-duel-play')) button('real').focus(); };
"""


def keys_html() -> str:
    """An element of the live page that makes it hear its keys."""
    return f'<style onload="{escape(_KEYS)}">.gl-duel{{}}</style>'


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
    """What is to be judged now; at the end, who won.

    left: share of the time, None without a clock.
    """
    rounds, number = len(deck.items), len(answers)
    if number == rounds:
        you, d = scores(deck, answers)
        won = "A draw." if you == d else "You win." if you > d else "The discriminator wins."
        return (
            f"<div class='gl-card question'><p>All judged. {won}</p>"
            f"<p class='final'>{you} : {d}</p><p class='muted'>you : the discriminator</p>"
            "<p class='muted'>“deal again” brings others</p></div>"
        )
    picture = item_html(deck.items[number], f"number {number + 1}: real or fake?",
                        span_of(deck.items))  # fmt: skip
    share = 100 if left is None else 100 * left
    clock = f"<div class='clock'><div style='width:{share:.0f}%'></div></div>"
    return (
        f"<div class='gl-card question'><p>{number + 1} of {rounds}: real or fake?</p>"
        f"<div class='item'>{picture}</div>{clock}</div>"
    )


def card_html(deck: Deck, number: int, told: bool) -> str:
    """One item as a card of a flip-book, with or without the answer. number: from 0."""
    picture = item_html(deck.items[number], f"number {number + 1}", span_of(deck.items))
    answer = "<p>Real or fake?</p>"
    if told:
        logit = float(deck.logits[number])
        answer = (
            f"<p>It is <b>{WORDS[bool(deck.real[number])]}</b>.</p>"
            f"<p>{_said_by_d(deck, number, logit)}</p>"
        )
    return (
        f"<div class='gl-card gl-tips'><div class='last'><div class='item'>{picture}</div>"
        f"<div><p>{number + 1} of {len(deck.items)}</p>{answer}</div></div></div>"
    )


def score_html(deck: Deck, answers: list[Answer]) -> str:
    """The score, and the last answer; at the end, who was right about what."""
    n, rounds = len(answers), len(deck.items)
    you, d = scores(deck, answers)
    table = (
        f"<table><tr><td>you</td><td>{you} of {n} right</td></tr>"
        f"<tr><td>discriminator</td><td>{d} of {n} right</td></tr></table>"
    )
    if n < rounds:
        return (
            f"<div class='gl-card score gl-tips' aria-live='polite'>{table}"
            f"{_last(deck, answers)}</div>"
        )
    return (
        f"<div class='gl-card score' aria-live='polite'>{table}<p>{verdict(deck, answers)}</p>"
        f"{_groups(deck, answers)}</div>"
    )


def _last(deck: Deck, answers: list[Answer]) -> str:
    if not answers:
        return (
            "<p class='muted'>Answer with the buttons, or with the keys R (real) and F (fake) once "
            "you have clicked one. ▶ starts the clock. The discriminator judges the same; its "
            "answer appears after yours.</p>"
        )
    number = len(answers) - 1
    you, _ = deck.right(number, answers[-1])
    logit = float(deck.logits[number])
    picture = item_html(deck.items[number], f"number {number + 1}", span_of(deck.items))
    return (
        f"<div class='last'><div class='item'>{picture}</div><div>"
        f"<p>It was <b>{WORDS[bool(deck.real[number])]}</b>.</p>"
        f"<p>{MARKS[you]} you said {WORDS[answers[-1]]}</p>"
        f"<p>{_said_by_d(deck, number, logit)}</p></div></div>"
    )


def _said_by_d(deck: Deck, number: int, logit: float) -> str:
    right = (logit > 0) == bool(deck.real[number])
    side = "above" if logit > 0 else "below"
    how = ", but only just" if abs(logit) < JUST else ", and was sure" if abs(logit) > SURE else ""
    sentence = (
        f"Its logit is {kit.fixed(abs(logit), 1)} {side} the middle between its medians of real "
        "and of generated ones."
    )
    name = kit.tip("the discriminator", sentence, focus=False)
    return f"{MARKS[right]} {name} said {WORDS[logit > 0]}{how}"


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
