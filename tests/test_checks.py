import math

import numpy as np
import pytest
import torch

from gan_lessons import checks


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (lambda: checks.whole("s", 0, 1), "s must be a whole number of at least 1, got 0"),
        (lambda: checks.whole("s", 9, 1, 4), "s must be a whole number from 1 to 4, got 9"),
        (lambda: checks.whole("s", 9, most=4), "s must be a whole number of at most 4, got 9"),
        (lambda: checks.whole("s", True), "s must be a whole number, got True"),
        (lambda: checks.whole("s", 2.0), "s must be a whole number, got 2.0"),
        (lambda: checks.whole("s", "2"), "s must be a whole number, got '2'"),
        (lambda: checks.number("g", -1, 0), "g must be a finite number of at least 0, got -1"),
        (lambda: checks.number("g", math.nan), "g must be a finite number, got nan"),
        (
            lambda: checks.number("g", math.inf, 0),
            "g must be a finite number of at least 0, got inf",
        ),
        (lambda: checks.number("g", True), "g must be a finite number, got True"),
        (lambda: checks.number("g", "1"), "g must be a finite number, got '1'"),
        (
            lambda: checks.number("g", 0, above=0, most=10),
            "g must be a finite number above 0 and at most 10, got 0",
        ),
        (
            lambda: checks.number("g", 1, 0, below=1),
            "g must be a finite number of at least 0 and below 1, got 1",
        ),
        (lambda: checks.number("g", 2, 0, 1.5), "g must be a finite number from 0 to 1.5, got 2"),
        (lambda: checks.flag("f", 1), "f must be True or False, got 1"),
        (lambda: checks.one_of("loss", "c", ["a", "b"]), "unknown loss 'c': choose from a, b"),
        (
            lambda: checks.one_of("loss", "c", {"a": 1}, "did you mean 'a'? "),
            "unknown loss 'c': did you mean 'a'? choose from a",
        ),
        (lambda: checks.one_of("loss", ["a"], {"a"}), r"unknown loss ['a']: choose from a"),
        (
            lambda: checks.one_of("loss", np.array(["a"]), {"a"}),
            "unknown loss ndarray of shape (1,), <U1: choose from a",
        ),
        (lambda: checks.one_of("side", True, [1, 2]), "unknown side True: choose from 1, 2"),
        (lambda: checks.path_of("folder", 3), "folder must be a path, got 3"),
        (lambda: checks.path_of("folder", " "), "folder is empty: '.' is the current folder"),
        (lambda: checks.items("views", "abc"), "views must be a list, got 'abc'"),
        (lambda: checks.items("views", np.array(1)), "views must be a list, got array(1)"),
        (
            lambda: checks.instance("x", 1, (int.__class__, str)),
            "x must be a type or a str, got 1",
        ),
        (lambda: checks.whole("s", np.True_), "s must be a whole number, got np.True_"),
        (lambda: checks.whole("s", np.float64(2)), "s must be a whole number, got np.float64(2.0)"),
        (
            lambda: checks.whole("s", np.array([2])),
            "s must be a whole number, got ndarray of shape (1,), int64",
        ),
        (
            lambda: checks.whole("s", torch.tensor([2])),
            "s must be a whole number, got Tensor of shape (1,), torch.int64",
        ),
        (
            lambda: checks.whole("s", torch.tensor(True)),
            "s must be a whole number, got tensor(True)",
        ),
        (
            lambda: checks.whole("s", 10**5000, most=9),
            "s must be a whole number of at most 9, got int of very many digits",
        ),
        (
            lambda: checks.whole("s", list(range(99))),
            f"s must be a whole number, got {str(list(range(99)))[:97]}...",
        ),
        (
            lambda: checks.one_of("loss", torch.ones(2, 2), {"a"}),
            "unknown loss Tensor of shape (2, 2), torch.float32: choose from a",
        ),
        (lambda: checks.number("g", np.True_), "g must be a finite number, got np.True_"),
        (
            lambda: checks.number("g", np.float32("nan")),
            "g must be a finite number, got np.float32(nan)",
        ),
        (lambda: checks.flag("f", np.True_), "f must be True or False, got np.True_"),
        (
            lambda: checks.per_axis("s", (1, 2, 3), 2),
            "s must be a whole number, or one for each axis, got (1, 2, 3)",
        ),
        (
            lambda: checks.per_axis("s", (1, True), 2),
            "s must be a whole number, or one for each axis, got (1, True)",
        ),
        (
            lambda: checks.per_axis("s", (1, 0), 2, 1),
            "s must be a whole number of at least 1, got 0",
        ),
        (lambda: checks.instance("x", 1, torch.Tensor), "x must be a Tensor, got 1"),
        (
            lambda: checks.instance("n", None, int, "pass 1"),
            "n must be an int, got None: pass 1",
        ),
        (lambda: checks.function("f", 1), "f must be a function, got 1"),
        (lambda: checks.fits("it", 9, 8, "less"), "it would hold 9 numbers, at most 8: less"),
        (lambda: checks.device_of("d", "x"), "d must be a device such as 'cpu', got 'x'"),
        (lambda: checks.device_of("d", 1), "d must be a str, got 1: pass 'cpu' or 'cuda'"),
    ],
)
def test_what_is_refused_is_said_in_one_line(check, message):
    with pytest.raises(ValueError, match=r".") as refused:
        check()
    assert str(refused.value) == message


def test_what_is_allowed_comes_back():
    assert checks.whole("s", 1, 1, 1) == 1
    assert checks.number("g", 0.5, 0.5, 0.5) == 0.5
    assert checks.number("g", 3) == 3
    assert checks.flag("f", False) is False
    assert checks.one_of("loss", "a", {"a": 1}) == "a"
    assert checks.per_axis("s", 2, 2) == checks.per_axis("s", [2], 2) == (2, 2)
    assert checks.per_axis("s", (1, np.int8(2)), 2) == (1, 2)
    assert checks.instance("s", "x", str) == "x"
    assert checks.function("f", len) is len
    assert checks.device_of("d", "cpu") == checks.device_of("d", torch.device("cpu"))


@pytest.mark.parametrize("value", [np.int64(3), np.uint8(3), torch.tensor(3), np.array(3)])
def test_integers_of_numpy_and_torch_come_back_as_ints(value):
    """In their own types, a product could overflow, and JSON could not be written."""
    assert type(checks.whole("s", value, 1, 9)) is int
    assert type(checks.number("g", value)) is int
    assert checks.whole("s", value) == 3


@pytest.mark.parametrize("value", [np.float64(0.5), np.float32(0.5), np.float16(0.5)])
def test_floats_of_numpy_come_back_as_floats(value):
    assert type(checks.number("g", value, above=0)) is float
    assert checks.number("g", value) == 0.5
