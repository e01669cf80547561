"""Wrong arguments at every public door: a clear error in one line, or the right result, in no time.

Every public function and class of the lower modules is called with each of its arguments replaced
by each of many wrong values.
"""

import inspect
import math
import re
import signal
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gan_lessons import checks, deconv, losses, matrix, metrics, models, sizes, upsample
from gan_lessons.data import Images, glyphs, toy
from gan_lessons.metrics import feature_net, modes, neighbours
from gan_lessons.metrics import inputs as metric_inputs
from gan_lessons.models import dcgan, mlp, modern, parts, points

EMPTY = inspect.Parameter.empty
SECONDS = 5  # for one call, on a busy machine; nearly all take a millisecond

WRONG = {
    "None": None,
    "True": True,
    "1.5": 1.5,
    "-1": -1,
    "0": 0,
    "nan": math.nan,
    "inf": math.inf,
    "text": "x",
    "empty list": [],
    "2**31": 2**31,
    "2**64": 2**64,
    "10**400": 10**400,
    "bytes": b"\x00",
    "dict": {"a": 1},
    "object": object(),
    "NumPy's True": np.True_,
    "NumPy's nan": np.float32("nan"),
    "complex": 1j,
    "array": np.array([1, 2]),
    "array of text": np.array(["x", "y"]),
    "scalar array": np.array(1.5),
    "tensor": torch.tensor([1.0]),
    "scalar tensor": torch.tensor(1.5),
    "integer tensor": torch.ones(2, 2, dtype=torch.int64),
    "empty tensor": torch.empty(0, 3),
}

# What an argument may be. A value that is not allowed must be refused; one that is may be refused.
Allowed = Callable[[Any], bool]


def is_number(value: Any) -> bool:
    real = isinstance(value, int | float) and not isinstance(value, bool)
    return real and abs(value) < 1e308 and math.isfinite(value)


def is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


ALLOWED: dict[str, Allowed] = {
    "whole": is_whole,
    "positive": lambda value: is_whole(value) and value > 0,
    "natural": lambda value: is_whole(value) and value >= 0,
    "number": is_number,
    "size": lambda value: is_number(value) and value >= 0,
    "flag": lambda value: isinstance(value, bool),
    "name": lambda value: False,
    "text": lambda value: isinstance(value, str),
    "tensor": lambda value: isinstance(value, Tensor),
    "tensor or None": lambda value: value is None or isinstance(value, Tensor),
    "object": lambda value: False,
    "object or None": lambda value: value is None,
    "anything": lambda value: True,
}


def rng() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def table(*functions: Callable, kinds: dict[str, str], **arguments: Any) -> dict:
    """One valid call for all of these functions, each of which takes those that it has."""
    return dict.fromkeys(functions, (arguments, kinds))


AXIS = {"kernel": 3, "stride": 2, "padding": 1, "output_padding": 1, "dilation": 1}
AXIS_KINDS = {
    **dict.fromkeys(["n", "m", "kernel", "stride", "dilation"], "positive"),
    **dict.fromkeys(["padding", "output_padding", "index"], "natural"),
}
X, WEIGHT = torch.rand(1, 2, 4, 4), torch.rand(2, 2, 3, 3)
SETTINGS = {"stride": 2, "padding": 1, "output_padding": 1, "groups": 1, "dilation": 1}
SETTING_KINDS = {
    **AXIS_KINDS,
    **{"x": "tensor", "weight": "tensor", "bias": "tensor or None", "groups": "positive"},
    "input_shape": "object",
}
NETWORK = {"size": 16, "channels": 1, "latent": 4, "width": 4, "classes": 3}
NETWORK_KINDS = {
    **dict.fromkeys(["size", "channels", "latent", "width", "layers", "dims", "pack"], "positive"),
    **dict.fromkeys(["norm", "spectral"], "flag"),
    **dict.fromkeys(["prior", "activation", "family"], "name"),
    **{"classes": "natural", "layers": "natural"},
}
SETS = {"real": torch.rand(12, 3), "fake": torch.rand(11, 3)}
SET_KINDS = {"real": "tensor", "fake": "tensor", "k": "positive", "seed": "natural"}
SET_KINDS |= {"subsets": "positive", "subset_size": "positive"}
LOGITS = {"real": torch.rand(4, 2), "fake": torch.rand(4, 2)}
PENALTY = {
    "discriminator": lambda x: x.reshape(*x.shape[:1], x[:1].numel()).sum(1),
    "generator": rng(),
    **LOGITS,
}
PENALTY_KINDS = {"discriminator": "object", "real": "tensor", "fake": "tensor"}
INPUTS = torch.rand(4, 2, requires_grad=True)
TOY_KINDS = {
    **dict.fromkeys(["modes", "side", "points", "dims"], "positive"),
    **dict.fromkeys(["radius", "spacing", "distance", "length", "slope", "turns"], "number"),
    **{"n": "natural", "std": "size", "generator": "object", "name": "name"},
}
NET = feature_net.FeatureNet(16, 1, 3)
PICTURES = torch.zeros(3, 1, 16, 16)


def few_pictures() -> Images:
    """Too few for a feature network, which would take seconds: the last check of all."""
    return Images(torch.zeros(3, 1, 16, 16, dtype=torch.uint8), None, (), "few")


CALLS: dict[Callable, tuple[dict[str, Any], dict[str, str]]] = {
    **table(
        *(sizes.output_size, sizes.conv_output_size, sizes.input_sizes, sizes.illegal),
        *(sizes.overlap, sizes.contributions, sizes.targets),
        kinds=AXIS_KINDS,
        n=4,
        m=4,
        index=2,
        **AXIS,
    ),
    **table(
        *(deconv.by_scatter, deconv.by_zero_insertion, deconv.by_matrix, deconv.by_gradient),
        kinds=SETTING_KINDS,
        x=X,
        weight=WEIGHT,
        bias=torch.rand(2),
        **SETTINGS,
    ),
    **table(deconv.insert_zeros, kinds=SETTING_KINDS, x=X, kernel=3, **SETTINGS),
    **table(
        deconv.conv_matrix, kinds=SETTING_KINDS, weight=WEIGHT, input_shape=(2, 5, 5), **SETTINGS
    ),
    **table(
        *(upsample.make, upsample.cost, upsample.channels_for),
        kinds={
            **dict.fromkeys(["in_channels", "out_channels", "size"], "positive"),
            **{"name": "name", "bias": "flag", "budget": "whole", "layers": "object"},
        },
        name="deconv4",
        in_channels=2,
        out_channels=3,
        size=4,
        bias=True,
        budget=1000,
        layers=lambda c: [(c, c, 2)],
    ),
    **table(upsample.bilinear_kernel, kinds={"kernel": "positive"}, kernel=4),
    **table(
        *(upsample.polyphase_sums, upsample.unevenness),
        kinds={"weight": "tensor", "stride": "positive"},
        weight=WEIGHT,
        stride=2,
    ),
    **table(
        *(upsample.radial_spectrum, upsample.checkerboard_energy),
        kinds={"images": "tensor", "stride": "positive"},
        images=X,
        stride=2,
    ),
    **table(upsample.EqualGain, upsample.Blur, kinds={}),
    **table(
        losses.r1,
        kinds={**PENALTY_KINDS, "fake": "anything", "generator": "anything"},
        **PENALTY,
    ),
    **table(
        losses.r2,
        kinds={**PENALTY_KINDS, "real": "anything", "generator": "anything"},
        **PENALTY,
    ),
    **table(losses.r1r2, kinds={**PENALTY_KINDS, "generator": "anything"}, **PENALTY),
    **table(losses.wgan_gp, kinds={**PENALTY_KINDS, "generator": "object"}, **PENALTY),
    **table(
        losses.squared_gradient,
        kinds={"logits": "tensor", "inputs": "tensor"},
        logits=INPUTS.sum(1),
        inputs=INPUTS,
    ),
    **table(
        models.build,
        kinds=NETWORK_KINDS,
        family="dcgan",
        norm=True,
        spectral=False,
        pack=2,
        **NETWORK,
    ),
    **table(
        *(dcgan.Generator, dcgan.Discriminator, modern.Generator, modern.Discriminator),
        *(mlp.Generator, mlp.Discriminator, dcgan.map_sizes, dcgan.widths),
        kinds=NETWORK_KINDS,
        norm=True,
        spectral=True,
        **NETWORK,
    ),
    **table(
        *(points.Generator, points.Discriminator),
        kinds=NETWORK_KINDS,
        latent=2,
        layers=2,
        width=4,
        dims=2,
        prior="normal",
        activation="relu",
    ),
    **table(models.describe, kinds={"network": "anything"}, network=nn.Linear(2, 2)),
    **table(
        models.rebuild,
        kinds={"description": "object"},
        description={"network": "mlp.Generator", "options": {"size": 16}},
    ),
    **table(
        *(dcgan.initialise, parts.add_spectral_norm),
        kinds={"network": "object"},
        network=nn.Linear(2, 2),
    ),
    **table(
        modern.scaled, kinds={"layer": "object", "gain": "size"}, layer=nn.Linear(2, 2), gain=1.0
    ),
    **table(
        modern.Residual,
        kinds={"channels": "positive", "blocks": "positive"},
        channels=4,
        blocks=2,
    ),
    **table(parts.network, kinds={"cls": "object"}, cls=nn.Linear),
    **table(
        *(parts.JoinLabel, parts.Projection),
        kinds={"latent": "positive", "features": "positive", "classes": "natural"},
        latent=3,
        features=3,
        classes=2,
    ),
    **table(
        parts.check_labels,
        kinds={"labels": "tensor", "classes": "natural", "n": "natural"},
        labels=torch.tensor([0, 1]),
        classes=2,
        n=2,
    ),
    **table(
        *(metrics.frechet_distance, metrics.kernel_distance),
        *(metrics.precision_recall, metrics.density_coverage),
        kinds=SET_KINDS,
        k=3,
        subsets=2,
        subset_size=5,
        seed=0,
        **SETS,
    ),
    **table(
        metrics.mode_report,
        kinds={"samples": "tensor", "centres": "tensor", "std": "size", "within": "size"},
        samples=torch.rand(5, 2),
        centres=torch.rand(3, 2),
        std=1.0,
        within=3.0,
    ),
    **table(
        metrics.class_report,
        kinds={"samples": "tensor", "net": "object"},
        samples=PICTURES,
        net=NET,
    ),
    **table(
        metrics.FeatureNet,
        kinds=dict.fromkeys(["size", "channels", "classes"], "positive"),
        size=16,
        channels=1,
        classes=3,
    ),
    **table(
        *(metrics.features, metrics.Judge),
        kinds={
            **{"images": "object", "device": "object", "reference": "object or None"},
            "count": "positive",
        },
        images=few_pictures(),
        device="cpu",
        reference=few_pictures(),
        count=10,
    ),
    **table(
        *(toy.ring, toy.ring_centres, toy.grid, toy.grid_centres, toy.two_gaussians),
        *(toy.two_gaussians_centres, toy.line, toy.line_centres, toy.spiral, toy.spiral_centres),
        *(toy.disjoint, toy.disjoint_centres, toy.points),
        kinds=TOY_KINDS,
        n=5,
        generator=rng(),
        name="ring",
    ),
    **table(
        toy.Points,
        kinds={
            **{"coordinates": "tensor", "name": "text", "centres": "tensor or None"},
            **{"std": "size", "labels": "tensor or None", "classes": "object"},
        },
        coordinates=torch.rand(3, 2),
        name="points",
        centres=torch.rand(2, 2),
        std=1.0,
        labels=torch.tensor([0, 1, 0]),
        classes=("a", "b"),
    ),
    **table(
        glyphs.glyphs,
        kinds={
            **dict.fromkeys(["n", "size"], "positive"),
            **{"seed": "natural", "classes": "text", "cached": "flag"},
        },
        n=2,
        seed=0,
        classes="0",
        size=8,
        cached=False,
    ),
}

# Records, which hold what a function found or a table lists, and what only other functions call.
WITHOUT_DOORS = {
    *(parts.ranged, matrix.as_pair, matrix.checked_groups),
    *(upsample.Cost, upsample.Spectrum, upsample.Strategy),
    *(losses.Loss, losses.Penalty, losses.PenaltyFormula),
    *(metrics.DensityCoverage, metrics.KernelDistance, metrics.ModeReport),
    *(metrics.PrecisionRecall, toy.ToySet, glyphs.Tile),
    *(neighbours.distances, metric_inputs.check_pair, metric_inputs.check_points),
    metric_inputs.check_rows,
}

MODULES = [
    *(sizes, matrix, deconv, upsample, losses, models, dcgan, mlp, modern, parts, points),
    *(metrics, metrics.distances, feature_net, metrics.judge, modes, neighbours, metric_inputs),
    *(toy, glyphs),
]

# An argument that errors call by another name, which says more.
ALSO = {
    "images": "pictures",
    "name": "unknown (strategy|set of points)",
    "family": "unknown network",
    "prior": "unknown prior",
    "activation": "unknown activation",
    "samples": "pictures",
    "real": "inputs",
    "fake": "inputs",
    "coordinates": "labels",
    "n": "(input size n|labels)",
    "m": "output size m",
}


def public(module: ModuleType) -> list[Callable]:
    """The functions and classes that are defined in a module and not marked as private."""
    return [
        each
        for name, each in vars(module).items()
        if (inspect.isfunction(each) or inspect.isclass(each))
        and not name.startswith("_")
        and each.__module__ == module.__name__
    ]


def title(function: Callable) -> str:
    return f"{function.__module__.removeprefix('gan_lessons.')}.{function.__qualname__}"


METHODS = {
    **table(
        *(losses.LOSSES["hinge"].discriminator, losses.LOSSES["rpgan"].discriminator),
        *(losses.LOSSES["minimax"].discriminator, losses.LOSSES["rpgan"].generator),
        kinds={"real": "tensor", "fake": "tensor"},
        **LOGITS,
    ),
    **table(
        losses.LOSSES["hinge"].generator, kinds={"real": "anything", "fake": "tensor"}, **LOGITS
    ),
    **table(
        losses.PENALTIES["r1r2"].__call__,
        kinds={**PENALTY_KINDS, "generator": "anything"},
        **PENALTY,
    ),
    **table(
        NET.extract,
        kinds={"pictures": "tensor", "chunk": "positive"},
        pictures=PICTURES,
        chunk=2,
    ),
}


def arguments_of(function: Callable) -> list[str]:
    every = inspect.signature(function).parameters.values()
    return [each.name for each in every if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)]


def valid_call(function: Callable) -> dict[str, Any]:
    """Its arguments in the table, or by default."""
    arguments, _ = (CALLS | METHODS)[function]
    has = inspect.signature(function).parameters
    return {name: arguments.get(name, has[name].default) for name in arguments_of(function)}


class HungError(Exception):
    pass


@pytest.fixture(autouse=True)
def _time_limit() -> Iterator[None]:
    def ring(*_: Any) -> None:
        raise HungError

    before = signal.signal(signal.SIGALRM, ring)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def complaint(function: Callable, argument: str, value: Any, allowed: bool) -> str:
    """What is wrong with how the function takes this value; empty if nothing is."""
    signal.alarm(SECONDS)
    try:
        result = function(**valid_call(function) | {argument: value})
    except HungError:
        return f"ran for more than {SECONDS} s"
    except (ValueError, TypeError, IndexError) as error:
        message = str(error)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    else:
        if allowed:
            return ""
        # `illegal` returns its reasons.
        if not (isinstance(result, list) and result):
            return f"returned {checks.shown(result)}"
        message = "; ".join(result)
    finally:
        signal.alarm(0)
    if function in NEED_MORE and allowed and "needs at least 10 pictures" in message:
        return ""
    too_large = "would hold" in message and "at most" in message
    names = [argument, *([ALSO[argument]] if argument in ALSO else [])]
    named = any(re.search(rf"\b{name}\b", message) for name in names)
    if "\n" in message or not (too_large or named):
        return f"says {message!r}"
    return ""


# The valid call of these needs a trained feature network; the last check of all stops it.
NEED_MORE = {metrics.features, metrics.Judge}


@pytest.mark.parametrize("function", [*CALLS, *METHODS], ids=title)
def test_wrong_arguments_give_a_clear_error_or_the_right_result(function):
    _, kinds = (CALLS | METHODS)[function]
    if function not in NEED_MORE:
        function(**valid_call(function))
    complaints = [
        f"{argument} = {name}: {found}"
        for argument in valid_call(function)
        for name, value in WRONG.items()
        if (found := complaint(function, argument, value, ALLOWED[kinds[argument]](value)))
    ]
    assert not complaints, "\n".join(complaints)


def test_every_public_function_and_class_is_in_the_table():
    """So that a new one cannot be forgotten, and with all of its arguments."""
    found = {each for module in MODULES for each in public(module)}
    assert {title(each) for each in found} == {title(each) for each in {*CALLS, *WITHOUT_DOORS}}
    for function, (_, kinds) in CALLS.items():
        has = arguments_of(function)
        missing = [name for name, value in valid_call(function).items() if value is EMPTY]
        assert not missing, title(function)
        assert set(has) <= set(kinds), title(function)


def test_thousands_of_calls_are_made():
    count = sum(len(valid_call(function)) for function in [*CALLS, *METHODS]) * len(WRONG)
    assert count > 6000
