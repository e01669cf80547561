"""The completion explorer: cut a hole into a picture, and step through ways to fill it.

CompletionExplorer(fill, pictures)                                # fill: a Completer
CompletionExplorer(fill, pictures, net, rows=(4, 16), columns=(8, 22))
CompletionExplorer(fill, pictures, mode="free", cells=[9, 10, 16, 17])
"""

from gan_lessons.widgets.completion_explorer.explorer import CompletionExplorer

__all__ = ["CompletionExplorer"]
