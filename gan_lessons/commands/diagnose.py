"""`gan-lessons diagnose`: what is wrong with a training."""

import argparse

from gan_lessons import checks
from gan_lessons.commands.inputs import data_of, generator_of
from gan_lessons.train import Trainer, diagnose
from gan_lessons.train.diagnose import NOTHING


def run(options: argparse.Namespace) -> None:
    """Reads the run and prints a line for each finding."""
    generator = generator_of(options)
    images = data_of(options.data, generator.data)
    trainer = Trainer.resume(checks.path_of("RUN", options.run), images, device=options.device)
    findings = diagnose(trainer)
    print(f"{options.run}: step {trainer.steps}, {trainer.config.network} on {images.name}")
    for finding in findings:
        print(f"- {finding}")
    if not findings:
        print(f"- {NOTHING}, and evaluate")
