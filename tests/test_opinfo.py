"""gan_lessons.deconv against the samples with which PyTorch tests its own deconvolutions."""

import subprocess
import sys
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from gan_lessons import deconv

WAYS = [deconv.by_scatter, deconv.by_zero_insertion, deconv.by_matrix, deconv.by_gradient]
TORCH = {"conv_transpose1d": F.conv_transpose1d, "conv_transpose2d": F.conv_transpose2d}

# In a process of its own, because PyTorch's internal modules change global flags on import.
WRITE_SAMPLES = """
import sys
import torch
from torch.testing._internal.common_methods_invocations import op_db

found = {}
for operation in op_db:
    name = operation.name.rpartition(".")[2]
    if name in ("conv_transpose1d", "conv_transpose2d"):
        for dtype in (torch.float32, torch.float64):
            samples = list(operation.sample_inputs("cpu", dtype, requires_grad=False))
            samples += list(operation.reference_inputs("cpu", dtype, requires_grad=False))
            found[f"{name} {dtype}"] = [((it.input, *it.args), it.kwargs) for it in samples]
torch.save(found, sys.argv[1])
"""

Sample = tuple[tuple[Tensor | None, ...], dict[str, Any]]


@pytest.fixture(scope="module")
def samples(tmp_path_factory) -> dict[str, list[Sample]]:
    """By operation and dtype: the tensors and the settings of each sample."""
    file = tmp_path_factory.mktemp("samples") / "samples.pt"
    run = subprocess.run(
        [sys.executable, "-c", WRITE_SAMPLES, str(file)], capture_output=True, text=True
    )
    if "ImportError" in run.stderr or "ModuleNotFoundError" in run.stderr:
        pytest.skip(f"PyTorch's samples cannot be imported: {run.stderr.splitlines()[-1]}")
    assert run.returncode == 0, run.stderr
    return torch.load(file, weights_only=True)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", TORCH)
def test_every_sample_gives_torchs_result_and_gradients(
    samples: dict[str, list[Sample]], name: str, dtype: torch.dtype
) -> None:
    tolerance = 1e-4 if dtype == torch.float32 else 1e-12
    cases = samples[f"{name} {dtype}"]
    assert len(cases) >= 20
    for tensors, settings in cases:
        learned = [each.requires_grad_() for each in tensors if each is not None]
        expected = TORCH[name](*tensors, **settings)
        above = torch.linspace(-1, 1, expected.numel(), dtype=dtype).view_as(expected)
        gradients = torch.autograd.grad(expected, learned, above)
        for way in WAYS:
            found = way(*tensors, **settings)
            torch.testing.assert_close(found, expected, rtol=tolerance, atol=tolerance)
            ours = torch.autograd.grad(found, learned, above)
            torch.testing.assert_close(ours, gradients, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", TORCH)
def test_what_torch_refuses_is_refused(samples: dict[str, list[Sample]], name: str) -> None:
    """Each sample again with one setting that torch refuses."""
    wrong = [("stride", 0), ("padding", -1), ("output_padding", 99), ("dilation", 0), ("groups", 7)]
    for tensors, settings in samples[f"{name} {torch.float64}"]:
        for setting, value in wrong:
            changed = settings | {setting: value}
            with pytest.raises((RuntimeError, ValueError)):
                TORCH[name](*tensors, **changed)
            for way in WAYS:
                with pytest.raises(ValueError, match=setting):
                    way(*tensors, **changed)
