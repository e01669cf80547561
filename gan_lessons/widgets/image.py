"""Pictures inside the HTML of an explorer."""

import base64
import io
from html import escape

from torch import Tensor

from gan_lessons import plots


def to_img(pictures: Tensor, words: str, columns: int = 1) -> str:
    """Pictures (N, 1 or 3, H, W), row by row, as one <img>. words: its alternative text."""
    file = io.BytesIO()
    plots.sheet(pictures, columns, scale=1, gap=0).save(file, "png", compress_level=1)
    source = base64.b64encode(file.getvalue()).decode()
    # Decoded at once, or the old picture would blink away before the new one is there.
    return f"<img decoding='sync' src='data:image/png;base64,{source}' alt='{escape(words)}'/>"
