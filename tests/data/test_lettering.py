"""Letters in styles: pairs belong together, each style is what its name says, and errors."""

import re

import pytest
import torch

from gan_lessons.data.lettering import STYLES, lettering


@pytest.fixture(scope="module")
def sets():
    return {style: each.floats() for style, each in lettering(60, 3, tuple(STYLES)).items()}


def ink(x):
    return ((x + 1) / 2).mean((1, 2, 3))


def test_sets_are_alike_in_all_but_style():
    found = lettering(25, 7, ("thin", "outline"), "ABC", 20)
    thin, outline = found["thin"], found["outline"]
    assert thin.pixels.shape == outline.pixels.shape == (25, 1, 20, 20)
    assert torch.equal(thin.labels, outline.labels)
    assert sorted(thin.labels.bincount().tolist()) == [8, 8, 9]
    assert (thin.classes, thin.name, outline.name) == (("A", "B", "C"), "thin", "outline")


def test_the_same_seed_gives_the_same_letters():
    a, b, c = (lettering(10, seed)["thin"].pixels for seed in (1, 1, 2))
    assert torch.equal(a, b)
    assert not torch.equal(a, c)


def test_the_ink_of_a_letter_lies_in_its_filled_one(sets):
    """Also that of its outline, but for soft edges; another letter's does not."""
    bold = ((sets["filled"] + 1) / 2 > 0.5).double()
    for style in ("thin", "outline", "upright"):
        weight = sets[style] + 1
        own, other = ((weight * each).sum() / weight.sum() for each in (bold, bold.roll(1, 0)))
        assert own > 0.85 > 0.7 > other, style


def test_pens_order_the_ink(sets):
    for less, more in (("thin", "upright"), ("upright", "bold"), ("bold", "filled")):
        assert (ink(sets[less]) < ink(sets[more])).all()
    assert (ink(sets["outline"]) < ink(sets["filled"])).all()


def test_an_outline_is_hollow_and_lies_in_the_filled_letter(sets):
    filled, outline = sets["filled"], sets["outline"]
    assert (outline <= filled + 1e-6).all()
    hollow = (filled > 0.99) & (outline < -0.99)
    assert (hollow.sum((1, 2, 3)) > 0).double().mean() > 0.9


def test_slanted_letters_lean_to_the_right(sets):
    def lean(x):
        """How far the ink moves to the right from the lower half to the upper one, in pixels."""
        weight = (x[:, 0] + 1) / 2
        at = torch.arange(28.0)
        upper, lower = weight[:, :14], weight[:, 14:]
        return [(half.sum(1) * at).sum(1) / half.sum((1, 2)) for half in (upper, lower)]

    upright, slanted = (lean(sets[style]) for style in ("upright", "slanted"))
    moved = (slanted[0] - slanted[1]) - (upright[0] - upright[1])
    assert (moved > 1).double().mean() > 0.9


def test_nothing_is_cut_off(sets):
    for style, x in sets.items():
        edge = torch.cat([x[..., 0], x[..., -1], x[..., 0, :], x[..., -1, :]], -1)
        assert edge.max() < -0.9, style


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"n": 0}, "n must be a whole number of at least 1, got 0"),
        ({"seed": -1}, "seed must be a whole number from 0"),
        ({"size": 8}, "size must be a whole number from 16 to 1024, got 8"),
        ({"styles": ("thin", "gothic")}, "unknown style 'gothic': choose from thin, bold"),
        ({"styles": ("thin", "thin")}, "styles must be different names, at least one"),
        ({"styles": ()}, "styles must be different names, at least one, got []"),
        ({"classes": ""}, "classes must be different characters, at least one, got ''"),
        ({"classes": "AA"}, "classes must be different characters, at least one, got 'AA'"),
        ({"classes": "A中"}, "the fonts cannot draw ['中']"),
    ],
)
def test_what_cannot_be_drawn_is_said(given, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        lettering(**{"n": 4, **given})
