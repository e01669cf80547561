"""A trained generator as one file, for programs that have neither the trainer nor the data."""

import contextlib
import json
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gan_lessons import __version__, checks
from gan_lessons.train.deliver import Delivered, draw
from gan_lessons.train.samples import decode

OPSET = 18  # of ONNX: PyTorch's exporter needs no newer one, and ONNX Runtime reads it since 1.14
SIZES = (1, 2, 7)  # batches on which an export is compared: none is that of the export, 3
TOLERANCE = 1e-4  # a hundredth of one of 256 levels, in [-1, 1]
NEEDED = ("onnx", "onnxscript", "onnxruntime")
SEED = 1_701_1875  # of the latents that an export is compared on


class ExportError(RuntimeError):
    """The exported file does not do what the generator does."""


def facts(generator: Delivered) -> dict[str, Any]:
    """What a user of the file must know, as plain data."""
    return {
        "made_by": f"gan_lessons {__version__}",
        "description": generator.description,
        "latent": generator.latent,
        "shape": list(generator.shape),
        "classes": list(generator.classes),
        "range": [-1.0, 1.0],
        "step": generator.step,
        "averaged": generator.averaged,
    }


def to_torch(generator: Delivered, path: str | Path) -> None:
    """Writes weights and facts as a file that `torch.load(path, weights_only=True)` reads.

    That is plain data: no code runs when it is read, and it outlives versions of PyTorch, which the
    programs of `torch.export` are not promised to. To build the network again:

        stored = torch.load(path, weights_only=True)
        generator = models.rebuild(stored["description"]).eval()
        generator.load_state_dict(stored["weights"])

    Raises ExportError if the file, read back, gives other pictures; OSError if it cannot be
    written.
    """
    from gan_lessons import models

    checks.instance("generator", generator, Delivered)
    path = checks.path_of("path", path)
    weights = {name: each.cpu().clone() for name, each in generator.network.state_dict().items()}
    torch.save({**facts(generator), "weights": weights}, path)
    stored = torch.load(path, weights_only=True)
    again = models.rebuild(stored["description"]).eval()
    again.load_state_dict(stored["weights"])
    with _on_cpu(generator) as own:
        for z, labels in _cases(generator):
            if not torch.equal(decode(again, z, labels), decode(own, z, labels)):
                raise ExportError("the file gives other pictures than the generator")


def to_onnx(generator: Delivered, path: str | Path) -> float:
    """Writes the generator as an ONNX file; returns the largest difference found in a pixel.

    Inputs: z (batch, latent) float32, and labels (batch,) int64 if the generator has classes.
    Output: pictures (batch, C, H, W) in [-1, 1]. The batch is free. The file's metadata hold
    `facts` as JSON, under "gan_lessons". ONNX Runtime then computes batches of 1, 2 and 7 new
    latents, which must agree with the generator's pictures up to rounding.

    Raises:
        ImportError: a package is missing; the message says which to install.
        ExportError: the pictures differ by more than 1e-4, in the range [-1, 1].
        OSError: the file cannot be written.
    """
    checks.instance("generator", generator, Delivered)
    path = checks.path_of("path", path)
    onnx = _needed()
    with _on_cpu(generator) as own, _quiet():
        given = tuple(each for each in draw(generator, 3) if each is not None)
        names = ["z", "labels"][: len(given)]
        batch = torch.export.Dim("batch")
        program = torch.export.export(
            own, given, dynamic_shapes=tuple({0: batch} for _ in given), strict=True
        )
        exported = torch.onnx.export(
            program,
            input_names=names,
            output_names=["pictures"],
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
        assert exported is not None
        exported.save(str(path), external_data=False)
        model = onnx.load(str(path))
        for each in (*model.graph.input, *model.graph.output):
            each.type.tensor_type.shape.dim[0].dim_param = "batch"
        onnx.helper.set_model_props(model, {"gan_lessons": json.dumps(facts(generator))})
        onnx.checker.check_model(model)
        onnx.save(model, str(path))
        return _compared(own, generator, path)


def _needed() -> Any:
    """The package onnx. Raises ImportError if one that the export needs is missing."""
    import importlib

    for name in NEEDED:
        try:
            importlib.import_module(name)
        except ImportError:
            raise ImportError(
                f"{name} is not installed, and ONNX needs it: pip install {' '.join(NEEDED)}"
            ) from None
    return importlib.import_module("onnx")


def _compared(own: Delivered, generator: Delivered, path: Path) -> float:
    """The largest difference between the file's pictures and the generator's. Raises."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    largest = 0.0
    for z, labels in _cases(generator):
        named = {"z": z.numpy()} if labels is None else {"z": z.numpy(), "labels": labels.numpy()}
        (pictures,) = session.run(None, named)
        wanted = decode(own, z, labels)
        if pictures.shape != tuple(wanted.shape):
            raise ExportError(f"it gives pictures of {pictures.shape}, not {tuple(wanted.shape)}")
        largest = max(largest, (torch.from_numpy(pictures) - wanted).abs().max().item())
    if not largest <= TOLERANCE:
        raise ExportError(
            f"ONNX Runtime's pictures differ by {largest:.1e} in a pixel, at most {TOLERANCE:g} "
            "is rounding"
        )
    return largest


def _cases(generator: Delivered) -> Iterator[tuple[Tensor, Tensor | None]]:
    """New latents and labels, in batches of several sizes."""
    for seed, n in enumerate(SIZES, start=SEED):
        yield draw(generator, n, seed=seed)


@contextlib.contextmanager
def _on_cpu(generator: Delivered) -> Iterator[Delivered]:
    """The generator on the CPU, where files are made and compared; afterwards where it was."""
    device = next(generator.parameters()).device
    try:
        yield generator.cpu()
    finally:
        generator.to(device)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """The exporter warns and logs of its own doings."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
