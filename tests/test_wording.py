"""Counts stand in sentences as people write them."""

import pytest

from bridge.wording import counted


@pytest.mark.parametrize(
    ("count", "words", "told"),
    [
        (0, ("key",), "0 keys"),
        (1, ("key",), "1 key"),
        (2, ("key",), "2 keys"),
        (12_345, ("key",), "12,345 keys"),
        (1, ("entry", "entries"), "1 entry"),
        (3, ("entry", "entries"), "3 entries"),
        (1, ("row is", "rows are"), "1 row is"),
    ],
)
def test_a_count_stands_with_its_noun(count: int, words: tuple[str, ...], told: str) -> None:
    """One is singular, all others are plural, thousands have commas."""
    assert counted(count, *words) == told
