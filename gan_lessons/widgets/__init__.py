"""What moves: the explorers and the live view of a training. Needs ipywidgets."""

from gan_lessons.widgets.deconv_explorer import DeconvExplorer
from gan_lessons.widgets.live import Live
from gan_lessons.widgets.training_view import TrainingView

__all__ = ["DeconvExplorer", "Live", "TrainingView"]
