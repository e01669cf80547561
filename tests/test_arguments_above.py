"""Wrong arguments at the doors of data, training, plots, exercises and widgets.

As in test_arguments.py: each argument of each call is replaced by each of many wrong values, and so
is each text of the command line.
"""

import dataclasses
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import ipywidgets as w
import numpy as np
import pytest
import torch
from torch import nn

from gan_lessons import data, exercises, models, plots, train, widgets
from gan_lessons.data import Images, folder, images
from gan_lessons.train import ComputeOptions, GameTrainer, TrainConfig, Trainer
from gan_lessons.train.config import RunConfig
from gan_lessons.train.games.adaptation import AdaptationConfig
from gan_lessons.train.games.pictures import PictureGame
from gan_lessons.train.games.translation import TranslationConfig
from gan_lessons.train.tensorboard import TensorBoardView
from gan_lessons.widgets import (
    AttentionExplorer,
    CompletionExplorer,
    DeconvExplorer,
    DiracExplorer,
    DrawAndAsk,
    GanLab,
    LatentExplorer,
    MetricExplorer,
    PainterExplorer,
    RealOrFake,
    SteeringExplorer,
    TrainingView,
    UpsamplingExplorer,
)

sys.path.insert(0, str(Path(__file__).parent))
from wrong_values import WRONG, arguments_of, complaint, is_whole, public

ERRORS = (ValueError, TypeError, IndexError, data.DataUnavailable, train.CheckpointError)
LONG = 1000  # turns and steps from which on a call may take its time


@dataclass(frozen=True)
class Door:
    """A call, one valid value for each of its arguments, and the kind of each.

    also: argument → another word by which errors may name it. long: arguments that say how long the
    call takes, of which only small numbers are tried.
    """

    call: Callable
    arguments: Mapping[str, Any]
    kinds: Mapping[str, str]
    also: Mapping[str, str] = field(default_factory=dict)
    long: tuple[str, ...] = ()


def pixels(n: int, side: int = 16) -> torch.Tensor:
    rng = torch.Generator().manual_seed(0)
    return torch.randint(256, (n, 1, side, side), generator=rng, dtype=torch.uint8)


NOISE = Images(pixels(40), torch.arange(40) % 3, ("a", "b", "c"), "noise")
CONFIG = TrainConfig(width=4, latent=6, batch=8, ema_half_life=10.0)
TRAINER = Trainer(*train.networks(CONFIG, NOISE), NOISE, CONFIG, "cpu")
CONDITIONAL = Trainer(
    *train.networks(dataclasses.replace(CONFIG, conditional=True), NOISE),
    NOISE,
    dataclasses.replace(CONFIG, conditional=True),
    "cpu",
)
CARDS, LOOKS = torch.zeros(2, 2, 1, 8, 8), torch.full((2, 2, 16, 16), 1 / 16)
STATE = TRAINER.state_dict()
LAB = GanLab(layers_g=1, layers_d=1, units_g=4, units_d=4, batch=8)
HISTORY = SimpleNamespace(discriminator_loss=[1.0, 2.0], generator_loss=[2.0, 1.0])
CONFIG_KINDS = {
    **dict.fromkeys(["batch", "width", "latent", "pack", "penalty_every"], "positive"),
    **dict.fromkeys(["discriminator_updates", "critic_updates"], "positive"),
    **dict.fromkeys(["schedule_steps", "seed"], "natural"),
    **dict.fromkeys(["conditional", "norm", "spectral", "fresh"], "flag"),
    **dict.fromkeys(["network", "loss", "augment"], "name"),
    "penalty": "name or None",
    **dict.fromkeys(["beta1", "beta2", "label_smoothing", "gamma", "gamma_final"], "size"),
    **dict.fromkeys(["ema_half_life", "ema_ramp", "learning_rate_final", "cycle"], "size"),
    **dict.fromkeys(["instance_noise", "learning_rate_g", "learning_rate_d"], "size"),
    **dict.fromkeys(["identity", "strength", "learning_rate", "learning_rate_critic"], "size"),
}


def config_door(kind: type[RunConfig]) -> Door:
    defaults = kind().to_dict() | {"schedule_steps": 10}
    also = {"augment": "augmentation"}
    return Door(kind, defaults, CONFIG_KINDS, also)


def settings_door(make: Callable, kind: type, **arguments: Any) -> Door:
    """The settings of an explorer by keyword."""
    state = kind().state
    kinds = {name: kind_of(value) for name, value in state.items()} | SETTING_KINDS
    also = {"walk": "unknown walk", "strategies": "strategy", "views": "view", "shifts": "shifts"}
    also |= {"controls": "control"}
    return Door(make, {**state, **arguments}, kinds, also)


def kind_of(value: Any) -> str:
    names = {bool: "flag", int: "natural", float: "number", str: "name", list: "row"}
    return names[type(value)]


SETTING_KINDS = {
    "layer": "object or None",
    "controls": "items or None",
    "generator": "object",
    "images": "object or None",
    "towards": "natural or None",
    "turns": "natural or items",
    "acts": "natural",
    "eigenvalues": "flag",
}


def doubled(x):
    return 2 * x


DOORS: dict[str, Door] = {
    # Data
    "data.load": Door(
        data.load,
        {"name": "glyphs", "split": "test", "size": 8, "root": "somewhere", "fallback": None},
        {
            **{"name": "name", "split": "name", "size": "natural or None"},
            **{"root": "text or None", "fallback": "name or None"},
        },
        {"name": "unknown data set", "fallback": "unknown data set"},
    ),
    "data.load from a folder": Door(
        data.load,
        {"name": "mnist", "split": "test", "size": 8, "root": ".", "fallback": "glyphs"},
        {
            **{"name": "name", "split": "name", "size": "natural or None"},
            **{"root": "text or None", "fallback": "name or None"},
        },
        {"name": "unknown data set", "fallback": "(unknown data set|mnist)", "root": "mnist"},
    ),
    "data.folder": Door(
        data.folder,
        {"path": "pictures", "size": 8},
        {"path": "text", "size": "positive"},
        {"path": "folder"},
    ),
    "data.resize": Door(
        data.resize, {"pixels": pixels(2), "size": 8}, {"pixels": "tensor", "size": "positive"}
    ),
    "data.to_float": Door(data.to_float, {"pixels": pixels(2)}, {"pixels": "tensor"}),
    "data.to_uint8": Door(
        data.to_uint8,
        {"floats": torch.rand(2, 1, 4, 4), "clip": False},
        {"floats": "tensor", "clip": "flag"},
        {"floats": "pictures"},
    ),
    "images.check_range": Door(
        images.check_range,
        {"floats": torch.rand(2, 1, 4, 4)},
        {"floats": "tensor"},
        {"floats": "pictures"},
    ),
    "data.Images": Door(
        Images,
        {
            **{"pixels": NOISE.pixels, "labels": NOISE.labels, "classes": ("a", "b", "c")},
            **{"name": "noise", "skipped": {}},
        },
        {
            **{"pixels": "tensor", "labels": "tensor or None", "classes": "object"},
            **{"name": "text", "skipped": "mapping"},
        },
        {"pixels": "pictures"},
    ),
    "Images.to": Door(NOISE.to, {"device": "cpu"}, {"device": "name"}),
    "Images.take": Door(
        NOISE.take,
        {"chosen": 3},
        {"chosen": "natural or row"},
        {"chosen": "take|indices"},
    ),
    "Images.floats": Door(NOISE.floats, {"indices": [1]}, {"indices": "row or None"}),
    # Plots
    "plots.figure": Door(
        plots.figure,
        {"width": 2.0, "height": 1.0, "rows": 1, "columns": 2},
        {"width": "size", "height": "size", "rows": "positive", "columns": "positive"},
    ),
    "plots.title": Door(
        plots.title,
        {"axis": plots.figure()[1], "text": "A title"},
        {"axis": "object", "text": "text"},
    ),
    "plots.picture": Door(
        plots.picture,
        {"drawn": plots.figure(1, 1)[0], "alt": "words", "width": 10},
        {"drawn": "object", "alt": "text", "width": "natural or None"},
    ),
    "plots.Picture": Door(
        plots.Picture,
        {"png": b"x", "alt": "words", "width": 10, "chart": False},
        {"png": "bytes", "alt": "text", "width": "positive", "chart": "flag"},
    ),
    "plots.sheet": Door(
        plots.sheet,
        {"pictures": pixels(4), "columns": 2, "scale": 2, "gap": 2, "clip": False},
        {
            **{"pictures": "tensor", "columns": "natural or None", "scale": "positive"},
            **{"gap": "natural", "clip": "flag"},
        },
    ),
    "plots.rows": Door(
        plots.rows,
        {"named": {"a": pixels(2)}, "scale": 3, "gap": 4},
        {"named": "object", "scale": "positive", "gap": "natural"},
    ),
    "plots.Table": Door(
        plots.Table,
        {"rows": {"a": {"b": 1.0}}, "digits": 2},
        {"rows": "object", "digits": "natural"},
    ),
    "plots.losses": Door(
        plots.losses, {"history": HISTORY, "smooth": 1}, {"history": "object", "smooth": "positive"}
    ),
    "plots.gallery": Door(
        plots.gallery,
        {
            **{"pictures": [torch.zeros(4, 4)], "titles": ["a"], "columns": 1, "size": 1.0},
            **{"colours": "gray", "most": 1.0},
        },
        {
            **{"pictures": "row", "titles": "row", "columns": "positive", "size": "size"},
            **{"colours": "name", "most": "number or None"},
        },
    ),
    "plots.strips": Door(
        plots.strips,
        {"axis": plots.figure()[1], "stored": {"a": [1.0]}, "here": {"a": 1}, "colours": {}},
        {"axis": "object", "stored": "object", "here": "dict or None", "colours": "dict or None"},
    ),
    "plots.moving_mean": Door(
        plots.moving_mean,
        {"values": [1.0, 2.0], "window": 1},
        {"values": "row", "window": "positive"},
    ),
    # Training
    **{kind.__name__: config_door(kind) for kind in (TrainConfig, AdaptationConfig)},
    "TranslationConfig": config_door(TranslationConfig),
    "TrainConfig.from_dict": Door(
        TrainConfig.from_dict, {"values": {}}, {"values": "object"}, {"values": "setting"}
    ),
    "ComputeOptions": Door(
        ComputeOptions,
        dataclasses.asdict(ComputeOptions()),
        dict.fromkeys(arguments_of(ComputeOptions), "flag"),
    ),
    "ComputeOptions.from_dict": Door(
        ComputeOptions.from_dict, {"values": {}}, {"values": "object"}, {"values": "compute option"}
    ),
    "train.networks": Door(
        train.networks,
        {"config": CONFIG, "images": NOISE},
        {"config": "object", "images": "object"},
    ),
    "train.diagnose": Door(train.diagnose, {"trainer": TRAINER}, {"trainer": "object"}),
    "train.examine": Door(
        train.examine,
        {
            **{"generator": nn.Linear(3, 2), "discriminator": nn.Linear(2, 1)},
            **{"real": torch.ones(4, 2), "z": torch.ones(4, 3), "labels": None},
            **{"loss": "hinge", "losses_d": [1.0, 2.0], "optimisers": None, "penalty": None},
            **{"looks": (), "kernels": 0.1, "joint": False, "cleared": False, "show": doubled},
        },
        {
            **dict.fromkeys(["generator", "discriminator", "real", "z", "show"], "object"),
            **dict.fromkeys(["optimisers", "penalty"], "object or None"),
            "labels": "tensor or None",
            **{
                "loss": "name",
                "losses_d": "row",
                "looks": "row",
                "joint": "flag",
                "cleared": "flag",
            },
            "kernels": "number or None",
        },
        {"labels": "positional arguments"},
    ),
    "train.pick_device": Door(
        train.pick_device, {"name": "auto"}, {"name": "name"}, {"name": "device"}
    ),
    "train.fastest": Door(
        train.fastest,
        {"config": CONFIG, "images": NOISE, "device": "cpu", "say": False},
        {"config": "object", "images": "object", "device": "name", "say": "flag"},
    ),
    "train.Trainer": Door(
        Trainer,
        {
            **{"generator": TRAINER.generator, "discriminator": TRAINER.discriminator},
            **{"images": NOISE, "config": CONFIG, "device": "cpu", "compute": None},
        },
        {
            **dict.fromkeys(["generator", "discriminator", "images", "config"], "object"),
            **{"device": "name", "compute": "object or None"},
        },
    ),
    "train.GameTrainer": Door(
        GameTrainer,
        {
            **{"game": PictureGame(CONFIG), "networks": TRAINER.networks, "data": TRAINER.data},
            **{"device": "cpu", "compute": None},
        },
        {
            **dict.fromkeys(["game", "networks", "data"], "object"),
            **{"device": "name", "compute": "object or None"},
        },
    ),
    "Trainer.fit": Door(
        TRAINER.fit,
        {"steps": 1, "view": None, "save_to": None, "save_every": 60.0},
        {
            **{"steps": "positive", "view": "object or None"},
            **{"save_to": "text or None", "save_every": "size"},
        },
        long=("steps",),
    ),
    "Trainer.generate": Door(
        TRAINER.generate,
        {"n": 2, "seed": 0, "labels": None, "ema": True},
        {"n": "positive", "seed": "natural or None", "labels": "object or None", "ema": "flag"},
    ),
    "Trainer.generate with labels": Door(
        CONDITIONAL.generate,
        {"n": 2, "seed": None, "labels": torch.tensor([0, 1]), "ema": False},
        {"n": "positive", "seed": "natural or None", "labels": "object or None", "ema": "flag"},
        {"n": "labels"},
    ),
    "Trainer.decode": Door(
        TRAINER.decode,
        {"z": torch.zeros(2, 6), "ema": True, "labels": None},
        {"z": "tensor", "ema": "flag", "labels": "object or None"},
    ),
    "Trainer.samples": Door(TRAINER.samples, {"n": 2}, {"n": "positive"}),
    "Trainer.save": Door(TRAINER.save, {"folder": "saved"}, {"folder": "text"}),
    "Trainer.restore": Door(
        TRAINER.restore, {"folder": "run"}, {"folder": "text"}, {"folder": "resume from"}
    ),
    "Trainer.resume": Door(
        Trainer.resume,
        {
            **{"folder": "run", "images": NOISE, "device": "cpu"},
            **{"generator": None, "discriminator": None},
        },
        {
            **{"folder": "text", "images": "object", "device": "name"},
            **{"generator": "object or None", "discriminator": "object or None"},
        },
        {"folder": "resume from"},
    ),
    "Trainer.load_state_dict": Door(TRAINER.load_state_dict, {"state": STATE}, {"state": "object"}),
    "History.to_csv": Door(TRAINER.history.to_csv, {"path": "history.csv"}, {"path": "text"}),
    "TensorBoardView": Door(
        TensorBoardView,
        {"folder": "board", "sheet_every": 30.0},
        {"folder": "text", "sheet_every": "size"},
    ),
    # Exercises
    "exercises.check": Door(
        exercises.check,
        {"name": "01.1", "answer": doubled, "seed": 0, "limit": 1.0},
        {"name": "name", "answer": "anything", "seed": "natural", "limit": "size"},
        {"name": "exercise"},
    ),
    "exercises.hint": Door(
        exercises.hint,
        {"name": "01.1", "number": 1},
        {"name": "name", "number": "natural or None"},
        {"name": "exercise"},
    ),
    "exercises.solution": Door(
        exercises.solution, {"name": "01.1"}, {"name": "name"}, {"name": "exercise"}
    ),
    # Widgets
    "DeconvExplorer": settings_door(
        DeconvExplorer,
        widgets.deconv_explorer.settings.DeconvSettings,
        **{"layer": None, "controls": ["size"]},
    ),
    "DeconvExplorer of a layer": Door(
        DeconvExplorer,
        {"layer": nn.ConvTranspose2d(2, 3, 4, 2, 1), "in_channel": 1, "out_channel": 2},
        {"layer": "object or None", "in_channel": "natural", "out_channel": "natural"},
    ),
    "DeconvExplorer.frames": Door(
        DeconvExplorer().frames,
        {"names": "kernel", "values": [1, 2]},
        {"names": "name", "values": "row or None"},
        {"names": "setting", "values": "kernel"},
    ),
    "DeconvExplorer.show": Door(
        DeconvExplorer().show, {"settings": None}, {"settings": "object or None"}
    ),
    "DiracExplorer": settings_door(
        DiracExplorer,
        widgets.dirac_explorer.settings.DiracSettings,
        **{"eigenvalues": True, "controls": ["gamma"]},
    ),
    "AttentionExplorer": Door(
        AttentionExplorer,
        {
            **{"steps": [0, 10], "pictures": CARDS, "weights": LOOKS, "gammas": [0.0, 0.5]},
            **{
                "step": 1,
                "network": "generator",
                "way": "from",
                "picture": 1,
                "row": 2,
                "column": 2,
            },
        },
        {
            **{"steps": "row", "pictures": "object", "weights": "object"},
            **{
                "gammas": "row or None",
                "step": "natural or None",
                "network": "name",
                "way": "name",
            },
            **dict.fromkeys(["picture", "row", "column"], "positive"),
        },
        {"gammas": "unknown network"},
    ),
    "CompletionExplorer": Door(
        CompletionExplorer,
        {
            **{"fill": models.translation.Completer(), "pictures": torch.zeros(2, 1, 28, 28)},
            **{"net": None, "mode": "rectangle", "picture": 1, "rows": (4, 12)},
            **{"columns": (4, 12), "cells": (), "way": 1, "seed": 0},
        },
        {
            **{"fill": "object", "pictures": "object", "net": "object or None", "mode": "name"},
            **dict.fromkeys(["rows", "columns", "cells"], "row"),
            **{"picture": "natural or None", "way": "positive", "seed": "natural"},
        },
    ),
    "PainterExplorer": Door(
        PainterExplorer,
        {"canvases": CARDS[:, :, None].expand(2, 2, 3, 1, 8, 8)[0], "stroke": 2},
        {"canvases": "object", "stroke": "positive"},
    ),
    "RealOrFake": Door(
        RealOrFake,
        {
            **{"discriminator": TRAINER.discriminator, "real": NOISE.floats()},
            **{"fake": NOISE.floats(), "rounds": 4, "seconds": 3, "seed": 0},
        },
        {
            **dict.fromkeys(["discriminator", "real", "fake"], "object"),
            **{"rounds": "positive", "seconds": "natural", "seed": "natural"},
        },
    ),
    "DrawAndAsk": Door(
        DrawAndAsk,
        {
            **{"discriminator": TRAINER.discriminator, "real": NOISE.floats()},
            **{"fake": NOISE.floats(), "tool": "pencil", "radius": 1.0},
        },
        {
            **dict.fromkeys(["discriminator", "real", "fake"], "object"),
            **{"tool": "name", "radius": "size"},
        },
    ),
    "SteeringExplorer": Door(
        SteeringExplorer,
        {
            **{"generator": CONDITIONAL, "net": None, "asked": 0, "other": 1},
            **{"mix": 0.5, "truncation": 1.0, "seed": 0},
        },
        {
            **{"generator": "object", "net": "object or None", "asked": "natural"},
            **{"other": "natural or None", "mix": "size", "truncation": "size", "seed": "natural"},
        },
    ),
    "MetricExplorer": settings_door(
        MetricExplorer, widgets.metric_explorer.settings.MetricSettings
    ),
    "LatentExplorer": settings_door(
        LatentExplorer,
        widgets.latent_explorer.settings.LatentSettings,
        generator=TRAINER,
    ),
    "LatentExplorer with labels": Door(
        LatentExplorer,
        {"generator": CONDITIONAL, "label": 1},
        {"generator": "object", "label": "natural"},
    ),
    "UpsamplingExplorer": settings_door(
        UpsamplingExplorer,
        widgets.upsampling_explorer.settings.UpsamplingSettings,
        images=Images(pixels(150)),
        strategies=["deconv3"],
    ),
    "GanLab": settings_door(
        GanLab,
        widgets.gan_lab.GanLabSettings,
        **{"turns": 0, "acts": 0, "units_g": 4, "units_d": 4, "batch": 8},
    ),
    "GanLab.preset": Door(
        GanLab.preset,
        {"name": "collapses", "seed": 0},
        {"name": "name", "seed": "natural"},
        {"name": "preset"},
    ),
    "GanLab.step": Door(LAB.step, {"which": "D"}, {"which": "name"}, {"which": "player"}),
    "GanLab.run": Door(LAB.run, {"turns": 2}, {"turns": "natural"}),
    "GanLab.go_to": Door(LAB.go_to, {"turn": 2}, {"turn": "natural"}),
    "GanLab.frames": Door(
        LAB.frames,
        {"names": "turn", "values": [0]},
        {"names": "name", "values": "row or None"},
        {"names": "setting", "values": "turn"},
    ),
    "GanLab.show": Door(LAB.show, {"settings": None}, {"settings": "object or None"}),
    "TrainingView": Door(
        TrainingView,
        {"judge": None, "samples": 4, "columns": 2},
        {"judge": "object or None", "samples": "positive", "columns": "positive"},
    ),
    "Live": Door(
        widgets.Live,
        {"widget": w.VBox(), "still": plots.Picture(b"x", "words", 1)},
        {"widget": "object", "still": "object"},
    ),
    "follow": Door(
        widgets.follow,
        {
            "draw": lambda n: f"<p>{n}</p>",
            "controls": {"n": w.IntSlider()},
            "still": plots.Picture(b"x", "words", 1),
        },
        {"draw": "object", "controls": "object", "still": "object"},
    ),
}


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    """An own folder with a few pictures and a checkpoint, an own cache, and no network."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GAN_LESSONS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(data, "GLYPHS", {"train": 130, "test": 130})
    monkeypatch.setattr(
        "gan_lessons.train.speed._measure", lambda all, *_: ([1.0] * len(all), True)
    )
    (tmp_path / "pictures").mkdir()
    for i in range(4):
        plots.sheet(pixels(1), scale=1).save(tmp_path / "pictures" / f"{i}.png")

    def download(*_: Any) -> None:
        raise data.DataUnavailable("mnist cannot be downloaded here")

    monkeypatch.setattr("gan_lessons.data.torchvision_sets._download", download)


@pytest.mark.parametrize("name", DOORS)
def test_wrong_arguments_give_a_clear_error_or_the_right_result(name):
    door = DOORS[name]
    if name.startswith("Trainer.re"):
        TRAINER.save("run")
    door.call(**door.arguments)
    complaints = [
        f"{argument} = {words}: {found}"
        for argument in door.arguments
        for words, value in WRONG.items()
        if not (argument in door.long and is_whole(value) and value > LONG)
        if (found := complaint_at(door, argument, value))
    ]
    assert not complaints, "\n".join(complaints)


def complaint_at(door: Door, argument: str, value: Any) -> str:
    also = [door.also[argument]] if argument in door.also else []
    return complaint(door.call, door.arguments, argument, value, door.kinds[argument], also, ERRORS)


@pytest.mark.parametrize("name", DOORS)
def test_numbers_of_numpy_become_plain_ones(name):
    """They would fail later on: in JSON, in a widget, or in torch."""
    door = DOORS[name]
    if name.startswith("Trainer.re"):
        TRAINER.save("run")
    for argument, valid in door.arguments.items():
        if isinstance(valid, int | float) and not isinstance(valid, bool):
            given = np.int64(valid) if isinstance(valid, int) else np.float64(valid)
            made = door.call(**{**door.arguments, argument: given})
            left = numpy_numbers([made, getattr(door.call, "__self__", None)])
            assert not left, f"{argument}: {left}"


def numpy_numbers(thing: Any, path: str = "", seen: set[int] | None = None) -> list[str]:
    """Where numbers of NumPy stand in an object of ours, in its parts, and in what it lists."""
    seen = set() if seen is None else seen
    if isinstance(thing, np.generic):
        return [f"{path} = {thing!r}"]
    if id(thing) in seen:
        return []
    seen.add(id(thing))
    parts: dict[Any, Any] = {}
    if isinstance(thing, dict):
        parts = thing
    elif isinstance(thing, list | tuple):
        parts = dict(enumerate(thing))
    elif type(thing).__module__.startswith("gan_lessons"):
        parts = getattr(thing, "__dict__", {})
    return [
        each for key, part in parts.items() for each in numpy_numbers(part, f"{path}.{key}", seen)
    ]


def test_every_public_function_has_a_door():
    """So that a new one cannot be forgotten, and with all of its arguments."""
    found = {
        f"{module.__name__.removeprefix('gan_lessons.')}.{name}"
        for module in MODULES
        for name in getattr(module, "__all__", [each.__name__ for each in public(module)])
        if callable(getattr(module, name)) and not is_error(getattr(module, name))
    }
    known = {getattr(door.call, "__name__", "") for door in DOORS.values()}
    missing = {name for name in found if name.rpartition(".")[2] not in known}
    assert missing == WITHOUT_DOORS
    for name, door in DOORS.items():
        assert set(door.arguments) <= set(door.kinds), name
        named = set(arguments_of(door.call))
        if " " not in name:  # else it is another call of one that is complete
            assert named <= {*door.arguments}, name


def is_error(thing: Any) -> bool:
    return isinstance(thing, type) and issubclass(thing, Exception)


# Records that other functions make, and what takes no arguments.
WITHOUT_DOORS: set[str] = {
    *("data.cache_folder", "exercises.catalogue", "exercises.Exercise", "exercises.Message"),
    *("exercises.progress", "exercises.Progress"),
    *("exercises.Result", "plots.Losses", "train.Finding", "train.History"),
}
MODULES = [data, images, folder, plots, train, exercises, widgets]
