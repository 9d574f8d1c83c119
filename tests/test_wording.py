"""Counts and foreign texts stand in what people read."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from bridge.wording import counted, in_utc, printable


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


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=2))])
def test_an_instant_stands_in_utc(zone: timezone) -> None:
    """To the second, whatever its zone is."""
    at = datetime(2026, 3, 1, 12, 0, 0, 900_000, tzinfo=UTC).astimezone(zone)
    assert in_utc(at) == "2026-03-01 12:00:00Z"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Müller & Söhne, 東京", "Müller & Söhne, 東京"),
        ("1\u00a0000", "1\u00a0000"),
        ("\x1b[2J", r"\u001b[2J"),
        ("\x9b2J\x7f", r"\u009b2J\u007f"),
        ("a\nb\tc", r"a\nb\tc"),
        ("abc\u202edcba", r"abc\u202edcba"),
        ("C\u200b1", r"C\u200b1"),
        ("\u2028\u2029\ufeff", r"\u2028\u2029\ufeff"),
        ("\udcff", r"\udcff"),
        ("\U000e0041", r"\udb40\udc41"),
    ],
)
def test_a_terminal_obeys_nothing(text: str, shown: str) -> None:
    """What it would obey, or not show, stands as JSON writes it; what people write stays."""
    assert printable(text) == shown
    assert json.loads(f'"{shown}"') == text


def test_what_is_kept_stays() -> None:
    """Lines of a text that has some."""
    assert printable("a\n\tb\x1b", keep="\n\t") == "a\n\tb\\u001b"
