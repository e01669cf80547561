"""Draw a picture, and watch what a discriminator says of it, stroke by stroke.

DrawAndAsk(trainer.discriminator, unseen, generated)
"""

from gan_lessons.widgets.draw_and_ask.explorer import DrawAndAsk

__all__ = ["DrawAndAsk"]
