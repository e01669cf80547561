"""The features for comparing pictures: those of a small classifier trained on the data set.

The usual Fréchet Inception distance compares pictures in the features of a large network trained
on photographs. That network needs a download and knows little about digits, so the features here
come from a small classifier, trained once on the data set itself. You can compare distances between
models that the same network judges, but not with published FIDs.
"""

import contextlib
import hashlib
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from tqdm.auto import tqdm

from gan_lessons.checks import device_of, instance, whole
from gan_lessons.data import Images, to_float
from gan_lessons.data.cache import cache_folder, written_aside
from gan_lessons.data.images import check_range

FEATURES = 128
_VERSION = 1  # of the classifier and its training; part of the cache's key
STEPS = 800  # of its training, with batches of up to 128


class FeatureNet(nn.Module):
    """A LeNet: pictures (N, C, H, W), uint8 or floats in [-1, 1] → features (N, 128).

    Pictures larger than 32 pixels are resized to 32 first. `accuracy` is its share of correct
    answers on pictures held out from its training. Raises ValueError for pictures smaller than 16
    pixels.
    """

    num_features = FEATURES  # torchmetrics reads it

    def __init__(self, size: int, channels: int, classes: int):
        super().__init__()
        size, channels = whole("size", size, 1, 2**14), whole("channels", channels, 1, 1024)
        classes = whole("classes", classes, 1, 2**20)
        self.pictures = (channels, size, size)
        self.size = min(size, 32)
        self.accuracy = float("nan")
        side = ((self.size - 4) // 2 - 4) // 2  # two convolutions of 5, each halved after
        if side < 1:
            raise ValueError(f"pictures must be at least 16 pixels wide to be judged, got {size}")
        self.convolutions = nn.Sequential(
            nn.Conv2d(channels, 16, 5),
            nn.MaxPool2d(2),
            nn.ReLU(),
            nn.Conv2d(16, 32, 5),
            nn.MaxPool2d(2),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(32 * side * side, FEATURES),
            nn.ReLU(),
        ).to(memory_format=torch.channels_last)  # pooling on a CPU is much faster in this format
        self.classify = nn.Linear(FEATURES, classes)

    def forward(self, pictures: Tensor) -> Tensor:
        x = to_float(pictures) if pictures.dtype == torch.uint8 else pictures
        if x.shape[-1] > self.size:
            x = F.interpolate(x, size=self.size, mode="bilinear", antialias=True)
        return self.convolutions(x)

    @torch.no_grad()
    def extract(self, pictures: Tensor, chunk: int = 1000) -> Tensor:
        """The features of any number of pictures, `chunk` at a time, on this network's device.

        Raises ValueError if the pictures differ in shape from those it was trained on, or if they
        are floats of another range than [-1, 1] (see `data.images.check_range`).
        """
        chunk = whole("chunk", chunk, 1, 2**31)
        if tuple(instance("pictures", pictures, Tensor).shape[1:]) != self.pictures:
            raise ValueError(
                f"pictures must be (N, {', '.join(map(str, self.pictures))}) as the network was "
                f"trained on, got {tuple(pictures.shape)}"
            )
        if pictures.dtype != torch.uint8:
            if not pictures.is_floating_point():
                raise ValueError(f"pictures must be uint8 or floats, got {pictures.dtype}")
            check_range(pictures)
        device = self.classify.weight.device
        return torch.cat([self(part.to(device)) for part in pictures.split(chunk)])


def features(images: Images, *, device: str | torch.device = "cpu") -> FeatureNet:
    """The feature network of a data set: trained on it once, then read from the cache.

    It learns to classify the pictures. Pictures without labels, or with one class only, are rotated
    by 0, 90, 180 or 270 degrees, and it learns to predict the rotation (Gidaris et al. 2018). The
    same pictures give the same network.

    Raises:
        ValueError: the pictures are smaller than 16 pixels, or there are fewer than 10.
    """
    device = device_of("device", device)
    if len(instance("images", images, Images)) < 10:
        raise ValueError(f"a feature network needs at least 10 pictures, got {len(images)}")
    labels = _labels(images)
    classes = 4 if labels is None else int(labels.max()) + 1
    net = FeatureNet(images.size, images.channels, classes).eval()
    file = cache_folder() / "features" / f"{images.name}-{_digest(images)}.safetensors"
    try:
        with safe_open(file, framework="pt") as stored:
            net.load_state_dict({name: stored.get_tensor(name) for name in stored.keys()})  # noqa: SIM118
            net.accuracy = float(stored.metadata()["accuracy"])
    except (OSError, SafetensorError, RuntimeError, KeyError):
        net = _train(net, images, device)
        _store(net, file)
    return net.to(device).requires_grad_(False)


def _train(net: FeatureNet, images: Images, device: torch.device) -> FeatureNet:
    rng = _rng()
    order = torch.randperm(len(images), generator=rng)
    held_out = order[: max(1, min(2000, len(images) // 10))]
    order = order[len(held_out) :]
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        net = FeatureNet(images.size, images.channels, net.classify.out_features).to(device)
    batch = min(128, len(order))
    optimiser = torch.optim.Adam(net.parameters(), lr=2e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, STEPS)
    labels_of_all = _labels(images)
    describe = f"learning features of {images.name}"
    for _ in tqdm(range(STEPS), desc=describe, leave=False, disable=None):
        chosen = order[torch.randint(len(order), (batch,), generator=rng)]
        x, labels = _questions(images.pixels, labels_of_all, chosen, rng)
        loss = F.cross_entropy(net.classify(net(x.to(device))), labels.to(device))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    with torch.no_grad():
        x, labels = _questions(images.pixels, labels_of_all, held_out, rng)
        answers = net.classify(net.extract(x)).argmax(1).cpu()
    net.accuracy = (answers == labels).float().mean().item()
    return net.eval()


def _labels(images: Images) -> Tensor | None:
    """The labels, or None if there are fewer than two classes."""
    if images.labels is None or len(images.labels.unique()) < 2:
        return None
    return images.labels


def _questions(
    pixels: Tensor, labels: Tensor | None, chosen: Tensor, rng: torch.Generator
) -> tuple[Tensor, Tensor]:
    x = pixels[chosen.to(pixels.device)].cpu()
    if labels is not None:
        return x, labels[chosen.to(labels.device)].cpu()
    turns = torch.randint(4, (len(x),), generator=rng)
    turned = torch.stack([torch.rot90(x, k, (2, 3)) for k in range(4)])
    return turned[turns, torch.arange(len(x))], turns


def _digest(images: Images) -> str:
    digest = hashlib.sha256(f"{_VERSION} {STEPS} {tuple(images.pixels.shape)}".encode())
    digest.update(images.pixels.cpu().contiguous().numpy().data)
    if images.labels is not None:
        digest.update(images.labels.cpu().contiguous().numpy().data)
    return digest.hexdigest()[:16]


def _store(net: FeatureNet, file: Path) -> None:
    tensors = {name: tensor.cpu().contiguous() for name, tensor in net.state_dict().items()}
    # If the cache cannot be written, the next run only trains again, for some seconds.
    with contextlib.suppress(OSError, SafetensorError), written_aside(file) as aside:
        save_file(tensors, aside, metadata={"accuracy": repr(net.accuracy)})


def _rng() -> torch.Generator:
    return torch.Generator().manual_seed(0)
