"""The well-known sets of small pictures, read and downloaded through torchvision.

MNIST's file format serves four of them, and is read here file by file, so that a damaged one can
be named. torchvision is imported when a set is asked for: it takes seconds.
"""

import queue
import shutil
import socket
import string
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from gan_lessons.data.cache import cache_folder
from gan_lessons.data.images import Images

PATIENCE = 6.0  # seconds until a network that does not answer counts as none


class DataUnavailable(RuntimeError):
    """A data set is not here and cannot be fetched, or a file of it is damaged."""


class DataDamaged(DataUnavailable):
    """A file of a data set is here and cannot be read."""


@dataclass(frozen=True)
class Source:
    """Where torchvision keeps a set: its class, and for MNIST's format the start of file names."""

    torchvision_class: str
    classes: tuple[str, ...]
    prefixes: dict[str, str] | None = None


_MNIST_FILES = {"train": "train", "test": "t10k"}
SOURCES = {
    "mnist": Source("MNIST", tuple(string.digits), _MNIST_FILES),
    "fashion-mnist": Source(
        "FashionMNIST",
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
            "Boot",
        ),
        _MNIST_FILES,
    ),
    "kmnist": Source(
        "KMNIST", ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"), _MNIST_FILES
    ),
    "emnist-letters": Source(
        "EMNIST",
        tuple(string.ascii_lowercase),
        {"train": "emnist-letters-train", "test": "emnist-letters-test"},
    ),
    "cifar10": Source(
        "CIFAR10",
        ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    ),
}


def load(name: str, split: str, roots: list[Path], download_to: Path) -> Images:
    """The set from the first root that has it; else it is downloaded, with its checksum verified.

    Raises:
        DataDamaged: a file is there and cannot be read; it is named.
        DataUnavailable: no root has it and it cannot be downloaded.
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
    reader = _read_mnist_format if source.prefixes else _read_cifar
    read = reader(name, source, split, root)
    if read is None:
        return None
    pixels, labels = read
    if name == "emnist-letters":
        pixels, labels = pixels.transpose(2, 3), labels - 1  # stored lying down, and from 1 to 26
    return Images(pixels.contiguous(), labels.long(), source.classes, name)


def _read_mnist_format(
    name: str, source: Source, split: str, root: Path
) -> tuple[Tensor, Tensor] | None:
    assert source.prefixes is not None
    folder = root / source.torchvision_class / "raw"
    start = source.prefixes[split]
    files = [folder / f"{start}-images-idx3-ubyte", folder / f"{start}-labels-idx1-ubyte"]
    if not all(file.is_file() for file in files):
        return None
    from torchvision.datasets.mnist import read_image_file, read_label_file

    read = []
    for file, reader in zip(files, (read_image_file, read_label_file), strict=True):
        try:
            read.append(reader(str(file)))
        # torchvision asserts what it expects of the bytes, and torch refuses what is too short.
        except Exception as error:
            raise _damaged(name, [file]) from error
    pixels, labels = read
    if len(pixels) != len(labels):
        raise _damaged(name, files)
    return pixels[:, None], labels


def _read_cifar(name: str, source: Source, split: str, root: Path) -> tuple[Tensor, Tensor] | None:
    from torchvision.datasets import CIFAR10
    from torchvision.datasets.utils import check_integrity

    folder = root / CIFAR10.base_folder
    parts = [*CIFAR10.train_list, *CIFAR10.test_list, ("batches.meta", CIFAR10.meta["md5"])]
    if not folder.is_dir():
        return None
    # The files are pickles: none is opened unless its checksum is the published one.
    bad = [folder / file for file, md5 in parts if not check_integrity(str(folder / file), md5)]
    if bad:
        raise _damaged(name, bad)
    kept = CIFAR10(str(root), train=split == "train", download=False)
    return torch.from_numpy(kept.data).permute(0, 3, 1, 2), torch.tensor(kept.targets)


def _damaged(name: str, files: list[Path]) -> DataDamaged:
    names = ", ".join(str(file) for file in files)
    return DataDamaged(
        f"{name}: damaged or incomplete: {names}. Delete it and load again to fetch it anew, "
        "or load 'glyphs', which needs no file"
    )


def _download(name: str, looked: list[Path], target: Path) -> None:
    from torchvision import datasets

    source = SOURCES[name]
    maker = getattr(datasets, source.torchvision_class)
    way_out = (
        f"looked in {', '.join(map(str, looked))}. Load 'glyphs', which is built in, or a folder "
        "of your own; or put the files into torchvision's layout and name it in GAN_LESSONS_DATA"
    )
    urls = [maker.url] if hasattr(maker, "url") else list(maker.mirrors)
    if not any_answers(urls):
        raise DataUnavailable(f"{name} is not here and no network answers; {way_out}")
    # Aside first: what is in its final place has been verified.
    aside = target / f".{source.torchvision_class}.part"
    options = {"split": "letters"} if source.torchvision_class == "EMNIST" else {}
    try:
        aside.mkdir(parents=True, exist_ok=True)
        print(f"downloading {name} to {target}")
        with _socket_timeout(PATIENCE):
            maker(str(aside), train=True, download=True, **options)
        for made in aside.iterdir():
            destination = target / made.name
            if not destination.exists():
                made.rename(destination)
    # URLError, a wrong checksum (RuntimeError), a full disk, a damaged archive.
    except Exception as error:
        raise DataUnavailable(f"{name} could not be downloaded ({error}); {way_out}") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def any_answers(urls: list[str], patience: float = PATIENCE) -> bool:
    """Whether one of these servers answers within that many seconds, through proxies if any.

    All are asked at once, each on a thread that is left behind when time is up: looking up a name
    has no time-out of its own.
    """
    answers: queue.SimpleQueue[bool] = queue.SimpleQueue()

    def ask(url: str) -> None:
        try:
            request = urllib.request.Request(url, method="HEAD")
            with urllib.request.urlopen(request, timeout=patience):
                answers.put(True)
        except urllib.error.HTTPError:
            answers.put(True)  # it refuses the question, but it is there
        except OSError:
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
    """torchvision opens its connections without a time-out of its own."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def default_roots(environment: str | None) -> tuple[list[Path], Path]:
    """The folders to look in, in order, and the one that a download goes to."""
    cache = cache_folder() / "torchvision"
    given = [Path(environment).expanduser()] if environment else []
    return [*given, cache], cache
