"""Real or fake? The reader is the discriminator, with a trained one beside.

RealOrFake(trainer.discriminator, unseen, generated)    # pictures, or clouds of points
"""

from gan_lessons.widgets.real_or_fake.explorer import RealOrFake

__all__ = ["RealOrFake"]
