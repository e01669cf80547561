"""Where to train."""

import torch

from gan_lessons import checks

KINDS = ("cuda", "mps", "cpu")  # in order of preference


def pick_device(name: str | torch.device = "auto") -> torch.device:
    """The device of that name; "auto" is cuda if there is one, else mps, else cpu.

    Raises ValueError for an unknown device and for one that this machine lacks.
    """
    if not isinstance(name, torch.device):
        checks.instance("device", name, str)
    here = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        return torch.device(next(kind for kind, found in here.items() if found))
    kind = str(name).partition(":")[0]
    index = str(name).partition(":")[2] or "0"
    there = {"cuda": torch.cuda.device_count(), "mps": 1, "cpu": 1}
    if not here.get(kind, False) or index not in map(str, range(there[kind])):
        found = ", ".join(kind for kind, found in here.items() if found)
        raise ValueError(
            f"unknown or missing device {checks.shown(str(name))}; here there are auto, {found}"
        )
    return torch.device(name)
