"""All that can be typed after `gan-lessons`, and its help. Imports nothing that takes time."""

import argparse

from gan_lessons import __version__

ABOUT = """\
Train a GAN, and take it to work.

    gan-lessons train --data mnist --recipe dcgan --steps 1500 --out runs/a
    gan-lessons generate runs/a --count 64 --out sheet.png
    gan-lessons walk runs/a --seconds 6 --out walk.gif
    gan-lessons film runs/a --out training.gif
    gan-lessons evaluate runs/a
    gan-lessons diagnose runs/a
    gan-lessons export runs/a --format onnx --out generator.onnx

A run is the folder that train writes: all others read its newest checkpoint, also while it still
trains. `gan-lessons COMMAND --help` explains each.
"""
RUN = "folder of a run, or one of its checkpoints"
TRAIN = "train a generator on a data set, or on a folder of your own pictures"
GENERATE = """\
Makes new pictures with a run's generator.

    gan-lessons generate runs/a --count 64 --out sheet.png
    gan-lessons generate runs/a --count 1000 --seed 7 --out pictures/
    gan-lessons generate runs/a --count 30 --classes 0,3-5 --truncation 1 --out sheet.png

It needs the checkpoint only, not the data. Leaves one sheet, if --out ends in .png, or a folder
with a file for each picture (and a subfolder for each class, as --data folder:PATH reads them).
The same seed gives the same pictures.
"""
WALK = """\
Makes a film: pictures that change from one into the next, and back to the first without a cut.

    gan-lessons walk runs/a --seconds 6 --out walk.gif
    gan-lessons walk runs/a --count 1 --scale 8 --waypoints 8 --seconds 20 --out walk.mp4

Each picture's latent follows great circles between random ones, the waypoints. Leaves a GIF, a
WebP or an MP4, by the ending of --out. An MP4 needs ffmpeg: `pip install imageio-ffmpeg`.
"""
FILM = """\
Makes a film of a training: the same latents from its first step to the newest, over the losses.

    gan-lessons film runs/a --out training.gif
    gan-lessons film runs/a --seconds 20 --scale 4 --columns 8 --out training.mp4

It needs film.npz only, which train leaves in the folder; the run may still go on. Leaves a GIF, a
WebP or an MP4, by the ending of --out. An MP4 needs ffmpeg: `pip install imageio-ffmpeg`.
"""
EVALUATE = """\
Measures how good a run's generator is, beside what as many real pictures get.

    gan-lessons evaluate runs/a
    gan-lessons evaluate runs/b --data folder:holiday --unseen folder:holiday-test
    gan-lessons evaluate runs/a --count 2000 --json > runs/a/measures.json

distance: Frechet, in features of a classifier of this data set; the least that counts is that of
real pictures. precision: generated pictures that could be real. recall: real pictures that could be
generated. classes: how many are found, and how far their shares are from equal (KL, in nats).
copies: generated pictures nearer to a training picture than 99 in 100 real ones are.
Compare numbers of equal counts only. Leaves no file.
"""
DIAGNOSE = """\
Says what is wrong with a run, what it may come from, and what to try: a line each.

    gan-lessons diagnose runs/a
    gan-lessons diagnose runs/b --data folder:holiday

Reads its losses, and measures gradients and samples for the time of a few steps. It needs the
data. The run may still go on. Leaves no file.
"""
EXPORT = """\
Writes a run's generator as one file for other programs.

    gan-lessons export runs/a --format onnx --out generator.onnx
    gan-lessons export runs/a --format torch --out generator.pt

onnx: the network as a graph, for ONNX Runtime, browsers and phones. The batch size is free. Inputs:
z (batch, latent), float32 from N(0, 1); for a conditional generator also labels (batch,), int64.
Output: pictures (batch, channels, height, width) in [-1, 1]. It is run on new latents and compared
before the file gets its name. It needs more packages: `pip install onnx onnxscript onnxruntime`.

torch: weights and options, read without running any code from the file:

    import torch
    from gan_lessons import models

    stored = torch.load("generator.pt", weights_only=True)
    generator = models.rebuild(stored["description"]).eval()
    generator.load_state_dict(stored["weights"])
    pictures = generator(torch.randn(16, stored["latent"]))
"""


def parser() -> argparse.ArgumentParser:
    """What reads the command line: `.command` of its result names the module that runs."""
    top = argparse.ArgumentParser(
        prog="gan-lessons",
        description=ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"gan-lessons {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("train", help=TRAIN, add_help=False)  # it reads its own arguments

    one = _command(commands, "generate", "make pictures", GENERATE)
    one.add_argument("--count", type=int, default=64, help="how many pictures (64)")
    one.add_argument(
        "--out", default="generated.png", help="a sheet.png, or a folder (generated.png)"
    )
    _add_sampling(one)
    one.add_argument("--scale", type=int, default=2, help="size of a pixel on a sheet (2)")

    one = _command(commands, "walk", "make a film", WALK)
    one.add_argument("--seconds", type=float, default=6.0, help="length of the film (6)")
    one.add_argument("--fps", type=float, default=20.0, help="pictures a second (20)")
    one.add_argument("--waypoints", type=int, default=4, help="latents to pass through (4)")
    one.add_argument("--count", type=int, default=16, help="how many walk, side by side (16)")
    one.add_argument("--out", default="walk.gif", help="a .gif, .webp or .mp4 file (walk.gif)")
    _add_sampling(one)
    one.add_argument("--scale", type=int, default=2, help="size of a pixel in the film (2)")

    one = _command(commands, "film", "make a film of a training", FILM)
    one.add_argument("--seconds", type=float, default=8.0, help="length, about (8)")
    one.add_argument("--columns", type=int, help="pictures in a row (as many as rows)")
    one.add_argument("--out", default="training.gif", help="as in walk (training.gif)")
    one.add_argument("--scale", type=int, default=2, help="size of a pixel in the film (2)")
    one.add_argument("--overwrite", action="store_true", help=OVERWRITE)

    one = _command(commands, "evaluate", "measure quality, variety and copies", EVALUATE)
    _add_data(one)
    one.add_argument(
        "--unseen", help="pictures that were not trained on, as --data (the data set's test split)"
    )
    one.add_argument("--count", type=int, default=5000, help="how many at most (5000)")
    one.add_argument("--seed", type=int, default=0, help="of the latents (0)")
    one.add_argument("--current", action="store_true", help=CURRENT)
    one.add_argument("--json", action="store_true", help="print JSON instead of a table")

    one = _command(commands, "diagnose", "say what is wrong with a training", DIAGNOSE)
    _add_data(one)

    one = _command(commands, "export", "write the generator for other programs", EXPORT)
    one.add_argument("--format", choices=("onnx", "torch"), default="onnx", help="(onnx)")
    one.add_argument("--out", help="the file (generator.onnx or generator.pt)")
    one.add_argument("--current", action="store_true", help=CURRENT)
    one.add_argument("--overwrite", action="store_true", help=OVERWRITE)
    return top


CURRENT = "use the weights that learn, not their average"
OVERWRITE = "replace what is there"


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    brief: str,
    about: str,
) -> argparse.ArgumentParser:
    """A command with what all of them take: a run, and a device."""
    one = commands.add_parser(
        name,
        help=brief,
        description=about,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    one.add_argument("run", metavar="RUN", help=RUN)
    one.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, mps (auto)")
    return one


def _add_sampling(one: argparse.ArgumentParser) -> None:
    one.add_argument("--seed", type=int, default=0, help="of the latents (0)")
    one.add_argument(
        "--classes",
        help="of a conditional generator, in turn: names, numbers, ranges, as in 0,3-5 (random)",
    )
    one.add_argument(
        "--truncation",
        type=float,
        help="cut latents off at +-this number: lower is safer, and less varied (no limit)",
    )
    one.add_argument("--current", action="store_true", help=CURRENT)
    one.add_argument("--overwrite", action="store_true", help=OVERWRITE)


def _add_data(one: argparse.ArgumentParser) -> None:
    one.add_argument(
        "--data", help="what the run was trained on, as train has it (the set of that name)"
    )
