"""Where the places of a picture look, at any step of a recorded training.

AttentionExplorer(steps, pictures, weights)                     # one network's attention
AttentionExplorer(steps, pictures, {"G": ..., "D": ...})        # several, one at a time
AttentionExplorer(steps, pictures, weights, gammas, row=5, column=5, way="to")
"""

from gan_lessons.widgets.attention_explorer.explorer import AttentionExplorer

__all__ = ["AttentionExplorer"]
