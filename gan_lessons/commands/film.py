"""`gan-lessons film`: a run's training as a film."""

import argparse
from collections.abc import Iterator

from PIL import Image, ImageColor, ImageDraw, ImageFont

from gan_lessons import checks, plots
from gan_lessons.commands import video
from gan_lessons.commands.inputs import file_written, out_of
from gan_lessons.train.film import FILE, Film, Scene

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
    for scene in scenes:
        sheet = plots.sheet(scene.pictures, columns, scale=scale, gap=2)
        width = max(sheet.width, 160)
        frame = Image.new("RGB", (width, sheet.height + BAND), plots.PAPER)
        frame.paste(sheet, ((width - sheet.width) // 2, 0))
        frame.paste(_band(film, scene.step, width), (0, sheet.height))
        yield frame


def _band(film: Film, step: int, width: int) -> Image.Image:
    """The step, and the losses of all steps, faint behind the moment that is shown."""
    twice = Image.new("RGB", (2 * width, 2 * BAND), plots.PAPER)  # half of it looks smooth
    draw = ImageDraw.Draw(twice)
    last = max(1, film.scenes[-1].step)
    values = sorted(v for losses in film.history.losses.values() for v in losses)
    top = max(1.5, values[int(0.98 * (len(values) - 1))] if values else 0.0)
    low = min(0.0, values[int(0.02 * (len(values) - 1))] if values else 0.0)
    left, right, upper, lower = 8, 2 * width - 8, 40, 2 * BAND - 8

    def spot(at: float, value: float) -> tuple[float, float]:
        share = (min(max(value, low), top) - low) / (top - low)
        return left + (right - left) * at / last, lower - (lower - upper) * share

    for turn, losses in film.history.losses.items():
        colour = ImageColor.getrgb(COLOURS.get(turn, plots.REAL))
        faint = tuple((each + 3 * 250) // 4 for each in colour)
        spots = [spot(i, value) for i, value in enumerate(losses, start=1) if i <= last]
        if len(spots) > 1:
            draw.line(spots, fill=faint, width=2)
        if len(spots[:step]) > 1:
            draw.line(spots[:step], fill=colour, width=3)
    at = spot(step, low)[0]
    draw.line([(at, upper), (at, lower)], fill=plots.INK, width=2)
    font = ImageFont.load_default(24)
    draw.text((left, 4), f"step {step:,}", fill=plots.INK, font=font)
    return twice.resize((width, BAND), Image.Resampling.BOX)
