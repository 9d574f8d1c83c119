"""Rows of matching."""

import pytest

from tests.benchmarks.bench_matching import match, rows


def test_growth_is_told_beside_a_straight_line() -> None:
    """A doubling that takes four times as long is twice as much as it should be, and misses."""
    taken = {
        size: {"cpu_seconds": cpu, "seconds": cpu, "proposals": 1, "megabytes": 10}
        for size, cpu in ((1_000, 1), (2_000, 4), (8_000, 16))
    }
    first, second, third = rows(taken)
    assert first.rival_value is None
    assert (second.ratio, second.missed) == (0.5, True)
    assert second.details["times for twice as many"] == 4
    assert third.details["times for twice as many"] == pytest.approx(2)


def test_a_small_one() -> None:
    """It matches for real."""
    taken = match(60)
    assert taken["proposals"] > 30
    assert taken["cpu_seconds"] > 0
    assert taken["megabytes"] > 50
