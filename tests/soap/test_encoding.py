"""Writing by compiled plans: texts that any XML reader takes."""

from datetime import datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from bridge.soap.encoding import escape, escape_each, write_instant
from bridge.soap.envelope import read_envelope, write_envelope


def test_instants_are_written_in_utc() -> None:
    """Whatever the zone, the text is UTC with Z."""
    there = timezone(timedelta(hours=5, minutes=30))
    assert write_instant(datetime(2026, 1, 1, 1, 30, tzinfo=there)) == "2025-12-31T20:00:00Z"


@given(st.text(st.characters(codec="utf-8")))
def test_escaped_text_is_always_xml(text: str) -> None:
    """No text breaks the envelope; what XML can carry comes back as it was."""
    body = read_envelope(write_envelope(f"<a>{escape(text)}</a>")).body
    shown = body.text or ""
    assert len(shown) == len(text)
    assert all(b in (a, "\ufffd") for a, b in zip(text, shown, strict=True))


@given(st.lists(st.text(max_size=3)))
def test_many_are_escaped_as_each(texts: list[str]) -> None:
    """Escaped together, texts are what they are by themselves."""
    assert escape_each(texts) == [escape(text) for text in texts]
