"""How a step is computed: options that make it faster and change its result only by rounding.

Each can be turned off; `benchmarks/train_speed.py` shows what those bring that matter
on a machine.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

from gan_lessons import checks


@dataclass(frozen=True)
class ComputeOptions:
    """What a trainer may do to be fast. All but bfloat16 keep float32's precision."""

    data_on_device: bool = True  # the whole set lies there as bytes; off: each batch is sent there
    freeze: bool = True  # D's weights collect no gradients in G's turn, which would be thrown away
    one_pass: bool = True  # D sees real and fake in one batch, unless it has batch norm
    shared_pass: bool = True  # R1 and R2 take the gradient from the pass that the loss is made of
    channels_last: bool = True  # a pixel's channels lie side by side in memory
    products: bool = True  # on a CPU, layers that are matrix products are computed as such
    keep_memory: bool = True  # on Linux, memory freed in a step stays with the process for the next
    spare_threads: bool = True  # `fit` takes fewer CPU threads while other programs are busy
    fused: bool = True  # Adam updates all weights at once
    bfloat16: bool = False  # the networks run in it; losses, penalties and weights stay float32
    graph: bool = False  # CUDA repeats a recorded step instead of launching each kernel anew

    @classmethod
    def from_dict(cls, values: dict) -> "ComputeOptions":
        """The opposite of `dataclasses.asdict`. Raises ValueError for an unknown option."""
        known = [field.name for field in fields(cls)]
        for name in checks.instance("values", values, Mapping):
            checks.one_of("compute option", name, known)
        return cls(**values)

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            checks.flag(name, value)
