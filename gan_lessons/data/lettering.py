"""Letters in several styles, drawn as pairs: row i is the same letter in each of them.

    pairs = lettering(1000, seed=0, styles=("thin", "bold"))
    thin, bold = pairs["thin"], pairs["bold"]      # row i of one and row i of the other: a pair

The letters come from fonts that matplotlib ships, as in `glyphs`, so the sets need no download. A
letter keeps its font, size, place, rotation and bend from style to style (if slanted, its size
nearly).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gan_lessons.checks import fits, instance, items, one_of, whole
from gan_lessons.data.images import LARGEST, Images
from gan_lessons.data.letterforms import WAVES, can_draw, place, render, tile

FONTS = ("DejaVuSans", "DejaVuSansMono", "cmss10")  # upright ones, with strokes of even width
LETTERS = "ABCDEFGHIJ"
PART = 1024  # letters that are drawn at once


@dataclass(frozen=True)
class Style:
    """What a style does to a letter; lengths in heights of a capital."""

    pen: float  # how much the strokes grow on each side
    slant: float = 0.0  # how far a point moves to the right as it rises
    line: float = 0.0  # draw only the rim, this wide; 0 fills the strokes


STYLES = {
    "thin": Style(-0.02),
    "bold": Style(0.055),
    "upright": Style(0.02),
    "slanted": Style(0.02, slant=0.35),
    "filled": Style(0.07),
    "outline": Style(0.07, line=0.06),
}


def lettering(
    n: int,
    seed: int = 0,
    styles: Sequence[str] = ("thin", "bold"),
    classes: str = LETTERS,
    size: int = 28,
) -> dict[str, Images]:
    """{style: n letters, white on black, (n, 1, size, size) uint8, with labels}, as pairs.

    n: how many letters, at least 1. seed: 0 to 2**63 - 1. styles: names from STYLES. classes: the
    characters, one class each. size: 16 to 1024 pixels; below 16 the rims of "outline" run
    together.

    A letter's rotation, stretch, bend, size and place are random and the same in all styles. Only
    the slant changes its outline, so a slanted letter may be drawn a little smaller or larger.

    Raises ValueError for numbers out of range, unknown styles or one twice, for classes that are
    empty or repeat a character, and for one that a font lacks.
    """
    n, seed = whole("n", n, 1), whole("seed", seed, 0, 2**63 - 1)
    size = whole("size", size, 16, 1024)
    fits("pixels", n * size**2, LARGEST, "use fewer or smaller pictures")
    names = [one_of("style", name, STYLES) for name in items("styles", styles)]
    if not names or len(set(names)) < len(names):
        raise ValueError(f"styles must be different names, at least one, got {names}")
    if not instance("classes", classes, str) or len(set(classes)) < len(classes):
        raise ValueError(f"classes must be different characters, at least one, got {classes!r}")
    missing = [c for c in classes if not all(can_draw(font, c) for font in FONTS)]
    if missing:
        raise ValueError(f"the fonts cannot draw {missing}: remove them from classes")

    rng = torch.Generator().manual_seed(seed)
    labels = torch.randperm(n, generator=rng) % len(classes)
    luck = torch.rand(n, 8, generator=rng)
    bend = torch.randn(n, len(WAVES), 2, generator=rng)
    fonts = (luck[:, 0] * len(FONTS)).long()
    tiles = [tile(font, c) for c in classes for font in FONTS]
    distance = torch.stack([each.distance for each in tiles])[:, None]
    outline = torch.stack([each.outline for each in tiles])
    height = torch.tensor([each.height for each in tiles])
    # All styles are placed as if drawn with the thickest pen, so that none is cut off.
    thickest = torch.full((n, 2), max(STYLES[name].pen for name in names))

    sets = {}
    for name in names:
        style, pixels = STYLES[name], torch.empty(n, 1, size, size, dtype=torch.uint8)
        slant = torch.full((n,), style.slant)
        for part in torch.arange(n).split(PART):
            t = labels[part] * len(FONTS) + fonts[part]
            where = outline[t], height[t], thickest[part], luck[part], bend[part], slant[part]
            map_, _, scale = place(*where)
            pixels[part] = _drawn(distance[t], map_, scale, style.pen, size)
            if style.line:
                pixels[part] -= _drawn(distance[t], map_, scale, style.pen - style.line, size)
        sets[name] = Images(pixels, labels, tuple(classes), name)
    return sets


def _drawn(distance: Tensor, map_: Tensor, scale: Tensor, pen: float, size: int) -> Tensor:
    """(N, 1, size, size) uint8: placed letters, with strokes that grow by `pen` on each side."""
    return render(distance, map_, torch.full((len(scale),), pen), scale, size)
