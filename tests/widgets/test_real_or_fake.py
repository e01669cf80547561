"""RealOrFake: what is dealt, who was right, the clock, and what is said at the end."""

import pytest
import torch
from torch import nn

pytest.importorskip("ipywidgets")
from gan_lessons.widgets import RealOrFake
from gan_lessons.widgets.explorer import PLAYING
from gan_lessons.widgets.real_or_fake import explorer as module
from gan_lessons.widgets.real_or_fake import model, page


class Brightness(nn.Module):
    """Calls real what is bright, as a logit for each picture or point."""

    def forward(self, x):
        return 4 * x.flatten(1).mean(1)


def sets(n=40):
    rng = torch.Generator().manual_seed(0)
    real = torch.rand(n, 1, 8, 8, generator=rng)  # D calls these real
    fake = -torch.rand(n, 1, 8, 8, generator=rng)
    fake[::4] *= -1  # and every fourth of these
    return real, fake


def game(**settings):
    return RealOrFake(Brightness(), *sets(), **settings)


def test_the_deck_is_real_and_fake_by_a_coin_without_repeats():
    real, fake = sets()
    e = game(rounds=20, seed=3)
    for item, is_real in zip(e.deck.items, e.deck.real.tolist(), strict=True):
        own = real if is_real else fake
        assert any(torch.equal(item, each) for each in own)
    assert len({tuple(item.flatten().tolist()) for item in e.deck.items}) == 20
    assert torch.equal(e.deck.items, game(rounds=20, seed=3).deck.items)
    counts = {int(game(rounds=20, seed=seed).deck.real.sum()) for seed in range(12)}
    assert len(counts) > 3  # counting does not help
    middle = sum(Brightness()(each).median() for each in (real, fake)) / 2
    torch.testing.assert_close(e.deck.logits, Brightness()(e.deck.items) - middle)


def test_answers_are_judged_against_the_truth_and_beside_d():
    e = game(rounds=10)
    truth = e.deck.real.tolist()
    for number, real in enumerate(truth):
        e.answer(real if number < 7 else not real)
    assert model.scores(e.deck, e.answers) == (
        7,
        int(((e.deck.logits > 0) == e.deck.real).sum()),
    )
    by = model.groups(e.deck, e.answers)
    assert sorted(number for own in by.values() for number in own) == list(range(10))
    for number in by["only the discriminator right"]:
        assert e.answers[number] is not truth[number]
    e.answer(True)  # too late: nothing happens
    assert len(e.answers) == 10
    assert e.controls["real"].disabled


@pytest.mark.parametrize(
    ("right", "rounds", "luck"), [(14, 20, False), (15, 20, True), (10, 20, False), (2, 2, False)]
)
def test_what_a_coin_could_get(right, rounds, luck):
    assert model.beats_a_coin(right, rounds) is luck


@pytest.mark.parametrize(
    ("you", "d", "words"),
    [
        (True, True, "Both of you tell them apart"),
        (False, True, "The discriminator tells them apart. These rounds do not show that you"),
        (True, False, "You tell them apart. These rounds do not show that the discriminator"),
        (False, False, "do not show that either of you"),
    ],
)
def test_what_the_game_says_of_both(you, d, words):
    real = torch.arange(20) % 2 == 0
    sure = torch.where(real, 1.0, -1.0)
    deck = model.Deck(torch.zeros(20, 1, 4, 4), real, sure if d else torch.ones(20))
    answers = real.tolist() if you else [True] * 20
    assert words in model.verdict(deck, answers)


@pytest.mark.parametrize(
    ("wrong", "words"), [(0, "You win."), (8, "A draw."), (12, "The discriminator wins.")]
)
def test_at_the_end_the_page_says_who_won(wrong, words):
    real = torch.arange(20) % 2 == 0
    logits = torch.where(real, 1.0, -1.0)
    logits[:8] *= -1  # where D is wrong
    deck = model.Deck(torch.zeros(20, 1, 4, 4), real, logits)
    answers = [truth != (number < wrong) for number, truth in enumerate(real.tolist())]
    text = page.question_html(deck, answers, None)
    assert f"All judged. {words}" in text
    assert f"{20 - wrong} : 12" in text
    assert words not in page.question_html(deck, answers[:-1], None)


def test_the_page_does_not_give_the_answer_away_before_it_is_given():
    e = game(rounds=4)
    text = page.question_html(e.deck, [], None) + page.score_html(e.deck, []) + e.alt_text
    assert "It was" not in text
    assert "said" not in text
    real = bool(e.deck.real[0])
    e.answer(not real)
    said = e._score.value
    assert f"It was <b>{'real' if real else 'fake'}</b>" in said
    assert f"✗ you said {'fake' if real else 'real'}" in said


@pytest.mark.parametrize(
    ("logit", "words"),
    [(0.1, "said real, but only just"), (-1.0, "said fake<"), (-3.0, "said fake, and was sure")],
)
def test_it_says_how_close_the_discriminator_was(logit, words):
    deck = model.Deck(torch.zeros(2, 1, 4, 4), torch.ones(2) > 0, torch.full((2,), logit))
    said = page.score_html(deck, [True])
    assert words in said
    assert f"Its logit is {abs(logit):.1f} {'above' if logit > 0 else 'below'} the middle" in said


def test_the_clock_answers_when_the_time_is_over(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    e = game(rounds=3, seconds=2)
    monkeypatch.setattr(type(e), "playing", property(lambda self: True))
    e.tick()
    now[0] = 1.0
    e.tick()
    assert "width:50%" in e._question.value
    assert e.answers == []
    now[0] = 2.1
    e.tick()
    assert e.answers == [None]
    e.answer(True)
    now[0] = 3.0
    e.tick()  # the time began anew with the answer
    assert e.answers == [None, True]
    none = game(rounds=3, seconds=0)
    none.tick()
    now[0] = 1000.0
    none.tick()
    assert none.answers == []


def test_the_clock_stands_still_while_play_does(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    e = game(rounds=3, seconds=2)
    player = e.controls["play"]
    playing = next(each for each in PLAYING if player.has_trait(each))
    e.answer(True)  # by hand, before the clock
    now[0] = 100.0
    setattr(player, playing, True)
    e.tick()
    assert e.answers == [True]
    now[0] = 101.0
    e.tick()
    assert "width:50%" in e._question.value
    setattr(player, playing, False)
    now[0] = 900.0
    setattr(player, playing, True)
    e.tick()
    assert "width:50%" in e._question.value
    now[0] = 901.1
    e.tick()
    assert e.answers == [True, None]


def test_a_seed_deals_anew_and_stop_begins_again():
    e = game(rounds=5)
    e.answer(True)
    first = e.deck.items
    e.show(e.settings.changed(seed=9))
    assert e.answers == [True]  # only what deals changes the deck
    e.controls["again"].click()
    assert e.answers == []
    assert not torch.equal(e.deck.items, first)
    e.answer(False)
    e.rewound()
    assert e.answers == []


def test_clouds_are_judged_by_their_mean_logit():
    rng = torch.Generator().manual_seed(0)
    real, fake = torch.rand(6, 30, 2, generator=rng), -torch.rand(6, 30, 2, generator=rng)
    e = RealOrFake(Brightness(), real, fake, rounds=4)
    middle = sum(4 * each.mean((1, 2)).median() for each in (real, fake)) / 2
    torch.testing.assert_close(e.deck.logits, 4 * e.deck.items.mean((1, 2)) - middle)
    assert e._question.value.count("<circle") == 30
    assert e.still.png[:4] == b"\x89PNG"


def test_a_flip_book_has_the_cards_in_either_order():
    e = game(rounds=3)
    cards, answers = e.frames(("card", "verdict")), e.frames(("verdict", "card"))
    assert [frame.values for frame in answers[:2]] == [
        {"verdict": "hidden", "card": 1},
        {"verdict": "hidden", "card": 2},
    ]
    assert {frame.html for frame in cards} == {frame.html for frame in answers}
    assert len(cards) == len({frame.html for frame in cards}) == 6
    (one,) = e.frames(("verdict", "card"), [["told"], [2]])
    assert "said" in one.html
    with pytest.raises(ValueError, match="card must be a whole number from 1 to 3, got 4"):
        e.frames(("card", "verdict"), [[4], ["told"]])


def test_the_discriminator_is_left_as_it_was():
    net = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(64), nn.Linear(64, 1))
    before = {name: value.clone() for name, value in net.state_dict().items()}
    RealOrFake(net, *sets())
    assert net.training
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rounds": 1}, "rounds must be a whole number from 2 to 200, got 1"),
        ({"rounds": 41}, "41 rounds need as many of real and of fake, got 40"),
        ({"seconds": 16}, "seconds must be .* 0 to 15, got 16"),
        ({"fake": torch.zeros(40, 1, 4, 4)}, "must have one shape"),
        ({"real": torch.zeros(3)}, "real must be pictures"),
        ({"real": torch.full((40, 1, 8, 8), torch.nan)}, "real must be finite"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_said(change, message):
    real, fake = sets()
    given = {"real": real, "fake": fake, **change}
    with pytest.raises(ValueError, match=message):
        RealOrFake(Brightness(), given.pop("real"), given.pop("fake"), **given)


def test_a_network_that_judges_pairs_is_refused():
    class Pairs(nn.Module):
        def forward(self, x):
            return x.flatten(1).sum(1)[::2]

    with pytest.raises(ValueError, match="must give a logit for each of 40, got"):
        RealOrFake(Pairs(), *sets())
