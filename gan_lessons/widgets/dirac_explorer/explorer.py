"""The explorer: controls in, diagrams out."""

from collections.abc import Sequence
from typing import Any

import ipywidgets as w

from gan_lessons import checks, plots
from gan_lessons.widgets import kit
from gan_lessons.widgets.dirac_explorer import page
from gan_lessons.widgets.dirac_explorer.settings import FARTHEST, MOST_STEPS, DiracSettings
from gan_lessons.widgets.one_page import OnePageExplorer
from gan_lessons.widgets.presets import OWN

TICK_MS = 60
STRIDE = 5  # steps of a tick


class DiracExplorer(OnePageExplorer[DiracSettings]):
    """Dirac-GAN, the smallest GAN: two numbers, their orbit, and why it converges or does not.

    End a cell with it. Where no kernel runs, a still picture stands in its place.

    preset: a name of PRESETS, whose settings it takes. All others are fields of `DiracSettings`:
    loss, penalty, gamma, clip, step_size, updates, theta and psi (the start; a click on the plane
    moves it), steps (shown). With steps=0 it waits for Play, at the beginning of each preset that
    is chosen.

    eigenvalues: whether they are shown, too. controls: names of those to begin with, ("gamma",
    "updates"); preset, Play and steps are always there, the others stand behind "more settings".
    None: all are in sight.

    Raises:
        ValueError: a value is outside its range, or a control is unknown. TypeError: the name of a
        setting is unknown.
    """

    name = "dirac"
    label_width = "52px"
    pages = page
    always = ("preset", "play", "steps", "more")
    rows = (
        ("preset", "play", "steps"),
        ("loss", "penalty", "updates"),
        ("gamma", "step_size", "clip"),
        ("theta", "psi"),
    )

    def __init__(
        self,
        preset: str = OWN,
        *,
        eigenvalues: bool = True,
        controls: Sequence[str] | None = None,
        **settings: Any,
    ):
        self.eigenvalues = checks.flag("eigenvalues", eigenvalues)
        first = DiracSettings.of(preset, **settings)
        self._waits = first.steps == 0
        self._told = False  # whether what happens, and why, is unfolded
        super().__init__(first, controls=controls)

    def add_controls(self) -> None:
        self.add_play("play", TICK_MS, "Takes the steps one by one; at the end it begins again.")

    def build(self) -> w.Widget:
        """What was chosen stands over the picture, all else below it: in a narrow window, too, the
        picture is in sight at once.
        """
        self.add_controls()
        self._page = kit.html(css_class="gl-wide")
        self._wire = w.Text()  # hidden: the page writes where it was clicked
        self._wire.add_class("gl-dirac-wire")
        self._wire.observe(self._on_wire, names="value")
        first, *others = self.rows
        above = [*first, *(n for names in others for n in names if n in (self._chosen or ()))]
        below = [[name for name in names if name not in above] for names in others]
        below += [["more"]] * ("more" in self.controls)
        top, *rows = (kit.row([self.controls[n] for n in names]) for names in (above, *below))
        return kit.column([top, self._page, *rows, self._wire])

    @kit.in_turn
    def _on_wire(self, change: dict) -> None:
        """A click on the plane, or on the fold, which the browser has turned itself."""
        if change["new"].startswith("fold"):
            self._told = not self._told
            return
        across, down = map(float, change["new"].split(","))
        if max(abs(across - 0.5), abs(down - 0.5)) > 0.5:
            return  # beside it
        point = page.point_at(self.settings, across, down)
        theta, psi = (round(max(-FARTHEST, min(FARTHEST, each)), 1) for each in point)
        self.show(self.settings.changed(theta=theta, psi=psi))

    def page(self, settings: DiracSettings) -> str:
        return page.to_html(settings, self.eigenvalues, self._told)

    def show(self, settings: DiracSettings | None = None) -> None:
        before = self.settings.changed(steps=0)
        self._told = self._told and (settings or self.settings).changed(steps=0) == before
        super().show(settings)

    @property
    def still(self) -> plots.Picture:
        return page.to_picture(self._played, self.eigenvalues)

    @property
    def alt_text(self) -> str:
        return page.alt_text(self._played, self.eigenvalues)

    @property
    def _played(self) -> DiracSettings:
        """What the file shows: nobody plays there."""
        s = self.settings
        return s if s.steps else s.changed(steps=DiracSettings.steps)

    @property
    def state(self) -> dict[str, Any]:
        return super().state | ({} if self.eigenvalues else {"eigenvalues": False})

    def changed(self, name: str, value: Any) -> None:
        start = {}
        if name == "preset" and self._waits:
            self.stop()  # or a tick that is on its way would take the first step
            start["steps"] = 0
        self.show(self.settings.changed(**{name: value}, **start))

    def adapt(self) -> None:
        self.controls["gamma"].disabled = self.settings.penalty == "none"

    def tick(self) -> None:
        steps = self.settings.steps % MOST_STEPS + STRIDE
        if steps >= MOST_STEPS:
            self.stop()
        self.show(self.settings.changed(steps=min(steps, MOST_STEPS)))

    def rewound(self) -> None:
        self.show(self.settings.changed(steps=0))
