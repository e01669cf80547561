"""`gan-lessons export`: a run's generator as one file."""

import argparse
import math

from tqdm.auto import tqdm

from gan_lessons.commands.inputs import described, file_written, generator_of, out_of
from gan_lessons.train import export
from gan_lessons.train.export import OPSET, ExportError

DEFAULT = {"onnx": "generator.onnx", "torch": "generator.pt"}


def run(options: argparse.Namespace) -> None:
    """Writes the file, and says what it holds."""
    out = out_of(options, DEFAULT[options.format])
    generator = generator_of(options)
    with file_written(options, out) as aside:
        try:
            if options.format == "onnx":
                with tqdm(total=1, desc="exporting", bar_format="{desc} {elapsed}", disable=None):
                    difference = export.to_onnx(generator, aside)
            else:
                export.to_torch(generator, aside)
        except ExportError as error:
            raise ValueError(f"{out} was not written: {error}") from None
    size = out.stat().st_size / 1e6
    shape = "×".join(map(str, generator.shape))
    numbers = sum(math.prod(each.shape) for each in generator.parameters())
    print(f"{out}: {described(generator, options.run)}; {numbers:,} weights, {size:.1f} MB")
    labels = f", labels (batch,) int64 from 0 to {len(generator.classes) - 1}"
    takes = f"z (batch, {generator.latent})" + (labels if generator.classes else "")
    print(f"takes {takes}; gives pictures (batch, {shape.replace('×', ', ')}) in [-1, 1]")
    if options.format == "onnx":
        print(
            f"ONNX opset {OPSET}; on new latents ONNX Runtime's pictures differ by at most "
            f"{difference:.0e}"
        )
