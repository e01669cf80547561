"""The explorer: a slider and Play in, canvases out."""

import ipywidgets as w
from torch import Tensor

from gan_lessons import checks, plots
from gan_lessons.widgets import kit
from gan_lessons.widgets.explorer import Explorer
from gan_lessons.widgets.painter_explorer import page
from gan_lessons.widgets.painter_explorer.settings import PainterSettings

TICK_MS = 700
MOST = 16  # pictures side by side


class PainterExplorer(Explorer[PainterSettings]):
    """Pictures that are painted in strokes: the canvas after each, and what each one adds.

    End a cell with it. Where no kernel runs, a still picture stands in its place.

    canvases: (P, T, 1 or 3, H, W), 1 to 16 pictures after each of T strokes, as
    `models.recurrent.Painter.canvases` returns them; a picture is the tanh of a canvas. stroke:
    1 to T.

    Raises:
        ValueError: the canvases or the stroke do not fit. TypeError: another setting is named.
    """

    name = "painter"

    def __init__(self, canvases: Tensor, *, stroke: int = 1):
        shape = checks.instance("canvases", canvases, Tensor).shape
        fits = len(shape) == 5 and 1 <= shape[0] <= MOST and shape[1] and shape[2] in (1, 3)
        if not fits or not all(shape):
            raise ValueError(
                f"canvases must be (1 to {MOST}, strokes, 1 or 3, H, W), got {tuple(shape)}"
            )
        self.canvases = canvases.detach().float().cpu()
        if not self.canvases.isfinite().all():
            raise ValueError("canvases hold NaN or infinity")
        checks.whole("stroke", stroke, 1, shape[1])
        super().__init__(PainterSettings(stroke=stroke))

    def build(self) -> w.Widget:
        self.add_play("play", TICK_MS, "Paints stroke by stroke.")
        self._page = kit.html(css_class="gl-wide")
        controls = self.controls
        return kit.column([kit.row([controls["play"], controls["stroke"]]), self._page])

    def adapt(self) -> None:
        self.controls["stroke"].max = self.canvases.shape[1]

    def draw(self) -> None:
        self._page.value = self.page(self.settings)

    def page(self, settings: PainterSettings) -> str:
        return page.to_html(self.canvases, settings)

    @property
    def still(self) -> plots.Picture:
        return page.to_picture(self.canvases, self.settings)

    @property
    def alt_text(self) -> str:
        return page.alt_text(self.canvases, self.settings)

    def tick(self) -> None:
        """The next stroke; after the last one it stops, and begins again from the first."""
        last = self.canvases.shape[1]
        stroke = self.settings.stroke % last + 1
        if stroke == last:
            self.stop()
        self.show(self.settings.changed(stroke=stroke))

    def rewound(self) -> None:
        self.show(self.settings.changed(stroke=1))
