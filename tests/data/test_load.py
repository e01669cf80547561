import os
import socket
import struct
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import numpy as np
import pytest
import torch

from gan_lessons import data
from gan_lessons.data import torchvision_sets

REAL = os.environ.get("GAN_LESSONS_DATA")


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_LESSONS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("GAN_LESSONS_DATA", raising=False)


@pytest.fixture
def no_network(monkeypatch):
    def refused(*args, **kwargs):
        raise OSError("network is unreachable")

    monkeypatch.setattr(socket, "create_connection", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)


def write_mnist_format(folder, start: str, pixels: np.ndarray, labels: np.ndarray):
    folder.mkdir(parents=True, exist_ok=True)
    header = struct.pack(">BBBBIII", 0, 0, 8, 3, *pixels.shape)
    (folder / f"{start}-images-idx3-ubyte").write_bytes(header + pixels.tobytes())
    header = struct.pack(">BBBBI", 0, 0, 8, 1, len(labels))
    (folder / f"{start}-labels-idx1-ubyte").write_bytes(header + labels.tobytes())


@pytest.fixture
def small_mnist(tmp_path):
    """Twenty pictures per split in MNIST's format: picture i has pixels 10 i and label i % 10."""
    root = tmp_path / "root"
    pixels = np.repeat(np.arange(20, dtype=np.uint8) * 10, 28 * 28).reshape(20, 28, 28)
    for start in ("train", "t10k"):
        write_mnist_format(
            root / "MNIST" / "raw", start, pixels, np.arange(20, dtype=np.uint8) % 10
        )
    return root


def test_the_files_are_read_unchanged(small_mnist):
    images = data.load("mnist", root=small_mnist)
    assert images.pixels.shape == (20, 1, 28, 28)
    assert images.pixels[:, 0, 3, 4].tolist() == [10 * i for i in range(20)]
    assert images.labels.tolist() == [i % 10 for i in range(20)]
    assert images.classes == tuple("0123456789")


def test_the_environment_comes_before_the_cache(small_mnist, monkeypatch):
    monkeypatch.setenv("GAN_LESSONS_DATA", str(small_mnist))
    assert len(data.load("mnist", split="test")) == 20


def test_the_cache_is_used_if_the_environments_folder_is_empty(small_mnist, tmp_path, monkeypatch):
    (tmp_path / "cache").mkdir()
    small_mnist.rename(tmp_path / "cache" / "torchvision")
    monkeypatch.setenv("GAN_LESSONS_DATA", str(tmp_path / "nothing"))
    assert len(data.load("mnist")) == 20


def test_a_read_only_root_is_enough(small_mnist):
    before = sorted(small_mnist.rglob("*"))
    for folder in [*small_mnist.rglob("*"), small_mnist]:
        folder.chmod(0o555 if folder.is_dir() else 0o444)
    data.load("mnist", root=small_mnist)
    assert sorted(small_mnist.rglob("*")) == before


def test_letters_stand_upright_and_count_from_zero(tmp_path):
    pixels = np.zeros((2, 28, 28), dtype=np.uint8)
    pixels[0, 3, 20] = 255
    folder = tmp_path / "root" / "EMNIST" / "raw"
    write_mnist_format(folder, "emnist-letters-train", pixels, np.array([1, 26], dtype=np.uint8))
    images = data.load("emnist-letters", root=tmp_path / "root")
    assert images.pixels[0, 0, 20, 3] == 255
    assert images.labels.tolist() == [0, 25]
    assert (images.classes[0], images.classes[25]) == ("a", "z")


def test_stacked_digits_spell_their_class(small_mnist, monkeypatch):
    monkeypatch.setitem(data.STACKED, "train", 50)
    images = data.load("stacked-mnist", root=small_mnist)
    assert images.pixels.shape == (50, 3, 28, 28)
    assert len(images.classes) == 1000
    digits = images.pixels[:, :, 0, 0].long() // 10 % 10
    assert images.labels.tolist() == (digits @ torch.tensor([100, 10, 1])).tolist()
    again = data.load("stacked-mnist", root=small_mnist)
    assert torch.equal(images.pixels, again.pixels)


@pytest.mark.parametrize("size", [32, 64, 14])
def test_sizes(small_mnist, size):
    images = data.load("mnist", root=small_mnist, size=size)
    assert images.pixels.shape == (20, 1, size, size)
    assert images.pixels[19, 0, size // 2, size // 2] == 190


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"name": "minst"},
            "unknown data set 'minst': did you mean 'mnist'[?] choose from glyphs, mnist",
        ),
        ({"name": "zzz"}, "unknown data set 'zzz': choose from glyphs"),
        ({"name": "mnist", "fallback": "glyph"}, "unknown data set 'glyph': did you mean 'glyphs'"),
        ({"name": "mnist", "split": "valid"}, "unknown split 'valid': choose from train, test"),
        ({"name": "mnist", "size": 0}, "size must be a whole number of at least 1, got 0"),
        ({"name": "glyphs", "size": -2}, "size must be a whole number of at least 1, got -2"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(ValueError, match=message):
        data.load(arguments.pop("name"), **arguments)


@pytest.mark.parametrize("share", [0.0, 0.005, 0.6, 0.99])
@pytest.mark.parametrize("kind", ["images-idx3", "labels-idx1"])
def test_a_damaged_file_is_named(small_mnist, kind, share):
    file = small_mnist / "MNIST" / "raw" / f"train-{kind}-ubyte"
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * share)])
    message = f"damaged or incomplete: .*train-{kind}-ubyte. Delete it and load again"
    with pytest.raises(data.DataDamaged, match=message):
        data.load("mnist", root=small_mnist)
    with pytest.raises(data.DataDamaged):
        data.load("mnist", root=small_mnist, fallback="glyphs")


def test_pictures_and_labels_that_do_not_match(small_mnist):
    raw = small_mnist / "MNIST" / "raw"
    write_mnist_format(raw, "train", np.zeros((3, 28, 28), np.uint8), np.zeros(4, np.uint8))
    with pytest.raises(data.DataDamaged, match="train-images"):
        data.load("mnist", root=small_mnist)


def test_a_label_out_of_range(small_mnist):
    file = small_mnist / "MNIST" / "raw" / "train-labels-idx1-ubyte"
    file.write_bytes(file.read_bytes()[:-1] + b"M")
    with pytest.raises(data.DataDamaged, match="train-labels"):
        data.load("mnist", root=small_mnist)


def test_damaged_cifar_is_never_unpickled(tmp_path):
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    (folder / "data_batch_1").write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    with pytest.raises(data.DataDamaged, match=r"cifar10: damaged or incomplete: .*data_batch_1"):
        data.load("cifar10", root=tmp_path)


@pytest.mark.parametrize("name", [*torchvision_sets.SOURCES, "stacked-mnist"])
def test_without_a_network_the_error_says_where_and_what_to_do(name, no_network, tmp_path):
    start = time.perf_counter()
    with pytest.raises(data.DataUnavailable) as error:
        data.load(name)
    assert time.perf_counter() - start < 10
    message = str(error.value)
    assert ("mnist" if name == "stacked-mnist" else name) in message
    assert str(tmp_path / "cache") in message
    assert "glyphs" in message
    assert "GAN_LESSONS_DATA" in message
    assert not (tmp_path / "cache").exists()


def test_a_network_that_never_answers_counts_as_missing(monkeypatch):
    def hang(*args, **kwargs):
        time.sleep(5)
        raise OSError("no answer")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    start = time.perf_counter()
    assert not torchvision_sets.any_answers(
        ["http://a.invalid/", "http://b.invalid/"], patience=0.5
    )
    assert time.perf_counter() - start < 2


@contextmanager
def server(reply: bytes):
    """The address of a server that answers one request with these bytes."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()

        def answer():
            connection, _ = listening.accept()
            connection.recv(1000)
            connection.sendall(reply)
            connection.close()

        threading.Thread(target=answer, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"


def test_a_server_that_answers_nonsense_counts_as_missing():
    start = time.perf_counter()
    with server(b"hello\r\n\r\n") as url:
        assert not torchvision_sets.any_answers([url])
    assert time.perf_counter() - start < 3


def test_one_server_that_answers_is_enough():
    with server(b"HTTP/1.0 404 Not Found\r\n\r\n") as url:
        assert torchvision_sets.any_answers(["http://a.invalid/", url])


def test_a_failed_download_leaves_nothing(monkeypatch, tmp_path):
    from torchvision import datasets

    class Broken(datasets.MNIST):
        def download(self):
            os.makedirs(self.raw_folder)
            (torchvision_sets.Path(self.raw_folder) / "train-images-idx3-ubyte").write_bytes(
                b"half"
            )
            raise RuntimeError("File not found or corrupted.")

    monkeypatch.setattr(datasets, "KMNIST", Broken)
    monkeypatch.setattr(torchvision_sets, "any_answers", lambda urls: True)
    with pytest.raises(data.DataUnavailable, match=r"could not be downloaded .File not found"):
        data.load("kmnist")
    left = tmp_path / "cache" / "torchvision"
    assert not left.exists() or not list(left.iterdir())


def test_a_download_ends_in_its_final_folder(monkeypatch, tmp_path, capsys):
    from torchvision import datasets

    class KMNIST(datasets.KMNIST):
        def download(self):
            raw = torchvision_sets.Path(self.raw_folder)
            for start in ("train", "t10k"):
                write_mnist_format(
                    raw, start, np.zeros((3, 28, 28), np.uint8), np.zeros(3, np.uint8)
                )

    monkeypatch.setattr(datasets, "KMNIST", KMNIST)
    monkeypatch.setattr(torchvision_sets, "any_answers", lambda urls: True)
    assert len(data.load("kmnist")) == 3
    assert "downloading kmnist to" in capsys.readouterr().out
    assert (tmp_path / "cache" / "torchvision" / "KMNIST" / "raw").is_dir()


def test_a_deleted_damaged_file_is_downloaded_again(monkeypatch, tmp_path, small_mnist):
    from torchvision import datasets

    class MNIST(datasets.MNIST):
        def download(self):
            raw = torchvision_sets.Path(self.raw_folder)
            for start in ("train", "t10k"):
                write_mnist_format(raw, start, np.ones((7, 28, 28), np.uint8), np.ones(7, np.uint8))
            (raw / "train-images-idx3-ubyte.gz").write_bytes(b"archive")

    monkeypatch.setattr(datasets, "MNIST", MNIST)
    monkeypatch.setattr(torchvision_sets, "any_answers", lambda urls: True)
    (small_mnist / "MNIST" / "raw" / "train-images-idx3-ubyte").unlink()
    assert len(data.load("mnist", root=small_mnist)) == 7
    assert not list(small_mnist.rglob("*.gz"))
    assert not list(small_mnist.glob(".*"))


@pytest.mark.parametrize("name", torchvision_sets.SOURCES)
def test_the_servers_are_torchvisions(name):
    from torchvision import datasets

    source = torchvision_sets.SOURCES[name]
    maker = getattr(datasets, source.torchvision_class)
    assert list(source.servers) == ([maker.url] if hasattr(maker, "url") else list(maker.mirrors))


def test_the_fallback_is_announced(no_network, capsys, monkeypatch):
    monkeypatch.setitem(data.GLYPHS, "test", 30)
    images = data.load("mnist", split="test", fallback="glyphs")
    assert images.name == "glyphs"
    assert len(images) == 30
    printed = capsys.readouterr().out
    assert printed == "mnist is not here and no network answers: glyphs takes its place\n"


def test_torchvision_is_imported_only_if_needed():
    code = """
import sys
from gan_lessons import data
import gan_lessons.data.glyphs
assert "torchvision" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.skipif(not REAL, reason="GAN_LESSONS_DATA is not set")
@pytest.mark.parametrize(("split", "n"), [("train", 60_000), ("test", 10_000)])
def test_the_real_mnist(split, n):
    images = data.load("mnist", split=split, root=REAL)
    assert images.pixels.shape == (n, 1, 28, 28)
    assert images.labels.bincount().min() > n * 0.08
    assert 30 < images.pixels.float().mean() < 36  # its published mean is 33.3 of 255
