"""The explorer: two buttons, or two keys, and a clock."""

import random
import time
from collections.abc import Sequence
from functools import partial
from itertools import product
from typing import Any

import ipywidgets as w
from torch import Tensor, nn

from gan_lessons import checks, plots
from gan_lessons.widgets import kit
from gan_lessons.widgets.explorer import PLAYING, Explorer, Frame
from gan_lessons.widgets.judged import medians, pictures_of
from gan_lessons.widgets.real_or_fake import page
from gan_lessons.widgets.real_or_fake.model import Answer, Deck, deal
from gan_lessons.widgets.real_or_fake.settings import RealOrFakeSettings
from gan_lessons.widgets.settings import MOST_SEED

TICK_MS = 100
ROUNDS = 20
CARDS, TOLD = {"card", "verdict"}, ("hidden", "told")  # of a flip-book


class RealOrFake(Explorer[RealOrFakeSettings]):
    """Real or fake? The reader judges what is dealt, and a trained D judges the same.

    End a cell with it. Where no kernel runs, a still picture stands in its place.

    discriminator: gives logits; it calls real what is above the middle of its medians of both.
    real, fake: pictures (N, 1 or 3, H, W) in [-1, 1], or clouds (N, points, 2) that are judged as
    a whole, by the mean logit; be fair, and take real ones that D has not learned from. rounds: how
    many are dealt, 2 to 200, each real or fake by a coin. Other settings as in
    `RealOrFakeSettings`: seconds, seed.

    Raises:
        ValueError: a value is outside its range, or there are too few pictures.
        TypeError: the name of a setting is unknown.
    """

    name = "duel"

    def __init__(
        self, discriminator: nn.Module, real: Tensor, fake: Tensor, *, rounds: int = ROUNDS,
        **settings: int,
    ):  # fmt: skip
        self._discriminator = checks.instance("discriminator", discriminator, nn.Module)
        self._real, self._fake = pictures_of("real", real), pictures_of("fake", fake)
        if self._real.shape[1:] != self._fake.shape[1:]:
            shapes = tuple(self._real.shape[1:]), tuple(self._fake.shape[1:])
            raise ValueError(f"real and fake must have one shape, got {shapes[0]} and {shapes[1]}")
        self._rounds = checks.whole("rounds", rounds, 2, 200)
        least = min(len(self._real), len(self._fake))
        if least < self._rounds:
            raise ValueError(f"{rounds} rounds need as many of real and of fake, got {least}")
        self._middle = sum(medians(discriminator, self._real, self._fake)) / 2
        self.answers: list[Answer] = []
        self._since: float | None = None  # when the clock of this item started
        self._paused: float | None = None  # when Play was stopped
        s = RealOrFakeSettings(**settings)
        self._dealt = -1
        self._deal(s.seed)
        super().__init__(s, without=("seed",))

    def build(self) -> w.Widget:
        player = self.add_play("play", TICK_MS, "Starts the clock, or stops it.")
        player.observe(self._on_playing, [each for each in PLAYING if player.has_trait(each)])
        for name, icon, key in (("real", "check", "R"), ("fake", "times", "F")):
            tip = f"Answers: {name}. Or press {key}."
            self.add_button(name, name, icon, tip, partial(self.answer, name == "real"))
        self.add_button("again", "deal again", "random", "Others, by chance.", self._again)
        self._question, self._score = kit.html(css_class="gl-wide"), kit.html(css_class="gl-wide")
        keys = kit.html(page.keys_html(), "gl-style")
        controls = self.controls
        answers = kit.row([controls["real"], controls["fake"]])
        answers.add_class("answers")
        left = kit.column([self._question, answers])
        rest = kit.row([controls[name] for name in ("play", "seconds", "again")])
        return kit.column([keys, rest, kit.beside([left, self._score])])

    def changed(self, name: str, value: int) -> None:
        if name == "seed":
            self._deal(value)
        super().changed(name, value)

    def draw(self) -> None:
        done = len(self.answers) == self._rounds
        for name in ("real", "fake"):
            self.controls[name].disabled = done
        self._question.value = page.question_html(self.deck, self.answers, self._left())
        score = page.score_html(self.deck, self.answers)
        if self._score.value != score:
            self._score.value = score

    def page(self, settings: RealOrFakeSettings) -> str:
        deck = self.deck
        if settings.seed != self._dealt:
            deck = self._dealt_by(settings.seed)
        return page.question_html(deck, [], None) + page.score_html(deck, [])

    def frames(
        self, names: str | tuple[str, ...], values: Sequence[Any] | None = None
    ) -> list[Frame]:
        """As of other explorers; "card" and "verdict" are the cards of this deck, each "hidden" and
        "told".
        """
        if set(names) != CARDS:
            return super().frames(names, values)
        every = {"card": range(1, self._rounds + 1), "verdict": TOLD}
        made = []
        for pair in product(*([every[name] for name in names] if values is None else values)):
            at = dict(zip(names, pair, strict=True))
            number = checks.whole("card", at["card"], 1, self._rounds)
            told = checks.one_of("verdict", at["verdict"], TOLD) == "told"
            made.append(Frame(at, self.framed(page.card_html(self.deck, number - 1, told))))
        return made

    @property
    def still(self) -> plots.Picture:
        return page.to_picture(self.deck)

    @property
    def alt_text(self) -> str:
        return page.alt_text(self.deck)

    def answer(self, real: bool | None) -> None:
        """Judges what is shown, and goes on to the next; None: the time was over."""
        if len(self.answers) < self._rounds:
            self.answers.append(real if real is None else checks.flag("real", real))
        self._since = time.monotonic() if self.playing else None
        if len(self.answers) == self._rounds:
            self.stop()
        self.show()

    def _on_playing(self, change: dict) -> None:
        """The clock stands still while Play does."""
        now = time.monotonic()
        if not change["new"]:
            self._paused = now
        elif self._since is not None and self._paused is not None:
            self._since += now - self._paused

    def tick(self) -> None:
        """Looks at the clock."""
        if len(self.answers) == self._rounds:
            self.stop()
        elif self._since is None:
            self._since = time.monotonic()
        left = self._left()
        if left is not None and left <= 0:
            self.answer(None)
        else:
            self.draw()

    def rewound(self) -> None:
        """The same deck from its first item on."""
        self._deal(self.settings.seed)
        self.show()

    def stop(self) -> None:
        self._since = None
        super().stop()

    def _left(self) -> float | None:
        """The share of the time that is left, None without a clock."""
        seconds = self.settings.seconds
        if self._since is None or not seconds or not self.playing:
            return None
        return max(0.0, 1 - (time.monotonic() - self._since) / seconds)

    def _dealt_by(self, seed: int) -> Deck:
        sets = self._discriminator, self._real, self._fake
        return deal(*sets, self._rounds, seed, self._middle)

    def _again(self) -> None:
        self.changed("seed", random.randint(0, MOST_SEED))

    def _deal(self, seed: int) -> None:
        self.deck = self._dealt_by(seed)
        self.answers, self._since, self._dealt = [], None, seed
