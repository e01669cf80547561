"""Wrong arguments at every public door: a clear error in one line, or the right result, in no time.

Every public function and class of the lower modules is called with each of its arguments replaced
by each of many wrong values.
"""

import functools
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from gan_lessons import deconv, losses, matrix, metrics, models, sizes, upsample
from gan_lessons.data import Images, glyphs, toy
from gan_lessons.metrics import feature_net, modes, neighbours
from gan_lessons.metrics import inputs as metric_inputs
from gan_lessons.models import dcgan, mlp, modern, parts, points

sys.path.insert(0, str(Path(__file__).parent))
from wrong_values import ALLOWED, EMPTY, WRONG, arguments_of, complaint, public, title


def rng() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@functools.wraps(parts.network)
def registered(cls):
    """`parts.network`, undone: nothing stays registered, and the class is as before."""
    known, construct = dict(parts.NETWORKS), getattr(cls, "__init__", None)
    try:
        return parts.network(cls)
    finally:
        parts.NETWORKS.clear()
        parts.NETWORKS.update(known)
        if isinstance(cls, type) and cls.__init__ is not construct:
            cls.__init__ = construct


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
        kinds={"images": "tensor", "stride": "positive", "window": "natural or None"},
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
    **table(registered, kinds={"cls": "object"}, cls=nn.Linear),
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
    *(metrics.PrecisionRecall, toy.ToySet),
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
    "size": "pixels wide",
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


def valid_call(function: Callable) -> dict[str, Any]:
    """Its arguments in the table, or by default."""
    arguments, _ = (CALLS | METHODS)[function]
    has = inspect.signature(function).parameters
    return {name: arguments.get(name, has[name].default) for name in arguments_of(function)}


# The valid call of these needs a trained feature network; the last check of all stops it.
NEED_MORE = {metrics.features, metrics.Judge}


def complaint_of(function: Callable, argument: str, value: Any, kind: str) -> str:
    also = (ALSO[argument],) if argument in ALSO else ()
    found = complaint(function, valid_call(function), argument, value, kind, also)
    # A value that is allowed gets as far as the last check.
    passes = function in NEED_MORE and ALLOWED[kind](value)
    return "" if passes and "needs at least 10 pictures" in found else found


@pytest.mark.parametrize("function", [*CALLS, *METHODS], ids=title)
def test_wrong_arguments_give_a_clear_error_or_the_right_result(function):
    _, kinds = (CALLS | METHODS)[function]
    if function not in NEED_MORE:
        function(**valid_call(function))
    complaints = [
        f"{argument} = {name}: {found}"
        for argument in valid_call(function)
        for name, value in WRONG.items()
        if (found := complaint_of(function, argument, value, kinds[argument]))
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
