"""`gan-lessons evaluate`: quality, variety and copies, beside what real pictures get."""

import argparse
import contextlib
import json
import sys

import torch

from gan_lessons import checks, data
from gan_lessons.commands.inputs import FOLDER, data_of, described, generator_of, pictures_of
from gan_lessons.data import Images
from gan_lessons.data.fingerprint import fingerprint
from gan_lessons.metrics import evaluate
from gan_lessons.metrics.evaluation import LEAST
from gan_lessons.train.deliver import Delivered, decoded, draw

OTHER_DATA = "these are not the pictures that the run was trained on: copies cannot be found"


def run(options: argparse.Namespace) -> None:
    """Measures, and prints a table or JSON."""
    count = checks.whole("--count", options.count, LEAST)
    # Standard output is for the result: what reading a folder has to say goes beside it.
    with contextlib.redirect_stdout(sys.stderr) if options.json else contextlib.nullcontext():
        generator = generator_of(options)
        images = data_of(options.data, generator.data)
        unseen = _unseen(options, images, generator)
        most = len(images) // 2 if unseen is None else min(len(images), len(unseen))
        count = max(LEAST, min(count, most))
        z, labels = draw(generator, count, seed=options.seed)
        pictures = torch.cat([*decoded(generator, z, labels)])
        known = labels if len(images.classes) == len(generator.classes) else None
        device = next(generator.parameters()).device
        found = evaluate(pictures, images, unseen, known, device=device)
        same = fingerprint(images) == generator.data.get("fingerprint")
    notes = [*found.notes, *([] if same else [OTHER_DATA])]
    if options.json:
        facts = {"run": options.run, "step": generator.step, "averaged": generator.averaged}
        facts |= {"data": images.name, "seed": options.seed}
        print(json.dumps({**facts, **found.to_dict(), "notes": notes}, indent=2))
        return
    print(described(generator, options.run))
    print(f"{found.count:,} generated pictures, as many real ones of {images.name}")
    print(found)
    if not same:
        print(f"note: {OTHER_DATA}")


def _unseen(options: argparse.Namespace, images: Images, generator: Delivered) -> Images | None:
    """Those of --unseen, else the test split of a data set that has one."""
    if options.unseen is not None:
        return pictures_of("--unseen", options.unseen, generator.shape, split="test")
    name = options.data or images.name
    if name.startswith(FOLDER) or name not in data.NAMES:
        return None
    return pictures_of("--data", name, generator.shape, split="test")
