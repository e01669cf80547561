"""What is drawn of a run: thinned curves, and an axis that fits most of them."""

import math

import pytest

from gan_lessons.train.history import MOST_POINTS, thinned, zone


def test_thinned_curves_keep_the_mean():
    values = [float(i % 7) for i in range(1000)]
    points = thinned(values)
    assert len(points) == MOST_POINTS
    assert points[0][0] > 0
    assert points[-1][0] <= 1000
    assert thinned([]) == []
    assert thinned([2.0]) == [(1.0, 2.0)]
    assert sum(v for _, v in points) / len(points) == pytest.approx(3, abs=0.05)


def test_an_axis_leaves_spikes_and_what_is_not_finite_out():
    calm = [(float(i), 1.0) for i in range(99)]
    low, high = zone([[*calm, (100.0, 50.0)], [(1.0, math.nan), (2.0, math.inf)]], 0.5)
    assert (low, high) == (0.0, pytest.approx(1.15))
    assert zone([[(1.0, -2.0)]], 1.0) == (-2.0, 1.0)
    assert zone([], 1.5) == zone([[(1.0, math.nan)]], 1.5) == (0.0, 1.5)
