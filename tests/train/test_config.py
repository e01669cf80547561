import dataclasses
import json

import numpy as np
import pytest
import torch

from gan_lessons.data import Images
from gan_lessons.train import RECIPES, TrainConfig, Trainer, networks


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"network": "gan"}, "unknown network 'gan': choose from mlp, dcgan"),
        ({"loss": "gan"}, "unknown loss 'gan': choose from minimax, nonsaturating"),
        ({"penalty": "r3"}, "unknown penalty 'r3': choose from r1, r2"),
        ({"batch": 0}, "batch must be a whole number of at least 1, got 0"),
        ({"batch": 2.5}, "batch must be a whole number of at least 1, got 2.5"),
        ({"batch": True}, "batch must be a whole number"),
        ({"latent": -3}, "latent must be a whole number of at least 1, got -3"),
        ({"seed": -1}, "seed must be a whole number from 0 to 9223372036854775807, got -1"),
        (
            {"learning_rate_g": float("nan")},
            "learning_rate_g must be a finite number above 0, got nan",
        ),
        ({"learning_rate_d": 0.0}, "learning_rate_d must be a finite number above 0, got 0.0"),
        (
            {"learning_rate_d": "fast"},
            "learning_rate_d must be a finite number above 0, got 'fast'",
        ),
        ({"beta1": 1.0}, "beta1 must be a finite number of at least 0 and below 1, got 1.0"),
        ({"penalty": "r1"}, "gamma must be above 0 with the penalty 'r1', got 0"),
        ({"norm": 1}, "norm must be True or False, got 1"),
        ({"gamma": -1.0}, "gamma must be a finite number of at least 0, got -1.0"),
        (
            {"ema_half_life": float("inf")},
            "ema_half_life must be a finite number of at least 0, got inf",
        ),
    ],
)
def test_values_out_of_range_are_refused(setting, message):
    with pytest.raises(ValueError, match=message):
        TrainConfig(**setting)


def test_numbers_of_numpy_become_plain_numbers():
    config = TrainConfig(batch=np.int64(4), gamma=np.float32(0.5), learning_rate_g=np.float64(0.1))
    assert [type(value) for value in (config.batch, config.gamma)] == [int, float]
    assert TrainConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        RECIPES["dcgan"].batch = 1


@pytest.mark.parametrize("name", RECIPES)
def test_json_and_back(name):
    config = RECIPES[name]
    assert TrainConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


@pytest.mark.parametrize(("size", "channels"), [(28, 1), (32, 3), (48, 1), (64, 3)])
@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_is_for_28_to_64_pixels(name, size, channels):
    config = dataclasses.replace(RECIPES[name], width=4, batch=4)
    rng = torch.Generator().manual_seed(0)
    shape = (8, channels, size, size)
    images = Images(torch.randint(256, shape, generator=rng, dtype=torch.uint8))
    trainer = Trainer(*networks(config, images), images, config, "cpu").fit(2)
    assert trainer.generate(2, seed=0).shape == (2, *shape[1:])


def test_settings_of_another_version_are_named():
    with pytest.raises(ValueError, match="unknown setting 'warp'"):
        TrainConfig.from_dict({"warp": 9})


def test_the_articles_recipe_has_its_sizes():
    article = RECIPES["article"]
    assert (article.network, article.latent, article.width, article.batch) == (
        "mlp",
        100,
        128,
        128,
    )
