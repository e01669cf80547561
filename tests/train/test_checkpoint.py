import dataclasses
import io
import json
import os
import pickle
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from gan_lessons.data import Images
from gan_lessons.models import dcgan
from gan_lessons.train import CheckpointError, TrainConfig, Trainer, networks
from gan_lessons.train.checkpoint import checksum, find
from gan_lessons.train.ranks import ProcessLost


def read(file: Path) -> tuple[dict, dict[str, torch.Tensor]]:
    """The header's facts and the tensors, as they are stored."""
    with safe_open(file, framework="pt") as stored:
        facts = json.loads(stored.metadata()["gan_lessons"])
        return facts, {name: stored.get_tensor(name).clone() for name in stored.keys()}  # noqa: SIM118


def rewrite(file: Path, facts: object, tensors: dict[str, torch.Tensor]) -> bytes:
    """Writes a checkpoint of that content, with a checksum that fits; returns the file's bytes."""
    header = json.dumps(facts)
    metadata = {"gan_lessons": header, "checksum": checksum(header, tensors)}
    save_file(tensors, file, metadata=metadata)
    return file.read_bytes()


def everything(trainer: Trainer) -> list[torch.Tensor]:
    networks = [trainer.generator, trainer.discriminator, trainer.ema_generator]
    return [t for network in networks if network for t in network.state_dict().values()]


@pytest.mark.parametrize(
    ("network", "settings"),
    [
        ("mlp", {}),
        ("dcgan", {}),
        ("dcgan", {"ema_half_life": 30.0}),
        ("mlp", {"penalty": "wgan-gp", "gamma": 1.0}),
    ],
)
def test_going_on_equals_never_having_stopped_bit_for_bit(
    make, images, tmp_path, network, settings
):
    settings = {"network": network, "loss": "rpgan"} | settings
    straight = make(**settings).fit(11)
    make(**settings).fit(4).save(tmp_path)
    resumed = Trainer.resume(tmp_path, images, device="cpu")
    assert resumed.steps == 4
    resumed.fit(7)
    assert all(
        torch.equal(a, b) for a, b in zip(everything(straight), everything(resumed), strict=True)
    )
    assert straight.history == resumed.history
    assert torch.equal(straight.generate(3, seed=1), resumed.generate(3, seed=1))


def test_the_last_two_are_kept(make, tmp_path):
    trainer = make()
    for _ in range(4):
        trainer.fit(1).save(tmp_path)
    assert [file.name for file in find(tmp_path)] == [
        "checkpoint-00000003.safetensors",
        "checkpoint-00000004.safetensors",
    ]
    assert sorted(os.listdir(tmp_path)) == [".lock", *(file.name for file in find(tmp_path))]


def test_an_older_one_can_be_asked_for(make, images, tmp_path):
    trainer = make().fit(1)
    file = trainer.save(tmp_path)
    trainer.fit(1).save(tmp_path)
    assert Trainer.resume(tmp_path, images, device="cpu").steps == 2
    assert Trainer.resume(file, images, device="cpu").steps == 1


def test_fit_saves_as_it_goes(make, tmp_path):
    make().fit(3, save_to=tmp_path, save_every=0.0)
    assert find(tmp_path)[-1].name == "checkpoint-00000003.safetensors"


def test_the_header_says_in_plain_json_what_it_holds(make, tmp_path):
    with safe_open(make().fit(2).save(tmp_path), framework="pt") as stored:
        facts = json.loads(stored.metadata()["gan_lessons"])
    assert facts["step"] == 2
    assert facts["networks"]["generator"]["network"] == "dcgan.Generator"
    assert TrainConfig.from_dict(facts["config"]).width == 4


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_refuses_a_random_state_of_the_cpu_that_is_none(make, images, tmp_path):
    file = make().fit(1).save(tmp_path)
    facts, tensors = read(file)
    state = torch.zeros(16, dtype=torch.uint8)
    rewrite(file, facts, tensors | {"random": state})
    with pytest.raises(CheckpointError, match="belongs to other"):
        Trainer.resume(tmp_path, images, device="cuda")


@pytest.mark.parametrize("name", ["missing", "empty", "file.txt"])
def test_what_is_no_checkpoint(images, tmp_path, name):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file.txt").write_text("hello")
    with pytest.raises(CheckpointError, match=name):
        Trainer.resume(tmp_path / name, images, device="cpu")


def test_other_safetensors_are_no_checkpoint(images, tmp_path):
    save_file({"x": torch.zeros(1)}, tmp_path / "checkpoint-00000001.safetensors")
    with pytest.raises(CheckpointError, match="is not a checkpoint of gan_lessons"):
        Trainer.resume(tmp_path, images, device="cpu")


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999])
def test_half_written_files_are_named_and_left_alone(make, images, tmp_path, share):
    trainer = make().fit(1)
    trainer.save(tmp_path)
    file = trainer.fit(1).save(tmp_path)
    content = file.read_bytes()
    part = content[: int(len(content) * share)]
    file.write_bytes(part)
    message = f"{file.name} is damaged or half written .*go on from checkpoint-00000001"
    with pytest.raises(CheckpointError, match=message):
        Trainer.resume(tmp_path, images, device="cpu")
    assert file.read_bytes() == part


def test_a_payload_is_refused_wherever_it_is_and_never_run(make, images, tmp_path, monkeypatch):
    class Bomb:
        def __reduce__(self):
            return (os.system, (f"touch {tmp_path / 'exploded'}",))

    payload, text = pickle.dumps(Bomb()), pickle.dumps(Bomb(), protocol=0).decode("ascii")
    file = make().fit(1).save(tmp_path)
    content = file.read_bytes()
    facts, tensors = read(file)
    header = int.from_bytes(content[:8], "little")

    def rewritten(facts: object, tensors: dict) -> bytes:
        return rewrite(file, facts, tensors)

    zipped = io.BytesIO()
    torch.save({"generator": Bomb()}, zipped)
    state = torch.frombuffer(bytearray(payload), dtype=torch.uint8)
    forms = {
        "the whole file": payload,
        "saved by torch": zipped.getvalue(),
        "before": payload + content,
        "behind": content + payload,
        "for the header": len(payload).to_bytes(8, "little") + payload + content[8 + header :],
        "for the facts": rewritten(text, tensors),
        "the random state": rewritten(facts, tensors | {"random": state}),
    }
    for part in facts:
        if part != "version":  # for a person to read; the code does not look at it
            forms[f"for {part}"] = rewritten({**facts, part: text}, tensors)
    for name in facts["compute"]:
        forms[f"compute option {name}"] = rewritten(
            {**facts, "compute": {**facts["compute"], name: text}}, tensors
        )
    forms["for a position"] = rewritten({**facts, "positions": {"real": text}}, tensors)
    for fact in ("shape", "fingerprint"):
        described = {"real": {**facts["data"]["real"], fact: text}}
        forms[f"the data's {fact}"] = rewritten({**facts, "data": described}, tensors)
    for name in facts["config"]:
        forms[f"setting {name}"] = rewritten(
            {**facts, "config": {**facts["config"], name: text}}, tensors
        )
    for name in ("network", "options"):
        described = {**facts["networks"]["generator"], name: text}
        networks = {**facts["networks"], "generator": described}
        forms[f"generator's {name}"] = rewritten({**facts, "networks": networks}, tensors)
    for name in tensors:
        if name != "random":
            forms[f"for {name}"] = rewritten(facts, tensors | {name: state})

    monkeypatch.setattr(pickle, "loads", None)
    monkeypatch.setattr(pickle, "load", None)
    monkeypatch.setattr(torch, "load", None)
    for form, dangerous in forms.items():
        file.write_bytes(dangerous)
        refused = None
        try:
            Trainer.resume(tmp_path, images, device="cpu")
        except CheckpointError as error:
            refused = error
        assert refused is not None, f"a payload as {form} was accepted"
        assert not (tmp_path / "exploded").exists()


def test_another_format_is_named(make, images, tmp_path, monkeypatch):
    monkeypatch.setattr("gan_lessons.train.checkpoint.FORMAT", 99)
    make().fit(1).save(tmp_path)
    monkeypatch.undo()
    with pytest.raises(CheckpointError, match=r"has format 99, .* reads format 2"):
        Trainer.resume(tmp_path, images, device="cpu")


def test_other_data_is_refused(make, tmp_path):
    make().fit(1).save(tmp_path)
    other = Images(torch.zeros(9, 1, 16, 16, dtype=torch.uint8), name="zeros")
    with pytest.raises(
        CheckpointError,
        match=r"trained on 'noise' \(50 × 1 × 16 × 16, .*\), got 'zeros' \(9 × 1 × 16 × 16, ",
    ):
        Trainer.resume(tmp_path, other, device="cpu")


@pytest.mark.parametrize("change", ["a pixel", "a label", "the order"])
def test_other_pictures_of_the_same_name_and_count_are_refused(make, images, tmp_path, change):
    labelled = dataclasses.replace(images, labels=torch.zeros(50).long(), classes=("a", "b"))
    config = TrainConfig(width=4, latent=6, batch=8)
    Trainer(*networks(config, labelled), labelled, config, "cpu").fit(1).save(tmp_path)
    pixels, labels = labelled.pixels.clone(), labelled.labels.clone()
    if change == "a pixel":
        pixels[-1, 0, -1, -1] += 1
    elif change == "a label":
        labels[-1] = 1
    else:
        pixels = pixels.flip(0)
    other = dataclasses.replace(labelled, pixels=pixels, labels=labels)
    with pytest.raises(CheckpointError, match=r"trained on 'noise' .* got 'noise'"):
        Trainer.resume(tmp_path, other, device="cpu")


def test_a_renamed_set_is_the_same(make, images, tmp_path):
    make().fit(1).save(tmp_path)
    renamed = dataclasses.replace(images, name="other")
    assert Trainer.resume(tmp_path, renamed, device="cpu").steps == 1


def test_a_checkpoint_of_another_kind_of_device_is_opened(make, images, tmp_path):
    trainer = make().fit(2)
    kept = trainer.generate(2, seed=0)
    state = torch.zeros(16, dtype=torch.uint8)  # the size of a CUDA generator's
    file = trainer.save(tmp_path)
    facts, tensors = read(file)
    facts["device"] = "cuda"
    rewrite(file, facts, tensors | {"random": state})
    resumed = Trainer.resume(tmp_path, images, device="cpu")
    assert torch.equal(resumed.generate(2, seed=0), kept)
    assert resumed.fit(1).steps == 3


def test_another_model_is_refused_and_left_as_it_was(make, images, tmp_path):
    make().fit(1).save(tmp_path)
    wider = dcgan.Generator(size=16, latent=6, width=8)
    before = [p.clone() for p in wider.parameters()]
    with pytest.raises(CheckpointError, match=r"belongs to other networks .*generator.layers.0"):
        Trainer.resume(tmp_path, images, generator=wider, device="cpu")
    assert all(torch.equal(a, b) for a, b in zip(before, wider.parameters(), strict=True))


def test_networks_of_ones_own_are_passed_in(images, tmp_path):
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(6, 256)

        def forward(self, z):
            return self.layer(z).tanh().view(-1, 1, 16, 16)

    config = TrainConfig(latent=6, batch=8)
    trainer = Trainer(Own(), dcgan.Discriminator(size=16, width=4), images, config, "cpu")
    trainer.fit(2).save(tmp_path)
    with pytest.raises(CheckpointError, match="a generator of your own: pass it as generator="):
        Trainer.resume(tmp_path, images, device="cpu")
    again = Trainer.resume(tmp_path, images, generator=Own(), device="cpu")
    assert torch.equal(again.generate(2, seed=0), trainer.generate(2, seed=0))


def test_a_full_disk_leaves_the_earlier_checkpoint(make, images, tmp_path, monkeypatch):
    trainer = make().fit(1)
    trainer.save(tmp_path)

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gan_lessons.train.checkpoint.save_file", full)
    with pytest.raises(CheckpointError, match=r"No space left on device; nothing is saved yet"):
        trainer.save(tmp_path / "new")
    intact = r"; saved before and intact: checkpoint-00000001\.safetensors"
    with pytest.raises(CheckpointError, match=f"No space left on device{intact}"):
        trainer.fit(1).save(tmp_path)
    assert sorted(os.listdir(tmp_path)) == [".lock", "checkpoint-00000001.safetensors", "new"]
    assert Trainer.resume(tmp_path, images, device="cpu").steps == 1


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files")
def test_a_disk_that_fills_while_writing_leaves_the_earlier_checkpoint(make, images, tmp_path):
    import resource

    trainer = make().fit(1)
    size = trainer.save(tmp_path).stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # or the signal ends the process
    resource.setrlimit(resource.RLIMIT_FSIZE, (size // 2, hard))
    try:
        with pytest.raises(CheckpointError, match=r"cannot write .*; saved before and intact"):
            trainer.fit(1).save(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert sorted(os.listdir(tmp_path)) == [".lock", "checkpoint-00000001.safetensors"]
    assert Trainer.resume(tmp_path, images, device="cpu").steps == 1


def test_a_folder_that_cannot_be(make, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointError, match="cannot write"):
        make().fit(1).save(tmp_path / "file" / "inside")


def test_any_flipped_bit_and_any_zeroed_page_is_noticed(make, images, tmp_path):
    file = make(network="mlp").fit(3).save(tmp_path)
    content, rng = file.read_bytes(), random.Random(0)
    for _ in range(150):
        damaged = bytearray(content)
        damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
        file.write_bytes(damaged)
        with pytest.raises(CheckpointError):
            Trainer.resume(tmp_path, images, device="cpu")
    for start in range(0, len(content), 4096):
        page = content[start : start + 4096]
        if any(page):
            file.write_bytes(content[:start] + bytes(len(page)) + content[start + 4096 :])
            with pytest.raises(CheckpointError):
                Trainer.resume(tmp_path, images, device="cpu")
    file.write_bytes(content)
    assert Trainer.resume(tmp_path, images, device="cpu").steps == 3


def test_a_folder_belongs_to_one_run(make, images, tmp_path):
    first = make().fit(20)
    kept = first.save(tmp_path)
    for other in (make().fit(10), make().fit(30)):
        with pytest.raises(CheckpointError, match=r"holds checkpoint-00000020\S* of another run"):
            other.save(tmp_path)
        with pytest.raises(CheckpointError, match="of another run: resume that run"):
            other.fit(1, save_to=tmp_path)
    assert find(tmp_path) == [kept]
    resumed = Trainer.resume(tmp_path, images, device="cpu").fit(1, save_to=tmp_path)
    assert [file.name for file in find(tmp_path)] == [kept.name, "checkpoint-00000021.safetensors"]
    resumed.fit(1).save(tmp_path)
    assert resumed.steps == 22


def test_going_on_from_an_older_checkpoint_does_not_mix_with_the_newer_one(make, images, tmp_path):
    trainer = make()
    older = trainer.fit(2).save(tmp_path)
    newer = trainer.fit(2).save(tmp_path)
    again = Trainer.resume(older, images, device="cpu").fit(1)
    with pytest.raises(CheckpointError, match=r"holds checkpoint-00000004\S*, .* at step 3"):
        again.save(tmp_path)
    assert find(tmp_path) == [older, newer]
    assert again.save(tmp_path / "other").exists()


def test_a_folder_in_use_is_refused_until_its_training_ends_or_is_killed(make, tmp_path):
    claim = (
        "import sys, time; from pathlib import Path; from gan_lessons.train import checkpoint\n"
        "with checkpoint.claimed(Path(sys.argv[1]), 'other', 0):\n"
        "    print('claimed', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", claim, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout.readline() == "claimed\n"
        with pytest.raises(CheckpointError, match="is in use by another training: wait"):
            make().fit(1, save_to=tmp_path)
    finally:
        process.kill()
        process.wait()
    make().fit(1, save_to=tmp_path)
    assert len(find(tmp_path)) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no umask")
@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o002, 0o664), (0o077, 0o600)])
def test_files_have_the_rights_that_the_umask_gives(make, tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        file = make().fit(1).save(tmp_path)
    finally:
        os.umask(before)
    assert file.stat().st_mode & 0o777 == mode


def test_a_lost_process_does_not_hide_a_newer_checkpoint(make, tmp_path):
    trainer = make().fit(2)
    copy = (
        trainer.facts(),
        {
            name: value.clone() if torch.is_tensor(value) else value
            for name, value in trainer.state_dict().items()
        },
    )
    trainer._whole = copy
    told = str(trainer._alone(ProcessLost("gone"), tmp_path))
    assert "checkpoint-00000002.safetensors is saved" in told
    trainer.fit(3).save(tmp_path)
    told = str(trainer._alone(ProcessLost("gone"), tmp_path))
    assert "checkpoint-00000005.safetensors is saved" in told
    assert len(find(tmp_path)) == 2
