"""What moves: the explorers and the live view of a training. Needs ipywidgets."""

from gan_lessons.widgets.attention_explorer import AttentionExplorer
from gan_lessons.widgets.completion_explorer import CompletionExplorer
from gan_lessons.widgets.deconv_explorer import DeconvExplorer
from gan_lessons.widgets.dirac_explorer import DiracExplorer
from gan_lessons.widgets.draw_and_ask import DrawAndAsk
from gan_lessons.widgets.gan_lab import GanLab
from gan_lessons.widgets.latent_explorer import LatentExplorer
from gan_lessons.widgets.live import Live, follow
from gan_lessons.widgets.metric_explorer import MetricExplorer
from gan_lessons.widgets.painter_explorer import PainterExplorer
from gan_lessons.widgets.real_or_fake import RealOrFake
from gan_lessons.widgets.steering_explorer import SteeringExplorer
from gan_lessons.widgets.training_view import TrainingView
from gan_lessons.widgets.upsampling_explorer import UpsamplingExplorer

__all__ = [
    "AttentionExplorer",
    "CompletionExplorer",
    "DeconvExplorer",
    "DiracExplorer",
    "DrawAndAsk",
    "GanLab",
    "LatentExplorer",
    "Live",
    "MetricExplorer",
    "PainterExplorer",
    "RealOrFake",
    "SteeringExplorer",
    "TrainingView",
    "UpsamplingExplorer",
    "follow",
]
