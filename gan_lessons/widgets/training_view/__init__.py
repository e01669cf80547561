"""The live view of a training: samples, losses, distance, speed, time left, and all of it again."""

from gan_lessons.widgets.training_view.view import TrainingView

__all__ = ["TrainingView"]
