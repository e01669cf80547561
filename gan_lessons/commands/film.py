"""`gan-lessons film`: a run's training as a film."""

import argparse
import math
from collections.abc import Iterator

from PIL import Image, ImageColor, ImageDraw, ImageFont

from gan_lessons import checks, plots
from gan_lessons.commands import video
from gan_lessons.commands.inputs import file_written, out_of
from gan_lessons.train.film import FILE, Film, Scene
from gan_lessons.train.history import thinned, zone

HOLD = 1.5  # seconds that the last scene stays
BAND = 64  # pixels under the pictures, for the losses
MOST_PIXELS = 2**24  # of a frame
COLOURS = {"discriminator": plots.DISCRIMINATOR, "generator": plots.GENERATOR}


def run(options: argparse.Namespace) -> None:
    """Makes the film and writes it."""
    seconds = checks.number("--seconds", options.seconds, above=0, most=3600)
    scale = checks.whole("--scale", options.scale, 1, 64)
    folder = checks.path_of("RUN", options.run)
    file = folder / FILE
    if not file.exists():
        raise ValueError(f"{folder} has no {FILE}: only a run that train wrote has one")
    out = out_of(options)
    film = Film.load(file)
    fps = min(len(film.scenes) / seconds, 50.0)
    kind = video.format_of(out, fps)
    columns = None if options.columns is None else checks.whole("--columns", options.columns, 1)
    shown = film.scenes + film.scenes[-1:] * round(HOLD * fps)
    n, _, height, width = film.scenes[0].pictures.shape
    checks.fits("a frame", n * height * width * scale**2, MOST_PIXELS, "lower --scale")
    with file_written(options, out) as aside:
        video.write(aside, kind, frames(film, shown, scale, columns), len(shown), fps)
    print(
        f"{out}: {len(shown)} frames, {len(shown) / fps:.1f} s, {out.stat().st_size / 1e6:.1f} MB"
    )


def frames(
    film: Film, scenes: list[Scene], scale: int = 2, columns: int | None = None
) -> Iterator[Image.Image]:
    """RGB pictures of one size: a sheet for each scene, over the losses up to its step."""
    band = None
    for scene in scenes:
        sheet = plots.sheet(scene.pictures, columns, scale=scale, gap=2)
        width = max(sheet.width, 160)
        band = band or _Band(film, width)
        frame = Image.new("RGB", (width, sheet.height + BAND), plots.PAPER)
        frame.paste(sheet, ((width - sheet.width) // 2, 0))
        frame.paste(band.at(scene.step), (0, sheet.height))
        yield frame


class _Band:
    """The losses of all steps, faint, with those up to a step over them: twice as large, so that
    half of it looks smooth.
    """

    def __init__(self, film: Film, width: int):
        self.size, self.last = (width, BAND), max(1, film.scenes[-1].step)
        self.curves = {turn: thinned(losses) for turn, losses in film.history.losses.items()}
        self.low, self.top = zone(list(self.curves.values()), 1.5)
        self.box = 8, 40, 2 * width - 8, 2 * BAND - 8  # left, upper, right, lower
        self.font = ImageFont.load_default(24)

    def spot(self, step: float, value: float) -> tuple[float, float]:
        left, upper, right, lower = self.box
        share = (min(max(value, self.low), self.top) - self.low) / (self.top - self.low)
        return left + (right - left) * step / self.last, lower - (lower - upper) * share

    def at(self, step: int) -> Image.Image:
        twice = Image.new("RGB", (2 * self.size[0], 2 * self.size[1]), plots.PAPER)
        draw = ImageDraw.Draw(twice)
        for turn, points in self.curves.items():
            colour = ImageColor.getrgb(COLOURS.get(turn, plots.REAL))
            faint = tuple((each + 3 * 250) // 4 for each in colour)
            finite = [(at, value) for at, value in points if math.isfinite(value)]
            for until, look, wide in ((self.last, faint, 2), (step, colour, 3)):
                spots = [self.spot(at, value) for at, value in finite if at <= until]
                if len(spots) > 1:
                    draw.line(spots, fill=look, width=wide)
        across = self.spot(step, self.low)[0]
        draw.line([(across, self.box[1]), (across, self.box[3])], fill=plots.INK, width=2)
        draw.text((self.box[0], 4), f"step {step:,}", fill=plots.INK, font=self.font)
        return twice.resize(self.size, Image.Resampling.BOX)
