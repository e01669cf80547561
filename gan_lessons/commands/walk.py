"""`gan-lessons walk`: a film along great circles between latents."""

import argparse
from collections.abc import Iterator

from PIL import Image
from torch import Tensor
from tqdm.auto import tqdm

from gan_lessons import checks, plots
from gan_lessons.commands import video
from gan_lessons.commands.generate import columns_of
from gan_lessons.commands.inputs import chosen_of, file_written, generator_of, labels_of, out_of
from gan_lessons.models.latents import loop
from gan_lessons.train.deliver import Delivered, draw
from gan_lessons.train.samples import decode

MOST_FRAMES, MOST_PIXELS = 20_000, 2**24  # of a film, and of a frame


def run(options: argparse.Namespace) -> None:
    """Makes the film and writes it."""
    seconds = checks.number("--seconds", options.seconds, above=0, most=3600)
    count = checks.whole("--count", options.count, 1, 1024)
    waypoints = checks.whole("--waypoints", options.waypoints, 2, 1024)
    scale = checks.whole("--scale", options.scale, 1, 64)
    if options.truncation is not None:
        checks.number("--truncation", options.truncation, above=0)
    out = out_of(options)
    fps = checks.number("--fps", options.fps, above=0)
    kind = video.format_of(out, fps)
    length = max(2, round(seconds * fps))
    if length > MOST_FRAMES:
        raise ValueError(f"a film of {length} frames is too long, at most {MOST_FRAMES}")
    generator = generator_of(options)
    checks.fits("a frame", count * (generator.shape[-1] * scale) ** 2, MOST_PIXELS, "lower --scale")
    labels = labels_of(options.classes, generator, count)
    points = waypoints_of(generator, waypoints, count, options.seed, labels, options.truncation)
    columns = columns_of(len(chosen_of(options.classes, generator)), count)
    with file_written(options, out) as aside:
        shown = frames(generator, *points, length, scale, columns)
        video.write(aside, kind, shown, length, fps)
    print(f"{out}: {length} frames, {length / fps:.1f} s, {out.stat().st_size / 1e6:.1f} MB")


def waypoints_of(
    generator: Delivered,
    waypoints: int,
    count: int,
    seed: int,
    labels: Tensor | None,
    truncation: float | None,
) -> tuple[Tensor, Tensor | None]:
    """Latents (waypoints, count, latent) of a seed, and labels (count,) that stay along the way."""
    z, drawn = draw(generator, waypoints * count, seed=seed, truncation=truncation)
    if labels is None and drawn is not None:
        labels = drawn[:count]
    return z.unflatten(0, (waypoints, count)), labels


def frames(
    generator: Delivered,
    points: Tensor,
    labels: Tensor | None,
    length: int,
    scale: int = 2,
    columns: int | None = None,
) -> Iterator[Image.Image]:
    """The frames of a film that ends where it began, RGB pictures of one size.

    points: (waypoints, count, latent), labels: (count,) or None. Each frame is a sheet of `count`
    pictures. Shows its progress on a terminal.
    """
    device = next(generator.parameters()).device
    own = None if labels is None else labels.to(device)
    for z in tqdm(loop(points, length), desc="filming", delay=1, leave=False, disable=None):
        pictures = decode(generator, z.to(device), own)
        yield plots.sheet(pictures, columns, scale=scale, gap=0 if len(z) == 1 else 2)
