import json
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch

from gan_lessons.commands.main import main
from gan_lessons.train import deliver, export

MISSING = "the extra onnx is not installed"


def other_latents(n, seed=99):
    return torch.randn(n, 6, generator=torch.Generator().manual_seed(seed))


def test_onnx_computes_the_same_pictures_of_any_batch(plain, here, capsys):
    onnxruntime = pytest.importorskip("onnxruntime", reason=MISSING)
    pytest.importorskip("onnxscript", reason=MISSING)
    onnx = pytest.importorskip("onnx", reason=MISSING)
    assert main(["export", plain]) == 0
    assert [path.name for path in here.iterdir()] == ["generator.onnx"]
    session = onnxruntime.InferenceSession("generator.onnx")
    (taken,), (given,) = session.get_inputs(), session.get_outputs()
    assert (taken.name, taken.shape, taken.type) == ("z", ["batch", 6], "tensor(float)")
    assert (given.name, given.shape) == ("pictures", ["batch", 1, 16, 16])
    generator = deliver.load_generator(plain)
    for n in (1, 4, 33):
        pictures = session.run(None, {"z": other_latents(n).numpy()})[0]
        wanted = generator(other_latents(n)).numpy()
        assert wanted.std() > 0.01
        assert np.abs(pictures - wanted).max() < 1e-5
    model = onnx.load("generator.onnx")
    assert [each.version for each in model.opset_import if not each.domain] == [export.OPSET]
    told = json.loads({each.key: each.value for each in model.metadata_props}["gan_lessons"])
    assert (told["latent"], told["shape"], told["step"]) == (6, [1, 16, 16], 20)
    printed = capsys.readouterr().out
    assert "ONNX opset 18" in printed
    assert "takes z (batch, 6); gives pictures (batch, 1, 16, 16) in [-1, 1]" in printed


def test_onnx_takes_the_labels_of_a_conditional_generator(conditional, here, capsys):
    onnxruntime = pytest.importorskip("onnxruntime", reason=MISSING)
    pytest.importorskip("onnxscript", reason=MISSING)
    assert main(["export", conditional, "--out", "some/where.onnx", "--current"]) == 0
    assert "labels (batch,) int64 from 0 to 2" in capsys.readouterr().out
    session = onnxruntime.InferenceSession("some/where.onnx")
    assert [(each.name, each.shape) for each in session.get_inputs()] == [
        ("z", ["batch", 6]),
        ("labels", ["batch"]),
    ]
    generator = deliver.load_generator(conditional, average=False)
    z, labels = other_latents(5), torch.tensor([2, 0, 1, 1, 2])
    pictures = session.run(None, {"z": z.numpy(), "labels": labels.numpy()})[0]
    assert np.abs(pictures - generator(z, labels).numpy()).max() < 1e-5
    others = session.run(None, {"z": z.numpy(), "labels": np.zeros(5, np.int64)})[0]
    assert np.abs(pictures - others).max() > 1e-3


def test_an_export_that_differs_is_not_written(plain, here, capsys, monkeypatch):
    for name in export.NEEDED:
        pytest.importorskip(name, reason=MISSING)

    def another(generator, z, labels):
        return deliver.decode(generator, z + 0.1, labels)

    monkeypatch.setattr(export, "decode", another)
    assert main(["export", plain, "--out", "a.onnx"]) == 1
    printed = capsys.readouterr().err
    assert "error: a.onnx was not written: " in printed
    assert "differ by" in printed
    assert ".part" not in printed
    assert printed.count("\n") == 1
    assert not [*here.iterdir()]


def test_a_missing_package_says_what_to_install(plain, here, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    assert main(["export", plain]) == 1
    expected = "pip install onnx onnxscript onnxruntime\n"
    assert capsys.readouterr().err.endswith(expected)
    assert not [*here.iterdir()]


WITHOUT_TRAINER = """
import sys
sys.modules["gan_lessons.train"] = None
{loader}
assert not [name for name in sys.modules if name.startswith("gan_lessons.train.")]
torch.manual_seed(3)
torch.save(generator(torch.randn(16, stored["latent"]){labels}), "pictures.pt")
print(stored["shape"], stored["classes"], stored["step"], stored["averaged"], stored["range"])
"""


@pytest.mark.parametrize("kind", ["plain", "conditional"])
def test_the_torch_file_needs_no_trainer(kind, trained, here, capsys):
    with pytest.raises(SystemExit):
        main(["export", "--help"])
    lines = capsys.readouterr().out.splitlines()
    first = lines.index("    import torch")
    loader = "\n".join(line[4:] for line in lines[first : first + 6])  # as the help has it
    assert main(["export", str(trained / kind), "--format", "torch"]) == 0
    labels = ", torch.arange(16) % 3" if kind == "conditional" else ""
    code = WITHOUT_TRAINER.format(loader=loader, labels=labels)
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    torch.manual_seed(3)
    z = torch.randn(16, 6)
    generator = deliver.load_generator(trained / kind)
    own = (torch.arange(16) % 3,) if kind == "conditional" else ()
    assert torch.equal(torch.load("pictures.pt"), generator(z, *own))
    names = ["cat", "dog", "T-shirt/top"] if kind == "conditional" else []
    assert run.stdout == f"[1, 16, 16] {names} 20 True [-1.0, 1.0]\n"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--out", ""], "--out is empty"),
        (["--out", "there.pt"], "there.pt exists: add --overwrite to replace it, or choose"),
        (["--out", "."], ". exists: add --overwrite"),
        (["--out", ".", "--overwrite"], "--out must be a file here, . is a folder"),
        (["--out", "there.pt/a.pt"], "cannot write there.pt"),
    ],
)
def test_bad_input_is_one_line(given, message, plain, here, capsys):
    (here / "there.pt").write_text("mine")
    assert main(["export", plain, "--format", "torch", *given]) == 1
    printed = capsys.readouterr().err
    assert message in printed
    assert printed.count("\n") == 1
    assert [path.name for path in here.iterdir()] == ["there.pt"]
    assert (here / "there.pt").read_text() == "mine"


def test_an_unknown_format_is_argparse_s(plain, here, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["export", plain, "--format", "tflite"])
    assert ended.value.code == 2
    assert "onnx" in capsys.readouterr().err


def test_an_interrupt_leaves_the_file_that_was_there(plain, here, capsys, monkeypatch):
    (here / "a.pt").write_text("mine")
    monkeypatch.setattr(
        export, "decode", lambda *args: signal.raise_signal(signal.SIGINT) or deliver.decode(*args)
    )
    given = ["--format", "torch", "--out", "a.pt", "--overwrite"]
    assert main(["export", plain, *given]) == 130
    assert capsys.readouterr().err == "stopped; a.pt was not replaced\n"
    assert (here / "a.pt").read_text() == "mine"
    assert [path.name for path in here.iterdir()] == ["a.pt"]
