"""Well-known sets of small pictures, read and downloaded through torchvision.

Four of them have MNIST's file format, which is read here file by file, so that an error can name
the damaged file. torchvision takes seconds to import, so it is imported when a set is loaded.
"""

import http.client
import os
import queue
import shutil
import socket
import string
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from gan_lessons.data.cache import cache_folder
from gan_lessons.data.images import Images

PATIENCE = 6.0  # seconds to wait for a server before the network counts as missing


class DataUnavailable(RuntimeError):
    """A data set is not on this machine and cannot be downloaded."""


class DataDamaged(RuntimeError):
    """A file of a data set exists but cannot be read."""


@dataclass(frozen=True)
class Source:
    """torchvision's name for a set, and where it comes from.

    servers: the addresses that torchvision downloads from, repeated here so that a missing network
        is found out without importing torchvision
    prefixes: for a set in MNIST's format, how the names of each split's files begin
    """

    torchvision_class: str
    servers: tuple[str, ...]
    classes: tuple[str, ...]
    prefixes: dict[str, str] | None = None


_MNIST_FILES = {"train": "train", "test": "t10k"}
SOURCES = {
    "mnist": Source(
        "MNIST",
        ("https://ossci-datasets.s3.amazonaws.com/mnist/", "http://yann.lecun.com/exdb/mnist/"),
        tuple(string.digits),
        _MNIST_FILES,
    ),
    "fashion-mnist": Source(
        "FashionMNIST",
        ("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",),
        (
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        _MNIST_FILES,
    ),
    "kmnist": Source(
        "KMNIST",
        ("http://codh.rois.ac.jp/kmnist/dataset/kmnist/",),
        ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
        _MNIST_FILES,
    ),
    "emnist-letters": Source(
        "EMNIST",
        ("https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip",),
        tuple(string.ascii_lowercase),
        {"train": "emnist-letters-train", "test": "emnist-letters-test"},
    ),
    "cifar10": Source(
        "CIFAR10",
        ("https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",),
        ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    ),
}


def load(name: str, split: str, roots: list[Path], download_to: Path) -> Images:
    """The set from the first root that has it; otherwise downloads it and verifies its checksum.

    Raises:
        DataDamaged: a file exists but cannot be read; the message names it.
        DataUnavailable: no root has the set, and it cannot be downloaded.
    """
    for root in roots:
        found = _read(name, split, root)
        if found is not None:
            return found
    _download(name, roots, download_to)
    found = _read(name, split, download_to)
    if found is None:
        raise DataUnavailable(f"{name}: the download left no {split} pictures in {download_to}")
    return found


def _read(name: str, split: str, root: Path) -> Images | None:
    source = SOURCES[name]
    if source.prefixes is None:
        read = _read_cifar(name, split, root)
        return read and Images(*read, source.classes, name)
    files = _mnist_format_files(source, split, root)
    if not all(file.is_file() for file in files):
        return None
    pixels, labels = _read_mnist_format(name, files)
    if name == "emnist-letters":
        pixels, labels = pixels.transpose(2, 3), labels - 1  # stored transposed, and from 1 to 26
    try:
        return Images(pixels.contiguous(), labels, source.classes, name)
    except (TypeError, ValueError) as error:  # different counts, or a label out of range
        raise _damaged(name, files) from error


def _mnist_format_files(source: Source, split: str, root: Path) -> list[Path]:
    assert source.prefixes is not None
    start = root / source.torchvision_class / "raw" / source.prefixes[split]
    return [Path(f"{start}-images-idx3-ubyte"), Path(f"{start}-labels-idx1-ubyte")]


def _read_mnist_format(name: str, files: list[Path]) -> tuple[Tensor, Tensor]:
    from torchvision.datasets.mnist import read_image_file, read_label_file

    read = []
    for file, reader in zip(files, (read_image_file, read_label_file), strict=True):
        try:
            read.append(reader(str(file)))
        # torchvision checks the bytes with assert, and torch raises for files that are too short.
        except Exception as error:
            raise _damaged(name, [file]) from error
    return read[0][:, None], read[1].long()


def _read_cifar(name: str, split: str, root: Path) -> tuple[Tensor, Tensor] | None:
    from torchvision.datasets import CIFAR10
    from torchvision.datasets.utils import check_integrity

    folder = root / CIFAR10.base_folder
    parts = [*CIFAR10.train_list, *CIFAR10.test_list, ("batches.meta", CIFAR10.meta["md5"])]
    if not folder.is_dir():
        return None
    # The files are pickles: open none unless its checksum is the published one.
    bad = [folder / file for file, md5 in parts if not check_integrity(str(folder / file), md5)]
    if bad:
        raise _damaged(name, bad)
    stored = CIFAR10(str(root), train=split == "train", download=False)
    return torch.from_numpy(stored.data).permute(0, 3, 1, 2), torch.tensor(stored.targets)


def _damaged(name: str, files: list[Path]) -> DataDamaged:
    names = ", ".join(str(file) for file in files)
    return DataDamaged(
        f"{name}: damaged or incomplete: {names}. Delete it and load again to download it again, "
        "or load 'glyphs', which needs no files"
    )


def _download(name: str, looked: list[Path], target: Path) -> None:
    source = SOURCES[name]
    way_out = (
        f"looked in {', '.join(map(str, looked))}. Load 'glyphs', which is built in, or a folder "
        "of your own; or put the files into a folder in torchvision's layout and name it in "
        "GAN_LESSONS_DATA"
    )
    if not any_answers(source.servers):
        raise DataUnavailable(f"{name} is not here and no network answers; {way_out}")
    from torchvision import datasets

    maker = getattr(datasets, source.torchvision_class)
    options = {"split": "letters"} if source.torchvision_class == "EMNIST" else {}
    # Each process downloads into its own folder; files move to the final one when verified.
    aside = target / f".{source.torchvision_class}.{os.getpid()}.part"
    try:
        aside.mkdir(parents=True, exist_ok=True)
        print(f"downloading {name} to {target}")
        with _socket_timeout(PATIENCE):
            maker(str(aside), train=True, download=True, **options)
        for file in _wanted(source, aside):
            final = target / file.relative_to(aside)
            final.parent.mkdir(parents=True, exist_ok=True)
            file.replace(final)
    # URLError, a wrong checksum (RuntimeError), a full disk, a damaged archive.
    except Exception as error:
        raise DataUnavailable(f"{name} could not be downloaded ({error}); {way_out}") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _wanted(source: Source, root: Path) -> list[Path]:
    """The files that loading reads, without the archives and whatever else came with them."""
    if source.prefixes:
        return [
            file for split in source.prefixes for file in _mnist_format_files(source, split, root)
        ]
    return [file for file in root.rglob("*") if file.is_file() and file.suffix != ".gz"]


def any_answers(urls: Sequence[str], patience: float = PATIENCE) -> bool:
    """Whether one of these servers answers within `patience` seconds, through proxies if any.

    All are asked at once, each in its own daemon thread, which is abandoned when the time is up: a
    DNS lookup has no time-out.
    """
    answers: queue.SimpleQueue[bool] = queue.SimpleQueue()

    def ask(url: str) -> None:
        try:
            request = urllib.request.Request(url, method="HEAD")
            with urllib.request.urlopen(request, timeout=patience):
                answers.put(True)
        except urllib.error.HTTPError:
            answers.put(True)  # it refuses the request, so it is reachable
        except (OSError, http.client.HTTPException):
            answers.put(False)

    for url in urls:
        threading.Thread(target=ask, args=(url,), daemon=True).start()
    deadline = time.monotonic() + patience
    try:
        return any(answers.get(timeout=max(0.0, deadline - time.monotonic())) for _ in urls)
    except queue.Empty:
        return False


@contextmanager
def _socket_timeout(seconds: float) -> Iterator[None]:
    """Sets a default time-out, because torchvision opens its connections without one."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def default_roots(environment: str | None) -> tuple[list[Path], Path]:
    """The folders to look in, in order, and the one to download to.

    environment: the value of GAN_LESSONS_DATA, if set
    """
    cache = cache_folder() / "torchvision"
    given = [Path(environment).expanduser()] if environment else []
    return [*given, cache], cache
