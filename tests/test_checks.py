import math

import pytest

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
    ],
)
def test_what_is_refused_is_said_in_one_line(check, message):
    with pytest.raises(ValueError, match=".") as refused:
        check()
    assert str(refused.value) == message


def test_what_is_allowed_comes_back():
    assert checks.whole("s", 1, 1, 1) == 1
    assert checks.number("g", 0.5, 0.5, 0.5) == 0.5
    assert checks.number("g", 3) == 3
    assert checks.flag("f", False) is False
    assert checks.one_of("loss", "a", {"a": 1}) == "a"
