"""A picture that is painted in strokes: the canvas after each of them, and what each one adds.

PainterExplorer(painter.canvases(z))             # (pictures, strokes, 1 or 3, H, W)
PainterExplorer(painter.canvases(z), stroke=2)
"""

from gan_lessons.widgets.painter_explorer.explorer import PainterExplorer

__all__ = ["PainterExplorer"]
