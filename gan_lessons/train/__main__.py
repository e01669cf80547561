"""Trains a GAN from the command line.

    python -m gan_lessons.train --data mnist --recipe dcgan --steps 1500 --out runs/a
    python -m gan_lessons.train --data mnist --steps 3000 --out runs/a --resume
    python -m gan_lessons.train --data folder:holiday --size 64 --steps 20000 --out runs/b
    python -m gan_lessons.train --data glyphs --set batch=128 --set loss=hinge --out runs/c
    torchrun --nproc_per_node=4 -m gan_lessons.train --data mnist --out runs/d

At the first run on a machine, the fastest way to compute a step (memory layout, bfloat16, a
recorded step on a GPU) is measured, which takes a few seconds. --compute chooses instead:
--compute bfloat16=off alone keeps to what is exact and fast on most machines.

The last line splits each batch among four processes, one for each GPU, or on the CPU; they compute
what one would. For more machines, run the same line on each with torchrun's own options, here two,

    torchrun --nnodes=2 --nproc_per_node=4 --rdzv-backend=c10d --rdzv-endpoint=FIRST:29500 \\
        -m gan_lessons.train --data mnist --out runs/d

where FIRST is a machine that all can reach. All need the data and, to resume, the folder; only the
first process writes. A run may be resumed by another number of processes.

It leaves in the folder: samples.png, history.csv, config.json, film.npz and the last two
checkpoints. `gan-lessons film` makes a GIF or an MP4 of the training from film.npz.
"""

import argparse
import difflib
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import fields
from pathlib import Path

import torch

from gan_lessons import checks, data, models, plots
from gan_lessons.data.cache import written_aside
from gan_lessons.metrics import Judge
from gan_lessons.metrics.feature_net import FeatureNet
from gan_lessons.train import (
    RECIPES,
    CheckpointError,
    ComputeOptions,
    DeviceMemoryFull,
    TrainConfig,
    Trainer,
    TrainingDiverged,
    fastest,
    networks,
    pick_device,
    ranks,
)
from gan_lessons.train.checkpoint import claimed, find
from gan_lessons.train.diagnose import report
from gan_lessons.train.film import FILE, Film
from gan_lessons.train.interrupt import answering, raising
from gan_lessons.train.ranks import ProcessLost
from gan_lessons.train.speed import forget_if_slow
from gan_lessons.train.streams import drop_broken_streams, safe_streams
from gan_lessons.train.tensorboard import TensorBoardView
from gan_lessons.train.view import Views

SAMPLES = 100  # pictures on the sheet
FOLDER = "folder:"  # before a path in --data
SIZE_OF_FOLDERS = 64
CONFIG, SAMPLE_SHEET, HISTORY = "config.json", "samples.png", "history.csv"  # besides checkpoints
PROGRAM = "python -m gan_lessons.train"
SHELL_BASE = 128  # shells give a program that a signal ended this, plus the signal's number
# What a user can cause is reported in one line; anything else is a defect and shows its trace.
EXPECTED = (
    ValueError,
    ImportError,
    OSError,
    data.DataUnavailable,
    data.DataDamaged,
    CheckpointError,
    TrainingDiverged,
    DeviceMemoryFull,
    ProcessLost,
)


def main(arguments: list[str] | None = None, program: str = PROGRAM) -> int:
    """Runs with the arguments of a command line; returns the exit status, 0 if all went well.

    program: what was typed to run it, for the help.
    """
    options = None
    with safe_streams(), answering():
        try:
            with raising():
                options = _parser(program).parse_args(arguments)
                options.out = os.path.expanduser(options.out)  # a shell leaves --out=~/x as it is
                return _status(options)
        except KeyboardInterrupt as error:
            print(_what_is_left(options), file=sys.stderr)
            return SHELL_BASE + getattr(error, "signal", signal.SIGINT)


def _status(options: argparse.Namespace) -> int:
    """Runs, and reports what a user can cause; returns the exit status."""
    try:
        options.device = ranks.start(options.device)
        stopped = run(options)
        return 0 if stopped is None else SHELL_BASE + stopped
    except EXPECTED as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    finally:
        ranks.stop()


def _what_is_left(options: argparse.Namespace | None) -> str:
    """What a run that was broken off has saved; options: None if they were not read yet."""
    if options is None:
        return "stopped before it began"
    out = Path(options.out)
    saved = find(out) if out.is_dir() else []
    if not saved:
        return "stopped before anything was saved"
    return f"stopped; {saved[-1].name} is saved in {out}: add --resume to go on"


def run(options: argparse.Namespace) -> signal.Signals | None:
    """Trains, measures and writes. Returns the signal that ended it early, if any."""
    started = time.perf_counter()
    out = checks.path_of("--out", options.out)
    if options.steps < 1:
        raise ValueError(f"--steps must be at least 1, got {options.steps}")
    _check_folder(out, options.resume)
    config = _config(options)
    pick_device(options.device)
    _check_size(options, config)
    images, reference = _pictures(options)

    if options.resume:
        trainer = Trainer.resume(out, images, device=options.device)
        _check_same(config, trainer.config, options)
        if options.compute and _compute(options, config, images) != trainer.compute:
            raise ValueError(
                "a resumed run computes its steps as before, or they would not be the same: "
                "leave --compute out"
            )
    else:
        compute = _compute(options, config, images)
        trainer = Trainer(*networks(config, images), images, config, options.device, compute)
    left = options.steps - trainer.steps
    if left < 1 and _has_results(out, trainer.steps):
        raise ValueError(f"{out} is already at step {trainer.steps}: ask for more --steps")
    if not trainer.ranks.first:
        if left > 0:
            trainer.fit(left, save_to=out)
        return trainer.stopped_by
    # Before the training, so that pictures that cannot be judged are refused before time is spent.
    judge = None if options.no_distance else Judge(images, reference, device=trainer.device)
    with claimed(out, trainer.run, trainer.steps):
        _train(options, trainer, judge, left)
    print(
        f"{trainer.steps} steps, {trainer.seconds:.0f} s of training, "
        f"{time.perf_counter() - started:.0f} s in all"
    )
    if trainer.stopped_by is not None:
        print("add --resume to go on")
    return trainer.stopped_by


def _train(
    options: argparse.Namespace,
    trainer: Trainer,
    judge: Judge | None,
    left: int,
) -> None:
    """Trains so many steps more, or none if only the results are missing, and writes the rest."""
    out = Path(options.out)
    images = trainer.images
    shape = "×".join(map(str, images.shape))
    print(f"data: {images.name}, {len(images):,} pictures of {shape}")
    processes = f", {trainer.ranks.size} processes" if trainer.ranks.size > 1 else ""
    print(
        f"training: {trainer.config.network}, step {trainer.steps} to {options.steps} "
        f"on {trainer.device}{processes}"
    )
    view = Views(Film(path=out / FILE), *([TensorBoardView(out)] if options.tensorboard else []))
    for name in (CONFIG, SAMPLE_SHEET, HISTORY, FILE):
        for unfinished in out.glob(f".{name}.*.part"):  # by a run that was killed
            with suppress(OSError):
                unfinished.unlink()
    with _writing(out / CONFIG), written_aside(out / CONFIG) as aside:
        aside.write_text(json.dumps(trainer.config.to_dict(), indent=2) + "\n", encoding="utf-8")
    if left > 0:
        before = trainer.steps, trainer.seconds
        try:
            trainer.fit(left, view=view, save_to=out)
        except TrainingDiverged:
            print(report(trainer))
            raise
        steps, seconds = trainer.steps - before[0], trainer.seconds - before[1]
        forget_if_slow(trainer.config, images, trainer.device, seconds / steps)
    _deliver(trainer, judge, out)
    print(report(trainer))


def _deliver(trainer: Trainer, judge: Judge | None, out: Path) -> None:
    """Writes what a run leaves besides its checkpoints."""
    pictures = trainer.generate(SAMPLES, seed=trainer.config.seed)
    with _writing(out / SAMPLE_SHEET), written_aside(out / SAMPLE_SHEET) as aside:
        plots.sheet(pictures).save(aside, "png")
    if judge is not None:
        distance = judge(trainer.generate(judge.count, seed=trainer.config.seed))
        distances = trainer.history.distances
        # A run that was killed after this may have saved it already.
        distances[:] = [row for row in distances if row[0] != trainer.steps]
        distances.append((trainer.steps, distance))
        trainer.save(out)
        print(
            f"Fréchet distance: {distance:.1f} ({judge.count:,} samples; "
            f"as many real pictures get {judge.floor:.1f})"
        )
    with _writing(out / HISTORY):
        trainer.history.to_csv(out / HISTORY)
    print(f"in {out}: {SAMPLE_SHEET}, {HISTORY}, {CONFIG}, {find(out)[-1].name}")


def _has_results(out: Path, steps: int) -> bool:
    """Whether a run wrote its results after so many steps; the history is the last of them."""
    try:
        rows = (out / HISTORY).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return False
    return len(rows) == 1 + steps and (out / SAMPLE_SHEET).exists()


@contextmanager
def _writing(file: Path) -> Iterator[None]:
    """If the file cannot be written, the error names it and says what is saved."""
    try:
        yield
    except OSError as error:
        saved = find(file.parent)
        rest = f"; {saved[-1].name} is saved: add --resume to go on" if saved else ""
        raise OSError(f"cannot write {file}: {error.strerror or error}{rest}") from None


def _parser(program: str = PROGRAM) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program,
        description=(__doc__ or "").replace(f"    {PROGRAM} ", f"    {program} "),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = ", ".join(data.NAMES)
    parser.add_argument("--data", default="mnist", help=f"{names}, or folder:PATH (mnist)")
    parser.add_argument(
        "--size",
        type=int,
        help=f"side of the pictures, in pixels (the data's own; {SIZE_OF_FOLDERS} for a folder)",
    )
    parser.add_argument("--recipe", help=f"{', '.join(RECIPES)} (dcgan)")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="change one setting of the recipe; may be repeated. Settings: "
        + ", ".join(field.name for field in fields(TrainConfig)),
    )
    parser.add_argument("--steps", type=int, default=1500, help="steps in all (1500)")
    parser.add_argument("--out", default="runs/a", help="folder for what it makes (runs/a)")
    parser.add_argument("--resume", action="store_true", help="go on from the folder's checkpoint")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, mps (auto)")
    parser.add_argument(
        "--compute",
        action="append",
        default=[],
        metavar="NAME=on|off",
        help="how a step is computed; without it, the fastest way here is measured. Options: "
        + ", ".join(field.name for field in fields(ComputeOptions)),
    )
    parser.add_argument("--tensorboard", action="store_true", help="write for TensorBoard too")
    parser.add_argument("--no-distance", action="store_true", help="do not measure the distance")
    return parser


def _config(options: argparse.Namespace) -> TrainConfig:
    name = checks.one_of("recipe", options.recipe or "dcgan", RECIPES)
    return TrainConfig.from_dict(RECIPES[name].to_dict() | dict(map(_setting, options.set)))


def _setting(text: str) -> tuple[str, object]:
    """`batch=128` → ("batch", 128), read as the setting's own type."""
    name, equals, value = text.partition("=")
    types = {field.name: field.type for field in fields(TrainConfig)}
    if not equals:
        raise ValueError(f"--set takes NAME=VALUE, got {text!r}; names are {', '.join(types)}")
    near = difflib.get_close_matches(name, types, 1)
    checks.one_of("setting of --set", name, types, f"did you mean {near[0]}? " if near else "")
    try:
        if types[name] is int:
            return name, int(value)
        if types[name] is float:
            return name, float(value)
        if types[name] is bool:
            return name, {"true": True, "false": False}[value.lower()]
    except (KeyError, ValueError):
        wanted = "true or false" if types[name] is bool else "a number"
        raise ValueError(f"--set {name} takes {wanted}, got {value!r}") from None
    return name, None if value == "none" and types[name] is not str else value


def _compute(
    options: argparse.Namespace, config: TrainConfig, images: data.Images
) -> ComputeOptions:
    """Those asked for; otherwise the fastest, unless several processes would measure at once."""
    if not options.compute:
        if int(os.environ.get("WORLD_SIZE", "1")) > 1:
            return ComputeOptions()
        return fastest(config, images, options.device)
    asked = {}
    for text in options.compute:
        name, _, value = text.partition("=")
        if value not in ("on", "off"):
            raise ValueError(f"--compute takes NAME=on or NAME=off, got {text!r}")
        asked[name] = value == "on"
    return ComputeOptions.from_dict(asked)


def _pictures(options: argparse.Namespace) -> tuple[data.Images, data.Images | None]:
    """The pictures to train on, and those to judge by where the data has a test split."""
    if options.data.startswith(FOLDER):
        size = SIZE_OF_FOLDERS if options.size is None else options.size
        return data.folder(options.data.removeprefix(FOLDER), size), None
    train = data.load(options.data, size=options.size)
    return train, data.load(options.data, split="test", size=options.size)


def _check_size(options: argparse.Namespace, config: TrainConfig) -> None:
    """Raises ValueError if there are no networks for this size, before the data is read."""
    size = options.size
    if size is None and options.data.startswith(FOLDER):
        size = SIZE_OF_FOLDERS
    if size is None:
        return
    size = checks.whole("--size", size, least=1)
    with torch.device("meta"):  # which computes the shapes only
        if not options.resume:
            models.build(
                config.network, size=size, channels=1, latent=config.latent, width=config.width
            )
        if not options.no_distance:
            FeatureNet(size, channels=1, classes=2)


def _check_folder(out: Path, resume: bool) -> None:
    if out.exists() and not out.is_dir():
        raise ValueError(f"--out must be a folder, {out} is a file")
    if not resume and find(out):
        raise ValueError(
            f"{out} already holds {find(out)[-1].name}: add --resume to go on with it, "
            "or choose another --out"
        )


def _check_same(asked: TrainConfig, stored: TrainConfig, options: argparse.Namespace) -> None:
    """A resumed run goes on with its own settings: raises ValueError if others were asked for."""
    if not options.recipe and not options.set:
        return
    given = [name for name, _ in map(_setting, options.set)]
    all_values = stored.to_dict()
    for name in [*given, *all_values]:  # the ones that were typed are named first
        wanted, value = getattr(asked, name), all_values[name]
        if wanted != value:
            raise ValueError(
                f"the checkpoint was made with {name}={value}, not {wanted}: "
                "leave --recipe and --set out to go on with its settings"
            )


if __name__ == "__main__":
    status = main()
    drop_broken_streams()
    sys.exit(status)
