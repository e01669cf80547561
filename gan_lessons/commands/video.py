"""Films from pictures: GIF and WebP by Pillow, MP4 by ffmpeg."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from itertools import chain, pairwise
from pathlib import Path

from PIL import Image, features

from gan_lessons import checks

FORMATS = {".gif": "GIF", ".webp": "WEBP", ".mp4": "MP4"}
UNIT = {"GIF": 10, "WEBP": 1}  # milliseconds that a picture's time is counted in
LONGEST_FPS = {"GIF": 50.0, "WEBP": 100.0, "MP4": 240.0}
NO_FFMPEG = (
    "an MP4 needs ffmpeg: pip install imageio-ffmpeg, or install ffmpeg; "
    "a film that ends in .gif or .webp needs neither"
)


def format_of(path: Path, fps: float) -> str:
    """GIF, WEBP or MP4, by the name's ending.

    Raises ValueError for another ending, if fps is not possible in that format, or if what writes
    the format is not installed.
    """
    kind = FORMATS.get(path.suffix.lower())
    if kind is None:
        raise ValueError(f"a film must end in {', '.join(FORMATS)}, got {path.name}")
    checks.number(f"fps of a {kind}", fps, above=0, most=LONGEST_FPS[kind])
    if kind == "WEBP" and not features.check("webp"):
        raise ValueError("this Pillow cannot write WebP: choose .gif")
    if kind == "MP4":
        ffmpeg()
    return kind


def ffmpeg() -> str:
    """The program that writes MP4. Raises ValueError if there is none."""
    found = shutil.which("ffmpeg")
    if found:
        return found
    try:
        import imageio_ffmpeg

        return imageio_ffmpeg.get_ffmpeg_exe()
    except (ImportError, RuntimeError):
        raise ValueError(NO_FFMPEG) from None


def write(file: Path, kind: str, frames: Iterable[Image.Image], count: int, fps: float) -> None:
    """Writes RGB pictures of one size as a film that repeats without end (an MP4 plays once).

    kind: of `format_of`. count: how many frames there are. Raises ValueError if ffmpeg fails.
    """
    if kind == "MP4":
        _write_mp4(file, frames, fps)
        return
    rest = iter(frames)
    first = next(rest)
    options = {"quality": 90, "method": 3} if kind == "WEBP" else {"disposal": 1}
    first.save(
        file,
        kind,
        save_all=True,
        append_images=rest,
        duration=times(count, fps, UNIT[kind]),
        loop=0,
        **options,
    )


def times(count: int, fps: float, unit: int) -> list[int]:
    """How long each frame is shown, in milliseconds: multiples of `unit` that never drift apart
    from count / fps by more than one unit, and are at least one.
    """
    ends = [max(i, round(1000 * i / fps / unit)) for i in range(count + 1)]
    return [unit * (after - before) for before, after in pairwise(ends)]


def _write_mp4(file: Path, frames: Iterable[Image.Image], fps: float) -> None:
    rest = iter(frames)
    first = next(rest)
    command = [
        *(ffmpeg(), "-y", "-loglevel", "error", "-nostdin"),
        *("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{first.width}x{first.height}"),
        *("-r", f"{fps:g}", "-i", "pipe:0"),
        # The usual colour format stores colours for 2×2 pixels: sides must be even.
        *("-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2:color=0xFCFCFA"),
        *("-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "16", "-movflags", "+faststart"),
        *("-f", "mp4", str(file)),
    ]
    # To a file: a pipe that nobody reads would fill.
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=errors)
        assert process.stdin is not None
        try:
            for frame in chain([first], rest):
                process.stdin.write(frame.tobytes())
            process.stdin.close()
        except BrokenPipeError:
            pass  # it has ended, and says why
        except BaseException:
            process.kill()
            raise
        finally:
            process.wait()
        if process.returncode:
            errors.seek(0)
            said = errors.read().strip().splitlines() or ["no reason given"]
            raise ValueError(f"ffmpeg could not write the film: {said[-1]}")
